"""The study ``policies``: whether routing policies compete on cost and latency, or one is best at both."""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Final

from experiments.report.pieces import Legend
from experiments.studies.study import Check, Look
from experiments.verdicts.verdict_study import VerdictStudy

if TYPE_CHECKING:
    from pandas import DataFrame

    from experiments.designs.factor import Factor
    from experiments.output.folder import Folder
    from experiments.store.results import Results
    from experiments.studies.policies.design import UnderConditions
    from experiments.studies.policies.measures import PoliciesFound
    from experiments.verdicts.deciding import Statistics
    from experiments.verdicts.robustness import At

LOOK_S: Final = 900.0  # simulated by a look
LOOK_SEEDS: Final = 2


class PoliciesStudy(VerdictStudy["UnderConditions", "PoliciesFound"]):
    """Nine routing policies in six conditions on the same requests: what they pay, and how long they wait.

    Policies that compete within one market, between which customers move, are the study ``invasion``'s.
    """

    name = "policies"
    summary = "routing policies in calm and storm: is any best at cost and latency?"
    title = "Do routing policies compete on cost and latency?"
    scenario = "sessions"
    replications = 5
    legends: ClassVar[Mapping[str, Legend]] = {"policies": Legend(
        "Price paid against the 99th percentile of the time to the first token, a panel a condition, with 95 % "
        "intervals over seeds; below and to the left is better. Waits past every deadline are not drawn. The last "
        "panel is the control.",
        "Scatter charts of waits over prices paid, a mark for each policy; the values stand in the table")}
    rungs: ClassVar[Mapping[str, str]] = {
        "L1": "requests are given: no demand answers a price",
        "L2": "under uniform routing alone one policy is best at both by definition; it is one of the nine",
    }
    limits = (
        "One router routes all requests: nobody competes with it for the cheap hosts.",
        "Posted prices stand still; hosts that answer a rule with their prices are the study `price_war`'s.",
        "What is near the best is a matter of the two thresholds, a tenth of the price and a quarter of the wait.")
    known = (
        "PriLLM (Guo, Bai and Jin, arXiv 2511.09062): prices of hosts whose customers are routed.",
        "pluriholonomic/ai-routing: what a router's rule does on a real platform.")

    def add_options(self, parser: argparse.ArgumentParser) -> None:
        """Add policies."""
        parser.add_argument("--policies", metavar="A,B", help="policies to compare (default: nine, one of each family)")

    def design(self, arguments: argparse.Namespace) -> UnderConditions:
        """Return what the command line asks for; the seed is the rule's unless one is given."""
        from experiments.cli.options import listed, traffic_scenario
        from experiments.studies.policies.design import COMPETITORS, UnderConditions
        from sim.scenario.load import override

        scenario = traffic_scenario(arguments)
        if arguments.seed is None:
            scenario = override(scenario, [f"seed={self.rule.seed}"])
        return UnderConditions(scenario, listed(arguments.policies, COMPETITORS), arguments.replications)

    def read(self, scenario: Any, parameters: Mapping[str, Any]) -> UnderConditions:  # noqa: ANN401 - checked when read
        """Return the design of a manifest."""
        from experiments.studies.policies.design import UnderConditions

        return UnderConditions(scenario, tuple(parameters["policies"]), parameters["replications"])

    def quick(self, design: UnderConditions) -> Look[UnderConditions]:
        """Return a look: two seeds of a shorter run."""
        from dataclasses import replace

        from experiments.studies.looks import as_look

        scenario = as_look(design.scenario, f"traffic.duration_s={LOOK_S}", f"traffic.warmup_s={LOOK_S / 4}")
        return Look(replace(design, scenario=scenario, replications=LOOK_SEEDS),
                    f"{LOOK_SEEDS} seeds of {LOOK_S:g} s in place of {self.rule.seeds} of 2,400 s")

    def find(self, design: UnderConditions, results: Results | None, check: Check) -> PoliciesFound:
        """Find how each policy fared."""
        from experiments.studies.policies.measures import found_in

        assert results is not None
        return found_in(design, results)

    def own_tables(self, found: PoliciesFound) -> dict[str, DataFrame]:
        """Return ``summary``, a row a condition and policy."""
        from experiments.studies.policies.measures import summary

        return {"summary": summary(found)}

    def draw_found(self, found: PoliciesFound, folder: Path) -> None:
        """Draw prices against waits."""
        from experiments.studies.policies.figures import draw

        draw(found, folder)

    def statistics(self, found: PoliciesFound) -> Statistics:
        """Return the share of conditions in which no policy is best at both."""
        return {"split_share": found.split_shares()}

    def control(self, found: PoliciesFound) -> Sequence[float]:
        """Return by how much prices paid differ where all hosts have one price."""
        return found.spreads()

    def inputs_alone(self, found: PoliciesFound) -> Mapping[str, Sequence[float]]:
        """Return what is there before anybody routes, and what a router that looks at nothing pays and waits for."""
        return {"L0 dearest posted price over the cheapest": [found.posted], "L3 split_share": found.split_shares()}

    def is_full(self, design: UnderConditions) -> str:
        """Say what lacks to the smallest full design."""
        from experiments.studies.policies.design import COMPETITORS, DURATION_S

        if not set(COMPETITORS) <= set(design.policies):
            return "fewer policies than the smallest full design has"
        duration = design.scenario.traffic.duration_s
        return "" if duration >= DURATION_S else f"{duration:g} s of {DURATION_S:g} s"

    def assumptions(self, design: UnderConditions) -> tuple[Sequence[Factor], At] | None:
        """Return what is varied to see whether the verdict stands; None in a look."""
        from experiments.studies.policies.where_it_flips import varied

        return None if self.look(design) else varied(design)

    def built_so(self) -> PoliciesFound:
        """Return a world of a cheap slow policy and a dear fast one."""
        from experiments.studies.policies.measures import world

        return world(True, self.rule.seeds)

    def opposite(self) -> PoliciesFound:
        """Return a world in which the cheap policy is the fast one, too."""
        from experiments.studies.policies.measures import world

        return world(False, self.rule.seeds)

    def sentences(self, folder: Folder) -> list[str]:
        """Return what the table says, in sentences."""
        from experiments.studies.policies.words import sentences

        return sentences(folder)


STUDY: Final = PoliciesStudy()
