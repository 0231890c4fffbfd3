"""A market as the terminal shows it: a line a month, or a quarter."""

import math
from typing import TYPE_CHECKING, Final

import numpy as np

from experiments.measures.catalogue import Show, measure
from experiments.measures.market.periods import covered, days_of

if TYPE_CHECKING:
    from pandas import DataFrame

QUARTER_FROM: Final = 12  # runs of more months are shown by quarter


AMOUNT, MEAN, INDEX = "amount a day", "mean over tokens", "mean over days"
# how months are joined to quarters: amounts per day add up, the others are means with these weights
JOINED: Final = {
    "requests": AMOUNT, "tokens": AMOUNT, "spend_usd": AMOUNT, "surplus_usd": AMOUNT, "switches": AMOUNT,
    "price_usd_per_mtok": MEAN, "size_b": MEAN, "quality": MEAN, "open_share": MEAN,
}
TABLE: Final = ("requests", "tokens", "spend_usd", "price_usd_per_mtok", "constant_quality_index", "same_model_index",
                "size_b", "quality", "open_share", "busy_share", "provider_margin", "hhi_providers")
NOTES: Final = (
    "qual.*: cheapest price at the quality of each model of the first day, mean of logs, first day 1",
    "same*: price of the same model at the same provider, first day 1; busy: replicas' time in steps",
)
CUT: Final = "10/30 beside a month or quarter: the run covers 10 of its 30 days"


def table(market: "DataFrame", by: str | None = None) -> str:
    """Return the monthly table of a market as aligned text of at most 100 columns.

    Parameters
    ----------
    market
        The table ``monthly_market``.
    by
        ``month`` or ``quarter``; None for quarters if there are more than twelve months.
    """
    how = by or ("quarter" if len(market) > QUARTER_FROM else "month")
    rows = joined(market, how)
    body = [[str(row["period"]), *(_cell(float(row[name]), show_of(name)) for name in TABLE)]
            for row in rows.to_dict("records")]
    grid = [["", *(measure(name).heading for name in TABLE)], ["", *(show_of(name).unit for name in TABLE)], *body]
    widths = [max(len(line[i]) for line in grid) for i in range(len(grid[0]))]
    lines = [" ".join(cell.rjust(width) for cell, width in zip(line, widths, strict=True)) for line in grid]
    cut = [CUT] if any("/" in str(period) for period in rows["period"]) else []
    return "\n".join([*(line.rstrip() for line in lines), *NOTES, *cut])


def joined(market: "DataFrame", by: str) -> "DataFrame":
    """Join months to months or quarters: amounts become amounts a day, all else means over tokens or days.

    A period that the run covers in part has its days in its name: it is not to be compared with whole ones.
    """
    import pandas as pd

    frame = market.assign(tokens=market["prompt_tokens"] + market["output_tokens"])
    labels = np.array([str(month) if by == "month" else _quarter(str(month)) for month in market["month"]])
    out = []
    for label in dict.fromkeys(labels):
        part = frame[labels == label]
        name = (covered if by == "month" else _covered_quarter)(str(label), float(part["days"].sum()))
        row: dict[str, object] = {"period": name}
        for name in dict.fromkeys([*JOINED, *TABLE]):
            how = JOINED.get(name, INDEX)
            values, days = part[name].to_numpy(float), part["days"].to_numpy(float)
            weights = part["tokens"].to_numpy(float) if how == MEAN else days
            row[name] = values.sum() / days.sum() if how == AMOUNT else _weighted(values, weights)
        out.append(row)
    return pd.DataFrame(out)


def _weighted(values: np.ndarray, weights: np.ndarray) -> float:
    known = np.isfinite(values) & (weights > 0)
    return float(np.average(values[known], weights=weights[known])) if known.any() else math.nan


def _quarter(month: str) -> str:
    year, number = month.split("-")
    return f"{year}Q{(int(number) + 2) // 3}"


def _covered_quarter(quarter: str, days: float) -> str:
    year, number = quarter.split("Q")
    whole = sum(days_of(f"{year}-{month}") for month in range(3 * int(number) - 2, 3 * int(number) + 1))
    return quarter if days >= whole else f"{quarter} {days:g}/{whole}"


def show_of(name: str) -> Show:
    """Return how a column is shown once months are joined: amounts are amounts a day then."""
    return (measure(name).daily if JOINED.get(name) == AMOUNT else None) or measure(name).show


def _cell(value: float, show: Show) -> str:
    return f"{value * show.factor:.{show.decimals}f}" if math.isfinite(value) else "-"
