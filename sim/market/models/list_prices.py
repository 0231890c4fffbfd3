"""What creators charged for their own models after the release: facts of ``list_prices.csv``, each with its source."""

import csv
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np

from sim.market.models.model import ListChange, Model
from sim.market.prices import prices_of_usd

DATED: Final = Path(__file__).with_name("list_prices.csv")
COLUMNS: Final = ("model", "from", "input_usd", "output_usd", "source")


class DatedRow(NamedTuple):
    """A row of the file: what a model's creator charges from a date on, USD per million tokens."""

    model: str
    day: date
    input_usd: float
    output_usd: float
    source: str


class CutFacts(NamedTuple):
    """How creators repriced their models: the first cut of each that was cut.

    Attributes
    ----------
    models, cut
        Models that were looked at, and how many of them ever became cheaper than at their release.
    median_size, median_age_days
        Of the first cuts: share of the blended price taken off, and age of the model; nan without any.
    """

    models: int
    cut: int
    median_size: float
    median_age_days: float


def read_dated(path: Path = DATED) -> list[DatedRow]:
    """Read the file of dated list prices; lines that begin with ``#`` are comments."""
    lines = [line for line in path.read_text(encoding="utf-8").splitlines() if not line.startswith("#")]
    return [DatedRow(row["model"], date.fromisoformat(row["from"]), float(row["input_usd"]), float(row["output_usd"]),
                     row["source"]) for row in csv.DictReader(lines)]


def with_list_changes(models: Iterable[Model], rows: Sequence[DatedRow], start: date) -> list[Model]:
    """Return the models with what their creators charged later; days count from ``start``."""
    later: dict[str, list[ListChange]] = {}
    for row in sorted(rows, key=lambda row: row.day):
        later.setdefault(row.model, []).append(
            ListChange(float((row.day - start).days), row.input_usd, row.output_usd))
    return [replace(model, list_changes=tuple(later[model.name])) if model.name in later else model for model in models]


def first_cuts(models: Sequence[Model]) -> CutFacts:
    """Return how many of some models' creators cut, by how much and when (3:1 blend, against the price before)."""
    sizes, ages = [], []
    for model in models:
        if model.list_in_usd is None or model.list_out_usd is None:
            continue
        before = prices_of_usd(model.list_in_usd, model.list_out_usd).blended()
        for change in model.list_changes:
            after = prices_of_usd(change.input_usd, change.output_usd).blended()
            if after < before and change.day > model.release_day:
                sizes.append(1 - after / before)
                ages.append(change.day - model.release_day)
                break
            before = after
    return CutFacts(len(models), len(sizes), float(np.median(sizes)) if sizes else float("nan"),
                    float(np.median(ages)) if ages else float("nan"))
