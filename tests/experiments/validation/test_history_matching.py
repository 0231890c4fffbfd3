"""History matching on markets with known answers: functions of two parameters, and no engine."""

from dataclasses import replace
from math import exp, isnan, log, nan, sqrt

import numpy as np
import pytest

from experiments.validation.facts.fact_ledger import FactLedger, LedgerError
from experiments.validation.history.emulator import _covariance, fitted_emulator
from experiments.validation.history.findings import found_data, learned, told_text
from experiments.validation.history.kept_calibration import found_page
from experiments.validation.history.learned import best_place, conflicts, pseudo_truths, ranges, singular_values
from experiments.validation.history.matching import MarketTrial, MatchingPlan, _Done, matched
from experiments.validation.history.picking import maximin, sobol, what_is_left
from experiments.validation.history.priors import centre, paths_of, place_of_values, point_of, values_at
from experiments.validation.history.ruling_out import MomentTarget, implausibility, second_largest, target_of
from experiments.validation.history.run_file import DoneRun
from experiments.validation.history.standing_runs import told_of_runs

SD = 0.05  # of a run around its expectation
PLAN = MatchingPlan(centre=8, cover=24, waves=(12,), final=32, final_replications=3, seed=3)


def ledger(**observed):
    """Facts of two parameters that matter and one that does not, with bands that nobody looks at here."""
    facts = [{"name": name, "says": name, "source": "here", "place": "calibrated", "measure": name, "low": -100.0,
              "observed": value, "observed_sd": 0.03, "discrepancy": 0.04} for name, value in observed.items()]
    facts.append({"name": "told", "says": "told", "source": "here", "place": "predicted", "measure": "m", "low": 0.0})
    parameters = [{"name": name, "says": name, "source": "here", "paths": [name], "low": low, "high": high,
                   "scale": scale} for name, low, high, scale in (
                       ("a", 0.0, 2.0, "linear"), ("b", 1.0, 100.0, "log"), ("idle", 0.0, 1.0, "linear"))]
    return FactLedger.model_validate({"title": "t", "facts": facts, "parameters": parameters})


def market(trials):
    """Expectations 3a − b + a², a·b, 2b + a, a and b, of places in the cube, and a draw of each trial's own."""
    out = []
    for trial in trials:
        x, y, _ = trial.place
        noise = np.random.default_rng([trial.replication, *np.round(np.array(trial.place) * 1e6).astype(int)])
        values = np.array([3 * x - y + x * x, x * y, 2 * y + x, x, y]) + SD * noise.standard_normal(5)
        out.append({**dict(zip("fghij", values.tolist(), strict=True)), "told": x})
    return out


TRUTH = np.array([0.3, 0.7, 0.5])
MET = {"f": 3 * 0.3 - 0.7 + 0.09, "g": 0.21, "h": 1.7, "i": 0.3, "j": 0.7}


@pytest.fixture(scope="module")
def found():
    return matched(ledger(**MET), np.full(3, 0.5), market, PLAN)


def test_how_implausible_an_expectation_is():
    """Four tenths away; variances of .09, .16 and .75 add up to one."""
    fact = ledger(f=1.0).moments[0]
    target = target_of(fact, 0.16 - fact.discrepancy**2)
    assert target == ("f", 1.0, pytest.approx(0.03**2 + 0.16))
    assert implausibility(MomentTarget("f", 1.0, 0.25), np.array([1.4, 0.0]), 0.75) == pytest.approx([0.4, 1.0])


def test_a_value_s_place_is_how_far_it_is_from_the_low_end():
    """Two of one to five is a quarter; ten of one to a hundred is half of the way in the logarithm."""
    first, second, _ = ledger(f=1.0).parameters
    at = place_of_values([first.model_copy(update={"low": 1.0, "high": 5.0}), second], [2.0, 10.0])
    assert at == pytest.approx([0.25, 0.5])


def test_one_fact_alone_rules_nothing_out():
    assert second_largest(np.array([[9.0, 1.0, 2.0], [3.0, 4.0, nan]])).tolist() == [2.0, 4.0]
    assert second_largest(np.array([[9.0]])).tolist() == [9.0]


def test_an_emulator_of_a_quadratic_function_is_that_function():
    places = sobol(32, 2, 5)
    emulator = fitted_emulator(places, 1 + 2 * places[:, 0] - 3 * places[:, 0] * places[:, 1])
    new = np.array([[0.21, 0.83], [0.9, 0.05]])
    assert emulator.at(new).mean == pytest.approx(1 + 2 * new[:, 0] - 3 * new[:, 0] * new[:, 1], abs=2e-3)
    assert emulator.slopes(np.array([0.5, 0.25])) == pytest.approx([2 - 0.75, -1.5], abs=2e-2)


