"""All of supply for one run of the market: the offers that may ever exist, and the processes that run them."""

from collections.abc import Generator, Mapping
from functools import partial
from typing import Any

import numpy as np
from simpy import Event

from providers.cost.gpu_prices import gpu_price_series
from providers.cost.ownership import owned_cost
from providers.firms.expectations import Usage
from providers.firms.firm import FirmAgent, Shared
from providers.firms.pools import open_pools
from providers.firms.price_reviews import Sellers
from providers.firms.shelf import PlannedOffer, offer_part, offer_spec, planned_offers
from providers.hardware.gpus import GPUS, Gpu
from providers.pricing.sold_through import Rules
from sim.errors import MarketError
from sim.market.desk import AgentProcess, Desk
from sim.market.hosts import EntryValue, HostRecord
from sim.market.models.model import Models
from sim.market.result import PoolDay
from sim.scenario.firm_settings import SupplySettings
from sim.scenario.provider_settings import Provider
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
        GPU type to its rent, USD per GPU-hour, float64 (days,).
    unit_costs
        What a million tokens of each offer cost now.
    hosts
        Every entry from the pool of potential hosts, with what was expected and what came; grows during the run.
    entry_values
        What entering would be worth to each type outside, at each quarter; grows during the run.
    """

    def __init__(
        self, settings: SupplySettings, planned: list[PlannedOffer], streams: Streams, horizon_days: float,
        price_factor: float = 1.0, gpus: Mapping[str, Gpu] = GPUS,
    ) -> None:
        self.settings, self.planned, self._horizon_days = settings, planned, horizon_days
        self._price_factor = price_factor
        self.offers = [offer_spec(offer, settings) for offer in planned]
        self.providers = _providers(settings, planned)
        self.pool_days: list[PoolDay] = []
        self.hosts: list[HostRecord] = []
        self.entry_values: list[EntryValue] = []
        self.gpu_rents = gpu_price_series(settings.gpu_prices, int(np.ceil(horizon_days)), gpus)
        owned_costs = {gpu: owned_cost(row, settings.ownership, gpus) for gpu, row in gpus.items()}
        self._usage = Usage(planned, settings, price_factor)
        self._sellers = Sellers(planned, settings, streams, self._usage, self._usd_per_gpu_hour)
        self.unit_costs, self.postings = self._sellers.unit_costs, self._sellers.postings
        shared = Shared(self._usage, self._sellers, self.pool_days)
        self.firms = {
            name: FirmAgent(
                name, settings, {row: offer for row, offer in enumerate(planned) if offer.firm == name},
                open_pools(name, settings, self.gpu_rents, owned_costs, price_factor), shared,
            )
            for name in settings.firms
        }

    def tell(self, rules: Rules, model: str | None = None) -> None:
        """Tell all sellers, or those of one model, through which rules they sell, from now on.

        Those who learn hear of what is told to all only: it is what is published.
        """
        self._sellers.knowledge.tell(rules, model)

    def processes(self) -> list[AgentProcess]:
        """One process a firm, in the order of the scenario, and one of what sellers learn; each takes the desk."""
        watching: list[AgentProcess] = [self._sellers.knowledge.watch] if self._sellers.knowledge.learns else []
        return [*(partial(self._run, agent) for agent in self.firms.values()), *watching]

    def _run(self, agent: FirmAgent, desk: Desk) -> Generator[Event, Any, None]:
        self._check_rows(desk)
        return agent.run(desk, self._horizon_days)

    def _check_rows(self, desk: Desk) -> None:
        # rows are all that firms and desk share: a different order would price one offer with another's cost, silently
        ours = [(spec.provider, spec.model) for spec in self.offers]
        if ours != [(spec.provider, spec.model) for spec in desk.offers]:
            raise MarketError("the desk's offers are not those that supply was built with, in the same order")

    def _usd_per_gpu_hour(self, row: int, day: int) -> float:
        """Cost of a GPU under an offer, in the money in which prices are posted (before the price factor)."""
        offer = self.planned[row]
        return self.firms[offer.firm].pools[offer.hardware.pool].usd_per_hour(day) / self._price_factor


def build_supply(
    settings: SupplySettings, models: Models, streams: Streams, horizon_days: float, price_factor: float = 1.0,
    gpus: Mapping[str, Gpu] = GPUS,
) -> SupplySide:
    """Work out which firm offers which model within the horizon, and set up the firms.

    Parameters
    ----------
    settings
        Firms and their rules.
    models
        All models, past and future.
    streams
        Streams of this replication; names begin with ``providers/``.
    horizon_days
        Length of the run.
    price_factor
        Factor of the board on all posted prices: all costs are multiplied by it too, but strategies see prices and
        costs before it, so that they post what they would post without it.
    gpus
        GPU types by name.

    Raises
    ------
    ScenarioError
        If a firm names an unknown GPU type or pricing strategy.
    """
    planned = [
        offer for name in settings.firms
        for offer in planned_offers(name, settings, models, streams, horizon_days, gpus)
    ]
    # as the rows of the world: first by model, which makes rivals neighbours
    planned.sort(key=lambda offer: (offer.model.name, offer.firm))
    return SupplySide(settings, planned, streams, horizon_days, price_factor, gpus)


def _providers(settings: SupplySettings, planned: list[PlannedOffer]) -> dict[str, Provider]:
    providers = {}
    for name, firm in settings.firms.items():
        offers = {offer.model.name: offer_part(offer, settings) for offer in planned if offer.firm == name}
        if offers:
            providers[name] = Provider(region=firm.region, faults=firm.faults, offers=offers)
    return providers
