"""The study ``invasion``: which routing rules keep their customers, and which take those of others."""

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
    from experiments.studies.invasion.design import Invasion
    from experiments.studies.invasion.measures import Invaded


class InvasionStudy(Study["Invasion", "Invaded"]):
    """Which routing rules keep their customers, and which take those of others, over the same providers.

    Every rule meets every other as a marketplace with a twentieth of the customers. A rule resists if the other stays
    below that in eight of ten seeds; each also meets itself, where nothing but luck may move anybody.
    """

    name = "invasion"
    summary = "let each routing rule try to win the customers of each other"
    title = "Which routing rules resist, and which spread?"
    scenario = "invasion"
    replications = 10

    def add_options(self, parser: argparse.ArgumentParser) -> None:
        """Add the rules."""
        from experiments.studies.invasion.design import RULES

        parser.add_argument("--rules", metavar="A,B", default=",".join(RULES),
                            help="routing policies that meet each other (default: %(default)s)")

    def design(self, arguments: argparse.Namespace) -> Invasion:
        """Return what the command line asks for."""
        from experiments.cli.options import listed, market_scenario
        from experiments.studies.invasion.design import Invasion

        return Invasion(market_scenario(arguments), listed(arguments.rules, ()), arguments.replications)

    def quick(self, design: Invasion) -> Look[Invasion]:
        """Return the first two rules for two months, once."""
        from experiments.studies.invasion.design import look_at

        return look_at(design)

    def read(self, scenario: Any, parameters: Mapping[str, Any]) -> Invasion:  # noqa: ANN401 - checked when read
        """Return the design of a manifest."""
        from experiments.studies.invasion.design import Invasion

        return Invasion(scenario, tuple(parameters["rules"]), parameters["replications"])

    def measure(self, design: Invasion, results: Results | None, check: Check) -> Invaded:
        """Return who was where at the end, and on what terms."""
        from experiments.studies.invasion.measures import invaded

        assert results is not None
        return invaded(design, results)

    def tables(self, found: Invaded) -> dict[str, DataFrame]:
        """Return ``summary``, a row a rule, and ``pairs``."""
        from experiments.studies.invasion.measures import pairs, summary

        return {"summary": summary(found), "pairs": pairs(found)}

    def draw(self, found: Invaded, folder: Path) -> None:
        """Draw who takes how much of whom."""
        from experiments.studies.invasion.figures import draw

        draw(found, folder)

    def write_up(self, folder: Folder, figures: Path) -> Answer:
        """Write up who resists and who spreads."""
        from experiments.studies.invasion.words import answer

        return answer(folder, figures)


STUDY: Final = InvasionStudy()
