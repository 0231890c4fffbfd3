"""The study of invasions on numbers made up by hand: who resists, who grows, and what it costs the others."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from experiments.scenarios import load_market
from experiments.studies.invasion import STUDY
from experiments.studies.invasion.design import Invasion, Meeting, look_at
from experiments.studies.invasion.kept_meetings import KeptRuns, page, read_runs, runs_of, write_runs
from experiments.studies.invasion.lax_demand import all_pay_more, expected, relents_below
from experiments.studies.invasion.measures import invaded
from experiments.studies.invasion.meeting_tables import pairs, summary
from experiments.studies.invasion.sides import side
from experiments.studies.invasion.words import sentences
from experiments.verdicts.deciding import decide
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
    assert rules.loc["random", "won_by_the_same"] == pytest.approx(0.0, abs=1e-9)


def test_what_the_rule_compares_by_hand(found):
    """The cheapest costs 5 ln 1 + .05, the other 5 ln 2 + .05; beside it all pay .96 x 1.5 + .04 x 3 in place of 1."""
    assert found.efficient == "cheapest"
    assert found.generalised_cost("random") == pytest.approx(5 * np.log(2) + 0.05)
    assert found.resisted() == [1.0, 1.0]  # the other ends at 4 %, below the 5 % of the same newcomers
    assert found.paid_more() == pytest.approx([0.56, 0.56])
    assert found.won_by_the_same() == pytest.approx([0.0, 0.0], abs=1e-12)
    assert STUDY.statistics(found) == {"resisted": found.resisted(), "paid_more": found.paid_more()}
    won = found.sides[Meeting("random", "cheapest")]
    loses = replace(found, sides=found.sides | {Meeting("cheapest", "random"): won})
    assert loses.resisted() == [0.0, 0.0]  # odds of 1/9 in place of 1/19


def test_who_is_dominated_and_who_withstands(found):
    """Both wait a second: the dearer one is beaten at the price and ties at the wait, which no other beats at both."""
    rules = summary(found).set_index("rule")
    assert rules["efficient"].tolist() == [False, True]
    assert rules["undominated"].tolist() == [True, True]
    assert rules["withstands"].tolist() == [0, 1]
    slow = found.sides[Meeting("random", "random")]
    slower = {name: it._replace(wait_s=2 * it.wait_s) for name, it in slow.items()}
    dominated = replace(found, sides=found.sides | {Meeting("random", "random"): slower})
    assert not dominated.is_undominated("random")
    assert dominated.is_undominated("cheapest")


def test_terms_are_those_from_the_second_month_on_and_shares_those_of_the_end():
    """Months of 1, 2 and 3 M tokens at 9, 1 and 2 USD; 8 of 100 at the end, of whom 3 came in the first month."""
    months = pd.DataFrame({
        "month": ["2025-01", "2025-02", "2025-03"], "replication": 0, "customer_share": [0.09, 0.1, 0.08],
        "customers_there": [9, 10, 8], "joins": [3, 2, 0], "leaves": [0, 0, 2], "spend_usd": [9.0, 2.0, 6.0],
        "tokens": [1e6, 2e6, 3e6], "paid_over_mean": [1.0, 0.5, 2.0], "requests": [9.0, 10.0, 30.0],
        "completed_share": [1.0, 0.5, 1.0], "ttft_mean_s": [9.0, 7.0, 1.0], "ttft_p99_simulated_s": [90.0, 10.0, 20.0]})
    one = side(months)
    assert one.share == 0.08
    assert one.first_share == pytest.approx(0.05)
    assert one.price == pytest.approx(8 / 5)
    assert one.dearest_month == pytest.approx(2)
    assert one.paid_over_mean == pytest.approx(8 / (4 + 3))
    assert one.completed == pytest.approx(35 / 40)
    assert one.ttft_mean_s == pytest.approx((7 * 5 + 1 * 30) / 35)
    assert one.ttft_p99_s == pytest.approx(15)
    assert side(months[:1]).price == pytest.approx(9)  # a run of one month has no second


def test_few_who_look_at_no_price_by_hand():
    """A twentieth, six hosts, four times the cost: 3/120 of the margin against 115/120 of it; all earn 3/20 of cost."""
    assert relents_below(0.05, 4.0, 6) == pytest.approx(1 + 3 / 115)
    assert all_pay_more(0.05, 4.0) == pytest.approx(0.15)
    # of seven rules beside the one that takes the cheapest, five look at no price
    assert expected(Invasion(load_market("invasion")).rules, 0.05, 4.0) == {
        "resisted": 1.0, "paid_more": pytest.approx(5 / 7 * 0.15)}
    alone = STUDY.inputs_alone(STUDY.built_so())
    assert [values for name, values in alone.items() if name.startswith("L0")] == [
        pytest.approx([value]) for value in (0.05, 0.15, 1 + 3 / 115)]
    assert alone["L3 resisted: all"] == [1.0] * 10
    assert alone["L3 paid_more: all"] == pytest.approx([0.0] * 10)


def test_the_rule_on_worlds_built_so_and_opposite():
    """Lax newcomers take no customer; in one world they leave prices alone, in the other all pay half as much again."""
    for world, word, more in ((STUDY.built_so(), "supported", 0.0), (STUDY.opposite(), "contradicted", 0.5)):
        assert world.paid_more() == pytest.approx([more] * 10)
        assert decide(STUDY.rule, STUDY.statistics(world), STUDY.control(world)).word == word


@pytest.mark.parametrize(("change", "lacks"), [
    ({}, ""), ({"rules": ("openrouter_floor",)}, "without the rules openrouter_classic, openrouter_adjusted"),
    ({"scenario": load_market("invasion", ["horizon.days=60"])}, "60 days of 120"),
    ({"scenario": load_market("invasion", ["marketplace_choice.reviews_per_month=0.05"])}, "0.05 reviews a month"),
])
def test_a_smaller_design_is_no_verdict(change, lacks):
    said = STUDY.is_full(replace(Invasion(load_market("invasion")), **change))
    assert said.startswith(lacks)
    assert bool(said) == bool(lacks)


class Told:
    def __init__(self, found):
        self.frames = {"summary.csv": summary(found), "pairs.csv": pairs(found)}

    def table(self, name):
        return self.frames[name]


def test_sentences_say_what_the_tables_say(found):
    efficient, beside, lost = sentences(Told(found))
    assert efficient.startswith("`cheapest` costs customers least where all keep it: 1")
    assert "beside 1 of 1 others, and it grows against 1" in efficient
    assert beside.startswith("Beside a twentieth at `random` all of its customers pay most: 56")
    assert lost.endswith("these lose customers: `random` (1 of 1 others win).")


def test_runs_that_are_kept_say_the_same(found, tmp_path):
    """Beside the cheapest all pay 56 % more, with odds of 1/24 in place of 1/19; a pair may lack a run, or all."""
    rows = runs_of(found)
    write_runs(rows, tmp_path / "kept.csv")
    assert read_runs(tmp_path / "kept.csv") == rows
    kept, beside = KeptRuns(rows), Meeting("cheapest", "random")
    assert kept.efficient == "cheapest"
    assert kept.pays_more(beside).mean == pytest.approx(0.56)
    assert kept.odds(beside).mean == pytest.approx(np.log(19 / 24), rel=1e-5)
    assert "| `random` | -0.234 ± " in page(rows)
    assert kept.is_undominated("random")  # dearer, but it waits no longer
    assert kept.winners("random") == ["cheapest"]
    assert "in the mean): `random` to `cheapest`." in page(rows)
    slower = [row._replace(ttft_mean_s=2.0) if row.incumbent == "random" else row for row in rows]
    assert not KeptRuns(slower).is_undominated("random")
    assert "No rule that no other beats at both price and wait loses customers." in page(slower)
    some = [row for row in rows if row.incumbent == row.invader or (row.incumbent, row.replication) == ("cheapest", 1)]
    assert KeptRuns(some).odds(beside).n == 1
    assert "| `random` | -0.234 | 56 | 56 | 1 |" in page(some)
    assert "| `random` | 0 | – |" in page(some)


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
