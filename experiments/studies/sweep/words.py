"""A sweep written up."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from experiments.output.folder import SUMMARY, Folder
from experiments.report import grids as grids
from experiments.report.blocks import Block, Column, Figure, Section, Table, Text
from experiments.report.common import LONG, design
from experiments.report.difference import flat
from experiments.report.headings import ABBREVIATIONS, shown
from experiments.report.numbers import NONE, plain
from experiments.report.pieces import Legend, figures_in, listed
from experiments.studies.study import Answer

if TYPE_CHECKING:
    from pandas import DataFrame

NOISE: Final = "noise_share"  # index of the line that tells the share of replication noise
EFFECTS: Final = ("mu_star", "mu", "sigma")  # indices in the unit of the metric; the others are shares


def answer(folder: Folder, figures: Path) -> Answer:
    """Write up a sweep over the fields of a scenario."""
    summary = folder.table(SUMMARY)
    factors = grids.factors_of(summary)
    points = len(summary[factors].drop_duplicates()) if factors else 1
    question = (f"How do the results depend on {listed([f'`{name}`' for name in factors]) or 'nothing varied'}? "
                f"{points} point{'s' if points != 1 else ''}, each with the same random streams.")
    drawn = figures_in(figures, FIGURES)
    told = [figure for figure in drawn if isinstance(figure, Figure) and figure.name.startswith("sensitivity")]
    blocks: list[Block] = [_factors(folder), *(figure for figure in drawn if figure not in told)]
    if points <= grids.MOST_ROWS:
        blocks.append(grids.by_point(summary, grids.chosen(summary), "points", "Every point of the design."))
    else:
        blocks.append(grids.extremes(summary, "extremes"))
    blocks.append(Text(ABBREVIATIONS))
    facts = {"factors": str(len(factors)), "points": str(points)}
    return Answer(question, [Section("results", "Results", tuple(blocks)), *_sensitivity(folder, [*told])], [], facts)


def _factors(folder: Folder) -> Table:
    """What was varied, and how; the bare parameters where a manifest does not say it so."""
    plan = folder.parameters.get("design")
    if not isinstance(plan, dict) or not plan.get("factors"):
        return design(folder)
    values = dict(flat(folder.scenario))
    rows = [(str(factor["path"]), _levels(factor), str(factor.get("scale", "")),
             values.get(str(factor["path"]), NONE)) for factor in plan["factors"]]
    policies = folder.parameters.get("policies") or []
    rows += [("policy", ", ".join(str(name) for name in policies), "", NONE)] if policies else []
    heads = tuple(Column(head, words=True) for head in ("factor", "values", "scale", "in the scenario"))
    drawn = f", {plan['samples']} samples, seed {plan.get('seed')}" if plan.get("samples") else ""
    return Table("factors", f"What was varied: design `{plan.get('kind')}`{drawn}.", heads, tuple(rows))


def _levels(factor: dict[str, Any]) -> str:
    if factor.get("values"):
        return ", ".join(plain(value) for value in factor["values"])
    return f"{plain(factor.get('low'))} to {plain(factor.get('high'))}"


def _sensitivity(folder: Folder, figures: list[Block]) -> list[Section]:
    """Indices of every metric (and policy), the first one open, the others folded."""
    if not folder.has("sensitivity.csv"):
        return []
    frame = folder.table("sensitivity.csv")
    blocks: list[Block] = [Text(
        "How much of the results each factor moves. Morris: mu* is the mean size of its effect over its range, sigma "
        "the spread of that effect (interactions, curvature). Sobol: S1 is a factor's own share of the variance, ST "
        "that with its interactions, S2 what two factors explain together beyond each alone. In brackets "
        "the 95 % bootstrap interval."), *figures]
    keys = [name for name in ("policy", "metric") if name in frame]
    for place, (key, mine) in enumerate(frame.groupby(keys, sort=False)):
        blocks.append(_indices(mine, tuple(str(part) for part in key), place > 0))
    return [Section("sensitivity", "Sensitivity", (*blocks, *_gaps(folder)))]


def _gaps(folder: Folder) -> list[Block]:
    """The runs for want of which there are no indices, each with the reason."""
    if not folder.has("sensitivity_gaps.csv"):
        return []
    frame = folder.table("sensitivity_gaps.csv").astype(object)
    frame = frame.where(frame.notna(), "")
    heads = tuple(Column(str(name), words=True, sentences=name == "why") for name in frame.columns)
    rows = tuple(tuple(plain(value) for value in row) for row in frame.itertuples(index=False))
    caption = f"Runs without a value: {len(rows)}. Indices need one of every run of the design."
    return [Table("sensitivity-gaps", caption, heads, rows, folded=len(rows) > LONG)]


def _indices(frame: DataFrame, key: tuple[str, ...], folded: bool) -> Table:
    noise = frame[frame["index"] == NOISE]["value"]
    frame = frame[frame["index"] != NOISE]
    names = list(dict.fromkeys(frame["index"]))
    rows = []
    for factor, mine in frame.groupby("factor", sort=False):
        found = dict(zip(mine["index"], mine[["value", "low", "high"]].to_numpy(float), strict=True))
        rows.append((str(factor), *(_banded(*found[name]) if name in found else NONE for name in names)))
    metric, unit = key[-1], str(frame["unit"].iloc[0]) if "unit" in frame else "1"
    under = f" under the policy `{key[0]}`" if len(key) > 1 else ""
    caption = f"Sensitivity of {shown(metric, unit).words}{under}."
    if len(noise) and math.isfinite(noise.iloc[0]):
        caption += f" Noise between replications makes {100 * noise.iloc[0]:.3g} % of the variance."
    noted = frame["note"].dropna().tolist() if "note" in frame else []
    if noted:
        caption += f" No index: {noted[0]}."
    heads = [Column(str(name).replace("mu_star", "mu*"), "" if unit == "1" or name not in EFFECTS else unit)
             for name in names]
    return Table("-".join(("sensitivity", *key)).replace(":", "-"), caption,
                 (Column("factor", words=True), *heads), tuple(rows), folded)


def _banded(value: float, low: float, high: float) -> str:
    if not math.isfinite(value):
        return NONE
    band = f" [{low:.3g}, {high:.3g}]" if math.isfinite(low) and math.isfinite(high) else ""
    return f"{value:.3g}{band}".replace("-", "−")


FIGURES: Final = {
    "metrics": Legend(
        "Metrics over a factor of the design; bars are 95 % intervals over replications, units stand at the axes.",
        "A panel for each metric over a factor of the design, a line for each group; the values stand in the table of "
        "points"),
    "sensitivity": Legend(
        "Sensitivity indices of every factor, a panel a metric; bars are 95 % bootstrap intervals.",
        "Bars of sensitivity indices by factor, a panel for each metric; the values stand in the tables below"),
}
