"""What sellers learn of the demand they face: how their shares answered prices, their own and their rivals' (P12)."""

from typing import Final, NamedTuple

import numpy as np

from sim.market.prices import USUAL_MIX

FEWEST: Final = 2  # days that can be compared at all
MATERIAL: Final = 0.001  # of the log relative price; less leaves no doubt about the price at which a day sold


class Belief(NamedTuple):
    """A normal distribution of the exponent of the rule by which a seller's share seems to answer its price.

    Attributes
    ----------
    mean, sd
        Its mean (positive: sales fall) and standard deviation. The elasticity of sales is it times 1 less the share.
    """

    mean: float
    sd: float


class ResidualDemand:
    """Odds and relative prices of all offers, day by day, and the exponents that they tell.

    A day counts for an offer if its relative price hardly moved and no offer of the model came or went since the look
    before: then the price at its end is the one at which it sold. Days are compared only while the same offers are
    listed: who enters takes shares whatever it charges.

    Parameters
    ----------
    model
        int64 (offers,): model of each offer.
    memory_days
        Days of the calendar that are remembered.
    """

    def __init__(self, model: np.ndarray, memory_days: int) -> None:
        offers = len(model)
        self._model, self._count = model, int(model.max()) + 1 if offers else 0
        self._memory, self._days = memory_days, 0
        self._odds, self._relative = np.full((2, memory_days, offers), np.nan)
        self._era_of_day = np.zeros((memory_days, offers), np.int64)
        self._era = np.zeros(self._count, np.int64)
        self._last = np.full(offers, np.nan)
        self._listed = np.zeros(offers, bool)

    def look(self, sold: np.ndarray, prices: np.ndarray, listed: np.ndarray) -> None:
        """Note the day that has ended.

        Parameters
        ----------
        sold
            float64 (offers,): tokens of the day.
        prices, listed
            int64 (offers, 3) and bool (offers,): what holds at its end, before anybody moves.
        """
        changed = self._any(listed != self._listed)
        self._era += changed
        self._listed = listed.copy()
        total = self._sum(np.where(listed, sold, 0.0))[self._model]
        # blended 3:1 and not by what is sold, which moves a little every day: quiet days must show no move
        level = prices @ np.array(USUAL_MIX)
        charging = listed & (level > 0)
        log = np.log(np.where(charging, level, 1.0))
        rivals = self._sum(charging.astype(float))[self._model] - 1.0
        others = (self._sum(np.where(charging, log, 0.0))[self._model] - log) / np.maximum(rivals, 1.0)
        free = self._any(listed & ~charging)[self._model]
        relative = np.where(charging & ~free & (rivals > 0), log - others, np.nan)
        steady = np.abs(relative - self._last) <= MATERIAL  # not so where either is unknown
        self._last = relative
        counts = steady & (sold > 0) & (sold < total) & ~changed[self._model]
        at = self._days % self._memory
        odds = np.where(counts, sold, 1.0) / np.where(counts, total - sold, 1.0)
        self._odds[at] = np.where(counts, np.log(odds), np.nan)
        self._relative[at] = np.where(counts, relative, np.nan)
        self._era_of_day[at] = self._era[self._model]
        self._days += 1

    def belief(self, offer: int, prior: Belief) -> Belief:
        """Return what a seller believes of its exponent now: its prior, and what it saw (P12)."""
        odds, price = self._differences(offer)
        squares = float((price**2).sum())
        if squares == 0:
            return prior
        slope = -float((odds * price).sum()) / squares
        # odds move by themselves, too: by how much is seen on days without a change of price, and about the line
        rest = odds + slope * price
        noise = float((rest**2).sum()) / max(len(rest) - 1, 1)
        if noise == 0:
            return Belief(slope, 0.0)
        weight = 1 / prior.sd**2
        precision = weight + squares / noise
        return Belief((prior.mean * weight + slope * squares / noise) / precision, precision**-0.5)

    def _differences(self, offer: int) -> np.ndarray:
        """Changes of its log odds and log relative price between days that can be compared, float64 (2, n)."""
        order = np.arange(max(0, self._days - self._memory), self._days) % self._memory
        odds, relative, era = (it[order, offer] for it in (self._odds, self._relative, self._era_of_day))
        known = ~np.isnan(odds)
        if known.sum() < FEWEST:
            return np.zeros((2, 0))
        same = np.diff(era[known]) == 0
        return np.array([np.diff(odds[known])[same], np.diff(relative[known])[same]])

    def _sum(self, values: np.ndarray) -> np.ndarray:
        return np.bincount(self._model, values, self._count)

    def _any(self, flags: np.ndarray) -> np.ndarray:
        return self._sum(flags.astype(float)) > 0
