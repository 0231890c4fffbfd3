"""The BibTeX entry of this software, from CITATION.cff where the source tree is there."""

import re
from importlib.metadata import metadata
from pathlib import Path
from typing import Any, Final

from experiments.report.latex import escaped

CITATION: Final = Path(__file__).parents[2] / "CITATION.cff"
FIELD: Final = re.compile(r'^(title|version|date-released|doi|repository-code|url|license): *"?(.*?)"?$', re.MULTILINE)
AUTHOR: Final = re.compile(r'^ +(?:- +)?(name|family-names|given-names): *"?(.*?)"?$', re.MULTILINE)


def entry(manifest: dict[str, Any], citation: Path = CITATION) -> str:
    """Return an entry ``@software{tokenmarket, ...}`` with the version and the commit that a manifest names.

    Parameters
    ----------
    manifest
        Of the run that is cited.
    citation
        A citation file (format 1.2); without it, title and version of the installed package are taken.
    """
    fields = _fields(citation)
    version = manifest.get("versions", {}).get("tokenmarket") or fields["version"]
    commit = (manifest.get("commit") or {}).get("id", "")
    note = f"commit {escaped(str(commit))}, " if commit else ""
    digest = manifest.get("scenario_hash")
    lines = {
        "title": "{" + fields["title"] + "}",
        "author": fields.get("author", ""),
        "version": escaped(str(version)),
        "year": fields.get("date-released", "")[:4],
        "doi": fields.get("doi", ""),
        "url": fields.get("repository-code") or fields.get("url", ""),
        "note": f"{note}scenario {escaped(str(digest))}" if digest else note.rstrip(", "),
    }
    body = "".join(f"  {name} = {{{value}}},\n" for name, value in lines.items() if value)
    return f"@software{{tokenmarket,\n{body}}}\n"


def _fields(citation: Path) -> dict[str, str]:
    if not citation.is_file():
        about = metadata("tokenmarket")
        return {"title": f"tokenmarket: {about['Summary']}", "version": about["Version"]}
    text = citation.read_text(encoding="utf-8")
    found = dict(FIELD.findall(text))
    people: list[str] = []
    for key, value in AUTHOR.findall(text.partition("authors:")[2]):
        if key == "given-names" and people:
            people[-1] += f", {value}"
        else:
            people.append(f"{{{value}}}" if key == "name" else value)
    return {**found, "author": " and ".join(people)}
