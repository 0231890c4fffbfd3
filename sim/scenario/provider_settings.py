"""Supply: providers, their offers, prices, limits and faults."""

from typing import Annotated, Final, Literal, NamedTuple

from pydantic import Field, model_validator

from sim.scenario.base import ModelName, Name, Part, Sweep, quantity
from sim.scenario.host_cache_settings import HostCache
from sim.scenario.price_settings import Price
from sim.scenario.rate_settings import RateLimits
from sim.scenario.speculation_settings import Speculation
from sim.scenario.split_settings import PrefillSplit
from sim.scenario.tier_settings import ServiceTier


class RooflineServing(Part):
    """A replica on real hardware: its step time is the roofline E1 of GPU and model."""

    kind: Literal["roofline"] = "roofline"
    gpu: Name = Field(description="GPU type, as listed by `tokenmarket list gpus`")
    precision: Literal["bf16", "fp8", "fp4"] = Field("fp8", description="Precision of the arithmetic")
    weights: Literal["bf16", "fp8", "fp4", "int4"] | None = Field(
        None, description="Precision of the weights in memory, such as int4 or fp4 weights that are computed with in "
        "bf16; none: as precision")
    tp: int = quantity(1, unit="GPUs", doc="Tensor-parallel degree: GPUs over which each matrix is split", ge=1, le=64)
    attention_dp: int = quantity(
        1, unit="groups", doc="Groups of tp GPUs that attend to sequences of their own and share a mixture's experts; "
        "a replica has tp times as many GPUs", ge=1, le=64)
    framework: Name | None = Field(
        None, description="Serving framework whose measured constants hold, where the calibration has them for this "
        "GPU (vllm, sglang, trtllm in the built-in one); none takes those of all frameworks together")
    speculation: Speculation | None = Field(
        None, description="Speculative decoding, folded into the time of decoding (E27); none decodes token by token")


class AffineServing(Part):
    """An abstract replica: step time is affine in what the step holds (queueing studies, tests)."""

    kind: Literal["affine"] = "affine"
    base_s: float = quantity(unit="s", doc="Time of a step whatever it holds", ge=0)
    per_token_s: float = quantity(0.0, unit="s", doc="Added for each token computed in the step", ge=0)
    per_kv_token_s: float = quantity(0.0, unit="s", doc="Added for each KV token read in the step", ge=0)
    per_sequence_s: float = quantity(0.0, unit="s", doc="Added for each request that decodes in the step", ge=0)
    request_s: float = quantity(0.0, unit="s", doc="Time by which answers leave later than they are computed", ge=0)
    kv_tokens: int = quantity(1 << 50, unit="tokens", doc="KV memory of a replica", ge=1, le=1 << 50)

    @model_validator(mode="after")
    def _takes_time(self) -> "AffineServing":
        if self.base_s + self.per_token_s <= 0:
            raise ValueError("base_s and per_token_s must not both be zero, or time would stand still")
        return self


Balancer = Literal["least_outstanding", "least_requests", "round_robin", "random", "central", "two_choices"]

OF_A_POOL = ("region", "replicas", "serving", "engine", "balancer", "faults")  # fields that its host gives an offer

Serving = Annotated[RooflineServing | AffineServing, Field(discriminator="kind")]


class DialectRules(NamedTuple):
    """The rules in which engines differ."""

    reserve: str
    preempt: str
    prefill: str


DIALECTS: Final = {
    "vllm": DialectRules("nothing", "newest", "mixed"),
    "sglang": DialectRules("share", "shortest", "first"),
    "tensorrt_llm": DialectRules("whole", "newest", "mixed"),
}


