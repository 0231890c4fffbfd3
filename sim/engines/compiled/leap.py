"""The exact leap: many decode steps in closed form (equations E7 to E9 of docs/theory.md).

While a replica only decodes, step i of a leap with batch B takes f(i) = max(a1 + b1·K_i, a2 + b2·K_i) with
K_i = K + i·B: both terms of the roofline are affine in the KV read, so the maximum switches at most once.
"""

import math

from sim.compiled import inner
from sim.engines.compiled.records import LiveDeployment, Replica
from sim.engines.steptime import StepCoefficients, decode_terms


@inner(forceinline=True)
def coefficients(offer: LiveDeployment) -> StepCoefficients:
    """The coefficients of E1 of an offer."""
    return StepCoefficients(
        offer.base_s, offer.weights_s, offer.experts_s, offer.miss_log,
        offer.kv_s, offer.token_s, offer.pair_s, offer.comm_token_s,
    )


@inner(forceinline=True)
def affine_sum(steps: int, a: float, b: float, kv: int, batch: int) -> float:
    """Sum of a + b·(kv + i·batch) over i = 0 .. steps - 1 (E7)."""
    return steps * a + b * (steps * float(kv) + batch * (0.5 * steps * (steps - 1)))


@inner(forceinline=True)
def affine_steps(duration: float, a: float, b: float, kv: int, batch: int) -> float:
    """Real number of steps whose affine sum is ``duration`` (E8), in the form that does not cancel."""
    linear = a + b * (kv - 0.5 * batch)
    quadratic = b * batch
    # The textbook form subtracts two nearly equal numbers when the steps hardly grow, and divides by zero if b is 0.
    return 2.0 * duration / (linear + math.sqrt(linear * linear + 2.0 * quadratic * duration))


@inner(forceinline=True)
def plan(replica: Replica, offer: LiveDeployment, steps: int) -> None:
    """Store the two affine regimes of a leap of ``steps`` decode steps and how many steps the first one holds (E9)."""
    batch = replica.decoding
    kv = replica.kv_decoding + batch  # read by the first step, its own tokens included
    terms = decode_terms(coefficients(offer), batch)
    a1, b1 = offer.slow * terms.memory_s, offer.slow * terms.memory_kv_s
    a2, b2 = offer.slow * terms.compute_s, offer.slow * terms.compute_kv_s
    replica.leap_batch = batch
    replica.leap_kv = kv
    replica.split = steps
    # Put the larger function first. If its slope is the smaller one, the other overtakes it once; otherwise never.
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
def leap_time(replica: Replica, steps: int) -> float:
    """Duration of the first ``steps`` steps of the planned leap."""
    if steps <= replica.split:
        return affine_sum(steps, replica.a_first, replica.b_first, replica.leap_kv, replica.leap_batch)
    kv = replica.leap_kv + replica.leap_batch * replica.split
    rest = steps - replica.split
    return float(replica.first_s + affine_sum(rest, replica.a_second, replica.b_second, kv, replica.leap_batch))


@inner()
def steps_until(replica: Replica, duration: float) -> int:
    """Smallest number of steps, at least one, that lasts ``duration`` or longer (at most the planned number)."""
    if duration <= replica.first_s:
        guess = affine_steps(duration, replica.a_first, replica.b_first, replica.leap_kv, replica.leap_batch)
    else:
        kv = replica.leap_kv + replica.leap_batch * replica.split
        guess = replica.split + affine_steps(
            duration - replica.first_s, replica.a_second, replica.b_second, kv, replica.leap_batch
        )
    # E8 inverts E7 in real numbers; in floating point the guess may be a step off, at an exact boundary either way.
    # What counts is E7, by which the boundary's own time is computed, so correct by that: no more than a step or two.
    steps = max(1, min(int(math.ceil(guess)), replica.steps))
    while steps > 1 and leap_time(replica, steps - 1) >= duration:
        steps -= 1
    while steps < replica.steps and leap_time(replica, steps) < duration:
        steps += 1
    return int(steps)
