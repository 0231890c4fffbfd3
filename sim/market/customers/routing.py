"""How the requests of workloads are routed: which rule places them, and whom those who name a provider have named.

A workload keeps its rule. Who names a provider chooses it when it takes up a model, when that provider no longer sells
the model, and at reviews of its own (E80, E81 of docs/theory.md); prices move nobody in between.
"""

from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np

from sim.engines.wanted import RULES
from sim.engines.world import World
from sim.market.board import Board
from sim.market.customers.answer_lengths import kept_share
from sim.market.customers.observed import empty_latency_s
from sim.market.customers.population import Population
from sim.market.customers.review_times import ReviewTimes
from sim.market.customers.tastes import uniforms
from sim.market.models.model import Models
from sim.scenario import Preferences
from sim.scenario.customer_settings import CustomerSettings
from sim.scenario.routing_settings import RoutingSettings
from sim.units import DAY_S, DAYS_PER_MONTH, USD_PER_PICO

FLOOR, NITRO, PINNED = (RULES.index(rule) for rule in ("floor", "nitro", "pinned"))
VARIANTS: Final = {"floor": Preferences(variant="floor"), "nitro": Preferences(variant="nitro")}


def routing_of(settings: CustomerSettings, segment: str) -> RoutingSettings:
    """How the workloads of a segment are routed: as it says itself, or as all customers are."""
    own = settings.segments[segment].routing
    return settings.routing if own is None else own


def rules_of_workloads(settings: CustomerSettings, population: Population) -> np.ndarray:
    """Rule that places the requests of each workload, index into ``sim.engines.wanted.RULES`` (E80); int64.

    Each has a uniform of its own: those that name a provider are the lowest, those that go to the cheapest the highest,
    so that neither share moves the other's members.
    """
    of = [routing_of(settings, name) for name in population.segment_names]
    floor, nitro, pinned = (np.array(shares)[population.segment] for shares in zip(
        *((one.floor_share, one.nitro_share, one.pinned_share) for one in of), strict=True))
    u = uniforms(population.key, ("routing",))[:, 0]
    fast = np.where(u > 1.0 - floor - nitro, NITRO, 0)
    return np.where(u < pinned, PINNED, np.where(u > 1.0 - floor, FLOOR, fast))


def preferences_of(rules: np.ndarray, general: Preferences) -> tuple[Preferences, ...]:
    """What each workload asks of offers besides what the router's preferences say."""
    by_rule = [VARIANTS[rule].over(general) if rule in VARIANTS else general for rule in RULES]
    return tuple(by_rule[rule] for rule in rules.tolist())


class Sellers(NamedTuple):
    """What those who name a provider see of all offers, arrays (offers,) but for the board.

    Attributes
    ----------
    board
        Listings and posted prices of now.
    model
        int64: row of each offer's model.
    providers
        Names of all providers.
    provider
        int64: number of each offer's provider among them.
    ttft_s, tpot_s
        float64: latencies of an empty replica.
    """

    board: Board
    model: np.ndarray
    providers: Sequence[str]
    provider: np.ndarray
    ttft_s: np.ndarray
    tpot_s: np.ndarray


def sellers_of(board: Board, model: np.ndarray, world: World) -> Sellers:
    """What those who name a provider see of a market: its board, the row of each offer's model, and its world."""
    return Sellers(board, model, world.providers, world.provider_of, *empty_latency_s(world))


class Pins:
    """The providers that workloads have named.

    Parameters
    ----------
    settings, population, models
        Who names one, how often they review it, and what their models are like.
    sellers
        Among what they choose.

    Attributes
    ----------
    rows
        int64: the workloads that name a provider.
    offer
        int64 (rows,): the offer of the named provider; -1 while nobody sells the workload's model.
    """

    def __init__(self, settings: CustomerSettings, population: Population, models: Models, sellers: Sellers) -> None:
        self._population, self._models, self._sellers = population, models, sellers
        self.rows = np.flatnonzero(rules_of_workloads(settings, population) == PINNED)
        rates = [routing_of(settings, name).repins_per_month for name in population.segment_names]
        per_day = np.array(rates)[population.segment[self.rows]] / DAYS_PER_MONTH
        self._key = population.key[self.rows]
        self._reviews = ReviewTimes(self._key, "repin", population.entry_day[self.rows], per_day)
        self._model = np.full(len(self.rows), -1, np.int64)
        self.offer = np.full(len(self.rows), -1, np.int64)

    def at(self, market_s: float, model: np.ndarray) -> np.ndarray:
        """Bring all choices up to a time, and return them as requests carry them.

        Parameters
        ----------
        market_s
            Now; never earlier than before.
        model
            int64 (workloads,): the model that each uses, -1 for none.

        Returns
        -------
        ndarray
            Int32 (workloads,): 1 + number of the provider named; 0 for those who name none.
        """
        pinned = np.zeros(len(model), np.int32)
        if len(self.rows) == 0:
            return pinned
        used = model[self.rows]
        due = self._reviews.take(market_s / DAY_S) | (used != self._model) | ~self._is_sold()
        self._model = used
        chooses = np.flatnonzero(due & (used >= 0))
        self.offer[used < 0] = -1
        for one in sorted(set(used[chooses].tolist())):
            self._choose(chooses[used[chooses] == one], one)
        named = self.offer >= 0
        pinned[self.rows[named]] = 1 + self._sellers.provider[self.offer[named]]
        return pinned

    def _is_sold(self) -> np.ndarray:
        """Whether the named provider still sells the model."""
        return np.asarray((self.offer >= 0) & self._sellers.board.listed[self.offer])

    def _choose(self, which: np.ndarray, model: int) -> None:
        """Let some workloads, by their places in ``rows``, name the provider of a model that they like best (E81)."""
        seen = self._sellers
        offers = np.flatnonzero(seen.board.listed & (seen.model == model))
        if len(offers) == 0:
            self.offer[which] = -1
            return
        rows = self.rows[which]
        names = tuple(f"pin/{seen.providers[number]}" for number in seen.provider[offers].tolist())
        tastes = -np.log(-np.log(uniforms(self._key[which], names)))
        utility = self._population.sigma_usd[rows, None] * tastes - self._burden_usd(rows, model, offers)
        self.offer[which] = offers[utility.argmax(axis=1)]

    def _burden_usd(self, rows: np.ndarray, model: int, offers: np.ndarray) -> np.ndarray:
        """Cost of a request at posted prices, and of waiting for it at an empty replica, float64 (rows, offers)."""
        people, seen = self._population, self._sellers
        whole = people.output_tokens[rows] * self._models.verbosity[model]
        answer = (whole * kept_share(whole, people.length_sigma[rows], people.max_tokens[rows]))[:, None]
        prompt, cached = people.prompt_tokens[rows, None], people.cached_share[rows, None]
        price_in, price_out, price_cached = seen.board.prices[offers].astype(float).T
        cost = USD_PER_PICO * (prompt * ((1 - cached) * price_in + cached * price_cached) + answer * price_out)
        latency_s = seen.ttft_s[offers] + answer * seen.tpot_s[offers]
        return np.asarray(cost + people.latency_usd_per_s[rows, None] * latency_s)
