"""What each study asks, and which tables and figures answer it."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from experiments.measures.catalogue import spelt
from experiments.report import tables as grids
from experiments.report.blocks import Block, Column, Figure, Items, Section, Table, Text
from experiments.report.cells import NONE, measured, plain
from experiments.report.common import LONG, design
from experiments.report.difference import flat
from experiments.report.folder import SUMMARY, Folder
from experiments.report.words import ABBREVIATIONS, shown
from experiments.studies.climb.design import METRICS as CLIMB

if TYPE_CHECKING:
    from pandas import DataFrame, Series

COST: Final = "cost_usd_per_mtok"
LATENCY: Final = "e2e_p99_s"
NOISE: Final = "noise_share"  # index of the line that tells the share of replication noise
EFFECTS: Final = ("mu_star", "mu", "sigma")  # indices in the unit of the metric; the others are shares
RISK: Final = 0.05  # of one or more wrong stars in a metric
COMPARED: Final = (COST, LATENCY, "goodput_per_s", "completed_share")


@dataclass(frozen=True)
class Answer:
    """A study's part of the write-up.

    Attributes
    ----------
    question
        What the study asks, in a sentence or two.
    sections
        Its results.
    limits
        What to hold against them, beyond what holds of every study.
    facts
        At a glance: name, value.
    """

    question: str
    sections: list[Section]
    limits: list[str] = field(default_factory=list)
    facts: list[tuple[str, str]] = field(default_factory=list)


Teller = Callable[[Folder, Path], Answer]  # the run, and the folder where figures are


def answer(folder: Folder, figures: Path) -> Answer:
    """Return the study's part of the write-up; ``figures`` is the folder with copies of the run's figures."""
    from experiments.report.market import market

    tellers: dict[str, Teller] = {"tournament": tournament, "climb": climb, "sweep": sweep, "market": market}
    return tellers.get(folder.study, other)(folder, figures)


def tournament(folder: Folder, figures: Path) -> Answer:
    """Write up policies against each other."""
    summary, parameters = folder.table(SUMMARY), folder.parameters
    loads, baseline = parameters["loads"], parameters["baseline"]
    question = (f"Which of {len(parameters['policies'])} routing policies serves the same requests at the lowest cost "
                f"and the lowest latency, at {_listed([f'{load:g}' for load in loads])} times the scenario's load?")
    results: list[Block] = [Items(tuple(_best(summary[summary["load"] == load], load) for load in loads)),
                            *_figures(figures, TOURNAMENT_FIGURES), Text(ABBREVIATIONS)]
    differences: list[Block] = [Text(
        f"Every policy minus the baseline `{baseline}`, replication by replication on the same requests (common random "
        "numbers). A star marks a difference that is there with 95 % confidence in all policies and loads of its "
        "metric at once (Holm). Variance reduction: variance of the difference with independent runs over that of the "
        "paired one; above 1 the pairing has helped.")]
    pairs = folder.table("pairs.csv")
    for load in loads:
        mine = summary[summary["load"] == load].drop(columns="load")
        costs = mine[mine["metric"] == COST].sort_values("mean", kind="stable")["policy"]
        mine = mine.set_index("policy").loc[list(costs)].reset_index()
        results.append(grids.by_point(mine, grids.chosen(mine), f"load-{load:g}",
                                      f"Load {load:g}: policies by cost, cheapest first."))
        paired = _pairs(pairs[pairs["load"] == load], load)
        differences += [paired] if paired.rows else []
    sections = [Section("results", "Results", tuple(results))]
    if len(differences) > 1:
        sections.append(Section("differences", "Differences from the baseline", tuple(differences)))
    compared = len(COMPARED) * len(loads) * (len(parameters["policies"]) - 1)
    limits = ["The policy with the lowest of several noisy means looks a little better than it is.",
              f"The {compared} intervals of differences are 95 % each, not jointly: about "
              f"{max(1, round(0.05 * compared))} would exclude zero by chance if there were no difference at all. "
              "Stars are corrected for the comparisons of a metric, not for the number of metrics."]
    facts = [("policies", str(len(parameters["policies"]))), ("loads", ", ".join(f"{load:g}" for load in loads))]
    return Answer(question, sections, limits if len(differences) > 1 else limits[:1], facts)


def climb(folder: Folder, figures: Path) -> Answer:
    """Write up what customers do when all prices are divided."""
    summary, parameters = folder.table(SUMMARY), folder.parameters
    question = ("When all prices (and supply costs) are divided by "
                f"{_listed([f'{divisor:g}' for divisor in parameters['divisors']])}, do customers move up to bigger "
                "and better models? In the control their utility is in the log of the price, so that a uniform fall "
                "changes no choice.")
    summary["control"] = summary["control"].replace({"log_price": "log price (control)"})
    summary = summary.rename(columns={"control": "utility in", "divisor": "prices divided by"})
    caption = (f"Means over the last {parameters['measured_days']} days of each run. Spend by price, volume and mix: "
               "change since the first divisor, split exactly.")
    blocks = (grids.by_point(summary, CLIMB, "climb", caption), *_figures(figures, CLIMB_FIGURES))
    limits = [f"Every pool of GPUs has {parameters['fleet']:g} times its size, so that those who climb find room: the "
              "study is of demand, not of scarcity."]
    return Answer(question, [Section("results", "Results", blocks)], limits)


def sweep(folder: Folder, figures: Path) -> Answer:
    """Write up a sweep over the fields of a scenario."""
    summary = folder.table(SUMMARY)
    factors = grids.factors_of(summary)
    points = len(summary[factors].drop_duplicates()) if factors else 1
    question = (f"How do the results depend on {_listed([f'`{name}`' for name in factors]) or 'nothing varied'}? "
                f"{points} point{'s' if points != 1 else ''}, each with the same random streams.")
    drawn = _figures(figures, SWEEP_FIGURES)
    told = [figure for figure in drawn if isinstance(figure, Figure) and figure.name.startswith("sensitivity")]
    blocks: list[Block] = [_factors(folder), *(figure for figure in drawn if figure not in told)]
    if points <= grids.MOST_ROWS:
        blocks.append(grids.by_point(summary, grids.chosen(summary), "points", "Every point of the design."))
    else:
        blocks.append(grids.extremes(summary, "extremes"))
    blocks.append(Text(ABBREVIATIONS))
    facts = [("factors", str(len(factors))), ("points", str(points))]
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


def other(folder: Folder, figures: Path) -> Answer:
    """Write up a study of which nothing is known but its files."""
    blocks: list[Block] = [design(folder)]
    if folder.has(SUMMARY):
        blocks.append(_as_it_is(folder.table(SUMMARY)))
    question = f"What the study `{folder.study}` found."
    return Answer(question, [Section("results", "Results", (*blocks, *_figures(figures, {})))])


def _best(summary: DataFrame, load: float) -> str:
    parts = []
    for metric in (COST, LATENCY):
        mine = summary[(summary["metric"] == metric) & summary["mean"].notna()]
        if mine.empty:
            continue
        how, best = shown(metric, ""), mine.loc[mine["mean"].idxmin()]
        found = grids.cell(grids.Estimate(best["mean"], best["half_width"], int(best["n"])), how.show.factor, -1)
        parts.append(f"lowest mean {how.heading}: `{best['policy']}`, {found.replace(' (n', f' {how.show.unit} (n')}")
    return f"Load {load:g}: " + ("; ".join(parts) or "nothing was completed") + "."


def _pairs(pairs: DataFrame, load: float) -> Table:
    rows = []
    cost = pairs[pairs["metric"] == COST].sort_values("difference", kind="stable")
    usual = int(pairs["n"].max()) if len(pairs) else 0
    for policy in cost["policy"]:
        mine = pairs[pairs["policy"] == policy].set_index("metric")
        at = mine.loc[COST]
        rows.append((policy, *(_difference(mine.loc[metric], metric, usual) for metric in COMPARED),
                     _two(at["correlation"]), _two(at["variance_reduction"])))
    heads = [Column("policy", words=True)]
    heads += [Column(shown(metric, "").heading, spelt(shown(metric, "").show.unit)) for metric in COMPARED]
    heads += [Column("correlation", "of cost"), Column("variance reduction", "of cost")]
    return Table(f"differences-{load:g}", f"Load {load:g}: difference from the baseline. {grids.replications(usual)}",
                 tuple(heads), tuple(rows))


def _difference(row: Series, metric: str, usual: int) -> str:
    text = grids.cell(grids.Estimate(row["difference"], row["half_width"], int(row["n"])),
                      shown(metric, "").show.factor, usual)
    return f"{text} *" if row["p_holm"] <= RISK else text


def _two(value: float) -> str:
    """Two decimals; many digits of a variance ratio mean nothing."""
    return f"{value:.2f}".replace("-", "−") if math.isfinite(value) else NONE


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
    return [Section("sensitivity", "Sensitivity", tuple(blocks))]


def _indices(frame: DataFrame, key: tuple[str, ...], folded: bool) -> Table:
    noise = frame[frame["index"] == NOISE]["value"]
    frame = frame[frame["index"] != NOISE]
    names = list(dict.fromkeys(frame["index"]))
    rows = []
    for factor, mine in frame.groupby("factor", sort=False):
        found = dict(zip(mine["index"], mine[["value", "low", "high"]].to_numpy(float), strict=True))
        rows.append((str(factor), *(_banded(*found[name]) if name in found else NONE for name in names)))
    metric, unit = key[-1], str(frame["unit"].iloc[0]) if "unit" in frame else "1"
    caption = f"Sensitivity of `{metric}`" + (f" under the policy `{key[0]}`" if len(key) > 1 else "") + "."
    if len(noise) and math.isfinite(noise.iloc[0]):
        caption += f" Noise between replications makes {100 * noise.iloc[0]:.3g} % of the variance."
    heads = [Column(str(name).replace("mu_star", "mu*"), "" if unit == "1" or name not in EFFECTS else unit)
             for name in names]
    return Table("-".join(("sensitivity", *key)).replace(":", "-"), caption,
                 (Column("factor", words=True), *heads), tuple(rows), folded)


def _banded(value: float, low: float, high: float) -> str:
    if not math.isfinite(value):
        return NONE
    band = f" [{low:.3g}, {high:.3g}]" if math.isfinite(low) and math.isfinite(high) else ""
    return f"{value:.3g}{band}".replace("-", "−")


def _as_it_is(frame: DataFrame) -> Table:
    """A table whose columns nobody has described; mean and half-width are joined."""
    joined = {"mean", "half_width"} <= set(frame.columns)
    names = [name for name in frame.columns if not (joined and name == "half_width")]
    heads = tuple(Column("mean ± half-width" if joined and name == "mean" else str(name).replace("_", " "),
                         words=not _numeric(frame, name)) for name in names)
    rows = tuple(tuple(measured(row["mean"], row["half_width"]) if joined and name == "mean" else _plain(row[name])
                       for name in names) for row in frame.to_dict("records"))
    return Table("summary", "`summary.csv`.", heads, rows, folded=len(rows) > 2 * LONG)


def _numeric(frame: DataFrame, name: str) -> bool:
    return frame[name].dtype.kind in "if"


def _plain(value: object) -> str:
    if isinstance(value, float) and not math.isfinite(value):
        return NONE
    return f"{value:.5g}" if isinstance(value, float) else plain(value)


def _figures(figures: Path, known: dict[str, tuple[str, str]]) -> list[Block]:
    """Every figure of the run: those known with their captions, others with their names."""
    found = sorted(figures.glob("*.svg"), key=lambda path: (path.stem not in known, path.stem))
    out: list[Block] = []
    for path in found:
        name = path.stem.replace("_", " ").replace("-", " ")
        unknown = (f"Figure `{path.stem}`; units and intervals as its axes say.",
                   f"Figure: {name}; its values stand in the tables of this page")
        out.append(Figure(path, *known.get(path.stem.rstrip("-0123456789"), unknown)))
    return out


def _listed(words: list[str]) -> str:
    """Words with commas and a last `and`."""
    return words[0] if len(words) == 1 else ", ".join(words[:-1]) + " and " + words[-1] if words else ""


TOURNAMENT_FIGURES: Final = {
    "frontier": (
        "Cost (USD per million tokens, before fees) against the 99th percentile of end-to-end latency (s), a panel a "
        "load. Down and to the left is better; bars are 95 % intervals over replications; filled: on the frontier; "
        "hollow: another policy is as good in both and clearly better in one.",
        "Scatter of every policy's cost against its end-to-end latency p99, one panel for each load; the values stand "
        "in the tables by load below"),
    "loads": (
        "Time to first token p99 (s, log axis), completed requests (%) and cost (USD per million tokens) against load "
        "(1 = the scenario's own). Bars are 95 % intervals over replications.",
        "Three line charts against load: time to first token p99, share of completed requests, and cost, a line for "
        "each policy; the values stand in the tables by load below"),
}
SWEEP_FIGURES: Final = {
    "metrics": (
        "Metrics over a factor of the design; bars are 95 % intervals over replications, units stand at the axes.",
        "A panel for each metric over a factor of the design, a line for each group; the values stand in the table of "
        "points"),
    "sensitivity": (
        "Sensitivity indices of every factor, a panel a metric; bars are 95 % bootstrap intervals.",
        "Bars of sensitivity indices by factor, a panel for each metric; the values stand in the tables below"),
}
CLIMB_FIGURES: Final = {
    "climb": (
        "Above: token-weighted size (billion parameters), token-weighted quality (0 to 1) and price paid (USD per "
        "million tokens) against what all prices are divided by; bars are 95 % intervals over replications. Below: why "
        "spend (1000 USD a day) changed: mean changes by volume, price and mix, and their sum with its 95 % interval.",
        "Three line charts of model size, quality and price paid against the divisor of prices, with and without the "
        "control, and two bar charts of the change of spend; the values stand in the table above"),
}
