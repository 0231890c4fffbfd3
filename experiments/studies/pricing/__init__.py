"""The study ``pricing``: strategies in games with known answers, and posted prices."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from experiments.studies.study import Answer, Check, Study

if TYPE_CHECKING:
    from pandas import DataFrame

    from experiments.output.folder import Folder
    from experiments.store.results import Results
    from experiments.studies.pricing.design import Pricing
    from experiments.studies.pricing.measures import Found


class PricingStudy(Study["Pricing", "Found"]):
    """The market's pricing strategies in games whose answers are known, and whether posted prices move as real ones do.

    Logit and router equilibria, limited capacity, Q-learners. Games are not runs of a scenario, so there is no store.
    """

    name = "pricing"
    summary = "pricing strategies in games with known answers, and posted prices"
    title = "Pricing strategies beside known answers"
    scenario = None
    digits = None

    def add_options(self, parser: argparse.ArgumentParser) -> None:
        """Add sessions, benches and the seed."""
        parser.add_argument("--sessions", type=int, default=100, metavar="N",
                            help="sessions of Q-learners, at least 2 (default: %(default)s, about a minute)")
        parser.add_argument("--benches", type=int, default=5, metavar="N",
                            help="benches of posted prices, at least 2 (default: %(default)s)")
        parser.add_argument("--seed", type=int, default=1, metavar="N", help="seed (default: %(default)s)")

    def design(self, arguments: argparse.Namespace) -> Pricing:
        """Return what the command line asks for."""
        from experiments.studies.pricing.design import Pricing

        return Pricing(arguments.sessions, arguments.benches, arguments.seed)

    def read(self, scenario: Any, parameters: Mapping[str, Any]) -> Pricing:  # noqa: ANN401 - there is none
        """Return the design of a manifest."""
        from experiments.studies.pricing.design import Pricing

        return Pricing(**parameters)

    def measure(self, design: Pricing, results: Results | None, check: Check) -> Found:
        """Play every game and bench, and say which."""
        from experiments.studies.pricing.measures import play

        def tick(part: str) -> None:
            check()
            print(f"{part} ...", file=sys.stderr, flush=True)

        return play(design, tick)

    def tables(self, found: Found) -> dict[str, DataFrame]:
        """Return ``summary``: known and found, a row a quantity."""
        return {"summary": found.rows}

    def draw(self, found: Found, folder: Path) -> None:
        """Draw the saw-tooth, and posted prices beside what was published."""
        from experiments.studies.pricing.figures import draw

        draw(found, folder)

    def told(self, found: Found) -> str:
        """Return known beside found."""
        from experiments.studies.pricing.terminal import table

        return table(found.rows)

    def write_up(self, folder: Folder, figures: Path) -> Answer:
        """Write up known beside found."""
        from experiments.studies.pricing.words import answer

        return answer(folder, figures)


STUDY: Final = PricingStudy()
