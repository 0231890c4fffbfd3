"""What was published beside what we say, as rows of text: for the terminal, for Markdown and for programs."""

from collections.abc import Sequence
from typing import NamedTuple

NOTHING = "–"


class Figure(NamedTuple):
    """One published figure, and ours.

    Attributes
    ----------
    name
        What it is of.
    unit
        Its unit.
    published
        As published, or arithmetic of what was published.
    ours
        One value for each case that is told apart.
    """

    name: str
    unit: str
    published: float
    ours: tuple[float, ...]

    @property
    def errors(self) -> tuple[float, ...]:
        """Ours over the published one, less 1, for each case."""
        return tuple(value / self.published - 1.0 for value in self.ours)


def rows(figures: Sequence[Figure], cases: Sequence[str]) -> list[tuple[str, ...]]:
    """Return a head and one row of text a figure: for each case ours, and its error."""
    head = ("figure", "unit", "published", *(cell for case in cases for cell in (case, "error")))
    return [head, *((it.name, it.unit, number(it.published), *_cells(it)) for it in figures)]


def _cells(figure: Figure) -> list[str]:
    return [cell for value, error in zip(figure.ours, figure.errors, strict=True)
            for cell in (number(value), share(error))]


def number(value: float) -> str:
    """Return a number to four digits, whole ones above a thousand with commas."""
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.4g}"


def share(error: float) -> str:
    """Return a relative error as percent; what is more than twice or less than half as a factor."""
    factor = 1.0 + error
    if factor >= 2.0:
        return f"× {factor:.1f}"
    if 0.0 < factor <= 0.5:
        return f"÷ {1.0 / factor:.1f}"
    return f"{error:+.2%}" if abs(error) < 0.01 else f"{error:+.0%}"


def markdown(lines: Sequence[Sequence[str]]) -> str:
    """Return rows as a Markdown table, the first one its head."""
    head, *rest = lines
    return "\n".join(f"| {' | '.join(row)} |" for row in (head, ["---"] * len(head), *rest))


def told(figures: Sequence[Figure], cases: Sequence[str]) -> list[dict[str, object]]:
    """Return the figures for programs."""
    return [{"figure": it.name, "unit": it.unit, "published": it.published,
             "ours": dict(zip(cases, it.ours, strict=True)), "error": dict(zip(cases, it.errors, strict=True))}
            for it in figures]
