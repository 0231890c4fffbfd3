"""The study ``tournament``: routing policies against each other on the same requests, at several loads."""

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
    from experiments.studies.tournament.design import Tournament
    from experiments.studies.tournament.measures import Found


class TournamentStudy(Study["Tournament", "Found"]):
    """Routing policies against each other on the same requests."""

    name = "tournament"
    summary = "routing policies against each other on the same requests, at several loads"
    title = "Routing policies in competition"
    scenario = "tournament"

    def add_options(self, parser: argparse.ArgumentParser) -> None:
        """Add policies, loads, the baseline and the trace."""
        parser.add_argument("--trace", metavar="FILE",
                            help="replay FILE (Azure, Mooncake, BurstGPT or plain CSV) on the busiest model, "
                                 "scaled in time so that load 1 means the scenario's own utilisation")
        parser.add_argument("--policies", metavar="A,B",
                            help="policies or presets, with parameters as in power_of_d:d=3 (default: 14)")
        parser.add_argument("--baseline", metavar="A", default="",
                            help="policy to compare with (default: openrouter_classic, else the first)")
        parser.add_argument("--loads", metavar="X,Y", default="0.6,1,1.4",
                            help="factors on the scenario's load (default: %(default)s)")

    def design(self, arguments: argparse.Namespace) -> Tournament:
        """Return what the command line asks for."""
        from experiments.cli.options import listed, numbers, traffic_scenario
        from experiments.studies.tournament.design import DEFAULT_POLICIES, Tournament

        scenario = traffic_scenario(arguments)
        if arguments.trace:
            from experiments.runs.replayed import with_trace

            scenario = with_trace(scenario, arguments.trace)
        return Tournament(scenario, listed(arguments.policies, DEFAULT_POLICIES), numbers(arguments.loads, "--loads"),
                          arguments.replications, arguments.baseline)

    def read(self, scenario: Any, parameters: Mapping[str, Any]) -> Tournament:  # noqa: ANN401 - checked when read
        """Return the design of a manifest."""
        from experiments.studies.tournament.design import Tournament

        return Tournament(scenario, tuple(parameters["policies"]), tuple(parameters["loads"]),
                          parameters["replications"], parameters["baseline"])

    def measure(self, design: Tournament, results: Results | None, check: Check) -> Found:
        """Return every metric of every policy at every load."""
        from experiments.studies.tournament.measures import found_in

        assert results is not None
        return found_in(design, results)

    def tables(self, found: Found) -> dict[str, DataFrame]:
        """Return ``summary``, ``pairs``, ``standings`` and ``classes``."""
        from experiments.studies.tournament.by_class import classes
        from experiments.studies.tournament.measures import pairs, standings, summary

        return {"summary": summary(found), "pairs": pairs(found), "standings": standings(found),
                "classes": classes(found.classes)}

    def draw(self, found: Found, folder: Path) -> None:
        """Draw the frontier at each load, and what load does."""
        from experiments.studies.tournament.figures import frontier, loads

        frontier(found, folder)
        loads(found, folder)

    def told(self, found: Found) -> str:
        """Return a block for each load."""
        from experiments.studies.tournament.terminal import table

        return table(found)

    def write_up(self, folder: Folder, figures: Path) -> Answer:
        """Write up policies against each other."""
        from experiments.studies.tournament.words import answer

        return answer(folder, figures)


STUDY: Final = TournamentStudy()
