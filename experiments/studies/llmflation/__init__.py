"""The study ``llmflation``: what price indices of tokens measure, beside a cost of living that is known."""

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
    from experiments.studies.llmflation.design import KnownUses
    from experiments.studies.llmflation.measures import FoundIndices
    from experiments.verdicts.deciding import Statistics
    from experiments.verdicts.robustness import At


class LlmflationStudy(AssumedStudy["KnownUses", "FoundIndices"]):
    """What indices of the price of tokens measure, at real list prices and for uses whose cost of living is known."""

    name = "llmflation"
    summary = "what price indices of tokens measure, beside the true cost of living"
    title = "What do price indices of tokens measure?"
    quick_seeds = 3
    legends: ClassVar = {
        "llmflation": Legend(
            "Indices of the price of tokens from January 2025 on, in logarithms, with 95 % intervals over seeds; the "
            "thick line is the true cost of living of the uses that were live at first.",
            "A line chart of six price indices by month; falls a year and gaps stand in the table"),
    }
    rungs: ClassVar[Mapping[str, str]] = {
        "L2": "list prices alone: hosts' prices are not in these indices",
        "L3": "as L2",
    }
    limits = (
        "List prices of creators: hosts may ask less. Models from June 2026 on are drawn.",
        "The first month counts: when few good models were on sale, the next ones make a great difference.",
        "Quality is the catalogue's index by task, without tastes for creators; the cost of living is of uses that "
        "were live at first, and says nothing of those that come.",
    )
    known = (
        "Indices of a constant quality: a16z, LLMflation; Epoch AI, LLM inference price trends (March 2025). Constant "
        "quality against the price paid: NBER w34608, JEP 10.1257/jep.20261506. Tiers: arXiv 2603.28576.",
    )

    def forms(self) -> Forms:
        """Return the classes of its design and its assumptions."""
        from experiments.studies.llmflation.assumed import IndexAssumptions
        from experiments.studies.llmflation.design import KnownUses

        return Forms(KnownUses, IndexAssumptions)

    def find(self, design: KnownUses, results: Results | None, check: Check) -> FoundIndices:
        """Return the indices of every seed."""
        from experiments.studies.llmflation.measures import find_indices

        return find_indices(design, check)

    def own_tables(self, found: FoundIndices) -> dict[str, DataFrame]:
        """Return ``summary``: a row an index."""
        from experiments.studies.llmflation.measures import summary

        return {"summary": summary(found)}

    def statistics(self, found: FoundIndices) -> Statistics:
        """Return how far the cheapest price of a constant quality is from the cost of living, by seed."""
        from experiments.studies.llmflation.measures import statistics

        return statistics(found)

    def control(self, found: FoundIndices) -> Sequence[float]:
        """Return that gap without new models, all prices falling alike."""
        from experiments.studies.llmflation.measures import gaps

        return gaps(found, without_new=True)

    def inputs_alone(self, found: FoundIndices) -> Mapping[str, Sequence[float]]:
        """Return the gap of the index that needs no customers at all, that of matched models, and the headline."""
        from experiments.studies.llmflation.measures import gaps

        return {"L0 gap of matched models, from list prices alone": gaps(found, "matched models"),
                "L1 gap of the cheapest of a constant quality": gaps(found)}

    def assumptions(self, design: KnownUses) -> tuple[Sequence[Factor], At]:
        """Return all assumptions that have a range."""
        from functools import partial

        from experiments.studies.assuming import factors_in
        from experiments.studies.llmflation.measures import market_of, statistics_at

        return factors_in(design.assumed), partial(statistics_at, design, market_of(design.seed % 2**31))

    def draw_found(self, found: FoundIndices, folder: Path) -> None:
        """Draw the indices."""
        from experiments.studies.llmflation.figures import draw

        draw(found, folder)

    def sentences(self, folder: Folder) -> list[str]:
        """Return by what each index falls."""
        from experiments.studies.llmflation.words import sentences

        return sentences(folder)

    def built_so(self) -> FoundIndices:
        """Return a world in which all uses need the one quality whose price falls."""
        return self._world(0.5)

    def opposite(self) -> FoundIndices:
        """Return a world in which a cheap model of a lower quality is all that comes."""
        return self._world(1.0)

    def _world(self, dear: float) -> FoundIndices:
        from experiments.studies.llmflation.worlds import two_tiers

        return two_tiers(dear, self.rule.seeds)


STUDY: Final = LlmflationStudy()
