"""Both engines show policies the same views: every column of every row, added up over all placements.

Outcomes alone would not tell: few policies read a column such as the share of refusals, and hardly any decision turns
on its exact value.
"""

from dataclasses import replace

import numpy as np
import pytest

from sim import view as v
from sim.engines.compiled import CompiledEngine
from sim.engines.reference import ReferenceEngine
from sim.policy import BoundPolicy, NoParameters, Policy
from worlds.differential import Case, random_case
from worlds.small import drive

FIRST, CASES = 20_000, 30  # numbers of markets that no other test has
SEEN = v.COLUMNS - 1  # TRUE_WORK_S, the last, is for oracles

pytestmark = pytest.mark.differential


def choose(view, request, memory, u):
    """Draw an open row, and add all that the view says to the memory of its row."""
    open_rows = 0
    for row in range(view.shape[0]):
        for column in range(SEEN):
            # neither NEVER nor NO_LIMIT may swallow the other terms
            memory.offers[row, column] += min(max(view[row, column], -1e6), 1e6)
        if view[row, 0] > 0.0:
            open_rows += 1
    left = int(u * open_rows)
    for row in range(view.shape[0]):
        if view[row, 0] > 0.0:
            if left == 0:
                return row
            left -= 1
    return -1


READER = BoundPolicy(
    Policy("reader", choose, "Adds up all it sees.", "tests", "by chance", offer_slots=SEEN), NoParameters())


def case_of_readers(number: int) -> Case:
    case = random_case(number)
    return replace(case, world=replace(case.world, policies=(READER,) * len(case.world.policies)))


def seen_by_compiled(case: Case) -> np.ndarray:
    engine = CompiledEngine(case.world, iter([block.copy() for block in case.blocks]))
    drive(engine, case.changes, case.end_s)
    return engine._shards[0].routing.memory_offers


def seen_by_reference(case: Case) -> np.ndarray:
    engine = ReferenceEngine(case.world, iter([block.copy() for block in case.blocks]))
    drive(engine, case.changes, case.end_s)
    return np.array([np.concatenate([memory.offers for memory in router.memories]) for router in engine._routers])


def test_the_reader_sees_every_column_but_the_oracles():
    assert v.TRUE_WORK_S == SEEN


@pytest.fixture(scope="module")
def pairs() -> list[tuple[int, np.ndarray, np.ndarray]]:
    cases = [(number, case_of_readers(number)) for number in range(FIRST, FIRST + CASES)]
    return [(number, seen_by_compiled(case), seen_by_reference(case)) for number, case in cases]


def test_views_agree(pairs: list[tuple[int, np.ndarray, np.ndarray]]) -> None:
    for number, fast, plain in pairs:
        bad = sorted({v.NAMES[column] for column in np.argwhere(fast != plain)[:, 2].tolist()})
        assert not bad, f"random market {number}: {bad}"


def test_every_column_says_something_in_some_market(pairs: list[tuple[int, np.ndarray, np.ndarray]]) -> None:
    said = np.max([np.ptp(plain, axis=(0, 1)) for _, _, plain in pairs], axis=0)
    assert [name for name, spread in zip(v.NAMES, said, strict=False) if spread == 0.0] == []
