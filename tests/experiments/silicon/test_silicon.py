"""Constants of step times: found again where they are known, and held against measured GPUs in the engine."""

import csv
import gzip
from collections import defaultdict
from dataclasses import fields
from statistics import median

import numpy as np
import pytest

from experiments.silicon.calibrating import Fitted, engine_latencies
from experiments.silicon.calibration_text import calibration_text
from experiments.silicon.composition import composition, lengths
from experiments.silicon.fitting import GROUPED, _Problem, sample_of, solve
from experiments.silicon.measured import (
    DataError,
    Layout,
    Load,
    Measurements,
    Point,
    half,
    read_measurements,
)
from experiments.silicon.surrogate import surrogate_of
from experiments.silicon.validating import error_table, points_frame, predicted
from providers.hardware.calibration import BUILT_IN, Calibration, Constants, built_in, read_calibration
from worlds.places import ROOT

DATA = ROOT.parent / "shared/data/perf/inferencex_silicon_sample.csv.gz"
TRUE = Constants(0.8, 0.55, 0.1, 0.3, 30e-6, 6e-6, 40e-6, 15e-6, 0.1, 70.0)
LAYOUTS = [
    Layout("h100-sxm", "llama-3.1-8b", "bf16", None, 1, 1), Layout("h200-sxm", "llama-3.1-70b", "fp8", None, 4, 1),
    Layout("b200-sxm", "minimax-m2.5", "fp8", None, 2, 1), Layout("b200-sxm", "deepseek-v3", "fp4", None, 8, 1),
    Layout("h200-sxm", "llama-3.1-8b", "fp8", None, 1, 1), Layout("h200-sxm", "gpt-oss-120b", "bf16", "fp4", 1, 1),
]
LOADS = [Load(4, 1024, 512), Load(32, 4096, 128), Load(128, 1024, 256), Load(64, 128, 128)]
needs_data = pytest.mark.skipif(not DATA.exists(), reason="measured serving is not at hand")


def made_up(constants_of, noise=0.0):
    """Points whose latencies are what the surrogate says, but for noise that is even over the points."""
    points = [Point(f"{layout.model}-{load.concurrency}", layout.precision, "vllm", layout, load, 1.0, 1.0, True)
              for layout in LAYOUTS for load in LOADS]
    first, later = surrogate_of(points).latencies_s(np.array([constants_of(point) for point in points]))
    sign = np.where(np.arange(len(points)) % 2, 1.0, -1.0)
    return [point._replace(ttft_s=a * (1 + noise * s), tpot_s=b * (1 + noise * s))
            for point, a, b, s in zip(points, first.tolist(), later.tolist(), sign.tolist(), strict=True)]


def test_known_constants_are_found():
    points = made_up(lambda _: TRUE)
    found = solve(sample_of(surrogate_of(points), range(len(points))), ())
    assert found.table[0] == pytest.approx(TRUE, rel=1e-3)


def test_constants_of_groups_are_found():
    own = {"h100-sxm": 0.6, "h200-sxm": 0.7, "b200-sxm": 0.9}
    # measured often: a few points would be drawn towards what is common to all groups
    points = made_up(lambda point: TRUE._replace(eta_memory=own[point.layout.gpu])) * 100
    sample = sample_of(surrogate_of(points), range(len(points)))
    found = solve(sample, ("eta_memory",))
    by_gpu = {gpu: row[0] for (gpu, _), row in zip(sample.groups, found.table.tolist(), strict=True)}
    for gpu, eta in own.items():
        assert by_gpu[gpu] == pytest.approx(eta, rel=0.03)  # drawn together a little
    assert len({row[1] for row in found.table.tolist()}) == 1  # the others are equal in all groups


def test_intervals_hold_what_they_should():
    points = made_up(lambda _: TRUE, noise=0.05)
    found = solve(sample_of(surrogate_of(points), range(len(points))), ())
    low, middle, high = found.low[0], found.table[0], found.high[0]
    assert np.all(low <= middle)
    assert np.all(middle <= high)
    assert low[0] < middle[0] < high[0]


def test_slopes_are_derivatives():
    points = made_up(lambda _: TRUE)
    problem = _Problem(sample_of(surrogate_of(points), range(len(points))),
                       tuple(Constants._fields.index(name) for name in GROUPED))
    x = problem.beginning() * 1.01
    slopes = problem.jacobian(x)
    for place in range(len(x)):
        step = np.zeros_like(x)
        step[place] = 1e-6
        difference = (problem.residuals(x + step) - problem.residuals(x - step)) / 2e-6
        assert slopes[:, place] == pytest.approx(difference, abs=1e-5)


def test_the_steps_of_a_lone_request_by_hand():
    """One user, prompts of one budget: a step prefills alone, then each decodes alone with one token more."""
    found = composition(Load(1, 100, 50))
    assert found.first.weight.sum() == pytest.approx(1.0)
    assert found.later.weight.sum() == pytest.approx(1.0)  # one step a token
    assert np.all(found.first.decoding == 0)
    assert np.all(found.later.decoding == 1)
    prompt = np.mean([prompt for prompt, _ in lengths(Load(1, 100, 50), 60)])
    assert (found.first.weight * found.first.tokens).sum() == pytest.approx(prompt)


