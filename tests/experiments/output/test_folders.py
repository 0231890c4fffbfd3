"""Folders: whose they are, what a kill, a full disk or a broken figure leaves, and whether they verify."""

import errno
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from experiments.cli.main import main
from experiments.output import origins, versions
from experiments.output.owners import REPORT, UNFINISHED, check_own, study_owner
from experiments.output.stages import clear, stage
from experiments.output.toml_comments import comments_in
from experiments.output.writer import output_folder
from experiments.scenarios import load
from experiments.studies.tournament import STUDY
from sim.errors import OutputError
from worlds.places import ROOT

RUN = ["run", "tournament", "duel", "--set", "traffic.engine=reference", "--set", "traffic.duration_s=4", "--set",
       "traffic.warmup_s=1", "--loads", "1", "--replications", "1", "--jobs", "1", "--policies", "random"]
OWNER = study_owner("tournament")


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    out = tmp_path_factory.mktemp("finished") / "o"
    assert main([*RUN, "--out", str(out)]) == 0
    return out


@pytest.fixture
def folder(finished, tmp_path):
    return Path(shutil.copytree(finished, tmp_path / "o"))


def manifest_of(folder):
    return json.loads((folder / "manifest.json").read_text())


def tamper(folder, change):
    data = manifest_of(folder)
    change(data)
    (folder / "manifest.json").write_text(json.dumps(data))


def reproduced(capsys, folder):
    capsys.readouterr()
    status = main(["reproduce", str(folder), "--jobs", "1"])
    said = capsys.readouterr().out
    listed, _, new = said.partition("the new run against the manifest\n")
    return status, listed, new, said.strip().splitlines()[-1]


def test_a_changed_digit_a_lost_and_an_added_file_are_told_apart_from_the_new_run(capsys, folder):
    summary = folder / "summary.csv"
    summary.write_text(summary.read_text().replace("1", "2", 1))
    (folder / "pairs.csv").unlink()
    (folder / "notes.txt").write_text("mine")
    status, listed, new, end = reproduced(capsys, folder)
    assert status == 1
    for line in ("   CHANGED  summary.csv", "   missing  pairs.csv", "not listed  notes.txt",
                 " as listed  frontier.svg", " as listed  store.duckdb all"):
        assert line in listed
    assert "same bytes  summary.csv" in new
    assert "DIFFERENT" not in new
    assert end.startswith("Not verified: the manifest holds")


def test_a_tampered_digest_is_neither_as_listed_nor_reproduced(capsys, folder):
    tamper(folder, lambda data: (data["files"].update({"summary.csv": "0" * 32}),
                                 data["versions"].update(numpy="0.0.1"),
                                 data["invariants"].update(money={"held_in_runs": 9})))
    status, listed, new, end = reproduced(capsys, folder)
    assert status == 1
    assert "   CHANGED  summary.csv" in listed
    assert " DIFFERENT  summary.csv" in new
    assert " DIFFERENT  manifest.json invariants" in new
    assert "numpy 0.0.1 then, " in new
    assert end.startswith("Not reproduced")


def test_tampered_parameters_give_another_run(capsys, folder):
    tamper(folder, lambda data: data["parameters"].update(loads=[0.5]))
    status, listed, new, _ = reproduced(capsys, folder)
    assert status == 1
    assert "CHANGED" not in listed
    assert " DIFFERENT  summary.csv" in new


def test_reproduce_runs_everything_again_or_not_at_all(capsys, folder, tmp_path):
    for words in (["--out", str(folder)], ["--store", str(folder / "store.duckdb")]):
        assert main(["reproduce", str(folder), *words]) == 2
        assert "everything is run again" in capsys.readouterr().err


def test_a_folder_that_is_not_its_own_is_refused_and_forced(capsys, folder, tmp_path):
    (folder / "notes.txt").write_text("mine")
    pricing = ["run", "pricing", "--out", str(folder)]
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    assert main(pricing) == 2
    assert "it holds the results of the study 'tournament'" in capsys.readouterr().err
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before
    check_own(folder, study_owner("pricing"), force=True)
    with output_folder(folder, study_owner("pricing"), force=True) as stage_folder:
        (stage_folder / "manifest.json").write_text('{"study": "pricing", "files": {}}')
    assert sorted(path.name for path in folder.iterdir()) == ["manifest.json", "notes.txt", "store.duckdb"]


@pytest.mark.parametrize(("make", "owner", "words"), [
    (lambda out: (out / "a.txt").write_text(""), OWNER, "it holds other files (a.txt)"),
    (lambda out: (out / "manifest.json").write_text('{"name": "an app"}'), OWNER, "other files (manifest.json)"),
    (lambda out: (out / "manifest.json").write_text('{"report": "x"}'), OWNER, "the results of a report"),
    (lambda out: (out / "manifest.json").write_text('{"study": "x"}'), REPORT, "the results of the study 'x'"),
    (lambda out: (out / "manifest.json").write_text('{"study": "tournament"}'), OWNER, ""),
    (lambda out: (out / UNFINISHED).write_text('{"study": "tournament"}'), OWNER, ""),
    (lambda out: None, OWNER, ""),
])
def test_whose_a_folder_is(tmp_path, make, owner, words):
    make(tmp_path)
    if not words:
        return check_own(tmp_path, owner)
    with pytest.raises(OutputError) as error:
        check_own(tmp_path, owner)
    assert words in str(error.value)
    assert "--force" in str(error.value)
    return check_own(tmp_path, owner, force=True)


