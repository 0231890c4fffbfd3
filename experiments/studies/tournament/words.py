"""A tournament written up."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Final

from experiments.measures.catalogue import Show, measure, spelt
from experiments.output.folder import SUMMARY, Folder
from experiments.report import grids as grids
from experiments.report.blocks import Block, Column, Items, Section, Table, Text
from experiments.report.headings import ABBREVIATIONS, shown
from experiments.report.numbers import NONE
from experiments.report.pieces import Legend, figures_in, listed
from experiments.stats.multiple import is_there
from experiments.studies.study import Answer
from experiments.studies.tournament.measures import BEST, CACHES, COLUMNS, COST, GOOD, LATENCY, TAILS, best

if TYPE_CHECKING:
    from pandas import DataFrame, Series

STARRED: Final = ("* on the frontier: no other policy is as good in both, cost per good request and share of good "
                  "requests, and clearly better in one.")
COMPARED: Final = (COST, GOOD, LATENCY, "completed_share")


def answer(folder: Folder, figures: Path) -> Answer:
    """Write up policies against each other."""
    summary, parameters = folder.table(SUMMARY), folder.parameters
    loads, baseline = parameters["loads"], parameters["baseline"]
    at = listed([f"{load:g}" for load in loads])
    question = (f"Which of {len(parameters['policies'])} routing policies serves most of the same requests well, and "
                f"at the lowest cost of a good one, at {at} times the scenario's load?")
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
        results += [
            grids.by_point(mine, COLUMNS, f"load-{load:g}",
                           f"Load {load:g}: policies by the cost of a good request, lowest first. {STARRED}", shows),
            grids.by_point(mine, TAILS, f"tails-{load:g}", f"Load {load:g}: tails, in the same order.", shows),
        ]
        if (summary[summary["metric"] == "cached_share"]["mean"] > 0).any():
            results.append(grids.by_point(mine, CACHES, f"caches-{load:g}", f"Load {load:g}: prompt tokens billed as "
                                          "cached, what a token really cost, and waits, in the same order.", shows))
        results += _of_classes(folder.table("classes.csv"), load)
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
        return f"Load {load:g}: no request was good."
    parts = []
    for metric, end in BEST.items():
        names = [f"`{name}`" for name in best(standings, summary, load, metric)]
        whose = f"that of {listed(names, 'or')}" if names else "not known"
        parts.append(f"the {end} {shown(metric, '').words} is {whose}")
    return (f"Load {load:g}: with 95 % confidence {', '.join(parts[:-1])}, and {parts[-1]} (best mean first; "
            "not known: without replications of several policies, or where all are past the deadline).")


def _of_classes(classes: DataFrame, load: float) -> list[Block]:
    """Good requests of every class of clients, if there are several."""
    mine = classes[(classes["load"] == load) & (classes["metric"] == GOOD)]
    if mine["class"].nunique() < 2:
        return []
    # a column a class: each is a metric of the grid
    frame = mine[["policy", "unit", "mean", "half_width", "n"]].assign(metric=mine["class"])
    names = [str(name) for name in frame["metric"].unique()]
    shows = dict.fromkeys(names, measure(GOOD).show)
    return [grids.by_point(frame, names, f"classes-{load:g}", f"Load {load:g}: good requests by class of clients, %.",
                           shows)]


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
        "Requests completed within both SLOs (%) against what one of them costs (USD per thousand, before fees), a "
        "panel a load. Up and to the left is better; bars are 95 % intervals over replications; filled: on the "
        "frontier; hollow: another policy is as good in both and clearly better in one.",
        "Scatter of every policy's share of good requests against the cost of one, one panel for each load; the values "
        "stand in the tables by load below"),
    "loads": Legend(
        "Time to first token p90 of all requests (s, log axis), good requests (%) and cost of one (USD per thousand) "
        "against load (1 = the scenario's own). Bars are 95 % intervals over replications. A line of the first panel "
        "ends where the percentile falls among requests that were not completed, in one replication or more.",
        "Three line charts against load: time to first token p90, share of good requests, and the cost of one, a line "
        "for each policy; the values stand in the tables by load below"),
}
