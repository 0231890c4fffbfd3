"""The ladder of nulls: what inputs alone give, the markets on its rungs, and which rung moves a headline, by hand."""

from dataclasses import replace
from math import exp, isnan, log, nan

import pytest

from experiments.runs.rules_in_use import exponents_in_use, mean_exponent, policies_in_use
from experiments.validation.ladder.climbing import HEADLINES, Fact, Headline, around, climbed, rows
from experiments.validation.ladder.ladder_runs import numbers_by_seed
from experiments.validation.ladder.null_inputs import _prices, inputs_alone
from experiments.validation.ladder.rungs import DEMAND, INPUTS, UNIFORM, WHOLE, simulated
from sim.errors import ScenarioError
from sim.market.models.model import Models
from worlds.hand_market import models
from worlds.small_markets import HOST, small

AT_ONCE = HOST | {"adoption": {"probability": 1.0, "delay_days": 0.0}}


@pytest.fixture(scope="module")
def market():
    """Two hosts of three open models, and a lab with two closed ones; everything is there from the first day."""
    return small(supply={"firms": {"atlas": AT_ONCE, "boreal": AT_ONCE | {"pricing": {"kind": "cost_plus"}}}})


def test_inputs_alone_by_hand(market):
    found = inputs_alone(market, 0)
    # open: two sellers each; closed: one
    assert found["providers_per_model_mean"] == (3 * 2 + 2) / 5
    assert found["providers_per_model_median"] == 2
    assert found["models_with_three_providers"] == 0
    assert found["elasticity_within_models"] == -2
    # three offers of menu_cost, three reviewed weekly, two constant
    assert found["reprice_hazard"] == pytest.approx((3 * 0.028 + 3 / 7 + 0) / 8)
    assert isnan(found["constant_quality_fall"])  # four days tell no trend


def test_growth_alone_is_that_of_the_settings():
    """Nobody comes or goes, and all double in a year: three days' worth from the first day to the fourth."""
    segments = {name: {"growth_per_year": 1.0, "entry_per_year": 0.0, "exit_per_year": 0.0}
                for name in ("apps", "agents")}
    found = inputs_alone(small(customers={"segments": segments}), 0)
    assert found["requests_growth"] == pytest.approx(log(2) * 3 / 365.25)


def test_list_prices_alone_fall_as_releases_undercut():
    """A model a day, all as good, each a hundredth of a log-unit cheaper: exp(3.6525) in a year; none ever moves."""
    one = models().rows[0]
    rows = [replace(one, name=f"m{day:03}", release_day=float(day), list_in_usd=exp(-day / 100),
                    list_out_usd=exp(-day / 100)) for day in range(120)]
    unpriced = replace(one, name="n", release_day=0.0, list_in_usd=None)  # no price, so it is on no list
    found = _prices(Models((*rows, unpriced)), 120)
    assert found["constant_quality_fall"] == pytest.approx(exp(3.6525), rel=1e-6)
    assert found["same_model_fall"] == 1.0


def test_rungs_differ_by_what_they_leave_out(market):
    found = simulated(market)
    assert list(found) == [DEMAND, UNIFORM, WHOLE]
    assert found[WHOLE] == market
    assert found[UNIFORM].router.policy.kind == "random"
    assert found[UNIFORM].supply == market.supply
    sellers = found[DEMAND].supply.firms
    assert set(sellers) == {"deepseek", "meta", "openai"}
    assert {firm.kind for firm in sellers.values()} == {"lab"}
    assert {(firm.pricing.kind, firm.pricing.parameters["anchor"]) for firm in sellers.values()} == {
        ("constant", "list")}
    assert found[DEMAND].customers == market.customers
    assert found[DEMAND].router == market.router


def test_without_a_lab_there_is_no_such_rung():
    hosts = small(supply={"firms": {"openai": None}}, models={"catalogue": {"include": ["llama-3.1-8b"]}})
    with pytest.raises(ScenarioError, match=r"supply\.firms have no lab"):
        simulated(hosts)


KNOWN = Headline("h", Fact(1.0, 2.0, "here"))


