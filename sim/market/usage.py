"""What was sold and bought on an accounting day: counted at full resolution, expected in a sampled run."""

from dataclasses import dataclass, field

import numpy as np

from sim.engines.wanted import RULES


@dataclass(frozen=True)
class OfferDay:
    """One day of every offer, arrays (offers,); volumes and money are those of the whole day.

    Attributes
    ----------
    placed, served, refused, failed, abandoned
        int64: attempts placed, requests completed, attempts refused with a rate limit or full queue, attempts failed
        (time-outs of the router included), attempts that an impatient customer gave up before the first token.
    queue_full
        int64: of the refused, those that met a full queue.
    prompt_tokens, output_tokens
        int64: of completed requests.
    cached_tokens
        int64: of those prompt tokens, the ones billed as read from a cache; of an offer with a prefix cache they are
        those that its replicas found there.
    revenue_nano
        int64: charged by the provider.
    busy_share
        float64: share of its active replicas' time spent in steps, 0 to 1 (0 without replicas).
    cut
        int64: of the served, those whose answers were cut where its context or memory ended.
    written_off_nano
        int64: worth of answers in part that the provider bears.
    by_rule
        int64 (offers, rules): of the served, those that each rule placed (``sim.engines.wanted.RULES``); no rows where
        nobody counted.
    by_marketplace
        int64 (offers, marketplaces): of the served, those of each marketplace; no columns where there is only one.
    rate_limited, too_long
        int64: of the refused, those that met a rate limit, and those that it had no room for.
    ttft_s, tpot_s
        float64 (offers, 3): p50, p90 and p99 of time to first token and of time per output token, customers' view, of
        the last sample of at least 200 requests (at full resolution: of this day); nan without. Empty: not measured.
    moments
        float64 (offers, 3): means of prompt², answer² and prompt times answer over the completed requests of each
        offer's model, tokens²; 0 of a model without any. Empty: nobody told.
    """

    placed: np.ndarray
    served: np.ndarray
    refused: np.ndarray
    failed: np.ndarray
    abandoned: np.ndarray
    queue_full: np.ndarray
    prompt_tokens: np.ndarray
    output_tokens: np.ndarray
    revenue_nano: np.ndarray
    busy_share: np.ndarray
    cut: np.ndarray
    written_off_nano: np.ndarray
    cached_tokens: np.ndarray
    by_rule: np.ndarray = field(default_factory=lambda: np.zeros((0, len(RULES)), np.int64))
    by_marketplace: np.ndarray = field(default_factory=lambda: np.zeros((0, 0), np.int64))
    rate_limited: np.ndarray = field(default_factory=lambda: np.zeros(0, np.int64))
    too_long: np.ndarray = field(default_factory=lambda: np.zeros(0, np.int64))
    ttft_s: np.ndarray = field(default_factory=lambda: np.zeros((0, 3)))
    tpot_s: np.ndarray = field(default_factory=lambda: np.zeros((0, 3)))
    moments: np.ndarray = field(default_factory=lambda: np.zeros((0, 3)))


@dataclass(frozen=True)
class WorkloadDay:
    """One day of every workload, arrays (workloads,); volumes and money are those of the whole day.

    Attributes
    ----------
    model
        int64: the model it used, -1 for none.
    planned_tokens
        float64: mean tokens that it meant to use on such a day, whatever failed.
    born, completed
        int64: requests.
    prompt_tokens, output_tokens
        int64: of completed requests.
    cost_nano, fee_nano
        int64: paid to providers, and to the router on top.
    e2e_s, ttft_s
        float64: means of completed requests (in a sampled run those of its model's last sample); nan without any.
    cut
        int64: of the completed, those whose answers were cut.
    """

    model: np.ndarray
    planned_tokens: np.ndarray
    born: np.ndarray
    completed: np.ndarray
    prompt_tokens: np.ndarray
    output_tokens: np.ndarray
    cost_nano: np.ndarray
    fee_nano: np.ndarray
    e2e_s: np.ndarray
    ttft_s: np.ndarray
    cut: np.ndarray
