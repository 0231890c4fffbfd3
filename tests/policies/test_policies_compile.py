"""How policies are compiled, what happens when they cannot be, and where compiled code is kept."""

import os
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from policies import POLICIES, bind
from policies.trial import Trial, blank_view, plain_request
from sim import compiled
from sim.engines.compiled import CompiledEngine
from sim.engines.policy_abi import compile_choose, compile_observe
from sim.engines.reference import ReferenceEngine
from sim.errors import PolicyError
from sim.policy import Policy
from sim.scenario import PolicyChoice
from worlds.places import ROOT
from worlds.small import offer, world


def policy(choose, observe=None):
    return Policy("mine", choose, "Test.", "test", "none", observe=observe)


def unknown_name(view, request, memory, u):
    x = 1
    return missing_helper(view, x)  # noqa: F821


def unsupported(view, request, memory, u):
    with open("x"):
        return 1


def unknown_field(view, request, memory, u):
    first = request.prompt_tokens
    return first + request.colour


def raises(view, request, memory, u):
    if u > 0.5:
        raise ValueError("no")
    return 0


def too_few(view, request):
    return 0


def text(view, request, memory, u):
    return "first"


def half(view, request, memory, u):
    return 0.5 * len(view)


@pytest.mark.parametrize(
    ("function", "offset", "reason"),
    [
        (unknown_name, 2, "missing_helper"),
        (unsupported, 1, "context manager"),
        (unknown_field, 2, "colour"),
        (raises, 2, "must not raise"),
        (too_few, 0, "2 arguments instead of 4"),
        (text, 1, "No conversion"),
        (half, 0, "returns float64, but must return an int"),
    ],
)
def test_what_cannot_be_compiled_gets_line_reason_and_hint(function, offset, reason):
    with pytest.raises(PolicyError) as error:
        compile_choose(policy(function))
    sentence = str(error.value)
    first = function.__code__.co_firstlineno
    assert sentence.startswith("policy 'mine' cannot be compiled: ")
    assert "test_policies_compile.py, line " in sentence
    line = int(sentence.split(", line ")[1].split(":")[0])
    assert first <= line <= first + max(offset, 1)
    if function not in (unsupported, text):  # numba tells no line inside these
        assert line == first + offset
    assert reason in sentence
    assert 'traffic.engine="reference"' in sentence
    assert "\n" not in sentence


def test_too_many_routers_for_the_compiled_engine_are_told_in_one_sentence():
    names = ["main", *(f"r{number}" for number in range(8))]
    market = world([offer()], bind(PolicyChoice(kind="random")), routers={name: {} for name in names})
    with pytest.raises(PolicyError, match=r"^routers are 9; the compiled engine takes at most 8$"):
        CompiledEngine(market, iter(()))
    ReferenceEngine(market, iter(()))


def test_observe_and_callables_are_checked_too():
    with pytest.raises(PolicyError, match="1 arguments instead of 2"):
        compile_observe(policy(raises, observe=lambda memory: None))
    with pytest.raises(PolicyError, match="not a plain function"):
        compile_choose(policy(np.argmin.__call__))


def test_what_cannot_be_compiled_still_runs_in_python(monkeypatch):
    monkeypatch.setitem(POLICIES, "raising_test", Policy("raising_test", raises, "Test.", "test", "none"))
    seat = Trial(bind(PolicyChoice(kind="raising_test")), 2, compiled=False)
    assert seat.choose(blank_view(2), plain_request(), 0.1) == 0


def in_a_process(code, **environment):
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code],
        cwd=ROOT,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_cache_is_in_the_users_folder_and_is_read_again(tmp_path):
    code = (
        "from sim.compiled import prepare_cache; from sim.draws import derive, mix, split\n"
        "print(prepare_cache()); print(len(list(prepare_cache().rglob('*.nbi'))))"
    )
    folder, files = in_a_process(code, XDG_CACHE_HOME=str(tmp_path), TOKENMARKET_CACHE_DIR="").splitlines()
    assert Path(folder).parent == tmp_path / "tokenmarket"
    assert Path(folder).name == compiled._source_hash()
    assert not list((ROOT / "policies").rglob("*.nbi"))
    own = {"XDG_CACHE_HOME": str(tmp_path), "TOKENMARKET_CACHE_DIR": str(tmp_path / "own")}
    other = in_a_process(code, **own).splitlines()
    assert Path(other[0]).parent == tmp_path / "own"
    assert other[1] == files


def test_an_unwritable_cache_falls_back_to_a_folder_that_disappears(tmp_path):
    blocker = tmp_path / "file"
    blocker.write_text("not a folder")
    folder = in_a_process(
        "from sim.compiled import prepare_cache; print(prepare_cache())", TOKENMARKET_CACHE_DIR=str(blocker)
    ).strip()
    assert blocker.as_posix() not in folder
    assert not Path(folder).exists()


def test_old_folders_of_other_sources_are_pruned_and_nothing_else(tmp_path):
    old = time.time() - 31 * 86_400
    for name in ("a" * 32, "b" * 32, "precious", "c" * 32):
        (tmp_path / name).mkdir()
        if name != "b" * 32:
            os.utime(tmp_path / name, (old, old))
    compiled._prune(tmp_path, tmp_path / ("c" * 32))
    assert sorted(p.name for p in tmp_path.iterdir()) == ["b" * 32, "c" * 32, "precious"]


def test_preparing_again_changes_nothing_and_is_quick():
    folder = compiled.prepare_cache()
    start = time.perf_counter()
    assert compiled.prepare_cache() == folder
    assert time.perf_counter() - start < 0.02
    start = time.perf_counter()
    compiled._source_hash()
    assert time.perf_counter() - start < 0.2  # some 5 ms on an idle machine
