"""The climb drawn: what four kinds of customers do when all list prices are divided by 1, 2, 5, 10, 20.

Panels against the divisor: what is bought, mix over mix and volume after each fall, and why spend changed.
"""

from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np

from experiments.measures.catalogue import measure
from experiments.output.figure_style import COLOURS, COLUMNS, plain_ticks, save_both, say, styled, whiskers
from experiments.stats import Interval, interval
from experiments.studies.bills import EFFECT
from experiments.studies.climb.design import ONCE, RAMPED
from experiments.studies.market.figures import EFFECTS, INK

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from pandas import DataFrame

SHARE: Final = "climb_share"
APART: Final = 0.04  # between kinds of customers at one divisor, as a share of it
LEAST, MOST = -0.25, 1.25  # of the axis of shares: intervals that reach farther say no more
HOW: Final = {ONCE: "at once", RAMPED: "day by day"}
LINES: Final = {"size_b": "Bigger models", "quality": "Better models", "price_usd_per_mtok": "What a token costs"}
CONTROLS: Final = {  # name in the frame: label, colour, marker
    "money_budgets": ("money, budgets", COLOURS[1], "o"),
    "money_free": ("money, no budgets", COLOURS[2], "^"),
    "log_budgets": ("log price, budgets", COLOURS[0], "s"),
    "log_free": ("log price, no budgets", COLOURS[3], "D"),
}


def climb(frame: "DataFrame", title: str, folder: Path) -> None:
    """Draw the climb as ``climb.svg`` and ``climb.png``, from the frame that a climb's measures make.

    Metrics: those of ``LINES``, ``climb_share`` (of each path and day), and ``effect_price_usd_per_day``,
    ``effect_volume_usd_per_day``, ``effect_mix_usd_per_day``: the change of spend from divisor 1, split by E6.
    Controls: those of ``CONTROLS``. But for shares the last day of measurement is drawn, after a fall at once.
    """
    with styled():
        save_both(lambda columns: figure_of(frame, title, columns), folder / "climb")


