"""The page of a verdict, and what the terminal shows of it: every sentence with a number is made from the tables."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from experiments.output.folder import SUMMARY, Folder
from experiments.report.blocks import Block, Column, Items, Section, Table, Text
from experiments.report.numbers import NONE, measured
from experiments.report.pieces import as_it_is, figures_in
from experiments.stats.digits import sentence
from experiments.studies.study import Answer
from experiments.verdicts.history import UNKNOWN_COMMIT
from experiments.verdicts.rule import DecisionRule
from experiments.verdicts.verdict_tables import ALONE, CONTROL, ROBUST, VERDICT, said_in

if TYPE_CHECKING:
    from pandas import DataFrame

    from experiments.report.pieces import Legend
    from experiments.verdicts.judged import Judged

NO_VERDICT: Final = "A look, and no verdict"
SHORT: Final = 10  # digits of a commit or a digest


class ClaimPage(NamedTuple):
    """What a study adds to its page: rule, captions of figures by name, sentences, limits, and citations."""

    rule: DecisionRule
    legends: Mapping[str, Legend]
    sentences: tuple[str, ...]
    limits: tuple[str, ...]
    known: tuple[str, ...]


def told(rule: DecisionRule, judged: Judged[Any], summary: DataFrame) -> str:
    """Return the study's table, what was weighed, and the verdict."""
    ruling = judged.ruling
    lines = [summary.to_string(index=False, na_rep=""), "", f"claim: {rule.claim} ({rule.by})"]
    for part, weighed in (("arithmetic", ruling.arithmetic), ("supported", ruling.supported),
                          ("contradicted", ruling.contradicted)):
        lines += [f"  {part} if {it.threshold.statistic} {it.threshold.asked}: {sentence(it.found)}, "
                  f"{'holds' if it.holds else 'does not hold'}" for it in weighed]
    if ruling.control.control.has_null:
        lines.append(f"  control ({ruling.control.control.what}): {sentence(ruling.control.found)}, "
                     f"{'null' if ruling.control.is_null else 'not null'}")
    if judged.robust is not None:
        lines.append(f"  {judged.robust.sentence}")
    word = f"{NO_VERDICT} ({judged.look}); the rule says: {ruling.said}" if judged.look else f"verdict: {ruling.said}"
    return "\n".join([*lines, word])


def standing(folder: Folder) -> list[str]:
    """Say what stands between a folder's numbers and a verdict: a look, a changed rule, gates that were not passed."""
    manifest, rule = folder.manifest, folder.manifest.get("rule") or {}
    said = [f"{NO_VERDICT}: {manifest['no_verdict']}."] if manifest.get("no_verdict") else []
    said += [f"The study is {rule['exploratory']}."] if rule.get("exploratory") else []
    said += [f"{str(manifest['gates'])[:1].upper()}{str(manifest['gates'])[1:]}."] if manifest.get("gates") else []
    return said


def answer(page: ClaimPage, folder: Folder, figures: Path) -> Answer:
    """Return the page: claim, mechanism, one figure, one table, what would change the verdict, limits."""
    rule, said = page.rule, said_in(folder)
    look = bool(folder.manifest.get("no_verdict"))
    headline = f"{NO_VERDICT}: the rule would say {said}." if look else f"Verdict: {said}."
    blocks: list[Block] = [Text(headline), *map(Text, standing(folder)), Text(f"Mechanism. {rule.mechanism}"),
                           *map(Text, page.sentences), *figures_in(figures, dict(page.legends)),
                           as_it_is(folder.table(SUMMARY))]
    changes: list[Block] = [Text(_written(folder, rule)), weighed_table(folder), Text(_robust(folder)),
                            *([Items(page.known)] if page.known else [])]
    sections = [Section("results", "Verdict", tuple(blocks)),
                Section("change", "What would change the verdict", tuple(changes))]
    known = folder.manifest.get("rule") or {}
    facts = {"verdict": f"{said} (a look)" if look else said, "seeds": f"{rule.seeds} asked",
             "rule": f"`{str(known.get('digest', rule.digest))[:SHORT]}`"}
    return Answer(f"{rule.claim} (Claimed by {rule.by}.)", sections, list(page.limits), facts)


def _written(folder: Folder, rule: DecisionRule) -> str:
    """Say when the rule was written, and what it compares."""
    known = folder.manifest.get("rule") or {}
    commit = str(known.get("commit", UNKNOWN_COMMIT))
    by = "The rule is not under version control" if commit == UNKNOWN_COMMIT else (
        f"Commit `{commit[:SHORT]}`{commit[40:]} last changed the rule")
    return (f"The rule. {rule.statistic} {by}; the seeds of the verdict follow from the digest of its text, "
            f"`{str(known.get('digest', rule.digest))[:SHORT]}`. The smallest full design: {rule.smallest_full}. "
            f"Control: {rule.control.what}.")


def weighed_table(folder: Folder) -> Table:
    """Return what was weighed, with the control and the inputs alone."""
    frame = folder.table(VERDICT)
    heads = (Column("part", words=True), Column("statistic", words=True), Column("asked", words=True),
             Column("mean ± half-width"), Column("seeds"), Column("said", words=True))
    rows = tuple((str(row["part"]), _cell(row["statistic"]), _cell(row["asked"]),
                  measured(row["mean"], row["half_width"]), str(row["n"]), _cell(row["said"]))
                 for row in frame[~frame["part"].isin(["verdict", ROBUST])].to_dict("records"))
    caption = (f"What the rule weighs, the {CONTROL}, and the ladder of nulls (L0: the {ALONE}; L1: with demand at "
               "list prices; L2: with hosts and uniform routing; L3: all); 95 % intervals over seeds.")
    return Table("verdict", caption, heads, rows)


def _cell(value: object) -> str:
    return str(value) if isinstance(value, str) and value else NONE


def _robust(folder: Folder) -> str:
    from experiments.verdicts.robustness import UNTOLD

    frame = folder.table(VERDICT)
    found = frame.loc[frame["part"] == ROBUST, "said"]
    return f"{found.iloc[0]} A count of points is no probability." if len(found) else UNTOLD
