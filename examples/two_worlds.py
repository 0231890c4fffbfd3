"""Two worlds: the same requests with and without an event, and what that buys in precision.

Usage: ``python examples/two_worlds.py``; docs/randomness.md tells what it shows.
"""

from collections.abc import Sequence

import numpy as np

from experiments import change, load, run
from experiments.stats import interval
from sim.scenario import TrafficScenario

REPLICATIONS = 20


def requests(scenario: TrafficScenario, replication: int) -> np.ndarray:
    """Return the sampled requests of a run, in order of their keys."""
    samples = run(scenario, replication).samples
    return samples[np.argsort(samples["key"], kind="stable")]


def mean_e2e_s(samples: np.ndarray) -> float:
    """Return the mean end-to-end latency."""
    return float((samples["end_s"] - samples["born_s"]).mean())


def told(name: str, differences: Sequence[float]) -> str:
    """Return a line with the interval of some differences."""
    got = interval(differences)
    return f"{name:28s} {1e3 * got.mean:7.2f} ± {1e3 * got.half_width:.2f} ms"


def main() -> None:
    """Run both worlds and print what is the same in them, and how well their difference is known."""
    base = load("duel", "traffic.sample_share=1", "traffic.duration_s=120")
    other = change(base, "providers.slow.offers.toy.price.input_usd_per_mtok=0.09", "routers.main.exploration=0.05")
    before, after = requests(base, 0), requests(other, 0)
    print(f"{len(before)} requests in one world, {len(after)} in the other")
    for field in ("key", "born_s", "prompt", "output"):
        print(f"  same {field:7s} in {np.mean(before[field] == after[field]):.0%} of them")
    print(f"  same offer   in {np.mean(before['offer'] == after['offer']):.0%}: what the router decided")
    worlds = [[mean_e2e_s(requests(world, r)) for r in range(2 * REPLICATIONS)] for world in (base, other)]
    pairs = [b - a for a, b in zip(worlds[0][:REPLICATIONS], worlds[1][:REPLICATIONS], strict=True)]
    apart = [b - a for a, b in zip(worlds[0][:REPLICATIONS], worlds[1][REPLICATIONS:], strict=True)]
    print("difference of mean latency")
    print("  " + told("same requests", pairs))
    print("  " + told("independent requests", apart))


if __name__ == "__main__":
    main()
