"""The table of claims and verdicts: of studies' folders in the document, of records in the documentation."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, NamedTuple

from experiments.output.folder import Folder
from experiments.report.blocks import Column, Table
from experiments.report.numbers import NONE, NOUGHT, measured
from experiments.report.pieces import listed
from experiments.verdicts.on_record import VerdictOnRecord, VerdictRow, in_folder
from experiments.verdicts.verdict_study import VerdictStudy
from experiments.verdicts.verdict_tables import ALONE, CONTROL, ROBUST
from experiments.verdicts.verdict_words import SHORT

SIDES: Final = ("arithmetic", "supported", "contradicted")
CERTAIN: Final = " ± 0"  # of a number that is the same in every seed
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
             Column("numbers, and what the rule asks of them", words=True, sentences=True), Column("seeds"),
             Column("rule", words=True), Column("its commit", words=True))
    caption = ("Numbers are means over seeds with 95 % intervals, or stand alone where every seed has the same; "
               "`rule.toml` in the study's folder says what each name stands for. A rule asks it of the mean, or of "
               "the whole interval where it says so. “Rule” is the digest of that file, from which the seeds follow, "
               "and “its commit” the last to change it, before the study was run in full.")
    return Table("claims", caption, heads, tuple(_verdict(it.study, it.kept) for it in claims))


def _verdict(study: VerdictStudy[Any, Any], kept: VerdictOnRecord | None) -> tuple[str, ...]:
    if kept is None:
        return (f"`{study.name}`", study.rule.claim, UNRUN, NONE, NONE, f"`{study.rule.digest[:SHORT]}`", NONE)
    weighed = kept.of(*SIDES)
    numbers = "; ".join(_asked([row for row in weighed if row.statistic == name])
                        for name in dict.fromkeys(row.statistic for row in weighed))
    said = " ".join(filter(None, (f"{kept.verdict}" + (" (a look, and no verdict)" if kept.look else ""),
                                  f"({CHANGED})" if kept.digest != study.rule.digest else "")))
    return (f"`{study.name}`", study.rule.claim, said, numbers, str(min(row.n for row in weighed)),
            f"`{kept.digest[:SHORT] or NONE}`", _commit(kept))


def _asked(rows: Sequence[VerdictRow]) -> str:
    """Return a number, once, and all that the rule asks of it: of its mean, or of what stands in brackets."""
    parts = [(row.part, *row.asked.partition(", ")) for row in rows]
    asked = ", ".join(f"{part} if {limit}" + (f" ({what})" if what else "") for part, limit, _, what in parts)
    return f"`{rows[0].statistic}` is {_number(rows[0])}: {asked}"


def _number(row: VerdictRow) -> str:
    """Return a mean with its interval, if it has one of which to speak."""
    if abs(row.mean) < NOUGHT and not row.half_width >= NOUGHT:
        return "0"
    return measured(row.mean, row.half_width).removesuffix(CERTAIN) if row.n > 1 else f"{row.mean:.3g}"


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
    caption = ("Control: the study with its mechanism off, “null” if nothing is left of it. Ladder of nulls: the "
               "number from the inputs alone (L0), with demand at list prices (L1), with hosts and uniform routing "
               "(L2) and with all (L3), or why a rung says nothing of its own. What flips it: the assumptions with "
               "which the verdict is another. Gates: those that the market must pass before the rule may be asked.")
    return Table("beside", caption, heads, tuple(rows))


def _rung(row: VerdictRow) -> str:
    if row.said:
        return f"{row.statistic}: {row.said}"
    return f"{row.statistic}: {_number(row)}"


def _control(study: VerdictStudy[Any, Any], kept: VerdictOnRecord) -> str:
    found = kept.of(CONTROL)
    if not found:
        return study.rule.control.what
    return f"{study.rule.control.what}: {_number(found[0])}, {found[0].said}"


def _needed(study: VerdictStudy[Any, Any]) -> str:
    return f"{listed(list(study.rule.gates))} passed" if study.rule.gates else "none needed"


def _commit(kept: VerdictOnRecord) -> str:
    words = f"`{kept.commit[:SHORT]}`{kept.commit[40:]}" if len(kept.commit) >= 40 else kept.commit
    return f"{words}; exploratory" if kept.exploratory else words
