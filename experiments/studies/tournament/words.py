"""A tournament written up."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Final

from experiments.measures.catalogue import Show, spelt
from experiments.output.folder import SUMMARY, Folder
from experiments.report import grids as grids
from experiments.report.blocks import Block, Column, Items, Section, Table, Text
from experiments.report.headings import ABBREVIATIONS, shown
from experiments.report.numbers import NONE
from experiments.report.pieces import Legend, figures_in, listed
from experiments.stats.multiple import is_there
from experiments.studies.study import Answer
from experiments.studies.tournament.measures import COST, LATENCY, lowest

if TYPE_CHECKING:
    from pandas import DataFrame, Series

STARRED: Final = "* on the frontier: no other policy is as good in both cost and E2E p99 and clearly better in one."
COMPARED: Final = (COST, LATENCY, "goodput_per_s", "completed_share")


def answer(folder: Folder, figures: Path) -> Answer:
    """Write up policies against each other."""
    summary, parameters = folder.table(SUMMARY), folder.parameters
    loads, baseline = parameters["loads"], parameters["baseline"]
    question = (f"Which of {len(parameters['policies'])} routing policies serves the same requests at the lowest cost "
                f"and the lowest latency, at {listed([f'{load:g}' for load in loads])} times the scenario's load?")
    standings = folder.table("standings.csv")
    shows = grids.shows_of(summary)  # of all loads at once: their tables are to be compared
    results: list[Block] = [Items(tuple(_best(standings, summary, load) for load in loads)),
                            *figures_in(figures, FIGURES), Text(ABBREVIATIONS)]
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
        stars = standings[(standings["load"] == load) & standings["on_frontier"]]["policy"]
        mine["policy"] = mine["policy"].map(lambda name, known=frozenset(stars): f"{name} *" if name in known else name)
        results.append(grids.by_point(mine, grids.chosen(mine), f"load-{load:g}",
                                      f"Load {load:g}: policies by cost, cheapest first. {STARRED}", shows))
        paired = _pairs(pairs[pairs["load"] == load], load, shows)
        differences += [paired] if paired.rows else []
    sections = [Section("results", "Results", tuple(results))]
    if len(differences) > 1:
        sections.append(Section("differences", "Differences from the baseline", tuple(differences)))
    compared = len(COMPARED) * len(loads) * (len(parameters["policies"]) - 1)
    limits = ["The policy with the lowest of several noisy means looks a little better than it is.",
              f"The {compared} intervals of differences are 95 % each, not jointly: about "
              f"{max(1, round(0.05 * compared))} would exclude zero by chance if there were no difference at all. "
              "Stars are corrected for the comparisons of a metric, not for the number of metrics."]
    facts = {"policies": str(len(parameters["policies"])), "loads": ", ".join(f"{load:g}" for load in loads)}
    return Answer(question, sections, limits if len(differences) > 1 else limits[:1], facts)


def _best(standings: DataFrame, summary: DataFrame, load: float) -> str:
    """Among whom the lowest is: the claim of the terminal, from the same table."""
    if not summary[(summary["load"] == load) & (summary["metric"] == COST)]["n"].any():
        return f"Load {load:g}: nothing was completed."
    parts = []
    for metric in (COST, LATENCY):
        names = [f"`{name}`" for name in lowest(standings, summary, load, metric)]
        whose = f"that of {listed(names, 'or')}" if names else "not known without replications of several policies"
        parts.append(f"the lowest {shown(metric, '').heading} is {whose}")
    return f"Load {load:g}: with 95 % confidence {', and '.join(parts)} (lowest mean first)."


def _pairs(pairs: DataFrame, load: float, shows: dict[str, Show]) -> Table:
    rows = []
    cost = pairs[pairs["metric"] == COST].sort_values("difference", kind="stable")
    usual = int(pairs["n"].max()) if len(pairs) else 0
    for policy in cost["policy"]:
        mine = pairs[pairs["policy"] == policy].set_index("metric")
        at = mine.loc[COST]
        rows.append((policy, *(_difference(mine.loc[metric], shows[metric], usual) for metric in COMPARED),
                     _two(at["correlation"]), _two(at["variance_reduction"])))
    heads = [Column("policy", words=True)]
    heads += [Column(shown(metric, "").heading, spelt(shows[metric].unit)) for metric in COMPARED]
    heads += [Column("correlation", "of cost"), Column("variance reduction", "of cost")]
    return Table(f"differences-{load:g}", f"Load {load:g}: difference from the baseline. {grids.replications(usual)}",
                 tuple(heads), tuple(rows))


def _difference(row: Series, show: Show, usual: int) -> str:
    text = grids.cell(grids.Estimate(row["difference"], row["half_width"], int(row["n"])), show.factor, usual)
    return f"{text} *" if is_there(row["p_holm"]) else text


def _two(value: float) -> str:
    """Two decimals; many digits of a variance ratio mean nothing."""
    return f"{value:.2f}".replace("-", "−") if math.isfinite(value) else NONE


FIGURES: Final = {
    "frontier": Legend(
        "Cost (USD per million tokens, before fees) against the 99th percentile of end-to-end latency (s), a panel a "
        "load. Down and to the left is better; bars are 95 % intervals over replications; filled: on the frontier; "
        "hollow: another policy is as good in both and clearly better in one.",
        "Scatter of every policy's cost against its end-to-end latency p99, one panel for each load; the values stand "
        "in the tables by load below"),
    "loads": Legend(
        "Time to first token p99 (s, log axis), completed requests (%) and cost (USD per million tokens) against load "
        "(1 = the scenario's own). Bars are 95 % intervals over replications.",
        "Three line charts against load: time to first token p99, share of completed requests, and cost, a line for "
        "each policy; the values stand in the tables by load below"),
}
