"""Measured points: how rows are read, split, weighted and judged, on a small file of our own."""

import csv
import gzip
import hashlib
import io

import numpy as np
import pytest

from experiments.silicon.fitting import sample_of
from experiments.silicon.measured import SPLIT_COLUMNS, Layout, Load, Measurements, half, read_measurements
from experiments.silicon.surrogate import fits_at_once, surrogate_of
from experiments.silicon.validating import Predictions, error_table, left_out, points_frame
from providers.hardware.calibration import Calibration, built_in

ROW = {
    "id": "a", "gpu": "H100", "model": "meta-llama/Llama-3.1-8B-Instruct", "precision": "fp8", "backend": "vllm",
    "mode": "agg", "isl": "1024", "osl": "128", "concurrency": "16.0", "tp_size": "2.0", "attention_dp_size": "",
    "ttft_ms": "100", "tpot_ms": "10", "measured": "2026-03-01", "repeat": "False",
}
OTHERS = (
    {"id": "b", "precision": "", "tp_size": "4.0"}, {"id": "c", "precision": "int4", "measured": "2026-04-01"},
    {"id": "d", "precision": "fp4", "gpu": "B200"}, {"id": "e", "precision": "fp4", "concurrency": "512"},
    {"repeat": "True"}, {"mode": "disagg"}, {"concurrency": ""}, {"model": "nvidia/Any"}, {"model": "unheard-of"},
    {"tp_size": "3"}, {"isl": "200000"}, {"model": "deepseek-ai/DeepSeek-R1"},
)


@pytest.fixture
def measured(tmp_path) -> Measurements:
    path = tmp_path / "data.csv"
    with path.open("w", encoding="utf-8", newline="") as lines:
        writer = csv.DictWriter(lines, list(ROW))
        writer.writeheader()
        writer.writerows([ROW, *({**ROW, **other} for other in OTHERS)])
    return read_measurements(path)


def test_rows_become_points(measured):
    assert [point.name for point in measured.points] == ["a", "b", "c", "d", "e"]
    first = measured.points[0]
    assert first.layout == Layout("h100-sxm", "llama-3.1-8b", "fp8", None, 2, 1)
    assert first.load == Load(16, 1024, 128)
    assert (first.ttft_s, first.tpot_s, first.gpus) == (0.1, 0.01, 2)
    assert first.tokens_per_gpu(0.1, 0.01) == pytest.approx(16 * 128 / (0.1 + 127 * 0.01) / 2)
    kinds = [(point.layout.precision, point.layout.weights) for point in measured.points]
    assert kinds == [("fp8", None), ("bf16", None), ("bf16", "int4"), ("fp4", None), ("bf16", "fp4")]
    assert measured.newest == "2026-04-01"


def test_other_rows_are_counted_by_reason(measured):
    assert measured.left_out == {
        "prefill and decode on GPUs of their own": 1, "concurrency not given": 1, "software of another kind": 1,
        "model or GPU not known": 1, "model cannot be split so": 1, "longer than the model's context": 1,
        "does not fit into memory": 1,
    }


def written(*rows: dict[str, str]) -> str:
    lines = io.StringIO()
    writer = csv.DictWriter(lines, list(rows[0]))
    writer.writeheader()
    writer.writerows(rows)
    return lines.getvalue()


def test_a_file_is_read_whatever_packs_and_ends_it(tmp_path, measured):
    """Packed without such a name, in UTF-16 with Windows' line ends, and without the columns that may lack."""
    bare = {name: value for name, value in ROW.items() if name not in ("attention_dp_size", "measured", "repeat")}
    for number, content in enumerate((gzip.compress(written(ROW).encode()), written(bare).encode("utf-16"))):
        path = tmp_path / f"bench{number}.txt"
        path.write_bytes(content)
        assert read_measurements(path).points == measured.points[:1]


@pytest.mark.parametrize(("change", "reason"), [
    ({"tpot_ms": "0"}, "tpot_ms is no number above 0"), ({"ttft_ms": "fast"}, "ttft_ms is no number above 0"),
    ({"isl": "10.5"}, "isl is no number above 0"), ({"tp_size": ""}, "tp_size is no number above 0"),
    ({"concurrency": "nan"}, "concurrency is no number above 0"), ({"precision": "FP8"}, "precision not known"),
    ({"attention_dp_size": "-1"}, "attention_dp_size is no number above 0"),
])
def test_rows_with_no_number_are_counted_by_what_is_wrong(tmp_path, change, reason):
    path = tmp_path / "data.csv"
    path.write_text(written(ROW, {**ROW, **change}), encoding="utf-8")
    assert read_measurements(path).left_out == {reason: 1}


def test_halves_follow_the_digest(measured):
    row = "|".join(ROW[column] for column in SPLIT_COLUMNS)
    assert measured.points[0].even == (hashlib.sha256(row.encode()).digest()[0] % 2 == 0)
    even, odd = half(measured.points, even=True), half(measured.points, even=False)
    assert sorted(even + odd) == sorted(measured.points)
    assert all(point.even for point in even)
    assert not any(point.even for point in odd)


def test_memory_holds_all_requests_or_not(measured):
    point = measured.points[0]
    assert fits_at_once(point)
    assert not fits_at_once(point._replace(load=Load(1024, 4096, 128)))


def test_a_point_counts_less_the_more_there_are_of_its_kind(measured):
    first, second = measured.points[:2]
    points = [first, first, first, first, second]
    sample = sample_of(surrogate_of(points), range(5))
    assert sample.weight == pytest.approx([0.5, 0.5, 0.5, 0.5, 1.0])
    assert sample_of(surrogate_of(points), [0, 4]).weight == pytest.approx([1.0, 1.0])


def test_ttft_is_judged_up_to_a_concurrency(measured):
    """One point at 16 in flight is right, and one at 512 is ten times too slow."""
    points = [measured.points[0], measured.points[4]]
    found = Predictions("other half", "one for all", points, np.array([0.1, 1.0]), np.array([0.01, 0.02]))
    errors = error_table(points_frame([found]))
    whole = errors[errors["by"] == "all"].iloc[0]
    assert whole["points"] == 2
    assert whole["ttft_s_median"] == pytest.approx(1.0)
    assert whole["tok_s_user_median"] == pytest.approx(0.75)
    assert whole["tok_s_user_p90"] == pytest.approx(0.45)




def test_what_is_left_out_is_not_fitted(measured, monkeypatch):
    """Constants of a GPU's points come from the points of all others."""
    from experiments.silicon import validating

    fitted = []
    points = [measured.points[0], measured.points[3]]
    constants = built_in().constants

    def one_for_all(sample):
        fitted.append({point.layout.gpu for point in sample.points})
        return constants

    def ideal(points, *_):
        return [(1.0, 1.0)] * len(points)

    monkeypatch.setattr(validating, "one_for_all", one_for_all)
    monkeypatch.setattr(validating, "corrected", lambda surrogate, *_: surrogate)
    monkeypatch.setattr(validating, "engine_latencies", ideal)
    monkeypatch.setattr(validating, "_model", lambda point: point.name)
    found = left_out(points, Calibration(constants, {}), 1, lambda _: None)
    assert [predictions.split for predictions in found] == ["model left out", "GPU left out"]
    assert fitted == [{"b200-sxm"}, {"h100-sxm"}, {"h100-sxm"}, {"b200-sxm"}]
