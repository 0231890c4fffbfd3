"""The pages that show how to bring data of one's own: every block is a file that loads, or a command that runs."""

import re
import shlex

import pandas as pd
import pytest

from experiments.cli.main import main
from experiments.runs.kinds import kind_named
from experiments.scenarios import load
from experiments.studies.market import STUDY
from sim.demand.traces import trace_of
from worlds.places import ROOT

BLOCK = re.compile(r"^```(toml|sh)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
DATA = re.compile(r"^`(\w+\.csv)`[^\n]*:\n\n```text\n(.*?)^```$", re.MULTILINE | re.DOTALL)
PAGE = ROOT / "docs" / "lab" / "own-data.md"


def files_of(text):
    """The files that a page shows, by name."""
    scenarios = [block for language, block in BLOCK.findall(text) if language == "toml"]
    return {**{re.match(r"# (\S+)\n", block)[1]: block for block in scenarios}, **dict(DATA.findall(text))}


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name, text in files_of(PAGE.read_text(encoding="utf-8")).items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    return tmp_path


def test_every_scenario_of_the_page_can_be_run(folder):
    found = sorted(path.name for path in folder.glob("*.toml"))
    assert found == ["firm.toml", "gateway.toml", "gpu.toml", "half.toml", "life.toml", "limits.toml", "models.toml",
                     "priced.toml", "rents.toml", "replay.toml", "tiers.toml", "weights.toml"]
    for name in found:
        scenario = load(name, *(["horizon.days=3"] if load(name).kind == "market" else []))
        kind_named(scenario.kind).prepare(scenario)
    half = load("half.toml").supply.firms
    assert "novita" not in half
    assert half["deepinfra"].pools[0].tenure == "rented"
    assert half["deepinfra"].pricing.parameters == load("openrouter-2026").supply.firms["deepinfra"].pricing.parameters


def test_a_gateways_log_replays_in_three_lines(folder):
    text = (folder / "gateway.toml").read_text(encoding="utf-8")
    assert len(text.splitlines()) == 1 + 3  # its name, as all files of the page have
    rows = trace_of(load("gateway.toml").demand["chat"].arrivals)
    assert list(zip(rows.t_s.tolist(), rows.prompt.tolist(), rows.output.tolist(), strict=True)) == [
        (0.0, 2500, 200), (1.3, 600, 40), (2.25, 1200, 150)]
    assert (rows.notes.failed_rows, rows.notes.sorted_rows) == (1, 2)


def test_every_command_of_the_page_runs(folder, capsys):
    commands = [line for language, text in BLOCK.findall(PAGE.read_text(encoding="utf-8")) if language == "sh"
                for line in text.splitlines()]
    assert len(commands) >= 4
    for command in commands:
        assert main(shlex.split(command)[1:]) == 0
    assert "acme-max" in capsys.readouterr().out


def test_a_constant_price_of_ones_own_is_allowed():
    pricing = re.search(r"`(pricing = \{.*?\})`", PAGE.read_text(encoding="utf-8"))[1]
    scenario = load("openrouter-2026", f"supply.firms.deepinfra.{pricing}", "horizon.days=3")
    kind_named("market").prepare(scenario)


def test_the_readmes_market_with_a_firm_and_a_gpu_runs(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(type(STUDY), "draw", lambda *_: None)  # figures take most of the time, and have their own tests
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    shown = files_of(text)["acme.toml"]
    assert len(shown.splitlines()) <= 20
    (tmp_path / "acme.toml").write_text(shown, encoding="utf-8")
    command = re.search(r"^tokenmarket (run market acme\.toml --out \S+)$", text, re.MULTILINE)[1]
    short = ["horizon.days=5", "horizon.sampled_per_day=500"]
    assert main([*shlex.split(command), "--jobs", "1", *(word for field in short for word in ("--set", field))]) == 0
    capsys.readouterr()
    providers = pd.read_csv(tmp_path / "results" / "acme" / "monthly_providers.csv")
    assert providers[providers["provider"] == "acme"]["completed"].sum() > 0
