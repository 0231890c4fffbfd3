"""A policy reads no column of the view but those that it is taken to read: everything else may be spoilt."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from policies import POLICIES
from policies.toolbox import lowest as lowest_row
from sim import view as v
from sim.columns_read import ALL, columns_needed, columns_read
from sim.engines.compiled import CompiledEngine
from sim.engines.reference import ReferenceEngine
from sim.policy import BoundPolicy, Memory, Policy
from sim.scenario import Preferences
from worlds.differential import Dice, _parameterised, random_case
from worlds.small import FIRST, LOWEST, drive, lowest

FIRST_CASE, CASES, ENOUGH = 40_000, 12, 300  # views
MARKETS = 6  # of which a column alone is learned
LEARNED = (v.TTFT_EWMA_S, v.THROUGHPUT_EWMA, v.TTFT_P90, v.THROUGHPUT_P99, v.REFUSAL_SHARE_5M, v.REQUESTS_THIS_MINUTE,
           v.CAPACITY_PER_S, v.PUBLISHED_LATENCY_S)  # one of each kind


class Spoilt:
    """Ask a policy twice: with the view as it is, and with NaN in all columns that it is not taken to read."""

    def __init__(self, policy: Policy) -> None:
        self.choose, self.asked = policy.choose, 0
        self.unread = sorted(ALL - columns_read(policy))

    def __call__(self, view: np.ndarray, request: Any, memory: Memory, u: float) -> int:
        other, remembered = view.copy(), Memory(memory.offers.copy(), memory.shared.copy(), memory.params)
        other[:, self.unread] = np.nan
        row = self.choose(view, request, memory, u)
        assert self.choose(other, request, remembered, u) == row
        assert np.array_equal(remembered.offers, memory.offers, equal_nan=True)
        assert np.array_equal(remembered.shared, memory.shared, equal_nan=True)
        self.asked += 1
        return row


@pytest.mark.parametrize("kind", sorted(POLICIES))
def test_a_policy_chooses_the_same_without_the_columns_that_it_does_not_read(kind: str) -> None:
    asked = 0
    for number in range(FIRST_CASE, FIRST_CASE + CASES):
        case = random_case(number)
        bound = _parameterised(Dice(number), kind)
        spoilt = Spoilt(bound.policy)
        policies = (BoundPolicy(replace(bound.policy, choose=spoilt), bound.values),) * len(case.world.policies)
        engine = ReferenceEngine(replace(case.world, policies=policies), iter(case.blocks))
        drive(engine, case.changes, case.end_s)
        asked += spoilt.asked
        if asked > ENOUGH:
            break
    assert asked > ENOUGH


@pytest.mark.differential
@pytest.mark.parametrize("column", LEARNED, ids=lambda column: v.NAMES[column])
def test_an_engine_that_learns_one_column_only_shows_it_as_one_that_learns_all(column: int) -> None:
    everything = lowest(column)
    alone = BoundPolicy(replace(everything.policy, reads=(v.OPEN, column)), everything.values)
    for number in range(FIRST_CASE, FIRST_CASE + MARKETS):
        case = random_case(number)
        samples = []
        for policy in (alone, everything):
            world = replace(case.world, policies=(policy,) * len(case.world.policies))
            engine = CompiledEngine(world, iter([block.copy() for block in case.blocks]))
            samples.append(drive(engine, case.changes, case.end_s).samples.tobytes())
        assert samples[0] == samples[1], number


def test_columns_are_found_in_the_functions_that_a_policy_calls() -> None:
    names = {v.NAMES[column] for column in columns_read(POLICIES["cheapest"])}
    assert names == {"OPEN", "COST_USD"}  # OPEN is named in `policies.toolbox` only
    assert columns_read(POLICIES["random"]) == {v.OPEN, v.WEIGHT}


def test_of_somebody_elses_policy_all_is_read_unless_it_says_so() -> None:
    assert columns_read(FIRST) == columns_read(LOWEST) == ALL
    assert columns_read(replace(FIRST, reads=(v.OPEN, v.SAMPLES))) == {v.OPEN, v.SAMPLES}


def test_a_function_made_by_another_may_read_anything() -> None:
    column = v.TTFT_P50

    def choose(view: np.ndarray, request: Any, memory: Memory, u: float) -> int:
        return lowest_row(view, view, column, u)

    choose.__code__ = choose.__code__.replace(co_filename=POLICIES["cheapest"].choose.__code__.co_filename)
    assert columns_read(Policy("made", choose, "Made.", "tests", "at random")) == ALL


def test_a_router_needs_what_its_policy_and_its_preferences_read() -> None:
    random = columns_read(POLICIES["random"])
    for wanted, columns in (
        ({"preferred_max_latency": {"p90": 1.0}, "max_price": {"prompt": 2.0}}, {v.TTFT_P90}),
        ({"preferred_max_latency": {"p75": 1.0}}, {v.TTFT_P50}),  # no column, but the same window
        ({"preferred_min_throughput": {"p75": 9.0, "p99": 1.0}}, {v.THROUGHPUT_P50, v.THROUGHPUT_P99}),
        ({"sort": "latency"}, {v.TTFT_P50}),
        ({"variant": "nitro"}, {v.THROUGHPUT_P50}),
        ({"variant": "floor"}, {v.COST_USD}),
        ({"order": ["p"]}, set()),
    ):
        assert columns_needed(POLICIES["random"], [Preferences(**wanted)]) == random | columns
    both = [Preferences(sort="latency"), Preferences(sort="throughput")]
    assert columns_needed(POLICIES["random"], both) == random | {v.TTFT_P50, v.THROUGHPUT_P50}
