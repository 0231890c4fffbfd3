"""A replica: one step boundary after the other, with exact leaps between them (docs/semantics.md, section 7)."""

import numpy as np

from sim.compiled import inner
from sim.engines.compiled import dialects, finish, prefix_cache
from sim.engines.compiled.batch import dequeue, enqueue, kv_of, unlink_central, unlink_prefill
from sim.engines.compiled.clock import first_of_two, set_time
from sim.engines.compiled.leap import boundary_s, coefficients, first_end, next_chance_s, plan
from sim.engines.compiled.owed import owe, release
from sim.engines.compiled.priority import last_more, last_no_less
from sim.engines.compiled.records import Globals, LiveDeployment, Replica
from sim.engines.compiled.sending import admit_landed, send
from sim.engines.compiled.state import ALONE, DECODE, GONE, IDLE, LANDED, LEAP, MIXED, PREFILL, Clock, Supply
from sim.engines.compiled.told import tell_end, tell_first_token
from sim.engines.grid import on_grid
from sim.engines.kept_room import NOTHING, SHARE
from sim.engines.outcome import BUSY_S, DECODE_TOKENS, PREEMPTIONS, PREFILL_TOKENS, STEPS
from sim.engines.steptime import step_time


@inner(forceinline=True)
def join(supply: Supply, r: int, a: int) -> None:
    """Take an attempt into a replica's queue, behind all that are no less urgent."""
    replica = supply.replicas[r]
    attempt = supply.attempts[a]
    attempt.replica = r
    enqueue(supply, replica, a, last_no_less(supply.attempts, replica.queue_tail, attempt.priority))
    replica.outstanding += attempt.weight
    replica.backlog += attempt.prompt + attempt.target - 1


@inner()
def drop_cancelled(g: Globals, supply: Supply, replica: Replica) -> None:
    """Let the cancelled requests of a batch leave without a word."""
    position = finish.first_cancelled(supply, replica)
    while position >= 0:
        a = supply.finish_attempt[replica.finishes + position]
        attempt = supply.attempts[a]
        # Nobody counts the tokens of a request while it decodes: they follow from the clock when it leaves.
        left = attempt.finish_v - replica.vclock
        attempt.emitted = attempt.target - left
        finish.remove(supply, replica, position)
        replica.kv_decoding -= kv_of(supply, attempt)
        replica.backlog -= left
        leave(g, supply, replica, a)
        attempt.emitted -= min(1, replica.steps)  # the token of the step that ends is computed, but not sent
        position = finish.first_cancelled(supply, replica)
    a = replica.prefill_head
    while a >= 0:
        attempt = supply.attempts[a]
        following = attempt.next
        if attempt.cancelled != 0:
            unlink_prefill(supply, replica, a)
            replica.backlog -= attempt.left + attempt.target - attempt.emitted - 1
            leave(g, supply, replica, a)
        a = following
    replica.cancelled = 0


@inner(forceinline=True)
def leave(g: Globals, supply: Supply, replica: Replica, a: int) -> None:
    """Free the KV and the place of a cancelled running request."""
    attempt = supply.attempts[a]
    held = kv_of(supply, attempt)
    replica.kv_held -= held
    if supply.offers[replica.offer].block > 0:
        if attempt.place == DECODE:
            prefix_cache.store(g, supply, a, held - supply.offers[replica.offer].overhead)
        prefix_cache.release(supply, a)
    replica.running -= 1
    replica.outstanding -= attempt.weight
    attempt.place = GONE
    owe(g, supply, a)
    release(g, supply, a)


@inner(forceinline=True)
def advance_prefills(supply: Supply, replica: Replica, budget: int) -> None:
    """Book the prefill chunks of the step that ends."""
    a = replica.prefill_head
    while a >= 0 and budget > 0:
        attempt = supply.attempts[a]
        chunk = min(attempt.left, budget)
        attempt.left -= chunk
        attempt.offset += chunk
        budget -= chunk
        a = attempt.next


@inner(forceinline=True)
def finish_decodes(g: Globals, clock: Clock, supply: Supply, lane_of: np.ndarray, replica: Replica) -> None:
    """Let the requests leave whose last token this step produced."""
    while replica.decoding > 0 and finish.next_v(supply, replica) == replica.vclock:
        a = finish.take_next(supply, replica)
        attempt = supply.attempts[a]
        attempt.emitted = attempt.target
        held = kv_of(supply, attempt)
        replica.kv_held -= held
        replica.kv_decoding -= held
        if supply.offers[replica.offer].block > 0:
            prefix_cache.leave(g, supply, a, held - supply.offers[replica.offer].overhead)
        replica.running -= 1
        replica.outstanding -= attempt.weight
        tell_end(g, clock, supply, lane_of, a)


