"""Supply: firms, their GPU pools, what the GPUs cost, and the rules by which capacity follows demand."""

from typing import Literal

from pydantic import Field, model_validator

from sim.scenario.base import Name, Part, Sweep, quantity
from sim.scenario.cost_settings import Costing, GpuFall
from sim.scenario.entry_settings import EntrySettings
from sim.scenario.price_settings import RelativeSchedule
from sim.scenario.pricing_settings import DemandLearning, PricingChoice
from sim.scenario.provider_settings import Balancer, Engine, Faults, Limits

HARDWARE = "SemiAnalysis InferenceX-app @77ca49a; ownership check $1.72/GPU-h (docs/market/supply.md)"
RENTS = "SemiAnalysis H100 index, 1-year contract: 1.70 in October 2025, 2.35 in March 2026"
# of an offer, for which the engine keeps memory from the start: about 3.3 kB a replica with batches of 256 (224 bytes
# and 12 for each place in the batch), 33 MB in all
MOST_REPLICAS = 10_000


class PoolSettings(Part):
    """GPUs of one type that a firm has when it enters."""

    gpu: Name = Field(description="GPU type, as listed by `tokenmarket list gpus`")
    count: int = quantity(unit="GPUs", doc="GPUs at entry", ge=0, le=1_000_000)
    tenure: Literal["owned", "rented"] = Field(
        "rented", description="Owned GPUs cost capital, power and colocation; rented ones the day's GPU price")
    precisions: tuple[Literal["bf16", "fp8", "fp4"], ...] = Field(
        ("fp8",), description="Precisions in which the firm serves, the preferred one first", min_length=1)
    when_rentable: bool = Field(
        False, description="Whether the firm buys these GPUs on the day from which the type can be rented "
        "(providers/cost/gpu_dates.py), if that is after its entry; models that it launches from then on go where a "
        "token is cheapest, not to the first pool (source: assumption: false, all are there at entry)")


class Ownership(Part):
    """What an owned GPU costs: the annuity of its price, power, colocation and operations."""

    capex_usd: float = quantity(35_000.0, unit="USD/GPU", doc="Price of one H100 with its share of host and network",
                                ge=0, source="assumption within $25-45k all-in; " + HARDWARE)
    scale_by_cost: bool = Field(
        True, description="Scale the price of other GPU types by what an hour of them costs their owners over what one "
        "of an H100 does (source: assumption)")
    discount_rate: float = quantity(0.13, unit="1/year", doc="Cost of capital", ge=0, le=1, source=HARDWARE)
    life_years: float = quantity(5.0, unit="years", doc="Depreciation", gt=0, le=20,
                                 source="CoreWeave 6, Amazon 5, Nebius 4, critics 3")
    it_power_share: float = quantity(
        0.792, unit="1", doc="Power that a GPU draws over its all-in provisioned power", gt=0, le=1,
        source="1.37 kW of the 1.73 kW provisioned for an H100")
    pue: float = quantity(1.25, unit="1", doc="Power usage effectiveness", ge=1, le=3, source="1.1-1.4, bizety.com")
    power_usd_per_kwh: float = quantity(0.08, unit="USD/kWh", doc="Price of power", ge=0, source="0.04-0.12 USD/kWh")
    colo_usd_per_kw_month: float = quantity(130.0, unit="USD/kW/month", doc="Colocation", ge=0, source=HARDWARE)
    opex_share: float = quantity(0.05, unit="1/year", doc="Operations, as a share of the price a year", ge=0, le=1,
                                 source=HARDWARE)
    idle_power_share: float = quantity(0.4, unit="1", doc="Power of an idle GPU over a busy one", ge=0, le=1)


class TrainingSplit(Part):
    """Which of a firm's GPUs train instead of serving."""

    kind: Literal["none", "fixed", "nights", "marginal"] = Field(
        "none", description="none: all serve; fixed: a share trains; nights: a share trains at night (as DeepSeek "
        "does); marginal: a GPU trains when its margin from serving is below the value of training")
    share: float = quantity(0.3, unit="1", doc="Largest share of each pool that may train", ge=0, le=1)
    value_usd_per_gpu_hour: float = quantity(2.0, unit="USD/GPU-h", doc="Value of training (marginal)", ge=0,
                                             source="assumption: about the rent of an H100")
    night_from_h: float = quantity(16.5, unit="hour UTC", doc="Training begins (nights)", ge=0, lt=24,
                                   source="DeepSeek's off-peak hours, 16:30-00:30 UTC")
    night_to_h: float = quantity(0.5, unit="hour UTC", doc="Training ends (nights)", ge=0, lt=24,
                                 source="DeepSeek's off-peak hours, 16:30-00:30 UTC")

    @model_validator(mode="after")
    def _has_a_night(self) -> "TrainingSplit":
        if self.night_from_h == self.night_to_h:
            raise ValueError(f"night_from_h and night_to_h are both {self.night_from_h:g}; they must differ")
        return self


