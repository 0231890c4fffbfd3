"""Routers: the policy and everything that composes with it."""

from collections.abc import Mapping
from typing import Annotated, Any, Final, Literal

from pydantic import ConfigDict, Field, model_validator

from sim.scenario.base import ModelName, Name, Part, Sweep, quantity
from sim.scenario.preference_settings import Preferences
from sim.scenario.rate_settings import RateLimits

LEARNED = "assumption, after OpenRouter's description of its routing (autumn 2026): signals without constants"

Weight = Annotated[float, Field(ge=0, le=1e6)]

LITELLM_REST_S = 5.0  # LiteLLM: DEFAULT_COOLDOWN_TIME_SECONDS
OPENROUTER_STICKS_S = 600.0  # OpenRouter, prompt caching: sticky sessions expire after ten minutes


class PolicyChoice(Part):
    """A routing policy by name, with its parameters beside it (``{kind = "power_of_d", d = 2}``)."""

    model_config = ConfigDict(extra="allow", frozen=True, allow_inf_nan=False)

    kind: str = Field(description="Name of a registered policy or preset")
    sticky: Literal["session_id", "prompt"] | None = Field(
        None, description="Sessions stick by OpenRouter's rule before the policy is asked, in place of the router's "
        "`affinity`: known by an identifier, from the first success on, or by how prompts begin, from the first cache "
        "hit on (source: OpenRouter, prompt caching: with session_id any success, without a detected cache hit)")

    @property
    def parameters(self) -> dict[str, Any]:
        """The parameters given beside ``kind``."""
        return dict(self.model_extra or {})


class Attempts(Part):
    """Failover: how often, how long and how fast a request is tried again."""

    maximum: int = quantity(3, unit="attempts", doc="Attempts a request may make in all", ge=1, le=8,
                            source="LiteLLM: num_retries 2, so three attempts",
                            sweep=Sweep(1, 6, "integer", "no failover to more than any router makes"))
    budget_s: float = quantity(300.0, unit="s", doc="No new attempt later than this after arrival", gt=0,
                               source="LLM Gateway: 300 s gateway timeout")
    backoff_s: float = quantity(0.0, unit="s", doc="First back-off before a new attempt; 0 tries at once", ge=0,
                                source="LiteLLM: at once when another deployment is healthy",
                                sweep=Sweep(0.0, 2.0, "linear", "from at once to a client library's second try"))
    backoff_cap_s: float = quantity(8.0, unit="s", doc="Longest back-off, before jitter", ge=0, source="LiteLLM: 8 s")
    jitter: float = quantity(0.0, unit="1", doc="Back-off is stretched by up to this share, at random", ge=0, le=1)
    retry_tried: bool = Field(
        False, description="When every open offer was tried, allow the tried ones again"
    )
    hedge_s: float | None = quantity(
        None, unit="s", doc="Send a second attempt beside one that has waited this long for its first token; the first "
        "token decides, the other attempt is cancelled; none: never", gt=0,
        source="off; Dean and Barroso (2013), hedged requests: the 95th percentile of the expected latency")
    first_token_timeout_s: float | None = quantity(
        None, unit="s", doc="Give up an attempt that has not produced its first token by then", gt=0)
    total_timeout_s: float | None = quantity(
        None, unit="s", doc="Give up a request that has not finished this long after arrival", gt=0)


class Cooldown(Part):
    """Rest an offer after failures: so many in a row, or by LiteLLM's rule."""

    rule: Literal["consecutive", "litellm"] = Field(
        "consecutive", description="Which failures start a rest: several in a row, or by LiteLLM's rule a 429 at once, "
        "unless the offer is the model's only one, and any other failure by their share in a minute")
    seconds: float = quantity(0.0, unit="s", doc="How long an offer rests; 0 switches it off; 5 s with LiteLLM's rule, "
                              "if left out", ge=0, source="off; LiteLLM: DEFAULT_COOLDOWN_TIME_SECONDS = 5",
                              sweep=Sweep(0.0, 60.0, "linear", "off; LiteLLM uses 5 s"))
    after: int = quantity(1, unit="failures", doc="Consecutive failures or refusals that start the rest", ge=1)
    failure_share: float = quantity(0.5, unit="1", doc="LiteLLM's rule: a larger share of failures starts the rest",
                                    ge=0, le=1, source="LiteLLM: DEFAULT_FAILURE_THRESHOLD_PERCENT = 0.5")
    least_requests: int = quantity(5, unit="requests", doc="LiteLLM's rule: requests in the window from which that "
                                   "share counts", ge=1,
                                   source="LiteLLM: DEFAULT_FAILURE_THRESHOLD_MINIMUM_REQUESTS = 5")
    lone_requests: int = quantity(1000, unit="requests", doc="LiteLLM's rule: failures in the window, without a "
                                  "success, that rest even a model's only offer", ge=1,
                                  source="LiteLLM: SINGLE_DEPLOYMENT_TRAFFIC_FAILURE_THRESHOLD = 1000")
    window_s: float = quantity(60.0, unit="s", doc="LiteLLM's rule: how long successes and failures are counted, from "
                               "the first of each", gt=0,
                               source="LiteLLM: counters of the current minute, ttl = 60")

    @model_validator(mode="before")
    @classmethod
    def _rests_by_default(cls, data: Any) -> Any:
        # Who asks for LiteLLM's rule wants LiteLLM's cool-down, not one of no length.
        if isinstance(data, dict) and data.get("rule") == "litellm":
            return {"seconds": LITELLM_REST_S, **data}
        return data


