"""Records: rows of arrays whose fields have names, types and meanings, each described by an annotated class.

An array's element type is derived from the class, and functions that take a row are typed with it, so a type checker
knows every field; numba sees the array's own type, which has the same fields.
"""

from functools import cache
from typing import TYPE_CHECKING, Any, Generic, NamedTuple, TypeVar, cast

import numpy as np


class Field(NamedTuple):
    """One field: numpy's code of its type, and what it holds (with its unit, if it has one)."""

    code: str
    meaning: str


def f8(meaning: str) -> float:
    """Declare a float64 field."""
    return cast(float, Field("f8", meaning))


def i8(meaning: str) -> int:
    """Declare an int64 field."""
    return cast(int, Field("i8", meaning))


def u8(meaning: str) -> int:
    """Declare a uint64 field."""
    return cast(int, Field("u8", meaning))


def i4(meaning: str) -> int:
    """Declare an int32 field."""
    return cast(int, Field("i4", meaning))


class Record:
    """Base of the classes that describe a row; nobody makes an instance, arrays hold the rows.

    Examples
    --------
    >>> class Point(Record):
    ...     '''A place.'''
    ...
    ...     x_m: float = f8("metres east")
    ...     number: int = i4("of the point")
    >>> Point.dtype().names
    ('x_m', 'number')
    """

    if TYPE_CHECKING:  # outside compiled code a row's fields are reached by name in brackets

        def __getitem__(self, name: str) -> Any:  # noqa: ANN401 - the field's
            """Value of a field."""

        def __setitem__(self, name: str, value: object) -> None:
            """Set a field."""

    @classmethod
    def fields(cls) -> dict[str, Field]:
        """The fields in order."""
        return {name: value for name, value in vars(cls).items() if isinstance(value, Field)}

    @classmethod
    @cache
    def dtype(cls) -> np.dtype[Any]:
        """The element type: the fields in order, aligned as in C."""
        return np.dtype([(name, field.code) for name, field in cls.fields().items()], align=True)


R = TypeVar("R", bound=Record)


class Rows(Generic[R]):
    """How a type checker sees an array of records; at run time it is a plain numpy array (see `table`)."""

    shape: tuple[int, ...]

    if TYPE_CHECKING:

        def __len__(self) -> int:
            """Number of rows."""

        def __getitem__(self, index: Any) -> R:  # noqa: ANN401 - a number, or one of each axis
            """One row."""

        def __setitem__(self, index: int, row: R) -> None:
            """Copy a row."""


def table(rows: np.ndarray, record: type[R]) -> Rows[R]:
    """Type an array by the record that its rows are.

    Raises
    ------
    TypeError
        If the array's element type is not the record's.
    """
    if rows.dtype != record.dtype():
        raise TypeError(f"rows are {rows.dtype}, but a table of {record.__name__} has {record.dtype()}")
    return cast("Rows[R]", rows)


def rows_of(records: Rows[R]) -> np.ndarray:
    """The array itself, for code outside the engine's compiled part."""
    return cast(np.ndarray, records)
