"""A run as a series in time: sums of its requests over windows."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np

from sim.engines.outcome import COMPLETED, TrafficOutcome
from sim.errors import ScenarioError
from sim.units import NANO_PER_USD_PER_MTOK


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


def observe(outcome: TrafficOutcome, metric: str) -> Course:
    """Return the course of a metric of `COURSES` in a run whose requests were all sampled.

    Latencies, costs and shares count when the request was born, so that it is the same requests that a window holds
    under every policy; what was completed counts when it ended.

    Raises
    ------
    ScenarioError
        If the run kept only some of its requests.
    """
    share = outcome.world.scenario.traffic.sample_share
    if share < 1:
        raise ScenarioError(f"traffic.sample_share is {share:g}, but must be 1 to see the course of a run")
    return COURSES[metric](outcome)


def _done(outcome: TrafficOutcome) -> np.ndarray:
    return np.asarray(outcome.samples[outcome.samples["outcome"] == COMPLETED])


def _latency(column: str) -> Callable[[TrafficOutcome], Course]:
    def course(outcome: TrafficOutcome) -> Course:
        """As the customer sees it, who is a way off the router."""
        rows = _done(outcome)
        seen_s = rows[column] + outcome.world.class_delay_s[rows["client_class"]]
        return Course(rows["born_s"], seen_s - rows["born_s"], np.ones(len(rows)))

    return course


def _cost(outcome: TrafficOutcome) -> Course:
    rows = _done(outcome)
    tokens = rows["prompt"].astype(float) + rows["output"]
    return Course(rows["born_s"], rows["cost_nano"] / NANO_PER_USD_PER_MTOK, tokens)


def _completed(outcome: TrafficOutcome) -> Course:
    rows = outcome.samples
    return Course(rows["born_s"], (rows["outcome"] == COMPLETED).astype(float), np.ones(len(rows)))


def _attempts(outcome: TrafficOutcome) -> Course:
    rows = outcome.samples
    return Course(rows["born_s"], rows["attempts"].astype(float), np.ones(len(rows)))


def _throughput(outcome: TrafficOutcome) -> Course:
    rows = _done(outcome)
    return Course(rows["end_s"], np.ones(len(rows)), None)


COURSES: Final[dict[str, Callable[[TrafficOutcome], Course]]] = {
    "e2e_mean_s": _latency("end_s"),
    "ttft_mean_s": _latency("first_token_s"),
    "cost_usd_per_mtok": _cost,
    "completed_share": _completed,
    "attempts_per_request": _attempts,
    "completed_per_s": _throughput,
}