def figure_of(frame: "DataFrame", title: str, columns: int = COLUMNS) -> "Figure":
    """Return three lines against the divisor, and the decomposition of spend of each kind of customers."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure
    from matplotlib.layout_engine import ConstrainedLayoutEngine

    frame = frame[frame["control"].isin(CONTROLS)]
    known = frame[frame["metric"] == SHARE]
    shares = list(dict.fromkeys(zip(known["path"], known["after_days"], strict=True)))
    last = frame[(frame["path"] == ONCE) & (frame["after_days"] == frame["after_days"].max())]
    divisors = sorted(frame["divisor"].unique())
    panels = len(LINES) + len(shares) + len(CONTROLS) + 1
    rows = -(-panels // columns)
    figure = Figure(figsize=(5.0 * columns, 4.2 * rows), layout=ConstrainedLayoutEngine(w_pad=0.12, h_pad=0.10))
    FigureCanvasAgg(figure)
    between = " " if columns > 1 else "\n"
    figure.suptitle(f"{title}: same market, all prices divided{between}(bars: 95 % intervals over replications)",
                    fontsize=11 if columns > 1 else 9, color=INK)
    axes = [figure.add_subplot(rows, columns, place + 1) for place in range(panels - len(CONTROLS) - 1)]
    for axis, (metric, title) in zip(axes, LINES.items(), strict=False):
        _line_panel(axis, last, metric, divisors)
        axis.set_ylabel(measure(metric).axis())
        axis.set_title(title, loc="left", fontsize=10)
    for axis, (path, day) in zip(axes[len(LINES):], shares, strict=True):
        _share_panel(axis, frame[(frame["path"] == path) & (frame["after_days"] == day)], divisors[1:])
        axis.set_title(f"Prices fall {HOW[path]}: day {day}", loc="left", fontsize=10)
    bars: list[Axes] = []
    for place, (control, (label, _, _)) in enumerate(CONTROLS.items()):
        axis = figure.add_subplot(rows, columns, place + len(axes) + 1, sharey=bars[0] if bars else None)
        _effect_panel(axis, last[last["control"] == control], divisors)
        axis.set_title(f"Why spend changed: {label}", loc="left", fontsize=10 if columns > 1 else 9)
        bars.append(axis)
    _key(figure, figure.add_subplot(rows, columns, panels), bars[0])
    return figure


def intervals(frame: "DataFrame", control: str, metric: str, divisors: list[float]) -> list[Interval]:
    """Interval over replications of a metric at each divisor."""
    mine = frame[(frame["control"] == control) & (frame["metric"] == metric)]
    return [interval(mine.loc[mine["divisor"] == divisor, "value"].tolist()) for divisor in divisors]


def _line_panel(axis: "Axes", frame: "DataFrame", metric: str, divisors: list[float]) -> None:
    for control, (label, colour, marker) in CONTROLS.items():
        got = intervals(frame, control, metric, divisors)
        if not any(it.n for it in got):
            continue
        means, half_widths = [it.mean for it in got], [it.half_width for it in got]
        axis.errorbar(divisors, means, yerr=whiskers(means, half_widths, log=metric == "price_usd_per_mtok"),
                      color=colour, marker=marker, markersize=5, elinewidth=1.0, capsize=2, label=label)
    if not axis.lines:
        say(axis, "No request was completed.")
    axis.set_xscale("log")
    axis.set_xticks(divisors, [f"{divisor:g}" for divisor in divisors])
    axis.minorticks_off()
    axis.set_xlabel("All prices divided by")
    if metric == "price_usd_per_mtok":
        _without_climbing(axis, frame, divisors)
    else:
        axis.set_ylim(bottom=0)


def _share_panel(axis: "Axes", frame: "DataFrame", divisors: list[float]) -> None:
    """Mix over mix and volume by customers, with the half above which they climb rather than buy more."""
    for place, (control, (label, colour, marker)) in enumerate(CONTROLS.items()):
        got = intervals(frame, control, SHARE, divisors)
        beside = [divisor * (1 + APART * (place - 1.5)) for divisor in divisors]  # or bars would hide each other
        axis.errorbar(beside, [it.mean for it in got], yerr=[it.half_width for it in got], color=colour, fmt=marker,
                      markersize=5, elinewidth=1.0, capsize=2, linestyle="-", linewidth=1.0, label=label)
    axis.axhline(0.5, color=INK, linewidth=0.8, linestyle="--")
    axis.set_xscale("log")
    axis.set_xticks(divisors, [f"{divisor:g}" for divisor in divisors])
    axis.minorticks_off()
    axis.set_ylim(LEAST, MOST)
    axis.set_xlabel("All prices divided by")
    axis.set_ylabel("Mix over mix and volume")


def _without_climbing(axis: "Axes", frame: "DataFrame", divisors: list[float]) -> None:
    """Log axis, and the price that would be paid if everybody stayed with the same model."""
    start = intervals(frame, "money_budgets", "price_usd_per_mtok", divisors)[0].mean
    if not start > 0:  # nothing was paid at the first divisor, or there was nothing to pay for
        return
    axis.plot(divisors, [start * divisors[0] / divisor for divisor in divisors], color="#888888", linestyle=":",
              label="if nobody moved")
    axis.set_yscale("log")
    plain_ticks(axis)


def _effect_panel(axis: "Axes", frame: "DataFrame", divisors: list[float]) -> None:
    above, below = np.zeros(len(divisors)), np.zeros(len(divisors))
    bars = np.arange(len(divisors))
    for name, colour in EFFECTS.items():
        mine = frame[frame["metric"] == EFFECT.format(name)]
        means = mine.groupby("divisor")["value"].mean().reindex(divisors).fillna(0.0).to_numpy(float) / 1e3
        axis.bar(bars, means, bottom=np.where(means >= 0, above, below), color=colour, width=0.7, label=name)
        above, below = above + np.maximum(means, 0), below + np.minimum(means, 0)
    sums = _sums(frame, divisors)
    axis.errorbar(bars, [it.mean / 1e3 for it in sums], color="black", markersize=9, elinewidth=1.0, capsize=3, fmt=".",
                  yerr=whiskers([it.mean for it in sums], [it.half_width for it in sums]) / 1e3,
                  label="sum, with 95 % interval")
    axis.axhline(0, color=INK, linewidth=0.8)
    axis.set_xticks(bars, [f"{divisor:g}" for divisor in divisors])
    axis.set_xlabel("All prices divided by")
    axis.set_ylabel("Change of spend a day (1000 USD)")


def _sums(frame: "DataFrame", divisors: list[float]) -> list[Interval]:
    """Interval over replications of the whole change of spend at each divisor."""
    mine = frame[frame["metric"].isin([EFFECT.format(name) for name in EFFECTS])]
    each = mine.groupby(["divisor", "replication"])["value"].sum(min_count=len(EFFECTS))
    found = set(mine["divisor"])
    return [interval(each[divisor].tolist() if divisor in found else []) for divisor in divisors]


def _key(figure: "Figure", axis: "Axes", bars: "Axes") -> None:
    """Both legends in the place of the last panel."""
    axis.axis("off")
    lines = figure.axes[len(LINES) - 1].get_legend_handles_labels()
    first = axis.legend(*lines, loc="upper left", fontsize=9, title="lines", alignment="left")
    axis.add_artist(first)
    axis.legend(*bars.get_legend_handles_labels(), loc="center left", fontsize=9, title="change of spend because of",
                alignment="left")
