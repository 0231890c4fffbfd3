"""Completion in shells: the command ``tokenmarket completion``, and the names that are completed."""

from __future__ import annotations

import argparse
from typing import Any, Final

SHELLS: Final = ("bash", "zsh", "fish")
HOW: Final = """\
Print a script that completes commands, options, and the names of scenarios, policies and fields.
For bash, in ~/.bashrc:
  eval "$(tokenmarket completion bash)"
For zsh, in ~/.zshrc after compinit:
  eval "$(tokenmarket completion zsh)"
For fish, once:
  tokenmarket completion fish > ~/.config/fish/completions/tokenmarket.fish
"""


def add(commands: Any) -> None:  # noqa: ANN401 - argparse keeps this type private
    """Add the command to the command line's."""
    completion = commands.add_parser("completion", help="print a script that completes commands in your shell",
                                     description=HOW, formatter_class=argparse.RawDescriptionHelpFormatter)
    completion.add_argument("shell", choices=SHELLS, metavar="SHELL", help=", ".join(SHELLS))
    completion.set_defaults(command=_print)


def _print(arguments: argparse.Namespace) -> int:
    from argcomplete.shell_integration import shellcode

    print(shellcode(["tokenmarket"], shell=arguments.shell))
    return 0


def answer(parser: argparse.ArgumentParser) -> None:
    """Answer a shell that asks what may follow, and exit; return if no shell asks."""
    import argcomplete

    argcomplete.autocomplete(parser, always_complete_options="long")


def scenarios(prefix: str, **_: Any) -> list[str]:  # noqa: ANN401 - what argcomplete passes
    """Return the built-in scenarios, and the TOML files and folders here, that begin so."""
    from argcomplete.completers import FilesCompleter

    from experiments.scenarios import names

    return [*names(), *FilesCompleter(("toml",))(prefix)]


def policies(prefix: str, **_: Any) -> list[str]:  # noqa: ANN401 - as above
    """Return the lists of policies that begin so: the last name of the list is completed."""
    from policies import POLICIES, PRESETS

    before = prefix.rpartition(",")[0]
    start = f"{before}," if before else ""
    return [f"{start}{name}" for name in (*POLICIES, *PRESETS) if name not in before.split(",")]


def fields(prefix: str, parsed_args: argparse.Namespace, **_: Any) -> list[str]:  # noqa: ANN401 - as above
    """Return the fields of the scenario that the command names, as the beginning of an assignment."""
    from experiments.report.difference import flat
    from experiments.scenarios import load
    from sim.errors import ScenarioError
    from sim.scenario.load import plain

    try:
        scenario = load(parsed_args.scenario or "tournament")
    except ScenarioError:
        return []
    return [f"{path}=" for path, _ in flat(plain(scenario)) if path.startswith(prefix)]


COMPLETERS: Final = {"scenario": scenarios, "policies": policies, "overrides": fields}  # by destination


def complete(parser: argparse.ArgumentParser) -> None:
    """Say how the values of a command's options are completed, whoever added them."""
    for action in parser._actions:
        if action.dest in COMPLETERS:
            vars(action)["completer"] = COMPLETERS[action.dest]  # where argcomplete looks
