"""A steady-state study written up."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

from experiments.measures.catalogue import spelt
from experiments.output.folder import SUMMARY, Folder
from experiments.report import grids as grids
from experiments.report.blocks import Block, Column, Section, Table, Text
from experiments.report.headings import shown
from experiments.report.pieces import Legend, figures_in, listed
from experiments.stats.multiple import is_there
from experiments.studies.steady.measures import BY_BATCHES
from experiments.studies.study import Answer

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pandas import DataFrame, Series

    from experiments.measures.catalogue import Show

PAIRS: Final = "pairs.csv"


def answer(folder: Folder, figures: Path) -> Answer:
    """Write up policies in steady state."""
    summary, policies = folder.table(SUMMARY), folder.parameters["policies"]
    warm_up_s, end_s = float(summary["warm_up_s"].iloc[0]), float(summary["end_s"].iloc[0])
    what = f"do {len(policies)} routing policies" if len(policies) > 1 else f"does the routing policy `{policies[0]}`"
    question = (f"How {what} do in the long run, once a start with empty queues is forgotten: "
                f"{listed([shown(metric, '').words for metric in folder.parameters['metrics']])}?")
    by_batches = summary["method"].iloc[0] == BY_BATCHES
    how = ("one long run each, intervals by batch means" if by_batches
           else f"{folder.parameters['replications']} replications each")
    blocks: list[Block] = [
        Text(f"The first {warm_up_s:g} s of every run are deleted, the same in all (MSER-5), and what follows until "
             f"{end_s:g} s is measured; {how}."),
        _means(summary, "batches of a run" if by_batches else "replications"), *figures_in(figures, FIGURES)]
    if folder.has(PAIRS):
        blocks.insert(2, _pairs(folder.table(PAIRS), folder.parameters["baseline"], grids.shows_of(summary)))
    limits = ["The warm-up is estimated from the runs themselves; a slow drift that lasts longer than a run would not "
              "be seen."]
    facts = {"policies": str(len(policies)), "warm-up": f"{warm_up_s:g} s", "measured until": f"{end_s:g} s"}
    return Answer(question, [Section("results", "Steady state", tuple(blocks))], limits, facts)


def _means(summary: DataFrame, of: str) -> Table:
    n = int(summary["n"].max())
    caption = f"Means in steady state ± half-width of the 95 % interval over n = {n} {of}."
    return _grid("steady-state", caption, summary, "mean", grids.shows_of(summary))


def _pairs(pairs: DataFrame, baseline: str, shows: Mapping[str, Show]) -> Table:
    caption = (f"Difference from the baseline `{baseline}`, in pairs. A star marks a difference that is there with "
               "95 % confidence in all of them at once (Holm).")
    return _grid("steady-differences", caption, pairs, "difference", shows)


def _grid(name: str, caption: str, frame: DataFrame, value: str, shows: Mapping[str, Show]) -> Table:
    """A row a policy, a column a metric; a star at differences that are there."""
    metrics = list(dict.fromkeys(frame["metric"]))
    by = frame.set_index(["policy", "metric"])
    rows = []
    for policy in dict.fromkeys(frame["policy"]):
        cells = [_cell(by.loc[(policy, metric)], shows[metric], value) for metric in metrics]
        rows.append((str(policy), *cells))
    heads = (Column("policy", words=True),
             *(Column(shown(metric, "").heading, spelt(shows[metric].unit)) for metric in metrics))
    return Table(name, caption, heads, tuple(rows))


def _cell(row: Series, show: Show, value: str) -> str:
    estimate = grids.Estimate(row[value], row["half_width"], int(row["n"]))
    text = grids.cell(estimate, show.factor, int(row["n"]))
    return f"{text} *" if "p_holm" in row and is_there(row["p_holm"]) else text


FIGURES: Final = {
    "warm_up": Legend(
        "The course of every metric over simulated time, all replications together; shaded: the warm-up that is "
        "deleted from every run.",
        "A panel for each metric over simulated time, a line for each policy, the warm-up shaded; the means that "
        "follow stand in the table of the steady state"),
}
