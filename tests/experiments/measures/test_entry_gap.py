"""Why entrants got another value than expected, factor by factor: two listings by hand."""

import math

import pytest

from experiments.measures.market.entry_gap import FACTORS, age_months, gap, gaps, log_mean, totals
from experiments.measures.market.gate_facts import facts
from experiments.validation.gates.run_gates import entry_gaps
from sim.market.hosts import Flows
from worlds.hand_market import hand_market

LISTINGS = hand_market().listings


def parts(found):
    return {name: getattr(found, f"{name}_usd") for name in FACTORS}


def test_each_factor_alone_takes_the_whole_difference():
    """Twice the share at a revenue of 40 and GPUs of 8: L = 40/ln 2 and 8/ln 2, so 40 more revenue and 8 more GPUs."""
    one = LISTINGS[0]
    twice = {"demand": Flows(2000.0, 200.0, 80.0, 16.0, 2.0), "share": Flows(1000.0, 200.0, 80.0, 16.0, 2.0),
             "price": Flows(1000.0, 100.0, 80.0, 8.0, 2.0), "gpus": Flows(1000.0, 100.0, 40.0, 16.0, 2.0),
             "overhead": Flows(1000.0, 100.0, 40.0, 8.0, 4.0)}
    worth = {"demand": 32.0, "share": 32.0, "price": 40.0, "gpus": -8.0, "overhead": -2.0}
    for name, came in twice.items():
        assert parts(gap([one._replace(realised=came)])) == pytest.approx(
            {factor: worth[name] if factor == name else 0.0 for factor in FACTORS}, abs=1e-12)


def test_two_listings_by_hand():
    """Expected 1200, 180, 64, 10, 4; came 900, 120, 60, 10, 4: tokens a third less, of which demand ln .75."""
    found = gap(LISTINGS)
    assert (found.listings, found.expected_usd, found.realised_usd) == (2, 50.0, 46.0)
    revenue, gpus = -4.0 / math.log(60 / 64), 10.0  # logarithmic means
    want = {"demand": (revenue - gpus) * math.log(0.75), "share": (revenue - gpus) * math.log(8 / 9),
            "price": revenue * math.log((60 / 120) / (64 / 180)), "gpus": -gpus * math.log(1.5), "overhead": 0.0}
    assert parts(found) == pytest.approx(want)
    assert sum(parts(found).values()) == pytest.approx(-4.0)
    assert [round(value, 2) for value in want.values()] == [-14.95, -6.12, 21.13, -4.05, 0.0]
    assert log_mean(3.0, 3.0) == 3.0
    assert totals([it.expected for it in LISTINGS]) == (1200, 180, 64, 10, 4)


def test_groups_are_by_age_of_the_model():
    found = gaps(LISTINGS, age_months)
    assert {month: it.listings for month, it in found.items()} == {0: 1, 1: 1}
    assert (found[0].expected_usd, found[0].realised_usd) == (30, 24)
    assert age_months(LISTINGS[0]._replace(model_age_days=500.0)) == 6
    assert age_months(LISTINGS[0]._replace(model_age_days=-3.0)) == 0


def test_without_sales_only_the_value_is_said():
    nothing = LISTINGS[0]._replace(realised=Flows(500.0, 0.0, 0.0, 6.0, 2.0))
    found = gap([nothing])
    assert found[1:3] == (30.0, -8.0)
    assert math.isnan(found.demand_usd)
    assert found.overhead_usd == 0.0
    assert gap([]) == (0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0)


def test_the_gates_tell_each_factor_over_the_expected_value():
    got = {}
    for fact in facts(hand_market(), [2.0]):
        got.setdefault(fact.fact, {})[fact.of] = fact.value
    told = list(entry_gaps([got]))
    assert [it.said for it in told] == ["told"] * 5
    assert sum(it.value for it in told) == pytest.approx(46 / 50 - 1)
    assert [it.gate.name for it in told][:2] == ["entry gap: demand", "entry gap: share"]
    assert list(entry_gaps([{}])) == []