def test_runs_of_the_study_make_a_folder_its_own(folder):
    (folder / "manifest.json").unlink()
    check_own(folder, OWNER)
    with pytest.raises(OutputError, match="it holds runs of the study 'tournament'"):
        check_own(folder, study_owner("sweep"))


def test_symbolic_links_are_not_written_through(tmp_path):
    (tmp_path / "real").mkdir()
    (tmp_path / "dangling").symlink_to(tmp_path / "nowhere")
    (tmp_path / "link").symlink_to(tmp_path / "real")
    (tmp_path / "below").mkdir()
    (tmp_path / "below" / "store.duckdb").symlink_to(tmp_path / "elsewhere")
    for name in ("link", "dangling", "below"):
        with pytest.raises(OutputError, match="symbolic link"):
            check_own(tmp_path / name, OWNER, force=True)
    mine = tmp_path / "mine.csv"
    mine.write_text("mine")
    (tmp_path / "real" / "summary.csv").symlink_to(mine)
    with output_folder(tmp_path / "real", OWNER, force=True) as made:
        (made / "summary.csv").write_text("theirs")
    assert mine.read_text() == "mine"
    assert not (tmp_path / "real" / "summary.csv").is_symlink()
    (tmp_path / "real" / "figures").symlink_to(tmp_path / "below")
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "a.svg").write_text("")
    with pytest.raises(OutputError, match="figures is a symbolic link"), \
            output_folder(tmp_path / "real", OWNER, force=True) as made:
        (tmp_path / "a").rename(made / "figures")
    assert list((tmp_path / "below").iterdir()) == [tmp_path / "below" / "store.duckdb"]


def test_files_of_a_folder_within_are_written_there(tmp_path):
    for text in ("first", "again"):
        with output_folder(tmp_path / "o", OWNER) as made:
            (made / "figures").mkdir()
            (made / "figures" / "a.svg").write_text(text)
            (made / "manifest.json").write_text(json.dumps({"study": "tournament", "files": {"figures/a.svg": ""}}))
        assert (tmp_path / "o" / "figures" / "a.svg").read_text() == text


@pytest.mark.parametrize("name", ["a\0b", "x" * 300, "a\udcff", "/".join(["long" * 20] * 80)])
def test_paths_that_cannot_be_end_in_a_sentence(capsys, tmp_path, name):
    for command in ([*RUN], ["run", "pricing"]):
        assert main([*command, "--out", f"{tmp_path}/{name}"]) == 2
        assert capsys.readouterr().err.startswith("tokenmarket: error: cannot write results to ")
    assert list(tmp_path.iterdir()) == []


def test_a_long_name_that_is_allowed_is_written(tmp_path):
    out = tmp_path / ("x" * 250)
    with output_folder(out, OWNER) as made:
        (made / "a.csv").write_text("1")
    assert (out / "a.csv").read_text() == "1"


def test_a_stage_is_removed_when_its_process_is_dead_and_only_then(tmp_path, capsys):
    code = ("import os, sys; from pathlib import Path; from experiments.output.stages import stage\n"
            "with stage(Path(sys.argv[1])) as made: (made / 'a').write_text('1'); os.kill(os.getpid(), 9)")
    for name in ("o", "o-x"):
        done = subprocess.run([sys.executable, "-c", code, str(tmp_path / name)], cwd=ROOT, check=False)
        assert done.returncode == -9
    (tmp_path / ".o-precious.partial").mkdir()
    (tmp_path / ".o-precious.partial" / "mine").write_text("no lock: nobody's that we know")
    with stage(tmp_path / "o") as living:
        with output_folder(tmp_path / "o", OWNER) as made:
            (made / "a.csv").write_text("1")
        assert living.exists()
    assert "removed what an interrupted run left" in capsys.readouterr().err
    assert clear(tmp_path / "o") == []
    assert len(clear(tmp_path / "o-x")) == 1
    assert sorted(path.name for path in tmp_path.iterdir()) == [".o-precious.partial", "o"]


def test_a_full_disk_leaves_what_was_there(tmp_path, monkeypatch):
    out = tmp_path / "o"
    with output_folder(out, OWNER) as made:
        (made / "a.csv").write_text("1")
        (made / "manifest.json").write_text('{"study": "tournament", "files": {"a.csv": ""}}')
    with pytest.raises(OutputError, match="No space left on device; make room and give the same command again"), \
            output_folder(out, OWNER):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    assert sorted(path.name for path in out.iterdir()) == ["a.csv", "manifest.json"]
    assert [path.name for path in tmp_path.iterdir()] == ["o"]


