"""The models of a scenario's ``[models.NAME]`` tables: new ones, and changes to those of the catalogue."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from typing import Any, Final

from sim.errors import ScenarioError
from sim.market.models.model import Model
from sim.scenario.base import given
from sim.scenario.own_models import MarketModel
from sim.scenario.tasks import TASKS
from sim.spelling import near, nearest

NEEDED: Final = ("creator", "released", "total_b", "context_tokens", "quality")  # of a model that is like no other
SIZES: Final = ("total_b", "active_b")


def with_own(
    rows: Sequence[Model], own: Mapping[str, MarketModel], start: date
) -> tuple[list[Model], list[Model]]:
    """Return the catalogue's models, changed as the scenario says, and the scenario's new ones.

    Parameters
    ----------
    rows
        The catalogue.
    own
        The scenario's models: of the name of a row, or ``like`` one, what is given replaces that one's facts.
    start
        First day of the run, from which days of release count.

    Raises
    ------
    ScenarioError
        If ``like`` names no row, a new model lacks facts, or its sizes contradict each other.
    """
    known = {row.name: row for row in rows}
    made = {name: _model(name, settings, known, start) for name, settings in own.items()}
    return [made.get(row.name, row) for row in rows], [made[name] for name in own if name not in known]


def refuse_unseen(own: Mapping[str, MarketModel], new: Sequence[Model], real: Sequence[Model]) -> None:
    """Refuse changes to a model of the catalogue that does not take part: they would change nothing.

    Raises
    ------
    ScenarioError
        Naming the first.
    """
    seen = {model.name for model in (*new, *real)}
    unseen = [name for name in own if name not in seen]
    if unseen:
        raise ScenarioError(f"models.{unseen[0]} changes a model that models.catalogue leaves out by include or "
                            "exclude; let it take part, or take the table away")


def _model(name: str, settings: MarketModel, known: Mapping[str, Model], start: date) -> Model:
    base = known.get(settings.like or name)
    if settings.like is not None and base is None:
        raise ScenarioError(f"models.{name}.like is {settings.like!r}, which the catalogue does not hold"
                            + near(settings.like, sorted(known)))
    facts = _facts(settings, base, start)
    if base is not None and (name != base.name or "list_in_usd" in facts or "list_out_usd" in facts):
        facts["list_changes"] = ()  # they are of the prices that the catalogue has, and of no other model
    model = _new(name, settings, facts, known) if base is None else replace(base, **{"name": name, **facts})
    if model.active_b > model.total_b:
        raise ScenarioError(f"models.{name}.active_b is {model.active_b:g}, but must be at most total_b, which is "
                            f"{model.total_b:g}")
    return model


def _facts(settings: MarketModel, base: Model | None, start: date) -> dict[str, Any]:
    """What is given, as a model of the market holds it."""
    facts = given(settings)
    facts.pop("like", None)
    if "released" in facts:
        facts["release_day"] = float((facts.pop("released") - start).days)
    if settings.quality is not None:
        before = dict(zip(TASKS, base.quality, strict=True)) if base else {}
        after = {**before, **given(settings.quality)}
        facts["quality"] = tuple(after.get(task, float("nan")) for task in TASKS)
    if any(field in facts for field in SIZES):
        # other sizes make other layers: derived from them, unless architecture or shape is given, too
        facts = {"architecture": "", "shape": None, **facts}
    if settings.shape is not None:
        facts["architecture"] = ""
    if settings.architecture is not None:
        facts["shape"] = None
    if settings.total_b is not None and settings.active_b is None:
        facts["active_b"] = settings.total_b  # a size that is given alone makes a dense model
    return facts


def _new(name: str, settings: MarketModel, facts: Mapping[str, Any], known: Mapping[str, Model]) -> Model:
    missing = [field for field in NEEDED if getattr(settings, field) is None]
    if settings.quality is not None:
        missing += [f"quality.{task}" for task in TASKS if getattr(settings.quality, task) is None]
    if missing:
        other = nearest(name, known)
        hint = f" (did you mean {other}?)" if other else ""
        raise ScenarioError(f"models.{name} is not in the catalogue{hint}, and lacks {', '.join(missing)}; a model of "
                            "your own needs them, or like = the name of a model of the catalogue")
    defaults = {"family": name, "open": True, "verbosity": 1.0, "list_in_usd": None, "list_out_usd": None}
    return Model(**{"name": name, **defaults, **facts})