def test_a_headline_belongs_to_the_first_rung_that_moves_it():
    """From L1 to L2 by 2 ± 0 and on by 1 ± .58, of four seeds with one mean: only the first is above two errors."""
    found = climbed(KNOWN, {INPUTS: [1.5, 1.5], DEMAND: [1.0, 2.0], UNIFORM: [3.0, 4.0], WHOLE: [3.0, 6.0]})
    assert found.moved_by == (UNIFORM,)
    assert found.arithmetic is True
    assert found.rungs[DEMAND].value == 1.5
    assert found.rungs[DEMAND].std_error == pytest.approx(0.5)
    assert (found.rungs[UNIFORM].step, found.rungs[UNIFORM].step_error) == (2.0, 0.0)
    assert (found.rungs[WHOLE].step, found.rungs[WHOLE].step_error) == (1.0, pytest.approx(1.0))
    assert rows([found])[1] == ("h", "1 to 2", "1.5", "1.5 ± 0.5", "3.5 ± 0.5", "4.5 ± 2", UNIFORM, "arithmetic")


def test_rungs_without_the_number_are_passed_over():
    found = climbed(Headline("h"), {DEMAND: [1.0, nan], UNIFORM: [3.0, 3.0], WHOLE: [5.0, 5.0]})
    assert isnan(found.rungs[DEMAND].value)
    assert found.moved_by == (WHOLE,)  # nothing stands below the second
    assert found.arithmetic is None
    assert rows([found])[1][2:] == ("–", "–", "3", "5", WHOLE, "")


def test_pairs_of_seeds_count_not_means():
    """Seeds are far apart, and each moves by 1 or 1.2: that is no chance."""
    found = climbed(Headline("h"), {UNIFORM: [1.0, 100.0], WHOLE: [2.0, 101.2]})
    assert found.moved_by == (WHOLE,)


def test_one_seed_moves_nothing_and_rounding_neither():
    alone = climbed(KNOWN, {INPUTS: [0.5], WHOLE: [1.5]})
    assert (alone.moved_by, alone.arithmetic) == ((), False)
    assert rows([alone])[1][-2:] == ("cannot be said of one seed", "outside")
    assert climbed(KNOWN, {INPUTS: [1.5, 1.5], WHOLE: [1.5 + 1e-12, 1.5 + 1e-12]}).moved_by == ()


def test_facts_that_are_one_number_have_a_fifth_to_either_side():
    assert around(2.9, "x") == Fact(pytest.approx(2.32), pytest.approx(3.48), "x")
    assert around(-1.0, "x")[:2] == (-1.2, -0.8)
    assert len({it.name for it in HEADLINES}) == len(HEADLINES)


def test_headlines_are_numbers_of_the_summary():
    from experiments.measures.market.run import Run
    from experiments.measures.market_summary import summary
    from worlds.hand_market import hand_market

    table = summary(Run(hand_market()))[["metric", "value"]].assign(replication=0)
    [seed] = numbers_by_seed(table)
    assert {it.name for it in HEADLINES} <= set(seed)
    assert seed["requests_growth"] == pytest.approx(log(16 / 6))


def test_marketplaces_have_their_rules_at_inputs_and_draw_alike_one_rung_up(market):
    """Three in four at k = 2 and one in four at k = 6 answer a price by 3 (E160); a curve has no exponent."""
    two = {"a": {"policy": {"kind": "openrouter_classic", "k": 2}, "start_share": 3.0},
           "b": {"policy": {"kind": "openrouter_classic", "k": 6}}}
    both = small(supply=market.supply.model_dump(mode="json"), marketplaces=two)
    assert inputs_alone(both, 0)["elasticity_within_models"] == -3
    assert [it.policy.kind for it in policies_in_use(simulated(both)[UNIFORM]).values()] == ["random"] * 2
    assert simulated(both)[WHOLE].marketplaces == both.marketplaces
    curved = small(marketplaces=two | {"b": {"policy": {"kind": "openrouter_adjusted"}}})
    assert exponents_in_use(curved)[0] == 2
    assert isnan(exponents_in_use(curved)[1])
    assert isnan(mean_exponent(curved))
