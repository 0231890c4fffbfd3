"""Every field of every scenario is changed once, in a world in which its part is switched on: what became different?

Usage: ``python tests/house/all_fields.py [--only PATTERN] [--missing] [--write] [--why]`` (all: about
twenty minutes; ``--missing``: those that the record lacks; ``--write`` keeps the record `tests/house/all_fields.csv`,
which CI holds against the fields that there are; ``--why`` tells refusals).

A field is alive if some other value changes what a run gives: counts, times, money, prices, who moved. What only
repeats the setting (names, models and offers of a result) is not looked at. Of those that change nothing `REASONS` says
why; a field without a reason, and a reason that is not needed, make it fail.
"""

import argparse
import csv
import fcntl
import re
import sys
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path
from tempfile import gettempdir
from typing import Any, Final, NamedTuple

import numpy as np
from pydantic import ValidationError

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from experiments.runs.run_market import run_market
from experiments.runs.run_traffic import run_traffic
from sim.engines.outcome import TrafficOutcome
from sim.errors import MarketError
from sim.scenario import MarketScenario, Scenario, TrafficScenario
from sim.scenario.load import read_as
from worlds.field_reasons import NOT_TRIED, reason_for
from worlds.field_tree import Leaf, leaves, places, steps_of, value_at
from worlds.field_values import values_for
from worlds.field_worlds import worlds_for
from worlds.small_markets import differences

RECORD: Final = Path(__file__).with_name("all_fields.csv")
LOCK: Final = Path(gettempdir()) / "all_fields.lock"
COLUMNS: Final = ("form", "field", "world", "place", "before", "after", "changed", "reason")
SETTINGS: Final = ("models", "offers", "start", "days", "full")  # of a market's result: they repeat the scenario
FORMS: Final = {"traffic": TrafficScenario, "market": MarketScenario}
MOST_PLACES: Final = 8  # of a world, at which a field is tried


class Found(NamedTuple):
    """A row of the record."""

    form: str
    field: str
    world: str
    place: str
    before: str
    after: str
    changed: str
    reason: str


def counted(outcome: TrafficOutcome) -> dict[str, Any]:
    """All that a run of an engine counted."""
    arrays = {field.name: getattr(outcome, field.name) for field in fields(outcome)}
    return {name: value for name, value in arrays.items() if isinstance(value, np.ndarray)}


def given_by(scenario: Scenario) -> dict[str, Any]:
    """What a run gives, by the name of its part."""
    if isinstance(scenario, TrafficScenario):
        return counted(run_traffic(scenario))
    result, outcome = run_market(scenario)
    parts = {field.name: getattr(result, field.name) for field in fields(result) if field.name not in SETTINGS}
    return parts | {f"engine.{name}": value for name, value in counted(outcome).items()}


class World:
    """A scenario, its settings and what its run gives.

    Parameters
    ----------
    form, settings
        Of the scenario.
    """

    def __init__(self, form: type[Scenario], settings: dict[str, Any]) -> None:
        self.form = form
        self.scenario = read_as(form, settings, (), source="a world of fields")
        self._settings = self.scenario.model_dump()
        self._given = given_by(self.scenario)

    def changed_by(self, place: list[str | int], values: dict[str, Any]) -> str:
        """Return which parts of what it gives change with fields beside each other at a place; "" if none does."""
        settings = self._copied(self._settings, place)
        part = settings
        for key in place[:-1]:
            part = part[key]
        for name, value in values.items():
            part[name or place[-1]] = value
            if value is ...:  # left out
                del part[name]
        other = given_by(self.form.model_validate(settings))
        names = [name for name in self._given.keys() & other.keys() if differences(self._given[name], other[name])]
        return " ".join(sorted(names)[:3])

    def _copied(self, value: Any, place: list[str | int]) -> Any:
        """The settings, with what lies on the way to a place copied."""
        if not place:
            return value
        copy: Any = dict(value) if isinstance(value, dict) else list(value)
        copy[place[0]] = self._copied(value[place[0]], place[1:])
        return copy