@inner(forceinline=True)
def finish_prefills(g: Globals, clock: Clock, supply: Supply, lane_of: np.ndarray, replica: Replica) -> None:
    """Let completed prefills emit their next token, and leave or start decoding."""
    a = replica.prefill_head
    while a >= 0 and supply.attempts[a].left == 0:
        attempt = supply.attempts[a]
        following = attempt.next  # before whoever takes the attempt over writes its own links
        unlink_prefill(supply, replica, a)
        held = kv_of(supply, attempt)
        if supply.offers[replica.offer].block > 0:
            prefix_cache.store(g, supply, a, held - supply.offers[replica.offer].overhead)
        attempt.emitted += 1
        if attempt.emitted == 1:
            tell_first_token(g, clock, supply, lane_of, a)
        if attempt.emitted >= attempt.target:
            replica.kv_held -= held
            if supply.offers[replica.offer].block > 0:
                prefix_cache.release(supply, a)
            replica.running -= 1
            replica.outstanding -= attempt.weight
            tell_end(g, clock, supply, lane_of, a)
        elif replica.link >= 0:
            send(g, clock, supply, replica, a)
        else:
            attempt.place = DECODE
            attempt.finish_v = replica.vclock + attempt.target - attempt.emitted
            replica.kv_decoding += held
            finish.add(supply, replica, a)
        a = following


@inner(forceinline=True)
def count_time(g: Globals, replica: Replica, row: np.ndarray) -> None:
    """Count the time of the step or leap that ends now, as far as it lies inside the measured window.

    What crosses the window's end waits in the replica until somebody asks: added when the step ends, it would make
    the last bits of the sum depend on how long the run goes on.
    """
    begins_s = g.warmup_s if replica.start_s < g.warmup_s else replica.start_s
    inside_s = first_of_two(g.now, g.demand_ends_s) - begins_s
    if inside_s <= 0.0:
        return
    if g.now < g.demand_ends_s:
        row[BUSY_S] += inside_s
    else:
        replica.crossing_s = inside_s


@inner(forceinline=True)
def end_step(g: Globals, clock: Clock, supply: Supply, lane_of: np.ndarray, work: np.ndarray, r: int) -> None:
    """Apply the effects of the step, or of the leap of steps, that ends now."""
    replica = supply.replicas[r]
    grown = replica.decoding * replica.steps
    replica.vclock += replica.steps
    replica.kv_held += grown
    replica.kv_decoding += grown
    replica.backlog -= grown
    offer = supply.offers[replica.offer]
    if offer.block > 0:
        prefix_cache.keep_room(g, supply, r, offer.kv_capacity - replica.kv_held)
    row = work[replica.offer]
    count_time(g, replica, row)
    row[STEPS] += max(1, replica.steps)
    row[DECODE_TOKENS] += grown
    if replica.doing != LEAP:
        row[PREFILL_TOKENS] += replica.prefill_tokens
        replica.backlog -= replica.prefill_tokens
        advance_prefills(supply, replica, offer.max_step_tokens - grown)
    # First of all, and in silence: a cancelled request whose last token this was must not report that it is done.
    if replica.cancelled > 0:
        drop_cancelled(g, supply, replica)
    finish_decodes(g, clock, supply, lane_of, replica)
    finish_prefills(g, clock, supply, lane_of, replica)


@inner()
def take_from_central_queue(supply: Supply, r: int) -> None:
    """Take requests from the offer's central queue while the batch has room for them."""
    replica = supply.replicas[r]
    offer = supply.offers[replica.offer]
    if r - offer.first_replica >= offer.replicas:
        return  # it is being drained
    while offer.central_count > 0 and replica.running + replica.queued < offer.max_batch:
        a = offer.central_head
        unlink_central(supply, offer, a)
        join(supply, r, a)


