"""What it gives to let some replicas compute prompts and the others decode: four GPUs, long prompts, one workload.

Usage: ``python benchmarks/prefill_apart.py [REQUESTS_PER_S] [SECONDS] [SEED]`` (default 12 a second for 2,000 s).

Llama 3.1 8B in fp8 on four H100, a replica each; prompts of 6,000 and answers of 150 tokens on average, all requests
served to their end. The first row is four replicas that do both, the next the same with steps of at most 1,024 tokens
(the other remedy against steps in which prompts hold answers up), then each split. All rows have the same requests.
"""

import sys
from typing import Any

from experiments.runs.run_traffic import run_traffic
from sim.engines import outcome as o
from sim.histogram import FINE_BITS, quantile
from sim.scenario import TrafficScenario

LAYOUTS: dict[str, dict[str, Any]] = {
    "4 do both": {},
    "4 do both, steps of 1,024 tokens": {"max_step_tokens": 1024},
    "1 prefills, 3 decode": {"split": {"prefill": 1}},
    "2 prefill, 2 decode": {"split": {"prefill": 2}},
    "3 prefill, 1 decodes": {"split": {"prefill": 3}},
}


def scenario(rate_per_s: float, seconds: float, seed: int, engine: dict[str, Any]) -> TrafficScenario:
    """Four replicas of one offer, with such an engine."""
    offer = {"model": "llama-3.1-8b", "replicas": 4, "engine": engine,
             "serving": {"kind": "roofline", "gpu": "h100-sxm", "precision": "fp8", "tp": 1},
             "price": {"input_usd_per_mtok": 0.02, "output_usd_per_mtok": 0.05}}
    return TrafficScenario.model_validate({
        "name": "prefill-apart", "seed": seed, "traffic": {"duration_s": seconds, "warmup_s": seconds / 10},
        "routers": {"main": {}}, "providers": {"host": {"offers": {"llama": offer}}},
        "demand": {"chat": {
            "model": "llama-3.1-8b", "arrivals": {"kind": "poisson", "rate_per_s": rate_per_s},
            "prompt_tokens": {"kind": "lognormal", "mean": 6000, "cv": 1.0, "maximum": 60_000},
            "output_tokens": {"kind": "lognormal", "mean": 150, "cv": 1.0, "maximum": 2000}}},
    })


def main() -> None:
    """Print a row a layout."""
    rate_per_s = float(sys.argv[1]) if len(sys.argv) > 1 else 12.0
    seconds = float(sys.argv[2]) if len(sys.argv) > 2 else 2000.0
    seed = int(sys.argv[3]) if len(sys.argv) > 3 else 1
    print(f"{'layout':36}{'requests':>10}{'TTFT p50 s':>12}{'p99':>8}{'TPOT p50 ms':>13}{'p99':>8}{'busy':>7}")
    for name, engine in LAYOUTS.items():
        result = run_traffic(scenario(rate_per_s, seconds, seed, engine))
        ttft, tpot = result.class_hist[0, o.TTFT], result.class_hist[0, o.TPOT]
        cells = [quantile(ttft, 0.5, FINE_BITS), quantile(ttft, 0.99, FINE_BITS),
                 1e3 * quantile(tpot, 0.5, FINE_BITS), 1e3 * quantile(tpot, 0.99, FINE_BITS)]
        busy = result.offer_work[0, o.BUSY_S] / result.replica_s[0]
        print(f"{name:36}{int(ttft.sum()):>10,}{cells[0]:>12.2f}{cells[1]:>8.2f}{cells[2]:>13.1f}{cells[3]:>8.1f}"
              f"{busy:>7.2f}", flush=True)


if __name__ == "__main__":
    main()
