"""Design files: a whole sweep in TOML, to keep beside its results."""

from pathlib import Path
from typing import Any, Literal

from pydantic import Field, ValidationError

from experiments.designs.factor import DesignError, Factor
from sim.errors import ScenarioError
from sim.scenario.base import Part, quantity
from sim.scenario.explain import explain
from sim.scenario.load import read_file


class StudyPart(Part):
    """What is run at every point."""

    kind: Literal["tournament", "market"] = Field(description="Routing policies on traffic, or a whole market")
    scenario: str = Field("", description="A built-in scenario or the path of a TOML file; none: the study's default")
    set: tuple[str, ...] = Field((), description="Assignments such as traffic.load=1.4, before the design's")
    policies: tuple[str, ...] = Field((), description="Policies at every point; none: the scenario's own")
    replications: int = quantity(5, unit="1", doc="Replications of every point", ge=1)
    metrics: tuple[str, ...] = Field((), description="Metrics of figures and indices; none: the usual ones")


class DesignPart(Part):
    """How points are chosen (see `experiments.designs.make_plan`)."""

    kind: str = Field("grid", description="Kind of design")
    samples: int = quantity(0, unit="1", doc="Samples of a kind that draws points", ge=0)
    seed: int = quantity(1, unit="1", doc="Seed of what is drawn", ge=0)


class FactorPart(Part):
    """A range; without ends, that of the field's own metadata."""

    low: float | None = Field(None, description="Lower end")
    high: float | None = Field(None, description="Upper end")
    scale: Literal["linear", "log", "integer"] | None = Field(
        None, description="How it is divided, if it has ends; none: evenly")


class DesignFile(Part):
    """A sweep."""

    study: StudyPart = Field(description="What is run")
    design: DesignPart = Field(DesignPart(), description="How points are chosen")
    factors: dict[str, Any] = Field(
        description="By the path of a field: a list of levels, or a table as `FactorPart`", min_length=1)

    def listed(self) -> tuple[Factor, ...]:
        """Return the factors in the order of the file.

        Raises
        ------
        DesignError
            If one is neither levels nor a range, or they are not allowed.
        """
        return tuple(_factor(path, spec) for path, spec in self.factors.items())


def read_design(path: Path) -> DesignFile:
    """Read a design file.

    Raises
    ------
    DesignError
        If it cannot be read, or something in it is not allowed; one sentence a problem, one a line.
    """
    try:
        data = read_file(path, "design")
    except ScenarioError as error:
        raise DesignError(str(error)) from None
    try:
        found = DesignFile.model_validate(data)
    except ValidationError as error:
        raise DesignError(explain(error, data, str(path), DesignFile)) from None
    found.listed()
    return found


def _factor(path: str, given: Any) -> Factor:  # noqa: ANN401 - whatever TOML holds
    if isinstance(given, list):
        return _levels(path, given)
    if not isinstance(given, dict):
        raise DesignError(f"factor {path} is {given!r}, but must be a list of values or a table with low and high")
    try:
        spec = FactorPart.model_validate(given)
    except ValidationError as error:
        raise DesignError(explain(error, given, f"factor {path}", FactorPart)) from None
    if (spec.low is None) != (spec.high is None):
        raise DesignError(f"factor {path} has one end of a range; give low and high, or neither")
    if spec.low is not None and spec.high is not None:
        return Factor(path, (), spec.low, spec.high, spec.scale or "linear")
    if spec.scale is not None:
        raise DesignError(f"factor {path} has a scale but no range; give low and high, too")
    return Factor(path)


def _levels(path: str, values: list[Any]) -> Factor:
    if not values:
        raise DesignError(f"factor {path}: the list of values is empty")
    wrong = next((value for value in values if not isinstance(value, bool | int | float | str)), None)
    if wrong is not None:
        raise DesignError(f"factor {path}: {wrong!r} is no number, text, true or false")
    return Factor(path, tuple(values))
