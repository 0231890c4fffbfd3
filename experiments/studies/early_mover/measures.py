"""What ``early_mover`` finds: the gap between who moved first and who moved later, by months since the later one moved.

(E148)  gap(k) = mean over races of [margin of the first - margin of the later one], k months after the later one
serves from its new path;  lasting_share = gap(12) / max_{k <= 0} gap(k),  early_share the same of gap(3)
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

import numpy as np

from experiments.studies.assuming import at_point
from experiments.studies.early_mover.design import MARKETS, MONTHS
from sim.market.downstream.access_paths import PATHS
from sim.market.downstream.software_race import (
    NEVER,
    RaceMonths,
    RaceRules,
    SoftwareFirms,
    run_race,
    served_from,
)
from sim.streams import Streams

if TYPE_CHECKING:
    from pandas import DataFrame

    from experiments.runs.specs import Value
    from experiments.studies.early_mover.assumed import MoverAssumptions
    from experiments.studies.early_mover.design import MoverMarkets

PLACES: Final = (0, 6, 12, 18, NEVER)  # months in which firms decide to move, by place
PLACE_NAMES: Final = ("month 0", "month 6", "month 12", "month 18", "never")
FIRST, LATE, LAST = 0, 3, 4  # places of who moves first, of the rule's rival, and of who never moves
BEFORE, AFTER = -18, 16  # months since the later one moved that are looked at
SOON, LONG = 3, 12  # at which the rule looks
MOVING: Final = "firms move"
STANDING: Final = "no firm ever moves"
FROZEN: Final = "firms move, prices and customers as they were (the inputs alone)"
UNIFORM: Final = "firms move, routers look at no price"
CUSTOMERS: Final = "share of customers at the end"
ALIVE: Final = "still there at the end"
ALIVE_STANDING: Final = "still there if none moves"
POINT_MARKETS: Final = 8  # of a point of the sensitivity
MOST_COST: Final = 0.95  # of the first price, that a firm with much use of tokens may have
WORLD_MARKETS: Final = 3  # of a seed of a world whose verdict is known


@dataclass(frozen=True)
class Race:
    """What is kept of the races of a seed.

    Attributes
    ----------
    gaps
        By place of the later firm, 1 to 4: gap by month from `BEFORE` to `AFTER` since it moved, float64 (months,).
    shares
        Of all customers, by place and month of the race, float64 (places, months).
    margins
        Mean gross margin of firms still there, by place and month, float64 (places, months).
    alive
        Share of firms still there, by place and month, float64 (places, months).
    paths
        Share of firms that moved by path at the end, float64 (paths,), of the first to move.
    """

    gaps: Mapping[int, np.ndarray]
    shares: np.ndarray
    margins: np.ndarray
    alive: np.ndarray
    paths: np.ndarray


@dataclass(frozen=True)
class FoundMovers:
    """Races by case, one a seed."""

    cases: Mapping[str, tuple[Race, ...]]


def find_movers(design: MoverMarkets, check: Callable[[], None]) -> FoundMovers:
    """Return the races of all seeds and cases."""
    cases: dict[str, list[Race]] = {MOVING: [], STANDING: [], FROZEN: [], UNIFORM: []}
    for replication in range(design.replications):
        firms = draw_firms(design, replication)
        for case, rows in cases.items():
            rows.append(raced(firms, design, case))
            check()
    return FoundMovers({case: tuple(rows) for case, rows in cases.items()})


def draw_firms(design: MoverMarkets, replication: int) -> SoftwareFirms:
    """Return a seed's markets, five races of each: firm i of a market stands in place (i + r) mod 5 of race r."""
    assumed, streams, size = design.assumed, Streams(design.seed, replication), (design.markets, len(PLACES))
    terms = assumed.software
    spread = assumed.most_share - assumed.least_share
    usual = assumed.least_share + spread * streams.generator("share of tokens").random(design.markets)
    use = np.exp(terms.use_sd * streams.generator("use of firms").normal(size=size))
    taste = terms.taste_sd * streams.generator("quality of firms").normal(size=size)
    waits = streams.generator("migration of firms").random(size)
    migration = terms.migration_least + np.floor(waits * (terms.migration_most - terms.migration_least + 1)).astype(int)
    races = len(PLACES)
    usual_all = np.repeat(usual, races)
    # a firm that tokens cost more than its price would not be there
    share = np.minimum(usual[:, None] * use, MOST_COST * (1.0 - terms.other_cost))
    move = np.array([np.roll(PLACES, turn) for turn in range(races)])
    return SoftwareFirms(np.repeat(share, races, axis=0), usual_all, np.repeat(taste, races, axis=0),
                         np.repeat(migration, races, axis=0), np.tile(move, (design.markets, 1)))


