"""Sellers that move in turn on one market, with the strategies of the market itself."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np

from providers.pricing.registry import PricingError
from providers.pricing.situation import Situation
from providers.pricing.sold_through import OPENROUTER_UNTIL_2026, Rules
from providers.pricing.strategy import Strategy
from sim.market.prices import Prices
from sim.streams import Streams
from sim.units import DAY_S, PICO_PER_USD_PER_MTOK

UNIT_PICO: Final = 1_000_000_000  # a price of 1 in a game: its grid, 0.001 USD per million tokens, is a millionth
# that grid, and one price for all tokens: the blended price is the price of the game
GAME_TARIFF: Final[dict[str, float]] = {"grid_usd": 0.001, "output_ratio": 1.0, "cached_share": 1.0}

Each = float | Sequence[float]  # one value for all sellers, or one for each


@dataclass(frozen=True)
class GameRules:
    """What a game is played for.

    Attributes
    ----------
    cost
        Unit cost, of all sellers or of each.
    sold_through
        The rules that place demand; the router's 1/p^2 unless they are given.
    capacity
        What each seller can sell in a period, the same for all or one for each; 0 for no limit.
    sell
        Prices (sellers,) to quantities sold in a period; None if no strategy asks for them.
    seed
        Seed of the sellers' own draws.
    quality
        What customers would pay more for an offer than for a plain one, of all sellers or of each.
    """

    cost: Each = 1.0
    sold_through: Rules = OPENROUTER_UNTIL_2026
    capacity: Each = 0.0
    sell: Callable[[np.ndarray], np.ndarray] | None = None
    seed: int = 1
    quality: Each = 0.0


def of_each(value: Each, sellers: int, name: str) -> np.ndarray:
    """Return a value for each seller; float64 (sellers,).

    Raises
    ------
    PricingError
        If there are values for another number of sellers.
    """
    values = np.array([value] * sellers if isinstance(value, int | float) else value, float)
    if values.shape != (sellers,):
        raise PricingError(f"{name} has {values.size} values, but there are {sellers} sellers: it must be one for all, "
                           "or one for each")
    return values


class Traits(NamedTuple):
    """In what one seller differs from another: unit cost, capacity in a period (0 for no limit) and quality."""

    cost: float
    capacity: float
    quality: float


def play(sellers: Sequence[Strategy], rules: GameRules, start: Sequence[float], moves: int) -> np.ndarray:
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
    alike = [of_each(getattr(rules, name), len(sellers), name).tolist() for name in ("cost", "capacity", "quality")]
    traits = [Traits(*values) for values in zip(*alike, strict=True)]
    own = [_game_prices(price) for price in start]
    path = np.empty((moves + 1, len(sellers)))
    path[0] = [price.blended() / UNIT_PICO for price in own]
    for move in range(moves):
        turn = move % len(sellers)
        answer = sellers[turn].review(_situation(own, turn, rules, traits, move), rngs[turn])
        own[turn] = own[turn] if answer is None else answer
        path[move + 1] = [price.blended() / UNIT_PICO for price in own]
    return path


def _game_prices(price: float) -> Prices:
    return Prices(*(round(price * UNIT_PICO) for _ in range(3)))


def _situation(own: list[Prices], turn: int, rules: GameRules, traits: list[Traits], move: int) -> Situation:
    """One period is a day."""
    now, mine = float(move * DAY_S), traits[turn]
    others = traits[:turn] + traits[turn + 1:]
    sold = np.zeros(len(own))
    if rules.sell is not None:
        sold = rules.sell(np.array([price.blended() / UNIT_PICO for price in own]))
    return Situation(
        now_s=now,
        hour=0.0,
        launched_s=0.0,
        own=own[turn],
        rivals=tuple(own[:turn] + own[turn + 1:]),
        rivals_changed_s=(now,) * (len(own) - 1),
        unit_cost_usd_per_mtok=mine.cost * UNIT_PICO / PICO_PER_USD_PER_MTOK,
        tokens_last_day=float(sold[turn]),
        share_last_day=float(sold[turn] / sold.sum()) if sold.sum() > 0 else 0.0,
        rules=rules.sold_through,
        capacity_tokens_per_day=mine.capacity,
        rivals_capacity_tokens_per_day=sum(other.capacity or math.inf for other in others),
        money_pico=UNIT_PICO,
        quality=mine.quality,
        rivals_quality=tuple(other.quality for other in others),
    )
