"""What a table of the store is made of: columns with type, unit, meaning and role."""

from dataclasses import dataclass
from typing import Literal

Role = Literal["dimension", "measure", "weight", "text"]
SqlType = Literal["VARCHAR", "BIGINT", "DOUBLE", "BOOLEAN"]


@dataclass(frozen=True)
class Column:
    """A column of a table.

    Attributes
    ----------
    name
        Name in the store, in frames and in exported files.
    dtype
        DuckDB's type.
    unit
        Unit of its values; empty for names and texts, ``1`` for shares.
    doc
        What it means.
    role
        ``dimension`` tells rows apart; a ``measure`` may be added up over rows unless its text says otherwise;
        a ``weight`` is what ratios are divided by; ``text`` describes.
    """

    name: str
    dtype: SqlType
    unit: str
    doc: str
    role: Role


@dataclass(frozen=True)
class Table:
    """A table of runs: each row belongs to one run.

    Attributes
    ----------
    doc
        What a row is.
    columns
        Its columns, less ``run`` and ``line``, which the store adds to each table.
    """

    doc: str
    columns: tuple[Column, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the columns in order."""
        return tuple(column.name for column in self.columns)

    @property
    def dimensions(self) -> tuple[str, ...]:
        """Names of the columns that tell rows of a run apart."""
        return tuple(column.name for column in self.columns if column.role == "dimension")


def dimension(name: str, doc: str, dtype: SqlType = "VARCHAR", unit: str = "") -> Column:
    """Return a column that tells rows apart."""
    return Column(name, dtype, unit, doc, "dimension")


def count(name: str, unit: str, doc: str) -> Column:
    """Return a column of whole numbers that may be added up."""
    return Column(name, "BIGINT", unit, doc, "measure")


def amount(name: str, unit: str, doc: str) -> Column:
    """Return a column of numbers that may be added up."""
    return Column(name, "DOUBLE", unit, doc, "measure")


def weight(name: str, unit: str, doc: str) -> Column:
    """Return a column of what ratios are divided by."""
    return Column(name, "DOUBLE", unit, doc, "weight")
