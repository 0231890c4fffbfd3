"""A price cut: what customers buy when every price of a market is halved, by segment and by model.

Usage: ``python examples/price_cut.py``; sixty days of the default market at a fifth of its traffic, three times each.
"""

from experiments import load, sweep


def main() -> None:
    """Run the market at full and at half prices, and print who bought what."""
    scenario = load("openrouter-2026", "horizon.days=60", "customers.requests_per_s=20")
    with sweep(scenario, {"price_factor": [1.0, 0.5]}, replications=3) as results:
        print(results.stats.price(by="segment").to_string(index=False, float_format="%.3g"))
        print(results.stats.surplus(by="segment").to_string(index=False, float_format="%.4g"))
        shares = results.stats.share(by="model")
        at_full = shares[shares["price_factor"] == 1.0].nlargest(8, "mean")["model"]
        print(shares[shares["model"].isin(at_full)].to_string(index=False, float_format="%.3f"))


if __name__ == "__main__":
    main()
