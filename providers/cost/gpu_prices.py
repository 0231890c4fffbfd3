"""Rent of each GPU type on each day: falling, V-shaped, constant, or replayed from a file; and a fall of all costs."""

import csv
import io
import math
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np

from providers.cost.ownership import REFERENCE
from providers.hardware.gpus import GPUS, Gpu
from sim.errors import MarketError
from sim.scenario.cost_settings import GpuFall
from sim.scenario.firm_settings import GpuPrices
from sim.text_files import text_of, why_unread
from sim.units import DAYS_PER_YEAR


class GpuPriceError(MarketError):
    """A file of GPU prices cannot be used; the text names the file and the line."""


class CostLevels(NamedTuple):
    """What a GPU costs on each day over what is set, rented or owned, float64 (days,); the last day's goes on.

    Attributes
    ----------
    reckoned
        As sellers reckon: with it they price, order and enter.
    paid
        As they pay.
    """

    reckoned: np.ndarray
    paid: np.ndarray


UNCHANGED: Final = CostLevels(np.ones(1), np.ones(1))


def cost_levels(fall: GpuFall, days: int) -> CostLevels:
    """Return what GPUs cost over what is set, where it falls on one day (E195)."""
    days = max(days, 1)
    paid = np.where(np.arange(days) < fall.day, 1.0, 1.0 / fall.divisor)
    return CostLevels(np.ones(days) if fall.kept else paid, paid)


class _Quote(NamedTuple):
    """A rent from a day on."""

    day: float
    usd_per_hour: float


def gpu_price_series(settings: GpuPrices, days: int, gpus: Mapping[str, Gpu] = GPUS) -> dict[str, np.ndarray]:
    """Rent of every GPU type of ``gpus``, USD per GPU-hour, float64 (days,).

    Types move with the H100, in the proportions of the rents of their table; a replayed file gives its
    types directly (step-wise constant; before its first day the first price) and the others in proportion.

    Raises
    ------
    GpuPriceError
        If the file cannot be read or has a wrong line.
    """
    # a run of no days still asks what the first would cost
    days = max(days, 1)
    if settings.path is not None:
        return _replayed(Path(settings.path), days, gpus)
    h100 = _h100(settings, np.arange(days, dtype=np.float64))
    anchor = gpus[REFERENCE].rent_usd_per_hour
    return {name: h100 * gpu.rent_usd_per_hour / anchor for name, gpu in gpus.items()}


def _h100(settings: GpuPrices, day: np.ndarray) -> np.ndarray:
    start = settings.h100_usd_per_hour
    if settings.kind == "constant":
        return np.full_like(day, start)
    if settings.kind == "falling":
        return np.asarray(start * (1.0 - settings.decline_per_year) ** (day / DAYS_PER_YEAR))
    knots = (0.0, settings.trough_day, settings.recovered_day)
    # straight lines of the logarithm: rents fall and recover by shares, not by dollars
    levels = [math.log(usd) for usd in (start, settings.trough_usd_per_hour, settings.recovered_usd_per_hour)]
    return np.asarray(np.exp(np.interp(day, knots, levels)))


def _replayed(path: Path, days: int, gpus: Mapping[str, Gpu]) -> dict[str, np.ndarray]:
    points = _read(path, gpus)
    series = {gpu: _steps(quotes, days) for gpu, quotes in points.items()}
    anchor = REFERENCE if REFERENCE in series else min(series)
    for name, gpu in gpus.items():
        if name not in series:
            series[name] = series[anchor] * gpu.rent_usd_per_hour / gpus[anchor].rent_usd_per_hour
    return series


def _steps(quotes: list[_Quote], days: int) -> np.ndarray:
    day, usd = np.array(sorted(quotes)).T
    return np.asarray(usd[np.maximum(0, np.searchsorted(day, np.arange(days), side="right") - 1)])


def _read(path: Path, gpus: Mapping[str, Gpu]) -> dict[str, list[_Quote]]:
    points: defaultdict[str, list[_Quote]] = defaultdict(list)
    try:
        text = text_of(path)
    except (OSError, UnicodeDecodeError) as error:
        raise GpuPriceError(f"cannot read GPU prices {path}: {why_unread(error)}") from None
    reader = csv.DictReader(io.StringIO(text))
    for row in reader:
        gpu, quote = _row(row, f"{path}, line {reader.line_num}", gpus)
        points[gpu].append(quote)
    if not points:
        raise GpuPriceError(f"{path} holds no GPU prices; it needs the columns day, gpu, usd_per_hour")
    return points


def _row(row: dict[str, str], where: str, gpus: Mapping[str, Gpu]) -> tuple[str, _Quote]:
    try:
        gpu, day, usd = row["gpu"], float(row["day"]), float(row["usd_per_hour"])
    except (KeyError, TypeError, ValueError):
        raise GpuPriceError(f"{where} must have day and usd_per_hour as numbers and a gpu; it is {row}") from None
    if gpu not in gpus:
        raise GpuPriceError(f"{where}: gpu is {gpu!r}; allowed are {', '.join(gpus)}")
    if not (math.isfinite(day) and math.isfinite(usd) and usd > 0):
        raise GpuPriceError(f"{where}: usd_per_hour is {usd:g} on day {day:g}; it must be above 0")
    return gpu, _Quote(day, usd)