class Engine(Part):
    """Settings of the continuous-batching engine of a replica."""

    max_batch: int = quantity(256, unit="requests", doc="Requests in the engine at once", ge=1, le=65_536,
                              source="vLLM: max_num_seqs 256")
    max_step_tokens: int = quantity(8192, unit="tokens", doc="Token budget of a step (chunked prefill)", ge=2,
                                    source="vLLM V1: max_num_batched_tokens 8192 on GPUs of 70 GiB or more")
    prefix_cache: bool = Field(
        False, description="Whether a replica keeps the KV of prompts and answers that ended in memory that nobody "
        "needs, and begins prompts that begin alike where it ends; without it a prompt's cached share is a matter of "
        "the bill alone (source: assumption: off, so that a market says when it has one; vLLM V1 has it on)")
    repeats: Literal["computed", "found"] = Field(
        "computed", description="What becomes of the cached share of a prompt without a prefix cache: computed like "
        "the rest, or found, as if caches and the routing to them were as good as the bill says (source: assumption: "
        "computed, so that nobody saves what no cache holds)")
    block_tokens: int = quantity(16, unit="tokens", doc="Tokens of a block of the prefix cache: only whole blocks are "
                                 "kept", ge=1, le=4096, source="vLLM: block_size 16 on CUDA GPUs")
    host_cache: HostCache | None = Field(
        None, description="Memory of the host for prefixes that the GPUs have no room for, from which they are fetched "
        "when they are asked for again; none: they are lost (source: vLLM and SGLang: off unless asked for)")
    dialect: Literal["vllm", "sglang", "tensorrt_llm"] = Field(
        "vllm", description="Engine whose rules of admission, preemption and prefill hold, as far as the next three "
        "fields leave them (source: vLLM V1 Scheduler; SGLang PrefillAdder and retract_decode; TensorRT-LLM "
        "GuaranteedNoEvictScheduler)")
    reserve: Literal["nothing", "share", "whole"] | None = Field(
        None, description="KV memory kept free at an admission for what running requests may still write: nothing, a "
        "share of the rest of their longest answers, or the whole of it; none: as the dialect")
    preempt: Literal["newest", "shortest"] | None = Field(
        None, description="Who is preempted when memory runs out: whoever was admitted last, or those that have "
        "emitted least; none: as the dialect")
    prefill: Literal["mixed", "first"] | None = Field(
        None, description="Whether steps compute prefill beside decoding, or prefill first and alone; none: as the "
        "dialect")
    first_share: float = quantity(
        0.7, unit="1", doc="Share of the rest of running answers for which memory is kept at first, with reserve = "
        "share (E31)", gt=0, le=1, source="SGLang: SGLANG_INIT_NEW_TOKEN_RATIO 0.7 times schedule_conservativeness 1")
    split: PrefillSplit | None = Field(
        None, description="Prefill and decode on replicas of their own, with transfers between them (E32); none: each "
        "replica does both")

    @property
    def saves_prefixes(self) -> bool:
        """Whether what is billed as cached is not computed."""
        return self.prefix_cache or self.repeats == "found"

    @property
    def rules(self) -> DialectRules:
        """The rules that hold: those of the dialect, less those that are given."""
        rules = DIALECTS[self.dialect]
        return DialectRules(self.reserve or rules.reserve, self.preempt or rules.preempt, self.prefill or rules.prefill)

    @model_validator(mode="after")
    def _progress(self) -> "Engine":
        if self.max_step_tokens <= self.max_batch:
            raise ValueError(
                f"max_step_tokens ({self.max_step_tokens}) must exceed max_batch ({self.max_batch}), "
                "or a full batch would leave no room for prefill"
            )
        return self

    @model_validator(mode="after")
    def _host_behind_a_cache(self) -> "Engine":
        if self.host_cache is not None and not self.prefix_cache:
            raise ValueError("host_cache is given, but prefix_cache is false: nothing is cached that could go there; "
                             "allowed is prefix_cache = true")
        return self

    @model_validator(mode="after")
    def _found_once(self) -> "Engine":
        if self.prefix_cache and self.repeats == "found":
            raise ValueError("repeats is 'found', but with prefix_cache = true only that is found which the cache "
                             "holds; allowed is 'computed'")
        return self

    @model_validator(mode="after")
    def _split_alone(self) -> "Engine":
        if self.split is not None and self.prefix_cache:
            raise ValueError("prefix_cache is true, but an engine with a split has none yet; allowed is false")
        if self.split is not None and self.rules.reserve != "nothing":
            raise ValueError(f"reserve is {self.rules.reserve!r} (dialect {self.dialect!r}), but an engine with a "
                             "split keeps no room for answers yet; allowed is reserve = 'nothing'")
        return self


class Limits(RateLimits):
    """What a provider accepts from one router, or from each customer of it."""

    per: Literal["router", "customer"] = Field(
        "router", description="Whose requests the rate limits count together: all of a router's, or those of each "
        "customer (an expanded client class, a market's workload) by itself"
    )
    queue: int | None = quantity(
        None, unit="requests", doc="Requests that may wait beyond the batch (per replica; for a central queue in all)",
        ge=0)
    context_tokens: int = quantity(131_072, unit="tokens", doc="Longest prompt plus output", ge=1, le=2_000_000_000,
                                   source="Llama 3.1, DeepSeek-V3 and Qwen3 model cards: 128k")


