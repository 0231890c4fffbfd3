"""What the pricing study found: the market's strategies in games with known answers, and how posted prices move."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, NamedTuple

from experiments.stats import interval
from experiments.studies.pricing.design import Pricing

if TYPE_CHECKING:
    import numpy as np
    from pandas import DataFrame

    from providers.games.posted_prices import PriceFacts

CEILING: Final = 1000.0  # of the router's games, in units of cost: above it a price counts as divergent
CALVANO: Final = (1.0, 4.0, 2.0)  # cost, alpha and value of the baseline of Calvano et al. (AER 2020)
AI_ROUTING: Final = "pluriholonomic/ai-routing (OpenRouter, July 2026)"


class Row(NamedTuple):
    """One answer beside what is known: a closed form, or what was published (low to high where it is a band)."""

    part: str
    quantity: str
    unit: str
    known_low: float
    known_high: float
    source: str
    mean: float
    half_width: float
    n: int


@dataclass(frozen=True)
class Found:
    """The rows, and one path of prices of the game with limited capacity: float64 (moves + 1, sellers)."""

    rows: DataFrame
    saw_tooth: np.ndarray
    lower_price: float


def play(design: Pricing, tick: Callable[[str], None] | None = None) -> Found:
    """Run every game and bench; ``tick`` is told what comes next."""
    import pandas as pd

    from providers.games.limited_capacity import Edgeworth, edgeworth_path, lower_price

    parts: dict[str, Callable[[Pricing], Iterator[Row]]] = {
        "best responses": _best_responses, "limited capacity": _saw_tooth, "learners": _learners,
        "posted prices": _posted,
    }
    rows: list[Row] = []
    for name, part in parts.items():
        if tick is not None:
            tick(name)
        rows += part(design)
    game = Edgeworth()
    return Found(pd.DataFrame(rows, columns=list(Row._fields)), edgeworth_path(game, design.seed),
                        lower_price(game))


def _best_responses(_: Pricing) -> Iterator[Row]:
    from providers.games import bertrand
    from providers.games.repeated import GameRules
    from providers.pricing.sold_through import Rules
    from sim.scenario.pricing_settings import PricingChoice

    logit, router = "best responses to logit demand", "best responses to a 1/p^k router"
    calvano = "P1; Calvano et al., AER 2020"
    for sellers in (2, 3):
        end = bertrand.respond(PricingChoice(kind="best_response_logit"), GameRules(), [3.0] * sellers, 10.0)
        known = bertrand.logit_nash(sellers, *CALVANO)
        yield _exact(logit, f"Nash price, {sellers} sellers", known, calvano, float(end.prices.mean()))
    yield _exact(logit, "joint price, 2 sellers", bertrand.logit_joint(2, *CALVANO), calvano,
                 bertrand.logit_joint_searched(2, *CALVANO))
    for nest in (0.3, 0.6):
        end = bertrand.respond(PricingChoice(kind="best_response_logit", nest=nest), GameRules(), [3.0] * 3, 10.0)
        known = bertrand.logit_nash(3, *CALVANO, nest)
        yield _exact(logit, f"Nash price, 3 sellers, nest {nest:g}", known, "P2", float(end.prices.mean()))
    for sellers, exponent in ((3, 2.0), (5, 2.0), (10, 2.0), (2, 12.0), (2, 2.0), (2, 1.5)):
        choice = PricingChoice(kind="best_response_router")
        end = bertrand.respond(choice, GameRules(sold_through=Rules.single(exponent)), [3.0] * sellers, CEILING)
        price = math.inf if end.divergent else float(end.prices.mean())
        known = bertrand.router_nash(sellers, 1.0, exponent)
        yield _exact(router, f"price, {sellers} sellers, k = {exponent:g}", known, "P3", price)
    yield from _unequal(logit, router)


def _unequal(logit: str, router: str) -> Iterator[Row]:
    """Sellers of unequal costs and qualities, a row for each."""
    from providers.games import bertrand, unequal
    from providers.games.repeated import GameRules
    from sim.scenario.pricing_settings import PricingChoice

    costs, better = (1.0, 1.3, 0.8), (0.0, 0.4, -0.1)
    rules = GameRules(cost=costs, quality=better)
    end = bertrand.respond(PricingChoice(kind="best_response_logit"), rules, [3.0] * 3, 10.0)
    known = unequal.logit_prices(costs, [CALVANO[2] + more for more in better], CALVANO[1])
    for cost, more, price, found in zip(costs, better, known.tolist(), end.prices.tolist(), strict=True):
        yield _exact(logit, f"Nash price at cost {cost:g}, value {CALVANO[2] + more:g}", price, "P6", found, "price")
    end = bertrand.respond(PricingChoice(kind="best_response_router"), GameRules(cost=costs), [3.0] * 3, CEILING)
    for cost, price, found in zip(costs, unequal.router_prices(costs, 2.0).tolist(), end.prices.tolist(), strict=True):
        yield _exact(router, f"price at cost {cost:g}, k = 2", price, "P7", found, "price")


def _exact(
    part: str, quantity: str, known: float, source: str, found: float, unit: str = "price over cost"
) -> Row:
    return Row(part, quantity, unit, known, known, source, found, 0.0, 1)


def _saw_tooth(design: Pricing) -> Iterator[Row]:
    from providers.games.limited_capacity import Edgeworth, cycle, edgeworth_path, lower_price

    game = Edgeworth()
    lower = lower_price(game)
    seen = cycle(edgeworth_path(game, design.seed))
    part, steps = "undercutting with limited capacity", math.log(game.ceiling / lower) / -math.log(1 - game.step)
    yield Row(part, "lowest price", "price", lower, lower / (1 - game.step), "P4, within a step", seen.lowest, 0.0, 1)
    yield Row(part, "moves a cycle", "moves", steps - 1, steps + game.sellers, "P4, within a move of each", seen.period,
              0.0, 1)


def _learners(design: Pricing) -> Iterator[Row]:
    from providers.games.calvano import Baseline, profit_gain

    gain = profit_gain(Baseline(), design.sessions, design.seed)
    yield Row("Q-learners", "profit gain (0 Nash, 1 joint)", "1", 0.7, 0.9, "Calvano et al., AER 2020", gain.mean,
              gain.high - gain.mean, gain.sessions)


def _posted(design: Pricing) -> Iterator[Row]:
    from providers.games.posted_prices import Bench, PostedPrices, facts
    from sim.scenario.pricing_settings import PricingChoice

    choice = PricingChoice(kind="menu_cost", anchor="list")
    seen = [facts(Bench(PostedPrices(seed=design.seed + number), choice).run())
            for number in range(design.benches)]
    for name, (quantity, unit, low, high) in PUBLISHED.items():
        got = interval([_value(bench, name) for bench in seen])
        yield Row("posted prices, menu_cost", quantity, unit, low, high, AI_ROUTING, got.mean, got.half_width, got.n)


def _value(bench: PriceFacts, name: str) -> float:
    return float(getattr(bench, name))


PUBLISHED: Final[dict[str, tuple[str, str, float, float]]] = {
    "daily_hazard": ("share of offer-days with a change", "1", 0.02, 0.04),
    "median_change": ("median size of a change", "1", 0.20, 0.30),
    "over_tenth": ("changes above a tenth", "1", 0.78, 0.78),
    "ties": ("exact ties of the two cheapest", "1", 0.30, 0.60),
    "gap_otherwise": ("gap of the two cheapest otherwise", "1", 0.083, 0.083),
    "follower_median_h": ("follower's lag, median", "h", 21.0, 21.0),
    "follower_within_day": ("followers within a day", "1", 0.56, 0.56),
    "cuts_first_month": ("cuts among changes, first month", "1", 0.65, 0.65),
    "cuts_later": ("cuts among changes, after 300 days", "1", 0.39, 0.39),
    "same_model_cv": ("price dispersion of a model", "1", 0.15, 0.60),
    "log_kurtosis": ("kurtosis of log changes", "1", 1.0, 6.0),
}
