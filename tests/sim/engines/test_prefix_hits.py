"""Prefix caches in an engine: what is found, what it saves, what it costs, and when it is lost; worked by hand."""

import numpy as np
import pytest

from sim.engines import outcome as o
from sim.engines.compiled import CompiledEngine
from sim.engines.reference import ReferenceEngine
from sim.engines.schedule import Line, Schedule
from worlds.small import Change, Client, affine, drive, offer, requests, world

ENGINES = [CompiledEngine, ReferenceEngine]
PRICE = Schedule(Line(1_000_000, 2_000_000, 100_000, 1_250_000))  # input, output, cached, write


@pytest.fixture(params=ENGINES, ids=lambda engine: engine.__name__)
def engine_class(request):
    return request.param


def market(replicas=1, shared=0, **changes):
    """Steps of a second and a hundredth for each token computed and a thousandth for each read; blocks of 16."""
    demand = {"shared_prefix": {"tokens": shared}} if shared else {}
    spec = offer(affine(1.0, 0.01, 0.001), replicas=replicas, **{"block_tokens": 16, "price": PRICE, **changes})
    return world([spec], clients=[Client(demand=demand)])


def served(engine_class, of, rows, changes=()):
    result = drive(engine_class(of, iter([requests(of, rows)])), changes)
    samples = result.samples[np.argsort(result.samples["born_s"], kind="stable")]
    return result, samples


def cached(result):
    assert result.class_sums[0, :, o.CACHED_TOKENS].sum() == result.offer_sums[:, :, o.SERVED_CACHED].sum()
    return int(result.class_sums[0, o.MEASURED, o.CACHED_TOKENS])


TURNS = [{"arrive_s": 0.0, "prompt": 50, "output": 15, "session": 3},
         {"arrive_s": 100.0, "prompt": 90, "output": 2, "session": 3, "prefix": 65}]


def test_a_second_turn_begins_behind_the_whole_blocks_of_the_first(engine_class):
    result, rows = served(engine_class, market(), TURNS)
    assert cached(result) == 64  # 50 + 14 tokens are computed: four blocks
    assert result.offer_work[0, o.PREFILL_TOKENS] == 50 + 26
    # it computes 26 tokens, and attention reads all 90
    assert rows["first_token_s"][1] - 100.0 == pytest.approx(1.0 + 0.26 + 0.09)
    assert rows["cost_nano"].tolist() == [50 * 1250 + 15 * 2000, 26 * 1250 + 64 * 100 + 2 * 2000]


def test_without_a_cache_the_prefix_is_only_billed(engine_class):
    result, rows = served(engine_class, market(block_tokens=0), TURNS)
    assert cached(result) == 65
    assert rows["first_token_s"][1] - 100.0 == pytest.approx(1.0 + 0.90 + 0.09)
    assert rows["cost_nano"][1] == 25 * 1250 + 65 * 100 + 2 * 2000


def test_a_prefix_that_is_found_as_billed_is_not_computed_but_held(engine_class):
    of = market(block_tokens=0, finds_prefix=True)
    result, rows = served(engine_class, of, TURNS)
    assert cached(result) == 65
    assert result.offer_work[0, o.PREFILL_TOKENS] == 50 + 25
    # it computes 25 tokens, and attention reads all 90; the bill is what it is without
    assert rows["first_token_s"][1] - 100.0 == pytest.approx(1.0 + 0.25 + 0.09)
    assert rows["cost_nano"][1] == 25 * 1250 + 65 * 100 + 2 * 2000
    # of a prompt that is nothing but a prefix the last token is computed
    result, rows = served(engine_class, of, [{**TURNS[1], "arrive_s": 0.0, "prefix": 90}])
    assert result.offer_work[0, o.PREFILL_TOKENS] == 1
    # memory for 91 tokens holds one of two alike at a time: what is found is held by each
    twice = [{**TURNS[1], "arrive_s": 0.0, "key": key, "session": -1} for key in (1, 2)]
    narrow = market(block_tokens=0, finds_prefix=True, kv_capacity_tokens=91)
    _, rows = served(engine_class, narrow, twice)
    first, second = sorted(rows["first_token_s"])
    assert second - first > 1.34  # it waits until the other has left


