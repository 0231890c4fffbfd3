"""The table of claims and verdicts, from the folders of their studies."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from experiments.output.folder import Folder
from experiments.report.blocks import Column, Table
from experiments.report.numbers import NONE, measured
from experiments.report.pieces import listed
from experiments.verdicts.verdict_study import VerdictStudy
from experiments.verdicts.verdict_tables import ALONE, CONTROL, ROBUST, VERDICT, said_in
from experiments.verdicts.verdict_words import SHORT

if TYPE_CHECKING:
    from pandas import DataFrame

SIDES: Final = ("arithmetic", "supported", "contradicted")


class ClaimFolder(NamedTuple):
    """A study of a claim, and the folder of its run."""

    study: VerdictStudy[Any, Any]
    folder: Folder


def tables(claims: Sequence[ClaimFolder]) -> tuple[Table, ...]:
    """Return the verdicts with their numbers, and what stands beside each: control, inputs alone, what flips it."""
    return _verdicts(claims), _beside(claims)


def _verdicts(claims: Sequence[ClaimFolder]) -> Table:
    heads = (Column("study", words=True), Column("claim", words=True, sentences=True), Column("verdict", words=True),
             Column("numbers and rule", words=True, sentences=True), Column("seeds"), Column("rule", words=True),
             Column("its commit", words=True))
    rows = []
    for study, folder in claims:
        frame, rule = folder.table(VERDICT), _rule(folder)
        weighed = frame[frame["part"].isin(SIDES)]
        numbers = "; ".join(f"{row['part']} if `{row['statistic']}` {row['asked']}: "
                            f"{measured(row['mean'], row['half_width'])}" for row in weighed.to_dict("records"))
        look = " (a look, and no verdict)" if folder.manifest.get("no_verdict") or folder.manifest.get("look") else ""
        rows.append((study.name, study.rule.claim, f"{said_in(folder)}{look}", numbers, str(int(weighed["n"].min())),
                     f"`{str(rule.get('digest', NONE))[:SHORT]}`", _commit(rule)))
    caption = ("Each rule was written before the study was run in full: thresholds, means over seeds with 95 % "
               "intervals, the digest of the rule's text, from which the seeds follow, and the commit that last "
               "changed it.")
    return Table("claims", caption, heads, tuple(rows))


def _beside(claims: Sequence[ClaimFolder]) -> Table:
    heads = (Column("study", words=True), Column("control", words=True, sentences=True),
             Column("inputs alone", words=True, sentences=True), Column("what flips it", words=True, sentences=True),
             Column("gates", words=True, sentences=True))
    rows = []
    for study, folder in claims:
        frame = folder.table(VERDICT)
        alone = [f"{row['statistic']}: {measured(row['mean'], row['half_width'])}"
                 if row["n"] > 1 else f"{row['statistic']}: {row['mean']:.3g}"
                 for row in frame[frame["part"] == ALONE].to_dict("records")]
        rows.append((study.name, _control(study, frame), "; ".join(alone) or NONE, _first(frame, ROBUST),
                     str(folder.manifest.get("gates") or _needed(study))))
    caption = ("What stands beside each verdict: the study with its mechanism off, the same number from the inputs "
               "alone and by rung of the ladder of nulls, the region of assumptions in which the verdict is another, "
               "and gates.")
    return Table("beside", caption, heads, tuple(rows))


def _control(study: VerdictStudy[Any, Any], frame: DataFrame) -> str:
    found = frame[frame["part"] == CONTROL].to_dict("records")
    if not found:
        return study.rule.control.what
    row = found[0]
    return f"{study.rule.control.what}: {measured(row['mean'], row['half_width'])}, {row['said']}"


def _first(frame: DataFrame, part: str) -> str:
    found = frame.loc[frame["part"] == part, "said"]
    return str(found.iloc[0]) if len(found) else NONE


def _needed(study: VerdictStudy[Any, Any]) -> str:
    return f"{listed(list(study.rule.gates))} passed" if study.rule.gates else "none needed"


def _rule(folder: Folder) -> Mapping[str, Any]:
    return dict(folder.manifest.get("rule") or {})


def _commit(rule: Mapping[str, Any]) -> str:
    commit = str(rule.get("commit", NONE))
    words = f"`{commit[:SHORT]}`{commit[40:]}" if len(commit) >= 40 else commit
    return f"{words}; exploratory" if rule.get("exploratory") else words
