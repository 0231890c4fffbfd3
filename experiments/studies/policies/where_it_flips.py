"""Where the verdict on policies flips: shorter runs of one seed, with load, prices and both thresholds varied."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Final

import numpy as np

from experiments.designs.factor import Factor
from experiments.runs.specs import Value
from experiments.studies.policies.design import ALIKE, PARTS, PolicyCell, UnderConditions
from experiments.studies.policies.measures import Fared, PoliciesFound, fared_in

if TYPE_CHECKING:
    from experiments.verdicts.robustness import At
    from sim.scenario import TrafficScenario

DURATION_S: Final = 600.0
WARMUP_S: Final = 150.0
LOAD: Final = "load over each condition's own"
SPREAD: Final = "spread of posted prices over what it is"
DEARER: Final = "price over the lowest that is near it"
SLOWER: Final = "wait over the shortest that is near it"
FACTORS: Final = (  # ranges are assumptions
    Factor(LOAD, (), 0.6, 1.3), Factor(SPREAD, (), 0.1, 1.5), Factor(DEARER, (), 1.02, 1.5),
    Factor(SLOWER, (), 1.1, 2.5))


def varied(design: UnderConditions) -> tuple[Sequence[Factor], At]:
    """Return what is varied, and how the rule's statistic is had at a point of it."""
    return FACTORS, partial(statistics_at, design)


def statistics_at(design: UnderConditions, point: Mapping[str, Value]) -> Mapping[str, float]:
    """Return the share of conditions in which no policy is best at both, at a point.

    Raises
    ------
    MarketError
        If a run fails.
    """
    from experiments.runs.play import play
    from sim.errors import MarketError

    short = replace(design, replications=1, scenario=changed(design.scenario, float(point[LOAD]), float(point[SPREAD])))
    fared: dict[PolicyCell, list[Fared]] = {}
    for cell, spec in zip(short.cells(), short.specs, strict=True):
        if cell.condition == ALIKE:
            continue
        record = play(spec)
        if record.problem:
            raise MarketError(f"{cell.policy} under {cell.condition}: {record.problem}")
        metrics = record.tables["metrics"].set_index("metric")["value"]
        fared[cell] = [fared_in(metrics)]
    found = PoliciesFound(fared, np.nan, dearer=float(point[DEARER]), slower=float(point[SLOWER]))
    return {"split_share": found.split_shares()[0]}


def changed(scenario: TrafficScenario, load: float, spread: float) -> TrafficScenario:
    """Return the scenario, shorter, with another load, and posted prices as a power of their ratio to the mean.

    Parameters
    ----------
    scenario
        That of the study.
    load
        Over its own.
    spread
        Power to which the ratio of a price to the geometric mean of its kind is raised: 0 makes all alike.
    """
    from sim.scenario.load import override

    paths = {f'providers.{provider}.offers."{name}".price.{part}': (part, getattr(offer.price, part))
             for provider, it in scenario.providers.items() for name, offer in it.offers.items() for part in PARTS}
    known = {path: (part, float(usd)) for path, (part, usd) in paths.items() if usd}
    means = {part: float(np.exp(np.mean([np.log(usd) for kind, usd in known.values() if kind == part])))
             for part in {part for part, _ in known.values()}}
    prices = [f"{path}={means[part] * (usd / means[part]) ** spread:.6f}" for path, (part, usd) in known.items()]
    return override(scenario, [*prices, f"traffic.load={scenario.traffic.load * load:.9g}",
                               f"traffic.duration_s={DURATION_S}", f"traffic.warmup_s={WARMUP_S}"])
