"""What requests are like at each offer, by what was served, and what its replicas then get done."""

from collections.abc import Sequence
from typing import Final

import numpy as np

from providers.cost.software import software_speed
from providers.cost.unit_cost import Capacity, EngineSize, Shape, Spread, capacities, request_rows
from providers.firms.shelf import PlannedOffer
from sim.engines.steptime import StepCoefficients
from sim.market.prices import Mix
from sim.market.usage import OfferDay
from sim.scenario.firm_settings import SupplySettings

MOVED: Final = 0.02  # capacity is reckoned again when a mean has moved by more than this share: noise moves it daily
TIMES: Final = np.array([name != "miss_log" for name in StepCoefficients._fields])  # what faster software shortens
REQUESTS, PROMPT, OUTPUT, CACHED = range(4)
MOMENTS: Final = slice(4, 7)  # prompt², answer² and prompt times answer (E170)


class ServedRequests:
    """The mean request of each offer as its seller expects it (S6), and what a replica gets done of such (S2).

    Rows as in ``Desk.offers``. Means are over requests, those of earlier days counting less. Of an offer that has
    served little they are those of its model, and of such a model the prior. What was cached is learned from offers of
    the same kind: where what is cached is found, or where it is a matter of the bill and computed all the same.

    Attributes
    ----------
    prompt, output, cached
        float64 (offers,): tokens of the mean request; of the prompt those billed as cached.
    spread
        float64 (3, offers): how unlike requests of each offer's model are, in the order of ``Spread``.
    prompt_s, output_s, requests_per_s
        float64 (offers,): of ``Capacity``, at that request.
    days
        How many days it has learned from.
    """

    def __init__(self, planned: Sequence[PlannedOffer], settings: SupplySettings) -> None:
        shelf, names = settings.shelf, [offer.model.name for offer in planned]
        self._planned, self._tpot_s = planned, shelf.tpot_s
        self._prior_requests = shelf.prior_requests
        self._software_per_year, self._speed = settings.costing.software_per_year, 1.0
        self._keep = float(np.exp(-1.0 / shelf.mix_memory_days))
        self._saves = np.array([settings.firms[offer.firm].engine.saves_prefixes for offer in planned], bool)
        rank = {name: row for row, name in enumerate(dict.fromkeys(names))}
        self._model = np.array([rank[name] for name in names], np.int64)
        # offers that learn from each other what is cached
        self._kind = 2 * self._model + self._saves
        shapes = [offer.hardware.prior for offer in planned]
        self.prompt = np.array([shape.prompt for shape in shapes], float)
        self.output = np.array([shape.output for shape in shapes], float)
        self.cached = self.prompt * shelf.cached_share
        self.spread = np.array([shape.spread for shape in shapes], float).reshape(len(planned), 3).T
        self._prior = np.vstack([np.ones(len(planned)), self.prompt, self.output, self.cached,
                                 self.spread * _products(self.prompt, self.output)])
        self._sums = np.zeros((7, len(planned)))  # of each offer, faded: requests, tokens, and products of lengths
        self._able = [offer.hardware.capacity for offer in planned]
        # of a replica with the software of day 0
        self._steps = np.array([offer.hardware.step for offer in planned], float).reshape(
            len(planned), len(StepCoefficients._fields))
        self._sizes = np.array([offer.hardware.size for offer in planned], np.int64).reshape(
            len(planned), len(EngineSize._fields))
        self._reckoned = self._lengths()
        self._billed: dict[int, Mix] = {}  # of who asked since the last day
        self.days = 0
        self.prompt_s, self.output_s, self.requests_per_s = np.zeros((3, len(planned)))
        for row in range(len(planned)):
            self._note(row)

    def found(self, cached: np.ndarray) -> np.ndarray:
        """Of tokens billed as cached, those that nobody had to compute."""
        return np.where(self._saves, cached, 0.0)

    def learn(self, day: OfferDay) -> None:
        """Take in a day's books."""
        self.days += 1
        today = np.array([day.served, day.prompt_tokens, day.output_tokens, day.cached_tokens], float)
        self._sums = self._sums * self._keep + np.vstack([today, day.served * self._moments(day, today)])
        of_model = self._sums_of(self._model)
        # the three lengths of the model, the last over offers of the same kind
        known = (of_model + self._prior_requests * self._prior) / (of_model[REQUESTS] + self._prior_requests)
        alike = self._sums_of(self._kind)
        known[CACHED] = (alike[CACHED] + self._prior_requests * self._prior[CACHED]) / (
            alike[REQUESTS] + self._prior_requests)
        means = (self._sums + self._prior_requests * known) / (self._sums[REQUESTS] + self._prior_requests)
        self.prompt, self.output, self.cached = means[PROMPT], means[OUTPUT], means[CACHED]
        self._billed.clear()
        # of its model: who has few requests does not know how unlike they are
        self.spread = known[MOMENTS] / _products(known[PROMPT], known[OUTPUT])
        self._reckon()

    def _moments(self, day: OfferDay, today: np.ndarray) -> np.ndarray:
        """Products of lengths of a day's requests, (3, offers); where nobody tells, as unlike as was expected."""
        if day.moments.size == 3 * len(self._planned):
            return np.asarray(day.moments.T)
        served = np.maximum(today[REQUESTS], 1.0)
        return np.asarray(self.spread * _products(today[PROMPT] / served, today[OUTPUT] / served))

    def shape(self, row: int) -> Shape:
        """The mean request of an offer."""
        found = self.cached[row] if self._saves[row] else 0.0
        return Shape(float(self.prompt[row]), float(self.output[row]), float(found),
                     Spread(*self.spread[:, row].tolist()))

    def billed(self, row: int) -> Mix:
        """What its tokens are billed as."""
        mix = self._billed.get(row)
        if mix is None:
            mix = Shape(float(self.prompt[row]), float(self.output[row]), float(self.cached[row])).mix
            self._billed[row] = mix
        return mix

    def capacity(self, row: int) -> Capacity:
        """What a replica of an offer gets done."""
        return self._able[row]

    def _sums_of(self, group: np.ndarray) -> np.ndarray:
        """Sums over the offers of each offer's group, float64 (4, offers)."""
        return np.array([np.bincount(group, row)[group] for row in self._sums])

    def _lengths(self) -> np.ndarray:
        return np.vstack([self.prompt, self.output, self.found(self.cached), self.spread])

    def _reckon(self) -> None:
        now = self._lengths()
        # what is found counts by how much of the prompt is left to compute
        scale = np.vstack([self._reckoned[0], self._reckoned[1], self._reckoned[0], self._reckoned[3:]])
        moved = (np.abs(now - self._reckoned) > MOVED * scale).any(axis=0)
        speed = software_speed(self._software_per_year, self.days)
        if speed != self._speed:
            self._speed, moved = speed, np.ones_like(moved)
        self._reckon_at(np.flatnonzero(moved))
        self._reckoned = np.where(moved, now, self._reckoned)

    def _reckon_at(self, rows: np.ndarray) -> None:
        """Reckon the capacities of these offers."""
        steps = np.where(TIMES, self._steps[rows] / self._speed, self._steps[rows])
        requests = request_rows(self.prompt[rows], self.output[rows], self.found(self.cached)[rows],
                                list(self.spread[:, rows]))
        for row, able in zip(rows.tolist(), capacities(steps, self._sizes[rows], requests, self._tpot_s), strict=True):
            self._able[row] = able
            self._note(row)

    def _note(self, row: int) -> None:
        able = self._able[row]
        self.prompt_s[row], self.output_s[row] = able.prompt_s, able.output_s
        self.requests_per_s[row] = able.requests_per_s


def _products(prompt: np.ndarray, answer: np.ndarray) -> np.ndarray:
    """Prompt², answer² and prompt times answer, (3, offers)."""
    return np.array([prompt * prompt, answer * answer, prompt * answer])
