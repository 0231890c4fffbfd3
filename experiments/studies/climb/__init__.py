"""The study ``climb``: who moves to bigger models when all prices fall."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from experiments.studies.study import Answer, Check, Study

if TYPE_CHECKING:
    from pandas import DataFrame

    from experiments.output.folder import Folder
    from experiments.store.results import Results
    from experiments.studies.climb.design import Climb
    from experiments.studies.climb.measures import Found


class ClimbStudy(Study["Climb", "Found"]):
    """One market at list prices divided by 1, 2, 5, 10, 20, and who moves to bigger models."""

    name = "climb"
    summary = "one market at list prices divided by 1, 2, 5, 10, 20"
    title = "Who climbs when prices fall"
    scenario = "openrouter-2026"
    replications = 3

    def add_options(self, parser: argparse.ArgumentParser) -> None:
        """Add divisors and days."""
        parser.add_argument("--divisors", default="1,2,5,10,20", metavar="X,Y",
                            help="what all prices are divided by (default: %(default)s)")
        parser.add_argument("--after", default="30,360", metavar="N,M",
                            help="days after the fall of prices at which is measured (default: %(default)s)")
        parser.add_argument("--measured-days", type=int, metavar="N",
                            help="over how many days up to each of them (default: 7, or all if they are fewer)")

    def design(self, arguments: argparse.Namespace) -> Climb:
        """Return what the command line asks for."""
        from experiments.cli.options import market_scenario, numbers
        from experiments.studies.climb.design import MEASURED_DAYS, Climb
        from sim.errors import ScenarioError

        after = numbers(arguments.after, "--after")
        if any(day != round(day) for day in after):
            raise ScenarioError(f"--after is {arguments.after!r}, but must be whole numbers of days")
        days = tuple(round(day) for day in after)
        scenario = market_scenario(arguments, f"horizon.days={max(days)}")
        asked = arguments.measured_days
        measured_days = min(MEASURED_DAYS, *days) if asked is None else asked
        return Climb(scenario, numbers(arguments.divisors, "--divisors"), arguments.replications, days, measured_days)

    def read(self, scenario: Any, parameters: Mapping[str, Any]) -> Climb:  # noqa: ANN401 - checked when read
        """Return the design of a manifest."""
        from experiments.studies.climb.design import Climb

        return Climb(scenario, tuple(parameters["divisors"]), parameters["replications"], tuple(parameters["after"]),
                     parameters["measured_days"])

    def measure(self, design: Climb, results: Results | None, check: Check) -> Found:
        """Return what was bought at each divisor."""
        from experiments.studies.climb.measures import found_in

        assert results is not None
        return found_in(design, results)

    def tables(self, found: Found) -> dict[str, DataFrame]:
        """Return ``climb``, a row a run and metric, and ``summary``."""
        from experiments.studies.climb.measures import summary

        return {"climb": found.frame, "summary": summary(found.frame)}

    def draw(self, found: Found, folder: Path) -> None:
        """Draw size, quality and price against the divisor, and why spend changed."""
        from experiments.studies.climb.figures import climb

        climb(found.frame, found.design.scenario.name, folder)

    def told(self, found: Found) -> str:
        """Return a line for each control and divisor."""
        from experiments.studies.climb.terminal import table

        return table(found.frame)

    def write_up(self, folder: Folder, figures: Path) -> Answer:
        """Write up who climbs."""
        from experiments.studies.climb.words import answer

        return answer(folder, figures)


STUDY: Final = ClimbStudy()
