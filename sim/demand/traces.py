"""Request traces: Azure LLM inference CSV, Mooncake JSONL, BurstGPT CSV and a plain CSV, plain or gzip.

A row that cannot be used is never skipped: the whole file is refused, with the lines and values to mend.
"""

import csv
import gzip
import json
import math
import zlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import Literal, NamedTuple

import numpy as np

from sim.engines.requests import MAX_TOKENS
from sim.errors import TraceError

TraceFormat = Literal["auto", "csv", "azure", "mooncake", "burstgpt"]

BAD_LINES_SHOWN = 5
SHOWN_PATH = 300  # characters of a path that is too long for the system
_TOKENS_ALLOWED = f"a whole number from 1 to {MAX_TOKENS}"


@dataclass(frozen=True)
class TraceRows:
    """The requests of a trace, in order of arrival.

    Attributes
    ----------
    path
        File they come from.
    t_s
        float64, seconds since the first request; starts at 0 and never decreases.
    prompt, output
        int32, tokens, at least 1.
    """

    path: str
    t_s: np.ndarray
    prompt: np.ndarray
    output: np.ndarray

    def __len__(self) -> int:
        return len(self.t_s)

    @property
    def mean_gap_s(self) -> float:
        """Mean time between requests: the file's span over its number of gaps.

        Raises
        ------
        TraceError
            If all requests arrive at one time, so that the file has no rate.
        """
        if not self.t_s[-1] > 0:
            raise TraceError(f"trace {self.path}: all {len(self)} rows have the same time, so it has no "
                             "rate to scale, loop or resample; it needs at least two rows at different times")
        return float(self.t_s[-1]) / (len(self) - 1)


@dataclass(frozen=True)
class _Layout:
    """How one layout names and writes time, prompt and output."""

    time: str
    prompt: str
    output: str
    seconds: Callable[[object], float]  # raises ValueError or TypeError
    time_allowed: str
    zero_output: str = ""  # what an output of zero tokens means, if the layout has a meaning for it


