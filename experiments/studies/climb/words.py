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
    question = ("When all prices (and supply costs) are divided by "
                f"{listed([f'{divisor:g}' for divisor in parameters['divisors']])}, do customers move up to bigger "
                "and better models? In the control their utility is in the log of the price, so that a uniform fall "
                "changes no choice.")
    summary["control"] = summary["control"].replace({"log_price": "log price (control)"})
    summary = summary.rename(columns={"control": "utility in", "divisor": "prices divided by"})
    caption = (f"Means over the last {parameters['measured_days']} days of each run. Spend by price, volume and mix: "
               "change since the first divisor, split exactly.")
    blocks = (grids.by_point(summary, METRICS, "climb", caption), *figures_in(figures, FIGURES))
    limits = [f"Every pool of GPUs has {parameters['fleet']:g} times its size, so that those who climb find room: the "
              "study is of demand, not of scarcity."]
    return Answer(question, [Section("results", "Results", blocks)], limits)


FIGURES: Final = {
    "climb": Legend(
        "Above: token-weighted size (billion parameters), token-weighted quality (0 to 1) and price paid (USD per "
        "million tokens) against what all prices are divided by; bars are 95 % intervals over replications. Below: why "
        "spend (1000 USD a day) changed: mean changes by volume, price and mix, and their sum with its 95 % interval.",
        "Three line charts of model size, quality and price paid against the divisor of prices, with and without the "
        "control, and two bar charts of the change of spend; the values stand in the table above"),
}
