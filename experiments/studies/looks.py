"""Looks: how the quick form of a study is marked wherever it is seen, so that nobody takes it for the study."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, TypeVar

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from sim.scenario import MarketScenario, TrafficScenario

    Form = TypeVar("Form", MarketScenario, TrafficScenario)

LOOK: Final = "-look"  # what a look's scenario and folder are called after
MOST: Final = 80  # characters of a scenario's name


def as_look(scenario: Form, *assignments: str) -> Form:
    """Return a scenario for a look: changed, and named so that its figures, tables and hash are a look's.

    Parameters
    ----------
    scenario
        That of the whole study.
    assignments
        Changes, such as ``"horizon.days=100"``.

    Raises
    ------
    ScenarioError
        If a change is not allowed.
    """
    from sim.scenario.load import override

    return override(scenario, [f'name="{scenario.name[:MOST - len(LOOK)]}{LOOK}"', *assignments])


def without_mark(name: str) -> str:
    """Return the name of the scenario that a look looks at; any other name as it is."""
    return name.removesuffix(LOOK)


def look_in(manifest: Mapping[str, Any]) -> str:
    """Return what the look that a manifest is of leaves out; empty for a whole study."""
    return str(manifest.get("look") or "")


def told_of_look(leaves_out: str) -> list[str]:
    """Return the line that says so on a terminal; none for a whole study."""
    return [f"A LOOK, NOT A RESULT: {leaves_out}"] if leaves_out else []
