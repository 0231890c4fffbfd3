"""Sellers that move in turn on one market, with the strategies of the market itself."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from providers.pricing.situation import Situation
from providers.pricing.strategy import Strategy
from sim.market.prices import Prices
from sim.streams import Streams
from sim.units import DAY_S, PICO_PER_USD_PER_MTOK

UNIT_PICO: Final = 1_000_000_000  # a price of 1 in a game: its grid, 0.001 USD per million tokens, is a millionth
# that grid, and one price for all tokens: the blended price is the price of the game
GAME_TARIFF: Final[dict[str, float]] = {"grid_usd": 0.001, "output_ratio": 1.0, "cached_share": 1.0}


@dataclass(frozen=True)
class Rules:
    """What a game is played for.

    Attributes
    ----------
    cost
        Unit cost of each seller.
    router_exponent
        Exponent of the router's share rule.
    capacity
        What each seller can sell in a period; 0 for no limit.
    sell
        Prices (sellers,) to quantities sold in a period; None if no strategy asks for them.
    seed
        Seed of the sellers' own draws.
    """

    cost: float = 1.0
    router_exponent: float = 2.0
    capacity: float = 0.0
    sell: Callable[[np.ndarray], np.ndarray] | None = None
    seed: int = 1


def play(sellers: Sequence[Strategy], rules: Rules, start: Sequence[float], moves: int) -> np.ndarray:
    """Let sellers review in turn, seller 0 first, each seeing the others' present prices.

    Parameters
    ----------
    sellers, start
        The strategies and their first prices.
    rules
        Cost, demand and seed.
    moves
        Reviews in all.

    Returns
    -------
    ndarray
        float64 (moves + 1, sellers): prices at the start and after each move.
    """
    streams = Streams(rules.seed, 0)
    rngs = [streams.generator(f"sellers/{i}") for i in range(len(sellers))]
    own = [_game_prices(price) for price in start]
    path = np.empty((moves + 1, len(sellers)))
    path[0] = [price.blended() / UNIT_PICO for price in own]
    for move in range(moves):
        turn = move % len(sellers)
        answer = sellers[turn].review(_situation(own, turn, rules, move), rngs[turn])
        own[turn] = own[turn] if answer is None else answer
        path[move + 1] = [price.blended() / UNIT_PICO for price in own]
    return path


def _game_prices(price: float) -> Prices:
    return Prices(*(round(price * UNIT_PICO) for _ in range(3)))


def _situation(own: list[Prices], turn: int, rules: Rules, move: int) -> Situation:
    """One period is a day."""
    now = float(move * DAY_S)
    sold = np.zeros(len(own))
    if rules.sell is not None:
        sold = rules.sell(np.array([price.blended() / UNIT_PICO for price in own]))
    return Situation(
        now_s=now,
        hour=0.0,
        launched_s=0.0,
        own=own[turn],
        rivals=tuple(price for i, price in enumerate(own) if i != turn),
        rivals_changed_s=(now,) * (len(own) - 1),
        unit_cost_usd_per_mtok=rules.cost * UNIT_PICO / PICO_PER_USD_PER_MTOK,
        tokens_last_day=float(sold[turn]),
        share_last_day=float(sold[turn] / sold.sum()) if sold.sum() > 0 else 0.0,
        router_exponent=rules.router_exponent,
        capacity_tokens_per_day=rules.capacity,
    )
