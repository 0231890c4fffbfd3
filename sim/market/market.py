"""The market: SimPy's calendar over a traffic engine, and the desk at which its agents act."""

from collections.abc import Callable, Generator, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from simpy import Environment, Event
from simpy.events import URGENT

from sim.engines.face import TrafficEngine
from sim.engines.outcome import Tally
from sim.engines.world import World
from sim.market.accounts import RouterFees, book_day, difference, offer_day, workload_day
from sim.market.board import Board
from sim.market.customers.customers import Customers
from sim.market.customers.observed import LatencyLately, paid_lately
from sim.market.ledger import Ledger
from sim.market.market_clock import TrafficClock
from sim.market.market_feed import MarketFeed
from sim.market.models.model import Models
from sim.market.usage import OfferDay, WorkloadDay
from sim.scenario import MarketScenario
from sim.streams import Streams
from sim.units import DAY_S

Progress = Callable[[float], None]  # told the market time reached, in days


class Market:
    """The desk (see ``sim.market.desk.Desk``), and the calendar's accounting day.

    Parameters
    ----------
    scenario, world, models
        What is run.
    engine, clock
        The traffic engine of that world, and the clock that maps its time.
    customers
        The demand side.
    """

    def __init__(self, scenario: MarketScenario, world: World, models: Models, engine: TrafficEngine,
                 clock: TrafficClock, customers: Customers) -> None:
        self.env = Environment()
        self.streams, self.models, self.offers = Streams(world.seed, world.replication), models, world.offers
        names = {name: row for row, name in enumerate(models.names)}
        self.offer_model = np.array([names[offer.model] for offer in world.offers], np.int64)
        self.board = Board(world.offers, engine, scenario.price_factor)
        self.ledger = Ledger()
        self.offer_days: list[OfferDay] = []
        self.workload_days: list[WorkloadDay] = []
        self.world, self.customers, self.engine, self.clock = world, customers, engine, clock
        self.daily = DailyState()
        self._latency = LatencyLately(world, self.offer_model, len(models))
        self._fees = RouterFees(scenario.fees, customers.population)
        self._providers = tuple(dict.fromkeys(offer.provider for offer in world.offers))
        self._provider_of = np.array([self._providers.index(offer.provider) for offer in world.offers], np.int64)
        self._seen = engine.tally()

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
        return paid_lately(self.board, self.offer_model, len(self.models), last)

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

    def close_day(self, day: int) -> None:
        """Turn what the engine counted since the last day into days of offers and workloads, and book it."""
        seen = self.engine.tally()
        counted, self._seen = difference(seen, self._seen), seen
        scale = self.clock.scale
        offers = offer_day(counted, self.board.replicas, scale)
        self.offer_days.append(offers)
        self.workload_days.append(self._workloads(day, counted))
        revenue = np.zeros(len(self._providers), np.int64)
        np.add.at(revenue, self._provider_of, offers.revenue_nano)
        owed = dict(zip(self._providers, (int(nano) for nano in revenue), strict=True))
        book_day(self.ledger, day, self.customers.population, self.workload_days[-1], owed)
        self._latency.see(counted, self.customers.model)
        self.daily.note(self.board, self.customers.surplus_usd_per_request * self.workload_days[-1].born)

    def _workloads(self, day: int, counted: Tally) -> WorkloadDay:
        bare = workload_day(counted, self.customers.model, self.customers.planned_tokens(), self.clock.scale)
        return replace(bare, fee_nano=self._fees.of_day(day, bare.completed, bare.cost_nano))


class DailyState:
    """The state of the board, and surpluses, at the end of every day."""

    def __init__(self) -> None:
        self.prices: list[np.ndarray] = []
        self.listed: list[np.ndarray] = []
        self.replicas: list[np.ndarray] = []
        self.surplus_usd: list[np.ndarray] = []

    def note(self, board: Board, surplus_usd: np.ndarray) -> None:
        """Keep the end of a day."""
        self.prices.append(board.prices.astype(np.int64))
        self.listed.append(board.listed.copy())
        self.replicas.append(board.replicas.copy())
        self.surplus_usd.append(surplus_usd)


def run_calendar(
    market: Market, feed: MarketFeed, processes: Sequence[Generator[Event, Any, Any]], progress: Progress | None = None
) -> None:
    """Run the market to its horizon: traffic up to each calendar event, then all events of that time, in order.

    At a midnight the accounting day closes first; then agents act in the order in which they scheduled
    themselves, at time 0 in the order of ``processes``.
    """
    env, end_s = market.env, market.clock.days * DAY_S
    env.process(market.accounting())
    for process in processes:
        env.process(process)
    while env.peek() <= end_s:
        event_s = env.peek()
        # granted first: slices that begin before this event are settled, later ones are not, since whoever acts now may
        # change demand
        feed.grant(event_s)
        market.engine.advance(market.clock.engine_s(event_s))
        # whatever an event schedules for the same moment belongs to it: traffic goes on after all of it
        while env.peek() == event_s:
            env.step()
        if progress is not None and event_s % DAY_S == 0:
            progress(event_s / DAY_S)
