"""Regressions on a platform whose demand is known: limits by hand, and an independent implementation."""

import argparse
import json

import numpy as np
import pytest

from experiments.studies.elasticities import STUDY, estimators, measures
from experiments.studies.elasticities.assumed import Platform, PlatformAssumptions, Prices
from experiments.studies.elasticities.estimators import Slope
from experiments.studies.elasticities.measures import Estimates, FoundSlopes
from experiments.studies.elasticities.platform_data import Panel, draw_panel, likings, posted, rule_shares
from experiments.verdicts.deciding import decide
from sim.streams import Streams

SMALL = Platform(models=8, weeks=12)


def by_hand(log_price: np.ndarray, shock: np.ndarray, routed: float, exponent: float, chosen: np.ndarray) -> Panel:
    """A panel without noise of one model, (weeks, hosts): as many requests that expected counts are whole enough."""
    weeks, hosts = log_price.shape
    week, host = np.meshgrid(np.arange(weeks), np.arange(hosts), indexing="ij")
    price, size = np.exp(log_price), 10**12
    rule = routed * rule_shares(price.T, exponent).T
    two = [np.concatenate([column.ravel(), column.ravel() + shift]) for column, shift in
           ((np.zeros_like(week), 1), (host, hosts), (week, 0))]  # the same once more: a cluster alone has no error
    counts = [np.tile(np.round(size * part).astype(np.int64).ravel(), 2)
              for part in ((1.0 - routed) * chosen, rule, np.full_like(rule, routed / hosts))]
    return Panel(*two, np.tile(price.ravel(), 2), np.tile(shock.ravel(), 2), *counts)


def test_the_rule_draws_by_inverse_square():
    """Prices 1, 2, 3: weights 1, 1/4, 1/9, as the platform's documentation has it."""
    assert rule_shares(np.array([1.0, 2.0, 3.0]), 2.0) == pytest.approx([0.7347, 0.1837, 0.0816], abs=1e-4)
    assert rule_shares(np.array([1.0, 2.0, 3.0]), 0.0) == pytest.approx([1 / 3] * 3)


@pytest.mark.parametrize(("routed", "exponent", "hosts"), [(0.57, 2.0, 4), (1.0, 3.0, 3), (0.3, 2.0, 8)])
def test_the_slope_of_equal_hosts_is_the_rule_s(routed, exponent, hosts):
    """Prices that hardly move, choosers who do not look at them: -k phi, and not -k phi (1 - 1/N) (E119)."""
    shock = 1e-4 * np.random.default_rng(1).normal(size=(6, hosts))
    panel = by_hand(shock, shock, routed, exponent, np.full((6, hosts), 1 / hosts))
    found = estimators.fixed_effects(panel, panel.requests)
    assert found.value == pytest.approx(-exponent * routed, rel=1e-3)
    assert estimators.by_rents(panel, panel.requests).value == pytest.approx(-exponent * routed, rel=1e-3)
    assert estimators.routed_from_slope(found.value, exponent) == pytest.approx(routed, rel=1e-3)
    naive = estimators.routed_naively(found.value, exponent, hosts)
    assert naive == pytest.approx(routed * hosts / (hosts - 1), rel=1e-3)
    assert estimators.random_routing(panel).value == pytest.approx(0.0, abs=1e-3)
    assert estimators.routed_in(panel) == pytest.approx(routed)


def test_published_slopes_say_what_is_routed():
    """-1.11 at k = 2 is .555; read as an own elasticity .617 with ten hosts, .694 with five."""
    assert estimators.routed_from_slope(-1.11, 2.0) == 0.555
    assert estimators.routed_naively(-1.11, 2.0, 10) == pytest.approx(0.6167, abs=1e-4)
    assert estimators.routed_naively(-1.11, 2.0, 5) == pytest.approx(0.69375)


def test_levels_say_it_of_hosts_that_differ_too():
    """Popularity unlike the rule's shares, prices far apart: s = phi r + (1 - phi) pi is exact (E118), logs are not."""
    shock = np.random.default_rng(2).normal(0.0, 0.3, size=(8, 4))
    level = np.array([0.8, 0.3, -0.3, -0.8])  # the dear ones are chosen most, and routed to least
    panel = by_hand(shock + level, shock, 0.4, 2.0, np.tile([0.6, 0.25, 0.1, 0.05], (8, 1)))
    for moved in (True, False):
        assert estimators.routed_by_levels(panel, 2.0, moved).value == pytest.approx(0.4, abs=1e-9)
    logs = estimators.fixed_effects(panel, panel.requests)
    assert abs(estimators.routed_from_slope(logs.value, 2.0) - 0.4) > 0.05


