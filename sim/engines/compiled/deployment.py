"""A provider's door: limits, faults, the balancer, cancellations and outages (docs/semantics.md, section 7)."""

import numpy as np

from sim.compiled import inner
from sim.draws import BALANCER, FAST_FAILURE, MIDSTREAM_POINT, SECOND_CHOICE, of_attempt
from sim.draws import MIDSTREAM as MIDSTREAM_DRAW
from sim.engines.compiled import dialects, finish, prefix_cache
from sim.engines.compiled.batch import dequeue, unlink_central
from sim.engines.compiled.clock import DELAYED_FAIL, Rare, push_misc, set_time
from sim.engines.compiled.leap import boundary_s, coefficients, next_chance_s, steps_until
from sim.engines.compiled.network import Letter, send
from sim.engines.compiled.owed import owe, release
from sim.engines.compiled.priority import Ends, last_no_less, link
from sim.engines.compiled.rates import rates_of, within_limits
from sim.engines.compiled.records import Attempt, Globals, LiveDeployment, Meter, Replica
from sim.engines.compiled.replica import count_time, cut_leap, cut_leap_now, join
from sim.engines.compiled.state import (
    ANSWERS,
    BARE,
    CENTRAL,
    DECODE,
    GONE,
    IDLE,
    LANDED,
    LEAP,
    PREFILL,
    SENDING,
    WAITING,
    Clock,
    Supply,
)
from sim.engines.compiled.transfer import is_split, look_again, stop
from sim.engines.grid import on_grid
from sim.engines.outcome import BUSY_S, DECODE_TOKENS, STEPS
from sim.engines.record import Rows
from sim.engines.rules import FAIL
from sim.engines.steptime import step_time
from sim.policy import MIDSTREAM, NO_FAILURE, OUTAGE, QUEUE_FULL, RATE_LIMITED, SERVER_ERROR, TOO_LONG

LEAST_OUTSTANDING, LEAST_REQUESTS, ROUND_ROBIN, RANDOM, CENTRAL_QUEUE, TWO_CHOICES = 0, 1, 2, 3, 4, 5


@inner(forceinline=True)
def _luck(attempt: Attempt, salt: int) -> float:
    """The attempt's own uniform in [0, 1) for a purpose, at its offer."""
    return of_attempt(attempt.key, salt, attempt.number, attempt.offer)


@inner(forceinline=True)
def refuse(g: Globals, clock: Clock, supply: Supply, lane: int, a: int, failure: int) -> None:
    """Send an attempt back to its router."""
    supply.attempts[a].place = GONE
    send(g, clock, supply.attempts, lane, Letter(FAIL, a, failure))


@inner(forceinline=True)
def within_rate_limits(g: Globals, offer: LiveDeployment, meters: Rows[Meter], attempt: Attempt) -> bool:
    """Charge an attempt to its router, or customer, unless that would exceed a limit of the offer."""
    own = offer.per_customer != 0 or attempt.own_key != 0
    place = offer.own_meter + attempt.client_class if own else offer.meter + attempt.router
    return within_limits(meters[place], rates_of(offer), attempt.weight, g.now)


@inner(forceinline=True)
def least(supply: Supply, offer: LiveDeployment, by_requests: bool, below: int) -> int:
    """Replica with the least load among those with fewer than ``below`` requests; -1 if none."""
    best = -1
    best_load = 0
    for r in range(offer.first_replica, offer.first_replica + offer.replicas):
        replica = supply.replicas[r]
        count = replica.running + replica.queued
        if count >= below:
            continue
        load = count if by_requests else replica.outstanding
        if best < 0 or load < best_load:
            best = r
            best_load = load
    return best


