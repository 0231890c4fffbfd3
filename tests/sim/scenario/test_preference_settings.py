"""How preferences are written in a scenario, and what is refused."""

import tomllib
from typing import Any

import pytest
from pydantic import ValidationError

from experiments.scenarios import load_market
from sim.engines.wanted import says_nothing
from sim.errors import ScenarioError
from sim.scenario import Preferences, TrafficScenario

OFFER = {"model": "toy", "serving": {"kind": "affine", "base_s": 0.01},
         "price": {"input_usd_per_mtok": 1.0, "output_usd_per_mtok": 2.0}}


def scenario(router: dict[str, Any], client: dict[str, Any] | None = None) -> TrafficScenario:
    return TrafficScenario.model_validate({
        "name": "case", "traffic": {"duration_s": 10.0}, "routers": {"main": {"preferences": router}},
        "demand": {"chat": {"model": "toy", "arrivals": {"kind": "poisson", "rate_per_s": 1.0},
                            "preferences": client or {}}},
        "providers": {name: {"offers": {"toy": OFFER}} for name in ("alpha", "beta")},
    })


@pytest.mark.parametrize(("wants", "told"), [
    ({"order": ["alfa"]}, "preferences.order has 'alfa', which is no provider; did you mean alpha?"),
    ({"only": ["nobody"]}, "preferences.only has 'nobody', which is no provider; known are alpha, beta"),
    ({"ignore": ["beta/big"]}, "preferences.ignore has 'beta/big', but beta has no such offer; known are toy"),
    ({"only": ["beta/"]}, "preferences.only has 'beta/', but beta has no such offer; known are toy"),
    ({"own_keys": ["x/toy"]}, "preferences.own_keys has 'x/toy', which is no provider"),
    ({"order": ["alpha", "alpha"]}, "none may stand twice, but 'alpha' does"),
    ({"sort": "price", "variant": "nitro"}, "sort is 'price', but variant 'nitro' sorts by throughput"),
    ({"sort": "cost"}, "price"),
    ({"quantizations": ["fp7"]}, "fp6"),
    ({"preferred_max_latency": 0.0}, "greater than 0"),
    ({"max_input_usd_per_mtok": 1.0}, "Extra inputs"),
])
@pytest.mark.parametrize("whose", ["router", "class"])
def test_what_is_refused(wants: dict[str, Any], told: str, whose: str) -> None:
    with pytest.raises(ValidationError) as problem:
        scenario(*((wants,) if whose == "router" else ({}, wants)))
    assert told in str(problem.value)


def test_an_error_says_whose_preferences_they_are() -> None:
    with pytest.raises(ValidationError, match=r"demand\.chat\.preferences\.order has 'gamma'"):
        scenario({"order": ["alpha"]}, {"order": ["gamma"]})


def test_a_number_is_the_medians_limit_and_all_can_be_written_as_toml() -> None:
    wants = {"order": ["beta", "alpha/toy"], "only": [], "allow_fallbacks": False, "quantizations": ["unknown"],
             "max_price": {"prompt": 1.0, "request": 0.01}, "variant": "floor", "own_keys": ["beta"],
             "preferred_max_latency": 1.5, "preferred_min_throughput": {"p75": 20.0, "p99": 5.0}}
    made = scenario(wants, {"sort": "none"})
    assert made.routers["main"].preferences.preferred_max_latency == scenario(
        {"preferred_max_latency": {"p50": 1.5}}).routers["main"].preferences.preferred_max_latency
    assert TrafficScenario.model_validate(tomllib.loads(made.to_toml())) == made


def test_a_class_says_it_field_by_field_and_sorts_in_one_way() -> None:
    general = Preferences(order=("a",), sort="price", max_price={"prompt": 1.0, "completion": 2.0})
    own = Preferences(variant="nitro", max_price={"completion": 3.0}, ignore=("b",))
    both = own.over(general)
    assert (both.order, both.ignore, both.sorts_by) == (("a",), ("b",), "throughput")
    assert (both.max_price.prompt, both.max_price.completion) == (None, 3.0)
    assert Preferences(sort="none").over(Preferences(variant="floor")).sorts_by == "none"
    assert Preferences().over(general) == general


def test_a_sort_may_be_a_table_as_openrouter_has_it() -> None:
    written = Preferences.model_validate({"sort": {"by": "throughput", "partition": "none"}})
    assert (written.sort, written.partition, written.sorts_together) == ("throughput", "none", True)
    assert Preferences.model_validate({"sort": {"by": "price"}}) == Preferences(sort="price")
    assert Preferences.model_validate({"sort": {"by": "none", "partition": "none"}}).sorts_together is False
    # a class that sorts says how whole; one that only says that models are not kept apart has its router's sort
    assert Preferences(sort="price").over(written).sorts_together is False
    assert Preferences(partition="none").over(Preferences(variant="floor")).sorts_together is True


@pytest.mark.parametrize(("wants", "told"), [
    ({"sort": {"partition": "none"}}, "a table has `by`"), ({"sort": {"by": "price", "of": 1}}, "a table has `by`"),
    ({"sort": {"by": "price", "partition": "none"}, "partition": "model"}, "no partition stands beside it"),
    ({"partition": "none", "sort": "price"}, "demand.chat.preferences.partition is 'none', but the class has no "
     "fallback_models"),
])
def test_bad_ways_to_sort_together_are_refused(wants: dict[str, Any], told: str) -> None:
    with pytest.raises(ValueError, match=told):
        scenario({}, wants)


def test_without_a_sort_there_is_nothing_to_sort_together() -> None:
    with pytest.raises(ValueError, match=r"routers.main.preferences.partition is 'none', but nothing is sorted"):
        scenario({"partition": "none"})


@pytest.mark.parametrize(("wants", "nothing"), [
    ({}, True), ({"order": []}, True), ({"sort": "none"}, True), ({"allow_fallbacks": True}, True),
    ({"partition": "none"}, True), ({"shared_capacity": False}, True), ({"preferred_max_latency": {}}, True),
    ({"max_price": {}}, True), ({"allow_fallbacks": False}, False), ({"variant": "floor"}, False),
    ({"max_price": {"request": 0.0}}, False), ({"preferred_min_throughput": {"p75": 1.0}}, False),
    ({"ignore": ["a"]}, False),
])
def test_who_prefers_nothing_costs_nothing(wants: dict[str, Any], nothing: bool) -> None:
    assert says_nothing(Preferences(**wants)) is nothing


@pytest.mark.parametrize(("assignment", "told"), [
    ('router.preferences.order=["nobody"]', "router.preferences.order has 'nobody', which is no provider"),
    ('router.preferences.own_keys=["deepinfra"]', "who has own keys is said by `customers.segments"),
    ("router.preferences.partition=none", "router.preferences.partition is 'none'; in a market leave it out"),
    ("router.preferences.shared_capacity=false", r"router.preferences.shared_capacity is false; in a market leave it"),
    ("router.own_key_fee_share=0.05", "in a market it must be 0"),
])
def test_in_a_market_firms_are_the_providers(assignment: str, told: str) -> None:
    with pytest.raises(ScenarioError, match=told):
        load_market("openrouter-2026", [assignment])
