"""The market's requests, slice by slice: what customers decided, made into rows for an engine.

In every slice each workload has its own sequence of possible requests, all their draws keyed by the workload,
the slice and their number. The volume only decides how many of them exist (a Poisson count by inversion of one
uniform), so whatever prices do, the k-th request of a workload in a slice is the same request.
"""

from collections.abc import Sequence
from functools import reduce

import numpy as np

from sim.engines.requests import REQUEST, join
from sim.market.customers.conversations import Conversations, Lanes
from sim.market.customers.customers import Customers
from sim.market.customers.routing import Pins
from sim.market.market_clock import Slice, TrafficClock
from sim.market.marketplaces.marketplaces import Marketplaces
from sim.market.models.model import Models
from sim.market.slice_rows import (
    COUNT,
    GOLDEN,
    SECOND,
    SMALL_MEAN,
    Drawn,
    Way,
    merged,
    slice_rows,
    small_poisson_counts,
)
from sim.scenario.market_scenario import Rhythm
from sim.units import DAY_S, HOUR_S, HOURS_PER_DAY


def mixed(x: np.ndarray) -> np.ndarray:
    """Scramble 64-bit words (splitmix64 finaliser, as ``sim.draws.mix``)."""
    x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return np.asarray(x ^ (x >> np.uint64(31)))


def uniform(key: np.ndarray, purpose: int) -> np.ndarray:
    """Uniforms in [0, 1) that belong to keys and a purpose."""
    with np.errstate(over="ignore"):
        word = mixed(key + GOLDEN * np.uint64(purpose))
    return np.asarray((word >> np.uint64(11)) * 1.1102230246251565e-16)


class MarketFeed:
    """An engine's feed that pauses where the calendar has not yet decided what customers do.

    Parameters
    ----------
    customers
        Their models and volumes are read when a slice begins.
    models
        Verbosity multiplies output lengths.
    clock, rhythm
        When slices begin, and how rates vary over day and week.
    way
        From customers to their router.
    world_model
        Row of each model among the world's models, -1 for one that nobody ever offers.

    Attributes
    ----------
    pins
        The providers that workloads have named; None: nobody names one.
    conversations
        Which requests belong together; None: each is for itself.
    places
        Which marketplaces workloads buy through; None: there is only one.
    """

    def __init__(self, customers: Customers, models: Models, clock: TrafficClock, rhythm: Rhythm,
                 way: Way, world_model: np.ndarray) -> None:
        self._customers, self._models, self._clock, self._rhythm = customers, models, clock, rhythm
        self._way, self._world_model = way, world_model
        self.pins: Pins | None = None  # who names a provider looks at the board, which is made after the feed
        self.conversations: Conversations | None = None
        self.places: Marketplaces | None = None
        self._next = 0
        self._granted_s = -np.inf
        self._stretch: np.ndarray | None = None  # rows of a sampled run that nobody has asked for yet
        self._late = np.empty(0, REQUEST)  # rows that reach the router after their slice has ended

    def grant(self, market_s: float) -> None:
        """Let slices that begin before ``market_s`` be handed out: nothing before that time will change any more."""
        self._granted_s = market_s

    def __iter__(self) -> "MarketFeed":
        return self

    def __next__(self) -> np.ndarray:
        if not self._clock.full:
            rows, self._stretch = self._stretch, None
            return np.empty(0, REQUEST) if rows is None else rows
        while self._next < self._clock.slices:
            part = self._clock.slice(self._next)
            if part.market_s >= self._granted_s:
                return np.empty(0, REQUEST)
            self._next += 1
            rows = self._rows_until(part)
            if len(rows):
                return rows
        rows, self._late = self._late, np.empty(0, REQUEST)
        return rows

    def _rows_until(self, part: Slice) -> np.ndarray:
        """Rows that arrive before the slice ends, sorted; the others wait for the next."""
        # all are as long on their way, so those of the slice before are first
        rows = join([self._late, self._draw(part)])
        cut = int(np.searchsorted(rows["arrive_s"], part.market_s + part.length_s))
        self._late = rows[cut:]
        return rows[:cut]

    def rates_per_s(self, market_s: float) -> np.ndarray:
        """Requests per second of each workload at a moment, float64 (workloads,)."""
        day = int(market_s // DAY_S)
        hour = (market_s - day * DAY_S) / HOUR_S
        wave = np.cos((hour - self._customers.population.peak_hour) * (2.0 * np.pi / HOURS_PER_DAY))
        weekend = (self._clock.first_weekday + day) % 7 >= 5
        level = self._rhythm.weekend_factor if weekend else 1.0
        rates = self._customers.rate_per_s * level * (1.0 + self._rhythm.daily_amplitude * wave)
        return np.asarray(np.where(self._customers.model >= 0, rates, 0.0))

    def simulate(self, parts: Sequence[Slice], shares: Sequence[np.ndarray]) -> np.ndarray:
        """Hand out stretches of a sampled run, and return their requests in the order of arrival.

        Parameters
        ----------
        parts
            Stretches that begin now.
        shares
            For each stretch the share of each workload's requests that is simulated, float64 (workloads,).
        """
        self._stretch = reduce(merged, (self._draw(part, share) for part, share in zip(parts, shares, strict=True)))
        return self._stretch

    def _draw(self, part: Slice, share: np.ndarray | float = 1.0) -> np.ndarray:
        population, model = self._customers.population, self._customers.model
        # rates are constant within a slice, as the k-th request must not depend on another's time: the middle stands
        # for all of it
        rates_per_s = self.rates_per_s(part.market_s + part.length_s / 2)
        with np.errstate(over="ignore"):
            keys = mixed(population.key ^ (SECOND * np.uint64(part.number + 1)))
        rates_per_s = rates_per_s * share
        counts = poisson_counts(rates_per_s * part.length_s, uniform(keys, COUNT))
        output_tokens = population.output_tokens * self._models.verbosity[model]
        pinned = np.zeros(len(population), np.int32) if self.pins is None else self.pins.at(part.market_s, model)
        drawn = Drawn(keys, counts, population.prompt_tokens, output_tokens, population.length_sigma,
                      population.cached_share, population.shared_tokens, population.documents,
                      population.zipf_exponent, population.max_tokens, population.patience_s, self._world_model[model],
                      pinned, self._place(), *self._lanes(rates_per_s))
        return slice_rows(drawn, part, self._way)

    def _place(self) -> np.ndarray:
        """Number of the marketplace of each workload, int32."""
        if self.places is None:
            return np.zeros(len(self._customers.population), np.int32)
        return self.places.place.astype(np.int32)

    def _lanes(self, rates_per_s: np.ndarray) -> Lanes:
        """How requests at some rates are dealt to conversations."""
        if self.conversations is None:
            return Lanes(np.zeros(len(rates_per_s), np.int64), np.ones(len(rates_per_s)))
        return self.conversations.lanes(rates_per_s)


def poisson_counts(means: np.ndarray, u: np.ndarray) -> np.ndarray:
    """Poisson counts by inversion: the smallest n with P(N <= n) >= u; never falls when a mean rises.

    Parameters
    ----------
    means, u
        Means and uniforms, arrays.
    """
    counts = small_poisson_counts(means, u)
    large = np.flatnonzero(means > SMALL_MEAN)
    if len(large):
        from scipy.special import pdtrik  # the real number of events at which the distribution function is u

        counts[large] = np.ceil(pdtrik(u[large], means[large]))
    return counts
