"""``--prices``: how fast prices of constant quality fell in an earlier run of the market, for a documented number."""

from __future__ import annotations

import argparse
import csv
import io
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from sim.errors import MarketError
from sim.text_files import text_of, why_unread

METRIC: Final = "constant_quality_fall"
FIELD: Final = "access.price_fall"


class RunPricesError(MarketError):
    """A table of a run cannot be used; the text names the file."""


def add_prices(parser: argparse.ArgumentParser) -> None:
    """Add ``--prices`` to a study whose assumptions hold what tokens cost."""
    parser.add_argument("--prices", metavar="FILE",
                        help=f"summary.csv of a run of the market, whose {METRIC} takes the place of {FIELD}")


def with_prices(arguments: argparse.Namespace) -> argparse.Namespace:
    """Return the arguments with the fall of ``--prices`` among the assumptions; an ``--assume`` of it wins.

    Raises
    ------
    RunPricesError
        If the table has no such number.
    """
    if arguments.prices is None:
        return arguments
    fall = fall_in(Path(arguments.prices))
    return argparse.Namespace(**{**vars(arguments), "assume": [f"{FIELD}={fall!r}", *arguments.assume]})


def fall_in(path: Path) -> float:
    """Return by how much the price of constant quality was divided a year in a run, from its ``summary.csv``."""
    try:
        rows = [row for row in csv.DictReader(io.StringIO(text_of(path))) if row.get("metric") == METRIC]
    except (OSError, UnicodeDecodeError) as error:
        raise RunPricesError(f"cannot read prices {path}: {why_unread(error)}") from None
    if len(rows) != 1:
        raise RunPricesError(f"{path} has {len(rows)} rows of metric {METRIC}, but must have one: it is the "
                             "summary.csv of a run of the market")
    try:
        fall = float(rows[0].get("value") or "nan")
    except ValueError:
        fall = math.nan
    if not (math.isfinite(fall) and fall > 0.0):
        raise RunPricesError(f"{path}: {METRIC} is {rows[0].get('value')!r}, but must be a number above 0")
    return fall


def fall_told(parameters: Mapping[str, Any]) -> str:
    """Say by how much prices of constant quality fall in a study, and whether that is the documented number.

    Parameters
    ----------
    parameters
        Of its manifest.
    """
    from sim.market.downstream.access_settings import AccessTerms

    usual, fall = AccessTerms().price_fall, float(parameters["assumed"]["access"]["price_fall"])
    whose = "the documented number, which is the claim's own" if fall == usual else f"as given; {usual:g} is documented"
    return f"Prices of constant quality are divided by {fall:.3g} a year ({whose})."