class Faults(Part):
    """What goes wrong at a provider, from streams keyed by its name."""

    outage_mtbf_s: float | None = quantity(None, unit="s", doc="Mean time between outages (exponential)", gt=0,
                                           sweep=Sweep(600.0, 2592000.0, "log", "ten minutes to a month"))
    outage_mttr_s: float = quantity(120.0, unit="s", doc="Mean time to repair (exponential)", gt=0,
                                    sweep=Sweep(10.0, 3600.0, "log", "from a restart to a repair"))
    slowdown_mtbf_s: float | None = quantity(None, unit="s", doc="Mean time between slow spells (exponential)", gt=0)
    slowdown_mttr_s: float = quantity(300.0, unit="s", doc="Mean length of a slow spell (exponential)", gt=0)
    slowdown_factor: float = quantity(3.0, unit="1", doc="Step times are multiplied by this in a slow spell", ge=1,
                                      le=1000)
    fast_failure_share: float = quantity(0.0, unit="1", doc="Share of attempts refused at once with a server error",
                                         ge=0, le=1,
                                         sweep=Sweep(0.0, 0.05, "linear", "from none to a bad day"))
    fast_failure_s: float = quantity(0.005, unit="s", doc="Time a fast failure takes at the provider", ge=0)
    midstream_share: float = quantity(0.0, unit="1", doc="Share of attempts whose stream breaks at a random token",
                                      ge=0, le=1)


class Offer(Part):
    """A deployment and what the market sees of it."""

    model: ModelName = Field(description="Model that is served, as listed by `tokenmarket list models`")
    region: Name | None = Field(None, description="Region of the replicas; none takes the provider's")
    replicas: int = quantity(1, unit="replicas", doc="Number of replicas", ge=1, le=100_000)
    serving: Serving | None = Field(
        None, description="Hardware under a replica, or an abstract server; none if another offer's replicas serve it "
        "(`pool`)")
    engine: Engine = Field(Engine(), description="Batching engine of a replica")
    balancer: Balancer = Field("least_outstanding", description="How the provider spreads requests over its replicas")
    price: Price = Field(description="Posted price")
    limits: Limits = Field(Limits(), description="Rate, queue and context limits")
    faults: Faults | None = Field(None, description="Faults of this offer; none takes the provider's")

    service_tier: ServiceTier = Field("default", description="Service tier that requests get here: those that ask for "
                                      "it come here, and leave queues before or behind those of other tiers")
    pool: ModelName | None = Field(None, description="Offer of the same provider and model whose replicas serve this "
                                   "one, too: at prices and limits of its own; none: it has replicas of its own")

    @model_validator(mode="after")
    def _has_replicas(self) -> "Offer":
        if self.pool is None and self.serving is None:
            raise ValueError("serving is missing; it may be left out only if pool names an offer that has replicas")
        for name in OF_A_POOL if self.pool is not None else ():
            if getattr(self, name) != Offer.model_fields[name].default:
                raise ValueError(f"{name} is given, but the offer is served by the replicas of {self.pool!r} (pool), "
                                 f"whose {name} it has; leave it out")
        return self

    @model_validator(mode="after")
    def _somebody_decodes(self) -> "Offer":
        split = self.engine.split
        if split is not None and split.prefill >= self.replicas:
            raise ValueError(f"engine.split.prefill is {split.prefill}, but must be from 1 to one less than replicas, "
                             f"which is {self.replicas}: at least one decodes")
        return self

    @model_validator(mode="after")
    def _bills_can_be_held(self) -> "Offer":
        for price in (self.price, *self.price.later):
            price.check_bills(self.limits.context_tokens)
        return self


class Provider(Part):
    """A firm that serves models."""

    region: Name = Field("us-east", description="Region of its replicas unless an offer says otherwise")
    faults: Faults = Field(Faults(), description="Faults of its offers; outages and slow spells hit all at once")
    offers: dict[ModelName, Offer] = Field(description="Offers by name", min_length=1)

    @model_validator(mode="after")
    def _pools_have_hosts(self) -> "Provider":
        for name, offer in self.offers.items():
            if offer.pool is None:
                continue
            host = self.offers.get(offer.pool)
            if host is None or host.pool is not None or host.model != offer.model:
                able = [n for n, o in self.offers.items() if o.pool is None and o.model == offer.model]
                raise ValueError(f"offers.{name}.pool is {offer.pool!r}, but must be an offer of {offer.model!r} with "
                                 f"replicas of its own; there are {', '.join(able) or 'none'}")
        return self
