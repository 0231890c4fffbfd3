"""Sellers of one model who price by what they believe, whose requests a router draws by its rule, for years of days."""

from typing import NamedTuple

import numpy as np

from providers.pricing import Situation, bind
from providers.pricing.residual_demand import Belief, ResidualDemand
from providers.pricing.sold_through import Rules
from sim.market.prices import prices_of_usd
from sim.scenario.pricing_settings import PricingChoice
from sim.units import DAY_S

USD = 1_000_000
FINE = {"grid_usd": 0.0001, "output_ratio": 1.0, "cached_share": 1.0}


class Season(NamedTuple):
    """What is played: unit cost is 1 USD; ``published`` None means that sellers are told the true rule."""

    sellers: int
    exponent: float
    published: float | None = None
    memory_days: int = 180
    days: int = 730
    requests: int = 20_000
    start: float = 2.5


def prices(season: Season, seed: int, **parameters) -> np.ndarray:
    """Blended prices at the end of each day, float64 (days, sellers), USD; a request is a draw of the true rule."""
    number, rules = season.sellers, Rules.single(season.exponent if season.published is None else season.published)
    agents = [bind(PricingChoice(kind="belief_response", **FINE, **parameters)) for _ in range(number)]
    rng = np.random.default_rng(seed)
    own_rng = [np.random.default_rng((seed, seller)) for seller in range(number)]
    seen, listed = ResidualDemand(np.zeros(number, np.int64), season.memory_days), np.ones(number, bool)
    own = [prices_of_usd(season.start, season.start)] * number
    due = [agents[i].next_review_s(situation(0, i, own, np.ones(number), rules, None), own_rng[i])
           for i in range(number)]
    path = np.empty((season.days, number))
    for day in range(season.days):
        level = np.array([price.blended() for price in own])
        odds = level ** -season.exponent / (level ** -season.exponent).sum()
        sold = rng.multinomial(season.requests, odds).astype(float)
        seen.look(sold * 1e5, np.array(own, np.int64), listed)
        for i, agent in enumerate(agents):
            if due[i] > (day + 1) * DAY_S:
                continue
            belief = None if season.published is None else seen.belief(i, Belief(season.published, 1.0))
            now = situation(day + 1, i, own, sold, rules, belief)
            own[i] = agent.review(now, own_rng[i]) or own[i]
            due[i] += agent.next_review_s(now, own_rng[i])
        path[day] = [price.blended() / USD for price in own]
    return path


def situation(day, seller, own, sold, rules, belief) -> Situation:
    """What a seller knows just after a midnight."""
    return Situation(
        now_s=day * DAY_S + 120.0, hour=0.0, launched_s=0.0, own=own[seller],
        rivals=tuple(own[:seller] + own[seller + 1:]), rivals_changed_s=(0.0,) * (len(own) - 1),
        unit_cost_usd_per_mtok=1.0, share_last_day=float(sold[seller] / sold.sum()),
        tokens_last_day=float(sold[seller]) * 1e5, rules=rules, belief=belief)