@inner(forceinline=True)
def lighter_of_two(supply: Supply, offer: LiveDeployment, attempt: Attempt) -> int:
    """Of two replicas that the attempt draws the one with fewer outstanding tokens; the first drawn if alike."""
    first = int(_luck(attempt, BALANCER) * offer.replicas)
    second = int(_luck(attempt, SECOND_CHOICE) * (offer.replicas - 1))
    if second >= first:
        second += 1
    first, second = first + offer.first_replica, second + offer.first_replica
    return int(second if supply.replicas[second].outstanding < supply.replicas[first].outstanding else first)


@inner()
def load_of(supply: Supply, offer: LiveDeployment) -> float:
    """Requests running or waiting at an offer with replicas, per active one."""
    load = float(offer.central_count)
    for r in range(offer.first_replica, offer.first_replica + offer.most):
        load += supply.replicas[r].running + supply.replicas[r].queued
    if not is_split(supply, offer):
        return load / offer.replicas
    for r in range(offer.first_replica, offer.first_replica + offer.replicas):
        load += supply.links[supply.replicas[r].link].count
    return load / offer.most


@inner(forceinline=True)
def balance(supply: Supply, o: int, a: int) -> int:
    """Replica that the provider's own balancer picks; -1 sends the attempt to the central queue."""
    offer = supply.offers[o]
    if offer.balancer == CENTRAL_QUEUE:
        return least(supply, offer, False, offer.max_batch)
    if offer.replicas == 1:
        return int(offer.first_replica)
    if offer.balancer == LEAST_OUTSTANDING:
        return least(supply, offer, False, np.iinfo(np.int32).max)
    if offer.balancer == LEAST_REQUESTS:
        return least(supply, offer, True, np.iinfo(np.int32).max)
    if offer.balancer == ROUND_ROBIN:
        turn = offer.turn
        offer.turn = (turn + 1) % offer.replicas
        return int(offer.first_replica + turn)
    if offer.balancer == TWO_CHOICES:
        return lighter_of_two(supply, offer, supply.attempts[a])
    u = _luck(supply.attempts[a], BALANCER)
    return int(offer.first_replica + int(u * offer.replicas))


@inner(forceinline=True)
def queue_is_full(supply: Supply, o: int, r: int) -> bool:
    """True if the offer's queue cap refuses one more request (at replica ``r``, or -1 for the central queue)."""
    offer = supply.offers[o]
    if offer.queue < 0:
        return False
    if r < 0:
        return bool(supply.offers[offer.host].central_count >= offer.queue)
    replica = supply.replicas[r]
    return bool(replica.running + replica.queued >= offer.max_batch + offer.queue)


@inner(forceinline=True)
def plan_break(offer: LiveDeployment, attempt: Attempt) -> None:
    """Decide at which token the stream ends: its last, or the one after which it breaks."""
    attempt.target = attempt.output
    if offer.midstream_share > 0.0 and _luck(attempt, MIDSTREAM_DRAW) < offer.midstream_share:
        attempt.target = 1 + int(_luck(attempt, MIDSTREAM_POINT) * (attempt.output - 1))


@inner(forceinline=True)
def join_central(supply: Supply, offer: LiveDeployment, a: int) -> None:
    """Take an attempt into its offer's central queue, behind all that are no less urgent."""
    attempt = supply.attempts[a]
    attempt.place = CENTRAL
    before = last_no_less(supply.attempts, offer.central_tail, attempt.priority)
    offer.central_head, offer.central_tail = link(
        supply.attempts, a, before, Ends(offer.central_head, offer.central_tail))
    offer.central_count += 1


@inner(forceinline=True)
def why_not(g: Globals, offer: LiveDeployment, down: int, meters: Rows[Meter], attempt: Attempt) -> int:
    """How an offer's door turns an attempt away, if it does so whatever its replicas do; else ``NO_FAILURE``."""
    if down != 0:
        return OUTAGE
    if offer.fast_failure_share > 0.0 and _luck(attempt, FAST_FAILURE) < offer.fast_failure_share:
        return SERVER_ERROR
    # Whatever passes here fits alone, so preemption always ends.
    if attempt.output == 0:
        return TOO_LONG
    if offer.meter >= 0 and not within_rate_limits(g, offer, meters, attempt):
        return RATE_LIMITED
    return NO_FAILURE