def test_how_alike_two_places_are():
    """The products of a quadratic function are 1 between two of the corners; the bump has fallen to exp(−1)."""
    logs = np.log([3.0, 2.0, 0.5, 1.0])
    assert _covariance(np.zeros((1, 2)), np.array([[1.0, 0.0]]), logs) == pytest.approx(9 + 4 * exp(-1))


def test_two_runs_at_the_centre_say_how_much_a_run_varies():
    done = _Done(ledger(f=1.0), lambda trials: [{"f": 1.0 + 2.0 * trial.replication} for trial in trials])
    done.run([MarketTrial("centre", (0.5, 0.5, 0.5), 0)])
    with pytest.raises(LedgerError, match="fact f has no value in some of the runs"):
        done.noise(done.moments[0])
    done.run([MarketTrial("centre", (0.5, 0.5, 0.5), 1)])
    assert done.noise(done.moments[0]) == pytest.approx(2.0)  # of 1 and 3


def test_a_run_left_out_is_what_the_others_say_of_it():
    """The closed form against an emulator that has never seen the run, its constants being the same."""
    places = sobol(16, 2, 5)
    values = np.sin(3 * places[:, 0]) + places[:, 1] + 0.1 * np.random.default_rng(1).standard_normal(16)
    emulator = fitted_emulator(places, values)
    told = emulator.left_out()
    rest = np.arange(16) != 4
    covariance = np.linalg.inv(emulator.inverse)
    within = np.linalg.inv(covariance[np.ix_(rest, rest)])
    cross = covariance[4, rest]
    assert told.mean[4] == pytest.approx(emulator.shift + emulator.scale * cross @ within @ emulator.values[rest])
    assert told.variance[4] == pytest.approx(emulator.scale**2 * (covariance[4, 4] - cross @ within @ cross))


def test_what_is_left_of_the_cube():
    """A sixteenth of it; then a corner that the first look over the cube hardly hits."""
    left = what_is_left(lambda at: (at < 0.5).all(axis=1), 4, 1)
    assert left.share == pytest.approx(1 / 16, abs=2e-3)
    corner = what_is_left(lambda at: (at < 0.25).all(axis=1), 4, 1)
    assert corner.share == pytest.approx(1 / 256, rel=0.1)
    assert len(corner.places) >= 400
    assert what_is_left(lambda at: (at > 0.75).all(axis=1), 4, 1).share == pytest.approx(1 / 256, rel=0.1)
    assert what_is_left(lambda at: at[:, 0] > 2, 4, 1).share == 0


def test_places_are_picked_far_from_each_other_and_from_runs():
    places = np.array([[0.0], [0.1], [0.5], [1.0]])
    assert maximin(places, 3, np.zeros((0, 1))).ravel().tolist() == [0.0, 1.0, 0.5]
    assert maximin(places, 2, np.array([[0.0]])).ravel().tolist() == [1.0, 0.5]
    assert len(maximin(places, 9, np.zeros((0, 1)))) == 4


def test_the_truth_is_found_and_what_says_nothing_is_not_identified(found):
    assert [(it.stage, it.runs) for it in found.waves] == [("cover", 32), ("wave 1", 44)]
    assert len(found.trials) == 44 + 32 * 3
    assert len(found.admissible) >= 20
    assert found.waves[-1].left.share < 0.15
    told = {it.name: it for it in ranges(ledger(**MET), found)}
    assert told["a"].identified
    assert told["b"].identified
    assert not told["idle"].identified
    for name, at in zip("ab", TRUTH, strict=False):
        assert told[name].low <= at <= told[name].high


def test_intervals_of_runs_left_out_hold_what_they_promise(found):
    for wave in found.waves:
        assert min(wave.coverage.values()) >= 0.85


def test_means_of_replications_are_held_to_the_facts(found):
    first, fact = found.final[0], ledger(**MET).moments[0]
    mine = [facts for trial, facts in zip(found.trials, found.facts, strict=True)
            if trial.stage == "final" and trial.place == first.place]
    mean = sum(facts["f"] for facts in mine) / 3
    assert first.facts["f"] == pytest.approx(mean)
    assert first.facts["told"] == first.place[0]
    noise = found.targets[0].variance - fact.observed_sd**2 - fact.discrepancy**2
    assert first.implausibility[0] == pytest.approx(
        abs(mean - MET["f"]) / sqrt(found.targets[0].variance + noise / 3))
    at_centre = [facts["f"] for trial, facts in zip(found.trials, found.facts, strict=True) if trial.stage == "centre"]
    assert noise == pytest.approx(np.var(at_centre, ddof=1))