def _number(value: object) -> float:
    """A number, or a text that is one; ``ValueError`` or ``TypeError`` otherwise."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise TypeError(value)
    if isinstance(value, str) and "_" in value:  # Python reads 1_000 as a number, no trace writes it
        raise ValueError(value)
    return float(value)


def _plain_seconds(value: object) -> float:
    seconds = _number(value)
    if not 0 <= seconds < math.inf:
        raise ValueError(value)
    return seconds


def _stamp_seconds(value: object) -> float:
    """Seconds of a date and time (microseconds kept; without a zone it is taken as UTC)."""
    stamp = datetime.fromisoformat(str(value).strip())
    return (stamp if stamp.tzinfo else stamp.replace(tzinfo=UTC)).timestamp()


def _milliseconds(value: object) -> float:
    return _plain_seconds(value) / 1000


_SECONDS_ALLOWED = "a number of seconds, 0 or more"
_PLAIN = _Layout("t_s", "input_tokens", "output_tokens", _plain_seconds, _SECONDS_ALLOWED)
_AZURE = _Layout("TIMESTAMP", "ContextTokens", "GeneratedTokens", _stamp_seconds,
                 "a date and time like 2023-11-16 18:17:03.97")
_BURSTGPT = _Layout("Timestamp", "Request tokens", "Response tokens", _plain_seconds, _SECONDS_ALLOWED,
                    "a failed request in BurstGPT, which has a version of each file without failures")
_MOONCAKE = _Layout("timestamp", "input_length", "output_length", _milliseconds,
                    "a number of milliseconds, 0 or more")

# CSV layouts that a format may have: the published one and the normalised one
_CSV_LAYOUTS: dict[str, tuple[_Layout, ...]] = {
    "auto": (_PLAIN, _AZURE, _BURSTGPT),
    "csv": (_PLAIN,),
    "azure": (_AZURE, _PLAIN),
    "burstgpt": (_BURSTGPT, _PLAIN),
    "mooncake": (_PLAIN,),
}

Cells = tuple[object, object, object]  # time, prompt, output as written


class _Line(NamedTuple):
    """A line of the file: its number from 1, and its cells or why it has none."""

    number: int
    cells: Cells | str


def load_trace(path: str, layout: TraceFormat = "auto") -> TraceRows:
    """Read a trace file; a file that has not changed is read once.

    Parameters
    ----------
    path
        CSV or JSONL, plain or gzip (told by its first bytes, not its name).
    layout
        What the file looks like: ``"azure"`` (TIMESTAMP, ContextTokens, GeneratedTokens), ``"mooncake"``
        (JSON lines with timestamp in ms, input_length, output_length), ``"burstgpt"`` (Timestamp, Request
        tokens, Response tokens), or ``"csv"`` (t_s, input_tokens, output_tokens; the others may be normalised
        to it). ``"auto"`` looks at the first line. Further columns are ignored.

    Returns
    -------
    TraceRows
        All rows, times from the first request. The arrays are read-only.

    Raises
    ------
    TraceError
        If the file cannot be read, its header is unknown, it holds no rows, or any row is bad: not numbers,
        negative or zero tokens, or a time before the row above. The text lists the first bad lines and how
        many there are.
    """
    try:
        stat = Path(path).stat()
    except OSError as error:
        raise TraceError(f"trace {path[:SHOWN_PATH]} cannot be read: {error.strerror}") from error
    except ValueError:
        raise TraceError(f"trace {path!r} cannot be read: its path holds a NUL character") from None
    if not Path(path).is_file():
        raise TraceError(f"trace {path} cannot be read: it is a directory or a device and no file")
    return _load(path, layout, stat.st_mtime_ns, stat.st_size)


@lru_cache(maxsize=16)
def _load(path: str, layout: TraceFormat, _changed_ns: int, _bytes: int) -> TraceRows:
    lines = _text(path).rstrip().split("\n")  # not splitlines: lines are counted the way editors do
    if lines == [""]:
        raise TraceError(f"trace {path} is empty")
    if lines[0].lstrip().startswith("{"):
        if layout not in ("auto", "mooncake"):
            raise TraceError(f"trace {path}: line 1 is JSON, but format {layout!r} is a CSV; "
                             "allowed for JSON lines are 'mooncake' and 'auto'")
        return _collect(path, _MOONCAKE, _json_cells(lines))
    try:
        header = [name.strip() for name in next(csv.reader(lines[:1]))]
        chosen = _csv_layout(path, layout, header)
        return _collect(path, chosen, _csv_cells(lines, header, chosen))
    except csv.Error as error:
        raise TraceError(f"trace {path} is not a CSV: {error}") from error


def _csv_layout(path: str, layout: TraceFormat, header: list[str]) -> _Layout:
    """The first layout of a format whose columns are all in the header."""
    known = _CSV_LAYOUTS[layout]
    for candidate in known:
        if {candidate.time, candidate.prompt, candidate.output} <= set(header):
            return candidate
    wanted = " or ".join(f"{c.time},{c.prompt},{c.output}" for c in known)
    json_too = ", or JSON lines of Mooncake" if layout in ("auto", "mooncake") else ""
    raise TraceError(f"trace {path}: line 1 is {_shown(','.join(header))}, which is no known header; "
                     f"allowed are columns {wanted}{json_too}")


def _text(path: str) -> str:
    try:
        raw = Path(path).read_bytes()
        return (gzip.decompress(raw) if raw[:2] == b"\x1f\x8b" else raw).decode("utf-8-sig")
    except (OSError, EOFError, UnicodeDecodeError, zlib.error) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise TraceError(f"trace {path} cannot be read: {reason}") from error


def _csv_cells(lines: list[str], header: list[str], layout: _Layout) -> Iterator[_Line]:
    time, prompt, output = (header.index(name) for name in (layout.time, layout.prompt, layout.output))
    reader = csv.reader(lines)
    next(reader)
    for row in reader:
        if len(row) == len(header):
            yield _Line(reader.line_num, (row[time], row[prompt], row[output]))
        else:
            yield _Line(reader.line_num, f"has {len(row)} fields, must have the header's {len(header)}")


def _json_cells(lines: list[str]) -> Iterator[_Line]:
    for number, line in enumerate(lines, 1):
        try:
            record = json.loads(line)
            yield _Line(number, (record[_MOONCAKE.time], record[_MOONCAKE.prompt], record[_MOONCAKE.output]))
        except (ValueError, TypeError, KeyError, RecursionError):
            yield _Line(number, f"is {_shown(line)}, must be a JSON object with "
                                f"{_MOONCAKE.time}, {_MOONCAKE.prompt} and {_MOONCAKE.output}")


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."


def _tokens(value: object) -> int:
    """Whole number of tokens in ``[1, MAX_TOKENS]``; ``ValueError`` or ``TypeError`` otherwise."""
    number = _number(value)
    if not (1 <= number <= MAX_TOKENS and number.is_integer()):
        raise ValueError(value)
    return int(number)


def _collect(path: str, layout: _Layout, rows: Iterable[_Line]) -> TraceRows:
    """Turn cells into arrays, or refuse the file with all that is wrong in it."""
    times: list[float] = []
    prompts: list[int] = []
    outputs: list[int] = []
    bad: list[str] = []
    last = -math.inf
    for number, cells in rows:
        try:
            if isinstance(cells, str):
                raise ValueError(cells)
            t, prompt, output = layout.seconds(cells[0]), _tokens(cells[1]), _tokens(cells[2])
            if t < last:
                raise ValueError(cells)
        except (ValueError, TypeError, OverflowError):
            bad.append(f"line {number}: {cells if isinstance(cells, str) else _complaint(layout, cells)}")
            continue
        last = t
        times.append(t)
        prompts.append(prompt)
        outputs.append(output)
    if bad:
        raise TraceError(_refusal(path, bad))
    if not times:
        raise TraceError(f"trace {path} has a header but no rows")
    t_s = np.array(times) - times[0]
    arrays = t_s, np.array(prompts, dtype=np.int32), np.array(outputs, dtype=np.int32)
    for array in arrays:
        array.flags.writeable = False
    return TraceRows(path, *arrays)


def _complaint(layout: _Layout, cells: Cells) -> str:
    """What is wrong with a row: its first offending column, the value and what is allowed."""
    checks: tuple[tuple[str, Callable[[object], float], str], ...] = (
        (layout.time, layout.seconds, layout.time_allowed),
        (layout.prompt, _tokens, _TOKENS_ALLOWED),
        (layout.output, _tokens, _TOKENS_ALLOWED),
    )
    for (name, parse, allowed), value in zip(checks, cells, strict=True):
        try:
            parse(value)
        except (ValueError, TypeError, OverflowError):
            zero = str(value).strip() in ("0", "0.0") and name == layout.output and layout.zero_output
            return f"{name} is {_shown(value)}{f' ({zero})' if zero else ''}, must be {allowed}"
    return f"{layout.time} is {_shown(cells[0])}, must not be before the time of the row above"


def _refusal(path: str, bad: list[str]) -> str:
    count = f"{len(bad)} bad row{'s' if len(bad) > 1 else ''}"
    more = f"; and {len(bad) - BAD_LINES_SHOWN} more" if len(bad) > BAD_LINES_SHOWN else ""
    return f"trace {path} has {count}, and none may be skipped: {'; '.join(bad[:BAD_LINES_SHOWN])}{more}"
