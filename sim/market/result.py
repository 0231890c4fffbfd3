"""What a run of the market leaves behind: the days, the posted prices, the books; measures and tables read this."""

from dataclasses import dataclass, field
from datetime import date
from typing import NamedTuple

import numpy as np

from sim.engines.world import OfferSpec
from sim.market.board import ListingChange, PriceChange
from sim.market.customers.diffusion import DemandDay
from sim.market.hosts import EntryValue, HostRecord, ListingRecord
from sim.market.ledger import Ledger
from sim.market.marketplaces.marketplace_days import MarketplaceDay, MarketplaceWaits
from sim.market.models.model import Models
from sim.market.posting import Posting
from sim.market.usage import OfferDay, WorkloadDay


class Switch(NamedTuple):
    """A workload moved from one model to another, started (``before`` -1) or stopped (``after`` -1)."""

    time_s: float
    workload: int
    before: int  # row in models
    after: int
    reason: str  # the process's own word ("release", "review", "bill" ...)
    gain_usd: float  # expected gain in utility per request, net of the cost of moving


class PoolDay(NamedTuple):
    """One day of a provider's GPUs of one type."""

    day: int
    provider: str
    gpu: str
    owned: int
    rented: int
    placed: int  # of owned + rented, those that hold a replica
    training: int  # of owned + rented, those lent to training
    cost_nano: int  # rent, capital, power and colocation of the day


@dataclass(frozen=True)
class MarketResult:
    """One finished run. Day ``t`` of every daily series covers market time ``[t, t + 1)`` days.

    Attributes
    ----------
    models, offers
        All models and all offers that may ever have existed; rows index everything below.
    offer_model
        int64 (offers,): row of each offer's model.
    workload_names, workload_customer, workload_segment, workload_task
        Names, one of each per workload.
    start
        Date of day 0.
    days
        Accounting days that ended.
    full
        Whether every request was simulated, or volumes are expected from samples.
    offer_days, workload_days
        What was sold and bought, one row a day.
    prices_daily
        int64 (days, offers, 3): input, output and cached prices, pico-dollars per token: means over the hours of each
        day in which an offer was listed, and not what stands at midnight; without such an hour, what stood at its end.
    listed_daily, replicas_daily
        bool and int64 (days, offers), at the end of each day.
    price_changes, listing_changes, switches
        Every event in order of time.
    pool_days
        One row per day, provider and GPU type.
    ledger
        The books; all balances add up to zero.
    surplus_usd_daily
        float64 (days, workloads): consumer surplus of the day, USD; nan where a workload did not exist.
    hosts
        Every entry from the pool of potential hosts, in order of time; empty without such a pool.
    listings
        Every listing of those hosts, in order of time, with what was expected of it and what came.
    entry_values
        What entering would have been worth to each type outside, at each quarter.
    segment_names, demand_days
        Names of segments, and what their uses do on each day: through the marketplace, directly from labs, or nothing.
    postings
        Every posting of prices in order of time, with the seller's unit cost at that moment.
    latencies
        float64 (2, bins): histograms of TTFT and of TPOT of all requests (`sim.histogram`, fine), in a sampled run each
        offer's samples weighted with what it served; empty where nothing was kept.
    marketplaces, marketplace_days, marketplace_waits
        Names of the marketplaces that compete, what each sold on each day, and how long its customers waited up to the
        end of each month; empty where one router serves all.
    """

    models: Models
    offers: tuple[OfferSpec, ...]
    offer_model: np.ndarray
    workload_names: tuple[str, ...]
    workload_customer: tuple[str, ...]
    workload_segment: tuple[str, ...]
    workload_task: tuple[str, ...]
    start: date
    days: int
    full: bool
    offer_days: list[OfferDay]
    workload_days: list[WorkloadDay]
    prices_daily: np.ndarray
    listed_daily: np.ndarray
    replicas_daily: np.ndarray
    price_changes: list[PriceChange]
    listing_changes: list[ListingChange]
    switches: list[Switch]
    pool_days: list[PoolDay]
    ledger: Ledger
    surplus_usd_daily: np.ndarray
    hosts: list[HostRecord] = field(default_factory=list)
    entry_values: list[EntryValue] = field(default_factory=list)
    listings: list[ListingRecord] = field(default_factory=list)
    segment_names: tuple[str, ...] = ()
    demand_days: list[DemandDay] = field(default_factory=list)
    postings: list[Posting] = field(default_factory=list)
    latencies: np.ndarray = field(default_factory=lambda: np.zeros((2, 0)))
    marketplaces: tuple[str, ...] = ()
    marketplace_days: list[MarketplaceDay] = field(default_factory=list)
    marketplace_waits: list[MarketplaceWaits] = field(default_factory=list)
