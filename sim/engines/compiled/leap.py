"""Leaps: the compiled engine goes over the boundaries of a stretch at which nothing happens (`sim.engines.stretch`)."""

import math
from typing import NamedTuple

from sim.compiled import inner
from sim.engines.compiled.records import Globals, LiveDeployment, Replica
from sim.engines.grid import on_grid
from sim.engines.steptime import StepCoefficients
from sim.engines.stretch import Stretch, plan_stretch, stretch_steps, stretch_time


class LeapEnd(NamedTuple):
    """A boundary at which a leap may end."""

    steps: int  # after so many steps of it
    at_s: float


@inner(forceinline=True)
def coefficients(offer: LiveDeployment) -> StepCoefficients:
    """The coefficients of E1 of an offer."""
    return StepCoefficients(
        offer.base_s, offer.weights_s, offer.experts_s, offer.miss_log,
        offer.kv_s, offer.token_s, offer.pair_s, offer.comm_token_s, offer.sequence_s,
    )


@inner(forceinline=True)
def stretch_of(replica: Replica) -> Stretch:
    """The stretch that a replica's leap belongs to."""
    return Stretch(
        replica.a_first, replica.b_first, replica.a_second, replica.b_second,
        replica.first_s, replica.split, replica.leap_kv, replica.leap_batch,
    )


@inner(forceinline=True)
def plan(g: Globals, replica: Replica, offer: LiveDeployment) -> None:
    """Let a leap go on with the stretch of the one before it, or begin a new one."""
    if replica.unbroken != 0 and replica.stretch_slow == offer.slow:
        replica.done += replica.steps
        return
    kv = replica.kv_decoding + replica.decoding  # read by the first step, its own tokens included
    s = plan_stretch(coefficients(offer), offer.slow, replica.decoding, kv)
    replica.a_first = s.a_first
    replica.b_first = s.b_first
    replica.a_second = s.a_second
    replica.b_second = s.b_second
    replica.first_s = s.first_s
    replica.split = s.split
    replica.leap_kv = s.kv
    replica.leap_batch = s.batch
    replica.origin_s = g.now
    replica.stretch_slow = offer.slow
    replica.done = 0
    replica.unbroken = 1


@inner(forceinline=True)
def boundary_s(replica: Replica, steps: int, per_s: float) -> float:
    """When the leap's first ``steps`` steps are over, s."""
    return float(replica.origin_s + on_grid(stretch_time(stretch_of(replica), replica.done + steps), per_s))


@inner(forceinline=True)
def next_chance_s(g: Globals, r: int) -> float:
    """From when on a boundary of a replica has not passed yet: now, or just after if its turn is over.

    Boundaries of the same time happen in the order of the replicas. A leap has none of its own at which nothing
    happens, so whether one that falls on this very instant is over is told by who had the last.
    """
    if g.boundary_at == g.now and r < g.boundary_of:
        return float(g.now + 1.0 / g.per_s)
    return float(g.now)


@inner(often=True)
def first_end(replica: Replica, at_s: float, per_s: float) -> LeapEnd:
    """The leap's first boundary at ``at_s`` or later, after at least one step and at most those planned."""
    guess = stretch_steps(stretch_of(replica), at_s - replica.origin_s) - replica.done
    # E8 inverts E7 in real numbers; on the grid the guess may be a step off, at an exact boundary either way. What
    # counts is E7, by which the boundary's own time is computed, so correct by that: no more than a step or two.
    steps = max(1, min(int(math.ceil(guess)), replica.steps))
    ends_s = boundary_s(replica, steps, per_s)
    while steps > 1:
        before_s = boundary_s(replica, steps - 1, per_s)
        if before_s < at_s:
            break
        steps -= 1
        ends_s = before_s
    while steps < replica.steps and ends_s < at_s:
        steps += 1
        ends_s = boundary_s(replica, steps, per_s)
    return LeapEnd(int(steps), ends_s)


@inner(forceinline=True)
def steps_until(replica: Replica, at_s: float, per_s: float) -> int:
    """Smallest number of steps of the leap, at least one, that end at ``at_s`` or later (at most those planned)."""
    return first_end(replica, at_s, per_s).steps
