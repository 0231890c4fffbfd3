"""What a tournament found of each class of clients."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from experiments.measures.catalogue import unit_of
from experiments.stats import Interval, interval
from experiments.store.averages import value_of
from experiments.store.statistics import STATISTICS
from experiments.studies.tournament.design import Tournament

if TYPE_CHECKING:
    from pandas import DataFrame

    from experiments.store.results import Results

COLUMNS: Final = ("policy", "load", "class", "model", "metric", "unit", "mean", "half_width", "n")
SHOWN: Final = ("requests", "good_share", "completed_share", "cost_per_good", "price", "ttft_p50", "ttft_p99",
                "ttft_p99_completed", "tpot_p50", "latency_p99", "latency_p99_completed")  # statistics of the store

Place = tuple[str, float, str]  # policy, load, class


@dataclass(frozen=True)
class ByClass:
    """Values of classes.

    Attributes
    ----------
    models
        For each class the model that it asks for, in the scenario's order.
    values
        For each policy, load and class, by metric the values by replication.
    """

    models: Mapping[str, str] = field(default_factory=dict)
    values: Mapping[Place, Mapping[str, list[float]]] = field(default_factory=dict)

    def interval(self, place: Place, metric: str) -> Interval:
        """Return mean and half-width of a metric over replications."""
        return interval(self.values[place][metric])


def classes_in(design: Tournament, results: Results) -> ByClass:
    """Return what the runs in a store say of every class: the table ``classes``, run by run."""
    table = results.table("classes").sort_values(["row", "replication"], kind="stable")
    numbers = {STATISTICS[name].measure: _values(table, name) for name in SHOWN}
    values: dict[Place, dict[str, list[float]]] = {}
    for at, (row, name) in enumerate(zip(table["row"], table["segment"], strict=True)):
        policy, load = design.cells()[int(row)]
        mine = values.setdefault((policy, load, str(name)), {metric: [] for metric in numbers})
        for metric, each in numbers.items():
            mine[metric].append(float(each[at]))
    names = table[["segment", "model"]].drop_duplicates()
    return ByClass(dict(zip(names["segment"], names["model"], strict=True)), values)


def _values(table: DataFrame, name: str) -> np.ndarray:
    """A statistic of every row."""
    found = STATISTICS[name]
    source = next(it for it in found.sources if it.table == "classes")
    return value_of(table, found, (), source)


def classes(found: ByClass) -> DataFrame:
    """Return mean and half-width of every metric by policy, load and class."""
    import pandas as pd

    rows: list[tuple[Any, ...]] = []
    for place, metrics in found.values.items():
        for metric in metrics:
            got = found.interval(place, metric)
            rows.append((*place, found.models[place[2]], metric, unit_of(metric), got.mean, got.half_width, got.n))
    return pd.DataFrame(rows, columns=list(COLUMNS))
