"""The record of `all_fields.py` names every field of every scenario once, and says what it changes or why not."""

import csv
from collections import Counter
from typing import Literal

import pytest
from pydantic import BaseModel

from sim.scenario import MarketScenario, TrafficScenario
from worlds.field_reasons import NOT_TRIED, REASONS, reason_for
from worlds.field_tree import leaves, places, steps_of, value_at
from worlds.places import ROOT

FORMS = {"traffic": TrafficScenario, "market": MarketScenario}
with (ROOT / "tests/house/all_fields.csv").open(encoding="utf-8") as file:
    ROWS = list(csv.DictReader(file))


class Small(BaseModel):
    kind: Literal["small"] = "small"
    size: float = 1.0


class Large(BaseModel):
    kind: Literal["large"] = "large"
    names: tuple[str, ...] = ("a",)


class Whole(BaseModel):
    """A scenario of all that a tree may have."""

    days: int = 1
    choice: Small | Large | None = Small()
    entries: tuple[Small, ...] = (Small(), Small(size=2.0))
    tables: dict[str, Large] = {"one": Large(), "two": Large(names=("b",))}


def test_the_tree_of_a_scenario_of_all_kinds():
    assert [leaf.path for leaf in leaves(Whole)] == [
        "days", "choice<small>.kind", "choice<small>.size", "choice<large>.kind", "choice<large>.names",
        "entries[].kind", "entries[].size", "tables.*.kind", "tables.*.names"]


@pytest.mark.parametrize(("path", "there"), [
    ("days", [["days"]]), ("choice<small>.size", [["choice", "size"]]), ("choice<large>.names", []),
    ("entries[].size", [["entries", 0, "size"], ["entries", 1, "size"]]),
    ("tables.*.names", [["tables", "one", "names"], ["tables", "two", "names"]])])
def test_places_of_a_field(path, there):
    assert list(places(Whole(), steps_of(path))) == there


def test_values_at_places():
    assert value_at(Whole(), ["entries", 1, "size"]) == 2.0
    assert value_at(Whole(), ["tables", "two", "names"]) == ("b",)


@pytest.mark.parametrize("form", FORMS)
def test_every_field_is_on_record_once(form):
    told = Counter(row["field"] for row in ROWS if row["form"] == form)
    there = {leaf.path for leaf in leaves(FORMS[form])}
    again = "run `python tests/house/all_fields.py --write`"
    assert there - set(told) == set(), again
    assert set(told) - there == set(), again
    assert max(told.values()) == 1


def test_a_field_changes_something_or_has_a_reason():
    for row in ROWS:
        assert bool(row["changed"]) != bool(row["reason"]), row
        assert row["reason"] in (reason_for(row["form"], row["field"]), NOT_TRIED), row


def test_every_field_was_tried():
    left = [row["field"] for row in ROWS if row["reason"] == NOT_TRIED]
    assert left == [], "run `python tests/house/all_fields.py --missing --write`"


def test_every_reason_is_needed():
    given = {row["reason"] for row in ROWS}
    assert [pattern for pattern, reason in REASONS.items() if reason not in given] == []