class Breaker(Part):
    """Circuit breaker: closed, open, half open."""

    failures: int = quantity(0, unit="failures", doc="Consecutive failures that open it; 0 switches it off", ge=0,
                             source="off; SGLang router uses 10",
                             sweep=Sweep(0, 20, "integer", "off; SGLang uses 10"))
    open_s: float = quantity(60.0, unit="s", doc="How long it stays open", gt=0, source="SGLang router: 60 s")
    successes: int = quantity(3, unit="successes", doc="Probe successes that close it", ge=1,
                              source="SGLang router: 3")


class Billing(Part):
    """Who pays for an answer that its customer did not get whole: its prompt and the tokens computed.

    ``customer`` is billed as for a completed answer, the router's fee included; with ``provider`` the amount is the
    provider's to write off; with ``nobody`` it stands in no book.
    """

    broken_stream: Literal["nobody", "customer", "provider"] = Field(
        "nobody", description="Who pays for a stream that breaks after its first token (source: OpenRouter's zero "
        "completion insurance: an answer that ends in an error is not charged)")
    customer_left: Literal["nobody", "customer", "provider"] = Field(
        "nobody", description="Who pays for an answer whose customer left after its first token, by a class's stay_s "
        "(source: assumption; providers that stop a cancelled stream bill what they computed, so: customer)")


class Affinity(Part):
    """Stickiness of sessions to the offer that served them last."""

    rule: Literal["any", "openrouter"] = Field(
        "any", description="Where sessions stick: at any offer, or by OpenRouter's rule only where cached input is "
        "cheaper, at the prices of now (source: any; OpenRouter, prompt caching: provider sticky routing)")
    ttl_s: float = quantity(0.0, unit="s", doc="Idle time after which a session is free again; 0 switches it off; "
                            "600 s with OpenRouter's rule, if left out",
                            ge=0, source="off; OpenRouter uses 600 s",
                            sweep=Sweep(0.0, 1200.0, "linear", "off; OpenRouter uses 600 s"))
    begins: Literal["success", "hit"] = Field(
        "success", description="What makes a session stick: any completed request, or one of whose prompt something "
        "was billed as cached; one that sticks is prolonged by any at its offer (source: OpenRouter, prompt caching: "
        "the former with a session_id, the latter without)")
    slots: int = quantity(65_536, unit="entries", doc="Size of the table; a collision forgets the older session",
                          ge=1, le=1 << 24)

    @model_validator(mode="before")
    @classmethod
    def _sticks_by_default(cls, data: Any) -> Any:
        # Who asks for OpenRouter's rule wants OpenRouter's stickiness, not one that is off.
        if isinstance(data, dict) and data.get("rule") == "openrouter":
            return {"ttl_s": OPENROUTER_STICKS_S, **data}
        return data


STICKS: Final[Mapping[str, Affinity]] = {  # what `sticky` beside a policy stands for
    "session_id": Affinity(rule="openrouter", ttl_s=OPENROUTER_STICKS_S),
    "prompt": Affinity(rule="openrouter", ttl_s=OPENROUTER_STICKS_S, begins="hit"),
}


class SlowStart(Part):
    """How the weight of an offer grows after it has come back: from a cool-down, a breaker, or from hiding."""

    window_s: float = quantity(0.0, unit="s", doc="How long its weight grows; 0 switches it off", ge=0,
                               source="off; Envoy: slow_start_config.slow_start_window, nginx: slow_start",
                               sweep=Sweep(0.0, 120.0, "linear", "off; nginx's example is 30 s"))
    aggression: float = quantity(1.0, unit="1", doc="1: the weight grows in proportion to time; above, fast at first",
                                 ge=0.01, le=100, source="Envoy: slow_start_config.aggression, 1.0")
    min_share: float = quantity(0.1, unit="1", doc="Least share of its weight", gt=0, le=1,
                                source="Envoy: slow_start_config.min_weight_percent, 10%")


