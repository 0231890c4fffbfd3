"""What the study of shared pools found: capacities at equal waits, and a tenant's wait beside a bursting neighbour."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Final

from experiments.stats.intervals import interval
from experiments.studies.cdn.assumed import SharedPool
from experiments.studies.cdn.design import ALONE, MANY, NEIGHBOUR, SHARED, Cell, SharedPools
from experiments.studies.cdn.square_root import load_of, reserved, slots_needed, wait_at
from sim.units import HOUR_S, TOKENS_PER_MTOK

if TYPE_CHECKING:
    from pandas import DataFrame

    from experiments.store.results import Results

FULL_CORRELATION: Final = 1.0
COLUMNS: Final = (  # of the summary; slots of a tenant, and what its answer tokens cost
    "tenancy", "tenants", "correlation", "mean", "half_width", "n", "root_law", "deviation_se", "inputs_alone",
    "saving", "saving_inputs_alone", "saving_in_replicas", "usd_per_mtok", "usd_inputs_alone")
RESERVED: Final = "reserved, and bursts in a pool of 20"


@dataclass(frozen=True)
class PoolsFound:
    """Capacities and waits.

    Attributes
    ----------
    assumed
        The assumptions.
    needed
        Slots at which the tenants' limit is met, by cell, one a seed; nan where no size that was run is on either side.
    beside
        The 99th percentile beside a bursting neighbour over that beside none, in the pool of 20 so sized, one a seed.
    waits
        What was measured: tenancy, tenants, correlation, slots, seed, ttft_p99_s; empty of a world in closed form.
    """

    assumed: SharedPool
    needed: Mapping[Cell, Sequence[float]]
    beside: Sequence[float]
    waits: DataFrame

    def saving(self, cell: Cell) -> list[float]:
        """Return the share of capacity that tenants save who share a pool, one a seed."""
        alone = self.needed[Cell(ALONE, 1, self.assumed.correlation)]
        return [1 - together / (cell.tenants * own) for together, own in zip(self.needed[cell], alone, strict=True)]


def found_in(design: SharedPools, results: Results) -> PoolsFound:
    """Return what the runs in a store say."""
    import pandas as pd

    frame = results.statistic("ttft_p99", by=["row", "replication", "segment"])
    mine = frame[frame["segment"] == "own"].sort_values(["row", "replication"], kind="stable")
    places = list(design.places())
    rows = [(*places[int(it.row)][0], places[int(it.row)][1], int(it.replication), float(it.mean))
            for it in mine.itertuples(index=False)]
    waits = pd.DataFrame(rows, columns=["tenancy", "tenants", "correlation", "slots", "seed", "ttft_p99_s"])
    courses = {(Cell(*key[:3]), int(key[3])): list(zip(of["slots"].tolist(), of["ttft_p99_s"].tolist(), strict=True))
               for key, of in waits.groupby(["tenancy", "tenants", "correlation", "seed"], sort=False)}
    limit, seeds = design.assumed.ttft_s, range(design.replications)
    needed = {cell: [slots_at(courses[cell, seed], limit) for seed in seeds] for cell in design.cells()}
    ordinary, other = (Cell(kind, MANY, design.assumed.correlation) for kind in (SHARED, NEIGHBOUR))
    beside = [wait_of(courses[other, seed], needed[ordinary][seed]) / limit for seed in seeds]
    return PoolsFound(design.assumed, needed, beside, waits)


def slots_at(course: Sequence[Sequence[float]], limit_s: float) -> float:
    """Return the slots at which a wait that falls with them is the limit: straight lines in the wait's logarithm.

    Parameters
    ----------
    course
        Slots and waits, slots rising.
    limit_s
        The limit.

    Returns
    -------
    float
        Between two neighbours in the course, the first that lie on both sides; nan if none do.

    Examples
    --------
    >>> slots_at([(10, 8.0), (20, 2.0)], 4.0)
    15.0
    """
    for (slots, wait), (more, less) in pairwise(course):
        if wait >= limit_s > less > 0:
            return slots + (more - slots) * math.log(wait / limit_s) / math.log(wait / less)
    return math.nan


def wait_of(course: Sequence[Sequence[float]], slots: float) -> float:
    """Return the wait at so many slots, by the same lines.

    Examples
    --------
    >>> wait_of([(10, 8.0), (20, 2.0)], 15.0)
    4.0
    """
    for (few, wait), (more, less) in pairwise(course):
        if few <= slots <= more:
            return float(wait * (less / wait) ** ((slots - few) / (more - few)))
    return math.nan


def closed_form(assumed: SharedPool) -> dict[str, float]:
    """Return the rule's statistics from the inputs alone (E100 to E102), with no noise."""
    alone = slots_needed(load_of(assumed, 1), assumed.ttft_s)
    pool = slots_needed(load_of(assumed, MANY), assumed.ttft_s)
    beside = wait_at(load_of(assumed, MANY, assumed.neighbour_factor), pool) / assumed.ttft_s
    return {"saving_at_20": 1 - pool / (MANY * alone), "neighbour_p99_ratio": beside}


