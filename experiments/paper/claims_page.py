"""The document: the table of claims and a section a study, as HTML, LaTeX, and PDF where there is a browser."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

from experiments.output.folder import MANIFEST
from experiments.output.inputs import digest
from experiments.output.manifest import write_manifest
from experiments.output.owners import REPORT
from experiments.output.writer import output_folder
from experiments.paper.claims_table import ClaimFolder, tables
from experiments.paper.latex_document import document
from experiments.paper.printing import print_page
from experiments.report import html, latex
from experiments.report.blocks import Block, Figure, Items, Page, Section, Table, Text
from experiments.report.copies import gather

PAGE: Final = "paper.html"
PRINTED: Final = "paper.pdf"
SOURCE: Final = "paper.tex"
TITLE: Final = "What is claimed of the market for inference, and what its simulation says"
MARKED: Final = "A look, and no verdict"
ABOUT: Final = (
    "Each claim has a study of its own. Its decision rule was written and committed alone before the study was run in "
    "full, and the seeds follow from the rule's text; the verdict is computed from the numbers by that rule and by "
    "nothing else. A result against a claim is as welcome as one for it. A count of points at which a verdict flips is "
    "no probability: the region is what counts.")


def write(claims: Sequence[ClaimFolder], out: Path, quick: bool, force: bool = False) -> str:
    """Write the document of finished studies.

    Parameters
    ----------
    claims
        The studies with their folders.
    out
        Where to write: ``paper.html``, ``paper.tex``, ``paper.pdf`` where a Chromium is found, ``tables``, ``figures``,
        and a ``manifest.json`` that lists them. The same folders give the same bytes.
    quick
        Whether the studies are looks, which the document then is, too.
    force
        Whether a folder is taken that holds other files.

    Returns
    -------
    str
        Why there is no PDF; empty if there is one.

    Raises
    ------
    MarketError
        If a folder is not of a finished study, or nothing can be written.
    """
    with output_folder(out, REPORT, force) as top:
        content = page_of(claims, top / "figures", quick)
        (top / "tables").mkdir()
        for table in content.tables():
            _write(top / "tables" / f"{table.name}.tex", latex.booktabs(table))
        _write(top / PAGE, html.page(content))
        _write(top / SOURCE, document(content))
        unprinted = print_page(top / PAGE, top / PRINTED)
        runs = {claim.study.name: digest(claim.folder.path / MANIFEST) for claim in claims}
        write_manifest({"report": "paper", "look": quick, "runs": runs}, top)
    return unprinted


def page_of(claims: Sequence[ClaimFolder], figures: Path, quick: bool) -> Page:
    """Return what the document says; figures are copied into a folder, under names of their study."""
    figures.mkdir()
    start = (*((Text(f"{MARKED}: every study was run in its quick form."),) if quick else ()), Text(ABOUT),
             *tables(claims))
    sections = [Section("verdicts", "Claims and verdicts", start), *(_section(claim, figures) for claim in claims)]
    title = f"{MARKED}: {TITLE}" if quick else TITLE
    facts = {"claims": str(len(claims)), **_commit(claims)}
    return Page(title, "A section a study: claim, mechanism, figure, table, what would change the verdict, limits",
                facts, tuple(sections))


def _section(claim: ClaimFolder, figures: Path) -> Section:
    """A study's page as a section; names of its tables and figures begin with that of the study."""
    mine = figures / claim.study.name
    mine.mkdir()
    gather(claim.folder, mine)
    found = claim.study.write_up(claim.folder, mine)
    for path in sorted(mine.iterdir()):
        path.rename(figures / _named(claim, path.name))
    mine.rmdir()
    blocks: list[Block] = [Text(found.question)]
    for section in found.sections:
        blocks += [_renamed(block, claim, figures) for block in section.blocks]
    if found.limits:
        blocks += [Text("Limits."), Items(tuple(found.limits))]
    return Section(f"study-{claim.study.name}", f"{claim.study.title} ({claim.study.name})", tuple(blocks))


def _renamed(block: Block, claim: ClaimFolder, figures: Path) -> Block:
    if isinstance(block, Table):
        return replace(block, name=_named(claim, block.name))
    if isinstance(block, Figure):
        return replace(block, svg=figures / _named(claim, block.svg.name))
    return block


def _named(claim: ClaimFolder, name: str) -> str:
    return name if name.startswith(claim.study.name) else f"{claim.study.name}-{name}"


def _commit(claims: Sequence[ClaimFolder]) -> dict[str, str]:
    found = {str((claim.folder.manifest.get("commit") or {}).get("id", "")) for claim in claims}
    return {"commit": f"`{next(iter(found))[:10]}`"} if len(found) == 1 and "" not in found else {}


def _write(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8", newline="\n")
