"""A market's traffic: an engine, the clock that says what it simulates, and the feed of requests."""

import numpy as np

from sim.engines.face import TrafficEngine
from sim.market.market_clock import TrafficClock
from sim.market.market_feed import MarketFeed


class MarketTraffic:
    """What serves a market's requests; faults act on it, so that it knows which offers are up.

    Parameters
    ----------
    engine, clock, feed
        Serve requests, say which are simulated, and make them.
    offers
        Number of offers.

    Attributes
    ----------
    up
        bool (offers,): not in an outage now.
    """

    def __init__(self, engine: TrafficEngine, clock: TrafficClock, feed: MarketFeed, offers: int) -> None:
        self.engine, self.clock, self.feed = engine, clock, feed
        self.up = np.ones(offers, bool)
        self._up_s, self._since_s, self._changed_s = np.zeros(offers), 0.0, np.zeros(offers)
        self._shown, self._slow = np.zeros(offers, bool), dict[int, float]()

    def reach(self, market_s: float) -> None:
        """Serve traffic up to an event of the calendar."""
        # granted first: slices that begin before this event are settled, later ones are not, since whoever acts now may
        # change demand
        self.feed.grant(market_s)
        self.engine.advance(market_s)

    def set_up(self, offer: int, up: bool) -> None:
        """Begin (``False``) or end (``True``) an outage of an offer now."""
        now_s = self.engine.now_s
        if self.up[offer]:
            self._up_s[offer] += now_s - self._changed_s[offer]
        self._changed_s[offer], self.up[offer] = now_s, up
        if self._shown[offer]:
            self.engine.set_up(offer, up)

    def show(self, offer: int) -> None:
        """Tell the engine how an offer is that comes on sale for the first time.

        Until then it does not hear of its outages and slow spells: of thousands of offers that there may be one day
        most never are for sale, and serve nothing.
        """
        self._shown[offer] = True
        if not self.up[offer]:
            self.engine.set_up(offer, False)
        if offer in self._slow:
            self.engine.set_slowdown(offer, self._slow.pop(offer))

    def up_share(self) -> np.ndarray:
        """Return the share of the time since the last call (or the start) in which each offer was up, (offers,)."""
        now_s = self.engine.now_s
        up_s, span_s = self._up_s + np.where(self.up, now_s - self._changed_s, 0.0), now_s - self._since_s
        found = up_s / span_s if span_s > 0 else self.up.astype(float)
        self._up_s[:], self._changed_s[:], self._since_s = 0.0, now_s, now_s
        return np.asarray(found)

    def set_slowdown(self, offer: int, factor: float) -> None:
        """Multiply the offer's step times by ``factor`` for steps that begin from now on (1 ends a slow spell)."""
        if self._shown[offer]:
            self.engine.set_slowdown(offer, factor)
        else:
            self._slow[offer] = factor
