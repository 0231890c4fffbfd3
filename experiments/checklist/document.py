"""The checklist as a Markdown file: derived parts that are made anew, and the author's parts, which are kept."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from experiments.checklist.derived import Study, derived
from experiments.checklist.stress import ITEMS, Item
from sim.errors import MarketError, OutputError

GAP: Final = "TO FILL IN:"
BEGIN: Final = "<!-- author {} -->"
END: Final = "<!-- end -->"
AUTHOR: Final = re.compile(r"<!-- author (\d\.\d) -->\n(.*?)\n?<!-- end -->", re.DOTALL)


def document(study: Study, answers: Mapping[str, str]) -> str:
    """Return the checklist of a study.

    Parameters
    ----------
    study
        The run.
    answers
        What the author has said, by item; missing ones become marked gaps.
    """
    found, lines, group = derived(study), [*_head(study)], ""
    for item in ITEMS:
        if item.group != group:
            group = item.group
            lines += [f"## {item.number[0]}. {group}", ""]
        lines += [f"### {item.number} {item.title}", ""]
        if found[item.number]:
            lines += [found[item.number], ""]
        question = _question(item, found[item.number])
        if question:
            lines += [BEGIN.format(item.number), answers.get(item.number) or f"{GAP} {question}", END, ""]
    return "\n".join(lines).rstrip() + "\n"


def answers_in(text: str) -> dict[str, str]:
    """Return what an author has filled in, by item; gaps that are still marked are left out."""
    return {number: answer.strip() for number, answer in AUTHOR.findall(text)
            if answer.strip() and GAP not in answer}


def gaps(study: Study, text: str) -> list[str]:
    """Return what is left to do in a checklist of a study: gaps, and derived parts that are not the run's."""
    said = answers_in(text)
    found = derived(study)
    open_items = [f"{item.number} {item.title}: {question}" for item in ITEMS
                  if (question := _question(item, found[item.number])) and item.number not in said]
    if text != document(study, said):
        open_items.append("the parts between the author's are not those of this run; write the checklist again, "
                          "what the author has said is kept")
    return open_items


def read(path: Path) -> str:
    """Return the text of a checklist; empty if there is none yet.

    Raises
    ------
    MarketError
        If the file cannot be read, or is no checklist.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return ""
    except (OSError, UnicodeDecodeError) as error:
        raise MarketError(f"cannot read {path}: {error}") from None
    if not AUTHOR.search(text):
        raise MarketError(f"{path} is not a checklist (no part of it is marked as the author's); give another --out")
    return text


def write(study: Study, path: Path) -> list[str]:
    """Write the checklist of a study, keep what its author has said, and return what is left to do.

    Raises
    ------
    MarketError
        If a file is in the way that is no checklist, or the file cannot be written.
    """
    text = document(study, answers_in(read(path)))
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8", newline="\n")
    except OSError as error:
        raise OutputError(f"cannot write the checklist to {path}: {error.strerror}") from None
    return gaps(study, text)


def _question(item: Item, found: str) -> str:
    """What is left to the author: the item's own question, or the whole item if nothing could be derived."""
    return item.asks or ("" if found else f"{item.title.lower()}, which this study's manifest does not tell")


def _head(study: Study) -> list[str]:
    return [
        f"# STRESS-DES checklist: {study.manifest['study']} of {study.plain.get('name', 'no scenario')}", "",
        "The 20 items of Monks et al. (2018, Journal of Simulation 13(1), 55-67). What can be derived from the run's "
        f"manifest is filled in and made anew each time; `{GAP}` marks what only the author can say. Write between the "
        "marks, which the page itself does not show.", "",
    ]
