"""What every policy makes of identical servers: 48 of them at load 0.8, and runs that grow fourfold, twice.

    python benchmarks/outcomes.py [--servers 48] [--requests 25000,100000,400000] [--only prequal,c3]

Servers take one request at a time, first come first served; service times are exponential with a mean of one second,
arrivals are Poisson. Printed is the mean response in service times, for all policies the same requests. A policy is
*stationary* if its response does not grow with the run. Presets that change no parameter are left out. Known: a random
choice gives 5 (M/M/1), the power of two choices about 1.95, a central queue about 1.005.
"""

import argparse
import datetime

from experiments.runs.run_traffic import run_traffic
from policies import POLICIES, PRESETS, bind
from policies.registry import imitation_of
from sim.engines.outcome import COMPLETED, E2E, MEASURED
from sim.scenario import PolicyChoice, TrafficScenario

TOKEN_S = 1e-6
LONGEST = 2_000_000_000
LOAD = 0.8


def scenario(policy: str, servers: int, requests: int) -> TrafficScenario:
    """The farm, its requests, and one policy."""
    offer = {
        "model": "job", "serving": {"kind": "affine", "base_s": TOKEN_S},
        "engine": {"max_batch": 1, "max_step_tokens": 2},
        "price": {"input_usd_per_mtok": 1.0, "output_usd_per_mtok": 1.0}, "limits": {"context_tokens": LONGEST},
    }
    duration_s = requests / (LOAD * servers)
    return TrafficScenario.model_validate({
        "name": "outcomes",
        "traffic": {"duration_s": duration_s, "warmup_s": 0.1 * duration_s, "drain_s": 1e6},
        "network": {"local_delay_s": 0.0},
        "routers": {"main": {"policy": {"kind": policy}, "attempts": {"maximum": 1}}},
        "demand": {"jobs": {
            "model": "job", "arrivals": {"kind": "poisson", "rate_per_s": LOAD * servers},
            "prompt_tokens": {"kind": "constant", "mean": 1},
            "output_tokens": {"kind": "exponential", "mean": 1 / TOKEN_S, "maximum": LONGEST},
        }},
        "providers": {"servers": {"offers": {f"offer-{number:03d}": offer for number in range(servers)}}},
    })


def response_s(policy: str, servers: int, requests: int) -> float:
    """Mean response of the measured requests, in mean service times."""
    outcome = run_traffic(scenario(policy, servers, requests))
    return float(outcome.class_metric_sums[0, E2E] / outcome.outcomes[0, MEASURED, COMPLETED])


def distinct() -> list[str]:
    """All policies, and the presets that set something otherwise."""
    known: dict[str, str] = {}
    for name in [*POLICIES, *PRESETS]:
        bound = bind(PolicyChoice(kind=name))
        known.setdefault(f"{bound.policy.kind} {bound.parameter_array().tolist()}", name)
    return list(known.values())


def main() -> None:
    """Print the table, a row as soon as it is known."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--servers", type=int, default=48)
    parser.add_argument("--requests", default="25000,100000,400000")
    parser.add_argument("--only", default="", help="these policies and presets (default: all)")
    arguments = parser.parse_args()
    counts = [int(number) for number in arguments.requests.split(",")]
    today = datetime.datetime.now(tz=datetime.UTC)
    print(f"Measured {today:%Y-%m-%d} by `benchmarks/outcomes.py`: {arguments.servers} servers at load {LOAD}, "
          "mean response in service times.\n")
    print(f"| policy or preset | herds | {' | '.join(f'{count:,} requests' for count in counts)} |")
    print(f"| --- | --- | {' | '.join('---' for _ in counts)} |", flush=True)
    for name in arguments.only.split(",") if arguments.only else distinct():
        imitation = imitation_of(name)
        means = [f"{response_s(name, arguments.servers, count):.3f}" for count in counts]
        print(f"| `{name}` | {'yes' if imitation and imitation.herds else 'no'} | {' | '.join(means)} |", flush=True)


if __name__ == "__main__":
    main()
