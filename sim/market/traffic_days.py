"""How a day of the market becomes numbers: counted request by request, or expected from samples."""

from collections.abc import Generator
from typing import Any, Final, NamedTuple

import numpy as np
from simpy import Environment, Event

from sim.engines.world import World
from sim.market.accounts import difference, offer_day, workload_day
from sim.market.board import Board
from sim.market.customers.customers import Customers
from sim.market.customers.observed import LatencyLately
from sim.market.customers.population import Population
from sim.market.expected_days import ExpectedDays, Pace
from sim.market.lengths_now import MeanLengths, mean_lengths
from sim.market.long_requests import Fitting, fitting
from sim.market.market_traffic import MarketTraffic
from sim.market.models.model import Models
from sim.market.rule_shares import RequestRules
from sim.market.sampler import Sampler
from sim.market.surfaces import ENOUGH, Surfaces, quantiles_s
from sim.market.usage import OfferDay, WorkloadDay
from sim.market.volume_meter import VolumeMeter
from sim.price_response import STEEPEST

CHEAPEST: Final = ("cheapest", "litellm_cost")  # rules whose shares follow prices at once, with nothing to the dearer


class CountedDays:
    """Full resolution: what the engine counted since the last day.

    Parameters
    ----------
    traffic, board, customers, latency
        Of the market.
    """

    def __init__(self, traffic: MarketTraffic, board: Board, customers: Customers, latency: LatencyLately) -> None:
        self._traffic, self._board, self._customers, self._latency = traffic, board, customers, latency
        self._every = np.arange(len(board.listed))
        self._seen = traffic.engine.tally()
        self._waited = traffic.engine.take_samples(self._every)

    def hour(self, requests: np.ndarray) -> None:
        """Do nothing: every request is counted."""

    def processes(self, env: Environment) -> list[Generator[Event, Any, None]]:
        """Return none: nothing but the engine is needed."""
        return []

    def close(self) -> tuple[OfferDay, WorkloadDay]:
        """Return the day that ended, before fees."""
        seen, waited = self._traffic.engine.tally(), self._traffic.engine.take_samples(self._every)
        counted, latencies = difference(seen, self._seen), waited - self._waited
        self._seen, self._waited = seen, waited
        enough = latencies[:, 0].sum(axis=1) >= ENOUGH
        quantiles = np.array([quantiles_s(counts) if has else np.full((2, 3), np.nan)
                              for counts, has in zip(latencies, enough, strict=True)])
        model = self._customers.model
        self._latency.see(counted, model)
        return (offer_day(counted, self._board.replicas, quantiles),
                workload_day(counted, model, self._customers.planned_tokens()))

    def latencies(self) -> np.ndarray:
        """TTFT and TPOT of all requests so far, float64 (2, bins)."""
        return np.asarray(self._waited[:, :2].sum(axis=0).astype(float))


class SampledDays:
    """Sampled: volumes as expected hour by hour, from what each model's last samples taught.

    Parameters
    ----------
    traffic, board, customers, latency
        Of the market.
    models
        All models.
    sampled_per_day
        How many are simulated a day on average.
    """

    def __init__(self, traffic: MarketTraffic, board: Board, customers: Customers, latency: LatencyLately,
                 models: Models, sampled_per_day: int) -> None:
        offer_model = np.array([models.names.index(offer.model) for offer in traffic.engine.world.offers], np.int64)
        self._traffic, self._board, self._customers = traffic, board, customers
        self._verbosity, self._latency = models.verbosity, latency
        self._surfaces = Surfaces.unknown(offer_model, len(models), len(customers.model))
        self._meter = VolumeMeter(traffic.engine.world, self._surfaces, rule_exponent(traffic.engine.world))
        self._expected = ExpectedDays(self._surfaces)
        self._rules = RequestRules(traffic.engine.world, traffic.feed, len(models))
        self._sampler = Sampler(traffic, board, customers, self._meter, sampled_per_day)
        self._contexts = self._sampler.contexts
        self._lengths: _Lengths | None = None

    def hour(self, requests: np.ndarray) -> None:
        """Add an hour in which workloads mean to send ``requests``."""
        model = self._customers.model
        fit, lengths = self._fitting(requests)
        self._meter.turn_away(requests - fit)
        asked = self._rules.asked(self._traffic.engine.now_s, model, fit)
        self._meter.hour(self._board, self._traffic.up_share(), model, fit, lengths, asked)

    def _fitting(self, requests: np.ndarray) -> tuple[np.ndarray, MeanLengths]:
        """Of requests of workloads how many fit their models' offers, and how long those are."""
        people, model = self._customers.population, self._customers.model
        longest = self._contexts.longest(self._board.listed, model)
        known = self._lengths
        # an hour like the one before is the rule: who moves, and what is listed, changes a few times a day
        if known is None or not known.are_of(people, model, longest):
            fits = fitting(people, longest)
            lengths = mean_lengths(people, self._verbosity[np.maximum(model, 0)], fits)
            known = self._lengths = _Lengths(people, model.copy(), longest, fits, lengths)
        return requests * known.fits.requests, known.mean

    def processes(self, env: Environment) -> list[Generator[Event, Any, None]]:
        """Return the process that simulates a stretch a day."""
        return [self._sampler.process(env)]

    def close(self) -> tuple[OfferDay, WorkloadDay]:
        """Return the day that ended, before fees."""
        day = self._meter.close()
        self._surfaces.served_since += day.served
        sold = self._expected.offers(day)
        # customers learn of a day when it has ended, as from counted requests, whenever in it they were simulated
        self._latency.see_means(self._surfaces.waits, self._customers.model)
        pace = Pace(*self._latency.now(np.ones(len(self._board.listed), bool)))
        return sold, self._expected.workloads(day, sold, self._customers.model, self._customers.planned_tokens(), pace)

    def latencies(self) -> np.ndarray:
        """TTFT and TPOT of all requests so far, float64 (2, bins)."""
        return self._surfaces.all_latencies()


class _Lengths(NamedTuple):
    """What fits of requests, and how long they are: of whom, with which models, and of which longest ones."""

    people: Population
    model: np.ndarray
    longest: np.ndarray
    fits: Fitting
    mean: MeanLengths

    def are_of(self, people: Population, model: np.ndarray, longest: np.ndarray) -> bool:
        return people is self.people and bool((model == self.model).all() and (longest == self.longest).all())


def rule_exponent(world: World, router: int = 0) -> float:
    """Exponent of a router's published rule, shares ~ price^-k; 0 for a rule that is only known by its samples."""
    rule = world.policies[router]
    if rule.policy.kind in CHEAPEST:
        return STEEPEST.exponent
    return float(getattr(rule.values, "k", 0.0)) if rule.policy.kind == "openrouter_classic" else 0.0
