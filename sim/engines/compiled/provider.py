"""A provider's door: limits, faults, the balancer, cancellations and outages (docs/semantics.md, section 7)."""

from typing import Any

import numpy as np

from sim.compiled import hot, inner
from sim.draws import BALANCER, FAST_FAILURE, MIDSTREAM_POINT, derive
from sim.draws import MIDSTREAM as MIDSTREAM_DRAW
from sim.engines.compiled import finish
from sim.engines.compiled.batch import book_time, cut_leap, cut_leap_now, dequeue, enqueue, release, unlink_central
from sim.engines.compiled.clock import DELAYED_FAIL, FAIL, push_misc, send, set_time
from sim.engines.compiled.leap import leap_time, steps_until
from sim.engines.compiled.state import CENTRAL, DECODE, GONE, IDLE, LEAP, PREFILL, WAITING, Clock, Market
from sim.engines.outcome import BUSY_S, DECODE_TOKENS, STEPS
from sim.policy import MIDSTREAM, OUTAGE, QUEUE_FULL, RATE_LIMITED, SERVER_ERROR, TOO_LONG
from sim.view import MINUTE_S

LEAST_OUTSTANDING, LEAST_REQUESTS, ROUND_ROBIN, RANDOM, CENTRAL_QUEUE = 0, 1, 2, 3, 4


@inner(forceinline=True)
def refuse(g: Any, clock: Clock, market: Market, lane: int, a: int, failure: int) -> None:
    """Send an attempt back to its router."""
    market.attempts[a].place = GONE
    send(g, clock, lane, (FAIL, a, failure), market.attempts[a].request)


@inner(forceinline=True)
def over_rate(g: Any, offer: Any, seat: Any, weight: int) -> bool:
    """Charge the router's clock minute at this offer, unless that would exceed a limit."""
    minute = int(g.now / MINUTE_S)
    if seat.provider_minute != minute:
        seat.provider_minute = minute
        seat.provider_requests = 0
        seat.provider_tokens = 0
    if offer.rpm > 0 and seat.provider_requests + 1 > offer.rpm:
        return True
    if offer.tpm > 0 and seat.provider_tokens + weight > offer.tpm:
        return True
    seat.provider_requests += 1
    seat.provider_tokens += weight
    return False


@inner(forceinline=True)
def least(market: Market, offer: Any, by_requests: bool, below: int) -> int:
    """Replica with the least load among those with fewer than ``below`` requests; -1 if none."""
    best = -1
    best_load = 0
    for r in range(offer.first_replica, offer.first_replica + offer.replicas):
        replica = market.replicas[r]
        count = replica.running + replica.queued
        if count >= below:
            continue
        load = count if by_requests else replica.outstanding
        if best < 0 or load < best_load:
            best = r
            best_load = load
    return best


@inner(forceinline=True)
def balance(market: Market, o: int, a: int) -> int:
    """Replica that the provider's own balancer picks; -1 sends the attempt to the central queue."""
    offer = market.offers[o]
    if offer.balancer == CENTRAL_QUEUE:
        return least(market, offer, False, offer.max_batch)
    if offer.replicas == 1:
        return int(offer.first_replica)
    if offer.balancer == LEAST_OUTSTANDING:
        return least(market, offer, False, np.iinfo(np.int32).max)
    if offer.balancer == LEAST_REQUESTS:
        return least(market, offer, True, np.iinfo(np.int32).max)
    if offer.balancer == ROUND_ROBIN:
        turn = offer.turn
        offer.turn = (turn + 1) % offer.replicas
        return int(offer.first_replica + turn)
    u = derive(market.attempts[a].key, BALANCER, o)
    return int(offer.first_replica + int(u * offer.replicas))


@inner(forceinline=True)
def queue_is_full(market: Market, o: int, r: int) -> bool:
    """True if the offer's queue cap refuses one more request (at replica ``r``, or -1 for the central queue)."""
    offer = market.offers[o]
    if offer.queue < 0:
        return False
    if r < 0:
        return bool(offer.central_count >= offer.queue)
    replica = market.replicas[r]
    return bool(replica.running + replica.queued >= offer.max_batch + offer.queue)


@inner(forceinline=True)
def plan_break(offer: Any, o: int, attempt: Any) -> None:
    """Decide at which token the stream ends: its last, or the one after which it breaks."""
    attempt.target = attempt.output
    if offer.midstream_share > 0.0 and derive(attempt.key, MIDSTREAM_DRAW, o) < offer.midstream_share:
        attempt.target = 1 + int(derive(attempt.key, MIDSTREAM_POINT, o) * (attempt.output - 1))


