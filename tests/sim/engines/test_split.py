"""Prefill and decode on replicas of their own (semantics, section 18), worked by hand; steps of a second."""

import math

import numpy as np
import pytest

from sim.draws import STAY, derive
from sim.engines import outcome as o
from sim.engines.carriage import Carriage, transfer_time
from sim.engines.compiled import CompiledEngine
from sim.engines.face import check_replicas
from sim.engines.reference import ReferenceEngine
from worlds.small import Change, Client, affine, drive, offer, requests, world

ENGINES = [CompiledEngine, ReferenceEngine]


@pytest.fixture(params=ENGINES, ids=lambda engine: engine.__name__)
def engine_class(request):
    return request.param


def split(prefill=1, latency_s=0.5, token_s=0.1, replicas=2, **changes):
    """An offer whose transfer of five tokens takes a second."""
    return offer(replicas=replicas, split=Carriage(prefill, latency_s, token_s), **changes)


def served(engine_class, spec, rows, changes=(), **settings):
    """The outcome, and its samples in order of the rows."""
    market = world([spec], **settings)
    result = drive(engine_class(market, iter([requests(market, rows)])), changes)
    return result, np.sort(result.samples, order="key")


def test_a_transfer_takes_its_latency_and_the_time_of_its_tokens():
    assert transfer_time(0.5, 0.1, 5) == pytest.approx(1.0)
    assert transfer_time(0.25, 0.0, 1 << 40) == 0.25


def test_a_request_by_hand(engine_class):
    """Prefill from 0 to 1, when the first token is out; its five tokens land at 2; two steps of decoding."""
    result, rows = served(engine_class, split(), [{"arrive_s": 0.0, "prompt": 5, "output": 3}])
    assert rows["first_token_s"].tolist() == [1.0]
    assert rows["end_s"].tolist() == [4.0]
    assert result.offer_work[0].tolist() == [3.0, 3, 5, 2, 0]
    assert result.replica_s.tolist() == [2 * 1000.0]


def test_what_a_sequence_holds_besides_is_sent_too(engine_class):
    _, rows = served(engine_class, split(seq_overhead_tokens=20), [{"arrive_s": 0.0, "prompt": 5, "output": 2}])
    assert rows["end_s"].tolist() == [1.0 + 0.5 + 2.5 + 1.0]


def test_an_answer_of_one_token_never_travels(engine_class):
    result, rows = served(engine_class, split(), [{"arrive_s": 0.0, "prompt": 5, "output": 1}])
    assert rows["end_s"].tolist() == [1.0]
    assert result.offer_work[0, o.STEPS] == 1


def test_a_link_sends_one_after_the_other(engine_class):
    """Both are prefilled at 1; they land at 2 and 3, and the second joins the first's batch."""
    _, rows = served(engine_class, split(), [{"arrive_s": 0.0, "prompt": 5, "output": 4}] * 2)
    assert rows["first_token_s"].tolist() == [1.0, 1.0]
    assert rows["end_s"].tolist() == [5.0, 6.0]


def test_each_replica_has_a_link(engine_class):
    _, rows = served(engine_class, split(prefill=2, replicas=3), [{"arrive_s": 0.0, "prompt": 5, "output": 4}] * 2)
    assert rows["end_s"].tolist() == [5.0, 5.0]


def test_no_prefill_waits_for_decoding_nor_the_other_way_round(engine_class):
    """Steps last a second and .1 for each token; a prompt of a hundred comes after three decoding steps of another."""
    rows = [{"arrive_s": 0.0, "prompt": 5, "output": 6}, {"arrive_s": 4.0, "prompt": 100, "output": 2}]
    _, apart = served(engine_class, split(latency_s=0.0, token_s=0.0, step=affine(1.0, 0.1)), rows)
    _, mixed = served(engine_class, offer(affine(1.0, 0.1)), rows)
    assert apart["end_s"].tolist() == pytest.approx([1.5 + 5 * 1.1, 4.0 + 11.0 + 1.1])
    assert mixed["end_s"][0] == pytest.approx(1.5 + 3 * 1.1 + (1.0 + 0.1 * 101) + 1.2)


def test_least_outstanding_tokens_decide_who_decodes(engine_class):
    """The first weighs 5 + 9 and the second 5 + 2: the third goes where the second is, though that has not landed."""
    spec = split(replicas=3, latency_s=1.0, token_s=0.0, max_batch=3, kv_capacity_tokens=15)
    rows = [{"arrive_s": 0.0, "prompt": 5, "output": 9}, {"arrive_s": 0.0, "prompt": 5, "output": 2},
            {"arrive_s": 0.0, "prompt": 5, "output": 7}]
    _, told = served(engine_class, spec, rows)
    # landings at 2, 3, 4: alone the first decodes to 10; with the third, 7 + 5 tokens at 4, it would be out of memory
    assert told["end_s"].tolist() == [10.0, 4.0, 10.0]


def test_memory_is_held_until_a_transfer_lands(engine_class):
    """There is room for one prompt: the second is prefilled from 2 on, when the first has landed."""
    _, rows = served(engine_class, split(kv_capacity_tokens=9), [{"arrive_s": 0.0, "prompt": 5, "output": 2}] * 2)
    assert rows["first_token_s"].tolist() == [1.0, 3.0]
    assert rows["end_s"].tolist() == [3.0, 5.0]


