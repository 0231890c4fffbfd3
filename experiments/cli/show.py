"""The commands ``show`` and ``schema``: a scenario with all its defaults, and what scenario files may say."""

import argparse
from typing import Any

from experiments.cli import completion
from experiments.cli.options import add_scenario
from experiments.cli.telling import add_json, json_text


def add(commands: Any) -> None:  # noqa: ANN401 - argparse keeps this type private
    """Add the commands to the command line's."""
    show = commands.add_parser("show", help="print a scenario with all its defaults, as TOML")
    add_scenario(show)
    add_json(show)
    completion.complete(show)
    show.set_defaults(command=_show)
    schema = commands.add_parser("schema", help="print the JSON schema of scenario files")
    schema.add_argument("what", nargs="?", choices=("traffic", "market"), default="traffic",
                        help="files of traffic or of whole markets (default: %(default)s)")
    schema.set_defaults(command=_schema)


def _show(arguments: argparse.Namespace) -> int:
    from experiments.scenarios import load
    from sim.scenario.dump import to_toml
    from sim.scenario.load import config_hash, plain

    scenario = load(arguments.scenario, *arguments.overrides)
    if arguments.as_json:
        print(json_text({"config_hash": config_hash(scenario), "kind": scenario.kind, "scenario": plain(scenario)}))
        return 0
    print(f"# configuration hash {config_hash(scenario)}\n{to_toml(scenario)}", end="")
    return 0


def _schema(arguments: argparse.Namespace) -> int:
    from sim.scenario.family import FORMS
    from sim.scenario.schema import schema_text

    print(schema_text(FORMS[arguments.what]), end="")
    return 0
