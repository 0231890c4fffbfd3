"""What samples of traffic taught about offers and models, until they are measured again: shares, losses, latencies.

Counts of earlier samples fade (`kept`), so that a number follows the market and yet rests on many requests.
"""

from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np

from sim.engines import outcome
from sim.engines.outcome import METRICS, OFFER_SUMS, TTFT, Tally
from sim.histogram import FINE_BITS, bins, quantile
from sim.market.accounts import QUEUE_FULL
from sim.market.room import lost_with

ENOUGH: Final = 200  # requests of a sample that halve the weight of those before it, and of which percentiles are taken
RULE_REQUESTS: Final = 50.0  # requests as which the published rule counts beside shares that were measured (assumption)
MODELS_WEIGHT: Final = 20.0  # requests as which its model's other workloads count beside a workload's own (assumption)
QUANTILES: Final = (0.5, 0.9, 0.99)
FOR_WANT_OF_ROOM: Final = [outcome.REFUSED, outcome.ABANDONED, outcome.TIMED_OUT]
NO_ROOM: Final = [QUEUE_FULL, outcome.CANCELLED]  # attempts that ended so


class Sample(NamedTuple):
    """What was counted in one stretch at models whose turn it was.

    Attributes
    ----------
    models, offers
        bool (models,) and (offers,): those that were simulated.
    counted
        The engine's counters between the end of the warm-up and the end of the stretch.
    latencies
        int64 (simulated offers, metrics, bins) of that time.
    model
        int64 (workloads,): the model that each used when the stretch began.
    expected
        float64 (offers,): each offer's share in its model's requests by the rule alone.
    replicas
        int64 (offers,): replicas of each at that time, whether or not all were simulated.
    """

    models: np.ndarray
    offers: np.ndarray
    counted: Tally
    latencies: np.ndarray
    model: np.ndarray
    expected: np.ndarray
    replicas: np.ndarray


