"""Figures of a validation: which layouts they show, and what their lines join."""

import numpy as np
import pytest
from pandas import DataFrame

from experiments.output.figure_style import styled
from experiments.silicon.pictures import LAYOUT, _compared, _frontiers, _layouts, draw


def points():
    """Two models on each of two GPUs, one of them at more concurrencies, and twice at one of these."""
    rows = []
    for gpu in ("a100", "b200"):
        for model, concurrencies in (("small", (1, 2, 2, 4, 8)), ("large", (1, 2, 4))):
            for tp in (1, 2):
                rows += [_row(gpu, model, tp, concurrency, place) for place, concurrency in enumerate(concurrencies)]
    return DataFrame(rows)


def _row(gpu, model, tp, concurrency, place):
    layout = (gpu, model, "fp8", "vllm", tp, 1, 1024, 1024)
    measured = {"measured_tok_s_user": 100.0 / concurrency + place, "measured_tok_s_gpu": 50.0 + concurrency + place,
                "measured_ttft_s": 0.1}
    return {**dict(zip(LAYOUT, layout, strict=True)), "constants": "by GPU and framework", "split": "other half",
            "concurrency": concurrency, **measured, "tok_s_user": 90.0 / concurrency,
            "tok_s_gpu": 40.0 + concurrency, "ttft_s": 0.2}


def test_every_gpu_shows_two_models():
    shown = [(gpu, model) for gpu, model, *_ in _layouts(points())]
    assert shown == [("a100", "small"), ("a100", "large"), ("b200", "small"), ("b200", "large")]


def test_lines_join_medians_of_equal_concurrency():
    with styled():
        figure = _frontiers(points(), 2)
    assert len(figure.axes) == 4
    measured, predicted = [line for line in figure.axes[0].get_lines() if not line.get_label().startswith("_")]
    assert [measured.get_label(), predicted.get_label()] == ["measured", "predicted"]
    assert measured.get_ydata() == pytest.approx([51.0, 53.5, 57.0, 62.0])  # 52 + 1 and 52 + 2 in the middle
    assert measured.get_xdata() == pytest.approx([100.0, 51.5, 28.0, 16.5])
    assert predicted.get_ydata() == pytest.approx([41.0, 42.0, 44.0, 48.0])
    dots = figure.axes[0].get_lines()[0]
    assert len(dots.get_xdata()) == 5


def test_predicted_stands_over_measured():
    with styled():
        figure = _compared(points(), 3)
    assert [axis.get_xlabel() for axis in figure.axes] == [
        "measured tokens/s/user", "measured output tokens/s/GPU", "measured time to first token, s"]
    _, _, last = figure.axes
    assert {line.get_label() for line in last.get_lines()} >= {"a100", "b200"}
    of_gpu = last.get_lines()[0]
    assert np.all(of_gpu.get_xdata() == 0.1)
    assert np.all(of_gpu.get_ydata() == 0.2)


def test_both_figures_are_written(tmp_path):
    draw(points(), tmp_path)
    assert {path.name for path in tmp_path.glob("*.png")} == {"predicted_measured.png", "frontier.png"}
