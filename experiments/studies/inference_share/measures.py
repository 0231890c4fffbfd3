"""What ``inference_share`` finds: dates at which inference passes training, over what is assumed."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from experiments.designs.plan import make_plan
from experiments.studies.assuming import at_point, factors_in, held
from experiments.studies.inference_share import balance
from sim.streams import Streams

if TYPE_CHECKING:
    from pandas import DataFrame

    from experiments.runs.specs import Value
    from experiments.studies.inference_share.assumed import ShareAssumptions
    from experiments.studies.inference_share.design import BudgetYears

YEARS: Final = (5.0, 10.0)  # after the claim
MONEY: Final = "budgets."
ALL: Final = "all assumptions drawn"
OF_MONEY: Final = "only what is imposed on money drawn"
FROZEN: Final = "all drawn, uses and prices frozen (the inputs alone)"
STILL: Final = "nothing grows"
PENETRATIONS: Final = (0.1, 0.2, 0.3, 0.5)  # long-run elasticity 1.95, 1.56, 1.29, .89
Rows = Sequence[Sequence["ShareAssumptions"]]  # of points, by seed
SUMMARY: Final = ("case", "elasticity", "median", "before", "in_window", "in_window_half_width", "after", "never",
                  "leads_at_end")


@dataclass(frozen=True)
class FoundDates:
    """Dates by case, float64 (seeds, points): years since the first year, inf for none within the horizon.

    Attributes
    ----------
    assumed
        The assumptions.
    dates
        By case: `ALL`, `OF_MONEY`, `FROZEN`, `STILL`.
    by_penetration
        `OF_MONEY` at each of `PENETRATIONS` and its elasticity.
    leads
        By case the share of all points at which inference leads when the claim's years end: it may have fallen behind
        again.
    """

    assumed: ShareAssumptions
    dates: Mapping[str, np.ndarray]
    by_penetration: Mapping[float, np.ndarray]
    leads: Mapping[str, float]

    @property
    def window(self) -> np.ndarray:
        """The claim's years, since the first year, float64 (2,)."""
        return np.asarray(YEARS) + self.assumed.claimed_in - self.assumed.budgets.first_year


def find_dates(design: BudgetYears, check: Callable[[], None]) -> FoundDates:
    """Return the dates of a design's points."""
    everything = [drawn(design, "all", seed, "") for seed in range(design.replications)]
    money = [drawn(design, "money", seed, MONEY) for seed in range(design.replications)]
    check()
    still = [[_still(it) for it in row] for row in everything]
    cases = {ALL: everything, OF_MONEY: money, FROZEN: everything, STILL: still}
    return _found(design.assumed, cases, design.horizon_years)


def world(assumed: ShareAssumptions, seeds: int, horizon_years: float) -> FoundDates:
    """Return what a world shows of which all is known: every seed draws the same point."""
    same = [[assumed]] * seeds
    return _found(assumed, {ALL: same, OF_MONEY: same, FROZEN: same, STILL: [[_still(assumed)]] * seeds}, horizon_years)


def _found(assumed: ShareAssumptions, cases: Mapping[str, Rows], years: float) -> FoundDates:
    dates = {case: _dates(rows, years, case != FROZEN) for case, rows in cases.items()}
    by_penetration = {value: _dates([[at_point(it, {"demand.penetration": value}) for it in row]
                                     for row in cases[OF_MONEY]], years) for value in PENETRATIONS}
    end = np.array([YEARS[1] + assumed.claimed_in - assumed.budgets.first_year])
    leads = {case: float(np.mean([_leads(it, end, case != FROZEN) for row in rows for it in row]))
             for case, rows in cases.items()}
    return FoundDates(assumed, dates, by_penetration, leads)


def _leads(assumed: ShareAssumptions, year: np.ndarray, answers: bool) -> bool:
    seen = balance.course(assumed.budgets, assumed.demand, year, answers)
    return bool(seen.inference[0] >= seen.training[0])


