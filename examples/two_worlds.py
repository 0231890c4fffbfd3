"""Two worlds: the same requests with and without an event, and what that buys in precision.

Usage: ``python examples/two_worlds.py``; docs/randomness.md tells what it shows.
"""

from collections.abc import Sequence

from pandas import DataFrame

import tokenmarket as tm
from experiments.stats import interval
from sim.scenario import TrafficScenario

REPLICATIONS = 20


def requests(scenario: TrafficScenario, replications: int) -> DataFrame:
    """Return the sampled requests of some runs, in order of their keys."""
    with tm.replicate(scenario, replications) as results:
        return results.table("requests").sort_values(["replication", "request"], ignore_index=True)


def mean_e2e_s(samples: DataFrame) -> list[float]:
    """Return the mean end-to-end latency of every replication."""
    waits = samples["end_s"] - samples["born_s"]
    return waits.groupby(samples["replication"]).mean().tolist()


def told(name: str, differences: Sequence[float]) -> str:
    """Return a line with the interval of some differences."""
    got = interval(differences)
    return f"{name:28s} {1e3 * got.mean:7.2f} ± {1e3 * got.half_width:.2f} ms"


def main() -> None:
    """Run both worlds and print what is the same in them, and how well their difference is known."""
    base = tm.load("duel", traffic__sample_share=1, traffic__duration_s=120)
    other = tm.change(base, {"providers.slow.offers.toy.price.input_usd_per_mtok": 0.09,
                             "routers.main.exploration": 0.05})
    before, after = (requests(world, 2 * REPLICATIONS) for world in (base, other))
    one, two = (world[world["replication"] == 0] for world in (before, after))
    print(f"{len(one)} requests in one world, {len(two)} in the other")
    for field in ("request", "born_s", "prompt_tokens", "drawn_tokens"):
        print(f"  same {field:13s} in {(one[field] == two[field]).mean():.0%} of them")
    print(f"  same provider      in {(one['provider'] == two['provider']).mean():.0%}: what the router decided")
    worlds = [mean_e2e_s(world) for world in (before, after)]
    pairs = [b - a for a, b in zip(worlds[0][:REPLICATIONS], worlds[1][:REPLICATIONS], strict=True)]
    apart = [b - a for a, b in zip(worlds[0][:REPLICATIONS], worlds[1][REPLICATIONS:], strict=True)]
    print("difference of mean latency")
    print("  " + told("same requests", pairs))
    print("  " + told("independent requests", apart))


if __name__ == "__main__":
    main()
