"""The population: every customer and workload that will ever be there, drawn once, before the run.

Everything about a customer comes from streams named after it, so that adding a segment changes nobody else's draws.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.random import Generator

from sim.errors import ScenarioError
from sim.market.customers.answer_lengths import kept_share
from sim.market.customers.diffusion import potential
from sim.market.customers.tastes import uniforms
from sim.scenario.customer_settings import CustomerSettings, Segment, WorkloadTemplate
from sim.scenario.tasks import TASKS
from sim.streams import Streams
from sim.units import DAY_S, DAYS_PER_MONTH, DAYS_PER_YEAR, MTOK_PER_TOKEN

RANK_EXPONENT: Final = 2.0  # a customer's budget goes to its workloads as rank^-2: "almost everything on one" (NBER)
LATENCY_SIGMA: Final = 0.5  # spread of the logarithm of the value of time (assumption)
CACHED_SAVED: Final = 0.9  # of a cached token's input price is saved, where volumes are planned (assumption)
MOST_PARTS: Final = 1000  # of one workload: each decides for itself, so what would come in more is refused, not cut
TEXTS: Final = ("names", "template", "brand_usd")  # the columns of workloads that are no arrays
DECILES: Final = 2.5631031310892007  # standard normal, 90th less 10th percentile


@dataclass(frozen=True)
class Population:
    """Customers and their workloads; arrays are over workloads unless said otherwise.

    Attributes
    ----------
    names, customer_names, segment_names
        Names of workloads (``saas-early-17/chat``), of customers and of segments. A workload too large to be decided
        at once comes in equal parts with tastes of their own (``apps-1/chat#3``), each a row.
    reach
        Factor by which all routed shares were multiplied to meet ``requests_per_s``.
    customer, segment, task
        int64: rows of ``customer_names``, ``segment_names`` and ``TASKS``.
    template
        Name of each workload's template (tuple).
    prompt_tokens, output_tokens, length_sigma, cached_share
        float64: mean lengths (output with a model of verbosity 1), spread of their logarithms, expected cached share.
    shared_tokens, documents, zipf_exponent
        int64, int64 and float64: leading tokens of its prompts that are of one of so many documents, and how unequal
        these are in demand; 0, 1 and 0 if no two prompts begin alike.
    max_tokens
        int64: longest answer that requests ask for, tokens; 0: no limit.
    base_per_s, c0_usd
        float64: requests per second planned at entry, and the cost of a request for which they were planned.
    uses
        Whether a workload is a use that is live while it is worth its cost.
    need
        float64: quality below which a model is worth nothing to it.
    reference_in_usd, reference_out_usd
        float64: prices per million tokens for which its volume was planned.
    growth_per_day, ceiling
        float64: growth of the logarithm of volume and budget, and the most that they reach; those of uses follow the
        calendar, the others grow without a ceiling (inf) from the workload's entry on.
    entry_day, exit_day
        float64: days since the start of the run; the entry is 0 for those there from the start.
    value_usd, latency_usd_per_s, sigma_usd, psi_usd, open_penalty_usd
        float64: worth of a point of quality and of a second per request, scale of tastes, cost of a move, and
        what an open model is worth less per request.
    brand_usd
        One mapping a workload: creator to what its name is worth per request.
    quality_floor, elasticity, patience_s
        float64; the patience is inf for those who wait for ever.
    loyal, byok, free
        bool: moves only if its model is gone; brings its own key; uses free variants only, and pays nothing.
    attention_per_day
        float64: reviews per day.
    budget_usd_per_day
        float64: what may be spent on the workload per day at entry (it grows with ``growth_per_day``).
    peak_hour
        float64: hour of the day (UTC) with most requests.
    key
        uint64: key of the workload's counter-based draws.
    customer_segment, revenue_usd_per_month, budget_share, customer_budget_usd_per_day
        int64 and float64 (customers,): segment, revenue at entry, share of it that may go to inference (the
        gross-margin target taken into account), and what of that goes through this market.
    """

    names: tuple[str, ...]
    customer_names: tuple[str, ...]
    segment_names: tuple[str, ...]
    reach: float
    uses: bool
    template: tuple[str, ...]
    brand_usd: tuple[dict[str, float], ...]
    customer: np.ndarray
    segment: np.ndarray
    task: np.ndarray
    prompt_tokens: np.ndarray
    output_tokens: np.ndarray
    length_sigma: np.ndarray
    cached_share: np.ndarray
    shared_tokens: np.ndarray
    documents: np.ndarray
    zipf_exponent: np.ndarray
    max_tokens: np.ndarray
    base_per_s: np.ndarray
    c0_usd: np.ndarray
    need: np.ndarray
    reference_in_usd: np.ndarray
    reference_out_usd: np.ndarray
    growth_per_day: np.ndarray
    ceiling: np.ndarray
    entry_day: np.ndarray
    exit_day: np.ndarray
    value_usd: np.ndarray
    latency_usd_per_s: np.ndarray
    sigma_usd: np.ndarray
    psi_usd: np.ndarray
    open_penalty_usd: np.ndarray
    quality_floor: np.ndarray
    elasticity: np.ndarray
    patience_s: np.ndarray
    loyal: np.ndarray
    byok: np.ndarray
    free: np.ndarray
    attention_per_day: np.ndarray
    budget_usd_per_day: np.ndarray
    peak_hour: np.ndarray
    key: np.ndarray
    customer_segment: np.ndarray
    revenue_usd_per_month: np.ndarray
    budget_share: np.ndarray
    customer_budget_usd_per_day: np.ndarray

    def __len__(self) -> int:
        return len(self.names)

    def kept_answers(self, verbosity: np.ndarray) -> np.ndarray:
        """Share of the mean answer of models that is left of it where it is cut, float64 (workloads, models)."""
        return kept_share(self.output_tokens[:, None] * verbosity, self.length_sigma[:, None], self.max_tokens[:, None])

    def growth(self, day: float) -> np.ndarray:
        """Volume of each workload at ``day`` over the planned one (without the effect of prices)."""
        if self.uses:
            return potential(day, self.growth_per_day, self.ceiling)
        return np.asarray(np.exp(self.growth_per_day * np.maximum(day - self.entry_day, 0.0)))

    def present(self, day: float) -> np.ndarray:
        """Return bool (workloads,): entered by ``day`` and not yet gone."""
        return np.asarray((self.entry_day <= day) & (day < self.exit_day))


class _Customer(NamedTuple):
    name: str
    segment: int
    entry_day: float
    exit_day: float
    revenue_usd_per_month: float
    budget_share: float
    routed_usd_per_day: float
    planned_share: float  # of the budget
    byok: bool
    peak_hour: float
    templates: list[str]


def draw_population(settings: CustomerSettings, streams: Streams, days: float) -> Population:
    """Draw all customers that are there at the start or enter within ``days``, and their workloads.

    Parameters
    ----------
    settings
        The demand side of the scenario.
    streams
        Streams of the run; those named ``customers/...`` are taken here.
    days
        Length of the run in days.

    Raises
    ------
    ScenarioError
        If nobody would ever be there.
    """
    segments = list(settings.segments)
    customers = [
        customer
        for row, name in enumerate(segments)
        for customer in _segment_customers(settings, row, name, streams, days)
    ]
    if not customers:
        raise ScenarioError("customers.segments has no customer in the whole run; at least one number must be above 0")
    columns: dict[str, list[object]] = {}
    for row, customer in enumerate(customers):
        for rank in range(len(customer.templates)):
            for part in _parts(settings, customer, row, rank, streams):
                for column, value in part.items():
                    columns.setdefault(column, []).append(value)
    return _assembled(settings, segments, customers, columns)


def _segment_customers(
    settings: CustomerSettings, row: int, name: str, streams: Streams, days: float
) -> Iterator[_Customer]:
    segment = settings.segments[name]
    for index in range(segment.number):
        yield _customer(segment, row, f"{name}-{index + 1}", streams, index, 0.0)
    arrivals = streams.generator(f"customers/{name}/entries")
    rate = segment.number * segment.entry_per_year / DAYS_PER_YEAR
    index, day = segment.number, 0.0
    while rate > 0:
        day += arrivals.exponential(1 / rate)
        if day >= days:
            return
        yield _customer(segment, row, f"{name}-{index + 1}", streams, index, day)
        index += 1


def _customer(segment: Segment, row: int, name: str, streams: Streams, index: int, entry_day: float) -> _Customer:
    draw = streams.generator(f"customers/{name}")
    share = draw.random()
    if index < segment.number:  # customer 1 is of the largest of n strata, so that sizes do not depend on luck
        share = (index + share) / segment.number
    revenue = _pareto(share, segment.size_tail, *segment.revenue_usd) / 12
    # C1: what is left of the gross margin after its target and other costs bounds the budget for tokens
    budget = min(draw.uniform(*segment.budget_share), 1 - segment.margin_target - segment.other_costs)
    life = draw.exponential()  # drawn in any case: every customer uses the same draws in the same order
    return _Customer(
        name=name, segment=row, entry_day=entry_day,
        exit_day=entry_day + life * DAYS_PER_YEAR / segment.exit_per_year if segment.exit_per_year > 0 else math.inf,
        revenue_usd_per_month=revenue, budget_share=budget,
        routed_usd_per_day=revenue / DAYS_PER_MONTH * budget * segment.routed_share,
        planned_share=draw.uniform(*segment.budget_use), byok=draw.random() < segment.own_key_share,
        peak_hour=(segment.peak_hour + segment.peak_spread_h * draw.standard_normal()) % 24,
        templates=_drawn_templates(segment, draw),
    )


def _pareto(share: float, tail: float, low: float, high: float) -> float:
    """Revenue with ``share`` of the firms above it: Pareto of index ``tail`` between two limits."""
    top = (low / high) ** tail
    return float(low * (top + (1 - top) * share) ** (-1 / tail))


def _drawn_templates(segment: Segment, draw: Generator) -> list[str]:
    names = [name for name, weight in segment.mix.items() if weight > 0]
    weights = np.array([segment.mix[name] for name in names])
    counts = np.array(segment.workload_counts)
    count = 1 + int(np.searchsorted(np.cumsum(counts / counts.sum()), draw.random(), side="right"))
    rows = draw.choice(len(names), size=min(count, len(names)), replace=False, p=weights / weights.sum())
    return [names[row] for row in rows]


def reference_cost_usd(template: WorkloadTemplate) -> float:
    """Cost of a mean request at the template's reference prices, cached tokens at a tenth of the input price."""
    charged = template.prompt_tokens * (1 - CACHED_SAVED * template.cached_share)
    return MTOK_PER_TOKEN * (
        charged * template.reference_in_usd + _answer_tokens(template) * template.reference_out_usd
    )


def _answer_tokens(template: WorkloadTemplate) -> float:
    """Mean answer of a model of verbosity 1, cut at what is asked for, tokens."""
    mean, sigma, most = map(np.asarray, (template.output_tokens, template.length_sigma, template.max_tokens or 0))
    return float(template.output_tokens * kept_share(mean, sigma, most))


def _parts(
    settings: CustomerSettings, customer: _Customer, row: int, rank: int, streams: Streams
) -> Iterator[dict[str, object]]:
    """One workload, or the equal parts of one that is too large to be decided at once."""
    label = customer.templates[rank]
    template = settings.templates[label]
    ranks = np.arange(1, len(customer.templates) + 1) ** -RANK_EXPONENT
    budget = customer.routed_usd_per_day * ranks[rank] / ranks.sum() * template.intensity
    c0 = reference_cost_usd(template)
    per_day = budget * customer.planned_share / c0
    tokens = per_day * (template.prompt_tokens + _answer_tokens(template))
    parts = max(1, math.ceil(tokens / settings.part_tokens_per_day))
    if parts > MOST_PARTS:
        raise ScenarioError(f"customers.part_tokens_per_day is {settings.part_tokens_per_day:g}, so that {label} of "
                            f"{customer.name} would come in {parts:,} parts; it must be high enough for {MOST_PARTS:,}")
    shared = {
        "customer": row, "segment": customer.segment, "template": label, "c0_usd": c0,
        "base_per_s": per_day / parts / DAY_S, "budget_usd_per_day": budget / parts,
    }
    for part in range(1, parts + 1):
        name = f"{customer.name}/{label}" + (f"#{part}" if parts > 1 else "")
        yield shared | {"names": name} | _nature(settings, customer, template, name, streams)


def _nature(
    settings: CustomerSettings, customer: _Customer, template: WorkloadTemplate, name: str, streams: Streams
) -> dict[str, object]:
    """What a workload (or a part of one) is like, besides its size."""
    segment = settings.segments[customer.name.rpartition("-")[0]]
    choice, draw = settings.choice, streams.generator(f"customers/{name}")
    spread = math.log(template.value_spread) / DECILES
    value = template.value_usd * segment.value_factor * math.exp(spread * draw.standard_normal())
    if settings.uses.enabled:
        value *= settings.uses.worth_factor
    latency = template.latency_value_usd_per_s * math.exp(LATENCY_SIGMA * draw.standard_normal())
    copied = ("prompt_tokens", "output_tokens", "length_sigma", "cached_share", "quality_floor", "elasticity",
              "reference_in_usd", "reference_out_usd")
    return {
        "task": TASKS.index(template.task), **_growth(settings, segment),
        "entry_day": customer.entry_day, "exit_day": customer.exit_day,
        "value_usd": value, "latency_usd_per_s": latency, "sigma_usd": value * choice.taste,
        "psi_usd": value * choice.switching_cost, "open_penalty_usd": value * template.open_penalty,
        "brand_usd": {creator: value * points for creator, points in template.brand.items()},
        "max_tokens": template.max_tokens or 0,
        **_beginning(template),
        "patience_s": math.inf if template.patience_s is None else template.patience_s,
        "loyal": draw.random() < choice.loyal_share, "byok": customer.byok, "peak_hour": customer.peak_hour,
        "attention_per_day": choice.reviews_per_month / DAYS_PER_MONTH, "key": streams.word(f"customers/{name}/key"),
    } | {field: getattr(template, field) for field in copied}


def _growth(settings: CustomerSettings, segment: Segment) -> dict[str, object]:
    """How volume and budget of a workload grow without the effect of prices."""
    if not settings.uses.enabled:
        return {"growth_per_day": math.log1p(segment.growth_per_year) / DAYS_PER_YEAR, "ceiling": math.inf}
    diffusion = segment.diffusion or settings.uses.diffusion
    return {"growth_per_day": diffusion.per_year / DAYS_PER_YEAR, "ceiling": diffusion.ceiling}


def _beginning(template: WorkloadTemplate) -> dict[str, object]:
    """What the prompts of a workload begin with."""
    shared = template.shared_prefix
    if shared is None:
        return {"shared_tokens": 0, "documents": 1, "zipf_exponent": 0.0}
    return {"shared_tokens": shared.tokens, "documents": shared.documents, "zipf_exponent": shared.zipf_exponent}


def _assembled(
    settings: CustomerSettings, segments: list[str], customers: list[_Customer], columns: dict[str, list[object]]
) -> Population:
    drawn: dict[str, Any] = {
        name: tuple(values) if name in TEXTS else np.array(values, np.uint64 if name == "key" else None)
        for name, values in columns.items()
    }
    routed = np.array([customer.routed_usd_per_day for customer in customers])
    planned = float(drawn["base_per_s"][drawn["entry_day"] == 0].sum())
    # with nobody on the first day there is nothing to scale to
    reach = settings.requests_per_s / planned if planned > 0 else 1.0
    drawn["free"] = uniforms(drawn["key"], ("free",))[:, 0] < settings.free_share
    drawn["need"], uses = np.zeros(len(drawn["names"])), settings.uses
    if uses.enabled:
        reach /= uses.planned_share
        low, high = uses.needs
        drawn["need"] = low + (high - low) * uniforms(drawn["key"], ("need",))[:, 0]
    for name in ("base_per_s", "budget_usd_per_day"):
        drawn[name] = drawn[name] * reach
    return Population(
        customer_names=tuple(customer.name for customer in customers), segment_names=tuple(segments), reach=reach,
        uses=uses.enabled, customer_segment=np.array([customer.segment for customer in customers]),
        revenue_usd_per_month=np.array([customer.revenue_usd_per_month for customer in customers]),
        budget_share=np.array([customer.budget_share for customer in customers]),
        customer_budget_usd_per_day=routed * reach,
        **drawn,
    )
