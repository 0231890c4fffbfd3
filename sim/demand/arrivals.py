"""Arrival processes: blocks of arrival times, the same whatever the block size.

Every process starts at time 0 and is driven by unit-rate draws that the rate only scales, so the arrivals at
two load levels are positively correlated. Renewal processes (Poisson, deterministic, gamma, Weibull) are
ordinary: a full gap precedes the first arrival. Bursts start in stationarity; the diurnal rate starts at
``start_hour``.
"""

import math
from collections.abc import Callable
from typing import Protocol

import numpy as np

from sim.scenario import Bursts, Deterministic, Diurnal, Gamma, Poisson, Weibull
from sim.units import DAYS_PER_WEEK, HOUR_S, HOURS_PER_DAY

OpenStream = Callable[[str], np.random.Generator]  # opens a stream of this class by its purpose

SATURDAY_H = 120.0  # hours since Monday 00:00
_PHASES = 1024  # phases drawn at a time; even, so that every block begins in the same state


Drawn = Poisson | Deterministic | Gamma | Weibull | Diurnal | Bursts  # all arrivals but traces


class ArrivalProcess(Protocol):
    """A source of arrival times."""

    def draw(self, n: int) -> tuple[np.ndarray, float]:
        """Return about ``n`` next arrival times (float64, s, non-decreasing) and a horizon.

        All arrivals that follow are at or after the horizon, which grows from call to call.
        """


def arrival_process(spec: Drawn, rate_per_s: float, open_stream: OpenStream) -> ArrivalProcess:
    """Build the process of a scenario at a given mean rate.

    Parameters
    ----------
    spec
        The scenario's arrivals; its own ``rate_per_s`` is not used.
    rate_per_s
        Long-run mean rate, after load, client share and session length.
    open_stream
        Opens the class's streams ``arrivals`` and, where needed, ``thinning`` or ``phases``.
    """
    if isinstance(spec, Deterministic):
        return _EvenlySpaced(rate_per_s)
    generator = open_stream("arrivals")
    if isinstance(spec, Diurnal):
        return _Thinned(spec, rate_per_s, generator, open_stream("thinning"))
    if isinstance(spec, Bursts):
        return _Modulated(spec, rate_per_s, generator, open_stream("phases"))
    return _Renewal(_unit_gaps(spec, generator), rate_per_s)


def _unit_gaps(
    spec: Poisson | Gamma | Weibull, generator: np.random.Generator
) -> Callable[[int], np.ndarray]:
    """A sampler of gaps with mean 1."""
    if isinstance(spec, Gamma):
        shape = spec.cv**-2
        return lambda n: generator.standard_gamma(shape, n) / shape
    if isinstance(spec, Weibull):
        power = 1.0 / weibull_shape(spec.cv)
        scale = math.exp(-math.lgamma(1.0 + power))
        return lambda n: generator.standard_exponential(n) ** power * scale
    return generator.standard_exponential


def weibull_shape(cv: float) -> float:
    """Shape k of the Weibull distribution with a given coefficient of variation.

    Solves ``cv² = Γ(1 + 2/k)/Γ(1 + 1/k)² − 1`` by bisection on ``log k`` to the last bit; cv in 0.01 to 1000.
    """

    def excess(log_k: float) -> float:
        inverse = math.exp(-log_k)
        return math.expm1(math.lgamma(1 + 2 * inverse) - 2 * math.lgamma(1 + inverse)) - cv**2

    low, high = math.log(0.05), math.log(200.0)  # excess falls in k
    for _ in range(80):
        middle = (low + high) / 2
        low, high = (middle, high) if excess(middle) > 0 else (low, middle)
    return math.exp((low + high) / 2)


def running_sum(start: float, gaps: np.ndarray) -> np.ndarray:
    """Add gaps one by one to ``start``, rounding as one long sum would; overwrites ``gaps``."""
    gaps[0] += start
    return np.cumsum(gaps, out=gaps)


class _Renewal:
    """Independent gaps."""

    def __init__(self, unit_gaps: Callable[[int], np.ndarray], rate_per_s: float) -> None:
        self._unit_gaps = unit_gaps
        self._rate = rate_per_s
        self._clock = 0.0  # in mean gaps

    def draw(self, n: int) -> tuple[np.ndarray, float]:
        """See ``ArrivalProcess``."""
        clock = running_sum(self._clock, self._unit_gaps(n))
        self._clock = float(clock[-1])
        clock /= self._rate
        return clock, float(clock[-1])


class _EvenlySpaced:
    """Arrival i (from 1) at i over the rate."""

    def __init__(self, rate_per_s: float) -> None:
        self._rate = rate_per_s
        self._count = 0

    def draw(self, n: int) -> tuple[np.ndarray, float]:
        """See ``ArrivalProcess``."""
        times = np.arange(self._count + 1, self._count + n + 1) / self._rate
        self._count += n
        return times, float(times[-1])


