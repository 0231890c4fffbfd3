"""A lab's load hour by hour: days and nights, weekends, luck, and customers who come for a better model."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from sim.streams import Streams
from sim.units import DAYS_PER_MONTH, DAYS_PER_WEEK, HOURS_PER_DAY

if TYPE_CHECKING:
    from experiments.studies.train_or_serve.assumed import FleetAssumptions, Lead, Serving

COUNTED_MONTHS: Final = 24
SEEN_MONTHS: Final = 32  # the rest is what the last models are still worth
PEAK: Final = 16.0  # hour of most requests: the mean is met at 22 and at 10


class LoadClock(NamedTuple):
    """Steps of time.

    Attributes
    ----------
    step_hours
        Length of a step.
    days
        Days that are seen.
    """

    step_hours: int
    days: int

    @property
    def per_day(self) -> int:
        """Steps a day."""
        return HOURS_PER_DAY // self.step_hours

    @property
    def counted(self) -> int:
        """Steps of the months that count."""
        return int(min(COUNTED_MONTHS * DAYS_PER_MONTH, self.days)) * self.per_day

    def hours(self) -> np.ndarray:
        """Hour of the day in the middle of each step, float64 (steps,)."""
        middle = (np.arange(self.days * self.per_day) + 0.5) * self.step_hours
        return np.asarray(middle % HOURS_PER_DAY)


def clock_of(step_hours: int, months: float = SEEN_MONTHS) -> LoadClock:
    """Return the steps of so many months."""
    return LoadClock(step_hours, int(months * DAYS_PER_MONTH))


def usual_load(serving: Serving, clock: LoadClock, streams: Streams | None) -> np.ndarray:
    """Return load over fleet of a lab that is as good as the others, float64 (steps,).

    A sine over the day whose top and bottom are as far apart as asked, weekends, and an autoregression in logarithms
    whose mean in money is 1; without streams there is no luck.
    """
    from scipy.signal import lfilter

    swing = (serving.busiest - 1.0) / (serving.busiest + 1.0)
    day = 1.0 + swing * np.cos(2.0 * math.pi * (clock.hours() - PEAK) / HOURS_PER_DAY)
    weekday = np.repeat(np.arange(clock.days) % DAYS_PER_WEEK < DAYS_PER_WEEK - 2, clock.per_day)
    week = np.where(weekday, 1.0, serving.weekend) * DAYS_PER_WEEK / (DAYS_PER_WEEK - 2 + 2 * serving.weekend)
    luck = np.zeros(len(day))
    if streams is not None and serving.noise > 0.0:
        kept = math.exp(-clock.step_hours / serving.noise_hours)
        draws = streams.generator("demand").standard_normal(len(day)) * math.sqrt(1.0 - kept**2)
        draws[0] /= math.sqrt(1.0 - kept**2)
        luck = serving.noise * lfilter([1.0], [1.0, -kept], draws)
    return np.asarray(serving.load * day * week * np.exp(luck - serving.noise**2 / 2.0 * (streams is not None)))


def wanted_share(lead: Lead, points: np.ndarray) -> np.ndarray:
    """Return the share of custom that a lab would have for good if it led by so many points, float64 (E154)."""
    others = (1.0 - lead.share) / lead.share
    return np.asarray(1.0 / (1.0 + others * np.exp(-lead.answer * points)))


def shares_by_day(lead: Lead, first: float, points: np.ndarray) -> np.ndarray:
    """Return the share of custom day by day, float64 (days,): it goes towards what the lead would have (E154).

    Parameters
    ----------
    lead
        How customers answer.
    first
        Share before.
    points
        The lead on each day, float64 (days,).
    """
    from scipy.signal import lfilter

    stays = math.exp(-lead.reviews_per_month / DAYS_PER_MONTH)
    wanted = wanted_share(lead, points)
    found, _ = lfilter([1.0 - stays], [1.0, -stays], wanted, zi=[stays * first])
    return np.asarray(found)


def is_night(assumed: FleetAssumptions, clock: LoadClock) -> np.ndarray:
    """Return whether it is night, bool (steps,)."""
    since = (clock.hours() - assumed.moving.night_begins) % HOURS_PER_DAY
    return np.asarray(since < assumed.moving.night_hours)
