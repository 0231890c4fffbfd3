"""Customers: segments of firms, what their workloads are like, and how they choose models."""

from typing import Literal

from pydantic import Field, model_validator

from sim.scenario.base import Name, Part, Sweep, quantity
from sim.scenario.demand_settings import SharedPrefix
from sim.scenario.drift_settings import RequestDrift
from sim.scenario.routing_settings import RoutingSettings
from sim.scenario.tasks import TASKS, Task
from sim.scenario.use_settings import Diffusion, Uses

ICONIQ = "ICONIQ, State of AI, January 2026 (through secondary reports)"
STATE_OF_AI = "a16z and OpenRouter, State of AI (arXiv 2601.10088)"
FRADKIN = "Fradkin, Demand for LLMs (arXiv 2504.15440)"
CALIBRATED = "assumption, calibrated to token shares and prices paid in early 2025 (docs/market/customers.md)"


class WorkloadTemplate(Part):
    """One use of tokens: the requests, what they are worth, and how they are bought."""

    task: Task = Field(description=f"Which quality counts, one of {', '.join(TASKS)}")
    prompt_tokens: float = quantity(1500.0, unit="tokens", doc="Mean prompt of a request", gt=0, le=1e6,
                                    source=STATE_OF_AI)
    output_tokens: float = quantity(
        150.0, unit="tokens", doc="Mean output of a request with a model of verbosity 1", gt=0, le=1e6,
        source=STATE_OF_AI,
    )
    max_tokens: int | None = quantity(
        None, unit="tokens", doc="Longest answer that requests ask for: longer ones are cut there; none: no limit",
        ge=1, le=2_000_000_000, source="max_tokens of OpenAI's chat completions, optional there too",
    )
    length_sigma: float = quantity(
        0.8, unit="1", doc="Standard deviation of the logarithm of prompt and output lengths", ge=0, le=3,
        source="near the coefficient of variation of 1 of the Azure LLM inference trace 2023, chat",
    )
    cached_share: float = quantity(
        0.3, unit="1", doc="Share of the prompt that a customer expects to be billed as cached", ge=0, le=1,
        source="assumption; DeepSeek's published day has .56 over all its traffic",
    )
    shared_prefix: SharedPrefix | None = Field(
        None, description="What its prompts begin with, as part of prompt_tokens: a system prompt or one of several "
        "documents, which an offer with a prefix cache may have; none: no two prompts begin alike (source: assumption)")
    reference_in_usd: float = quantity(
        0.25, unit="USD/M tokens", doc="Input price for which the customer planned its volume", gt=0, source=FRADKIN
    )
    reference_out_usd: float = quantity(
        0.60, unit="USD/M tokens", doc="Output price for which the customer planned its volume", gt=0, source=FRADKIN
    )
    intensity: float = quantity(
        1.0, unit="1", doc="Share of the workload's part of the budget that such a workload calls for", gt=0, le=1
    )
    value_usd: float = quantity(
        0.04, unit="USD/request", doc="Median value of one point of quality (0 to 1)", gt=0, source=CALIBRATED
    )
    value_spread: float = quantity(
        10.0, unit="1", doc="Value at the 90th over value at the 10th percentile of workloads (log-normal)", ge=1,
        source="at least 8: willingness to pay by use spreads 8-fold, NBER w34608",
    )
    quality_floor: float = quantity(0.0, unit="1", doc="Quality below which a model is not considered", ge=0, le=1)
    open_penalty: float = quantity(
        0.05, unit="quality points", doc="Quality by which an open model is discounted; negative: preferred",
        ge=-1, le=1, source=CALIBRATED,
        sweep=Sweep(-0.1, 0.2, "linear", "preferred, to four times the default"),
    )
    brand: dict[str, float] = Field(
        {}, description="Quality points that a creator's name is worth, by creator [quality points] "
        "(source: creator fixed effects explain 13 points of the variance of price, NBER w34608; sizes assumption)"
    )
    latency_value_usd_per_s: float = quantity(
        0.0001, unit="USD/s", doc="Median value of one second less of a request's whole time", ge=0
    )
    patience_s: float | None = quantity(
        None, unit="s", doc="Mean time to the first token after which a request is abandoned; none: never", gt=0
    )
    elasticity: float = quantity(
        0.1, unit="1", doc="Elasticity of the volume with respect to the cost of a request, short run", ge=0, lt=1,
        source=f"{STATE_OF_AI}: .05 to .07 across models; range .05 to .5",
        sweep=Sweep(0.05, 0.5, "log", "the range of its source"),
    )

    @model_validator(mode="after")
    def _prompts_are_longer_than_what_they_share(self) -> "WorkloadTemplate":
        if self.shared_prefix is not None and self.shared_prefix.tokens >= self.prompt_tokens:
            raise ValueError(f"shared_prefix.tokens is {self.shared_prefix.tokens}, but must be below prompt_tokens "
                             f"({self.prompt_tokens:g}), of which it is a part")
        return self


