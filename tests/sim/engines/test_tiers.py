"""Service tiers and the pools that they share, worked out by hand, in both engines. A step lasts a second."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from pydantic import ValidationError

from experiments.store.tables import traffic_tables
from providers.faults import fault_processes
from providers.offers import build_offers
from providers.price_schedules import schedule_of
from sim import view
from sim.engines import outcome
from sim.engines.compiled import CompiledEngine
from sim.engines.invariants import check
from sim.engines.outcome import COMPLETED, MEASURED, REFUSED
from sim.engines.reference import ReferenceEngine
from sim.engines.service_tiers import SERVICE_TIERS
from sim.engines.world import OfferSpec, World
from sim.scenario import Provider, TrafficScenario
from sim.scenario.price_settings import Price
from sim.scenario.tier_settings import ServiceTier
from sim.streams import Streams
from worlds.small import Change, Client, drive, lowest, offer, requests, world

ENGINES = pytest.mark.parametrize("engine", [ReferenceEngine, CompiledEngine], ids=["reference", "compiled"])
TIERS = ("default", "flex", "priority", "batch")
ONCE = {"main": {"attempts": {"maximum": 1}}}


def pool(**host: Any) -> list[OfferSpec]:
    """An offer, and three that its replicas serve: one of each tier, in the order of their names."""
    first = offer(**host)
    shared = {**host, "pool": "o", "replicas": 0}
    return [first, *(offer(**{**shared, "name": f"o:{tier}", "tier": SERVICE_TIERS.index(tier)}) for tier in TIERS[1:])]


def market(offers: list[OfferSpec], **settings: Any) -> World:
    """A class asks for each tier; its number is that of the tier."""
    return world(offers, lowest(view.COST_USD), clients=[Client(tier=tier) for tier in TIERS],
                 **{"routers": ONCE, **settings})


def asks(tier: str, arrive_s: float, **rest: Any) -> dict[str, Any]:
    return {"arrive_s": arrive_s, "prompt": 1, "output": 2, "client_class": TIERS.index(tier), **rest}


def served(of: World, engine: Any, rows: list[dict[str, Any]], changes: Any = ()) -> Any:
    """The run, its samples in order of arrival, and the names of the offers that served them."""
    result = drive(engine(of, iter([requests(of, rows)])), changes)
    check(result)
    samples = np.sort(result.samples, order="key")
    return result, samples, [of.offers[row].name if row >= 0 else "" for row in samples["offer"]]


def test_the_names_of_tiers_are_those_of_the_engines() -> None:
    assert ServiceTier.__args__ == SERVICE_TIERS == TIERS  # type: ignore[attr-defined]


def usd(into: float, out: float, **rest: Any) -> Any:
    return schedule_of(Price.model_validate({"input_usd_per_mtok": into, "output_usd_per_mtok": out, **rest}))


@ENGINES
def test_ten_bills_of_one_pool(engine: Any) -> None:
    """At the price of the tier that served them, nano-dollars: flex is half, priority twice the default."""
    host, flex, priority, batch = pool()
    changed = [(host, usd(1.25, 10, cached_usd_per_mtok=0.125)), (flex, usd(0.625, 5, cached_usd_per_mtok=0.0625)),
               (priority, usd(2.5, 20, cached_usd_per_mtok=0.25)), (batch, usd(0.625, 5, discount=0.1))]
    offers = [replace(spec, price=price) for spec, price in changed]
    rows = [  # tier, prompt, of which cached, answer; the charge
        ("default", 1000, 0, 10, 1_250_000 + 100_000), ("flex", 1000, 0, 10, 625_000 + 50_000),
        ("priority", 1000, 0, 10, 2_500_000 + 200_000), ("batch", 1000, 0, 10, 562_500 + 45_000),
        ("flex", 1000, 400, 10, 375_000 + 25_000 + 50_000), ("default", 1000, 400, 10, 750_000 + 50_000 + 100_000),
        ("priority", 333, 0, 7, 832_500 + 140_000), ("flex", 333, 0, 7, 208_125 + 35_000),
        ("flex", 1, 1, 1, 5_063),  # 62.5 and 5,000: half up
        ("batch", 1, 0, 3, 14_063),  # (625 + 15,000) * .9 = 14,062.5
    ]
    result, samples, names = served(market(offers), engine, [
        asks(tier, 20.0 * number, prompt=prompt, prefix=cached, output=output)
        for number, (tier, prompt, cached, output, _) in enumerate(rows)])
    assert samples["cost_nano"].tolist() == [row[-1] for row in rows]
    by_name = {name: sum(row[-1] for row, there in zip(rows, names, strict=True) if there == name) for name in names}
    revenue = result.offer_sums[:, :, outcome.REVENUE_NANO].sum(axis=1).tolist()
    assert revenue == [by_name[name] for name in ("o", "o:flex", "o:priority", "o:batch")]
    booked = traffic_tables(result)["offers"].set_index("service_tier")["revenue_usd"]
    assert (booked * 1e9).round().astype(int).to_dict() == dict(zip(TIERS, revenue, strict=True))
    # the steps and the time are the host's, whichever tier they served
    assert result.offer_work[0, outcome.STEPS] == sum(row[3] for row in rows)
    assert not result.offer_work[1:].any()
    assert not result.replica_s[1:].any()


@ENGINES
@pytest.mark.parametrize("balancer", ["least_requests", "central"])
def test_tiers_go_before_each_other_and_classes_within_them(engine: Any, balancer: str) -> None:
    of = market(pool(max_batch=1, balancer=balancer))
    rows = [asks("default", 0), asks("batch", 0.1, priority=100), asks("flex", 0.2),
            asks("default", 0.3, priority=-100), asks("flex", 0.4, priority=100),
            asks("priority", 0.5, priority=-100), asks("default", 0.6)]
    _, samples, _ = served(of, engine, rows)
    # two seconds each: priority, default, default of priority -100, flex of 100, flex, batch
    assert samples["end_s"].tolist() == [2, 14, 12, 8, 10, 4, 6]


@ENGINES
@pytest.mark.parametrize("balancer", ["least_requests", "central"])
def test_each_tier_has_a_queue_cap_of_its_own_on_all_that_waits(engine: Any, balancer: str) -> None:
    host, flex, priority, _ = pool(max_batch=1, balancer=balancer, queue=2)
    flex = replace(flex, queue=1)
    of = market([host, flex, priority])
    rows = [asks("default", 0), asks("flex", 0.1), asks("flex", 0.2), asks("default", 0.3), asks("priority", 0.4),
            asks("default", 0.5)]
    _, samples, _ = served(of, engine, rows)
    # one flex request finds one place, a default one another; then the queue of two is full for everybody
    assert samples["outcome"].tolist() == [COMPLETED, COMPLETED, REFUSED, COMPLETED, REFUSED, REFUSED]


@ENGINES
def test_each_tier_has_rate_limits_of_its_own(engine: Any) -> None:
    host, flex, *_ = pool()
    flex = replace(flex, requests_per_min=1)
    of = market([host, flex])
    rows = [asks("flex", 0), asks("flex", 1), asks("default", 2), asks("default", 3)]
    _, samples, _ = served(of, engine, rows)
    assert samples["outcome"].tolist() == [COMPLETED, REFUSED, COMPLETED, COMPLETED]


@ENGINES
def test_who_may_go_where(engine: Any) -> None:
    """Flex is the cheapest, and open to nobody else; priority is the dearest, and goes first for those who ask."""
    host, flex, priority, _ = (replace(spec, price=usd(price, price))
                               for spec, price in zip(pool(), (2, 1, 4, 1), strict=True))
    of = market([host, flex, priority])
    rows = [asks(tier, at) for at in (0, 10) for tier in ("default", "flex", "priority", "batch")]
    hide = [Change(5.0, "list", row, (0.0,)) for row in (1, 2)]
    _, samples, names = served(of, engine, rows, hide)
    assert names == ["o", "o:flex", "o:priority", "", "o", "", "o", ""]
    assert samples["outcome"].tolist() == [0, 0, 0, REFUSED, 0, REFUSED, 0, REFUSED]
    assert samples["cost_nano"].tolist() == [6000, 3000, 12000, 0, 6000, 0, 6000, 0]


@ENGINES
def test_a_request_goes_on_to_the_default_tier_when_priority_fails_it(engine: Any) -> None:
    host, _, priority, _ = pool()
    priority = replace(priority, fast_failure_share=1.0)
    of = market([host, priority], routers={"main": {}})
    _, samples, names = served(of, engine, [asks("priority", 0)])
    assert (names, samples["attempts"].tolist()) == (["o"], [2])


@ENGINES
def test_an_outage_ends_all_that_came_through_any_door(engine: Any) -> None:
    of = market(pool(max_batch=2))
    rows = [asks("default", 0, output=9), asks("flex", 0, output=9), asks("flex", 0.5), asks("priority", 4)]
    result, samples, _ = served(of, engine, rows, [Change(3.5, "up", 0, (0.0,)), Change(5.0, "up", 0, (1.0,))])
    assert samples["end_s"].tolist() == [3.5, 3.5, 3.5, 4]
    assert result.offer_sums[:, MEASURED, outcome.ENDED_BY + 1].tolist() == [0, 1, 1, 0]  # one waited, one came
    assert result.offer_sums[:, MEASURED, outcome.ENDED_BY + 6].tolist()[:2] == [1, 1]


@ENGINES
def test_what_happens_to_replicas_happens_at_their_host(engine: Any) -> None:
    made = engine(market(pool()), iter([]))
    for change in (lambda: made.set_up(1, False), lambda: made.set_slowdown(2, 2.0), lambda: made.set_replicas(3, 1)):
        with pytest.raises(ValueError, match="is served by the replicas of 'o'"):
            change()


@ENGINES
def test_the_load_that_is_published_is_that_of_the_pool(engine: Any) -> None:
    """A router that goes by it sees four requests behind both doors, one elsewhere."""
    host, flex, *_ = pool(max_batch=4)
    other = offer(name="other", tier=SERVICE_TIERS.index("flex"), price_in_nano=9000)
    of = world([host, flex, other], lowest(view.PUBLISHED_IN_FLIGHT), clients=[Client(tier=tier) for tier in TIERS],
               traffic={"publish_period_s": 1.0})
    rows = [*(asks("default", 0.1, output=50) for _ in range(4)), asks("flex", 2.5), asks("flex", 2.6)]
    _, _, names = served(of, engine, rows)
    assert names[4:] == ["other", "other"]


SCENARIO: dict[str, Any] = {
    "name": "tiers", "traffic": {"duration_s": 10.0},
    "demand": {"chat": {"model": "m", "arrivals": {"kind": "poisson", "rate_per_s": 1.0}}},
    "providers": {"p": {"faults": {"outage_mtbf_s": 5.0, "fast_failure_share": 0.25}, "offers": {
        "m": {"model": "m", "serving": {"kind": "affine", "base_s": 1.0}, "replicas": 3, "engine": {"max_batch": 7},
              "price": {"input_usd_per_mtok": 1, "output_usd_per_mtok": 1}},
        "m:flex": {"model": "m", "pool": "m", "service_tier": "flex", "limits": {"queue": 0, "context_tokens": 500},
                   "price": {"input_usd_per_mtok": 0.5, "output_usd_per_mtok": 0.5}}}}},
}


def test_a_scenario_with_a_pool() -> None:
    """The tier has its host's hardware, none of its replicas, and no faults of its own on the calendar."""
    scenario = TrafficScenario.model_validate(SCENARIO)
    assert TrafficScenario.model_validate(scenario.model_dump(mode="json")) == scenario
    host, flex = build_offers(scenario)
    assert (flex.replicas, flex.gpus, flex.max_batch, flex.step, flex.queue) == (0, 0, 7, host.step, 0)
    assert (flex.context_tokens, flex.fast_failure_share) == (500, 0.25)
    of = replace(market([host, flex]), scenario=scenario)
    assert of.hosts.tolist() == [0, 0]
    hit: list[int] = []

    class Engine:
        def set_up(self, row: int, up: bool) -> None:
            hit.append(row)

    (process,) = fault_processes(of, Streams(1, 0))
    from simpy import Environment

    environment = Environment()
    environment.process(process(environment, Engine()))  # type: ignore[arg-type]
    environment.run(until=2000)
    assert set(hit) == {0}


PRICE = {"input_usd_per_mtok": 1, "output_usd_per_mtok": 1}
SERVING = {"kind": "affine", "base_s": 1.0}


@pytest.mark.parametrize(("offers", "words"), [
    ({"m": {"model": "m", "price": PRICE}}, "serving is missing; it may be left out only if pool names an offer"),
    ({"m:flex": {"model": "m", "pool": "m", "price": PRICE}}, "must be an offer of 'm' with replicas of its own"),
    ({"m": {"model": "m", "price": PRICE, "serving": SERVING}, "n": {"model": "n", "pool": "m", "price": PRICE}},
     "must be an offer of 'n' with replicas of its own; there are none"),
    ({"m": {"model": "m", "price": PRICE, "serving": SERVING},
      "n": {"model": "m", "pool": "m", "price": PRICE, "replicas": 2}}, "replicas is given, but the offer is served"),
])
def test_pools_that_are_none(offers: dict[str, Any], words: str) -> None:
    with pytest.raises(ValidationError, match=words):
        Provider.model_validate({"offers": offers})
