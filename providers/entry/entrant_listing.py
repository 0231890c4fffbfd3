"""One listing of a host that came in: what it expected of it, and what came day by day."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from providers.entry.appraisal import Prospect
from providers.entry.lessons import PastListings
from providers.entry.outlook import STEP_DAYS
from sim.market.hosts import Flows, ListingRecord

NOTHING = Flows(0.0, 0.0, 0.0, 0.0, 0.0)


class Offered(NamedTuple):
    """What was listed, and where it stood then."""

    host: str
    model: str
    model_age_days: float
    sellers: int


class EntrantListing:
    """Expected and realised days of a listing, from the day on which it was made.

    Parameters
    ----------
    offered
        What was listed.
    day
        Day of the listing.
    prospect
        What was expected.

    Attributes
    ----------
    days
        What came, a day, oldest first.
    """

    def __init__(self, offered: Offered, day: int, prospect: Prospect) -> None:
        self.offered, self.day, self.prospect = offered, day, prospect
        self.days: list[Flows] = []
        self._plan, self._plain = ([flows.of_month(month) for month in range(len(flows.tokens))]
                                   for flows in (prospect.forecast, prospect.plain))

    @property
    def planned_days(self) -> int:
        """Days for which it meant to stay."""
        return STEP_DAYS * len(self._plan)

    def note(self, came: Flows, needed_usd: float, experience: PastListings) -> None:
        """Take in the next day, and let others learn from it while it is one of those for which it meant to stay.

        Parameters
        ----------
        came
            What came.
        needed_usd
            Cost of the GPUs that its tokens need as planned; 0 once it is dropped.
        experience
            Of all.
        """
        month, day = len(self.days) // STEP_DAYS, self.day + len(self.days)
        self.days.append(came)
        if month < len(self._plan) and self._plan[month].tokens > 0:
            experience.note(day, month, self._plain[month], came, needed_usd)

    def expected(self, days: int) -> np.ndarray:
        """What was expected of its first days; float64 (days, flows), 0 when it meant to have left."""
        plan = np.repeat(np.array(self._plan), STEP_DAYS, axis=0)[:days]
        return np.vstack([plan, np.zeros((days - len(plan), len(NOTHING)))])

    def record(self, weights: Sequence[float] | np.ndarray) -> ListingRecord:
        """Expected and realised flows of the days that passed, weighted.

        Parameters
        ----------
        weights
            Discount of each day from the listing on; float64, at most as many as days passed.
        """
        count = len(weights)
        came = np.array(self.days[:count]).reshape(count, len(NOTHING))
        # of the model only the days for which it meant to stay: what it sold in all is no matter of its own life
        came[self.planned_days:, 0] = 0.0
        expected, realised = (Flows(*(np.asarray(weights) @ flows).tolist()) for flows in (self.expected(count), came))
        of = self.offered
        return ListingRecord(of.host, of.model, self.day, of.model_age_days, of.sellers, expected, realised)
