"""Generated parts of the documentation are those that the code's tables make today."""

import subprocess
import sys
from dataclasses import replace

import pytest
from pydantic import Field

from experiments.pages import registry_tables
from experiments.pages.parts import DOCS, PARTS, refreshed
from policies import POLICIES, PRESETS
from policies.oblivious import RANDOM
from providers.pricing import STRATEGIES, Tariff
from providers.pricing.constant import CONSTANT
from sim.policy import Imitation, Preset
from sim.scenario.base import Part, quantity
from worlds.places import ROOT


class Several(Part):
    """Parameters of every form that a default has."""

    steps: tuple[float, ...] = Field((0.5, 20.0), description="Steps [s] (source: me)",
                                     json_schema_extra={"unit": "s", "source": "me"})
    free: float | None = quantity(None, unit="1", doc="Either | or")
    flag: bool = quantity(True, unit="flag", doc="Whether")
    given: float = quantity(unit="h", doc="Asked for")


@pytest.mark.parametrize("page", PARTS)
def test_pages_are_those_of_the_code(page):
    text = (DOCS / page).read_text(encoding="utf-8")
    assert text == refreshed(page, text), "run: python -m experiments.pages"


def test_the_command_leaves_pages_that_are_up_to_date_as_they_are():
    before = {page: (DOCS / page).read_bytes() for page in PARTS}
    subprocess.run([sys.executable, "-m", "experiments.pages"], cwd=ROOT, check=True)
    assert {page: (DOCS / page).read_bytes() for page in PARTS} == before


def test_a_page_without_its_marks_is_refused():
    with pytest.raises(ValueError, match=r"glossary\.md has no part 'measures'"):
        refreshed("glossary.md", "nothing here")


def test_a_policy_of_the_registry_is_on_its_page(monkeypatch):
    mine = replace(RANDOM, kind="mine", summary="Does a | b.", source="me", ties="none", parameters=Several)
    monkeypatch.setitem(POLICIES, "mine", mine)
    assert registry_tables.policies().splitlines()[-1] == "| `mine` | Does a \\| b. | none | me |"
    assert registry_tables.policy_parameters().splitlines()[-4:] == [
        "| `mine.steps` | [0.5, 20] | s | Steps | me |", "| `mine.free` | – | 1 | Either \\| or | assumption |",
        "| `mine.flag` | true | flag | Whether | assumption |",
        "| `mine.given` | needed | h | Asked for | assumption |"]


def test_a_preset_says_what_it_sets_otherwise():
    rows = {row.split("`")[1]: row for row in registry_tables.presets().splitlines()[2:]}
    first = "| price = 0.2, throughput = 0.2, latency = 0.1, slowest = 1e+09, by_range = true |"
    assert first in rows["llmgateway_2026_first"]
    assert "| `cheapest` | OpenRouter's :floor suffix. | – |" in rows["openrouter_floor"]


def test_a_preset_without_an_imitation_has_that_of_its_policy(monkeypatch):
    theirs = Imitation("System", "1.0", "2026-01", "not compared")
    newer = Imitation("System", "1.1", "2026-02", "all of 9", herds=True)
    monkeypatch.setitem(POLICIES, "mine", replace(RANDOM, kind="mine", imitation=theirs))
    for name, imitation in ("mine_old", None), ("mine_new", newer):
        monkeypatch.setitem(PRESETS, name, Preset(name, "mine", "Mine.", "me", imitation=imitation))
    rows = {row.split("`")[1]: row.split("`", 2)[2] for row in registry_tables.imitations().splitlines()[2:]}
    assert rows["random"] == " | – | – | – | – | – |"
    assert rows["mine"] == rows["mine_old"] == " | System | 1.0 | 2026-01 | not compared | no |"
    assert rows["mine_new"] == " | System | 1.1 | 2026-02 | all of 9 | yes |"


def test_a_strategy_shows_what_it_does_not_share(monkeypatch):
    class Mine(Tariff):
        markup: float = quantity(9.0, unit="1", doc="Price over unit cost where the creator has no list price",
                                 source=Tariff.model_fields["markup"].json_schema_extra["source"])
        extra: float = quantity(1.5, unit="days", doc="More")

    monkeypatch.setitem(STRATEGIES, "mine", replace(CONSTANT, kind="mine", parameters=Mine))
    rows = [row.split(" | ")[:2] for row in registry_tables.strategy_parameters().splitlines()]
    assert [row for row in rows if "mine." in row[0]] == [["| `mine.markup`", "9"], ["| `mine.extra`", "1.5"]]
    assert [row for row in rows if row[0] == "| `markup`"] == [["| `markup`", "2.5"]]
    assert registry_tables.strategies().splitlines()[-1].startswith("| `mine` | ")


def test_a_parameter_that_says_nothing_of_itself_is_refused(monkeypatch):
    class Silent(Part):
        n: int = 3

    monkeypatch.setitem(POLICIES, "mine", replace(RANDOM, kind="mine", parameters=Silent))
    with pytest.raises(ValueError, match=r"parameter mine\.n says no unit, meaning or source"):
        registry_tables.policy_parameters()