def drawn(design: BudgetYears, what: str, replication: int, prefix: str) -> list[ShareAssumptions]:
    """Return a seed's points: a Latin hypercube over the ranges of the assumptions that begin with ``prefix``.

    One that is not the study's own keeps its value, and the others theirs of before.
    """
    mine = held(design.assumed)
    word = Streams(design.seed, replication).word(f"points {what}") % 2**31
    plan = make_plan("latin-hypercube", factors_in(design.assumed, prefix), samples=design.points_a_seed, seed=word)
    return [at_point(design.assumed, {path: value for path, value in point.items() if path not in mine})
            for point in plan.points]


def _still(assumed: ShareAssumptions) -> ShareAssumptions:
    return at_point(assumed, {"budgets.outside_growth": 1.0, "demand.price_divisor": 1.0, "demand.paid_divisor": 1.0,
                              "demand.diffusion": 0.0})


def _dates(points: Rows, years: float, answers: bool = True) -> np.ndarray:
    return np.array([[balance.crossing(it.budgets, it.demand, years, answers) for it in row] for row in points])


def in_window(found: FoundDates, dates: np.ndarray) -> np.ndarray:
    """Return the share of points whose date is in the claim's years, float64 (seeds,)."""
    low, high = found.window
    return np.asarray(((dates >= low) & (dates <= high)).mean(axis=1))


def statistics(found: FoundDates) -> dict[str, list[float]]:
    """Return what the rule compares, one value a seed."""
    return {"in_window": in_window(found, found.dates[ALL]).tolist(),
            "money_in_window": in_window(found, found.dates[OF_MONEY]).tolist()}


def statistics_at(design: BudgetYears, point: Mapping[str, Value]) -> dict[str, float]:
    """Return what the rule compares at a point: is its date in the window, and how often is it when money is drawn."""
    at = at_point(design.assumed, point)
    one = FoundDates(at, {}, {}, {})
    alone = np.array([[balance.crossing(at.budgets, at.demand, design.horizon_years)]])
    mine = held(design.assumed)
    money = [[at_point(at, {path: value for path, value in plain.items() if path not in mine})
              for plain in make_plan("latin-hypercube", factors_in(at, MONEY), samples=40,
                                     seed=design.seed % 2**31).points]]
    return {"in_window": float(in_window(one, alone)[0]),
            "money_in_window": float(in_window(one, _dates(money, design.horizon_years))[0])}


def summary(found: FoundDates) -> DataFrame:
    """Return by case the median calendar year, and shares of points: before, in and after the window, and never."""
    import pandas as pd

    usual = found.assumed.demand
    rows = [_row(found, case, _elasticity(found, usual.penetration) if case == OF_MONEY else np.nan, dates)
            for case, dates in found.dates.items()]
    rows += [_row(found, f"{OF_MONEY}, {value:g} of uses live at first", _elasticity(found, value), dates)
             for value, dates in found.by_penetration.items()]
    return pd.DataFrame(rows, columns=list(SUMMARY))


def _elasticity(found: FoundDates, penetration: float) -> float:
    demand = at_point(found.assumed, {"demand.penetration": penetration}).demand
    return float(balance.course(found.assumed.budgets, demand, np.zeros(1)).elasticity[0])


def _row(found: FoundDates, case: str, elasticity: float, dates: np.ndarray) -> tuple[object, ...]:
    from experiments.stats import interval

    shares = interval(in_window(found, dates).tolist())
    low, high = found.window
    median = found.assumed.budgets.first_year + float(np.quantile(dates, 0.5, method="higher"))
    never = np.isinf(dates)
    return (case, elasticity, median, float((dates < low).mean()), shares.mean, shares.half_width,
            float(((dates > high) & ~never).mean()), float(never.mean()), found.leads.get(case, np.nan))


def later_by_elasticity(found: FoundDates) -> list[float]:
    """Return how much later inference leads with half of the uses live at first than with a tenth, years, by seed.

    Of points that have a date in both cases; nan if there are none.
    """
    few, half = found.by_penetration[PENETRATIONS[0]], found.by_penetration[PENETRATIONS[-1]]
    both = np.isfinite(few) & np.isfinite(half)
    apart = np.where(both, half, 0.0) - np.where(both, few, 0.0)
    return [float(row[kept].mean()) if kept.any() else float("nan") for row, kept in zip(apart, both, strict=True)]
