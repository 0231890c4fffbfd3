"""ServeGen's clients: rates and coefficients of variation by windows of time, and distributions of lengths.

They are no requests but what requests are drawn from (`sim.demand.pool_replay`). A client is two files, as published:
``chunk-1-trace.csv`` (begin of a window, rate, CV, family and its two parameters, no header) and beside it
``chunk-1-dataset.json``. A table of many clients (client, t_s, rate_rps, ia_cv, pattern) has no lengths.
"""

import ast
import csv
import gzip
import io
import json
import math
import re
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np

from sim.demand.trace_files.duck import cannot_read, connected, literal
from sim.engines.requests import MAX_TOKENS
from sim.errors import TraceError
from sim.text_files import decoded

CHUNK: Final = re.compile(r"^chunk-\d+-trace\.csv(\.gz)?$")
DATASET: Final = re.compile(r"-dataset\.json(\.gz)?$")
GZIP: Final = b"\x1f\x8b"  # how such a file begins
MOST_WINDOWS: Final = 1_000_000  # two years of minutes
ON_GRID: Final = 1e-6  # of a window, by which one may begin beside its place
WINDOW_S: Final = 600.0  # of a file with one window; else the smallest distance of two
LEAST_CV: Final = 0.05
LARGEST_CV: Final = 20.0
FIELDS: Final = ("input_tokens", "output_tokens")
TABLE: Final = ("client", "t_s", "rate_rps", "ia_cv", "pattern")


class LengthTable(NamedTuple):
    """A distribution of whole tokens: int32 values and the probability up to and with each."""

    values: np.ndarray
    bounds: np.ndarray

    @property
    def mean(self) -> float:
        """Its mean."""
        return float((self.values * np.diff(self.bounds, prepend=0.0)).sum())


class Lengths(NamedTuple):
    """Distributions of a client from a time on."""

    begins_s: float
    prompt: LengthTable
    output: LengthTable


class RateWindow(NamedTuple):
    """What a client does in a window."""

    begins_s: float
    rate_per_s: float
    cv: float
    is_weibull: bool


@dataclass(frozen=True)
class ClientPool:
    """Clients on a common grid of windows.

    Attributes
    ----------
    path
        Where they come from.
    window_s
        Length of a window.
    rate_per_s, cv
        float64 (windows, clients); a rate of 0 is a window without requests.
    is_weibull
        bool (windows, clients); else gaps are gamma.
    lengths
        Of each client by time, empty if the files have none.
    left_out
        Clients without lengths that were left out as asked.
    """

    path: str
    window_s: float
    rate_per_s: np.ndarray
    cv: np.ndarray
    is_weibull: np.ndarray
    lengths: tuple[tuple[Lengths, ...], ...]
    left_out: int

    @property
    def period_s(self) -> float:
        """Time from the first window to the end of the last."""
        return self.window_s * len(self.rate_per_s)

    @property
    def mean_gap_s(self) -> float:
        """One over the mean rate."""
        return len(self.rate_per_s) / float(self.rate_per_s.sum())

    @property
    def mean_prompt(self) -> float:
        """Mean tokens of a prompt, NaN if the files have no lengths."""
        return self._mean("prompt")

    @property
    def mean_output(self) -> float:
        """Mean tokens of an answer, NaN if the files have no lengths."""
        return self._mean("output")

    def lengths_in(self, client: int, window: int) -> Lengths:
        """Distributions of a client in a window: those that begin last before it, or its first."""
        earlier = [it for it in self.lengths[client] if it.begins_s <= window * self.window_s]
        return earlier[-1] if earlier else self.lengths[client][0]

    def record(self) -> dict[str, Any]:
        """Return what was read, for the record."""
        windows, clients = self.rate_per_s.shape
        return {"columns": "servegen clients", "clients": clients, "windows": windows, "window_s": self.window_s,
                "rate_per_s": 1 / self.mean_gap_s, "has_lengths": bool(self.lengths), "left_out_clients": self.left_out}

    def _mean(self, what: str) -> float:
        if not self.lengths:
            return math.nan
        total = sum(self.rate_per_s[window, client] * getattr(self.lengths_in(client, window), what).mean
                    for window, client in np.argwhere(self.rate_per_s > 0).tolist())
        return float(total / self.rate_per_s.sum())


def is_pool(files: Sequence[Path], digests: Sequence[str]) -> bool:
    """Whether files, of these digests, are clients of ServeGen and no requests."""
    return any(CHUNK.match(file.name) for file in files) or (
        len(files) == 1 and _table(files[0], digests[0]) is not None)


