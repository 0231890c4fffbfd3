"""Sentences about a market that are made from its numbers: a sentence whose numbers are missing is not made.

A cause is named only where the run's own decomposition shows it: a part of a change that has the change's sign and is
more than half of it.
"""

import math
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Final

from experiments.report.numbers import MINUS, number

if TYPE_CHECKING:
    from pandas import DataFrame

PARTS: Final = {"price": "prices", "volume": "volume", "mix": "moves between models"}
EDGE: Final = "30 days (half of a run of fewer than 60)"


def sentences(summary: "DataFrame") -> list[str]:
    """Return what the summary of a market says in sentences.

    Parameters
    ----------
    summary
        With the columns ``metric`` and ``value``.
    """
    values = {str(name): float(value) for name, value in zip(summary["metric"], summary["value"], strict=True)}
    return [text for make in (_prices, _spend, _growth, _sellers, _choice) for text in make(values)]


def _known(values: Mapping[str, float], *names: str) -> bool:
    return all(math.isfinite(values.get(name, math.nan)) for name in names)


def _prices(values: Mapping[str, float]) -> Iterator[str]:
    if not _known(values, "constant_quality_fall", "price_first", "price_last"):
        return
    quality, paid = values["constant_quality_fall"], values["price_last"] / values["price_first"]
    yield (f"The price of constant quality {_moved(1 / quality)} by a factor of {_told(max(quality, 1 / quality))} "
           f"a year; the price paid {_moved(paid)} from {_told(values['price_first'])} to "
           f"{_told(values['price_last'])} USD per million tokens between the first and the last {EDGE}.")


def _moved(factor: float) -> str:
    return "rose" if factor > 1 else "fell"


def _spend(values: Mapping[str, float]) -> Iterator[str]:
    names = [f"spend_effect_{part}_chained" for part in PARTS]
    if not _known(values, "spend_change", *names) or values["spend_change"] == 0:
        return
    change, parts = values["spend_change"], dict(zip(PARTS.values(), (values[name] for name in names), strict=True))
    split = ", ".join(f"{name} {_told(part)}" for name, part in parts.items())
    yield (f"Spend {'rose' if change > 0 else 'fell'} by {_told(abs(change))} USD a day between the first and the last "
           f"{EDGE}; split exactly (E6, chained), in USD a day: {split}.")
    main = [name for name, part in parts.items() if part / change > 0.5]
    if len(main) == 1:
        yield f"More than half of that is because of {main[0]}."
    elif not main:
        yield "No one of the three is more than half of it."


def _growth(values: Mapping[str, float]) -> Iterator[str]:
    names = ("requests_growth", "requests_growth_diffusion", "requests_growth_price_and_quality")
    if not _known(values, *names):
        return
    total, imposed, rest = (_told(math.exp(values[name])) for name in names)
    yield (f"Planned live requests changed by a factor of {total}: {imposed} is imposed by the settings (diffusion), "
           f"{rest} is what prices and models did (E63). Only the latter is a result.")


def _sellers(values: Mapping[str, float]) -> Iterator[str]:
    names = ("mean", "median", "p90", "max")
    if not _known(values, "models_with_three_providers", *(f"providers_per_model_{name}" for name in names)):
        return
    mean, median, p90, most = (_told(values[f"providers_per_model_{name}"]) for name in names)
    yield (f"A model on sale had {mean} providers in the mean over the last {EDGE}, which settings may be fitted to; "
           f"median {median}, 90 % quantile {p90}, maximum {most} and "
           f"{_told(values['models_with_three_providers'])} models with three or more are predictions.")


def _choice(values: Mapping[str, float]) -> Iterator[str]:
    if not _known(values, "open_tokens_two_prices", "open_tokens_three_prices"):
        return
    two, three = (100 * values[f"open_tokens_{word}_prices"] for word in ("two", "three"))
    yield (f"Of the tokens of open models {two:.0f} % were sold where two prices or more stood, {three:.0f} % where "
           "three or more did.")


def _told(value: float) -> str:
    """Three digits; whole numbers as they are."""
    whole = math.isclose(value, round(value), rel_tol=1e-12) and abs(value) < 1e4
    return f"{round(value)}".replace("-", MINUS) if whole else number(value, 3)
