"""The pricing study as a user runs it: known answers met, the same bytes again, mistakes named."""

import pandas as pd
import pytest

from experiments.cli.main import main

SMALL = ["run", "pricing", "--sessions", "2", "--benches", "2"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    out = tmp_path_factory.mktemp("pricing") / "o"
    assert main([*SMALL, "--out", str(out)]) == 0
    return out


def test_best_responses_and_saw_tooth_meet_their_closed_forms(folder):
    rows = pd.read_csv(folder / "summary.csv").set_index("part")
    for part in ("best responses to logit demand", "best responses to a 1/p^k router"):
        found = rows.loc[part]
        assert found["mean"].to_numpy() == pytest.approx(found["known_low"].to_numpy(), rel=3e-6)
    saw = rows.loc["undercutting with limited capacity"]
    assert saw["mean"].between(saw["known_low"], saw["known_high"]).all()
    assert rows.loc["posted prices, menu_cost", "half_width"].notna().all()


def test_the_manifest_gives_the_same_bytes(folder, tmp_path):
    assert main(["replay", str(folder / "manifest.json"), "--out", str(tmp_path / "o")]) == 0
    for name in ("summary.csv", "pricing.svg", "pricing.png"):
        assert (tmp_path / "o" / name).read_bytes() == (folder / name).read_bytes()


def test_one_session_has_no_interval(capsys):
    assert main(["run", "pricing", "--sessions", "1"]) == 2
    assert "--sessions is 1, but must be at least 2" in capsys.readouterr().err


def test_its_report_has_its_own_words(folder, tmp_path):
    assert main(["report", str(folder), "--out", str(tmp_path / "r")]) == 0
    text = (tmp_path / "r" / "report.md").read_text(encoding="utf-8")
    assert text.startswith("# Pricing strategies beside known answers")
    assert "Do the market's pricing strategies reach the equilibria that theory knows" in text
    assert "Best responses to a 1/p^k router." in text
    assert len(list((tmp_path / "r" / "tables").glob("pricing-*.tex"))) == 5
