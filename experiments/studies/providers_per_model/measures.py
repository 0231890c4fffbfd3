"""What ``providers_per_model`` finds: the distribution of hosts over models, beside what was observed."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from experiments.studies.assuming import at_point
from experiments.studies.providers_per_model.hosting import counted, sized
from sim.streams import Streams

if TYPE_CHECKING:
    from pandas import DataFrame

    from experiments.runs.specs import Value
    from experiments.studies.providers_per_model.assumed import HostAssumptions
    from experiments.studies.providers_per_model.design import DrawnModels


class Fact(NamedTuple):
    """What was observed, whether it was used to set the fixed cost, and how it is had from hosts by model."""

    name: str
    observed: float
    used: bool
    of: Callable[[np.ndarray], float]


FACTS: Final = (
    Fact("mean hosts", 2.9, True, lambda hosts: float(hosts.mean())),
    Fact("median hosts", 1.0, False, lambda hosts: float(np.median(hosts))),
    Fact("90th percentile of hosts", 7.0, False, lambda hosts: float(np.quantile(hosts, 0.9))),
    Fact("most hosts", 27.0, False, lambda hosts: float(hosts.max())),
    Fact("models with three hosts or more", 82.0, False, lambda hosts: float((hosts >= 3).sum())),
)
WEIGHED: Final = tuple(fact for fact in FACTS if not fact.used and fact.name != "median hosts")  # it cannot be below 1


@dataclass(frozen=True)
class FoundHosts:
    """Hosts by model, int64 (models,), of every seed: at unequal demand, at equal demand, and without fixed cost.

    Attributes
    ----------
    unequal, equal, free
        By seed; of ``free`` the open models only.
    all_hosts
        How many hosts there are.
    """

    unequal: tuple[np.ndarray, ...]
    equal: tuple[np.ndarray, ...]
    free: tuple[np.ndarray, ...]
    all_hosts: int


def find_hosts(design: DrawnModels, check: Callable[[], None]) -> FoundHosts:
    """Return hosts of every seed's models."""
    rows: list[list[np.ndarray]] = [[], [], []]
    for replication in range(design.replications):
        assumed = design.assumed
        drawn = draw_models(assumed, Streams(design.seed, replication))
        rows[0].append(sized(drawn.spread, drawn.is_open, assumed))
        rows[1].append(sized(np.zeros(assumed.models), drawn.is_open, assumed))
        rows[2].append(counted(np.full(assumed.models, np.inf), drawn.is_open, assumed)[drawn.is_open])
        check()
    unequal, equal, free = (tuple(row) for row in rows)
    return FoundHosts(unequal, equal, free, design.assumed.hosts)


class DrawnDemand(NamedTuple):
    """Logarithm of demand over the median, and whether a model is open, by model."""

    spread: np.ndarray
    is_open: np.ndarray


def draw_models(assumed: HostAssumptions, streams: Streams) -> DrawnDemand:
    """Return models; the same share of them is open in every seed."""
    spread = assumed.demand_sd * streams.generator("demand per model").normal(size=assumed.models)
    order = streams.generator("open models").permutation(assumed.models)
    return DrawnDemand(spread, order < round(assumed.open_share * assumed.models))


def worst(hosts: np.ndarray) -> float:
    """Return the largest absolute logarithm of simulated over observed, of what was not used."""
    return max(abs(math.log(max(fact.of(hosts), 1e-9) / fact.observed)) for fact in WEIGHED)


def statistics(found: FoundHosts) -> dict[str, list[float]]:
    """Return what the rule compares, one value a seed."""
    return {"worst": [worst(hosts) for hosts in found.unequal]}


def control(found: FoundHosts) -> list[float]:
    """Return the share of open models with fewer than all hosts though there is no fixed cost."""
    return [float((hosts < found.all_hosts).mean()) for hosts in found.free]


def statistics_at(design: DrawnModels, point: Mapping[str, Value]) -> dict[str, float]:
    """Return what the rule compares at a point: the mean over as many draws as the rule has."""
    assumed = at_point(design.assumed, point)
    drawn = [draw_models(assumed, Streams(design.seed, number)) for number in range(design.replications)]
    return {"worst": float(np.mean([worst(sized(it.spread, it.is_open, assumed)) for it in drawn]))}


def summary(found: FoundHosts) -> DataFrame:
    """Return a row a fact: observed, whether it was used, at unequal demand with an interval, and at equal demand."""
    import pandas as pd

    from experiments.stats import interval

    rows = []
    for fact in FACTS:
        got = interval([fact.of(hosts) for hosts in found.unequal])
        equal = float(np.mean([fact.of(hosts) for hosts in found.equal]))
        rows.append((fact.name, "calibrated" if fact.used else "predicted", fact.observed, got.mean, got.half_width,
                     equal, got.n))
    return pd.DataFrame(rows, columns=["fact", "role", "observed", "mean", "half_width", "at_equal_demand", "n"])
