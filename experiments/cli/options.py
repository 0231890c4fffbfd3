"""Options that several commands share, and how their values are read."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from experiments.stats.sequential import Stopping
    from experiments.studies.perform import How
    from sim.scenario import MarketScenario, TrafficScenario


def add_scenario(parser: argparse.ArgumentParser, default: str = "") -> None:
    """Add the scenario, and what changes its fields."""
    parser.add_argument("scenario", nargs="?" if default else None, default=default or None, metavar="SCENARIO",
                        help="a TOML file or the name of a built-in scenario"
                             + (" (default: %(default)s)" if default else ""))
    add_set(parser)


def add_set(parser: argparse.ArgumentParser) -> None:
    """Add ``--set``."""
    parser.add_argument("--set", action="append", default=[], metavar="PATH=VALUE", dest="overrides",
                        help="change a field, such as traffic.load=1.4; may be repeated")


def add_runs(parser: argparse.ArgumentParser, replications: int) -> None:
    """Add what every study of many runs has: replications, seed, where runs are done and kept, and when it ends."""
    parser.add_argument("--replications", type=int, metavar="N",
                        help=f"runs of every point (default: {replications})")
    parser.add_argument("--seed", type=int, metavar="N", help="seed, in place of the scenario's")
    parser.add_argument("--until", action="append", default=[], metavar="METRIC=HALF_WIDTH",
                        help="add replications until every point has this half-width, or with %% relative to its mean; "
                             "--replications is then where looking begins; may be repeated")
    parser.add_argument("--most", type=int, metavar="N", default=None,
                        help="replications at which --until ends in any case (default: 100)")
    parser.add_argument("--retry", action="store_true", help="do the runs again that failed, too")
    add_where(parser)


def add_where(parser: argparse.ArgumentParser) -> None:
    """Add where runs are done and kept."""
    parser.add_argument("--jobs", type=positive, metavar="N", help="processes (default: one a processor)")
    parser.add_argument("--dask", metavar="ADDRESS", help="address of a Dask scheduler, such as tcp://host:8786")
    parser.add_argument("--store", type=Path, metavar="FILE",
                        help="file of the runs (default: store.duckdb in the folder)")
    parser.add_argument("--quiet", "-q", action="store_true", help="do not show how far the runs are")


def add_out(parser: argparse.ArgumentParser, name: str) -> None:
    """Add the folder for the results."""
    parser.add_argument("--out", type=Path, default=Path("results") / name, metavar="DIR",
                        help="folder for the results (default: %(default)s)")
    add_force(parser)


def add_force(parser: argparse.ArgumentParser) -> None:
    """Add ``--force``."""
    parser.add_argument("--force", action="store_true",
                        help="write to --out even if it holds another study, or other files")


def how(arguments: argparse.Namespace) -> How:
    """Return how a study is performed.

    Raises
    ------
    ScenarioError
        If ``--until`` and what goes with it are not allowed.
    """
    from experiments.studies.perform import How

    given = vars(arguments)
    return How(arguments.out, given.get("jobs"), given.get("dask"), bool(given.get("retry")), given.get("store"),
               _stopping(arguments), arguments.check, bool(given.get("force")), quiet=bool(given.get("quiet")))


def _stopping(arguments: argparse.Namespace) -> Stopping | None:
    from experiments.runs.until import parse_targets
    from experiments.stats.refusals import StatisticsError
    from experiments.stats.sequential import FIRST, MOST, Stopping
    from sim.errors import ScenarioError

    given = vars(arguments)
    until, most = given.get("until"), given.get("most")
    if not until:
        if most is not None:
            raise ScenarioError(f"--most is {most}, but there is no --until that it could end")
        return None
    first = FIRST if arguments.replications is None else arguments.replications
    try:
        return Stopping(parse_targets(until), first=first, most=MOST if most is None else most)
    except StatisticsError as error:
        raise ScenarioError(f"--until, from --replications (first) to --most: {error}") from None


def traffic_scenario(arguments: argparse.Namespace) -> TrafficScenario:
    """Return the scenario of traffic that the command line names and changes.

    Raises
    ------
    ScenarioError
        If there is none, it describes a market, or a field of it is wrong.
    """
    from experiments.scenarios import load_traffic

    return load_traffic(arguments.scenario, [*arguments.overrides, *seed_of(arguments)])


def market_scenario(arguments: argparse.Namespace, *first: str) -> MarketScenario:
    """Return the market that the command line names and changes, after the assignments ``first``.

    Raises
    ------
    ScenarioError
        If there is none, it describes traffic, or a field of it is wrong.
    """
    from experiments.scenarios import load_market

    return load_market(arguments.scenario, [*first, *arguments.overrides, *seed_of(arguments)])


def seed_of(arguments: argparse.Namespace) -> list[str]:
    """Return the assignment that ``--seed`` stands for, if it was given."""
    return [] if arguments.seed is None else [f"seed={arguments.seed}"]


def listed(text: str | None, default: tuple[str, ...]) -> tuple[str, ...]:
    """Read ``a,b``; None is the default."""
    return default if text is None else tuple(part.strip() for part in text.split(","))


def numbers(text: str, option: str) -> tuple[float, ...]:
    """Read ``0.6,1,1.4``.

    Raises
    ------
    ScenarioError
        If a part is no number.
    """
    from sim.errors import ScenarioError

    try:
        return tuple(float(part) for part in text.split(","))
    except ValueError:
        raise ScenarioError(f"{option} is {text!r}, but must be numbers such as 0.6,1,1.4") from None


def whole_numbers(text: str, option: str) -> tuple[int, ...]:
    """Read ``30,360``.

    Raises
    ------
    ScenarioError
        If a part is no whole number.
    """
    from sim.errors import ScenarioError

    found = numbers(text, option)
    if any(it % 1 for it in found):
        raise ScenarioError(f"{option} is {text!r}, but must be whole numbers such as 30,360")
    return tuple(map(int, found))


def positive(text: str) -> int:
    """Read a whole number of at least 1.

    Raises
    ------
    argparse.ArgumentTypeError
        If it is none.
    """
    try:
        value = int(text)
    except ValueError:
        value = 0
    if value < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not allowed; it must be a whole number, at least 1")
    return value
