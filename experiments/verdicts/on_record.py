"""Verdicts on record: what a full run said, kept with the project as a file a study.

``python -m experiments.verdicts.keep FOLDER …`` keeps the verdicts of finished folders; the table of claims in the
documentation is written from these files.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

from experiments.output.folder import Folder
from experiments.verdicts import history
from experiments.verdicts.verdict_tables import VERDICT
from sim.errors import OutputError

RECORDS: Final = Path(__file__).with_name("records")
DIGITS: Final = 6  # of a number on record


class VerdictRow(NamedTuple):
    """A row of the table ``verdict`` of a study's folder; nan where there is no such number."""

    part: str
    statistic: str
    asked: str
    mean: float
    half_width: float
    n: int
    said: str


class VerdictOnRecord(NamedTuple):
    """A verdict, and what stands beside it.

    Attributes
    ----------
    study
        Name of the study.
    digest, commit
        Of the rule, and the commit that last changed it.
    code
        The commit that ran, with a word if its files were changed; empty if it is not known.
    look
        Whether it is a look, and no verdict.
    exploratory, gates
        Why it is exploratory, and which gates were not passed; empty if nothing stands in its way.
    rows
        What was weighed, the control, the rungs of the ladder, what flips it, and the verdict.
    """

    study: str
    digest: str
    commit: str
    code: str
    look: bool
    exploratory: str
    gates: str
    rows: tuple[VerdictRow, ...]

    @property
    def verdict(self) -> str:
        """The verdict in words."""
        return next(row.said for row in self.rows if row.part == "verdict")

    def of(self, *parts: str) -> list[VerdictRow]:
        """Return the rows of some parts."""
        return [row for row in self.rows if row.part in parts]


def in_folder(folder: Folder) -> VerdictOnRecord:
    """Return the verdict that the folder of a study of a claim holds.

    Raises
    ------
    MarketError
        If it holds none.
    """
    manifest = folder.manifest
    rule, commit = dict(manifest.get("rule") or {}), dict(manifest.get("commit") or {})
    code = str(commit.get("id", ""))
    return VerdictOnRecord(
        folder.study, str(rule.get("digest", "")), str(rule.get("commit", history.UNKNOWN_COMMIT)),
        f"{code}, changed since" if code and commit.get("modified") else code,
        bool(manifest.get("no_verdict") or manifest.get("look")), str(rule.get("exploratory", "")),
        str(manifest.get("gates") or ""), _rows(folder.table(VERDICT).to_dict("records")))


def keep(folder: Folder, into: Path = RECORDS, runs: Path = history.RECORD) -> VerdictOnRecord:
    """Put the verdict of a full run on record, in place of an earlier one of its study.

    Parameters
    ----------
    folder
        Of a finished study.
    into
        Where records are.
    runs
        The project's full runs, to which the run is added unless one of that rule and verdict is there.

    Raises
    ------
    OutputError
        If it is a look, or its rule is under no version control, or was changed since.
    MarketError
        If the folder holds no verdict.
    """
    found = in_folder(folder)
    if found.look:
        raise OutputError(f"{folder.path} holds a look at {found.study}, and no verdict: only a full run is kept")
    if " " in found.commit or not found.digest:
        raise OutputError(f"{folder.path}: the rule of {found.study} is {found.commit!r}; only a run whose rule is in "
                          "a commit is kept")
    text = json.dumps({**found._asdict(), "rows": [_plain(row) for row in found.rows]}, indent=1, ensure_ascii=False)
    (into / f"{found.study}.json").write_text(f"{text}\n", encoding="utf-8", newline="\n")
    history.add_to(runs, history.FullRun(found.study, found.digest, found.commit, found.verdict))
    return found


def on_record(study: str, records: Path = RECORDS) -> VerdictOnRecord | None:
    """Return the verdict of a study that is on record; None if there is none."""
    path = records / f"{study}.json"
    if not path.is_file():
        return None
    data: Mapping[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return VerdictOnRecord(**{**data, "rows": _rows(data["rows"])})


def _rows(rows: Sequence[Mapping[Any, Any]]) -> tuple[VerdictRow, ...]:
    """Rows as a table or a record has them: an empty cell is None or nan."""
    return tuple(VerdictRow(_text(row["part"]), _text(row["statistic"]), _text(row["asked"]), _number(row["mean"]),
                            _number(row["half_width"]), int(row["n"]), _text(row["said"])) for row in rows)


def _text(cell: object) -> str:
    return cell if isinstance(cell, str) else ""


def _number(cell: float | None) -> float:
    return math.nan if cell is None else float(cell)


def _plain(row: VerdictRow) -> dict[str, Any]:
    """A row for a file: numbers to some digits, none where there is no such number."""
    shown = {name: None if isinstance(cell, float) and math.isnan(cell) else cell for name, cell in
             row._asdict().items()}
    return {name: float(f"{cell:.{DIGITS}g}") if isinstance(cell, float) else cell for name, cell in shown.items()}
