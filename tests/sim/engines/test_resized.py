"""Replicas that are drained and taken back while requests run, through both engines."""

import numpy as np
import pytest

from sim.engines.compiled import CompiledEngine
from sim.engines.reference import ReferenceEngine
from worlds.small import Change, drive, offer, requests, world


@pytest.mark.parametrize("engine", [ReferenceEngine, CompiledEngine])
def test_a_replica_that_is_taken_back_helps_with_the_central_queue_at_its_next_boundary(engine):
    """Steps of 1 s, two places each; a long answer on each replica, of which the second is drained from 1 s on.

    A third long one fills the first at 2.5 s, so that the fourth waits from 3.5 s on. The second replica is back at
    5.5 s and takes it at the end of its step, at 6 s, though its own answer goes on to 20 s.
    """
    market = world([offer(max_batch=2, replicas=2, balancer="central")])
    rows = [{"arrive_s": at, "prompt": 1, "output": output} for at, output in ((0, 20), (0, 20), (2.5, 20), (3.5, 1))]
    result = drive(engine(market, iter([requests(market, rows)])),
                   [Change(1.0, "size", 0, (1.0,)), Change(5.5, "size", 0, (2.0,))])
    assert np.sort(result.samples, order="key")["end_s"].tolist() == [20, 20, 23, 7]
