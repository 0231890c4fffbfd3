"""The rooms, the direction of their imports, and documentation that names what is there."""

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from importlib import import_module
from pathlib import Path

import pytest

from worlds.places import ROOT

MAY_IMPORT = {
    "sim": {"sim"},
    "providers": {"providers", "sim"},
    "policies": {"policies", "sim"},
    "experiments": {"experiments", "providers", "policies", "sim"},
}
HEAVY = ("numba", "scipy", "pandas", "matplotlib")
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
PATHS = re.compile(r"`((?:sim|providers|policies|experiments|tests|docs|\.ci)/[\w./*-]*)`")


def sources() -> Iterator[tuple[str, Path]]:
    """Dotted name and path of every module of the rooms."""
    for room in MAY_IMPORT:
        for path in sorted((ROOT / room).rglob("*.py")):
            parts = path.relative_to(ROOT).with_suffix("").parts
            yield ".".join(parts[:-1] if parts[-1] == "__init__" else parts), path


MODULES = dict(sources())


def imports(tree: ast.AST, everywhere: bool) -> Iterator[str]:
    """Names that a module imports; without ``everywhere`` only those that importing the module runs."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
        elif everywhere or not (runs_later(node) or only_for_types(node)):
            yield from imports(node, everywhere)


def runs_later(node: ast.AST) -> bool:
    """Whether the statement is a function, whose body importing does not run."""
    return isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)


def only_for_types(node: ast.AST) -> bool:
    """Whether the statement is ``if TYPE_CHECKING:``."""
    return isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"


def module_of(name: str) -> str | None:
    """The module of ours that importing ``name`` runs."""
    while name and name not in MODULES:
        name = name.rpartition(".")[0]
    return name or None


def test_every_room_is_there() -> None:
    assert {name.partition(".")[0] for name in MODULES} == set(MAY_IMPORT)


@pytest.mark.parametrize("name", sorted(MODULES))
def test_arrows_run_one_way(name: str) -> None:
    room = name.partition(".")[0]
    tree = ast.parse(MODULES[name].read_text(encoding="utf-8"))
    reached = {module for raw in imports(tree, everywhere=True) if (module := module_of(raw))}
    assert {module.partition(".")[0] for module in reached} <= MAY_IMPORT[room]


def test_no_import_cycles() -> None:
    graph = {}
    for name, path in MODULES.items():
        tree = ast.parse(path.read_text(encoding="utf-8"))
        graph[name] = {m for raw in imports(tree, everywhere=False) if (m := module_of(raw)) and m != name}
    try:
        order = list(TopologicalSorter(graph).static_order())
    except CycleError as error:
        pytest.fail(f"import cycle: {' -> '.join(error.args[1])}")
    assert set(order) == set(MODULES)


@pytest.mark.parametrize("command", [["--help"], ["run", "--help"], ["run", "tournament", "--help"]])
def test_help_is_light(command: list[str]) -> None:
    """Help appears without the packages that take seconds to import."""
    script = (
        "import sys\n"
        "from experiments.cli.main import main\n"
        "try:\n"
        "    code = main(sys.argv[1:])\n"
        "except SystemExit as stop:\n"
        "    code = stop.code\n"
        f"print('loaded:', *sorted(set({HEAVY!r}) & set(sys.modules)))\n"
        "sys.exit(code)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, *command], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    lines = done.stdout.strip().splitlines()
    assert lines[0].startswith("usage: tokenmarket")
    assert lines[-1] == "loaded:"


def test_documentation_names_every_policy() -> None:
    registry = import_module("policies.registry")
    text = "\n".join(page.read_text(encoding="utf-8") for page in PAGES)
    names = {*registry.POLICIES, *registry.PRESETS}
    assert names, "no policy is registered"
    assert not {name for name in names if f"`{name}`" not in text}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_documentation_points_at_what_exists(page: Path) -> None:
    """Links between pages, and paths in backticks, lead somewhere."""
    text = page.read_text(encoding="utf-8")
    links = [target for target in re.findall(r"\]\(([^)#]+)", text) if "://" not in target]
    missing = [target for target in links if not (page.parent / target).exists()]
    missing += [path for path in PATHS.findall(text) if not list(ROOT.glob(path.rstrip("/")))]
    assert not missing


def test_the_architecture_answers_every_question_with_a_file() -> None:
    """Each row of its table names a file or folder, and no folder of the source goes unnamed."""
    text = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| ([^|]+\?) \| (.+) \|$", text, flags=re.MULTILINE)
    assert len(rows) > 40
    assert not [question for question, answer in rows if not PATHS.findall(answer)]
    named = set(PATHS.findall("\n".join(answer for _, answer in rows)))
    parts = {path.parent.relative_to(ROOT).as_posix() for room in MAY_IMPORT for path in (ROOT / room).rglob("*.py")}
    inside = {part for part in parts for path in named if path.startswith(part + "/")}
    below = {part for part in parts for path in named if path.endswith("/") and (part + "/").startswith(path)}
    assert not parts - inside - below