class Segment(Part):
    """Firms of one kind."""

    number: int = quantity(unit="customers", doc="Customers on the first day", ge=0, le=100_000)
    revenue_usd: tuple[float, float] = quantity(
        unit="USD/year", doc="Smallest and largest yearly revenue of a customer"
    )
    size_tail: float = quantity(
        0.56, unit="1", doc="Pareto index of the revenues between those limits", gt=0, le=10,
        source=f"{FRADKIN}: rank-size slope -1.78 of the largest apps, 1/1.78",
    )
    budget_share: tuple[float, float] = quantity(
        (0.20, 0.23), unit="1", doc="Smallest and largest share of revenue that may go to inference", source=ICONIQ
    )
    margin_target: float = quantity(
        0.52, unit="1", doc="Gross margin that the budget must leave room for", ge=-5, lt=1, source=ICONIQ
    )
    other_costs: float = quantity(
        0.25, unit="1", doc="Cost of revenue besides inference, share of revenue", ge=0, lt=1,
        source="assumption; 1 - .52 - .23 = .25 with ICONIQ's figures",
    )
    routed_share: float = quantity(
        0.1, unit="1", doc="Share of the inference budget that goes through this market, before scaling", gt=0, le=1,
        source=CALIBRATED,
    )
    budget_use: tuple[float, float] = quantity(
        (0.15, 0.90), unit="1", doc="Smallest and largest share of the budget that the planned volume uses at entry"
    )
    growth_per_year: float = quantity(
        0.4, unit="1/year", doc="Growth of revenue, volume and budget (.4: by 40% a year)", gt=-1, le=20
    )
    diffusion: Diffusion | None = Field(None, description="Potential uses of the segment over time; none: as "
                                        "customers.uses has it; only where uses are enabled")
    entry_per_year: float = quantity(
        0.25, unit="1/year", doc="Customers that enter per year over the number on the first day", ge=0, le=20
    )
    exit_per_year: float = quantity(0.08, unit="1/year", doc="Hazard of a customer's exit", ge=0, le=20)
    value_factor: float = quantity(
        1.0, unit="1", doc="Value of quality over the template's", gt=0, source="assumption"
    )
    own_key_share: float = quantity(
        0.1, unit="1", doc="Share of customers who bring their own key and pay no router fee on credits", ge=0, le=1
    )
    routing: RoutingSettings | None = Field(
        None, description="How its workloads are routed; none: as all customers are"
    )
    workload_counts: tuple[float, float, float] = quantity(
        (0.45, 0.35, 0.20), unit="1", doc="Weights of having one, two and three workloads",
        source="assumption; half of the firms use a single model, NBER w34608",
    )
    mix: dict[Name, float] = Field(
        description="Weights of the templates from which a customer's workloads are drawn, by name [1]"
    )
    peak_hour: float = quantity(15.0, unit="h", doc="Mean hour of the day (UTC) with most requests", ge=0, lt=24)
    peak_spread_h: float = quantity(3.0, unit="h", doc="Standard deviation of the peak hour between customers", ge=0)

    @model_validator(mode="after")
    def _ordered(self) -> "Segment":
        for name, top in (("revenue_usd", None), ("budget_share", 1.0), ("budget_use", 1.0)):
            low, high = getattr(self, name)
            if not 0 < low <= high or (top is not None and high > top):
                limit = f" and at most {top:g}" if top is not None else ""
                raise ValueError(f"{name} is {low:g} to {high:g}; it must be above 0, in rising order{limit}")
        for name, weights in (("workload_counts", dict(enumerate(self.workload_counts))), ("mix", self.mix)):
            if not weights or min(weights.values()) < 0 or sum(weights.values()) <= 0:
                told = ", ".join(f"{key}: {weight:g}" for key, weight in weights.items()) or "empty"
                raise ValueError(f"{name} is {told}; it must hold weights of 0 or more, not all of them 0")
        if self.margin_target + self.other_costs >= 1:
            left = f"{self.margin_target:g} and {self.other_costs:g}"
            raise ValueError(f"margin_target and other_costs are {left}; they must add up to less than 1")
        return self


