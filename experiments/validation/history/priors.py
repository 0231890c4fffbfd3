"""From the unit cube to a scenario: values of parameters under their priors, and the assignments that set them."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from experiments.validation.facts.fact_ledger import LedgerError
from sim.scenario.dump import key_text
from sim.scenario.load import parse_assignment

if TYPE_CHECKING:
    from experiments.runs.specs import Point, Value
    from experiments.validation.facts.fact_ledger import CalibratedParameter


def values_at(parameters: Sequence[CalibratedParameter], place: np.ndarray) -> tuple[float, ...]:
    """Return the values of parameters at a place of the unit cube, to ten digits.

    Parameters
    ----------
    parameters
        The parameters.
    place
        (parameters,): 0 is the lower end of each prior, 1 the upper one.
    """
    return tuple(float(f"{_value(it, float(at)):.10g}") for it, at in zip(parameters, place, strict=True))


def _value(parameter: CalibratedParameter, at: float) -> float:
    low, high = parameter.low, parameter.high
    if parameter.scale == "log":
        return math.exp(math.log(low) + at * (math.log(high) - math.log(low)))
    return low + at * (high - low)


def place_of_values(parameters: Sequence[CalibratedParameter], values: Sequence[float]) -> np.ndarray:
    """Return the place of values in the unit cube, (parameters,): the inverse of `values_at`."""
    return np.array([_place(it, value) for it, value in zip(parameters, values, strict=True)])


def _place(parameter: CalibratedParameter, value: float) -> float:
    low, high = parameter.low, parameter.high
    if parameter.scale == "log":
        return (math.log(value) - math.log(low)) / (math.log(high) - math.log(low))
    return (value - low) / (high - low)


def centre(parameters: Sequence[CalibratedParameter], base: Mapping[str, Any]) -> np.ndarray:
    """Return where a scenario itself stands in the unit cube, (parameters,).

    Parameters
    ----------
    parameters
        The parameters.
    base
        The complete scenario, as `sim.scenario.load.plain` gives it.

    Raises
    ------
    LedgerError
        If it stands outside: then the priors are those of another market.
    """
    neutral = {"factor": 1.0, "shift": 0.0}
    values = [neutral.get(it.how, _number(base, paths_of(it, base)[0])) for it in parameters]
    for it, value in zip(parameters, values, strict=True):
        if not it.low <= value <= it.high:
            raise LedgerError(f"parameter {it.name} is {value:g} in the scenario; it must lie within its prior, from "
                              f"{it.low:g} to {it.high:g}")
    return place_of_values(parameters, values)


def point_of(parameters: Sequence[CalibratedParameter], values: Sequence[float], base: Mapping[str, Any]) -> Point:
    """Return the assignments that give a scenario those values of the parameters.

    Raises
    ------
    LedgerError
        If the scenario has no such fields.
    """
    found: dict[str, Value] = {}
    for it, value in zip(parameters, values, strict=True):
        for path in paths_of(it, base):
            old = _number(base, path)
            found[path] = {"set": value, "factor": old * value, "shift": old + value}[it.how]
    return found


def paths_of(parameter: CalibratedParameter, base: Mapping[str, Any]) -> list[str]:
    """Return the fields that a parameter sets in a scenario, every ``*`` replaced by the names that are there.

    Raises
    ------
    LedgerError
        If there is none.
    """
    found = [path for pattern in parameter.paths for path in _matching(pattern.split("."), base)]
    if not found:
        raise LedgerError(f"parameter {parameter.name} sets {', '.join(parameter.paths)}, which the scenario does not "
                          "have; its paths must name numbers of the scenario")
    return found


def _matching(names: Sequence[str], node: Any) -> Iterator[str]:  # noqa: ANN401 - whatever a scenario holds
    """Paths of numbers below a table that a pattern names."""
    if not isinstance(node, Mapping):
        return
    head, *rest = names
    for name in sorted(node) if head == "*" else [head] if head in node else []:
        if rest:
            yield from (f"{key_text(name)}.{below}" for below in _matching(rest, node[name]))
        elif isinstance(node[name], int | float) and not isinstance(node[name], bool):
            yield key_text(name)


def _number(base: Mapping[str, Any], path: str) -> float:
    node: Any = base
    for name in parse_assignment(f"{path}=0")[0]:
        node = node[name]
    return float(node)
