"""A client-side router is one for each client, with a region, telemetry and memory of its own."""

import numpy as np
import pytest

from experiments.runs.run_traffic import assemble
from policies import bind
from sim.demand.feed import DemandFeed
from sim.engines.compiled.build import new_shards
from sim.engines.compiled.engine import CompiledEngine
from sim.engines.compiled.shards import shards_of
from sim.engines.outcome import TrafficOutcome
from sim.engines.reference import ReferenceEngine
from sim.errors import ScenarioError
from sim.scenario import TrafficScenario
from sim.scenario.router_settings import PolicyChoice
from sim.streams import Streams
from worlds.small import drive, offer, requests, world

TOY = {"model": "toy", "serving": {"kind": "affine", "base_s": 0.05}, "engine": {"max_batch": 2},
       "price": {"input_usd_per_mtok": 1, "output_usd_per_mtok": 1}}


def scenario(policy: str, clients: int, offers: int, **router) -> TrafficScenario:
    return TrafficScenario.model_validate({
        "name": "libraries",
        "traffic": {"duration_s": 20.0, "sample_share": 1.0},
        "network": {"regions": ["us-east", "eu-west"], "links": [{"a": "us-east", "b": "eu-west", "delay_s": 0.1}]},
        "routers": {"main": {"policy": {"kind": "random"}},
                    "library": {"client_side": True, "policy": {"kind": policy}, **router}},
        "demand": {
            "web": {"model": "toy", "arrivals": {"kind": "poisson", "rate_per_s": 3.0}},
            "apps": {"model": "toy", "router": "library", "region": "eu-west", "clients": clients,
                     "arrivals": {"kind": "poisson", "rate_per_s": 30.0}},
            "jobs": {"model": "toy", "router": "library", "arrivals": {"kind": "poisson", "rate_per_s": 2.0}},
        },
        "providers": {f"p{number}": {"offers": {"toy": TOY}} for number in range(offers)},
    })


def served(given: TrafficScenario, engine: type) -> TrafficOutcome:
    made = assemble(given)
    return drive(engine(made, DemandFeed(made, Streams(made.seed, 0))), until_s=500.0)


def test_each_client_has_a_router_where_it_is():
    made = assemble(scenario("round_robin", 3, 2))
    assert made.routers == ("main", "library@apps#1", "library@apps#2", "library@apps#3", "library@jobs")
    assert made.router_names == ("main", *["library"] * 4)
    assert made.class_router.tolist() == [0, 1, 2, 3, 4]
    across = made.delay_s[1, 0]
    assert made.class_delay_s.tolist() == [pytest.approx(made.class_delay_s[0]), 0.0, 0.0, 0.0, 0.0]
    assert made.class_delay_s[0] > 0.0
    assert made.delay_s[:, 0].tolist() == [made.delay_s[0, 0], across, across, across, made.delay_s[0, 0]]
    assert across == pytest.approx(0.1 + made.delay_s[0, 0])


def test_each_remembers_for_itself():
    made = assemble(scenario("round_robin", 2, 3))
    for engine in (CompiledEngine, ReferenceEngine):
        at = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0]
        rows = requests(made, [{"arrive_s": time_s, "prompt": 1, "output": 1, "client_class": 1 + place % 2}
                               for place, time_s in enumerate(at)])
        samples = drive(engine(made, iter([rows])), until_s=500.0).samples
        assert samples["offer"].tolist() == [0, 0, 1, 1, 2, 2]  # one router for both would go round once each three


@pytest.mark.differential
@pytest.mark.parametrize("policy", ["openrouter_adjusted", "openrouter_sketch", "litellm_usage"])
def test_both_engines_decide_alike_with_forty_of_them(policy: str):
    given = scenario(policy, 40, 6, breaker={"failures": 3}, cooldown={"seconds": 1.0},
                     telemetry={"slot_s": 0.5}, attempts={"first_token_timeout_s": 0.6})
    fast, plain = served(given, CompiledEngine), served(given, ReferenceEngine)
    assert len(fast.samples) > 500
    assert fast.samples.tobytes() == plain.samples.tobytes()
    assert np.array_equal(fast.offer_sums, plain.offer_sums)
    assert np.array_equal(fast.class_sums, plain.class_sums)


def test_memory_is_made_for_what_is_read_only():
    sizes = {}
    three_hundred = {"main": {}} | {f"r{index}": {} for index in range(299)}
    for kind in ("least_in_flight", "fastest", "openrouter_sketch"):
        made = world([offer()] * 200, bind(PolicyChoice(kind=kind)), routers=three_hundred)
        routing = new_shards(made, shards_of(made))[0].routing
        sizes[kind] = [routing.counts.shape[0], routing.ended.shape[0], routing.shown.shape[0]]
    assert sizes == {"least_in_flight": [0, 0, 0], "fastest": [300, 0, 0], "openrouter_sketch": [600, 300, 0]}


def test_a_market_has_no_client_side_router():
    from experiments.scenarios import load_market

    with pytest.raises(ScenarioError, match=r"router\.client_side is true; in a market it must be false"):
        load_market("openrouter-2026", ["router.client_side=true"])
