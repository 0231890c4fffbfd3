"""What the climb says of its numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from experiments.output.folder import SUMMARY, Folder
from experiments.report.numbers import measured
from experiments.report.pieces import Legend, listed
from experiments.studies.climb.design import FIRST_DAY, NULL, ONCE, UNMOVED
from experiments.studies.climb.two_rungs import least_fall

if TYPE_CHECKING:
    from pandas import DataFrame

NAMES: Final = {"money_budgets": "money, budgets", "money_free": "money, no budgets",
                "log_budgets": "log price, budgets", "log_free": "log price, no budgets",
                NULL: "log price, no budgets, uses that neither come nor go", FIRST_DAY: "choices of the first day"}
HALF: Final = 0.5
LEGENDS: Final = {
    "climb": Legend(
        "Token-weighted size (billion parameters), token-weighted quality (0 to 1) and price paid (USD per million "
        "tokens) against what all prices are divided by, on the last day and after a fall at once; mix over mix and "
        "volume on every day of measurement, after a fall at once and one day by day, with the half as a dashed line; "
        "and why spend (1000 USD a day) changed: mean changes by volume, price and mix, and their sum. Bars are 95 % "
        "intervals over seeds.",
        "Line charts of model size, quality, price paid and mix over mix and volume against the divisor of prices for "
        "four kinds of customers, and four bar charts of the change of spend; the values stand in the table"),
}


def sentences(folder: Folder) -> list[str]:
    """Return where customers climb and where not, what the price of a token does, and what two models would do."""
    frame = folder.table(SUMMARY)
    first = folder.parameters["divisors"][0]
    lower = frame[(frame["divisor"] != first) & ~frame["control"].isin([NULL, FIRST_DAY])]
    said = ["The columns mean and half-width are mix over mix and volume; the others are means over "
            f"{folder.parameters['measured_days']} days up to the day named. "
            + " ".join(_kind(name, rows) for name, rows in lower.groupby("control", sort=False))]
    return [*said, _paid(frame, first), _by_hand(folder.table("two_rungs.csv"))]


def _kind(name: str, rows: DataFrame) -> str:
    """In how many cells of a kind of customers mix is above volume, the least and the most."""
    above = rows[rows["mean"] > HALF]
    least, most = rows.loc[rows["mean"].idxmin()], rows.loc[rows["mean"].idxmax()]
    about = " (no part of the rule: a fall of all prices alike gives them no reason to move)" if name == UNMOVED else ""
    return (f"{NAMES[name].capitalize()}{about}: above one half in {len(above)} of {len(rows)} cells, from "
            f"{_cell(least)} to {_cell(most)}.")


def _cell(row: DataFrame) -> str:
    how = "at once" if row["path"] == ONCE else "day by day"
    return (f"{measured(row['mean'], row['half_width'])} (prices / {row['divisor']:g} {how}, day "
            f"{row['after_days']:g})")


def _paid(frame: DataFrame, first: float) -> str:
    """By what the price of a token falls where all prices fall by ten or the most, after a fall at once."""
    mine = frame[(frame["control"] == "money_budgets") & (frame["path"] == ONCE)]
    whole = mine[mine["divisor"] == first].set_index("after_days")["price_usd_per_mtok"]
    most = max(mine["divisor"])
    falls = [f"{whole[day] / price:.3g} by day {day:g}" for day, price in
             mine[mine["divisor"] == most].set_index("after_days")["price_usd_per_mtok"].items()]
    return (f"In money and within budgets a fall of all prices by {most / first:g} lowers that of the token paid for "
            f"by {listed(falls)}: the ladder has a top.")


def _by_hand(table: DataFrame) -> str:
    """What decides it with two models: how many uses are live already, and so how elastic they are."""
    told = [f"{row['share_at_20']:.2f} where {row['live_at_whole_prices']:.1f} of uses are live at whole prices "
            f"(elasticity {row['elasticity']:.2f})" for row in table.to_dict("records")]
    bound = least_fall(20.0, 1.0, 5.0)
    return (f"With two models worked by hand (`two_rungs.csv`), one of five times the price, mix over mix and volume "
            f"of a fall to a twentieth is {listed(told)}: who answers prices with more uses buys more, who has few "
            f"left climbs; and once all are at the top the price paid falls by at least {bound:g} of 20.")
