"""The example of docs/extending.md is executed as it stands there."""

import json
import os
import re
import subprocess
import sys

import pytest

from experiments import open_results
from worlds.places import ROOT
from worlds.scripts import run_as_script


def examples():
    policy, study = re.findall(r"```python\n(.*?)```", (ROOT / "docs/extending.md").read_text(), re.DOTALL)
    return policy, study


def example():
    return examples()[0]


SHORT = ["--set", "traffic.duration_s=30", "--set", "traffic.warmup_s=5"]
FEES = ["run", "fees", "duel", *SHORT, "--fees", "0,0.1", "--replications", 2, "--out", "o"]


def cli(folder, *words):
    """Run the command line in a process of its own, where nothing of the user's is known; return what it said."""
    done = subprocess.run([sys.executable, "-m", "tokenmarket", *map(str, words)], cwd=folder, capture_output=True,
                          text=True, timeout=300, check=False, env={**os.environ, "PYTHONPATH": str(ROOT)})
    assert "Traceback" not in done.stderr
    return done.returncode, done.stdout + done.stderr


@pytest.fixture(scope="module")
def fees(tmp_path_factory):
    """A folder with the study of docs/extending.md and what it left."""
    folder = tmp_path_factory.mktemp("fees")
    (folder / "fees.py").write_text(examples()[1])
    code, said = cli(folder, *FEES, "--jobs", 2, "--use", "fees.py")
    assert code == 0, said
    assert "paid_usd_per_mtok" in said
    return folder


def test_a_study_of_ones_own_runs_resumes_and_is_reported(fees):
    code, said = cli(fees, "--use=fees.py", *FEES)
    assert (code, said) == (0, "o/ holds this study already, all 4 runs; nothing was done\n")
    with open_results(fees / "o") as results:
        paid = results.compare("paid_usd_per_mtok")
    assert paid["difference"].item() > 0
    assert cli(fees, "--use", "fees.py", "list", "studies")[1].count("several fees of the router") == 1
    code, said = cli(fees, "--use", "fees.py", "report", "o")
    assert code == 0, said
    page = (fees / "o" / "report" / "report.md").read_text()
    assert "# What a fee does: duel" in page
    assert "What does the router's fee do to what customers pay and get?" in page
    code, said = cli(fees, "--use", "fees.py", "checklist", "o")
    assert code == 0, said
    assert "varied between runs: `routers.main.fee_share`" in (fees / "o" / "stress-des.md").read_text()


def test_its_look_is_marked(fees):
    code, said = cli(fees, "--use=fees.py", "run", "fees", "duel", "--quick", "--jobs", 1)
    assert code == 0, said
    assert "A LOOK, NOT A RESULT: of 120 s 20, of 3 replications one" in said
    manifest = json.loads((fees / "results/fees-look/manifest.json").read_text())
    assert manifest["scenario"]["name"] == "duel-look"


def test_code_of_a_folder_is_never_imported_unasked(fees):
    manifest = json.loads((fees / "o" / "manifest.json").read_text())
    (module,) = manifest["use"]
    assert (module["path"], module["text"]) == ("fees.py", examples()[1])
    for command in (["reproduce", "o"], ["replay", "o/manifest.json", "--out", "again"]):
        code, said = cli(fees, *command)
        assert code == 2
        assert f"was made with --use fees.py (BLAKE2b {module['digest']}), which is not imported unasked" in said
    code, said = cli(fees, "reproduce", "o", "--use", "fees.py")
    assert code == 0, said
    assert "came out with the same bytes" in said
    (fees / "other.py").write_text(examples()[1] + "\n# changed\n")
    assert cli(fees, "reproduce", "o", "--use", "other.py")[0] == 2


def test_a_policy_of_ones_own_meets_others_on_the_command_line_in_workers_too(tmp_path):
    (tmp_path / "mine.py").write_text(example())
    code, said = cli(tmp_path, "--use", "mine.py", "run", "tournament", "duel", *SHORT, "--loads", 1, "--jobs", 2,
                     "--policies", "cheapest_in_time:ttft_s=0.5,random", "--replications", 2, "--out", "o")
    assert code == 0, said
    assert "cheapest_in_time:ttft_s=0.5" in (tmp_path / "o" / "summary.csv").read_text()
    code, said = cli(tmp_path, "run", "tournament", "duel", "--policies", "cheapest_in_time", "--out", "p")
    assert code == 2
    assert "'cheapest_in_time', which is no policy or preset" in said


@pytest.mark.parametrize(("text", "words"), [
    (None, "cannot read the module"), ("x = 1\ny = z\n", "line 2: NameError: name 'z' is not defined"),
    ("def f(:\n", "line 1: SyntaxError"),
    ("from policies import register\nimport nowhere_at_all\n", "line 2: ModuleNotFoundError"),
])
def test_a_module_that_cannot_be_imported_is_told_with_its_line(tmp_path, text, words):
    if text is not None:
        (tmp_path / "m.py").write_text(text)
    code, said = cli(tmp_path, "--use", "m.py", "list", "studies")
    assert code == 2
    assert "--use m.py" in said
    assert words in said
    assert len(said.splitlines()) == 1


def test_the_example_runs_as_a_script(tmp_path):
    done = run_as_script(example(), tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stdout == "1 2\n1 2\n"
    assert not list(tmp_path.rglob("*.nbi"))


def test_a_change_in_the_script_takes_effect(tmp_path):
    code = example()
    run_as_script(code, tmp_path)
    changed = code.replace("view[i, COST_USD] if good", "-view[i, COST_USD] if good")
    assert changed != code
    assert run_as_script(changed, tmp_path).stdout == "2 1\n2 1\n"


def test_an_error_in_the_script_names_its_line(tmp_path):
    code = example().replace("ttft_s = memory.params[AT.ttft_s]", "ttft_s = memory.parameters[AT.ttft_s]")
    code = code.replace("(False, True)", "(True,)")
    done = run_as_script(code, tmp_path)
    line = 1 + code[: code.index("memory.parameters")].count("\n")
    assert done.returncode != 0
    sentence = done.stderr.splitlines()[-1]
    assert f"policy 'cheapest_in_time' cannot be compiled: {tmp_path / 'mine.py'}, line {line}: " in sentence
    assert "parameters" in sentence