@inner(forceinline=True)
def join_central(market: Market, offer: Any, a: int) -> None:
    """Append an attempt to its offer's central queue."""
    attempt = market.attempts[a]
    attempt.place = CENTRAL
    attempt.next = -1
    attempt.prev = offer.central_tail
    if offer.central_tail >= 0:
        market.attempts[offer.central_tail].next = a
    else:
        offer.central_head = a
    offer.central_tail = a
    offer.central_count += 1


@inner(forceinline=True)
def knock(g: Any, clock: Clock, market: Market, seats: np.ndarray, lane_of: np.ndarray, a: int) -> int:
    """A dispatch arrives; return the idle replica that must start a step now, or -1."""
    attempt = market.attempts[a]
    o = attempt.offer
    offer = market.offers[o]
    lane = lane_of[attempt.router, o]
    attempt.arrived_s = g.now
    if offer.down != 0:
        refuse(g, clock, market, lane, a, OUTAGE)
        return -1
    if offer.fast_failure_share > 0.0 and derive(attempt.key, FAST_FAILURE, o) < offer.fast_failure_share:
        attempt.place = GONE
        due_s = g.now + offer.fast_failure_s + clock.lanes[lane].delay_s
        push_misc(g, clock, due_s, (DELAYED_FAIL, a, 0, SERVER_ERROR))
        return -1
    if attempt.prompt + attempt.output - 1 + offer.overhead > offer.kv_capacity:
        refuse(g, clock, market, lane, a, TOO_LONG)
        return -1
    if (offer.rpm > 0 or offer.tpm > 0) and over_rate(g, offer, seats[attempt.router, o], attempt.weight):
        refuse(g, clock, market, lane, a, RATE_LIMITED)
        return -1
    r = balance(market, o, a)
    if queue_is_full(market, o, r):
        refuse(g, clock, market, lane, a, QUEUE_FULL)
        return -1
    plan_break(offer, o, attempt)
    if r < 0:
        join_central(market, offer, a)
        return -1
    enqueue(market, r, a)
    replica = market.replicas[r]
    if replica.doing == IDLE:
        return r
    if replica.queued == 1 and replica.running < offer.max_batch:
        cut_leap_now(g, clock, market, r, True)
    return -1


@inner()
def cancel(g: Any, clock: Clock, market: Market, a: int) -> None:
    """A cancellation arrives: a waiting attempt leaves now, a running one at the next boundary."""
    attempt = market.attempts[a]
    offer = market.offers[attempt.offer]
    if attempt.place == CENTRAL:
        unlink_central(market, offer, a)
        attempt.place = GONE
        release(g, market, a)
    elif attempt.place == WAITING:
        r = attempt.replica
        replica = market.replicas[r]
        was_head = replica.queue_head == a
        dequeue(market, replica, a)
        replica.outstanding -= attempt.weight
        replica.backlog -= attempt.prompt + attempt.target - 1
        attempt.place = GONE
        release(g, market, a)
        if offer.central_count > 0:
            cut_leap(g, clock, market, r, False)
        elif was_head:
            cut_leap(g, clock, market, r, True)
    elif attempt.place == PREFILL or attempt.place == DECODE:
        attempt.cancelled = 1
        market.replicas[attempt.replica].cancelled += 1
        cut_leap(g, clock, market, attempt.replica, False)
    release(g, market, a)  # the message


@inner()
def drop(g: Any, clock: Clock, market: Market, lane: int, a: int) -> None:
    """End an attempt because its offer went down."""
    attempt = market.attempts[a]
    was_cancelled = attempt.cancelled != 0
    started = attempt.emitted > 0 or attempt.place == DECODE
    if was_cancelled:
        attempt.place = GONE
        release(g, market, a)
    else:
        refuse(g, clock, market, lane, a, MIDSTREAM if started else OUTAGE)


@inner()
def drop_list(g: Any, clock: Clock, market: Market, lane_of: np.ndarray, a: int) -> None:
    """End the attempts of a linked list in order."""
    while a >= 0:
        following = market.attempts[a].next
        attempt = market.attempts[a]
        drop(g, clock, market, lane_of[attempt.router, attempt.offer], a)
        a = following


@inner()
def drop_batch(g: Any, clock: Clock, market: Market, lane_of: np.ndarray, replica: Any) -> None:
    """End the decoding attempts of a replica in order of admission."""
    while replica.decoding > 0:
        first = 0
        for position in range(1, replica.decoding):
            here = market.attempts[market.finish_attempt[replica.heap + position]].order
            if here < market.attempts[market.finish_attempt[replica.heap + first]].order:
                first = position
        a = finish.remove(market, replica, first)
        attempt = market.attempts[a]
        drop(g, clock, market, lane_of[attempt.router, attempt.offer], a)


