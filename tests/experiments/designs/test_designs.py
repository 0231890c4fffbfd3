"""Designs: complete, reproducible, refused in one sentence; their indices against functions that are known."""

import math

import numpy as np
import pytest

from experiments import load
from experiments.designs import (
    INDICES,
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
from experiments.designs.design_file import read_design
from experiments.designs.sensitivity import noise_share
from experiments.designs.sweepable import range_of, sweepable
from experiments.runs.keys import specs_of
from experiments.studies.sweep.design import planned
from sim.scenario.load import plain
from worlds.places import ROOT

EXAMPLES = ROOT / "examples" / "designs"
TWO = (Factor("a", (), 0.0, 1.0), Factor("b", (), 1.0, 100.0, "log"))


def answers(plan, function, names=("x1", "x2", "x3")):
    return np.array([[function(*(point[name] for name in names))] for point in plan.points])


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
def test_the_pair_of_ishigami():
    """S2 = .2437 of x1 and x3, 0 of the others; four standard errors: false alarm 2e-4 in all."""
    factors = [Factor(f"x{i}", (), -math.pi, math.pi) for i in (1, 2, 3)]
    plan = make_plan("sobol-pairs", factors, samples=2048)
    assert len(plan.points) == 2048 * 8
    found = sensitivity(plan, answers(plan, ishigami)).set_index(["index", "factor"])
    for pair, value in {"x1 × x2": 0.0, "x1 × x3": 0.2437, "x2 × x3": 0.0}.items():
        row = found.loc[("S2", pair)]
        assert row["value"] == pytest.approx(value, abs=2 * (row["high"] - row["low"]) / 1.96 + 1e-4)
        assert row["high"] - row["low"] < 0.25
    assert found.loc[("ST", "x3"), "value"] == pytest.approx(0.2437, abs=0.02)


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


def test_what_replications_share_is_no_noise():
    """Under common random numbers a replication moves all points together, and no point against another."""
    rng = np.random.default_rng(2)
    plan = make_plan("random", TWO, samples=400)
    signal = np.array([[point["a"]] for point in plan.points])
    shared, own = rng.normal(0, 5, (1, 3)), rng.normal(0, math.sqrt(1 / 12), (len(signal), 3))
    assert noise_share(signal + shared) == pytest.approx(0, abs=1e-12)
    assert noise_share(signal + shared + own) == pytest.approx(0.25, abs=0.04)


@pytest.mark.parametrize("kind", list(INDICES))
def test_a_point_without_an_answer_leaves_no_index(kind):
    plan = make_plan(kind, TWO, samples=4)
    values = np.ones((len(plan.points), 1))
    whole = sensitivity(plan, values)
    assert set(whole["index"]) == {*INDICES[kind], "noise_share"}
    values[4] = np.nan
    broken = sensitivity(plan, values, {4: "the cat slept on it"})
    assert broken["value"].isna().all()
    assert list(broken["factor"]) == list(whole["factor"])
    where = f"the first at a {plan.points[4]['a']:.6g}, b {plan.points[4]['b']:.6g}: the cat slept on it"
    assert set(broken["note"]) == {f"1 of {len(plan.points)} points lacks a value: {where}"}
    shown = whole["value"].notna()
    assert (whole["note"] == "").equals(shown)  # a reason where there is no value, and only there


@pytest.mark.parametrize("kind", list(INDICES))
def test_indices_come_again(kind):
    plan = make_plan(kind, TWO, samples=16, seed=0)
    values = answers(plan, lambda a, b: a + math.log(b) ** 2, ("a", "b"))
    found = sensitivity(plan, values)
    assert found.equals(sensitivity(make_plan(kind, TWO, samples=16, seed=0), values))


def test_grids_are_complete_in_order():
    plan = make_plan("grid", [parse_grid("a=1,2"), parse_grid("b=x,true,0.5")])
    assert plan.points == tuple({"a": a, "b": b} for a in (1, 2) for b in ("x", True, 0.5))


def test_one_at_a_time_keeps_the_others_at_the_base():
    plan = make_plan("one-at-a-time", [parse_grid("a=1,2,3"), parse_grid("b=5,6")], base={"a": 2, "b": 5})
    assert plan.points == ({"a": 2, "b": 5}, {"a": 1, "b": 5}, {"a": 3, "b": 5}, {"a": 2, "b": 6})


@pytest.mark.parametrize("kind", ["latin-hypercube", "sobol-sequence", "random", *INDICES])
def test_sampled_points_lie_in_their_ranges_and_come_again(kind):
    plan = make_plan(kind, TWO, samples=16, seed=5)
    assert plan == make_plan(kind, TWO, samples=16, seed=5)
    assert plan.points != make_plan(kind, TWO, samples=16, seed=6).points
    assert all(0 <= point["a"] <= 1 and 1 <= point["b"] <= 100 for point in plan.points)
    assert len(plan.points) == {"morris": 48, "sobol": 64, "sobol-pairs": 96, "morris+sobol": 112}.get(kind, 16)


def test_a_latin_hypercube_has_one_point_in_every_stratum():
    plan = make_plan("latin-hypercube", TWO, samples=20)
    assert sorted(int(20 * point["a"]) for point in plan.points) == list(range(20))
    assert sorted(int(10 * math.log10(point["b"])) for point in plan.points) == list(range(20))


def test_levels_and_whole_numbers_get_equal_shares():
    factor = Factor("n", (), 1, 6, "integer")
    assert [factor.at((i + 0.5) / 12) for i in range(12)] == [1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6]
    assert factor.at(1.0) == 6
    assert [Factor("k", ("x", "y")).at(u) for u in (0, 0.49, 0.5, 1.0)] == ["x", "x", "y", "y"]


def test_a_range_keeps_its_ends_whatever_their_digits():
    factor = Factor("x", (), 1.00000049, 2.00000051)
    assert (factor.at(0.0), factor.at(1.0)) == (1.00000049, 2.0)
    assert Factor("x", (), 0.1234567, 0.2345678, "log").at(1.0) <= 0.2345678


def test_one_at_a_time_starts_from_the_scenario():
    scenario = load("duel", 'routers.main.policy={kind="power_of_d", d=2}')
    factors = (parse_grid("policy=power_of_d:d=2,cheapest"), parse_grid("routers.main.policy.d=2,3"),
               parse_grid("traffic.load=0.5"))
    points = planned("one-at-a-time", factors, scenario, 0, 1).points
    assert points[0] == {"policy": "power_of_d:d=2", "routers.main.policy.d": 2, "traffic.load": value_at(
        scenario, "traffic.load")}
    assert [len(set(point.items()) - set(points[0].items())) for point in points] == [0, 1, 1, 1]
    assert value_at(load("duel", 'routers.main.policy={kind="power_of_d"}'), "routers.main.policy.d") == 2
    assert value_at(load("duel", "routers.main.policy.kind=random"), "routers.main.policy.d") is None


@pytest.mark.parametrize("name", ["tournament", "openrouter-2026"])
def test_ranges_are_allowed_reasoned_and_around_the_default(name):
    scenario = load(name)
    points = []
    for path, info in sweepable(scenario).items():
        span, value = range_of(info), value_at(scenario, path)
        factor = Factor(path, (), span["low"], span["high"], span["scale"])
        points += [{path: factor.at(share)} for share in (0.0, 1.0)]
        assert value is None or factor.low <= value <= factor.high, path
        assert span["source"] != "assumption", path
    kind = "traffic" if name == "tournament" else "market"
    assert [spec.problem for spec in specs_of(kind, plain(scenario), points, 1) if spec.problem] == []
    assert len(points) > 100


@pytest.mark.parametrize("path", sorted(EXAMPLES.glob("*.toml")), ids=lambda path: path.stem)
def test_examples_can_be_planned(path):
    design = read_design(path)
    scenario = load(design.study.scenario, *design.study.set)
    plan = planned(design.design.kind, design.listed(), scenario, design.design.samples, design.design.seed)
    assert len(plan.factors) >= 8
    specs = specs_of("traffic", plain(scenario), plan.points[::40], 1)
    assert [spec.problem for spec in specs if spec.problem] == []


STUDY = '[study]\nkind = "tournament"\n'


@pytest.mark.parametrize(("text", "words"), [
    ("[study", "is not valid TOML"),
    (STUDY, "factors is missing"),
    (STUDY + "[factors]", "factors"),
    ("[factors]\na = [1]", "study is missing"),
    ('[study]\nkind = "auction"\n[factors]\na = [1]', "study.kind is 'auction'"),
    (STUDY + "replicatons = 3\n[factors]\na = [1]", "study.replicatons is not a known field; did you mean "
     "replications"),
    (STUDY + "replications = 0\n[factors]\na = [1]", "study.replications is 0"),
])
def test_mistakes_of_design_files(text, words, tmp_path):
    path = tmp_path / "d.toml"
    path.write_text(text)
    with pytest.raises(DesignError, match=words):
        read_design(path)


@pytest.mark.parametrize(("factor", "words"), [
    ("[]", "the list of values is empty"),
    ("[1, 1]", "names a value twice"),
    ("[nan]", "nan is not a finite number"),
    ("{ low = 1.0 }", "one end of a range"),
    ("{ low = 2.0, high = 1.0 }", "finite numbers in rising order"),
    ("{ low = 0.0, high = 1.0, scale = 'log' }", "must start above 0"),
    ("3", "a is 3, but must be a list of values or a table with low and high"),
    ("[[1]]", r"\[1\] is no number, text, true or false"),
    ("{ lo = 1.0, high = 2.0 }", "factor a: lo is not a known field; did you mean low"),
    ("{ low = 'x', high = 2.0 }", "factor a: low is 'x'"),
    ("{ scale = 'log' }", "a scale but no range"),
])
def test_mistakes_of_a_file_s_factors(factor, words, tmp_path):
    path = tmp_path / "d.toml"
    path.write_text(f"{STUDY}[factors]\na = {factor}\n")
    with pytest.raises(DesignError, match=words) as error:
        read_design(path)
    assert "\n" not in str(error.value)


def test_a_design_file_holds_levels_and_ranges(tmp_path):
    path = tmp_path / "d.toml"
    path.write_text(STUDY + '[factors]\na = [1, true, "x", 0.5]\nb = { low = 1.0, high = 9.0, scale = "log" }\nc = {}')
    wanted = (Factor("a", (1, True, "x", 0.5)), Factor("b", (), 1.0, 9.0, "log"))
    assert [repr(factor) for factor in read_design(path).listed()[:2]] == [repr(factor) for factor in wanted]  # nan
    assert not read_design(path).listed()[2].has_range


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
    (lambda: parse_vary("a=nan..nan"), "two finite numbers"),
    (lambda: parse_vary("a=nan..1"), "finite numbers"),
    (lambda: parse_grid("a=1,inf"), "inf is not a finite number"),
    (lambda: make_plan("random", TWO, samples=5, seed=-1), "seed of the design is -1"),
    (lambda: make_plan("one-at-a-time", [parse_grid("a=1,2")], base={"a": None}), "no value in the base"),
    (lambda: value_at(load("duel"), "routers.main.policy.expnent"), "did you mean exponent"),
    (lambda: with_ranges([parse_vary("router.fee_share")], load("openrouter-2026")), "no range of its own"),
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
