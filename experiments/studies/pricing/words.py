"""The pricing study written up."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Final

from experiments.output.folder import SUMMARY, Folder
from experiments.report.blocks import Block, Column, Section, Table
from experiments.report.numbers import measured
from experiments.report.pieces import Legend, figures_in
from experiments.studies.pricing.terminal import band, plain
from experiments.studies.study import Answer

if TYPE_CHECKING:
    from pandas import DataFrame


def answer(folder: Folder, figures: Path) -> Answer:
    """Write up strategies beside what is known of them."""
    parameters, rows = folder.parameters, folder.table(SUMMARY)
    question = ("Do the market's pricing strategies reach the equilibria that theory knows where it knows them, and do "
                "posted prices move as real ones have been seen to?")
    blocks: list[Block] = [_part(str(part), mine) for part, mine in rows.groupby("part", sort=False)]
    limits = ["The games have two to ten sellers and demand in closed form: they check strategies, not the market.",
              f"Learners are {parameters['sessions']} sessions, posted prices {parameters['benches']} benches; the "
              "other rows are deterministic and have no interval."]
    facts = {"sessions of learners": str(parameters["sessions"]), "benches": str(parameters["benches"]),
             "seed": str(parameters["seed"])}
    return Answer(question, [Section("results", "Known and found", (*blocks, *figures_in(figures, FIGURES)))], limits,
                  facts)


def _part(name: str, rows: DataFrame) -> Table:
    heads = (Column("quantity", words=True), Column("unit", words=True), Column("known"), Column("source", words=True),
             Column("found"), Column("n"))
    body = []
    for row in rows.to_dict("records"):
        got = measured(row["mean"], row["half_width"]) if row["n"] > 1 else plain(float(row["mean"]))
        body.append((str(row["quantity"]), str(row["unit"]), band(float(row["known_low"]), float(row["known_high"])),
                     str(row["source"]), got, str(row["n"])))
    file = "-".join(("pricing", *re.findall(r"\w+", name)))  # a part's name has signs that no file's may have
    return Table(file, f"{name[0].upper()}{name[1:]}.", heads, tuple(body))


FIGURES: Final = {
    "pricing": Legend(
        "Left: one path of prices of sellers with limited capacity, who undercut each other and then jump back "
        "(Edgeworth's cycle). Right: how posted prices move in the benches beside what has been published.",
        "A line chart of prices that fall in steps and jump back, and a dot chart of simulated beside published facts "
        "of posted prices; the values stand in the tables above"),
}
