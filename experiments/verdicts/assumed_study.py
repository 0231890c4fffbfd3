"""A claim that needs no runs: numbers follow from assumptions of its own, which ``--assume`` changes, seed by seed."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING, Any, ClassVar, Generic, NamedTuple, TypeVar

from experiments.studies.assuming import P, add_assume, as_parameters, assumed, assumed_in, changed_from_usual
from experiments.studies.study import Design, F, Look
from experiments.verdicts.verdict_study import VerdictStudy
from sim.errors import ScenarioError

if TYPE_CHECKING:
    import argparse

    from experiments.runs.specs import Point
    from sim.scenario.base import Part


@dataclass(frozen=True)
class AssumedDesign(Design, Generic[P]):
    """Assumptions, and how often they are drawn from; subclasses may add numbers of their own.

    Attributes
    ----------
    assumed
        What is assumed.
    seed, replications
        Each seed draws anew.
    least
        The least that each number may be, by name.
    """

    kind = ""
    scenario = None
    least: ClassVar[Mapping[str, float]] = {"replications": 1, "seed": 0}
    assumed: P
    seed: int
    replications: int = 10

    def __post_init__(self) -> None:
        """Check the design."""
        for name, least in self.least.items():
            if getattr(self, name) < least:
                raise ScenarioError(f"{name} is {getattr(self, name)}, but must be at least {least}")

    def points(self) -> list[Point]:
        """Return none: nothing is run."""
        return []

    def parameters(self) -> dict[str, Any]:
        """Return all there is."""
        numbers = {it.name: getattr(self, it.name) for it in fields(self) if it.name != "assumed"}
        return {**as_parameters(self.assumed), **numbers}


A = TypeVar("A", bound="AssumedDesign[Any]")


class Forms(NamedTuple):
    """Classes of a study's design, and of its assumptions."""

    design: type[Any]
    assumptions: type[Part]


class AssumedStudy(VerdictStudy[A, F], Generic[A, F]):
    """A study of a claim without runs.

    Attributes
    ----------
    quick_seeds
        Seeds of its quick form.
    """

    scenario = None
    quick_seeds: ClassVar[int]

    @abstractmethod
    def forms(self) -> Forms:
        """Return the classes of its design and its assumptions; a method, so that a list of studies imports neither."""

    def add_options(self, parser: argparse.ArgumentParser) -> None:
        """Add assumptions and seeds."""
        add_assume(parser)

    def design(self, arguments: argparse.Namespace) -> A:
        """Return what the command line asks for; the seed and their number follow from the rule unless given."""
        forms, seed, seeds = self.forms(), arguments.seed, arguments.replications
        made: A = forms.design(assumed(forms.assumptions, arguments.assume), self.rule.seed if seed is None else seed,
                               self.rule.seeds if seeds is None else seeds)
        return made

    def read(self, scenario: Any, parameters: Mapping[str, Any]) -> A:  # noqa: ANN401 - there is none
        """Return the design of a manifest."""
        forms = self.forms()
        numbers = {name: value for name, value in parameters.items() if name != "assumed"}
        made: A = forms.design(assumed_in(forms.assumptions, parameters), **numbers)
        return made

    def quick(self, design: A) -> Look[A]:
        """Return fewer seeds."""
        return Look(replace(design, replications=self.quick_seeds), f"{self.quick_seeds} of {self.rule.seeds} seeds")

    def is_full(self, design: A) -> str:
        """Say which assumptions are not the study's own."""
        return changed_from_usual(design.assumed)
