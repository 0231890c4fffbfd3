"""What ``elasticities`` finds: estimates of each seed beside what is true."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from experiments.studies.assuming import at_point
from experiments.studies.elasticities import estimators
from experiments.studies.elasticities.platform_data import draw_panel
from sim.streams import Streams

if TYPE_CHECKING:
    from pandas import DataFrame

    from experiments.runs.specs import Value
    from experiments.studies.elasticities.assumed import PlatformAssumptions
    from experiments.studies.elasticities.design import KnownDemand
    from experiments.studies.elasticities.estimators import Slope

FAR: Final = 2.0  # standard errors
LEVEL: Final = 0.95  # of the interval that is to hold the routed share
PUBLISHED: Final = -1.11  # NBER w34608
SEEDS_AT_A_POINT: Final = 10  # so that one interval in ten may miss


class Estimates(NamedTuple):
    """What one set of data says, and what is true of it.

    Attributes
    ----------
    least_squares, by_rents, at_random
        Slopes of log requests on the log price: as published, prices moved by rents (E120), demand alone (E121).
    levels
        Routed share in levels (E118).
    demand, routed, hosts
        True slope of demand with hosts alike, true routed share, and mean hosts of a model.
    models
        Clusters.
    """

    least_squares: Slope
    by_rents: Slope
    at_random: Slope
    levels: Slope
    demand: float
    routed: float
    hosts: float
    models: int


@dataclass(frozen=True)
class FoundSlopes:
    """Estimates by seed: with the router's rule, and with a router that places all at random."""

    assumed: PlatformAssumptions
    with_rule: tuple[Estimates, ...]
    without_rule: tuple[Estimates, ...]


def find_slopes(assumed: PlatformAssumptions, seed: int, seeds: int, check: Callable[[], None]) -> FoundSlopes:
    """Return the estimates of so many sets of data; with and without the rule all draws are the same."""
    off = at_point(assumed, {"platform.exponent": 0.0})
    rows: list[list[Estimates]] = [[], []]
    for replication in range(seeds):
        for out, world in zip(rows, (assumed, off), strict=True):
            out.append(estimates(world, Streams(seed, replication), assumed.platform.exponent))
        check()
    return FoundSlopes(assumed, tuple(rows[0]), tuple(rows[1]))


def estimates(assumed: PlatformAssumptions, streams: Streams, published: float) -> Estimates:
    """Return the estimates of one set of data, of who takes ``published`` for the rule's exponent."""
    panel = draw_panel(assumed.platform, assumed.prices, streams)
    requests, routed = panel.requests, estimators.routed_in(panel)
    return Estimates(
        estimators.fixed_effects(panel, requests), estimators.by_rents(panel, requests),
        estimators.random_routing(panel), estimators.routed_by_levels(panel, published),
        -assumed.platform.own_elasticity * (1.0 - routed), routed, estimators.mean_hosts(panel),
        len(np.unique(panel.model)))


def apart(it: Estimates) -> float:
    """Return 1 if the published regression is far from demand's own slope, else 0."""
    return float(abs(it.least_squares.value - it.demand) > FAR * it.least_squares.std_error)


def covered(it: Estimates) -> float:
    """Return 1 if the interval of the routed share in levels holds what is true, else 0; t with a cluster a model."""
    from scipy.stats import t

    reach = float(t.ppf((1.0 + LEVEL) / 2.0, it.models - 1)) * it.levels.std_error
    return float(abs(it.levels.value - it.routed) <= reach)


def statistics(found: FoundSlopes) -> dict[str, list[float]]:
    """Return what the rule compares, one value a seed."""
    return {"apart": [apart(it) for it in found.with_rule], "covered": [covered(it) for it in found.with_rule]}


def control(found: FoundSlopes) -> list[float]:
    """Return the instrumented slope less demand's own where all is placed at random."""
    return [it.by_rents.value - it.demand for it in found.without_rule]


def statistics_at(design: KnownDemand, point: Mapping[str, Value]) -> dict[str, float]:
    """Return what the rule compares at a point, over a few seeds."""
    assumed = at_point(design.assumed, point)
    rows = [estimates(assumed, Streams(design.seed, number), assumed.platform.exponent)
            for number in range(SEEDS_AT_A_POINT)]
    return {name: float(np.mean([of(it) for it in rows])) for name, of in (("apart", apart), ("covered", covered))}


def summary(found: FoundSlopes) -> DataFrame:
    """Return a row an estimator: what it is taken for, what is true, its mean and interval over seeds."""
    import pandas as pd

    rows = [_row(*it) for it in named(found)]
    return pd.DataFrame(rows, columns=["estimate", "of", "truth", "mean", "half_width", "bias", "n"])


class Named(NamedTuple):
    """An estimate by name, what it is taken for, values by seed, and what is true by seed."""

    name: str
    of: str
    values: list[float]
    truth: list[float]


def named(found: FoundSlopes) -> list[Named]:
    """Return all estimates, with the rule and without."""
    k, on, off = found.assumed.platform.exponent, found.with_rule, found.without_rule
    demand, routed = [it.demand for it in on], [it.routed for it in on]
    naive = [estimators.routed_naively(it.least_squares.value, k, it.hosts) for it in on]
    return [
        Named("least squares, as published", "slope of demand", [it.least_squares.value for it in on], demand),
        Named("prices moved by rents", "slope of demand", [it.by_rents.value for it in on], demand),
        Named("routed at random", "slope of demand", [it.at_random.value for it in on], demand),
        Named("least squares, no rule", "slope of demand", [it.least_squares.value for it in off],
              [it.demand for it in off]),
        Named("prices moved by rents, no rule", "slope of demand", [it.by_rents.value for it in off],
              [it.demand for it in off]),
        Named("-slope / (k (1 - 1/N))", "routed share", naive, routed),
        Named("-slope / k, least squares", "routed share",
              [estimators.routed_from_slope(it.least_squares.value, k) for it in on], routed),
        Named("-slope / k, rents", "routed share",
              [estimators.routed_from_slope(it.by_rents.value, k) for it in on], routed),
        Named("in levels, rents", "routed share", [it.levels.value for it in on], routed),
    ]


def _row(name: str, of: str, values: list[float], truth: list[float]) -> tuple[object, ...]:
    from experiments.stats import interval

    got = interval(values)
    true = float(np.mean(truth))
    return name, of, true, got.mean, got.half_width, got.mean - true, got.n
