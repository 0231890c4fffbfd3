"""A simulator of a market for AI inference tokens: the command ``tokenmarket``, and the same for scripts.

>>> import tokenmarket as tm
>>> scenario = tm.load("duel", traffic__load=1.2)

=================  ====================================================================
``load``           read a scenario: a built-in one by its name, or a TOML file
``change``         a copy of a scenario with some fields changed
``run``            run it once
``replicate``      run it several times
``compare``        run it under several policies, on the same random numbers
``sweep``          run it at every point of a design
``open_results``   open what a study left in a folder
``Results``        what all of them return: tables, metrics, statistics, figures
``Store``          the file of runs behind it
``use``            import a module of your own, with its policies and strategies
``MarketError``    base of all errors: one sentence each
``MarketWarning``  a result is not whole
=================  ====================================================================

`docs/lab/python.md` shows each at work.
"""

from __future__ import annotations

import io
import os
import signal
import sys

TYPE_CHECKING = False  # typing itself takes longer to import than all of the above
if TYPE_CHECKING:
    from types import FrameType
    from typing import Any, NoReturn

    from experiments import (
        MarketError,
        MarketWarning,
        Results,
        Store,
        change,
        compare,
        load,
        open_results,
        replicate,
        run,
        sweep,
        use,
    )

    __version__: str

EXIT_INTERRUPT = 130  # as shells report Ctrl-C

__all__ = ["MarketError", "MarketWarning", "Results", "Store", "__version__", "change", "compare", "load",
           "open_results", "replicate", "run", "sweep", "use"]


def main() -> int:
    """Run the command line."""
    signal.signal(signal.SIGINT, _leave)
    for stream in (sys.stdout, sys.stderr):  # a terminal that has no ± prints it as \xb1, and nothing fails
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    from experiments.cli.main import main as command

    return command()


def __getattr__(name: str) -> Any:  # noqa: ANN401 - any public name
    """Forward public names when they are asked for (PEP 562): the command must be able to start without them."""
    if name == "__version__":
        return _version()
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    import experiments

    return getattr(experiments, name)


def __dir__() -> list[str]:
    return sorted(__all__)


def _version() -> str:
    """The installed package's, or that of the checkout this file lies in."""
    import tomllib
    from importlib.metadata import PackageNotFoundError, version
    from pathlib import Path

    try:
        return version("tokenmarket")
    except PackageNotFoundError:
        project = tomllib.loads(Path(__file__).with_name("pyproject.toml").read_text(encoding="utf-8"))["project"]
        return str(project["version"])


def _leave(_number: int, _frame: FrameType | None) -> NoReturn:
    os.write(2, b"\ntokenmarket: interrupted; nothing was written\n")
    os._exit(EXIT_INTERRUPT)  # an exception could be caught, or printed, by whatever is being imported


if __name__ == "__main__":
    sys.exit(main())
