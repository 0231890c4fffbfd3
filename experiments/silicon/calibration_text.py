"""A calibration as the file that scenarios name: constants with intervals, and what they were fitted to."""

from collections.abc import Iterable, Mapping
from typing import Final

import numpy as np

from experiments.silicon.calibrating import Fitted
from experiments.silicon.fitting import GROUPED
from experiments.silicon.measured import Measurements
from providers.hardware.calibration import Constants

DIGITS: Final = 4  # of each constant: more than its interval says, fewer than rounding differs by between machines
HEADING: Final = """\
# Constants of step times (E1 of docs/theory.md), as `tokenmarket calibrate silicon` writes them.
# Shares are 1; times are seconds; work is FLOPs. Intervals hold 95%; both ends are equal where one is at its limit.
"""


def calibration_text(found: Fitted, measured: Measurements, name: str) -> str:
    """Return the text of a calibration file: the same for the same measurements.

    Parameters
    ----------
    found
        The calibration.
    measured
        What it was fitted to: the even half of it.
    name
        Name of the file of measurements.
    """
    even = sum(point.even for point in measured.points)
    provenance = {
        "data": name, "sha256": measured.digest, "newest_measurement": measured.newest,
        "split": "first byte of the SHA-256 of gpu|model|precision|backend|tp|input|output|concurrency: even fits, odd "
                 "tests",
        "points": len(measured.points), "even": even, "fitted": sum(found.counts), "odd": len(measured.points) - even,
    }
    parts = [HEADING, _table("provenance", provenance), _table("left_out", measured.left_out),
             _table("constants", _values(found.common.table[0])),
             _table("intervals", _intervals(found.common.low[0], found.common.high[0], Constants._fields))]
    solution = found.by_group
    for row, (gpu, framework) in enumerate(found.groups):
        own = {"gpu": gpu, "framework": framework, "points": found.counts[row], **_values(solution.table[row])}
        parts.append(_table("measured", own, listed=True))
        parts.append(_table("measured.intervals", _intervals(solution.low[row], solution.high[row], GROUPED)))
    return "\n".join(parts)


def _values(row: np.ndarray) -> dict[str, float]:
    return dict(zip(Constants._fields, (_rounded(value) for value in row.tolist()), strict=True))


def _intervals(low: np.ndarray, high: np.ndarray, names: Iterable[str]) -> dict[str, list[float]]:
    place = Constants._fields.index
    return {name: [_rounded(low[place(name)]), _rounded(high[place(name)])] for name in names}


def _rounded(value: float) -> float:
    return float(f"{value:.{DIGITS}g}")


def _table(name: str, values: Mapping[str, object], listed: bool = False) -> str:
    heading = f"[[{name}]]" if listed else f"[{name}]"
    return "\n".join([heading, *(f"{_key(key)} = {_toml(value)}" for key, value in values.items())]) + "\n"


def _key(name: str) -> str:
    return name if name.replace("_", "").isalnum() else f'"{name}"'


def _toml(value: object) -> str:
    return f'"{value}"' if isinstance(value, str) else str(value)
