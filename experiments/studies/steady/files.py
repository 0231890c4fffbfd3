"""Tables and the figure of a steady-state study."""

from __future__ import annotations

import math
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from experiments.measures.catalogue import measure, unit_of
from experiments.output.terminal import listing
from experiments.output.writer import csv_text, number
from experiments.stats import Interval
from experiments.stats.digits import sentence
from experiments.stats.multiple import Verdict, verdicts
from experiments.studies.steady.design import Steady, pooled
from experiments.studies.tournament.figures import STYLE, look, panels, save

if TYPE_CHECKING:
    from matplotlib.axes import Axes

SUMMARY_COLUMNS: Final = ("policy", "metric", "unit", "mean", "half_width", "n", "method", "warm_up_s", "end_s")
PAIR_COLUMNS: Final = ("policy", "baseline", "metric", "unit", "difference", "half_width", "correlation",
                       "variance_reduction", "n", "p", "p_holm")


def summary_csv(result: Steady) -> str:
    """Return the steady-state means as CSV; n are replications, or batches of a single run."""
    rows = []
    for policy, metric in product(result.design.policies, result.design.metrics):
        got = result.interval(policy, metric)
        rows.append((policy, metric, unit_of(metric), number(got.mean), number(got.half_width), str(got.n),
                     result.method, number(result.warm_up_s), number(result.end_s)))
    return csv_text(SUMMARY_COLUMNS, rows)


def pairs_csv(result: Steady) -> str:
    """Return the paired differences to the baseline as CSV, p-values alone and corrected for their number."""
    rows = []
    baseline, found = result.design.baseline, differences(result)
    for (policy, metric), (_, verdict) in found.items():
        got = result.paired(policy, baseline, metric)
        rows.append((policy, baseline, metric, unit_of(metric), number(got.difference.mean),
                     number(got.difference.half_width), number(got.correlation), number(got.variance_reduction),
                     str(got.difference.n), number(verdict.p), number(verdict.adjusted)))
    return csv_text(PAIR_COLUMNS, rows)


def differences(result: Steady) -> dict[tuple[str, str], tuple[Interval, Verdict]]:
    """Return by policy and metric the difference to the baseline, and whether it is there (Holm, over all of them)."""
    design = result.design
    rivals = [policy for policy in design.policies if policy != design.baseline]
    found = {(policy, metric): result.paired(policy, design.baseline, metric).difference
             for policy, metric in product(rivals, design.metrics)}
    judged = verdicts(found)
    return {name: (found[name], judged[name]) for name in found}


def table(result: Steady) -> str:
    """Return the results as text, a block a metric."""
    design = result.design
    what = "replications" if design.replications > 1 else "batches of one run"
    parts = [f"{design.scenario.name}: warm-up of {result.warm_up_s:g} s deleted from every run (MSER-5), measured "
             f"until {result.end_s:g} s\nmean ± half-width of the 95 % interval, n {what}"]
    found = differences(result)
    for metric in design.metrics:
        rows = []
        for policy in design.policies:
            told = sentence(result.interval(policy, metric), unit if (unit := unit_of(metric)) != "1" else "")
            rows.append((f"  {policy}", told, _difference(found.get((policy, metric)))))
        parts.append(f"{metric}\n{listing(rows)}")
    if found:
        parts.append(f"differences to {design.baseline} by pairs; * there with 95 % confidence in all of them at once "
                     "(Holm)")
    return "\n\n".join(parts)


def _difference(found: tuple[Interval, Verdict] | None) -> str:
    if found is None:
        return ""
    told = sentence(found[0])
    return f"{'' if told.startswith('-') else '+'}{told}{' *' if found[1].differs else ''}"


def write(result: Steady, folder: Path) -> dict[str, int]:
    """Write tables and figure into a folder, and return the rows of the tables."""
    texts = {"summary.csv": summary_csv(result)}
    if len(result.design.policies) > 1:
        texts["pairs.csv"] = pairs_csv(result)
    for name, text in texts.items():
        (folder / name).write_text(text, encoding="utf-8", newline="\n")
    draw(result, folder)
    return {name: text.count("\n") - 1 for name, text in texts.items()}


def draw(result: Steady, folder: Path) -> None:
    """Draw the course of every metric with the warm-up shaded, as ``warm_up.svg``, ``.pdf`` and ``.png``."""
    import matplotlib as mpl

    design = result.design
    with mpl.rc_context(STYLE):
        figure, axes = panels(len(design.metrics))
        for axis, metric in zip(axes, design.metrics, strict=True):
            _panel(axis, result, metric)
        handles, labels = axes[0].get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside lower center", ncols=min(4, len(handles)), fontsize=8)
        n = design.replications
        figure.suptitle(f"{design.scenario.name}: warm-up of {result.warm_up_s:g} s shaded; windows of "
                        f"{_width_s(result):g} s, {n} replication{'s' if n > 1 else ''} together",
                        fontsize=9, color="#555555")
        save(figure, folder / "warm_up")


def _panel(axis: Axes, result: Steady, metric: str) -> None:
    design = result.design
    means: list[Any] = []
    for index, policy in enumerate(design.policies):
        colour, _, line = look(index)
        series = pooled(result.courses[policy, metric], design).reshape(-1, 5).mean(axis=1)
        at_s = (np.arange(len(series)) + 0.5) * _width_s(result)
        axis.plot(at_s, series, line, color=colour, linewidth=0.9, label=policy)
        means.append(series)
    axis.axvspan(0.0, result.warm_up_s, color="#dddddd", zorder=0)
    axis.set_xlim(0.0, result.end_s)
    axis.set_ylim(bottom=0.0, top=1.1 * max(float(series.max()) for series in means) or 1.0)
    axis.set_xlabel("Simulated time (s)")
    axis.set_ylabel(measure(metric).axis)


def _width_s(result: Steady) -> float:
    """Length of the stretches that are drawn."""
    return result.end_s / math.floor(result.design.windows / 5)
