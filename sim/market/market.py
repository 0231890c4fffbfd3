"""The market: SimPy's calendar over a traffic engine, and the desk at which its agents act."""

from collections.abc import Callable, Generator, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import numpy as np
from simpy import Environment, Event
from simpy.events import URGENT

from sim.engines.wanted import rules_of
from sim.engines.world import World
from sim.market.accounts import RouterFees, book_day
from sim.market.board import Board
from sim.market.customers.customers import Customers
from sim.market.customers.observed import LatencyLately, paid_lately
from sim.market.customers.routing import PINNED, rules_of_workloads
from sim.market.firm_schedules import schedules_of
from sim.market.ledger import Ledger
from sim.market.length_moments import length_moments
from sim.market.market_traffic import MarketTraffic
from sim.market.market_world import REPLICAS_HELD
from sim.market.marketplaces.closing import MarketplaceBooks, NowPrices, Payees
from sim.market.marketplaces.days import CountedMarketplaces, SampledMarketplaces
from sim.market.marketplaces.experience import MeanPrices
from sim.market.marketplaces.marketplace_days import MarketplaceWaits
from sim.market.marketplaces.marketplaces import Marketplaces
from sim.market.models.model import Models
from sim.market.price_day import PriceDay
from sim.market.traffic_days import CountedDays, SampledDays
from sim.market.usage import OfferDay, WorkloadDay
from sim.scenario import MarketScenario
from sim.streams import Streams
from sim.units import DAY_S, HOUR_S

Progress = Callable[[float], None]  # told the market time reached, in days


