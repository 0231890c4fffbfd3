"""A request as demand hands it to an engine."""

from typing import Final

import numpy as np

from sim.engines.record import Record, f8, i4, i8, u8

MAX_TOKENS: Final = 2_000_000_000  # of a prompt or an answer: they are stored as int32


class ArrivingRequest(Record):
    """One request as demand hands it to an engine; rows are sorted by ``arrive_s``."""

    born_s: float = f8("leaves its customer, s")
    arrive_s: float = f8("reaches its router, s")
    patience_s: float = f8("from birth, s; inf if it waits for ever")
    expected_output: float = f8("mean output of its class by its own distribution, tokens")
    key: int = u8("its private source of uniforms (sim.draws)")
    session: int = i8("number of its session; -1 if none")
    document: int = i8("what its prompt begins with, of its class's shared prefixes; 0 if it has but one or none")
    turn: int = i4("number of its turn in a closed loop, from 1; 0: nothing follows it")
    client_class: int = i4("expanded class")
    router: int = i4("its router")
    model: int = i4("the model that it asks for")
    prompt: int = i4("prompt, tokens")
    output: int = i4("drawn length of the answer, tokens")
    prefix: int = i4("leading prompt tokens shared with the session's previous turn")
    max_tokens: int = i4("longest answer that its customer asks for, tokens; 0: no such limit")
    priority: int = i4("higher ones leave queues first")
    pinned: int = i4("1 + number of the provider that alone may serve it (World.providers); 0: anybody may")


REQUEST: Final = ArrivingRequest.dtype()
_OPAQUE: Final = np.dtype((np.void, REQUEST.itemsize))  # rows as bytes: numpy copies records field by field


def pick(rows: np.ndarray, which: np.ndarray) -> np.ndarray:
    """Rows by index or mask, as ``rows[which]`` but several times faster."""
    return np.asarray(rows.view(_OPAQUE)[which].view(REQUEST))


def join(parts: list[np.ndarray]) -> np.ndarray:
    """Rows of all parts, as ``np.concatenate`` but several times faster."""
    filled = [part for part in parts if len(part)]
    if len(filled) < 2:
        return filled[0] if filled else np.empty(0, REQUEST)
    return np.concatenate([part.view(_OPAQUE) for part in filled]).view(REQUEST)
