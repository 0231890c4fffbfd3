"""Where machine code is kept, and what makes it be made anew."""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest

from sim import compiled
from sim.compiled import ENGINE, PACKAGES, import_graph, is_compiled, source_key
from worlds.places import ROOT

FUNCTIONS = "from sim.draws import derive, mix, split"
ENGINE_MADE = """
from numba.core import event
from experiments.runs.run_traffic import assemble
from experiments.scenarios import load_traffic
with event.install_recorder("numba:compile") as seen:
    from sim.engines.compiled import CompiledEngine
    engine = CompiledEngine(assemble(load_traffic("duel", ["traffic.duration_s=30"])), iter(()))
    engine.tally()
print(len(seen.buffer))
"""


def in_a_process(code: str, root: Path = ROOT, **environment: str) -> str:
    done = subprocess.run(
        [sys.executable, "-W", "error", "-W", "ignore:First-class function type feature is experimental", "-c", code],
        cwd=root, env={**os.environ, **environment}, capture_output=True, text=True, timeout=300, check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A second checkout of these sources."""
    for package in PACKAGES:
        shutil.copytree(ROOT / package, tmp_path / "other" / package, ignore=shutil.ignore_patterns("__pycache__"))
    return tmp_path / "other"


def comment_in(root: Path, file: str) -> None:
    with (root / file).open("r+", encoding="utf-8") as source:  # it must be there
        source.seek(0, 2)
        source.write("# a comment\n")


@pytest.mark.parametrize("file", ["providers/pricing/undercut.py", "sim/market/board.py", "policies/least_loaded.py",
                                  "sim/engines/compiled/build.py", "sim/scenario/base.py"])
def test_a_comment_that_the_engine_does_not_reach_leaves_its_key_alone(checkout: Path, file: str) -> None:
    comment_in(checkout, file)
    assert source_key(ENGINE, checkout) == source_key(ENGINE)


@pytest.mark.parametrize("file", ["sim/engines/compiled/replica.py", "sim/draws.py", "sim/compiled.py", "sim/view.py"])
def test_a_comment_in_what_the_engine_is_made_of_changes_its_key(checkout: Path, file: str) -> None:
    comment_in(checkout, file)
    assert source_key(ENGINE, checkout) != source_key(ENGINE)


def test_each_module_has_a_key_of_its_own(checkout: Path) -> None:
    modules = ("policies.least_loaded", "policies.litellm_latency", "providers.pricing.qlearning", ENGINE)
    comment_in(checkout, "policies/least_loaded.py")
    assert [source_key(module, checkout) == source_key(module) for module in modules] == [False, True, True, True]


def test_a_key_covers_the_file_of_types_that_signatures_name(checkout: Path) -> None:
    assert compiled.TYPES not in import_graph("sim.engines.next_turn")
    comment_in(checkout, "sim/engines/compiled/shard_row.py")
    assert source_key("sim.engines.next_turn", checkout) != source_key("sim.engines.next_turn")


def test_the_graph_follows_what_importing_runs_and_nothing_else(tmp_path: Path) -> None:
    sources = {
        "sim/__init__.py": "from sim import far", "sim/a.py": "from sim.part import b, c\nimport sim.d\n",
        "sim/part/__init__.py": "from sim.e import c\n", "sim/part/b.py": "def f():\n    from sim import far\n",
        "sim/d.py": "import numpy\nif TYPE_CHECKING:\n    import sim.far\n", "sim/e.py": "c = 1\n", "sim/far.py": "",
    }
    for name, text in sources.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    assert set(import_graph("sim.a", tmp_path)) == {"sim.a", "sim.part", "sim.part.b", "sim.d", "sim.e"}


def test_a_second_checkout_and_a_comment_elsewhere_compile_nothing_anew(checkout: Path) -> None:
    in_a_process(ENGINE_MADE)  # compiles the engine if nobody has yet
    assert is_compiled()
    comment_in(checkout, "providers/pricing/undercut.py")
    assert in_a_process(ENGINE_MADE, checkout) == "0"


def test_the_cache_is_in_the_users_folder_and_is_read_again(tmp_path: Path) -> None:
    code = f"{FUNCTIONS}\nprint(sum(mix.stats.cache_hits.values()), sum(mix.stats.cache_misses.values()))"
    user = {"XDG_CACHE_HOME": str(tmp_path), "TOKENMARKET_CACHE_DIR": ""}
    assert [in_a_process(code, **user) for _ in range(2)] == ["0 1", "1 0"]
    folder = tmp_path / "tokenmarket" / f"sim.draws-{source_key('sim.draws')}"
    assert len(list(folder.glob("*.nbi"))) == 6
    assert not list((ROOT / "sim").rglob("*.nbi"))
    assert in_a_process(code, XDG_CACHE_HOME=str(tmp_path), TOKENMARKET_CACHE_DIR=str(tmp_path / "own")) == "0 1"
    assert [path.name for path in (tmp_path / "own").iterdir()] == [folder.name]


def test_an_unwritable_cache_falls_back_to_a_folder_that_disappears(tmp_path: Path) -> None:
    blocker = tmp_path / "file"
    blocker.write_text("not a folder")
    code = f"{FUNCTIONS}; from sim.compiled import cache_folder; print(cache_folder('sim.draws'))"
    folder = in_a_process(code, TOKENMARKET_CACHE_DIR=str(blocker))
    assert "sim.draws" in folder
    assert not folder.startswith(str(blocker))
    assert not Path(folder).parent.exists()


def test_functions_of_a_user_are_compiled_in_every_process(tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text(
        "from sim.compiled import njit\n@njit(cache=True)\ndef twice(x): return 2 * x\n", encoding="utf-8")
    code = f"import sys; sys.path.insert(0, {str(tmp_path)!r})\n"
    code += "from mine import twice\ntwice(2)\nprint(twice.stats[1])"
    hits = [in_a_process(code, TOKENMARKET_CACHE_DIR=str(tmp_path / "cache")) for _ in range(2)]
    assert hits == ["Counter()", "Counter()"]
    assert not list(tmp_path.rglob("mine*.nbi"))


def test_old_folders_are_pruned_and_nothing_else(tmp_path: Path) -> None:
    old = time.time() - 31 * 86_400
    key = "0123456789abcdef" * 2
    for name in (f"sim.draws-{key}", f"sim.view-{key}", key, "precious", "sim.draws-notes"):
        (tmp_path / name).mkdir()
        if name != f"sim.view-{key}":
            os.utime(tmp_path / name, (old, old))
    compiled._prune(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["precious", "sim.draws-notes", f"sim.view-{key}"]


def test_a_source_is_parsed_once_for_all_keys() -> None:
    compiled._imported.cache_clear()
    for _ in range(2):
        source_key(ENGINE)
    assert compiled._imported.cache_info().misses == len(import_graph(ENGINE))


DAMAGES: tuple[Callable[[bytes], bytes], ...] = (  # one for each function of sim.draws
    lambda content: content[:len(content) // 2], lambda _: b"", lambda _: b"\x80garbage" * 50,
    lambda content: content[:-9] + bytes([content[-9] ^ 1]) + content[-8:], lambda content: content[::-1],
    lambda content: content[1:],
)


def test_damaged_files_of_machine_code_are_made_anew(tmp_path: Path) -> None:
    """Half a file, an empty one, garbage, a flipped bit, all in reverse: numba would end in a traceback, or crash."""
    code = f"{FUNCTIONS}\nprint(sum(mix.stats.cache_hits.values()), split(.5, 3), derive(5, 3, 4))"
    first = in_a_process(code, TOKENMARKET_CACHE_DIR=str(tmp_path))
    assert first[0] == "0"
    for ending in ("nbi", "nbc"):
        for path, damage in zip(sorted(tmp_path.rglob(f"*.{ending}")), DAMAGES, strict=True):
            path.write_bytes(damage(path.read_bytes()))
        assert in_a_process(code, TOKENMARKET_CACHE_DIR=str(tmp_path)) == first
    assert in_a_process(code, TOKENMARKET_CACHE_DIR=str(tmp_path)) == f"1{first[1:]}"


def test_machine_code_that_cannot_be_kept_is_used_all_the_same(tmp_path: Path) -> None:
    full = "import resource, sys\nresource.setrlimit(resource.RLIMIT_FSIZE, (64, 64))\n"
    code = f"{full}{FUNCTIONS}\nsys.stdout.write(str(split(.5, 3)))"
    assert in_a_process(code, TOKENMARKET_CACHE_DIR=str(tmp_path))
    assert not list(tmp_path.rglob("*.nbc"))


def test_what_is_compiled_is_counted_once_and_out_of_all_that_the_engine_declares():
    from numba.core.dispatcher import Dispatcher

    import sim.engines.compiled.entry_point  # noqa: F401 - its functions are counted below
    from sim.draws import derive, mix
    from sim.histogram import midpoint

    graph = import_graph(ENGINE)
    declared = {value.py_func.__code__ for name in graph for value in vars(sys.modules[name]).values()
                if isinstance(value, Dispatcher) and compiled.module_of(value.py_func.__code__.co_filename) in graph}
    said: list[tuple[int, int]] = []
    count = compiled.CompileCount(lambda done, whole: said.append((done, whole)))
    for function in (mix, derive, mix, midpoint):
        count.on_end(SimpleNamespace(data={"dispatcher": function}))
    whole = len(declared)
    assert said == [(1, whole), (2, whole), (2, whole), (3, whole)]
    with count:
        compiled.njit()(lambda x: x + 1)(1)  # not the engine's
    assert len(said) == 4


@compiled.inner()
def double_of(x):
    return 2 * x


@compiled.inner()
def eight_times(x):
    return double_of(2) * double_of(x)


@compiled.njit()
def plus_one_eightfold(x):
    return eight_times(x + 1)


def test_inner_functions_are_compiled_once_and_only_as_parts_of_their_callers():
    from sim.compiled_inner import LinkedLibrary

    assert plus_one_eightfold(4) == 40
    for function in (double_of, eight_times):
        (made,) = function.overloads.values()  # one for numbers and literals
        assert isinstance(made.library, LinkedLibrary)
        with pytest.raises(TypeError, match=f"{function.__name__} can only be called from compiled code"):
            function(4)


def test_of_code_that_cannot_be_kept_numba_says_so():
    """It names the function's file, which a locator of ours must have: without optimiser no code can be kept."""
    from numba.core.errors import NumbaWarning

    from sim.draws import derive
    from sim.kept_code import KeptCode

    lifted = SimpleNamespace(lifted=[SimpleNamespace(can_cache=False)], fndesc=SimpleNamespace(qualname="x.derive"))
    with pytest.warns(NumbaWarning, match="Cannot cache compiled function \"derive\"") as said:
        assert not KeptCode(derive.py_func)._impl.check_cachable(lifted)
    assert said[0].filename == str(ROOT / "sim" / "draws.py")