class Adoption(Part):
    """Which models a firm takes to its shelves, and how long after their release."""

    own_open: bool = Field(True, description="Whether a lab also sells the open ones among its creator's models")
    creators: tuple[Name, ...] = Field((), description="Creators of models that it takes; none means all")
    families: tuple[Name, ...] = Field((), description="Families of models that it takes; none means all")
    min_total_b: float = quantity(0.0, unit="billion parameters", doc="Smallest model", ge=0)
    max_total_b: float = quantity(1e6, unit="billion parameters", doc="Largest model", gt=0)
    probability: float = quantity(0.6, unit="1", doc="Probability that it takes an eligible model", ge=0, le=1)
    delay_days: float = quantity(4.0, unit="days", doc="Median time from release to offer (log-normal)", ge=0)
    max_age_days: float = quantity(540.0, unit="days", doc="It takes no model older than this on entry", ge=0)
    delay_sigma: float = quantity(1.0, unit="1", doc="Standard deviation of the logarithm of the delay", ge=0, le=3)


class Firm(Part):
    """A firm that may serve models: a host of open ones, a lab that sells its own, a cloud that resells labs'."""

    kind: Literal["host", "lab", "cloud"] = Field(
        "host", description="A host takes open models; a lab sells its creator's models from their release; a cloud "
        "takes closed models of others as a host takes open ones, and pays their creators `licence_share`")
    licence_share: float = quantity(
        0.75, unit="1", doc="Share of its revenue that a cloud passes on to the creator of the model, the day after "
        "(cloud)", ge=0, le=1, source="assumption: clouds keep a quarter")
    creator: Name | None = Field(None, description="Creator whose models a lab sells; none takes the firm's name")
    region: Name = Field("us-east", description="Region of its replicas")
    pools: tuple[PoolSettings, ...] = Field(description="GPUs at entry, one entry a type; a model goes to the first "
                                            "where it fits", min_length=1)
    pricing: PricingChoice = Field(PricingChoice(), description="Pricing strategy of its offers")
    schedule: RelativeSchedule = Field(RelativeSchedule(), description="What it charges for long prompts and for "
                                       "writing to the cache, in proportion to the prices its strategy asks")
    adoption: Adoption = Field(Adoption(), description="Which models it takes, and when")
    training: TrainingSplit = Field(TrainingSplit(), description="GPUs that train")
    faults: Faults = Field(Faults(), description="What goes wrong at the firm")
    engine: Engine = Field(Engine(), description="Batching engine of its replicas")
    balancer: Balancer = Field(
        "two_choices", description="How it spreads an offer's requests over its replicas (source: of two drawn the "
        "lighter, as Ray Serve does by default, Envoy's least request and SGLang's power_of_two; they count requests). "
        "Waits then hardly depend on how many replicas there are, as those of a full scan for the fewest tokens do")
    limits: Limits = Field(
        Limits(queue=64), description="Limits of its offers (source: assumption; full queues answer with 429)")
    entry_day: float = quantity(0.0, unit="days", doc="Day on which it enters", ge=0)
    exit_months: float | None = quantity(
        6.0, unit="months", doc="It leaves when its losses reach so many months of the GPU cost at entry; none never",
        gt=0)

    @model_validator(mode="after")
    def _pools_differ(self) -> "Firm":
        types = [pool.gpu for pool in self.pools]
        if len(set(types)) < len(types):
            raise ValueError(f"pools name {', '.join(types)}; each GPU type may stand there once")
        return self

    @model_validator(mode="after")
    def _sizes_as_a_whole(self) -> "Firm":
        if self.engine.split is not None:
            raise ValueError("engine.split is given, but firms of a market size their offers as a whole; leave it out "
                             "(offers of traffic may have one)")
        return self


