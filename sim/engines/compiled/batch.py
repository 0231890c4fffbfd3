"""A replica: one step boundary after the other, with exact leaps between them (docs/semantics.md, section 7)."""

from typing import Any

import numpy as np

from sim.compiled import inner
from sim.engines.compiled import finish
from sim.engines.compiled.clock import DONE, FAIL, FIRST_TOKEN, send, set_time
from sim.engines.compiled.leap import leap_time, plan, steps_until
from sim.engines.compiled.state import DECODE, GONE, IDLE, LEAP, MIXED, PREFILL, WAITING, Clock, Market
from sim.engines.outcome import BUSY_S, DECODE_TOKENS, PREEMPTIONS, PREFILL_TOKENS, STEPS
from sim.engines.steptime import StepCoefficients, step_time
from sim.policy import MIDSTREAM, NO_FAILURE

PUBLISHED_WEIGHT = 0.1  # weight of the newest sample in the latency a provider publishes


@inner(forceinline=True)
def release(g: Any, market: Market, a: int) -> None:
    """Drop one reference to an attempt; its slot is free when none is left."""
    attempt = market.attempts[a]
    attempt.refs -= 1
    if attempt.refs == 0:
        market.free_attempts[g.free_attempts] = a
        g.free_attempts += 1


@inner(forceinline=True)
def enqueue(market: Market, r: int, a: int) -> None:
    """Append an attempt to a replica's queue."""
    replica = market.replicas[r]
    attempt = market.attempts[a]
    attempt.replica = r
    attempt.place = WAITING
    attempt.next = -1
    attempt.prev = replica.queue_tail
    if replica.queue_tail >= 0:
        market.attempts[replica.queue_tail].next = a
    else:
        replica.queue_head = a
    replica.queue_tail = a
    replica.queued += 1
    replica.outstanding += attempt.weight
    replica.backlog += attempt.prompt + attempt.target - 1


@inner(forceinline=True)
def dequeue(market: Market, replica: Any, a: int) -> None:
    """Unlink a waiting attempt from its replica's queue (its load stays counted)."""
    attempt = market.attempts[a]
    if attempt.prev >= 0:
        market.attempts[attempt.prev].next = attempt.next
    else:
        replica.queue_head = attempt.next
    if attempt.next >= 0:
        market.attempts[attempt.next].prev = attempt.prev
    else:
        replica.queue_tail = attempt.prev
    replica.queued -= 1


@inner(forceinline=True)
def unlink_central(market: Market, offer: Any, a: int) -> None:
    """Take an attempt out of its offer's central queue."""
    attempt = market.attempts[a]
    if attempt.prev >= 0:
        market.attempts[attempt.prev].next = attempt.next
    else:
        offer.central_head = attempt.next
    if attempt.next >= 0:
        market.attempts[attempt.next].prev = attempt.prev
    else:
        offer.central_tail = attempt.prev
    offer.central_count -= 1


@inner(forceinline=True)
def unlink_prefill(market: Market, replica: Any, a: int) -> None:
    """Unlink an attempt from its replica's list of prefills."""
    attempt = market.attempts[a]
    if attempt.prev >= 0:
        market.attempts[attempt.prev].next = attempt.next
    else:
        replica.prefill_head = attempt.next
    if attempt.next >= 0:
        market.attempts[attempt.next].prev = attempt.prev
    else:
        replica.prefill_tail = attempt.prev


@inner(forceinline=True)
def kv_of(market: Market, attempt: Any) -> int:
    """KV tokens an attempt holds that has emitted at least one token, or that is in prefill."""
    held = attempt.prompt + attempt.emitted + market.offers[attempt.offer].overhead
    return int(held - 1) if attempt.place == DECODE else int(held)


