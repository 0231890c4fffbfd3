"""The study ``train_or_serve``: whether a lab that trains and serves on the same GPUs serves worse for it."""

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
    from experiments.studies.train_or_serve.design import FleetYears
    from experiments.studies.train_or_serve.measures import FoundSplits
    from experiments.verdicts.deciding import Statistics
    from experiments.verdicts.robustness import At


class TrainOrServeStudy(AssumedStudy["FleetYears", "FoundSplits"]):
    """A lab's two years under five ways to split its fleet, and pure hosts that have the same."""

    name = "train_or_serve"
    summary = "a lab that trains and serves on the same GPUs"
    title = "Does training make a lab serve worse?"
    quick_seeds = 2
    legends: ClassVar = {
        "train_or_serve": Legend(
            "Left: a week in the first year's middle: load, and the share of the fleet that serves by three kinds of "
            "split (the load is that of the marginal one). Right: what three kinds earn less than the marginal split, "
            "with 95 % intervals over seeds; dotted is what the rule asks of the constant one.",
            "A line chart of the serving share of a fleet over a week and a bar chart of losses by kind of split; the "
            "values stand in the tables"),
    }
    rungs: ClassVar[Mapping[str, str]] = {
        "L1": "list prices stand still: demand answers the lead alone, which a split makes",
        "L2": "one lab and no router: what hosts do is in the two pure hosts",
    }
    limits = (
        "Any number of GPUs trains as well as any other, and may leave at any hour; one final run on a fixed cluster "
        "may not.",
        "Custom follows the lead in points alone, at list prices that nobody changes; fleets of all labs grow alike, "
        "so that money is in rents of the fleet.",
        "The hour's load is known when it begins; what is within it is in the peakedness. A wait costs the lab nothing "
        "until it turns somebody away, so that it lets many wait.",
    )
    known = (
        "Loss and delay: Erlang (1917), Kleinrock (1975); peakedness: W. S. Hayward in A. A. Fredericks, Bell System "
        "Technical Journal 59 (1980).",
        "Nights that train: DeepSeek, open-infra-index (2025). Compute 4.5 and software 3 a year, budgets: Epoch AI.",
    )

    def forms(self) -> Forms:
        """Return the classes of its design and its assumptions."""
        from experiments.studies.train_or_serve.assumed import FleetAssumptions
        from experiments.studies.train_or_serve.design import FleetYears

        return Forms(FleetYears, FleetAssumptions)

    def find(self, design: FleetYears, results: Results | None, check: Check) -> FoundSplits:
        """Return what all kinds of split come to."""
        from experiments.studies.train_or_serve.measures import find_splits

        return find_splits(design, check)

    def own_tables(self, found: FoundSplits) -> dict[str, DataFrame]:
        """Return ``summary``, a row a kind of split or host, and ``week``, a usual week."""
        from experiments.studies.train_or_serve.measures import summary

        return {"summary": summary(found), "week": found.week}

    def statistics(self, found: FoundSplits) -> Statistics:
        """Return what splits lose and how long customers wait, by seed."""
        from experiments.studies.train_or_serve.measures import statistics

        return statistics(found)

    def control(self, found: FoundSplits) -> Sequence[float]:
        """Return what the best constant split loses where training brings nothing."""
        return list(found.null_loss)

    def inputs_alone(self, found: FoundSplits) -> Mapping[str, Sequence[float]]:
        """Return what the best constant split would lose by a day's rhythm alone, and what it does."""
        from experiments.studies.train_or_serve.measures import inputs_alone

        return inputs_alone(found)

    def is_full(self, design: FleetYears) -> str:
        """Say why a design is not full."""
        from experiments.studies.assuming import changed_from_usual
        from experiments.studies.train_or_serve.design import STEP_HOURS

        if design.step_hours > STEP_HOURS:
            return f"steps of {design.step_hours} hours, not {STEP_HOURS}"
        return changed_from_usual(design.assumed)

    def assumptions(self, design: FleetYears) -> tuple[Sequence[Factor], At] | None:
        """Return all assumptions that have a range; of fewer seeds than the rule's none."""
        from functools import partial

        from experiments.studies.assuming import factors_in
        from experiments.studies.train_or_serve.measures import statistics_at

        if design.replications < self.rule.seeds:
            return None
        return factors_in(design.assumed), partial(statistics_at, design)

    def draw_found(self, found: FoundSplits, folder: Path) -> None:
        """Draw a week and the losses."""
        from experiments.studies.train_or_serve.figures import draw

        draw(found, folder)

    def sentences(self, folder: Folder) -> list[str]:
        """Return what splits lose, and how customers are served."""
        from experiments.studies.train_or_serve.words import sentences

        return sentences(folder)

    def built_so(self) -> FoundSplits:
        """Return a world in which serving earns far more than its rent, and the next model more yet."""
        from experiments.studies.train_or_serve.worlds import AT_ODDS, built

        return built(AT_ODDS, self.rule.seed)

    def opposite(self) -> FoundSplits:
        """Return a world in which every hour is like every other."""
        from experiments.studies.train_or_serve.worlds import ALIKE, built

        return built(ALIKE, self.rule.seed)


STUDY: Final = TrainOrServeStudy()
