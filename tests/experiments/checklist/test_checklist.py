"""The STRESS-DES checklist: what a run's manifest fills in, what is left to the author, and that it is kept."""

import argparse
import json
from pathlib import Path

import pytest

from experiments.checklist import document
from experiments.checklist.derived import MAKERS, study_in
from experiments.checklist.fields import leaves
from experiments.checklist.stream_table import STREAMS, of_scenario
from experiments.checklist.stress import GROUPS, ITEMS
from experiments.cli import checklist as commands
from experiments.cli.main import main
from experiments.output.manifest import provenance, write_manifest
from experiments.scenarios import load_traffic
from sim.errors import MarketError
from worlds.small_markets import small

ASKED = [item.number for item in ITEMS if item.asks]


def folder_of(folder: Path, study: tuple, scenario) -> Path:
    """A folder with nothing but the manifest of a study."""
    folder.mkdir()
    write_manifest({**provenance(*study, scenario, {"money": 3}), "rows": {"summary.csv": 12}}, folder)
    return folder


@pytest.fixture
def tournament(tmp_path):
    parameters = {"policies": ["cheapest"], "loads": [1.0], "replications": 3, "baseline": "cheapest"}
    return folder_of(tmp_path / "run", ("tournament", parameters), load_traffic("duel", ["traffic.warmup_s=7"]))


@pytest.fixture
def market(tmp_path):
    return folder_of(tmp_path / "market", ("market", {"replications": 1}), small())


def checklist(*arguments: object) -> int:
    """Run the command."""
    parser = argparse.ArgumentParser()
    commands.add(parser.add_subparsers())
    parsed = parser.parse_args(["checklist", *map(str, arguments)])
    return parsed.command(parsed)


def fill(path: Path, numbers) -> None:
    """Answer items as an author would: replace the gap's line."""
    lines = path.read_text(encoding="utf-8").splitlines()
    for number in numbers:
        lines[lines.index(f"<!-- author {number} -->") + 1] = f"We say this of {number}.\n\nAnd that."
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def test_the_guideline_has_twenty_items_in_six_groups():
    assert len(ITEMS) == len({item.number for item in ITEMS}) == 20
    assert list(dict.fromkeys(item.group for item in ITEMS)) == list(GROUPS)
    assert set(MAKERS) == {item.number for item in ITEMS}


def test_what_the_manifest_knows_is_filled_in(tournament, market):
    assert checklist(tournament) == 0
    text = (tournament / "stress-des.md").read_text(encoding="utf-8")
    for said in ("first 7 s (warm-up)", "3 independent replications", "`cheapest`", "money (3 runs)",
                 "`summary.csv`, 12", "| `traffic.warmup_s` | 7 | s |", "PCG64DXSM", "demand/<class>/arrivals"):
        assert said in text, said
    assert "customers/<segment>" not in text
    assert checklist(market) == 0
    text = (market / "stress-des.md").read_text(encoding="utf-8")
    for said in ("4 days of market time; on an average day 500 requests are simulated",
                 "One replication: no intervals", "`undercut`", "customers/<segment>/entries",
                 "firms (3): atlas, boreal, openai"):
        assert said in text, said


def test_gaps_are_marked_and_listed(tournament, capsys):
    assert checklist(tournament) == 0
    text = (tournament / "stress-des.md").read_text(encoding="utf-8")
    assert text.count(f"\n{document.GAP} ") == len(ASKED)
    capsys.readouterr()
    assert checklist(tournament, "--check") == 1
    listed = capsys.readouterr().out.splitlines()
    assert listed[0] == f"left to fill in: {len(ASKED)}"
    assert [line.split()[0] for line in listed[1:]] == ASKED


def test_a_check_before_the_first_writing_writes_nothing(tournament):
    assert checklist(tournament, "--check") == 1
    assert not (tournament / "stress-des.md").exists()


def test_the_command_line_writes_without_check_and_takes_the_file_too(tournament, capsys):
    assert main(["checklist", str(tournament)]) == 0
    path = tournament / "stress-des.md"
    assert f"wrote {path}" in capsys.readouterr().out
    assert main(["checklist", str(path), "--check"]) == 1
    fill(path, ASKED)
    assert main(["checklist", str(path), "--check"]) == 0
    assert main(["checklist", str(tournament), "--check"]) == 0