@inner(forceinline=True)
def hang_up(g: Any, clock: Clock, market: Market, lane_of: np.ndarray, a: int) -> None:
    """Tell the router that an attempt's stream ended or broke; the provider is done with it."""
    attempt = market.attempts[a]
    attempt.place = GONE
    lane = lane_of[attempt.router, attempt.offer]
    if attempt.target < attempt.output:
        send(g, clock, lane, (FAIL, a, MIDSTREAM), attempt.request)
    else:
        send(g, clock, lane, (DONE, a, NO_FAILURE), attempt.request)


@inner()
def drop_cancelled(g: Any, market: Market, replica: Any) -> None:
    """Let the cancelled requests of a batch leave without a word."""
    position = 0
    while position < replica.decoding:
        a = market.finish_attempt[replica.heap + position]
        if market.attempts[a].cancelled == 0:
            position += 1
            continue
        attempt = market.attempts[a]
        left = attempt.finish_v - replica.vclock
        attempt.emitted = attempt.target - left
        finish.remove(market, replica, position)
        replica.kv_decoding -= kv_of(market, attempt)
        replica.backlog -= left
        depart(g, market, replica, a)
        position = 0  # the heap was mended: look from the top again
    a = replica.prefill_head
    while a >= 0:
        attempt = market.attempts[a]
        following = attempt.next
        if attempt.cancelled != 0:
            unlink_prefill(market, replica, a)
            replica.backlog -= attempt.left + attempt.target - attempt.emitted - 1
            depart(g, market, replica, a)
        a = following
    replica.cancelled = 0


@inner(forceinline=True)
def depart(g: Any, market: Market, replica: Any, a: int) -> None:
    """Free the KV and the place of a cancelled running request."""
    attempt = market.attempts[a]
    replica.kv_held -= kv_of(market, attempt)
    replica.running -= 1
    replica.outstanding -= attempt.weight
    attempt.place = GONE
    release(g, market, a)


@inner(forceinline=True)
def advance_prefills(market: Market, replica: Any, budget: int) -> None:
    """Book the prefill chunks of the step that ends."""
    a = replica.prefill_head
    while a >= 0 and budget > 0:
        attempt = market.attempts[a]
        chunk = min(attempt.left, budget)
        attempt.left -= chunk
        attempt.offset += chunk
        budget -= chunk
        a = attempt.next


@inner(forceinline=True)
def finish_decodes(g: Any, clock: Clock, market: Market, lane_of: np.ndarray, replica: Any) -> None:
    """Let the requests leave whose last token this step produced."""
    while replica.decoding > 0 and market.finish_v[replica.heap] == replica.vclock:
        a = finish.take_out(market, replica, 0)
        attempt = market.attempts[a]
        attempt.emitted = attempt.target
        held = kv_of(market, attempt)
        replica.kv_held -= held
        replica.kv_decoding -= held
        replica.running -= 1
        replica.outstanding -= attempt.weight
        hang_up(g, clock, market, lane_of, a)


@inner(forceinline=True)
def finish_prefills(g: Any, clock: Clock, market: Market, lane_of: np.ndarray, replica: Any) -> None:
    """Let completed prefills emit their next token, and leave or start decoding."""
    a = replica.prefill_head
    while a >= 0 and market.attempts[a].left == 0:
        attempt = market.attempts[a]
        following = attempt.next
        unlink_prefill(market, replica, a)
        held = kv_of(market, attempt)
        attempt.emitted += 1
        if attempt.emitted == 1:
            attempt.refs += 1
            lane = lane_of[attempt.router, attempt.offer]
            send(g, clock, lane, (FIRST_TOKEN, a, NO_FAILURE), attempt.request)
            publish_latency(market.offers[attempt.offer], g.now - attempt.arrived_s)
        if attempt.emitted >= attempt.target:
            replica.kv_held -= held
            replica.running -= 1
            replica.outstanding -= attempt.weight
            hang_up(g, clock, market, lane_of, a)
        else:
            attempt.place = DECODE
            attempt.finish_v = replica.vclock + attempt.target - attempt.emitted
            replica.kv_decoding += held
            finish.add(market, replica, a)
        a = following


