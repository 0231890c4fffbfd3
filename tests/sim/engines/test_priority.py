"""Priorities in providers' queues, worked out by hand, in both engines. A step lasts a second."""

import numpy as np
import pytest

from sim.engines import outcome
from sim.engines.compiled import CompiledEngine
from sim.engines.outcome import COMPLETED, REFUSED
from sim.engines.reference import ReferenceEngine
from worlds.small import Change, drive, offer, requests, world

ENGINES = pytest.mark.parametrize("engine", [ReferenceEngine, CompiledEngine], ids=["reference", "compiled"])


def served(market, engine, rows, changes=()):
    """The run and its samples in order of arrival."""
    result = drive(engine(market, iter([requests(market, rows)])), changes)
    return result, np.sort(result.samples, order="key")


def job(arrive_s, priority=0, output=2, prompt=1):
    return {"arrive_s": arrive_s, "prompt": prompt, "output": output, "priority": priority}


@ENGINES
@pytest.mark.parametrize("balancer", ["least_requests", "central"])
def test_the_more_urgent_go_first_and_first_come_first_served_within_one(engine, balancer):
    market = world([offer(max_batch=1, balancer=balancer)])
    rows = [job(0), job(0.1, -1), job(0.2), job(0.3, 5), job(0.4), job(0.5, 5), job(0.6, -1), job(0.7, 100)]
    _, samples = served(market, engine, rows)
    # two seconds each; whoever runs is not thrown out
    assert samples["end_s"].tolist() == [2, 14, 10, 6, 12, 8, 16, 4]


@ENGINES
def test_a_full_queue_throws_nobody_out(engine):
    market = world([offer(max_batch=1, queue=1)])
    _, samples = served(market, engine, [job(0), job(0.5, -5), job(0.6, 100)])
    assert samples["outcome"].tolist() == [COMPLETED, COMPLETED, REFUSED]


@ENGINES
def test_an_urgent_newcomer_enters_a_batch_at_the_next_boundary(engine):
    """Before those that do not fit: the one that waits needs more memory than is left."""
    market = world([offer(max_batch=3, kv_capacity_tokens=60)])
    rows = [job(0, output=30, prompt=20), job(1.5, output=2, prompt=39), job(2.5, 1, output=2, prompt=2)]
    _, samples = served(market, engine, rows)
    assert samples["end_s"].tolist() == [30, 32, 5]


@ENGINES
def test_who_is_preempted_goes_to_the_head_of_its_own_priority(engine):
    """Two of 10 tokens and more outgrow 30 at 6 s. One waits since 2.5, urgent and small; one as the two, but later.

    The urgent one cannot enter in the step that threw somebody out, but in the next: first token at 8, second at 9.
    """
    market = world([offer(max_batch=2, kv_capacity_tokens=30)])
    rows = [job(0, output=20, prompt=10), job(0, output=20, prompt=10), job(2.5, 1, prompt=2), job(3.5, prompt=3)]
    result, samples = served(market, engine, rows)
    assert result.offer_work[0, outcome.PREEMPTIONS] == 1
    assert samples["first_token_s"].tolist() == [1, 1, 8, 21]
    # the second has 6 tokens at 6 s; from 20 s on it prefills 16 and has 14 more at 34 s
    assert samples["end_s"].tolist() == [20, 34, 9, 22]


@ENGINES
def test_an_urgent_head_that_leaves_lets_the_next_in(engine):
    """The urgent one is too large to enter and gives up: whoever stood behind it enters at the next boundary."""
    market = world([offer(max_batch=3, kv_capacity_tokens=60)])
    rows = [job(0, output=30, prompt=20), {**job(1.5, 1, prompt=39), "patience_s": 4.0}, job(2.5, prompt=2)]
    _, samples = served(market, engine, rows)
    assert samples["end_s"].tolist() == [30, 5.5, 8]


@ENGINES
def test_an_outage_ends_those_in_line_whatever_their_priority(engine):
    market = world([offer(max_batch=1)], routers={"main": {"attempts": {"maximum": 1}}})
    result, samples = served(market, engine, [job(0), job(0.5), job(0.6, 3)], [Change(1.5, "up", 0, (0.0,))])
    assert samples["end_s"].tolist() == [1.5] * 3
    assert result.offer_sums[0, 1, outcome.ENDED_BY + 1] == 2
