"""The command ``tokenmarket``: everything heavy is imported by the command that needs it."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from experiments.cli import checklist, pricing, report, reproduce, steady, store, sweep, watch
from experiments.cli.interrupts import Interrupts
from sim.errors import MarketError

EXIT_USER = 2  # the user can mend it
EXIT_INTERRUPT = 130  # as shells report Ctrl-C

EPILOG = """\
examples:
  tokenmarket run tournament
  tokenmarket run tournament --trace requests.csv.gz --loads 1
  tokenmarket run tournament duel --policies cheapest,power_of_d:d=3 --set traffic.duration_s=600
  tokenmarket run market --set horizon.days=180
  tokenmarket run climb
  tokenmarket run pricing
  tokenmarket steady tournament --set traffic.duration_s=1200 --policies openrouter_classic,power_of_d
  tokenmarket sweep tournament --design morris --samples 10 --vary traffic.load --vary routers.main.fee_share
  tokenmarket report results/tournament
  tokenmarket replay results/tournament/manifest.json --out again
"""


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit status: 0, 2 for the user's mistakes, 130 when interrupted."""
    arguments = parser().parse_args(argv)
    try:
        with Interrupts() as interrupts:
            arguments.check = interrupts.check
            status: int = arguments.command(arguments)
    except MarketError as error:
        print(f"tokenmarket: error: {error}", file=sys.stderr)
        return EXIT_USER
    except KeyboardInterrupt:
        what = getattr(arguments, "on_interrupt", "nothing was written")
        print(f"\ntokenmarket: interrupted; {what}", file=sys.stderr)
        return EXIT_INTERRUPT
    except BrokenPipeError:  # the reader of our output has gone, as in `| head`
        sys.stderr.close()
        return 0
    return status