@inner()
def preempt(supply: Supply, replica: Replica, offer: LiveDeployment) -> None:
    """Throw the most recently admitted request out of the batch, back to the head of its priority in the queue.

    Or one that has emitted least, to the tail (`sim.engines.compiled.dialects`).
    """
    position = -1
    if offer.preempts_shortest != 0 and replica.decoding > 1:
        position = dialects.shortest(supply, replica)
    elif replica.prefill_tail < 0 or finish.somebody_came_later(supply, replica):
        position = finish.latest(supply, replica)
    if position < 0:
        a = replica.prefill_tail
        unlink_prefill(supply, replica, a)
        attempt = supply.attempts[a]
        replica.backlog += attempt.prompt + attempt.emitted - attempt.left
    else:
        a = finish.remove(supply, replica, position)
        attempt = supply.attempts[a]
        attempt.emitted = attempt.target - (attempt.finish_v - replica.vclock)
        replica.kv_decoding -= kv_of(supply, attempt)
        replica.backlog += attempt.prompt + attempt.emitted - 1
    replica.kv_held -= kv_of(supply, attempt)
    if offer.block > 0:
        prefix_cache.release(supply, a)
    replica.running -= 1
    if offer.preempts_shortest != 0:
        enqueue(supply, replica, a, last_no_less(supply.attempts, replica.queue_tail, attempt.priority))
    else:
        enqueue(supply, replica, a, last_more(supply.attempts, replica.queue_head, attempt.priority))


@inner(forceinline=True)
def make_room(supply: Supply, replica: Replica, offer: LiveDeployment, row: np.ndarray) -> bool:
    """Preempt while the next tokens would not fit; True if anybody was."""
    preempted = False
    # The coming step writes a token for each decoding request: room for them is needed before it begins.
    while replica.kv_held + dialects.room_for_steps(replica, offer, preempted) > offer.kv_capacity:
        preempt(supply, replica, offer)
        row[PREEMPTIONS] += 1
        preempted = True
    if preempted and offer.reserve == SHARE:
        dialects.note_preemption(supply, replica)
    return preempted


@inner(forceinline=True)
def has_room(supply: Supply, replica: Replica, offer: LiveDeployment, a: int) -> bool:
    """Whether a waiting attempt can be admitted now; where a share is kept, nobody else is asked if it cannot."""
    if offer.reserve == NOTHING:
        needed = prefix_cache.needed_tokens(supply, offer, a)
        return bool(replica.kv_held + replica.decoding + needed <= offer.kv_capacity)
    if dialects.fits(supply, replica, offer, a):
        return True
    replica.full = 1 if offer.reserve == SHARE else 0
    return False


@inner(forceinline=True)
def admit(g: Globals, supply: Supply, replica: Replica, offer: LiveDeployment) -> None:
    """Admit waiting requests in order while batch and KV memory have room."""
    while replica.queue_head >= 0 and replica.running < offer.max_batch:
        a = replica.queue_head
        attempt = supply.attempts[a]
        context = attempt.prompt + attempt.emitted
        if offer.prefills_first != 0 and dialects.step_is_full(supply, replica, offer):
            break
        if not has_room(supply, replica, offer, a):
            break
        dequeue(supply, replica, a)
        if attempt.place == LANDED:
            admit_landed(supply, replica, a)
            continue
        attempt.place = PREFILL
        attempt.order = replica.admitted
        replica.admitted += 1
        attempt.left = context
        attempt.offset = 0
        replica.kv_held += context + offer.overhead
        replica.running += 1
        attempt.next = -1
        attempt.prev = replica.prefill_tail
        if replica.prefill_tail >= 0:
            supply.attempts[replica.prefill_tail].next = a
        else:
            replica.prefill_head = a
        replica.prefill_tail = a
        if offer.block > 0:
            prefix_cache.find(g, supply, a, context)
        elif offer.block < 0:
            prefix_cache.find_as_billed(supply, replica, a, context)


@inner()
def admit_first(g: Globals, supply: Supply, replica: Replica, offer: LiveDeployment) -> None:
    """``admit`` as a call of its own, for engines of which few are."""
    admit(g, supply, replica, offer)


@inner(forceinline=True)
def begin_leap(g: Globals, supply: Supply, replica: Replica, offer: LiveDeployment) -> None:
    """Start decoding up to the first finish or the last step that fits in KV memory."""
    # Each step writes one token for each of them; at least one fits, or the boundary would have preempted.
    steps = min(
        finish.next_v(supply, replica) - replica.vclock,
        (offer.kv_capacity - replica.kv_held) // replica.decoding,
    )
    plan(g, replica, offer)
    replica.doing = LEAP
    replica.steps = steps
    replica.start_s = g.now
    replica.next_s = boundary_s(replica, steps, g.per_s)


