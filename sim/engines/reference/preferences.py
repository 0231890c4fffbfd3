"""Which offers a class's preferences leave to a request, and which of them go first (semantics, section 15)."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from sim import view
from sim.engines.ranks import EXCLUDED, as_good_as, rank_of, request_usd
from sim.engines.reference.request import LiveRequest
from sim.engines.reference.telemetry import Observed
from sim.engines.reference.terms import PostedPrice
from sim.engines.wanted import decides, goes_it_alone, standings
from sim.engines.world import OfferSpec
from sim.scenario import Preferences
from sim.scenario.preference_settings import LatencyLimits, MaxPrice, ThroughputLimits

# what offers are sorted by, the smallest first
SORTED_VALUES: dict[str, Callable[[np.ndarray], float]] = {
    "price": lambda row: float(row[view.COST_USD]),
    "throughput": lambda row: -float(row[view.THROUGHPUT_P50]),
    "latency": lambda row: float(row[view.TTFT_P50]),
}


@dataclass(frozen=True)
class Leader:
    """The open offers of a model that go first: their rank, and what the best of them is sorted by."""

    rank: int
    value: float

    def goes_before(self, other: "Leader") -> bool:
        """True if they go before those of another model that stands earlier in the list: not if they are as good."""
        return self.rank < other.rank or (self.rank == other.rank and other.value > as_good_as(self.value))


class Wishes:
    """What the requests of a class prefer, and what that comes to at the offers of a world.

    Parameters
    ----------
    wanted
        Their preferences.
    offers
        All offers.
    """

    def __init__(self, wanted: Preferences, offers: Sequence[OfferSpec]) -> None:
        self.wanted = wanted
        self.standings = standings(wanted, offers).tolist()
        self.places = 1 + len(wanted.order or ())
        self.decides = decides(wanted)
        self.alone = goes_it_alone(wanted)

    def allows(self, request: LiveRequest, offer: int, row: np.ndarray, price: PostedPrice) -> bool:
        """True if they let an offer serve a request."""
        most = self.wanted.max_price or MaxPrice()
        posted = float(request_usd(price.schedule.request, price.schedule.kept_ppm))
        return bool(
            self.standings[offer] != EXCLUDED
            and (most.prompt is None or row[view.PRICE_IN] <= most.prompt)
            and (most.completion is None or row[view.PRICE_OUT] <= most.completion)
            and (most.request is None or posted <= most.request)
            and (not self.alone or request.newest_offer in (None, offer))
        )

    def _has_key(self, offer: int) -> bool:
        return bool(self.standings[offer] & 1)  # of one that is excluded it is 0

    def tries(self, offer: int) -> int:
        """How often a request may try an offer: twice where it may come with either key."""
        return 2 if self._has_key(offer) and self.wanted.shared_capacity is not False else 1

    def uses_own_key(self, request: LiveRequest, offer: int) -> bool:
        """True if the request's next attempt at an offer comes with its customer's own key: its first there does."""
        return self._has_key(offer) and request.tried[offer] == 0

    def meets_preferences(self, observed: Observed) -> bool:
        """True if an offer keeps every wanted percentile."""
        late = self.wanted.preferred_max_latency or LatencyLimits()
        quick = self.wanted.preferred_min_throughput or ThroughputLimits()
        row = observed.row
        at_most = ((late.p50, row[view.TTFT_P50]), (late.p90, row[view.TTFT_P90]), (late.p99, row[view.TTFT_P99]),
                   (late.p75, observed.quantile("ttft", 0.75)))
        at_least = ((quick.p50, row[view.THROUGHPUT_P50]), (quick.p90, row[view.THROUGHPUT_P90]),
                    (quick.p99, row[view.THROUGHPUT_P99]), (quick.p75, observed.quantile("throughput", 0.25)))
        return all(wanted is None or value <= wanted for wanted, value in at_most) and all(
            wanted is None or value >= wanted for wanted, value in at_least
        )

    def rank(self, request: LiveRequest, offer: int, observed: Observed) -> int:
        """Rank of an offer for a request; the lowest goes first."""
        own_key = self.uses_own_key(request, offer)
        return int(rank_of(self.standings[offer], self.places, own_key, not self.meets_preferences(observed)))

    def first_group(self, request: LiveRequest, opened: Iterable[int], observed: Sequence[Observed]) -> set[int]:
        """Leave those of the open offers that no other goes before."""
        ranks = {offer: self.rank(request, offer, observed[offer]) for offer in opened}
        return {offer for offer, rank in ranks.items() if rank == min(ranks.values())}

    def leader(self, request: LiveRequest, group: set[int], observed: Sequence[Observed], live: np.ndarray) -> Leader:
        """Return how good the first group of a model is."""
        value = SORTED_VALUES[self.wanted.sorts_by]
        one = min(group)
        return Leader(self.rank(request, one, observed[one]), min(value(live[offer]) for offer in group))

    def leaders(self, opened: set[int], live: np.ndarray) -> set[int]:
        """Leave the best of the open offers by what they are sorted by."""
        if self.wanted.sorts_by == "none":
            return opened
        value = SORTED_VALUES[self.wanted.sorts_by]
        most = as_good_as(min(value(live[offer]) for offer in opened))
        return {offer for offer in opened if value(live[offer]) <= most}
