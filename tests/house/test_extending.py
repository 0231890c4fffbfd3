"""The example of docs/extending.md is executed as it stands there."""

import re

from worlds.places import ROOT
from worlds.scripts import run_as_script


def example():
    (code,) = re.findall(r"```python\n(.*?)```", (ROOT / "docs/extending.md").read_text(), re.DOTALL)
    return code


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