def raced(firms: SoftwareFirms, design: MoverMarkets, case: str) -> Race:
    """Return what is kept of a seed's races, in places' order."""
    assumed = at_point(design.assumed, {"access.router_exponent": 0.0}) if case == UNIFORM else design.assumed
    rules = RaceRules(assumed.access, assumed.software, design.months, case == FROZEN)
    place = np.argsort(firms.move, axis=1, kind="stable")  # firm by place
    if case == STANDING:
        months = run_race(firms._replace(move=np.full(firms.move.shape, NEVER)), rules)
    else:
        months = run_race(firms, rules)
    ordered = RaceMonths(*(np.take_along_axis(column, place[None], axis=2) for column in months))
    return _kept(ordered, _moved_by(firms, place, ordered, case), case)


def _moved_by(firms: SoftwareFirms, place: np.ndarray, months: RaceMonths, case: str) -> np.ndarray:
    """Return since when each place serves from its new path, int64 (races, places).

    Who decides to stay, or never moves, is taken to have moved when it could have.
    """
    decided = np.minimum(np.array(PLACES), PLACES[LATE])
    could = decided + np.take_along_axis(firms.migration, place, axis=1)
    served = served_from(firms, months)
    return np.asarray(could if case == STANDING else np.where(served < NEVER, np.maximum(served, 0), could))


def _kept(months: RaceMonths, moved: np.ndarray, case: str) -> Race:
    gaps = {later: aligned(months.margin[:, :, FIRST] - months.margin[:, :, later], moved[:, later])
            for later in range(1, len(PLACES))}
    last = np.bincount(months.path[-1][:, FIRST], minlength=len(PATHS)) / months.path.shape[1]
    with_firm = months.alive.any(axis=1)
    margins = np.where(with_firm, np.nansum(months.margin, axis=1) / np.maximum(months.alive.sum(axis=1), 1), np.nan)
    return Race(gaps, months.share.mean(axis=1).T, margins.T, months.alive.mean(axis=1).T, last)


def aligned(gap: np.ndarray, moved: np.ndarray) -> np.ndarray:
    """Return the mean gap by month since the later firm moved, float64 (`AFTER` - `BEFORE` + 1,).

    Of races in which both firms are there; nan if there is none.

    Parameters
    ----------
    gap
        By month of the race, float64 (months, races); nan where a firm has closed.
    moved
        Month in which the later one moved, int64 (races,).
    """
    at = moved[None, :] + np.arange(BEFORE, AFTER + 1)[:, None]
    known = (at >= 0) & (at < len(gap))
    values = np.where(known, np.take_along_axis(gap, np.clip(at, 0, len(gap) - 1), axis=0), np.nan)
    there = np.isfinite(values)
    return np.asarray(np.where(there.any(axis=1), np.nansum(values, axis=1) / np.maximum(there.sum(axis=1), 1), np.nan))


