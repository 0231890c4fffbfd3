"""The study of policies under conditions: what conditions change, and who is best at both."""

from math import inf, nan
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from experiments.scenarios import load
from experiments.studies.policies import STUDY
from experiments.studies.policies.design import ALIKE, CONDITIONS, PolicyCell, UnderConditions
from experiments.studies.policies.measures import Fared, PoliciesFound, found_in, summary
from experiments.studies.policies.where_it_flips import changed
from sim.errors import PolicyError, ScenarioError

HYPERBOLIC = 'providers.hyperbolic.offers."llama-3.3-70b".price.'


@pytest.fixture(scope="module")
def design():
    return UnderConditions(load("sessions"), ("cheapest", "random"), 2)


def test_conditions_change_what_they_say(design):
    changes = {condition: dict(design.change(condition)) for condition in CONDITIONS}
    assert len({tuple(it) for it in changes.values()}) == 1  # the same fields in all
    calm = changes["calm"]
    assert (calm["traffic.load"], changes["surge"]["traffic.load"], changes["outages"]["traffic.load"]) == (0.7, 1.5, 1)
    shock = changes["price shock"]
    dearer = [shock[f"{HYPERBOLIC}{part}_usd_per_mtok"] for part in ("input", "output", "cached")]
    assert dearer == pytest.approx([0.36, 0.9, 0.09])  # three times .12, .3 and .03
    assert sum(shock[path] != calm[path] for path in shock) == 4  # and the load
    assert changes["stale signals"]["routers.main.telemetry.stale_view_s"] == 30.0
    assert changes["cache-heavy"]["demand.agents.shared_prefix.tokens"] == 12_000
    assert changes["outages"]["providers.together.faults.outage_mtbf_s"] == 3600.0
    assert {value for path, value in changes[ALIKE].items() if ".price." in path} == {0.5}
    assert len(design.points()) == len(CONDITIONS) * 2


def fared(paid, wait, completed=1.0):
    return Fared(paid, wait, completed, nan)


def test_best_at_both_is_near_the_best_in_each():
    """Prices to 1.1 times the lowest, waits to 1.25 times the shortest; who leaves a tenth undone is not compared."""
    runs = {"a": fared(1.0, 8.0), "b": fared(1.09, 2.4), "c": fared(3.0, 2.0), "d": fared(0.5, 1.0, 0.9)}
    found = PoliciesFound({PolicyCell("calm", name): [it] for name, it in runs.items()}, 4.0)
    assert found.best_at_both("calm", 0) == ["b"]
    runs["b"] = fared(1.09, 2.6)
    found = PoliciesFound({PolicyCell("calm", name): [it] for name, it in runs.items()}, 4.0)
    assert found.best_at_both("calm", 0) == []
    late = {PolicyCell("calm", name): [fared(1.0, inf)] for name in "ab"}  # past every deadline: nobody knows
    assert PoliciesFound(late, 4.0).best_at_both("calm", 0) == []
    assert PoliciesFound({PolicyCell("calm", "d"): [runs["d"]]}, 4.0).best_at_both("calm", 0) == []


def test_what_is_made_of_runs(design):
    """Where `cheapest` is as fast as any it is best at both: in the surge; in the control all pay the same."""
    rows = []
    for row, cell in enumerate(design.cells()):
        cheap = cell.policy == "cheapest"
        paid = 0.5 if cell.condition == ALIKE else 0.1 if cheap else 0.3
        wait = 4.0 if cheap and cell.condition != "surge" else 1.0
        rows += [(row, seed, name, value) for seed in (0, 1) for name, value in (
            ("paid_usd_per_mtok", paid), ("ttft_p99_s", wait), ("completed_share", 1.0), ("cached_share", 0.5),
            ("hhi", 9.0))]
    frame = pd.DataFrame(rows, columns=["row", "replication", "metric", "mean"])
    found = found_in(design, SimpleNamespace(metrics=lambda by: frame))
    assert STUDY.statistics(found) == {"split_share": [5 / 6, 5 / 6]}
    assert STUDY.control(found) == [0.0, 0.0]
    assert found.posted == pytest.approx(1.8 / 0.42)  # fireworks over hyperbolic
    table = summary(found).set_index(["condition", "policy"])
    assert table.loc[("surge", "cheapest"), "best_at_both"] == 2
    assert table.loc[("calm", "random"), ["paid_usd_per_mtok", "ttft_p99_s"]].tolist() == [0.3, 1.0]


def test_what_cannot_be_compared_is_refused():
    with pytest.raises(PolicyError, match="must be two or more different ones"):
        UnderConditions(load("sessions"), ("cheapest",))
    with pytest.raises(ScenarioError, match="scenario duel has no class agents"):
        UnderConditions(load("duel"))
    assert STUDY.is_full(UnderConditions(load("sessions"), ("cheapest", "random"))).startswith("fewer policies")
    assert STUDY.is_full(UnderConditions(load("sessions"))) == ""
    assert STUDY.quick(UnderConditions(load("sessions"))).design.replications == 2


def test_prices_drawn_together_and_load():
    """Prices of a kind are raised to a power around their geometric mean: 0 makes all alike, 1 leaves them."""
    scenario = load("sessions")
    offers = [offer.price for it in scenario.providers.values() for offer in it.offers.values()]
    same = changed(scenario, 1.0, 1.0)
    assert [offer.price for it in same.providers.values() for offer in it.offers.values()] == offers
    alike = changed(scenario, 0.5, 0.0)
    mean = np.exp(np.mean([np.log(price.input_usd_per_mtok) for price in offers]))
    assert {offer.price.input_usd_per_mtok for it in alike.providers.values() for offer in it.offers.values()} == {
        round(float(mean), 6)}
    assert alike.traffic.load == 0.5 * scenario.traffic.load


def test_thresholds_say_who_is_near_the_best():
    """One pays .10 and waits 8 s, the other .12 and 1 s: with a fifth more allowed the second is best at both."""
    fared = {PolicyCell("calm", "cheap"): [Fared(0.10, 8.0, 1.0, nan)],
             PolicyCell("calm", "fast"): [Fared(0.12, 1.0, 1.0, nan)]}
    assert PoliciesFound(fared, nan).best_at_both("calm", 0) == []
    assert PoliciesFound(fared, nan, dearer=1.21).best_at_both("calm", 0) == ["fast"]
