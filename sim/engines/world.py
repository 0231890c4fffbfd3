"""The market as the engines see it: plain tables, indices instead of names.

Offers are sorted by model, so the offers of model ``m`` are rows ``model_first[m]`` to ``model_first[m + 1]``.
"""

import math
from dataclasses import dataclass

import numpy as np

from sim.engines.bucket import Rates
from sim.engines.carriage import NO_SPLIT, Carriage
from sim.engines.grid import grid_per_s
from sim.engines.kept_room import NOTHING
from sim.engines.next_turn import ClosedLoops
from sim.engines.schedule import DatedSchedule, Schedule
from sim.engines.service_tiers import CLASS_PRIORITIES, DEFAULT_TIER, TIER_RANKS
from sim.engines.steptime import StepCoefficients
from sim.policy import BoundPolicy
from sim.scenario import Preferences, RateLimits, Router, TrafficScenario

TRADE_FEE_UNIT = 1_000_000  # fees are stored in parts per million

BALANCERS = ("least_outstanding", "least_requests", "round_robin", "random", "central", "two_choices")


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
    price: Schedule
    context_tokens: int
    requests_per_min: int  # 0: no limit
    tokens_per_min: int  # 0: no limit
    requests_per_day: int  # 0: no limit
    tokens_per_day: int  # 0: no limit
    by_minute: bool  # limits a minute count clock minutes, and are no buckets
    per_customer: bool  # each customer of a router has these limits for itself
    queue: int  # waiting beyond the batch; -1: no limit
    fast_failure_share: float
    fast_failure_s: float
    midstream_share: float
    gpus: int  # GPUs of the whole deployment (0 for abstract servers)
    gpu_usd_per_hour: float  # rent of one GPU
    request_s: float = 0.0  # by which answers leave later than they are computed
    later_prices: tuple[DatedSchedule, ...] = ()  # that replace `price` in the course of a run
    tier: int = DEFAULT_TIER  # service tier: index into sim.engines.service_tiers.SERVICE_TIERS
    pool: str = ""  # offer of the same provider and model whose replicas serve it; it has none of its own then
    quantization: str = "unknown"  # precision of its weights, as customers may ask for it
    block_tokens: int = 0  # of a block of its replicas' prefix caches; 0: they have none
    host_tokens: int = 0  # that host memory holds of a replica's prefix cache, besides its KV memory
    host_token_s: float = 0.0  # to fetch one of these
    finds_prefix: bool = False  # without caches: what a prompt repeats by its bill is not computed
    reserve: int = NOTHING  # room kept at an admission: index into sim.engines.kept_room.RESERVES
    first_share: float = 0.7  # of the rest of running answers, where a share is kept
    preempts_shortest: bool = False  # whoever has emitted least is preempted, and not the newest
    prefills_first: bool = False  # no step computes both prefill and decoding
    split: Carriage = NO_SPLIT  # replicas that only compute prompts, and transfers to the others

    @property
    def all_prices(self) -> tuple[Schedule, ...]:
        """Every schedule that holds at some time."""
        return (self.price, *(later.schedule for later in self.later_prices))

    @property
    def room_tokens(self) -> int:
        """Longest prompt and answer together that it can hold: the last token is sent, not kept."""
        return min(self.context_tokens, self.kv_capacity_tokens + 1 - self.seq_overhead_tokens)

    @property
    def urgency(self) -> int:
        """What its tier adds to the priorities of the requests that come through it."""
        return CLASS_PRIORITIES * TIER_RANKS[self.tier]

    @property
    def rates(self) -> Rates:
        """What it lets in, of a router or of a customer."""
        return Rates(self.requests_per_min, self.tokens_per_min, self.requests_per_day, self.tokens_per_day,
                     int(self.by_minute))


@dataclass(frozen=True)
class World:
    """Everything an engine needs to know, fixed for a run except prices, outages and slow spells."""

    scenario: TrafficScenario
    offers: tuple[OfferSpec, ...]  # sorted by model
    models: tuple[str, ...]
    routers: tuple[str, ...]  # expanded routers, e.g. "main" or "library#3"
    router_names: tuple[str, ...]  # the scenario's router of each expanded router
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
    loops: ClosedLoops | None = None  # what follows a turn (sim.demand.loops); None: nothing does in any class
    class_fallbacks: tuple[tuple[int, ...], ...] = ()  # of each class models asked after its own
    demand_covers_s: float = math.inf  # until when there are requests, if they end before the run does
    class_tier: tuple[int, ...] = ()  # service tier that each class asks for; empty: the default one
    class_preferences: tuple[Preferences, ...] = ()  # of each class; empty: what its router has
    class_shared_tokens: tuple[int, ...] = ()  # that prompts of each class begin with; empty: none do

    @property
    def router_settings(self) -> tuple[Router, ...]:
        """The settings of each router."""
        return tuple(map(self.router, range(len(self.routers))))

    def router(self, index: int) -> Router:
        """The settings of one router."""
        return self.scenario.routers[self.router_names[index]]

    @property
    def measured_until_s(self) -> float:
        """End of the measured window: of demand, or of the run's requests if these end before and after warm-up."""
        traffic = self.scenario.traffic
        ends_early = traffic.warmup_s < self.demand_covers_s < traffic.duration_s
        return self.demand_covers_s if ends_early else traffic.duration_s

    @property
    def providers(self) -> tuple[str, ...]:
        """Names of all providers; their places are the numbers by which requests are pinned."""
        return tuple(dict.fromkeys(offer.provider for offer in self.offers))

    @property
    def provider_of(self) -> np.ndarray:
        """Number of each offer's provider among ``providers``; int64."""
        numbers = {name: number for number, name in enumerate(self.providers)}
        return np.array([numbers[offer.provider] for offer in self.offers], np.int64)

    @property
    def hosts(self) -> np.ndarray:
        """Of each offer the one whose replicas serve it: itself, unless it shares a pool; int32."""
        rows = {(offer.provider, offer.name): row for row, offer in enumerate(self.offers)}
        return np.array([rows[offer.provider, offer.pool] if offer.pool else row
                         for row, offer in enumerate(self.offers)], np.int32)

    @property
    def asked_tiers(self) -> tuple[int, ...]:
        """Service tier that each class asks for."""
        return self.class_tier or (DEFAULT_TIER,) * len(self.classes)

    @property
    def shared_tokens(self) -> tuple[int, ...]:
        """Tokens of what the prompts of each class begin with, beside those of its own sessions."""
        return self.class_shared_tokens or (0,) * len(self.classes)

    @property
    def grid_per_s(self) -> float:
        """Points of the grid of event times in a second (`sim.engines.grid`)."""
        traffic = self.scenario.traffic
        return grid_per_s(traffic.duration_s + traffic.drain_s)


def marketplace_rates(limits: RateLimits) -> Rates:
    """What a router lets in of a customer and model."""
    return Rates(limits.requests_per_min or 0, limits.tokens_per_min or 0, limits.requests_per_day or 0,
                 limits.tokens_per_day or 0, int(limits.refill == "minute"))