def test_all_that_was_found_is_lost_with_its_replica(engine_class):
    outage = [Change(90.0, "up", 0, (0.0,)), Change(91.0, "up", 0, (1.0,))]
    assert cached(served(engine_class, market(), TURNS, outage)[0]) == 0
    # the second of two replicas is drained for a while: round robin sends both turns there
    rows = [{**TURNS[0], "arrive_s": 0.5, "session": -1, "key": 9}, {**TURNS[0], "arrive_s": 1.0}]
    rows += [{**rows[0], "arrive_s": 99.0, "key": 10}, {**TURNS[1]}]
    of = market(replicas=2, balancer="round_robin")
    assert cached(served(engine_class, of, rows)[0]) == 64
    sizes = [Change(50.0, "size", 0, (1.0,)), Change(51.0, "size", 0, (2.0,))]
    assert cached(served(engine_class, of, rows, sizes)[0]) == 0


def test_another_replica_has_nothing_of_a_session(engine_class):
    of = market(replicas=2, balancer="round_robin")
    assert cached(served(engine_class, of, TURNS)[0]) == 0


def test_a_document_is_computed_once_and_held_once(engine_class):
    rows = [{"arrive_s": 0.0, "prompt": 70, "output": 40, "key": 1},
            {"arrive_s": 10.0, "prompt": 70, "output": 40, "key": 2}]
    # the second enters when the first has emitted 9; as that writes its 39th, both hold 64 + (6 + 39) + (6 + 30) = 145
    result, samples = served(engine_class, market(shared=64, kv_capacity_tokens=145), rows)
    assert cached(result) == 64
    assert samples["end_s"][1] - samples["first_token_s"][0] < 60
    assert result.offer_work[0, [o.PREFILL_TOKENS, o.PREEMPTIONS]].tolist() == [70 + 6, 0]
    result, _ = served(engine_class, market(shared=64, kv_capacity_tokens=144), rows)
    assert result.offer_work[0, o.PREEMPTIONS] > 0


def test_the_session_that_was_idle_for_longest_goes_first_and_its_last_block_before_the_others(engine_class):
    rows = [{"arrive_s": 100.0 * at, "prompt": 49, "output": 1, "session": at, "key": at} for at in range(3)]
    # 96 tokens of sessions 0 and 1 are idle when the third needs 49: one block of 0 stays in 49 + 96 + 16 = 161 - 1
    again = [{"arrive_s": 500.0, "prompt": 65, "output": 1, "session": 0, "prefix": 49, "key": 7}]
    assert cached(served(engine_class, market(kv_capacity_tokens=161), rows + again)[0]) == 48
    for capacity, found in ((193, 48), (144, 32), (128, 16), (112, 0)):
        assert cached(served(engine_class, market(kv_capacity_tokens=capacity), rows + again)[0]) == found


def test_a_preempted_request_finds_what_it_had_computed_and_pays_as_at_first(engine_class):
    rows = [{"arrive_s": 0.0, "prompt": 40, "output": 60, "key": 1},
            {"arrive_s": 0.0, "prompt": 40, "output": 20, "key": 2}]
    result, _ = served(engine_class, market(kv_capacity_tokens=110), rows)
    assert result.offer_work[0, o.PREEMPTIONS] >= 1
    assert cached(result) == 0


@pytest.mark.parametrize(("hosted", "found", "fetched"), [(0, 16, 0), (40, 48, 32), (1000, 64, 48)])
def test_what_went_to_host_memory_is_fetched_before_the_step(engine_class, hosted, found, fetched):
    """Beside a prompt of 130 in memory for 160 one block of the first turn stays; the others go, the last one first."""
    of = market(kv_capacity_tokens=160, host_tokens=hosted, host_token_s=0.01)
    between = {"arrive_s": 50.0, "prompt": 130, "output": 2, "session": -1, "key": 9}
    result, rows = served(engine_class, of, [TURNS[0], between, TURNS[1]])
    assert cached(result) == found
    assert rows["first_token_s"][2] - 100.0 == pytest.approx(1.0 + 0.01 * (90 - found) + 0.09 + 0.01 * fetched)


def test_host_memory_is_lost_with_its_replica(engine_class):
    of = market(kv_capacity_tokens=160, host_tokens=1000, host_token_s=0.01)
    rows = [TURNS[0], {"arrive_s": 50.0, "prompt": 130, "output": 2, "session": -1, "key": 9}, TURNS[1]]
    outage = [Change(90.0, "up", 0, (0.0,)), Change(91.0, "up", 0, (1.0,))]
    assert cached(served(engine_class, of, rows, outage)[0]) == 0
