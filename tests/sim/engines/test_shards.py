"""An engine divided by model: the same bytes however it is divided, and on however many threads."""

import functools
from collections.abc import Callable
from dataclasses import fields

import numpy as np
import pytest

from sim.engines.compiled import CompiledEngine
from sim.engines.compiled.shards import balanced, split_feed
from sim.engines.face import Feed, TrafficEngine
from sim.engines.outcome import COMPLETED, FAILED, MEASURED, TrafficOutcome
from sim.engines.reference import ReferenceEngine
from sim.engines.requests import REQUEST
from sim.engines.world import World
from worlds.differential import Case, random_case
from worlds.small import affine, drive, offer, requests, world

CASES = 60


def run(case: Case, make: Callable[[World, Feed], TrafficEngine]) -> TrafficOutcome:
    return drive(make(case.world, iter([block.copy() for block in case.blocks])), case.changes, case.end_s)


@functools.cache
def divided(number: int) -> TrafficOutcome:
    """What a random market gives as it is divided by default, on one thread."""
    return run(random_case(number), CompiledEngine)


def undivided(world: World, feed: Feed) -> CompiledEngine:
    return CompiledEngine(world, feed, shards=[np.arange(len(world.models))])


def on_threads(threads: int) -> Callable[[World, Feed], CompiledEngine]:
    """An engine that hands out work however little there is."""
    def make(world: World, feed: Feed) -> CompiledEngine:
        made = CompiledEngine(world, feed, threads=threads)
        made.worth_a_thread = made.worth_all = 0
        return made

    return make


def hardly_ever_behind(world: World, feed: Feed) -> CompiledEngine:
    """An engine that advances all shards whenever a few requests wait."""
    made = CompiledEngine(world, feed)
    made.most_waiting = 3
    return made


def assert_same_bytes(one: TrafficOutcome, other: TrafficOutcome) -> None:
    for field in fields(one):
        a, b = getattr(one, field.name), getattr(other, field.name)
        if isinstance(a, np.ndarray):
            assert a.tobytes() == b.tobytes(), field.name
        elif field.name != "world":
            assert a == b, field.name


def test_markets_of_several_models_are_divided() -> None:
    models = [len(random_case(number).world.models) for number in range(CASES)]
    assert max(models) > 2
    assert sum(count > 1 for count in models) > 20


@pytest.mark.parametrize(
    "make", [undivided, hardly_ever_behind, on_threads(2), on_threads(3)], ids=["undivided", "at once", "2", "3"])
def test_the_same_bytes(make: Callable[[World, Feed], CompiledEngine]) -> None:
    for number in range(CASES):
        case = random_case(number)
        if len(case.world.models) > 1:
            assert_same_bytes(run(case, make), divided(number))


def test_a_class_that_asks_for_many_models_is_counted_as_one() -> None:
    draws = np.random.default_rng(1)
    several = [case for number in range(CASES) if len((case := random_case(number)).world.models) > 2]
    for case in several[:8]:
        for block in case.blocks:
            block["model"] = draws.integers(len(case.world.models), size=len(block))
        plain = run(case, CompiledEngine)
        assert_same_bytes(run(case, undivided), plain)
        assert_same_bytes(run(case, on_threads(2)), plain)
        slow = run(case, ReferenceEngine)
        assert slow.class_metric_sums.tobytes() == plain.class_metric_sums.tobytes()
        assert slow.outcomes.tobytes() == plain.outcomes.tobytes()


def test_shards_are_left_behind_until_somebody_looks_or_one_must_act() -> None:
    number = next(n for n in range(CASES) if len(random_case(n).world.models) > 2)
    case = random_case(number)
    engine = CompiledEngine(case.world, iter([block.copy() for block in case.blocks]))
    engine.advance(10.0)
    assert engine._globals["now"].tolist() == [0.0] * 3
    engine.set_price(0, 5, 7)
    assert engine._globals["now"].tolist() == [10.0, 0.0, 0.0]
    engine.tally()
    assert engine._globals["now"].tolist() == [10.0] * 3


def test_what_the_calendar_causes_shows_in_the_next_tally() -> None:
    """A shard that is told something may have to act before the time that it gave itself."""
    slow = world([offer(affine(5.0))], delay_s=0.5)
    rows = requests(slow, [{"arrive_s": 0.0, "prompt": 1, "output": 9}])
    for make in (CompiledEngine, ReferenceEngine):
        engine = make(slow, iter([rows.copy()]))
        engine.advance(1.0)
        engine.tally()
        engine.set_up(0, False)
        engine.advance(2.0)
        assert engine.tally().outcomes[0, MEASURED, FAILED] == 1


def test_pools_keep_what_they_hold_when_they_grow() -> None:
    hedging = {"main": {"attempts": {"hedge_s": 3.0}}}
    crowd = world([offer(affine(0.01), max_batch=4, max_step_tokens=8)], routers=hedging)
    rows = requests(crowd, [{"arrive_s": n / 1000, "prompt": 3, "output": 1 + n % 7} for n in range(1500)])
    plain, fast = (drive(make(crowd, iter([rows.copy()]))) for make in (ReferenceEngine, CompiledEngine))
    assert fast.samples.tobytes() == plain.samples.tobytes()
    assert fast.outcomes[0, :, COMPLETED].sum() == 1500


def test_work_is_shared_by_the_longest_first() -> None:
    parts = balanced(np.array([5.0, 3.0, 4.0, 3.0, 9.0]), 2)
    assert [part.tolist() for part in parts] == [[1, 4], [0, 2, 3]]
    assert [part.tolist() for part in balanced(np.array([1.0, 2.0]), 4)] == [[1], [0]]


def test_a_block_is_split_in_its_own_order() -> None:
    block = np.zeros(5, REQUEST)
    block["model"], block["key"] = [2, 0, 1, 0, 2], [1, 2, 3, 4, 5]
    parts = split_feed(block, np.array([1, 0, 1]), 2)
    assert [part["key"].tolist() for part in parts] == [[3], [1, 2, 4, 5]]
    assert split_feed(block, np.zeros(3, np.int64), 1)[0] is block


