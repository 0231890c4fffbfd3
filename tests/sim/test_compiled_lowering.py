import numpy as np
import pytest
from numba.core import types
from numba.core.typing.templates import signature

from sim.compiled import hot, inner
from sim.compiled_lowering import from_the_front, memory_name

PAIRS = types.Array(types.float64, 2, "C")
POINT = np.dtype([("x_m", "f8"), ("y_m", "f8"), ("number", "i4")], align=True)


@pytest.mark.parametrize(("index", "becomes"), [
    (types.int32, types.uintp),
    (types.int64, types.uintp),
    (types.UniTuple(types.int64, 2), types.UniTuple(types.uintp, 2)),
    (types.Tuple((types.int32, types.int64)), types.UniTuple(types.uintp, 2)),
    (types.slice2_type, types.slice2_type),
    (types.Tuple((types.int64, types.slice2_type)), types.Tuple((types.int64, types.slice2_type))),
])
def test_indices_that_are_numbers_count_from_the_front(index, becomes):
    read = from_the_front(signature(types.float64, PAIRS, index))
    assert read.args == (PAIRS, becomes)
    assert read.return_type == types.float64
    written = from_the_front(signature(types.void, PAIRS, index, types.float64))
    assert written.args == (PAIRS, becomes, types.float64)


def test_an_index_of_something_else_stays():
    pair = signature(types.int64, types.UniTuple(types.int64, 2), types.int64)
    assert from_the_front(pair) is pair


def test_memory_is_named_by_what_may_meet_in_it():
    from numba import from_dtype

    point = from_dtype(POINT)
    assert memory_name(point, "x_m") == "24.x_m"  # two of 8 bytes, one of 4, and 4 that align the next record
    assert memory_name(point, "x_m") != memory_name(point, "y_m")
    assert memory_name(PAIRS, "") == memory_name(types.Array(types.float64, 1, "A"), "") == "float64"
    assert memory_name(types.Array(types.int64, 1, "C"), "") == "int64"
    assert memory_name(types.Array(point, 1, "C"), "") is None  # an element is a record: its fields are named


@inner()
def moved(points, i, by_m):
    point = points[i]
    point.y_m += by_m
    return point.x_m


@hot()
def moved_twice(points, i, by_m):
    return moved(points, i, by_m) + moved(points, i, by_m)


def test_reads_are_named_and_see_every_write_to_their_field():
    points = np.zeros(3, POINT)
    points["x_m"] = [1.0, 2.0, 4.0]
    assert moved_twice(points, 2, 0.5) == 8.0
    assert points["y_m"].tolist() == [0.0, 0.0, 1.0]
    text = moved_twice.inspect_llvm(moved_twice.signatures[0])
    assert '!"24.y_m"' in text
    assert '!"24.x_m"' in text


@inner()
def rare(x):
    return 3.0 * x if x > 0.0 else x


@inner(often=True)
def frequent(x):
    return 2.0 * x if x > 0.0 else x


@hot()
def rare_and_frequent(x):
    return rare(x) + frequent(x)


def test_a_call_of_its_own_is_rare_unless_it_is_said_to_be_frequent():
    assert rare_and_frequent(1.5) == 7.5
    for function, is_cold in ((rare, True), (frequent, False)):
        (made,) = function.overloads.values()
        lines = made.library.get_llvm_str().splitlines()
        assert any(line.startswith("attributes") and " cold " in line for line in lines) == is_cold
