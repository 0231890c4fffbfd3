"""Writing a run or a sweep up: one folder with the page, Markdown, LaTeX tables, figures and a citation."""

from pathlib import Path
from typing import Final

from experiments.output.folder import MANIFEST, Folder, FolderError, read_folder
from experiments.output.inputs import digest
from experiments.output.manifest import write_manifest
from experiments.output.owners import REPORT, identity
from experiments.output.writer import output_folder
from experiments.report import assumptions, bibtex, common, html, latex, markdown, standing
from experiments.report.blocks import Page, Section, Text
from experiments.report.copies import gather
from experiments.studies.looks import look_in
from experiments.studies.registry import study_named

PAGE: Final = "report.html"


def write(path: Path, out: Path, question: str = "", force: bool = False) -> Path:
    """Write up the folder of a run or a sweep, and return where the page is.

    Parameters
    ----------
    path
        The folder, as `tokenmarket run` or `tokenmarket sweep` wrote it.
    out
        Where to write: ``report.html``, ``report.md``, ``citation.bib``, ``tables/*.tex``, ``figures/*``, and a
        ``manifest.json`` that lists them. The same folder, and the same certificate of its market, give the same bytes.
    question
        What the study is to answer, in place of the words that every study brings.
    force
        Whether a folder is taken that holds other files.

    Raises
    ------
    FolderError
        If the folder is not of a finished study, or ``out`` is the folder of a run.
    OutputError
        If ``out`` holds other files, or cannot be written.
    """
    folder = read_folder(path)
    if "study" in identity(out / MANIFEST):  # whatever --force says: the run's own files would go
        raise FolderError(f"cannot write the report to {out}: it holds a run; give a folder of its own with --out")
    with output_folder(out, REPORT, force) as top:
        figures, tables = top / "figures", top / "tables"
        figures.mkdir()
        tables.mkdir()
        gather(folder, figures)
        study_named(folder.study).gather(folder, figures)
        content = _content(folder, figures, question)
        texts = {top / PAGE: html.page(content), top / "report.md": markdown.page(content),
                 top / "citation.bib": bibtex.entry(folder.manifest)}
        texts |= {tables / f"{table.name}.tex": latex.booktabs(table) for table in content.tables()}
        for place, text in texts.items():
            place.write_text(text, encoding="utf-8", newline="\n")
        write_manifest({"report": folder.study, "run": digest(folder.path / MANIFEST)}, top)
    return out / PAGE


def _content(folder: Folder, figures: Path, question: str) -> Page:
    """Return what the page says; a manifest or a table of somebody else's may hold anything in any place."""
    try:
        return page_of(folder, figures, question)
    except (KeyError, TypeError, ValueError, AttributeError, IndexError, RecursionError) as error:
        raise FolderError(f"cannot write {folder.path} up: its manifest and tables do not fit together "
                          f"({type(error).__name__}: {str(error)[:200]}); tokenmarket replay makes them "
                          "anew") from error


def page_of(folder: Folder, figures: Path, question: str = "") -> Page:
    """Return what the page says, before it is HTML."""
    study = study_named(folder.study)
    found = study.write_up(folder, figures)
    sections = [
        Section("question", "Question", (Text(question or found.question),)), *found.sections,
        *common.failures(folder), *standing.of_gates(folder), *common.scenario(folder), *assumptions.on_record(folder),
        *common.invariants(folder),
        common.limitations(folder, found.limits), common.versions(folder), common.reproduce(folder),
        common.cite(folder),
    ]
    name = str(folder.scenario.get("name", ""))
    subtitle = f"Scenario `{name}`: {folder.scenario.get('description', '')}" if name else f"Study `{folder.study}`"
    title = f"{study.title}: {name}" if name else study.title
    look = look_in(folder.manifest)
    if look:
        title, subtitle = f"A look, not a result: {title}", f"{subtitle}. What this look leaves out: {look}"
    return Page(title, subtitle, _facts(folder, found.facts), tuple(sections))


def _facts(folder: Folder, own: dict[str, str]) -> dict[str, str]:
    facts = {"study": f"{folder.study} (a look)" if look_in(folder.manifest) else folder.study, **own}
    if "replications" in folder.parameters:
        facts["replications"] = str(folder.parameters["replications"])
    runs = [verdict["held_in_runs"] for verdict in (folder.manifest.get("invariants") or {}).values()
            if isinstance(verdict, dict) and "held_in_runs" in verdict]
    if runs:
        facts["runs"] = f"{max(runs):,}"
    if "seed" in folder.manifest:
        facts["seed"] = str(folder.manifest["seed"])
    commit = folder.manifest.get("commit")
    if commit:
        facts["commit"] = f"`{commit['id'][:10]}`" + (" + changes" if commit.get("modified") else "")
    return facts