def by_root(alone: float, assumed: SharedPool, cell: Cell) -> float:
    """Return the slots of a pool by the square-root law (E100), its β that of a tenant's own measured pool."""
    own = load_of(assumed, 1)
    load = load_of(assumed.model_copy(update={"correlation": cell.correlation}), cell.tenants)
    return load.mean + (alone - own.mean) / math.sqrt(own.variance) * math.sqrt(load.variance)


def summary(found: PoolsFound) -> DataFrame:
    """Return a row a tenancy: capacity of a tenant measured, by the root law, from the inputs alone, and its cost."""
    import pandas as pd

    mine, rows = found.assumed.correlation, []
    cells = [Cell(ALONE, 1, mine)]
    levels = sorted({cell.correlation for cell in found.needed} | {FULL_CORRELATION})
    cells += [Cell(SHARED, tenants, level) for level in levels for tenants in (5, 20, 100, 1000)]
    for cell in cells:
        rows.append(_row(found, cell))
    pool = slots_needed(load_of(found.assumed, MANY), found.assumed.ttft_s) / load_of(found.assumed, MANY).mean
    both = reserved(load_of(found.assumed, 1), found.assumed.reserved_discount)
    rows.append({"tenancy": RESERVED, "tenants": 1, "correlation": mine, "n": 0, "inputs_alone": both.cost * pool,
                 "usd_inputs_alone": usd_per_mtok(found.assumed, both.cost * pool)})
    return pd.DataFrame(rows)[list(COLUMNS)]


def _row(found: PoolsFound, cell: Cell) -> dict[str, object]:
    assumed = found.assumed.model_copy(update={"correlation": cell.correlation})
    own = found.needed[Cell(ALONE, 1, found.assumed.correlation)]
    alone = interval(list(own)).mean
    measured = found.needed.get(cell, ())
    seen = interval([slots / cell.tenants for slots in measured])
    each = slots_needed(load_of(assumed, cell.tenants), assumed.ttft_s) / cell.tenants
    # seed by seed, so that the noise of the own pool's β is in the difference
    gaps = interval([(slots - by_root(mine, found.assumed, cell)) / cell.tenants
                     for slots, mine in zip(measured, own, strict=False)])
    error = gaps.half_width / _student(gaps.n)
    base, replica = slots_needed(load_of(assumed, 1), assumed.ttft_s), assumed.slots_per_replica
    whole = math.ceil(each * cell.tenants / replica) / cell.tenants
    return {"tenancy": cell.tenancy, "tenants": cell.tenants, "correlation": cell.correlation, "mean": seen.mean,
            "half_width": seen.half_width, "n": seen.n, "root_law": by_root(alone, found.assumed, cell) / cell.tenants,
            "deviation_se": gaps.mean / error if error > 0 else math.nan, "inputs_alone": each,
            "saving": 1 - seen.mean / alone, "saving_inputs_alone": 1 - each / base,
            "saving_in_replicas": 1 - whole / math.ceil(base / replica),
            "usd_per_mtok": usd_per_mtok(assumed, seen.mean), "usd_inputs_alone": usd_per_mtok(assumed, each)}


def _student(seeds: int) -> float:
    from experiments.stats.intervals import t_quantile

    return t_quantile(seeds - 1, 0.975) if seeds > 1 else math.nan


def usd_per_mtok(assumed: SharedPool, slots: float) -> float:
    """Return what a million of a tenant's answer tokens cost in slots that are rented all the time (E104)."""
    tokens_per_h = assumed.rate_per_s * assumed.answer_tokens * HOUR_S
    return slots * assumed.replica_usd_per_h / assumed.slots_per_replica / tokens_per_h * TOKENS_PER_MTOK


def world(assumed: SharedPool, seeds: int) -> PoolsFound:
    """Return what would be found in a world that is as the closed form has it, alike in every seed."""
    import pandas as pd

    mine, numbers = assumed.correlation, closed_form(assumed)
    alone = slots_needed(load_of(assumed, 1), assumed.ttft_s)
    needed = {Cell(ALONE, 1, mine): [alone] * seeds, Cell(SHARED, 1, mine): [alone] * seeds,
              Cell(SHARED, MANY, mine): [slots_needed(load_of(assumed, MANY), assumed.ttft_s)] * seeds}
    return PoolsFound(assumed, needed, [numbers["neighbour_p99_ratio"]] * seeds, pd.DataFrame())
