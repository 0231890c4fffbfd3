"""Labels of policies as people write them: ``power_of_d:d=3`` is a policy or preset and its parameters."""

from collections.abc import Iterable
from typing import Any

from policies.registry import bind
from sim.errors import PolicyError
from sim.scenario.load import parse_assignment
from sim.scenario.router_settings import PolicyChoice


def parse_label(label: str, where: str = "policy") -> PolicyChoice:
    """Read ``NAME`` or ``NAME:PARAMETER=VALUE:...``.

    Parameters
    ----------
    label
        The label; values are written as in TOML.
    where
        Where it stands, for error messages, such as ``--policies``.

    Raises
    ------
    PolicyError
        If the name is empty or a parameter is malformed.
    ScenarioError
        If the policy or a parameter is unknown, or a value out of range.
    """
    kind, *assignments = label.split(":")
    if not kind:
        raise PolicyError(f"{where} has an empty name; write names with commas, such as random,cheapest")
    parameters: dict[str, Any] = {}
    for assignment in assignments:
        path, value = parse_assignment(assignment)
        if len(path) != 1:
            raise PolicyError(f"{where} {label}: {assignment!r} is not of the form name=value")
        parameters[path[0]] = value
    choice = PolicyChoice.model_validate({"kind": kind, **parameters})
    bind(choice, f"{where} {label}")
    return choice


def parse_labels(labels: Iterable[str], where: str = "policies") -> dict[str, PolicyChoice]:
    """Read several labels; the competitors by label, in the order given.

    Raises
    ------
    PolicyError
        If a label stands twice, or as in `parse_label`.
    ScenarioError
        As in `parse_label`.
    """
    chosen: dict[str, PolicyChoice] = {}
    for label in labels:
        if label in chosen:
            raise PolicyError(f"{where} names {label!r} twice")
        chosen[label] = parse_label(label, where)
    return chosen
