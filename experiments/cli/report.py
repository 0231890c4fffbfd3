"""The command ``tokenmarket report``."""

import argparse
from pathlib import Path
from typing import Any

from experiments.cli.options import add_force


def add(commands: Any) -> None:  # noqa: ANN401 - argparse keeps this type private
    """Add the command to the command line's."""
    report = commands.add_parser(
        "report", help="write a run or a sweep up: one HTML page, Markdown, LaTeX tables, figures",
        description="Write up the folder of a run or a sweep: one HTML page that opens offline, the same in Markdown, "
                    "tables for LaTeX (booktabs), figures as SVG, PDF and PNG, and a BibTeX entry.")
    report.add_argument("run", type=Path, metavar="RUN", help="a folder that `tokenmarket run` or `sweep` wrote")
    report.add_argument("--out", type=Path, metavar="DIR", help="folder of the write-up (default: RUN/report)")
    report.add_argument("--question", default="", metavar="TEXT", help="what the study is to answer, in your words")
    add_force(report)
    report.set_defaults(command=_report)


def _report(arguments: argparse.Namespace) -> int:
    from experiments.output.folder import read_folder
    from experiments.report.write_up import write

    folder = read_folder(arguments.run).path
    page = write(folder, arguments.out or folder / "report", arguments.question, arguments.force)
    print(f"wrote {page} ({page.stat().st_size / 1e6:.1f} MB); open it in a browser, no network needed")
    return 0
