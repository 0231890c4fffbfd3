"""Which models are simulated on which day, and what is learned from it: samples of models and replicas, not of seconds.

On a day one stretch is simulated of the models whose turn it is. Nothing is frozen: the engine's clock is the market's,
requests of the stretch drain when no more arrive, and the next day's stretch begins with empty queues.
"""

from collections.abc import Generator
from typing import Any, Final, NamedTuple

import numpy as np
from simpy import Environment, Event

from sim.engines import outcome
from sim.engines.outcome import Tally
from sim.market.accounts import difference
from sim.market.billed_tokens import by_model, drawn_by_workload
from sim.market.board import Board
from sim.market.crowds import WEIGHED, Leans, of_workloads, unweighted, weights
from sim.market.customers.customers import Customers
from sim.market.long_requests import Contexts, is_too_long
from sim.market.market_clock import LONGEST_S, Slice
from sim.market.market_traffic import MarketTraffic
from sim.market.market_world import REPLICAS_HELD
from sim.market.marketplaces.split import together
from sim.market.rule_shares import RequestRules
from sim.market.surfaces import ENOUGH, Sample
from sim.market.volume_meter import VolumeMeter
from sim.units import HOUR_S

STRETCHES_S: Final = (300.0, 900.0, float(LONGEST_S))  # a model's stretch is the shortest of these that is long enough
WARM_UP: Final = 0.4  # share of a stretch that is not counted: of ten answers' time, four
ANSWERS: Final = 10.0  # a stretch lasts so many times as long as a request takes on average
FIRST_ANSWER_S: Final = 30.0  # before any was seen: longer ones show in the first stretch, and the next is as long
LEAST_REPLICAS: Final = 6  # of an offer that is thinned: with fewer, their luck would be no crowd's
SPENT: Final = 0.2  # of what was saved, that a day may spend on longer stretches of all models
TURN: Final = 0.25  # of a day's budget, that a turn of a model may take where it can be thinned
FIRST_DAYS: Final = 30.0  # budgets that may be spent at once at the beginning, when nothing is known
DRAIN_S: Final = float(HOUR_S)
CHANGED: Final = 3.0  # a model whose offers have changed since its sample waits as if that were so many times as old
# whose replicas have so many times the requests of its sample, or so many times fewer, goes first: what its customers
# wait is of another load, and a launch, when there are hardly replicas, would keep them away for the fortnight until
# its turn comes; hours of a day differ less
MOVED: Final = 2.0
NO_OFFERS: Final = np.zeros(0, np.int64)


class Turn(NamedTuple):
    """A stretch of some models.

    Attributes
    ----------
    length_s
        How long it lasts.
    share
        float64 (models,): share of the model's requests that is simulated, at as large a share of its replicas; 0 for
        those whose turn it is not.
    """

    length_s: float
    share: np.ndarray


class Look(NamedTuple):
    """The engine's counters at a moment, and the latencies of the offers of a turn."""

    counted: Tally
    latencies: np.ndarray


