"""The contract of a study: what it asks, which runs it wants, what it makes of them, and how it is written up.

A study is a folder whose package holds one instance of a subclass of `Study`, and a row in
`experiments.studies.registry`. From the contract it gets its command, the store, resuming after a kill, ``--until``,
``--retry``, processes and Dask, the manifest, replay, reproduce, report and checklist.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Generic, TypeVar

from experiments.output.folder import SUMMARY, Folder
from experiments.output.origins import Origin
from experiments.report.blocks import Section
from experiments.runs.specs import Point, RunSpec

if TYPE_CHECKING:
    import argparse

    from pandas import DataFrame

    from experiments.store.results import Results

Check = Callable[[], None]  # raises if the user has interrupted


class Design(ABC):
    """What a study runs: subclasses are frozen dataclasses that check themselves when they are made.

    Attributes
    ----------
    kind
        What a run is, and which tables are kept of it (`experiments.runs.kinds`); empty if there are no runs.
    scenario
        What the manifest keeps; None of a study without a scenario.
    replications
        Replications of every point; replication r has the same random streams at all points.
    """

    kind: ClassVar[str]
    scenario: Any
    replications: int

    @property
    def base(self) -> Any:  # noqa: ANN401 - a scenario of either form
        """The scenario that points differ from: the design's own, unless it changes that for all points alike."""
        return self.scenario

    @abstractmethod
    def points(self) -> list[Point]:
        """Return the points: by path of a field, or ``policy``, the value in place of the scenario's."""

    def elsewhere(self) -> list[Point]:
        """Return points that are run once, after all others: where else it is asked what the study says."""
        return []

    @property
    def runs(self) -> int:
        """How many runs there are."""
        return len(self.points()) * self.replications + len(self.elsewhere())

    @cached_property
    def specs(self) -> list[RunSpec]:
        """All runs, points outermost, then those elsewhere; none of a study without runs."""
        from experiments.runs.keys import specs_of
        from sim.scenario.load import plain

        if not self.kind:
            return []
        base, points, others = plain(self.base), self.points(), self.elsewhere()
        return [*specs_of(self.kind, base, points, self.replications),
                *(replace(spec, row=len(points) + spec.row) for spec in specs_of(self.kind, base, others, 1))]

    @abstractmethod
    def parameters(self) -> dict[str, Any]:
        """Return everything but the scenario as JSON can hold it; `Study.read` reads it back."""


D = TypeVar("D", bound=Design)
F = TypeVar("F")  # findings: whatever a study makes of its runs, before it is tables, figures and words


@dataclass(frozen=True)
class Look(Generic[D]):
    """A study in its quick form (``--quick``): to see what it does, not to conclude from.

    Attributes
    ----------
    design
        What is run; never one that the study itself could be asked for, so that neither is taken for the other.
    leaves_out
        What it leaves out of the whole study, in a clause; it stands wherever the look is shown.
    """

    design: D
    leaves_out: str


@dataclass(frozen=True)
class Answer:
    """A study's part of its write-up.

    Attributes
    ----------
    question
        What the study asks, in a sentence or two.
    sections
        Its results.
    limits
        What to hold against them, beyond what holds of every study.
    facts
        At a glance, by name.
    """

    question: str
    sections: list[Section]
    limits: list[str] = field(default_factory=list)
    facts: dict[str, str] = field(default_factory=dict)


class Study(ABC, Generic[D, F]):
    """A study: one instance a folder.

    Attributes
    ----------
    name
        What it is called in commands, manifests and the store.
    summary
        What it does, in a line of help.
    title
        Title of its write-up.
    scenario
        Name of the built-in scenario that it runs unless another is given; empty if one must be given, None if it has
        no scenario at all.
    replications
        Replications unless a number is given.
    digits
        Format of fractions in its CSV files; None for the shortest exact decimals.
    tolerant
        Whether runs may fail: they are then listed in ``failures.csv``. If not, the first failure ends the study, and
        what was done is kept.
    names_scenario
        Whether it adds the scenario to its options itself, as a study does whose design may come from a file.
    verb
        Whether its name is a command of its own, as ``tokenmarket NAME``, and not under ``tokenmarket run``.
    """

    name: ClassVar[str]
    summary: ClassVar[str]
    title: ClassVar[str]
    scenario: ClassVar[str | None]
    replications: ClassVar[int] = 5
    digits: ClassVar[str | None] = "%.9g"
    tolerant: ClassVar[bool] = False
    names_scenario: ClassVar[bool] = False
    verb: ClassVar[bool] = False

    def add_options(self, parser: argparse.ArgumentParser) -> None:
        """Add the options that only this study has."""

    @abstractmethod
    def design(self, arguments: argparse.Namespace) -> D:
        """Return what the command line asks for.

        Raises
        ------
        MarketError
            If something in it is not allowed.
        """

    def quick(self, design: D) -> Look[D] | None:
        """Return a look at what a design asks, in at most half a minute on two cores; None if there is none."""
        return None

    @property
    def has_look(self) -> bool:
        """Whether the study has a quick form."""
        return type(self).quick is not Study.quick

    def origin(self, arguments: argparse.Namespace) -> Origin:
        """Return what the command line makes the scenario of, for the record."""
        if self.scenario is None:
            return Origin()
        seed = [] if arguments.seed is None else [f"seed={arguments.seed}"]
        return Origin(arguments.scenario or self.scenario, (*arguments.overrides, *seed))

    @abstractmethod
    def read(self, scenario: Any, parameters: Mapping[str, Any]) -> D:  # noqa: ANN401 - the design's own form
        """Return the design that a manifest's scenario and parameters describe."""

    @abstractmethod
    def measure(self, design: D, results: Results | None, check: Check) -> F:
        """Return what the runs say.

        Parameters
        ----------
        design
            What was run.
        results
            The runs, in the store; None of a study without runs.
        check
            To be called now and then in what takes long.
        """

    @abstractmethod
    def tables(self, found: F) -> dict[str, DataFrame]:
        """Return the CSV files by name: views of the store, the same whenever they are made."""

    def draw(self, found: F, folder: Path) -> None:
        """Write the figures into a folder; none unless the study has some."""

    def told(self, found: F) -> str:
        """Return what the terminal shows: the table ``summary``, unless the study has something better."""
        text: str = self.tables(found)["summary"].to_string(index=False, na_rep="")
        return text

    def gates_told(self, design: D) -> list[str]:
        """Return what the terminal says of the gates of the market that was run; nothing of anything else."""
        from experiments.validation.gates.certificate import told_of

        return told_of(design.scenario)

    def write_up(self, folder: Folder, figures: Path) -> Answer:
        """Return the study's part of the report of a folder; ``figures`` holds copies of the folder's figures.

        Unless the study has words of its own: its docstring, its parameters, ``summary.csv`` as it is, and its figures.
        """
        from experiments.report.common import design
        from experiments.report.pieces import as_it_is, figures_in

        question = " ".join((type(self).__doc__ or self.summary).split())
        section = Section("results", "Results", (design(folder), as_it_is(folder.table(SUMMARY)),
                                                 *figures_in(figures, {})))
        return Answer(question, [section])

    def gather(self, folder: Folder, into: Path) -> None:
        """Draw figures that only the report has."""

    def record(self, design: D) -> dict[str, Any]:
        """Return what the manifest keeps beside the design; nothing unless the study has more to say."""
        return {}

    def finished(self, design: D, found: F) -> None:
        """Do what is left when the folder is written; nothing unless the study has something."""
