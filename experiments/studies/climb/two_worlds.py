"""Worlds whose customers climb, or buy more of the same: what the rule must support, and what contradict."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from experiments.studies.climb.design import FIRST_DAY, NULL, UNMOVED, Climb, ClimbCell
from experiments.studies.climb.measures import Found, frame_of

if TYPE_CHECKING:
    from pandas import DataFrame

    from sim.scenario import MarketScenario

REQUESTS: Final = 1000.0  # a day, at whole prices
LONG: Final = 1000.0  # tokens of a request
SMALL_USD, BIG_USD = 0.001, 0.01  # of a request at whole prices


class Answer(NamedTuple):
    """What customers do when prices have fallen: the share that moves to the big model, and requests over before."""

    moved: float
    requests: float


CLIMB: Final = Answer(0.5, 1.05)
BUY_MORE: Final = Answer(0.01, 3.0)
NEITHER_MOVES: Final = Answer(0.0, 1.5)


def world(scenario: MarketScenario, answer: Answer, seeds: int) -> Found:
    """Return what a climb would find where all who have a reason to move answer any fall alike, from its first day on.

    Parameters
    ----------
    scenario
        Any market: nothing of it but its name counts.
    answer
        What those do whom a fall gives a reason to move.
    seeds
        How many; each has a thousandth more requests than the one before.
    """
    design = Climb(scenario, replications=seeds)
    runs = {(row, seed): _days(design, cell, answer, 1.0 + 0.001 * seed)
            for row, cell in enumerate(design.cells()) for seed in range(seeds)}
    return Found(design, frame_of(design, runs))


def _days(design: Climb, cell: ClimbCell, answer: Answer, size: float) -> DataFrame:
    """The days of a run that are measured, a row a day and model."""
    import pandas as pd

    from experiments.runs.demand_alone import COLUMNS

    still = Answer(0.0, 1.0) if cell.divisor == design.divisors[0] else None
    mine = still or (NEITHER_MOVES if cell.control in (NULL, UNMOVED) else answer)
    last = {day - 1 for day in ((1,) if cell.control == FIRST_DAY else (*design.after, *design.looks(cell)))}
    last |= {design.after[0] + design.fall_days - 1} if cell.control != FIRST_DAY else set()
    rows = []
    for day in sorted(last):
        for name, size_b, share, usd in (("small", 8.0, 1.0 - mine.moved, SMALL_USD),
                                         ("big", 80.0, mine.moved, BIG_USD)):
            requests = size * REQUESTS * mine.requests * share
            tokens = requests * LONG
            rows.append((day, name, size_b, requests, tokens, tokens, 0.5 * tokens, requests * usd / cell.divisor))
    return pd.DataFrame(rows, columns=list(COLUMNS))
