"""The command ``tokenmarket``: everything heavy is imported by the command that needs it."""

import argparse
import os
import sys
from collections.abc import Sequence
from typing import Final

from experiments.cli import (
    bench,
    calibrate,
    catalogue,
    checklist,
    completion,
    init,
    listing,
    paper,
    replay,
    report,
    reproduce,
    show,
    store,
    studies,
    validate,
    watch,
)
from experiments.cli.heard_warnings import warnings_told
from experiments.cli.interrupts import Interrupts
from experiments.cli.parser import EXIT_USER, Parser
from experiments.cli.version import Version
from experiments.extensions import OPTION, use
from sim.errors import MarketError

# each adds one command or a few; in the order of the help
COMMANDS: Final = (
    studies, init, catalogue, store, reproduce, replay, report, paper, watch, checklist, listing, show, bench,
    calibrate, validate, completion)
COMPLETING: Final = "_ARGCOMPLETE"  # set by a shell that asks what may follow
EXIT_INTERRUPT: Final = 130  # as shells report Ctrl-C

EPILOG = """\
examples:
  tokenmarket run tournament
  tokenmarket run tournament --trace requests.csv.gz --loads 1
  tokenmarket run tournament duel --policies cheapest,power_of_d:d=3 --set traffic.duration_s=600
  tokenmarket run market --set horizon.days=180
  tokenmarket init mine.toml --from openrouter-2026
  tokenmarket catalogue --from litellm prices.json --only 'deepinfra/*'
  tokenmarket run climb
  tokenmarket run pricing
  tokenmarket steady duel --set traffic.duration_s=2000 --policies openrouter_classic,cheapest
  tokenmarket sweep tournament --design morris --samples 10 --vary traffic.load --vary routers.main.fee_share
  tokenmarket report results/tournament
  tokenmarket replay results/tournament/manifest.json --out again
"""


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit status: 0, 2 for the user's mistakes, 130 when interrupted."""
    told = nothing_written
    arguments = argparse.Namespace()
    try:
        with Interrupts() as interrupts, warnings_told():
            words, modules = modules_named(sys.argv[1:] if argv is None else argv)
            for module in modules:  # before anything is parsed: what they register has commands and options, too
                use(module, OPTION)
            commands = parser()
            if COMPLETING in os.environ:
                completion.answer(commands)
            arguments = commands.parse_args(words)
            told = getattr(arguments, "on_interrupt", told)
            arguments.check = interrupts.check
            status: int = arguments.command(arguments)
    except MarketError as error:
        print(f"tokenmarket: error: {error}", file=sys.stderr)
        return EXIT_USER
    except KeyboardInterrupt:
        print(f"\ntokenmarket: interrupted; {told(arguments)}", file=sys.stderr)
        return EXIT_INTERRUPT
    except BrokenPipeError:  # the reader of our output has gone, as in `| head`
        sys.stderr.close()
        return 0
    except (OSError, MemoryError) as error:  # the last resort: whoever opens a file says it better
        print(f"tokenmarket: error: {refused_by_the_system(error)}", file=sys.stderr)
        return EXIT_USER
    return status


def refused_by_the_system(error: OSError | MemoryError) -> str:
    """Say in one sentence what the operating system refused: a file, room on the disk, or memory."""
    if isinstance(error, MemoryError):
        return f"there is not enough memory{f' ({error})' if str(error) else ''}"
    where = f" {str(error.filename)[:200]}" if error.filename is not None else ""
    return f"cannot use{where}: {error.strerror or error}" if where else error.strerror or str(error)


def nothing_written(_: argparse.Namespace) -> str:
    """Say what is left when a command is interrupted that writes all or nothing."""
    return "nothing was written"


def modules_named(words: Sequence[str]) -> tuple[list[str], list[str]]:
    """Take ``--use FILE`` and ``--use=FILE``, wherever they stand, out of the command line's words.

    Returns
    -------
    tuple of lists of str
        The other words, and the files.

    Raises
    ------
    MarketError
        If no file follows.

    Examples
    --------
    >>> modules_named(["--use", "mine.py", "run", "tournament", "--use=more.py"])
    (['run', 'tournament'], ['mine.py', 'more.py'])
    """
    rest: list[str] = []
    files: list[str] = []
    given = iter(words)
    for word in given:
        if word == OPTION:
            file = next(given, "")
        elif word.startswith(f"{OPTION}="):
            file = word.partition("=")[2]
        else:
            rest.append(word)
            continue
        if not file:
            raise MarketError(f"{OPTION} needs the file of a module, such as {OPTION} my_module.py")
        files.append(file)
    return rest, files


def parser() -> Parser:
    """Return the parser of the command line."""
    top = Parser(
        prog="tokenmarket", description="A simulated market for AI inference tokens.", epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    top.add_argument(OPTION, action="append", metavar="FILE",
                     help="import a module of yours first, which may register policies, pricing strategies and "
                          "studies; may stand anywhere, and be repeated")
    top.add_argument("--version", action=Version)
    top.set_defaults(command=lambda _: print(top.format_help(), end="") or 0)
    commands = top.add_subparsers(title="commands", metavar="COMMAND")
    for module in COMMANDS:
        module.add(commands)
    top.elsewhere = studies.below_run()
    return top


if __name__ == "__main__":
    sys.exit(main())