@dataclass
class Surfaces:
    """Faded counts, and what follows from them.

    Attributes
    ----------
    offer_model
        int64 (offers,): row of each offer's model.
    sums
        float64 (offers, columns of ``OFFER_SUMS``).
    by_rule
        float64 (offers,): what each would have served by the rule alone.
    busy_s
        float64 (offers,): replica-seconds of work.
    outcomes
        float64 (models, outcomes): how requests ended.
    cut
        float64 (models,): of the completed requests, those whose answers were cut.
    waits
        float64 (models, metrics): mean latencies of the last sample, s; nan before the first.
    quantiles
        float64 (offers, 2, quantiles): of TTFT and TPOT of the last sample of ``ENOUGH`` requests, s; else nan.
    by_workload, workload_model
        float64 (workloads, 2) and int64 (workloads,): requests of each that were completed, and that ended, with the
        model that it used then.
    histograms
        Of each offer sampled, its last counts of TTFT and TPOT, (2, bins).
    served_since
        float64 (offers,): requests expected to be served since then.
    latencies
        float64 (2, bins): TTFT and TPOT of requests that were served before offers' last samples.
    replicas
        float64 (offers,): replicas at the last sample; 0 before the first.
    """

    offer_model: np.ndarray
    sums: np.ndarray
    by_rule: np.ndarray
    busy_s: np.ndarray
    outcomes: np.ndarray
    cut: np.ndarray
    waits: np.ndarray
    quantiles: np.ndarray
    by_workload: np.ndarray
    workload_model: np.ndarray
    histograms: dict[int, np.ndarray]
    served_since: np.ndarray
    latencies: np.ndarray
    replicas: np.ndarray

    @classmethod
    def unknown(cls, offer_model: np.ndarray, models: int, workloads: int) -> "Surfaces":
        """Nothing measured yet."""
        offers = len(offer_model)
        return cls(offer_model, np.zeros((offers, len(OFFER_SUMS))), np.zeros(offers), np.zeros(offers),
                   np.zeros((models, len(outcome.OUTCOMES))), np.zeros(models), np.full((models, len(METRICS)), np.nan),
                   np.full((offers, 2, len(QUANTILES)), np.nan), np.zeros((workloads, 2)),
                   np.full(workloads, -1, np.int64), {},
                   np.zeros(offers), no_latencies(), np.zeros(offers))

    def see(self, sample: Sample) -> None:
        """Take in a sample; earlier ones fade (E73)."""
        counted, used = sample.counted, np.flatnonzero((sample.model >= 0) & sample.models[sample.model])
        model, models = sample.model[used], len(self.outcomes)
        ended = np.zeros_like(self.outcomes)
        np.add.at(ended, model, counted.outcomes[used].sum(axis=1))
        cut = np.bincount(model, counted.class_sums[used, :, outcome.CUT].sum(axis=1), models)
        requests = ended.sum(axis=1)
        kept = np.where(sample.models, 0.5 ** np.minimum(requests / ENOUGH, 1.0), 1.0)
        self.outcomes = kept[:, None] * self.outcomes + ended
        self.cut = kept * self.cut + cut
        self._see_workloads(used, model, counted.outcomes[used].sum(axis=1))
        self._see_waits(counted.class_metric_sums[used], model, ended[:, outcome.COMPLETED])
        self._see_offers(sample, kept[self.offer_model])

    def _see_workloads(self, used: np.ndarray, model: np.ndarray, ended: np.ndarray) -> None:
        total = ended.sum(axis=1)
        kept = np.where(self.workload_model[used] == model, 0.5 ** np.minimum(total / ENOUGH, 1.0), 0.0)
        now = np.stack([ended[:, outcome.COMPLETED], total], axis=1)
        self.by_workload[used] = kept[:, None] * self.by_workload[used] + now
        self.workload_model[used] = model

    def completed_share(self, model: np.ndarray, replicas: np.ndarray) -> np.ndarray:
        """Share of each workload's requests that are completed with the model that it uses now, float64 (workloads,).

        Its model's other workloads count as ``MODELS_WEIGHT`` of its own requests. What is lost for want of room
        follows the replicas (E85).

        Parameters
        ----------
        model
            int64 (workloads,): in use, -1 for none.
        replicas
            (offers,): of now.
        """
        ended, used = self.ended_as(), np.maximum(model, 0)
        mine = np.where((self.workload_model == model)[:, None], self.by_workload, 0.0)
        share = ((mine[:, 0] + MODELS_WEIGHT * ended[used, outcome.COMPLETED]) / (mine[:, 1] + MODELS_WEIGHT))
        lost, for_want = 1.0 - ended[:, outcome.COMPLETED], ended[:, FOR_WANT_OF_ROOM].sum(axis=1)
        then, now = (np.bincount(self.offer_model, of, len(ended)) for of in (self.replicas, replicas))
        more = lost_with(for_want, then, now) - for_want
        return np.asarray(np.clip(1.0 - (1.0 - share) * (1.0 + more / np.where(lost > 0, lost, 1.0))[used], 0.0, 1.0))

    def refused_factor(self, replicas: np.ndarray) -> np.ndarray:
        """Attempts a request served that found no room or were given up, over those measured, float64 (offers,) (E85).

        Parameters
        ----------
        replicas
            (offers,): of now.
        """
        wanted = self.sums[:, [*NO_ROOM, outcome.SERVED]].sum(axis=1)
        lost = self.sums[:, NO_ROOM].sum(axis=1) / np.where(wanted > 0, wanted, 1.0)
        now = np.minimum(lost_with(lost, self.replicas, replicas), 1.0 - 1.0 / np.maximum(wanted, 1.0))
        before, after = (x / np.maximum(1.0 - x, 1e-300) for x in (lost, now))
        return np.asarray(np.where((lost > 0) & (lost < 1), after / np.where(before > 0, before, 1.0), 1.0))

    def _see_waits(self, sums: np.ndarray, model: np.ndarray, completed: np.ndarray) -> None:
        known = completed > 0
        for metric in range(len(METRICS)):
            mean = np.bincount(model, sums[:, metric], len(completed)) / np.maximum(completed, 1)
            self.waits[known, metric] = mean[known]

    def _see_offers(self, sample: Sample, kept: np.ndarray) -> None:
        sums = sample.counted.offer_sums.sum(axis=1) * sample.offers[:, None]
        served = np.bincount(self.offer_model, sums[:, outcome.SERVED], len(self.outcomes))[self.offer_model]
        self.sums = kept[:, None] * self.sums + sums
        self.by_rule = kept * self.by_rule + sample.expected * served
        self.busy_s = kept * self.busy_s + sample.counted.offer_work[:, outcome.BUSY_S] * sample.offers
        self.replicas = np.where(sample.models[self.offer_model], sample.replicas, self.replicas)
        for offer, counts in zip(np.flatnonzero(sample.offers).tolist(), sample.latencies, strict=True):
            if counts[TTFT].sum() >= ENOUGH:
                self.quantiles[offer] = quantiles_s(counts)
            if counts[TTFT].any():
                if offer in self.histograms:  # else what it served so far was served as it now is
                    self.latencies += self._waited(offer)
                    self.served_since[offer] = 0.0
                self.histograms[offer] = counts[:2].astype(np.int32)

    def _waited(self, offer: int) -> np.ndarray:
        """Latencies of what the offer served since its last sample, float64 (2, bins)."""
        counts = self.histograms[offer]
        return np.asarray(counts * (self.served_since[offer] / counts[TTFT].sum()))

    def all_latencies(self) -> np.ndarray:
        """TTFT and TPOT of all requests served so far at offers that were sampled, float64 (2, bins)."""
        return np.asarray(self.latencies + sum(map(self._waited, self.histograms), no_latencies()))

    def inclination(self) -> np.ndarray:
        """How much more of its model's requests each offer serves than the rule alone says, float64 (offers,) (E72)."""
        return np.asarray((self.sums[:, outcome.SERVED] + RULE_REQUESTS) / (self.by_rule + RULE_REQUESTS))

    def ended_as(self) -> np.ndarray:
        """Shares of requests by outcome, float64 (models, outcomes); all completed where nothing was measured."""
        total = self.outcomes.sum(axis=1, keepdims=True)
        perfect = np.arange(len(outcome.OUTCOMES)) == outcome.COMPLETED
        return np.asarray(np.where(total > 0, self.outcomes / np.maximum(total, 1e-300), perfect))

    def cut_share(self) -> np.ndarray:
        """Share of completed requests whose answers were cut, float64 (models,)."""
        return np.asarray(self.cut / np.maximum(self.outcomes[:, outcome.COMPLETED], 1.0))

    def per_served(self, values: np.ndarray) -> np.ndarray:
        """Counts of offers, one row each, over requests served; 0 where none was."""
        served = self.sums[:, outcome.SERVED].reshape(-1, *(1,) * (values.ndim - 1))
        return np.asarray(np.where(served > 0, values / np.maximum(served, 1e-300), 0.0))

    def found_share(self) -> np.ndarray:
        """Share of prompt tokens billed as read from a cache, float64 (offers,)."""
        prompt = self.sums[:, outcome.SERVED_PROMPT]
        return np.asarray(self.sums[:, outcome.SERVED_CACHED] / np.maximum(prompt, 1.0))


def quantiles_s(counts: np.ndarray) -> np.ndarray:
    """`QUANTILES` of TTFT and TPOT from counts (metrics, bins), float64 (2, quantiles), s; nan without requests."""
    rows = np.ascontiguousarray(counts[:2], np.int64)
    return np.array([[quantile(row, q, FINE_BITS) for q in QUANTILES] for row in rows])


def no_latencies() -> np.ndarray:
    """An empty histogram of TTFT and TPOT, float64 (2, bins)."""
    return np.zeros((2, bins(FINE_BITS)))