@inner()
def cut_work(g: Any, replica: Any, row: np.ndarray) -> None:
    """Book what a step or leap had done when the outage cut it."""
    book_time(g, replica, row)
    if replica.doing == LEAP:
        done = steps_before(replica, g.now)
        row[STEPS] += done
        row[DECODE_TOKENS] += done * replica.decoding


@inner()
def steps_before(replica: Any, now: float) -> int:
    """Steps of a leap that are complete at ``now``."""
    elapsed = now - replica.start_s
    return steps_until(replica, elapsed) - 1 if elapsed > 0.0 else 0


@hot(cache=True)
def add_leaps_so_far(g: Any, market: Market, now: float, work: np.ndarray) -> None:
    """Book the completed steps of leaps that are still under way (a look from outside changes nothing)."""
    for r in range(market.replicas.shape[0]):
        replica = market.replicas[r]
        if replica.doing != LEAP:
            continue
        row = work[replica.offer]
        done = steps_before(replica, now)
        lasted_s = leap_time(replica, done)
        outside_s = max(0.0, g.warmup_s - replica.start_s) + max(0.0, replica.start_s + lasted_s - g.demand_ends_s)
        row[BUSY_S] += max(0.0, lasted_s - outside_s)
        row[STEPS] += done
        row[DECODE_TOKENS] += done * replica.decoding


@hot(cache=True)
def add_time_at_the_end(g: Any, market: Market, now: float, work: np.ndarray) -> None:
    """Book the time inside the measured window of what crossed its end, and of steps and leaps under way."""
    for r in range(market.replicas.shape[0]):
        replica = market.replicas[r]
        inside_s = replica.crossing_s
        if replica.doing != IDLE:
            inside_s += max(0.0, min(now, g.demand_ends_s) - max(replica.start_s, g.warmup_s))
        work[replica.offer, BUSY_S] += inside_s


@hot(cache=True)
def resize(g: Any, clock: Clock, market: Market, o: int, replicas: int) -> None:
    """Let the first ``replicas`` take new requests; idle ones help with the central queue at once."""
    offer = market.offers[o]
    offer.replicas = replicas
    offer.turn = 0
    if offer.central_count == 0:
        return
    for r in range(offer.first_replica, offer.first_replica + replicas):
        replica = market.replicas[r]
        if replica.doing == IDLE:
            replica.next_s = g.now
            set_time(clock.fleet, r, g.now)


@hot(cache=True)
def shut(g: Any, clock: Clock, market: Market, lane_of: np.ndarray, work: np.ndarray, o: int) -> None:
    """Begin an outage: every attempt at the offer ends and its replicas are empty."""
    offer = market.offers[o]
    offer.down = 1
    for r in range(offer.first_replica, offer.first_replica + offer.most):
        replica = market.replicas[r]
        if replica.doing != IDLE:
            cut_work(g, replica, work[o])
        drop_batch(g, clock, market, lane_of, replica)
        drop_list(g, clock, market, lane_of, replica.prefill_head)
        drop_list(g, clock, market, lane_of, replica.queue_head)
        replica.queue_head = replica.queue_tail = replica.prefill_head = replica.prefill_tail = -1
        replica.queued = replica.running = replica.cancelled = 0
        replica.kv_held = replica.kv_decoding = replica.outstanding = replica.backlog = replica.vclock = 0
        replica.doing = IDLE
        replica.next_s = np.inf
        set_time(clock.fleet, r, np.inf)
    drop_list(g, clock, market, lane_of, offer.central_head)
    offer.central_head = offer.central_tail = -1
    offer.central_count = 0


@hot(cache=True)
def slow_down(g: Any, clock: Clock, market: Market, o: int, factor: float) -> None:
    """Change the factor on step times; steps under way keep theirs."""
    offer = market.offers[o]
    offer.slow = factor
    for r in range(offer.first_replica, offer.first_replica + offer.most):
        cut_leap(g, clock, market, r, False)


@inner()
def true_work_s(g: Any, market: Market, o: int) -> float:
    """Unfinished work of the least loaded replica, in seconds of one-token steps (oracle policies)."""
    offer = market.offers[o]
    central = 0.0
    a = offer.central_head
    while a >= 0:
        central += market.attempts[a].prompt + market.attempts[a].target - 1
        a = market.attempts[a].next
    least_work = np.inf
    for r in range(offer.first_replica, offer.first_replica + offer.replicas):
        replica = market.replicas[r]
        work = float(replica.backlog)
        if replica.doing == LEAP:
            work -= replica.leap_batch * float(steps_before(replica, g.now))
        least_work = min(least_work, work)
    memory = offer.weights_s
    if offer.miss_log < 0.0:
        memory += offer.experts_s * (1.0 - np.exp(offer.miss_log))
    token_s = offer.base_s + max(memory, offer.token_s) + offer.comm_token_s
    return float((least_work + central / offer.replicas) * token_s)