def test_every_token_of_a_full_batch_is_a_step():
    found = composition(Load(32, 512, 128))
    assert found.later.weight.sum() == pytest.approx(1.0)
    assert found.later.decoding.max() <= 32
    assert found.first.weight.sum() >= 1.0


def test_the_engine_agrees_with_the_surrogate():
    """To the step that is under way when a request comes: within a tenth of a token's time with short answers."""
    points = made_up(lambda _: TRUE._replace(request_s=0.0))[::3]
    constants = np.array([TRUE._replace(request_s=0.0)] * len(points))
    guess = surrogate_of(points).latencies_s(constants)
    found = engine_latencies(points, constants, *guess, 1)
    ratio = [latencies.tpot_s / later for latencies, later in zip(found, guess[1].tolist(), strict=True)]
    assert min(ratio) > 0.9
    assert max(ratio) < 1.05
    assert all(latencies.ttft_s > 0.95 * first for latencies, first in zip(found, guess[0].tolist(), strict=True))


def test_a_calibration_goes_through_its_file(tmp_path):
    points = made_up(lambda _: TRUE)
    sample = sample_of(surrogate_of(points), range(len(points)))
    found = Fitted(solve(sample, ()), solve(sample, GROUPED), sample.groups, (8, 4, 8))
    text = calibration_text(found, Measurements(tuple(points), {"a reason": 3}, "digest", "2026-04-22"), "data.csv")
    (tmp_path / "c.toml").write_text(text, encoding="utf-8")
    again = read_calibration(tmp_path / "c.toml")
    assert again.constants == pytest.approx(found.common.table[0], rel=1e-3)
    assert set(again.measured) == set(sample.groups)


def test_errors_are_medians_of_ratios():
    points = made_up(lambda _: TRUE)[:4]
    points = [point._replace(even=index % 2 == 0) for index, point in enumerate(points)]
    frame = points_frame(predicted(points, Calibration(TRUE, {}), 1, lambda _: None))
    errors = error_table(frame)
    whole = errors[(errors["by"] == "all") & (errors["constants"] == "one for all") & (errors["split"] == "other half")]
    chosen = frame[(frame["constants"] == "one for all") & (frame["split"] == "other half")]
    assert whole["points"].tolist() == [2] == [len(chosen)]
    ratios = (chosen["tok_s_user"] / chosen["measured_tok_s_user"]).tolist()
    assert whole["tok_s_user_median"].tolist() == pytest.approx([median(ratios)])
    assert whole["tok_s_user_mdape"].tolist() == pytest.approx([median(abs(ratio - 1) for ratio in ratios)])


@pytest.mark.parametrize(("content", "says"), [
    (None, "cannot read measurements"), ("a,b\n1,2\n", "it lacks the columns id, gpu, model"),
    ("", "left out are no rows")])
def test_data_that_cannot_be_used(tmp_path, content, says):
    path = tmp_path / "data.csv"
    if content is not None:
        path.write_text(content, encoding="utf-8")
    with pytest.raises(DataError, match=says):
        read_measurements(path)


@needs_data
def test_what_is_left_out_is_counted():
    with gzip.open(DATA, "rt") as lines:
        distinct = sum(row["repeat"] == "False" for row in csv.DictReader(lines))
    measured = read_measurements(DATA)
    assert len(measured.points) + sum(measured.left_out.values()) == distinct == 3005
    assert len(measured.points) > 2500


@needs_data
def test_the_built_in_constants_are_of_these_data():
    text = BUILT_IN.read_text(encoding="utf-8")
    assert read_measurements(DATA).digest in text
    assert [field.name for field in fields(built_in())] == ["constants", "measured"]
    assert len(built_in().measured) == 9


@needs_data
def test_measured_serving():
    """Points of every kind, to which nothing was fitted, in the engine: MdAPE and medians as far as stated.

    Every eighth point of the odd half; `tokenmarket validate silicon` runs all of them (docs/validation-silicon.md).
    """
    points = half(read_measurements(DATA).points, even=False)[::8]
    constants = np.array([built_in().of(point.layout.gpu, point.framework) for point in points])
    found = engine_latencies(points, constants, *surrogate_of(points).latencies_s(constants), 1)
    user = np.array([point.tpot_s / latencies.tpot_s for point, latencies in zip(points, found, strict=True)])
    per_gpu = np.array([point.tokens_per_gpu(*latencies) / point.tokens_per_gpu(point.ttft_s, point.tpot_s)
                        for point, latencies in zip(points, found, strict=True)])
    assert np.median(np.abs(user - 1)) <= 0.13
    assert np.median(np.abs(per_gpu - 1)) <= 0.13
    first = [abs(latencies.ttft_s / point.ttft_s - 1) for point, latencies in zip(points, found, strict=True)
             if point.load.concurrency <= 256]
    assert np.median(first) <= 0.38
    by_gpu = defaultdict(list)
    for point, ratio in zip(points, user.tolist(), strict=True):
        by_gpu[point.layout.gpu].append(ratio)
    assert all(0.85 <= median(ratios) <= 1.15 for ratios in by_gpu.values())
