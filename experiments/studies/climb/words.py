"""The climb written up."""

from pathlib import Path
from typing import Final

from experiments.output.folder import SUMMARY, Folder
from experiments.report import grids as grids
from experiments.report.blocks import Section
from experiments.report.pieces import Legend, figures_in, listed
from experiments.studies.climb.measures import METRICS
from experiments.studies.study import Answer


def answer(folder: Folder, figures: Path) -> Answer:
    """Write up what customers do when all prices are divided."""
    summary, parameters = folder.table(SUMMARY), folder.parameters
    question = ("When all list prices are divided by "
                f"{listed([f'{divisor:g}' for divisor in parameters['divisors']])}, do customers move up to bigger "
                "and better models, or do they buy more? Four kinds of customers start from one allocation: with "
                "utility in money or in the log of the price, with budgets and without.")
    summary["control"] = summary["control"].replace(NAMES)
    summary = summary.rename(columns={"control": "customers", "divisor": "prices divided by",
                                      "after_days": "days after the fall"})
    caption = (f"Means over {parameters['measured_days']} days up to each day. Spend by price, volume and mix: "
               "change since the first divisor, split exactly; what a wordier model needs more for the same requests "
               "is mix.")
    blocks = (grids.by_point(summary, METRICS, "climb", caption), *figures_in(figures, FIGURES))
    limits = ["Customers buy at the creators' list prices whatever they want: sellers do not answer the fall, and "
              "nothing is refused."]
    return Answer(question, [Section("results", "Results", blocks)], limits)


NAMES: Final = {"money_budgets": "money, budgets", "money_free": "money, no budgets",
                "log_budgets": "log price, budgets", "log_free": "log price, no budgets"}
FIGURES: Final = {
    "climb": Legend(
        "Above: token-weighted size (billion parameters), token-weighted quality (0 to 1) and price paid (USD per "
        "million tokens) against what all prices are divided by; bars are 95 % intervals over replications. Below: why "
        "spend (1000 USD a day) changed: mean changes by volume, price and mix, and their sum with its 95 % interval. "
        "All on the last day of measurement.",
        "Three line charts of model size, quality and price paid against the divisor of prices for four kinds of "
        "customers, and four bar charts of the change of spend; the values stand in the table above"),
}
