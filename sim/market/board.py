"""The board: which offers are listed, at which prices, with how many replicas; and the log of every change."""

from collections.abc import Callable, Mapping
from typing import NamedTuple

import numpy as np

from sim.engines.face import TrafficEngine
from sim.engines.world import OfferSpec
from sim.market.firm_schedules import schedule_at
from sim.market.prices import Prices
from sim.scenario.price_settings import RelativeSchedule


class PriceChange(NamedTuple):
    """One posting of prices."""

    time_s: float
    offer: int
    before: Prices
    after: Prices
    reason: str  # "launch", "schedule" (hours of the day), "review" or "react"


class ListingChange(NamedTuple):
    """An offer came to the market or left it, or its capacity changed."""

    time_s: float
    offer: int
    listed: bool
    replicas: int


class Board:
    """State of all offers that may ever exist, rows as in ``World.offers``; the only way to change the engine's offers.

    Parameters
    ----------
    offers, engine, price_factor
        What there is, who serves it, and what is charged over what is posted.
    crowd
        Replicas of an offer that the engine holds at most, where some stand for all; None: it holds all.
    relative
        What offers charge in proportion to the prices posted, by row; others charge these alone.
    at_first
        Called with an offer that is about to be listed for the first time.

    Attributes
    ----------
    listed
        bool (offers,): customers and routers see it.
    replicas
        int64 (offers,): replicas that take new requests.
    prices
        int64 (offers, 3): what is charged for input, output and cached tokens, pico-dollars per token. It is what
        the provider posted times the scenario's ``price_factor``.
    changed_s
        float64 (offers,): when the prices were last changed; -inf before the launch.
    listed_s
        float64 (offers,): when the offer was first listed; inf before.
    """

    def __init__(self, offers: tuple[OfferSpec, ...], engine: TrafficEngine, price_factor: float = 1.0,
                 crowd: int | None = None, relative: Mapping[int, RelativeSchedule] | None = None,
                 at_first: Callable[[int], None] | None = None) -> None:
        count = len(offers)
        self._engine, self._factor, self._crowd = engine, price_factor, crowd
        self._relative, self._at_first = relative or {}, at_first
        self.listed = np.zeros(count, bool)
        self.replicas = np.zeros(count, np.int64)
        self._posted = [Prices(*o.price.base[:3]) for o in offers]
        self.prices = np.array([posted.scaled(price_factor) for posted in self._posted], np.int64).reshape(-1, 3)
        self.changed_s = np.full(count, -np.inf)
        self.listed_s = np.full(count, np.inf)
        self.price_changes: list[PriceChange] = []
        self.listing_changes: list[ListingChange] = []
        names = {name: model for model, name in enumerate(dict.fromkeys(offer.model for offer in offers))}
        self._model_of = [names[offer.model] for offer in offers]
        self._version = [0] * len(names)
        # every offer that may ever exist is a row of the world from the start, since compiled arrays cannot grow: all
        # begin hidden
        for offer in range(count):
            engine.set_listed(offer, False)

    def prices_of(self, offer: int) -> Prices:
        """Prices as the provider posted them."""
        return self._posted[offer]

    def version_of(self, offer: int) -> int:
        """A number that is another one after any change of listings or posted prices of the offer's model."""
        return self._version[self._model_of[offer]]

    def post(self, time_s: float, offer: int, prices: Prices, reason: str) -> None:
        """Post prices for placements from now on; a post that changes nothing is no event."""
        before = self.prices_of(offer)
        # a launch is logged even at the price that stood in the tables: every offer's story begins with one
        if before == prices and reason != "launch":
            return
        charged = prices.scaled(self._factor)
        self._posted[offer] = prices
        self._version[self._model_of[offer]] += 1
        self.prices[offer] = charged
        self.changed_s[offer] = time_s
        # what was posted, not what is charged: strategies and measures of price setting know no price factor
        self.price_changes.append(PriceChange(time_s, offer, before, prices, reason))
        if offer in self._relative:
            self._engine.set_schedule(offer, schedule_at(self._relative[offer], charged))
        else:
            self._engine.set_price(offer, charged.input, charged.output, charged.cached)

    def set_replicas(self, time_s: float, offer: int, replicas: int) -> None:
        """Let ``replicas`` take new requests (the others finish what they have); 0 withdraws the offer."""
        was = (bool(self.listed[offer]), int(self.replicas[offer]))
        if replicas == was[1]:
            return
        # of an offer that is withdrawn the engine hears only that it is hidden: its last replicas finish what they have
        self.replicas[offer] = replicas
        if replicas > 0:
            if self._at_first is not None and self.listed_s[offer] == np.inf:
                self._at_first(offer)
            self.serve_with(offer)
        self._list(time_s, offer, replicas > 0)
        self.listing_changes.append(ListingChange(time_s, offer, replicas > 0, replicas))

    def serve_with(self, offer: int, share: float = 1.0) -> None:
        """Let the engine serve with a share of an offer's replicas, at least one, and no more than it holds."""
        self._engine.set_replicas(offer, int(self.held_with(np.full(1, share), np.array([offer]))[0]))

    def weigh(self, offer: int, factor: float) -> None:
        """Let routers give the offer so many times its weight (`sim.market.crowds`)."""
        self._engine.set_weight(offer, factor)

    def held_with(self, share: np.ndarray, offers: np.ndarray | slice = slice(None)) -> np.ndarray:
        """Replicas that serve with shares of those of each offer, int64; see ``serve_with``."""
        held = np.maximum(1, np.rint(share * self.replicas[offers]).astype(np.int64))
        return np.asarray(held if self._crowd is None else np.minimum(held, self._crowd))

    def _list(self, time_s: float, offer: int, listed: bool) -> None:
        if listed != self.listed[offer]:
            self.listed[offer] = listed
            self._version[self._model_of[offer]] += 1
            self._engine.set_listed(offer, listed)
        if listed:
            self.listed_s[offer] = min(self.listed_s[offer], time_s)
