"""Where price lists come from: files as people hold them, and the data of installed packages."""

import csv
import gzip
import io
import json
from collections.abc import Callable, Iterator
from decimal import Decimal
from importlib import metadata, util
from pathlib import Path
from typing import Any, Final, NamedTuple

from experiments.price_lists.genai_list import genai_rows
from experiments.price_lists.litellm_map import litellm_rows
from experiments.price_lists.models_dev import models_dev_rows
from experiments.price_lists.openrouter_list import openrouter_rows
from experiments.price_lists.price_csv import csv_rows
from experiments.price_lists.quote import Row
from sim.errors import OutputError
from sim.text_files import decoded

GZIP: Final = b"\x1f\x8b"  # how such a file begins
EXTRA: Final = "prices"  # of the package, that installs the lists


class Source(NamedTuple):
    """A kind of price list.

    Attributes
    ----------
    summary
        What it is, for people.
    rows
        Its offers, from the data of a file.
    package
        Distribution that holds the list; empty if it must be a file.
    inside
        The file in that package, or a dot and the module that holds the data.
    is_csv
        Whether a file is CSV, not JSON.
    """

    summary: str
    rows: Callable[[Any], Iterator[Row]]
    package: str = ""
    inside: str = ""
    is_csv: bool = False


SOURCES: Final = {
    "openrouter": Source("answers of OpenRouter's /models or /endpoints as JSON; a folder of them, too",
                         openrouter_rows),
    "litellm": Source("LiteLLM's price map, or the installed package's", litellm_rows, "litellm",
                      "model_prices_and_context_window_backup.json"),
    "models-dev": Source("models.dev's api.json, or the installed package's", models_dev_rows, "models-dev",
                         "data.json.gz"),
    "genai-prices": Source("genai-prices' data.json, or the installed package's", genai_rows, "genai-prices",
                           ".data:providers"),
    "csv": Source("a history (id, date_from, date_to) or a panel (date, provider, model) of prices "
                  "(usd_per_m_input, usd_per_m_output)", csv_rows, is_csv=True),
}


class Read(NamedTuple):
    """The rows of a list, and from where they are."""

    rows: Iterator[Row]
    origin: str


def read_list(name: str, path: Path | None) -> Read:
    """Read a price list: of a file or folder, or of the package that publishes it.

    Raises
    ------
    OutputError
        If there is no such file, it is not what it should be, or the package is not installed.
    """
    source = SOURCES[name]
    if path is None:
        if not source.package:
            raise OutputError(f"--from {name} needs the path of a file: {source.summary}")
        return Read(source.rows(_of_package(name, source)), f"{source.package} {metadata.version(source.package)}")
    if path.is_dir():
        files = sorted(path.glob("*.json"))
        if not files:
            raise OutputError(f"the folder {path} has no file *.json")
        return Read((row for file in files for row in source.rows(_of_file(file, source.is_csv))), path.name)
    return Read(source.rows(_of_file(path, source.is_csv)), path.name)


def _of_file(path: Path, is_csv: bool) -> Any:  # noqa: ANN401 - what JSON holds
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise OutputError(f"cannot read {path}: {error.strerror}") from None
    return _parsed(raw, str(path), is_csv)


def _parsed(raw: bytes, name: str, is_csv: bool) -> Any:  # noqa: ANN401 - what JSON holds
    try:
        text = decoded(gzip.decompress(raw) if raw.startswith(GZIP) else raw)
        # decimals: binary fractions would move prices off their grid
        return list(csv.DictReader(io.StringIO(text))) if is_csv else json.loads(text, parse_float=Decimal)
    except (ValueError, EOFError, OSError, RecursionError) as error:
        kind = "CSV" if is_csv else "JSON"
        raise OutputError(f"{name} cannot be read as {kind}: {' '.join(str(error).split())[:200]}") from None


def _of_package(name: str, source: Source) -> Any:  # noqa: ANN401 - what JSON holds
    """The data of an installed package, without importing more of it than they need."""
    module = source.package.replace("-", "_")
    found = util.find_spec(module)
    if found is None or not found.submodule_search_locations:
        raise OutputError(f"--from {name} without a path reads the package {source.package}, which is not installed; "
                          f"install it (pip install 'tokenmarket[{EXTRA}]'), or give the path of its data")
    if source.inside.startswith("."):
        try:
            return _plain(_attribute(module + source.inside))
        except ImportError as error:
            raise OutputError(f"--from {name} cannot import the package {source.package}: {error}; install it whole "
                              f"(pip install 'tokenmarket[{EXTRA}]'), or give the path of its data") from None
    return _of_file(Path(found.submodule_search_locations[0]) / source.inside, source.is_csv)


def _attribute(named: str) -> Any:  # noqa: ANN401 - of somebody else's package
    from importlib import import_module

    module, _, attribute = named.partition(":")
    return getattr(import_module(module), attribute)


def _plain(value: Any) -> Any:  # noqa: ANN401 - objects of somebody else's package
    """Objects as tables of what they were given."""
    if isinstance(value, list | tuple):
        return [_plain(inner) for inner in value]
    if isinstance(value, dict):
        return {name: _plain(inner) for name, inner in value.items()}
    fields = getattr(value, "__dict__", None)
    if fields is None or isinstance(value, type):
        return value
    return {name: _plain(inner) for name, inner in fields.items() if not name.startswith("_") and inner is not None}
