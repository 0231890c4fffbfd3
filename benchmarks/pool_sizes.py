"""What a pool's size does to waits where each replica has the same load: by the balancer before it.

Usage: ``python benchmarks/pool_sizes.py [seconds]`` (300 s of requests: a quarter of a minute).

One offer has 1 to 512 replicas and as many requests a replica. Told are the median and the 99th percentile of TTFT, s.
A stretch of a sampled run simulates six or more replicas for hundreds (E71), which is as good as the two agree here.
"""

import sys
from typing import Any, Final

from experiments.runs.run_traffic import run_traffic
from sim.engines import outcome
from sim.histogram import FINE_BITS, quantile
from sim.scenario import TrafficScenario

SIZES: Final = (1, 6, 12, 32, 128, 512)
BALANCERS: Final = ("least_outstanding", "two_choices", "random")
FULL_PER_S: Final = 4.7  # prompts of 1,500 tokens a second that keep a replica busy
LOADS: Final = ((1500, 1.0, 0.6), (1500, 1.0, 0.9), (8000, 2.0, 0.6))  # mean and cv of prompts, and load


def pool(replicas: int, balancer: str, prompts: tuple[int, float], per_s: float, seconds: float) -> TrafficScenario:
    """One offer of so many replicas, each asked so many requests a second."""
    offer: dict[str, Any] = {
        "model": "toy", "replicas": replicas, "balancer": balancer, "limits": {"queue": 16},
        "serving": {"kind": "affine", "base_s": 0.02, "per_token_s": 0.00005, "per_sequence_s": 0.0004},
        "engine": {"max_batch": 64, "max_step_tokens": 2048},
        "price": {"input_usd_per_mtok": 1.0, "output_usd_per_mtok": 1.0}}
    return TrafficScenario.model_validate({
        "name": "pool", "traffic": {"duration_s": seconds, "warmup_s": 0.4 * seconds, "drain_s": 0.0},
        "routers": {"main": {"policy": {"kind": "random"}}}, "providers": {"host": {"offers": {"toy": offer}}},
        "demand": {"chat": {"model": "toy", "arrivals": {"kind": "poisson", "rate_per_s": per_s * replicas},
                            "prompt_tokens": {"kind": "lognormal", "mean": prompts[0], "cv": prompts[1]},
                            "output_tokens": {"kind": "lognormal", "mean": 150, "cv": 1.0}}}})


def main() -> None:
    """Print both quantiles by load, balancer and size."""
    seconds = float([*sys.argv[1:], "300"][0])
    for mean, cv, load in LOADS:
        for balancer in BALANCERS:
            told = []
            for replicas in SIZES:
                per_s = load * FULL_PER_S * 1500 / mean
                lasts_s = seconds * (3.0 if replicas < 100 else 1.0)
                counts = run_traffic(pool(replicas, balancer, (mean, cv), per_s, lasts_s)).offer_hist[0, outcome.TTFT]
                told.append("/".join(f"{quantile(counts, q, FINE_BITS):.3f}" for q in (0.5, 0.99)))
            print(f"prompts {mean} (cv {cv:g}), load {load:g}, {balancer:17s}", *told, flush=True)


if __name__ == "__main__":
    main()
