"""The page of symbols holds: each name is in its file, and each numbered equation is in the code that computes it."""

import re
from pathlib import Path

import pytest

from worlds.places import ROOT

NOTATION = (ROOT / "docs" / "notation.md").read_text(encoding="utf-8")
THEORY = (ROOT / "docs" / "theory.md").read_text(encoding="utf-8")
EQUATIONS = "## Every equation and its function"
NUMBERED = re.compile(r"^ {4,6}\(([A-Z]\d+)\)", flags=re.MULTILINE)  # where a page states an equation
TICKED = re.compile(r"`([^`]+)`")


def rows(text: str) -> list[list[str]]:
    """Cells of the rows of all tables, headings and rulers left out."""
    lines = [line for line in text.splitlines() if line.startswith("| ")]
    cells = [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines if not line.startswith("| ---")]
    return [row for row in cells if TICKED.search(row[-1])]


def spread(cell: str) -> list[str]:
    """Return ``E7, E8, E9`` of ``E7–E9``."""
    found = []
    for letter, first, last in re.findall(r"([A-Z])(\d+)(?:–[A-Z](\d+))?", cell):
        found += [f"{letter}{number}" for number in range(int(first), int(last or first) + 1)]
    return found


SYMBOLS, COMPUTED = (rows(part) for part in NOTATION.split(EQUATIONS))
KNOWN = [number for row in rows(THEORY.split("## Where every numbered equation is")[1]) for number in spread(row[0])]


def texts(cell: str) -> list[str]:
    """What is written in the files that a cell names."""
    return [Path(ROOT, name).read_text(encoding="utf-8") for name in TICKED.findall(cell)]


def says(text: str, word: str) -> bool:
    """Whether a text has a word for itself: the V3 of DeepSeek-V3 is no equation."""
    return re.search(rf"(?<![\w-]){re.escape(word)}(?!\w)", text) is not None


def test_a_range_is_spread() -> None:
    assert spread("E2, E7–E9, S1") == ["E2", "E7", "E8", "E9", "S1"]
    assert says("see (V3)", "V3")
    assert not says("DeepSeek-V3", "V3")
    assert not says("E10", "E1")


@pytest.mark.parametrize("row", SYMBOLS, ids=lambda row: row[0])
def test_every_symbol_has_its_name_in_its_file(row: list[str]) -> None:
    names = TICKED.findall(row[2])
    assert names
    assert [name for name in names if not any(says(text, name) for text in texts(row[-1]))] == []


def test_symbols_are_of_equations_that_exist() -> None:
    found = {number for row in SYMBOLS if len(row) == 6 for number in spread(row[4])}
    assert found
    assert found <= set(KNOWN)


@pytest.mark.parametrize("row", COMPUTED, ids=lambda row: row[0])
def test_every_equation_is_named_where_it_is_computed(row: list[str]) -> None:
    names, written = TICKED.findall(row[1]), texts(row[-1])
    assert [text for text in written if not says(text, row[0])] == []
    assert [name for name in names if not any(re.search(rf"(def|class) {name}\b", text) for text in written)] == []


def test_no_equation_is_left_out() -> None:
    """What pages state, what theory.md lists and what the page of symbols leads to are the same numbers."""
    stated = {number for page in (ROOT / "docs").rglob("*.md") for number in NUMBERED.findall(page.read_text("utf-8"))}
    assert len(KNOWN) == len(set(KNOWN))
    assert stated == set(KNOWN) == {row[0] for row in COMPUTED}


def test_the_theory_names_files_that_hold_the_numbers() -> None:
    for row in rows(THEORY.split("## Where every numbered equation is")[1]):
        held = [number for number in spread(row[0]) if any(says(text, number) for text in texts(row[-1]))]
        assert held == spread(row[0]), row
