"""What ``unit_economics`` finds: how wrong founders' forecasts are, why, and how much the best path would save."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

import numpy as np

from experiments.studies.assuming import at_point
from experiments.studies.unit_economics.founders import (
    MONTHS,
    STAGES_USD,
    Founders,
    YearParts,
    claimed,
    drawn_founders,
    drawn_year,
    margins_by_path,
)
from sim.market.downstream.access_paths import CLOSED, DEDICATED, HOSTED, OWNED, PATHS, ROUTED, break_even_mtok
from sim.streams import Streams

if TYPE_CHECKING:
    from pandas import DataFrame

    from experiments.runs.specs import Value
    from experiments.studies.unit_economics.assumed import FounderAssumptions
    from experiments.studies.unit_economics.design import FounderYears

PARTS: Final = ("price", "volume", "model")
BENCHMARKS: Final = {"2025": 0.45, "2026, expected": 0.52}  # gross margin of AI products: ICONIQ, January 2026


@dataclass(frozen=True)
class Yearly:
    """A seed: founders, what the year did to them, and margins by path today and then, float64 (paths, founders)."""

    founders: Founders
    parts: YearParts
    today: np.ndarray
    then: np.ndarray

    @property
    def gain(self) -> np.ndarray:
        """Margin of the best path less that of their own, then, float64 (founders,)."""
        own = np.take_along_axis(self.then, self.founders.path[None], axis=0)[0]
        return np.asarray(self.then.max(axis=0) - own)


@dataclass(frozen=True)
class FoundYears:
    """Seeds of the year as it is, of one in which nothing changes, and of one with routers that look at no price."""

    assumed: FounderAssumptions
    seeds: tuple[Yearly, ...]
    still: tuple[Yearly, ...] = ()
    uniform: tuple[Yearly, ...] = ()


def find_years(design: FounderYears, check: Callable[[], None]) -> FoundYears:
    """Return all seeds."""
    seeds, still, uniform = [], [], []
    unrouted = at_point(design.assumed, {"access.router_exponent": 0.0})
    for replication in range(design.replications):
        seeds.append(year(design, design.assumed, replication))
        still.append(year(design, _still(design.assumed), replication))
        uniform.append(year(design, unrouted, replication))
        check()
    return FoundYears(design.assumed, tuple(seeds), tuple(still), tuple(uniform))


def year(design: FounderYears, assumed: FounderAssumptions, replication: int) -> Yearly:
    """Return a seed's founders and their year."""
    streams = Streams(design.seed, replication)
    founders = drawn_founders(assumed, streams, design.founders)
    parts = drawn_year(assumed, streams, design.founders)
    return Yearly(founders, parts, margins_by_path(assumed, founders, np.zeros(design.founders), 0.0),
                  margins_by_path(assumed, founders, parts.error, MONTHS))


def _still(assumed: FounderAssumptions) -> FounderAssumptions:
    return at_point(assumed, {"longer": 1.0, "more_requests": 1.0, "growth_sd": 0.0, "cut_chance": 0.0,
                              "change_rate": 0.0})


def error_of(seed: Yearly) -> float:
    """Return the median size of the error of founders whom the claim is about."""
    return float(np.median(np.abs(seed.parts.error[claimed(seed.founders)])))


def gain_of(seed: Yearly) -> float:
    """Return the median of what the best path would save the founders whom the claim is about."""
    return float(np.median(seed.gain[claimed(seed.founders)]))


def size_alone(seed: Yearly, part: str) -> float:
    """Return the median size of one cause of the error (E149), of founders whom the claim is about."""
    return float(np.median(np.abs(getattr(seed.parts, part)[claimed(seed.founders)])))


def statistics(found: FoundYears) -> dict[str, list[float]]:
    """Return what the rule compares, one value a seed."""
    return {"error": [error_of(seed) for seed in found.seeds], "best_gain": [gain_of(seed) for seed in found.seeds]}


def control(found: FoundYears) -> list[float]:
    """Return the error where nothing changes."""
    return [error_of(seed) for seed in found.still]


def inputs_alone(assumed: FounderAssumptions) -> dict[str, list[float]]:
    """Return what the inputs say without founders: a customer's median growth of tokens, and the routed path's price.

    The second is the saving of a founder with the closed model and the median share of tokens, of whom nothing changed
    and a move costs nothing.
    """
    from sim.market.downstream.access_paths import api_usd_per_mtok

    access, middle = assumed.access, (assumed.least_share * assumed.most_share) ** 0.5
    closed, routed = (float(api_usd_per_mtok(access, path, 0.0)) for path in (CLOSED, ROUTED))
    return {"L0 error: a customer's tokens alone": [abs(float(np.log(assumed.longer * assumed.more_requests)))],
            "L0 best_gain: prices of paths alone": [middle * access.movable * max(0.0, 1.0 - routed / closed)]}


def by_rung(found: FoundYears) -> dict[str, list[float]]:
    """Return both statistics by rung of the ladder of nulls.

    From median inputs; with customers' tokens drawn at list prices and models of today; with routers that send
    requests to hosts at random; and as found.
    """
    return {**inputs_alone(found.assumed),
            "L1 error: tokens drawn, list prices and models of today":
                [size_alone(seed, "volume") for seed in found.seeds],
            "L2 best_gain: routers look at no price": [gain_of(seed) for seed in found.uniform],
            **{f"L3 {name}: all": values for name, values in statistics(found).items()}}