def test_two_directions_of_three_are_told(found):
    """Derivatives by hand, over the standard deviations of what is unsure; the third parameter moves nothing."""
    x, y, _ = best_place(found)
    slopes = np.array([(3 + 2 * x, -1, 0), (y, x, 0), (1, 2, 0), (1, 0, 0), (0, 1, 0)])
    scaled = slopes / np.sqrt([it.variance for it in found.targets])[:, None]
    values = singular_values(found)
    assert values[:2] == pytest.approx(np.linalg.svd(scaled, compute_uv=False)[:2], rel=0.1)
    assert values[2] < 0.1 * values[1]


def test_truths_are_found_again(found):
    truths = pseudo_truths(ledger(**MET), found, 2)
    assert [it.recovered for it in truths] == [True] * 2
    assert max(it.share for it in truths) < 0.5


def test_facts_that_no_place_meets_are_named():
    """a·b = .9 takes both near 1, and 3a − b + a² = −.9 a near 0; h by itself would need 2b + a = 9."""
    asked = ledger(f=-0.9, g=0.9, h=9.0)
    found = matched(asked, np.full(3, 0.5), market, PLAN._replace(waves=(), cover=32))
    assert found.admissible == ()
    assert found.final == ()
    told = conflicts(found)
    assert told[0].facts == ("h",)
    assert told[0].nearest > 30
    assert told[1].facts == ("f", "g")
    assert isnan(ranges(asked, found)[0].of_prior)  # nothing is left
    text = told_text(asked, found_data(asked, found, learned(asked, found, 0)))
    assert "0 of 0 final places are admissible, fewer than 20: the market is misspecified" in text
    assert "Facts that no place meets: h (no place nearer than" in text
    assert "nothing is left" in text


def test_what_people_are_told(found):
    facts = ledger(**MET)
    text = told_text(facts, found_data(facts, found, learned(facts, found, 0)))
    assert "final places are admissible\n" in text
    assert "not identified" in next(line for line in text.splitlines() if line.startswith("idle"))
    assert "too sure" not in text
    assert "that failed" not in text
    lost = replace(found, facts=({"f": nan, "told": nan}, *found.facts[1:]))
    assert "runs that failed: 1" in told_text(facts, found_data(facts, lost, learned(facts, found, 0)))
    surer = replace(found, waves=(found.waves[-1]._replace(coverage={"f": 0.8, "g": 0.95}),))
    text = told_text(facts, found_data(facts, surer, learned(facts, surer, 0)))
    assert "below 0.9, are the emulators of: f 0.80" in text


ORIGIN = {"code": "0123456789", "ledger digest": "abcdefghij", "coarse": ["horizon.sampled_per_day=4000"]}


def test_what_the_page_tells(found):
    facts = ledger(**MET)
    data = {"provenance": ORIGIN, **found_data(facts, found, learned(facts, found, 2))}
    page = found_page(facts, data)
    assert page.startswith("Code 01234567, ledger abcdefgh, coarse by `horizon.sampled_per_day=4000`.")
    assert f"**{len(found.admissible)} of 32 final places are admissible.**\n" in page
    b = next(it for it in data["parameters"] if it["name"] == "b")
    line = next(line for line in page.splitlines() if line.startswith("| b | 1–100 |"))
    assert f"| {100 ** b['low']:.3g}–{100 ** b['high']:.3g} | {b['of_prior']:.2f} |" in line
    assert "| not identified |" in next(line for line in page.splitlines() if line.startswith("| idle |"))
    assert "pseudo-truths found again: 2 of 2 (implausibility " in page.replace("Pseudo", "pseudo")
    known = {**data, "singular values": [7.0, 1.0, 0.99]}
    assert "7, 1, 0.99; in 2 of 3 directions facts move by more" in found_page(facts, known)


def test_what_the_page_tells_of_a_market_that_cannot_be(found):
    facts = ledger(**MET)
    data = {"provenance": ORIGIN, **found_data(facts, found, learned(facts, found, 0))}
    data |= {"admissible": 3, "misspecified": True,
             "conflicts": [{"facts": ["f", "g"], "nearest implausibility": 4.25}],
             "parameters": [{**it, "low": None, "high": None, "of_prior": None} for it in data["parameters"]]}
    page = found_page(facts, data)
    assert "fewer than 20: the market is misspecified" in page
    assert "Facts that no place meets: f and g (no place nearer than 4.2)" in page
    assert "| a | 0–2 | nothing is left | – |" in page


