"""The command of the pricing study."""

from __future__ import annotations

import argparse
import time
from pathlib import Path
from typing import Any


def add(studies: Any) -> None:  # noqa: ANN401 - argparse keeps this type private
    """Add ``run pricing`` to the studies."""
    study = studies.add_parser(
        "pricing", help="pricing strategies in games with known answers, and posted prices",
        description="The market's pricing strategies in games whose answers are known (logit and router equilibria, "
                    "limited capacity, Q-learners), and whether posted prices move as real ones do.")
    study.add_argument("--sessions", type=int, default=100, metavar="N",
                       help="sessions of Q-learners, at least 2 (default: %(default)s, about a minute)")
    study.add_argument("--benches", type=int, default=5, metavar="N",
                       help="benches of posted prices, at least 2 (default: %(default)s)")
    study.add_argument("--seed", type=int, default=1, metavar="N", help="seed (default: %(default)s)")
    study.add_argument("--out", type=Path, default=Path("results/pricing"), metavar="DIR",
                       help="folder for the results (default: %(default)s)")
    study.set_defaults(command=run)


def run(arguments: argparse.Namespace) -> int:
    """Run the study, write its folder and print its table."""
    from experiments.studies.pricing.design import PricingDesign
    from sim.errors import MarketError

    for name, least in (("sessions", 2), ("benches", 2), ("seed", 0)):
        if getattr(arguments, name) < least:
            raise MarketError(f"--{name} is {getattr(arguments, name)}, but must be at least {least}")
    return play(PricingDesign(arguments.sessions, arguments.benches, arguments.seed), arguments)


def play(design: Any, arguments: argparse.Namespace) -> int:  # noqa: ANN401 - PricingDesign, imported late
    """Run a design and write what it gives."""
    import sys
    from dataclasses import asdict

    from experiments.output.manifest import versions_of
    from experiments.output.writer import output_folder, write_manifest
    from experiments.studies.pricing.design import pricing, table
    from experiments.studies.pricing.figures import draw

    started = time.monotonic()

    def tick(part: str) -> None:
        arguments.check()
        print(f"{part} ...", file=sys.stderr, flush=True)

    with output_folder(arguments.out) as folder:
        study = pricing(design, tick)
        study.rows.to_csv(folder / "summary.csv", index=False, lineterminator="\n")
        draw(study, folder)
        write_manifest({"study": "pricing", "parameters": asdict(design), **versions_of(),
                        "rows": {"summary.csv": len(study.rows)}}, folder)
        arguments.check()
    print(table(study.rows))
    print(f"\nwrote {arguments.out}/ ({time.monotonic() - started:.1f} s)")
    return 0


def replay(arguments: argparse.Namespace) -> int:
    """Run the manifest of this study again."""
    from experiments.output.manifest import parameters_of
    from experiments.studies.pricing.design import PricingDesign

    return play(PricingDesign(**parameters_of(arguments.manifest)), arguments)
