"""Figures: dark colours, variants for phones, names that keep apart, error bars, and panels without data."""

import re
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.text import Text

from experiments.output.dark import BACK, contrast, luminance, readable, turned, with_dark
from experiments.output.figure_style import COLOURS, MORE_COLOURS, TALL, panels, save_both, say, styled, whiskers
from experiments.output.names import name_lines, name_points, spread
from experiments.studies.climb import figures as climb
from experiments.studies.market.figures import BLUES
from experiments.studies.tournament import figures as tournament
from worlds.made_up import made_up


@pytest.mark.parametrize("colour", [*COLOURS, *MORE_COLOURS, "#333333", "#555555"])
def test_lines_and_letters_are_seen_on_both_backgrounds(colour):
    assert contrast(turned(colour.lower()), BACK) >= 3  # of graphics, by the guidelines
    assert contrast(readable(colour, "#ffffff"), "#ffffff") >= 4.5
    assert contrast(turned(readable(colour, "#ffffff")), BACK) >= 4.5


def test_contrast_is_that_of_the_guidelines():
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.005)  # the well-known grey just below the limit
    assert readable("#123456", "#ffffff") == "#123456"


def test_backgrounds_turn_and_shades_keep_apart():
    assert turned("#ffffff") == BACK
    shades = [luminance(turned(colour)) for colour in BLUES]
    assert shades == sorted(shades)  # what is most stands out most, on either page


def test_a_figure_brings_the_dark_colour_of_everything_that_it_paints(tmp_path):
    tournament.frontier(made_up(a=([1.0, 1.1], [2.0, 2.2]), b=([2.0, 2.1], [1.0, 1.2])), tmp_path)
    text = (tmp_path / "frontier.svg").read_text(encoding="utf-8")
    sheet = text.partition("@media (prefers-color-scheme:dark)")[2].partition("</style>")[0]
    drawn = set(re.findall(r"(fill|stroke): (#[0-9a-f]{6})", text.replace(sheet, "")))
    assert len(drawn) > 5
    for what, colour in drawn:
        assert f'[style*="{what}: {colour}"]{{{what}:{turned(colour)}!important}}' in sheet
    assert with_dark("<svg/>") == "<svg/>"  # nothing of matplotlib's: as it was


def test_panels_stand_one_below_the_other_on_a_phone(tmp_path):
    save_both(lambda columns: panels(3, columns)[0], tmp_path / "three")
    save_both(lambda columns: panels(1, columns)[0], tmp_path / "one")
    (wide, low), (narrow, high) = (
        map(float, re.search(r'viewBox="0 0 ([\d.]+) ([\d.]+)"', (tmp_path / name).read_text()).groups())
        for name in ("three.svg", f"three{TALL}.svg"))
    assert wide > 2.5 * narrow
    assert high > 2 * low
    assert sorted(path.name for path in tmp_path.glob("*.svg")) == ["one.svg", f"three{TALL}.svg", "three.svg"]


def test_error_bars_on_a_log_axis_end_above_nought():
    down, up = whiskers([2.0, 1.0, 3.0], [5.0, np.nan, 1.0], log=True)
    assert 0 < 2.0 - down[0] < 1e-6
    assert up.tolist() == [5.0, 0.0, 1.0]
    assert down[1:].tolist() == [0.0, 1.0]
    assert whiskers([2.0], [5.0]).tolist() == [[5.0], [5.0]]


@given(st.lists(st.floats(-10, 10), min_size=1, max_size=20), st.floats(0.01, 2))
def test_names_keep_apart_in_their_order_and_near(wanted, gap):
    found = spread(wanted, gap)
    order = sorted(range(len(wanted)), key=lambda i: (wanted[i], i))
    for below, above in pairwise(order):
        assert found[above] - found[below] >= gap * (1 - 1e-6) - 1e-9
    assert np.mean(found) == pytest.approx(np.mean(wanted), abs=1e-6)  # nearest in least squares


