"""The study ``sweep``: a scenario at every point of a design over its fields."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from experiments.output.origins import Origin
from experiments.studies.study import Answer, Check, Study

if TYPE_CHECKING:
    from pandas import DataFrame

    from experiments.output.folder import Folder
    from experiments.store.results import Results
    from experiments.studies.sweep.design import Sweep
    from experiments.studies.sweep.measures import Found


class SweepStudy(Study["Sweep", "Found"]):
    """A scenario at every point of a design over its fields."""

    name = "sweep"
    summary = "run a scenario at every point of a design"
    title = "A sweep of the market"
    scenario = ""
    tolerant = True
    names_scenario = True
    verb = True

    def add_options(self, parser: argparse.ArgumentParser) -> None:
        """Add the design."""
        from experiments.studies.sweep.options import add

        add(parser)

    def design(self, arguments: argparse.Namespace) -> Sweep:
        """Return what the command line, or a design file, asks for."""
        from experiments.studies.sweep.options import design_of

        return design_of(arguments)

    def origin(self, arguments: argparse.Namespace) -> Origin:
        """Return what the scenario is made of; the design file may say."""
        from experiments.studies.sweep.options import origin_of

        return origin_of(arguments)

    def read(self, scenario: Any, parameters: Mapping[str, Any]) -> Sweep:  # noqa: ANN401 - checked when read
        """Return the design of a manifest."""
        from experiments.studies.sweep.design import sweep_of

        return sweep_of(scenario, parameters)

    def measure(self, design: Sweep, results: Results | None, check: Check) -> Found:
        """Return means over replications, and indices."""
        from experiments.studies.sweep.measures import found_in

        assert results is not None
        return found_in(design, results)

    def tables(self, found: Found) -> dict[str, DataFrame]:
        """Return ``summary``, ``sensitivity``, and of which runs it has no value."""
        return found.frames

    def draw(self, found: Found, folder: Path) -> None:
        """Draw metrics over a factor, or indices."""
        from experiments.studies.sweep.figures import draw

        draw(found.design, found.frames, folder)

    def told(self, found: Found) -> str:
        """Return the shown metrics by point, or their indices."""
        from experiments.studies.sweep.terminal import gaps, indices, points

        if "sensitivity" in found.frames:
            told = indices(found.frames["sensitivity"], found.design.shown)
            missing = found.frames.get("sensitivity_gaps")
            return told if missing is None else f"{told}\n\n{gaps(missing)}"
        return points(found.frames["summary"], found.design.shown)

    def write_up(self, folder: Folder, figures: Path) -> Answer:
        """Write up the points, and the indices."""
        from experiments.studies.sweep.words import answer

        return answer(folder, figures)


STUDY: Final = SweepStudy()
