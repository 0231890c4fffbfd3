"""Time that a framework takes for each request and each sequence, worked out by hand, in both engines."""

import numpy as np
import pytest

from sim import view as v
from sim.engines import outcome
from sim.engines.compiled import CompiledEngine
from sim.engines.reference import ReferenceEngine
from sim.policy import MIDSTREAM, OUTAGE
from worlds.small import Change, affine, drive, lowest, offer, requests, world

ENGINES = (ReferenceEngine, CompiledEngine)
ENDED = {"outage": outcome.ENDED_BY + OUTAGE, "midstream": outcome.ENDED_BY + MIDSTREAM}


def served(engine, market, rows, changes=()):
    """The outcome, and its samples in order of arrival."""
    result = drive(engine(market, iter([requests(market, rows)])), changes)
    return result, np.sort(result.samples, order="key")


@pytest.mark.parametrize("engine", ENGINES)
def test_answers_leave_later_and_the_replica_does_not_wait(engine):
    """Two steps of a second each; the next request has the only place at once, not when the answer has arrived."""
    market = world([offer(max_batch=1, request_s=5.0)], delay_s=0.25)
    result, rows = served(engine, market, [{"arrive_s": 0.0, "prompt": 4, "output": 2}] * 2)
    assert rows["first_token_s"].tolist() == [0.25 + 1 + 5 + 0.25, 0.25 + 3 + 5 + 0.25]
    assert rows["end_s"].tolist() == [0.25 + 2 + 5 + 0.25, 0.25 + 4 + 5 + 0.25]
    assert result.offer_work[0, outcome.BUSY_S] == 4.0
    assert result.class_metric_sums[0].tolist() == [6.5 + 8.5, 1.0 + 1.0, 7.5 + 9.5]  # time per token is as ever


@pytest.mark.parametrize("engine", ENGINES)
def test_an_outage_breaks_a_stream_behind_what_it_has_sent(engine):
    """The first token, at 1 s, arrives at 3.5 s; the break of 1.5 s at 4 s; who has no token hears at once."""
    market = world([offer(max_batch=1, request_s=2.5)], routers={"main": {"attempts": {"maximum": 1}}})
    changes = [Change(1.5, "up", 0, (False,))]
    result, rows = served(engine, market, [{"arrive_s": 0.0, "prompt": 4, "output": 9}] * 2, changes)
    assert rows["first_token_s"].tolist() == [3.5, -1.0]
    assert rows["end_s"].tolist() == [4.0, 1.5]
    sums = result.offer_sums[0].sum(axis=0)
    assert (sums[ENDED["midstream"]], sums[ENDED["outage"]]) == (1, 1)


@pytest.mark.parametrize("engine", ENGINES)
def test_decoding_requests_take_time_each(engine):
    """Prefills pay nothing; then two decode, 1 + 2 · 0.25 s a step, and when one has ended the other alone."""
    market = world([offer(affine(1.0)._replace(sequence_s=0.25))])
    _, rows = served(engine, market, [{"arrive_s": 0.0, "prompt": 3, "output": 3},
                                      {"arrive_s": 0.0, "prompt": 3, "output": 5}])
    assert rows["first_token_s"].tolist() == [1.0, 1.0]
    assert rows["end_s"].tolist() == [1.0 + 2 * 1.5, 1.0 + 2 * 1.5 + 2 * 1.25]


@pytest.mark.parametrize("engine", ENGINES)
def test_providers_publish_the_time_until_the_first_token_leaves(engine):
    """A second to compute and three to leave are more than the prior of 2.5 s: the next request tries the other."""
    market = world([offer(request_s=3.0), offer(request_s=3.0)], lowest(v.PUBLISHED_LATENCY_S),
                   traffic={"publish_period_s": 1.0}, routers={"main": {"telemetry": {"prior_ttft_s": 2.5}}})
    rows = served(engine, market, [{"arrive_s": at_s, "prompt": 4, "output": 2} for at_s in (0.0, 50.0)])[1]
    assert sorted(rows["offer"].tolist()) == [0, 1]
