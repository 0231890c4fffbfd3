"""What ``open_gap`` finds: what closed models earn at a short lag over what they earn at a long one."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from experiments.studies.assuming import at_point
from experiments.studies.model_lifetime.investment import life_after_peak, median_life
from experiments.studies.open_gap.design import BEST, FIXED, LagCases, LagCell
from experiments.studies.open_gap.gap_course import COARSE, STEP, ClosedCourse, Staged, course, discounted, staged

if TYPE_CHECKING:
    from pandas import DataFrame

    from experiments.runs.specs import Value
    from experiments.studies.open_gap.assumed import GapAssumptions

MONTH: Final = 28  # days of a month of the series of which half-lives are taken
FOLLOWED: Final = 12  # such months for which a model is followed at least
SUMMARY: Final = ("case", "lag_months", "gap", "n", "kept", "kept_half_width", "closed_token_share", "revenue_busd",
                  "gross_margin", "price_over_list", "half_life_months")


class ClosedOutcome(NamedTuple):
    """What a course of a case came to.

    Attributes
    ----------
    profit_usd
        Discounted gross profit of closed models' creators.
    first_usd
        Their gross profit in the first step, when everybody chooses anew.
    revenue_usd
        Not discounted.
    token_share
        Of closed models, of all tokens.
    margin
        Gross profit over revenue.
    price_factor
        What they charge over their list prices, weighted by revenue.
    half_life
        Months from its release until the median closed flagship has lost half of its peak's revenue; nan if it has not.
    """

    profit_usd: float
    first_usd: float
    revenue_usd: float
    token_share: float
    margin: float
    price_factor: float
    half_life: float


@dataclass(frozen=True)
class FoundGap:
    """Outcomes by case, one a seed.

    Attributes
    ----------
    assumed
        The assumptions.
    outcomes
        By case.
    """

    assumed: GapAssumptions
    outcomes: Mapping[LagCell, Sequence[ClosedOutcome]]

    def kept(self, cell: LagCell, first: bool = False) -> list[float]:
        """Return the profit in a case over that at the long lag, all else alike, one a seed.

        With ``first`` that of the first step; empty if one of both was not run.
        """
        long = cell._replace(months=self.assumed.behind.long_months)
        if long not in self.outcomes:
            return []
        pairs = zip(self.outcomes[cell], self.outcomes[long], strict=False)
        return [_over(one.first_usd, other.first_usd) if first else _over(one.profit_usd, other.profit_usd)
                for one, other in pairs]


def _over(one: float, other: float) -> float:
    return one / other if other > 0.0 else math.nan


def find_gap(design: LagCases, check: Callable[[], None]) -> FoundGap:
    """Return the outcomes of all cases of a design."""
    outcomes: dict[LagCell, list[ClosedOutcome]] = {}
    at, stage = None, None
    for cell, seed in design.places():
        assumed, place = design.in_cell(cell), (cell.months, cell.gap, seed)
        if place != at:
            at, stage = place, staged(assumed, design.seed, seed)
        assert stage is not None
        outcomes.setdefault(cell, []).append(outcome_of(assumed, stage, cell))
        check()
    return FoundGap(design.assumed, outcomes)


def outcome_of(assumed: GapAssumptions, stage: Staged, cell: LagCell, step_days: int = STEP) -> ClosedOutcome:
    """Return what the course of a case comes to."""
    seen = course(assumed, stage, cell.pricing, cell.has_open, step_days)
    revenue = float(seen.revenue_usd.sum())
    weights = seen.revenue_usd / max(revenue, 1e-9)
    return ClosedOutcome(discounted(seen, assumed.costs.hurdle), float(seen.profit_usd[0]), revenue,
                   float(seen.tokens.sum() / max(float(seen.all_tokens.sum()), 1e-9)),
                   float(seen.profit_usd.sum()) / max(revenue, 1e-9), float((weights * seen.price_factor).sum()),
                   half_life(seen))


def half_life(seen: ClosedCourse) -> float:
    """Return the median months from a closed flagship's release to where half of its peak's revenue is gone (E115)."""
    models = seen.models
    flagship = ~models.open & (models.total_b == models.total_b[~models.open].max())
    steps, a_month = len(seen.revenue_of), MONTH // seen.days
    lives, looked = [], []
    for row in np.flatnonzero(flagship):
        first = math.ceil(models.release_day[row] / seen.days)
        if not 0 < first <= steps - FOLLOWED * a_month:
            continue
        flow = seen.revenue_of[first:, row]
        months = len(flow) // a_month
        monthly = flow[:months * a_month].reshape(months, a_month).sum(axis=1)
        if monthly.max() > 0.0:
            lives.append(int(np.argmax(monthly)) + life_after_peak(monthly))
            looked.append(float(months))
    return median_life(np.array(lives), np.array(looked)) if lives else math.nan


def compared(found: FoundGap, has_brand: bool) -> list[float]:
    """Return the profit kept at the short lag, one a seed."""
    behind, sales = found.assumed.behind, found.assumed.sales
    return found.kept(LagCell(behind.months, behind.gap, BEST, has_brand, sales.cloud_share))


def statistics(found: FoundGap) -> dict[str, list[float]]:
    """Return what the rule compares, one value a seed."""
    both = list(zip(compared(found, True), compared(found, False), strict=True))
    return {"kept_most": [max(pair) for pair in both], "kept_least": [min(pair) for pair in both]}


def control(found: FoundGap) -> list[float]:
    """Return the same where nobody sells open models."""
    behind, sales = found.assumed.behind, found.assumed.sales
    return found.kept(LagCell(behind.months, behind.gap, cloud_share=sales.cloud_share, has_open=False))


def inputs_alone(found: FoundGap) -> dict[str, list[float]]:
    """Return what is kept at list prices on the first day, and over time; none where that was not run."""
    behind, rungs = found.assumed.behind, {}
    for has_brand, word in ((True, "with brand"), (False, "without brand")):
        cell = LagCell(behind.months, behind.gap, FIXED, has_brand)
        if cell in found.outcomes:
            rungs[f"L0 kept {word}: list prices, everybody chooses anew"] = found.kept(cell, first=True)
            rungs[f"L1 kept {word}: list prices, customers with habits"] = found.kept(cell)
        rungs[f"L3 kept {word}: creators answer"] = compared(found, has_brand)
    return rungs


def statistics_at(design: LagCases, point: Mapping[str, Value]) -> dict[str, float]:
    """Return what the rule compares at a point, of one seed in coarse steps."""
    one = replace(design, assumed=at_point(design.assumed, point), replications=1, table_seeds=0)
    places = [cell for cell in one.compared() if cell.has_open]
    outcomes: dict[LagCell, list[ClosedOutcome]] = {}
    for months in sorted({cell.months for cell in places}):
        mine = [cell for cell in places if cell.months == months]
        stage = staged(one.in_cell(mine[0]), one.seed, 0)
        for cell in mine:
            outcomes[cell] = [outcome_of(one.in_cell(cell), stage, cell, COARSE)]
    said = statistics(FoundGap(one.assumed, outcomes))
    return {name: values[0] for name, values in said.items()}


def case_of(cell: LagCell) -> str:
    """Return a case in words, but for its lag and gap."""
    parts = ["brand" if cell.has_brand else "no brand", {BEST: "creators answer", FIXED: "list prices"}.get(
        cell.pricing, cell.pricing)]
    parts += [f"clouds sell {cell.cloud_share:g}"] if cell.cloud_share else []
    parts += [] if cell.has_open else ["no open models"]
    return ", ".join(parts)


def summary(found: FoundGap) -> DataFrame:
    """Return a row a case: means over its seeds, and what is kept of the profit at the long lag, with its interval."""
    import pandas as pd

    from experiments.stats import interval

    rows = []
    for cell in sorted(found.outcomes, key=lambda it: (case_of(it), it.gap, it.months)):
        seen, kept = found.outcomes[cell], interval(found.kept(cell))
        lives = [it.half_life for it in seen if math.isfinite(it.half_life)]
        rows.append((case_of(cell), cell.months, cell.gap, len(seen), kept.mean, kept.half_width,
                     float(np.mean([it.token_share for it in seen])),
                     float(np.mean([it.revenue_usd for it in seen])) / 1e9, float(np.mean([it.margin for it in seen])),
                     float(np.mean([it.price_factor for it in seen])), float(np.mean(lives)) if lives else math.nan))
    return pd.DataFrame(rows, columns=list(SUMMARY))