def test_estimators_agree_with_dummies():
    """Least squares and two stages with a column a fixed effect, clustered, and nothing demeaned."""
    panel = draw_panel(SMALL.model_copy(update={"models": 4, "most_hosts": 5}), Prices(), Streams(3, 0))
    cells = panel.model * 100 + panel.week
    others = np.hstack([np.equal.outer(cells, np.unique(cells)), np.equal.outer(panel.host, np.unique(panel.host))])
    y, x = np.log(panel.requests), np.log(panel.price)

    def fitted(of: np.ndarray, on: np.ndarray) -> tuple[float, np.ndarray]:
        columns = np.column_stack([on, others])
        found = np.linalg.lstsq(columns, of, rcond=None)[0]
        return float(found[0]), columns @ found

    slope, _ = fitted(y, x)
    assert estimators.fixed_effects(panel, panel.requests).value == pytest.approx(slope, rel=1e-6)
    _, first = fitted(x, panel.shock)
    slope, _ = fitted(y, first)
    staged = estimators.by_rents(panel, panel.requests)
    assert staged.value == pytest.approx(slope, rel=1e-6)
    # the sandwich with what is not explained at the price itself, and not at what the first stage makes of it
    _, left = fitted(y - slope * x, np.zeros(len(y)))
    moved = first - others @ np.linalg.lstsq(others.astype(float), first, rcond=None)[0]
    scores = np.array([np.sum((moved * (y - slope * x - left))[panel.model == m]) for m in range(4)])
    n, absorbed = len(y), np.linalg.matrix_rank(others)
    factor = 4 / 3 * (n - 1) / (n - 1 - absorbed)
    assert staged.std_error == pytest.approx(np.sqrt(factor * scores @ scores) / (moved @ moved), rel=1e-3)


def test_without_a_rule_there_is_no_demand_to_find():
    """Over seeds the instrumented slope of a router that draws at random is 0, and of the random arm, too."""
    draws = [draw_panel(Platform(exponent=0.0, models=20), Prices(), Streams(5, r)) for r in range(8)]
    slopes = np.array([[estimators.by_rents(it, it.requests).value, estimators.random_routing(it).value]
                       for it in draws])
    errors = slopes.std(axis=0, ddof=1) / np.sqrt(len(draws))
    assert np.all(np.abs(slopes.mean(axis=0)) < 4.0 * errors)
    assert np.all(errors < 0.05)


def test_prices_that_answer_demand_hide_part_of_the_rule():
    """A host that is popular asks more: least squares is nearer to 0 than the rule, rents are not (eight seeds)."""
    draws = [draw_panel(Platform(models=20), Prices(), Streams(6, r)) for r in range(8)]
    plain = np.array([estimators.fixed_effects(it, it.requests).value for it in draws])
    moved = np.array([estimators.by_rents(it, it.requests).value for it in draws])
    assert plain.mean() > moved.mean() + 0.1


def test_prices_stand_until_a_review_and_likings_are_stationary():
    prices = Prices(review_per_day=0.05, liking_sd=0.5, liking_memory=0.9)
    draws = np.random.default_rng(4)
    path = posted(prices, np.zeros((400, 50)), np.zeros((400, 50)), draws)
    moved = np.mean(path[1:] != path[:-1])
    assert moved == pytest.approx(1 - 0.95**7, abs=0.02)
    liking = likings(prices, 400, 200, draws)
    assert liking.std(axis=1)[[0, 100, 399]] == pytest.approx([0.5] * 3, rel=0.2)
    assert np.corrcoef(liking[:-1].ravel(), liking[1:].ravel())[0, 1] == pytest.approx(0.9, abs=0.02)


def test_a_model_more_leaves_the_others_as_they_are():
    few, more = (draw_panel(SMALL.model_copy(update={"models": n}), Prices(), Streams(1, 0)) for n in (3, 4))
    same = more.model < 3
    assert all(np.array_equal(a, b[same]) for a, b in zip(few, more, strict=True))
    assert np.array_equal(few.requests, few.chosen + few.by_rule)


