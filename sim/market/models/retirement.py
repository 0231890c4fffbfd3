"""When creators take their closed models off the market: some time after release, and not without a successor.

Open models have no such day: they go when their last host delists them.
"""

import math
from collections.abc import Sequence
from dataclasses import replace

from sim.market.models.model import Model
from sim.scenario.model_settings import Retirement
from sim.streams import Streams
from sim.units import DAYS_PER_MONTH


def with_retirement(models: Sequence[Model], settings: Retirement, streams: Streams) -> list[Model]:
    """Return the models with the days on which closed ones are announced to go, and go (E69).

    Parameters
    ----------
    models
        All models of a run.
    settings
        How long they live; not enabled, nobody goes.
    streams
        Each closed model takes ``models/retirement/<name>``, so that none changes another's.
    """
    if not settings.enabled:
        return list(models)
    return [_retired(model, models, settings, streams) for model in models]


def _retired(model: Model, models: Sequence[Model], settings: Retirement, streams: Streams) -> Model:
    """The day of retirement: max(release + life, successor's release + notice); never without a successor."""
    if model.open:
        return model
    life = settings.median_months * DAYS_PER_MONTH * math.exp(
        settings.spread * streams.generator(f"models/retirement/{model.name}").standard_normal())
    after = successor_day(model, models)
    day = math.inf if after is None else max(model.release_day + life, after + settings.notice_days)
    return replace(model, retire_day=day, notice_day=day - settings.notice_days)


def successor_day(model: Model, models: Sequence[Model]) -> float | None:
    """Release of the first later closed model of the same creator that is as good on average; None without one."""
    days = [other.release_day for other in models
            if not other.open and other.creator == model.creator and other.release_day > model.release_day
            and sum(other.quality) >= sum(model.quality)]
    return min(days, default=None)
