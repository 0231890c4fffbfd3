"""A course of two years: the default market's customers among closed and open models, step by step, without traffic."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final, Literal, NamedTuple

import numpy as np

from experiments.runs.demand_alone import ListPrices
from experiments.studies.open_gap.generations import costs_over_list, models_behind
from experiments.studies.open_gap.price_answers import DemandNow, best_factors, host_factors, joint_factors
from sim.market.customers.customers import Customers, quotes_of
from sim.streams import Streams
from sim.units import DAY_S, DAYS_PER_MONTH, DAYS_PER_WEEK, DAYS_PER_YEAR, HOUR_S

if TYPE_CHECKING:
    from experiments.studies.open_gap.assumed import GapAssumptions
    from sim.market.customers.population import Population
    from sim.market.models.model import Models
    from sim.scenario import MarketScenario

DAYS: Final = 728
STEP: Final = 14
COARSE: Final = 28  # of a course that only shows which way the answer moves
FIRST_S: Final = DAY_S  # not on a week's first day, on which customers add up what nobody asks for here
OUTPUT_SHARE: Final = 0.25  # of a blended price: three to one, as published series have it
Pricing = Literal["best response", "fixed", "lab_logit"]


class ClosedCourse(NamedTuple):
    """Closed models' sales step by step, float64 (steps,) but for the last two.

    Attributes
    ----------
    days
        Length of a step.
    profit_usd
        Gross profit of closed models' creators in a step.
    revenue_usd
        What they get.
    tokens, all_tokens
        Of closed models, and of all.
    price_factor
        What closed models charge over their list prices, weighted by what is spent on them.
    revenue_of
        What is spent on each model in a step, float64 (steps, models).
    models
        The models.
    """

    days: int
    profit_usd: np.ndarray
    revenue_usd: np.ndarray
    tokens: np.ndarray
    all_tokens: np.ndarray
    price_factor: np.ndarray
    revenue_of: np.ndarray
    models: Models


class FactorDesk(ListPrices):
    """A desk at which every model on sale costs its list price times a factor of its own.

    Parameters
    ----------
    models
        The models.
    has_open
        Whether anybody sells open ones.
    """

    def __init__(self, models: Models, has_open: bool) -> None:
        from simpy import Environment

        super().__init__(models, 1.0)
        self.env = Environment(initial_time=FIRST_S)
        self.factor = np.ones(len(models))
        self._sold = has_open | ~models.open

    def released(self) -> np.ndarray:
        """Return bool (models,): on sale now."""
        return np.asarray(super().released() & self._sold)

    def paid_pico_per_token(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return prices of input, output and cached tokens, float64 (models,); nan where nobody sells."""
        into, out, cached = (price * self.factor for price in super().paid_pico_per_token())
        return into, out, cached

    def blended_list(self) -> np.ndarray:
        """Return list prices three to one, pico-dollars a token, float64 (models,); nan where nobody sells."""
        into, out, _ = super().paid_pico_per_token()
        return np.asarray((1.0 - OUTPUT_SHARE) * into + OUTPUT_SHARE * out)


@lru_cache(maxsize=1)
def market() -> MarketScenario:
    """Return the default market, of which only customers are looked at: none buys past it, and requests stay alike."""
    from experiments.scenarios import load_market

    return load_market("openrouter-2026", ["customers.uses.direct.enabled=false",
                                           "customers.drift.prompt_growth_per_year=1.0",
                                           "customers.drift.cached_log_odds_per_year=0.0"])


@dataclass(frozen=True)
class Staged:
    """Models, moves between them and customers of a seed and a lag: what several courses have in common."""

    models: Models
    migration: np.ndarray
    population: Population


def staged(assumed: GapAssumptions, seed: int, replication: int) -> Staged:
    """Return what a course needs that does not depend on prices or brands."""
    from sim.market.models.upgrades import migration_matrix, upgrade_graph

    streams = Streams(seed, replication)
    models = models_behind(assumed.releases, assumed.behind, DAYS, streams)
    migration = migration_matrix(upgrade_graph(models, market().models), models)
    return Staged(models, migration, _people(seed, replication))


@lru_cache(maxsize=1)
def _people(seed: int, replication: int) -> Population:
    from sim.market.customers.population import draw_population

    return draw_population(market().customers, Streams(seed, replication), DAYS)


def course(assumed: GapAssumptions, stage: Staged, pricing: Pricing = "best response",
           has_open: bool = True, step_days: int = STEP) -> ClosedCourse:
    """Return the course of a market.

    Parameters
    ----------
    assumed
        What is assumed.
    stage
        Of the same assumptions about lags and releases.
    pricing
        How creators of closed models price: a best response to long-run demand once a quarter, the list price for
        ever, or the default market's rule for labs once a quarter.
    has_open
        Whether anybody sells open models.
    step_days
        Customers decide, and prices move, once in so many days.
    """
    return _CourseWalk(assumed, stage, pricing, has_open).whole(step_days)


class _CourseStep(NamedTuple):
    """Five columns of a course, and what is spent on each model."""

    closed: np.ndarray
    revenue_of: np.ndarray


