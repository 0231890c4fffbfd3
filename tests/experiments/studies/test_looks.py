"""Looks (``--quick``): marked on the terminal, in the manifest and in the write-up, and never taken for the study."""

import json
from dataclasses import dataclass

import pandas as pd
import pytest

from experiments.cli.main import main
from experiments.scenarios import load_market
from experiments.studies import registry
from experiments.studies.looks import LOOK, as_look, without_mark
from experiments.studies.market.design import Market, look_at
from experiments.studies.study import Design, Look, Study


@dataclass(frozen=True)
class Throws(Design):
    kind = ""
    scenario = None
    replications = 1
    number: int = 100

    def points(self):
        return []

    def parameters(self):
        return {"number": self.number}


class Coins(Study):
    """How often does a coin show heads?"""

    name, summary, title, scenario = "coins", "throw coins", "Coins", None

    def design(self, arguments):
        return Throws()

    def quick(self, design):
        return Look(Throws(3), f"of {design.number} throws 3")

    def read(self, scenario, parameters):
        return Throws(**parameters)

    def measure(self, design, results, check):
        return pd.DataFrame({"throws": [design.number]})

    def tables(self, found):
        return {"summary": found}


@pytest.fixture
def coins(monkeypatch, tmp_path):
    monkeypatch.setattr(registry, "_added", {"coins": Coins()})
    monkeypatch.chdir(tmp_path)
    return tmp_path / "results"


def test_a_look_is_marked_wherever_it_is_seen(coins, capsys):
    assert main(["run", "coins", "--quick"]) == 0
    assert capsys.readouterr().out.startswith("A LOOK, NOT A RESULT: of 100 throws 3\n")
    assert json.loads((coins / "coins-look" / "manifest.json").read_text())["look"] == "of 100 throws 3"
    assert (coins / "coins-look" / "summary.csv").read_text() == "throws\n3\n"
    assert main(["report", str(coins / "coins-look"), "--out", str(coins / "words")]) == 0
    page = (coins / "words" / "report.md").read_text()
    assert page.startswith("# A look, not a result: Coins\n")
    assert "- A look, not a result: of 100 throws 3. Run the study without `--quick` before you conclude." in page
    assert "- **study**: coins (a look)" in page


def test_the_study_itself_says_nothing_of_looks(coins, capsys):
    assert main(["run", "coins"]) == 0
    assert "look" not in capsys.readouterr().out.lower()
    assert (coins / "coins" / "summary.csv").read_text() == "throws\n100\n"
    assert "look" not in json.loads((coins / "coins" / "manifest.json").read_text())
    assert main(["report", str(coins / "coins"), "--out", str(coins / "words")]) == 0
    assert "a look" not in (coins / "words" / "report.md").read_text().lower()


def test_a_look_played_again_is_a_look(coins, capsys):
    main(["run", "coins", "--quick"])
    assert main(["reproduce", str(coins / "coins-look")]) == 0
    capsys.readouterr()
    main(["replay", str(coins / "coins-look"), "--out", str(coins / "again")])
    assert capsys.readouterr().out.startswith("A LOOK")
    assert (coins / "again" / "manifest.json").read_bytes() == (coins / "coins-look" / "manifest.json").read_bytes()


def test_a_folder_that_was_named_is_taken_and_the_study_replaces_a_look_aloud(coins, capsys):
    main(["run", "coins", "--quick", "--out", "results/coins"])
    assert (coins / "coins" / "summary.csv").read_text() == "throws\n3\n"
    capsys.readouterr()
    main(["run", "coins"])
    assert "holds this study with other settings" in capsys.readouterr().err


def test_a_study_without_a_look_has_no_such_option(capsys):
    with pytest.raises(SystemExit):
        main(["sweep", "duel", "--quick"])
    assert "--quick" in capsys.readouterr().err


def test_a_look_at_a_market_has_its_first_days_and_another_name():
    whole = Market(load_market("openrouter-2026"), 3)
    look = look_at(whole)
    assert look.design.scenario.name == "openrouter-2026-look"
    assert look.design.scenario.horizon.days == 180
    assert look.design.scenario.horizon.sampled_per_day == 5_000
    assert look.design.replications == 1
    assert look.leaves_out == "of 607 days the first 180, of 40,000 sampled requests a day 5,000, of 3 replications one"
    # all else is the market's
    assert as_look(whole.scenario, "horizon.days=180", "horizon.sampled_per_day=5000") == look.design.scenario


def test_a_look_at_every_request_samples_them():
    look = look_at(Market(load_market("openrouter-2026", ["horizon.days=2", "horizon.resolution=full"])))
    assert look.design.scenario.horizon.resolution == "sampled"
    assert look.design.scenario.horizon.days == 2
    assert look.leaves_out == "of 2 days the first 2, of all requests of a day 5,000, of 1 replications one"


def test_a_name_that_is_long_has_room_for_the_mark():
    whole = load_market("openrouter-2026", [f'name="{"n" * 80}"'])
    assert as_look(whole).name == "n" * 75 + LOOK
    assert without_mark(as_look(whole).name) == "n" * 75
    assert without_mark("duel") == "duel"
