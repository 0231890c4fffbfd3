"""What is counted: births, attempts, outcomes, money and latencies (``sim.engines.outcome``)."""

import numpy as np

from sim import draws
from sim.engines import outcome
from sim.engines.answers import finish_of
from sim.engines.bill import charge_nano, prompt_pico
from sim.engines.exact import add_time, seconds
from sim.engines.outcome import Tally, TrafficOutcome
from sim.engines.reference.request import Attempt, LiveRequest
from sim.engines.wanted import RULES, rules_of
from sim.engines.world import TRADE_FEE_UNIT, World
from sim.histogram import FINE_BITS, bin_of, bins


class Books:
    """Counters of a run, filled as routers learn things."""

    def __init__(self, world: World) -> None:
        classes, offers = len(world.classes), len(world.offers)
        cohorts, metrics, fine = 2, len(outcome.METRICS), bins(FINE_BITS)
        self.world = world
        self.fees_ppm = [round(router.fee_share * TRADE_FEE_UNIT) for router in world.router_settings]
        self.own_key_fees_ppm = [round(router.own_key_fee_share * TRADE_FEE_UNIT) for router in world.router_settings]
        self.rules = rules_of(world)  # by class
        self.alive: dict[int, LiveRequest] = {}  # by index, so in order of arrival
        self.births = np.zeros((classes, cohorts), dtype=np.int64)
        self.outcomes = np.zeros((classes, cohorts, len(outcome.OUTCOMES)), dtype=np.int64)
        self.class_sums = np.zeros((classes, cohorts, len(outcome.CLASS_SUMS)), dtype=np.int64)
        self.offer_sums = np.zeros((offers, cohorts, len(outcome.OFFER_SUMS)), dtype=np.int64)
        self.router_sums = np.zeros((offers, len(world.routers), len(outcome.ROUTER_SUMS)), dtype=np.int64)
        self.offer_work = np.zeros((offers, len(outcome.OFFER_WORK)))
        self.class_hist = np.zeros((classes, metrics, fine), dtype=np.int64)
        self.offer_hist = np.zeros((offers, metrics, fine), dtype=np.int64)
        self.metric_sums = np.zeros((classes, metrics, 2), np.int64)
        self.samples: list[tuple[object, ...]] = []

    def born(self, request: LiveRequest) -> None:
        """A request has reached its router."""
        self.births[request.client_class, request.cohort] += 1
        self.alive[request.index] = request

    def placed(self, attempt: Attempt) -> None:
        """A router has sent an attempt to an offer."""
        request = attempt.request
        self.offer_sums[attempt.offer, request.cohort, outcome.PLACED] += 1
        self.class_sums[request.client_class, request.cohort, outcome.ATTEMPTS] += 1

    def failed(self, attempt: Attempt, kind: int) -> None:
        """A router has learned that an attempt failed."""
        self.offer_sums[attempt.offer, attempt.request.cohort, outcome.ENDED_BY + kind] += 1

    def cancelled(self, attempt: Attempt) -> None:
        """A router has cancelled an attempt whose customer left."""
        self.offer_sums[attempt.offer, attempt.request.cohort, outcome.CANCELLED] += 1

    def kept_away(self, request: LiveRequest) -> None:
        """A request is refused for nothing but its preferences."""
        self.class_sums[request.client_class, request.cohort, outcome.KEPT_AWAY] += 1

    def bill(self, attempt: Attempt, done_s: float) -> None:
        """A router has learned that a request is complete: bill it and measure it."""
        request = attempt.request
        cost = _charge_nano(attempt, attempt.served)
        good = self._measure(attempt, done_s)
        self._charge(attempt, cost)
        of_class = self.class_sums[request.client_class, request.cohort]
        of_class[outcome.PROMPT_TOKENS] += request.prompt
        of_class[outcome.OUTPUT_TOKENS] += attempt.served
        of_class[outcome.GOOD] += good
        of_class[outcome.CUT] += attempt.was_cut
        of_class[outcome.CACHED_TOKENS] += attempt.cached_tokens
        of_offer = self.offer_sums[attempt.offer, request.cohort]
        of_offer[outcome.SERVED] += 1
        self.router_sums[attempt.offer, request.router, outcome.SERVED_FOR] += 1
        of_offer[outcome.SERVED_PROMPT] += request.prompt
        of_offer[outcome.SERVED_OUTPUT] += attempt.served
        of_offer[outcome.SERVED_CUT] += attempt.was_cut
        of_offer[outcome.SERVED_CACHED] += attempt.cached_tokens
        self._count_rule(attempt)
        self.count_outcome(request, outcome.COMPLETED, done_s, cost)

    def _count_rule(self, attempt: Attempt) -> None:
        """Count a sale by the rule that placed it; what the default rule placed is the rest."""
        request = attempt.request
        rule = RULES.index("pinned") if request.pinned > 0 else self.rules[request.client_class]
        if rule > 0:
            self.offer_sums[attempt.offer, request.cohort, outcome.BY_RULE + rule] += 1

    def settle(self, attempt: Attempt, tokens: int, payer: str) -> None:
        """A provider has stopped in the middle of an answer, ``tokens`` of which it has computed."""
        cost = _charge_nano(attempt, tokens)
        if payer == "customer":
            self._charge(attempt, cost)
        elif payer == "provider":
            self.offer_sums[attempt.offer, attempt.request.cohort, outcome.WRITTEN_OFF_NANO] += cost

    def _charge(self, attempt: Attempt, cost: int) -> None:
        """Book what a customer owes for an attempt: to its offer, and the fee to the router."""
        request = attempt.request
        fees_ppm = self.own_key_fees_ppm if attempt.own_key else self.fees_ppm
        fee = (cost * fees_ppm[request.router] + TRADE_FEE_UNIT // 2) // TRADE_FEE_UNIT
        of_class = self.class_sums[request.client_class, request.cohort]
        of_offer = self.offer_sums[attempt.offer, request.cohort]
        of_class[outcome.COST_NANO] += cost
        of_class[outcome.FEE_NANO] += fee
        of_class[outcome.PAID_NANO] += cost + fee
        of_offer[outcome.REVENUE_NANO] += cost
        self.router_sums[attempt.offer, request.router, outcome.REVENUE_FOR_NANO] += cost
        if attempt.own_key:
            of_class[outcome.OWN_KEY_NANO] += cost
            of_offer[outcome.OWN_KEY_REVENUE_NANO] += cost

    def _measure(self, attempt: Attempt, done_s: float) -> bool:
        """Latencies at the customer; True if they are within the class's SLOs."""
        request, world = attempt.request, self.world
        cls, later_tokens = request.client_class, attempt.served - 1
        back_s = float(world.class_delay_s[cls])
        ttft_s = attempt.first_token_s + back_s - request.born_s
        e2e_s = done_s + back_s - request.born_s
        tpot_s = (e2e_s - ttft_s) / later_tokens if later_tokens > 0 else 0.0
        if request.cohort == outcome.MEASURED:
            self._enter(attempt, outcome.TTFT, ttft_s)
            self._enter(attempt, outcome.E2E, e2e_s)
            if later_tokens > 0:
                self._enter(attempt, outcome.TPOT, tpot_s)
        return bool(ttft_s <= world.class_slo_ttft_s[cls] and tpot_s <= world.class_slo_tpot_s[cls])

    def _enter(self, attempt: Attempt, metric: int, value_s: float) -> None:
        cls, index = attempt.request.client_class, bin_of(value_s, FINE_BITS)
        self.class_hist[cls, metric, index] += 1
        self.offer_hist[attempt.offer, metric, index] += 1
        add_time(self.metric_sums[cls, metric], value_s, self.world.grid_per_s)

    def count_outcome(self, request: LiveRequest, how: int, end_s: float, cost_nano: int = 0) -> None:
        """A request has ended with outcome ``how``."""
        self.outcomes[request.client_class, request.cohort, how] += 1
        del self.alive[request.index]
        if self._is_sampled(request):
            self.samples.append(_sample(request, how, end_s, cost_nano))

    def _is_sampled(self, request: LiveRequest) -> bool:
        return request.uniform(draws.SAMPLE, 0) < self.world.scenario.traffic.sample_share

    def tally(self, unbooked_s: list[float]) -> Tally:
        """Copy the running counters; ``unbooked_s`` as for `report`, but only of steps that are over."""
        work = self.offer_work.copy()
        work[:, outcome.BUSY_S] += unbooked_s
        return Tally(self.births.copy(), self.outcomes.copy(), self.class_sums.copy(), self.offer_sums.copy(),
                     work, seconds(self.metric_sums, self.world.grid_per_s), self.router_sums.copy())

    def report(self, now_s: float, unbooked_s: list[float], replica_s: np.ndarray) -> TrafficOutcome:
        """Copy the counters; requests still alive are in flight.

        ``unbooked_s`` is each offer's time in steps, inside the measured window, that no counter holds yet.
        """
        work = self.offer_work.copy()
        work[:, outcome.BUSY_S] += unbooked_s
        outcomes = self.outcomes.copy()
        samples = list(self.samples)
        for request in self.alive.values():
            outcomes[request.client_class, request.cohort, outcome.IN_FLIGHT] += 1
            if self._is_sampled(request):
                samples.append(_sample(request, outcome.IN_FLIGHT, now_s, 0))
        return TrafficOutcome(
            world=self.world, born=self.births.copy(), outcomes=outcomes, class_sums=self.class_sums.copy(),
            offer_sums=self.offer_sums.copy(), offer_work=work, replica_s=replica_s,
            class_hist=self.class_hist.copy(), offer_hist=self.offer_hist.copy(),
            class_metric_sums=seconds(self.metric_sums, self.world.grid_per_s),
            samples=outcome.in_order(np.array(samples, dtype=outcome.SAMPLE)), end_s=now_s,
            router_sums=self.router_sums.copy(),
        )


def _charge_nano(attempt: Attempt, tokens: int) -> int:
    """Charge of an answer of so many tokens at the terms of its attempt, nano-dollars."""
    terms, request = attempt.terms, attempt.request
    lines_pico = prompt_pico(terms, request.prompt, attempt.cached_tokens) + tokens * terms.output
    return int(charge_nano(lines_pico, terms.kept_ppm))


def _sample(request: LiveRequest, how: int, end_s: float, cost_nano: int) -> tuple[object, ...]:
    """Return a row of dtype ``SAMPLE``: times at the router, of the newest attempt; -1 where none."""
    last = request.last
    placed_s, first_token_s, offer, served = -1.0, -1.0, -1, 0
    if last is not None:
        placed_s, offer = last.dispatched_s, last.offer
        if not last.waits_for_first_token:
            first_token_s = last.first_token_s
        served = last.served if how == outcome.COMPLETED else 0
    return (request.key, request.born_s, placed_s, first_token_s, end_s, request.client_class, offer,
            request.prompt, served, request.output, request.attempts, how,
            finish_of(how, served, request.output), cost_nano)
