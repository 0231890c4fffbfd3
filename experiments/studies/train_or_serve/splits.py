"""Ways to split a fleet: how many of its GPUs serve in each step of a run."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Final, NamedTuple, Protocol

import numpy as np

from providers.training.limited_queue import SlotQueue, gained_by_slot

if TYPE_CHECKING:
    from experiments.studies.train_or_serve.assumed import Serving

LEAST: Final = 1e-3  # of the fleet serves, whatever happens
LOADS: Final = np.geomspace(0.01, 4.0, 120)  # over the fleet, of the table of what marginal GPUs are worth
PRICES: Final = np.geomspace(1e-4, 0.999, 60)  # over what a busy GPU earns and keeps


class Moment(NamedTuple):
    """What a split may look at: steps of one run, each float64 or bool (steps,).

    Attributes
    ----------
    load
        Load over fleet.
    night
        Whether it is night.
    weight
        What an hour of a share of the fleet adds to the next model.
    number
        Number of the run, from 0.
    """

    load: np.ndarray
    night: np.ndarray
    weight: np.ndarray
    number: int


class FleetSplit(Protocol):
    """A way to split a fleet."""

    def serving(self, moment: Moment) -> np.ndarray:
        """Return the share of the fleet that serves, float64 (steps,)."""


class FixedSplit(NamedTuple):
    """A constant share trains; 0: none does."""

    training: float

    def serving(self, moment: Moment) -> np.ndarray:
        """Return the rest."""
        return np.full(len(moment.load), max(1.0 - self.training, LEAST))


class NightSplit(NamedTuple):
    """One share trains by day, and another by night."""

    by_day: float
    by_night: float

    def serving(self, moment: Moment) -> np.ndarray:
        """Return the rest."""
        return np.maximum(1.0 - np.where(moment.night, self.by_night, self.by_day), LEAST)


@dataclass(frozen=True)
class Worths:
    """What one more GPU is worth in serving, and how many serve where that is a given price.

    Attributes
    ----------
    serving
        The fleet and its requests.
    """

    serving: Serving

    @property
    def queue(self) -> SlotQueue:
        """Times and peakedness."""
        return SlotQueue(self.serving.service_s, self.serving.longest_wait_s, self.serving.peakedness)

    @property
    def kept(self) -> float:
        """What a GPU earns that is busy all the time, and keeps of custom that would be turned away: in rents."""
        return self.serving.busy_worth * (1.0 + self.serving.goodwill)

    def marginal(self, share: np.ndarray, load: np.ndarray) -> np.ndarray:
        """Return what another GPU is worth in serving, in rents, float64 (E152)."""
        slots = self.serving.slots
        return self.kept * gained_by_slot(self.queue, share * slots, load * slots)

    @cached_property
    def table(self) -> np.ndarray:
        """Share of the fleet that serves by logarithm of load and of price, float64 (loads, prices)."""
        load, price = np.meshgrid(LOADS, PRICES * self.kept, indexing="ij")
        low, high = np.full(load.shape, LEAST), 2.0 * load + 1.0
        for _ in range(40):
            middle = (low + high) / 2.0
            dear = self.marginal(middle, load) > price
            low, high = np.where(dear, middle, low), np.where(dear, high, middle)
        return (low + high) / 2.0

    def at_price(self, load: np.ndarray, price: np.ndarray) -> np.ndarray:
        """Return the share of the fleet that serves if GPUs are worth ``price`` (in rents) elsewhere, float64."""
        row = np.interp(np.log(load), np.log(LOADS), np.arange(len(LOADS)))
        asked = np.clip(price / self.kept, PRICES[0], PRICES[-1])
        column = np.interp(np.log(asked), np.log(PRICES), np.arange(len(PRICES)))
        at, over = row.astype(np.int64), column.astype(np.int64)
        next_row, next_column = np.minimum(at + 1, len(LOADS) - 1), np.minimum(over + 1, len(PRICES) - 1)
        part, rest = row - at, column - over
        near = (1.0 - rest) * self.table[at, over] + rest * self.table[at, next_column]
        far = (1.0 - rest) * self.table[next_row, over] + rest * self.table[next_row, next_column]
        found = np.where(price <= 0.0, 1.0, (1.0 - part) * near + part * far)
        return np.asarray(np.clip(np.where(price >= self.kept, LEAST, found), LEAST, 1.0))


class ShadowPrice(NamedTuple):
    """GPUs serve that are worth more than one price in it, in rents, for ever."""

    worths: Worths
    price: float

    def serving(self, moment: Moment) -> np.ndarray:
        """Return the share that is."""
        return self.worths.at_price(moment.load, np.full(len(moment.load), self.price))


class Marginal(NamedTuple):
    """GPUs serve that are worth more in it than in training now (E155).

    Attributes
    ----------
    worths
        What they are worth in serving.
    by_run
        What a weighted hour of a share of the fleet is worth in each run, in hours of the fleet's rent.
    """

    worths: Worths
    by_run: tuple[float, ...]

    def serving(self, moment: Moment) -> np.ndarray:
        """Return the share that is."""
        worth = self.by_run[min(moment.number, len(self.by_run) - 1)]
        return self.worths.at_price(moment.load, worth * moment.weight)
