"""The pricing study as a user runs it: known answers met, the same bytes again, mistakes named."""

import pandas as pd
import pytest
from matplotlib.figure import Figure

from experiments.cli.main import main
from experiments.studies.pricing.figures import _posted

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


def test_what_was_found_stands_over_the_middle_of_what_was_published():
    """3 +- .5 against 2 to 6: a mark at .75 with whiskers from .625 to .875 beside a band from .5 to 1.5."""
    axis = Figure().subplots()
    _posted(axis, pd.DataFrame([("change", 3.0, 0.5, 2.0, 6.0)],
                               columns=["quantity", "mean", "half_width", "known_low", "known_high"]))
    marks, (whisker, *_) = axis.containers[1].lines[0], axis.containers[1].lines[2]
    assert marks.get_xdata().tolist() == [0.75]
    assert whisker.get_segments()[0][:, 0].tolist() == [0.625, 0.875]
    band = axis.patches[0]
    assert (band.get_x(), band.get_x() + band.get_width()) == (0.5, 1.5)


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