@inner()
def turn_away(g: Globals, clock: Clock, supply: Supply, lane: int, a: int, failure: int) -> None:
    """Refuse an attempt at the door; an error of the server takes its time."""
    if failure != SERVER_ERROR:
        refuse(g, clock, supply, lane, a, failure)
        return
    attempt = supply.attempts[a]
    attempt.place = GONE
    due_s = on_grid(g.now + supply.offers[attempt.offer].fast_failure_s, g.per_s) + clock.lanes[lane].delay_s
    push_misc(g, clock, due_s, attempt.key, Rare(DELAYED_FAIL, a, attempt.number, SERVER_ERROR))


@inner(forceinline=True)
def hear_dispatch(g: Globals, clock: Clock, supply: Supply, meters: Rows[Meter], lane_of: np.ndarray, a: int) -> int:
    """A dispatch arrives; return the idle replica that must start a step now, or -1."""
    attempt = supply.attempts[a]
    o = attempt.offer
    offer = supply.offers[o]
    host = supply.offers[offer.host]
    attempt.arrived_s = g.now
    failure = why_not(g, offer, host.down, meters, attempt)
    r = -1
    if failure == NO_FAILURE:
        r = balance(supply, offer.host, a)
        if queue_is_full(supply, o, r):
            failure = QUEUE_FULL
    if failure != NO_FAILURE:
        turn_away(g, clock, supply, lane_of[attempt.router, o, BARE], a, failure)
        return -1
    plan_break(offer, attempt)
    if g.publish_period < np.inf:
        attempt.met = load_of(supply, host)
    if r < 0:
        join_central(supply, host, a)
        return -1
    join(supply, r, a)
    replica = supply.replicas[r]
    if replica.doing == IDLE:
        return r
    # With others before it in the queue, or a full batch, it cannot enter at the next boundary: the leap goes on.
    if replica.queue_head == a and replica.running < offer.max_batch:
        cut_leap_now(g, clock, supply, r, True)
    return -1


@inner()
def hear_cancel(g: Globals, clock: Clock, supply: Supply, a: int) -> None:
    """A cancellation arrives: a waiting attempt leaves now, a running one at the next boundary."""
    attempt = supply.attempts[a]
    offer = supply.offers[supply.offers[attempt.offer].host]
    complete = attempt.place == GONE and attempt.emitted == attempt.output
    waits = attempt.place == WAITING or attempt.place == LANDED
    if attempt.place == CENTRAL or waits or complete:
        attempt.cancelled = 1  # by this the books see that it was no stream that broke
        owe(g, supply, a)
    if attempt.place == CENTRAL:
        unlink_central(supply, offer, a)
        attempt.place = GONE
        release(g, supply, a)
    elif waits:
        r = attempt.replica
        replica = supply.replicas[r]
        was_head = replica.queue_head == a
        dequeue(supply, replica, a)
        replica.outstanding -= attempt.weight
        prefill_left = attempt.prompt if attempt.place == WAITING else 0
        replica.backlog -= prefill_left + attempt.target - 1  # the first token of its answer comes with its prefill
        attempt.place = GONE
        release(g, supply, a)
        # The next in line may fit where this one did not.
        if offer.central_count > 0:
            cut_leap(g, clock, supply, r, False)
        elif was_head:
            cut_leap(g, clock, supply, r, True)
        look_again(g, clock, replica)
    elif attempt.place == SENDING:
        attempt.cancelled = 1  # it leaves when it lands
    elif attempt.place == PREFILL or attempt.place == DECODE:
        attempt.cancelled = 1
        supply.replicas[attempt.replica].cancelled += 1
        cut_leap(g, clock, supply, attempt.replica, False)
    release(g, supply, a)  # the message


