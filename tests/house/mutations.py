"""A sample of mutations, each against the tests of its room: ``python tests/house/mutations.py``. Not part of CI.

A mutation changes one comparison, operator, constant or term of the source. It is killed if a test fails (or if the
tests run far longer than without it); those that survive are printed with their line, for a person to judge: a test is
missing, or the change means nothing. The sample follows from ``--seed`` and the source.
"""

import argparse
import ast
import random
import resource
import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from queue import Queue
from typing import Final, NamedTuple

sys.path.insert(0, str(Path(__file__).parents[1]))

from house.trials import SURVIVED, Trial, copy_of, green, verdict
from worlds.places import ROOT

ROOMS: Final = {  # what is sampled: folders and files; "elsewhere" less what "measures" has
    "measures": ("experiments/measures", "experiments/store/statistics.py", "experiments/store/tables.py",
                 "experiments/report/grids.py", "experiments/report/numbers.py",
                 "experiments/studies/market/terminal.py"),
    "elsewhere": ("sim", "providers", "policies", "experiments"),
}
FIRST: Final = {  # tests that look closest at a file or folder; they run before those of the mirrored folder
    "experiments/measures": (*(f"tests/experiments/measures/test_{name}.py" for name in (
        "tables_by_hand", "summary_by_hand", "traffic_by_hand", "catalogue")), "tests/experiments/pages/test_pages.py",
        "tests/experiments/measures"),
    "experiments/store": ("tests/experiments/store/test_statistics_by_hand.py", "tests/experiments/store"),
    "experiments/report": ("tests/experiments/report/test_report.py",),
    "experiments/studies/market": ("tests/experiments/measures/test_market_tables.py",
                                   "tests/experiments/report/test_report.py"),
    "sim/engines/compiled": ("tests/sim/engines",),
}
COMPARED: Final[dict[type[ast.cmpop], tuple[type[ast.cmpop], ...]]] = {
    ast.Lt: (ast.LtE, ast.Gt), ast.LtE: (ast.Lt, ast.GtE), ast.Gt: (ast.GtE, ast.Lt), ast.GtE: (ast.Gt, ast.LtE),
    ast.Eq: (ast.NotEq,), ast.NotEq: (ast.Eq,), ast.In: (ast.NotIn,), ast.NotIn: (ast.In,), ast.Is: (ast.IsNot,),
    ast.IsNot: (ast.Is,),
}
COMBINED: Final[dict[type[ast.operator], type[ast.operator]]] = {
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Div, ast.Div: ast.Mult, ast.FloorDiv: ast.Div,
    ast.Mod: ast.Mult, ast.Pow: ast.Mult, ast.BitAnd: ast.BitOr,
}
LIMIT: Final = 3.0  # times the processor time without a mutation, and a minute, until it counts as killed


class Mutation(NamedTuple):
    """One change: the expression at a place of a file, and what stands there instead."""

    file: str
    line: int
    start: int
    end: int
    before: str
    after: str


def changes(node: ast.expr) -> Iterator[ast.expr]:
    """Other expressions that could stand in the place of one."""
    if isinstance(node, ast.Compare):
        for place, op in enumerate(node.ops):
            for other in COMPARED[type(op)]:
                yield ast.Compare(node.left, [*node.ops[:place], other(), *node.ops[place + 1:]], node.comparators)
    elif isinstance(node, ast.BinOp) and type(node.op) in COMBINED:
        yield ast.BinOp(node.left, COMBINED[type(node.op)](), node.right)
        yield node.left  # the other term is dropped
    elif isinstance(node, ast.BoolOp):
        yield ast.BoolOp(ast.Or() if isinstance(node.op, ast.And) else ast.And(), node.values)
        yield node.values[0] if len(node.values) == 2 else ast.BoolOp(node.op, node.values[:-1])
    elif isinstance(node, ast.UnaryOp) and not isinstance(node.operand, ast.Constant):
        yield node.operand
    elif isinstance(node, ast.Constant) and type(node.value) in (int, float):
        yield ast.Constant(node.value + 1)
    elif isinstance(node, ast.Constant) and isinstance(node.value, bool):
        yield ast.Constant(not node.value)


