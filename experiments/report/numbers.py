"""How numbers stand in a table: as many digits as the half-width warrants, never a mean alone."""

import math
from typing import Final

from experiments.stats.digits import CENSORED, ROUNDING, pair

MINUS: Final = "−"
POWERS: Final = {1e6: "million", 1e9: "billion", 1e12: "trillion"}
NOUGHT: Final = 1e-12  # no quantity of a run is that small; sums of rounding errors are
NONE: Final = "–"  # not defined, or not measured


def measured(mean: float, half_width: float, factor: float = 1.0) -> str:
    """Return ``mean ± half-width`` with the digits that the half-width warrants; without one, say so.

    Examples
    --------
    >>> measured(12.3456, 0.0423)
    '12.346 ± 0.042'
    >>> measured(4312.0, 617.0)
    '4310 ± 620'
    >>> measured(3.0, math.nan)
    '3.000 (no interval)'
    >>> measured(1.0, 0.0), measured(0.6175, 8.4e-17)
    ('1.000 ± 0', '0.6175 ± 0')
    """
    mean, half_width = mean * factor, half_width * factor
    if mean == math.inf:
        return CENSORED
    if not math.isfinite(mean):
        return NONE
    if not math.isfinite(half_width):
        return f"{number(mean)} (no interval)"
    if half_width <= ROUNDING * abs(mean):
        return f"{number(mean)} ± 0"
    for power, word in POWERS.items():  # a thousand of them is the next
        if power <= abs(mean) < 1e3 * power and half_width < 1e3 * power:
            return f"({_pair(mean / power, half_width / power)}) {word}"
    return _pair(mean, half_width)


def number(value: float, digits: int = 4) -> str:
    """Return a number with so many significant digits, in thousands, millions, billions, trillions.

    Examples
    --------
    >>> number(641499.0), number(0.73451), number(-2.5e12), number(math.nan)
    ('641,499', '0.7345', '−2.5 trillion', '–')
    """
    if value == math.inf:
        return CENSORED
    if not math.isfinite(value):
        return NONE
    size = abs(value)
    if size < NOUGHT:
        return "0"
    if 1e6 <= size < 1e15:
        power = 1e12 if size >= 1e12 else 1e9 if size >= 1e9 else 1e6
        text = f"{value / power:.{digits}g} {POWERS[power]}"
    elif value == int(value) and size < 1e6:
        text = f"{value:,.0f}" if size >= 10_000 else f"{value:.{0 if size >= 10 else 3}f}"
    elif size >= 1e15 or size < 1e-4:
        text = f"{value:.{digits}g}"
    else:
        text = f"{value:,.{max(0, digits - 1 - math.floor(math.log10(size)))}f}"
    return text.replace("-", MINUS, 1) if value < 0 else text


def plain(value: object) -> str:
    """Return a factor's value as people write it: 1.0 as 1, everything else as it stands.

    Examples
    --------
    >>> plain(1.0), plain(0.6), plain("random"), plain(True)
    ('1', '0.6', 'random', 'true')
    """
    if isinstance(value, bool):
        return str(value).lower()
    return f"{value:.12g}" if isinstance(value, float) else str(value)


def _pair(mean: float, half_width: float) -> str:
    """Mean and half-width with thousands told apart; in powers of ten where they would be a row of noughts."""
    size = max(abs(mean), half_width)
    if size >= 1e9 or half_width < 1e-6:
        return f"{_signed(f'{mean:.4g}')} ± {half_width:.2g}"
    middle, spread = pair(mean, half_width)
    return f"{_signed(_grouped(middle))} ± {_grouped(spread)}"


def _grouped(text: str) -> str:
    """The digits of a number from 10,000 on with commas."""
    return f"{int(text):,}" if text.lstrip("-").isdigit() and len(text.lstrip("-")) >= 5 else text


def _signed(text: str) -> str:
    return MINUS + text[1:] if text.startswith("-") else text
