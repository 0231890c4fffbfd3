"""What ``cost_fall`` says of its numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from experiments.output.folder import SUMMARY, Folder
from experiments.report.numbers import measured, number
from experiments.report.pieces import Legend, listed
from experiments.studies.cost_fall.design import CLOSED, ENTRY
from experiments.studies.cost_fall.measures import ALL, LISTED, OPEN, PASSED

if TYPE_CHECKING:
    from pandas import DataFrame

BY_HAND: Final = "open_rung"
WHO: Final = {(ENTRY, ALL): "With entry, all tokens", (ENTRY, OPEN): "With entry, open models alone",
              (CLOSED, ALL): "Without entry, all tokens", (CLOSED, OPEN): "Without entry, open models alone",
              (ENTRY, LISTED): "The same customers at list prices, open models' as much cheaper as GPUs"}
LEGENDS: Final = {
    "cost_fall": Legend(
        "What share of what is added to spend is mix (above the dashed half customers climb more than they buy more), "
        "prices of open models over those without a fall, the mix held still (dotted: passed on in full), and "
        "token-weighted size, against what GPUs' cost is divided by; with entry and without, a row a day of "
        "measurement. Bars are 95 % intervals over seeds.",
        "Line charts of the share of mix, prices of open models and model size against the divisor of GPUs' cost, on "
        "each day of measurement; the values stand in the table"),
}


def sentences(folder: Folder) -> list[str]:
    """Return where customers climb, how much of the fall is passed on, what entry adds, and what hands work out."""
    frame = folder.table(SUMMARY)
    fallen = frame[frame["divisor"] != 1.0]
    parts = {who: fallen[(fallen["arm"] == who[0]) & (fallen["tokens"] == who[1])] for who in WHO}
    shares = " ".join(f"{WHO[who]}: {_cells(rows)}." for who, rows in parts.items() if len(rows))
    return ["The columns mean and half-width are the share of mix (E196); the others are means over "
            f"{folder.parameters['measured_days']} days up to the day named. {shares}",
            _passed(parts[ENTRY, OPEN], parts[CLOSED, OPEN]), _spend(parts[ENTRY, ALL]),
            _hand(folder.table(f"{BY_HAND}.csv"))]


def _cells(rows: DataFrame) -> str:
    return listed([f"{measured(row['mean'], row['half_width'])} ({_where(row)})" for row in rows.to_dict("records")])


def _where(row: dict[str, float]) -> str:
    return f"GPUs / {row['divisor']:g}, day {row['after_days']:g}"


def _passed(entry: DataFrame, closed: DataFrame) -> str:
    """How much of the fall reaches prices of open models, in logarithms, and how many sell them."""
    told = [f"{row[PASSED]:.2f} with {number(row['sellers'], 3)} offers ({_where(row)})"
            for row in entry.to_dict("records")]
    without = [f"{row[PASSED]:.2f} with {number(row['sellers'], 3)}" for row in closed.to_dict("records")]
    return (f"Of the logarithm of the fall sellers of open models pass on {listed(told)}; without entry "
            f"{listed(without)}.")


def _spend(rows: DataFrame) -> str:
    told = [f"{number(row['log_spend'], 2)} ({_where(row)})" for row in rows.to_dict("records")]
    return f"Spend of all tokens changes, in logarithms, by {listed(told)}."


def _hand(table: DataFrame) -> str:
    """What two models say: an open one alone cheaper draws customers down, both cheaper let them climb."""
    half = table.iloc[(table["live_at_first"] - 0.5).abs().argmin()]
    falls = [name.removeprefix("alone_at_") for name in table if str(name).startswith("alone_at_")]
    told = [f"{half[f'alone_at_{fall}']:.2f} at 1/{fall} where the small one alone gets cheaper, "
            f"{half[f'both_at_{fall}']:.2f} where both do" for fall in falls]
    return (f"With two models worked by hand (`{BY_HAND}.csv`), an open one and a dearer closed one, and half of uses "
            f"live at first, the share is {listed(told)}: who gets cheaper alone draws customers down to it.")
