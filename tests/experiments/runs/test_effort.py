"""Closed arrivals where rates are asked for before a run: an estimate of the work, no load."""

import pytest

from experiments.runs.capacity import class_rate_per_s, utilisation
from experiments.runs.effort import check_effort
from providers.offers import build_offers
from sim.errors import ScenarioError
from sim.scenario import TrafficScenario


def scenario(users: int, duration_s: float, load: float = 1.0) -> TrafficScenario:
    offer = {"model": "m", "serving": {"kind": "affine", "base_s": 0.1},
             "price": {"input_usd_per_mtok": 1, "output_usd_per_mtok": 1}}
    return TrafficScenario.model_validate({
        "name": "users", "traffic": {"duration_s": duration_s, "load": load},
        "demand": {"a": {"model": "m", "arrivals": {"kind": "closed", "users": users, "think_s": 1.0}}},
        "providers": {"p": {"offers": {"o": offer}}},
    })


def test_users_without_end_are_refused_with_what_to_change():
    check_effort(scenario(100_000, 1e5))
    with pytest.raises(ScenarioError, match=r"about 1e\+11 requests, more than 1e\+10: change "
                                            r"demand\.a\.arrivals\.users \(100000\), traffic\.load \(2\)"):
        check_effort(scenario(100_000, 1e6, load=2.0))


def test_a_class_of_users_has_no_rate_before_a_run():
    closed = scenario(10, 100.0)
    assert utilisation(closed, build_offers(closed)) == {}
    with pytest.raises(ValueError, match="that of closed arrivals in a run"):
        class_rate_per_s(closed.demand["a"])
