"""How a shard is handed to compiled code: the type of its memory, and where in its row an array is described."""

from typing import Any

import numba
import pytest

from sim.engines.compiled.build import new_shards
from sim.engines.compiled.entry_point import address_of, place_of, type_of, words_of
from sim.engines.compiled.shards import shards_of
from sim.engines.compiled.state import State
from worlds.differential import random_case


def states(number: int) -> list[State]:
    world = random_case(number).world
    return new_shards(world, shards_of(world))


@pytest.mark.parametrize("number", [3, 17])
def test_a_type_is_what_numba_finds(number: int) -> None:
    for state in states(number):
        assert type_of(state) == numba.typeof(state)  # type: ignore[no-untyped-call]


@pytest.mark.parametrize("path", [("feed",), ("books", "class_hist"), ("clock", "messages")])
def test_at_a_place_stand_an_arrays_address_and_shape(path: tuple[str, ...]) -> None:
    state = states(3)[0]
    array: Any = state
    for name in path:
        array = getattr(array, name)
    place, words = place_of(state, *path), words_of(state)
    assert words[place:place + 1 + array.ndim] == [address_of(array), *array.shape]
