"""The ODD page: its tables are those of the code, and it has the seven elements."""

import re

import pytest

from experiments.checklist import odd
from sim.errors import MarketError
from sim.market.models.catalogue import BUILT_IN

TEXT = odd.PAGE.read_text(encoding="utf-8")


def test_the_page_says_what_the_code_says():
    assert odd.current(TEXT) == TEXT, "bring it up to date: python -m experiments.checklist.odd"


def test_it_has_the_seven_elements_and_the_eleven_concepts():
    assert [line[3] for line in TEXT.splitlines() if line.startswith("## ")] == list("1234567")
    concepts = TEXT.partition("## 4.")[2].partition("## 5.")[0]
    assert re.findall(r"^\*\*([A-Z][a-z ]+)\.\*\*", concepts, re.MULTILINE) == [
        "Basic principles", "Emergence", "Adaptation", "Objectives", "Learning", "Prediction", "Sensing", "Interaction",
        "Stochasticity", "Collectives", "Observation"]


def test_a_table_that_is_out_of_date_is_replaced():
    stale = TEXT.replace("`traffic.warmup_s`", "`traffic.warm_up`")
    assert stale != TEXT
    assert odd.current(stale) == TEXT


@pytest.mark.parametrize("name", sorted(odd.BLOCKS))
def test_no_table_may_be_missing(name):
    with pytest.raises(MarketError, match="must have each of"):
        odd.current(TEXT.replace(f"<!-- from the code: {name} -->", ""))


def test_every_entity_is_told_with_its_variables_and_file():
    rows = odd.entities().splitlines()[2:]
    assert len(rows) >= 15
    for row in rows:
        name, what, variables, path = row.strip("| ").split(" | ")
        assert what
        assert variables.count("`") >= 2, name
        assert (odd.ROOT / path.strip("`")).is_file()


def test_the_catalogue_is_counted_without_its_comment_and_header():
    lines = [line for line in BUILT_IN.read_text(encoding="utf-8").splitlines() if not line.startswith("#")]
    assert f"{len(lines) - 1} models" in odd.inputs()


def test_links_lead_somewhere():
    for target in re.findall(r"\]\(([^)#]+)\)", TEXT):
        assert (odd.PAGE.parent / target).is_file(), target
