"""What follows from the faded counts of samples, reckoned once a sample: meters ask for it every hour."""

from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np

from sim.engines import outcome
from sim.market.accounts import FAILED_ATTEMPTS, QUEUE_FULL, RATE_LIMITED, TOO_LONG

RULE_REQUESTS: Final = 50.0  # requests as which the published rule counts beside shares that were measured (assumption)
FOR_WANT_OF_ROOM: Final = [outcome.REFUSED, outcome.ABANDONED, outcome.TIMED_OUT]
NO_ROOM: Final = [QUEUE_FULL, outcome.CANCELLED]  # attempts that ended so
# columns of attempts that an offer did not serve; the last is what it wrote off for them, nano-dollars
UNSERVED: Final = ("rate_limited", "queue_full", "too_long", "failed", "given_up", "written_off_nano")
FOR_WANT: Final = (UNSERVED.index("queue_full"), UNSERVED.index("given_up"))  # as `NO_ROOM`


@dataclass(frozen=True)
class SampledShares:
    """Of all offers and models; the attributes are those of `sim.market.surfaces.Surfaces`."""

    offer_model: np.ndarray
    sums: np.ndarray
    by_rule: np.ndarray
    busy_s: np.ndarray
    outcomes: np.ndarray

    @cached_property
    def no_room(self) -> np.ndarray:
        """Attempts that found no room, float64 (offers,)."""
        return np.asarray(self.sums[:, NO_ROOM].sum(axis=1))

    @cached_property
    def asked(self) -> np.ndarray:
        """Attempts that an offer served, or would have served if it had had room, float64 (offers,)."""
        return np.asarray(self.sums[:, outcome.SERVED] + self.no_room)

    @cached_property
    def lost(self) -> np.ndarray:
        """Share of what an offer was asked that it lost for want of room, float64 (offers,)."""
        return share_of(self.no_room, self.asked)

    @cached_property
    def inclination(self) -> np.ndarray:
        """How much more of its model's requests an offer is asked than the rule alone says, float64 (offers,) (E72)."""
        return np.asarray((self.asked + RULE_REQUESTS) / (self.by_rule + RULE_REQUESTS))

    @cached_property
    def length_leans(self) -> np.ndarray:
        """How long prompts and answers are that an offer serves, over its model's mean, float64 (2, offers) (E87)."""
        served, tokens = self.sums[:, outcome.SERVED], self.sums[:, [outcome.SERVED_PROMPT, outcome.SERVED_OUTPUT]].T
        of, models = self.offer_model, len(self.outcomes)
        mean = np.array([np.bincount(of, column, models) for column in tokens]) / np.maximum(
            np.bincount(of, served, models), 1.0)
        mean = np.where(mean > 0, mean, 1.0)[:, of]
        return np.asarray((tokens / mean + RULE_REQUESTS) / (served + RULE_REQUESTS))

    @cached_property
    def busy_s_per_served(self) -> np.ndarray:
        """Replica-seconds of work over requests served, float64 (offers,); 0 where none was."""
        served = self.sums[:, outcome.SERVED]
        return np.asarray(np.where(served > 0, self.busy_s / np.maximum(served, 1e-300), 0.0))

    @cached_property
    def attempts_per_served(self) -> np.ndarray:
        """Attempts that were not served over requests served, float64 (offers, columns of ``UNSERVED``)."""
        failed = self.sums[:, FAILED_ATTEMPTS].sum(axis=1)
        return self.per_served(np.column_stack([self.sums[:, [RATE_LIMITED, QUEUE_FULL, TOO_LONG]], failed,
                                                self.sums[:, [outcome.CANCELLED, outcome.WRITTEN_OFF_NANO]]]))

    def per_served(self, values: np.ndarray) -> np.ndarray:
        """Counts of offers, one row each, over requests served; 0 where none was.

        Less than one request counts as one: of an offer that turns everybody away what was ever served fades with each
        sample while its refusals do not, and their ratio would pass all whole numbers.
        """
        served = self.sums[:, outcome.SERVED].reshape(-1, *(1,) * (values.ndim - 1))
        return np.asarray(np.where(served > 0, values / np.maximum(served, 1.0), 0.0))

    @cached_property
    def found_share(self) -> np.ndarray:
        """Share of prompt tokens billed as read from a cache, float64 (offers,)."""
        return np.asarray(self.sums[:, outcome.SERVED_CACHED] / np.maximum(self.sums[:, outcome.SERVED_PROMPT], 1.0))

    @cached_property
    def ended_as(self) -> np.ndarray:
        """Shares of requests by outcome, float64 (models, outcomes); all completed where nothing was measured."""
        total = self.outcomes.sum(axis=1, keepdims=True)
        perfect = np.arange(len(outcome.OUTCOMES)) == outcome.COMPLETED
        return np.asarray(np.where(total > 0, self.outcomes / np.maximum(total, 1e-300), perfect))

    @cached_property
    def asked_of_model(self) -> np.ndarray:
        """Attempts that a model's offers served, or would have served if they had had room, float64 (models,)."""
        return np.asarray(np.bincount(self.offer_model, self.asked, len(self.outcomes)))

    @cached_property
    def lost_of_model(self) -> np.ndarray:
        """Share of these that found no room, float64 (models,)."""
        return share_of(np.bincount(self.offer_model, self.no_room, len(self.outcomes)), self.asked_of_model)

    @cached_property
    def lost_an_attempt(self) -> np.ndarray:
        """Requests that a model lost for want of room, over its attempts that found none, float64 (models,)."""
        then = self.lost_of_model
        # an attempt without room may cost a request, or be followed by one elsewhere: as was measured
        of_requests = self.ended_as[:, FOR_WANT_OF_ROOM].sum(axis=1)
        return np.where(then > 0, of_requests / np.where(then > 0, then, 1.0), 1.0)


def share_of(part: np.ndarray, whole: np.ndarray) -> np.ndarray:
    """Part of the whole; 0 of nothing."""
    return np.asarray(part / np.where(whole > 0, whole, 1.0))
