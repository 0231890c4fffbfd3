"""Verdicts on record: a full run is kept as it was found, a look is not, and the table of claims is made of them."""

import math

import pytest

from experiments.output.folder import read_folder
from experiments.paper.claims_table import UNRUN, ClaimKept, tables_of
from experiments.studies.perform import How, perform
from experiments.verdicts import history
from experiments.verdicts.on_record import in_folder, keep, on_record
from sim.errors import OutputError
from worlds.claim_study import Coin, CoinStudy

COMMIT = "c" * 40


@pytest.fixture
def done(tmp_path, monkeypatch):
    """A folder of a coin's study: a look if its throws are few, or the whole."""
    monkeypatch.setattr(history, "_ledger", lambda: tmp_path / "ledger.csv")
    monkeypatch.setattr(history, "commit_of", lambda path: COMMIT)
    study = CoinStudy(tmp_path / "rule.toml")

    def folder(**design):
        perform(study, Coin(**design), How(tmp_path / "out"))
        return read_folder(tmp_path / "out")

    return study, folder


def test_a_full_run_is_kept_as_it_was_found(done, tmp_path):
    study, folder = done
    found = folder()
    kept = keep(found, tmp_path, tmp_path / "runs.csv")
    again = on_record("coin", tmp_path)
    assert (kept.verdict, again.verdict, again.commit, again.look) == ("supported", "supported", COMMIT, False)
    assert [row.part for row in again.rows] == ["verdict", "supported", "contradicted", "control", "inputs alone",
                                                "robustness"]
    for one, other in zip(in_folder(found).rows, again.rows, strict=True):
        assert other._replace(mean=0.0, half_width=0.0) == one._replace(mean=0.0, half_width=0.0)
        assert other.mean == pytest.approx(one.mean, rel=1e-5, nan_ok=True)
    assert math.isnan(again.rows[0].mean)
    keep(found, tmp_path, tmp_path / "runs.csv")  # once more is no other run
    assert history._read(tmp_path / "runs.csv") == [history.FullRun("coin", study.rule.digest, COMMIT, "supported")]


def test_looks_and_rules_without_a_commit_are_not_kept(done, tmp_path, monkeypatch):
    _, folder = done
    with pytest.raises(OutputError, match="holds a look at coin, and no verdict"):
        keep(folder(replications=2), tmp_path, tmp_path / "runs.csv")
    monkeypatch.setattr(history, "commit_of", lambda path: f"{COMMIT}, changed since")
    with pytest.raises(OutputError, match="changed since'; only a run whose rule is in a commit is kept"):
        keep(folder(), tmp_path, tmp_path / "runs.csv")
    assert on_record("coin", tmp_path) is None


def test_a_table_says_what_is_on_record_and_what_is_not(done, tmp_path):
    study, folder = done
    unrun, none = tables_of([ClaimKept(study, None)])
    assert unrun.rows[0][2] == UNRUN
    assert none.rows == ()
    kept = keep(folder(), tmp_path, tmp_path / "runs.csv")
    verdicts, beside = tables_of([ClaimKept(study, kept)])
    row = dict(zip([column.head for column in verdicts.columns], verdicts.rows[0], strict=True))
    assert (row["verdict"], row["seeds"], row["its commit"]) == ("supported", "4", f"`{COMMIT[:10]}`")
    found = row["numbers, and what the rule asks of them"]
    assert found.startswith("`gain` is 0.")
    assert ": supported if ≥ 0.1, contradicted if " in found
    assert beside.rows[0][2] == "L0 the push itself: 0.2"
    changed = tables_of([ClaimKept(study, kept._replace(digest="0" * 32))])[0]
    assert changed.rows[0][2] == "supported (the rule was changed since)"


@pytest.mark.parametrize(("mean", "half_width", "n", "shown"), [
    (0.25, 0.01, 4, "0.250 ± 0.010"), (0.8333, 0.0, 4, "0.8333"), (1.1e-16, 4e-17, 4, "0"), (0.0, math.nan, 1, "0"),
    (0.25, math.nan, 1, "0.25"), (0.0, 0.02, 4, "0.000 ± 0.020"),
])
def test_a_number_of_the_table_is_as_short_as_it_can_be(done, tmp_path, mean, half_width, n, shown):
    study, folder = done
    kept = in_folder(folder())
    rows = [row._replace(mean=mean, half_width=half_width, n=n) if row.part == "control" else row for row in kept.rows]
    beside = tables_of([ClaimKept(study, kept._replace(rows=tuple(rows)))])[1]
    assert f": {shown}, " in beside.rows[0][1]
