"""The way into compiled code: shards as rows of addresses, so that many are advanced in one call.

Handing fifty arrays over one by one costs more than an idle shard's whole turn. Here each shard is a row of a table:
of every array of its `State`, in order, the address and the shape. Compiled code rebuilds the arrays from it, which
costs nothing until they are used. The call is a C function's: it releases the interpreter's lock, so threads share the
cores.
"""

import ctypes
from collections.abc import Iterator
from functools import cache
from typing import Any, Final, NamedTuple

import numba
import numpy as np
from numba import types

from sim.engines.compiled import loop
from sim.engines.compiled.shard_row import know, state_at

_WORDS: Final = types.CPointer(types.int64)  # type: ignore[no-untyped-call]
_ADVANCE: Final = types.void(_WORDS, _WORDS, types.int64, types.float64, _WORDS, _WORDS)
_PROTOTYPE: Final = ctypes.CFUNCTYPE(  # of the same; addresses as numbers, which need no object made for them
    None, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int64, ctypes.c_double, ctypes.c_void_p, ctypes.c_void_p)
_TYPES: Final[dict[Any, Any]] = {}  # of states, by the layout of their arrays


def words_of(state: Any) -> list[int]:
    """Addresses and shapes of all arrays of a state, in order."""
    return [word for array in _arrays(state) for word in (array.ctypes.data, *array.shape)]


def place_of(state: Any, *path: str) -> int:
    """Where in a shard's row the address of one of its arrays stands; its lengths follow."""
    at = 0
    for name in path:
        before = state._fields.index(name)
        at += sum(array.ndim + 1 for array in _arrays(state[:before]))
        state = state[before]
    return at


def type_of(state: Any) -> Any:
    """Numba's type of a state; found out once, since it looks at every field of every record."""
    # of two states' arrays all but the lengths are nearly always the same
    layout = tuple((array.dtype, array.ndim, array.flags.num) for array in _arrays(state))
    if layout not in _TYPES:
        _TYPES[layout] = numba.typeof(state)  # type: ignore[no-untyped-call]
    return _TYPES[layout]


def _arrays(state: Any) -> Iterator[np.ndarray]:
    """All arrays of a state, in order."""
    if isinstance(state, np.ndarray):
        yield state
        return
    for part in state:
        yield from _arrays(part)


def address_of(array: np.ndarray) -> int:
    """Where an array lies, for compiled code; it must outlive the call."""
    return int(array.ctypes.data)  # numpy's array interface would describe all fields of a record first


class Fixed(NamedTuple):
    """Addresses that every call of the entry is handed alike; ``every`` is an array of all shards."""

    table: int
    every: int
    policies: int
    why: int


@cache
def compiled_advance(state_type: Any) -> Any:
    """The entry, compiled once for all policies and worlds."""
    know(state_type)
    # never closed over: numba keeps a function on disk by its file and line only
    entry = numba.cfunc(_ADVANCE, cache=True, error_model="numpy", _nrt=False)(advance_shards)  # type: ignore[call-arg]
    call = _PROTOTYPE(int(entry.address or 0))
    call.code = entry  # type: ignore[attr-defined]  # the machine code lives as long as what numba made
    return call


def advance_shards(table: Any, which: Any, count: int, until_s: float, policies: Any, why: Any) -> None:
    """Advance shards to ``until_s``, one after the other.

    Parameters
    ----------
    table
        A row of words for every shard.
    which, count
        The shards to advance.
    policies
        Addresses of the routers' policies (`sim.engines.compiled.policy_table`).
    why
        Filled by shard with why it stopped (`sim.engines.compiled.loop`).
    """
    for place in range(count):
        shard = which[place]
        state: Any = state_at(table, shard)  # type: ignore[call-arg]
        g = state.globals[0]
        # most shards have nothing to do between two calls, and the loop's own call costs more than all of this
        if g.due >= until_s:
            g.now = until_s
        else:
            why[shard] = loop.advance(state, until_s, policies)
