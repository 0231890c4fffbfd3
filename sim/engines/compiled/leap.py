"""The exact leap: many decode steps in closed form (equations E7 to E9 of docs/theory.md).

While a replica only decodes, step i of a leap with batch B takes f(i) = max(a1 + b1·K_i, a2 + b2·K_i) with
K_i = K + i·B: both terms of the roofline are affine in the KV read, so the maximum switches at most once.
"""

import math
from typing import Any

from sim.compiled import inner


@inner(forceinline=True)
def affine_sum(steps: int, a: float, b: float, kv: int, batch: int) -> float:
    """Sum of a + b·(kv + i·batch) over i = 0 .. steps - 1 (E7)."""
    return steps * a + b * (steps * float(kv) + batch * (0.5 * steps * (steps - 1)))


@inner(forceinline=True)
def affine_steps(duration: float, a: float, b: float, kv: int, batch: int) -> float:
    """Real number of steps whose affine sum is ``duration`` (E8), in the form that does not cancel."""
    linear = a + b * (kv - 0.5 * batch)
    quadratic = b * batch
    return 2.0 * duration / (linear + math.sqrt(linear * linear + 2.0 * quadratic * duration))


@inner(forceinline=True)
def plan(replica: Any, offer: Any, steps: int) -> None:
    """Store the two affine regimes of a leap of ``steps`` decode steps and how many steps the first one holds (E9)."""
    batch = replica.decoding
    kv = replica.kv_decoding + batch  # read by the first step, its own tokens included
    memory = offer.weights_s
    if offer.miss_log < 0.0:
        memory += offer.experts_s * (1.0 - math.exp(offer.miss_log * batch))
    fixed = offer.base_s + offer.comm_token_s * batch
    a1 = offer.slow * (fixed + memory)
    b1 = offer.slow * offer.kv_s
    a2 = offer.slow * (fixed + offer.token_s * batch)
    b2 = offer.slow * offer.pair_s
    replica.leap_batch = batch
    replica.leap_kv = kv
    replica.split = steps
    gap = (a1 - a2) + (b1 - b2) * kv
    if gap < 0.0:
        a1, b1, a2, b2 = a2, b2, a1, b1
        gap = -gap
    replica.a_first, replica.b_first, replica.a_second, replica.b_second = a1, b1, a2, b2
    if b1 < b2:  # the other regime overtakes after gap / ((b2 - b1) * batch) steps
        crossing = gap / ((b2 - b1) * batch)
        if crossing < steps:
            replica.split = math.ceil(crossing)
    replica.first_s = affine_sum(replica.split, a1, b1, kv, batch)


@inner(forceinline=True)
def leap_time(replica: Any, steps: int) -> float:
    """Duration of the first ``steps`` steps of the planned leap."""
    if steps <= replica.split:
        return affine_sum(steps, replica.a_first, replica.b_first, replica.leap_kv, replica.leap_batch)
    kv = replica.leap_kv + replica.leap_batch * replica.split
    rest = steps - replica.split
    return float(replica.first_s + affine_sum(rest, replica.a_second, replica.b_second, kv, replica.leap_batch))


@inner()
def steps_until(replica: Any, duration: float) -> int:
    """Smallest number of steps, at least one, that lasts ``duration`` or longer (at most the planned number)."""
    if duration <= replica.first_s:
        guess = affine_steps(duration, replica.a_first, replica.b_first, replica.leap_kv, replica.leap_batch)
    else:
        kv = replica.leap_kv + replica.leap_batch * replica.split
        guess = replica.split + affine_steps(
            duration - replica.first_s, replica.a_second, replica.b_second, kv, replica.leap_batch
        )
    steps = max(1, min(int(math.ceil(guess)), replica.steps))
    while steps > 1 and leap_time(replica, steps - 1) >= duration:
        steps -= 1
    while steps < replica.steps and leap_time(replica, steps) < duration:
        steps += 1
    return int(steps)
