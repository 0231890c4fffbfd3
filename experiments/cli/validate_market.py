"""The command ``tokenmarket validate market``: whether a market is one, and which of its headlines are inputs."""

from __future__ import annotations

import argparse
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
        "market", help="whether a market is one: choice, the rule, entry, costs, the outside good",
        description="Run a market in several variants on the same seeds and ask its gates, each with its value, band "
                    "and verdict; keep the certificate that studies read (docs/validation.md).")
    add_scenario(parser, SCENARIO)
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

    if not (arguments.gates or arguments.ladder):
        raise ScenarioError("`tokenmarket validate market` needs what to ask: --gates, --ladder or both")
    if arguments.dask:
        raise ScenarioError("--dask is not allowed here; use --jobs")
    scenario = market_scenario(arguments)
    how = HowToRun(arguments.seeds, arguments.jobs or default_jobs(), arguments.store, arguments.quiet)
    answers = [*([_gates(scenario, how)] if arguments.gates else []),
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


def _gates(scenario: MarketScenario, how: HowToRun) -> _Answer:
    import json

    from experiments.output.text import listing
    from experiments.runs.keys import code_version
    from experiments.validation.gates.certificate import certificate_text, keep
    from experiments.validation.gates.gate import rows, verdict
    from experiments.validation.gates.gate_folder import csv_of
    from experiments.validation.gates.gate_runs import asked
    from sim.scenario.load import config_hash

    findings = asked(scenario, how)
    digest = config_hash(scenario)
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
