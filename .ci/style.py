"""Check the style budgets of the source packages; print every break and exit 1 if there is one.

Budgets: modules of at most 350 lines of code and functions of at most 50 (docstrings, comments and blank
lines are free), at most six parameters, everything annotated, every public module, class and function
documented, no global or unseeded random state, no reading of the wall clock, no star imports.
"""

import ast
import io
import sys
import tokenize
from collections.abc import Iterable, Iterator
from pathlib import Path

ROOTS = ("sim", "providers", "policies", "experiments")
MODULE_LINES = 350
FUNCTION_LINES = 50
PARAMETERS = 6
WALL_CLOCK = {"time.time", "datetime.now", "datetime.datetime.now"}
MAY_READ_CLOCK = {"compiled.py"}  # the age of cached machine code, never a result
SEEDED = {"default_rng", "Generator", "SeedSequence", "PCG64", "Philox", "BitGenerator"}
LAYOUT = (tokenize.COMMENT, tokenize.NL, tokenize.INDENT, tokenize.DEDENT, tokenize.ENDMARKER)

Function = ast.FunctionDef | ast.AsyncFunctionDef
Documented = ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef


def code_lines(source: str, tree: ast.AST) -> set[int]:
    """Numbers of the lines that hold code: not blank, not comment only, not docstring."""
    lines: set[int] = set()
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type not in LAYOUT:
            lines.update(range(token.start[0], token.end[0] + 1))
    for node in ast.walk(tree):
        value = node.value if isinstance(node, ast.Expr) else None
        if isinstance(value, ast.Constant) and isinstance(value.value, str):
            lines.difference_update(range(value.lineno, (value.end_lineno or value.lineno) + 1))
    return lines


def dotted(node: ast.AST) -> str:
    """Dotted name of an attribute chain, or an empty string."""
    if isinstance(node, ast.Attribute):
        head = dotted(node.value)
        return f"{head}.{node.attr}" if head else ""
    return node.id if isinstance(node, ast.Name) else ""


def parameters(node: Function) -> list[ast.arg]:
    """Named parameters less ``self`` and ``cls``."""
    named = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]
    return named[1:] if named and named[0].arg in ("self", "cls") else named


def members(node: ast.ClassDef) -> int:
    """Number of members of a named tuple; 0 of any other class."""
    named = any(dotted(base).rpartition(".")[2] == "NamedTuple" for base in node.bases)
    return sum(isinstance(child, ast.AnnAssign) for child in node.body) if named else 0


def bundles(trees: Iterable[ast.Module]) -> dict[str, int]:
    """Named tuples that are made nowhere but in the arguments of calls, with their numbers of members.

    What is kept, such as the engine's memory or a row of a log, is a thing of its own; these may be a way around the
    budget of parameters.
    """
    nodes = [node for tree in trees for node in ast.walk(tree)]
    sizes = {node.name: size for node in nodes if isinstance(node, ast.ClassDef) and (size := members(node))}
    calls = [node for node in nodes if isinstance(node, ast.Call)]
    passed = {id(value) for call in calls for value in arguments(call)}
    kept = {dotted(call.func).rpartition(".")[2] for call in calls if id(call) not in passed}
    return {name: size for name, size in sizes.items() if name not in kept}


def arguments(call: ast.Call) -> list[ast.expr]:
    """Values that a call passes."""
    return [*call.args, *(word.value for word in call.keywords)]


def weight(argument: ast.arg, node: Function, sizes: dict[str, int]) -> int:
    """For how many parameters one stands: a bundle that the function only passes on counts as its members."""
    note = argument.annotation
    name = str(note.value) if isinstance(note, ast.Constant) else dotted(note) if note is not None else ""
    size = sizes.get(name.rpartition(".")[2])
    inside = [child for statement in node.body for child in ast.walk(statement)]
    uses = sum(isinstance(child, ast.Name) and child.id == argument.arg for child in inside)
    passed = sum(isinstance(value, ast.Name) and value.id == argument.arg for child in inside
                 if isinstance(child, ast.Call) for value in arguments(child))
    return size if size and uses and uses == passed else 1


