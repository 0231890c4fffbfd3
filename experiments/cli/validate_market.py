"""The command ``tokenmarket validate market``: which facts a market meets, whether it is one, and what inputs give."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from experiments.cli.options import add_out, add_scenario, add_where, positive
from experiments.cli.telling import add_json, json_text
from sim.errors import ScenarioError

if TYPE_CHECKING:
    from experiments.validation.gates.gate_runs import HowToRun
    from sim.scenario import MarketScenario

SEEDS: Final = 10
SCENARIO: Final = "openrouter-2026"


def add_market(below: Any) -> None:  # noqa: ANN401 - argparse keeps this type private
    """Add the command to those of ``tokenmarket validate``."""
    parser = below.add_parser(
        "market", help="which facts of the real market it meets; whether it is a market at all",
        description="Run a market on some seeds and hold it to every fact of a ledger; or, if asked so, run it in "
                    "several variants and ask its gates, each with its value, band and verdict, and keep the "
                    "certificate that studies read; or tell headlines rung by rung (docs/validation.md).")
    add_scenario(parser, SCENARIO)
    parser.add_argument("--facts", type=Path, metavar="FILE", help="ledger of facts (default: the built-in one)")
    parser.add_argument("--runs", type=Path, metavar="FILE", help="take the runs that a calibration did at the "
                        "scenario's own parameters, coarse as they are, from its file of runs")
    parser.add_argument("--admissible", type=Path, metavar="FILE",
                        help="tell facts over these admissible vectors, too (admissible.csv of a calibration)")
    parser.add_argument("--gates", action="store_true", help="ask the gates and keep the certificate")
    parser.add_argument("--ladder", action="store_true", help="tell headlines on every rung of the ladder of nulls, "
                        "from inputs alone to the whole market, and which rung moves them")
    parser.add_argument("--seeds", type=positive, default=SEEDS, metavar="N",
                        help="seeds of each variant (default: %(default)s)")
    parser.add_argument("--seed", type=int, metavar="N", help="seed of the first, in place of the scenario's")
    add_where(parser)
    add_out(parser, "validate-market")
    add_json(parser)
    parser.set_defaults(command=_market)


def _market(arguments: argparse.Namespace) -> int:
    from experiments.cli.options import market_scenario
    from experiments.runs.workers import default_jobs
    from experiments.validation.gates.gate_folder import write_texts
    from experiments.validation.gates.gate_runs import HowToRun

    if arguments.dask:
        raise ScenarioError("--dask is not allowed here; use --jobs")
    plain = not (arguments.gates or arguments.ladder)
    for option in ("facts", "runs", "admissible"):
        if vars(arguments)[option] is not None and not plain:
            raise ScenarioError(f"--{option} is not allowed with --gates or --ladder, which ask no facts")
    scenario = market_scenario(arguments)
    how = HowToRun(arguments.seeds, arguments.jobs or default_jobs(), arguments.store, arguments.quiet)
    answers = [*([_facts(scenario, how, arguments)] if plain else []),
               *([_gates(scenario, how)] if arguments.gates else []),
               *([_ladder(scenario, how)] if arguments.ladder else [])]
    write_texts({name: text for answer in answers for name, text in answer.files.items()}, arguments.out,
                arguments.force)
    if arguments.as_json:
        print(json_text({name: value for answer in answers for name, value in answer.data.items()}))
        return 0
    print("\n\n".join([*(answer.told for answer in answers), f"wrote {arguments.out}"]))
    return 0


class _Answer(NamedTuple):
    """What is written, for programs, and for people."""

    files: dict[str, str]
    data: dict[str, Any]
    told: str


def _facts(scenario: MarketScenario, how: HowToRun, arguments: argparse.Namespace) -> _Answer:
    from experiments.output.text import listing
    from experiments.validation.facts.fact_ledger import BUILT_IN, read_ledger
    from experiments.validation.facts.fact_runs import FactFiles, market_facts, told_data
    from experiments.validation.facts.fact_table import held, kept_text, page, rows, summary_text
    from experiments.validation.gates.gate_folder import csv_of
    from experiments.validation.history.calibrated_market import COARSE

    files = FactFiles(arguments.facts or BUILT_IN, arguments.runs, arguments.admissible)
    coarse = COARSE if arguments.runs is not None else ()
    found, ledger = market_facts(scenario, files, how, (*coarse, *arguments.overrides)), read_ledger(files.ledger)
    facts = held(ledger, found)
    return _Answer({"facts.csv": csv_of(rows(facts)), "facts.json": kept_text(found),
                    "facts.md": page(ledger, found) + "\n"}, {"facts": told_data(found, ledger)},
                   f"{listing(rows(facts))}\n\n{summary_text(found, facts)}")


def _gates(scenario: MarketScenario, how: HowToRun) -> _Answer:
    import json

    from experiments.output.text import listing
    from experiments.runs.keys import code_version
    from experiments.validation.gates.certificate import certificate_text, keep, market_digest
    from experiments.validation.gates.gate import rows, verdict
    from experiments.validation.gates.gate_folder import csv_of
    from experiments.validation.gates.gate_runs import asked
    from sim.scenario.load import plain

    findings = asked(scenario, how)
    digest = market_digest(plain(scenario))
    text = certificate_text(scenario.name, digest, code_version(), how.seeds, findings)
    place = keep(text, digest)
    return _Answer({"gates.csv": csv_of(rows(findings)), "certificate.json": text}, {"gates": json.loads(text)},
                   f"{listing(rows(findings))}\n\nall gates: {verdict(findings)}; the certificate is {place}")


def _ladder(scenario: MarketScenario, how: HowToRun) -> _Answer:
    from experiments.output.text import listing
    from experiments.validation.gates.gate_folder import csv_of
    from experiments.validation.ladder.climbing import rows
    from experiments.validation.ladder.ladder_runs import up_the_ladder

    table = rows(up_the_ladder(scenario, how))
    head, *body = table
    return _Answer({"ladder.csv": csv_of(table)}, {"ladder": [dict(zip(head, row, strict=True)) for row in body]},
                   f"{listing(table)}\n\na headline belongs to the first rung that moves it by more than two standard "
                   "errors; a fact that inputs alone meet is arithmetic")
