"""What ``llmflation`` finds: every index beside the true cost of living, seed by seed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from experiments.studies.assuming import at_point
from experiments.studies.llmflation import price_indices as of
from experiments.studies.llmflation.price_indices import Bought, Shelf, Uses
from experiments.studies.llmflation.shelves import drawn_uses, halved, shelf_of
from sim.streams import Streams
from sim.units import DAYS_PER_MONTH, DAYS_PER_YEAR

if TYPE_CHECKING:
    from pandas import DataFrame

    from experiments.runs.specs import Value
    from experiments.studies.llmflation.assumed import IndexAssumptions
    from experiments.studies.llmflation.design import KnownUses
    from sim.scenario import MarketScenario

TRUE: Final = "cost of living"
CHEAPEST: Final = "cheapest of a constant quality"
NAMES: Final = (TRUE, CHEAPEST, "hedonic", "matched models", "chained, Törnqvist", "price paid")
MARKET: Final = "openrouter-2026"


class Followed(NamedTuple):
    """Indices by name, float64 (months,), and the share of uses that is live."""

    indices: Mapping[str, np.ndarray]
    live: np.ndarray


@dataclass(frozen=True)
class FoundIndices:
    """Indices of each seed, with new models and without."""

    seeds: tuple[Followed, ...]
    without_new: tuple[Followed, ...]

    @property
    def years(self) -> float:
        """Between the first month and the last."""
        return years_of(len(self.seeds[0].live))


def years_of(months: int) -> float:
    """Return the years from the first of so many months to the last."""
    return (months - 1) * DAYS_PER_MONTH / DAYS_PER_YEAR


def market_of(seed: int) -> MarketScenario:
    """Return the built-in market, whose models are on the shelf."""
    from experiments.scenarios import load_market

    return load_market(MARKET, [f"seed={seed}"])


def find_indices(design: KnownUses, check: Callable[[], None]) -> FoundIndices:
    """Return the indices of every seed."""
    scenario = market_of(design.seed % 2**31)
    rows: list[list[Followed]] = [[], []]
    for replication in range(design.replications):
        for out, (shelf, uses) in zip(rows, worlds(design.assumed, scenario, replication), strict=True):
            out.append(followed(shelf, uses))
        check()
    return FoundIndices(tuple(rows[0]), tuple(rows[1]))


class ShelfAndUses(NamedTuple):
    """What is on sale, and to whom."""

    shelf: Shelf
    uses: Uses


def worlds(assumed: IndexAssumptions, scenario: MarketScenario, replication: int) -> list[ShelfAndUses]:
    """Return a seed's world, and that without new models; the uses are the same."""
    from sim.market.models.catalogue import load_catalogue

    streams = Streams(scenario.seed, replication)
    models = load_catalogue(scenario.models, scenario.horizon.start, scenario.horizon.days, streams)
    shelf = shelf_of(models, assumed, scenario.horizon.days)
    uses = drawn_uses(shelf, assumed, streams.generator("uses of an index"))
    return [ShelfAndUses(shelf, uses), ShelfAndUses(halved(shelf), uses)]


def followed(shelf: Shelf, uses: Uses) -> Followed:
    """Return all indices of a world; the constant quality is the mean one that is bought at first."""
    bought = of.buy(shelf, uses)
    found = (of.cost_of_living(shelf, uses, bought), of.cheapest_at(shelf, quality_bought(shelf, bought)),
             of.hedonic(shelf), of.matched(shelf), of.toernqvist(shelf, bought), of.paid(shelf, bought))
    return Followed(dict(zip(NAMES, found, strict=True)), (bought.model >= 0).mean(axis=1))


def quality_bought(shelf: Shelf, bought: Bought) -> float:
    """Return the mean quality, over tasks and uses, of what is bought in the first month."""
    first = bought.model[0]
    return float(shelf.quality.mean(axis=0)[first[first >= 0]].mean())


def gaps(found: FoundIndices, name: str = CHEAPEST, without_new: bool = False) -> list[float]:
    """Return how much faster an index falls than the cost of living, in logarithms a year, by seed."""
    rows = found.without_new if without_new else found.seeds
    return [of.gap(it.indices[name], it.indices[TRUE], found.years) for it in rows]


def statistics(found: FoundIndices) -> dict[str, list[float]]:
    """Return what the rule compares, one value a seed."""
    signed = gaps(found)
    return {"cheapest_gap": signed, "off": [abs(it) for it in signed]}


def statistics_at(design: KnownUses, scenario: MarketScenario, point: Mapping[str, Value]) -> dict[str, float]:
    """Return what the rule compares at a point, of one seed."""
    shelf, uses = worlds(at_point(design.assumed, point), scenario, 0)[0]
    seen = followed(shelf, uses)
    signed = of.gap(seen.indices[CHEAPEST], seen.indices[TRUE], years_of(len(seen.live)))
    return {"cheapest_gap": signed, "off": abs(signed)}


def summary(found: FoundIndices) -> DataFrame:
    """Return a row an index: by what it falls a year, and how much faster than the cost of living, with intervals."""
    import pandas as pd

    from experiments.stats import interval

    rows = []
    for name in NAMES:
        falls = interval([float(it.indices[name][-1] ** (-1.0 / found.years)) for it in found.seeds])
        faster, still = (interval(gaps(found, name, without)) for without in (False, True))
        rows.append((name, falls.mean, falls.half_width, faster.mean, faster.half_width, still.mean, falls.n))
    return pd.DataFrame(rows, columns=["index", "divided_by_a_year", "half_width", "gap_per_year", "gap_half_width",
                                       "gap_without_new_models", "n"])
