"""Square-root staffing of tenants who share a pool, in closed form (E100 to E104 of docs/theory.md)."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Final, NamedTuple

from experiments.studies.cdn.assumed import SharedPool

TAIL: Final = 0.01  # of requests that may wait longer than the limit: the 99th percentile
MOST_FACTOR: Final = 50.0  # of a burst: as bursty as on and off can nearly be
WIDEST: Final = 60.0  # square roots of capacity beyond the load, far more than any tail needs


class Load(NamedTuple):
    """The load of a pool.

    Attributes
    ----------
    mean
        Requests at once, if none waited.
    variance
        Of that number.
    held_s
        Time for which a request holds its slot, s.
    """

    mean: float
    variance: float
    held_s: float

    @property
    def peakedness(self) -> float:
        """Variance over mean: 1 for Poisson arrivals."""
        return self.variance / self.mean


def rate_variance(factor: float, burst_s: float, quiet_s: float) -> float:
    """Return the squared coefficient of variation of a rate that is ``factor`` times as large in bursts (E101)."""
    share = burst_s / (burst_s + quiet_s)
    return share * (1 - share) * ((factor - 1) / (1 + share * (factor - 1))) ** 2


def burst_factor(assumed: SharedPool) -> float:
    """Return the factor of bursts that gives a tenant the peakedness of its client's CV, (1 + CV²)/2 (E101).

    A tenant part of whose bursts are those of all has two independent ones, each of which must be larger. On and off
    can be no burstier than `MOST_FACTOR` gives.
    """
    share = assumed.burst_s / (assumed.burst_s + assumed.quiet_s)
    wanted = (assumed.client_cv**2 - 1) / 2 * _smoothing(assumed) / assumed.load / evened(assumed.correlation)
    root, spread = math.sqrt(wanted), math.sqrt(share * (1 - share))
    left = spread - share * root
    return min(MOST_FACTOR, 1 + root / left) if left > 0 else MOST_FACTOR


def _smoothing(assumed: SharedPool, longer: float = 1.0) -> float:
    """How much of the rate's variance the time in a slot averages away, as the divisor 1 + ν·S."""
    return 1 + (1 / assumed.burst_s + 1 / assumed.quiet_s) * assumed.held_s * longer


def load_of(assumed: SharedPool, tenants: int, neighbour: float | None = None) -> Load:
    """Return the load of tenants who share a pool (E100, E101).

    Parameters
    ----------
    assumed
        The assumptions.
    tenants
        How many.
    neighbour
        Factor of the bursts of one of them, apart from what it has in common with the others; None for that of all.
    """
    longer = assumed.longer(tenants)
    each, ordinary = assumed.load * longer, burst_factor(assumed)
    bursts = rate_variance(ordinary, assumed.burst_s, assumed.quiet_s) / _smoothing(assumed, longer)
    alike = evened(assumed.correlation) * (1 + (tenants - 1) * assumed.correlation)
    variance = tenants * each + each**2 * bursts * tenants * alike
    if neighbour is not None:
        own = split(assumed.correlation).own
        its = rate_variance(neighbour, assumed.burst_s, assumed.quiet_s) / _smoothing(assumed, longer)
        variance += (own * each) ** 2 * (its - bursts)
    return Load(tenants * each, variance, assumed.held_s * longer)


class Split(NamedTuple):
    """Shares of a tenant's rate that follow its own bursts, and those of all."""

    own: float
    common: float


def split(correlation: float) -> Split:
    """Return the shares whose bursts give two tenants a correlation: common²/(own² + common²).

    Examples
    --------
    >>> split(0.5)
    Split(own=0.5, common=0.5)
    >>> split(1.0)
    Split(own=0.0, common=1.0)
    """
    own, common = math.sqrt(1 - correlation), math.sqrt(correlation)
    return Split(own / (own + common), common / (own + common))


def evened(correlation: float) -> float:
    """Return what two independent bursts leave of the variance of one: the sum of their squared shares.

    Examples
    --------
    >>> evened(0.0), evened(0.5)
    (1.0, 0.5)
    """
    parts = split(correlation)
    return parts.own**2 + parts.common**2


def waiting_share(load: Load, slots: float, limit_s: float) -> float:
    """Return the share of requests that wait longer than a limit (E102).

    Halfin and Whitt's, of a pool whose peakedness is taken into account as Hayward does.
    """
    beyond = slots - load.mean
    beta = beyond / math.sqrt(load.variance)
    if beta <= 0:
        return 1.0
    density = math.exp(-beta * beta / 2) / math.sqrt(2 * math.pi)
    below = 0.5 * math.erfc(-beta / math.sqrt(2))
    return math.exp(-beyond * limit_s / (load.peakedness * load.held_s)) / (1 + beta * below / density)


def slots_needed(load: Load, limit_s: float, tail: float = TAIL) -> float:
    """Return the slots at which no more than the tail waits longer than the limit (E102); not rounded."""
    most = load.mean + WIDEST * math.sqrt(load.variance)
    return falling_root(lambda slots: waiting_share(load, slots, limit_s) - tail, load.mean, most)


def wait_at(load: Load, slots: float, tail: float = TAIL) -> float:
    """Return the wait that the tail exceeds (E102), s; 0 if fewer wait at all, infinite if there is no room."""
    any_wait = waiting_share(load, slots, 0.0)
    if slots <= load.mean:
        return math.inf
    return max(0.0, math.log(any_wait / tail)) * load.peakedness * load.held_s / (slots - load.mean)


def falling_root(function: Callable[[float], float], low: float, high: float) -> float:
    """Return where a falling function is 0, by halving."""
    for _ in range(100):
        middle = (low + high) / 2
        low, high = (middle, high) if function(middle) > 0 else (low, middle)
    return (low + high) / 2


class Reserved(NamedTuple):
    """A tenant who reserves some slots and takes the rest when it needs them.

    Attributes
    ----------
    slots
        Reserved.
    cost
        Of both, in slots at the price of capacity that is taken when needed.
    """

    slots: float
    cost: float


def reserved(load: Load, discount: float) -> Reserved:
    """Return what a tenant reserves and what it costs (E103): it reserves until a slot is idle as often as it is cheap.

    Parameters
    ----------
    load
        The tenant's, taken as normal.
    discount
        Of what is reserved.
    """
    from statistics import NormalDist

    spread = math.sqrt(load.variance)
    level = NormalDist().inv_cdf(discount) if discount > 0 else -math.inf  # P(Q > r) = 1 − d
    kept = max(0.0, load.mean + spread * level) if math.isfinite(level) else 0.0
    at = (kept - load.mean) / spread
    beyond = spread * (NormalDist().pdf(at) - at * (1 - NormalDist().cdf(at)))
    return Reserved(kept, (1 - discount) * kept + beyond)