def function_breaks(node: Function, code: set[int], sizes: dict[str, int]) -> Iterator[str]:
    """Budgets that a function breaks."""
    length = len(code.intersection(range(node.lineno, (node.end_lineno or node.lineno) + 1)))
    if length > FUNCTION_LINES:
        yield f"{node.name} has {length} lines of code, at most {FUNCTION_LINES}"
    named = parameters(node)
    count = sum(weight(argument, node, sizes) for argument in named)
    if count > PARAMETERS:
        yield f"{node.name} has {count} parameters, at most {PARAMETERS}"
    stars = [a for a in (node.args.vararg, node.args.kwarg) if a is not None]
    untyped = [a.arg for a in [*named, *stars] if a.annotation is None]
    if untyped or (node.returns is None and node.name != "__init__"):
        yield f"{node.name} is not fully annotated ({', '.join(untyped) or 'return'})"


def is_overload(node: ast.ClassDef | Function) -> bool:
    """Whether a definition only declares one signature of the documented function below it."""
    return any(dotted(decorator) == "overload" for decorator in node.decorator_list)


def undocumented(node: Documented, public: bool) -> Iterator[tuple[int, str]]:
    """Public modules, classes and functions without a docstring."""
    if public and ast.get_docstring(node) is None:
        yield getattr(node, "lineno", 1), f"{getattr(node, 'name', 'the module')} has no docstring"
    if not public or not isinstance(node, ast.Module | ast.ClassDef):
        return
    for child in node.body:
        if isinstance(child, ast.ClassDef | Function) and not is_overload(child):
            yield from undocumented(child, not child.name.startswith("_"))


def smells(tree: ast.AST, may_read_clock: bool) -> Iterator[tuple[int, str]]:
    """Calls and imports that make results depend on more than scenario and seed, or hide names."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and any(alias.name == "*" for alias in node.names):
            yield node.lineno, "star import"
        if not isinstance(node, ast.Call):
            continue
        name = dotted(node.func)
        head, _, tail = name.rpartition(".")
        if (head in ("np.random", "numpy.random") and tail not in SEEDED) or head == "random":
            yield node.lineno, f"{name} uses global random state"
        if tail == "default_rng" and not node.args and not node.keywords:
            yield node.lineno, "default_rng without a seed"
        if name in WALL_CLOCK and not may_read_clock:
            yield node.lineno, f"{name} reads the wall clock"


def breaks(path: Path, sizes: dict[str, int]) -> Iterator[tuple[int, str]]:
    """Every broken budget of a file, with its line."""
    source = path.read_text(encoding="utf-8")
    tree = ast.parse(source)
    code = code_lines(source, tree)
    if len(code) > MODULE_LINES:
        yield 1, f"{len(code)} lines of code, at most {MODULE_LINES}"
    yield from undocumented(tree, not path.stem.startswith("_") or path.stem == "__init__")
    yield from smells(tree, path.name in MAY_READ_CLOCK)
    for node in ast.walk(tree):
        if isinstance(node, Function):
            for text in function_breaks(node, code, sizes):
                yield node.lineno, text


def main(root: Path) -> int:
    """Check the packages under ``root``."""
    files = sorted(path for name in ROOTS for path in (root / name).rglob("*.py"))
    sizes = bundles(ast.parse(path.read_text(encoding="utf-8")) for path in files)
    found = [f"{path.relative_to(root)}:{line}: {text}" for path in files for line, text in breaks(path, sizes)]
    print("\n".join([*found, f"style: {len(files)} modules, {len(found)} broken budgets"]))
    return 1 if found or not files else 0


if __name__ == "__main__":
    sys.exit(main(Path(__file__).resolve().parent.parent))
