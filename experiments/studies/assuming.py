"""Assumptions of a study that no scenario holds: fields with ranges and sources, that ``--assume`` changes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

from experiments.designs.factor import Factor
from experiments.runs.specs import Value

if TYPE_CHECKING:
    import argparse

    from sim.scenario.base import Part

P = TypeVar("P", bound="Part")


def add_assume(parser: argparse.ArgumentParser) -> None:
    """Add ``--assume``, ``--replications`` and ``--seed`` to a study without a scenario."""
    add_assume_alone(parser)
    parser.add_argument("--replications", type=int, metavar="N", help="seeds (default: as many as the rule asks)")
    parser.add_argument("--seed", type=int, metavar="N", help="seed (default: the one that follows from the rule)")


def add_assume_alone(parser: argparse.ArgumentParser) -> None:
    """Add ``--assume`` to a study that has the options of runs already."""
    parser.add_argument("--assume", action="append", default=[], metavar="FIELD=VALUE",
                        help="change an assumption of the study; may be repeated")


def assumed(form: type[P], given: Sequence[str]) -> P:
    """Return a study's assumptions, some of them changed.

    Raises
    ------
    ScenarioError
        If one is no field of theirs, or a value is not allowed.
    """
    from sim.scenario.load import read_as

    return read_as(form, {}, given, source="--assume")


def assumed_in(form: type[P], parameters: Mapping[str, Any]) -> P:
    """Return the assumptions that a manifest holds.

    Raises
    ------
    ScenarioError
        If they are not allowed.
    """
    from sim.scenario.load import read_as

    return read_as(form, dict(parameters["assumed"]), source="assumed")


def as_parameters(assumptions: Part) -> dict[str, Any]:
    """Return assumptions as a manifest holds them, all of them."""
    from sim.scenario.load import plain

    return {"assumed": plain(assumptions)}


def factors_in(assumptions: Part, prefix: str = "") -> list[Factor]:
    """Return the assumptions that have a range, by their paths, of those that begin with ``prefix``."""
    from experiments.designs.sweepable import range_of, sweepable

    ranges = {path: range_of(info) for path, info in sweepable(assumptions).items() if path.startswith(prefix)}
    return [Factor(path, (), float(it["low"]), float(it["high"]), it["scale"]) for path, it in ranges.items()]


def at_point(assumptions: P, point: Mapping[str, Value]) -> P:
    """Return assumptions with the values of a point, by path, in the place of their own.

    Raises
    ------
    pydantic.ValidationError
        If a value is not allowed.
    """
    data = assumptions.model_dump()
    for path, value in point.items():
        *parts, last = path.split(".")
        node = data
        for part in parts:
            node = node[part]
        node[last] = value
    return type(assumptions).model_validate(data)


def held(assumptions: Part) -> dict[str, float]:
    """Return the assumptions that are not the study's own, by path: where others are drawn, these stay as assumed."""
    usual, now = _flat(type(assumptions)().model_dump()), _flat(assumptions.model_dump())
    return {path: value for path, value in now.items() if value != usual[path]}


def changed_from_usual(assumptions: Part) -> str:
    """Say which assumptions are not the study's own; empty if all are."""
    others = [f"{path} = {value:g}" for path, value in held(assumptions).items()]
    return f"assumptions are not the study's own: {', '.join(others)}" if others else ""


def _flat(data: Mapping[str, Any], prefix: str = "") -> dict[str, float]:
    out: dict[str, float] = {}
    for name, value in data.items():
        out |= _flat(value, f"{prefix}{name}.") if isinstance(value, Mapping) else {f"{prefix}{name}": float(value)}
    return out
