"""How a mean is printed: digits follow its half-width, and it never stands without half-width and n."""

import math
from collections.abc import Iterable
from typing import Final

from experiments.stats.intervals import Interval

UNDEFINED: Final = "-"
ENOUGH: Final = 3  # decimals of a number that no half-width guides
PAGE: Final = 3.545  # half-widths that lead with less are given two digits: on pages,
TERMINAL: Final = 1.95  # and in the narrow columns of a terminal


def decimals(half_width: float, two_below: float = PAGE) -> int:
    """Return the decimals that a half-width warrants, negative left of the point.

    One significant digit of the half-width, two if its leading digits are below ``two_below``, as the Particle Data
    Group has it (Review of Particle Physics, introduction: two if its first three digits are 100 to 354).

    Examples
    --------
    >>> decimals(0.0423), decimals(0.0123), decimals(96.0), decimals(420.0), decimals(0.025), decimals(0.025, TERMINAL)
    (2, 3, -1, -2, 3, 2)
    """
    exponent = math.floor(math.log10(half_width))
    return -exponent + (1 if half_width / 10**exponent < two_below else 0)


def measured(got: Interval, factor: float = 1.0, most: int = ENOUGH) -> str:
    """Return ``mean±half-width`` for a narrow table that states n, with ``most`` decimals at most.

    A mean of one replication has no half-width, which is said by a question mark in its place.

    Examples
    --------
    >>> measured(Interval(12.3456, 0.0423, 5)), measured(Interval(12.3456, math.nan, 1))
    ('12.35±.04', '12.346±?')
    """
    mean, half = got.mean * factor, got.half_width * factor
    if not math.isfinite(mean):
        return UNDEFINED
    if not math.isfinite(half):
        return f"{_plain(mean, most)}±?"
    digits = min(most, max(0, decimals(half, TERMINAL))) if half > 0 else most
    spread = f"{half:.{digits}f}"
    return f"{_plain(mean, digits)}±{spread.removeprefix('0') if digits else spread}"


def sentence(got: Interval, unit: str = "", factor: float = 1.0, most: int = 9) -> str:
    """Return mean, half-width, unit and n for running text.

    Examples
    --------
    >>> sentence(Interval(12.3456, 0.0423, 5), "ms"), sentence(Interval(7.0, math.nan, 1), most=1)
    ('12.35 ± 0.04 ms (n = 5)', '7.0 (n = 1, no interval)')
    """
    mean, half = got.mean * factor, got.half_width * factor
    tail = f" {unit}" if unit else ""
    if not math.isfinite(mean):
        return f"undefined (n = {got.n})"
    if not math.isfinite(half):
        return f"{_plain(mean, min(most, ENOUGH))}{tail} (n = {got.n}, no interval)"
    digits = min(most, max(0, decimals(half))) if half > 0 else min(most, ENOUGH)
    return f"{_plain(mean, digits)} ± {half:.{digits}f}{tail} (n = {got.n})"


def counted(intervals: Iterable[Interval]) -> str:
    """Return the n of a table's cells, for its heading: one number, or the range of them.

    Examples
    --------
    >>> counted([Interval(1.0, 0.1, 5), Interval(2.0, 0.1, 5)]), counted([Interval(1.0, 0.1, 3), Interval(2, 1, 5)])
    ('n = 5', 'n = 3 to 5')
    """
    ns = {got.n for got in intervals}
    if not ns:
        return "n = 0"
    return f"n = {max(ns)}" if len(ns) == 1 else f"n = {min(ns)} to {max(ns)}"


def _plain(value: float, digits: int) -> str:
    text = f"{value:.{digits}f}"
    return text.removeprefix("-") if not text.strip("-0.") else text
