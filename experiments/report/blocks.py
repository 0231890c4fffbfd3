"""What a write-up is made of, before it is HTML, Markdown or LaTeX."""

from dataclasses import dataclass
from pathlib import Path

from experiments.output.figure_style import TALL


@dataclass(frozen=True)
class Text:
    """A paragraph; words in `backticks` are code."""

    text: str


@dataclass(frozen=True)
class Items:
    """A list of points; words in `backticks` are code."""

    items: tuple[str, ...]


@dataclass(frozen=True)
class Code:
    """Lines to copy: commands, or a BibTeX entry."""

    text: str


@dataclass(frozen=True)
class Column:
    """A column of a table: heading, unit (empty for none), whether it holds words rather than numbers, or sentences."""

    head: str
    unit: str = ""
    words: bool = False
    sentences: bool = False


@dataclass(frozen=True)
class Table:
    """A table.

    Attributes
    ----------
    name
        Of its LaTeX file, and of its anchor.
    caption
        What the numbers are, with what the intervals are over.
    columns
        The first one names the rows.
    rows
        Cells as text.
    folded
        Whether the page shows it only when asked to.
    """

    name: str
    caption: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[str, ...], ...]
    folded: bool = False


@dataclass(frozen=True)
class Figure:
    """A figure that lies as SVG in a folder; copies in other formats lie beside it under the same name."""

    svg: Path
    caption: str
    alt: str

    @property
    def name(self) -> str:
        """Name of its files, without the ending."""
        return self.svg.stem

    @property
    def tall(self) -> Path | None:
        """The variant whose panels stand one below the other, for phones; None if there is none."""
        path = self.svg.with_name(f"{self.svg.stem}{TALL}.svg")
        return path if path.is_file() else None


Block = Text | Items | Code | Table | Figure


@dataclass(frozen=True)
class Section:
    """A heading, the anchor it is linked by, and what stands under it."""

    anchor: str
    heading: str
    blocks: tuple[Block, ...]


@dataclass(frozen=True)
class Page:
    """A whole write-up: title, a line under it, facts at a glance by name, and sections."""

    title: str
    subtitle: str
    facts: dict[str, str]
    sections: tuple[Section, ...]

    def tables(self) -> list[Table]:
        """Return every table in order."""
        return [block for section in self.sections for block in section.blocks if isinstance(block, Table)]

    def figures(self) -> list[Figure]:
        """Return every figure in order."""
        return [block for section in self.sections for block in section.blocks if isinstance(block, Figure)]
