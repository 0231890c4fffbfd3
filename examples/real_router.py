"""A real router in the loop: LiteLLM's own latency-based routing beside our imitation of it, on the same requests.

Usage: ``python examples/real_router.py``. It needs litellm, which has versions of its own: in an environment apart,
``pip install -c constraints-originals.txt -e ".[originals]"``. Without it only the imitation and ``random`` run.

LiteLLM's class chooses and learns inside the simulator, in simulated time, on the reference engine. Any other router
does as well: give `policies.original.policy_of` something with ``choose`` and ``observe`` that calls it.
"""

from importlib.util import find_spec

import tokenmarket as tm
from policies import register
from policies.litellm_original import LiteLlmOriginal
from policies.original import policy_of
from sim.scenario import Scenario
from sim.scenario.load import scenario_of

LITELLM = "litellms_own_latency"


def latency_class(rows: int) -> LiteLlmOriginal:
    """Return LiteLLM's latency-based routing for so many offers."""
    return LiteLlmOriginal("latency", rows)


def market(duration_s: float = 240.0) -> Scenario:
    """Return four equal offers, each serving one request at a time, at 69 % of what they can serve."""
    offer = {
        "model": "toy", "serving": {"kind": "affine", "base_s": 0.05}, "engine": {"max_batch": 1},
        "price": {"input_usd_per_mtok": 0.1, "output_usd_per_mtok": 0.3},
    }
    chat = {
        "model": "toy", "arrivals": {"kind": "poisson", "rate_per_s": 5.52},  # 0.69 · 4 offers / (10 steps · 0.05 s)
        "prompt_tokens": {"kind": "constant", "mean": 300},
        "output_tokens": {"kind": "lognormal", "mean": 10, "cv": 0.8, "maximum": 100},
    }
    return scenario_of({
        "name": "real_router", "seed": 1110, "demand": {"chat": chat},
        "traffic": {"engine": "reference", "duration_s": duration_s, "warmup_s": duration_s / 4},
        "providers": {f"p{number}": {"offers": {"toy": offer}} for number in range(4)},
    })


def main() -> None:
    """Run LiteLLM, our imitation of it and random, and print the tails and their paired differences."""
    names = ["litellm_latency", "random"]
    if find_spec("litellm"):
        register(policy_of(LITELLM, latency_class, "LiteLLM's own class.", "litellm, as installed"))
        names.insert(1, LITELLM)
    else:
        print("litellm is not installed: only the imitation runs")
    with tm.compare(market(), names, replications=3) as results:
        found = results.metrics()
        tails = found[found["metric"].isin(["e2e_p99_s", "utilisation"])]
        print(tails.to_string(index=False, float_format="%.3g"))
        print(f"differences from {names[0]}, on the same requests")
        print(results.compare("e2e_p99_s").to_string(index=False, float_format="%.3g"))


if __name__ == "__main__":
    main()