@inner()
def drop(g: Globals, clock: Clock, supply: Supply, lane_of: np.ndarray, a: int) -> None:
    """End an attempt because its offer went down."""
    attempt = supply.attempts[a]
    was_cancelled = attempt.cancelled != 0
    started = attempt.emitted > 0 or attempt.place == DECODE
    if was_cancelled or started:
        owe(g, supply, a)
    if was_cancelled:
        attempt.place = GONE
        release(g, supply, a)
    elif started:  # behind what the stream has sent so far
        refuse(g, clock, supply, lane_of[attempt.router, attempt.offer, ANSWERS], a, MIDSTREAM)
    else:
        refuse(g, clock, supply, lane_of[attempt.router, attempt.offer, BARE], a, OUTAGE)


@inner()
def drop_list(g: Globals, clock: Clock, supply: Supply, lane_of: np.ndarray, a: int) -> None:
    """End the attempts of a linked list in order."""
    while a >= 0:
        following = supply.attempts[a].next
        drop(g, clock, supply, lane_of, a)
        a = following


@inner()
def drop_batch(g: Globals, clock: Clock, supply: Supply, lane_of: np.ndarray, replica: Replica) -> None:
    """End the decoding attempts of a replica in order of admission."""
    while replica.decoding > 0:
        first = 0
        for position in range(1, replica.decoding):
            here = supply.attempts[supply.finish_attempt[replica.finishes + position]].order
            if here < supply.attempts[supply.finish_attempt[replica.finishes + first]].order:
                first = position
        a = finish.remove(supply, replica, first)
        attempt = supply.attempts[a]
        attempt.emitted = attempt.target - (attempt.finish_v - replica.vclock)
        drop(g, clock, supply, lane_of, a)


@inner()
def cut_work(g: Globals, replica: Replica, row: np.ndarray) -> None:
    """Book what a step or leap had done when the outage cut it."""
    count_time(g, replica, row)
    if replica.doing == LEAP:
        done = steps_until(replica, g.now, g.per_s) - 1
        row[STEPS] += done
        row[DECODE_TOKENS] += done * replica.decoding
        replica.vclock += done


@inner()
def add_leaps_so_far(g: Globals, supply: Supply, o: int, now: float, row: np.ndarray) -> None:
    """Book the completed steps of an offer's leaps under way in its row (a look from outside changes nothing)."""
    offer = supply.offers[o]
    for r in range(offer.first_replica, offer.first_replica + offer.most):
        replica = supply.replicas[r]
        row[BUSY_S] += replica.crossing_s
        if replica.doing != LEAP:
            continue
        done = steps_until(replica, now, g.per_s) - 1
        lasted_s = boundary_s(replica, done, g.per_s) - replica.start_s
        outside_s = max(0.0, g.warmup_s - replica.start_s) + max(0.0, replica.start_s + lasted_s - g.demand_ends_s)
        row[BUSY_S] += max(0.0, lasted_s - outside_s)
        row[STEPS] += done
        row[DECODE_TOKENS] += done * replica.decoding


@inner()
def add_time_at_the_end(g: Globals, supply: Supply, now: float, work: np.ndarray) -> None:
    """Book the time inside the measured window of what crossed its end, and of steps and leaps under way."""
    for r in range(supply.replicas.shape[0]):
        replica = supply.replicas[r]
        inside_s = replica.crossing_s
        if replica.doing != IDLE:
            inside_s += max(0.0, min(now, g.demand_ends_s) - max(replica.start_s, g.warmup_s))
        work[replica.offer, BUSY_S] += inside_s


