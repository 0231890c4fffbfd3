"""A file of runs that were done: what a calibration reads before it runs anything, and appends to after each run."""

import csv
import io
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final, NamedTuple

from experiments.validation.facts.fact_ledger import FactLedger, LedgerError
from sim.errors import OutputError

KEYS: Final = ("run", "code", "stage", "replication")
DIGITS: Final = 10


class DoneRun(NamedTuple):
    """A run that was done.

    Attributes
    ----------
    run
        Digest of its whole scenario and replication.
    code
        Digest of the code that did it.
    stage, replication
        For what it was done, and with which streams.
    values
        Of the parameters, in the order of the ledger.
    facts
        Of all facts that runs are asked, by name; nan for what it lacks.
    """

    run: str
    code: str
    stage: str
    replication: int
    values: tuple[float, ...]
    facts: Mapping[str, float]


def head_of(ledger: FactLedger) -> list[str]:
    """Return the columns of a file of runs."""
    return [*KEYS, *(f"{it.name} (parameter)" for it in ledger.parameters),
            *(fact.name for fact in ledger.facts if fact.asked)]


def read_runs(path: Path, ledger: FactLedger) -> list[DoneRun]:
    """Read a file of runs; none if there is no file. A last line that a kill cut short is left out.

    Raises
    ------
    LedgerError
        If it is no such file, or of a ledger with other facts or parameters.
    """
    if not path.exists():
        return []
    text = path.read_text(encoding="utf-8")
    rows = list(csv.reader(io.StringIO(text[:text.rfind("\n") + 1])))
    if not rows:
        return []
    head = head_of(ledger)
    if rows[0] != head:
        other = sorted(set(rows[0]) ^ set(head))
        raise LedgerError(f"{path} is no file of runs of this ledger; its columns must be the ledger's facts and "
                          f"parameters" + (f" ({', '.join(other[:5])} differ)" if other else " in their order"))
    try:
        return [_run(row, ledger) for row in rows[1:]]
    except (ValueError, IndexError):
        raise LedgerError(f"{path} has a line that is no run; each must have {len(head)} values") from None


def _run(row: Sequence[str], ledger: FactLedger) -> DoneRun:
    count = len(ledger.parameters)
    numbers = [float(cell) if cell else math.nan for cell in row[len(KEYS):]]
    names = [fact.name for fact in ledger.facts if fact.asked]
    return DoneRun(row[0], row[1], row[2], int(row[3]), tuple(numbers[:count]),
                   dict(zip(names, numbers[count:], strict=True)))


def append_runs(path: Path, ledger: FactLedger, runs: Sequence[DoneRun]) -> None:
    """Append runs to a file; a last line that a kill cut short is cut off first, and a new file gets its head.

    Raises
    ------
    OutputError
        If it cannot be written.
    """
    try:
        old = path.read_text(encoding="utf-8") if path.exists() else ""
        whole = old[:old.rfind("\n") + 1]
        if whole != old:
            path.write_text(whole, encoding="utf-8", newline="\n")
        with path.open("a", encoding="utf-8", newline="\n") as file:
            writer = csv.writer(file, lineterminator="\n")
            if not whole:
                writer.writerow(head_of(ledger))
            writer.writerows(_row(run, ledger) for run in runs)
    except OSError as error:
        raise OutputError(f"cannot write {path}: {error.strerror}") from None


def _row(run: DoneRun, ledger: FactLedger) -> list[str]:
    names = [fact.name for fact in ledger.facts if fact.asked]
    return [run.run, run.code, run.stage, str(run.replication), *(told(value) for value in run.values),
            *(told(run.facts[name]) for name in names)]


def told(value: float) -> str:
    """Return a number as files have it, empty if there is none."""
    return f"{value:.{DIGITS}g}" if math.isfinite(value) else ""
