"""How a mean is printed, everywhere: digits follow its half-width, and it never stands without half-width and n."""

import math
from collections.abc import Iterable
from typing import Final

from experiments.stats.intervals import Interval

UNDEFINED: Final = "-"
CENSORED: Final = "> deadline"  # a quantile that falls among requests that were not completed
ENOUGH: Final = 3  # decimals of a number that no half-width guides
ROUNDING: Final = 1e-12  # of a mean: a half-width below that is of sums of floats, not of replications


def decimals(half_width: float) -> int:
    """Return the decimals that give a half-width two significant digits; negative left of the point.

    Two, whatever they are, as the GUM has it (JCGM 100:2008, 7.2.6): with one, a half-width of 1.5 and one of 2.4 would
    look alike, and columns whose rows have one digit or two are hard to compare.

    Examples
    --------
    >>> decimals(0.0423), decimals(0.0123), decimals(96.0), decimals(420.0), decimals(0.0996)
    (3, 3, 0, -1, 2)
    """
    # of the rounded one: .0996 is printed as .10, one decimal less than its exponent asks for
    return 1 - math.floor(math.log10(float(f"{half_width:.1e}")))


def pair(mean: float, half_width: float) -> tuple[str, str]:
    """Return a mean and its half-width as text: two digits of the half-width, the mean to the same place.

    Parameters
    ----------
    mean, half_width
        Finite.

    Examples
    --------
    >>> pair(12.3456, 0.0423), pair(52350.0, 3297.0), pair(1.0, 0.0)
    (('12.346', '0.042'), ('52400', '3300'), ('1.000', '0'))
    """
    if half_width <= ROUNDING * abs(mean):
        return fixed(mean, ENOUGH), "0"
    places = decimals(half_width)
    return fixed(mean, places), fixed(half_width, places)


def fixed(value: float, places: int) -> str:
    """Return a number rounded to a place, never as a negative nought.

    Examples
    --------
    >>> fixed(1234.5, -2), fixed(-0.001, 2)
    ('1200', '0.00')
    """
    text = f"{round(value, places):.{max(0, places)}f}"
    return text.removeprefix("-") if not text.strip("-0.") else text


def measured(got: Interval, factor: float = 1.0, most: int = ENOUGH) -> str:
    """Return ``mean±half-width`` for a narrow table that states n.

    A mean of one replication has no half-width, which is said by a question mark in its place; ``most`` is the number
    of decimals that it then has.

    Examples
    --------
    >>> measured(Interval(12.3456, 0.0423, 5)), measured(Interval(12.3456, math.nan, 1))
    ('12.346±.042', '12.346±?')
    >>> measured(Interval(math.inf, math.nan, 5))
    '> deadline'
    """
    mean, half = got.mean * factor, got.half_width * factor
    if mean == math.inf:
        return CENSORED
    if not math.isfinite(mean):
        return UNDEFINED
    if not math.isfinite(half):
        return f"{fixed(mean, most)}±?"
    middle, spread = pair(mean, half)
    return f"{middle}±{spread.removeprefix('0') if spread != '0' else spread}"


def sentence(got: Interval, unit: str = "", factor: float = 1.0) -> str:
    """Return mean, half-width, unit and n for running text.

    Examples
    --------
    >>> sentence(Interval(12.3456, 0.0423, 5), "ms"), sentence(Interval(7.0, math.nan, 1))
    ('12.346 ± 0.042 ms (n = 5)', '7.000 (n = 1, no interval)')
    """
    mean, half = got.mean * factor, got.half_width * factor
    if mean == math.inf:
        return f"{CENSORED} (n = {got.n})"
    tail = f" {unit}" if unit else ""
    if not math.isfinite(mean):
        return f"undefined (n = {got.n})"
    if not math.isfinite(half):
        return f"{fixed(mean, ENOUGH)}{tail} (n = {got.n}, no interval)"
    return f"{' ± '.join(pair(mean, half))}{tail} (n = {got.n})"


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
