"""The study ``market``: a whole market over months."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from experiments.studies.study import Answer, Check, Look, Study

if TYPE_CHECKING:
    from pandas import DataFrame

    from experiments.output.folder import Folder
    from experiments.store.results import Results
    from experiments.studies.market.design import Market
    from experiments.studies.market.measures import Found

MONTHLY: Final = ("monthly_market", "monthly_models", "monthly_providers", "monthly_segments")


class MarketStudy(Study["Market", "Found"]):
    """A whole market over months: customers who climb, providers who price and invest."""

    name = "market"
    summary = "a whole market over months: customers, providers, prices, capacity"
    title = "A market over months"
    scenario = "openrouter-2026"
    replications = 1
    digits = None

    def add_options(self, parser: argparse.ArgumentParser) -> None:
        """Add what is kept only if asked for."""
        parser.add_argument("--daily-offers", action="store_true", dest="daily_offers",
                            help="also keep a row an offer and day (daily_offers.csv): hundreds of thousands of rows "
                                 "of a market at its full length")

    def design(self, arguments: argparse.Namespace) -> Market:
        """Return what the command line asks for."""
        from experiments.cli.options import market_scenario
        from experiments.studies.market.design import Market, MarketByOffer

        kind = MarketByOffer if arguments.daily_offers else Market
        return kind(market_scenario(arguments), arguments.replications)

    def quick(self, design: Market) -> Look[Market]:
        """Return a look at the market's first days, at fewer requests."""
        from experiments.studies.market.design import look_at

        return look_at(design)

    def read(self, scenario: Any, parameters: Mapping[str, Any]) -> Market:  # noqa: ANN401 - checked when read
        """Return the design of a manifest."""
        from experiments.studies.market.design import Market, MarketByOffer

        kind = MarketByOffer if parameters.get("daily_offers") else Market
        return kind(scenario, parameters["replications"])

    def measure(self, design: Market, results: Results | None, check: Check) -> Found:
        """Return the tables of the first run, and the summary of all."""
        from experiments.studies.market.measures import found_in

        assert results is not None
        return found_in(design, results)

    def tables(self, found: Found) -> dict[str, DataFrame]:
        """Return monthly and weekly tables, prices, moves, models, the ledger and the summary."""
        from experiments.studies.market.measures import told_tables

        return told_tables(found.tables)

    def draw(self, found: Found, folder: Path) -> None:
        """Draw a page of panels, and the moves between the models that were used most."""
        from experiments.studies.market.figures import page
        from experiments.studies.market.marketplace_figure import draw_marketplaces
        from experiments.studies.market.upgrade_figure import draw_upgrades, models_of

        scenario = found.design.scenario
        if scenario.horizon.days:
            page(found.tables, scenario.name, folder)
        if len(found.tables["daily_marketplaces"]):
            draw_marketplaces(found.tables["daily_marketplaces"], folder)
        names = found.most_used()
        if names:
            draw_upgrades(models_of(scenario), scenario.models, scenario.horizon.start, folder / "upgrades", names)

    def told(self, found: Found) -> str:
        """Return a line a month, or a quarter."""
        from experiments.studies.market.terminal import table

        return table(found.tables["monthly_market"])

    def write_up(self, folder: Folder, figures: Path) -> Answer:
        """Write up the market month by month."""
        from experiments.studies.market.words import answer

        return answer(folder, figures)

    def gather(self, folder: Folder, into: Path) -> None:
        """Draw the panels one by one, legible on a phone."""
        from experiments.studies.market.figures import panels

        if all(folder.has(f"{name}.csv") for name in MONTHLY):
            panels({name: folder.table(f"{name}.csv") for name in MONTHLY}, into)


STUDY: Final = MarketStudy()
