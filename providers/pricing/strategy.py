"""The contract of a pricing strategy, and the plain kind that others extend."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar

from numpy.random import Generator
from pydantic import BaseModel

from providers.pricing.situation import Situation
from providers.pricing.tariff import RegularTariff, Tariff
from sim.market.prices import Prices
from sim.units import DAY_S


class Strategy(Protocol):
    """How one offer is priced. Each offer has an instance of its own, which may remember things.

    All methods get the situation at that moment and the offer's own generator. Reviews and reactions should get
    generators of two streams, so that what rivals do cannot shift the draws of the offer's reviews.
    """

    def launch(self, situation: Situation, rng: Generator) -> Prices:
        """Return the first prices (``situation.own`` is None)."""

    def next_review_s(self, situation: Situation, rng: Generator) -> float:
        """Return the seconds from now to the next review; inf for never. Asked at launch and after each review."""

    def review(self, situation: Situation, rng: Generator) -> Prices | None:
        """Return new prices, or None to leave them."""

    def react_s(self, situation: Situation, rng: Generator) -> float | None:
        """Return the seconds from now to a reaction, or None for none.

        Asked when a rival has changed its prices; launches and withdrawals of rivals are no such change.
        """

    def react(self, situation: Situation, rng: Generator) -> Prices | None:
        """Return new prices ``react_s`` seconds after a rival's change, or None to leave them."""


@dataclass(frozen=True)
class StrategyKind:
    """A pricing strategy as it is registered.

    Attributes
    ----------
    kind
        Name under which scenarios choose it.
    make
        Called with the checked parameters, once for each offer.
    parameters
        Pydantic model of the parameters.
    summary, source
        One sentence on what it does, and where it comes from.
    answers_rules
        Whether it reads ``Situation.rules``.
    by_the_clock
        Whether its prices follow the hours of the day: their changes are a schedule, no repricing.
    looks_across
        Whether it reads ``Situation.across``.
    """

    kind: str
    make: Callable[[Any], Strategy]
    parameters: type[BaseModel]
    summary: str
    source: str
    answers_rules: bool = False
    by_the_clock: bool = False
    looks_across: bool = False


P = TypeVar("P", bound=Tariff)
R = TypeVar("R", bound=RegularTariff)


class Steady(Generic[P]):
    """Launches at its anchor, leaves it, and takes no notice of rivals.

    Parameters
    ----------
    parameters
        A ``Tariff`` or a model that extends it.
    """

    def __init__(self, parameters: P) -> None:
        self.parameters = parameters

    def launch(self, situation: Situation, rng: Generator) -> Prices:
        """The anchor: cost times markup, or the list price where that is chosen."""
        return self.parameters.prices(situation, self.parameters.anchor_pico(situation))

    def next_review_s(self, situation: Situation, rng: Generator) -> float:
        """Never."""
        return math.inf

    def review(self, situation: Situation, rng: Generator) -> Prices | None:
        """Leave the prices."""
        return None

    def react_s(self, situation: Situation, rng: Generator) -> float | None:
        """No reaction."""
        return None

    def react(self, situation: Situation, rng: Generator) -> Prices | None:
        """Leave the prices."""
        return None


class Regular(Steady[R]):
    """The same with a review at regular times; parameters are a ``RegularTariff`` or a model that extends it."""

    def next_review_s(self, situation: Situation, rng: Generator) -> float:
        """Return the parameters' period."""
        return self.parameters.review_days * DAY_S
