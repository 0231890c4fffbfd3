"""Shares of a model's requests where some of them are placed by other rules than the router's own."""

from typing import NamedTuple

import numpy as np

from sim.compiled import njit
from sim.engines.wanted import RULES, rules_of
from sim.engines.world import World
from sim.market.market_feed import MarketFeed
from sim.price_response import STEEPEST

DEFAULT, FLOOR, NITRO, PINNED = range(len(RULES))


class RuledRequests(NamedTuple):
    """Requests by the rule that places them.

    Attributes
    ----------
    parts
        float64 (models, rules): in the order of ``sim.engines.wanted.RULES``.
    pinned
        float64 (offers,): of those by a named provider, the ones that name each offer's.
    """

    parts: np.ndarray
    pinned: np.ndarray


class PlacedBy(NamedTuple):
    """The rule that places each workload's requests, and the offer that it names, -1 for none: int64 (workloads,)."""

    rule: np.ndarray
    offer: np.ndarray


class RequestRules:
    """By which rules the requests of workloads are placed.

    Parameters
    ----------
    world
        Its classes are the workloads.
    feed
        Knows which providers they have named.
    models
        Number of models.
    marketplace
        Number of the marketplace through which they come: a workload is a class at each.
    """

    def __init__(self, world: World, feed: MarketFeed, models: int, marketplace: int = 0) -> None:
        self._feed, self._models, self._offers = feed, models, len(world.offers)
        self._rule = np.array(rules_of(world), np.int64).reshape(len(world.routers), -1)[marketplace]

    def placed_by(self, now_s: float, model: np.ndarray) -> PlacedBy:
        """Say by which rule the requests of each workload are placed; parameters as for `asked`."""
        pins, rule, offer = self._feed.pins, self._rule.copy(), np.full(len(self._rule), -1, np.int64)
        if pins is not None and len(pins.rows):
            pins.at(now_s, model)
            rule[pins.rows] = np.where(pins.offer >= 0, PINNED, DEFAULT)
            offer[pins.rows] = pins.offer
        return PlacedBy(rule, offer)

    def asked(self, now_s: float, model: np.ndarray, requests: np.ndarray) -> RuledRequests | None:
        """Sort requests by rule; None if the router's own places all of them.

        Parameters
        ----------
        now_s
            Market time.
        model, requests
            (workloads,): the model that each uses, -1 for none, and its requests.
        """
        placed = self.placed_by(now_s, model)
        named, rule = placed.offer >= 0, placed.rule
        pinned = np.bincount(placed.offer[named], requests[named], self._offers)
        if not rule.any():
            return None
        used = model >= 0
        cell = model[used] * len(RULES) + rule[used]
        parts = np.bincount(cell, requests[used], self._models * len(RULES)).reshape(self._models, len(RULES))
        return RuledRequests(parts, pinned)


def mixed_shares(asked: RuledRequests, own: np.ndarray, relative: np.ndarray, of: np.ndarray) -> np.ndarray:
    """Shares of offers in their models' requests, float64 (offers,).

    Who goes to the cheapest first leaves nearly nothing to others, as sellers are told; who goes to the fastest is
    spread evenly, for want of a rule in prices: samples say the rest.

    Parameters
    ----------
    asked
        Requests by rule.
    own
        Shares by the router's own rule; 0 of offers that are not open.
    relative
        What a request costs at each offer over the least of its model.
    of
        int64 (offers,): the model of each.
    """
    is_open, models = own > 0, len(asked.parts)
    steep = within(np.where(is_open, np.maximum(relative, 1.0) ** -STEEPEST.exponent, 0.0), of, models)
    even = within(is_open.astype(float), of, models)
    mixed = _mixed(asked, own, steep, even, of)
    placed = np.bincount(of, mixed, models)[of]
    # of a model for which nobody asks, or nobody who could be served, the own rule says what there is to say
    return np.where(placed > 0, within(mixed, of, models), own)


@njit(cache=True, error_model="numpy")
def _mixed(asked: RuledRequests, own: np.ndarray, steep: np.ndarray, even: np.ndarray, of: np.ndarray) -> np.ndarray:
    """Requests of offers, from their shares by each rule."""
    found = np.empty(len(of))
    for row in range(len(of)):
        parts = asked.parts[of[row]]
        found[row] = parts[DEFAULT] * own[row] + parts[FLOOR] * steep[row] + parts[NITRO] * even[row]
        if own[row] > 0:
            found[row] += asked.pinned[row]
    return found


@njit(cache=True, error_model="numpy")
def within(weights: np.ndarray, of: np.ndarray, models: int) -> np.ndarray:
    """Weights of offers over those of all offers of their models, float64 (offers,); 0 where none has any.

    Parameters
    ----------
    weights
        float64 (offers,).
    of, models
        The model of each, and how many there are.
    """
    total, found = np.zeros(models), np.zeros(len(of))
    for row in range(len(of)):
        total[of[row]] += weights[row]
    for row in range(len(of)):
        if total[of[row]] > 0:
            found[row] = weights[row] / total[of[row]]
    return found