class Choice(Part):
    """How workloads choose among models: utility in money, tastes, attention and inertia."""

    utility: Literal["money", "log"] = Field(
        "money", description="money: cost enters linearly; log: a control in which only relative prices count among "
        "models, with the slope of money at the cost of a workload's first choice"
    )
    budgets: bool = Field(True, description="Whether budgets bind")
    first_prices: float = quantity(
        1.0, unit="1", doc="Prices at which customers choose on the first day over those that they are shown then; "
        "10: all prices have since fallen to a tenth. Whatever utility and budgets are, that choice is made in money "
        "and within budgets: a start that controls have in common", gt=0, le=1e6,
    )
    fall_days: float = quantity(
        0.0, unit="days", doc="Days over which prices fall from `first_prices` times those that are set, evenly in "
        "their logarithm; 0: before anybody can reconsider. Only at creators' list prices (the climb): a whole "
        "market's sellers set their prices themselves", ge=0, le=36_500)
    taste: float = quantity(
        0.05, unit="quality points", doc="Scale of persistent tastes (Gumbel) over the value of a quality point", gt=0,
        source=CALIBRATED,
        sweep=Sweep(0.01, 0.2, "log", "a fifth to four times the default"),
    )
    taste_redraw_per_month: float = quantity(
        0.0, unit="1/month", doc="Rate at which a workload's taste for a model is drawn anew; 0: never", ge=0, le=100,
        source="assumption; .08 (.03 to .2) is what half-lives of a year or so ask for",
        sweep=Sweep(0.03, 0.2, "log", "the range of its assumption"),
    )
    first_fit: float = quantity(
        0.0, unit="quality points", doc="What a model is worth more to a workload that it won in its first days, over "
        "the value of a quality point", ge=0, le=1,
        source="State of AI (arXiv 2601.10088): cohorts of a model's first month stay longest; size assumption",
    )
    first_fit_days: float = quantity(
        30.0, unit="days", doc="Days from a model's release on in which it wins workloads for good", ge=0,
    )
    nests: Literal["none", "family", "creator", "open"] = Field(
        "family", description="Which models' tastes are correlated (source: substitution is local, "
        "Sonnet 3.7 took from Sonnet 3.5 only, Fradkin, arXiv 2504.15440)"
    )
    nest_lambda: float = quantity(
        0.6, unit="1", doc="Dissimilarity within a nest: 1 is plain logit, towards 0 perfect correlation", gt=0, le=1,
        sweep=Sweep(0.2, 1.0, "linear", "nearly perfect substitutes to plain logit"),
    )
    loyal_share: float = quantity(
        0.20, unit="1", doc="Share of workloads that move only if their model is gone", ge=0, le=1,
        source=f"{STATE_OF_AI}: 40% of a cohort stay 5 months; .20 + .80 exp(-.27 x 5) = .41",
        sweep=Sweep(0.0, 0.6, "linear", "State of AI: 40% of a cohort stay five months"),
    )
    reviews_per_month: float = quantity(
        1.0, unit="1/month", doc="Mean number of times a workload reconsiders its model", ge=0, le=100,
        sweep=Sweep(0.1, 4.0, "log", "from yearly to weekly"),
    )
    switching_cost: float = quantity(
        0.02, unit="quality points", doc="Cost of a move of migration cost 1, over the value of a quality point", ge=0,
        source=CALIBRATED,
        sweep=Sweep(0.0, 0.2, "linear", "none to ten times the default"),
    )
    release_attention: float = quantity(
        0.4, unit="1", doc="Share of workloads that notice a new model by its release", ge=0, le=1,
        sweep=Sweep(0.0, 1.0, "linear", "nobody to everybody"),
    )
    release_lag_days: float = quantity(
        10.0, unit="days", doc="Mean time from a release to the trial by those who notice it", gt=0,
        source=f"{FRADKIN}: a new model reaches its plateau within a few weeks",
        sweep=Sweep(2.0, 60.0, "log", "days to two months"),
    )
    bill_surprise: float = quantity(
        0.2, unit="1", doc="Rise of the cost of a request since the last decision that triggers the next", gt=0,
        sweep=Sweep(0.05, 1.0, "log", "a rise by a twentieth to a doubling"),
    )
    budget_bend: float = quantity(
        0.0, unit="1", doc="Share of a workload's budget by which spending beyond it makes a token feel twice as dear, "
        "and beyond which it does not go; 0: no model that costs more than the budget is considered", ge=0, le=10,
    )
    max_volume_factor: float = quantity(
        3.0, unit="1", doc="Largest volume over the planned one, however cheap tokens become", ge=1, le=1000
    )


