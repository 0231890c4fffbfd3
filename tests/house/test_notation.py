"""Every symbol has a name that stands in the code, and every numbered equation a place where it is computed."""

import re

import pytest

from worlds.places import ROOT

ROW = re.compile(r"^\| ([^|]+) \| ([^|]+) \| [^|]+ \| ([^|]+) \| `([^`]+)` \|$", re.MULTILINE)
NUMBER = re.compile(r"\b([ECMSPV]\d+)\b")
ROWS = ROW.findall((ROOT / "docs/notation.md").read_text(encoding="utf-8"))


def expanded(text: str) -> set[str]:
    """Numbers of equations in a text, ranges such as E7–E9 written out."""
    found = set(NUMBER.findall(text))
    for letter, first, last in re.findall(r"\b([ECMSPV])(\d+)–\1(\d+)", text):
        found |= {f"{letter}{number}" for number in range(int(first), int(last) + 1)}
    return found


@pytest.mark.parametrize(("symbol", "names", "numbers", "file"), ROWS)
def test_a_symbol_has_its_name_in_its_file(symbol, names, numbers, file):
    text = (ROOT / file).read_text(encoding="utf-8")
    assert not [name for name in re.findall(r"`([^`]+)`", names) if not re.search(rf"\b{re.escape(name)}\b", text)]


def test_every_equation_has_a_name_and_a_place_in_the_code():
    page = (ROOT / "docs/theory.md").read_text(encoding="utf-8")
    table = page[page.index("## Where every numbered equation is"):]
    known = expanded(table)
    assert len(known) == 17 + 3 + 3 + 5 + 5 + 4
    assert known <= expanded(" ".join(numbers for _, _, numbers, _ in ROWS))
    files = [path for room in ("sim", "providers", "experiments/measures", "tests/theory")
             for path in (ROOT / room).rglob("*.py")]
    said = expanded(" ".join(path.read_text(encoding="utf-8").replace(" to E", "–E") for path in files))
    assert not known - said
