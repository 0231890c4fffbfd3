"""Requests that wait for a server that is up and down, against the two-state server: both engines."""

import numpy as np
import pytest

from sim.engines.compiled import CompiledEngine
from sim.engines.reference import ReferenceEngine
from sim.engines.requests import REQUEST
from theory import closed_forms as analytical
from theory.queueing import Estimate
from worlds.small import Client, affine, drive, offer, world

pytestmark = pytest.mark.analytical
REST_S, UP_S, RATE_PER_S = 3.0, 2.0, 4.0  # a rest, the mean time to the next failure, requests a second
BARELY_S = 2.0**-30  # patience of a request that is there only to fail


def rows_of(rng: np.random.Generator, duration_s: float) -> np.ndarray:
    """Requests of class 0 that are served, and of class 1 that are too long: if one finds the offer up, it rests."""
    arrivals = []
    for client, per_s in ((0, RATE_PER_S), (1, 1.0 / UP_S)):
        rows = np.zeros(rng.poisson(per_s * duration_s), REQUEST)
        rows["arrive_s"] = rng.uniform(0.0, duration_s, len(rows))
        rows["client_class"], rows["prompt"] = client, 2000 if client else 1
        rows["patience_s"] = BARELY_S if client else np.inf
        arrivals.append(rows)
    table = np.concatenate(arrivals)
    table = table[np.argsort(table["arrive_s"])]
    table["born_s"], table["session"], table["output"], table["expected_output"] = table["arrive_s"], -1, 1, 1.0
    table["key"] = rng.integers(0, 1 << 64, len(table), dtype=np.uint64)
    return table


@pytest.mark.parametrize(("engine_class", "duration_s", "replications"), [
    (CompiledEngine, 20_000.0, 20), (ReferenceEngine, 250.0, 8)], ids=["compiled", "reference"])
def test_a_server_that_is_up_and_down(engine_class: type, duration_s: float, replications: int) -> None:
    """Up for an exponential time, down for a constant one; who comes while it is down waits for its return."""
    market = world([offer(affine(1e-4), kv_capacity_tokens=1000, max_batch=1 << 14)],
                   routers={"main": {"attempts": {"maximum": 1}, "cooldown": {"seconds": REST_S}}},
                   clients=[Client(), Client()], traffic={"duration_s": duration_s})
    waits, shares = [], []
    for replication in range(replications):
        table = rows_of(np.random.default_rng([14, replication]), duration_s)
        samples = drive(engine_class(market, iter([table])), until_s=duration_s + 100.0).samples
        served = samples[samples["client_class"] == 0]
        waited_s = served["placed_s"] - served["born_s"]
        waits.append(float(waited_s.mean()))
        shares.append(float((waited_s > 0).mean()))
    coarse = 0.03 if engine_class is CompiledEngine else 0.35
    Estimate.of(waits).agrees(analytical.two_state_wait(UP_S, REST_S), resolution=coarse)
    Estimate.of(shares).agrees(REST_S / (UP_S + REST_S), resolution=coarse)