def _chat(**changes: object) -> WorkloadTemplate:
    fields: dict[str, object] = {"task": "chat", "reference_in_usd": 2.5, "reference_out_usd": 10.0, "value_usd": 0.06,
                                 "open_penalty": 0.2, "patience_s": 60.0}
    return WorkloadTemplate.model_validate(fields | changes)


def default_templates() -> dict[str, WorkloadTemplate]:
    """Return the default templates: lengths of State of AI, reference prices are medians of Fradkin by creator."""
    return {
        "chat": _chat(),
        "assistant": _chat(prompt_tokens=3000.0, output_tokens=300.0, value_usd=0.12),
        "coding": WorkloadTemplate(
            task="coding", prompt_tokens=20_000.0, output_tokens=400.0, cached_share=0.56, reference_in_usd=3.0,
            reference_out_usd=15.0, value_usd=1.6, latency_value_usd_per_s=0.0005, patience_s=120.0,
            quality_floor=0.2, open_penalty=0.2, brand={"anthropic": 0.06},
        ),
        "reasoning": WorkloadTemplate(
            task="reasoning", prompt_tokens=3000.0, output_tokens=1000.0, cached_share=0.1, reference_in_usd=2.5,
            reference_out_usd=10.0, value_usd=0.2, open_penalty=0.2, patience_s=120.0,
        ),
        "roleplay": WorkloadTemplate(
            task="roleplay", prompt_tokens=4000.0, output_tokens=250.0, cached_share=0.5, intensity=0.5,
            value_usd=0.012, open_penalty=-0.05, brand={"microsoft": -0.1}, patience_s=30.0,
        ),
        "extraction": WorkloadTemplate(
            task="extraction", prompt_tokens=3000.0, output_tokens=200.0, cached_share=0.1, intensity=0.03,
            value_usd=0.02, open_penalty=0.0, latency_value_usd_per_s=0.0,
        ),
    }


