"""``openrouter_adjusted`` on identical servers at load .8: no worse than random, and stationary when the run doubles.

Its signals answer to queues: without enough of a typical peer in them chance makes requests herd, and the mean response
grows with the run (`peer_requests`). The same requests for both policies; the seeds are fixed. Over four replications
of 200,000 and 400,000 requests the mean was 4.6 to 4.8 service times, random's 5.0; doubling moved it by less than 1 %.
"""

import numpy as np
import pytest

from theory import queueing
from theory.queueing import Queue, response_s

pytestmark = pytest.mark.analytical

# what counts: waiting for the first token alone, or speed as well (100 tokens in a service of a second)
WORLDS = {"latency": (1e-6, 1_000_000), "speed": (0.01, 100)}


@pytest.mark.parametrize("world", WORLDS)
@pytest.mark.parametrize("servers", [8, 48])
def test_identical_servers(world: str, servers: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two replications of 100,000 requests and of twice as many."""
    monkeypatch.setattr(queueing, "TOKEN_S", WORLDS[world][0])
    monkeypatch.setattr(queueing, "MEAN_TOKENS", WORLDS[world][1])

    def mean_s(kind: str, requests: int) -> float:
        queue = Queue(0.8, offers=servers, policy={"kind": kind}, requests=requests)
        return float(np.mean([response_s(queue.serve(replication)) for replication in range(2)]))

    once, twice = mean_s("openrouter_adjusted", 100_000), mean_s("openrouter_adjusted", 200_000)
    assert once <= mean_s("random", 100_000)
    assert twice <= mean_s("random", 200_000)
    assert twice == pytest.approx(once, rel=0.1)