@pytest.mark.parametrize("ends", [False, True])
def test_names_do_not_overlap(ends):
    figure, (axis,) = panels(1)
    places = {f"policy_{i}": (i % 4, i // 4) for i in range(14)}
    axis.plot([0, 3], [0, 3], "o")
    if ends:
        figure.draw_without_rendering()
        name_lines(axis, {name: (3.0, y) for name, (_, y) in places.items()}, dict.fromkeys(places, "#0072B2"), 7.0)
    else:
        name_points(figure, axis, places, 7.0)
    figure.draw_without_rendering()
    # of the letters alone: an annotation's extent takes in its hair
    boxes = [Text.get_window_extent(text) for text in axis.texts if text.get_text()]
    assert len(boxes) == 14
    assert not any(a.overlaps(b) for i, a in enumerate(boxes) for b in boxes[:i])


CROWD = {  # of a tournament at load 0.6: cost, USD/Mtok, and E2E p99, s, each with its half-width
    "cheapest": (0.1552, 0.0045, 149.8, 20.4), "drift_plus_penalty": (0.2178, 0.0189, 78.5, 6.5),
    "fastest": (0.3843, 0.0155, 91.3, 3.0), "least_in_flight": (0.3762, 0.0062, 72.7, 4.2),
    "litellm_latency": (0.3885, 0.0288, 87.5, 17.5), "llmgateway_2026": (0.3627, 0.0553, 115.7, 12.9),
    "openrouter_classic": (0.2069, 0.0191, 100.3, 10.6), "oracle_least_work": (0.3467, 0.0101, 72.5, 3.4),
    "peak_ewma": (0.3802, 0.0056, 69.1, 2.6), "power_of_d": (0.3734, 0.0057, 69.9, 4.7),
    "prequal": (0.3479, 0.0379, 75.9, 6.5), "random": (0.3680, 0.0108, 83.1, 4.2),
    "smooth_wrr": (0.2348, 0.0141, 95.9, 15.1), "thompson": (0.2476, 0.0130, 93.1, 23.6),
}
T_95 = 12.706  # Student's t of one degree of freedom: of two runs so far apart the half-width is as given


def test_names_of_a_crowd_stand_clear_of_each_other_on_a_phone():
    runs = {name: ([cost - wide / T_95, cost + wide / T_95], [time - high / T_95, time + high / T_95])
            for name, (cost, wide, time, high) in CROWD.items()}
    with styled():
        figure = tournament._frontier(made_up(loads=(0.6, 1.0, 1.4), **runs), 1)
        figure.draw_without_rendering()
        boxes = [Text.get_window_extent(text).padded(1.0, 0.0) for text in figure.axes[0].texts if text.get_text()]
    assert len(boxes) == len(CROWD)
    assert not any(a.overlaps(b) for i, a in enumerate(boxes) for b in boxes[:i])


def test_loads_are_compared_on_one_scale():
    result = made_up(loads=(1.0, 2.0), a=([1.0, 1.1], [2.0, 2.2]), b=([20.0, 21.0], [90.0, 91.0]))
    figure = tournament._frontier(result, 3)
    first, second = figure.axes
    assert (first.get_xlim(), first.get_ylim()) == (second.get_xlim(), second.get_ylim())
    assert (first.get_xscale(), first.get_yscale()) == ("log", "linear")  # costs are twenty times apart


def test_a_tournament_in_which_nothing_completes_is_drawn_and_told(tmp_path):
    result = made_up(loads=(1.0, 2.0), a=([np.nan] * 2, [np.nan] * 2), b=([np.nan] * 2, [np.nan] * 2))
    for figure in (tournament._frontier(result, 3), tournament._loads(result, 1)):
        assert all(tournament.NOTHING in {text.get_text() for text in axis.texts} for axis in figure.axes)
    assert not result.on_frontier("a", 1.0)  # beaten by nobody, having nothing to compare


def test_a_climb_in_which_nothing_completes_is_drawn():
    import pandas as pd

    from experiments.studies.climb.measures import COLUMNS

    rows = [("money_budgets", divisor, "at once", 360, 0, metric, np.nan) for divisor in (1.0, 2.0)
            for metric in climb.LINES]
    figure = climb.figure_of(pd.DataFrame(rows, columns=list(COLUMNS)), "x")
    said = [{text.get_text() for text in axis.texts} for axis in figure.axes[:3]]
    assert all("No request was completed." in texts for texts in said)


def test_what_is_said_in_a_panel_stands_alone():
    figure, (axis,) = panels(1)
    say(axis, "Nothing.")
    figure.draw_without_rendering()
    assert not any(label.get_visible() for label in (*axis.get_xticklabels(), *axis.get_yticklabels()))
