"""Worlds whose customers climb when GPUs become cheaper, or buy more of the same: what the rule must tell apart."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from experiments.studies.climb.two_worlds import LONG, REQUESTS, Answer
from experiments.studies.cost_fall.design import KEPT, CostFall, FallCell
from experiments.studies.cost_fall.measures import FoundFalls, SoldAndWanted, frame_of

if TYPE_CHECKING:
    from pandas import DataFrame

    from sim.scenario import MarketScenario

CLOSED_SHARE: Final = 0.2  # of requests, whatever happens


class HandModel(NamedTuple):
    """A model of such a world: its size, whether it is open, and what a request costs without a fall."""

    name: str
    total_b: float
    open: bool
    usd: float


SMALL, BIG = HandModel("small", 8.0, True, 0.001), HandModel("big", 80.0, True, 0.01)
OTHER = HandModel("closed", 300.0, False, 0.02)


STILL: Final = Answer(0.0, 1.0)


def world(scenario: MarketScenario, answer: Answer, seeds: int) -> FoundFalls:
    """Return what would be found where hosts pass any fall on in full, and customers answer all falls alike.

    Parameters
    ----------
    scenario
        Any market with entry: nothing of it but that counts.
    answer
        What customers do: it is requests for open models of which a share moves to the big one.
    seeds
        How many; each has a thousandth more requests than the one before.
    """
    design = CostFall(scenario, replications=seeds)
    runs = {(row, seed): _days(design, cell, answer, 1.0 + 0.001 * seed)
            for row, cell in enumerate(design.cells()) for seed in range(seeds)}
    return FoundFalls(design, frame_of(design, runs))


def _days(design: CostFall, cell: FallCell, answer: Answer, size: float) -> SoldAndWanted:
    """The last day of each measurement."""
    import pandas as pd

    from experiments.measures.market.model_days import COLUMNS
    from experiments.runs.demand_alone import COLUMNS as WANTED

    passed = cell.arm != KEPT and cell.divisor != 1.0
    mine, rows = answer if passed else STILL, []
    of_open = 1.0 - CLOSED_SHARE
    for after in design.after:
        for model, part in ((SMALL, of_open * (1.0 - mine.moved)), (BIG, of_open * mine.moved), (OTHER, CLOSED_SHARE)):
            requests = size * REQUESTS * mine.requests * part
            usd = model.usd / (cell.divisor if model.open and passed else 1.0)
            rows.append((design.window(after)[-1], model.name, model.total_b, model.open, 3, requests, requests * LONG,
                         requests * LONG, 0.5 * requests * LONG, requests * usd))
    sold: DataFrame = pd.DataFrame(rows, columns=list(COLUMNS))
    return SoldAndWanted(sold, sold[list(WANTED)])
