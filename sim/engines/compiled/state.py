"""The compiled engine's memory: a few arrays of records, grouped in one NamedTuple.

Records keep what is used together in the same cache lines; pools hand out slots from stacks of free indices, so
memory follows the number of requests in flight and not the horizon.
"""

from typing import Any, NamedTuple

import numpy as np

from sim.engines.outcome import CLASS_SUMS, METRICS, OFFER_SUMS, OFFER_WORK, OUTCOMES, SAMPLE
from sim.histogram import COARSE_BITS, FINE_BITS, bins
from sim.view import COLUMNS

RING = 31  # the current slot and the thirty before it
WHEEL = 1024  # buckets of the timer wheel
MAX_ATTEMPTS = 8
SPARE = 64  # free slots of a pool below which it is doubled

IDLE, LEAP, MIXED = 0, 1, 2  # what a replica is doing
TRANSIT, WAITING, CENTRAL, PREFILL, DECODE, GONE = 0, 1, 2, 3, 4, 5  # where an attempt is
TICK_LEAF, MISC_LEAF, WHEEL_LEAF, FIRST_LANE = 0, 1, 2, 3  # leaves of the front tree
CLOSED, OPENED, HALF_OPEN = 0, 1, 2  # circuit breaker


def _record(doubles: str, longs: str, ints: str) -> np.dtype[Any]:
    """Aligned record type from three lists of names (float64, int64, int32)."""
    fields: list[tuple[str, str]] = [(n, "f8") for n in doubles.split()]
    fields += [(n, "i8") for n in longs.split()]
    fields += [(n, "i4") for n in ints.split()]
    return np.dtype(fields, align=True)


GLOBALS = _record(
    "now publish_next publish_period wheel_width warmup_s demand_ends_s sample_share",
    "seq events wheel_cursor timers feed_next live publishes spare_messages",
    "free_requests free_attempts free_messages misc_count samples",
)
REQUEST_SLOT = np.dtype(
    [
        *[(n, "f8") for n in "born_s arrive_s patience_at total_at attempt_at dispatch_s".split()],
        *[(n, "f8") for n in "first_s expected timer_at".split()],
        ("key", "u8"),
        *[(n, "i8") for n in "session weight prompt_nano price_out".split()],
        *[(n, "i4") for n in "client_class router model prompt output attempts live offer".split()],
        *[(n, "i4") for n in "failure cohort probe".split()],
        *[(n, "i4") for n in "stamp bucket timer_prev timer_next used generation waiting prefix".split()],
    ],
    align=True,
)
ATTEMPT_SLOT = np.dtype(
    [
        ("key", "u8"),
        ("arrived_s", "f8"),
        *[(n, "i8") for n in "order finish_v weight".split()],
        *[(n, "i4") for n in "request router offer replica prompt output target emitted left offset".split()],
        *[(n, "i4") for n in "place cancelled refs prev next".split()],
    ],
    align=True,
)
MESSAGE_SLOT = _record("due_s", "", "kind attempt failure request next")
TIMER = _record("due_s", "seq", "kind ref stamp failure")
REPLICA = _record(
    "start_s next_s a_first b_first a_second b_second first_s crossing_s",
    "steps split vclock kv_held kv_decoding outstanding backlog admitted prefill_tokens leap_kv",
    "offer doing decoding running queue_head queue_tail queued prefill_head prefill_tail heap"
    " cancelled leap_batch",
)
OFFER = _record(
    "base_s weights_s experts_s miss_log kv_s token_s pair_s comm_token_s slow"
    " fast_failure_share fast_failure_s"
    " midstream_share published_latency",
    "kv_capacity overhead price_in price_out price_cached context tpm",
    "first_replica replicas most listed balancer max_batch max_step_tokens rpm queue down turn central_head"
    " central_tail central_count"
    " has_published",
)
ROUTER = _record(
    "fee_ppm exploration budget_s backoff_s backoff_cap_s jitter first_token_timeout_s"
    " total_timeout_s cooldown_s breaker_s"
    "  ttft_p50 ttft_p90 ttft_p99 throughput_p50 throughput_p90 throughput_p99 max_in max_out"
    " affinity_ttl_s ewma_weight"
    " slot_s prior_ttft_s prior_throughput stale_s stale_next",
    "affinity_slots copies",
    "max_attempts retry_tried cooldown_after breaker_failures breaker_successes preferences"
    " outage_after oracle observes limited mirrors",
)
SEAT = _record(  # what one router keeps about one offer, besides the view
    "cool_until open_until",
    "slot minute provider_minute provider_tokens window",
    "failures hard_failures breaker successes probing provider_requests ttft_seen"
    " tpot_seen throughput_seen ended refused_window"
    " ended_30s errors_30s refusals_30s ended_5m errors_5m refusals_5m",
)
CLIENT = _record("delay_s slo_ttft_s slo_tpot_s", "", "")
STICKY = _record("expires", "session", "offer")


