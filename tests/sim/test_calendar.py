"""Calendar, assembly of a world, and faults, with an engine that only writes down what it is told."""

from itertools import pairwise
from types import SimpleNamespace

import numpy as np
import pytest

from policies import bind
from providers.faults import fault_processes
from providers.offers import build_offers
from sim.assemble import build_world
from sim.calendar import DRAIN_LOOKS, run_traffic
from sim.errors import ScenarioError
from sim.scenario import TrafficScenario
from sim.streams import Streams

PRICE = {"input_usd_per_mtok": 1, "output_usd_per_mtok": 1}
SERVING = {"kind": "affine", "base_s": 0.1}


class Recorder:
    """A traffic engine without traffic: it is idle from ``idle_s`` on."""

    def __init__(self, idle_s=0.0):
        self.now_s = 0.0
        self.idle_s = idle_s
        self.calls = []

    def advance(self, until_s):
        assert until_s >= self.now_s
        self.now_s = until_s

    def set_up(self, offer, up):
        self.calls.append((self.now_s, "up" if up else "down", offer))

    def set_slowdown(self, offer, factor):
        self.calls.append((self.now_s, "slow", offer, factor))

    @property
    def idle(self):
        return self.now_s >= self.idle_s

    def outcome(self):
        return self.now_s


def offer(model="m", **rest):
    return {"model": model, "serving": SERVING, "price": PRICE, **rest}


def market(providers, duration_s=10.0, drain_s=100.0, **rest):
    demand = {"all": {"model": "m", "arrivals": {"kind": "poisson", "rate_per_s": 1}}}
    return TrafficScenario.model_validate({
        "name": "market", "traffic": {"duration_s": duration_s, "drain_s": drain_s},
        "demand": rest.pop("demand", demand), "providers": providers, **rest,
    })


def world_of(scenario, replication=0):
    policies = {name: bind(router.policy) for name, router in scenario.routers.items()}
    return build_world(scenario, build_offers(scenario), policies, replication)


def plain_world(duration_s=10.0, drain_s=100.0):
    traffic = SimpleNamespace(duration_s=duration_s, drain_s=drain_s)
    return SimpleNamespace(scenario=SimpleNamespace(traffic=traffic))


def at(log, name, *times):
    """A process that notes when it happened and what the engine's clock said."""
    def process(env, engine):
        for time in times:
            yield env.timeout(time - env.now)
            log.append((name, env.now, engine.now_s))
    return process


def test_engine_reaches_every_event_before_it_happens():
    log = []
    end = run_traffic(plain_world(), Recorder(), [at(log, "a", 0.0, 2.5, 7.0), at(log, "b", 2.5, 9.99)])
    assert log == [("a", 0.0, 0.0), ("b", 2.5, 2.5), ("a", 2.5, 2.5), ("a", 7.0, 7.0), ("b", 9.99, 9.99)]
    assert end == 10.0


def test_events_at_one_time_all_happen_before_traffic_goes_on():
    log = []

    def chain(env, engine):
        yield env.timeout(3.0)
        yield env.timeout(0.0)
        log.append(("chained", env.now, engine.now_s))

    run_traffic(plain_world(), Recorder(), [chain, at(log, "b", 3.0)])
    assert sorted(log) == [("b", 3.0, 3.0), ("chained", 3.0, 3.0)]


def test_the_run_drains_until_the_engine_is_idle():
    log = []
    end = run_traffic(plain_world(), Recorder(idle_s=42.0), [at(log, "late", 30.0, 60.0)])
    assert 42.0 <= end <= 42.0 + 100.0 / DRAIN_LOOKS  # the first look at which the engine is idle
    assert log == [("late", 30.0, 30.0)]


def test_the_drain_ends():
    log = []
    assert run_traffic(plain_world(), Recorder(idle_s=np.inf), [at(log, "end", 110.0)]) == 110.0
    assert log == []  # what is due at the end does not happen
    assert run_traffic(plain_world(drain_s=0.0), Recorder(idle_s=np.inf), []) == 10.0


def test_an_idle_engine_does_not_end_the_arrivals():
    assert run_traffic(plain_world(duration_s=0.1), Recorder(idle_s=0.0), []) == 0.1


def test_progress_is_told_and_changes_nothing():
    seen = []
    quiet, watched = [], []
    assert run_traffic(plain_world(), Recorder(20.0), [at(quiet, "a", 1.0, 11.0)]) == run_traffic(
        plain_world(), Recorder(20.0), [at(watched, "a", 1.0, 11.0)], seen.append)
    assert quiet == watched
    assert seen == sorted(seen)
    assert 10.0 in seen


