"""Pieces that several write-ups share: figures with captions, lists of words, tables nobody has described."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from experiments.output.figure_style import TALL
from experiments.report.blocks import Block, Column, Figure, Table
from experiments.report.common import LONG
from experiments.report.numbers import NONE, NOUGHT, measured, plain

if TYPE_CHECKING:
    from pandas import DataFrame


class Legend(NamedTuple):
    """What is said of a figure: below it, and in its stead to who cannot see it."""

    caption: str
    alt: str


def figures_in(figures: Path, known: dict[str, Legend]) -> list[Block]:
    """Every figure of the run: those known with their captions, others with their names."""
    # the variant for phones is no figure of its own: it comes with the other
    drawn = (path for path in figures.glob("*.svg") if not path.stem.endswith(TALL))
    found = sorted(drawn, key=lambda path: (path.stem not in known, path.stem))
    out: list[Block] = []
    for path in found:
        name = path.stem.replace("_", " ").replace("-", " ")
        unknown = Legend(f"Figure `{path.stem}`; units and intervals as its axes say.",
                         f"Figure: {name}; its values stand in the tables of this page")
        out.append(Figure(path, *known.get(path.stem.rstrip("-0123456789"), unknown)))
    return out


def listed(words: list[str], last: str = "and") -> str:
    """Words with commas and a last `and`, or another word there."""
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} {last} {words[-1]}" if words else ""


def as_it_is(frame: DataFrame) -> Table:
    """A table whose columns nobody has described; mean and half-width are joined."""
    joined = {"mean", "half_width"} <= set(frame.columns)
    names = [name for name in frame.columns if not (joined and name == "half_width")]
    heads = tuple(Column("mean ± half-width" if joined and name == "mean" else str(name).replace("_", " "),
                         words=not _numeric(frame, name)) for name in names)
    rows = tuple(tuple(measured(row["mean"], row["half_width"]) if joined and name == "mean" else _plain(row[name])
                       for name in names) for row in frame.to_dict("records"))
    about = "; ± and what is called half width are those of 95 % intervals" if joined else ""
    return Table("summary", f"What was found: `summary.csv` of the run{about}.", heads, rows,
                 folded=len(rows) > 2 * LONG)


def _numeric(frame: DataFrame, name: str) -> bool:
    return frame[name].dtype.kind in "if"


def _plain(value: object) -> str:
    if isinstance(value, float) and not math.isfinite(value):
        return NONE
    if isinstance(value, float) and abs(value) < NOUGHT:
        return "0"
    return f"{value:.5g}" if isinstance(value, float) else plain(value)
