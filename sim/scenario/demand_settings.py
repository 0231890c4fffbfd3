"""Demand: client classes, when their requests arrive and how long those are."""

from itertools import pairwise
from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from sim.scenario.base import ModelName, Name, Part, Sweep, quantity
from sim.scenario.preference_settings import Preferences
from sim.scenario.tier_settings import ServiceTier


class Poisson(Part):
    """Memoryless arrivals at a constant rate."""

    kind: Literal["poisson"] = "poisson"
    rate_per_s: float = quantity(unit="requests/s", doc="Mean rate of the class", gt=0)


class Deterministic(Part):
    """Equally spaced arrivals: a check, not a model of people."""

    kind: Literal["deterministic"] = "deterministic"
    rate_per_s: float = quantity(unit="requests/s", doc="Rate of the class", gt=0)


class Gamma(Part):
    """Renewal arrivals with gamma inter-arrival times."""

    kind: Literal["gamma"] = "gamma"
    rate_per_s: float = quantity(unit="requests/s", doc="Mean rate of the class", gt=0)
    cv: float = quantity(
        2.28, unit="1", doc="Coefficient of variation of inter-arrival times", gt=0.05, le=20,
        source="ServeGen (arXiv 2505.09999), deepseek-r1 workload, rate-weighted client CV",
    )


class Weibull(Part):
    """Renewal arrivals with Weibull inter-arrival times."""

    kind: Literal["weibull"] = "weibull"
    rate_per_s: float = quantity(unit="requests/s", doc="Mean rate of the class", gt=0)
    cv: float = quantity(
        2.28, unit="1", doc="Coefficient of variation of inter-arrival times", gt=0.05, le=20,
        source="ServeGen (arXiv 2505.09999), deepseek-r1 workload, rate-weighted client CV",
    )


class Diurnal(Part):
    """Non-homogeneous Poisson arrivals with a daily and a weekly cycle, by thinning."""

    kind: Literal["diurnal"] = "diurnal"
    rate_per_s: float = quantity(unit="requests/s", doc="Mean rate over a week", gt=0)
    peak_to_trough: float = quantity(
        3.6, unit="1", doc="Largest over smallest hourly rate of a weekday", ge=1, le=50,
        source="Azure LLM inference trace, chat, hourly peak/trough (secondary)",
    )
    peak_hour: float = quantity(14.0, unit="h", doc="Hour of the day with the largest rate", ge=0, lt=24)
    weekend_factor: float = quantity(0.7, unit="1", doc="Weekend rate over weekday rate", gt=0, le=3)
    start_hour: float = quantity(0.0, unit="h", doc="Hour since Monday 00:00 at which the run starts", ge=0, lt=168)


class Bursts(Part):
    """On/off modulated Poisson arrivals: exponential bursts over a quiet background."""

    kind: Literal["bursts"] = "bursts"
    rate_per_s: float = quantity(unit="requests/s", doc="Long-run mean rate of the class", gt=0)
    burst_factor: float = quantity(4.0, unit="1", doc="Rate during a burst over the rate outside", gt=1, le=1000)
    burst_s: float = quantity(30.0, unit="s", doc="Mean length of a burst", gt=0)
    quiet_s: float = quantity(270.0, unit="s", doc="Mean length of a quiet spell", gt=0)


class Closed(Part):
    """A fixed number of users, each of whom sends a request, waits for its end, pauses, and sends the next.

    Each begins with a pause. With sessions a user has one conversation after the other; ``think_s`` is then the pause
    between two of them.
    """

    kind: Literal["closed"] = "closed"
    users: int = quantity(unit="users", doc="Number of users, times traffic.load and rounded, at least one; clients of "
                          "a class share them by size", ge=1, le=1_000_000)
    think_s: float = quantity(
        30.0, unit="s", doc="Mean pause from the end of a request, as its user learns of it, to the next; a load "
        "generator that sends again at once is 0", ge=0,
        source="assumption: an answer of 150 words read at 300 words a minute",
        sweep=Sweep(0.001, 600.0, "log", "from a load generator to an occasional reader"),
    )
    pause: Literal["exponential", "constant"] = Field("exponential", description="Distribution of the pause")

    @property
    def rate_per_s(self) -> None:
        """None: the rate follows from how fast answers come."""
        return None


