"""Worlds that are as the claim of ``rule_change`` has it, and as its opposite has it."""

from __future__ import annotations

import math
from itertools import product

import numpy as np

from experiments.studies.rule_change.assumed import RuleChangeAssumptions
from experiments.studies.rule_change.batch_frontier import CASES
from experiments.studies.rule_change.best_answers import ARMS, NEW, AnswersEnd
from experiments.studies.rule_change.measures import HOSTS, ChangeCell, FoundChange


def world(seeds: int, *, so: bool) -> FoundChange:
    """Return a world whose hosts go to a batch of 16 and cycle under the new rule, or stay at 64 and settle."""
    given = RuleChangeAssumptions()

    def rows(numbers: tuple[int, ...]) -> dict[ChangeCell, AnswersEnd]:
        cells = (ChangeCell(*it) for it in product(CASES, numbers, ARMS))
        return {cell: _end(moved=so and cell.arm == NEW, gap=0.0 if so else math.log(4.0)) for cell in cells}

    return FoundChange((rows(HOSTS),) * seeds, (rows((given.entrants,)),) * seeds, given)


def _end(*, moved: bool, gap: float) -> AnswersEnd:
    return AnswersEnd(float(moved), gap, math.log(16.0 if moved else 64.0), 3.0 if moved else 2.0, 0.1,
                      0.02 if moved else 0.05, 2.0 if moved else 1.0, 0.1, np.full((20, 5), 2.0))
