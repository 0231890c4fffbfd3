"""Counter-based uniforms: the draws that belong to a request, whoever serves it.

``derive(key, salt, index)`` is a pure function, so a request's coin flips are the same in every
scenario and in both engines. The mixer is splitmix64's finaliser (Steele, Lea and Flood 2014).
"""

from typing import Any, Final

import numpy as np

from sim.compiled import njit

# purposes of a derived uniform; never reuse a number
ROUTE: Final = 1  # index: attempt
EXPLORE: Final = 2
EXPLORE_PICK: Final = 3
BACKOFF: Final = 4
FAST_FAILURE: Final = 5  # index: attempt and offer (of_attempt)
MIDSTREAM: Final = 6
MIDSTREAM_POINT: Final = 7
BALANCER: Final = 8
SAMPLE: Final = 9  # index: 0
STAY: Final = 16  # index: 0
DOCUMENT: Final = 17  # index: 0; of the first turn of a session
NUMBER: Final = 18  # makes the number by which policies know a request from its key: no source of uniforms
SECOND_CHOICE: Final = 19  # index: attempt and offer (of_attempt)
# the next turn of a closed loop (sim.engines.next_turn)
TURN: Final = 30  # makes its key from the key of the turn before it; the others belong to its own key
GOES_ON: Final = 31  # index: 0
THINK: Final = 32  # index: 0
PROMPT: Final = 33  # index: 0, and 1 for a second uniform
OUTPUT: Final = 34  # index: 0, and 1 for a second uniform
PATIENCE: Final = 35  # index: 0


@njit("uint64(uint64)", cache=True)
def mix(x: Any) -> Any:
    """Scramble 64 bits (splitmix64 finaliser)."""
    x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return x ^ (x >> np.uint64(31))


@njit("float64(uint64, int64, int64)", cache=True)
def derive(key: Any, salt: int, index: int) -> float:
    """Uniform in [0, 1) that belongs to ``key``, a purpose and an index."""
    word = mix(key + np.uint64(0x9E3779B97F4A7C15) * np.uint64(salt))
    word = mix(word ^ (np.uint64(0xD1B54A32D192ED03) * np.uint64(index + 1)))
    return float(word >> np.uint64(11)) * 1.1102230246251565e-16


@njit("float64(uint64, int64, int64, int64)", cache=True)
def of_attempt(key: Any, salt: int, attempt: int, offer: int) -> float:
    """Uniform in [0, 1) that belongs to ``key``, a purpose, an attempt and the offer that it was sent to."""
    return derive(key, salt, attempt * (1 << 20) + offer)  # more offers than any market has


@njit("float64(float64, int64)", cache=True)
def split(u: float, index: int) -> float:
    """The ``index``-th further uniform in [0, 1) from one uniform ``u`` (for policies that need several)."""
    word = mix(np.uint64(u * 9007199254740992.0) + np.uint64(0x9E3779B97F4A7C15) * np.uint64(index + 1))
    return float(word >> np.uint64(11)) * 1.1102230246251565e-16


@njit("int64(uint64)", cache=True)
def number_of(key: Any) -> int:
    """Number of 53 bits, so that floats hold it, that tells a request from others without telling its uniforms."""
    return int(np.int64(mix(key + np.uint64(0x9E3779B97F4A7C15) * np.uint64(NUMBER)) >> np.uint64(11)))


@njit("int64(int64, int64)", cache=True)
def slot_of(number: int, slots: int) -> int:
    """Place of a number in a table of so many slots: scattered, so that numbers with a common stride spread."""
    return int(np.int64(mix(np.uint64(number)) % np.uint64(slots)))