def mutations_of(root: Path, file: str) -> list[Mutation]:
    """Every change of a file, in order."""
    text = (root / file).read_text(encoding="utf-8")
    starts = [0]
    for line in text.encode().splitlines(keepends=True):
        starts.append(starts[-1] + len(line))
    tree = ast.parse(text)
    out = []
    for node in expressions(tree):
        start = starts[node.lineno - 1] + node.col_offset
        end = starts[(node.end_lineno or node.lineno) - 1] + (node.end_col_offset or 0)
        for other in changes(node):
            before = ast.unparse(node)
            out.append(Mutation(file, node.lineno, start, end, before, f"({ast.unparse(other)})"))
    return out


def expressions(node: ast.AST) -> Iterator[ast.expr]:
    """Expressions that are computed: no annotations, no defaults of what is shown, no text in f-strings."""
    for name, value in ast.iter_fields(node):
        if name in ("annotation", "returns", "format_spec"):
            continue
        for child in value if isinstance(value, list) else [value]:
            if isinstance(child, ast.expr):
                yield child
            if isinstance(child, ast.AST):
                yield from expressions(child)


def sample(root: Path, room: str, seed: int, count: int) -> list[Mutation]:
    """Draw changes from all of a room, each equally likely."""
    files = files_of(root, room)
    if room == "elsewhere":
        files = [file for file in files if file not in set(files_of(root, "measures"))]
    every = [it for file in files for it in mutations_of(root, file)]
    return random.Random(seed).sample(every, min(count, len(every)))


def files_of(root: Path, room: str) -> list[str]:
    """Paths of a room's source, sorted."""
    paths = [path for part in ROOMS[room] for path in
             ([root / part] if part.endswith(".py") else (root / part).rglob("*.py"))]
    return sorted({path.relative_to(root).as_posix() for path in paths})


def room_tests(root: Path, file: str) -> tuple[str, ...]:
    """The tests of a file: those named in ``FIRST``, else the nearest folder that mirrors its own."""
    for parent in Path(file).parents:
        if parent.as_posix() in FIRST:
            return FIRST[parent.as_posix()]
        if (root / "tests" / parent).is_dir() and parent != Path():
            return (f"tests/{parent.as_posix()}",)
    return ("tests",)


def mutated(root: Path, of: Mutation) -> str:
    """The file's text with the change in it."""
    data = (root / of.file).read_bytes()
    return (data[: of.start] + of.after.encode() + data[of.end:]).decode()


def main() -> int:
    """Draw, run and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--seed", type=int, default=20261127)
    parser.add_argument("--count", type=int, default=60)
    parser.add_argument("--rooms", choices=tuple(ROOMS), default="measures")
    parser.add_argument("--jobs", type=int, default=1)
    arguments = parser.parse_args()
    drawn = sample(ROOT, arguments.rooms, arguments.seed, arguments.count)
    with tempfile.TemporaryDirectory() as folder:
        trees: Queue[Path] = Queue()
        for job in range(arguments.jobs):
            trees.put(copy_of(ROOT, Path(folder) / str(job)))
        limits = _limits(trees, {room_tests(ROOT, it.file) for it in drawn})

        def tried(it: Mutation) -> str:
            tree, tests = trees.get(), room_tests(ROOT, it.file)
            try:
                found = verdict(tree, Trial(it.before, it.file, mutated(tree, it), tests), limits[tests])
            finally:
                trees.put(tree)
            print(f"{found:9}  {it.file}:{it.line}  {it.before}  ->  {it.after}", flush=True)
            return found

        with ThreadPoolExecutor(arguments.jobs) as pool:
            alive = sum(found == SURVIVED for found in pool.map(tried, drawn))
    print(f"{len(drawn) - alive} of {len(drawn)} killed ({1 - alive / len(drawn):.0%}); seed {arguments.seed}")
    return 0


def _limits(trees: "Queue[Path]", every: set[tuple[str, ...]]) -> dict[tuple[str, ...], float]:
    """How many seconds of processor time each set of tests may take; they must pass without a mutation."""
    tree, limits = trees.get(), {}
    for tests in sorted(every):
        begun = _processor_s()
        if not green(tree, tests):
            sys.exit(f"{' '.join(tests)} fails without any mutation")
        limits[tests] = LIMIT * (_processor_s() - begun) + 60.0
    trees.put(tree)
    return limits


def _processor_s() -> float:
    """Seconds of processor time of all processes that ended so far."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


if __name__ == "__main__":
    sys.exit(main())