def test_build_world():
    scenario = market(
        {"p": {"offers": {"z": offer("z-model"), "b": offer(region="eu")}}, "q": {"offers": {"a": offer()}}},
        network={"local_delay_s": 0.001, "regions": ["us-east", "eu"],
                 "links": [{"a": "us-east", "b": "eu", "delay_s": 0.04}]},
        routers={"main": {}, "far": {"region": "eu"}},
        demand={
            "chat": {"model": "m", "clients": 3, "arrivals": {"kind": "poisson", "rate_per_s": 1}},
            "big": {"model": "z-model", "router": "far", "slo_ttft_s": 9, "slo_tpot_s": 0.5,
                    "arrivals": {"kind": "poisson", "rate_per_s": 1}},
        },
    )
    world = world_of(scenario, replication=4)
    assert world.models == ("m", "z-model")
    assert [(o.provider, o.name) for o in world.offers] == [("p", "b"), ("q", "a"), ("p", "z")]
    assert world.model_first.tolist() == [0, 2, 3]
    assert world.classes == ("chat#1", "chat#2", "chat#3", "big")
    assert world.class_names == ("chat", "chat", "chat", "big")
    assert world.class_model.tolist() == [0, 0, 0, 1]
    assert world.class_router.tolist() == [0, 0, 0, 1]
    assert world.class_delay_s == pytest.approx([0.001, 0.001, 0.001, 0.041])
    assert world.class_slo_ttft_s.tolist() == [2, 2, 2, 9]
    assert world.class_slo_tpot_s.tolist() == [0.1, 0.1, 0.1, 0.5]
    assert world.delay_s == pytest.approx(np.array([[0.041, 0.001, 0.001], [0.001, 0.041, 0.041]]))
    assert (world.class_model.dtype, world.model_first.dtype) == (np.int32, np.int64)
    assert (world.seed, world.replication, len(world.policies)) == (scenario.seed, 4, 2)


def test_build_world_refuses_what_does_not_match():
    scenario = market({"p": {"offers": {"o": offer()}}})
    with pytest.raises(ScenarioError, match=r"routers\.main\.policy is not bound"):
        build_world(scenario, build_offers(scenario), {})
    with pytest.raises(ScenarioError, match=r"demand\.all\.model is 'm', which none of the offers serves"):
        build_world(scenario, [], {"main": bind(scenario.routers["main"].policy)})


def faults_of(scenario, replication=0):
    """What the faults of a market tell the engine, by the provider and offer they hit."""
    world = world_of(scenario, replication)
    engine = Recorder()
    run_traffic(world, engine, fault_processes(world, Streams(scenario.seed, replication)))
    told = {(o.provider, o.name): [] for o in world.offers}
    for time, what, row, *factor in engine.calls:
        told[world.offers[row].provider, world.offers[row].name].append((time, what, *factor))
    return told


OUTAGES = {"outage_mtbf_s": 50.0, "outage_mttr_s": 10.0}
SPELLS = {"slowdown_mtbf_s": 50.0, "slowdown_mttr_s": 20.0, "slowdown_factor": 3.0}


def two_offers(**faults):
    return {"faults": faults, "offers": {"x": offer(), "y": offer()}}


def test_a_providers_faults_hit_all_its_offers_at_once_and_nobody_elses():
    told = faults_of(market({"p": two_offers(**OUTAGES, **SPELLS), "q": two_offers()}, duration_s=2000.0))
    assert told["p", "x"] == told["p", "y"]
    assert {what for _, what, *_ in told["p", "x"]} == {"up", "down", "slow"}
    assert told["q", "x"] == []
    assert told["q", "y"] == []


def test_changing_one_provider_changes_no_others_faults():
    alone = faults_of(market({"p": two_offers(**OUTAGES)}, duration_s=2000.0))
    crowd = faults_of(market(
        {"a": two_offers(**OUTAGES, **SPELLS), "p": two_offers(**OUTAGES), "z": two_offers(**SPELLS)},
        duration_s=2000.0))
    assert alone["p", "x"] == crowd["p", "x"]
    assert crowd["a", "x"] != crowd["p", "x"]
    other = faults_of(market({"p": two_offers(**OUTAGES)}, duration_s=2000.0), replication=1)
    assert other["p", "x"] != alone["p", "x"]


def test_an_offers_own_faults_hit_it_alone():
    provider = {"offers": {"x": offer(faults=OUTAGES), "y": offer()}}
    told = faults_of(market({"p": provider}, duration_s=2000.0))
    assert told["p", "x"]
    assert told["p", "y"] == []


