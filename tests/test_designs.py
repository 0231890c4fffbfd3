"""Designs: complete, reproducible, refused in one sentence; their indices against functions that are known."""

import math

import numpy as np
import pytest

from experiments.api import load
from experiments.lab.designs import (
    DesignError,
    Factor,
    factor_rows,
    make_plan,
    parse_grid,
    parse_vary,
    sensitivity,
    value_at,
    with_ranges,
)

TWO = (Factor("a", (), 0.0, 1.0), Factor("b", (), 1.0, 100.0, "log"))


def answers(plan, function, factors=3):
    rows = [[point[f"x{i}"] for i in range(1, factors + 1)] for point in plan.points]
    return np.array([[function(*row)] for row in rows])


def ishigami(x1, x2, x3, a=7.0, b=0.1):
    return math.sin(x1) + a * math.sin(x2) ** 2 + b * x3**4 * math.sin(x1)


@pytest.mark.analytical
def test_sobol_indices_of_ishigami():
    """S1 = .3139, .4424, 0 and ST = .5576, .4424, .2437; four standard errors: false alarm 4e-4 in all."""
    factors = [Factor(f"x{i}", (), -math.pi, math.pi) for i in (1, 2, 3)]
    plan = make_plan("sobol", factors, samples=4096)
    assert len(plan.points) == 4096 * 5
    found = sensitivity(plan, answers(plan, ishigami)).set_index(["index", "factor"])
    known = {"S1": (0.3139, 0.4424, 0.0), "ST": (0.5576, 0.4424, 0.2437)}
    for index, values in known.items():
        for i, value in enumerate(values):
            row = found.loc[(index, f"x{i + 1}")]
            assert row["value"] == pytest.approx(value, abs=2 * (row["high"] - row["low"]) / 1.96 + 1e-4)
            assert row["high"] - row["low"] < 0.12


@pytest.mark.analytical
def test_morris_effects_of_a_linear_function():
    """Effects are the slopes over the whole range, and nothing bends or interacts."""
    factors = [Factor(f"x{i}", (), 0.0, 2.0) for i in (1, 2, 3)]
    plan = make_plan("morris", factors, samples=10)
    assert len(plan.points) == 40
    found = sensitivity(plan, answers(plan, lambda a, b, c: 3 * a - 5 * b)).set_index(["index", "factor"])["value"]
    for index, values in {"mu_star": (6, 10, 0), "mu": (6, -10, 0), "sigma": (0, 0, 0)}.items():
        assert found[index].to_numpy() == pytest.approx(values, abs=1e-4)


def test_the_share_of_noise():
    rng = np.random.default_rng(1)
    plan = make_plan("sobol", TWO, samples=512)
    signal = np.array([[point["a"]] for point in plan.points])  # variance 1/12
    noisy = signal + rng.normal(0, math.sqrt(1 / 12), (len(signal), 4))  # of the mean of four: a quarter of that
    share = sensitivity(plan, noisy).set_index("index").loc["noise_share", "value"]
    assert share == pytest.approx(0.2, abs=0.03)
    assert math.isnan(sensitivity(plan, signal).set_index("index").loc["noise_share", "value"])


def test_a_point_without_an_answer_leaves_no_index():
    plan = make_plan("morris", TWO, samples=3)
    found = sensitivity(plan, np.where(np.arange(len(plan.points)) == 4, np.nan, 1.0)[:, None])
    assert found["value"].isna().all()


def test_grids_are_complete_in_order():
    plan = make_plan("grid", [parse_grid("a=1,2"), parse_grid("b=x,true,0.5")])
    assert plan.points == tuple({"a": a, "b": b} for a in (1, 2) for b in ("x", True, 0.5))


def test_one_at_a_time_keeps_the_others_at_the_base():
    plan = make_plan("one-at-a-time", [parse_grid("a=1,2,3"), parse_grid("b=5,6")], base={"a": 2, "b": 5})
    assert plan.points == ({"a": 2, "b": 5}, {"a": 1, "b": 5}, {"a": 3, "b": 5}, {"a": 2, "b": 6})