class TraceColumns(Part):
    """Names of a trace's columns, of those that it does not call as a known column set does."""

    time: str | None = Field(None, description="Column of the time of arrival", min_length=1)
    prompt: str | None = Field(None, description="Column of the prompt's length in tokens", min_length=1)
    output: str | None = Field(None, description="Column of the answer's length in tokens", min_length=1)


class Trace(Part):
    """Arrivals and lengths replayed from a file."""

    kind: Literal["trace"] = "trace"
    path: str = Field(description="Trace file, folder or pattern such as logs/*.csv: CSV, JSON lines, JSON or Parquet, "
                      "plain or compressed; relative to the scenario's file")
    format: Literal[
        "auto", "csv", "azure", "burstgpt", "mooncake", "bailian", "vidur", "servegen", "litellm", "openrouter"
    ] = Field("auto", description="Column set of the file; auto looks at its header")
    columns: TraceColumns = Field(TraceColumns(), description="Names of columns that no known column set has")
    unit: Literal["auto", "s", "ms", "us", "ns", "datetime"] = Field(
        "auto", description="Unit of the time column; auto is that of the column set, or seconds or dates as written"
    )
    skip: Literal["none", "failed", "unusable"] = Field(
        "none", description="Rows that are left out and counted: those without tokens (failed requests), or all that "
        "cannot be used; none refuses a file with such rows"
    )
    sort: bool | None = Field(
        None, description="Whether rows are put in order of time; if none, only a gateway's log is, which is written "
        "as requests end"
    )
    rate_per_s: float | None = quantity(
        None, unit="requests/s", doc="Rescale time to this mean rate; none keeps the file's own", gt=0
    )
    loop: bool = Field(False, description="Start the file again when it ends before the run does")
    start: Literal["random", "first"] = Field(
        "random", description="Time of the file at which a looped or resampled one starts: drawn anew in every "
        "replication, uniform over its span, or its first row (source: assumption: a run falls on any part of the "
        "file); any other starts at its first"
    )
    resample: bool = Field(
        False, description="Draw (lengths, gap) rows with replacement instead of replaying them in order"
    )


Arrivals = Annotated[
    Poisson | Deterministic | Gamma | Weibull | Diurnal | Bursts | Closed | Trace, Field(discriminator="kind")
]


class Lengths(Part):
    """Distribution of a token count: lognormal, constant, exponential or empirical quantiles."""

    kind: Literal["lognormal", "constant", "exponential", "quantiles"] = Field(
        "lognormal", description="Family of the distribution"
    )
    mean: float = quantity(unit="tokens", doc="Mean of the distribution (before limits); of quantiles it follows from "
                           "them and may be left out", gt=0, le=1e9,
                           sweep=Sweep(50.0, 20000.0, "log", "from extraction to coding agents"))
    cv: float = quantity(
        1.0, unit="1", doc="Coefficient of variation (lognormal only)", ge=0, le=20,
        source="Azure LLM inference trace 2023, chat: prompt CV about 1",
        sweep=Sweep(0.0, 3.0, "linear", "from constant to the heavy tails of ServeGen"),
    )
    probabilities: tuple[float, ...] = Field(
        (), description="Increasing probabilities in [0, 1] (quantiles only), first 0 and last 1"
    )
    values: tuple[float, ...] = Field((), description="Token counts at those probabilities (quantiles only)")
    minimum: int = quantity(1, unit="tokens", doc="Smallest count that is drawn", ge=1)
    maximum: int = quantity(1_000_000, unit="tokens", doc="Largest count that is drawn", ge=1, le=2_000_000_000)

    @model_validator(mode="before")
    @classmethod
    def _mean_of_quantiles(cls, data: Any) -> Any:
        if not isinstance(data, dict) or data.get("kind") != "quantiles" or "mean" in data:
            return data
        p, v = data.get("probabilities", ()), data.get("values", ())
        try:
            mean = sum((d - c) * (a + b) / 2 for (a, b), (c, d) in zip(pairwise(v), pairwise(p), strict=False))
        except TypeError:
            mean = 0
        return {**data, "mean": mean if mean > 0 else 1.0}  # what is wrong with the quantiles is told below

    @model_validator(mode="after")
    def _consistent(self) -> "Lengths":
        if self.minimum > self.maximum:
            raise ValueError(f"minimum ({self.minimum}) must not exceed maximum ({self.maximum})")
        if self.kind != "quantiles":
            return self
        p, v = self.probabilities, self.values
        if len(p) != len(v) or len(p) < 2 or p[0] != 0 or p[-1] != 1:
            raise ValueError("quantiles need as many values as probabilities, from 0 to 1, at least two")
        if any(b <= a for a, b in pairwise(p)) or any(b < a for a, b in pairwise(v)):
            raise ValueError("probabilities must increase and values must not decrease")
        mean = sum((d - c) * (a + b) / 2 for (a, b), (c, d) in zip(pairwise(v), pairwise(p), strict=True))
        if abs(self.mean - mean) > 1e-9 * mean:
            raise ValueError(f"mean is {self.mean:g}, but that of the quantiles is {mean:g}; leave it out")
        return self


