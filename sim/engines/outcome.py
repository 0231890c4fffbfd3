"""What a run produces: counters, sums and histograms, the same from both engines."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from sim.engines.record import Record, f8, i4, i8, u8

if TYPE_CHECKING:  # compiled code needs the columns below: a world's scenario would be part of its key (sim.compiled)
    from sim.engines.world import World

# request outcomes
COMPLETED: Final = 0
REFUSED: Final = 1  # no open offer, or the last attempt was refused (429, too long)
FAILED: Final = 2  # the last attempt failed (outage, server error), or the stream broke
ABANDONED: Final = 3  # its customer left: patience ran out before the first token, or the stay after it was over
TIMED_OUT: Final = 4  # the router's time-outs ran out
IN_FLIGHT: Final = 5
OUTCOMES: Final = ("completed", "refused", "failed", "abandoned", "timed_out", "in_flight")

# why a request's answer ended, in the words of OpenAI's chat completions
NO_FINISH: Final = 0  # in flight
STOP: Final = 1  # the answer was served as it was drawn
LENGTH: Final = 2  # it was cut at max_tokens or where the offer's room ended
ERROR: Final = 3  # the request was not completed
FINISH_REASONS: Final = ("", "stop", "length", "error")

# metrics with histograms, measured at the customer, of completed measured requests
TTFT: Final = 0
TPOT: Final = 1  # requests with at least two output tokens
E2E: Final = 2
METRICS: Final = ("ttft", "tpot", "e2e")

WARMUP: Final = 0  # cohort of requests that arrived before warmup_s
MEASURED: Final = 1

# columns of class_sums
ATTEMPTS: Final = 0
PROMPT_TOKENS: Final = 1  # of completed requests
OUTPUT_TOKENS: Final = 2
COST_NANO: Final = 3  # charged at the finishing offer's prices; answers in part that customers pay for included
FEE_NANO: Final = 4
PAID_NANO: Final = 5  # cost plus fee, counted at the customer
GOOD: Final = 6  # completed within both SLOs
CUT: Final = 7  # completed, but cut at max_tokens or where the offer's room ended
OWN_KEY_NANO: Final = 8  # of the cost, what providers charge customers who come with keys of their own
KEPT_AWAY: Final = 9  # refused, though an offer was open that preferences exclude
CACHED_TOKENS: Final = 10  # of the prompt tokens of completed requests, those billed as read from a cache
CLASS_SUMS: Final = ("attempts", "prompt_tokens", "output_tokens", "cost_nano", "fee_nano", "paid_nano", "good", "cut",
                     "own_key_nano", "kept_away", "cached_tokens")

# columns of offer_sums
PLACED: Final = 0  # attempts that the router sent here
SERVED: Final = 1  # requests completed here
ENDED_BY: Final = 1  # attempts that ended with failure kind f are in column ENDED_BY + f, f = 1 .. 7
CANCELLED: Final = 9
SERVED_PROMPT: Final = 10  # tokens of completed requests
SERVED_OUTPUT: Final = 11
REVENUE_NANO: Final = 12  # of completed requests, and of answers in part that customers pay for
SERVED_CUT: Final = 13  # of the completed requests, those whose answers were cut
WRITTEN_OFF_NANO: Final = 14  # worth of answers in part that the provider bears
OWN_KEY_REVENUE_NANO: Final = 15  # of the revenue, what it charges customers who come with keys of their own
SERVED_CACHED: Final = 16  # of the prompt tokens of completed requests, those billed as read from a cache
BY_RULE: Final = 16  # requests completed here that rule r placed are in column BY_RULE + r, r = 1 .. 3 (wanted.RULES)
OFFER_SUMS: Final = ("placed", "served", "outage", "server_error", "rate_limited", "queue_full", "too_long",
                     "midstream", "attempt_timed_out", "cancelled", "served_prompt", "served_output", "revenue_nano",
                     "served_cut", "written_off_nano", "own_key_revenue_nano", "served_cached", "served_by_floor",
                     "served_by_nitro", "served_pinned")

# columns of router_sums, whatever the cohort
SERVED_FOR: Final = 0  # requests of the router completed at the offer
REVENUE_FOR_NANO: Final = 1  # what the offer charged for its requests, answers in part included
ROUTER_SUMS: Final = ("served", "revenue_nano")

# columns of offer_work: what the replicas did, over the whole run but for BUSY_S
BUSY_S: Final = 0  # replica-seconds in steps, inside the measured window
STEPS: Final = 1
PREFILL_TOKENS: Final = 2  # computed, including those thrown away by preemption or cancellation
DECODE_TOKENS: Final = 3
PREEMPTIONS: Final = 4
OFFER_WORK: Final = ("busy_s", "steps", "prefill_tokens", "decode_tokens", "preemptions")

class SampledRequest(Record):
    """One finished request of the requests table."""

    key: int = u8("its source of uniforms, which names it")
    born_s: float = f8("when it left its customer, s")
    placed_s: float = f8("when its newest attempt was sent, s; -1 if none was")
    first_token_s: float = f8("when its router learned of the first token, s; -1 if it never did")
    end_s: float = f8("when its router learned of its end, s")
    client_class: int = i4("its class")
    offer: int = i4("offer of the newest attempt; -1 if there is none")
    prompt: int = i4("prompt, tokens")
    output: int = i4("answer as it was served, tokens; 0 unless completed")
    drawn: int = i4("answer as it was drawn, tokens")
    attempts: int = i4("attempts made")
    outcome: int = i4("its outcome, as above")
    finish: int = i4("its finish reason, as above")
    cost_nano: int = i8("charge without the fee, nano-dollars; 0 unless completed")


SAMPLE: Final = SampledRequest.dtype()


def in_order(samples: np.ndarray) -> np.ndarray:
    """Sort sampled requests by their end and, of those that end together, by key: in the order of no engine."""
    return samples[np.lexsort((samples["key"], samples["end_s"]))]


class Tally(NamedTuple):
    """Running counters of an engine, as in ``TrafficOutcome``; requests in flight have no outcome yet.

    A replica's work is counted at the end of a step, steps inside a leap included.
    """

    born: np.ndarray
    outcomes: np.ndarray
    class_sums: np.ndarray
    offer_sums: np.ndarray
    offer_work: np.ndarray
    class_metric_sums: np.ndarray
    router_sums: np.ndarray


@dataclass(frozen=True)
class TrafficOutcome:
    """Counters of one run.

    Attributes
    ----------
    born
        int64 (classes, cohorts): requests that reached their router.
    outcomes
        int64 (classes, cohorts, outcomes); sums over the last axis to ``born``.
    class_sums
        int64 (classes, cohorts, len(CLASS_SUMS)).
    offer_sums
        int64 (offers, cohorts, len(OFFER_SUMS)).
    offer_work
        float64 (offers, len(OFFER_WORK)).
    replica_s
        float64 (offers,): time of active replicas inside the measured window, seconds.
    class_hist, offer_hist
        int64 (classes or offers, metrics, bins): measured cohort, by finishing offer.
    class_metric_sums
        float64 (classes, metrics): sums of the exact values behind ``class_hist``.
    samples
        Rows of dtype SAMPLE, by end and key (requests in flight at the end: at its time).
    end_s
        Simulated time at which the run stopped.
    router_sums
        int64 (offers, routers, len(ROUTER_SUMS)): what each offer sold to the requests of each router; sums over the
        routers to its column of ``offer_sums``.
    """

    world: "World"
    born: np.ndarray
    outcomes: np.ndarray
    class_sums: np.ndarray
    offer_sums: np.ndarray
    offer_work: np.ndarray
    replica_s: np.ndarray
    class_hist: np.ndarray
    offer_hist: np.ndarray
    class_metric_sums: np.ndarray
    samples: np.ndarray
    end_s: float
    router_sums: np.ndarray
