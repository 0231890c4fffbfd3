"""Markets that are queues: worlds, requests and estimates for the comparisons with theory.

A server is an abstract replica whose mean service lasts one second: a million tokens of a microsecond each,
so that whole tokens round service times by less than one part in a million. Delays between regions are zero.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from scipy.special import stdtrit

from experiments.runs.run_traffic import assemble
from sim.engines.compiled import CompiledEngine
from sim.engines.face import TrafficEngine
from sim.engines.grid import all_on_grid
from sim.engines.outcome import COMPLETED, E2E, MEASURED, TrafficOutcome
from sim.engines.requests import REQUEST
from sim.engines.world import World
from sim.scenario import TrafficScenario

TOKEN_S = 1e-6
MEAN_TOKENS = 1_000_000
LONGEST = 2_000_000_000
SHARING_BATCH = 4096  # requests that share a server: far above what a load below one ever gathers

Sizes = Callable[[np.random.Generator, int], np.ndarray]


def exponential(rng: np.random.Generator, count: int) -> np.ndarray:
    """Service times with squared CV 1."""
    return rng.exponential(1.0, count)


def deterministic(rng: np.random.Generator, count: int) -> np.ndarray:
    """Service times with squared CV 0."""
    return np.ones(count)


def hyperexponential(rng: np.random.Generator, count: int) -> np.ndarray:
    """Service times with squared CV 10: two exponential branches that carry the same load."""
    share = 0.5 * (1.0 + math.sqrt(9.0 / 11.0))
    short = rng.random(count) < share
    return rng.exponential(1.0, count) * np.where(short, 0.5 / share, 0.5 / (1.0 - share))


@dataclass(frozen=True)
class Queue:
    """Identical servers behind one router, and how long they are watched.

    Attributes
    ----------
    offers, replicas, balancer, queue
        Offers among which the policy chooses, replicas of each, how those are picked, waiting places.
    policy, router
        Policy with its parameters, and other settings of the router.
    sharing
        Processor sharing instead of one request at a time.
    prices
        Output price of each offer, USD per million tokens; all equal if empty.
    load, sizes
        Arrival rate over servers, and the distribution of service times.
    requests, warmup, replications
        Requests of a replication, the share of them that is not measured, replications.
    """

    load: float
    sizes: Sizes = exponential
    offers: int = 1
    replicas: int = 1
    balancer: str = "central"
    queue: int | None = None
    policy: dict[str, Any] = field(default_factory=lambda: {"kind": "random"})
    router: dict[str, Any] = field(default_factory=dict)
    sharing: bool = False
    prices: tuple[float, ...] = ()
    requests: int = 100_000
    warmup: float = 0.1
    replications: int = 20
    sample_share: float = 0.0

    @property
    def rate_per_s(self) -> float:
        """Arrival rate."""
        return self.load * self.offers * self.replicas

    @cached_property
    def world(self) -> World:
        """The market as the engines see it, the same for all replications."""
        offers = {f"offer-{number:04d}": self._offer(number) for number in range(self.offers)}
        duration_s = self.requests / self.rate_per_s
        scenario = TrafficScenario.model_validate(
            {
                "name": "queue",
                "traffic": {
                    "duration_s": duration_s, "warmup_s": self.warmup * duration_s, "drain_s": 1e6,
                    "sample_share": self.sample_share,
                },
                "network": {"local_delay_s": 0.0},
                "routers": {"main": {"policy": self.policy, "attempts": {"maximum": 1}, **self.router}},
                "demand": {
                    "jobs": {
                        "model": "job", "arrivals": {"kind": "poisson", "rate_per_s": self.rate_per_s},
                        "prompt_tokens": {"kind": "constant", "mean": 1},
                        "output_tokens": {"kind": "constant", "mean": MEAN_TOKENS, "maximum": LONGEST},
                        "slo_ttft_s": 2 * TOKEN_S, "slo_tpot_s": 1e6,
                    }
                },
                "providers": {"servers": {"offers": offers}},
            }
        )
        return assemble(scenario)

    def _offer(self, number: int) -> dict[str, Any]:
        serving = {"kind": "affine", "base_s": TOKEN_S}
        if self.sharing:
            serving = {"kind": "affine", "base_s": 0.0, "per_token_s": TOKEN_S}
        batch = SHARING_BATCH if self.sharing else 1
        price = self.prices[number] if self.prices else 1.0
        return {
            "model": "job", "replicas": self.replicas, "balancer": self.balancer, "serving": serving,
            "engine": {"max_batch": batch, "max_step_tokens": 2 * batch},
            "price": {"input_usd_per_mtok": price, "output_usd_per_mtok": price},
            "limits": {"queue": self.queue, "context_tokens": LONGEST},
        }

    def feed(self, replication: int) -> np.ndarray:
        """The requests of a replication: Poisson arrivals with sizes of their own."""
        rng = np.random.default_rng([20261123, replication])
        rows = np.zeros(self.requests, dtype=REQUEST)
        arrive_s = np.cumsum(rng.exponential(1.0 / self.rate_per_s, self.requests))
        rows["arrive_s"] = all_on_grid(arrive_s, self.world.grid_per_s)  # or the engine would sort them once more
        rows["born_s"] = rows["arrive_s"]
        rows["patience_s"] = np.inf
        rows["expected_output"] = MEAN_TOKENS
        rows["key"] = rng.integers(0, 1 << 64, self.requests, dtype=np.uint64)
        rows["session"] = -1
        rows["prompt"] = 1
        rows["output"] = np.maximum(1, np.rint(self.sizes(rng, self.requests) * MEAN_TOKENS))
        return rows

    def serve(self, replication: int = 0) -> TrafficOutcome:
        """Serve one replication to its end."""
        rows = self.feed(replication)
        engine: TrafficEngine = CompiledEngine(self.world, iter([rows]))
        engine.advance(math.inf)
        return engine.outcome()

    def estimate(self, metric: Callable[[TrafficOutcome], float]) -> "Estimate":
        """Mean of ``metric`` over the replications."""
        return Estimate.of([metric(self.serve(replication)) for replication in range(self.replications)])


def response_s(outcome: TrafficOutcome) -> float:
    """Mean time from arrival to last token of the measured requests."""
    return float(outcome.class_metric_sums[0, E2E] / outcome.outcomes[0, MEASURED, COMPLETED])


@dataclass(frozen=True)
class Estimate:
    """A mean over independent replications with its standard error."""

    mean: float
    error: float
    replications: int

    @classmethod
    def of(cls, values: Sequence[float]) -> "Estimate":
        """Estimate from one value a replication."""
        count = len(values)
        return cls(float(np.mean(values)), float(np.std(values, ddof=1) / math.sqrt(count)), count)

    def agrees(self, theory: float, error: float = 0.0, resolution: float = 0.03) -> None:
        """Assert |mean - theory| <= t(0.9995)·se: fails once in a thousand seeds if theory and engine agree.

        Parameters
        ----------
        theory
            Expected mean.
        error
            Standard error of ``theory`` where that was itself simulated; 0 for exact values.
        resolution
            The tolerance must be finer than this share of ``theory``, or the check would prove nothing.
        """
        tolerance = stdtrit(self.replications - 1, 0.9995) * math.hypot(self.error, error)
        assert tolerance < resolution * theory, f"tolerance {tolerance:.4g} is too coarse for {theory:.6g}"
        assert abs(self.mean - theory) <= tolerance, f"{self.mean:.6g} is not {theory:.6g} +- {tolerance:.3g}"