class Sessions(Part):
    """Multi-turn conversations: each arrival opens a session whose later turns follow after a pause.

    In a closed loop a turn is sent a pause after its customer has learned how the turn before it ended, however that
    was; its lengths and luck are those of its session and number in every scenario. In an open loop turn times are
    drawn at birth and do not wait for answers; the pause is reading, thinking and waiting together.
    """

    loop: Literal["closed", "open"] = Field(
        "closed", description="Whether a turn waits for the end of the turn before it (closed) or not (open) "
        "(source: Schroeder, Wierman and Harchol-Balter, NSDI 2006: within a session people wait for answers)"
    )

    mean_turns: float = quantity(
        3.5, unit="turns", doc="Mean number of turns of a session (geometric)", ge=1, le=1000
    )
    think_s: float = quantity(60.0, unit="s", doc="Mean pause before each later turn; 0 is at once", ge=0)
    pause: Literal["exponential", "constant"] = Field("exponential", description="Distribution of the pause")
    max_turns: int = quantity(50, unit="turns", doc="Longest session", ge=1, le=1000)


class SharedPrefix(Part):
    """What prompts of a class begin with: a system prompt, or one of several documents.

    Each client of the class has a set of its own. Of N documents number k is asked for with a probability proportional
    to the integral of x to the power of minus the exponent from k to k + 1.
    """

    tokens: int = quantity(unit="tokens", doc="Length of each, before the tokens of prompt_tokens", ge=1,
                           le=100_000_000, sweep=Sweep(100.0, 100_000.0, "log", "from a system prompt to a book"))
    documents: int = quantity(1, unit="documents", doc="How many there are; 1 is a system prompt", ge=1,
                              le=1_000_000_000, sweep=Sweep(1.0, 10_000.0, "log", "from a system prompt to a library"))
    zipf_exponent: float = quantity(
        1.0, unit="1", doc="How unequal they are in demand: 0 is alike", ge=0, le=5,
        source="Breslau et al., INFOCOM 1999: Zipf-like popularity, exponents from 0.64 to 0.83 in web traces; "
        "assumption: Zipf's own 1", sweep=Sweep(0.0, 2.0, "linear", "from alike to a few that all ask for"))