WORLDS: dict[str, World] = {}


def world(form: str, name: str, settings: dict[str, Any]) -> World:
    """The world of a name, run once."""
    key = f"{form} {name}"
    if key not in WORLDS:
        WORLDS[key] = World(FORMS[form], settings)
    return WORLDS[key]


def tries(form: str, leaf: Leaf) -> Iterator[Found]:
    """Change a field wherever it stands; yield what was found, up to the first change that mattered."""
    steps = steps_of(leaf.path)
    for name, settings in worlds_for(FORMS[form], leaf.path):
        try:
            here = world(form, name, settings)
        except (ValidationError, MarketError) as error:
            sys.exit(f"the world {name!r} cannot be run: {error}")
        there = list(places(here.scenario, steps))
        for place in there if len(there) <= MOST_PLACES else there[-2:] + there[:MOST_PLACES - 2]:
            before = value_at(here.scenario, place)
            for values in values_for(leaf, before):
                where = ".".join(map(str, place))
                try:
                    changed = here.changed_by(place, values)
                except (ValidationError, MarketError) as error:
                    changed = ""
                    if "--why" in sys.argv:
                        print("      ", where, values, str(error).splitlines()[-2:][0][:150])
                yield Found(form, leaf.path, name, where, shown(before), shown(values), changed, "")
                if changed:
                    return


def shown(value: Any) -> str:
    """A value as the record has it, without folders of this machine."""
    if isinstance(value, dict) and list(value) == [""]:
        value = value[""]
    return str(value).replace(str(Path(str(value)).parent) + "/", "") if "/" in str(value) else str(value)


def found(form: str, leaf: Leaf) -> Found:
    """What a field changes; the last try if it changes nothing."""
    last = Found(form, leaf.path, "", "", "", "", "", "")
    for last in tries(form, leaf):
        if last.changed:
            return last
    return Found(form, leaf.path, "", "", "", "", "", reason_for(form, leaf.path))


def main() -> None:
    """Try all fields, tell those that change nothing, and keep the record."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--only", default="")
    parser.add_argument("--write", action="store_true")
    parser.add_argument("--why", action="store_true")
    parser.add_argument("--missing", action="store_true")
    options = parser.parse_args()
    rows, bad, known = [], 0, on_record()
    for form, kind in FORMS.items():
        for leaf in leaves(kind):
            if not re.search(options.only, f"{form} {leaf.path}") or (
                    options.missing and is_tried(known.get((form, leaf.path)))):
                continue
            row = found(form, leaf)
            rows.append(row)
            if options.write:  # at once, so that a run that is ended goes on with --missing
                keep(row)
            wrong = bool(row.changed) == bool(reason_for(form, leaf.path))
            bad += wrong
            if wrong or options.only:
                print(f"{form} {leaf.path}: {row.place} {row.before} -> {row.after} in {row.world!r}: "
                      f"{row.changed or row.reason or 'NOTHING'}", flush=True)
    print(f"{len(rows)} fields, {sum(bool(row.changed) for row in rows)} change something, "
          f"{sum(bool(row.reason) for row in rows)} have a reason, {bad} wrong")
    sys.exit(bad > 0)


def on_record() -> dict[tuple[str, str], Found]:
    """Rows of the record by form and field."""
    with RECORD.open(encoding="utf-8") as file:
        return {(row["form"], row["field"]): Found(**row) for row in csv.DictReader(file)}


def is_tried(row: Found | None) -> bool:
    """Whether a field is on record, and not as one that nobody tried."""
    return row is not None and row.reason != NOT_TRIED


def keep(row: Found) -> None:
    """Put a row in the place of the one that the record has of its field, in the order of the fields."""
    with LOCK.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # several runs may share the fields
        known = on_record() | {(row.form, row.field): row}
        order = [(form, leaf.path) for form, kind in FORMS.items() for leaf in leaves(kind)]
        with RECORD.open("w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow(COLUMNS)
            writer.writerows(known[key] for key in order if key in known)


if __name__ == "__main__":
    main()