def test_overlapping_outages_are_counted():
    long = {"outage_mtbf_s": 30.0, "outage_mttr_s": 60.0}
    both = {"faults": long, "offers": {"x": offer(faults=long), "y": offer()}}
    told = faults_of(market({"p": both}, duration_s=5000.0))
    single = faults_of(market({"p": {"offers": {"x": offer(faults=long)}}}, duration_s=5000.0))

    def down(calls):
        """Spells of being down, checking that they alternate with being up."""
        assert [what for _, what in calls] == ["down", "up"] * (len(calls) // 2) + ["down"] * (len(calls) % 2)
        ends = [time for time, _ in calls] + [5000.0] * (len(calls) % 2)
        return list(zip(ends[::2], ends[1::2], strict=True))

    def covered(spells, time):
        return any(a <= time < b for a, b in spells)

    union, parts = down(told["p", "x"]), [down(told["p", "y"]), down(single["p", "x"])]
    grid = np.arange(0.5, 5000.0, 1.0)
    assert [covered(union, t) for t in grid] == [any(covered(p, t) for p in parts) for t in grid]
    assert sum(covered(parts[0], t) and covered(parts[1], t) for t in grid) > 100  # they did overlap


def regional(providers, **faults):
    network = {"regions": ["us-east", "eu"], "links": [{"a": "us-east", "b": "eu", "delay_s": 0.04}]}
    return market(providers, duration_s=5000.0, network=network | {"faults": faults})


def test_a_regional_outage_takes_all_offers_there_down_together():
    providers = {"p": {"offers": {"x": offer(), "far": offer(region="eu")}}, "q": {"offers": {"y": offer()}}}
    told = faults_of(regional(providers, **{"us-east": OUTAGES}))
    assert told["p", "x"] == told["q", "y"]
    assert {what for _, what in told["p", "x"]} == {"down", "up"}
    assert told["p", "far"] == []
    both = faults_of(regional(providers, **{"us-east": OUTAGES, "eu": OUTAGES}))
    assert both["p", "x"] == told["p", "x"]
    assert {time for time, _ in both["p", "far"]}.isdisjoint({time for time, _ in told["p", "x"]})


def test_regional_outages_come_on_top_of_the_providers_own():
    p = {"faults": OUTAGES | SPELLS, "offers": {"x": offer(), "far": offer(region="eu")}}
    alone = faults_of(regional({"p": p}))
    region_only = faults_of(regional({"p": p | {"faults": {}}}, **{"us-east": OUTAGES}))
    told = faults_of(regional({"p": p}, **{"us-east": OUTAGES}))
    assert told["p", "far"] == alone["p", "far"]

    def is_down(calls, time):
        return ([what for at, what, *_ in calls if at <= time and what != "slow"] or ["up"])[-1] == "down"

    grid = np.arange(0.5, 5000.0, 1.0)
    parts = [[is_down(calls["p", "x"], t) for t in grid] for calls in (alone, region_only)]
    assert [is_down(told["p", "x"], t) for t in grid] == [a or b for a, b in zip(*parts, strict=True)]
    assert any(a and b for a, b in zip(*parts, strict=True))  # they did overlap
    slow = [[call for call in calls["p", "x"] if call[1] == "slow"] for calls in (alone, told)]
    assert slow[0] == slow[1]


def test_faults_of_an_unknown_region_are_refused():
    with pytest.raises(ValueError, match=r"faults\.mars names no region; regions are eu, us-east"):
        regional({"p": {"offers": {"x": offer()}}}, mars=OUTAGES)


def test_the_largest_of_overlapping_slow_spells_counts():
    slow = {"slowdown_mtbf_s": 30.0, "slowdown_mttr_s": 60.0}
    both = {"faults": slow | {"slowdown_factor": 2.0}, "offers": {
        "x": offer(faults=slow | {"slowdown_factor": 5.0}), "y": offer()}}
    told = faults_of(market({"p": both}, duration_s=5000.0))
    factors = [factor for _, _, factor in told["p", "x"]]
    assert set(factors) == {1.0, 2.0, 5.0}
    assert all(a != b for a, b in pairwise(factors))
    assert {factor for _, _, factor in told["p", "y"]} == {1.0, 2.0}


def test_share_of_time_that_offers_are_down():
    """MTTR/(MTBF + MTTR) = 1/6 of the time; renewal-reward standard error below 0.003, bound at 5 of them."""
    told = faults_of(market({"p": two_offers(**OUTAGES)}, duration_s=600_000.0))["p", "x"]
    begun = [time for time, what in told if what == "down"]
    ended = [time for time, what in told if what == "up"]
    down_s = sum(ended) - sum(begun[:len(ended)])
    assert down_s / 600_000 == pytest.approx(1 / 6, abs=0.015)
