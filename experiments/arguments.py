"""What scripts hand to the functions of `experiments.api`, checked before anything runs, with a sentence a mistake."""

import math
import os
from collections.abc import Iterable, Mapping
from itertools import islice, product
from pathlib import Path
from typing import Any, Final

from experiments.runs.effort import MOST_RUNS
from experiments.runs.specs import POLICY, Point, Value
from experiments.scenarios import load, names
from policies.labels import choice_of
from sim.errors import ScenarioError
from sim.scenario import MarketScenario, Scenario, TrafficScenario

JOBS_MOST: Final = 1024  # processes on one machine


def scenario_given(given: Any) -> Scenario:  # noqa: ANN401 - whatever the user passed
    """Return the scenario that is meant: itself, or the one of a name or path.

    Raises
    ------
    ScenarioError
        If it is neither, or cannot be loaded.
    """
    if isinstance(given, TrafficScenario | MarketScenario):
        return given
    if isinstance(given, str | os.PathLike):
        return load(Path(given) if isinstance(given, os.PathLike) else given)
    raise ScenarioError(f"scenario is {_told(given)}, but must be a scenario, the name of a built-in one "
                        f"({', '.join(names())}), or the path of a TOML file")


def whole(name: str, value: Any, least: int, most: int) -> int:  # noqa: ANN401 - whatever the user passed
    """Return a whole number, numpy's included.

    Raises
    ------
    ScenarioError
        If it is none, or not from ``least`` to ``most``.
    """
    if isinstance(value, bool) or not hasattr(value, "__index__"):
        raise ScenarioError(f"{name} is {_told(value)}, but must be a whole number of at least {least}")
    number: int = value.__index__()
    if not least <= number <= most:
        allowed = f"at least {least}" if number < least else f"at most {most:,}"
        raise ScenarioError(f"{name} is {number}, but must be {allowed}")
    return number


def labels(value: Any, least: int = 1) -> list[str]:  # noqa: ANN401 - whatever the user passed
    """Return labels of policies, each once, each known.

    Raises
    ------
    ScenarioError, PolicyError
        If they are no list of labels, fewer than ``least``, or one is unknown or wrong.
    """
    if isinstance(value, str) or not isinstance(value, Iterable):
        raise ScenarioError(f"policies is {_told(value)}, but must be a list of names, such as "
                            "['cheapest', 'power_of_d:d=3']")
    given = list(value)
    for label in given:
        if not isinstance(label, str):
            raise ScenarioError(f"policies holds {_told(label)}, but policies are named by texts, such as "
                                "'power_of_d:d=3'")
        choice_of(label, "policies:")
    if len(set(given)) < least:
        raise ScenarioError(f"policies are {given}, but a comparison needs two different ones or more" if least > 1 else
                            "policies is an empty list; leave it out for the scenario's own, or name one or more")
    return list(dict.fromkeys(given))


def points_of(design: Any, policies: list[str]) -> list[Point]:  # noqa: ANN401 - whatever the user passed
    """Return the points of a design under each policy, policies outermost.

    Raises
    ------
    ScenarioError
        If it is no design, has no point, or too many.
    """
    points = _grid(design) if isinstance(design, Mapping) else _planned(design)
    if not points:
        raise ScenarioError("the design has no point; give at least one value for every field")
    if not policies:
        return points
    if any(POLICY in point for point in points):
        raise ScenarioError("the design has the field 'policy' and there are policies besides; give one of the two")
    return [{POLICY: policy, **point} for policy in policies for point in points]


def store_given(value: Any) -> str | Path | None:  # noqa: ANN401 - whatever the user passed
    """Return the path of a store, or None.

    Raises
    ------
    ScenarioError
        If it is no path.
    """
    if value is None or (isinstance(value, str | Path) and str(value)):
        return value
    raise ScenarioError(f"store is {_told(value)}, but must be the path of a file, or None to keep the runs in memory")


def _planned(design: Any) -> list[Point]:  # noqa: ANN401 - whatever the user passed
    from experiments.designs import Plan

    if not isinstance(design, Plan):
        raise ScenarioError(f"design is {_told(design)}, but must be values by field, such as "
                            "{'traffic.load': [0.5, 1]}, or a plan of `experiments.designs.make_plan`")
    return [dict(point) for point in design.points]


def _grid(values: Mapping[Any, Any]) -> list[Point]:
    """All combinations, the last field fastest."""
    levels = {_field(path): _levels(path, given) for path, given in values.items()}
    if math.prod(len(it) for it in levels.values()) > MOST_RUNS:
        raise ScenarioError(f"the design has {math.prod(len(it) for it in levels.values()):,} points; at most "
                            f"{MOST_RUNS:,} are allowed")
    return [dict(zip(levels, point, strict=True)) for point in product(*levels.values())] if levels else []


def _field(path: Any) -> str:  # noqa: ANN401 - whatever stands as a key
    if not isinstance(path, str):
        raise ScenarioError(f"design has the key {path!r}, but keys are paths of fields, such as 'traffic.load'")
    return path


def _levels(path: str, given: Any) -> list[Value]:  # noqa: ANN401 - whatever the user passed
    if isinstance(given, str | Mapping) or not isinstance(given, Iterable):
        raise ScenarioError(f"design: {path} is {_told(given)}, but must be a list of values, such as [0.5, 1]")
    # one more than allowed of a generator that may have no end
    levels = list(dict.fromkeys(_level(path, it) for it in islice(given, MOST_RUNS + 1)))
    if path == POLICY:
        labels(levels)
    return levels


def _level(path: str, value: Any) -> Value:  # noqa: ANN401 - whatever the user passed
    to_plain = getattr(value, "item", None)  # numpy's scalars
    plain = to_plain() if callable(to_plain) else value
    if isinstance(plain, float) and not math.isfinite(plain):
        raise ScenarioError(f"design: {path} has the value {plain}, but values must be finite")
    if not isinstance(plain, bool | int | float | str):
        raise ScenarioError(f"design: {path} has the value {_told(plain)}, but values are numbers, texts or booleans")
    return plain


def _told(value: Any) -> str:  # noqa: ANN401 - whatever the user passed
    """A value as a sentence repeats it: shortened, with its type where that is what is wrong."""
    if value is None or isinstance(value, bool):
        return str(value)
    text = repr(value)
    return f"{text if len(text) <= 60 else text[:60] + '…'} (of type {type(value).__name__})"
