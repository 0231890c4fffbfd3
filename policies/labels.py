"""Labels of policies: ``power_of_d:d=3`` is the policy ``power_of_d`` with its parameter ``d`` set to 3."""

from collections.abc import Iterable
from typing import Any

from policies.registry import bind
from sim.errors import PolicyError
from sim.scenario import PolicyChoice


def policies_of(labels: Iterable[str], where: str) -> dict[str, PolicyChoice]:
    """Read labels into choices, in their order, and check that each can be bound.

    Parameters
    ----------
    labels
        Such as ``cheapest`` or ``power_of_d:d=3``.
    where
        Where they stand, for messages: ``--policies``, say.

    Raises
    ------
    PolicyError
        If a label stands twice or is malformed.
    ScenarioError
        If a policy or a parameter is unknown or out of range.
    """
    chosen: dict[str, PolicyChoice] = {}
    for label in labels:
        if label in chosen:
            raise PolicyError(f"{where} names {label!r} twice")
        chosen[label] = choice_of(label, where)
    return chosen


def choice_of(label: str, where: str = "policy") -> PolicyChoice:
    """Read one label.

    Raises
    ------
    PolicyError, ScenarioError
        As `policies_of`.

    Examples
    --------
    >>> choice_of("power_of_d:d=3").parameters
    {'d': 3}
    """
    from sim.scenario.load import parse_assignment

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


def label_of(choice: PolicyChoice) -> str:
    """Return the label that reads back as a choice.

    Examples
    --------
    >>> label_of(PolicyChoice(kind="power_of_d", d=3))
    'power_of_d:d=3'
    """
    given = {**({"sticky": choice.sticky} if choice.sticky else {}), **choice.parameters}
    return ":".join([choice.kind, *(f"{name}={_text(value)}" for name, value in given.items())])


def _text(value: Any) -> str:  # noqa: ANN401 - any TOML value
    return str(value).lower() if isinstance(value, bool) else str(value)