def default_segments() -> dict[str, Segment]:
    """Return the default segments: SaaS firms of 1 to 50 million USD a year, apps, coding agents and enterprises."""
    saas = {"chat": 0.25, "assistant": 0.25, "reasoning": 0.15, "extraction": 0.25, "coding": 0.10}
    return {
        "saas-early": Segment(number=150, revenue_usd=(1e6, 3e6), size_tail=1.0, routed_share=0.08, mix=saas,
                              growth_per_year=0.8, exit_per_year=0.15, entry_per_year=0.4),
        "saas-growth": Segment(number=90, revenue_usd=(3e6, 1e7), size_tail=1.0, routed_share=0.05, mix=saas,
                               growth_per_year=0.6),
        "saas-scale": Segment(number=40, revenue_usd=(1e7, 5e7), size_tail=1.0, routed_share=0.03, mix=saas,
                              value_factor=1.2),
        "apps": Segment(number=100, revenue_usd=(2e4, 1e8), routed_share=0.4,
                        mix={"chat": 0.4, "assistant": 0.3, "extraction": 0.2, "reasoning": 0.1}, value_factor=0.8),
        "roleplay": Segment(number=50, revenue_usd=(1e4, 4e7), routed_share=0.5, mix={"roleplay": 1.0, "chat": 0.1},
                            workload_counts=(0.8, 0.2, 0.0), peak_hour=22.0, peak_spread_h=4.0),
        "coding-agents": Segment(number=40, revenue_usd=(8e4, 6e8), routed_share=0.35,
                                 mix={"coding": 1.0, "reasoning": 0.15}, growth_per_year=1.0, entry_per_year=0.5),
        "enterprise": Segment(number=40, revenue_usd=(5e7, 5e8), size_tail=1.0, budget_share=(0.04, 0.09),
                              routed_share=0.006, mix=saas, growth_per_year=0.15, exit_per_year=0.03,
                              value_factor=1.5),
    }


class CustomerSettings(Part):
    """The demand side of the market."""

    requests_per_s: float = quantity(
        100.0, unit="requests/s", doc="Planned mean rate of all customers together on the first day; routed shares are "
        "scaled by one factor to meet it", gt=0, le=1e7, source="assumption: about 50 G tokens a day, as OpenRouter "
        f"had in January 2025 ({FRADKIN})",
        sweep=Sweep(20.0, 400.0, "log", "a fifth to four times the default"),
    )
    part_tokens_per_day: float = quantity(
        1e8, unit="tokens/day", doc="Planned volume, before scaling, above which a workload comes in equal parts that "
        "choose for themselves, as the users of a large app do", gt=0,
        source=f"assumption; one app uses several models ({FRADKIN})",
    )
    segments: dict[Name, Segment] = Field(default_factory=default_segments, description="Segments, by name")
    templates: dict[Name, WorkloadTemplate] = Field(
        default_factory=default_templates, description="Workload templates, by name"
    )
    choice: Choice = Field(default_factory=Choice, description="How workloads choose models")
    routing: RoutingSettings = Field(
        default_factory=RoutingSettings, description="How workloads are routed, unless their segment says otherwise"
    )
    free_share: float = quantity(
        0.0, unit="1", doc="Share of workloads that use nothing but free variants: open models, whose sellers the "
        "marketplace pays for them", ge=0, lt=1, source="off; OpenRouter, August 2026: 6% of tokens. Who bears them is "
        "an assumption",
    )
    drift: RequestDrift = Field(RequestDrift(), description="Lengths and cached shares of requests over the years")
    uses: Uses = Field(Uses(), description="Uses that are live while they are worth their cost")

    @model_validator(mode="after")
    def _no_diffusion_without_uses(self) -> "CustomerSettings":
        for name, segment in self.segments.items():
            if segment.diffusion is not None and not self.uses.enabled:
                raise ValueError(f"segments.{name}.diffusion is set, but uses.enabled is false; it must be true, or "
                                 "leave it out")
        return self

    @model_validator(mode="after")
    def _known_templates(self) -> "CustomerSettings":
        for name, segment in self.segments.items():
            for template in segment.mix:
                if template not in self.templates:
                    known = ", ".join(sorted(self.templates))
                    raise ValueError(f"segments.{name}.mix names the template {template!r}; known: {known}")
        return self
