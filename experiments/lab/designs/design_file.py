"""Design files: a whole sweep in TOML, to keep beside its results."""

import math
import tomllib
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, ValidationError

from experiments.lab.designs.factor import DesignError, Factor
from sim.scenario.base import Part, quantity
from sim.scenario.explain import explain


class StudyPart(Part):
    """What is run at every point."""

    kind: Literal["tournament", "market"] = Field(description="Routing policies on traffic, or a whole market")
    scenario: str = Field("", description="A built-in scenario or the path of a TOML file; none: the study's default")
    set: tuple[str, ...] = Field((), description="Assignments such as traffic.load=1.4, before the design's")
    policies: tuple[str, ...] = Field((), description="Policies at every point; none: the scenario's own")
    replications: int = quantity(5, unit="1", doc="Replications of every point", ge=1)
    metrics: tuple[str, ...] = Field((), description="Metrics of figures and indices; none: the usual ones")


class DesignPart(Part):
    """How points are chosen (see `experiments.lab.designs.make_plan`)."""

    kind: str = Field("grid", description="Kind of design")
    samples: int = quantity(0, unit="1", doc="Samples of a kind that draws points", ge=0)
    seed: int = quantity(1, unit="1", doc="Seed of what is drawn", ge=0)


class FactorPart(Part):
    """A range; without ends, that of the field's own metadata."""

    low: float | None = Field(None, description="Lower end")
    high: float | None = Field(None, description="Upper end")
    scale: Literal["linear", "log", "integer"] = Field("linear", description="How it is divided")


class DesignFile(Part):
    """A sweep."""

    study: StudyPart = Field(description="What is run")
    design: DesignPart = Field(DesignPart(), description="How points are chosen")
    factors: dict[str, FactorPart | list[bool | int | float | str]] = Field(
        description="Levels or range by the path of a field", min_length=1)

    def listed(self) -> tuple[Factor, ...]:
        """Return the factors in the order of the file."""
        return tuple(_factor(path, spec) for path, spec in self.factors.items())


def read_design(path: Path) -> DesignFile:
    """Read a design file.

    Raises
    ------
    DesignError
        If it cannot be read, or something in it is not allowed; one sentence a problem, one a line.
    """
    try:
        data: dict[str, Any] = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise DesignError(f"cannot read design {path}: {error.strerror}") from None
    except ValueError as error:
        raise DesignError(f"{path} is not valid TOML: {error}") from None
    try:
        return DesignFile.model_validate(data)
    except ValidationError as error:
        raise DesignError(explain(error, data, str(path), DesignFile)) from None


def _factor(path: str, spec: FactorPart | list[bool | int | float | str]) -> Factor:
    if isinstance(spec, list):
        if not spec:
            raise DesignError(f"factor {path}: the list of values is empty")
        return Factor(path, tuple(spec))
    if (spec.low is None) != (spec.high is None):
        raise DesignError(f"factor {path} has one end of a range; give low and high, or neither")
    if spec.low is None or spec.high is None:
        return Factor(path, (), math.nan, math.nan, spec.scale)
    return Factor(path, (), spec.low, spec.high, spec.scale)