class Telemetry(Part):
    """How the router turns its own requests into the view that policies see."""

    ewma_weight: float = quantity(0.1, unit="1", doc="Weight of the newest sample in the moving averages", gt=0, le=1,
                                  sweep=Sweep(0.02, 0.5, "log", "a fifth to five times the default"))
    slot_s: float = quantity(10.0, unit="s", doc="Grain of the sliding windows (30 s = 3 slots, 5 min = 30)", gt=0)
    prior_ttft_s: float = quantity(1.0, unit="s", doc="TTFT assumed before any sample", gt=0,
                                   source="LLM Gateway: 1,000 ms without data")
    prior_tokens_per_s: float = quantity(50.0, unit="tokens/s", doc="Throughput assumed before any sample", gt=0,
                                         source="LLM Gateway: 50 tokens/s without data")
    newcomers: Literal["peers", "priors"] = Field(
        "peers", description="What an offer shows in an average or percentile of which it has no sample: the median of "
        "the model's offers that have one, or the priors (source: OpenRouterTeam/docs@3634e3c, guides/providers/"
        "traffic-routing: an endpoint with little traffic starts out looking like a typical peer)")
    outage_after: int = quantity(3, unit="failures", doc="Consecutive failures that count as an outage signal", ge=1,
                                 source="assumption: OpenRouter does not publish what 'significant' means",
                                 sweep=Sweep(1, 10, "integer", "the first failure to ten in a row"))
    stale_view_s: float = quantity(0.0, unit="s", doc="Show policies a view refreshed only this often; 0 is live", ge=0,
                                   sweep=Sweep(0.0, 30.0, "linear", "live; OpenRouter looks back 30 s"))
    many_refused: float = quantity(0.2, unit="1", doc="Share of attempts refused in three slots above which the "
                                   "learned capacity of an offer is the accepted rate, cut", ge=0, le=1, source=LEARNED)
    few_refused: float = quantity(0.01, unit="1", doc="Share refused from which a first capacity is learned, and "
                                  "below which a known one grows", ge=0, le=1, source=LEARNED)
    capacity_cut: float = quantity(0.9, unit="1", doc="Learned capacity over the accepted rate after many refusals",
                                   gt=0, le=1, source=LEARNED)
    capacity_growth: float = quantity(1.05, unit="1", doc="Factor on a learned capacity after three slots with few "
                                      "refusals",
                                      ge=1, le=10, source=LEARNED)


class Router(Part):
    """A marketplace that places requests."""

    region: Name = Field("us-east", description="Region the router runs in; one of clients runs where its client is")
    client_side: bool = Field(False, description="Each client of the classes that name it runs a router of its own, as "
                              "a library does, with telemetry, memory and limits of its own and no delay to it "
                              "(source: assumption: off, for marketplaces serve all; LiteLLM runs as a library, too)")
    policy: PolicyChoice = Field(PolicyChoice(kind="openrouter_classic"), description="Routing policy")
    exploration: float = quantity(0.0, unit="1", doc="Share of attempts placed uniformly at random", ge=0, le=1,
                                  source="off; LLM Gateway uses 0.01",
                                  sweep=Sweep(0.0, 0.1, "linear", "LLM Gateway uses 0.01"))
    fee_share: float = quantity(0.055, unit="1", doc="Fee on top of what a request costs", ge=0, le=1,
                                source="OpenRouter: 5.5% on credit purchases",
                                sweep=Sweep(0.0, 0.1, "linear", "OpenRouter takes 0.055"))
    own_key_fee_share: float = quantity(
        0.0, unit="1", doc="Fee on top of what a request costs that a customer's own key pays for (`own_keys`)", ge=0,
        le=1, source="OpenRouter, BYOK: nothing up to 25,000 USD of list price a month, then 0.05",
        sweep=Sweep(0.0, 0.05, "linear", "OpenRouter takes nothing, then 0.05"))
    attempts: Attempts = Field(Attempts(), description="Failover and time-outs")
    cooldown: Cooldown = Field(Cooldown(), description="Cool-down after failures")
    breaker: Breaker = Field(Breaker(), description="Circuit breaker")
    billing: Billing = Field(Billing(), description="Who pays for answers in part")
    preferences: Preferences = Field(Preferences(), description="What requests prefer, unless their class says "
                                     "otherwise")
    affinity: Affinity = Field(Affinity(), description="Session stickiness")
    limits: RateLimits = Field(
        RateLimits(), description="The marketplace's own rate limits, for each customer and model; what exceeds them "
        "is refused on arrival (source: off; OpenRouter's free variants: 20 requests a minute)"
    )
    weights: dict[ModelName, Weight] = Field(
        {}, description="Weights of offers by `provider` or, before that, `provider/offer`; 1 where none is given. "
        "Policies that draw or take turns multiply theirs by it. With 0 an offer gets nothing while another is open "
        "(source: HAProxy: weight 0 takes a server out of the balancing; Envoy and nginx have no weights below 1)")
    slow_start: SlowStart = Field(SlowStart(), description="How weights grow after an offer has come back")
    telemetry: Telemetry = Field(Telemetry(), description="What the router measures")

    @property
    def stickiness(self) -> Affinity:
        """How sessions stick: as the choice of the policy says, or else the router."""
        return STICKS[self.policy.sticky] if self.policy.sticky else self.affinity
