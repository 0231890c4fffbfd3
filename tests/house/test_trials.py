"""The scripts that put mistakes in: their lines are there, and their samples follow from the seed."""

import ast

import pytest

from house.faults import FAULTS, trial_of
from house.mutations import FIRST, ROOMS, changes, files_of, mutated, mutations_of, room_tests, sample
from worlds.places import ROOT


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_every_mistake_has_its_line_and_still_compiles(fault):
    trial = trial_of(ROOT, fault)
    assert ast.dump(ast.parse(trial.text)) != ast.dump(ast.parse((ROOT / fault.file).read_text(encoding="utf-8")))
    assert all((ROOT / test).exists() for test in trial.tests)


@pytest.mark.parametrize("room", ROOMS)
def test_a_sample_follows_from_its_seed(room):
    drawn = sample(ROOT, room, 1, 20)
    assert drawn == sample(ROOT, room, 1, 20)
    assert drawn != sample(ROOT, room, 2, 20)
    assert len(set(drawn)) == 20
    for mutation in drawn:
        assert ast.parse(mutated(ROOT, mutation))
        assert all((ROOT / test).exists() for test in room_tests(ROOT, mutation.file))


def test_every_file_has_room_tests_its_own():
    assert all((ROOT / test).exists() for tests in FIRST.values() for test in tests)
    assert room_tests(ROOT, "providers/cost/unit_cost.py") == ("tests/providers/cost",)
    assert "experiments/measures/columns.py" in files_of(ROOT, "measures")


@pytest.mark.parametrize(("text", "others"), [
    ("a < b", ["a <= b", "a > b"]), ("a + b", ["a - b", "a"]), ("a and b", ["a or b", "a"]), ("not a", ["a"]),
    ("2", ["3"]), ("True", ["False"]), ("a or b or c", ["a and b and c", "a or b"]), ("'text'", []),
])
def test_what_may_be_changed(text, others):
    assert [ast.unparse(it) for it in changes(ast.parse(text, mode="eval").body)] == others


def test_annotations_are_left_alone(tmp_path):
    (tmp_path / "one.py").write_text("def f(x: int | None = 1) -> 'a < b':\n    return x == 2\n")
    assert [(it.line, it.before, it.after) for it in mutations_of(tmp_path, "one.py")] == [
        (1, "1", "(2)"), (2, "x == 2", "(x != 2)"), (2, "2", "(3)")]
