"""What policies make of caches: on conversations at equal servers, those that look for prefixes find more than chance.

Six servers with prefix caches at one price; sessions of eight turns on average with one of ten documents. Six
replications with the same requests for all; d is the difference of a policy's share of prompt tokens that were billed
as cached from random's. A policy that were random's equal would pass mean(d) > t(0.999; 5) s / sqrt(6) once in a
thousand seeds. None of those below may be slower than random in the mean, by the same bound. The seeds are fixed.
"""

import math
from functools import cache
from typing import Any

import numpy as np
import pytest
from scipy.special import stdtrit

from experiments.measures.traffic_metrics import metrics
from experiments.runs.run_traffic import run_traffic
from policies.labels import choice_of
from sim.scenario import TrafficScenario
from sim.scenario.load import plain

pytestmark = pytest.mark.analytical

REPLICATIONS = 6
COMPARED = ("cached_share", "ttft_p50_s", "paid_usd_per_mtok")
AWARE = ("sglang_cache_aware", "prefix_affinity", "dynamo_kv", "gie", "openrouter_classic:sticky=session_id",
         "openrouter_classic:sticky=prompt")


def sessions(policy: str, **more: Any) -> TrafficScenario:
    offer = {"model": "toy", "serving": {"kind": "affine", "base_s": 0.01, "per_token_s": 0.00005, "kv_tokens": 60_000},
             "engine": {"max_batch": 16, "max_step_tokens": 512, "prefix_cache": True},
             "price": {"input_usd_per_mtok": 1.0, "output_usd_per_mtok": 2.0, "cached_usd_per_mtok": 0.25}}
    return TrafficScenario.model_validate({
        "name": "sessions", "seed": 20261129,
        "traffic": {"duration_s": 400.0, "warmup_s": 150.0},
        "routers": {"main": {"policy": plain(choice_of(policy))}},
        "demand": {"agents": {
            "model": "toy", "arrivals": {"kind": "poisson", "rate_per_s": 12.0},
            "sessions": {"mean_turns": 8.0, "think_s": 3.0},
            "shared_prefix": {"tokens": 500, "documents": 10, "zipf_exponent": 0.8},
            "prompt_tokens": {"kind": "lognormal", "mean": 200, "cv": 1.0, "maximum": 8000},
            "output_tokens": {"kind": "lognormal", "mean": 40, "cv": 1.0, "maximum": 400}}},
        "providers": {f"p{number}": {"offers": {"toy": offer}} for number in range(6)}, **more})


@cache
def found(policy: str) -> dict[str, np.ndarray]:
    """Metrics of the replications."""
    runs = [metrics(run_traffic(sessions(policy), replication)) for replication in range(REPLICATIONS)]
    return {name: np.array([run[name] for run in runs]) for name in COMPARED}


def above(a: np.ndarray, b: np.ndarray) -> tuple[float, float]:
    """Mean of differences, and what it may reach by chance."""
    d = a - b
    return float(d.mean()), float(stdtrit(REPLICATIONS - 1, 0.999) * d.std(ddof=1) / math.sqrt(REPLICATIONS))


@pytest.mark.parametrize("policy", AWARE)
def test_more_hits_than_by_chance_at_less_and_no_later(policy: str) -> None:
    own, chance = found(policy), found("random")
    more, bound = above(own["cached_share"], chance["cached_share"])
    assert more > bound
    cheaper, bound = above(chance["paid_usd_per_mtok"], own["paid_usd_per_mtok"])
    assert cheaper > bound
    later, bound = above(own["ttft_p50_s"], chance["ttft_p50_s"])
    assert later <= bound


def test_openrouters_adjusted_price_rests_on_the_hits_that_were_billed() -> None:
    """All post one price of input and have caches; who charges a quarter for hits is really cheaper, and gets more.

    d is the difference of its share of tokens from what it has if hits cost as input there, too. Speeds do not count.
    """
    def share(cached_usd: float, replication: int) -> float:
        scenario = plain(sessions("openrouter_adjusted:speed_cost=0:ttft_cost=0"))
        for name, provider in scenario["providers"].items():
            provider["offers"]["toy"]["price"]["cached_usd_per_mtok"] = cached_usd if name == "p0" else 1.0
        return metrics(run_traffic(TrafficScenario.model_validate(scenario), replication))["share:p0"]

    alike = np.array([share(1.0, replication) for replication in range(REPLICATIONS)])
    cheaper = np.array([share(0.25, replication) for replication in range(REPLICATIONS)])
    more, bound = above(cheaper, alike)
    assert more > bound
