"""How a workload chooses its model: utility in money, persistent tastes, budget, and the volume it then buys.

Per request, workload w and model m (E2 to E5 of docs/theory.md):

    u = v_w q_m(task) - c_wm - gamma_w L_wm + brand - open penalty + sigma_w eps_wm - psi_w d(current, m)

The tastes ``eps`` come from ``sim.market.customers.tastes``: the same in every scenario, whatever else is for sale.
"""

from dataclasses import dataclass, replace
from typing import Final, NamedTuple

import numpy as np

from sim.market.customers.lab_sales import LabPrices, LabSales
from sim.market.customers.logit import nested_surplus
from sim.market.customers.population import Population
from sim.market.customers.taste_epochs import TasteEpochs
from sim.market.customers.tastes import nest_names, taste_shocks, uniforms
from sim.market.models.model import Models
from sim.scenario.customer_settings import Choice
from sim.units import DAY_S, DAYS_PER_MONTH, USD_PER_PICO

LONG_REQUEST_SIGMAS: Final = 2.0  # a model must hold a request this many standard deviations longer than the median
TINY_USD: Final = 1e-12  # cost of a free request, where one divides by it
FREE: Final = 1e-6  # costs below this share of the reference cost count as that much where a logarithm is taken


@dataclass(frozen=True)
class Quotes:
    """What the market shows at one moment, arrays (models,).

    Attributes
    ----------
    available
        bool: released and for sale.
    input_pico, output_pico, cached_pico
        float64: lately paid, pico-dollars per token; nan where nobody sells.
    ttft_s, tpot_s
        float64: time to the first token and per output token.
    direct
        What creators of closed models charge past the marketplace; None if they do not sell so.
    """

    available: np.ndarray
    input_pico: np.ndarray
    output_pico: np.ndarray
    cached_pico: np.ndarray
    ttft_s: np.ndarray
    tpot_s: np.ndarray
    direct: LabPrices | None = None


class SalesChannels(NamedTuple):
    """How some workloads would buy each model, arrays (rows, models).

    Attributes
    ----------
    cost_usd
        float64: expected cost of a request; nan where nobody sells.
    direct
        bool: from its creator, past the marketplace.
    """

    cost_usd: np.ndarray
    direct: np.ndarray


@dataclass(frozen=True)
class Decision:
    """What some workloads chose, arrays over them.

    Attributes
    ----------
    model
        int64: the best model, -1 for none.
    cost_usd
        float64: expected cost of a request with it; nan for none.
    gain_usd
        float64: utility per request over that of going on as before (over no model, for those that had none).
    direct
        bool: bought from its creator, past the marketplace.
    """

    model: np.ndarray
    cost_usd: np.ndarray
    gain_usd: np.ndarray
    direct: np.ndarray


