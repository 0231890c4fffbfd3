"""The compiled engine against the reference engine on random markets: same decisions, same times.

Counts, money, choices and outcomes must be equal; times and sums of times agree to a relative 1e-9 (the compiled
engine sums steps in closed form, the reference adds them one by one).
"""

import numpy as np
import pytest

from sim.engines.compiled import CompiledEngine
from sim.engines.invariants import check
from sim.engines.outcome import BUSY_S, OFFER_WORK, TrafficOutcome
from sim.engines.reference import ReferenceEngine
from sim.errors import InvariantError
from worlds.differential import Case, random_case
from worlds.small import drive

CASES = 200
A_GROUP = 20

pytestmark = pytest.mark.differential
TIMES = ("born_s", "placed_s", "first_token_s", "end_s")


def run(case: Case, engine_class: type) -> TrafficOutcome:
    engine = engine_class(case.world, iter([block.copy() for block in case.blocks]))
    return drive(engine, case.changes, case.end_s)


def assert_same(fast: TrafficOutcome, plain: TrafficOutcome) -> None:
    a, b = (np.sort(outcome.samples, order=["key"]) for outcome in (fast, plain))
    for name in a.dtype.names:
        if name in TIMES:
            np.testing.assert_allclose(a[name], b[name], rtol=1e-9, atol=1e-9, err_msg=name)
        else:
            np.testing.assert_array_equal(a[name], b[name], err_msg=name)
    for name in ("born", "outcomes", "class_sums", "offer_sums", "class_hist", "offer_hist"):
        np.testing.assert_array_equal(getattr(fast, name), getattr(plain, name), err_msg=name)
    np.testing.assert_array_equal(fast.class_metric_sums, plain.class_metric_sums)
    counts = [column for column in range(len(OFFER_WORK)) if column != BUSY_S]
    np.testing.assert_array_equal(fast.offer_work[:, counts], plain.offer_work[:, counts])
    np.testing.assert_allclose(fast.offer_work[:, BUSY_S], plain.offer_work[:, BUSY_S], rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("group", range(CASES // A_GROUP))
def test_engines_agree(group: int) -> None:
    for seed in range(group * A_GROUP, (group + 1) * A_GROUP):
        case = random_case(seed)
        try:
            fast = run(case, CompiledEngine)
            check(fast)
            assert_same(fast, run(case, ReferenceEngine))
        except (AssertionError, InvariantError) as problem:
            raise AssertionError(f"random market {seed}: {problem}") from problem
