"""The compiled engine's memory: a few arrays of records, grouped in one NamedTuple.

Records keep what is used together in the same cache lines; pools hand out slots from stacks of free indices, so
memory follows the number of requests in flight and not the horizon.
"""

from typing import Any, NamedTuple

import numpy as np

from sim.compiled import inner
from sim.engines.compiled.bill_records import PartBill, TierRow
from sim.engines.compiled.cache_records import CacheClaim, CachedPrefix, PrefixCache
from sim.engines.compiled.records import (
    Attempt,
    Client,
    Globals,
    Lane,
    LiveDeployment,
    LiveRequest,
    LiveRouter,
    Message,
    Meter,
    RareEvent,
    Replica,
    RouterQueue,
    Seat,
    SecondAttempt,
    Stick,
)
from sim.engines.compiled.sample_records import SampleRun, SampleWindow
from sim.engines.compiled.transfer_records import TransferLink
from sim.engines.compiled.wish import Wish
from sim.engines.next_turn import ClosedLoops
from sim.engines.outcome import (
    CLASS_SUMS,
    METRICS,
    OFFER_SUMS,
    OFFER_WORK,
    OUTCOMES,
    ROUTER_SUMS,
    SAMPLE,
    SampledRequest,
)
from sim.engines.record import Rows, table
from sim.engines.requests import ArrivingRequest
from sim.histogram import FINE_BITS, bins

WHEEL = 1024  # buckets of the timer wheel
MAX_ATTEMPTS = 8
SPARE = 64  # free slots of a pool below which it is doubled

IDLE, LEAP, MIXED, ALONE = 0, 1, 2, 3  # what a replica is doing; alone: prefill, while those who decode wait
TRANSIT, WAITING, CENTRAL, PREFILL, DECODE, GONE = 0, 1, 2, 3, 4, 5  # where an attempt is
SENDING, LANDED = 6, 7  # or what it holds: on its way to a replica that decodes, or waiting there with it
TICK_LEAF, WHEEL_LEAF, MISC_LEAF, FIRST_LANE = 0, 1, 2, 3  # leaves of the front tree: ticks go first, at equal times
CLOSED, OPENED, HALF_OPEN = 0, 1, 2  # circuit breaker
BARE, ANSWERS = 0, 1  # lanes between a router and an offer: of messages that take the delay alone, and of answers
BACKING_OFF, IN_QUEUE = 1, 2  # what a request at its router waits for: the end of a back-off, or an offer to return


@inner(forceinline=True)
def wide(value: Any) -> Any:
    """An int32 field as int64: what policies are compiled for, and one type wherever a value comes from."""
    return np.int64(value)


class Tree(NamedTuple):
    """A winner tree over next times; ties to the lower leaf."""

    winners: np.ndarray  # uint32 (2 * leaves,)
    times: np.ndarray  # int64 (leaves,): the bits of the times, which sort like them


class Clock(NamedTuple):
    """Everything that decides which event is next."""

    front: Tree  # ticks, the heap, the wheel and the lanes
    fleet: Tree  # the replicas
    replica_at: np.ndarray  # int32: the replica of a leaf of the fleet; of a link -1 less its number
    stale_next: np.ndarray  # float64 (routers,): time of the next copy of the view, s; inf: none
    copies: np.ndarray  # int64 (routers,): copies of the view so far
    lanes: Rows[Lane]
    messages: Rows[Message]
    free_messages: np.ndarray
    misc: Rows[RareEvent]  # binary heap: time-outs, back-offs, delayed failures
    wheel: np.ndarray  # int32 (WHEEL,): first request whose timer falls in a bucket


class Supply(NamedTuple):
    """The providers' side."""

    here: np.ndarray  # int32: the offers of this shard
    offers: Rows[LiveDeployment]
    tiers: Rows[TierRow]  # of all offers' prices
    times: np.ndarray  # float64 (offers, samples): recent times to first token (sim.near_load); one if not published
    replicas: Rows[Replica]
    links: Rows[TransferLink]  # of replicas that only compute prompts; one row if there are none
    attempts: Rows[Attempt]
    free_attempts: np.ndarray
    bills: Rows[PartBill]  # of the attempts
    owed: np.ndarray  # int32 (attempts,): stack of attempts that are over and not settled
    claims: Rows[CacheClaim]  # of the attempts
    longest: np.ndarray  # int32 (attempts,): longest answer that they may get, where their offer keeps room for it
    caches: Rows[PrefixCache]  # of the replicas; one row if none has a prefix cache
    prefixes: Rows[CachedPrefix]
    free_prefixes: np.ndarray  # int32: stack of free places of these
    buckets: np.ndarray  # int32: first prefix of each bucket of names; -1: none
    finish_v: np.ndarray  # int64: by replica, the step count at which a request ends, the last first
    finish_attempt: np.ndarray  # int32


class Chains(NamedTuple):
    """Closed loops."""

    loops: ClosedLoops  # what follows a turn, by class
    rows: Rows[ArrivingRequest]  # the present or next turn of each
    free: np.ndarray  # int32: stack of free slots
    heap: np.ndarray  # int32: slots of those whose customer thinks, a binary heap by arrival


