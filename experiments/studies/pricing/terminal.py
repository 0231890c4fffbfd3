"""The pricing study as the terminal shows it: what is known beside what was found."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from experiments.stats.digits import pair

if TYPE_CHECKING:
    from pandas import DataFrame


def table(rows: DataFrame) -> str:
    """Return the rows as aligned text."""
    grid: list[tuple[str, ...]] = [("", "known", "found", "n")]
    last = ""
    for row in rows.itertuples(index=False):
        if row.part != last:
            grid.append((str(row.part), "", "", ""))
            last = str(row.part)
        answer = found(row.mean, row.half_width, row.n)
        grid.append((f"  {row.quantity}, {row.unit}", band(row.known_low, row.known_high), answer, str(row.n)))
    widths = [max(len(line[i]) for line in grid) for i in range(4)]
    lines = (line[0].ljust(widths[0]) + "".join(f"  {line[i]:>{widths[i]}}" for i in (1, 2, 3)) for line in grid)
    return "\n".join(lines)


def band(low: float, high: float) -> str:
    """Return what is known: a value, or a range."""
    return plain(low) if low == high else f"{plain(low)} to {plain(high)}"


def found(mean: float, half_width: float, n: int) -> str:
    """Return what was found; a deterministic answer has no half-width."""
    return plain(mean) if n == 1 else " ± ".join(pair(mean, half_width))


def plain(value: float) -> str:
    """Return a number with as many digits as strategies agree with theory."""
    return "none (divergent)" if math.isinf(value) else f"{value:.7g}" if value < 10 else f"{value:.4g}"