class Sampler:
    """Chooses models, simulates them, and keeps what was measured.

    Parameters
    ----------
    traffic, board, customers
        Whose requests are simulated at whose offers.
    meter
        Told what was measured; its surfaces too.
    sampled_per_day
        How many are simulated a day, on average over the run.
    """

    one_rule = True  # one router places all requests: where marketplaces compete, an offer has a weight at each

    def __init__(self, traffic: MarketTraffic, board: Board, customers: Customers, meter: VolumeMeter,
                 sampled_per_day: int) -> None:
        self._traffic, self._board, self._customers = traffic, board, customers
        self._meter, self._surfaces = meter, meter.surfaces
        self._budget, self._credit = float(sampled_per_day), (FIRST_DAYS - 1) * sampled_per_day
        models = len(self._surfaces.outcomes)
        self._rules = RequestRules(traffic.engine.world, traffic.feed, models)
        self.contexts = Contexts(np.array([offer.context_tokens for offer in traffic.engine.world.offers], np.int64),
                                 self._surfaces.offer_model, models)
        self._last_day = np.full(models, -np.inf)
        self._state: dict[int, tuple[int, ...]] = {}
        self._load = np.full(models, np.nan)  # requests a second a replica, when each model was sampled
        self._load_now = self._load.copy()
        self._weight = np.ones(len(self._surfaces.offer_model))
        self._weighs = self.one_rule and [one.policy.kind for one in traffic.engine.world.policies] == [WEIGHED]
        self._offers_of = [np.flatnonzero(self._surfaces.offer_model == model) for model in range(models)]

    def process(self, env: Environment) -> Generator[Event, Any, None]:
        """Live on the calendar: a stretch a day."""
        for day in range(self._traffic.clock.days):
            yield env.timeout(self._traffic.clock.stretch_s(day) - env.now)
            turns = self._choose(day, float(env.now))
            if turns:
                yield from self._simulate(env, day, turns)
                yield env.timeout(self._drain_s(day, float(env.now)))
                self._meter.bill.settle(self._counted())

    def _counted(self) -> Tally:
        """What the engine counted so far, by workload."""
        return together(self._traffic.engine.tally(NO_OFFERS), len(self._customers.model))

    def _drain_s(self, day: int, now_s: float) -> float:
        """How long requests of a stretch are given to end: an hour, or until the next day's begins."""
        clock = self._traffic.clock
        return min(DRAIN_S, clock.stretch_s(day + 1) - now_s) if day + 1 < clock.days else DRAIN_S

    def _simulate(self, env: Environment, day: int, turns: list[Turn]) -> Generator[Event, Any, None]:
        """Let the turns' requests arrive; look at each when it is warm, and when it ends."""
        start_s, model, up = float(env.now), self._customers.model.copy(), self._traffic.up.copy()
        # a length has requests of its own, as the moment of a request's birth depends on it
        parts = [Slice(day * len(STRETCHES_S) + STRETCHES_S.index(turn.length_s), start_s, turn.length_s)
                 for turn in turns]
        is_open = self._board.listed & up
        leans = [self._leans(turn, is_open, start_s) for turn in turns]
        placed = self._rules.placed_by(start_s, model)
        more = [of_workloads(lean, model, *placed) for lean in leans]
        shares = [np.where(model >= 0, turn.share[model] * one, 0.0) for turn, one in zip(turns, more, strict=True)]
        rows = self._traffic.feed.simulate(parts, shares)
        longest = self.contexts.longest(self._board.listed, model)
        unfit = is_too_long(rows, longest[rows["client_class"] % len(model)])
        drawn, unfit = drawn_by_workload(rows[~unfit], len(model)), rows[unfit]
        self._meter.bill.open(self._counted(), model, drawn)
        _, prompt, output = by_model(drawn, model, len(self._last_day)).T
        # a model has its turn once: of the others' factors all are 1
        ruled = self._rules.asked(start_s, model, drawn[:, 0] / np.prod(more, axis=0))
        expected = self._meter.rule_shares(self._board, is_open, prompt, output, ruled)
        self._note(start_s, is_open, model, drawn)
        offers = [is_open & (turn.share > 0)[self._surfaces.offer_model] for turn in turns]
        for turn, mine, lean in zip(turns, offers, leans, strict=True):
            self._resize(mine, turn.share, lean.offer)
        warm: dict[int, Look] = {}
        for when_s, number in _times(turns):
            yield env.timeout(start_s + when_s - env.now)
            sampled = np.flatnonzero(offers[number])
            look = Look(self._traffic.engine.tally(sampled), self._traffic.engine.take_samples(sampled))
            if number not in warm:
                warm[number] = look
                continue
            turn = turns[number]
            held = self._board.held_with(turn.share[self._surfaces.offer_model])
            self._resize(offers[number], np.ones(len(self._last_day)), np.ones(len(offers[number])))
            counted = difference(look.counted, warm[number].counted)
            away = _after_warm_up(unfit, start_s, turn.length_s, len(model))
            self._learn(Sample(turn.share > 0, offers[number], together(counted, len(model)),
                               look.latencies - warm[number].latencies, model, expected, held,
                               (1.0 - WARM_UP) * turn.length_s, away, leans[number].offer if self._weighs else None),
                        up, day, counted)

    def _leans(self, turn: Turn, is_open: np.ndarray, now_s: float) -> Leans:
        """How much more than their share of the turn's requests offers are to get (E165, E166)."""
        of, models = self._surfaces.offer_model, len(self._last_day)
        if not self._weighs:
            return unweighted(len(of), models)
        share = np.where(is_open, turn.share[of], 0.0)
        offer = weights(self._board.held_with(turn.share[of]), self._board.replicas, share)
        people, model, rate = self._customers.population, self._customers.model, self._traffic.feed.rates_per_s(now_s)
        tokens = rate[:, None] * np.stack([people.prompt_tokens, people.output_tokens], axis=1)
        prompt, output = by_model(tokens, model, models).T
        return Leans(offer, self._meter.rule_means(self._board, is_open, prompt, output, offer))

    def _resize(self, offers: np.ndarray, share: np.ndarray, weight: np.ndarray) -> None:
        """Let a share of each offer's replicas serve, at least one, under a weight of its own."""
        of_model = self._surfaces.offer_model
        for offer in np.flatnonzero(offers & (self._board.replicas > 1)).tolist():
            self._board.serve_with(offer, float(share[of_model[offer]]))
        for offer in np.flatnonzero(offers & (weight != self._weight)).tolist():
            self._board.weigh(offer, float(weight[offer]))
            self._weight[offer] = weight[offer]

    def _note(self, start_s: float, is_open: np.ndarray, model: np.ndarray, drawn: np.ndarray) -> None:
        """Hear of a stretch that begins: who knows more than one rule expects shares of each (`MarketplaceSampler`)."""

    def _take_in(self, sample: Sample, counted: Tally) -> None:
        """Remember a sample; ``counted`` has a class for each workload at each marketplace."""
        self._surfaces.see(sample)

    def _learn(self, sample: Sample, up: np.ndarray, day: int, counted: Tally) -> None:
        # what an outage did in a few minutes is no measure of the days to come: such models wait for another day
        hit = np.zeros(len(sample.models), bool)
        hit[self._surfaces.offer_model[self._traffic.up != up]] = True
        sample = sample._replace(models=sample.models & ~hit, offers=sample.offers & ~hit[self._surfaces.offer_model],
                                 latencies=sample.latencies[~hit[self._surfaces.offer_model[sample.offers]]])
        self._take_in(sample, counted)
        for model in np.flatnonzero(sample.models).tolist():
            self._last_day[model], self._state[model] = day, self._state_of(model)
            self._load[model] = self._load_now[model]

    def _choose(self, day: int, now_s: float) -> list[Turn]:
        """Models whose samples are oldest, as many as the budget allows, by the length of their stretches."""
        used = np.flatnonzero(self._customers.model >= 0)
        per_s = np.bincount(self._customers.model[used], self._traffic.feed.rates_per_s(now_s)[used],
                            len(self._last_day))
        listed = self._board.listed
        replicas = np.bincount(self._surfaces.offer_model[listed], self._board.replicas[listed], len(per_s))
        models = np.flatnonzero((per_s > 0) & (replicas > 0))
        self._load_now = per_s / np.maximum(replicas, 1.0)
        age = np.array([self._age(model, day) for model in models.tolist()])
        shares = np.zeros((len(STRETCHES_S), len(per_s)))
        self._credit = min(self._credit + self._budget, FIRST_DAYS * self._budget)
        least = {model: self._stretch_of(model, per_s[model]) for model in models.tolist()}
        needed = sum(per_s[model] * STRETCHES_S[length] for model, length in least.items())
        spare = max(self._budget, SPENT * self._credit) / max(needed, 1e-300)
        for model in models[np.lexsort((-per_s[models], -age))].tolist():
            if self._credit <= 0:
                break
            # where all models have their turn every day, longer ones are affordable
            longest = int(np.searchsorted(STRETCHES_S, spare * STRETCHES_S[least[model]], side="right")) - 1
            length = max(least[model], longest)
            requests = per_s[model] * STRETCHES_S[length]
            shares[length, model] = self._thinned(model, requests)
            self._credit -= self._work(model, shares[length, model]) * requests
        return [Turn(length_s, share) for length_s, share in zip(STRETCHES_S, shares, strict=True) if share.any()]

    def _work(self, model: int, share: float) -> float:
        """Share of a model's requests that come if each of its replicas that is simulated has its load."""
        if not self._weighs:
            return share
        mine = self._offers_of[model]
        held = self._board.held_with(np.full(len(mine), share), mine)[self._board.listed[mine]]
        return float(held.sum() / self._board.replicas[mine][self._board.listed[mine]].sum())

    def _age(self, model: int, day: int) -> float:
        """Days since the model's sample; more if its offers have changed meanwhile, all if their load has."""
        was, now = self._load[model], self._load_now[model]
        if max(was, now) >= MOVED * min(was, now):
            return np.inf
        is_same = self._state.get(model) == self._state_of(model)
        return float(day - self._last_day[model]) * (1.0 if is_same else CHANGED)

    def _state_of(self, model: int) -> tuple[int, ...]:
        offers = self._offers_of[model]
        return self._board.version_of(int(offers[0])), *self._board.replicas[offers].tolist()

    def _stretch_of(self, model: int, per_s: float) -> int:
        """The shortest stretch that is many answers long and brings enough requests; else the longest (E70)."""
        answer_s = self._surfaces.waits[model, outcome.E2E]
        answer_s = FIRST_ANSWER_S if np.isnan(answer_s) else answer_s
        needed_s = max(ANSWERS * answer_s, ENOUGH / per_s)
        return min(int(np.searchsorted(STRETCHES_S, needed_s)), len(STRETCHES_S) - 1)

    def _thinned(self, model: int, requests: float) -> float:
        """Share of arrivals and replicas: a part of the budget's, but a crowd of the largest offer's replicas (E71)."""
        most = int(self._board.replicas[self._offers_of[model]].max())
        return float(min(1.0, max(TURN * self._budget / requests, LEAST_REPLICAS / most), REPLICAS_HELD / most))


def _after_warm_up(rows: np.ndarray, start_s: float, length_s: float, workloads: int) -> np.ndarray:
    """How many requests of a feed each workload sends in a stretch after its warm-up, int64 (workloads,)."""
    after_s = rows["arrive_s"] - start_s
    counted = rows["client_class"][(after_s > WARM_UP * length_s) & (after_s <= length_s)] % workloads
    return np.bincount(counted, minlength=workloads)


def _times(turns: list[Turn]) -> list["Stop"]:
    """When each turn is warm and when it ends, seconds after the beginning, in order."""
    return sorted(Stop(share * turn.length_s, number) for number, turn in enumerate(turns) for share in (WARM_UP, 1.0))


class Stop(NamedTuple):
    """A moment of a stretch at which a turn is looked at."""

    when_s: float
    turn: int
