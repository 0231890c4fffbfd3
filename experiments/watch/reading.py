"""Reading the folder of a market's run: its manifest and the tables that a page needs, or what is wrong with it."""

from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from experiments.measures.market_tables import headers
from experiments.output.folder import MANIFEST, Folder, read_folder
from sim.errors import MarketError

if TYPE_CHECKING:
    from pandas import DataFrame

TABLES: Final = ("period_market", "period_offers", "period_providers", "models", "switches")
MAY_BE_EMPTY: Final = ("period_offers", "switches")
FLOWS: Final = "daily_marketplaces"  # written where there are several marketplaces only


class RunFolder(NamedTuple):
    """What lies in a folder of `tokenmarket run market`.

    Attributes
    ----------
    manifest
        Its manifest, as written.
    tables
        Frames of ``TABLES`` and `FLOWS` by name, columns as in `experiments.measures.market_tables.headers`.
    """

    manifest: dict[str, Any]
    tables: "dict[str, DataFrame]"


def read(path: Path) -> RunFolder:
    """Read a folder.

    Raises
    ------
    MarketError
        If there is no such folder, it is not one of a market, or a table is missing or of another version.
    """
    if not path.is_dir():
        raise MarketError(f"there is no folder {path}; give one that `tokenmarket run market` wrote")
    folder = read_folder(path)
    if not all(name in folder.files for name in (f"{table}.csv" for table in TABLES)):
        raise MarketError(f"{path} is of the study {folder.study!r}; only a folder of `tokenmarket run market` has a "
                          "market's time to move through")
    tables = {name: _table(folder.file(f"{name}.csv")) for name in TABLES}
    return RunFolder(folder.manifest, {**tables, FLOWS: _flows(folder)})


def _flows(folder: Folder) -> "DataFrame":
    """Who went from marketplace to marketplace; no rows of a market that has only one."""
    import pandas as pd

    if f"{FLOWS}.csv" not in folder.files:
        return pd.DataFrame(columns=list(headers()[FLOWS]))
    return _table(folder.file(f"{FLOWS}.csv"))


def _table(path: Path) -> "DataFrame":
    import pandas as pd
    from pandas.errors import EmptyDataError, ParserError

    again = f"run it again: tokenmarket replay {path.parent / MANIFEST} --out DIR"
    try:
        frame = pd.read_csv(path, keep_default_na=False, na_values=[""])
    except FileNotFoundError:
        raise MarketError(f"{path} is not there; an earlier version may have written this folder, {again}") from None
    except (OSError, EmptyDataError, ParserError, UnicodeDecodeError) as error:
        raise MarketError(f"cannot read {path} ({type(error).__name__}); {again}") from None
    missing = [name for name in headers()[path.stem] if name not in frame.columns]
    if missing:
        raise MarketError(f"{path} has no column {missing[0]!r}; another version wrote it, {again}")
    if frame.empty and path.stem not in (*MAY_BE_EMPTY, FLOWS):
        raise MarketError(f"{path} has no rows, so there is nothing to show")
    return frame
