"""The study ``open_gap``: what a lead over open models is worth to creators of closed ones, and how long it lasts."""

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
    from experiments.studies.open_gap.design import LagCases
    from experiments.studies.open_gap.measures import FoundGap
    from experiments.verdicts.deciding import Statistics
    from experiments.verdicts.robustness import At

NAME: Final = 5.0  # USD a use: what a name is worth in the opposite world, above all that a lag is


class OpenGapStudy(AssumedStudy["LagCases", "FoundGap"]):
    """What closed models earn while open ones are some months behind, against a lead that lasts."""

    name = "open_gap"
    summary = "what closed models earn while open ones are some months behind"
    title = "What is a lead over open models worth?"
    quick_seeds = 1
    legends: ClassVar = {
        "open_gap": Legend(
            "Left: discounted gross profit of closed models' creators over two years by how far open models are "
            "behind, over that at the longest lag; in the grey band the rule sees neither side. Right: closed models' "
            "share of tokens. Bands are 95 % intervals over seeds.",
            "Line charts of profit kept and of the share of tokens by lag, with brands and without; the values stand "
            "in the table"),
    }
    rungs: ClassVar[Mapping[str, str]] = {
        "L2": "hosts of a model are alike and charge alike (P3), so that routing between them moves nothing",
    }
    limits = (
        "No request is served: every model is as fast as every other, and hosts of a model are alike.",
        "Creators answer with one factor on all their list prices, as if all uses thought again at once; "
        "lab_logit, the default market's rule for labs, gives other numbers (the table has both).",
        "Open models are good copies of closed ones a lag later, released as often as in the default market; training "
        "costs nothing here, and no creator gives up.",
    )
    known = (
        "Lags: Epoch AI, open-weights against closed-weights models (3.5 months, 90 % CI 1.1 to 5.3). Open models at "
        "90 % less, and less than 30 % of tokens: NBER w34608. A leader against an open fringe: Bergemann, Bonatti and "
        "Smolin (EC 2025).",
        "Free entry under a rule of 1/p^k: pluriholonomic/ai-routing has it too.",
    )

    def forms(self) -> Forms:
        """Return the classes of its design and its assumptions."""
        from experiments.studies.open_gap.assumed import GapAssumptions
        from experiments.studies.open_gap.design import LagCases

        return Forms(LagCases, GapAssumptions)

    def quick(self, design: LagCases) -> Look[LagCases]:
        """Return the compared cases of one seed: six courses."""
        from dataclasses import replace

        seeds = self.quick_seeds
        return Look(replace(design, replications=seeds, table_seeds=0),
                    f"{seeds} of {self.rule.seeds} seeds, only the cases that the rule compares")

    def find(self, design: LagCases, results: Results | None, check: Check) -> FoundGap:
        """Return the outcomes of all cases."""
        from experiments.studies.open_gap.measures import find_gap

        return find_gap(design, check)

    def own_tables(self, found: FoundGap) -> dict[str, DataFrame]:
        """Return ``summary``: a row a case."""
        from experiments.studies.open_gap.measures import summary

        return {"summary": summary(found)}

    def statistics(self, found: FoundGap) -> Statistics:
        """Return what is kept, with brand or without, by seed."""
        from experiments.studies.open_gap.measures import statistics

        return statistics(found)

    def control(self, found: FoundGap) -> Sequence[float]:
        """Return what is kept where nobody sells open models."""
        from experiments.studies.open_gap.measures import control

        return control(found)

    def inputs_alone(self, found: FoundGap) -> Mapping[str, Sequence[float]]:
        """Return what is kept at list prices, on the first day and over time, and where creators answer."""
        from experiments.studies.open_gap.measures import inputs_alone

        return inputs_alone(found)

    def is_full(self, design: LagCases) -> str:
        """Say why a design is not full."""
        from experiments.studies.assuming import changed_from_usual
        from experiments.studies.open_gap.design import TABLE_SEEDS

        if design.table_seeds < TABLE_SEEDS:
            return f"{design.table_seeds} seeds of the cases that only the table shows, not {TABLE_SEEDS}"
        return changed_from_usual(design.assumed)

    def assumptions(self, design: LagCases) -> tuple[Sequence[Factor], At] | None:
        """Return all assumptions that have a range; of a look none, since each point takes four courses."""
        from functools import partial

        from experiments.studies.assuming import factors_in
        from experiments.studies.open_gap.measures import statistics_at

        if not design.table_seeds:
            return None
        return factors_in(design.assumed), partial(statistics_at, design)

    def draw_found(self, found: FoundGap, folder: Path) -> None:
        """Draw profit and tokens by lag."""
        from experiments.studies.open_gap.figures import draw

        draw(found, folder)

    def sentences(self, folder: Folder) -> list[str]:
        """Return what is kept, at which prices, and how long a lead lasts."""
        from experiments.studies.open_gap.words import sentences

        return sentences(folder)

    def built_so(self) -> FoundGap:
        """Return a world in which a creator earns a quarter of what its model is better by, and names are nothing."""
        return self._world(0.0)

    def opposite(self) -> FoundGap:
        """Return a world in which a closed model is worth so much to everybody that a lag hardly matters."""
        return self._world(NAME)

    def _world(self, worth: float) -> FoundGap:
        from experiments.studies.open_gap.assumed import GapAssumptions
        from experiments.studies.open_gap.worlds import known

        return known(GapAssumptions(), self.rule.seeds, worth, worth)


STUDY: Final = OpenGapStudy()
