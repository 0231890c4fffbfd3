"""The study ``unit_economics``: how wrong founders' forecasts of token costs are, and what the best path saves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Final

from experiments.report.pieces import Legend
from experiments.studies.fall_of_run import add_prices, with_prices
from experiments.studies.study import Check, Look
from experiments.verdicts.assumed_study import AssumedStudy, Forms

if TYPE_CHECKING:
    import argparse

    from pandas import DataFrame

    from experiments.designs.factor import Factor
    from experiments.output.folder import Folder
    from experiments.store.results import Results
    from experiments.studies.unit_economics.design import FounderYears
    from experiments.studies.unit_economics.measures import FoundYears
    from experiments.verdicts.deciding import Statistics
    from experiments.verdicts.robustness import At

QUICK_FOUNDERS: Final = 50


class UnitEconomicsStudy(AssumedStudy["FounderYears", "FoundYears"]):
    """How far founders' forecasts of token costs are off, why, and how far from the best path they are."""

    name = "unit_economics"
    summary = "how wrong founders' forecasts of token costs are, and what the best access path saves"
    title = "Do founders model the wrong cost?"
    quick_seeds = 3
    legends: ClassVar = {
        "unit_economics": Legend(
            "Left: share of founders of 3 to 20 million dollars whose cost of a customer's tokens in a year is no more "
            "than so many times their forecast, and the same of each cause alone, with 95 % intervals over seeds. "
            "Right: gross margin in a year by revenue today and access path, of a median founder whose revenue grows "
            "slowly; published means of AI products are dotted.",
            "Line charts of the distribution of actual over forecast cost, and of gross margin by revenue and access "
            "path; the values stand in the tables"),
    }
    limits = (
        "All of it is arithmetic on what is assumed of founders: no market is run, and a customer's tokens grow as "
        "documented, whatever they cost.",
        "The forecast foresees all growth in customers; with none foreseen it is further off; the table says how far.",
        "Work that open models cannot do stays with the closed one at every path; how much that is is not known.",
    )
    known = (
        "Growth of requests, and reasoning: arXiv 2601.10088. Open against closed: NBER w34608. Margins of AI "
        "products: ICONIQ, January 2026 (a check, no input). Prices: podcast Breakthrough AI Operators.",
    )

    def forms(self) -> Forms:
        """Return the classes of its design and its assumptions."""
        from experiments.studies.unit_economics.assumed import FounderAssumptions
        from experiments.studies.unit_economics.design import FounderYears

        return Forms(FounderYears, FounderAssumptions)

    def add_options(self, parser: argparse.ArgumentParser) -> None:
        """Add assumptions, seeds, and prices of a run."""
        super().add_options(parser)
        add_prices(parser)

    def design(self, arguments: argparse.Namespace) -> FounderYears:
        """Return what the command line asks for."""
        return super().design(with_prices(arguments))

    def quick(self, design: FounderYears) -> Look[FounderYears]:
        """Return fewer seeds and founders."""
        from dataclasses import replace

        return Look(replace(design, replications=self.quick_seeds, founders=QUICK_FOUNDERS),
                    f"{self.quick_seeds} seeds of {QUICK_FOUNDERS} founders, of {self.rule.seeds} of {design.founders}")

    def find(self, design: FounderYears, results: Results | None, check: Check) -> FoundYears:
        """Return founders' years of all seeds."""
        from experiments.studies.unit_economics.measures import find_years

        return find_years(design, check)

    def own_tables(self, found: FoundYears) -> dict[str, DataFrame]:
        """Return ``summary``, accounts by stage and path, and break-even volumes."""
        from experiments.studies.unit_economics.measures import break_evens, profit_and_loss, summary

        return {"summary": summary(found), "profit_and_loss": profit_and_loss(found.assumed),
                "break_evens": break_evens(found.assumed)}

    def statistics(self, found: FoundYears) -> Statistics:
        """Return the error and the best path's gain, by seed."""
        from experiments.studies.unit_economics.measures import statistics

        return statistics(found)

    def control(self, found: FoundYears) -> Sequence[float]:
        """Return the error where nothing changes."""
        from experiments.studies.unit_economics.measures import control

        return control(found)

    def inputs_alone(self, found: FoundYears) -> Mapping[str, Sequence[float]]:
        """Return what median inputs say without founders, and what founders say, rung by rung."""
        from experiments.studies.unit_economics.measures import by_rung

        return by_rung(found)

    def is_full(self, design: FounderYears) -> str:
        """Say why a design is not full."""
        from experiments.studies.assuming import changed_from_usual
        from experiments.studies.unit_economics.design import FOUNDERS

        small = f"{design.founders} founders a seed" if design.founders < FOUNDERS else ""
        return small or changed_from_usual(design.assumed)

    def assumptions(self, design: FounderYears) -> tuple[Sequence[Factor], At]:
        """Return all assumptions that have a range."""
        from functools import partial

        from experiments.studies.assuming import factors_in
        from experiments.studies.unit_economics.measures import statistics_at

        return factors_in(design.assumed), partial(statistics_at, design)

    def draw_found(self, found: FoundYears, folder: Path) -> None:
        """Draw forecasts and margins."""
        from experiments.studies.unit_economics.figures import draw

        draw(found, folder)

    def sentences(self, folder: Folder) -> list[str]:
        """Return how wrong forecasts are and why, and what paths save."""
        from experiments.studies.unit_economics.words import sentences

        return sentences(folder)

    def built_so(self) -> FoundYears:
        """Return a world in which a customer's tokens grow two and a half fold, and all work can be moved."""
        return self._world({"longer": 2.5, "growth_sd": 0.1, "change_rate": 0.0, "open_users": 0.0,
                            "access": {"movable": 1.0}})

    def opposite(self) -> FoundYears:
        """Return a world in which tokens hardly grow, models stay, and little work can be moved."""
        return self._world({"longer": 1.0, "more_requests": 1.05, "growth_sd": 0.1, "cut_chance": 0.0,
                            "change_rate": 0.0, "access": {"movable": 0.1}})

    def _world(self, assumed: dict[str, object]) -> FoundYears:
        from experiments.studies.unit_economics.assumed import FounderAssumptions
        from experiments.studies.unit_economics.design import FounderYears
        from experiments.studies.unit_economics.measures import world

        return world(FounderYears(FounderAssumptions.model_validate(assumed), self.rule.seed, self.rule.seeds))


STUDY: Final = UnitEconomicsStudy()
