"""The study ``climb``: whether customers move to bigger models when all prices fall, or buy more of the same."""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Final

from experiments.report.pieces import Legend
from experiments.studies.climb.words import LEGENDS
from experiments.studies.study import Check, Look
from experiments.verdicts.verdict_study import VerdictStudy

if TYPE_CHECKING:
    from pandas import DataFrame

    from experiments.designs.factor import Factor
    from experiments.output.folder import Folder
    from experiments.store.results import Results
    from experiments.studies.climb.design import Climb
    from experiments.studies.climb.measures import Found
    from experiments.verdicts.deciding import Statistics
    from experiments.verdicts.robustness import At

LOOK_SEEDS: Final = 2
LOOK_AFTER: Final = (7, 30)
LOOK_DIVISORS: Final = (1.0, 2.0, 20.0)


class ClimbStudy(VerdictStudy["Climb", "Found"]):
    """One market at list prices divided by 1, 2, 5, 10, 20, and who moves to bigger models."""

    name = "climb"
    summary = "one market at list prices divided by 1, 2, 5, 10, 20: do customers move to bigger models?"
    title = "Do customers climb when prices fall?"
    scenario: ClassVar[str] = "openrouter-2026"
    replications = 6
    legends: ClassVar[Mapping[str, Legend]] = LEGENDS
    limits = (
        "Customers buy at the creators' list prices whatever they want: sellers do not answer the fall, and nothing is "
        "refused.",
        "Mix is between models, of all customers together: uses that a fall draws in count as mix where they buy other "
        "models than the rest.",
        "A fall of the cost of GPUs, which sellers would pass on as far as they compete, is not run: here prices fall.",
        "The study was run in an older form, on other customers, before its rule was written: that in the logarithm of "
        "the price without budgets nobody moves was known, and is the control.")
    known = (
        "Fradkin (arXiv 2504.15440): which models customers of a marketplace move between.",
        "Shorrocks (2013): decompositions by Shapley value.")
    rungs: ClassVar[Mapping[str, str]] = {
        "L2": "hosts do not set these prices: the fall is imposed on list prices",
        "L3": "as L2; a market whose sellers answer falling costs is another experiment",
    }

    def add_options(self, parser: argparse.ArgumentParser) -> None:
        """Add divisors and days."""
        parser.add_argument("--divisors", default="1,2,5,10,20", metavar="X,Y",
                            help="what all prices are divided by (default: %(default)s)")
        parser.add_argument("--after", default="30,360", metavar="N,M",
                            help="days after the fall of prices at which is measured (default: %(default)s)")
        parser.add_argument("--measured-days", type=int, metavar="N",
                            help="over how many days up to each of them (default: 7, or all if they are fewer)")
        parser.add_argument("--over", type=int, metavar="N",
                            help="days over which prices fall where they fall day by day (default: 180, or as many as "
                                 "the days of measurement leave; 0: not run)")

    def design(self, arguments: argparse.Namespace) -> Climb:
        """Return what the command line asks for; the seed is the rule's unless one is given."""
        from experiments.cli.options import market_scenario, numbers, whole_numbers
        from experiments.studies.climb.design import FALL_DAYS, MEASURED_DAYS, Climb, longest_fall

        days = whole_numbers(arguments.after, "--after")
        scenario = market_scenario(arguments, f"horizon.days={max(days)}", f"seed={self.rule.seed}")
        asked, over = arguments.measured_days, arguments.over
        measured_days = min(MEASURED_DAYS, *days) if asked is None else asked
        fall_days = min(FALL_DAYS, max(0, longest_fall(days))) if over is None else over
        return Climb(scenario, numbers(arguments.divisors, "--divisors"), arguments.replications, days, measured_days,
                     fall_days)

    def read(self, scenario: Any, parameters: Mapping[str, Any]) -> Climb:  # noqa: ANN401 - checked when read
        """Return the design of a manifest."""
        from experiments.studies.climb.design import Climb

        return Climb(scenario, tuple(parameters["divisors"]), parameters["replications"], tuple(parameters["after"]),
                     parameters["measured_days"], parameters["fall_days"])

    def quick(self, design: Climb) -> Look[Climb]:
        """Return a look: fewer seeds, days and divisors."""
        from dataclasses import replace

        from experiments.studies.climb.design import longest_fall
        from experiments.studies.looks import as_look

        first, *lower = LOOK_AFTER
        look = replace(design, scenario=as_look(design.scenario, f"horizon.days={LOOK_AFTER[-1]}"),
                       divisors=LOOK_DIVISORS, replications=LOOK_SEEDS, after=LOOK_AFTER, measured_days=first,
                       fall_days=longest_fall(LOOK_AFTER))
        return Look(look, f"{LOOK_SEEDS} of {self.rule.seeds} seeds, {lower[-1]} of {design.after[-1]} days and prices "
                          f"divided by {LOOK_DIVISORS[1]:g} and {LOOK_DIVISORS[-1]:g} only")

    def find(self, design: Climb, results: Results | None, check: Check) -> Found:
        """Find what was bought at each divisor."""
        from experiments.studies.climb.measures import found_in

        assert results is not None
        return found_in(design, results)

    def own_tables(self, found: Found) -> dict[str, DataFrame]:
        """Return ``climb``, a row a run and metric, its ``means``, ``summary``, and ``two_rungs``, worked by hand."""
        from experiments.studies.climb import two_rungs
        from experiments.studies.climb.measures import means, summary

        return {"climb": found.frame, "means": means(found.frame), "summary": summary(found.frame),
                "two_rungs": two_rungs.table()}

    def draw_found(self, found: Found, folder: Path) -> None:
        """Draw size, quality, price and mix against the divisor, and why spend changed."""
        from experiments.studies.climb.figures import climb

        climb(found.frame, found.design.scenario.name, folder)

    def statistics(self, found: Found) -> Statistics:
        """Return mix over mix and volume of the cells in which it is least and most."""
        from experiments.studies.climb.weighing import statistics

        return statistics(found)

    def control(self, found: Found) -> Sequence[float]:
        """Return the same of customers whom a fall gives no reason to move."""
        from experiments.studies.climb.weighing import control

        return control(found)

    def inputs_alone(self, found: Found) -> Mapping[str, Sequence[float]]:
        """Return the least and the most share of the first day's choices, and of demand over time."""
        from experiments.studies.climb.weighing import by_rung

        return by_rung(found)

    def is_full(self, design: Climb) -> str:
        """Say what lacks to the smallest full design, or which assumptions are not the built-in market's."""
        from experiments.scenarios import load_market
        from experiments.studies.climb.design import AFTER, DIVISORS, FALL_DAYS

        if not set(DIVISORS) <= set(design.divisors) or design.divisors[0] != DIVISORS[0]:
            return "fewer divisors of prices than the smallest full design has"
        if (design.after, design.fall_days) != (AFTER, FALL_DAYS):
            return f"days other than {AFTER[0]} and {AFTER[1]}, or a fall over other than {FALL_DAYS} days"
        usual, mine = load_market(ClimbStudy.scenario), design.scenario
        same = (usual.customers, usual.models, usual.price_factor) == (mine.customers, mine.models, mine.price_factor)
        return "" if same else f"customers, models or prices are not those of {ClimbStudy.scenario}"

    def assumptions(self, design: Climb) -> tuple[Sequence[Factor], At] | None:
        """Return what is varied to see whether the verdict stands; None in a look."""
        from experiments.studies.climb.where_it_stops import varied

        return None if self.look(design) else varied(design)

    def built_so(self) -> Found:
        """Return a world in which half of those who have a reason to move do, and hardly anybody buys more."""
        from experiments.scenarios import load_market
        from experiments.studies.climb.two_worlds import CLIMB, world

        return world(load_market(self.scenario), CLIMB, LOOK_SEEDS)

    def opposite(self) -> Found:
        """Return a world that buys three times as much, of the same model."""
        from experiments.scenarios import load_market
        from experiments.studies.climb.two_worlds import BUY_MORE, world

        return world(load_market(self.scenario), BUY_MORE, LOOK_SEEDS)

    def sentences(self, folder: Folder) -> list[str]:
        """Return what the tables say, in sentences."""
        from experiments.studies.climb.words import sentences

        return sentences(folder)


STUDY: Final = ClimbStudy()
