"""Models to come: the closed frontier grows, open models follow it, each release is a ladder of sizes.

Ability is linear in log-odds (logistic in time). With t0 the day on which invention begins and x the best closed
ability known then, a model of total_b parameters released on day t has, on general and on coding ability alike (M3),

    logit(a) = logit(x) + growth * (t - t0 - lag) / 365.25 + size_step * log10(total_b / largest of its ladder) + noise,

lag = 0 for closed and ``open_lag_months`` for open models. ``docs/market/models.md`` derives the defaults.
"""

from collections.abc import Sequence
from datetime import date
from math import exp, log, log10
from typing import Final, NamedTuple

from sim.errors import ScenarioError
from sim.market.models.model import Model
from sim.market.models.quality import abilities_of, qualities_of
from sim.scenario.model_settings import Frontier
from sim.streams import Streams
from sim.units import DAYS_PER_MONTH, DAYS_PER_YEAR

EXTREME: Final = 1e-4  # abilities are kept away from 0 and 1, where log-odds end
# Active of total parameters, billions: least squares over the catalogue's open mixtures of experts since January
# 2025; smaller are dense
ACTIVE_FACTOR: Final = 0.352
ACTIVE_POWER: Final = 0.693
DENSE_BELOW_B: Final = 50.0
# List price of input, USD/M tokens: factor * total_b^power, least squares over the catalogue since October 2024; output
# over input: its median. Flagship prices have no trend (R2 = .03, Du, arXiv 2603.28576), so neither has this rule.
CLOSED_PRICE: Final = (0.0107, 0.847, 5.0)
OPEN_PRICE: Final = (0.0343, 0.406, 3.267)
SIZE_NAMES: Final = ("small", "medium", "large")


class _Release(NamedTuple):
    """What one creator brings out on one day: its ``number``-th ladder, from 1."""

    creator: str
    open: bool
    number: int
    day: float


def future_models(
    real: Sequence[Model], settings: Frontier, start: date, end_day: float, streams: Streams
) -> tuple[list[Model], list[Model]]:
    """Return the real models before the frontier process begins, and the invented ones before ``end_day``.

    Each creator's dates and noise come from the stream ``models/<creator>``, so no creator changes another's.

    Raises
    ------
    ScenarioError
        If models are to be invented and there is no real one to start from, or an invented name is taken.
    """
    first = _first_day(real, settings, start)
    kept = [model for model in real if model.release_day < first] if settings.from_date else list(real)
    if first >= end_day:
        return kept, []
    known = [model for model in kept if model.release_day <= first]
    if not known:
        raise ScenarioError(f"models.frontier has no real model to start from (models.frontier.from_date: "
                            f"{settings.from_date or 'not set'}); give it an earlier one in models.catalogue, a later "
                            "date, or enabled = false")
    general, coding = (_logit(value) for value in best_abilities(known))
    invented = []
    for creators, is_open in ((settings.closed_creators, False), (settings.open_creators, True)):
        for creator in creators:
            rng = streams.generator(f"models/{creator}")
            day, number = first, 1
            gap = settings.open_gap_days if is_open else settings.closed_gap_days
            while (day := day + rng.exponential(gap)) < end_day:
                shift = _trend(settings, day - first, is_open) + settings.noise * rng.standard_normal()
                release = _Release(creator, is_open, number, day)
                invented += _ladder(settings, release, general + shift, coding + shift)
                number += 1
    taken = {model.name for model in kept} & {model.name for model in invented}
    if taken:
        raise ScenarioError(f"models.frontier invents {min(taken)!r}, a name that the catalogue holds; rename that row")
    return kept, invented


def best_abilities(models: Sequence[Model]) -> tuple[float, float]:
    """General and coding ability of the best closed model, or of the best of all if none is closed."""
    pool = [model for model in models if not model.open] or list(models)
    pairs = [abilities_of(model.quality, model.total_b) for model in pool]
    return max(general for general, _ in pairs), max(coding for _, coding in pairs)


def active_parameters_b(total_b: float) -> float:
    """Parameters per token, billions, of an invented model: dense when small, else a mixture of experts."""
    return total_b if total_b < DENSE_BELOW_B else ACTIVE_FACTOR * total_b**ACTIVE_POWER


def list_prices_usd(total_b: float, is_open: bool) -> tuple[float, float]:
    """List prices of input and output of an invented model, USD per million tokens, to the cent."""
    factor, power, out_over_in = OPEN_PRICE if is_open else CLOSED_PRICE
    price_in = factor * total_b**power
    return max(0.01, round(price_in, 2)), max(0.01, round(price_in * out_over_in, 2))


def _first_day(real: Sequence[Model], settings: Frontier, start: date) -> float:
    if settings.from_date is not None:
        return float((settings.from_date - start).days)
    return max([0.0, *(model.release_day for model in real)])


def _trend(settings: Frontier, days: float, is_open: bool) -> float:
    lag = settings.open_lag_months * DAYS_PER_MONTH if is_open else 0.0
    return settings.growth_per_year * (days - lag) / DAYS_PER_YEAR


def _ladder(settings: Frontier, release: _Release, general: float, coding: float) -> list[Model]:
    """The same technique at every size; the largest has the log-odds given of general and coding ability."""
    creator = release.creator
    sizes = settings.open_sizes_b if release.open else settings.closed_sizes_b
    models = []
    for rung, total in enumerate(sizes):
        step = settings.size_step * log10(total / sizes[-1])
        price_in, price_out = list_prices_usd(total, release.open)
        size = SIZE_NAMES[rung] if len(sizes) == len(SIZE_NAMES) else f"{total:g}b"
        models.append(Model(
            name=f"{creator}-next-{release.number}-{size}", creator=creator, family=f"{creator}-next",
            open=release.open, release_day=release.day, total_b=total, active_b=active_parameters_b(total),
            quality=qualities_of(_share(general + step), _share(coding + step), total, reasoning=True),
            verbosity=settings.verbosity, context_tokens=settings.context_tokens, list_in_usd=price_in,
            list_out_usd=price_out, source="frontier process",
        ))
    return models


def _logit(share: float) -> float:
    share = min(max(share, EXTREME), 1 - EXTREME)
    return log(share / (1 - share))


def _share(log_odds: float) -> float:
    return 1 / (1 + exp(-log_odds)) if log_odds > -700 else 0.0