class GpuPrices(Part):
    """Rent of GPUs over time; all types move with the H100."""

    kind: Literal["v_shaped", "falling", "constant", "replayed"] = Field(
        "v_shaped", description="v_shaped: falls to a trough and recovers; falling: exponentially; constant; "
        "replayed: from a file with the columns day, gpu, usd_per_hour")
    h100_usd_per_hour: float = quantity(
        2.60, unit="USD/GPU-h", doc="Rent of an H100 on day 0", gt=0, le=10_000,
        source="log-linear between 2.99 (October 2024) and 1.70 (October 2025), at 1 January 2025",
        sweep=Sweep(1.7, 3.0, "linear", "October 2025 to October 2024"))
    decline_per_year: float = quantity(0.21, unit="1/year", doc="Share by which rents fall in a year (falling)", ge=0,
                                       lt=1, source="orcap: GPU rents -19/-24% a year",
                                       sweep=Sweep(0.0, 0.5, "linear", "constant to halved in a year"))
    trough_usd_per_hour: float = quantity(1.70, unit="USD/GPU-h", doc="Lowest rent (v_shaped)", gt=0, le=10_000,
                                          source=RENTS,
                                          sweep=Sweep(1.0, 2.6, "linear", "assumption: a deeper fall to no fall"))
    trough_day: float = quantity(273.0, unit="days", doc="Day of the lowest rent (v_shaped)", gt=0,
                                 source=RENTS + "; 1 October 2025")
    recovered_usd_per_hour: float = quantity(2.35, unit="USD/GPU-h", doc="Rent after the recovery (v_shaped)", gt=0,
                                             le=10_000, source=RENTS,
                                             sweep=Sweep(1.7, 3.0, "linear", "no recovery to the rent of 2024"))
    recovered_day: float = quantity(424.0, unit="days", doc="Day of the recovery; constant from then", gt=0,
                                    source=RENTS + "; 1 March 2026")
    path: str | None = Field(None, description="CSV file (replayed)")

    @model_validator(mode="after")
    def _ordered(self) -> "GpuPrices":
        if self.recovered_day <= self.trough_day:
            raise ValueError(f"recovered_day ({self.recovered_day:g}) must be after trough_day ({self.trough_day:g})")
        if (self.kind == "replayed") != (self.path is not None):
            raise ValueError(f"path is {self.path!r} with kind = {self.kind!r}; "
                             "it must be given exactly when kind = 'replayed'")
        return self


class Autoscaling(Part):
    """How replicas follow the load, day by day."""

    target_utilisation: float = quantity(
        0.5, unit="1", doc="Share of a replica's capacity that the firm plans to use", gt=0, le=1,
        source="assumption, range 0.3-0.85", sweep=Sweep(0.3, 0.85, "linear", "the range of its source"))
    smoothing_days: float = quantity(5.0, unit="days", doc="Memory of the estimate of demand (EWMA)", ge=1)
    loss_tolerated: float = quantity(
        0.05, unit="1", doc="Share of a day's attempts that may meet full queues or run out of patience; beyond it a "
        "rise of demand is followed at once, without smoothing", ge=0, le=1,
        source="assumption; scaling up at once and down slowly is the default of the Kubernetes autoscaler")
    load_s: float = quantity(600.0, unit="s", doc="Time to load weights before a replica takes requests", ge=0,
                             le=40_000, source="assumption: 671 GB at about 1 GB/s",
                             sweep=Sweep(60.0, 3600.0, "log", "from 10 GB/s to 0.2 GB/s"))
    drain_s: float = quantity(300.0, unit="s", doc="Time until the GPUs of a withdrawn replica are free", ge=0,
                              le=40_000)
    slack: float = quantity(0.3, unit="replicas", doc="Demand may fall so far below a replica before it goes", ge=0,
                            le=1)
    stickiness: float = quantity(
        0.25, unit="1", doc="A model must earn so much more a GPU to take another's place", ge=0,
        sweep=Sweep(0.0, 1.0, "linear", "any more to twice as much"))
    min_replicas: int = quantity(1, unit="replicas", doc="Replicas of a listed offer at least", ge=1, le=MOST_REPLICAS)
    max_replicas: int = quantity(
        MOST_REPLICAS, unit="replicas", doc="Most replicas of an offer, if its GPUs allow", ge=1, le=MOST_REPLICAS,
        source="assumption: as many as may be set, so that GPUs are the limit")


