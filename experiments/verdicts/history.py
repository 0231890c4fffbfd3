"""Which commit last changed a rule, and whether the study had been run in full before: then it is exploratory."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any, Final, NamedTuple

from experiments.output.versions import git_says
from experiments.verdicts.rule import DecisionRule
from sim.errors import OutputError

UNKNOWN_COMMIT: Final = "not under version control"
LEDGER: Final = "full_runs.csv"  # of this user, beside the certificates
RECORD: Final = Path(__file__).with_name("full_runs.csv")  # of the project: it comes with every clone
COLUMNS: Final = ("study", "rule", "commit", "verdict")


class FullRun(NamedTuple):
    """A full run of a study: the digest of the rule it was held to, the rule's commit, and the verdict."""

    study: str
    rule: str
    commit: str
    verdict: str


def commit_of(path: Path) -> str:
    """Return the commit that last changed a file, with a word if it was changed since."""
    inside = git_says(path.parent, "ls-files", "--error-unmatch", path.name)
    commit = git_says(path.parent, "log", "-1", "--format=%H", "--", path.name) if inside else None
    if not commit:
        return UNKNOWN_COMMIT
    return f"{commit}, changed since" if git_says(path.parent, "status", "--porcelain", "--", path.name) else commit


def full_runs(study: str) -> list[FullRun]:
    """Return the full runs of a study that are on record, the project's first, in order."""
    return [run for path in (RECORD, _ledger()) for run in _read(path) if run.study == study]


def add_full_run(run: FullRun) -> None:
    """Add a full run to this user's ledger; one with the same rule is there already, and stays.

    Raises
    ------
    OutputError
        If the ledger cannot be written.
    """
    ledger = _ledger()
    if any((run.study, run.rule) == (other.study, other.rule) for other in _read(ledger)):
        return
    add_to(ledger, run)


def add_to(path: Path, run: FullRun) -> None:
    """Add a full run at the end of a list of them, unless the very same is there.

    Raises
    ------
    OutputError
        If the file cannot be written.
    """
    known = _read(path)
    if run in known:
        return
    try:
        with path.open("w", encoding="utf-8", newline="") as file:
            csv.writer(file, lineterminator="\n").writerows([COLUMNS, *known, run])
    except OSError as error:
        raise OutputError(f"cannot write the list of full runs {path}: {error.strerror}") from None


def exploratory(study: str, rule: DecisionRule) -> str:
    """Say why a study is exploratory: its first full run was held to another rule; empty if it was not."""
    runs = full_runs(study)
    if not runs or runs[0].rule == rule.digest:
        return ""
    return (f"exploratory: the rule was changed after a full run (its digest was {runs[0].rule[:10]} then, and the "
            f"verdict {runs[0].verdict!r})")


def record_of_rule(study: str, path: Path, rule: DecisionRule) -> dict[str, Any]:
    """Return what a manifest keeps of a rule: digest, commit, and why the study is exploratory, if it is."""
    why = exploratory(study, rule)
    said = {"exploratory": why} if why else {}
    return {"digest": rule.digest, "commit": commit_of(path), "seed": rule.seed, **said}


def _ledger() -> Path:
    from sim.compiled import cache_root

    return cache_root() / LEDGER


def _read(path: Path) -> list[FullRun]:
    """What a ledger holds; a line that is none was written by nobody of us."""
    try:
        with path.open(encoding="utf-8", newline="") as file:
            return [FullRun(*row) for row in list(csv.reader(file))[1:] if len(row) == len(COLUMNS)]
    except (OSError, ValueError, csv.Error):
        return []
