"""The study ``early_mover``: whether who moves first to cheaper tokens stays ahead once rivals have moved too."""

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
    from experiments.studies.early_mover.design import MoverMarkets
    from experiments.studies.early_mover.measures import FoundMovers
    from experiments.verdicts.deciding import Statistics
    from experiments.verdicts.robustness import At

QUICK_MARKETS: Final = 5


class EarlyMoverStudy(AssumedStudy["MoverMarkets", "FoundMovers"]):
    """Whether firms that move first to cheaper tokens keep a margin that rivals do not reach by moving later."""

    name = "early_mover"
    summary = "whether who moves first to cheaper tokens stays ahead of rivals who move later"
    title = "Does who moves early stay ahead?"
    quick_seeds = 3
    legends: ClassVar = {
        "early_mover": Legend(
            "Left: gross margin by when a firm decides to move. Middle: its share of customers. Right: how far who "
            "moved first is ahead of who decided in month 18, by months since that one serves from its new path; the "
            "rule looks at the dotted months. 95 % intervals over seeds.",
            "Line charts of gross margin and share of customers by month and place, and of the gap by month since the "
            "later firm moved; the values stand in the tables"),
    }
    rungs: ClassVar[Mapping[str, str]] = {
        "L1": "at prices as they were a customer who chooses anew changes no margin: as L0",
    }
    limits = (
        "Firms ask what is best this month, and take the path that is cheapest this month: none asks less now for more "
        "customers later, or foresees how fast a path gets cheaper.",
        "Five firms a market, all on the closed model at first; prices of tokens fall as documented, and the firms are "
        "too small to move them.",
        "Nobody enters, and software differs in quality by luck, not by what its tokens buy.",
    )
    known = (
        "Markets with switching costs: Klemperer, Review of Economic Studies 62 (1995). Prices: podcast Breakthrough "
        "AI Operators. Open against closed: NBER w34608. Spending on inference: ICONIQ, January 2026.",
    )

    def forms(self) -> Forms:
        """Return the classes of its design and its assumptions."""
        from experiments.studies.early_mover.assumed import MoverAssumptions
        from experiments.studies.early_mover.design import MoverMarkets

        return Forms(MoverMarkets, MoverAssumptions)

    def add_options(self, parser: argparse.ArgumentParser) -> None:
        """Add assumptions, seeds, and prices of a run."""
        super().add_options(parser)
        add_prices(parser)

    def design(self, arguments: argparse.Namespace) -> MoverMarkets:
        """Return what the command line asks for."""
        return super().design(with_prices(arguments))

    def quick(self, design: MoverMarkets) -> Look[MoverMarkets]:
        """Return fewer seeds and markets."""
        from dataclasses import replace

        return Look(replace(design, replications=self.quick_seeds, markets=QUICK_MARKETS),
                    f"{self.quick_seeds} seeds of {QUICK_MARKETS} markets, of {self.rule.seeds} of {design.markets}")

    def find(self, design: MoverMarkets, results: Results | None, check: Check) -> FoundMovers:
        """Return the races of all seeds."""
        from experiments.studies.early_mover.measures import find_movers

        return find_movers(design, check)

    def own_tables(self, found: FoundMovers) -> dict[str, DataFrame]:
        """Return ``summary``, rows by later firm; margins, customers and survivors over time; paths of the first."""
        from experiments.studies.early_mover.measures import by_path, by_place, summary

        return {"summary": summary(found), "by_place": by_place(found), "by_path": by_path(found)}

    def statistics(self, found: FoundMovers) -> Statistics:
        """Return the gap three and twelve months after the later firm moved, by seed."""
        from experiments.studies.early_mover.measures import statistics

        return statistics(found)

    def control(self, found: FoundMovers) -> Sequence[float]:
        """Return the gap twelve months after where none moves."""
        from experiments.studies.early_mover.measures import STANDING, statistics

        return statistics(found, STANDING)["lasting_points"]

    def inputs_alone(self, found: FoundMovers) -> Mapping[str, Sequence[float]]:
        """Return the gap twelve months after with prices and customers as they were, with random routing, and all."""
        from experiments.studies.early_mover.measures import FROZEN, MOVING, UNIFORM, statistics

        return {f"{rung} lasting_points: {case}": statistics(found, case)["lasting_points"]
                for rung, case in (("L0", FROZEN), ("L2", UNIFORM), ("L3", MOVING))}

    def is_full(self, design: MoverMarkets) -> str:
        """Say why a design is not full."""
        from experiments.studies.assuming import changed_from_usual
        from experiments.studies.early_mover.measures import full_markets

        return full_markets(design) or changed_from_usual(design.assumed)

    def assumptions(self, design: MoverMarkets) -> tuple[Sequence[Factor], At]:
        """Return all assumptions that have a range."""
        from functools import partial

        from experiments.studies.assuming import factors_in
        from experiments.studies.early_mover.measures import statistics_at

        return factors_in(design.assumed), partial(statistics_at, design)

    def draw_found(self, found: FoundMovers, folder: Path) -> None:
        """Draw margins, customers and the gap."""
        from experiments.studies.early_mover.figures import draw

        draw(found, folder)

    def sentences(self, folder: Folder) -> list[str]:
        """Return how the gap closes, and who is left."""
        from experiments.studies.early_mover.words import sentences

        return sentences(folder)

    def built_so(self) -> FoundMovers:
        """Return a world in which moving saves little and tuning a lot, over years: who began late lags for long."""
        return self._world({"open_discount": 0.05, "movable": 1.0},
                           {"tuned": 0.9, "tuning_months": 30.0, "contract_months": 1})

    def opposite(self) -> FoundMovers:
        """Return a world in which a move saves all there is to save at once, and contracts end every month."""
        return self._world({}, {"tuned": 0.0, "contract_months": 1})

    def _world(self, access: dict[str, float], software: dict[str, float]) -> FoundMovers:
        from experiments.studies.early_mover.assumed import MoverAssumptions
        from experiments.studies.early_mover.measures import world

        assumed = MoverAssumptions.model_validate({"access": access, "software": software})
        return world(assumed, 4, self.rule.seed)


STUDY: Final = EarlyMoverStudy()