def made(slope=-1.0, levels=0.5, demand=0.0):
    """Estimates with a standard error of .1 each, of a routed share of .5 among five hosts; 21 models."""
    return Estimates(Slope(slope, 0.1, 9), Slope(-0.9, 0.1, 9), Slope(0.1, 0.1, 9), Slope(levels, 0.1, 9), demand, 0.5,
                     5.0, 21)


def test_far_and_covered_by_hand():
    """Two standard errors; t with 20 degrees of freedom is 2.086."""
    assert [measures.apart(made(slope)) for slope in (-0.21, -0.19, 0.19, 0.21)] == [1.0, 0.0, 0.0, 1.0]
    assert measures.apart(made(-1.0, demand=-0.9)) == 0.0
    assert [measures.covered(made(levels=0.5 + off)) for off in (-0.21, -0.208, 0.208, 0.21)] == [0.0, 1.0, 1.0, 0.0]


def test_the_table_by_hand():
    found = FoundSlopes(PlatformAssumptions(), (made(-1.0), made(-0.8)), (made(0.2), made(0.4)))
    table = measures.summary(found).set_index("estimate")
    assert table["mean"].to_dict() == pytest.approx({
        "least squares, as published": -0.9, "prices moved by rents": -0.9, "routed at random": 0.1,
        "least squares, no rule": 0.3, "prices moved by rents, no rule": -0.9,
        "-slope / (k (1 - 1/N))": 0.45 / 0.8, "-slope / k, least squares": 0.45, "-slope / k, rents": 0.45,
        "in levels, rents": 0.5})
    assert table["bias"]["-slope / k, rents"] == pytest.approx(-0.05)
    assert table["truth"][["routed at random", "in levels, rents"]].tolist() == [0.0, 0.5]
    assert STUDY.statistics(found) == {"apart": [1.0, 1.0], "covered": [1.0, 1.0]}
    assert STUDY.control(found) == [-0.9, -0.9]
    assert STUDY.inputs_alone(found)["L0 slope from k and the routed share alone"] == [-1.0, -1.0]


def test_worlds_built_so_and_opposite():
    for world, said in ((STUDY.built_so(), "supported"), (STUDY.opposite(), "contradicted")):
        assert decide(STUDY.rule, STUDY.statistics(world), STUDY.control(world)).said == said


def test_options_designs_and_looks():
    parser = argparse.ArgumentParser()
    STUDY.add_options(parser)
    design = STUDY.design(parser.parse_args(["--assume", "platform.routed=0.3", "--replications", "2"]))
    assert design.assumed.platform.routed == 0.3
    assert STUDY.look(design) == "2 of the rule's 40 seeds"
    assert STUDY.look(STUDY.design(parser.parse_args([]))) == ""
    assert STUDY.read(None, json.loads(json.dumps(design.parameters()))) == design
    look = STUDY.quick(design)
    assert look.leaves_out == "8 of 40 seeds"
    assert STUDY.assumptions(look.design) is None
    factors, at = STUDY.assumptions(STUDY.design(parser.parse_args([])))
    assert {"platform.routed", "prices.answer"} <= {factor.path for factor in factors}
    assert at({"platform.routed": 1e-4, "prices.answer": 0.0, "platform.models": 4})["apart"] < 1.0


@pytest.mark.parametrize("path", [f"{part}.{name}" for part, form in (("platform", Platform), ("prices", Prices))
                                  for name in form.model_fields])
def test_every_assumption_changes_the_data(path):
    base = {"platform": {"models": 3, "weeks": 6, "own_elasticity": 0.3, "most_hosts": 6}, "prices": {}}
    part, name = path.split(".")
    usual = getattr(getattr(PlatformAssumptions.model_validate(base), part), name)
    other = {**base, part: {**base[part], name: usual + 3 if isinstance(usual, int) else 0.9 * usual}}
    first, second = (draw_panel(it.platform, it.prices, Streams(9, 0))
                     for it in map(PlatformAssumptions.model_validate, (base, other)))
    assert len(first.price) != len(second.price) or not np.array_equal(first.requests, second.requests)