@inner(forceinline=True)
def publish_latency(offer: Any, sample_s: float) -> None:
    """Keep the provider-side average of time to first token."""
    if offer.has_published == 0:
        offer.has_published = 1
        offer.published_latency = sample_s
    else:
        offer.published_latency += PUBLISHED_WEIGHT * (sample_s - offer.published_latency)


@inner(forceinline=True)
def book_time(g: Any, replica: Any, row: np.ndarray) -> None:
    """Count the time of the step or leap that ends now, as far as it lies inside the measured window.

    What crosses the window's end waits in the replica until somebody asks: added when the step ends, it would make
    the last bits of the sum depend on how long the run goes on.
    """
    inside_s = min(g.now, g.demand_ends_s) - max(replica.start_s, g.warmup_s)
    if inside_s <= 0.0:
        return
    if g.now < g.demand_ends_s:
        row[BUSY_S] += inside_s
    else:
        replica.crossing_s = inside_s


@inner(forceinline=True)
def end_step(g: Any, clock: Clock, market: Market, lane_of: np.ndarray, work: np.ndarray, r: int) -> None:
    """Apply the effects of the step, or of the leap of steps, that ends now."""
    replica = market.replicas[r]
    grown = replica.decoding * replica.steps
    replica.vclock += replica.steps
    replica.kv_held += grown
    replica.kv_decoding += grown
    replica.backlog -= grown
    row = work[replica.offer]
    book_time(g, replica, row)
    row[STEPS] += replica.steps
    row[DECODE_TOKENS] += grown
    if replica.doing == MIXED:
        row[PREFILL_TOKENS] += replica.prefill_tokens
        replica.backlog -= replica.prefill_tokens
        advance_prefills(market, replica, market.offers[replica.offer].max_step_tokens - replica.decoding)
    if replica.cancelled > 0:
        drop_cancelled(g, market, replica)
    finish_decodes(g, clock, market, lane_of, replica)
    finish_prefills(g, clock, market, lane_of, replica)


@inner()
def pull_central(market: Market, r: int) -> None:
    """Take requests from the offer's central queue while the batch has room for them."""
    replica = market.replicas[r]
    offer = market.offers[replica.offer]
    if r - offer.first_replica >= offer.replicas:
        return  # it is being drained
    while offer.central_count > 0 and replica.running + replica.queued < offer.max_batch:
        a = offer.central_head
        unlink_central(market, offer, a)
        enqueue(market, r, a)


@inner()
def preempt(market: Market, replica: Any) -> None:
    """Throw the most recently admitted request out of the batch, back to the head of the queue."""
    if replica.prefill_tail >= 0:
        a = replica.prefill_tail  # prefills were admitted after every request that decodes
        unlink_prefill(market, replica, a)
        attempt = market.attempts[a]
        replica.backlog += attempt.prompt + attempt.emitted - attempt.left
    else:
        a = finish.remove(market, replica, finish.latest(market, replica))
        attempt = market.attempts[a]
        attempt.emitted = attempt.target - (attempt.finish_v - replica.vclock)
        replica.kv_decoding -= kv_of(market, attempt)
        replica.backlog += attempt.prompt + attempt.emitted - 1
    replica.kv_held -= kv_of(market, attempt)
    replica.running -= 1
    attempt.place = WAITING
    attempt.prev = -1
    attempt.next = replica.queue_head
    if replica.queue_head >= 0:
        market.attempts[replica.queue_head].prev = a
    else:
        replica.queue_tail = a
    replica.queue_head = a
    replica.queued += 1


@inner(forceinline=True)
def admit(market: Market, replica: Any, offer: Any) -> None:
    """Admit waiting requests in order while batch and KV memory have room."""
    while replica.queue_head >= 0 and replica.running < offer.max_batch:
        a = replica.queue_head
        attempt = market.attempts[a]
        context = attempt.prompt + attempt.emitted
        if replica.kv_held + replica.decoding + context + offer.overhead > offer.kv_capacity:
            break
        dequeue(market, replica, a)
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
            market.attempts[replica.prefill_tail].next = a
        else:
            replica.prefill_head = a
        replica.prefill_tail = a


