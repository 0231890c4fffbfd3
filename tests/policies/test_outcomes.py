"""What each policy makes of identical servers: not worse than a random choice, and stationary, unless it says it herds.

Eight servers at load 0.8 take one request at a time; service times are exponential. All policies get the same requests.
Six replications of a run, and of one twice as long; d is the logarithm of a ratio of mean responses.

* Not worse than random: mean(d) of policy over random <= t(0.999; 5) s / sqrt(6). A policy that is random's equal fails
  once in a thousand seeds, a better one less often; one that is a fifth worse is found out.
* Stationary: the same of the long run over the short one.
* Whoever is said to herd is worse in the long run: mean(d) > t(0.999; 5) s / sqrt(6), so that the flag is no excuse.

In all below 0.05 for this file; the seeds are fixed. The 48 servers and long runs of docs/policies.md are made by
benchmarks/outcomes.py.
"""

import math
from functools import cache

import numpy as np
import pytest
from scipy.special import stdtrit

from policies import POLICIES, PRESETS, bind
from policies.registry import imitation_of
from sim.scenario import PolicyChoice
from theory.queueing import Queue, response_s

pytestmark = pytest.mark.analytical

REQUESTS, REPLICATIONS = 8_000, 6
PINNED = {  # what they are for is not to spread requests: here all are of one class and without a session
    "bounded_hash": "affinity: one key, so that offers fill up in the order of the circle",
    "litellm_cost": "pinning: equal prices, and ties go to the first of the list",
}


def distinct() -> list[str]:
    """All policies, and the presets that set something otherwise."""
    known: dict[str, str] = {}
    for name in [*POLICIES, *PRESETS]:
        bound = bind(PolicyChoice(kind=name))
        known.setdefault(f"{bound.policy.kind} {bound.parameter_array().tolist()}", name)
    return list(known.values())


def cases() -> list[str]:
    """Their names."""
    return [name for name in distinct() if name not in PINNED]


@cache
def responses(policy: str, requests: int) -> np.ndarray:
    """Logarithms of the mean responses of the replications."""
    queue = Queue(0.8, offers=8, policy={"kind": policy}, requests=requests, replications=REPLICATIONS)
    return np.log([response_s(queue.serve(replication)) for replication in range(REPLICATIONS)])


def above(longer: np.ndarray, shorter: np.ndarray) -> tuple[float, float]:
    """Mean of the differences, and what it may reach by chance."""
    d = longer - shorter
    return float(d.mean()), float(stdtrit(REPLICATIONS - 1, 0.999) * d.std(ddof=1) / math.sqrt(REPLICATIONS))


def herds(name: str) -> bool:
    """What the registry says."""
    imitation = imitation_of(name)
    return imitation is not None and imitation.herds


@pytest.mark.parametrize("name", cases())
def test_identical_servers(name: str) -> None:
    if herds(name):
        worse, chance = above(responses(name, 2 * REQUESTS), responses("random", 2 * REQUESTS))
        assert worse > chance, "the registry says that it herds, and it does not"
        return
    worse, chance = above(responses(name, REQUESTS), responses("random", REQUESTS))
    assert worse <= chance, "worse than a random choice"
    grows, chance = above(responses(name, 2 * REQUESTS), responses(name, REQUESTS))
    assert grows <= chance, "not stationary"


@pytest.mark.parametrize("name", PINNED)
def test_what_pins_is_exempt_by_name_and_there(name: str) -> None:
    assert name in POLICIES


def test_the_check_finds_a_fifth() -> None:
    """A policy that were a fifth worse than random would be found out: chance is smaller than that."""
    _, chance = above(responses("round_robin", REQUESTS), responses("random", REQUESTS))
    assert chance < math.log(1.2)
