"""The rooms, the direction of their imports, and documentation that names what is there."""

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import networkx
import pytest

from worlds.places import ROOT

MAY_IMPORT = {
    "sim": {"sim"},
    "providers": {"providers", "sim"},
    "policies": {"policies", "sim"},
    "experiments": {"experiments", "providers", "policies", "sim"},
}
HEAVY = ("numba", "scipy", "pandas", "matplotlib")
KNOWN_CIRCLES: tuple[str, ...] = ()  # a circle that must stand for a while is named here, its modules with spaces
TWINS = (r"sim\.engines\.(reference|compiled)\.\w+", r"experiments\.studies\.\w+\.\w+")  # engines; the study contract
COMMANDS = "experiments.cli."  # a file a command, named for it
SAME_NAME = {  # with the reason
    "registry": "each room that can be added to has one, and it is looked for under that name",
}
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
PATHS = re.compile(r"`((?:sim|providers|policies|experiments|tests|docs|\.ci)/[\w./*-]*)`")


def sources() -> Iterator[tuple[str, Path]]:
    """Dotted name and path of every module of the rooms."""
    for room in MAY_IMPORT:
        for path in sorted((ROOT / room).rglob("*.py")):
            parts = path.relative_to(ROOT).with_suffix("").parts
            yield ".".join(parts[:-1] if parts[-1] == "__init__" else parts), path


MODULES = dict(sources())


def imports(tree: ast.AST) -> Iterator[str]:
    """Names that a module imports, wherever in it."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


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
    reached = {module for raw in imports(tree) if (module := module_of(raw))}
    assert {module.partition(".")[0] for module in reached} <= MAY_IMPORT[room]


def runs(name: str, path: Path) -> set[str]:
    """Modules that importing a module runs: what it names, and the packages around that but not around itself."""
    named = {m for raw in imports(ast.parse(path.read_text(encoding="utf-8"))) if (m := module_of(raw))}
    around = {module[:dot.start()] for module in named for dot in re.finditer(r"\.", module)} & set(MODULES)
    return named | {package for package in around if not name.startswith(f"{package}.")}


def circles(graph: dict[str, set[str]]) -> set[frozenset[str]]:
    """Groups of modules each of which imports all others of its group, by whatever way round."""
    arrows = networkx.DiGraph([(name, other) for name, reached in graph.items() for other in reached])
    return {frozenset(group) for group in networkx.strongly_connected_components(arrows) if len(group) > 1}


def test_circles_are_seen() -> None:
    assert circles({"a": {"b"}, "b": {"c", "d"}, "c": {"a"}, "d": set()}) == {frozenset("abc")}


def test_no_new_circle_of_imports() -> None:
    """An import inside a function, or for types only, counts: it hides a circle but does not undo it."""
    graph = {name: runs(name, path) - {name} for name, path in MODULES.items()}
    known = {frozenset(group.split()) for group in KNOWN_CIRCLES}
    found = circles(graph)
    assert not sorted(map(sorted, found - known)), "new circles"
    assert not sorted(map(sorted, known - found)), "circles that are gone, or smaller: shorten KNOWN_CIRCLES"


def family(name: str) -> str:
    """The pattern of the twins that a module is one of; a module that is none is a family of its own."""
    return next((pattern for pattern in TWINS if re.fullmatch(pattern, name)), name)


def test_no_two_files_share_a_name_unless_they_are_twins() -> None:
    families: dict[str, set[str]] = {}
    for name, path in MODULES.items():
        if path.stem != "__init__" and not name.startswith(COMMANDS):
            families.setdefault(path.stem, set()).add(family(name))
    shared = {stem for stem, found in families.items() if len(found) > 1}
    assert not sorted(shared - set(SAME_NAME)), "files with one name"
    assert not sorted(set(SAME_NAME) - shared), "names that are single now: shorten SAME_NAME"


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
