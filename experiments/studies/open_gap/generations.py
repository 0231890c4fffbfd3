"""Closed models, and open ones that are as good as these were some months ago: releases drawn creator by creator."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from sim.market.models.frontier import SIZE_NAMES, active_parameters_b, list_prices_usd
from sim.market.models.model import Model, Models
from sim.market.models.quality import qualities_of
from sim.market.models.retirement import with_retirement
from sim.scenario.model_settings import Frontier, Retirement
from sim.streams import Streams
from sim.units import DAYS_PER_MONTH, DAYS_PER_YEAR

if TYPE_CHECKING:
    from experiments.studies.open_gap.assumed import LagBehind, Releases

FRONTIER: Final = Frontier()  # of the default market: who creates, how often, and in which sizes
RETIREMENT: Final = Retirement(enabled=True)


class LadderDay(NamedTuple):
    """A creator's ``number``-th ladder, the day it comes, and what it is better than the trend, log-odds."""

    creator: str
    is_open: bool
    number: int
    day: float
    away: float


class Abilities(NamedTuple):
    """General and coding ability, 0 to 1."""

    general: float
    coding: float


def abilities(releases: Releases, behind: LagBehind, is_open: bool, day: float, away: float = 0.0) -> Abilities:
    """Return the abilities of a largest model that comes on a day (E157).

    logit a = logit a_0 + growth (day - lag)/year + away, and of open models (1 - gap) a.

    Parameters
    ----------
    releases, behind
        What is assumed.
    is_open
        Whether its weights are open: closed models have neither lag nor gap.
    day
        Since the first day.
    away
        What this model is better than the trend, log-odds.
    """
    years = (day - (behind.months * DAYS_PER_MONTH if is_open else 0.0)) / DAYS_PER_YEAR
    left = 1.0 - (behind.gap if is_open else 0.0)
    return Abilities(*(left * _share(_log_odds(at) + releases.growth * years + away)
                       for at in (releases.ability, releases.coding)))


def models_behind(releases: Releases, behind: LagBehind, days: float, streams: Streams) -> Models:
    """Return all models of a run; dates and luck of a creator are its own, and the same at every lag.

    Parameters
    ----------
    releases, behind
        What is assumed.
    days
        Length of the run.
    streams
        Each creator takes ``models/<creator>``.
    """
    rows: list[Model] = []
    for creators, is_open in ((FRONTIER.closed_creators, False), (FRONTIER.open_creators, True)):
        gap = FRONTIER.open_gap_days if is_open else FRONTIER.closed_gap_days
        for creator in creators:
            draws, number = streams.generator(f"models/{creator}"), 1
            day = -releases.before_months * DAYS_PER_MONTH + draws.exponential(gap)
            while day < days:
                away = FRONTIER.noise * draws.standard_normal()
                rows += _ladder(releases, behind, LadderDay(creator, is_open, number, day, away))
                day += draws.exponential(gap)
                number += 1
    there = with_retirement(rows, RETIREMENT, streams)
    last = releases.open_life_months * DAYS_PER_MONTH
    there = [replace(row, notice_day=row.release_day + last, retire_day=row.release_day + last) if row.open else row
             for row in there]
    return Models(tuple(sorted(there, key=lambda row: row.name)))


def _ladder(releases: Releases, behind: LagBehind, of: LadderDay) -> list[Model]:
    creator, is_open, number, day, away = of
    sizes = FRONTIER.open_sizes_b if is_open else FRONTIER.closed_sizes_b
    models = []
    for name, total in zip(SIZE_NAMES, sizes, strict=True):
        step = FRONTIER.size_step * math.log10(total / sizes[-1])
        got = abilities(releases, behind, is_open, day, away + step)
        price_in, price_out = list_prices_usd(total, is_open)
        models.append(Model(
            name=f"{creator}-{number}-{name}", creator=creator, family=creator, open=is_open, release_day=day,
            total_b=total, active_b=active_parameters_b(total),
            quality=qualities_of(got.general, got.coding, total, reasoning=True), verbosity=FRONTIER.verbosity,
            context_tokens=FRONTIER.context_tokens, list_in_usd=price_in, list_out_usd=price_out,
            source="generations"))
    return models


def costs_over_list(models: Models, margin: float, markup: float, fall: float, day: float) -> np.ndarray:
    """Return what serving costs on a day over the list price, float64 (models,) (E158).

    (1 - margin) of a closed model and 1/markup of an open one when they come, divided by ``fall`` a year since.
    """
    years = np.maximum(day - models.release_day, 0.0) / DAYS_PER_YEAR
    return np.asarray(np.where(models.open, 1.0 / markup, 1.0 - margin) * fall**-years)


def _log_odds(share: float) -> float:
    return math.log(share / (1.0 - share))


def _share(log_odds: float) -> float:
    return 1.0 / (1.0 + math.exp(-log_odds))
