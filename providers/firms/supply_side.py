"""All of supply for one run of the market: the offers that may ever exist, and the processes that run them."""

from collections.abc import Generator, Sequence
from functools import partial
from typing import Any

import numpy as np
from simpy import Event

from providers.around import Around
from providers.cost.gpu_prices import cost_levels, gpu_price_series
from providers.cost.ownership import owned_cost
from providers.entry.appraisal import Appraisal
from providers.entry.entrance import PoolEntrance
from providers.entry.newcomer import Beliefs, Newcomer
from providers.entry.outlook import Outlook
from providers.entry.potential_hosts import PotentialHost, draw_hosts, potential_offers
from providers.firms.expectations import Usage
from providers.firms.firm import FirmAgent, Shared
from providers.firms.pools import Pool, open_pools
from providers.firms.price_reviews import Sellers
from providers.firms.rule_mix import ModelDemand
from providers.firms.shelf import PlannedOffer, offer_part, offer_spec, opening_day, planned_offers
from providers.pricing.sold_through import Rules
from sim.errors import MarketError, ScenarioError
from sim.market.desk import AgentProcess, Desk
from sim.market.hosts import EntryValue, HostRecord, ListingRecord
from sim.market.models.model import Models
from sim.market.result import PoolDay
from sim.scenario.firm_settings import SupplySettings
from sim.scenario.provider_settings import Offer, Provider
from sim.streams import Streams


class SupplySide:
    """Firms, their offers and their processes.

    Attributes
    ----------
    planned
        All offers that may ever exist, sorted by model and firm.
    offers
        The same as rows of the world; ``replicas`` is the most an offer may ever have.
    providers
        Firms with at least one offer, as parts of the traffic's scenario.
    firms
        The firms at work, by name.
    pool_days
        One row a day, firm and GPU type; grows during the run.
    postings
        Every posting of prices with the seller's cost at that moment; grows likewise.
    gpu_rents
        GPU type to its rent as `GpuPrices` has it, USD per GPU-hour, float64 (days,).
    unit_costs
        What a million tokens of each offer cost now.
    newcomers
        The types of the pool of potential hosts by name, from the moment at which the run begins.
    """

    def __init__(
        self, settings: SupplySettings, planned: list[PlannedOffer], streams: Streams, around: Around,
        types: Sequence[PotentialHost] = (),
    ) -> None:
        self.settings, self.planned, self._around = settings, planned, around
        parts = [offer_part(offer, settings) for offer in planned]
        self.offers = [offer_spec(*both, settings) for both in zip(planned, parts, strict=True)]
        self.providers = _providers(settings, planned, parts)
        self.pool_days: list[PoolDay] = []
        days = int(np.ceil(around.days))
        self.gpu_rents = gpu_price_series(settings.gpu_prices, days, around.gpus)
        self._levels = cost_levels(settings.gpu_fall, days)
        self._usage = Usage(planned, settings, around.price_factor)
        self._sellers = Sellers(planned, settings, streams, self._usage, self._usd_per_gpu_hour)
        self.unit_costs, self.postings = self._sellers.unit_costs, self._sellers.postings
        self._shared = Shared(self._usage, self._sellers, self.pool_days)
        self._streams = streams
        self._desk: Desk | None = None
        self._entrance: PoolEntrance | None = None
        self._rows: dict[str, dict[int, PlannedOffer]] = {name: {} for name in settings.firms}
        for row, offer in enumerate(planned):
            self._rows[offer.firm][row] = offer
        self._owned_costs = {gpu: owned_cost(row, settings.ownership, around.gpus) for gpu, row in around.gpus.items()}
        outside = {host.name for host in types}
        self.firms = {
            name: FirmAgent(name, settings, self._rows[name], self._pools(name), self._shared)
            for name in settings.firms if name not in outside
        }
        self._types, self.newcomers = types, dict[str, Newcomer]()

    @property
    def hosts(self) -> list[HostRecord]:
        """Every entry from the pool of potential hosts so far, by time, with what was expected and what came."""
        desk = self._desk
        came = [one for one in self.newcomers.values() if not one.is_outside]
        if desk is None:
            return []
        return sorted((one.record(desk) for one in came), key=lambda record: (record.entry_day, record.host))

    @property
    def listings(self) -> list[ListingRecord]:
        """Every listing of those hosts so far, by time, with what was expected and what came, factor by factor."""
        desk = self._desk
        came = [one for one in self.newcomers.values() if not one.is_outside]
        if desk is None:
            return []
        return sorted((it for one in came for it in one.listings(desk)), key=lambda it: (it.day, it.host, it.model))

    @property
    def entry_values(self) -> list[EntryValue]:
        """What entering would be worth to each type outside, at each quarter so far."""
        return [] if self._entrance is None else self._entrance.values

    def tell(self, rules: Rules) -> None:
        """Tell all sellers through which rules they sell, from now on: it is what is published."""
        self._sellers.knowledge.tell(rules)

    def tell_of_model(self, demand: ModelDemand) -> None:
        """Tell the sellers of one model how its customers come, from now on; those who learn do not hear it."""
        self._sellers.knowledge.tell_of_model(demand)

    def processes(self) -> list[AgentProcess]:
        """One process a firm, in the order of the scenario, one of what sellers learn and one of entry."""
        watching: list[AgentProcess] = [self._sellers.knowledge.watch] if self._sellers.knowledge.learns else []
        entry: list[AgentProcess] = [self._let_in] if self._types else []
        return [*(partial(self._run, agent) for agent in self.firms.values()), *watching, *entry]

    def _let_in(self, desk: Desk) -> Generator[Event, Any, None]:
        """The process of entry; what newcomers know is set up here, since the desk's models are not known before."""
        self._check_rows(desk)
        settings, around, self._desk = self.settings, self._around, desk
        outlook = Outlook(desk.models, desk.offer_model, settings.entry, settings.shelf.half_life_days)
        appraisal = Appraisal(self.planned, settings, self._sellers, around.price_factor,
                              {host.name for host in self._types})
        beliefs = Beliefs(appraisal, outlook, around.days, around.price_factor)
        self.newcomers.update((host.name, Newcomer(host, settings, self._rows[host.name], self._pools_of(host),
                                                   self._shared, beliefs)) for host in self._types)
        types = list(self.newcomers.values())
        self._entrance = PoolEntrance(settings.entry, types, self._usage, beliefs, self._streams)
        return self._entrance.run(desk, around.days)

    def _pools(self, name: str) -> list[Pool]:
        pools = open_pools(name, self.settings, self.gpu_rents, self._owned_costs, self._around.price_factor)
        firm = self.settings.firms[name]
        for pool in pools:
            pool.levels = self._levels
            pool.opens_day = opening_day(pool.settings, firm, self._around)
            if pool.opens_day > firm.entry_day:
                pool.owned = pool.rented = 0
        return pools

    def _pools_of(self, host: PotentialHost) -> list[Pool]:
        """Pools of a type: what it pays for a GPU is a multiple of its own of the rent."""
        pools = self._pools(host.name)
        for pool, factor in zip(pools, host.gpu_factors, strict=True):
            pool.rent = pool.rent * factor
        return pools

    def _run(self, agent: FirmAgent, desk: Desk) -> Generator[Event, Any, None]:
        self._check_rows(desk)
        return agent.run(desk, self._around.days)

    def _check_rows(self, desk: Desk) -> None:
        # rows are all that firms and desk share: a different order would price one offer with another's cost, silently
        ours = [(spec.provider, spec.model) for spec in self.offers]
        if ours != [(spec.provider, spec.model) for spec in desk.offers]:
            raise MarketError("the desk's offers are not those that supply was built with, in the same order")

    def _usd_per_gpu_hour(self, row: int, day: int) -> float:
        """Cost of a GPU under an offer, in the money in which prices are posted (before the price factor)."""
        offer = self.planned[row]
        firm = self.firms.get(offer.firm) or self.newcomers[offer.firm]
        return firm.pools[offer.hardware.pool].usd_per_hour(day) / self._around.price_factor