class Chooser:
    """Utilities and choices of a population over the models of a run.

    Parameters
    ----------
    population, models
        Who chooses, and among what.
    migration
        float64 (models, models): cost of a move from row to column in units of the workload's switching cost, inf if
        it is not considered; the diagonal does not matter.
    settings
        How workloads choose.
    lab_sales
        Who buys closed models directly; None: nobody can.

    Attributes
    ----------
    tastes
        float64 (workloads, models): the shocks ``eps``.
    fits
        bool (workloads, models): the model won the workload in its first days (E66).
    outside
        float64 (workloads,): the shock of using no model; 0 of uses, which are live if they are worth their cost.
    """

    def __init__(self, population: Population, models: Models, migration: np.ndarray, settings: Choice,
                 lab_sales: LabSales | None = None) -> None:
        self._population, self._models, self._settings = population, models, settings
        self._lab_sales = lab_sales
        self._migration = np.where(np.eye(len(models), dtype=bool), 0.0, migration)
        nests = nest_names(models, settings.nests)
        groups = {name: row for row, name in enumerate(sorted(set(nests)))}
        self._nest = np.array([groups[name] for name in nests])
        self.tastes = taste_shocks(population.key, models.names, nests, settings.nest_lambda)
        rate = settings.taste_redraw_per_month / DAYS_PER_MONTH
        self._epochs = (TasteEpochs(population.key, models.names, nests, settings.nest_lambda, rate)
                        if rate > 0 else None)
        self.fits = np.zeros(self.tastes.shape, bool)
        self.outside = -np.log(-np.log(uniforms(population.key, ("outside",))))[:, 0]
        if population.uses:
            self.outside = np.zeros(len(population))
        self._anchor_usd = population.c0_usd
        self.follow(population)

    def follow(self, population: Population) -> None:
        """Go on with the requests of a later day."""
        self._anchor_usd = self._anchor_usd * (population.c0_usd / self._population.c0_usd)
        self._population = population
        self._worth = _worth_usd(population, self._models)
        self._kept = population.kept_answers(self._models.verbosity)
        self._suitable = _suitable(population, self._models, self._kept)

    def advance(self, day: float) -> None:
        """Draw those tastes anew whose time has come by a day (E65)."""
        if self._epochs is not None and self._epochs.advance(day):
            self.tastes = self._epochs.values()

    def cost_usd(self, rows: np.ndarray, quotes: Quotes) -> np.ndarray:
        """Return float64 (rows, models): expected cost of a request in the marketplace (E3); nan where nobody sells."""
        return self._cost_usd(rows, LabPrices(quotes.input_pico, quotes.output_pico, quotes.cached_pico))

    def _cost_usd(self, rows: np.ndarray, prices: LabPrices) -> np.ndarray:
        people = self._population
        cached = people.cached_share[rows, None]
        prompt = people.prompt_tokens[rows, None] * ((1 - cached) * prices.input_pico + cached * prices.cached_pico)
        output = people.output_tokens[rows, None] * (self._models.verbosity * prices.output_pico) * self._kept[rows]
        return np.asarray(USD_PER_PICO * (prompt + output) * ~people.free[rows, None])

    def channels(self, rows: np.ndarray, quotes: Quotes) -> SalesChannels:
        """Return how some workloads would buy each model, and what a request would cost them."""
        cost = self.cost_usd(rows, quotes)
        if self._lab_sales is None or quotes.direct is None:
            return SalesChannels(cost, np.zeros(cost.shape, bool))
        cost = np.where(quotes.available, cost, np.nan)
        direct_usd = self._cost_usd(rows, quotes.direct)
        direct = self._lab_sales.preferred(rows, cost, direct_usd)
        return SalesChannels(np.where(direct, direct_usd, cost), direct)

    def cost_of_usd(self, rows: np.ndarray, model: np.ndarray, quotes: Quotes) -> np.ndarray:
        """Return float64 (rows,): expected cost in the marketplace with one model each; nan for none (-1)."""
        people, cached = self._population, self._population.cached_share[rows]
        prompt = people.prompt_tokens[rows] * (
            (1 - cached) * quotes.input_pico[model] + cached * quotes.cached_pico[model]
        )
        output = people.output_tokens[rows] * self._models.verbosity[model] * quotes.output_pico[model]
        output *= self._kept[rows, model]
        return np.where(model >= 0, USD_PER_PICO * (prompt + output) * ~people.free[rows], np.nan)

    def direct_cost_of_usd(self, rows: np.ndarray, model: np.ndarray, quotes: Quotes) -> np.ndarray:
        """Return float64 (rows,): expected cost bought from the creator with one model each; nan for none (-1)."""
        if quotes.direct is None:
            return np.full(len(rows), np.nan)
        into, out, cached = quotes.direct
        return self.cost_of_usd(rows, model, replace(quotes, input_pico=into, output_pico=out, cached_pico=cached))

    def volume_per_s(self, rows: np.ndarray, cost_usd: np.ndarray) -> np.ndarray:
        """Requests per second at a cost (E4), before growth; float64 (rows,).

        The volume never exceeds ``max_volume_factor`` of the planned one and, where budgets bind, what the budget pays
        for (E5).
        """
        people = self._population
        wanted, bend = self._wanted_per_s(rows, cost_usd), self._settings.budget_bend
        if not self._settings.budgets:
            return wanted
        budget = people.budget_usd_per_day[rows]
        if bend > 0:
            return np.asarray(wanted * spent_share(wanted * cost_usd * DAY_S / budget, bend))
        return np.asarray(np.minimum(wanted, budget / DAY_S / np.maximum(cost_usd, TINY_USD)))

    def _wanted_per_s(self, rows: np.ndarray, cost_usd: np.ndarray) -> np.ndarray:
        """Volume at a cost whatever the budget; rows come first, costs may have a further dimension.

        That of a use is what it is, its demand answers prices by coming and going; so is that of who pays nothing.
        """
        people = self._population
        fixed = people.free[rows].reshape(-1, *[1] * (cost_usd.ndim - 1)) | people.uses
        base, c0, elasticity = (
            column[rows].reshape(-1, *[1] * (cost_usd.ndim - 1))
            for column in (people.base_per_s, people.c0_usd, people.elasticity)
        )
        ratio = np.maximum(cost_usd / c0, FREE)
        answer = np.minimum(ratio**-elasticity, self._settings.max_volume_factor)
        return np.asarray(base * np.where(fixed, 1.0, answer))

    def systematic_usd(self, rows: np.ndarray, quotes: Quotes) -> np.ndarray:
        """Return float64 (rows, models): utility per request without tastes and migration; -inf if out of the question.

        Out of the question: not for sale, below the quality floor, too short a context, or beyond the budget (E5).
        """
        return self._systematic_usd(rows, quotes, self.channels(rows, quotes))

    def _systematic_usd(self, rows: np.ndarray, quotes: Quotes, channels: SalesChannels) -> np.ndarray:
        people, cost = self._population, channels.cost_usd
        possible = (quotes.available | channels.direct) & self._suitable[rows] & np.isfinite(cost)
        pain = cost
        if self._settings.budgets:
            # growth raises volume and budget alike
            used = self._wanted_per_s(rows, cost) * DAY_S * cost / people.budget_usd_per_day[rows, None]
            bend = self._settings.budget_bend
            possible &= (used <= 1) | (bend > 0)
            pain = cost * felt_factor(used, bend) if bend > 0 else cost
        if self._settings.utility == "log":  # slope 1 at the cost of the first choice, as with money
            anchor = self._anchor_usd[rows, None]
            pain = anchor * (1 + np.log(np.maximum(pain / anchor, FREE)))
        # inf: unsold in the marketplace; from its creator a model is taken to be as fast as the others are
        ttft_s, tpot_s = (np.where(quotes.available, s, _mean(s[quotes.available]))
                          for s in (quotes.ttft_s, quotes.tpot_s))
        answer = people.output_tokens[rows, None] * self._models.verbosity * self._kept[rows]
        latency = ttft_s + answer * tpot_s  # C2
        value = self._worth[rows] - pain - people.latency_usd_per_s[rows, None] * latency
        return np.where(possible, value, -np.inf)

    def choose(self, rows: np.ndarray, current: np.ndarray, quotes: Quotes) -> Decision:
        """Return the best choice of some workloads, given what each uses now (-1: none).

        A workload that uses none, or whose model is gone, moves anywhere without a migration cost. Ties go to the
        model in use, then to the first by name.
        """
        people = self._population
        channels = self.channels(rows, quotes)
        utility = self._systematic_usd(rows, quotes, channels) + people.sigma_usd[rows, None] * self.tastes[rows]
        here = np.arange(len(rows))
        held = (current >= 0) & (quotes.available[current] | channels.direct[here, current])
        move = np.where(held[:, None], self._migration[current], 0.0)
        if self._settings.first_fit > 0:  # E66
            utility += self.fits[rows] * (self._settings.first_fit * people.value_usd[rows, None])
        with np.errstate(invalid="ignore"):  # no switching cost times a move that is not considered
            penalty = np.where(np.isinf(move), np.inf, people.psi_usd[rows, None] * move)
        utility = utility - penalty
        outside = people.sigma_usd[rows] * self.outside[rows]
        stay = np.where(held, utility[here, current], outside)
        best = utility.argmax(axis=1)
        # numpy takes the first of equals, which would move a workload between two models that it likes alike
        best = np.where(held & (stay >= utility[here, best]), current, best)
        top = utility[here, best]
        model = np.where(top > outside, best, -1)
        value = np.maximum(top, outside)
        gain = np.where(np.isfinite(value) & np.isfinite(stay), value - np.where(np.isfinite(stay), stay, 0.0), 0.0)
        direct = (model >= 0) & channels.direct[here, model]
        cost = self.cost_of_usd(rows, model, quotes)
        return Decision(model, np.where(direct, channels.cost_usd[here, model], cost), gain, direct)

    def start(self, rows: np.ndarray, quotes: Quotes) -> Decision:
        """Return the choice of the first day, in money and within budgets, at ``first_prices`` times the prices shown.

        Its costs are those at the prices shown. Prices that have yet to fall are shown as they are on that day.
        """
        settings = self._settings
        factor = 1.0 if settings.fall_days else settings.first_prices
        self._settings = settings.model_copy(update={"utility": "money", "budgets": True})
        before = quotes if factor == 1 else _times(quotes, factor)
        chosen = self.choose(rows, np.full(len(rows), -1), before)
        self._settings = settings
        least = FREE * self._population.c0_usd[rows]
        self._anchor_usd[rows] = np.where(chosen.model >= 0, np.maximum(chosen.cost_usd, least), self._anchor_usd[rows])
        return chosen if factor == 1 else replace(chosen, cost_usd=chosen.cost_usd / factor)

    def surplus_usd(self, rows: np.ndarray, quotes: Quotes) -> np.ndarray:
        """Expected surplus per request before tastes are known (log-sum) over having no model, USD, float64 (rows,).

        Tastes are integrated out, switching costs left out: it measures what the market offers, not what was chosen.
        """
        sigma = self._population.sigma_usd[rows]
        value = self.systematic_usd(rows, quotes) / sigma[:, None]
        return np.asarray(sigma * nested_surplus(value, self._nest, self._settings.nest_lambda, 1.0))


