"""Sellers with limited capacity: Edgeworth's cycles, and quantities before prices (Kreps and Scheinkman 1983)."""

import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from providers.games.repeated import GAME_TARIFF, Rules, play
from providers.pricing.demand import best_price
from providers.pricing.registry import bind
from sim.scenario.base import Part, quantity
from sim.scenario.pricing_settings import PricingChoice


class Edgeworth(Part):
    """A market for one good with capacity limits; customers buy up to ``ceiling``, the cheapest first."""

    sellers: int = quantity(2, unit="sellers", doc="Sellers, all alike", ge=2, le=20)
    demand: float = quantity(1.0, unit="units", doc="Units wanted in a period, at any price up to the ceiling", gt=0)
    capacity: float = quantity(0.7, unit="units", doc="Units that each can sell in a period", gt=0)
    cost: float = quantity(1.0, unit="price", doc="Unit cost", gt=0)
    ceiling: float = quantity(3.0, unit="price", doc="Most that customers pay", gt=0)
    step: float = quantity(0.02, unit="1", doc="Share by which a seller undercuts", gt=0, lt=1)
    moves: int = quantity(2000, unit="moves", doc="Reviews in all, in turn", ge=1)


class Cycle(NamedTuple):
    """The saw-tooth of a price path.

    Attributes
    ----------
    relents
        Moves (numbers) in which a price jumped up by more than a tenth of it.
    undercuts
        Moves in which a price fell below all others.
    lowest, highest
        Range of the moved prices after the first relenting (over all of the path without one).
    period
        Mean number of moves between relentings; inf without two.
    """

    relents: np.ndarray
    undercuts: np.ndarray
    lowest: float
    highest: float
    period: float


def sales(prices: np.ndarray, demand: float, capacity: float, ceiling: float) -> np.ndarray:
    """Units that each seller sells: cheapest first up to capacity, those that tie share what is left evenly."""
    sold = np.zeros(len(prices))
    left = demand
    for price in np.unique(prices):
        tied = np.flatnonzero(prices == price)
        if price > ceiling * (1 + 1e-6):
            break
        sold[tied] = min(capacity, left / len(tied))
        left -= sold[tied].sum()
    return sold


def lower_price(game: Edgeworth) -> float:
    """Edgeworth's lower price: where undercutting pays as little as the residual demand at the ceiling (P4)."""
    residual = min(max(game.demand - (game.sellers - 1) * game.capacity, 0.0), game.capacity)
    return game.cost + (game.ceiling - game.cost) * residual / min(game.capacity, game.demand)


def edgeworth_path(game: Edgeworth, seed: int = 1) -> np.ndarray:
    """Let sellers with the strategy ``undercut`` move in turn; float64 (moves + 1, sellers)."""
    choice = PricingChoice(kind="undercut", step=game.step, ceiling_markup=game.ceiling / game.cost, **GAME_TARIFF)
    rules = Rules(
        cost=game.cost, capacity=game.capacity, seed=seed,
        sell=lambda prices: sales(prices, game.demand, game.capacity, game.ceiling),
    )
    sellers = [bind(choice) for _ in range(game.sellers)]
    return play(sellers, rules, [game.ceiling] * game.sellers, game.moves)


def cycle(path: np.ndarray) -> Cycle:
    """Find undercutting and relenting in a path of ``play``."""
    moves, sellers = len(path) - 1, path.shape[1]
    mover = np.arange(moves) % sellers
    before, after = path[np.arange(moves), mover], path[np.arange(1, moves + 1), mover]
    others = np.where(np.arange(sellers)[None, :] == mover[:, None], np.inf, path[1:]).min(axis=1)
    relents = np.flatnonzero(after > 1.1 * before)
    # a relenting seller is answered at once from just below the ceiling: those jumps belong to the same relenting
    starts = relents[np.diff(relents, prepend=-sellers - 1) > sellers] if len(relents) else relents
    undercuts = np.flatnonzero((after < others) & (after < before))
    moved = after[starts[0] :] if len(starts) else after
    period = float(np.diff(starts).mean()) if len(starts) > 1 else math.inf
    return Cycle(starts, undercuts, float(moved.min()), float(moved.max()), period)


def cournot(sellers: int, intercept: float, slope: float, cost: float) -> tuple[float, float]:
    """Closed form for ``P = a - b Q``: capacity of each ``(a - c) / (b (n + 1))``, price ``(a + n c) / (n + 1)``."""
    return (intercept - cost) / (slope * (sellers + 1)), (intercept + sellers * cost) / (sellers + 1)


def capacity_game(sellers: int, intercept: float, slope: float, cost: float, rounds: int = 200) -> np.ndarray:
    """Let sellers in turn choose the capacity that earns most when prices then clear the market; float64 (sellers,)."""
    chosen = np.full(sellers, intercept / slope / (10 * sellers))

    def profit_of(others: float) -> Callable[[np.ndarray], np.ndarray]:
        def profit(own: np.ndarray) -> np.ndarray:
            earned: np.ndarray = (np.maximum(intercept - slope * (own + others), 0.0) - cost) * own
            return earned

        return profit

    for move in range(rounds * sellers):
        turn = move % sellers
        others = float(chosen.sum() - chosen[turn])
        chosen[turn] = best_price(profit_of(others), 1e-6 * intercept / slope, intercept / slope)
    return chosen


def price_deviation_gain(capacities: np.ndarray, intercept: float, slope: float, cost: float) -> float:
    """Most profit that a seller gains by leaving the clearing price (0: clearing is a Nash equilibrium).

    Efficient rationing: a seller that asks more than the others serves what demand is left beyond their capacity.
    A lower price sells no more, since capacity is full.
    """
    clearing = intercept - slope * capacities.sum()
    gains = []
    for own in capacities:
        left = intercept / slope - (capacities.sum() - own)
        prices = np.linspace(clearing, intercept, 2001)
        sold = np.clip(left - prices / slope, 0.0, own)
        kept = (clearing - cost) * own
        gains.append(float(((prices - cost) * sold).max() - kept))
    return max(gains)