@lru_cache(maxsize=4)
def load_pool(path: str, files: tuple[Path, ...], skip: str, digests: tuple[str, ...]) -> ClientPool:
    """Read clients.

    Parameters
    ----------
    path
        As the scenario names them, for errors.
    files
        What is there of it.
    skip
        With ``unusable``, clients without lengths are left out where others have some.
    digests
        Of the files: those that have changed are read again.

    Raises
    ------
    TraceError
        If a file is not as published, or clients without lengths stand among others.
    """
    chunks = [file for file in files if CHUNK.match(file.name)]
    others = [file for file in files if file not in chunks and not DATASET.search(file.name)]
    if chunks and others:
        raise TraceError(f"trace {path} holds clients of ServeGen and {others[0].name}, which is none")
    windows = [list(_windows(file)) for file in chunks]
    if not chunks:
        windows = list((_table(files[0], digests[0]) or {}).values())
    lengths = [_lengths(_dataset_of(file)) for file in chunks]
    bare = [file for file, known in zip(chunks, lengths, strict=True) if not known]
    left_out = 0
    if chunks and bare and len(bare) < len(chunks):
        if skip != "unusable":
            raise TraceError(f"trace {path}: {len(bare)} of {len(chunks)} clients, {bare[0].name} first, have no "
                             'lengths beside them; skip = "unusable" leaves these out')
        left_out = len(bare)
        windows = [it for it, known in zip(windows, lengths, strict=True) if known]
        lengths = [known for known in lengths if known]
    return _pool(path, windows, tuple(lengths) if any(lengths) else (), left_out)


def _pool(
    path: str, windows: Sequence[Sequence[RateWindow]], lengths: tuple[tuple[Lengths, ...], ...], left_out: int
) -> ClientPool:
    begins = sorted({window.begins_s for client in windows for window in client})
    if not begins:
        raise TraceError(f"trace {path} has no windows")
    window_s = min((b - a for a, b in pairwise(begins)), default=WINDOW_S)
    number = round((begins[-1] - begins[0]) / window_s) + 1
    _check_grid(path, begins, window_s, windows)
    rate, cv = np.zeros((number, len(windows))), np.ones((number, len(windows)))
    is_weibull = np.zeros((number, len(windows)), bool)
    for client, its in enumerate(windows):
        for it in its:
            place = round((it.begins_s - begins[0]) / window_s)
            rate[place, client], cv[place, client], is_weibull[place, client] = it.rate_per_s, it.cv, it.is_weibull
    if not rate.any():
        raise TraceError(f"trace {path}: all its clients have a rate of 0")
    return ClientPool(path, window_s, rate, cv, is_weibull, lengths, left_out)


def _check_grid(path: str, begins: Sequence[float], window_s: float, windows: Sequence[Sequence[RateWindow]]) -> None:
    """Every client has one window at a time, and all windows are of one length."""
    for it in windows:
        own = sorted(window.begins_s for window in it)
        twice = next((a for a, b in pairwise(own) if a == b), None)
        if twice is not None:
            raise TraceError(f"trace {path}: a client has two windows that begin at {twice:g} s; one is allowed")
    places = (np.array(begins) - begins[0]) / window_s
    beside = np.flatnonzero(np.abs(places - np.round(places)) > ON_GRID)
    if len(beside) or places[-1] >= MOST_WINDOWS:
        told = f"one begins at {begins[beside[0]]:g} s" if len(beside) else f"they reach to {begins[-1]:g} s"
        raise TraceError(f"trace {path}: windows must be of one length, that of the shortest, {window_s:g} s, and at "
                         f"most {MOST_WINDOWS:,}; {told}, the first at {begins[0]:g} s")


def _text(file: Path) -> str:
    """The text of a file, plain or packed by gzip."""
    content = file.read_bytes()
    return decoded(gzip.decompress(content) if content.startswith(GZIP) else content)


def _windows(file: Path) -> Iterator[RateWindow]:
    """Windows of a client's file."""
    try:
        reader = csv.reader(io.StringIO(_text(file)))
        for row in reader:
            if any(cell.strip() for cell in row):
                try:
                    begins, rate, cv, family = row[:4]
                    yield _window(begins, rate, cv, family)
                except ValueError:
                    raise TraceError(
                        f"trace {file} line {reader.line_num}: is {','.join(row)[:60]!r}, must be the begin of a "
                        "window in s, its rate, its CV, Gamma or Weibull, and two parameters") from None
    except (OSError, EOFError, zlib.error, UnicodeError, csv.Error) as error:
        raise TraceError(f"trace {file} cannot be read: {error}") from None


