"""Bills worked by hand, exact to the nano-dollar, in both engines; and what routers see of a price (semantics, 12)."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from providers.price_schedules import schedule_of
from sim import view
from sim.engines import outcome
from sim.engines.bill import charge_nano
from sim.engines.compiled import CompiledEngine
from sim.engines.reference import ReferenceEngine
from sim.engines.schedule import Line, Schedule, Tier, flat
from sim.scenario.price_settings import Price
from sim.units import MOST_PICO
from worlds.small import Change, Client, affine, drive, lowest, offer, requests, world

ENGINES = [pytest.param(ReferenceEngine, id="reference"), pytest.param(CompiledEngine, id="compiled")]


def price(into: float, out: float, **rest: Any) -> Schedule:
    """A price as a scenario says it."""
    names = {"cached": "cached_usd_per_mtok", "write": "cache_write_usd_per_mtok"}
    given = {names.get(name, name): value for name, value in rest.items()}
    return schedule_of(Price.model_validate({"input_usd_per_mtok": into, "output_usd_per_mtok": out, **given}))


def tier(above: int, into: float, out: float, **rest: float) -> dict[str, float]:
    return {"above_tokens": above, "input_usd_per_mtok": into, "output_usd_per_mtok": out, **rest}


TWO_TIERS = [tier(200, 2.5, 15), tier(400, 5, 20)]
ALL_LINES = price(3, 15, cached=0.3, write=3.75, request_usd=0.001, discount=0.333333,
                  tiers=[tier(200, 6, 22.5, cached_usd_per_mtok=0.6, cache_write_usd_per_mtok=7.5)])
BILLS = {  # price, prompt, of which cached, answer, nano-dollars
    "off the old grid": (price(0.0375, 0.15), 1000, 0, 10, 37_500 + 1_500),
    "cached": (price(1, 2, cached=0.1), 1000, 400, 10, 600_000 + 40_000 + 20_000),
    "cached without a price": (price(1, 2), 1000, 400, 10, 1_000_000 + 20_000),
    "written": (price(3, 15, cached=0.3, write=3.75), 1000, 400, 10, 2_250_000 + 120_000 + 150_000),
    "written, nothing cached": (price(3, 15, cached=0.3, write=3.75), 1000, 0, 10, 3_750_000 + 150_000),
    "at the threshold": (price(1.25, 10, tiers=TWO_TIERS), 200, 0, 10, 250_000 + 100_000),
    "above it, the whole": (price(1.25, 10, tiers=TWO_TIERS), 201, 0, 10, 502_500 + 150_000),
    "second tier, cached as its input": (price(1.25, 10, cached=0.1, tiers=TWO_TIERS), 500, 100, 10,
                                         2_500_000 + 200_000),
    "per request": (price(1, 1, request_usd=0.005), 100, 0, 10, 5_000_000 + 110_000),
    "discount, rounded half up": (price(0.00002, 0, discount=0.25), 100, 0, 10, 2),  # 1,500 pico-dollars
    "discount, just below": (price(0.000019, 0, discount=0.25), 100, 0, 10, 1),  # 1,425
    "flex": (price(0.625, 5), 1000, 0, 10, 625_000 + 50_000),
    "free": (price(0, 0), 1000, 0, 10, 0),
    # (1000 + 750 * 7.5 + 250 * .6 + 7 * 22.5) micro-dollars * .666667 = 4,621.6689775
    "all lines": (ALL_LINES, 1000, 250, 7, 4_621_669),
}


def _as_a_name(text: str) -> str:
    """Text as an offer may be called."""
    return "-".join(text.replace(",", "").split())


@pytest.mark.parametrize("engine", ENGINES)
def test_bills_by_hand(engine: type) -> None:
    """Each at an offer of its own; payer and payee book the same."""
    market = world([offer(name=_as_a_name(name), model=f"m{number:02}", price=row[0]) for number, (name, row)
                    in enumerate(BILLS.items())], clients=[Client("m00")])
    rows = requests(market, [
        {"arrive_s": 1.0, "model": number, "prompt": prompt, "prefix": prefix, "output": output}
        for number, (_, prompt, prefix, output, _) in enumerate(BILLS.values())])
    end = drive(engine(market, iter([rows])))
    due = {_as_a_name(name): row[-1] for name, row in BILLS.items()}
    assert {market.offers[row["offer"]].name: int(row["cost_nano"]) for row in end.samples} == due
    assert end.class_sums[:, :, outcome.COST_NANO].sum() == sum(due.values())
    assert end.offer_sums[:, :, outcome.REVENUE_NANO].sum(axis=1).tolist() == list(due.values())


@pytest.mark.parametrize("engine", ENGINES)
def test_routers_compare_what_the_request_would_cost(engine: type) -> None:
    """Tier, price of a request and discount count; cached tokens do not."""
    schedules = [price(1, 1, tiers=[tier(500, 9, 9)]),  # dear for long prompts
                 price(1.5, 1.5, cached=0.0),
                 price(0, 0, request_usd=0.0012, discount=0.5)]  # 600 micro-dollars
    market = world([offer(name=name, price=schedule) for name, schedule in zip("abc", schedules, strict=True)],
                   lowest(view.COST_USD))
    lengths = [100, 300, 390, 410, 500, 501, 900]
    rows = requests(market, [{"arrive_s": float(i), "prompt": n, "prefix": n, "output": 10, "expected_output": 10.0}
                             for i, n in enumerate(lengths)])
    end = drive(engine(market, iter([rows])))
    # a: n + 10 up to 500; b: 1.5 n + 15; c: 600
    assert [int(row["offer"]) for row in end.samples] == [0, 0, 0, 0, 0, 2, 2]


@pytest.mark.parametrize("engine", ENGINES)
def test_the_mean_bill_is_that_of_the_lengths(engine: type) -> None:
    """Prompts uniform on 1 to 400, half of them cached, and a tier; |mean - expected| <= 5 standard errors."""
    schedule = price(1, 4, cached=0.1, request_usd=0.0001, discount=0.2,
                     tiers=[tier(200, 2, 6, cached_usd_per_mtok=0.5)])
    rng = np.random.default_rng(1)
    count = 600
    prompt, output = rng.integers(1, 401, count), rng.integers(1, 5, count)
    market = world([offer(affine(0.001), price=schedule)])
    rows = requests(market, [{"arrive_s": 0.1 * i, "prompt": int(p), "prefix": int(p) // 2, "output": int(o)}
                             for i, (p, o) in enumerate(zip(prompt, output, strict=True))])
    bills = drive(engine(market, iter([rows]))).samples["cost_nano"]
    lengths = np.arange(1, 401)
    into, cached, out = np.where(lengths[:, None] > 200, [2, 0.5, 6], [1, 0.1, 4]).T
    expected = 800 * (100 + ((lengths - lengths // 2) * into + lengths // 2 * cached + 2.5 * out).mean())
    assert abs(bills.mean() - expected) <= 5 * bills.std(ddof=1) / np.sqrt(count)


@pytest.mark.parametrize("engine", ENGINES)
def test_price_limits_know_the_discount(engine: type) -> None:
    market = world([offer(price=price(2, 2, discount=0.5))], routers={"main": {"preferences": {
        "max_price": {"prompt": 1.0}}}})
    rows = requests(market, [{"arrive_s": 1.0, "prompt": 10, "output": 2}])
    end = drive(engine(market, iter([rows])))
    assert end.outcomes[0, outcome.MEASURED, outcome.COMPLETED] == 1


@pytest.mark.parametrize("engine", ENGINES)
def test_prices_that_change(engine: type) -> None:
    """A schedule is replaced whole, base prices alone by `set_price`; each attempt has the terms of its dispatch."""
    market = world([offer(price=price(1, 1, tiers=[tier(50, 3, 3)], request_usd=0.001))])
    changes = [Change(10.0, "price", 0, (2000.0, 2000.0)), Change(20.0, "schedule", 0, (flat(4_000_000, 4_000_000),)),
               Change(30.5, "schedule", 0, (flat(9_000_000, 9_000_000),))]
    times = [5.0, 6.0, 15.0, 16.0, 25.0, 26.0, 30.0]
    rows = requests(market, [{"arrive_s": t, "prompt": n, "output": 2}
                             for t, n in zip(times, [10, 60, 10, 60, 10, 60, 10], strict=True)])
    end = drive(engine(market, iter([rows])), changes)
    assert end.samples["cost_nano"].tolist() == [
        1_000_000 + 12_000, 1_000_000 + 186_000, 1_000_000 + 24_000, 1_000_000 + 186_000, 48_000, 248_000, 48_000]


@pytest.mark.parametrize("engine", ENGINES)
def test_prices_that_no_bill_could_hold_are_refused(engine: type) -> None:
    market = world([offer(context_tokens=2_000_000_000)])
    made = engine(market, iter([]))
    with pytest.raises(ValueError, match=r"tokens at offer 'o' could cost 2e\+08 USD, but a bill can be 9.22"):
        made.set_price(0, 10**11, 0)
    with pytest.raises(ValueError, match="is negative"):
        made.set_price(0, -1, 0)


def test_more_tiers_than_the_world_knew_of_are_refused() -> None:
    made = CompiledEngine(world([offer()]), iter([]))
    with pytest.raises(ValueError, match="a schedule has 1 tiers; there is room for 0"):
        made.set_schedule(0, Schedule(Line(1, 1, 1, 1), tiers=(Tier(5, Line(1, 1, 1, 1)),)))


@given(st.integers(0, MOST_PICO), st.integers(1, 1_000_000))
def test_a_charge_is_rounded_once_and_half_up(sum_pico: int, kept_ppm: int) -> None:
    assert charge_nano(sum_pico, kept_ppm) == (2 * sum_pico * kept_ppm + 10**9) // (2 * 10**9)


def test_terms_are_those_of_the_last_tier_exceeded() -> None:
    schedule = price(1, 2, cached=0.5, tiers=[tier(10, 3, 4), tier(20, 5, 6, cached_usd_per_mtok=0.25)])
    found = [schedule.terms(prompt)[:4] for prompt in (1, 10, 11, 20, 21)]
    assert np.array(found).tolist() == [
        [1_000_000, 2_000_000, 500_000, 1_000_000], [1_000_000, 2_000_000, 500_000, 1_000_000],
        [3_000_000, 4_000_000, 3_000_000, 3_000_000], [3_000_000, 4_000_000, 3_000_000, 3_000_000],
        [5_000_000, 6_000_000, 250_000, 5_000_000]]
