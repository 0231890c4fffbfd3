"""Sellers with limited capacity: Edgeworth's cycles, and quantities before prices (Kreps and Scheinkman 1983)."""

import math
from collections.abc import Callable, Sequence
from typing import Annotated, NamedTuple

import numpy as np
from pydantic import Field

from providers.games.repeated import GAME_TARIFF, Each, GameRules, of_each, play
from providers.pricing.demand import best_price
from providers.pricing.registry import bind
from sim.scenario.base import Part, quantity
from sim.scenario.pricing_settings import PricingChoice

Amount = Annotated[float, Field(gt=0)]


class Edgeworth(Part):
    """A market for one good with capacity limits; customers buy up to ``ceiling``, the cheapest first."""

    sellers: int = quantity(2, unit="sellers", doc="Sellers", ge=2, le=20)
    demand: float = quantity(1.0, unit="units", doc="Units wanted in a period, at any price up to the ceiling", gt=0)
    capacity: Amount | tuple[Amount, ...] = quantity(
        0.7, unit="units", doc="Units that a seller can sell in a period, of all or of each")
    cost: Amount | tuple[Amount, ...] = quantity(1.0, unit="price", doc="Unit cost, of all sellers or of each")
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


def sales(prices: np.ndarray, demand: float, capacity: Each, ceiling: float) -> np.ndarray:
    """Units that each seller sells: cheapest first up to capacity, those that tie share what is left evenly.

    What is more than the capacity of one that ties goes to the others.
    """
    sold, most = np.zeros(len(prices)), of_each(capacity, len(prices), "capacity")
    left = demand
    for price in np.unique(prices):
        tied = np.flatnonzero(prices == price)
        if price > ceiling * (1 + 1e-6):
            break
        for rank, seller in enumerate(tied[np.argsort(most[tied], kind="stable")]):
            sold[seller] = min(most[seller], left / (len(tied) - rank))  # the smallest first: it leaves its rest
            left -= sold[seller]
    return sold


def lower_prices(game: Edgeworth) -> np.ndarray:
    """Price of each seller at which undercutting pays as little as the residual demand at the ceiling (P4)."""
    capacity, cost = of_each(game.capacity, game.sellers, "capacity"), of_each(game.cost, game.sellers, "cost")
    residual = np.clip(game.demand - (capacity.sum() - capacity), 0.0, capacity)
    lowest: np.ndarray = cost + (game.ceiling - cost) * residual / np.minimum(capacity, game.demand)
    return lowest


def lower_price(game: Edgeworth) -> float:
    """Edgeworth's lower price, at which undercutting ends: the second lowest of the sellers' own.

    One seller after another gives up, the highest first; the last has nobody left to undercut.
    """
    return float(np.sort(lower_prices(game))[1])


def edgeworth_path(game: Edgeworth, seed: int = 1) -> np.ndarray:
    """Let sellers with the strategy ``undercut`` move in turn; float64 (moves + 1, sellers)."""
    costs = of_each(game.cost, game.sellers, "cost").tolist()
    rules = GameRules(
        cost=game.cost, capacity=game.capacity, seed=seed,
        sell=lambda prices: sales(prices, game.demand, game.capacity, game.ceiling),
    )
    sellers = [
        bind(PricingChoice(kind="undercut", step=game.step, markup=game.ceiling / cost, **GAME_TARIFF))
        for cost in costs
    ]
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


def cournot_capacities(costs: Sequence[float], intercept: float, slope: float) -> np.ndarray:
    """The same for sellers of unequal costs who all produce: ``(a - (n + 1) c_i + sum c) / (b (n + 1))`` (P8)."""
    cost, sellers = np.array(costs, float), len(costs)
    capacities: np.ndarray = (intercept - (sellers + 1) * cost + cost.sum()) / (slope * (sellers + 1))
    return capacities


def capacity_game(sellers: int, intercept: float, slope: float, cost: Each, rounds: int = 200) -> np.ndarray:
    """Let sellers in turn choose the capacity that earns most when prices then clear the market; float64 (sellers,)."""
    chosen = np.full(sellers, intercept / slope / (10 * sellers))
    costs = of_each(cost, sellers, "cost").tolist()

    def profit_of(others: float, cost: float) -> Callable[[np.ndarray], np.ndarray]:
        def profit(own: np.ndarray) -> np.ndarray:
            earned: np.ndarray = (np.maximum(intercept - slope * (own + others), 0.0) - cost) * own
            return earned

        return profit

    for move in range(rounds * sellers):
        turn = move % sellers
        others = float(chosen.sum() - chosen[turn])
        chosen[turn] = best_price(profit_of(others, costs[turn]), 1e-6 * intercept / slope, intercept / slope)
    return chosen


def price_deviation_gain(capacities: np.ndarray, intercept: float, slope: float, cost: Each) -> float:
    """Most profit that a seller gains by leaving the clearing price (0: clearing is a Nash equilibrium).

    Efficient rationing: a seller that asks more than the others serves what demand is left beyond their capacity.
    A lower price sells no more, since capacity is full.
    """
    clearing = intercept - slope * capacities.sum()
    gains = []
    for own, unit in zip(capacities, of_each(cost, len(capacities), "cost"), strict=True):
        left = intercept / slope - (capacities.sum() - own)
        prices = np.linspace(clearing, intercept, 2001)
        sold = np.clip(left - prices / slope, 0.0, own)
        kept = (clearing - unit) * own
        gains.append(float(((prices - unit) * sold).max() - kept))
    return max(gains)
