"""What samples of traffic taught about offers and models, until they are measured again: shares, losses, latencies.

Counts of earlier samples fade (`kept`), so that a number follows the market and yet rests on many requests.
"""

from dataclasses import dataclass, field
from typing import Final, NamedTuple

import numpy as np

from sim.compiled import njit
from sim.engines import outcome
from sim.engines.outcome import METRICS, OFFER_SUMS, TTFT, Tally
from sim.histogram import FINE_BITS, bins, quantile
from sim.market.crowds import fair_outcomes, fair_waits
from sim.market.room import lost_now, room_seen, work
from sim.market.sampled_shares import FOR_WANT, FOR_WANT_OF_ROOM, NO_ROOM, SampledShares, share_of

ENOUGH: Final = 200  # requests of which percentiles are taken, and that are always kept of earlier samples
# requests of a sample that halve the weight of those before it (assumption: of so many a share of .1 is +- .01)
HALVED: Final = 1000.0
MODELS_WEIGHT: Final = 20.0  # requests as which its model's other workloads count beside a workload's own (assumption)
QUANTILES: Final = (0.5, 0.9, 0.99)


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
    held
        float64 (offers,): replicas of each that were simulated.
    seconds
        How long was counted.
    unfit
        float64 (workloads,): requests counted that no offer has the context for.
    weight
        float64 (offers,): how many times their share of requests the offers got (E165); None: their share.
    """

    models: np.ndarray
    offers: np.ndarray
    counted: Tally
    latencies: np.ndarray
    model: np.ndarray
    expected: np.ndarray
    held: np.ndarray
    seconds: float
    unfit: np.ndarray
    weight: np.ndarray | None = None


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
        float64 (offers,): what each would have been asked by the rule alone.
    busy_s
        float64 (offers,): replica-seconds of work.
    outcomes
        float64 (models, outcomes): how requests ended that some offer has the context for.
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
    offer_room
        float64 (offers,): work a second that a replica has room for (E85); inf of those that were never full.
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
    offer_room: np.ndarray
    _known: SampledShares | None = field(default=None, repr=False, compare=False)

    @classmethod
    def unknown(cls, offer_model: np.ndarray, models: int, workloads: int) -> "Surfaces":
        """Nothing measured yet."""
        offers = len(offer_model)
        return cls(offer_model, np.zeros((offers, len(OFFER_SUMS))), np.zeros(offers), np.zeros(offers),
                   np.zeros((models, len(outcome.OUTCOMES))), np.zeros(models), np.full((models, len(METRICS)), np.nan),
                   np.full((offers, 2, len(QUANTILES)), np.nan), np.zeros((workloads, 2)),
                   np.full(workloads, -1, np.int64), {},
                   np.zeros(offers), no_latencies(), np.full(offers, np.inf))

    def see(self, sample: Sample) -> None:
        """Take in a sample; earlier ones fade (E73)."""
        counted, used = sample.counted, np.flatnonzero((sample.model >= 0) & sample.models[sample.model])
        model, models = sample.model[used], len(self.outcomes)
        ended = np.zeros_like(self.outcomes)
        by_workload = counted.outcomes[used].sum(axis=1).astype(np.float64)
        # known beforehand (`sim.market.long_requests`), and no measure of what is lost for want of room
        by_workload[:, outcome.REFUSED] = np.maximum(by_workload[:, outcome.REFUSED] - sample.unfit[used], 0.0)
        by_workload = self._fair(sample, by_workload, model)
        np.add.at(ended, model, by_workload)
        cut = np.bincount(model, counted.class_sums[used, :, outcome.CUT].sum(axis=1), models)
        kept = np.where(sample.models, _kept(ended.sum(axis=1), self.outcomes.sum(axis=1)), 1.0)
        self.outcomes = kept[:, None] * self.outcomes + ended
        self.cut = kept * self.cut + cut
        self._see_workloads(used, model, by_workload, kept)
        self._see_waits(counted.class_metric_sums[used], model, counted.outcomes[used].sum(axis=1), sample)
        self._see_offers(sample, kept[self.offer_model])
        self._known = None

    def _see_workloads(self, used: np.ndarray, model: np.ndarray, ended: np.ndarray, kept: np.ndarray) -> None:
        # as much as of its model is kept, also of workloads that left it and may come back: by its own few requests a
        # workload would remember times of other losses, and what its model loses now is set against what it lost lately
        had = self.workload_model >= 0
        self.by_workload[had] *= kept[self.workload_model[had], None]
        self.by_workload[used[self.workload_model[used] != model]] = 0.0
        self.by_workload[used] += np.stack([ended[:, outcome.COMPLETED], ended.sum(axis=1)], axis=1)
        self.workload_model[used] = model

    def completed_share(self, model: np.ndarray, lost: np.ndarray) -> np.ndarray:
        """Share of each workload's requests that fit which is completed with its model of now, float64 (workloads,).

        Its model's other workloads count as ``MODELS_WEIGHT`` of its own requests. What is lost for want of room
        follows what its model's offers lose now.

        Parameters
        ----------
        model
            int64 (workloads,): in use, -1 for none.
        lost
            float64 (models,): share of what their offers are asked that these lose for want of room now.
        """
        now = self._shares
        completed = now.ended_as[:, outcome.COMPLETED]
        more = np.where(now.asked_of_model > 0, now.lost_an_attempt * (lost - now.lost_of_model), 0.0)
        return _completed_share(model, more, completed, self.by_workload, self.workload_model)

    def lost(self, rows: np.ndarray, load: np.ndarray, replicas: np.ndarray) -> np.ndarray:
        """Share of what offers are asked that they lose for want of room now, float64 (rows,) (E86).

        Parameters
        ----------
        rows
            Offers.
        load, replicas
            (rows,): work a second that each is asked now, and its replicas.
        """
        return lost_now(self._shares.lost[rows], self.offer_room[rows], load, replicas)

    def attempts_per_served(self, rows: np.ndarray, lost: np.ndarray) -> np.ndarray:
        """Attempts that were not served over requests served, float64 (rows, columns of ``UNSERVED``).

        As measured; but for those that found no room or were given up, which follow what each offer loses now.

        Parameters
        ----------
        rows
            Offers.
        lost
            (rows,): share that each loses now.
        """
        known = self._shares
        return _attempts_per_served(known.attempts_per_served[rows], known.asked[rows], known.lost[rows], lost)

    @property
    def _shares(self) -> SampledShares:
        """What follows from the counts as they are."""
        if self._known is None:
            self._known = SampledShares(self.offer_model, self.sums, self.by_rule, self.busy_s, self.outcomes)
        return self._known

    def _fair(self, sample: Sample, ended: np.ndarray, model: np.ndarray) -> np.ndarray:
        """How workloads' requests would have ended, had each offer been asked its share (E167)."""
        if sample.weight is None:
            return ended
        sums = sample.counted.offer_sums[sample.offers].sum(axis=1)
        no_room = sums[:, NO_ROOM].sum(axis=1)
        asked, of, models = sums[:, outcome.SERVED] + no_room, self.offer_model[sample.offers], len(self.outcomes)
        lost, fair = (share_of(np.bincount(of, no_room * part, models), np.bincount(of, asked * part, models))
                      for part in (np.ones(len(asked)), 1.0 / sample.weight[sample.offers]))
        return fair_outcomes(ended, lost[model], fair[model], FOR_WANT_OF_ROOM)

    def _see_waits(self, sums: np.ndarray, model: np.ndarray, ended: np.ndarray, sample: Sample) -> None:
        models = len(self.outcomes)
        completed = np.bincount(model, ended[:, outcome.COMPLETED], models)
        known, factor = completed > 0, np.ones((models, len(METRICS)))
        if sample.weight is not None:
            factor = fair_waits(sample.latencies, sample.weight[sample.offers], self.offer_model[sample.offers], models)
        for metric in range(len(METRICS)):
            mean = factor[:, metric] * np.bincount(model, sums[:, metric], models) / np.maximum(completed, 1)
            self.waits[known, metric] = mean[known]

    def _see_offers(self, sample: Sample, kept: np.ndarray) -> None:
        rows = np.flatnonzero(sample.offers)
        sums, of, held = sample.counted.offer_sums[rows].sum(axis=1), self.offer_model[rows], sample.held[rows]
        no_room = sums[:, NO_ROOM].sum(axis=1)
        asked = sums[:, outcome.SERVED] + no_room
        seen = (asked >= ENOUGH) & (held > 0) & (sums[:, outcome.SERVED] > 0)
        tokens = sums[seen][:, [outcome.SERVED_PROMPT, outcome.SERVED_CACHED, outcome.SERVED_OUTPUT]].T
        # a request that found no room would have been as much work as one that did
        load = work(*tokens) / sums[seen, outcome.SERVED] * asked[seen] / sample.seconds
        self.offer_room[rows[seen]] = room_seen(self.offer_room[rows[seen]], no_room[seen] / asked[seen], load,
                                                held[seen])
        part = np.ones(len(rows)) if sample.weight is None else 1.0 / sample.weight[rows]
        of_model = np.bincount(of, asked * part, len(self.outcomes))
        self.sums *= kept[:, None]
        self.sums[rows] += sums * part[:, None]
        self.by_rule = kept * self.by_rule + sample.expected * of_model[self.offer_model]
        self.busy_s *= kept
        self.busy_s[rows] += sample.counted.offer_work[rows, outcome.BUSY_S] * part
        waited = sample.latencies[:, TTFT].sum(axis=1).tolist()
        for offer, counts, requests in zip(rows.tolist(), sample.latencies, waited, strict=True):
            if requests >= ENOUGH:
                self.quantiles[offer] = quantiles_s(counts)
            if requests > 0:
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

    def inclination(self, rows: np.ndarray) -> np.ndarray:
        """How much more of its model's requests each offer is asked than the rule alone says, float64 (rows,) (E72)."""
        return np.asarray(self._shares.inclination[rows])

    def length_leans(self, rows: np.ndarray) -> np.ndarray:
        """How long prompts and answers are that each offer serves, over its model's mean, float64 (2, rows) (E87)."""
        return np.asarray(self._shares.length_leans[:, rows])

    def ended_as(self) -> np.ndarray:
        """Shares of requests by outcome, float64 (models, outcomes); all completed where nothing was measured."""
        return self._shares.ended_as

    def cut_share(self) -> np.ndarray:
        """Share of completed requests whose answers were cut, float64 (models,)."""
        return np.asarray(self.cut / np.maximum(self.outcomes[:, outcome.COMPLETED], 1.0))

    def per_served(self, values: np.ndarray) -> np.ndarray:
        """Counts of offers, one row each, over requests served; 0 where none was."""
        return self._shares.per_served(values)

    def busy_s_per_served(self, rows: np.ndarray) -> np.ndarray:
        """Replica-seconds of work over requests served, float64 (rows,); 0 where none was."""
        return np.asarray(self._shares.busy_s_per_served[rows])

    def found_share(self, rows: np.ndarray) -> np.ndarray:
        """Share of prompt tokens billed as read from a cache, float64 (rows,)."""
        return np.asarray(self._shares.found_share[rows])