class Shelf(Part):
    """What a firm expects of a model, and when it takes it off the shelf."""

    prompt_tokens: float = quantity(6000.0, unit="tokens", doc="Prompt that a firm expects of a model of which nothing "
                                    "was served", gt=0, source="a16z and OpenRouter, State of AI (arXiv 2601.10088)")
    output_tokens: float = quantity(400.0, unit="tokens", doc="Output that it expects then of a model of verbosity 1",
                                    gt=0, source="a16z and OpenRouter, State of AI (arXiv 2601.10088)")
    length_sigma: float = quantity(
        0.8, unit="1", doc="Standard deviation of the logarithm of prompts and answers that it expects then", ge=0,
        le=3, source="near the coefficient of variation of 1 of the Azure LLM inference trace 2023, chat")
    cached_share: float = quantity(
        0.0, unit="1", doc="Share of the prompt that it expects then to be billed as cached, and found if it has a "
        "prefix cache", ge=0, le=1, source="assumption: none before it is seen; DeepSeek's day: 0.563")
    prior_requests: float = quantity(
        100_000.0, unit="requests", doc="What it expects so counts as much as so many requests served of a model, and "
        "what is known of the model as much as so many served at an offer", gt=0,
        source="assumption: a day of little more than one a second",
        sweep=Sweep(1e3, 1e7, "log", "of a host of the market's size, minutes to weeks"))
    mix_memory_days: float = quantity(
        30.0, unit="days", doc="Memory of what requests were like: their lengths, and what of them was cached", gt=0,
        source="assumption: a month, as between reviews of its pools",
        sweep=Sweep(1.0, 365.0, "log", "a day to a year"))
    tpot_s: float = quantity(0.05, unit="s", doc="Slowest time per output token that a firm plans for", gt=0,
                             source="DeepSeek, open-infra-index: 20-22 tokens/s a user")
    concurrency: int = quantity(16, unit="requests", doc="Requests at once that a replica must have memory for", ge=1)
    expected_load: float = quantity(
        0.5, unit="1", doc="Share of its planned load that a firm expects of a model on the day of release", ge=0, le=1)
    half_life_days: float = quantity(
        120.0, unit="days", doc="Age at which it expects half", gt=0,
        source="today's top ten held 20% four months ago, NBER w34608")
    trial_days: float = quantity(30.0, unit="days", doc="An offer is kept so long whatever it earns", ge=0)
    keep_share: float = quantity(
        0.25, unit="1", doc="After that it goes when it earns less than this share of the avoidable cost of its GPUs",
        ge=0)


class Investment(Part):
    """When a firm orders GPUs, and when it gives them back."""

    review_days: float = quantity(30.0, unit="days", doc="Time between reviews", ge=1)
    rented_lead_days: float = quantity(7.0, unit="days", doc="From order to delivery of rented GPUs", ge=0,
                                       sweep=Sweep(1.0, 90.0, "log", "a day to a quarter"))
    owned_lead_days: float = quantity(90.0, unit="days", doc="From order to delivery of owned GPUs", ge=0,
                                      source="assumption: a quarter",
                                      sweep=Sweep(30.0, 365.0, "log", "a month to a year"))
    hurdle: float = quantity(0.2, unit="1", doc="Return on the cost of a GPU that an order must promise", ge=0,
                             source="assumption: above the 13% cost of capital",
                             sweep=Sweep(0.0, 1.0, "linear", "no loss to twice the cost"))
    expected_growth_share: float = quantity(
        1.0, unit="1", doc="Share of the platform's growth lately that it expects to go on until the review after an "
        "order's delivery", ge=0, le=2, source="assumption: all of it; who orders for today's demand is always late",
        sweep=Sweep(0.0, 1.0, "linear", "none to all of it"))
    max_step: float = quantity(0.25, unit="1", doc="Largest change of a pool at one review, as a share of it", ge=0)
    headroom: float = quantity(0.1, unit="1", doc="Share of idle rented GPUs that a firm keeps", ge=0, le=1)
    max_growth: float | None = quantity(
        None, unit="1", doc="A pool never exceeds so many times its GPUs at entry; none: no limit, and a market that "
        "would need more than a hundred times says so", ge=1)


class SupplySettings(Part):
    """All firms and the rules they share."""

    firms: dict[Name, Firm] = Field(description="Firms by name", min_length=1)
    gpu_prices: GpuPrices = Field(GpuPrices(), description="Rent of GPUs over time")
    gpu_fall: GpuFall = Field(GpuFall(), description="A fall of what all GPUs cost on one day")
    ownership: Ownership = Field(Ownership(), description="Cost of owned GPUs")
    costing: Costing = Field(Costing(), description="From the cost of GPUs to that of a token")
    autoscaling: Autoscaling = Field(Autoscaling(), description="Replicas follow the load")
    shelf: Shelf = Field(Shelf(), description="Expectations of models, and their withdrawal")
    entry: EntrySettings = Field(EntrySettings(), description="Potential hosts outside, and their entry")
    investment: Investment = Field(Investment(), description="Orders of GPUs")
    knowledge: Literal["told", "learned"] = Field(
        "told", description="What sellers who answer the router's rules know of them: told, the actual ones; learned, "
        "how their own shares answered prices (source: assumption; OpenRouter published its rule until 2026)")
    learning: DemandLearning = Field(DemandLearning(), description="How they learn, where they are not told")

    @model_validator(mode="after")
    def _replicas_ordered(self) -> "SupplySettings":
        scaling = self.autoscaling
        if scaling.min_replicas > scaling.max_replicas:
            raise ValueError(f"autoscaling.min_replicas ({scaling.min_replicas}) must not exceed "
                             f"autoscaling.max_replicas ({scaling.max_replicas})")
        return self