def test_a_fact_without_a_value_is_refused():
    def lacking(trials):
        return [{**row, "g": nan} for row in market(trials)]
    with pytest.raises(LedgerError, match="fact g has no value in some of the runs at the centre"):
        matched(ledger(**MET), np.full(3, 0.5), lacking, PLAN)

    def seldom(trials):
        return [row if trial.stage == "centre" else {**row, "g": nan}
                for trial, row in zip(trials, market(trials), strict=True)]
    with pytest.raises(LedgerError, match="fact g has a value in 8 of 32 runs"):
        matched(ledger(**MET), np.full(3, 0.5), seldom, PLAN)
    nothing = ledger(**MET).model_copy(update={"parameters": ()})
    with pytest.raises(LedgerError, match="no calibrated fact or no parameter"):
        matched(nothing, np.zeros(0), market, PLAN)


BASE = {"a": 1.0, "b": 10.0, "idle": 0.5, "deep": {"x": {"v": 2.0, "w": "no"}, "y": {"v": -1.0}, "z": 3}}


def test_values_of_places_and_places_of_values():
    parameters = ledger(**MET).parameters
    assert values_at(parameters, np.array([0.25, 0.5, 1.0])) == (0.5, 10.0, 1.0)
    assert place_of_values(parameters, (0.5, 10.0, 1.0)) == pytest.approx([0.25, 0.5, 1.0])
    assert centre(parameters, BASE) == pytest.approx([0.5, 0.5, 0.5])
    with pytest.raises(LedgerError, match=r"parameter a is 5 in the scenario; it must lie within its prior, from 0 to"):
        centre(parameters, {**BASE, "a": 5.0})


def test_parameters_set_shift_and_multiply_what_their_paths_name():
    one = ledger(**MET).parameters[0]
    shift = one.model_copy(update={"paths": ("deep.*.v",), "how": "shift"})
    factor = one.model_copy(update={"paths": ("deep.x.v", "deep.z"), "how": "factor"})
    assert paths_of(shift, BASE) == ["deep.x.v", "deep.y.v"]
    assert point_of([shift], [0.5], BASE) == {"deep.x.v": 2.5, "deep.y.v": -0.5}
    assert point_of([factor], [0.5], BASE) == {"deep.x.v": 1.0, "deep.z": 1.5}
    assert centre([shift], BASE) == [0.0]
    with pytest.raises(LedgerError, match=r"parameter a sets nowhere\.v, which the scenario does not have"):
        point_of([one.model_copy(update={"paths": ("nowhere.v",)})], [0.5], BASE)
    with pytest.raises(LedgerError, match="must name numbers"):
        paths_of(one.model_copy(update={"paths": ("deep.x.w",)}), BASE)


def test_logarithms_of_values_and_of_priors():
    fact = ledger(f=2.0).moments[0].model_copy(update={"scale": "log"})
    assert target_of(fact, 0.0).observed == log(2)
    assert exp(fact.on_scale(3.0)) == pytest.approx(3.0)


def test_how_implausible_a_scenario_itself_is():
    """Two replications .1 apart: variance .005; V_obs + V_d is .0025, and the mean's own variance .0025."""
    facts = ledger(f=1.0, g=2.0)
    runs = [DoneRun("r", code, stage, 0, (), {"f": f, "g": g}) for code, stage, f, g in (
        ("old", "centre", 9.0, 9.0), ("c", "centre", 1.3, 2.05), ("c", "centre", 1.4, 1.95), ("c", "cover", 9.0, 9.0))]
    text = told_of_runs(facts, runs, ["centre: 2 of 20 runs"])
    assert text.startswith("Runs so far: centre: 2 of 20 runs.")
    assert "| f | 1 | 1.35 | 0.071 | 3.50 |" in text
    assert "| g | 2 | 2 | 0.071 | 0.00 |" in text
    assert "The second largest is 0.00: by these 2 replications the scenario itself would be kept" in text
    assert "nothing can be said yet" in told_of_runs(facts, runs[:1], [])
    worse = [run._replace(facts={**run.facts, "g": 5.0 + run.facts["g"]}) for run in runs]
    assert "the scenario itself is ruled out" in told_of_runs(facts, worse, [])
