"""What models sell, month by month from their release, in runs of customers at list prices."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from experiments.studies.model_lifetime.design import FOLLOWED_DAYS
from sim.units import DAYS_PER_MONTH

if TYPE_CHECKING:
    from pandas import DataFrame

    from sim.market.models.model import Models
    from sim.scenario import MarketScenario

LEAST_SHARE: Final = 1e-3  # of all tokens in some month: a model that never sells so much is left out


class ModelFlow(NamedTuple):
    """What a model sells through the marketplace, by month since its release: whole months only.

    Attributes
    ----------
    name, open
        The model, and whether its weights are open.
    active_b
        Billion parameters that take part in a token.
    spend_usd, tokens
        float64 (months,).
    even_usd
        What would be spent on it if all models on sale shared equally, float64 (months,).
    """

    name: str
    open: bool
    active_b: float
    spend_usd: np.ndarray
    tokens: np.ndarray
    even_usd: np.ndarray


def models_of(scenario: MarketScenario, replication: int) -> Models:
    """Return the models of a run, those that will come drawn as in it."""
    from sim.market.models.catalogue import load_catalogue
    from sim.streams import Streams

    return load_catalogue(scenario.models, scenario.horizon.start, scenario.horizon.days,
                          Streams(scenario.seed, replication))


def flows_of(wanted: DataFrame, models: Models, days: int) -> tuple[ModelFlow, ...]:
    """Return the flows of all models that are released in a run, followed long enough, and sell at all.

    Parameters
    ----------
    wanted
        The run's table ``wanted_days``.
    models
        Its models.
    days
        Its length.
    """
    tokens, spend = (_by_day(wanted, models, days, column) for column in ("tokens", "spend_usd"))
    on_sale = _on_sale(models, days)
    even = spend.sum(axis=1) / np.maximum(on_sale.sum(axis=1), 1)
    everything = tokens.sum(axis=1)
    found = []
    for place, row in enumerate(models.rows):
        if row.list_in_usd is None or not 0 <= row.release_day <= days - FOLLOWED_DAYS:
            continue
        edges = row.release_day + DAYS_PER_MONTH * np.arange(int((days - row.release_day) / DAYS_PER_MONTH) + 1)
        sold, of_all = monthly(tokens[:, place], edges), monthly(everything, edges)
        if (sold / np.maximum(of_all, 1.0)).max() >= LEAST_SHARE:
            found.append(ModelFlow(row.name, row.open, row.active_b, monthly(spend[:, place], edges), sold,
                                   monthly(even * on_sale[:, place], edges)))
    return tuple(found)


def monthly(daily: np.ndarray, edges: np.ndarray) -> np.ndarray:
    """Return sums of a daily series between edges in days, of which parts of days count in parts."""
    total = np.concatenate([[0.0], np.cumsum(daily)])
    return np.diff(np.interp(edges, np.arange(len(total)), total))


def _by_day(wanted: DataFrame, models: Models, days: int, column: str) -> np.ndarray:
    place = {row.name: number for number, row in enumerate(models.rows)}
    out = np.zeros((days, len(models.rows)))
    np.add.at(out, (wanted["day"].to_numpy(np.int64), wanted["model"].map(place).to_numpy(np.int64)),
              wanted[column].to_numpy(np.float64))
    return out


def _on_sale(models: Models, days: int) -> np.ndarray:
    """Whether a model is on sale on a day, bool (days, models)."""
    day = np.arange(days)[:, None]
    listed = np.array([row.list_in_usd is not None for row in models.rows])
    return np.asarray((models.release_day <= day) & (day < models.retire_day) & listed)