def felt_factor(used: np.ndarray, bend: float) -> np.ndarray:
    """What a cost feels like over what it is (E67): 1 within the budget, 2 if a share ``bend`` more than it is spent.

    Parameters
    ----------
    used
        Spending over budget.
    bend
        Above 0.
    """
    return np.asarray(1.0 + (np.maximum(used - 1.0, 0.0) / bend) ** 2)


def spent_share(wanted: np.ndarray, bend: float) -> np.ndarray:
    """Share of the wanted volume that is bought (E68): all within the budget; spending never reaches (1 + bend) of it.

    Parameters
    ----------
    wanted
        Spending over budget that would be wanted.
    bend
        Above 0.
    """
    over = np.maximum(wanted - 1.0, 0.0)
    return np.where(over > 0, (1.0 - bend * np.expm1(-over / bend)) / np.maximum(wanted, 1.0), 1.0)


def _times(quotes: Quotes, factor: float) -> Quotes:
    """The same with all prices multiplied."""
    direct = None if quotes.direct is None else LabPrices(*(price * factor for price in quotes.direct))
    into, out, cached = (price * factor for price in (quotes.input_pico, quotes.output_pico, quotes.cached_pico))
    return replace(quotes, input_pico=into, output_pico=out, cached_pico=cached, direct=direct)