@inner(forceinline=True)
def begin_mixed(g: Globals, supply: Supply, r: int) -> None:
    """Start one step that decodes and prefills, or prefills alone while those who decode wait."""
    replica = supply.replicas[r]
    offer = supply.offers[replica.offer]
    alone = offer.prefills_first != 0
    batch = 0 if alone else replica.decoding
    budget = offer.max_step_tokens - batch
    kv = 0 if alone else replica.kv_decoding + batch
    pairs = float(kv)
    prefill = 0
    a = replica.prefill_head
    while a >= 0 and budget > 0:
        attempt = supply.attempts[a]
        chunk = min(attempt.left, budget)
        kv += attempt.offset + chunk
        # In floating point: a chunk times a long context is beyond what an int32 holds.
        pairs += chunk * float(attempt.offset) + 0.5 * chunk * (chunk + 1.0)
        prefill += chunk
        budget -= chunk
        a = attempt.next
    replica.doing = ALONE if alone else MIXED
    replica.unbroken = 0
    replica.steps = 0 if alone else 1  # by which the token clock moves
    replica.prefill_tokens = prefill
    replica.start_s = g.now
    lasts_s = step_time(coefficients(offer), batch + prefill, kv, pairs, batch)
    lasts_s = offer.slow * (lasts_s + prefix_cache.fetching_s(supply, r))
    replica.next_s = on_grid(g.now + lasts_s, g.per_s)


@inner(forceinline=True)
def fits_after(supply: Supply, replica: Replica, offer: LiveDeployment, steps: int) -> bool:
    """Whether the queue's head can be admitted at the boundary after so many steps of the leap under way."""
    if replica.queue_head < 0 or replica.running >= offer.max_batch:
        return False
    if offer.reserve != NOTHING:
        return dialects.may_fit(supply, replica, offer)
    held = replica.kv_held + replica.decoding * (steps + 1)
    return bool(held + prefix_cache.needed_tokens(supply, offer, replica.queue_head) <= offer.kv_capacity)


@inner(forceinline=True)
def boundary(g: Globals, clock: Clock, supply: Supply, lane_of: np.ndarray, work: np.ndarray, r: int) -> None:
    """End the step of a replica, if it is in one, and begin the next."""
    replica = supply.replicas[r]
    offer = supply.offers[replica.offer]
    g.boundary_of = max(g.boundary_of, r) if g.boundary_at == g.now else r
    g.boundary_at = g.now
    if replica.doing != IDLE:
        before = replica.running
        end_step(g, clock, supply, lane_of, work, r)
        if offer.reserve == SHARE:
            dialects.note_step(replica, before)
    if offer.central_count > 0:
        take_from_central_queue(supply, r)
    preempted = False
    if offer.prefills_first != 0:
        admit_first(g, supply, replica, offer)
        if replica.prefill_head < 0:
            preempted = make_room(supply, replica, offer, work[replica.offer])
    else:
        preempted = make_room(supply, replica, offer, work[replica.offer])
        # Not in the same step: whoever was thrown out is at the head of the queue and would come straight back.
        if not preempted:
            admit(g, supply, replica, offer)
    if replica.running == 0:
        replica.doing = IDLE
        replica.unbroken = 0
        replica.vclock = 0  # nobody has a finish time on it; it stays small
        replica.next_s = np.inf
        if offer.reserve == SHARE:
            dialects.forget(replica, offer)
    elif replica.prefill_head < 0:
        begin_leap(g, supply, replica, offer)
        # Somebody more urgent than whoever was thrown out may fit where that one does not: one step, then it enters.
        if preempted and fits_after(supply, replica, offer, 1):
            replica.steps = 1
            replica.next_s = boundary_s(replica, 1, g.per_s)
    else:
        begin_mixed(g, supply, r)
    set_time(clock.fleet, replica.leaf, replica.next_s)


@inner(forceinline=True)
def cut_leap_now(g: Globals, clock: Clock, supply: Supply, r: int, for_head: bool) -> None:
    """End a leap at the first boundary from now on (``for_head``: only if the queue's head can be admitted there)."""
    replica = supply.replicas[r]
    if replica.doing != LEAP:
        return
    # What reaches a replica at the very instant of a boundary takes part in it.
    steps, ends_s = first_end(replica, next_chance_s(g, r), g.per_s)
    if steps >= replica.steps:
        return
    # A queue whose head cannot enter at that boundary changes nothing there: the leap may go on. It ends by itself
    # when somebody leaves, and then the head is looked at again.
    if for_head and not fits_after(supply, replica, supply.offers[replica.offer], steps):
        return
    replica.steps = steps
    replica.next_s = ends_s
    set_time(clock.fleet, replica.leaf, ends_s)


@inner()
def cut_leap(g: Globals, clock: Clock, supply: Supply, r: int, for_head: bool) -> None:
    """``cut_leap_now`` as a call of its own, for where it is rare."""
    cut_leap_now(g, clock, supply, r, for_head)
