"""The pricing study as the terminal shows it: what is known beside what was found."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

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
        grid.append((f"  {row.quantity}, {row.unit}", _band(row.known_low, row.known_high), _found(row), str(row.n)))
    widths = [max(len(line[i]) for line in grid) for i in range(4)]
    lines = (line[0].ljust(widths[0]) + "".join(f"  {line[i]:>{widths[i]}}" for i in (1, 2, 3)) for line in grid)
    return "\n".join(lines)


def _band(low: float, high: float) -> str:
    return _plain(low) if low == high else f"{_plain(low)} to {_plain(high)}"


def _found(row: Any) -> str:  # noqa: ANN401 - a row of a frame
    if row.n == 1:
        return _plain(row.mean)
    return f"{row.mean:.3g} ± {row.half_width:.1g}"


def _plain(value: float) -> str:
    return "none (divergent)" if math.isinf(value) else f"{value:.7g}" if value < 10 else f"{value:.4g}"
