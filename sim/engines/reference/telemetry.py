"""What a router has observed of one offer: one row of its view (semantics, section 5)."""

import math
from typing import Final

import numpy as np

from sim import view
from sim.engines.reference.request import Attempt
from sim.engines.rules import (
    HARD_FAILURES,
    LONG_SLOTS,
    REFUSALS,
    SHORT_SLOTS,
)
from sim.engines.schedule import Schedule, shown_usd
from sim.engines.world import OfferSpec
from sim.histogram import COARSE_BITS, bin_of, bins, quantile
from sim.scenario import Telemetry
from sim.units import MINUTE_S

# what percentiles rest on: metric -> (columns, quantiles)
PERCENTILES: Final = {
    "ttft": ((view.TTFT_P50, 0.5), (view.TTFT_P90, 0.9), (view.TTFT_P99, 0.99)),
    "tpot": ((view.TPOT_P50, 0.5), (view.TPOT_P90, 0.9), (view.TPOT_P99, 0.99)),
    # a throughput that 90 % of requests reach is the 10 % quantile
    "throughput": ((view.THROUGHPUT_P50, 0.5), (view.THROUGHPUT_P90, 0.1), (view.THROUGHPUT_P99, 0.01)),
}


class Observed:
    """Everything a router knows of one offer from its own requests there.

    Parameters
    ----------
    row
        The offer's row of the router's live view; this object keeps it up to date.
    offer
        The offer, for its posted limits.
    settings
        Windows, weights and priors.
    published
        True if providers publish their load; otherwise those columns mirror what the router knows.
    """

    def __init__(self, row: np.ndarray, offer: OfferSpec, settings: Telemetry, published: bool) -> None:
        self.row = row
        self.published = published
        self.settings = settings
        self.slot = 0  # of the newest refresh
        self.minute = 0
        # (slot, value)
        self.samples: dict[str, list[tuple[int, float]]] = {metric: [] for metric in PERCENTILES}
        self.counts: dict[str, np.ndarray] = {}  # of the samples that the percentiles of this slot rest on, by bin
        self.ended: list[tuple[int, int]] = []  # (slot, kind of failure) of ended attempts
        self.shares_hold = False  # nothing has ended, and no slot begun, since the shares were set
        self.averaged: set[int] = set()  # averages that have had a sample
        self.empty: set[str] = set(PERCENTILES)  # metrics of which the window holds no sample
        self.capacity_ended = 0  # since the window of the learned capacity began
        self.capacity_refused = 0
        ttft_s, per_s = settings.prior_ttft_s, settings.prior_tokens_per_s
        self.priors = {"ttft": ttft_s, "tpot": 1.0 / per_s, "throughput": per_s}
        row[:] = 0.0
        row[[view.TTFT_EWMA_S, view.PUBLISHED_LATENCY_S]] = ttft_s
        row[view.TPOT_EWMA_S] = 1.0 / per_s
        row[view.THROUGHPUT_EWMA] = per_s
        row[[view.LAST_OUTAGE_S, view.OBSERVED_AT_S, view.PUBLISHED_AT_S]] = view.NEVER
        row[view.RPM_LIMIT] = offer.requests_per_min or view.NO_LIMIT
        row[view.TPM_LIMIT] = offer.tokens_per_min or view.NO_LIMIT
        row[view.CAPACITY_PER_S] = view.NO_LIMIT
        row[view.PRICE_CUT_S] = view.NEVER
        self._show(offer.price)
        self._set_percentiles()

    def post(self, price: Schedule, now_s: float) -> None:
        """Show other prices from now on."""
        before = self.row[view.PRICE_IN] + self.row[view.PRICE_OUT]
        self._show(price)
        if self.row[view.PRICE_IN] + self.row[view.PRICE_OUT] < before:
            self.row[view.PRICE_CUT_S] = now_s

    def _show(self, price: Schedule) -> None:
        """Show base prices after the discount, USD per million tokens."""
        self.row[view.PRICE_IN] = shown_usd(price.base.input, price.kept_ppm)
        self.row[view.PRICE_OUT] = shown_usd(price.base.output, price.kept_ppm)

    def publish(self, now_s: float, in_flight: float, latency_s: float) -> None:
        """Show what the provider publishes; ``latency_s`` is NaN before its first sample."""
        self.row[view.PUBLISHED_IN_FLIGHT] = in_flight
        self.row[view.PUBLISHED_LATENCY_S] = self.priors["ttft"] if math.isnan(latency_s) else latency_s
        self.row[view.PUBLISHED_AT_S] = now_s

    def mirror(self) -> None:
        """Stand in for a provider that publishes nothing."""
        if self.published:
            return
        self.row[view.PUBLISHED_IN_FLIGHT] = self.row[view.IN_FLIGHT]
        self.row[view.PUBLISHED_LATENCY_S] = self.row[view.TTFT_EWMA_S]

    # What the router does and learns

    def saw_dispatch(self, weight: int) -> None:
        """Count an attempt that is sent there."""
        self.row[view.IN_FLIGHT] += 1
        self.row[view.OUTSTANDING_TOKENS] += weight
        self.row[view.REQUESTS_THIS_MINUTE] += 1
        self.row[view.TOKENS_THIS_MINUTE] += weight
        self.mirror()

    def let_go(self, weight: int) -> None:
        """Count an attempt that is known to have ended, or was cancelled."""
        self.row[view.IN_FLIGHT] -= 1
        self.row[view.OUTSTANDING_TOKENS] -= weight
        self.mirror()

    def saw_first_token(self, attempt: Attempt, now_s: float) -> None:
        """Learn of a first token."""
        self.refresh(now_s)
        self._sample("ttft", view.TTFT_EWMA_S, now_s - attempt.dispatched_s)
        self.mirror()
        self.row[view.OBSERVED_AT_S] = now_s

    def saw_done(self, attempt: Attempt, now_s: float) -> None:
        """Learn of a complete answer."""
        self.refresh(now_s)
        output = attempt.served
        self._sample("throughput", view.THROUGHPUT_EWMA, output / (now_s - attempt.dispatched_s))
        if output >= 2:
            self._sample("tpot", view.TPOT_EWMA_S, (now_s - attempt.first_token_s) / (output - 1))
        self.row[view.SAMPLES] += 1
        self._count_end(0, now_s)

    def saw_failure(self, kind: int, hard_failures: int, now_s: float) -> None:
        """Learn of a failed attempt; ``hard_failures`` counts it too if it is one."""
        self.refresh(now_s)
        if kind in HARD_FAILURES and hard_failures >= self.settings.outage_after:
            self.row[view.LAST_OUTAGE_S] = now_s
        self._count_end(kind, now_s)

    def _count_end(self, kind: int, now_s: float) -> None:
        self.ended.append((self.slot, kind))
        self.shares_hold = False
        self.capacity_ended += 1
        self.capacity_refused += kind in REFUSALS
        self.row[view.OBSERVED_AT_S] = now_s

    def _sample(self, metric: str, average: int, value: float) -> None:
        """Add a sample to a moving average and to its window."""
        if average in self.averaged:
            self.row[average] += self.settings.ewma_weight * (value - self.row[average])
        else:
            self.row[average] = value
            self.averaged.add(average)
        self.samples[metric].append((self.slot, value))

    # Windows

    def refresh(self, now_s: float) -> None:
        """Bring the windowed columns up to ``now_s``."""
        slot = math.floor(now_s / self.settings.slot_s)
        if slot != self.slot:
            if slot // SHORT_SLOTS != self.slot // SHORT_SLOTS:
                self._learn_capacity()
            self.slot = slot
            self._set_percentiles()
            self.shares_hold = False
        if not self.shares_hold:  # most looks come between two ends, and a window may hold thousands
            self._set_shares()
        minute = math.floor(now_s / MINUTE_S)
        if minute != self.minute:
            self.minute = minute
            self.row[view.REQUESTS_THIS_MINUTE] = 0
            self.row[view.TOKENS_THIS_MINUTE] = 0

    def _set_percentiles(self) -> None:
        """Percentiles of the samples of the slots before this one, or the priors."""
        for metric, columns in PERCENTILES.items():
            kept = [(slot, value) for slot, value in self.samples[metric] if slot >= self.slot - LONG_SLOTS]
            self.samples[metric] = kept
            counts = np.zeros(bins(COARSE_BITS), dtype=np.int64)
            for slot, value in kept:
                if slot < self.slot:
                    counts[bin_of(value, COARSE_BITS)] += 1
            (self.empty.discard if counts.any() else self.empty.add)(metric)
            self.counts[metric] = counts
            for column, q in columns:
                self.row[column] = self.quantile(metric, q)

    def quantile(self, metric: str, q: float) -> float:
        """A quantile of the samples that percentiles rest on, or the prior."""
        counts = self.counts[metric]
        return float(quantile(counts, q, COARSE_BITS)) if counts.any() else self.priors[metric]

    def _set_shares(self) -> None:
        """Shares of errors and refusals over this slot and the 2, or 29, before it."""
        self.ended = [(slot, kind) for slot, kind in self.ended if slot > self.slot - LONG_SLOTS]
        for slots, errors, refusals in (
            (SHORT_SLOTS, view.ERROR_SHARE_30S, view.REFUSAL_SHARE_30S),
            (LONG_SLOTS, view.ERROR_SHARE_5M, view.REFUSAL_SHARE_5M),
        ):
            kinds = [kind for slot, kind in self.ended if slot > self.slot - slots]
            total = max(1, len(kinds))
            self.row[errors] = sum(kind in HARD_FAILURES for kind in kinds) / total
            self.row[refusals] = sum(kind in REFUSALS for kind in kinds) / total
        self.shares_hold = True

    def _learn_capacity(self) -> None:
        """Read the counts of the window that has ended, and start new ones."""
        if self.capacity_ended > 0:
            learned = float(self.row[view.CAPACITY_PER_S])
            refused = self.capacity_refused / self.capacity_ended
            accepted = self.capacity_ended - self.capacity_refused
            accepted_per_s = accepted / (SHORT_SLOTS * self.settings.slot_s)
            if refused > self.settings.many_refused:
                learned = self.settings.capacity_cut * accepted_per_s
            elif refused >= self.settings.few_refused:
                learned = accepted_per_s if learned == view.NO_LIMIT else learned
            elif learned != view.NO_LIMIT:
                learned = min(learned * self.settings.capacity_growth, view.NO_LIMIT)
            self.row[view.CAPACITY_PER_S] = learned
        self.capacity_ended = 0
        self.capacity_refused = 0