def test_a_figure_that_fails_takes_no_table_with_it(capsys, finished, folder, monkeypatch):
    def broken(_self, _found, into):
        (into / "half.svg").write_text("<svg")
        raise ZeroDivisionError("no ticks")

    (folder / "summary.csv").unlink()
    with monkeypatch.context() as patch:
        patch.setattr(type(STUDY), "draw", broken)
        assert main([*RUN, "--out", str(folder)]) == 2
    captured = capsys.readouterr()
    assert "the figures could not be drawn (ZeroDivisionError: no ticks); the tables are in" in captured.err
    assert "cost" in captured.out
    assert not (folder / "half.svg").exists()
    assert (folder / "summary.csv").read_bytes() == (finished / "summary.csv").read_bytes()
    assert main([*RUN, "--out", str(folder)]) == 0  # tried again, from runs that are all there
    assert (folder / "manifest.json").read_bytes() == (finished / "manifest.json").read_bytes()


def test_other_settings_of_the_same_study_replace_and_say_so(capsys, folder):
    assert main([*RUN, "--out", str(folder), "--seed", "5"]) == 0
    assert "holds this study with other settings; its results are replaced" in capsys.readouterr().err
    assert manifest_of(folder)["seed"] == 5


def test_every_value_says_who_set_it_and_why(finished):
    rows = {row["path"]: row for row in manifest_of(finished)["assumptions"]}
    text = (ROOT / "experiments/scenarios/duel.toml").read_text()
    assert manifest_of(finished)["scenario_source"][0]["text"] == text
    assert rows["traffic.duration_s"]["set_by"] == "--set traffic.duration_s=4"
    assert rows["traffic.drain_s"] == {"path": "traffic.drain_s", "value": 3600.0, "set_by": "default",
                                       "source": "assumption"}
    assert rows["routers.main.policy.kind"]["set_by"] == "the design"
    assert rows["providers.slow.offers.toy.price.input_usd_per_mtok"]["set_by"] == "built-in duel"


def test_values_of_a_file_stand_with_its_comments(tmp_path):
    mine = tmp_path / "mine.toml"
    shutil.copy(ROOT / "experiments/scenarios/duel.toml", mine)
    with mine.open("a") as file:
        file.write('\n# measured in our rack\n[providers.slow.faults]\nfast_failure_s = 0.25  # by "hand" # twice\n')
    record = origins.record_of(load(mine), origins.Origin(str(mine)), ["traffic.load"])
    rows = {row["path"]: row for row in record["assumptions"]}
    assert rows["providers.slow.faults.fast_failure_s"]["source"] == 'by "hand" # twice'
    assert rows["providers.slow.faults.fast_failure_s"]["set_by"] == str(mine)
    assert rows["traffic.load"]["set_by"] == "the design"
    changed = origins.record_of(load(mine, "seed=3"), origins.Origin(str(mine)), [])
    assert {row["path"] for row in changed["assumptions"] if row["set_by"] == "the study"} == {"seed"}


def test_values_stand_with_the_file_of_a_chain_that_set_them_last(tmp_path):
    (tmp_path / "below").mkdir()
    (tmp_path / "below" / "mine.toml").write_text(
        'extends = "duel"\n[routers.main.policy]\nkind = "openrouter_classic"\nk = 3  # of the base\n'
        "[providers.slow.faults]\nfast_failure_s = 0.25  # gone above\n[traffic]\nload = 0.9  # base\n")
    mine = tmp_path / "mine.toml"  # the same name as what it extends
    mine.write_text('extends = "below/mine.toml"\nremove = ["providers.slow.faults"]\nseed = 7  # a whim\n'
                    '[routers.main.policy]\nkind = "smooth_wrr"\n')
    record = origins.record_of(load(mine), origins.Origin(str(mine)), [])
    rows = {row["path"]: row for row in record["assumptions"]}
    below = str(tmp_path / "below" / "mine.toml")
    assert [it["name"] for it in record["scenario_source"]] == ["built-in duel", below, str(mine)]
    assert (rows["traffic.load"]["set_by"], rows["traffic.load"]["source"]) == (below, "base")
    assert (rows["seed"]["set_by"], rows["seed"]["source"]) == (str(mine), "a whim")
    assert rows["routers.main.policy.kind"]["set_by"] == str(mine)
    assert rows["providers.slow.faults.fast_failure_s"]["set_by"] == "default"
    assert rows["providers.slow.offers.toy.price.input_usd_per_mtok"]["set_by"] == "built-in duel"


def test_comments_find_their_values():
    text = '# head\n\n# of all\n[a."b.c"]\nx = "#no" # yes\n# above\ny = 1\n[[l]]\nz = 1 # one\n[[l]]\nz = 2 # two\n'
    assert comments_in(text) == {("a", "b.c"): "of all", ("a", "b.c", "x"): "yes", ("a", "b.c", "y"): "above",
                                 ("l", "0", "z"): "one", ("l", "1", "z"): "two"}


def test_versions_are_of_all_packages_and_the_code():
    found = versions.versions_of()
    assert {"python", "tokenmarket", "numpy", "numba", "llvmlite", "pandas", "duckdb", "pydantic-core"} <= set(
        found["versions"])
    assert "ruff" not in found["versions"]
    assert len(found["code"]) == 32