@pytest.mark.parametrize("kind", ["latin-hypercube", "sobol-sequence", "random", "morris", "sobol"])
def test_sampled_points_lie_in_their_ranges_and_come_again(kind):
    plan = make_plan(kind, TWO, samples=16, seed=5)
    assert plan == make_plan(kind, TWO, samples=16, seed=5)
    assert plan.points != make_plan(kind, TWO, samples=16, seed=6).points
    assert all(0 <= point["a"] <= 1 and 1 <= point["b"] <= 100 for point in plan.points)
    assert len(plan.points) == {"morris": 48, "sobol": 64}.get(kind, 16)


def test_a_latin_hypercube_has_one_point_in_every_stratum():
    plan = make_plan("latin-hypercube", TWO, samples=20)
    assert sorted(int(20 * point["a"]) for point in plan.points) == list(range(20))
    assert sorted(int(10 * math.log10(point["b"])) for point in plan.points) == list(range(20))


def test_levels_and_whole_numbers_get_equal_shares():
    factor = Factor("n", (), 1, 6, "integer")
    assert [factor.at((i + 0.5) / 12) for i in range(12)] == [1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6]
    assert factor.at(1.0) == 6
    assert [Factor("k", ("x", "y")).at(u) for u in (0, 0.49, 0.5, 1.0)] == ["x", "x", "y", "y"]


def test_fields_bring_their_own_ranges():
    scenario = load("tournament")
    (load_factor,) = with_ranges([parse_vary("traffic.load")], scenario)
    assert (load_factor.low, load_factor.high) == (0.3, 1.5)
    paths = [row[0] for row in factor_rows(scenario)]
    assert "routers.main.attempts.maximum" in paths
    assert "demand.chat-llama.prompt_tokens.mean" in paths
    for path in paths[1:]:
        value_at(scenario, path)
    assert "customers.choice.taste" in [row[0] for row in factor_rows(load("openrouter-2026"))]


@pytest.mark.parametrize(("make", "words"), [
    (lambda: parse_grid("traffic.load"), "not of the form field=a,b,c"),
    (lambda: parse_grid("a=1,,2"), "not of the form"),
    (lambda: parse_grid("a=1,1"), "twice"),
    (lambda: parse_vary("a=1..x"), "not of the form field=low..high"),
    (lambda: parse_vary("a=2..1"), "2 to 1, but its ends must be finite numbers in rising order"),
    (lambda: parse_vary("a=0..1:log"), "must start above 0"),
    (lambda: parse_vary("a=0..1:cubic"), "scale is 'cubic'"),
    (lambda: parse_vary("a=0..1.5:integer"), "whole numbers"),
    (lambda: make_plan("spiral", TWO), "must be one of grid"),
    (lambda: make_plan("grid", TWO), "no list of values"),
    (lambda: make_plan("random", [TWO[0], TWO[0]], samples=5), "factor a stands twice"),
    (lambda: make_plan("morris", TWO, samples=1), "at least 2"),
    (lambda: make_plan("sobol", TWO, samples=12), "power of 2, such as 16"),
    (lambda: make_plan("random", [], samples=5), "at least one factor"),
    (lambda: make_plan("random", [Factor("a")], samples=5), "neither values nor a range"),
    (lambda: with_ranges([parse_vary("traffic.lod")], load("duel")), "did you mean"),
    (lambda: with_ranges([parse_vary("traffic.duration_s")], load("duel")), "no range of its own"),
    (lambda: with_ranges([parse_grid("traffic=1,2")], load("duel")), "is a table"),
    (lambda: sensitivity(make_plan("grid", [parse_grid("a=1,2")]), np.zeros((2, 1))), "no sensitivity indices"),
])
def test_mistakes_are_told_in_one_sentence(make, words):
    with pytest.raises(DesignError, match=words) as error:
        make()
    assert "\n" not in str(error.value)
