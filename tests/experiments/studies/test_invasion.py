"""The study of invasions on numbers made up by hand: who resists, who grows, and what it costs the others."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from experiments.scenarios import load_market
from experiments.studies.invasion.design import Invasion, Meeting, look_at
from experiments.studies.invasion.measures import invaded, pairs, summary
from sim.errors import ScenarioError

RULES = ("random", "cheapest")


def rows(row, replication, shares, prices, waits=(1.0, 1.0), tokens=1e9):
    """Two months of a run, of 1,000 customers of whom 50 begin at the invader."""
    (_, new_share), last = shares, []
    for month in ("2025-01", "2025-02"):
        for place, (name, share) in enumerate(zip(("incumbent", "invader"), shares, strict=True)):
            came = round(1000 * (new_share - 0.05)) * (1 if place else -1) if month == "2025-01" else 0
            last.append({
                "row": row, "replication": replication, "month": month, "marketplace": name,
                "customers_there": 1000 * share, "customer_share": share, "joins": max(came, 0),
                "leaves": max(-came, 0), "price_usd_per_mtok": prices[place], "paid_over_mean": prices[place],
                "completed_share": 1.0, "ttft_mean_s": waits[place], "ttft_p99_simulated_s": 10 * waits[place],
                "spend_usd": 1e-6 * prices[place] * tokens * share, "tokens": tokens * share, "requests": 1e6})
    return last


class Kept:
    def __init__(self, frame):
        self.frame = frame

    def table(self, name):
        assert name == "monthly_marketplaces"
        return self.frame


@pytest.fixture
def found():
    """Where all go at random a token costs 2; where all go to the cheapest 1; the cheapest takes a tenth at random."""
    design = Invasion(load_market("invasion"), RULES, replications=2)
    runs = [*(rows(0, r, (0.95, 0.05), (2.0, 2.0)) for r in (0, 1)),
            *(rows(1, r, (0.9, 0.1), (2.2, 1.1), (2.0, 1.0), 3e9) for r in (0, 1)),
            *(rows(2, r, (0.96, 0.04), (1.5, 3.0)) for r in (0, 1)),
            *(rows(3, r, (0.95, 0.05), (1.0, 1.0)) for r in (0, 1))]
    return invaded(design, Kept(pd.DataFrame([row for run in runs for row in run])))


def test_every_rule_meets_every_rule():
    design = Invasion(load_market("invasion"), RULES)
    assert [(it.incumbent, it.invader) for it in design.meetings()] == [
        ("random", "random"), ("random", "cheapest"), ("cheapest", "random"), ("cheapest", "cheapest")]
    assert design.points()[1] == {"marketplaces.incumbent.policy.kind": "random",
                                  "marketplaces.invader.policy.kind": "cheapest"}


def test_what_a_meeting_did_by_hand(found):
    """Odds of 1/9 in place of 1/19; all pay .9 x 2.2 + .1 x 1.1 in place of 2, incumbents 2.2 and wait a second."""
    values = found.values(Meeting("random", "cheapest"))
    assert values["odds"] == pytest.approx(np.log(19 / 9))
    assert values["all_pay_more"] == pytest.approx(2.09 / 2 - 1)
    assert values["incumbents_pay_more"] == pytest.approx(0.1)
    assert values["incumbents_wait_more_s"] == pytest.approx(1.0)
    assert (values["long_run_share"] > 0.5).all()  # half the price, five times as much in logarithms


def test_where_a_meeting_would_end_without_inertia(found):
    """Odds of 1/19, times 2 to the fifth for half the price, times e^.05 for a second less."""
    plain = found.design.scenario
    choice = plain.marketplace_choice.model_copy(update={"inertia": 0.0})
    scenario = plain.model_copy(update={"marketplace_choice": choice})
    calm = replace(found, design=replace(found.design, scenario=scenario))
    odds = 2**5 * np.exp(0.05) / 19
    ends = calm.values(Meeting("random", "cheapest"))["long_run_share"]
    assert ends == pytest.approx(odds / (1 + odds))


def test_who_resists_and_who_grows(found):
    """At random loses to the cheapest; the cheapest, against whom the other ends at 4 %, resists it."""
    table = pairs(found).set_index(["incumbent", "invader"])
    assert not table.loc[("random", "cheapest"), "resists"]
    assert table.loc[("cheapest", "random"), "resists"]
    rules = summary(found).set_index("rule")
    assert rules.loc["cheapest", ["resists", "grows_against", "others"]].tolist() == [1, 1, 1]
    assert rules.loc["random", ["resists", "grows_against"]].tolist() == [0, 0]
    assert rules.loc["random", "alone_usd_per_mtok"] == pytest.approx(2.0)
    assert rules.loc["random", "odds_against_itself"] == pytest.approx(0.0, abs=1e-9)


def test_where_both_serve_alike_shares_stay(found):
    assert found.values(Meeting("random", "random"))["long_run_share"] == pytest.approx(0.05)


def test_a_look_says_what_it_leaves_out():
    look = look_at(Invasion(load_market("invasion")))
    assert "of 8 rules 2, of 120 days 60" in look.leaves_out
    assert look.design.scenario.name == "invasion-look"


@pytest.mark.parametrize(("change", "sentence"), [
    ({"rules": ("random", "random")}, "none twice"), ({"replications": 0}, "replications is 0"),
    ({"scenario": load_market("openrouter-2026")}, "marketplaces are none; an invasion needs the two 'incumbent' and"),
])
def test_what_cannot_be_is_refused_in_a_sentence(change, sentence):
    with pytest.raises(ScenarioError, match=sentence):
        Invasion(**{"scenario": load_market("invasion"), **change})
