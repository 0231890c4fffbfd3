"""The table of claims and verdicts: of studies' folders in the document, of records in the documentation."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, NamedTuple

from experiments.output.folder import Folder
from experiments.report.blocks import Column, Table
from experiments.report.numbers import NONE, measured
from experiments.report.pieces import listed
from experiments.verdicts.on_record import VerdictOnRecord, VerdictRow, in_folder
from experiments.verdicts.verdict_study import VerdictStudy
from experiments.verdicts.verdict_tables import ALONE, CONTROL, ROBUST
from experiments.verdicts.verdict_words import SHORT

SIDES: Final = ("arithmetic", "supported", "contradicted")
UNRUN: Final = "no full run on record"
CHANGED: Final = "the rule was changed since"


class ClaimFolder(NamedTuple):
    """A study of a claim, and the folder of its run."""

    study: VerdictStudy[Any, Any]
    folder: Folder


class ClaimKept(NamedTuple):
    """A study of a claim, and what is known of its verdict: None if it was never run in full."""

    study: VerdictStudy[Any, Any]
    kept: VerdictOnRecord | None


def tables(claims: Sequence[ClaimFolder]) -> tuple[Table, ...]:
    """Return the verdicts with their numbers, and what stands beside each: control, inputs alone, what flips it."""
    return tables_of([ClaimKept(study, in_folder(folder)) for study, folder in claims])


def tables_of(claims: Sequence[ClaimKept]) -> tuple[Table, ...]:
    """Return the same tables of verdicts that were read already."""
    return _verdicts(claims), _beside([it for it in claims if it.kept is not None])


def _verdicts(claims: Sequence[ClaimKept]) -> Table:
    heads = (Column("study", words=True), Column("claim", words=True, sentences=True), Column("verdict", words=True),
             Column("numbers and rule", words=True, sentences=True), Column("seeds"), Column("rule", words=True),
             Column("its commit", words=True))
    caption = ("Each rule was written before the study was run in full: thresholds, means over seeds with 95 % "
               "intervals, the digest of the rule's text, from which the seeds follow, and the commit that last "
               "changed it.")
    return Table("claims", caption, heads, tuple(_verdict(it.study, it.kept) for it in claims))


def _verdict(study: VerdictStudy[Any, Any], kept: VerdictOnRecord | None) -> tuple[str, ...]:
    if kept is None:
        return (f"`{study.name}`", study.rule.claim, UNRUN, NONE, NONE, f"`{study.rule.digest[:SHORT]}`", NONE)
    weighed = kept.of(*SIDES)
    numbers = "; ".join(f"{row.part} if `{row.statistic}` {row.asked}: {measured(row.mean, row.half_width)}"
                        for row in weighed)
    said = " ".join(filter(None, (f"{kept.verdict}" + (" (a look, and no verdict)" if kept.look else ""),
                                  f"({CHANGED})" if kept.digest != study.rule.digest else "")))
    return (f"`{study.name}`", study.rule.claim, said, numbers, str(min(row.n for row in weighed)),
            f"`{kept.digest[:SHORT] or NONE}`", _commit(kept))


def _beside(claims: Sequence[ClaimKept]) -> Table:
    heads = (Column("study", words=True), Column("control", words=True, sentences=True),
             Column("ladder of nulls", words=True, sentences=True), Column("what flips it", words=True, sentences=True),
             Column("gates", words=True, sentences=True))
    rows = []
    for study, kept in claims:
        assert kept is not None
        flips = [row.said for row in kept.of(ROBUST)]
        rows.append((f"`{study.name}`", _control(study, kept), "; ".join(map(_rung, kept.of(ALONE))) or NONE,
                     flips[0] if flips else NONE, kept.gates or _needed(study)))
    caption = ("What stands beside each verdict: the study with its mechanism off, the same number from the inputs "
               "alone and by rung of the ladder of nulls, the region of assumptions in which the verdict is another, "
               "and gates.")
    return Table("beside", caption, heads, tuple(rows))


def _rung(row: VerdictRow) -> str:
    if row.said:
        return f"{row.statistic}: {row.said}"
    return f"{row.statistic}: {measured(row.mean, row.half_width) if row.n > 1 else f'{row.mean:.3g}'}"


def _control(study: VerdictStudy[Any, Any], kept: VerdictOnRecord) -> str:
    found = kept.of(CONTROL)
    if not found:
        return study.rule.control.what
    return f"{study.rule.control.what}: {measured(found[0].mean, found[0].half_width)}, {found[0].said}"


def _needed(study: VerdictStudy[Any, Any]) -> str:
    return f"{listed(list(study.rule.gates))} passed" if study.rule.gates else "none needed"


def _commit(kept: VerdictOnRecord) -> str:
    words = f"`{kept.commit[:SHORT]}`{kept.commit[40:]}" if len(kept.commit) >= 40 else kept.commit
    return f"{words}; exploratory" if kept.exploratory else words
