"""A desk without traffic: SimPy, the real board and ledger, an engine that only notes what it is told, and a demand
that each test makes up."""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from simpy import Environment, Event
from simpy.events import URGENT

from providers.firms.supply_side import SupplySide
from sim.market.board import Board
from sim.market.ledger import Account, Ledger
from sim.market.models.model import Model, Models
from sim.market.usage import OfferDay, WorkloadDay
from sim.streams import Streams
from sim.units import DAY_S


class SilentEngine:
    def set_listed(self, offer, listed):
        pass

    def set_replicas(self, offer, replicas):
        assert replicas >= 1

    def set_price(self, offer, in_pico, out_pico, cached_pico=None):
        assert min(in_pico, out_pico) >= 0


@dataclass
class FakeDesk:
    supply: SupplySide
    models: Models
    demand: Callable[["FakeDesk"], np.ndarray]  # prompt tokens by offer and day
    price_factor: float = 1.0
    prompt_tokens: int = 6000  # of a request
    answer: float = 1 / 15  # output tokens over prompt tokens
    cached: Callable[[np.ndarray], np.ndarray] = np.zeros_like  # of prompt tokens
    streams: Streams = field(default_factory=lambda: Streams(1, 1))
    env: Environment = field(default_factory=Environment)
    offer_days: list[OfferDay] = field(default_factory=list)
    workload_days: list[WorkloadDay] = field(default_factory=list)

    def __post_init__(self):
        self.offers = tuple(self.supply.offers)
        names = self.models.names
        self.offer_model = np.array([names.index(offer.model) for offer in self.offers], np.int64)
        self.board = Board(self.offers, SilentEngine(), self.price_factor)
        self.ledger = Ledger()

    @property
    def day(self):
        return self.env.now / DAY_S

    def run(self, days, watch=None):
        self.env.process(self._midnights(days, watch))
        for process in self.supply.processes():
            self.env.process(process(self))
        self.env.run(until=days * DAY_S)

    def _midnights(self, days, watch):
        for day in range(days):
            # as the market does: books close before anybody acts, whoever scheduled itself first
            midnight = Event(self.env)
            midnight._ok, midnight._value = True, None
            self.env.schedule(midnight, priority=URGENT, delay=DAY_S)
            yield midnight
            self._close(day)
            if watch:
                watch(self)

    def _close(self, day):
        prompt = np.where(self.board.listed, self.demand(self), 0).astype(np.int64)
        output, zeros = (prompt * self.answer).astype(np.int64), np.zeros(len(prompt), np.int64)
        placed = prompt // self.prompt_tokens
        revenue = (prompt * self.board.prices[:, 0] + output * self.board.prices[:, 1]) // 1000
        for offer, nano in zip(self.offers, revenue, strict=True):
            self.ledger.pay(day, Account("customer", "all", "tokens"), Account("provider", offer.provider, "revenue"),
                            int(nano))
        self.offer_days.append(OfferDay(placed, placed, zeros, zeros, zeros, zeros, prompt, output, revenue,
                                        np.zeros(len(prompt)), zeros, zeros, self.cached(prompt)))


def model(name, creator="meta", total_b=70.0, active_b=None, *, is_open=True, day=-30.0, price=(0.5, 0.8)):
    return Model(name=name, creator=creator, family=creator, open=is_open, release_day=day, total_b=total_b,
                 active_b=active_b or total_b, quality=(0.5,) * 5, verbosity=1.0, context_tokens=131_072,
                 list_in_usd=price[0], list_out_usd=price[1])


def models_of(*rows):
    return Models(tuple(sorted(rows, key=lambda row: row.name)))
