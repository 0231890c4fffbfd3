"""Files of a tournament: tables, manifest, figures, written together or not at all."""

import csv
import hashlib
import io
import json
import math
import os
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import product
from pathlib import Path
from typing import Any, Final

from experiments.measures.catalogue import unit_of
from experiments.studies.tournament.design import Tournament
from sim.errors import OutputError

SUMMARY_COLUMNS: Final = ("policy", "load", "metric", "unit", "mean", "half_width", "n")
PAIR_COLUMNS: Final = ("policy", "baseline", "load", "metric", "unit", "difference", "half_width",
                       "correlation", "variance_reduction", "n", "p", "p_holm")
MANIFEST: Final = "manifest.json"


def summary_csv(result: Tournament) -> str:
    """Return mean and half-width of every metric by policy and load, as CSV."""
    rows = []
    for policy, load in result.design.cells():
        for metric in result.metrics:
            got = result.interval(policy, load, metric)
            rows.append((policy, number(load), metric, unit_of(metric), number(got.mean),
                         number(got.half_width), str(got.n)))
    return csv_text(SUMMARY_COLUMNS, rows)


def pairs_csv(result: Tournament) -> str:
    """Return the paired differences of every policy to the baseline, as CSV.

    ``p_holm`` is corrected for the number of comparisons of its metric, over policies and loads.
    """
    from experiments.stats.multiple import verdicts

    rows = []
    baseline = result.design.baseline
    cells = [(policy, load) for policy, load in result.design.cells() if policy != baseline]
    found = {metric: {cell: result.paired(cell[0], baseline, cell[1], metric) for cell in cells}
             for metric in result.metrics}
    judged = {metric: verdicts({cell: got.difference for cell, got in of.items()}) for metric, of in found.items()}
    for (policy, load), metric in product(cells, result.metrics):
        got, verdict = found[metric][policy, load], judged[metric][policy, load]
        rows.append((policy, baseline, number(load), metric, unit_of(metric),
                     number(got.difference.mean), number(got.difference.half_width), number(got.correlation),
                     number(got.variance_reduction), str(got.difference.n), number(verdict.p),
                     number(verdict.adjusted)))
    return csv_text(PAIR_COLUMNS, rows)


def write(result: Tournament, manifest: dict[str, Any], folder: Path) -> None:
    """Write every file of a tournament into a folder."""
    from experiments.studies.tournament import figures

    tables = {"summary.csv": summary_csv(result), "pairs.csv": pairs_csv(result)}
    for name, text in tables.items():
        (folder / name).write_text(text, encoding="utf-8", newline="\n")
    figures.frontier(result, folder)
    figures.loads(result, folder)
    write_manifest({**manifest, "rows": {name: text.count("\n") - 1 for name, text in tables.items()}}, folder)


def write_manifest(manifest: dict[str, Any], folder: Path) -> None:
    """Write ``manifest.json`` into a folder, with the digests of the files that lie there already."""
    whole = {**manifest, "files": {name: digest(folder / name) for name in sorted(os.listdir(folder))}}
    text = json.dumps(whole, indent=1, ensure_ascii=False, allow_nan=False) + "\n"
    (folder / MANIFEST).write_text(text, encoding="utf-8", newline="\n")


def digest(path: Path) -> str:
    """Return the BLAKE2b digest of a file, 32 hexadecimal digits."""
    return hashlib.blake2b(path.read_bytes(), digest_size=16).hexdigest()


@contextmanager
def output_folder(out: Path) -> Iterator[Path]:
    """Give a folder to write in, and move its files to ``out`` only if all went well.

    Raises
    ------
    OutputError
        Before anything is done, if ``out`` cannot be written.
    """
    made = _make_parents(out)
    try:
        stage = Path(tempfile.mkdtemp(prefix=f".{out.name}-", suffix=".partial", dir=out.parent))
    except OSError as error:
        _remove_empty(made)
        raise OutputError(f"cannot write results to {out}: {error.strerror}") from None
    try:
        yield stage
        _move(stage, out)
    finally:
        shutil.rmtree(stage, ignore_errors=True)
        _remove_empty(made)


def check_writable(out: Path) -> None:
    """Make a folder, if it is not there, and make sure that results can be written to it.

    Raises
    ------
    OutputError
        If they cannot.
    """
    _make_parents(out)
    try:
        out.mkdir(exist_ok=True)
    except OSError as error:
        raise OutputError(f"cannot write results to {out}: {error.strerror}") from None


def _make_parents(out: Path) -> list[Path]:
    """Create the folder that ``out`` lies in, and return the folders that were missing, innermost first."""
    if out.exists() and not out.is_dir():
        raise OutputError(f"cannot write results to {out}: it is a file, not a folder")
    if out.exists() and not os.access(out, os.W_OK | os.X_OK):
        raise OutputError(f"cannot write results to {out}: permission denied")
    missing = [folder for folder in (out.parent, *out.parent.parents) if not folder.exists()]
    found = (missing[-1] if missing else out).parent
    if not found.is_dir():
        raise OutputError(f"cannot write results to {out}: {found} is a file, not a folder")
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        _remove_empty(missing)
        raise OutputError(f"cannot write results to {out}: {error.strerror}") from None
    return missing


def _move(stage: Path, out: Path) -> None:
    """Replace the files of an earlier run, the manifest last: where it lies, the rest is complete."""
    try:
        out.mkdir(exist_ok=True)
        earlier = _files_listed(out / MANIFEST)
        (out / MANIFEST).unlink(missing_ok=True)
        for name in earlier:
            (out / name).unlink(missing_ok=True)
        for name in sorted(os.listdir(stage), key=lambda name: (name == MANIFEST, name)):
            os.replace(stage / name, out / name)
    except OSError as error:
        raise OutputError(f"cannot write results to {out}: {error.strerror}") from None


def _files_listed(manifest: Path) -> list[str]:
    """Names that a manifest lists as its own; none if there is no manifest, or another program's."""
    try:
        listed = list(dict(json.loads(manifest.read_text(encoding="utf-8"))["files"]))
    except (FileNotFoundError, ValueError, KeyError, TypeError):
        return []
    return [name for name in listed if Path(name).name == name]


def _remove_empty(folders: list[Path]) -> None:
    for folder in folders:
        try:
            folder.rmdir()
        except OSError:
            return  # it holds something by now, or never came to be


def csv_text(columns: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    """Return a table as CSV, its lines ended as on Unix everywhere."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(rows)
    return text.getvalue()


def number(value: float) -> str:
    """Nine significant digits, empty if undefined."""
    return f"{value:.9g}" if math.isfinite(value) else ""