def test_what_the_author_says_is_kept_and_counts(tournament, tmp_path, capsys):
    out = tmp_path / "paper" / "stress.md"
    assert checklist(tournament, "--out", out) == 0
    fill(out, ASKED[:-1])
    assert checklist(tournament, "--out", out, "--check") == 1
    assert checklist(tournament, "--out", out) == 0
    text = out.read_text(encoding="utf-8")
    assert "We say this of 1.1.\n\nAnd that." in text
    assert text.count(f"\n{document.GAP} ") == 1
    fill(out, ASKED[-1:])
    capsys.readouterr()
    assert checklist(tournament, "--out", out, "--check") == 0
    assert "nothing is left" in capsys.readouterr().out


def test_an_emptied_answer_is_a_gap_again(tournament):
    path = tournament / "stress-des.md"
    checklist(tournament)
    fill(path, ASKED)
    path.write_text(path.read_text(encoding="utf-8").replace("We say this of 4.2.\n\nAnd that.", " "), encoding="utf-8")
    left = document.gaps(study_in(tournament), path.read_text(encoding="utf-8"))
    assert left[0].startswith("4.2")


def test_a_checklist_of_another_run_is_noticed(tournament, market, tmp_path, capsys):
    out = tmp_path / "stress.md"
    checklist(tournament, "--out", out)
    fill(out, ASKED)
    assert checklist(market, "--out", out, "--check") == 1
    assert "not those of this run" in capsys.readouterr().out


def test_mistakes_are_said_in_a_sentence(tournament, tmp_path):
    with pytest.raises(MarketError, match="there is no folder"):
        checklist(tmp_path / "nowhere")
    (tmp_path / "empty").mkdir()
    with pytest.raises(MarketError, match=r"has no manifest\.json; give the folder of a finished study"):
        checklist(tmp_path / "empty")
    notes = tmp_path / "notes.md"
    notes.write_text("my notes", encoding="utf-8")
    with pytest.raises(MarketError, match="is not a checklist"):
        checklist(tournament, "--out", notes)
    assert notes.read_text(encoding="utf-8") == "my notes"


def test_a_study_without_a_scenario_leaves_more_to_its_author(tmp_path):
    folder = tmp_path / "run"
    folder.mkdir()
    (folder / "manifest.json").write_text(json.dumps({"study": "pricing", "parameters": {}}), encoding="utf-8")
    study = study_in(folder)
    left = document.gaps(study, document.document(study, {}))
    assert {line[:3] for line in left} > set(ASKED)


def test_leaves_are_all_values_with_unit_and_source():
    found = {leaf.path: leaf for leaf in leaves(load_traffic("duel", ["traffic.load=1.5"]))}
    assert found["traffic.load"][1:3] == ("1.5", "1")
    assert not found["traffic.load"].is_default
    assert found["traffic.drain_s"].is_default
    assert found["traffic.drain_s"].source == "assumption"
    assert found["traffic.drain_s"].unit == "s"


def test_streams_of_a_scenario():
    assert {it.of for it in of_scenario({"horizon": {}})} == {"market", "both"}
    assert {it.of for it in of_scenario({"traffic": {}})} == {"traffic", "both"}
    assert len({it.name for it in STREAMS}) == len(STREAMS)


@pytest.mark.parametrize("which", ["traffic", "market"])
def test_every_stream_that_a_run_asks_for_is_in_the_table(monkeypatch, which):
    from experiments.runs.run_market import run_market
    from experiments.runs.run_traffic import run_traffic
    from sim.streams import Streams

    asked, original = set(), Streams._sequence

    def note(self, name):
        asked.add(name)
        return original(self, name)

    monkeypatch.setattr(Streams, "_sequence", note)
    if which == "market":
        run_market(small(horizon={"days": 2}, models={"frontier": {"enabled": True, "from_date": "2024-12-01"}}))
    else:
        short = ["traffic.duration_s=2", "traffic.warmup_s=0", "traffic.engine=reference"]
        run_traffic(load_traffic("tournament", short))
    families = {name: [it.name for it in STREAMS if it.of in (which, "both") and it.matches(name)] for name in asked}
    assert asked
    assert not [name for name, found in families.items() if not found]