class ClientClass(Part):
    """A class of clients that use one model through one router from one region.

    ``clients`` greater than one splits the class into that many clients of Zipf sizes; their
    rates add up to the class's rate and each has arrivals and lengths streams of its own.
    """

    model: ModelName = Field(description="Model that the requests ask for")
    fallback_models: tuple[ModelName, ...] = Field(
        (), max_length=7, description="Models that are asked in turn when no offer of the one before can serve a "
        "request (source: OpenRouter's `models`, tried in order, billed at the model used)"
    )
    router: Name = Field("main", description="Router (marketplace) that the class calls")
    region: Name = Field("us-east", description="Region that the requests come from")
    preferences: Preferences = Field(
        Preferences(), description="What its requests prefer; each field that is given replaces the router's")
    arrivals: Arrivals = Field(description="When requests (or sessions) arrive")
    prompt_tokens: Lengths = Field(
        Lengths(mean=1500, cv=1.0), description="Prompt length; ignored when a trace gives lengths"
    )
    output_tokens: Lengths = Field(
        Lengths(mean=150, cv=1.0), description="Output length; ignored when a trace gives lengths"
    )
    max_tokens: int | None = quantity(
        None, unit="tokens", doc="Longest answer that requests ask for: longer ones are cut there, and routers and "
        "rate limits know of it; none asks for no limit", ge=1, le=2_000_000_000,
        source="max_tokens of OpenAI's chat completions, optional there too",
    )
    sessions: Sessions | None = Field(None, description="Multi-turn sessions; none makes every request single")
    shared_prefix: SharedPrefix | None = Field(
        None, description="What prompts (of a session the first) begin with, beside the tokens of prompt_tokens; none: "
        "prompts of different sessions have nothing in common")
    patience_s: float | None = quantity(
        None, unit="s", doc="Mean patience before the first token (exponential); none waits for ever", gt=0,
        sweep=Sweep(2.0, 300.0, "log", "from a chat user to a batch job"),
    )
    priority: int = quantity(
        0, unit="1", doc="Requests of a higher priority leave queues before those of a lower one", ge=-100, le=100,
        source="0: all alike, first come, first served (vLLM's priority scheduling has the lower number first)",
    )
    service_tier: ServiceTier = Field(
        "default", description="Service tier that requests ask for: `flex` and `batch` go to offers of that tier only, "
        "`priority` to its own first and then to the default ones (source: OpenRouter, service tiers)")
    stay_s: float | None = quantity(
        None, unit="s", doc="Mean time that a customer stays for the rest of an answer once its first token has come "
        "(exponential); none stays to the end", gt=0,
        sweep=Sweep(2.0, 300.0, "log", "from a glance at the first lines to the longest answer"),
    )
    clients: int = quantity(1, unit="clients", doc="Number of clients the class is split into", ge=1, le=10_000)
    zipf_exponent: float = quantity(
        1.0, unit="1", doc="Client sizes are proportional to rank to the power of minus this", ge=0, le=5,
        source="ServeGen (arXiv 2505.09999): few clients carry most of the requests",
    )
    slo_ttft_s: float = quantity(
        2.0, unit="s", doc="Time to first token within which a request is good", gt=0,
        source="MLPerf Inference v5.1 Llama-2-70B server limit (2,000 ms TTFT)",
    )
    slo_tpot_s: float = quantity(
        0.1, unit="s", doc="Time per later output token within which a request is good", gt=0,
        source="assumption: ten tokens a second, faster than people read",
    )

    @model_validator(mode="after")
    def _users_wait(self) -> "ClientClass":
        if self.arrivals.kind == "closed" and self.sessions is not None and self.sessions.loop == "open":
            raise ValueError('sessions.loop is "open", but arrivals are "closed", whose users wait for the end of each '
                             'turn; allowed is "closed"')
        return self

    @property
    def mean_prompt(self) -> float:
        """Mean prompt of a single request, tokens, what prompts share included and limits not counted."""
        return self.prompt_tokens.mean + (0 if self.shared_prefix is None else self.shared_prefix.tokens)

    @model_validator(mode="after")
    def _prefix_fits(self) -> "ClientClass":
        if self.shared_prefix is None:
            return self
        if self.arrivals.kind == "trace":
            raise ValueError("shared_prefix is given, but arrivals are a trace, which says how long prompts are and "
                             "not what they begin with; leave it out")
        if self.shared_prefix.tokens >= self.prompt_tokens.maximum:
            raise ValueError(f"shared_prefix.tokens is {self.shared_prefix.tokens}, but must be below the longest "
                             f"prompt (prompt_tokens.maximum, {self.prompt_tokens.maximum})")
        return self

    @model_validator(mode="after")
    def _other_models(self) -> "ClientClass":
        asked = (self.model, *self.fallback_models)
        if len(set(asked)) < len(asked):
            raise ValueError(f"fallback_models is {list(self.fallback_models)}, but each must be another model than "
                             f"those before it and than model ({self.model!r})")
        return self
