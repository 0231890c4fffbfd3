"""The study ``model_lifetime``: whether a model earns what its training cost in the time it is used."""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Final

from experiments.report.pieces import Legend
from experiments.studies.assuming import add_assume_alone
from experiments.studies.study import Check, Look
from experiments.verdicts.verdict_study import VerdictStudy

if TYPE_CHECKING:
    from pandas import DataFrame

    from experiments.output.folder import Folder
    from experiments.store.results import Results
    from experiments.studies.model_lifetime.design import Lifetimes
    from experiments.studies.model_lifetime.measures import FoundLives
    from experiments.verdicts.deciding import Statistics
    from experiments.verdicts.judged import Judged

QUICK_SEEDS: Final = 2


class ModelLifetimeStudy(VerdictStudy["Lifetimes", "FoundLives"]):
    """Whether models earn what their training cost, at the lives they have among customers who buy at list prices."""

    name = "model_lifetime"
    summary = "whether models earn what their training cost in the time they are used"
    title = "Does a model earn its cost?"
    scenario = "openrouter-2026"
    replications = 10
    legends: ClassVar = {
        "model_lifetime": Legend(
            "Left: gross profit over cost of a model by how long it is taken to live, of those that were looked at for "
            "so long (the longer, the earlier they came, to a smaller market); vertical: the median life. "
            "Right: models whose flow has not yet halved after its peak. Bands are 95 % intervals over seeds.",
            "Line charts of returns by length of life, and of the share of models still near their peak, by month from "
            "release; the values stand in the table"),
    }
    rungs: ClassVar[Mapping[str, str]] = {
        "L2": "models are sold at list prices: no hosts of open models take their part",
        "L3": "as L2",
    }
    limits = (
        "Every model is sold at its creator's list price: creators of open models are taken to earn what hosts do.",
        "Sizes of closed models are the catalogue's assumptions, and so is what one costs; the marketplace's share of "
        "all demand scales every return alike.",
        "Demand grows with the market's imposed diffusion, which lengthens lives after the peak; models that never "
        "sell a thousandth of all tokens are left out, though they cost as much.",
    )
    known = (
        "Final runs are 10 to 30 % of R&D compute: Epoch AI, Gradient Updates (March 2026). A published run: "
        "DeepSeek-V3, arXiv 2412.19437. Size when serving counts: Sardana et al. (ICML 2024), after Hoffmann et al. "
        "(2022). Medians of lives that have not ended: Kaplan and Meier (1958).",
    )

    def add_options(self, parser: argparse.ArgumentParser) -> None:
        """Add assumptions."""
        add_assume_alone(parser)

    def design(self, arguments: argparse.Namespace) -> Lifetimes:
        """Return what the command line asks for; the seed is the rule's unless one is given."""
        from experiments.cli.options import market_scenario
        from experiments.studies.assuming import assumed
        from experiments.studies.model_lifetime.assumed import LifetimeAssumptions
        from experiments.studies.model_lifetime.design import Lifetimes

        scenario = market_scenario(arguments, f"seed={self.rule.seed}")
        return Lifetimes(scenario, assumed(LifetimeAssumptions, arguments.assume), arguments.replications)

    def quick(self, design: Lifetimes) -> Look[Lifetimes]:
        """Return fewer seeds."""
        from dataclasses import replace

        from experiments.studies.looks import as_look

        return Look(replace(design, scenario=as_look(design.scenario), replications=QUICK_SEEDS),
                    f"{QUICK_SEEDS} of {self.rule.seeds} seeds")

    def read(self, scenario: Any, parameters: Mapping[str, Any]) -> Lifetimes:  # noqa: ANN401 - checked when read
        """Return the design of a manifest."""
        from experiments.studies.assuming import assumed_in
        from experiments.studies.model_lifetime.assumed import LifetimeAssumptions
        from experiments.studies.model_lifetime.design import Lifetimes

        return Lifetimes(scenario, assumed_in(LifetimeAssumptions, parameters), parameters["replications"])

    def find(self, design: Lifetimes, results: Results | None, check: Check) -> FoundLives:
        """Return the flows of all models by seed."""
        from experiments.studies.model_lifetime.measures import found_in

        assert results is not None
        return found_in(design, results, check)

    def judge(self, design: Lifetimes, found: FoundLives) -> Judged[FoundLives]:
        """Return what the rule says of findings, and of other assumptions on the same runs of demand."""
        from dataclasses import replace
        from functools import partial

        from experiments.studies.assuming import factors_in
        from experiments.studies.model_lifetime.measures import statistics_at
        from experiments.verdicts.robustness import robustness

        judged = super().judge(design, found)
        # the law of loss is of sizes, of which the rule says nothing
        factors = [it for it in factors_in(found.assumed) if not it.path.startswith("scaling.")]
        robust = robustness(self.rule, factors, partial(statistics_at, found), judged.ruling.said)
        return replace(judged, robust=robust)

    def own_tables(self, found: FoundLives) -> dict[str, DataFrame]:
        """Return ``summary``, ``closed_form`` by life and volume, and ``sizes``."""
        from experiments.studies.model_lifetime.measures import closed_form, sizes, summary

        return {"summary": summary(found), "closed_form": closed_form(found), "sizes": sizes(found)}

    def statistics(self, found: FoundLives) -> Statistics:
        """Return how many models lived too short, and what they bring back, by seed."""
        from experiments.studies.model_lifetime.measures import statistics

        return statistics(found)

    def control(self, found: FoundLives) -> Sequence[float]:
        """Return the share that never earns its cost though no customer leaves."""
        from experiments.studies.model_lifetime.measures import control

        return control(found)

    def inputs_alone(self, found: FoundLives) -> Mapping[str, Sequence[float]]:
        """Return the median return with all that is spent shared evenly, and as customers choose."""
        from experiments.studies.model_lifetime.measures import quantities

        values = {it.name: it.values for it in quantities(found)}
        return {"L0 median_return: spend shared evenly": values["median return, spend shared evenly"],
                "L1 median_return: customers choose": values["median_return"]}

    def is_full(self, design: Lifetimes) -> str:
        """Say why a design is not full."""
        from experiments.studies.assuming import changed_from_usual
        from experiments.studies.model_lifetime.design import FULL_DAYS

        days = design.scenario.horizon.days
        return f"{days} of {FULL_DAYS} days" if days < FULL_DAYS else changed_from_usual(design.assumed)

    def draw_found(self, found: FoundLives, folder: Path) -> None:
        """Draw returns by life, and lives."""
        from experiments.studies.model_lifetime.figures import draw

        draw(found, folder)

    def sentences(self, folder: Folder) -> list[str]:
        """Return how long models live, and how many pay."""
        from experiments.studies.model_lifetime.words import sentences

        return sentences(folder)

    def built_so(self) -> FoundLives:
        """Return a world whose models sell for a month and no longer."""
        return self._lived(1)

    def opposite(self) -> FoundLives:
        """Return a world whose models sell as much for a year and a half."""
        return self._lived(18)

    def _lived(self, months: int) -> FoundLives:
        from experiments.studies.model_lifetime.assumed import LifetimeAssumptions
        from experiments.studies.model_lifetime.worlds import lived

        return lived(LifetimeAssumptions(), months, 2e5, self.rule.seeds)


STUDY: Final = ModelLifetimeStudy()