def parser() -> argparse.ArgumentParser:
    """Return the parser of the command line."""
    top = argparse.ArgumentParser(
        prog="tokenmarket", description="A simulated market for AI inference tokens.", epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = top.add_subparsers(title="commands", required=True, metavar="COMMAND")
    _add_run(commands.add_parser("run", help="run a study"))
    steady.add(commands)
    sweep.add(commands)
    store.add(commands)
    reproduce.add(commands)
    report.add(commands)
    watch.add(commands)
    checklist.add(commands)
    _add_replay(commands.add_parser("replay", help="run a manifest again, to the same bytes"))
    listing = commands.add_parser("list", help="list what scenarios may name")
    listing.add_argument("what", choices=("policies", "pricing", "scenarios", "models", "gpus", "factors"))
    listing.add_argument("scenario", nargs="?", default="tournament", metavar="SCENARIO",
                         help="whose fields to list as factors of a sweep (default: %(default)s)")
    listing.set_defaults(command=_list)
    show = commands.add_parser("show", help="print a scenario with all its defaults, as TOML")
    _add_scenario(show)
    show.set_defaults(command=_show)
    schema = commands.add_parser("schema", help="print the JSON schema of scenario files")
    schema.add_argument("what", nargs="?", choices=("traffic", "market"), default="traffic",
                        help="files of traffic or of whole markets (default: %(default)s)")
    schema.set_defaults(command=_schema)
    bench = commands.add_parser("bench", help="measure requests per second on this machine")
    bench.add_argument("--json", type=Path, metavar="FILE", help="also write the figures to FILE")
    bench.set_defaults(command=_bench)
    return top


def _add_run(run: argparse.ArgumentParser) -> None:
    studies = run.add_subparsers(title="studies", required=True, metavar="STUDY")
    study = studies.add_parser(
        "tournament", help="routing policies against each other on the same requests",
        description="Routing policies against each other on the same requests, at several loads.")
    _add_scenario(study, default="tournament")
    study.add_argument("--trace", metavar="FILE",
                       help="replay FILE (Azure, Mooncake, BurstGPT or plain CSV) on the busiest model, "
                            "scaled in time so that load 1 means the scenario's own utilisation")
    study.add_argument("--policies", metavar="A,B",
                       help="policies or presets, with parameters as in power_of_d:d=3 (default: 14)")
    study.add_argument("--baseline", metavar="A", default="",
                       help="policy to compare with (default: openrouter_classic, else the first)")
    study.add_argument("--loads", metavar="X,Y", default="0.6,1,1.4",
                       help="factors on the scenario's load (default: %(default)s)")
    study.add_argument("--replications", type=int, default=5, metavar="N",
                       help="runs of each (default: %(default)s)")
    study.add_argument("--seed", type=int, metavar="N", help="seed, in place of the scenario's")
    _add_output(study, "tournament")
    study.set_defaults(command=_tournament)
    _add_market(studies)
    _add_climb(studies)
    pricing.add(studies)


def _add_market(studies: Any) -> None:  # noqa: ANN401 - argparse keeps this type private
    study = studies.add_parser(
        "market", help="a whole market over months: customers, providers, prices, capacity",
        description="A whole market over months: customers who climb, providers who price and invest.")
    _add_scenario(study, default="openrouter-2026")
    study.add_argument("--replications", type=_positive, default=1, metavar="N",
                       help="runs; with several, the summary has intervals (default: %(default)s)")
    study.add_argument("--seed", type=int, metavar="N", help="seed, in place of the scenario's")
    study.add_argument("--out", type=Path, default=Path("results/market"), metavar="DIR",
                       help="folder for the results (default: %(default)s)")
    study.set_defaults(command=_market)


def _add_climb(studies: Any) -> None:  # noqa: ANN401 - argparse keeps this type private
    study = studies.add_parser(
        "climb", help="the same market with all prices divided by 1, 2, 5, 10, 20",
        description="The same market with all prices divided by 1, 2, 5, 10, 20: who moves to bigger models?")
    _add_scenario(study, default="openrouter-2026")
    study.add_argument("--divisors", default="1,2,5,10,20", metavar="X,Y",
                       help="what all prices are divided by (default: %(default)s)")
    study.add_argument("--days", type=_positive, default=90, metavar="N",
                       help="days of each run (default: %(default)s)")
    study.add_argument("--measured-days", type=_positive, metavar="N",
                       help="how many of the last days are measured (default: 30, or all of a shorter run)")
    study.add_argument("--fleet", type=float, default=3.0, metavar="X",
                       help="factor on every pool of GPUs, so that those who climb find room (default: %(default)s)")
    study.add_argument("--replications", type=_positive, default=3, metavar="N",
                       help="runs of each (default: %(default)s)")
    study.add_argument("--seed", type=int, metavar="N", help="seed, in place of the scenario's")
    _add_output(study, "climb")
    study.set_defaults(command=_climb)


def _positive(text: str) -> int:
    try:
        value = int(text)
    except ValueError:
        value = 0
    if value < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not allowed; it must be a whole number, at least 1")
    return value


def _add_replay(replay: argparse.ArgumentParser) -> None:
    replay.add_argument("manifest", type=Path, metavar="MANIFEST", help="a manifest.json")
    _add_output(replay, "replay")
    replay.set_defaults(command=_replay)


def _add_scenario(command: argparse.ArgumentParser, default: str | None = None) -> None:
    command.add_argument("scenario", nargs="?" if default else None, default=default, metavar="SCENARIO",
                         help="a TOML file or the name of a built-in scenario"
                              + (" (default: %(default)s)" if default else ""))
    command.add_argument("--set", action="append", default=[], metavar="PATH=VALUE", dest="overrides",
                         help="change a field, such as traffic.load=1.4; may be repeated")


def _add_output(command: argparse.ArgumentParser, name: str) -> None:
    command.add_argument("--jobs", type=_positive, metavar="N", help="processes (default: one a processor)")
    command.add_argument("--out", type=Path, default=Path("results") / name, metavar="DIR",
                         help="folder for the results (default: %(default)s)")


def _tournament(arguments: argparse.Namespace) -> int:
    from experiments.cli import commands

    return commands.tournament(arguments)


def _market(arguments: argparse.Namespace) -> int:
    from experiments.cli import market as market_commands

    return market_commands.market(arguments)


def _climb(arguments: argparse.Namespace) -> int:
    from experiments.cli import market as market_commands

    return market_commands.climb(arguments)


def _replay(arguments: argparse.Namespace) -> int:
    from experiments.cli import commands

    return commands.replay(arguments)


def _list(arguments: argparse.Namespace) -> int:
    from experiments.cli import commands

    print(commands.listing_of(arguments.what, arguments.scenario))
    return 0


def _show(arguments: argparse.Namespace) -> int:
    from experiments.scenarios import load
    from sim.scenario.dump import to_toml
    from sim.scenario.load import config_hash

    scenario = load(arguments.scenario, *arguments.overrides)
    print(f"# configuration hash {config_hash(scenario)}\n{to_toml(scenario)}", end="")
    return 0


def _schema(arguments: argparse.Namespace) -> int:
    from sim.scenario.family import FORMS
    from sim.scenario.schema import schema_text

    print(schema_text(FORMS[arguments.what]), end="")
    return 0


def _bench(arguments: argparse.Namespace) -> int:
    from experiments.bench.bench import bench

    status: int = bench(arguments.json)
    return status


if __name__ == "__main__":
    sys.exit(main())
