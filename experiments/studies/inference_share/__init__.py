"""The study ``inference_share``: when labs spend more on serving models than on training them."""

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
    from experiments.studies.inference_share.design import BudgetYears
    from experiments.studies.inference_share.measures import FoundDates
    from experiments.verdicts.deciding import Statistics
    from experiments.verdicts.robustness import At

QUICK_POINTS: Final = 40


class InferenceShareStudy(AssumedStudy["BudgetYears", "FoundDates"]):
    """When inference passes training in labs' budgets, and how much of the answer is in the inputs."""

    name = "inference_share"
    summary = "when inference passes training in labs' budgets"
    title = "When does inference pass training?"
    quick_seeds = 3
    legends: ClassVar = {
        "inference_share": Legend(
            "Left: share of points at which inference has passed training by a year, with 95 % intervals over seeds; "
            "the claim's years are grey. Right: the same by how many uses are live at first, only what is imposed on "
            "money being drawn.",
            "Line charts of the share of points at which inference has passed training, by calendar year; the values "
            "stand in the table"),
    }
    rungs: ClassVar[Mapping[str, str]] = {
        "L2": "labs' budgets have no hosts and no routing",
        "L3": "as L2: no market stands behind the budgets",
    }
    limits = (
        "Labs together, from OpenAI's budgets of 2024; firms that buy tokens hardly train, and what they pay is the "
        "labs' revenue.",
        "Shares of points are no probabilities: the ranges are what sources allow, and nothing says which of their "
        "points are likelier.",
        "Who gives outside money does not look at revenue here; both growths are inputs, and demand's elasticity is "
        "the only outcome.",
    )
    known = (
        "Budgets: Epoch AI, OpenAI compute spend (October 2025), and Epoch AI x Exponential View (January 2026). "
        "Growth of training runs: arXiv 2405.21015. Prices: arXiv 2603.28576; the price paid is flat: NBER w34608.",
    )

    def forms(self) -> Forms:
        """Return the classes of its design and its assumptions."""
        from experiments.studies.inference_share.assumed import ShareAssumptions
        from experiments.studies.inference_share.design import BudgetYears

        return Forms(BudgetYears, ShareAssumptions)

    def quick(self, design: BudgetYears) -> Look[BudgetYears]:
        """Return fewer seeds and points."""
        from dataclasses import replace

        seeds = self.quick_seeds
        return Look(replace(design, replications=seeds, points_a_seed=QUICK_POINTS),
                    f"{seeds} seeds of {QUICK_POINTS} points, of {self.rule.seeds} of {design.points_a_seed}")

    def find(self, design: BudgetYears, results: Results | None, check: Check) -> FoundDates:
        """Return the dates of all points."""
        from experiments.studies.inference_share.measures import find_dates

        return find_dates(design, check)

    def own_tables(self, found: FoundDates) -> dict[str, DataFrame]:
        """Return ``summary``: a row a case."""
        from experiments.studies.inference_share.measures import summary

        return {"summary": summary(found)}

    def statistics(self, found: FoundDates) -> Statistics:
        """Return shares of points in the claim's years, by seed."""
        from experiments.studies.inference_share.measures import statistics

        return statistics(found)

    def control(self, found: FoundDates) -> Sequence[float]:
        """Return the share in the claim's years where nothing grows."""
        from experiments.studies.inference_share.measures import STILL, in_window

        return [float(share) for share in in_window(found, found.dates[STILL])]

    def inputs_alone(self, found: FoundDates) -> Mapping[str, Sequence[float]]:
        """Return the share in the claim's years with uses and prices frozen, and with demand that answers."""
        from experiments.studies.inference_share.measures import ALL, FROZEN, in_window

        return {f"{rung} in_window: {case}": in_window(found, found.dates[case]).tolist()
                for rung, case in (("L0", FROZEN), ("L1", ALL))}

    def is_full(self, design: BudgetYears) -> str:
        """Say why a design is not full."""
        from experiments.studies.assuming import changed_from_usual
        from experiments.studies.inference_share.design import HORIZON_YEARS, POINTS

        if design.points_a_seed < POINTS or design.horizon_years < HORIZON_YEARS:
            return f"{design.points_a_seed} points a seed over {design.horizon_years:g} years"
        return changed_from_usual(design.assumed)

    def assumptions(self, design: BudgetYears) -> tuple[Sequence[Factor], At]:
        """Return all assumptions that have a range."""
        from functools import partial

        from experiments.studies.assuming import factors_in
        from experiments.studies.inference_share.measures import statistics_at

        return factors_in(design.assumed), partial(statistics_at, design)

    def draw_found(self, found: FoundDates, folder: Path) -> None:
        """Draw who has passed by which year."""
        from experiments.studies.inference_share.figures import draw

        draw(found, folder)

    def sentences(self, folder: Folder) -> list[str]:
        """Return what the dates are, and how they move with the elasticity."""
        from experiments.studies.inference_share.words import sentences

        return sentences(folder)

    def built_so(self) -> FoundDates:
        """Return a world whose revenue grows by .85 a year and outside money by ln 2: a lead after nine years."""
        return self._world(0.85)

    def opposite(self) -> FoundDates:
        """Return a world in which outside money outgrows revenue for ever."""
        return self._world(0.3)

    def _world(self, diffusion: float) -> FoundDates:
        from experiments.studies.inference_share.assumed import ShareAssumptions
        from experiments.studies.inference_share.design import HORIZON_YEARS
        from experiments.studies.inference_share.measures import world

        money = {"outside_growth": 2.0, "outside_ceiling_busd": 1e6}
        demand = {"price_divisor": 1.0, "diffusion": diffusion, "diffusion_ceiling": 1e6}
        assumed = ShareAssumptions.model_validate({"budgets": money, "demand": demand})
        return world(assumed, self.rule.seeds, HORIZON_YEARS)


STUDY: Final = InferenceShareStudy()
