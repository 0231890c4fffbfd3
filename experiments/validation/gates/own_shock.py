"""What a seller's price does when its own cost rises: the pair that tells competition from a rule that imitates it.

Sellers of one model, all with the same strategy, post prices under the rule ``1/price^2``; then the cost of one of them
rises. Whoever answers the rule passes on little of it, less if rivals stand still than if they answer (P11 of
docs/market/pricing.md); a markup on cost passes on all of it in both cases, a price by the list none.
"""

import math
from collections.abc import Iterator, Mapping
from typing import Final, NamedTuple

import numpy as np
from numpy.random import Generator

from experiments.validation.gates.gate import Gate, GateFinding, judged, unsaid
from providers.games.pass_through import own_pass_through
from providers.pricing.registry import bind
from providers.pricing.situation import Situation
from providers.pricing.sold_through import Rules
from providers.pricing.strategy import Strategy
from sim.market.prices import Prices, prices_of_usd
from sim.scenario.pricing_settings import PricingChoice
from sim.streams import Streams
from sim.units import DAY_S, DAYS_PER_WEEK, PICO_PER_USD_PER_MTOK

SELLERS: Final = (3, 5, 10)
EXPONENT: Final = 2.0
WITHIN: Final = 0.07
COST_USD: Final = 100.0  # so that a step of the currency's grid is nothing
LIST_OVER_COST: Final = 3.0
RISE: Final = 1.1
ROUNDS: Final = 30  # weekly reviews before the cost rises, and after
MEASURED: Final = 10  # of the last, of which the mean counts: some prices go in circles
DRAWS: Final = 20  # games of strategies that draw their prices
VOLUME: Final = 1e9


class Posted(NamedTuple):
    """One seller: its strategy, its random numbers, and its prices by now."""

    strategy: Strategy
    random: Generator
    prices: list[Prices]


class Game(NamedTuple):
    """Which draws, and by what factor the first seller's cost rises half-way."""

    number: int
    rise: float


def gates() -> dict[tuple[int, bool], Gate]:
    """Return the gates by number of sellers and whether rivals answer."""
    found = {}
    for answer in (False, True):
        for count in SELLERS:
            want = own_pass_through(count, EXPONENT, rivals_answer=answer)
            how = "answering" if answer else "still"
            found[count, answer] = Gate(f"own cost: {count} sellers, rivals {how}", "pass-through of one seller's cost",
                                        round(want - WITHIN, 3), round(want + WITHIN, 3))
    return found


def own_cost(choices: Mapping[PricingChoice, int]) -> Iterator[GateFinding]:
    """Ask what hosts' strategies do with a rise of one seller's cost.

    Parameters
    ----------
    choices
        Strategies of hosts, and how many hosts have each: the median host is held against the band. A mean would
        not do, since half of prices by the list and half by cost would look like an answer to rivals.
    """
    total = sum(choices.values())
    for (count, answer), gate in gates().items():
        if not total:
            yield unsaid(gate, "the market has no host")
            continue
        passed = {choice: pass_through(choice, count, answer) for choice in choices}
        kinds = ", ".join(f"{choice.kind} {value:.2f}" for choice, value in passed.items())
        yield judged(gate, [_median(choices, passed)], _short(kinds))


def _median(choices: Mapping[PricingChoice, int], passed: Mapping[PricingChoice, float]) -> float:
    """Return the value of the median host (the lower one of two)."""
    values = sorted(value for choice, count in choices.items() for value in [passed[choice]] * count)
    return values[(len(values) - 1) // 2]


def _short(kinds: str) -> str:
    return ", ".join(dict.fromkeys(kinds.split(", ")))


def pass_through(choice: PricingChoice, sellers: int, rivals_answer: bool) -> float:
    """Return the elasticity of a seller's price in its own cost, the same draws with and without the rise.

    Where prices are drawn, the mean over `DRAWS` games: in one a rise may turn a whole path of matches and jumps.
    """
    found = []
    for game in range(DRAWS):
        calm, drawn = _level(choice, sellers, rivals_answer, Game(game, 1.0))
        dearer, _ = _level(choice, sellers, rivals_answer, Game(game, RISE))
        found.append((dearer - calm) / math.log(RISE))
        if not drawn:
            break
    return float(np.mean(found))


def _level(choice: PricingChoice, sellers: int, rivals_answer: bool, game: Game) -> tuple[float, bool]:
    """Mean logarithm of the price of the first seller over the last weeks, and whether anybody drew anything."""
    streams, rise = Streams(1, game.number), game.rise
    there = [Posted(bind(choice), streams.generator(f"gates/own_cost/{row}"), []) for row in range(sellers)]
    for row, seller in enumerate(there):
        seller.prices.append(seller.strategy.launch(_situation(there, row, 0, COST_USD), seller.random))
    before, levels = [seller.random.bit_generator.state for seller in there], []
    for week in range(1, 2 * ROUNDS + 1):
        late = week > ROUNDS
        for row, seller in enumerate(there):
            cost = COST_USD * (rise if late and row == 0 else 1.0)
            acts = row == 0 or not late or rivals_answer
            after = seller.strategy.review(_situation(there, row, week, cost), seller.random) if acts else None
            seller.prices.append(after or seller.prices[-1])
        levels.append(math.log(there[0].prices[-1].blended()))
    drawn = any(seller.random.bit_generator.state != state for seller, state in zip(there, before, strict=True))
    return float(np.mean(levels[-MEASURED:])), drawn


def _situation(there: list[Posted], row: int, week: int, cost_usd: float) -> Situation:
    own = there[row].prices[-1] if there[row].prices else None
    rivals = tuple(it.prices[-1] for place, it in enumerate(there) if place != row and it.prices)
    rules, share = Rules.single(EXPONENT), 0.0
    if own is not None:
        share = float(rules.share(np.array([own.blended()]), np.array([it.blended() for it in rivals]))[0])
    listed = COST_USD * LIST_OVER_COST
    return Situation(
        now_s=week * DAYS_PER_WEEK * DAY_S, hour=0.0, launched_s=0.0, own=own, rivals=rivals,
        rivals_changed_s=(0.0,) * len(rivals), unit_cost_usd_per_mtok=cost_usd,
        list_price=prices_of_usd(listed, listed), utilisation=0.5, tokens_last_day=share * VOLUME,
        tokens_total=share * VOLUME * DAYS_PER_WEEK * week,
        share_last_day=share, rules=rules, capacity_tokens_per_day=VOLUME,
        money_pico=PICO_PER_USD_PER_MTOK,
    )