def build_supply(settings: SupplySettings, models: Models, streams: Streams, around: Around) -> SupplySide:
    """Work out which firm offers which model within the horizon, and set up the firms and the pool of potential hosts.

    Parameters
    ----------
    settings
        Firms and their rules.
    models
        All models, past and future.
    streams
        Streams of this replication; names begin with ``providers/``.
    around
        Length of the run, factor on all money, GPU types by name and the date of day 0.

    Raises
    ------
    ScenarioError
        If a firm names an unknown GPU type or pricing strategy.
    """
    planned = [
        offer for name in settings.firms
        for offer in planned_offers(name, settings, models, streams, around)
    ]
    types = draw_hosts(settings.entry, streams)
    if types:
        taken = [host.name for host in types if host.name in settings.firms]
        if taken:
            raise ScenarioError(f"supply.firms has {taken[0]!r}, which is the name of a potential host (supply.entry); "
                                "the firm must have another")
        settings = settings.model_copy(update={"firms": settings.firms | {host.name: host.firm for host in types}})
        planned += potential_offers(types, settings, models, streams, around)
    # as the rows of the world: first by model, which makes rivals neighbours
    planned.sort(key=lambda offer: (offer.model.name, offer.firm))
    return SupplySide(settings, planned, streams, around, types)


def _providers(settings: SupplySettings, planned: list[PlannedOffer], parts: list[Offer]) -> dict[str, Provider]:
    offers: dict[str, dict[str, Offer]] = {name: {} for name in settings.firms}
    for offer, part in zip(planned, parts, strict=True):
        offers[offer.firm][offer.model.name] = part
    return {name: Provider(region=firm.region, faults=firm.faults, offers=offers[name])
            for name, firm in settings.firms.items() if offers[name]}
