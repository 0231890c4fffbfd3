"""The desk: what customers' and providers' processes may see of the market and do to it."""

from collections.abc import Callable, Generator
from typing import Any, Protocol

import numpy as np
from simpy import Environment, Event

from sim.engines.world import OfferSpec
from sim.market.board import Board
from sim.market.ledger import Ledger
from sim.market.models.model import Models
from sim.market.usage import OfferDay, WorkloadDay
from sim.streams import Streams


class Desk(Protocol):
    """The market as its agents see it. Times are seconds since the start of the run.

    Attributes
    ----------
    env
        SimPy's environment; its clock is market time in seconds.
    streams
        Named random streams (each name is taken once).
    models
        All models of the run, past and future.
    offers
        All offers that may ever exist; rows as in ``World.offers`` (sorted by model).
    offer_model
        int64 (offers,): row of each offer's model in ``models``.
    board
        Listed offers, posted prices, replicas.
    ledger
        The books.
    offer_days, workload_days
        One row for each accounting day that has ended (midnight), oldest first.
    """

    env: Environment
    streams: Streams
    models: Models
    offers: tuple[OfferSpec, ...]
    offer_model: np.ndarray
    board: Board
    ledger: Ledger
    offer_days: list[OfferDay]
    workload_days: list[WorkloadDay]

    @property
    def day(self) -> float:
        """Market time in days."""

    def released(self) -> np.ndarray:
        """Return bool (models,): released by now and sold by at least one listed offer."""

    def paid_pico_per_token(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return float64 (models,) each: what input, output and cached tokens of a model cost lately.

        Posted prices of its listed offers, weighted with the tokens that they served on the last day; without
        traffic, with the router's share rule ``1/price^2``; nan for a model that nobody sells.
        """

    def latency_s(self) -> tuple[np.ndarray, np.ndarray]:
        """Return float64 (models,) each: TTFT and TPOT lately seen with a model, or expected if none was used."""


AgentProcess = Callable[[Desk], Generator[Event, Any, Any]]
