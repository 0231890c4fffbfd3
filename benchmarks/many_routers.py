"""Hundreds of client-side routers: time and memory of both engines, and whether they decide alike.

Usage: ``python benchmarks/many_routers.py [ROUTERS] [OFFERS] [REQUESTS] [POLICY] [reference]`` (default 300, 200,
100000, llmgateway, compiled engine only). Every offer serves one and the same model, so every router keeps telemetry of
every offer. With ``reference`` the reference engine serves the same requests and their sampled tables are compared.
"""

import resource
import sys
import time
from typing import Any

from experiments.runs.run_traffic import run_traffic
from sim.engines.outcome import TrafficOutcome
from sim.scenario import TrafficScenario


def scenario(routers: int, offers: int, requests: int, policy: str, engine: str = "compiled") -> TrafficScenario:
    """A model of so many offers, for a class of as many clients as routers; half of what the offers can is asked."""
    rate = 2.0 * offers
    served = {"model": "m", "price": {"input_usd_per_mtok": 0.2, "output_usd_per_mtok": 0.8},
              "serving": {"kind": "affine", "base_s": 0.01, "kv_tokens": 400_000}}
    providers: dict[str, Any] = {f"host-{number}": {"offers": {"m": served}} for number in range(offers)}
    return TrafficScenario.model_validate({
        "name": "many-routers",
        "traffic": {"duration_s": requests / rate, "sample_share": 1.0, "engine": engine},
        "routers": {"library": {"client_side": True, "fee_share": 0.0, "policy": {"kind": policy}}},
        "demand": {"chat": {"model": "m", "router": "library", "clients": routers, "zipf_exponent": 0.0,
                            "arrivals": {"kind": "poisson", "rate_per_s": rate}}},
        "providers": providers,
    })


def peak_mb() -> float:
    """Most memory that this process has had so far, MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def timed(given: TrafficScenario) -> TrafficOutcome:
    """Run a scenario and tell how long it took and the peak of memory."""
    before, begun = peak_mb(), time.process_time()
    outcome = run_traffic(given)
    took = time.process_time() - begun
    print(f"{given.traffic.engine}: {int(outcome.born.sum()):,} requests in {took:.1f} s of processor time, peak "
          f"{peak_mb():,.0f} MB, {before:,.0f} MB before", flush=True)
    return outcome


def main() -> int:
    """Measure; exit status 1 if the engines differ."""
    given = sys.argv[1:]
    sizes = [int(float(text)) for text in given[:3]] + [300, 200, 100_000][len(given[:3]):]
    policy = given[3] if len(given) > 3 else "llmgateway"
    run_traffic(scenario(2, 2, 100, policy))  # compiles, or loads the cache
    fast = timed(scenario(*sizes, policy))
    if given[4:] != ["reference"]:
        return 0
    plain = timed(scenario(*sizes, policy, "reference"))
    same = fast.samples.tobytes() == plain.samples.tobytes()
    print("the same requests table, to the last bit" if same else "the engines differ")
    return 0 if same else 1


if __name__ == "__main__":
    sys.exit(main())