def statistics_of(gap: np.ndarray) -> dict[str, float]:
    """Return what the rule compares, of a gap by month since the later firm moved (E148).

    Where the first never was ahead there is nothing that could last: shares are 0.
    """
    largest = float(np.nanmax(gap[: 1 - BEFORE]))
    soon, long = (float(gap[month - BEFORE]) for month in (SOON, LONG))
    shares = (soon / largest, long / largest) if largest > 0.0 else (0.0, 0.0)
    return {"lasting_points": long, "lasting_share": shares[1], "early_share": shares[0], "largest": largest}


def statistics(found: FoundMovers, case: str = MOVING, later: int = LATE) -> dict[str, list[float]]:
    """Return what the rule compares, one value a seed."""
    rows = [statistics_of(race.gaps[later]) for race in found.cases[case]]
    return {name: [row[name] for row in rows] for name in rows[0]}


def statistics_at(design: MoverMarkets, point: Mapping[str, Value]) -> dict[str, float]:
    """Return what the rule compares at a point: of a few markets, always the same."""
    there = replace(design, assumed=at_point(design.assumed, point), markets=POINT_MARKETS, replications=1)
    return statistics_of(raced(draw_firms(there, 0), there, MOVING).gaps[LATE])


def world(assumed: MoverAssumptions, seeds: int, seed: int) -> FoundMovers:
    """Return what a world shows, with a few markets a seed."""
    from experiments.studies.early_mover.design import MoverMarkets

    return find_movers(MoverMarkets(assumed, seed, seeds, WORLD_MARKETS, MONTHS), lambda: None)


def summary(found: FoundMovers) -> DataFrame:
    """Return what is told of every later firm, with intervals over seeds: later, quantity, mean, half_width."""
    import pandas as pd

    from experiments.stats import interval

    rows = []
    for later in range(1, len(PLACES)):
        for name, values in told_of(found, later).items():
            got = interval(values)
            rows.append((PLACE_NAMES[later], name, got.mean, got.half_width))
    return pd.DataFrame(rows, columns=["later", "quantity", "mean", "half_width"])


def told_of(found: FoundMovers, later: int) -> dict[str, list[float]]:
    """Return what is told of a later firm, one value a seed.

    The gap at its largest, what is left of it 3 and 12 months after, and the firm's customers and survival at the end.
    """
    said, races = statistics(found, later=later), found.cases[MOVING]
    return {**{name: said[name] for name in ("largest", "early_share", "lasting_share", "lasting_points")},
            "lasting_points, inputs alone": statistics(found, FROZEN, later)["lasting_points"],
            CUSTOMERS: [float(race.shares[later][-1]) for race in races],
            ALIVE: [float(race.alive[later][-1]) for race in races],
            ALIVE_STANDING: [float(race.alive[later][-1]) for race in found.cases[STANDING]]}


def by_place(found: FoundMovers) -> DataFrame:
    """Return margin, share of customers and survivors by place at some months of the race, means over seeds."""
    import pandas as pd

    rows = []
    for place, name in enumerate(PLACE_NAMES):
        races = found.cases[MOVING]
        for month in range(0, races[0].margins.shape[1], 6):
            rows.append((name, month, *(float(np.nanmean([column[place][month] for column in columns])) for columns in (
                [race.margins for race in races], [race.shares for race in races], [race.alive for race in races]))))
    return pd.DataFrame(rows, columns=["moves", "months_since_start", "gross_margin", "customers", "alive"])


def by_path(found: FoundMovers) -> DataFrame:
    """Return by which path who moved first gets tokens at the end: share of races, means over seeds."""
    import pandas as pd

    mean = np.mean([race.paths for race in found.cases[MOVING]], axis=0)
    return pd.DataFrame({"path": PATHS, "share_of_first_movers": mean})


def full_markets(design: MoverMarkets) -> str:
    """Say why a design is smaller than a full one; empty if it is not."""
    small = design.markets < MARKETS or design.months < MONTHS
    return f"{design.markets} markets a seed over {design.months} months" if small else ""
