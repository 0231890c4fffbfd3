"""A market over months written up."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Final

from experiments.measures.catalogue import Show, capital, measure, spelt
from experiments.output.folder import SUMMARY, Folder
from experiments.report.blocks import Block, Column, Figure, Items, Section, Table, Text
from experiments.report.grids import replications
from experiments.report.headings import shown
from experiments.report.numbers import NONE, measured, number
from experiments.studies.market.sentences import sentences
from experiments.studies.study import Answer
from sim.units import DAYS_PER_YEAR

if TYPE_CHECKING:
    from pandas import DataFrame

TRENDS: Final = ("_log_slope", "_fall")  # numbers of the summary that are extrapolated to a year


def answer(folder: Folder, figures: Path) -> Answer:
    """Write up prices, choices and fortunes over the horizon of a market."""
    horizon, count = folder.scenario["horizon"], int(folder.parameters["replications"])
    question = (f"How do prices, customers' choice of models, spend and providers' fortunes move over "
                f"{horizon['days']} days from {horizon['start']}, when customers may move between models, and "
                "providers post prices and invest?")
    months, summary = folder.table("monthly_market.csv"), folder.table(SUMMARY)
    blocks: list[Block] = [_monthly(months, count), *_panels(figures, count), Text(PRICES)]
    said = sentences(summary)
    sections = [Section("results", "Month by month", tuple(blocks)),
                *([Section("words", "In words", (Items(tuple(said)),))] if said else []),
                Section("numbers", "In numbers", (_numbers(summary, count),))]
    limits = []
    trends = summary[summary["metric"].str.endswith(TRENDS)]
    if horizon["days"] < DAYS_PER_YEAR and trends["value"].notna().any():
        limits.append(f"Slopes and factors a year are extrapolated from {horizon['days']} days; a single release can "
                      "dominate them.")
    if count > 1:
        limits.append("The monthly table and the figures show the first replication; only the table of numbers has "
                      "intervals over replications.")
    return Answer(question, sections, limits, {"market days": str(horizon["days"]), "from": str(horizon["start"])})


def _monthly(months: DataFrame, count: int) -> Table:
    from experiments.studies.market.terminal import CUT, QUARTER_FROM, TABLE, joined, show_of

    by_month = len(months) <= QUARTER_FROM
    rows = joined(months, "month" if by_month else "quarter")
    heads = (Column("month" if by_month else "quarter", words=True), *(
        Column(measure(name).words, spelt(show_of(name).unit)) for name in TABLE))
    body = tuple((str(row["period"]), *(_cell(float(row[name]), show_of(name)) for name in TABLE))
                 for row in rows.to_dict("records"))
    which = "One run (n = 1)" if count == 1 else "The first replication (n = 1)"
    caption = f"{which}: amounts a day, means over tokens or days; they have no interval."
    if any("/" in row[0] for row in body):
        caption += f" {CUT}."
    return Table("months", caption, heads, body)


def _cell(value: float, show: Show) -> str:
    return f"{value * show.factor:.{show.decimals}f}".replace("-", "−") if math.isfinite(value) else NONE


def _numbers(summary: DataFrame, count: int) -> Table:
    """Every number of the summary with its sentence, and with the reason where there is no number."""
    rows = []
    for row in summary.to_dict("records"):
        error = row["std_error"] if count == 1 else row["half_width"]
        show = shown(str(row["metric"]), str(row["unit"])).show_for([row["value"]])
        one = count == 1 and not math.isfinite(error)  # a fact of the one run, no estimate
        value = number(row["value"] * show.factor) if one else measured(row["value"], error, show.factor)
        meaning = f"{capital(str(row['meaning']))}."
        if isinstance(row["note"], str):
            meaning += f" {capital(row['note'])}."
        n = () if count == 1 else (str(int(row["n"])),)
        rows.append((shown(str(row["metric"]), "").words, value, spelt(show.unit) or "1", *n, meaning))
    if count == 1:
        caption = (f"{replications(1)} ± a standard error where the number is an estimate from many days, models or "
                   "offers of that run.")
    else:
        caption = replications(count)
    heads = (Column("number", words=True), Column("value" if count == 1 else "mean ± half-width"),
             Column("unit", words=True), *(() if count == 1 else (Column("n"),)),
             Column("what it is", words=True, sentences=True))
    return Table("numbers", caption, heads, tuple(rows))


def _panels(figures: Path, count: int) -> list[Block]:
    found: list[Block] = []
    for name, (caption, alt) in PANELS.items():
        path = figures / f"market-{name}.svg"
        if path.is_file():
            found.append(Figure(path, caption, f"{alt}; the values stand in the monthly tables of the run"))
    if not found:
        return []
    which = "One run: lines have no intervals." if count == 1 else "The first replication: lines have no intervals."
    return [Text(f"{which} Months of which the run covers fewer than ten days are left out of the figures."), *found]


PRICES: Final = (
    "Price: at posted prices, before the router's fee. Same quality: the cheapest posted price at the quality of each "
    "model of the first day, mean of logs. Same model: the posted price of the same model at the same provider. HHI: "
    "sum of squared shares of providers, 1 for a monopoly. Open: share of tokens of models that anybody may serve. "
    "Busy: share of time that replicas are in steps. Mtok: a million tokens.")
PANELS: Final = {
    "prices": ("Prices of a million tokens, first month = 1 (log axis): at constant quality, of the same model, and "
               "of the average token.", "Line chart of four price indices by month"),
    "climb": ("What the average token is made by: token-weighted size of models (billion parameters) and their quality "
              "(0 to 1).", "Line chart of token-weighted model size and quality by month"),
    "sizes": ("Tokens (billion a day) by size of the model.", "Stacked areas of tokens by size class by month"),
    "creators": ("Shares of tokens (%) by the models' creators; dashed: share of open models.",
                 "Stacked areas of creators' shares of tokens by month"),
    "spend": ("Change of spend since the first month (1000 USD a day), split into volume, price and mix.",
              "Stacked bars of the change of spend by month, with their sum"),
    "margins": ("Providers' margin (% of revenue), GPUs with a replica (%) and time that replicas are busy (%). "
                "Margins below −120 % are cut off.",
                "Line chart of margins and utilisation by month"),
    "provider_shares": ("Shares of tokens (%) by provider; dashed: HHI × 100.",
                        "Stacked areas of providers' shares of tokens by month"),
    "latency": ("Mean time to first token (s) by customers' segment.",
                "Line chart of the mean time to first token by segment and month"),
    "surplus": ("Who gains (1000 USD a day, log axis): consumer surplus, payments to providers, payments to the "
                "router.", "Line chart of consumer surplus and payments by month"),
}
