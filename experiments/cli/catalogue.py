"""The command ``tokenmarket catalogue``: a price list as a fragment of a scenario."""

from __future__ import annotations

import argparse
import sys
from datetime import date
from pathlib import Path
from typing import Any, Final

from sim.errors import OutputError

FILE: Final = Path("prices.toml")
NAMES: Final = ("openrouter", "litellm", "models-dev", "genai-prices", "csv")  # of `price_lists.price_sources`


def add(commands: Any) -> None:  # noqa: ANN401 - argparse keeps this type private
    """Add the command to the command line's."""
    parser = commands.add_parser(
        "catalogue", help="write a price list as offers that a scenario may extend",
        description="Read a price list and write its offers as a fragment of a scenario, for `extends`. Rows that "
                    "cannot be loaded are counted, with the reason. No file is overwritten.")
    parser.add_argument("--from", dest="source", choices=NAMES, required=True, metavar="SOURCE",
                        help=f"what kind of list: {', '.join(NAMES)}")
    parser.add_argument("path", nargs="?", type=Path, metavar="PATH",
                        help="the list's file; without it the installed package's own list")
    parser.add_argument("--out", type=Path, default=FILE, metavar="FILE",
                        help="the fragment (default: %(default)s; - prints it)")
    parser.add_argument("--on", type=_day, metavar="DATE",
                        help="the day whose prices to take, of a list with dates (default: the newest)")
    parser.add_argument("--only", action="append", default=[], metavar="PATTERN",
                        help="take offers whose provider/offer matches, such as 'openai/*' or '*gpt-oss*'; "
                             "may be repeated")
    parser.set_defaults(command=_catalogue)


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is no date such as 2026-01-31") from None


def _catalogue(arguments: argparse.Namespace) -> int:
    from experiments.price_lists.fragment import account, fragment_of, toml_text
    from experiments.price_lists.price_sources import read_list

    read = read_list(arguments.source, arguments.path)
    today = date.today()
    found = fragment_of(read.rows, arguments.on, today, arguments.only)
    told = account(found)
    if not found.offers:
        raise OutputError(f"{read.origin} gives no offer; " + "; ".join(line.strip() for line in told))
    heading = [
        f"Offers and list prices of {arguments.source}: {read.origin}, read {today.isoformat()}"
        + (f", prices of {found.day}." if found.day else "."),
        *told, "",
        "For `extends`. A price list knows no servers: `serving` is an assumption, to be replaced."]
    _write(arguments.out, toml_text(found, heading))
    print("\n".join(told), file=sys.stderr if str(arguments.out) == "-" else sys.stdout)
    return 0


def _write(file: Path, text: str) -> None:
    if str(file) == "-":
        print(text, end="")
        return
    try:
        with file.open("x", encoding="utf-8", newline="\n") as opened:
            opened.write(text)
    except FileExistsError:
        raise OutputError(f"{file} is there already, and is left as it is; choose another with --out") from None
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise OutputError(f"cannot write {file}: {reason}") from None