def weekly_shape(spec: Diurnal, t_s: np.ndarray) -> np.ndarray:
    """Rate at ``t_s`` over the mean rate of the week.

    A weekday is ``1 + a·cos(2π(h − peak_hour)/24)`` with ``a = (p − 1)/(p + 1)``, so that its largest rate is
    ``p = peak_to_trough`` times its smallest; the weekend is that times ``weekend_factor``; the mean over the
    week, ``(5 + 2·weekend_factor)/7``, is divided out.
    """
    hour = (spec.start_hour + t_s / HOUR_S) % (DAYS_PER_WEEK * HOURS_PER_DAY)
    swing = (spec.peak_to_trough - 1) / (spec.peak_to_trough + 1)
    day = 1 + swing * np.cos((hour - spec.peak_hour) * (2 * math.pi / HOURS_PER_DAY))
    return np.asarray(day * np.where(hour >= SATURDAY_H, spec.weekend_factor, 1.0) / _mean_day(spec))


def _mean_day(spec: Diurnal) -> float:
    return (5 + 2 * spec.weekend_factor) / 7


class _Thinned:
    """Non-homogeneous Poisson arrivals: a dominating Poisson process, each point kept with rate/maximum.

    Lewis and Shedler (1979), "Simulation of nonhomogeneous Poisson processes by thinning".
    """

    def __init__(
        self, spec: Diurnal, rate_per_s: float, arrivals: np.random.Generator, thinning: np.random.Generator
    ) -> None:
        swing = (spec.peak_to_trough - 1) / (spec.peak_to_trough + 1)
        self._spec = spec
        self._maximum = (1 + swing) * max(1.0, spec.weekend_factor) / _mean_day(spec)
        self._candidates = _Renewal(arrivals.standard_exponential, rate_per_s * self._maximum)
        self._thinning = thinning

    def draw(self, n: int) -> tuple[np.ndarray, float]:
        """See ``ArrivalProcess``."""
        times, horizon = self._candidates.draw(math.ceil(n * self._maximum))
        kept = self._thinning.random(len(times)) * self._maximum < weekly_shape(self._spec, times)
        return times[kept], horizon


class _Modulated:
    """Poisson arrivals whose rate switches between quiet spells and bursts, both exponential.

    Unit-rate arrivals are mapped through the inverse of the integrated rate. The spells do not depend on the
    load; which one is running at time 0 is drawn from the stationary distribution, and as spells are
    memoryless its rest is a full exponential.
    """

    def __init__(
        self, spec: Bursts, rate_per_s: float, arrivals: np.random.Generator, phases: np.random.Generator
    ) -> None:
        cycle = spec.burst_s + spec.quiet_s
        quiet = cycle / (spec.burst_factor * spec.burst_s + spec.quiet_s)  # over the mean rate
        means, levels = [spec.quiet_s, spec.burst_s], [quiet, quiet * spec.burst_factor]
        if phases.random() < spec.burst_s / cycle:
            means.reverse()
            levels.reverse()
        self._means = np.tile(means, _PHASES // 2)
        self._levels = np.tile(levels, _PHASES // 2)
        self._phases = phases
        self._arrivals = _Renewal(arrivals.standard_exponential, rate_per_s)
        self._waiting = np.empty(0)  # arrivals on the clock that runs at the mean rate
        # ends of the spells of the current block, and of all before it: true time, and mean-rate clock
        self._end_s = np.zeros(1)
        self._end_clock = np.zeros(1)

    def draw(self, n: int) -> tuple[np.ndarray, float]:
        """See ``ArrivalProcess``."""
        if not len(self._waiting):
            self._waiting, _ = self._arrivals.draw(n)
        while self._end_clock[-1] <= self._waiting[0]:
            self._next_spells()
        covered = int(np.searchsorted(self._waiting, self._end_clock[-1]))
        clock, self._waiting = self._waiting[:covered], self._waiting[covered:]
        spell = np.searchsorted(self._end_clock, clock, side="right") - 1  # begins where the one before ends
        times = self._end_s[spell] + (clock - self._end_clock[spell]) / self._levels[spell]
        np.minimum(times, self._end_s[spell + 1], out=times)  # rounding must not swap arrivals of two spells
        return times, float(times[-1])

    def _next_spells(self) -> None:
        lengths = self._phases.standard_exponential(_PHASES) * self._means
        end_s, end_clock = float(self._end_s[-1]), float(self._end_clock[-1])
        self._end_clock = np.concatenate(([end_clock], running_sum(end_clock, lengths * self._levels)))
        self._end_s = np.concatenate(([end_s], running_sum(end_s, lengths)))
