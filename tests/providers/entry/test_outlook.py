"""Expected demand by hand: means, ageing, growth, and a path of an earlier run."""

from types import SimpleNamespace

import numpy as np
import pytest

from providers.entry.appraisal import Appraisal
from providers.entry.outlook import EntryPathError, Outlook, read_path
from sim.scenario.entry_settings import EntrySettings
from worlds.fake_desk import model, models_of

TWO = models_of(model("a", day=-10.0), model("b", day=50.0))


def days(*rows):
    return [SimpleNamespace(prompt_tokens=np.array(row), output_tokens=np.zeros(len(row))) for row in rows]


def outlook(rows, half_life_days=1e5, **fields):
    found = Outlook(TWO, np.array([0, 1]), EntrySettings(**fields), half_life_days)
    found.read(days(*rows))
    return found


def test_the_mean_is_over_28_days_or_since_the_release():
    found = outlook([(10, 0)] * 50 + [(10, 7)] * 10)
    assert found.mean_tokens(60).tolist() == [10, 7]
    later = [(10, 0)] * 22 + [(38, 0)] * 28
    assert outlook(later).mean_tokens(50).tolist() == [38, 0]
    assert outlook(later, demand_days=56).mean_tokens(50).tolist() == [(22 * 10 + 28 * 38) / 50, 0]
    assert outlook([]).mean_tokens(0).tolist() == [0, 0]


def test_a_newcomer_counts_on_the_demand_that_nobody_holds():
    """Of ten tokens a day seven are loose."""
    asked = SimpleNamespace(_sellers=SimpleNamespace(knowledge=SimpleNamespace(
        demand_of=lambda row: SimpleNamespace(loose=0.7))))
    assert Appraisal._demand(asked, outlook([(10, 0)] * 60), 0, 0, 60, sold=True) == pytest.approx(7.0)


def test_growth_is_a_share_of_that_of_ninety_days():
    rows = [(np.exp(0.01 * day), 0) for day in range(120)]
    assert outlook(rows, expected_growth_share=1.0).growth_per_day() == pytest.approx(0.01)
    assert outlook(rows).growth_per_day() == pytest.approx(0.005)
    assert outlook(rows, expected_growth_share=0.0).growth_per_day() == 0
    assert outlook(rows[:89], expected_growth_share=1.0).growth_per_day() == 0


def test_without_ageing_and_growth_demand_stays():
    assert outlook([(10, 0)] * 100).factors(0, 100, 90) == pytest.approx([1, 1, 1], rel=1e-3)


def test_models_age_as_those_seen_before():
    """Model a loses half of its share each month from month to month; b, as young, is expected to do the same."""
    rows = [(100, 0)] * 30 + [(50, 50)] * 30 + [(25, 75)] * 30
    seen = outlook(rows, expected_growth_share=0.0)
    now, after = seen._now, seen._next
    assert (now[0], after[0]) == (1.0, 0.5)  # a, released ten days before: month 0
    assert (now[1], after[1]) == (pytest.approx(0.5), pytest.approx(0.25))
    # b in its month 1 on day 85 (35 days old): about a half a month, by way of the prior of .05 months of all
    every = (0.75 + 0.05) / (1.5 + 0.05)
    ratio = (0.25 + 0.05 * every) / (0.5 + 0.05)
    assert seen.factors(1, 85, 30) == pytest.approx([ratio**0.5])


def test_models_of_one_age_are_expected_to_do_the_same_until_another_day_is_read():
    rows = [(100, 0)] * 30 + [(50, 50)] * 30 + [(25, 75)] * 29
    found = outlook(rows, expected_growth_share=1.0)
    young = found.factors(1, 60, 60).tolist()  # in its month 0, when a is in its month 2
    assert found.factors(0, 15, 60).tolist() == young
    assert found.factors(0, 60, 60).tolist() != young
    found.read(days(*rows, (900, 900)))  # ninety days: another month of a is seen, and growth
    assert found.factors(1, 60, 60).tolist() > young


def test_a_prior_of_ageing_stands_while_nothing_was_seen():
    found = outlook([(10, 0)] * 20, half_life_days=60, expected_growth_share=0.0)
    monthly = 0.5**0.5
    assert found.factors(0, 20, 60) == pytest.approx([monthly**0.5, monthly**1.5])


def test_the_path_of_an_earlier_run(tmp_path):
    path = tmp_path / "path.csv"
    path.write_text("day,tokens\n" + "\n".join(f"{day},{100 + day}" for day in range(200)), encoding="utf-8")
    found = outlook([(10, 0)] * 100, growth_path=str(path))
    assert found.factors(0, 100, 60) == pytest.approx([215 / 200, 245 / 200], rel=1e-3)


@pytest.mark.parametrize(("text", "message"), [
    ("day,tokens\n0,1\n2,1\n", "one row a day"), ("day,tokens\n0,0\n", "above 0"), ("day\n0\n", "the columns day and"),
    ("day,tokens\n", "one row a day")])
def test_wrong_paths_are_refused(tmp_path, text, message):
    path = tmp_path / "path.csv"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(EntryPathError, match=message):
        read_path(str(path))


def test_a_missing_path_is_refused(tmp_path):
    with pytest.raises(EntryPathError, match=r"cannot read supply.entry.growth_path"):
        read_path(str(tmp_path / "none.csv"))


def test_the_pace_of_listings_is_learned_where_there_is_room():
    """Prior: half of 8 x .1 a month, for three months, of models in their first month and of others each.

    On day 60 a is old and b, released on day 50, is young. Both have room for a month, in which a is listed once more
    and b not at all; then b has room for a month, in which it is listed once, and a, which has none, too.
    """
    found = outlook([])
    assert found.pace.tolist() == pytest.approx([0.4, 0.4])
    found.survey([0, 1], np.array([False, False]), 60, 1.0)
    found.survey([1], np.array([True, False]), 79, 1.0)
    assert found.pace.tolist() == pytest.approx([3 * 0.4 / 5, (3 * 0.4 + 1) / 4])
    found.survey([], np.array([True, True]), 109, 1.0)
    assert found.pace.tolist() == pytest.approx([(3 * 0.4 + 1) / 5, (3 * 0.4 + 1) / 4])
    found.survey([0], np.array([True, True]), 119, 1.0)
    found.survey([0], np.array([False, True]), 129, 1.0)  # who leaves lists nothing
    assert found.pace[1] == pytest.approx((3 * 0.4 + 1) / 6)


def test_sellers_are_expected_at_the_pace_of_each_age():
    """Ten listings a month in a model's first month and 2 later: b, ten days old, has two thirds of that month left."""
    found = outlook([])
    found._listings, found._room_months = np.array([10.0, 2.0]), np.ones(2)
    assert found.behind(1, 60, 2) == pytest.approx([5.0, 10 * 2 / 3 + 2 * (1.5 - 2 / 3)])
    assert found.behind(0, 60, 2) == pytest.approx([1.0, 3.0])
    assert found.behind(1, 40, 1) == pytest.approx([5.0])  # not released yet: all of its month is ahead
