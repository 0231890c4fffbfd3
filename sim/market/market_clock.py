"""Two clocks: market time, and the engine's time, which stands still outside the windows that are simulated."""

from typing import NamedTuple

import numpy as np

from sim.scenario.market_scenario import Horizon
from sim.streams import Streams
from sim.units import DAY_S, HOUR_S, HOURS_PER_DAY


class Slice(NamedTuple):
    """A stretch of traffic with constant rates: number, start and length in market time, start in engine time."""

    number: int
    market_s: float
    length_s: float
    engine_s: float


class TrafficClock:
    """Maps market time to engine time.

    At full resolution they are the same. With windows, engine time runs only inside each day's window. A day is
    cut into ``86400 / window_s`` equal parts, and a day's window is the part that holds a random moment; of every
    24 days' moments one falls into each hour (in an order and at a point drawn from the stream ``windows``). So
    every second of the day is as likely to be simulated as any other, and days sample the daily wave evenly.

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
        self.length_s = horizon.slice_s if self.full else horizon.window_s
        # a whole number, so that scaled money stays whole nano-dollars and the books close
        self.scale = 1 if self.full else DAY_S // horizon.window_s
        self.per_day = DAY_S // horizon.slice_s if self.full else 1
        self._start_s = self._windows(horizon, streams)

    def _windows(self, horizon: Horizon, streams: Streams) -> np.ndarray:
        """Start of each day's window, seconds after midnight (0 at full resolution)."""
        if self.full:
            return np.zeros(horizon.days)
        rng = streams.generator("windows")
        blocks = -(-horizon.days // HOURS_PER_DAY)
        hours = np.concatenate([rng.permutation(HOURS_PER_DAY) for _ in range(blocks)])[: horizon.days]
        moments_s = (hours + rng.random(horizon.days)) * HOUR_S
        # the part of the day that holds the moment: a window that began at the moment would seldom hold the day's first
        # seconds, and could cross midnight
        return np.asarray(np.floor(moments_s / horizon.window_s) * horizon.window_s)

    @property
    def slices(self) -> int:
        """Number of slices of the whole run."""
        return self.days * self.per_day

    def slice(self, number: int) -> Slice:
        """Return the ``number``-th slice."""
        day, part = divmod(number, self.per_day)
        market_s = day * DAY_S + self._start_s[day] + part * self.length_s
        return Slice(number, float(market_s), float(self.length_s), float(number * self.length_s))

    def engine_s(self, market_s: float) -> float:
        """Engine time at a market time."""
        if self.full:
            return market_s
        day = min(int(market_s // DAY_S), self.days - 1)
        inside = market_s - day * DAY_S - float(self._start_s[day])
        return day * self.length_s + min(max(inside, 0.0), float(self.length_s))
