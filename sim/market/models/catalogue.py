"""The models of a run: facts from a CSV file, then the frontier process.

The built-in ``catalogue.csv``: scores, sizes of open models and some prices are "Data provided by Artificial
Analysis (artificialanalysis.ai)" (May 2026); other list prices are the vendors' pages, or the first price seen at
OpenRouter (jvrck/openrouterlist, MIT). The ``source`` of each row says which, and what is an assumption.
"""

import csv
import io
from collections.abc import Iterable
from datetime import date
from pathlib import Path
from typing import Final

from sim.errors import ScenarioError
from sim.market.models.frontier import future_models
from sim.market.models.list_prices import read_dated, with_list_changes
from sim.market.models.model import Model, Models
from sim.market.models.own import refuse_unseen, with_own
from sim.market.models.retirement import with_retirement
from sim.scenario.model_settings import Catalogue, ModelSettings
from sim.scenario.tasks import TASKS
from sim.spelling import near
from sim.streams import Streams
from sim.text_files import text_of, why_unread

BUILT_IN: Final = Path(__file__).with_name("catalogue.csv")
COLUMNS: Final = (
    "name", "creator", "family", "open", "released", "total_b", "active_b", *TASKS, "verbosity", "context_tokens",
    "list_in_usd", "list_out_usd", "architecture", "source",
)


def load_catalogue(settings: ModelSettings, start: date, horizon_days: float, streams: Streams) -> Models:
    """Return all models that exist before the end of the run, in alphabetical order.

    Parameters
    ----------
    settings
        Which real models take part, and how the frontier goes on.
    start
        First day of the run.
    horizon_days
        Length of the run; later models are left out.
    streams
        Random streams; the frontier takes ``models/<creator>``, retirement ``models/retirement/<model>``.

    Raises
    ------
    ScenarioError
        If the file cannot be read, a row is wrong, a name is unknown, or no model is left.
    """
    rows = read_catalogue(Path(settings.catalogue.path) if settings.catalogue.path else BUILT_IN, start)
    if not settings.catalogue.path:
        rows = with_list_changes(rows, read_dated(), start)
    known, new = with_own(rows, settings.own, start)
    real = selected(known, settings.catalogue)
    refuse_unseen(settings.own, new, real)
    end = float(horizon_days)
    if settings.frontier.enabled:
        real, invented = future_models(real, settings.frontier, start, end, streams)
    else:
        invented = []
    # alphabetical whatever the file: of models that a workload likes alike the first is taken
    # models of the scenario's own take part whatever the catalogue's settings leave out, and move no frontier
    own = [model for model in new if model.release_day < end]
    taken = {model.name for model in own} & {model.name for model in invented}
    if taken:
        raise ScenarioError(f"models.{min(taken)} has the name of a model that models.frontier invents; choose another")
    models = sorted((*_capped(real, settings.catalogue, end), *invented, *own), key=lambda model: model.name)
    if not models:
        raise ScenarioError(
            f"models.catalogue leaves no model that is released before day {end:g} of a run from {start} "
            "(horizon.start) and then at most "
            f"{settings.catalogue.max_age_days:g} days old (models.catalogue.max_age_days)"
        )
    return Models(tuple(with_retirement(models, settings.retirement, streams)))


def read_catalogue(path: Path, start: date) -> list[Model]:
    """Read a catalogue; lines that begin with ``#`` are comments, ``list_*`` and ``architecture`` may be empty.

    Raises
    ------
    ScenarioError
        Naming the file, the line and what is allowed.
    """
    try:
        every = enumerate(io.StringIO(text_of(path)), 1)
    except (OSError, UnicodeDecodeError) as error:
        raise ScenarioError(f"models.catalogue.path: cannot read {path}: {why_unread(error)}") from None
    lines = [(number, line) for number, line in every if not line.startswith("#")]
    reader = csv.reader(line for _, line in lines)
    header = next(reader, [])
    if sorted(header) != sorted(COLUMNS):
        raise ScenarioError(f"{path}: the columns must be {', '.join(COLUMNS)}; they are {', '.join(header) or 'none'}")
    models: dict[str, Model] = {}
    for (number, _), values in zip(lines[1:], reader, strict=False):
        try:
            model = _model(dict(zip(header, values, strict=True)), start)
            if model.name in models:
                raise ValueError(f"the name {model.name!r} was there before")
        except ValueError as error:
            raise ScenarioError(f"{path}, line {number}: {error}") from None
        models[model.name] = model
    return list(models.values())


def selected(models: Iterable[Model], settings: Catalogue) -> list[Model]:
    """Return the models that ``include`` and ``exclude`` leave.

    Raises
    ------
    ScenarioError
        If a name is not in the catalogue.
    """
    rows = list(models)
    known = {model.name for model in rows}
    for field in ("include", "exclude"):
        unknown = sorted(set(getattr(settings, field)) - known)
        if unknown:
            raise ScenarioError(f"models.catalogue.{field} names {unknown[0]!r}, which the catalogue does not hold"
                                + near(unknown[0], sorted(known)))
    wanted = set(settings.include) or known
    return [model for model in rows if model.name in wanted - set(settings.exclude)]


def _capped(models: list[Model], settings: Catalogue, end: float) -> list[Model]:
    in_time = [model for model in models if -settings.max_age_days <= model.release_day < end]
    # by name among those of one day: a cap must not depend on the order of lines in a file
    latest = sorted(in_time, key=lambda model: (-model.release_day, model.name))
    return latest[: settings.max_models]


def _model(row: dict[str, str], start: date) -> Model:
    if not row["name"] or not row["creator"] or not row["family"]:
        raise ValueError("name, creator and family must not be empty")
    try:
        released = date.fromisoformat(row["released"])
    except ValueError:
        raise ValueError(f"released is {row['released']!r}; it must be a date as 2025-01-31") from None
    if row["open"] not in ("yes", "no"):
        raise ValueError(f"open is {row['open']!r}; it must be yes or no")
    total = _number(row, "total_b", low=1e-3, high=1e6)
    prices = [_number(row, field, 0.0, 1e6) if row[field] else None for field in ("list_in_usd", "list_out_usd")]
    return Model(
        name=row["name"], creator=row["creator"], family=row["family"], open=row["open"] == "yes",
        release_day=float((released - start).days), total_b=total,
        active_b=_number(row, "active_b", low=1e-3, high=total),
        quality=tuple(_number(row, task, 0.0, 1.0) for task in TASKS),
        verbosity=_number(row, "verbosity", low=0.01, high=100.0),
        context_tokens=int(_number(row, "context_tokens", low=1, high=1e9)),
        list_in_usd=prices[0], list_out_usd=prices[1], architecture=row["architecture"], source=row["source"],
    )


def _number(row: dict[str, str], field: str, low: float, high: float) -> float:
    try:
        value = float(row[field])
    except ValueError:
        # fails every comparison: one sentence says what is allowed, of no number as of one out of range
        value = float("nan")
    if not low <= value <= high:
        raise ValueError(f"{field} is {row[field]!r}; it must be a number from {low:g} to {high:g}")
    return value
