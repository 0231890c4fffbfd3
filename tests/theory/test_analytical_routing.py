"""The compiled engine under routing policies: shares and response times of many servers against theory.

Every check by replications fails once in a thousand seeds if engine and policy are right (`Estimate.agrees`);
the seeds are fixed. Where the reference value was itself simulated its standard error is counted.
"""

import numpy as np
import pytest
from scipy.special import chdtri

from sim.engines.outcome import MEASURED, PLACED
from theory import closed_forms as analytical
from theory.queueing import TOKEN_S, Queue, deterministic, response_s

pytestmark = pytest.mark.analytical

RANDOM = {"kind": "random"}
ROUND_ROBIN = {"kind": "round_robin"}
SHORTEST = {"kind": "least_in_flight"}
LEAST_WORK = {"kind": "oracle_least_work"}
IDLE = {"kind": "jiq"}
POWER_OF_2 = {"kind": "power_of_d", "d": 2}
POWER_OF_3 = {"kind": "power_of_d", "d": 3}


def test_random_splitting() -> None:
    """Random routing of a Poisson stream leaves every server an M/M/1."""
    Queue(0.7, offers=10, policy=RANDOM).estimate(response_s).agrees(analytical.mg1_response(0.7, 1.0))


@pytest.mark.parametrize(("servers", "load"), [(2, 0.7), (10, 0.8)])
def test_round_robin(servers: int, load: float) -> None:
    """Round robin makes every server an E_n/M/1 (E14)."""
    queue = Queue(load, offers=servers, policy=ROUND_ROBIN)
    queue.estimate(response_s).agrees(analytical.round_robin_response(servers, load))


@pytest.mark.parametrize("load", [0.5, 0.7, 0.9])
def test_join_the_shorter_of_two(load: float) -> None:
    """The chain of two queues, solved numerically: 1.4263, 2.1082, 5.4749."""
    queue = Queue(load, offers=2, policy=SHORTEST, requests=400_000 if load > 0.8 else 100_000)
    queue.estimate(response_s).agrees(analytical.jsq2_response(load), resolution=0.06)


@pytest.mark.parametrize(
    ("policy", "load", "mean", "error"),
    [
        (POWER_OF_2, 0.5, 1.2678, 0.0002),
        (POWER_OF_2, 0.7, 1.6215, 0.0012),
        (POWER_OF_2, 0.9, 2.6490, 0.0042),
        (POWER_OF_3, 0.7, 1.3635, 0.0007),
        (POWER_OF_3, 0.9, 2.0613, 0.0010),
        (SHORTEST, 0.9, 1.0690, 0.0006),
        (IDLE, 0.9, 1.0720, 0.0005),
    ],
)
def test_hundred_servers(policy: dict[str, object], load: float, mean: float, error: float) -> None:
    """Power of d, join the shortest and join the idle of 100 queues, against an independent simulation."""
    Queue(load, offers=100, policy=policy, replications=8).estimate(response_s).agrees(mean, error)


@pytest.mark.parametrize(("policy", "choices"), [(POWER_OF_2, 2), (POWER_OF_3, 3)])
def test_supermarket_limit(policy: dict[str, object], choices: int) -> None:
    """Many servers approach Mitzenmacher's limit (E15): at 400 servers the gap is about 0.1 %."""
    queue = Queue(0.7, offers=400, policy=policy, replications=8)
    limit = analytical.supermarket_response(choices, 0.7)
    queue.estimate(response_s).agrees(limit, error=0.001 * limit)


def test_regular_work_makes_three_policies_one() -> None:
    """With constant sizes round robin, least work left and a central queue are one schedule.

    Checked request by request. Least work sees whole tokens, so it may err by one: times agree within two.
    """
    markets = [
        Queue(0.8, deterministic, offers=10, policy=ROUND_ROBIN, sample_share=1.0),
        Queue(0.8, deterministic, offers=10, policy=LEAST_WORK, sample_share=1.0),
        Queue(0.8, deterministic, replicas=10, sample_share=1.0),
    ]
    ends = []
    for market in markets:
        samples = market.serve(0).samples
        ends.append(samples["end_s"][np.argsort(samples["key"])])
        assert len(samples) == market.requests
    assert np.abs(ends[0] - ends[2]).max() < 1e-9 * ends[2].max()
    assert np.abs(ends[1] - ends[2]).max() < 2 * TOKEN_S


def test_regular_work() -> None:
    """M/D/10 at load 0.8 (E16): 1.110."""
    queue = Queue(0.8, deterministic, offers=10, policy=ROUND_ROBIN)
    queue.estimate(response_s).agrees(analytical.mdn_response(10, 0.8))


@pytest.mark.parametrize(
    ("policy", "period_s", "mean"),
    [(POWER_OF_2, 1.0, 2.970), (POWER_OF_2, 10.0, 5.103), (SHORTEST, 1.0, 4.006), (SHORTEST, 10.0, 23.25)],
)
def test_stale_information(policy: dict[str, object], period_s: float, mean: float) -> None:
    """A bulletin board refreshed every T service times, 100 servers at load 0.9 (Mitzenmacher 2000).

    Means of an independent simulation, whose standard errors are at most 0.7 %. Herds build queues up slowly,
    so the first 1000 service times of the worst case are left out.
    """
    herds = mean > 10.0
    queue = Queue(
        0.9, offers=100, policy=policy, router={"telemetry": {"stale_view_s": period_s}},
        requests=300_000 if herds else 100_000, warmup=0.3 if herds else 0.1, replications=12 if herds else 8,
    )
    queue.estimate(response_s).agrees(mean, error=0.007 * mean, resolution=0.08)


def test_random_routing_needs_no_information() -> None:
    """Random routing is M/M/1 however old the view: 10 at load 0.9."""
    router = {"telemetry": {"stale_view_s": 10.0}}
    queue = Queue(0.9, offers=10, policy=RANDOM, router=router, requests=200_000)
    queue.estimate(response_s).agrees(analytical.mg1_response(0.9, 1.0), resolution=0.06)


def test_stale_information_turns_the_order_round() -> None:
    """Fresh, more choice is better; old, the shortest queue is worse than random and two choices are best."""
    def means(period_s: float) -> list[float]:
        router = {"telemetry": {"stale_view_s": period_s}}
        markets = [Queue(0.9, offers=100, policy=p, router=router) for p in (SHORTEST, POWER_OF_2, RANDOM)]
        return [response_s(market.serve(0)) for market in markets]

    shortest, two, chance = means(0.0)
    assert shortest < two < chance
    shortest, two, chance = means(10.0)
    assert two < chance < shortest


def test_inverse_square_shares() -> None:
    """OpenRouter's example (E17): prices 1, 2, 3 get .7347, .1837, .0816.

    Chi-square on independent choices: fails once in a thousand seeds.
    """
    policy = {"kind": "openrouter_classic"}
    queue = Queue(0.01, offers=3, prices=(1.0, 2.0, 3.0), policy=policy)
    placed = queue.serve(0).offer_sums[:, MEASURED, PLACED]
    expected = np.array(analytical.inverse_power_shares((1.0, 2.0, 3.0), 2.0)) * placed.sum()
    assert expected.min() > 5_000
    assert ((placed - expected) ** 2 / expected).sum() <= chdtri(2, 0.001)
