"""The climb: what was bought and why spend changed by hand, one start for all, and what each control is for."""

from math import isnan, nan

import numpy as np
import pandas as pd
import pytest

from experiments.runs.demand_alone import COLUMNS, ListPrices, demand_alone
from experiments.studies.climb.design import CONTROLS, Climb
from experiments.studies.climb.measures import bill_of, metrics_of
from experiments.studies.climb.terminal import table
from sim.scenario import MarketScenario
from sim.scenario.load import override
from worlds.shelf import MODELS
from worlds.small_markets import small
from worlds.synthetic_market import climb_frame

# day, model, billions, requests, tokens, plain tokens, quality-weighted tokens, USD
BEFORE = [(0, "plain", 10.0, 100.0, 110e3, 110e3, 55e3, 0.11), (9, "plain", 10.0, 1.0, 1e6, 1e6, 1e6, 9.0)]
AFTER = [(day, "wordy", 90.0, 100.0, 130e3, 110e3, 104e3, 0.26) for day in (0, 1)]


def bill(rows: list[tuple[object, ...]], days: int):
    return bill_of(pd.DataFrame(rows, columns=list(COLUMNS)), 0, days)


def test_a_wordier_model_is_mix_and_not_volume():
    """The same 100 requests a day take 1300 instead of 1100 tokens, and cost twice as much a token."""
    found = metrics_of(bill(BEFORE, 1), bill(AFTER, 2))
    assert found == pytest.approx({
        "size_b": 90.0, "quality": 0.8, "price_usd_per_mtok": 2.0, "tokens_per_day": 130e3, "spend_usd_per_day": 0.26,
        "climb_share": 1.0, "effect_price_usd_per_day": 0.0, "effect_volume_usd_per_day": 0.0,
        "effect_mix_usd_per_day": 0.15})


def test_more_of_the_same_is_volume_and_a_cut_is_price():
    """Twice the requests of one model at half the price: volume +.0825 and price -.0825 USD."""
    twice = [(0, "plain", 10.0, 200.0, 220e3, 220e3, 110e3, 0.11)]
    found = metrics_of(bill(BEFORE, 1), bill(twice, 1))
    assert found["effect_volume_usd_per_day"] == pytest.approx(0.0825)
    assert found["effect_price_usd_per_day"] == pytest.approx(-0.0825)
    assert found["climb_share"] == pytest.approx(0.0)


def test_nothing_bought_has_no_means():
    found = metrics_of(bill([], 1), bill([], 1))
    assert found["spend_usd_per_day"] == 0.0
    assert all(isnan(found[name]) for name in ("size_b", "quality", "price_usd_per_mtok", "climb_share"))


def test_a_desk_of_list_prices():
    desk = ListPrices(MODELS, 0.5)
    assert desk.released().all()
    assert np.array(desk.paid_pico_per_token()) == pytest.approx(
        np.array([[1.5e6, 0.1e6], [7.5e6, 0.2e6], [0.375e6, 0.025e6]]))


@pytest.fixture(scope="module")
def runs() -> dict[tuple[str, float], pd.DataFrame]:
    """Sixty days of a small market of each control, at whole and at a twentieth of prices."""
    scenario = small(customers={"requests_per_s": 100.0, "choice": {"reviews_per_month": 4.0, "loyal_share": 0.0}})
    design = Climb(scenario, divisors=(1.0, 20.0), replications=1, after=(10, 60))
    return {cell: demand_alone(_at(design.base, point)) for cell, point in zip(
        design.cells(), design.points(), strict=True)}


def _at(scenario: MarketScenario, point) -> MarketScenario:
    return override(scenario, [f"{name}={str(value).lower()}" for name, value in point.items()])


def test_all_controls_start_from_one_allocation(runs):
    """On the first day everybody uses what it would at undivided prices, in money and within budgets."""
    first = {cell: days[days["day"] == 0].set_index("model") for cell, days in runs.items()}
    start = first["money_budgets", 1.0]
    for (_, divisor), days in first.items():
        assert list(days.index) == list(start.index)
        assert (days["spend_usd"] * divisor / days["requests"]).to_numpy() == pytest.approx(
            (start["spend_usd"] / start["requests"]).to_numpy(), rel=0.2)  # more of those whose volume answers more


def test_money_climbs_at_every_control_and_log_price_does_not(runs):
    bills = {cell: bill_of(days, 53, 60) for cell, days in runs.items()}
    found = {control: metrics_of(bills[control, 1.0], bills[control, 20.0]) for control in CONTROLS}
    gained = {control: found[control]["quality"] - bills[control, 1.0].quality for control in CONTROLS}
    assert gained["money_budgets"] > 0.01
    assert gained["money_free"] > 0.01
    assert abs(gained["log_free"]) < 0.005
    for control, metrics in found.items():
        split = sum(metrics[f"effect_{name}_usd_per_day"] for name in ("price", "volume", "mix"))
        assert split == pytest.approx(metrics["spend_usd_per_day"] - sum(bills[control, 1.0].spend_usd.values()))


def test_the_terminal_has_a_line_for_every_cell_and_day():
    frame = climb_frame()
    shown = pd.concat([frame] + [frame[frame["metric"] == "size_b"].assign(metric=name, value=nan)
                                 for name in ("tokens_per_day", "spend_usd_per_day", "climb_share")])
    lines = table(shown).splitlines()
    assert len(lines) == 1 + 4 * 2 * 5
    assert lines[0].split()[:3] == ["customers", "prices", "/"]
    assert np.char.startswith(np.char.strip(lines[1:]), next(iter(CONTROLS))).sum() == 10
