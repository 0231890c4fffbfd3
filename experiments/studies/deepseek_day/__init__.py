"""The study ``deepseek_day``: a published day of a real provider, from first principles and stepped through."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Final

from experiments.report.pieces import Legend
from experiments.studies.study import Check, Look
from experiments.verdicts.assumed_study import AssumedStudy, Forms

if TYPE_CHECKING:
    from pandas import DataFrame

    from experiments.designs.factor import Factor
    from experiments.output.folder import Folder
    from experiments.store.results import Results
    from experiments.studies.deepseek_day.design import PublishedDay
    from experiments.studies.deepseek_day.measures import FoundDay
    from experiments.verdicts.deciding import Statistics
    from experiments.verdicts.robustness import At

QUICK_STEPS: Final = 200


class DeepseekDayStudy(AssumedStudy["PublishedDay", "FoundDay"]):
    """Whether what a node of DeepSeek's gets done follows from data sheets, layout and published demand."""

    name = "deepseek_day"
    summary = "a published day of a real provider, from first principles and stepped through"
    title = "DeepSeek's published day"
    quick_seeds = 2
    legends: ClassVar = {
        "deepseek_day": Legend(
            "Figures of the day over what was published: by closed form for three ways to exchange tokens and "
            "schedule, and stepped through with random lengths (95 % intervals over seeds). Grey: within a quarter.",
            "A dot chart of simulated over published rates, nodes and cost; the values stand in the table"),
    }
    rungs: ClassVar[Mapping[str, str]] = {
        "L1": "demand is the published day's own",
        "L3": "one provider: there is no market and no rule around it",
    }
    limits = (
        "Nothing is fitted to the day: constants of step times are those of single nodes of other GPUs, under "
        "other software. What first principles give was known before the rule was written.",
        "Units are full all day; the day's course, which would need 278 nodes at its peak, was not published.",
        "Stepped-through units use the engine's step times with a scheduler of their own: the engine cannot yet lay "
        "out prefill and decode on different numbers of GPUs.",
    )
    known = (
        "deepseek-ai/open-infra-index, day 6 (27 and 28 February 2025), whose figures close among themselves; "
        "deepseek-ai/profile-data; deepseek-ai/DeepEP; DeepSeek-V3, arXiv 2412.19437.",
    )

    def forms(self) -> Forms:
        """Return the classes of its design and its assumptions."""
        from experiments.studies.deepseek_day.assumed import DayAssumptions
        from experiments.studies.deepseek_day.design import PublishedDay

        return Forms(PublishedDay, DayAssumptions)

    def quick(self, design: PublishedDay) -> Look[PublishedDay]:
        """Return fewer seeds and steps."""
        from dataclasses import replace

        return Look(replace(design, replications=self.quick_seeds, decode_steps=QUICK_STEPS, prefill_steps=QUICK_STEPS),
                    f"{self.quick_seeds} of {self.rule.seeds} seeds, {QUICK_STEPS} steps of {design.decode_steps}")

    def find(self, design: PublishedDay, results: Results | None, check: Check) -> FoundDay:
        """Return rates of nodes by closed form and stepped through."""
        from experiments.studies.deepseek_day.measures import find_day

        return find_day(design, check)

    def own_tables(self, found: FoundDay) -> dict[str, DataFrame]:
        """Return ``summary``: a row a figure of the day."""
        from experiments.studies.deepseek_day.measures import summary

        return {"summary": summary(found)}

    def statistics(self, found: FoundDay) -> Statistics:
        """Return the larger error of both rates, by closed form and stepped through."""
        from experiments.studies.deepseek_day.measures import statistics

        return statistics(found)

    def control(self, found: FoundDay) -> Sequence[float]:
        """Return stepped over closed decode, less 1, with requests all alike; one value, since nothing is drawn."""
        return [found.alike]

    def inputs_alone(self, found: FoundDay) -> Mapping[str, Sequence[float]]:
        """Return nodes from published rates, which is arithmetic, and from first principles."""
        from experiments.studies.deepseek_day.measures import CASE, figures, nodes

        known = {it.name: it.arithmetic for it in figures()}
        return {"L0 nodes: from published rates (arithmetic)": [known["nodes, mean"]],
                "L0 nodes: first principles": [nodes(found.closed[CASE])],
                "L2 nodes: stepped through": [nodes(it) for it in found.stepped]}

    def is_full(self, design: PublishedDay) -> str:
        """Say why a design is not full."""
        from experiments.studies.assuming import changed_from_usual
        from experiments.studies.deepseek_day.design import DECODE_STEPS, PREFILL_STEPS

        if design.decode_steps < DECODE_STEPS or design.prefill_steps < PREFILL_STEPS:
            return f"{design.decode_steps} and {design.prefill_steps} steps of {DECODE_STEPS} and {PREFILL_STEPS}"
        return changed_from_usual(design.assumed)

    def assumptions(self, design: PublishedDay) -> tuple[Sequence[Factor], At] | None:
        """Return all assumptions that have a range, stepped through for a while; a look does not ask."""
        from dataclasses import replace
        from functools import partial

        from experiments.studies.assuming import factors_in
        from experiments.studies.deepseek_day.measures import statistics_at

        if design.decode_steps <= QUICK_STEPS:
            return None
        shorter = replace(design, decode_steps=QUICK_STEPS, prefill_steps=QUICK_STEPS)
        return factors_in(design.assumed), partial(statistics_at, shorter)

    def draw_found(self, found: FoundDay, folder: Path) -> None:
        """Draw figures of the day over what was published."""
        from experiments.studies.deepseek_day.figures import draw

        draw(found, folder)

    def sentences(self, folder: Folder) -> list[str]:
        """Return how far rates, nodes and cost are from what was published."""
        from experiments.studies.deepseek_day.words import sentences

        return sentences(folder)

    def built_so(self) -> FoundDay:
        """Return a world whose nodes do a tenth more than was published."""
        return self._world(1.1)

    def opposite(self) -> FoundDay:
        """Return a world whose nodes do twice what was published."""
        return self._world(2.0)

    def _world(self, factor: float) -> FoundDay:
        from experiments.studies.deepseek_day.measures import FoundDay, NodeRates
        from experiments.validation.deepseek_day import CASES, DECODE_PER_NODE, PREFILL_PER_NODE, TOKENS_PER_S

        rates = NodeRates(factor * PREFILL_PER_NODE, factor * DECODE_PER_NODE, TOKENS_PER_S)
        return FoundDay(dict.fromkeys(CASES, rates), (rates,) * self.rule.seeds, 0.0)


STUDY: Final = DeepseekDayStudy()