class Tree(NamedTuple):
    """A winner tree over next times; ties to the lower leaf."""

    winners: np.ndarray  # uint32 (2 * leaves,)
    times: np.ndarray  # int64 (leaves,): the bits of the times, which sort like them


class Clock(NamedTuple):
    """Everything that decides which event is next."""

    front: Tree  # ticks, the heap, the wheel and the lanes
    fleet: Tree  # the replicas
    lanes: np.ndarray  # record (lanes,): FIFO of messages that share one delay
    messages: np.ndarray
    free_messages: np.ndarray
    misc: np.ndarray  # binary heap of TIMER: time-outs, back-offs, delayed failures
    wheel: np.ndarray  # int32 (WHEEL,): first request whose timer falls in a bucket


class Market(NamedTuple):
    """The providers' side."""

    offers: np.ndarray
    replicas: np.ndarray
    attempts: np.ndarray
    free_attempts: np.ndarray
    finish_v: np.ndarray  # int64: per-replica binary heaps of the step count at which a request ends
    finish_attempt: np.ndarray  # int32


class Desk(NamedTuple):
    """The routers' side."""

    routers: np.ndarray
    clients: np.ndarray
    requests: np.ndarray
    free_requests: np.ndarray
    tried: np.ndarray  # int32 (requests, MAX_ATTEMPTS)
    seats: np.ndarray  # record (routers, offers)
    views: np.ndarray  # float64 (routers, offers, COLUMNS)
    shown: np.ndarray  # the stale copy
    ended: np.ndarray  # int32 (routers, offers, RING, 3): ended, errors, refusals a slot
    ring: np.ndarray  # int32 (routers, offers, RING, 3, bins): samples a slot
    window: np.ndarray  # int64 (routers, offers, 3, bins): samples of the thirty slots before this one
    sticky: np.ndarray  # record (routers, slots)
    model_first: np.ndarray  # int64
    fresh: np.ndarray  # int64 (routers, models, 2): slot and minute to which all rows are refreshed
    guard_until: np.ndarray  # float64 (routers, models): before that time, offers of the model may be closed
    least_context: np.ndarray  # int64 (models,): shortest context of a model's offers
    hidden: np.ndarray  # int64 (models,): offers of a model that are not listed
    lane_of: np.ndarray  # int32 (routers, offers)
    memory_offers: np.ndarray  # float64 (routers, offers, slots)
    memory_shared: np.ndarray  # float64 (routers, models, slots)
    memory_params: np.ndarray  # float64 (routers, slots)


class Books(NamedTuple):
    """Counters of the outcome (see ``sim.engines.outcome``)."""

    born: np.ndarray
    outcomes: np.ndarray
    class_sums: np.ndarray
    offer_sums: np.ndarray
    offer_work: np.ndarray
    class_hist: np.ndarray
    offer_hist: np.ndarray  # uint32: half the memory, which is what counting in them costs
    metric_sums: np.ndarray
    samples: np.ndarray


class State(NamedTuple):
    """The whole memory of the engine."""

    globals: np.ndarray  # one GLOBALS record
    clock: Clock
    market: Market
    desk: Desk
    books: Books


LANE = _record("delay_s", "", "head tail")


def new_books(classes: int, offers: int, samples: int) -> Books:
    """Empty counters."""
    fine = bins(FINE_BITS)
    return Books(
        born=np.zeros((classes, 2), np.int64),
        outcomes=np.zeros((classes, 2, len(OUTCOMES)), np.int64),
        class_sums=np.zeros((classes, 2, len(CLASS_SUMS)), np.int64),
        offer_sums=np.zeros((offers, 2, len(OFFER_SUMS)), np.int64),
        offer_work=np.zeros((offers, len(OFFER_WORK))),
        class_hist=np.zeros((classes, len(METRICS), fine), np.int64),
        offer_hist=np.zeros((offers, len(METRICS), fine), np.uint32),
        metric_sums=np.zeros((classes, len(METRICS))),
        samples=np.zeros(samples, SAMPLE),
    )


def free_stack(count: int) -> np.ndarray:
    """Stack of free slots; the lowest slot is on top."""
    return np.arange(count - 1, -1, -1, dtype=np.int32)


def view_shape(routers: int, offers: int) -> tuple[int, int, int]:
    """Shape of the routers' views."""
    return (routers, offers, COLUMNS)


def telemetry_bins() -> int:
    """Bins of the routers' own histograms."""
    return bins(COARSE_BITS)