class Market:
    """The desk (see ``sim.market.desk.Desk``), and the calendar's accounting day.

    Parameters
    ----------
    scenario, world, models
        What is run.
    traffic
        The traffic of that world.
    customers
        The demand side.
    places
        Which marketplaces its workloads buy through; None: there is only one.
    """

    def __init__(self, scenario: MarketScenario, world: World, models: Models, traffic: MarketTraffic,
                 customers: Customers, places: Marketplaces | None = None) -> None:
        self.env = Environment()
        self.streams, self.models, self.offers = Streams(world.seed, world.replication), models, world.offers
        names = {name: row for row, name in enumerate(models.names)}
        self.offer_model = np.array([names[offer.model] for offer in world.offers], np.int64)
        self.board = Board(world.offers, traffic.engine, scenario.price_factor,
                           None if traffic.clock.full else REPLICAS_HELD,
                           schedules_of(scenario.supply.firms, world.offers), traffic.show)
        self.ledger = Ledger()
        self.offer_days: list[OfferDay] = []
        self.workload_days: list[WorkloadDay] = []
        self.world, self.customers, self.traffic = world, customers, traffic
        self.daily = DailyState()
        self._latency = LatencyLately(world, self.offer_model, len(models))
        self._fees = RouterFees(scenario.fees, customers.population)
        self._payees = Payees(self.ledger, world.providers, world.provider_of)
        self._prices = PriceDay(self.board)
        self.marketplaces: MarketplaceBooks | None = None
        if places is not None:
            rules = np.array(rules_of(world), np.int64).reshape(len(world.routers), -1)
            rules[:, rules_of_workloads(scenario.customers, customers.population) == PINNED] = PINNED
            self.marketplaces = MarketplaceBooks(places, scenario.fees, customers.population, rules, len(models))
        self.days = self._counting(scenario, places)
        start, days = scenario.horizon.start, scenario.horizon.days
        self._month_ends = {day for day in range(1, days + 1)
                            if day == days or (start + timedelta(days=day)).day == 1}

    def _counting(self, scenario: MarketScenario, places: Marketplaces | None) -> CountedDays | SampledDays:
        """How days become numbers."""
        of = (self.traffic, self.board, self.customers, self._latency)
        if self.traffic.clock.full:
            return CountedDays(*of) if places is None else CountedMarketplaces(*of)
        sampled = scenario.horizon.sampled_per_day
        return (SampledDays if places is None else SampledMarketplaces)(*of, self.models, sampled)

    @property
    def day(self) -> float:
        """Market time in days."""
        return float(self.env.now / DAY_S)

    def released(self) -> np.ndarray:
        """Return bool (models,): released by now and sold by at least one listed offer."""
        sold = np.bincount(self.offer_model[self.board.listed], minlength=len(self.models)) > 0
        return np.asarray(sold & (self.models.release_day <= self.day))

    def paid_pico_per_token(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return what input, output and cached tokens of each model cost lately (see ``Desk``)."""
        last = self.offer_days[-1] if self.offer_days else None
        return paid_lately(self.board, self.offer_model, len(self.models), last, self._prices.paid)

    def latency_s(self) -> tuple[np.ndarray, np.ndarray]:
        """Return TTFT and TPOT lately seen with each model, or expected if none was used."""
        return self._latency.now(self.board.listed)

    def accounting(self) -> Generator[Event, Any, None]:
        """Close each day at its end, before anything else that happens at midnight."""
        while True:
            # a timeout would not do: among events of one time SimPy takes the urgent first, then those scheduled first,
            # and agents that wait for this midnight may have scheduled themselves earlier
            midnight = Event(self.env)
            midnight._ok, midnight._value = True, None
            self.env.schedule(midnight, priority=URGENT, delay=DAY_S)
            yield midnight
            self.close_day(round(self.env.now / DAY_S) - 1)

    def metering(self) -> Generator[Event, Any, None]:
        """In the middle of each hour, look at the prices of that hour and at what is bought at them."""
        yield self.env.timeout(HOUR_S / 2)
        while True:
            requests = self.traffic.feed.rates_per_s(float(self.env.now)) * HOUR_S
            self._prices.hour(self.board, self._by_offer(requests))
            self.days.hour(requests)
            yield self.env.timeout(HOUR_S)

    def _by_offer(self, requests: np.ndarray) -> np.ndarray:
        """Requests of each offer's model, (offers,), of those of workloads."""
        used = np.flatnonzero(self.customers.model >= 0)
        of_model = np.bincount(self.customers.model[used], requests[used], len(self.models))
        return np.asarray(of_model[self.offer_model])

    def close_day(self, day: int) -> None:
        """Turn what was counted or expected since the last day into days of offers and workloads, and book it."""
        offers, workloads = self.days.close()
        moments = length_moments(workloads, self.customers.population.length_sigma, len(self.models))
        self.offer_days.append(replace(offers, moments=moments[self.offer_model]))
        prices = self._prices.close(self.board)
        self.workload_days.append(self._booked(day, offers, workloads))
        self.daily.note(self.board, prices, self.customers.surplus_usd_per_request * workloads.born)


    def _booked(self, day: int, offers: OfferDay, workloads: WorkloadDay) -> WorkloadDay:
        """Book a day; return what workloads bought with the fees."""
        if self.marketplaces is not None:
            assert isinstance(self.days, CountedMarketplaces | SampledMarketplaces)
            if day + 1 in self._month_ends:
                self.marketplaces.waits.append(MarketplaceWaits(day, self.traffic.engine.take_waits()))
            prices = NowPrices(MeanPrices(*self.paid_pico_per_token()), self.customers.population)
            return self.marketplaces.close(day, self.days.parts, self._payees, prices)
        fee = self._fees.of_day(day, workloads.completed, workloads.cost_nano)
        charged = replace(workloads, fee_nano=fee)
        book_day(self.ledger, day, self.customers.population, charged, self._payees.owed(offers.revenue_nano))
        return charged


class DailyState:
    """The state of the board and surpluses at the end of every day; prices are the day's means."""

    def __init__(self) -> None:
        self.prices: list[np.ndarray] = []
        self.listed: list[np.ndarray] = []
        self.replicas: list[np.ndarray] = []
        self.surplus_usd: list[np.ndarray] = []

    def note(self, board: Board, prices: np.ndarray, surplus_usd: np.ndarray) -> None:
        """Keep the end of a day."""
        self.prices.append(prices)
        self.listed.append(board.listed.copy())
        self.replicas.append(board.replicas.copy())
        self.surplus_usd.append(surplus_usd)


def run_calendar(
    market: Market, processes: Sequence[Generator[Event, Any, Any]], progress: Progress | None = None
) -> None:
    """Run the market to its horizon: traffic up to each calendar event, then all events of that time, in order.

    At a midnight the accounting day closes first; then agents act in the order in which they scheduled
    themselves, at time 0 in the order of ``processes``.
    """
    env, end_s = market.env, market.traffic.clock.days * DAY_S
    env.process(market.accounting())
    for process in [*processes, market.metering(), *market.days.processes(env)]:
        env.process(process)
    while env.peek() <= end_s:
        event_s = env.peek()
        market.traffic.reach(event_s)
        # whatever an event schedules for the same moment belongs to it: traffic goes on after all of it
        while env.peek() == event_s:
            env.step()
        if progress is not None and event_s % DAY_S == 0:
            progress(event_s / DAY_S)
