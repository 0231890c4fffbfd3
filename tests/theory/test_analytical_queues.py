"""The compiled engine as a single queue: response times, waits and losses against theory.

Every check by replications fails once in a thousand seeds if the engine is right (`Estimate.agrees`);
the seeds are fixed. Checks request by request cannot fail by chance.
"""

import heapq

import numpy as np
import pytest

from sim.engines.outcome import COMPLETED, GOOD, MEASURED, REFUSED, TrafficOutcome
from theory import closed_forms as analytical
from theory.queueing import (
    MEAN_TOKENS,
    TOKEN_S,
    Estimate,
    Queue,
    Sizes,
    deterministic,
    exponential,
    hyperexponential,
    response_s,
)

pytestmark = pytest.mark.analytical


@pytest.mark.parametrize("load", [0.5, 0.8])
@pytest.mark.parametrize(
    ("sizes", "scv"), [(exponential, 1.0), (deterministic, 0.0), (hyperexponential, 10.0)], ids="MDH"
)
def test_single_server(sizes: Sizes, scv: float, load: float) -> None:
    """M/M/1, M/D/1 and M/G/1 with C² = 10 (E10)."""
    queue = Queue(load, sizes, requests=200_000 if scv > 1.0 else 100_000)
    queue.estimate(response_s).agrees(analytical.mg1_response(load, scv), resolution=0.06)


def test_single_server_tail() -> None:
    """The 99th percentile of M/M/1, whose response time is exponential."""
    def p99(outcome: TrafficOutcome) -> float:
        rows = outcome.samples
        measured = rows["born_s"] >= outcome.world.scenario.traffic.warmup_s
        return float(np.quantile((rows["end_s"] - rows["born_s"])[measured], 0.99))

    queue = Queue(0.7, sample_share=1.0)
    queue.estimate(p99).agrees(analytical.mm1_response_quantile(0.7, 0.99), resolution=0.06)


@pytest.mark.parametrize("servers", [1, 3])
def test_path_of_a_central_queue(servers: int) -> None:
    """Every request leaves when the recursion of Kiefer and Wolfowitz (Lindley for one server) says."""
    queue = Queue(0.9, hyperexponential, replicas=servers, requests=20_000, sample_share=1.0)
    rows = queue.feed(0)
    free = [0.0] * servers
    ends = np.empty(len(rows))
    for number, row in enumerate(rows):
        ends[number] = max(row["arrive_s"], heapq.heappop(free)) + row["output"] * TOKEN_S
        heapq.heappush(free, ends[number])
    samples = queue.serve(0).samples
    served = dict(zip(samples["key"].tolist(), samples["end_s"].tolist(), strict=True))
    assert [served[key] for key in rows["key"].tolist()] == pytest.approx(ends.tolist(), rel=1e-9)


@pytest.mark.parametrize(("servers", "load"), [(2, 0.7), (10, 0.8), (100, 0.9)])
def test_central_queue(servers: int, load: float) -> None:
    """M/M/n (E13): mean response time."""
    queue = Queue(load, replicas=servers, requests=100_000)
    queue.estimate(response_s).agrees(analytical.mmn_response(servers, load))


@pytest.mark.parametrize(("servers", "load"), [(1, 0.8), (10, 0.8), (100, 0.9)])
def test_erlang_c(servers: int, load: float) -> None:
    """Share of requests that wait. The others have their first token after one step, within the SLO."""
    def waited(outcome: TrafficOutcome) -> float:
        return 1.0 - outcome.class_sums[0, MEASURED, GOOD] / outcome.outcomes[0, MEASURED, COMPLETED]

    theory = analytical.erlang_c(servers, servers * load)
    Queue(load, replicas=servers, requests=100_000).estimate(waited).agrees(theory, resolution=0.1)


@pytest.mark.parametrize("sizes", [exponential, deterministic, hyperexponential], ids="MDH")
@pytest.mark.parametrize(("servers", "load"), [(10, 0.8), (3, 1.5)])
def test_erlang_b(servers: int, load: float, sizes: Sizes) -> None:
    """Share of requests lost without waiting places (E12), whatever the distribution of sizes."""
    def lost(outcome: TrafficOutcome) -> float:
        return float(outcome.outcomes[0, MEASURED, REFUSED] / outcome.born[0, MEASURED])

    queue = Queue(load, sizes, replicas=servers, queue=0)
    queue.estimate(lost).agrees(analytical.erlang_b(servers, servers * load))


@pytest.mark.parametrize("sizes", [exponential, deterministic, hyperexponential], ids="MDH")
def test_processor_sharing(sizes: Sizes) -> None:
    """M/G/1-PS (E11): the mean response time is insensitive to the distribution of sizes."""
    Queue(0.7, sizes, sharing=True).estimate(response_s).agrees(analytical.ps_response(0.7), resolution=0.05)


def test_sharing_slows_all_requests_alike() -> None:
    """Under processor sharing the mean response of requests of size x is x/(1 - load), for every x."""
    def slowness(low: float, high: float) -> float:
        inside = (samples["output"] > low * MEAN_TOKENS) & (samples["output"] <= high * MEAN_TOKENS)
        chosen = samples[inside & (samples["born_s"] > warm_s)]
        return float((chosen["end_s"] - chosen["born_s"]).sum() / (chosen["output"].sum() * TOKEN_S))

    queue = Queue(0.5, exponential, sharing=True, sample_share=1.0)
    bands: dict[tuple[float, float], list[float]] = {(0.0, 0.5): [], (0.5, 1.5): [], (1.5, 99.0): []}
    for replication in range(queue.replications):
        outcome = queue.serve(replication)
        samples, warm_s = outcome.samples, outcome.world.scenario.traffic.warmup_s
        for band, values in bands.items():
            values.append(slowness(*band))
    for values in bands.values():
        Estimate.of(values).agrees(analytical.ps_response(0.5))