def _window(begins: Any, rate: Any, cv: Any, family: Any) -> RateWindow:  # noqa: ANN401 - as written
    """A window; ``ValueError`` if it is none."""
    begins_s, per_s = float(begins), float(rate)
    spread = float(cv) if per_s else 1.0
    kind = str(family or "").strip().lower()
    if not (0 <= begins_s < math.inf and 0 <= per_s < math.inf and spread >= 0 and kind in ("gamma", "weibull", "")):
        raise ValueError(begins)
    return RateWindow(begins_s, per_s, min(max(spread, LEAST_CV), LARGEST_CV), kind == "weibull")


def _dataset_of(file: Path) -> Path:
    """The file of a client's lengths, packed or not."""
    beside = file.with_name(file.name.removesuffix(".gz").replace("-trace.csv", "-dataset.json"))
    packed = beside.with_name(f"{beside.name}.gz")
    return packed if packed.is_file() and not beside.is_file() else beside


def _lengths(file: Path) -> tuple[Lengths, ...]:
    """Distributions of a client by time; none if it has no file, or an empty one."""
    if not file.is_file():
        return ()
    try:
        data = json.loads(_text(file))
        found = [Lengths(float(begins), *(_length_table(fields[name]) for name in FIELDS))
                 for begins, fields in data.items() if all(_weights(fields[name]) for name in FIELDS)]
    except (OSError, EOFError, zlib.error, ValueError, SyntaxError, TypeError, KeyError, AttributeError,
            RecursionError) as error:
        raise TraceError(f"trace {file} cannot be read: it must hold {' and '.join(FIELDS)} by time, each a table of "
                         f"tokens and their probability ({type(error).__name__}: {str(error)[:80]})") from None
    return tuple(sorted(found, key=lambda it: it.begins_s))


def _weights(written: Any) -> Mapping[int, float]:  # noqa: ANN401 - JSON, or as published a text of a Python table
    table = ast.literal_eval(written) if isinstance(written, str) else written
    wrong = next((share for share in table.values() if not float(share) >= 0), None)
    if wrong is not None:
        raise ValueError(f"a probability of {wrong}")
    # no tokens are a failed request
    return {int(tokens): float(share) for tokens, share in table.items() if int(tokens) > 0 and float(share) > 0}


def _length_table(written: Any) -> LengthTable:  # noqa: ANN401 - as above
    weights = _weights(written)
    values = np.array(sorted(weights), np.int64)
    if values[-1] > MAX_TOKENS:
        raise ValueError(f"{values[-1]} tokens")
    bounds = np.cumsum([weights[value] for value in values.tolist()])
    return LengthTable(values.astype(np.int32), bounds / bounds[-1])


@lru_cache(maxsize=4)
def _table(file: Path, _digest: str) -> dict[tuple[str, ...], list[RateWindow]] | None:
    """Windows by client of a table of many clients, None if a file is none."""
    import duckdb

    with file.open("rb") as opened:
        head = opened.read(4)
    reader = "read_parquet" if head == b"PAR1" else "read_csv"
    if reader == "read_csv":
        with file.open(encoding="utf-8-sig", errors="replace") as lines:
            if not set(TABLE) <= {name.strip() for name in lines.readline(1000).split(",")}:
                return None
    with connected() as connection:
        try:
            found = connection.sql(f"SELECT * FROM {reader}({literal(str(file))})")
            if not set(TABLE) <= set(found.columns):
                return None
            several = "workload" if "workload" in found.columns else "''"
            rows = connection.execute(f"SELECT {several}, client, t_s, rate_rps, ia_cv, pattern FROM "
                                      f"{reader}({literal(str(file))}) ORDER BY 1, 2, 3").fetchall()
        except duckdb.Error as error:
            if reader == "read_parquet":  # it is told by whoever reads it as requests
                return None
            raise cannot_read(file, error) from None
    clients: dict[tuple[str, ...], list[RateWindow]] = {}
    for number, (workload, client, *cells) in enumerate(rows, 1):
        try:
            clients.setdefault((str(workload), str(client)), []).append(_window(*cells))
        except (ValueError, TypeError):
            told = ",".join(map(str, cells))
            raise TraceError(f"trace {file} client {client}, row {number} when sorted: is {told!r}, must be t_s, "
                             "rate_rps, ia_cv and Gamma or Weibull") from None
    return clients