class Routing(NamedTuple):
    """The routers' side."""

    routers: Rows[LiveRouter]
    clients: Rows[Client]
    wishes: Rows[Wish]  # what classes prefer; one row if none does
    standings: np.ndarray  # int32 (wishes, offers): place in the order and own key of an offer (sim.engines.ranks)
    quartiles: np.ndarray  # float64 (routers, offers, 3): a slot, and p75 of TTFT and throughput then; if wanted
    requests: Rows[LiveRequest]
    free_requests: np.ndarray
    tried: np.ndarray  # int32 (requests, MAX_ATTEMPTS)
    seconds: Rows[SecondAttempt]  # (requests,); one row if no router hedges
    links: np.ndarray  # int32 (requests, 2): slots before and after one in its router's queue
    queues: Rows[RouterQueue]  # (routers, models)
    seats: Rows[Seat]  # (routers, offers)
    meters: Rows[Meter]  # of offers and routers with rate limits
    views: np.ndarray  # float64 (routers, offers, COLUMNS)
    shown: np.ndarray  # the same of the routers with a stale copy
    ended: np.ndarray  # int32 (routers that read shares, offers, LONG_SLOTS, 3): ended, errors, refusals a slot
    windows: Rows[SampleWindow]  # (metrics of routers that read its percentiles, offers)
    counts: np.ndarray  # int32 (the same, bins): samples of the thirty slots before this one
    places: np.ndarray  # int32 (the same): the run of a bin in this slot; 0: it has none
    runs: Rows[SampleRun]
    free_runs: np.ndarray
    sticky: Rows[Stick]  # (routers, models, slots)
    model_first: np.ndarray  # int64
    together: np.ndarray  # int32 (classes, most), or (1, 1): models that are sorted together, own first; -1: no more
    queue_of: np.ndarray  # int64 (models): the queue of those who wait for an offer of it
    fallbacks: np.ndarray  # int32 (classes, most): models that are asked in turn after a class's own; -1: no more
    fresh: np.ndarray  # int64 (routers, models, 2): slot and minute to which all rows are refreshed
    all_open: np.ndarray  # int32 (routers, models): 1 if all rows of the model are marked as open
    guard_until: np.ndarray  # float64 (routers, models): before that time, offers of the model may be closed
    least_context: np.ndarray  # int64 (models,): shortest context of a model's offers
    special: np.ndarray  # int64 (models,): of a model: offers not listed or of more than base prices; 1 more with tiers
    hidden: np.ndarray  # int64 (models,): offers of a model that are not listed
    answers: np.ndarray  # int64 (models, classes, 2): tokens of the answers that ended, and how many
    lane_of: np.ndarray  # int32 (routers, offers, bare or answers)
    memory_offers: np.ndarray  # float64 (routers, offers, slots)
    memory_shared: np.ndarray  # float64 (routers, models, slots)
    memory_params: np.ndarray  # float64 (routers, slots)
    chains: Chains


class Books(NamedTuple):
    """Counters of the outcome (see ``sim.engines.outcome``)."""

    born: np.ndarray
    outcomes: np.ndarray
    class_sums: np.ndarray
    class_hist: np.ndarray
    metric_sums: np.ndarray  # int64 (classes, metrics, 2): exact (sim.engines.exact)
    offer_sums: np.ndarray
    router_sums: np.ndarray
    offer_work: np.ndarray
    offer_hist: np.ndarray  # uint32: half the memory, which is what counting in them costs
    samples: Rows[SampledRequest]


BY_CLASS = ("born", "outcomes", "class_sums", "class_hist", "metric_sums")  # a class may ask for several models


class State(NamedTuple):
    """The memory of a shard.

    Its globals, its clock, its pools of requests, attempts and messages, its samples and its feed are its own. All
    other arrays are those of the whole engine: shards touch other rows of them, for a row belongs to a model.
    """

    globals: Rows[Globals]  # one row
    clock: Clock
    supply: Supply
    routing: Routing
    books: Books
    feed: Rows[ArrivingRequest]  # requests that are yet to arrive, from ``feed_next`` on


def new_books(classes: int, offers: int, routers: int, samples: int) -> Books:
    """Empty counters."""
    fine = bins(FINE_BITS)
    return Books(
        born=np.zeros((classes, 2), np.int64),
        outcomes=np.zeros((classes, 2, len(OUTCOMES)), np.int64),
        class_sums=np.zeros((classes, 2, len(CLASS_SUMS)), np.int64),
        class_hist=np.zeros((classes, len(METRICS), fine), np.int64),
        metric_sums=np.zeros((classes, len(METRICS), 2), np.int64),
        offer_sums=np.zeros((offers, 2, len(OFFER_SUMS)), np.int64),
        router_sums=np.zeros((offers, routers, len(ROUTER_SUMS)), np.int64),
        offer_work=np.zeros((offers, len(OFFER_WORK))),
        offer_hist=np.zeros((offers, len(METRICS), fine), np.uint32),
        samples=table(np.zeros(samples, SAMPLE), SampledRequest),
    )


def free_stack(count: int) -> np.ndarray:
    """Stack of free slots; the lowest slot is on top."""
    return np.arange(count - 1, -1, -1, dtype=np.int32)