def _mean(values: np.ndarray) -> float:
    finite = values[np.isfinite(values)]
    return float(finite.mean()) if len(finite) else 0.0


def _worth_usd(people: Population, models: Models) -> np.ndarray:
    """Value of quality, of the creator's name and of openness per request, float64 (workloads, models)."""
    gained = models.quality[people.task] - people.need[:, None] if people.uses else models.quality[people.task]
    worth = people.value_usd[:, None] * gained - people.open_penalty_usd[:, None] * models.open
    for creator in sorted(set().union(*people.brand_usd)):
        mine = np.flatnonzero([row.creator == creator for row in models.rows])
        worth[:, mine] += np.array([brand.get(creator, 0.0) for brand in people.brand_usd])[:, None]
    return np.asarray(worth)


def _suitable(people: Population, models: Models, kept: np.ndarray) -> np.ndarray:
    """Whether a model is good enough and holds a long request of the workload, bool (workloads, models)."""
    good = models.quality[people.task] >= np.maximum(people.quality_floor, people.need)[:, None]
    stretch = np.exp(LONG_REQUEST_SIGMAS * people.length_sigma - people.length_sigma**2 / 2)[:, None]
    answer = people.output_tokens[:, None] * models.verbosity * kept
    good &= models.open | ~people.free[:, None]  # free variants are of models that anybody may serve
    tokens = people.prompt_tokens[:, None] + answer
    context = np.array([row.context_tokens for row in models.rows])
    return np.asarray(good & (tokens * stretch <= context))
