"""No parameter is an anonymous tuple: what travels together has a name, and so have its members."""

import ast
from collections.abc import Iterator

import pytest

from worlds.places import ROOT

ROOMS = ("sim", "providers", "policies", "experiments")
# by file, function and parameter, why a pair says enough there
KEPT = {
    ("experiments/output/names.py", "name_points", "places"): "points of the figure, x and y",
    ("experiments/output/names.py", "name_lines", "ends"): "points of the figure, x and y",
    ("experiments/output/names.py", "_name", "place"): "a point of the figure, x and y",
    ("experiments/output/names.py", "_moved", "offset"): "a distance in the figure, x and y",
    ("experiments/studies/steady/measures.py", "warm_up_of", "courses"): "the key of a table by policy and metric",
}


def anonymous(source: str) -> Iterator[tuple[str, str]]:
    """Function and parameter, wherever an annotation holds a tuple of a fixed number of members."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            stars = [it for it in (node.args.vararg, node.args.kwarg) if it is not None]
            for argument in [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs, *stars]:
                if argument.annotation is not None and any(map(_is_fixed_tuple, _parts(argument.annotation))):
                    yield node.name, argument.arg


def _parts(annotation: ast.expr) -> Iterator[ast.AST]:
    """All nodes of an annotation, those of names in quotes too."""
    for node in ast.walk(annotation):
        yield node
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield from ast.walk(ast.parse(node.value, mode="eval"))


def _is_fixed_tuple(node: ast.AST) -> bool:
    if not isinstance(node, ast.Subscript) or not isinstance(node.value, ast.Name | ast.Attribute):
        return False
    name = node.value.id if isinstance(node.value, ast.Name) else node.value.attr
    members = node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
    endless = any(isinstance(it, ast.Constant) and it.value is Ellipsis for it in members)
    return name in ("tuple", "Tuple") and not endless


def test_no_parameter_is_an_anonymous_tuple():
    found = {(path.relative_to(ROOT).as_posix(), function, parameter)
             for room in ROOMS for path in (ROOT / room).rglob("*.py")
             for function, parameter in anonymous(path.read_text(encoding="utf-8"))}
    assert found - set(KEPT) == set(), "give it a NamedTuple, or parameters of its own"
    assert set(KEPT) - found == set(), "no longer there: take it off the list"


@pytest.mark.parametrize(("annotation", "seen"), [
    ("tuple[int, str]", True), ("list[tuple[int, str]]", True), ("tuple[int, str] | None", True),
    ("'Iterable[tuple[int, str]]'", True), ("typing.Tuple[int]", True), ("tuple[int, ...]", False),
    ("tuple[tuple[int, str], ...]", True), ("dict[str, int]", False), ("Pair", False),
])
def test_what_counts_as_anonymous(annotation, seen):
    assert list(anonymous(f"def f(a: int, b: {annotation}) -> tuple[int, int]: ...")) == [("f", "b")] * seen
