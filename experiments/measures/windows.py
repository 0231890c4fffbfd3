"""A run as a series in time: sums of its requests over windows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from sim.units import TOKENS_PER_MTOK

if TYPE_CHECKING:
    from pandas import DataFrame


@dataclass(frozen=True)
class Course:
    """A metric in the course of a run: a ratio whose parts add up over any stretch of time.

    Attributes
    ----------
    at_s
        When each request counts.
    above
        What it adds to the numerator.
    below
        What it adds to the denominator; None if that is the time itself, in seconds.
    """

    at_s: np.ndarray
    above: np.ndarray
    below: np.ndarray | None

    def sums(self, start_s: float, end_s: float, windows: int) -> tuple[np.ndarray, np.ndarray]:
        """Return numerators and denominators of equal windows from ``start_s`` to ``end_s``."""
        edges = np.linspace(start_s, end_s, windows + 1)
        above = np.histogram(self.at_s, edges, weights=self.above)[0]
        if self.below is None:
            return above, np.diff(edges)
        return above, np.histogram(self.at_s, edges, weights=self.below)[0]


def course_of(metric: str, requests: DataFrame) -> Course:
    """Return the course of a metric of `COURSES` in a run whose requests were all sampled.

    Latencies, costs and shares count when the request was born, so that it is the same requests that a window holds
    under every policy; what was completed counts when it ended.

    Parameters
    ----------
    metric
        Its name.
    requests
        The run's rows of the table ``requests`` (`experiments.store.dictionary`).
    """
    return COURSES[metric](requests)


def _done(requests: DataFrame) -> DataFrame:
    return requests[requests["outcome"] == "completed"]


def _latency(column: str) -> Callable[[DataFrame], Course]:
    def course(requests: DataFrame) -> Course:
        """As the customer sees it, who is a way off the router."""
        rows = _done(requests)
        born_s = rows["born_s"].to_numpy(float)
        seen_s = rows[column].to_numpy(float) + rows["delay_s"].to_numpy(float)
        return Course(born_s, seen_s - born_s, np.ones(len(rows)))

    return course


def _cost(requests: DataFrame) -> Course:
    rows = _done(requests)
    tokens = rows["prompt_tokens"].to_numpy(float) + rows["output_tokens"].to_numpy(float)
    return Course(rows["born_s"].to_numpy(float), TOKENS_PER_MTOK * rows["cost_usd"].to_numpy(float), tokens)


def _completed(requests: DataFrame) -> Course:
    done = (requests["outcome"] == "completed").to_numpy(float)
    return Course(requests["born_s"].to_numpy(float), done, np.ones(len(requests)))


def _attempts(requests: DataFrame) -> Course:
    return Course(requests["born_s"].to_numpy(float), requests["attempts"].to_numpy(float), np.ones(len(requests)))


def _throughput(requests: DataFrame) -> Course:
    rows = _done(requests)
    return Course(rows["end_s"].to_numpy(float), np.ones(len(rows)), None)


COURSES: Final[dict[str, Callable[[DataFrame], Course]]] = {
    "e2e_mean_s": _latency("end_s"),
    "ttft_mean_s": _latency("first_token_s"),
    "cost_usd_per_mtok": _cost,
    "completed_share": _completed,
    "attempts_per_request": _attempts,
    "completed_per_s": _throughput,
}