@inner()
def resize(g: Globals, clock: Clock, supply: Supply, o: int, replicas: int) -> None:
    """Let the first ``replicas`` take new requests; they help with the central queue, idle ones at once."""
    offer = supply.offers[o]
    if offer.block > 0:
        for r in range(offer.first_replica + offer.replicas, offer.first_replica + replicas):
            prefix_cache.drop(g, supply, r)
    offer.replicas = replicas
    offer.turn = 0
    if offer.central_count == 0:
        return
    for r in range(offer.first_replica, offer.first_replica + replicas):
        replica = supply.replicas[r]
        if replica.doing == IDLE:
            replica.next_s = g.now
            set_time(clock.fleet, replica.leaf, g.now)
        else:  # one that was being drained was in no hurry
            cut_leap(g, clock, supply, r, False)


@inner()
def begin_outage(g: Globals, clock: Clock, supply: Supply, lane_of: np.ndarray, work: np.ndarray, o: int) -> None:
    """Begin an outage: every attempt at the offer ends and its replicas are empty."""
    offer = supply.offers[o]
    offer.down = 1
    for r in range(offer.first_replica, offer.first_replica + offer.most):
        replica = supply.replicas[r]
        if replica.doing != IDLE:
            cut_work(g, replica, work[o])
        if offer.block > 0:
            prefix_cache.lose(g, supply, replica, r)
        drop_batch(g, clock, supply, lane_of, replica)
        drop_list(g, clock, supply, lane_of, replica.prefill_head)
        drop_list(g, clock, supply, lane_of, replica.queue_head)
        if replica.link >= 0:
            drop_list(g, clock, supply, lane_of, supply.links[replica.link].head)
            stop(clock, supply, replica.link)
        replica.queue_head = replica.queue_tail = replica.prefill_head = replica.prefill_tail = -1
        replica.queued = replica.running = replica.cancelled = 0
        replica.kv_held = replica.kv_decoding = replica.outstanding = replica.backlog = replica.vclock = 0
        replica.unbroken = 0
        dialects.forget(replica, offer)
        replica.doing = IDLE
        replica.next_s = np.inf
        set_time(clock.fleet, replica.leaf, np.inf)
    drop_list(g, clock, supply, lane_of, offer.central_head)
    offer.central_head = offer.central_tail = -1
    offer.central_count = 0


@inner()
def slow_down(g: Globals, clock: Clock, supply: Supply, o: int, factor: float) -> None:
    """Change the factor on step times; steps under way keep theirs."""
    offer = supply.offers[o]
    offer.slow = factor
    # A leap was planned with the old factor; end it at the next boundary, where the new one begins.
    for r in range(offer.first_replica, offer.first_replica + offer.most):
        cut_leap(g, clock, supply, r, False)


@inner()
def least_backlog(g: Globals, supply: Supply, first: int, end: int) -> float:
    """Tokens still to compute at the replica, of some that follow each other, that has least."""
    least_work = np.inf
    for r in range(first, end):
        replica = supply.replicas[r]
        # The backlog is of the last boundary; a leap has passed many since.
        work = float(replica.backlog)
        if replica.doing == LEAP:
            complete = steps_until(replica, next_chance_s(g, r), g.per_s) - 1
            work -= replica.leap_batch * float(complete)
        least_work = min(least_work, work)
    return least_work


@inner()
def true_work_s(g: Globals, supply: Supply, o: int) -> float:
    """Unfinished work of the least loaded replica, in seconds of one-token steps (oracle policies)."""
    offer = supply.offers[supply.offers[o].host]
    central = 0.0
    a = offer.central_head
    while a >= 0:
        central += supply.attempts[a].prompt + supply.attempts[a].target - 1
        a = supply.attempts[a].next
    least_work = least_backlog(g, supply, offer.first_replica, offer.first_replica + offer.replicas)
    if is_split(supply, offer):
        least_work += least_backlog(g, supply, offer.first_replica + offer.replicas, offer.first_replica + offer.most)
    token_s = step_time(coefficients(offer), 1, 0, 0.0, 1)
    return float((least_work + central / offer.replicas) * token_s)
