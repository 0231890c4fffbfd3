"""How the days of a run are cut: into calendar months, into weeks (or days), or not at all."""

from calendar import monthrange
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

import numpy as np

from experiments.measures.market.panel import by_period, ratio
from sim.units import DAY_S, DAYS_PER_WEEK

DAILY_UP_TO: Final = 8 * DAYS_PER_WEEK  # runs of at most so many days are told day by day


@dataclass(frozen=True)
class Periods:
    """Consecutive stretches of days that together are the run.

    Attributes
    ----------
    labels
        Name of each.
    of_day
        int64 (days,): the period of each day.
    days
        int64 (periods,): days of each that the run covers.
    """

    labels: tuple[str, ...]
    of_day: np.ndarray
    days: np.ndarray

    def __len__(self) -> int:
        return len(self.labels)

    @property
    def last(self) -> np.ndarray:
        """The last day of each period."""
        return np.asarray(np.cumsum(self.days) - 1)

    @property
    def first(self) -> np.ndarray:
        """The first day of each period."""
        return np.asarray(np.cumsum(self.days) - self.days)

    def add(self, values: np.ndarray) -> np.ndarray:
        """Sum days to periods: (days, ...) to (periods, ...)."""
        return by_period(values, self.of_day, len(self))

    def mean(self, values: np.ndarray) -> np.ndarray:
        """Mean over the days of a period that have a value, nan without one."""
        return ratio(self.add(np.nan_to_num(values)), self.add(np.isfinite(values)))

    def count(self, times_s: Sequence[float]) -> np.ndarray:
        """Count events; one at the very end of the run belongs to its last day."""
        day = np.minimum((np.array(times_s) // DAY_S).astype(np.int64), len(self.of_day) - 1)
        return np.bincount(self.of_day[day], minlength=len(self))


def calendar_months(start: date, days: int) -> Periods:
    """Months of a run of ``days`` days from ``start``; the first and the last may be incomplete.

    Examples
    --------
    >>> calendar_months(date(2025, 1, 30), 4).labels
    ('2025-01', '2025-02')
    """
    names = [(start + timedelta(days=day)).strftime("%Y-%m") for day in range(days)]
    labels = tuple(sorted(set(names)))
    of_day = np.array([labels.index(name) for name in names], np.int64)
    return Periods(labels, of_day, np.bincount(of_day, minlength=len(labels)))


def covered(month: str, days: float) -> str:
    """Return a month with the days that the run covers of it, over all of its days, where these are more.

    Examples
    --------
    >>> covered("2025-02", 9), covered("2025-02", 28)
    ('2025-02 9/28', '2025-02')
    """
    whole_days = days_of(month)
    return month if days >= whole_days else f"{month} {days:g}/{whole_days}"


def days_of(month: str) -> int:
    """Return the days of a calendar month.

    Examples
    --------
    >>> days_of("2024-02")
    29
    """
    year, number = (int(part) for part in month.split("-"))
    return monthrange(year, number)[1]


def weeks(start: date, days: int) -> Periods:
    """Weeks from the first day on, the last maybe shorter; days, if the run has at most ``DAILY_UP_TO``.

    Examples
    --------
    >>> weeks(date(2025, 1, 30), 58).days.tolist()
    [7, 7, 7, 7, 7, 7, 7, 7, 2]
    """
    return _stretches(start, days, 1 if days <= DAILY_UP_TO else DAYS_PER_WEEK)


def single_days(start: date, days: int) -> Periods:
    """Each day by itself.

    Examples
    --------
    >>> single_days(date(2025, 1, 31), 2).labels
    ('2025-01-31', '2025-02-01')
    """
    return _stretches(start, days, 1)


def _stretches(start: date, days: int, length: int) -> Periods:
    of_day = np.arange(days) // length
    labels = tuple((start + timedelta(days=day)).isoformat() for day in range(0, days, length))
    return Periods(labels, of_day, np.bincount(of_day, minlength=len(labels)))


def whole(start: date, days: int) -> Periods:
    """The run as one period."""
    return Periods((start.isoformat(),), np.zeros(days, np.int64), np.array([days]))
