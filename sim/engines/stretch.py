"""The exact leap: many decode steps in closed form (equations E7 to E9 of docs/theory.md).

A *stretch* is an unbroken run of steps in which the same requests decode and nothing else is computed. With a batch of
B its step i takes f(i) = max(a1 + b1·K_i, a2 + b2·K_i) with K_i = K + i·B: both terms of the roofline are affine in the
KV read, so the maximum switches at most once. Both engines take the boundaries of a stretch from here: the reference
walks from one to the next, the compiled engine leaps over those at which nothing happens.
"""

import math
from typing import Final, NamedTuple

from sim.compiled import hot
from sim.engines.steptime import StepCoefficients, decode_terms

FAR: Final = 1 << 40  # more steps than any stretch has


class Stretch(NamedTuple):
    """The two affine regimes of a stretch."""

    a_first: float  # first regime: a step without KV, s
    b_first: float  # each KV token read, s
    a_second: float
    b_second: float
    first_s: float  # duration of the first regime, s
    split: int  # steps of the first regime
    kv: int  # KV tokens that the first step reads, its own tokens included
    batch: int  # requests that decode


@hot(cache=True, forceinline=True)
def affine_sum(steps: int, a: float, b: float, kv: int, batch: int) -> float:
    """Sum of a + b·(kv + i·batch) over i = 0 .. steps - 1 (E7)."""
    return steps * a + b * (steps * float(kv) + batch * (0.5 * steps * (steps - 1)))


@hot(cache=True, forceinline=True)
def affine_steps(duration: float, a: float, b: float, kv: int, batch: int) -> float:
    """Real number of steps whose affine sum is ``duration`` (E8), in the form that does not cancel."""
    linear = a + b * (kv - 0.5 * batch)
    quadratic = b * batch
    # The textbook form subtracts two nearly equal numbers when the steps hardly grow, and divides by zero if b is 0.
    return 2.0 * duration / (linear + math.sqrt(linear * linear + 2.0 * quadratic * duration))


@hot(cache=True, forceinline=True)
def plan_stretch(c: StepCoefficients, slow: float, batch: int, kv: int) -> Stretch:
    """The regimes of a stretch, and how many steps the first one holds (E9).

    Parameters
    ----------
    c
        Coefficients of E1.
    slow
        Factor on step times.
    batch
        Requests that decode.
    kv
        KV tokens that the first step reads, its own tokens included.
    """
    terms = decode_terms(c, batch)
    a1, b1 = slow * terms.memory_s, slow * terms.memory_kv_s
    a2, b2 = slow * terms.compute_s, slow * terms.compute_kv_s
    # Put the larger function first. If its slope is the smaller one, the other overtakes it once; otherwise never.
    gap = (a1 - a2) + (b1 - b2) * kv
    if gap < 0.0:
        a1, b1, a2, b2 = a2, b2, a1, b1
        gap = -gap
    split = FAR
    if b1 < b2:  # the other regime overtakes after gap / ((b2 - b1) * batch) steps
        crossing = gap / ((b2 - b1) * batch)
        if crossing < FAR:
            split = math.ceil(crossing)
    return Stretch(a1, b1, a2, b2, affine_sum(split, a1, b1, kv, batch), split, kv, batch)


@hot(cache=True, forceinline=True)
def stretch_time(s: Stretch, steps: int) -> float:
    """Duration of the first ``steps`` steps of a stretch, seconds (E7)."""
    if steps <= s.split:
        return affine_sum(steps, s.a_first, s.b_first, s.kv, s.batch)
    kv = s.kv + s.batch * s.split
    return s.first_s + affine_sum(steps - s.split, s.a_second, s.b_second, kv, s.batch)


@hot(cache=True, forceinline=True)
def stretch_steps(s: Stretch, duration: float) -> float:
    """Real number of steps of a stretch that last ``duration`` seconds (E8)."""
    if duration <= s.first_s:
        return affine_steps(duration, s.a_first, s.b_first, s.kv, s.batch)
    kv = s.kv + s.batch * s.split
    return s.split + affine_steps(duration - s.first_s, s.a_second, s.b_second, kv, s.batch)