def statistics_at(design: FounderYears, point: Mapping[str, Value]) -> dict[str, float]:
    """Return what the rule compares at a point, of two seeds that are always the same."""
    there = replace(design, assumed=at_point(design.assumed, point), replications=2)
    seeds = tuple(year(there, there.assumed, replication) for replication in range(there.replications))
    return {name: float(np.mean(values)) for name, values in
            statistics(FoundYears(there.assumed, seeds)).items()}


def summary(found: FoundYears) -> DataFrame:
    """Return a row a quantity with its interval over seeds: errors, their parts, gains, margins beside benchmarks."""
    import pandas as pd

    from experiments.stats import interval

    rows = []
    for name, values in quantities(found):
        got = interval(values)
        rows.append((name, got.mean, got.half_width))
    return pd.DataFrame(rows, columns=["quantity", "mean", "half_width"])


def quantities(found: FoundYears) -> list[tuple[str, list[float]]]:
    """Return what is told of every seed, of founders whom the claim is about."""
    said, seeds = statistics(found), found.seeds
    who = [claimed(seed.founders) for seed in seeds]
    rows = [("error", said["error"]),
            ("share of founders off by half or more",
             [float((np.abs(seed.parts.error[at]) > np.log(1.5)).mean()) for seed, at in zip(seeds, who, strict=True)]),
            ("share who pay more than they forecast",
             [float((seed.parts.error[at] > 0.0).mean()) for seed, at in zip(seeds, who, strict=True)])]
    rows += [(f"mean ln(actual/naive), {part}",
              [float(getattr(seed.parts, part)[at].mean()) for seed, at in zip(seeds, who, strict=True)])
             for part in PARTS]
    rows += [(f"median size of ln(actual/naive), {part} alone", [size_alone(seed, part) for seed in seeds])
             for part in PARTS]
    rows.append(("error with customers' growth unforeseen", [
        float(np.median(np.abs(seed.parts.error + np.log(seed.founders.growth))[at]))
        for seed, at in zip(seeds, who, strict=True)]))
    rows.append(("best_gain", said["best_gain"]))
    rows += [(f"gross margin, {when}", [float(np.mean(_own(seed, margins)[at])) for seed, margins, at in
                                        zip(seeds, columns, who, strict=True)])
             for when, columns in (("today", [seed.today for seed in seeds]),
                                   ("in a year", [seed.then for seed in seeds]))]
    rows += [(f"gross margin of AI products, {when} (ICONIQ)", [value]) for when, value in BENCHMARKS.items()]
    return rows


def _own(seed: Yearly, margins: np.ndarray) -> np.ndarray:
    return np.asarray(np.take_along_axis(margins, seed.founders.path[None], axis=0)[0])


def profit_and_loss(assumed: FounderAssumptions) -> DataFrame:
    """Return a year's account of a founder by stage, growth and path, over revenue, a year on.

    With the median share of tokens and the median growth of a customer's tokens, at the price of constant quality that
    a better model takes up again: nobody is drawn.
    """
    import pandas as pd

    middle = (assumed.least_share * assumed.most_share) ** 0.5
    error = np.log(assumed.longer * assumed.more_requests)
    rows = []
    for stage in STAGES_USD:
        for growth in (assumed.slow_growth, assumed.fast_growth):
            one = Founders(np.array([stage]), np.array([growth]), np.array([middle]), np.array([PATHS.index(CLOSED)]))
            margins = margins_by_path(assumed, one, np.array([error]), MONTHS)[:, 0]
            for path, margin in zip(PATHS, margins, strict=True):
                tokens = 1.0 - assumed.other_cost - margin
                rows.append((stage / 1e6, growth, path, stage * growth / 1e6, tokens, assumed.other_cost, margin,
                             bool(margin == margins.max())))
    return pd.DataFrame(rows, columns=["arr_musd", "growth", "path", "revenue_rate_musd", "tokens", "other",
                                       "gross_margin", "best"])


def break_evens(assumed: FounderAssumptions) -> DataFrame:
    """Return from which volume GPUs cost no more than an API (E146), and at which revenue a founder has it, by month.

    Of a founder with the median share of tokens, all of it with the closed model, and only the movable part moved.
    """
    import pandas as pd

    from sim.market.downstream.access_paths import api_usd_per_mtok

    access, middle = assumed.access, (assumed.least_share * assumed.most_share) ** 0.5
    rows = []
    for month in (0.0, MONTHS):
        closed = float(api_usd_per_mtok(access, CLOSED, month))
        for path in (DEDICATED, OWNED):
            for against in (CLOSED, HOSTED, ROUTED):
                mtok = break_even_mtok(access, path, against, month)
                work = access.movable * middle
                arr = mtok * closed * MONTHS / work / 1e6 if work > 0.0 else np.inf
                rows.append((month, path, against, mtok / 1e3, arr))
    return pd.DataFrame(rows, columns=["months_ahead", "path", "against", "billion_tokens_a_month", "arr_musd"])


def world(design: FounderYears) -> FoundYears:
    """Return what a world shows, without being interrupted."""
    return find_years(design, lambda: None)
