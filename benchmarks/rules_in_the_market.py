"""Some cells of the study ``price_war`` with the serving engine: the default market under three rules and none.

Usage: ``python benchmarks/rules_in_the_market.py [days] [FIELD=VALUE ...]`` (120 days: about a minute of processor time
a rule on a quiet machine).

Prints for each rule, of open models: what is paid, over that under 1/p^2; price over cost against the rule's own (E75);
how many sell on the last thirty days; and what the study has of the fall of prices from 1/p^2 to 1/p^8.
"""

import sys
import time

from experiments.runs.kinds import Manner, kind_named
from experiments.scenarios import load_market

RULES = {
    "1/p^2": ("router.policy.kind=\"openrouter_classic\"", "router.policy.k=2.0"),
    "1/p^8": ("router.policy.kind=\"openrouter_classic\"", "router.policy.k=8.0"),
    "curve of autumn 2026": ("router.policy.kind=\"openrouter_adjusted\"",),
    "random": ("router.policy.kind=\"random\"",),
}


def main() -> None:
    """Run the market under each rule, and print what is paid."""
    days = int(sys.argv[1]) if len(sys.argv) > 1 else 120
    lax = 0.0
    for name, changes in RULES.items():
        scenario = load_market("openrouter-2026", [f"horizon.days={days}", *changes, *sys.argv[2:]])
        cpu = time.process_time()
        table = kind_named("market, for gates").play(scenario, 0, Manner(threads=1))["gate_facts"]
        whole = table[table["of"] == ""].set_index("fact")["value"]
        lax = lax or float(whole["open_price"])
        print(f"{name}: paid {whole['open_price']:.4f} USD/Mtok ({whole['open_price'] / lax:.3f} of 1/p^2), price over "
              f"cost against the rule {whole.get('over_rule', float('nan')):.3f} "
              f"({whole.get('answerable', float('nan')):.2f} of tokens), sellers {whole['open_sellers']:.0f}; "
              f"{time.process_time() - cpu:.0f} s", flush=True)


if __name__ == "__main__":
    main()