class _CourseWalk:
    def __init__(self, assumed: GapAssumptions, stage: Staged, pricing: Pricing, has_open: bool) -> None:
        self._assumed, self._pricing, self._models = assumed, pricing, stage.models
        people = branded(stage.population, assumed.sales.brand)
        self._customers = Customers(people, stage.models, stage.migration, market().customers.choice)
        self._desk: Any = FactorDesk(stage.models, has_open)  # a desk without offers, board and books
        costs, self._kept = assumed.costs, 1.0 - assumed.sales.cloud_share * assumed.sales.cloud_keeps
        gpus = np.ceil(stage.models.total_b / costs.gpu_room_b)
        self._smallest_usd = gpus * costs.gpu_usd_per_hour * DAYS_PER_MONTH * DAY_S / HOUR_S
        self._sales, self._spend = np.zeros(len(stage.models)), np.zeros(len(stage.models))
        self._known = np.zeros(len(stage.models), bool)

    def whole(self, days: int) -> ClosedCourse:
        found = [self._step(day, days) for day in range(0, DAYS, days)]
        profit, revenue, tokens, every, factor = np.array([it.closed for it in found]).T
        return ClosedCourse(days, profit, revenue, tokens, every, factor, np.array([it.revenue_of for it in found]),
                      self._models)

    def _step(self, day: int, days: int) -> _CourseStep:
        models, desk, costs = self._models, self._desk, self._assumed.costs
        cost = costs_over_list(models, costs.gross_margin, costs.host_markup, costs.fall, day)
        asked = host_factors(costs, cost, self._spend * cost * DAYS_PER_MONTH, self._smallest_usd)
        desk.factor[models.open] = asked[models.open]
        if self._pricing != "fixed":
            # at the beginning of a period, however long a step is
            self._answer(cost, day % (DAYS_PER_WEEK * self._assumed.sales.review_weeks) < days)
        self._customers.step(desk)
        spend, tokens = self._bought()
        closed, paid = ~models.open, spend * desk.factor
        revenue, served = float(paid[closed].sum()), float((spend * cost)[closed].sum())
        self._sales, self._spend = tokens, spend
        desk.env.run(until=FIRST_S + (day + days) * DAY_S)
        flows = days * np.array([self._kept * revenue - served, self._kept * revenue, tokens[closed].sum(),
                                 tokens.sum(), 0.0])
        flows[-1] = revenue / max(float(spend[closed].sum()), 1e-9)
        return _CourseStep(flows, days * paid)

    def _bought(self) -> tuple[np.ndarray, np.ndarray]:
        """What is bought a day of each model: at list prices, USD, and tokens."""
        customers, count = self._customers, len(self._models)
        buys = np.flatnonzero(customers.model >= 0)
        model = customers.model[buys]
        listed = DAY_S * customers.rate_per_s[buys] * customers.cost_usd[buys] / self._desk.factor[model]
        return (np.bincount(model, listed, minlength=count),
                np.bincount(model, customers.planned_tokens()[buys], minlength=count))

    def _answer(self, cost: np.ndarray, everybody: bool) -> None:
        """Let creators answer all other prices: everybody, or those who have brought out a model."""
        models, desk = self._models, self._desk
        released = desk.released() & ~models.open
        fresh = released & ~self._known
        self._known |= released
        creators = sorted({models.rows[row].creator for row in np.flatnonzero(released if everybody else fresh)})
        owners = [np.array([row for row in np.flatnonzero(released) if models.rows[row].creator == creator], np.int64)
                  for creator in creators]
        if not owners:
            return
        if self._pricing == "lab_logit":
            desk.factor = joint_factors(owners, desk.blended_list(), models.quality.mean(axis=0), desk.factor, cost,
                                        self._sales)
        else:
            desk.factor = best_factors(self._demand(), owners, desk.factor, cost, self._kept)

    def _demand(self) -> DemandNow:
        people, chooser, desk = self._customers.population, self._customers.chooser, self._desk
        day = desk.env.now / DAY_S
        rows = np.flatnonzero(people.present(day))
        quotes = quotes_of(desk)
        factor = np.where(quotes.available, desk.factor, 1.0)
        listed = np.nan_to_num(chooser.cost_usd(rows, quotes) / factor)
        systematic = chooser.systematic_usd(rows, quotes)
        # budgets bend as costs rise: what a request is worth is taken at today's prices
        worth = systematic + listed * factor + people.sigma_usd[rows, None] * chooser.tastes[rows]
        requests = DAY_S * people.base_per_s[rows] * people.growth(day)[rows]
        return DemandNow(worth, listed, requests)


def branded(population: Population, brand: float) -> Population:
    """Return customers to whom names and open weights count so much more."""
    from dataclasses import replace

    return replace(population, open_penalty_usd=population.open_penalty_usd * brand,
                   brand_usd=tuple({name: brand * worth for name, worth in row.items()}
                                   for row in population.brand_usd))


def discounted(seen: ClosedCourse, hurdle: float) -> float:
    """Return the present value of a course's profit, USD, each step's at its middle."""
    years = (np.arange(len(seen.profit_usd)) + 0.5) * seen.days / DAYS_PER_YEAR
    return float((seen.profit_usd * (1.0 + hurdle) ** -years).sum())
