"""The study ``cost_fall``: whether customers move to bigger models when GPUs become cheaper, or only buy more."""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Final

from experiments.report.pieces import Legend
from experiments.studies.cost_fall.words import LEGENDS
from experiments.studies.study import Check, Look
from experiments.verdicts.verdict_study import VerdictStudy

if TYPE_CHECKING:
    from pandas import DataFrame

    from experiments.output.folder import Folder
    from experiments.store.results import Results
    from experiments.studies.cost_fall.design import CostFall
    from experiments.studies.cost_fall.measures import FoundFalls
    from experiments.verdicts.deciding import Statistics
    from experiments.verdicts.robustness import Robustness


class CostFallStudy(VerdictStudy["CostFall", "FoundFalls"]):
    """One market with entry in which GPUs cost a half or a fifth from a day on, and who moves to bigger models."""

    name = "cost_fall"
    summary = "one market with entry, GPUs at a half and a fifth from a day on: do customers move to bigger models?"
    title = "Do customers climb when GPUs become cheaper?"
    scenario: ClassVar[str] = "openrouter-2026"
    replications = 6
    legends: ClassVar[Mapping[str, Legend]] = LEGENDS
    limits = (
        "What the marketplace sells counts; what labs sell directly is no part of spend, so that who comes back from "
        "there counts as volume.",
        "Labs hold their list prices, as in the default market: closed models do not get cheaper.",
        "Labs and clouds stay whatever they lose. In the default market some fail, fewer where GPUs are cheaper, and "
        "their models with them; that is no climb, and outweighed it in a first look.",
        "Mix is between models, of all customers together: uses that a fall draws in count as mix where they buy other "
        "models than the rest.",
        "No model comes or goes because GPUs are cheaper: the same models are released on the same days.",
        "The fall comes on one day and nobody expects it; owned GPUs cost less from then on, too.",
        "Each run simulates a few thousand requests a day, a tenth of the default market's; the gates were asked of "
        "the market in full.",
        "At admissible markets each fall is run once: near a threshold the verdict there is of that run's luck, too.")
    known = (
        "Fradkin (arXiv 2504.15440): which models customers of a marketplace move between.",
        "Weyl and Fabinger (JPE 2013): pass-through of costs by competition.",
        "Shorrocks (2013): decompositions by Shapley value.")
    rungs: ClassVar[Mapping[str, str]] = {
        "L2": "under a rule that does not look at prices hosts have no reason to pass a fall on",
    }

    def add_options(self, parser: argparse.ArgumentParser) -> None:
        """Add falls, days and how much of the traffic is simulated."""
        parser.add_argument("--divisors", default="1,2,5", metavar="1,X,Y",
                            help="what GPUs' cost is divided by, 1 first (default: %(default)s)")
        parser.add_argument("--fall-day", type=int, default=180, metavar="N",
                            help="day from which on GPUs are cheaper (default: %(default)s)")
        parser.add_argument("--after", default="30,360", metavar="N,M",
                            help="days after the fall at which is measured (default: %(default)s)")
        parser.add_argument("--measured-days", type=int, default=7, metavar="N",
                            help="over how many days up to each of them (default: %(default)s)")
        parser.add_argument("--sampled", type=int, default=4000, metavar="N",
                            help="requests simulated a day (default: %(default)s)")
        parser.add_argument("--vectors", type=int, default=10, metavar="N",
                            help="run the falls in so many admissible markets, too (default: %(default)s)")
        parser.add_argument("--admissible", type=Path, metavar="FILE",
                            help="admissible.csv of a calibration (default: the one that is kept with the project)")

    def design(self, arguments: argparse.Namespace) -> CostFall:
        """Return what the command line asks for; the seed is the rule's unless one is given."""
        from experiments.cli.options import market_scenario, numbers, whole_numbers
        from experiments.studies.cost_fall.design import CostFall
        from experiments.studies.cost_fall.where_it_flips import vectors_in
        from experiments.validation.history.kept_calibration import KEPT_ADMISSIBLE

        scenario = market_scenario(arguments, f"seed={self.rule.seed}")
        vectors = vectors_in(arguments.admissible or KEPT_ADMISSIBLE, arguments.vectors)
        return CostFall(scenario, numbers(arguments.divisors, "--divisors"), arguments.replications,
                        arguments.fall_day, whole_numbers(arguments.after, "--after"), arguments.measured_days,
                        arguments.sampled, vectors)

    def read(self, scenario: Any, parameters: Mapping[str, Any]) -> CostFall:  # noqa: ANN401 - checked when read
        """Return the design of a manifest."""
        from experiments.studies.cost_fall.design import read_back

        return read_back(scenario, parameters)

    def quick(self, design: CostFall) -> Look[CostFall]:
        """Return a look: the first weeks after the largest fall, once."""
        from experiments.studies.cost_fall.design import look_at

        return look_at(design, self.rule.seeds)

    def find(self, design: CostFall, results: Results | None, check: Check) -> FoundFalls:
        """Find what was bought with and without each fall, here and in admissible markets."""
        from experiments.studies.cost_fall.measures import found_in
        from experiments.studies.cost_fall.where_it_flips import found_elsewhere

        assert results is not None
        return replace(found_in(design, results), elsewhere=found_elsewhere(design, results))

    def own_tables(self, found: FoundFalls) -> dict[str, DataFrame]:
        """Return ``cost_fall``, a row a run and metric, its ``summary``, and ``open_rung``, worked by hand."""
        from experiments.studies.cost_fall.measures import summary
        from experiments.studies.cost_fall.open_rung import by_hand
        from experiments.studies.cost_fall.words import BY_HAND

        return {"cost_fall": found.frame, "summary": summary(found.frame), BY_HAND: by_hand()}

    def draw_found(self, found: FoundFalls, folder: Path) -> None:
        """Draw the share of mix, prices of open models and size against the fall."""
        from experiments.studies.cost_fall.figures import draw

        draw(found, folder)

    def statistics(self, found: FoundFalls) -> Statistics:
        """Return the share of mix where it is least and most, and mix over spend where that is least."""
        from experiments.studies.cost_fall.falls_weighed import statistics

        return statistics(found)

    def robust(self, design: CostFall, found: FoundFalls, said: str) -> Robustness | None:
        """Return the verdict in admissible markets."""
        from experiments.studies.cost_fall.where_it_flips import where_it_flips

        return where_it_flips(self.rule, design.vectors, found.elsewhere, said)

    def control(self, found: FoundFalls) -> Sequence[float]:
        """Return the change of spend where sellers keep the fall."""
        from experiments.studies.cost_fall.falls_weighed import control

        return control(found)

    def inputs_alone(self, found: FoundFalls) -> Mapping[str, Sequence[float]]:
        """Return the least and the most share by hand, at list prices, and of the market."""
        from experiments.studies.cost_fall.falls_weighed import by_rung

        return by_rung(found)

    def is_full(self, design: CostFall) -> str:
        """Say what lacks to the smallest full design, or that the market is not the built-in one."""
        from experiments.scenarios import load_market
        from experiments.studies.cost_fall.design import AFTER, DIVISORS, FALL_DAY, MEASURED_DAYS, SAMPLED

        if design.divisors != DIVISORS:
            return "other falls of GPUs' cost than a half and a fifth"
        if (design.fall_day, design.after, design.measured_days) != (FALL_DAY, AFTER, MEASURED_DAYS):
            return f"days other than a fall on {FALL_DAY} and weeks up to {AFTER[0]} and {AFTER[1]} days after it"
        if design.sampled < SAMPLED:
            return f"fewer than {SAMPLED:,} simulated requests a day"
        usual = load_market(self.scenario).model_copy(update={"seed": design.scenario.seed})
        return "" if design.scenario == usual else f"the market is not {self.scenario} as it is"

    def built_so(self) -> FoundFalls:
        """Return a world in which half of open models' requests move to a bigger one, and hardly anybody buys more."""
        from experiments.scenarios import load_market
        from experiments.studies.climb.two_worlds import CLIMB
        from experiments.studies.cost_fall.fallen_worlds import world

        return world(load_market(self.scenario), CLIMB, 2)

    def opposite(self) -> FoundFalls:
        """Return a world that buys three times as much, of the same models."""
        from experiments.scenarios import load_market
        from experiments.studies.climb.two_worlds import BUY_MORE
        from experiments.studies.cost_fall.fallen_worlds import world

        return world(load_market(self.scenario), BUY_MORE, 2)

    def sentences(self, folder: Folder) -> list[str]:
        """Return what the tables say, in sentences."""
        from experiments.studies.cost_fall.words import sentences

        return sentences(folder)


STUDY: Final = CostFallStudy()
