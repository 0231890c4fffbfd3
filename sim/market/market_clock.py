"""The market's clock: which traffic is simulated when. The engine's time is market time; all else is silence."""

from typing import Final, NamedTuple

import numpy as np

from sim.scenario.market_scenario import Horizon
from sim.streams import Streams
from sim.units import DAY_S, HOUR_S, HOURS_PER_DAY

LONGEST_S: Final = 2700  # of a stretch: it must lie within one hour, so that nothing on the hour interrupts it


class Slice(NamedTuple):
    """A stretch of traffic with constant rates: number, start and length in market time, s."""

    number: int
    market_s: float
    length_s: float


class TrafficClock:
    """Says which slices of time are simulated request by request.

    At full resolution they are all slices of the run. A sampled run simulates one stretch a day, for the models whose
    turn it is: of every 24 days' stretches one falls into each hour, in an order and at a moment of the hour drawn from
    the stream ``stretches``. So days sample the daily wave evenly.

    Parameters
    ----------
    horizon
        Length and resolution of the run.
    streams
        Streams of the run.
    """

    def __init__(self, horizon: Horizon, streams: Streams) -> None:
        self.full = horizon.resolution == "full"
        self.days = horizon.days
        self.first_weekday = horizon.start.weekday()  # of day 0; Monday is 0
        self.length_s = horizon.slice_s
        self.per_day = DAY_S // horizon.slice_s
        self._start_s = np.zeros(0) if self.full else self._stretches(streams)

    def _stretches(self, streams: Streams) -> np.ndarray:
        """Start of each day's stretch, seconds after midnight."""
        rng = streams.generator("stretches")
        blocks = -(-self.days // HOURS_PER_DAY)
        hours = np.concatenate([rng.permutation(HOURS_PER_DAY) for _ in range(blocks)])
        midnight = int(np.argmin(hours[:HOURS_PER_DAY]))
        hours[[0, midnight]] = hours[[midnight, 0]]  # on the first day as early as can be: until then nothing is known
        return np.asarray(hours[: self.days] * HOUR_S + np.floor(rng.random(self.days) * (HOUR_S - LONGEST_S)))

    @property
    def slices(self) -> int:
        """Number of slices of a run at full resolution."""
        return self.days * self.per_day

    def slice(self, number: int) -> Slice:
        """Return the ``number``-th slice of a run at full resolution."""
        day, part = divmod(number, self.per_day)
        return Slice(number, float(day * DAY_S + part * self.length_s), float(self.length_s))

    def stretch_s(self, day: int) -> float:
        """When the stretch of a day of a sampled run begins, market time in seconds."""
        return float(day * DAY_S + self._start_s[day])