@inner(forceinline=True)
def begin_leap(g: Any, market: Market, replica: Any, offer: Any) -> None:
    """Start decoding up to the first finish or the last step that fits in KV memory."""
    steps = min(
        market.finish_v[replica.heap] - replica.vclock,
        (offer.kv_capacity - replica.kv_held) // replica.decoding,
    )
    replica.doing = LEAP
    replica.steps = steps
    replica.start_s = g.now
    plan(replica, offer, steps)
    replica.next_s = g.now + leap_time(replica, steps)


@inner(forceinline=True)
def begin_mixed(g: Any, market: Market, replica: Any, offer: Any) -> None:
    """Start one step that decodes and prefills."""
    batch = replica.decoding
    budget = offer.max_step_tokens - batch
    kv = replica.kv_decoding + batch
    pairs = float(kv)
    prefill = 0
    a = replica.prefill_head
    while a >= 0 and budget > 0:
        attempt = market.attempts[a]
        chunk = min(attempt.left, budget)
        kv += attempt.offset + chunk
        pairs += chunk * float(attempt.offset) + 0.5 * chunk * (chunk + 1.0)
        prefill += chunk
        budget -= chunk
        a = attempt.next
    coefficients = StepCoefficients(
        offer.base_s, offer.weights_s, offer.experts_s, offer.miss_log,
        offer.kv_s, offer.token_s, offer.pair_s, offer.comm_token_s,
    )
    replica.doing = MIXED
    replica.steps = 1
    replica.prefill_tokens = prefill
    replica.start_s = g.now
    replica.next_s = g.now + offer.slow * step_time(coefficients, batch + prefill, kv, pairs)


@inner(forceinline=True)
def boundary(g: Any, clock: Clock, market: Market, lane_of: np.ndarray, work: np.ndarray, r: int) -> None:
    """End the step of a replica, if it is in one, and begin the next."""
    replica = market.replicas[r]
    offer = market.offers[replica.offer]
    if replica.doing != IDLE:
        end_step(g, clock, market, lane_of, work, r)
    if offer.central_count > 0:
        pull_central(market, r)
    preempted = False
    while replica.kv_held + replica.decoding > offer.kv_capacity:
        preempt(market, replica)
        work[replica.offer, PREEMPTIONS] += 1
        preempted = True
    if not preempted:
        admit(market, replica, offer)
    if replica.running == 0:
        replica.doing = IDLE
        replica.vclock = 0
        replica.next_s = np.inf
    elif replica.prefill_head < 0:
        begin_leap(g, market, replica, offer)
    else:
        begin_mixed(g, market, replica, offer)
    set_time(clock.fleet, r, replica.next_s)


@inner(forceinline=True)
def cut_leap_now(g: Any, clock: Clock, market: Market, r: int, for_head: bool) -> None:
    """End a leap at the first boundary from now on (``for_head``: only if the queue's head can be admitted there)."""
    replica = market.replicas[r]
    if replica.doing != LEAP:
        return
    steps = steps_until(replica, g.now - replica.start_s)
    if steps >= replica.steps:
        return
    if for_head:
        offer = market.offers[replica.offer]
        if replica.queue_head < 0 or replica.running >= offer.max_batch:
            return
        head = market.attempts[replica.queue_head]
        held = replica.kv_held + replica.decoding * (steps + 1)
        if held + head.prompt + head.emitted + offer.overhead > offer.kv_capacity:
            return
    replica.steps = steps
    replica.next_s = max(g.now, replica.start_s + leap_time(replica, steps))
    set_time(clock.fleet, r, replica.next_s)


@inner()
def cut_leap(g: Any, clock: Clock, market: Market, r: int, for_head: bool) -> None:
    """``cut_leap_now`` as a call of its own, for where it is rare."""
    cut_leap_now(g, clock, market, r, for_head)
