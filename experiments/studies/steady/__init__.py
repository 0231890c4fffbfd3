"""The study ``steady``: traffic in steady state."""

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
    from experiments.studies.steady.design import Steady
    from experiments.studies.steady.measures import Found


class SteadyStudy(Study["Steady", "Found"]):
    """Traffic in steady state: MSER-5 finds one warm-up, which is deleted from the runs of all policies.

    Runs that are too short are refused. Intervals are over replications, or by batch means of a single long run.
    """

    name = "steady"
    summary = "measure traffic in steady state"
    title = "Routing policies in steady state"
    scenario = ""
    verb = True

    def add_options(self, parser: argparse.ArgumentParser) -> None:
        """Add policies, metrics and windows."""
        parser.add_argument("--policies", metavar="A,B", default=None,
                            help="policies to compare, the first with all others (default: that of the first router)")
        parser.add_argument("--metrics", metavar="A,B", default="e2e_mean_s,cost_usd_per_mtok,completed_per_s",
                            help="what to measure; also ttft_mean_s, completed_share, attempts_per_request "
                                 "(default: %(default)s)")
        parser.add_argument("--windows", type=int, default=500, metavar="N",
                            help="windows in which the warm-up is looked for (default: %(default)s)")

    def design(self, arguments: argparse.Namespace) -> Steady:
        """Return what the command line asks for."""
        from experiments.cli.options import listed, traffic_scenario
        from experiments.studies.steady.design import Steady
        from policies.labels import label_of

        scenario = traffic_scenario(arguments)
        own = (label_of(next(iter(scenario.routers.values())).policy),)
        metrics = tuple(dict.fromkeys(listed(arguments.metrics, ())))
        return Steady(scenario, listed(arguments.policies, own), metrics, arguments.replications, arguments.windows)

    def read(self, scenario: Any, parameters: Mapping[str, Any]) -> Steady:  # noqa: ANN401 - checked when read
        """Return the design of a manifest."""
        from experiments.studies.steady.design import Steady

        return Steady(scenario, tuple(parameters["policies"]), tuple(parameters["metrics"]),
                      parameters["replications"], parameters["windows"], parameters["baseline"])

    def measure(self, design: Steady, results: Results | None, check: Check) -> Found:
        """Find the warm-up and what follows it."""
        from experiments.studies.steady.measures import found_in

        assert results is not None
        return found_in(design, results)

    def tables(self, found: Found) -> dict[str, DataFrame]:
        """Return ``summary``, and ``pairs`` of several policies."""
        from experiments.studies.steady.measures import pairs, summary

        several = len(found.design.policies) > 1
        return {"summary": summary(found), **({"pairs": pairs(found)} if several else {})}

    def draw(self, found: Found, folder: Path) -> None:
        """Draw the course of every metric with the warm-up shaded."""
        from experiments.studies.steady.figures import draw

        draw(found, folder)

    def told(self, found: Found) -> str:
        """Return a block for each metric."""
        from experiments.studies.steady.terminal import table

        return table(found)

    def write_up(self, folder: Folder, figures: Path) -> Answer:
        """Write up policies in steady state."""
        from experiments.studies.steady.words import answer

        return answer(folder, figures)


STUDY: Final = SteadyStudy()
