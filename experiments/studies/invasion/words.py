"""The study of invasions written up."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

from experiments.output.folder import SUMMARY, Folder
from experiments.report.blocks import Section
from experiments.report.common import design
from experiments.report.pieces import Legend, as_it_is, figures_in
from experiments.studies.study import Answer

if TYPE_CHECKING:
    from pandas import DataFrame

FIGURES: Final = {"invasion": Legend(
    "The invader's share of customers on the last day, with 95 % intervals over seeds. Colour: its log odds less "
    "those of newcomers with the incumbent's own rule, on the same draws; so the diagonal is white.",
    "A square of final shares by incumbent and invader; the values stand in the table of pairs")}
LIMITS: Final = (
    "How customers weigh price and waiting, how often they reconsider and what staying is worth are assumptions; with "
    "one review in twenty months' worth of workloads a month, 180 days move few.",
    "The market is small: six hosts and two open models, whose sellers answer the rules that they are told.",
    "Tails are those of simulated requests, a few thousand a day.",
)


def answer(folder: Folder, figures: Path) -> Answer:
    """Write up who resists and who spreads."""
    rules = folder.table(SUMMARY)
    question = ("Which routing rules keep their customers when another opens beside them with a twentieth of the "
                "market, and which take those of others?")
    sections = [Section("results", "Rules", (design(folder), as_it_is(rules), *figures_in(figures, FIGURES))),
                Section("pairs", "Pairs", (as_it_is(folder.table("pairs")),))]
    return Answer(question, sections, list(LIMITS), {"rules": str(len(rules)), "said": said(rules)})


def said(rules: DataFrame) -> str:
    """Return who is cheapest where all keep its rule, and whether it resists all others."""
    best = rules.sort_values("alone_usd_per_mtok", kind="stable").iloc[0]
    return (f"{best['rule']} is the cheapest where all keep it, resists {best['resists']} of {best['others']} others "
            f"and grows against {best['grows_against']}")
