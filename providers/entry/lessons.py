"""What those who came before a host teach it: how each factor of their cash compared with what they had expected.

    (E128)  lambda_x(b) = (n_b X_b / X^e_b + W) / (n_b + W)          x: volume, price, GPUs, overhead

for listings in their month b, with X what came and X^e what was expected on the same days by whoever knew nothing of
this (of GPUs: those that the tokens which came need as planned, E50), summed over all listings so far, each day's
counting exp(-1 / memory) times as much a day later; n_b is how many months of listings were seen, and W for how many it
counts that things come as expected. A listing's days are counted for as long as its host meant to stay, whether it is
still there or not. Sources: Doraszelski, Lewis and Pakes (AER 2018): firms learn from what came; Fershtman and Pakes
(QJE 2012): beliefs are right on average.
"""

import math
from typing import Final, NamedTuple

import numpy as np

from providers.entry.outlook import STEP_DAYS
from sim.market.hosts import Flows
from sim.scenario.entry_settings import EntrySettings

CLASSES: Final = 3  # months of a listing that are told apart: its first, its second, and all later ones
LISTING_DAYS, EXPECTED_USD, AT_EXPECTED_PRICE, REVENUE, NEEDED_GPUS, GPUS, EXPECTED_OVERHEAD, OVERHEAD = range(8)


class Forecast(NamedTuple):
    """What a listing is expected to bring, a day, in each month ahead; float64 (months,)."""

    model_tokens: np.ndarray  # of its model
    tokens: np.ndarray  # of its own
    revenue_usd: np.ndarray  # charged, less what a token costs besides GPUs
    gpus_usd: np.ndarray
    overhead_usd: np.ndarray

    def of_month(self, month: int) -> Flows:
        """A day of one month."""
        return Flows(*(float(flow[month]) for flow in self))


class Lessons(NamedTuple):
    """Factors on a forecast, float64 (months,): 1 where things come as expected."""

    volume: np.ndarray  # on tokens
    price: np.ndarray  # on revenue a token
    gpus: np.ndarray
    overhead: np.ndarray


class OnAverage(NamedTuple):
    """Factors over all months of listings."""

    volume: float
    price: float
    gpus: float


class PastListings:
    """Sums over all listings of hosts that came in so far, by month since their listing.

    Parameters
    ----------
    settings
        Whether anybody learns, for how long, and against how much of a prior.
    """

    def __init__(self, settings: EntrySettings) -> None:
        self._learned, self._prior = settings.experience == "cohorts", settings.experience_prior_months
        self._keep = math.exp(-1.0 / settings.experience_memory_days)
        self._sums = np.zeros((CLASSES, 8))
        self._day = 0
        # what the sums teach: asked for far more often than they change
        self._ahead: dict[int, Lessons] = {}  # by months
        self._average: OnAverage | None = None

    def note(self, day: int, month: int, expected: Flows, came: Flows, needed_usd: float) -> None:
        """Take in a day of a listing.

        Parameters
        ----------
        day
            Today: days are noted in order.
        month
            Whole months since its listing.
        expected
            What was expected of such a day without experience; tokens above 0.
        came
            What came.
        needed_usd
            Cost of the whole replicas that the tokens which came need as planned.
        """
        if day > self._day:
            self._sums *= self._keep ** (day - self._day)
            self._day = day
        self._ahead, self._average = {}, None
        at_expected = came.tokens * expected.revenue_usd / expected.tokens
        self._sums[min(month, CLASSES - 1)] += (1.0, expected.revenue_usd, at_expected, came.revenue_usd,
                                                needed_usd, came.gpus_usd, expected.overhead_usd, came.overhead_usd)

    def lessons(self, months: int) -> Lessons:
        """Factors for each of so many months ahead, counted from a listing."""
        if months not in self._ahead:
            found = self._factors(self._sums) if self._learned else np.ones((4, CLASSES))
            self._ahead[months] = Lessons(*found[:, np.minimum(np.arange(months), CLASSES - 1)])
        return self._ahead[months]

    def on_average(self) -> OnAverage:
        """Factors over all months of listings."""
        if not self._learned:
            return OnAverage(1.0, 1.0, 1.0)
        if self._average is None:
            self._average = OnAverage(*self._factors(self._sums.sum(axis=0, keepdims=True))[:3, 0].tolist())
        return self._average

    def _factors(self, sums: np.ndarray) -> np.ndarray:
        """Volume, price, GPUs and overhead; float64 (4, rows of sums)."""
        seen = sums[:, LISTING_DAYS] / STEP_DAYS
        pairs = ((AT_EXPECTED_PRICE, EXPECTED_USD), (REVENUE, AT_EXPECTED_PRICE), (GPUS, NEEDED_GPUS),
                 (OVERHEAD, EXPECTED_OVERHEAD))
        # nothing expected, or nothing sold: nothing is learned of it
        ratios = [np.where(sums[:, below] > 0, sums[:, above] / np.where(sums[:, below] > 0, sums[:, below], 1.0), 1.0)
                  for above, below in pairs]
        return (np.array(ratios) * seen + self._prior) / (seen + self._prior)