def test_who_lands_waits_for_memory_by_priority(engine_class):
    """Three replicas prefill; the one that decodes has room for one request at a time."""
    rows = [{"arrive_s": 0.0, "prompt": 5, "output": 4}, {"arrive_s": 0.0, "prompt": 5, "output": 3},
            {"arrive_s": 0.5, "prompt": 5, "output": 3, "priority": 1}]
    _, told = served(engine_class, split(prefill=3, replicas=4, kv_capacity_tokens=9), rows)
    # the first decodes from 2 to 5; the third, landed at 2.5, from 5 to 7, the second from 7 to 9
    assert told["first_token_s"].tolist() == [1.0, 1.0, 1.5]
    assert told["end_s"].tolist() == [5.0, 9.0, 7.0]


def test_who_is_preempted_prefills_anew_where_it_decodes(engine_class):
    """From 3 on both decode; at 4 they hold 7 + 6 of 13 tokens: the second goes, and at 6 it comes back with 7."""
    rows = [{"arrive_s": 0.0, "prompt": 5, "output": 5}, {"arrive_s": 0.0, "prompt": 5, "output": 4}]
    result, told = served(engine_class, split(kv_capacity_tokens=13), rows)
    assert told["end_s"].tolist() == [6.0, 6.0 + 1.0 + 1.0]
    assert result.offer_work[0, o.PREEMPTIONS] == 1
    assert result.offer_work[0, o.PREFILL_TOKENS] == 5 + 5 + 7


def test_a_customer_who_leaves_in_a_transfer_is_served_no_further(engine_class):
    """It leaves at 1.5, and its attempt when it lands at 2, with the one token that was computed."""
    clients = [Client(stay_s=-0.5 / math.log1p(-derive(1, STAY, 0)))]
    result, rows = served(engine_class, split(), [{"arrive_s": 0.0, "prompt": 5, "output": 9}], clients=clients,
                          routers={"main": {"billing": {"customer_left": "customer"}}})
    assert rows["outcome"].tolist() == [o.ABANDONED]
    assert result.class_sums[0, o.MEASURED, o.COST_NANO] == 5 * 1000 + 2000
    assert result.offer_work[0, o.STEPS] == 1


def test_an_outage_ends_what_is_on_its_way(engine_class):
    rows = [{"arrive_s": 0.0, "prompt": 5, "output": 9}, {"arrive_s": 6.0, "prompt": 5, "output": 2}]
    changes = [Change(1.5, "up", 0, (0.0,)), Change(5.0, "up", 0, (1.0,))]
    result, told = served(engine_class, split(latency_s=99.0, token_s=0.0), rows, changes)
    assert told["outcome"].tolist() == [o.FAILED, o.COMPLETED]
    assert told["end_s"].tolist() == [1.5, 6.0 + 1.0 + 99.0 + 1.0]  # the link is free again
    assert result.offer_sums[0, o.MEASURED, o.ENDED_BY + 6] == 1  # midstream


def test_a_queue_that_cannot_enter_moves_up_when_its_head_is_cancelled(engine_class):
    """The first holds 5 of 12 tokens until 100; the second (11 tokens) is given up at 3, and the third fits."""
    rows = [{"arrive_s": 0.0, "prompt": 5, "output": 2},
            {"arrive_s": 0.5, "prompt": 11, "output": 2, "patience_s": 2.5},
            {"arrive_s": 0.5, "prompt": 6, "output": 1}]
    _, told = served(engine_class, split(latency_s=99.0, token_s=0.0, kv_capacity_tokens=12), rows)
    assert told["outcome"].tolist() == [o.COMPLETED, o.ABANDONED, o.COMPLETED]
    assert told["end_s"].tolist() == [101.0, 3.0, 4.0]


def test_a_split_keeps_its_numbers():
    with pytest.raises(ValueError, match="cannot change: 1 of its 2 prefill and the others decode"):
        check_replicas(world([split()]), 0, 2)


def test_published_load_and_true_work_are_of_both_kinds():
    """At .5 all of 5 + 3 - 1 tokens are left where it prefills, at 1.5 it is on its way, at 2.5 two tokens are left."""
    market = world([split()])
    engine = ReferenceEngine(market, iter([requests(market, [{"arrive_s": 0.0, "prompt": 5, "output": 3}])]))
    told = []
    for until_s in (0.5, 1.5, 2.5, 5.0):
        engine.advance(until_s)
        deployment, = engine._deployments
        told.append((deployment.requests_per_replica, deployment.true_work_s))
    assert told == [(0.5, 7.0), (0.5, 0.0), (0.5, 2.0), (0.0, 0.0)]


def held(engine):
    """KV memory in use at each replica of the reference engine, tokens."""
    return [replica.kv_held for deployment in engine._deployments for replica in deployment.replicas]


def test_memory_is_held_at_one_place_and_given_back():
    """Forty prompts, three replicas, one of which prefills: no more is ever held than there is, and at last nothing."""
    rng = np.random.default_rng(32)
    spec = split(replicas=3, latency_s=0.3, token_s=0.05, kv_capacity_tokens=60, max_batch=4)
    market = world([spec])
    rows = [{"arrive_s": float(at), "prompt": int(prompt), "output": int(output)} for at, prompt, output in zip(
        np.sort(rng.uniform(0, 60, 40)), rng.integers(1, 30, 40), rng.integers(1, 30, 40), strict=True)]
    engine = ReferenceEngine(market, iter([requests(market, rows)]))
    most = np.zeros(3)
    for until_s in np.arange(0.5, 900.0, 0.5):
        engine.advance(float(until_s))
        most = np.maximum(most, held(engine))
    assert engine.idle
    assert held(engine) == [0, 0, 0]
    assert (most > 30).all()
    assert (most <= 60).all()
    assert engine.outcome().outcomes[0, o.MEASURED, o.COMPLETED] == 40
