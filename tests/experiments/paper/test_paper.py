"""The document of all claims: made of studies' folders, resumed, the same bytes again, and honest about looks."""

import pytest

from experiments.cli.main import main
from experiments.output.folder import files_below
from experiments.paper import printing
from experiments.verdicts import history
from worlds.claim_study import CoinStudy


@pytest.fixture
def _coin(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(history, "_ledger", lambda: tmp_path / "ledger.csv")
    monkeypatch.setattr(printing, "browser", str)
    monkeypatch.setattr("experiments.studies.registry._added", {"coin": CoinStudy(tmp_path / "rule.toml")})


def held(folder):
    return {name: (folder / name).read_bytes() for name in files_below(folder)}


@pytest.mark.usefixtures("_coin")
def test_a_document_of_a_claim_is_made_and_made_again(tmp_path, capsys):
    assert main(["paper", "--only", "coin"]) == 0
    said = capsys.readouterr().out
    assert "wrote results/paper/paper.html: 1 claims; no PDF: no Chromium was found" in said
    first = held(tmp_path / "results" / "paper")
    assert set(first) == {"manifest.json", "paper.html", "paper.tex", "tables/claims.tex", "tables/beside.tex",
                          "tables/coin-summary.tex", "tables/coin-verdict.tex"}
    page = first["paper.html"].decode()
    for words in ("A pushed coin falls on one side", "supported if ≥ 0.1", "no push: ", ", null",
                  "L0 the push itself: 0.2", "where push is at most", "none needed", "not under version control"):
        assert words in page, words
    assert "A look" not in page
    assert r"\input{tables/coin-verdict}" in first["paper.tex"].decode()
    assert main(["paper", "--only", "coin"]) == 0
    assert "holds coin already" in capsys.readouterr().out
    assert held(tmp_path / "results" / "paper") == first
    (tmp_path / "results" / "paper-studies" / "coin" / "verdict.csv").unlink()
    assert main(["paper", "--only", "coin"]) == 0
    assert "== coin ==" in capsys.readouterr().out
    assert held(tmp_path / "results" / "paper") == first


@pytest.mark.usefixtures("_coin")
def test_a_look_says_so_and_has_a_folder_of_its_own(tmp_path, capsys):
    assert main(["paper", "--only", "coin", "--quick"]) == 0
    page = (tmp_path / "results" / "paper-look" / "paper.html").read_text(encoding="utf-8")
    assert "<title>A look, and no verdict: What is claimed" in page
    assert "every study was run in its quick form" in page


@pytest.mark.usefixtures("_coin")
def test_only_studies_of_claims_can_be_asked_for(capsys):
    assert main(["paper", "--only", "coin,pricing"]) == 2
    assert "--only names 'pricing', which is no study of a claim; these are " in capsys.readouterr().err


def test_a_printed_page_has_no_clock_in_it():
    assert printing.undated(b"/CreationDate (D:20261130022509+00'00')\n/ModDate (D:20261130022509Z)") == (
        b"/CreationDate (D:20000101000000+00'00')\n/ModDate (D:20000101000000Z)")
    assert printing.renumbered(b"(node00000047) (node00000049) (node00000047)") == (
        b"(node00000001) (node00000002) (node00000001)")


def test_a_browser_that_is_named_or_on_the_path_is_found(tmp_path, monkeypatch):
    monkeypatch.setattr(printing.shutil, "which", lambda name: "/x/chrome" if name == "chrome" else None)
    assert printing.browser() == "/x/chrome"
    named = tmp_path / "mine"
    named.touch()
    monkeypatch.setenv(printing.VARIABLE, str(named))
    assert printing.browser() == str(named)
