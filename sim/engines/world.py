"""The market as the engines see it: plain tables, indices instead of names.

Offers are sorted by model, so the offers of model ``m`` are rows ``model_first[m]`` to ``model_first[m + 1]``.
"""

from dataclasses import dataclass

import numpy as np

from sim.engines.grid import grid_per_s
from sim.engines.steptime import StepCoefficients
from sim.policy import BoundPolicy
from sim.scenario import TrafficScenario

TRADE_FEE_UNIT = 1_000_000  # fees are stored in parts per million

BALANCERS = ("least_outstanding", "least_requests", "round_robin", "random", "central")


@dataclass(frozen=True)
class OfferSpec:
    """One offer with its hardware resolved to numbers (made by ``providers.offers``)."""

    provider: str
    name: str
    model: str
    region: str
    replicas: int
    balancer: int  # index into BALANCERS
    max_batch: int
    max_step_tokens: int
    kv_capacity_tokens: int  # of one replica
    seq_overhead_tokens: int  # KV-equivalent of per-sequence state (sliding windows, linear attention)
    step: StepCoefficients
    price_in_nano: int  # nano-dollars per prompt token
    price_out_nano: int
    context_tokens: int
    requests_per_min: int  # 0: no limit
    tokens_per_min: int  # 0: no limit
    queue: int  # waiting beyond the batch; -1: no limit
    fast_failure_share: float
    fast_failure_s: float
    midstream_share: float
    gpus: int  # GPUs of the whole deployment (0 for abstract servers)
    gpu_usd_per_hour: float  # rent of one GPU


@dataclass(frozen=True)
class World:
    """Everything an engine needs to know, fixed for a run except prices, outages and slow spells."""

    scenario: TrafficScenario
    offers: tuple[OfferSpec, ...]  # sorted by model
    models: tuple[str, ...]
    routers: tuple[str, ...]
    classes: tuple[str, ...]  # expanded client classes, e.g. "chat" or "chat#3"
    class_names: tuple[str, ...]  # the scenario's class of each expanded class
    class_model: np.ndarray  # int32
    class_router: np.ndarray  # int32
    class_delay_s: np.ndarray  # float64, one-way customer to router
    class_slo_ttft_s: np.ndarray
    class_slo_tpot_s: np.ndarray
    class_stay_s: np.ndarray  # mean stay after the first token; inf: to the end
    model_first: np.ndarray  # int64, len(models) + 1
    delay_s: np.ndarray  # float64 (routers, offers), one way
    policies: tuple[BoundPolicy, ...]  # one per router
    seed: int
    replication: int

    @property
    def grid_per_s(self) -> float:
        """Points of the grid of event times in a second (`sim.engines.grid`)."""
        traffic = self.scenario.traffic
        return grid_per_s(traffic.duration_s + traffic.drain_s)
