"""The study ``rule_change``: what the marketplace's change of rule in autumn 2026 does."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Final

from experiments.report.pieces import Legend
from experiments.studies.study import Check
from experiments.verdicts.assumed_study import AssumedStudy, Forms

if TYPE_CHECKING:
    from pandas import DataFrame

    from experiments.designs.factor import Factor
    from experiments.output.folder import Folder
    from experiments.store.results import Results
    from experiments.studies.rule_change.design import RuleChange
    from experiments.studies.rule_change.measures import FoundChange
    from experiments.verdicts.deciding import Statistics
    from experiments.verdicts.robustness import At


class RuleChangeStudy(AssumedStudy["RuleChange", "FoundChange"]):
    """Whether hosts who answer the rule of autumn 2026 move along their frontier, and whether prices come to rest."""

    name = "rule_change"
    summary = "what the marketplace's change of rule in autumn 2026 does to prices and speeds"
    title = "What did the change of rule do?"
    quick_seeds = 2
    legends: ClassVar = {
        "rule_change": Legend(
            "Left: what a token costs a plain host by the speed it gives a user, where its slope is the rule's (star), "
            "and the mean batches that hosts chose under both rules. Middle: prices of five hosts who answer each "
            "other in turn. Right: what is paid over the least cost, with 95 % intervals over seeds.",
            "Three charts: cost by speed of three models with marks, price paths under two rules, and price levels by "
            "number of hosts; the values stand in the table"),
    }
    rungs: ClassVar[Mapping[str, str]] = {
        "L1": "demand for the model does not answer prices here",
        "L2": "uniform routing pays for no speed: hosts keep the largest batch",
    }
    limits = (
        "Hosts answer the others' present choice at once and with full knowledge; a batch is full at any share.",
        "Speed is that of a host's planned batch: no queue, no outage, no failure, and one time to the first token.",
        "The rule's numbers are read off figures that OpenRouter calls illustrative; an adjusted price counts per "
        "token of prompts and answers alike, as in the policy openrouter_adjusted.",
        "Demand does not shrink, and the ceiling is a multiple of the least cost, with any speed. Where E138 is at an "
        "end of the frontier (gpt-oss-120b, at one request at a time) no slope is the rule's.",
        "Robustness is of five hosts, one draw and half of the rounds at each point.",
    )
    known = (
        "The rule: OpenRouterTeam/docs@3634e3c, guides/providers/traffic-routing. The equilibrium under 1/p^k: "
        "pluriholonomic/ai-routing. Cycles where no price holds: Edgeworth (1897); Maskin and Tirole, Econometrica 56 "
        "(1988). Frontiers of throughput and interactivity: SemiAnalysisAI/InferenceX.",
    )

    def forms(self) -> Forms:
        """Return the classes of its design and its assumptions."""
        from experiments.studies.rule_change.assumed import RuleChangeAssumptions
        from experiments.studies.rule_change.design import RuleChange

        return Forms(RuleChange, RuleChangeAssumptions)

    def find(self, design: RuleChange, results: Results | None, check: Check) -> FoundChange:
        """Return the ends of every seed's games."""
        from experiments.studies.rule_change.measures import find_change

        return find_change(design, check)

    def own_tables(self, found: FoundChange) -> dict[str, DataFrame]:
        """Return ``summary``: a row a quantity and rule."""
        from experiments.studies.rule_change.measures import summary

        return {"summary": summary(found)}

    def statistics(self, found: FoundChange) -> Statistics:
        """Return how far batches are from E138, how far they moved, and how many prices move, by seed."""
        from experiments.studies.rule_change.measures import statistics

        return statistics(found)

    def control(self, found: FoundChange) -> Sequence[float]:
        """Return the share of reviews that move a price though 1/p^2 is kept."""
        from experiments.studies.rule_change.measures import control

        return control(found)

    def inputs_alone(self, found: FoundChange) -> Mapping[str, Sequence[float]]:
        """Return how far batches move by the condition of the frontier alone, and in games."""
        from experiments.studies.rule_change.measures import known_move

        return {"L0 batch_move: slope of the frontier (E138)": [known_move(found.assumed)],
                "L3 batch_move: games": self.statistics(found)["batch_move"]}

    def assumptions(self, design: RuleChange) -> tuple[Sequence[Factor], At]:
        """Return all assumptions that have a range."""
        from functools import partial

        from experiments.studies.assuming import factors_in
        from experiments.studies.rule_change.measures import statistics_at

        return factors_in(design.assumed), partial(statistics_at, design)

    def draw_found(self, found: FoundChange, folder: Path) -> None:
        """Draw frontiers, paths and levels of prices."""
        from experiments.studies.rule_change.figures import draw

        draw(found, folder)

    def sentences(self, folder: Folder) -> list[str]:
        """Return what becomes of prices, batches and speeds."""
        from experiments.studies.rule_change.words import sentences

        return sentences(folder)

    def built_so(self) -> FoundChange:
        """Return a world whose hosts go where the frontier's slope is the rule's, and cycle."""
        from experiments.studies.rule_change.worlds_of_answers import world

        return world(self.rule.seeds, so=True)

    def opposite(self) -> FoundChange:
        """Return a world whose hosts stay where they were, and settle."""
        from experiments.studies.rule_change.worlds_of_answers import world

        return world(self.rule.seeds, so=False)


STUDY: Final = RuleChangeStudy()