@njit(cache=True, error_model="numpy")
def _completed_share(model: np.ndarray, more: np.ndarray, completed: np.ndarray, by_workload: np.ndarray,
                     workload_model: np.ndarray) -> np.ndarray:
    """See `Surfaces.completed_share`; more of its requests are lost of each model than when it was measured."""
    found = np.empty(len(model))
    for row in range(len(model)):
        used = max(model[row], 0)
        usual, mine, ended = completed[used], 0.0, 0.0
        if workload_model[row] == model[row]:
            mine, ended = by_workload[row]
        share = (mine + MODELS_WEIGHT * usual) / (ended + MODELS_WEIGHT)
        # more is lost of what was completed, less of what was lost, whosesoever it is
        still = 1.0 - min(max(more[used], 0.0), usual) / (usual if usual > 0 else 1.0)
        again = max(-more[used], 0.0) / (1.0 - usual if usual < 1 else 1.0)
        found[row] = min(max(share * still + (1.0 - share) * again, 0.0), 1.0)
    return found


@njit(cache=True, error_model="numpy")
def _attempts_per_served(measured: np.ndarray, asked: np.ndarray, then: np.ndarray, lost: np.ndarray) -> np.ndarray:
    """See `Surfaces.attempts_per_served`; what was measured is written over."""
    for row in range(len(asked)):
        if 0 < then[row] < 1:
            now = min(lost[row], 1.0 - 1.0 / max(asked[row], 2.0))
            before, after = then[row] / max(1.0 - then[row], 1e-300), now / max(1.0 - now, 1e-300)
            for column in FOR_WANT:
                measured[row, column] *= after / (before if before > 0 else 1.0)
    return measured


def halved(new: np.ndarray) -> np.ndarray:
    """What is kept of earlier counts when so many new requests come."""
    return np.asarray(0.5 ** (new / HALVED))


def _kept(new: np.ndarray, old: np.ndarray) -> np.ndarray:
    """The same, and no more than come (E73); ``old`` is how many there were."""
    return np.asarray(np.minimum(halved(new), np.maximum(new, ENOUGH) / np.maximum(old, 1.0)))


def quantiles_s(counts: np.ndarray) -> np.ndarray:
    """`QUANTILES` of TTFT and TPOT from counts (metrics, bins), float64 (2, quantiles), s; nan without requests."""
    rows = np.ascontiguousarray(counts[:2], np.int64)
    return np.array([[quantile(row, q, FINE_BITS) for q in QUANTILES] for row in rows])


def no_latencies() -> np.ndarray:
    """An empty histogram of TTFT and TPOT, float64 (2, bins)."""
    return np.zeros((2, bins(FINE_BITS)))
