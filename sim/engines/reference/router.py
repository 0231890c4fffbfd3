"""A router: it places requests, hears of them, and watches their time (semantics, sections 2 to 4 and 6)."""

import math
from dataclasses import dataclass, field

import numpy as np

from sim import draws, policy, view
from sim.engines import outcome
from sim.engines.reference.clock import ORDINARY
from sim.engines.reference.health import Health
from sim.engines.reference.network import Network
from sim.engines.reference.request import Attempt, LiveRequest
from sim.engines.reference.telemetry import Observed
from sim.errors import PolicyError
from sim.policy import Event, Memory

OUTCOME_OF_FAILURE = {
    policy.OUTAGE: outcome.FAILED,
    policy.SERVER_ERROR: outcome.FAILED,
    policy.RATE_LIMITED: outcome.REFUSED,
    policy.QUEUE_FULL: outcome.REFUSED,
    policy.TOO_LONG: outcome.REFUSED,
    policy.MIDSTREAM: outcome.FAILED,
    policy.TIMED_OUT: outcome.TIMED_OUT,
}

Placement = tuple[int, int, int, float]  # key, attempt, offer, time


@dataclass(frozen=True)
class Stick:
    """An entry of the affinity table: the offer that served a session last, until it expires."""

    session: int
    offer: int
    expires_s: float


@dataclass
class PostedPrice:
    """Prices of an offer as they stand, nano-dollars per token."""

    in_nano: int
    out_nano: int
    cached_nano: int
    listed: bool = True

    def prompt_nano(self, request: LiveRequest) -> int:
        """Charge for a request's prompt: its prefix at the price of cached tokens."""
        return (request.prompt - request.prefix) * self.in_nano + request.prefix * self.cached_nano


@dataclass
class Candidates:
    """The offers of a request's model and which of them it may go to now."""

    first: int  # index of row 0 among all offers
    count: int
    open: set[int] = field(default_factory=set)  # offers
    only_tried: bool = False  # some are closed for no other reason than that they were tried

    @property
    def offers(self) -> range:
        """All of them, in row order."""
        return range(self.first, self.first + self.count)


class Router:
    """A marketplace that sees its own traffic only."""

    def __init__(
        self, index: int, network: Network, prices: list[PostedPrice], record: list[Placement] | None
    ) -> None:
        world = network.world
        self.index = index
        self.world = world
        self.clock = network.clock
        self.network = network
        self.books = network.books
        self.prices = prices
        self.record = record
        self.settings = world.scenario.routers[world.routers[index]]
        self.bound = world.policies[index]
        self.live = np.zeros((len(world.offers), view.COLUMNS))
        telemetry = self.settings.telemetry
        published = world.scenario.traffic.publish_period_s is not None
        self.observed = [
            Observed(row, offer, telemetry, published)
            for row, offer in zip(self.live, world.offers, strict=True)
        ]
        self.health = [Health(self.settings.cooldown, self.settings.breaker) for _ in world.offers]
        self.stale = telemetry.stale_view_s > 0
        self.shown = self.live.copy() if self.stale else self.live
        self.sticks: dict[int, Stick] = {}
        self.memories = [self._new_memory(model) for model in range(len(world.models))]

    def _new_memory(self, model: int) -> Memory:
        rows = int(self.world.model_first[model + 1] - self.world.model_first[model])
        rule, parameters = self.bound.policy, self.bound.parameter_array()
        return Memory(np.zeros((rows, rule.offer_slots)), np.zeros(rule.shared_slots), parameters)

    # Placing a request

    def hear_request(self, request: LiveRequest) -> None:
        """A request arrives from its customer."""
        self.books.born(request)
        self._set_timer(request)
        self._place(request)

    def _place(self, request: LiveRequest) -> None:
        """Pick an offer and send an attempt there, or end the request if there is none."""
        candidates = self._find_candidates(request)
        if not candidates.open and candidates.only_tried and self.settings.attempts.retry_tried:
            request.tried.clear()
            candidates = self._find_candidates(request)
        if candidates.open:
            self._prefer(candidates)
            self._show(request, candidates)
            offer = self._choose(request, candidates)
            if offer is not None:
                self._dispatch(request, offer)
                return
        first_try = request.attempts == 0
        self._end(request, outcome.REFUSED if first_try else OUTCOME_OF_FAILURE[request.last_failure])

    def _find_candidates(self, request: LiveRequest) -> Candidates:
        """Refresh the rows of the request's model and see which offers it may go to."""
        first = int(self.world.model_first[request.model])
        candidates = Candidates(first, int(self.world.model_first[request.model + 1]) - first)
        for offer in candidates.offers:
            self.observed[offer].refresh(self.clock.now)
            if self._is_usable(request, offer):
                if offer in request.tried:
                    candidates.only_tried = True
                else:
                    candidates.open.add(offer)
        return candidates

    def _is_usable(self, request: LiveRequest, offer: int) -> bool:
        """True if the offer may serve the request, were it not for the attempts already made."""
        wants, row = self.settings.preferences, self.live[offer]
        max_in, max_out = wants.max_input_usd_per_mtok, wants.max_output_usd_per_mtok
        return bool(
            self.prices[offer].listed
            and request.prompt + request.output <= self.world.offers[offer].context_tokens
            and (max_in is None or row[view.PRICE_IN] <= max_in)
            and (max_out is None or row[view.PRICE_OUT] <= max_out)
            and self.health[offer].lets_through(self.clock.now)
        )

    def _prefer(self, candidates: Candidates) -> None:
        """Close the open offers that miss a wanted percentile, unless all of them do."""
        meeting = {offer for offer in candidates.open if self._meets_preferences(self.live[offer])}
        if meeting:
            candidates.open = meeting

    def _meets_preferences(self, row: np.ndarray) -> bool:
        wants = self.settings.preferences
        at_most = ((wants.ttft_p50_s, view.TTFT_P50), (wants.ttft_p90_s, view.TTFT_P90),
                   (wants.ttft_p99_s, view.TTFT_P99))
        at_least = ((wants.throughput_p50, view.THROUGHPUT_P50), (wants.throughput_p90, view.THROUGHPUT_P90),
                    (wants.throughput_p99, view.THROUGHPUT_P99))
        return all(wanted is None or row[column] <= wanted for wanted, column in at_most) and all(
            wanted is None or row[column] >= wanted for wanted, column in at_least
        )

    def _show(self, request: LiveRequest, candidates: Candidates) -> None:
        """Fill the columns that belong to this decision; a stale view gets two of them."""
        for offer in candidates.offers:
            row = self.live[offer]
            cost = request.prompt * row[view.PRICE_IN] + request.expected_output * row[view.PRICE_OUT]
            row[view.COST_USD] = cost / 1e6
            row[view.OPEN] = offer in candidates.open
            if self.bound.policy.oracle:
                row[view.TRUE_WORK_S] = self.network.deployments[offer].true_work_s
            for column in (view.COST_USD, view.OPEN):
                self.shown[offer, column] = row[column]

    def _choose(self, request: LiveRequest, candidates: Candidates) -> int | None:
        """Affinity, else exploration, else the policy; none if that declines."""
        stuck = self._stuck_offer(request)
        if stuck in candidates.open:
            return stuck
        attempt = request.attempts
        if request.uniform(draws.EXPLORE, attempt) < self.settings.exploration:
            in_order = sorted(candidates.open)
            return in_order[int(request.uniform(draws.EXPLORE_PICK, attempt) * len(in_order))]
        return self._ask_policy(request, candidates)

    def _stuck_offer(self, request: LiveRequest) -> int | None:
        """Return the offer that the request's session sticks to, if any."""
        if self.settings.affinity.ttl_s == 0 or request.session < 0:
            return None
        stick = self.sticks.get(draws.slot_of(request.session, self.settings.affinity.slots))
        if stick is None or stick.session != request.session or self.clock.now >= stick.expires_s:
            return None
        return stick.offer

    def _ask_policy(self, request: LiveRequest, candidates: Candidates) -> int | None:
        rows = self.shown[candidates.first:candidates.first + candidates.count]
        asked = policy.Request(
            now_s=self.clock.now, prompt_tokens=request.prompt,
            expected_output_tokens=request.expected_output, attempt=request.attempts,
            session=request.session, client_class=request.client_class, first_row=candidates.first,
        )
        u = request.uniform(draws.ROUTE, request.attempts)
        rule = self.bound.policy
        row = rule.choose(rows, asked, self.memories[request.model], u)
        if row == -1:
            return None
        if not isinstance(row, int | np.integer):
            raise PolicyError(f"policy {rule.kind!r} chose {row!r}; choose must return an int, the row of an "
                              "open offer (or -1 to decline)")
        if not 0 <= row < candidates.count:
            raise PolicyError(f"policy {rule.kind!r} chose row {row} of {candidates.count}; "
                              f"allowed are -1 and the rows 0 to {candidates.count - 1} that are open")
        offer = candidates.first + int(row)
        if offer not in candidates.open:
            raise PolicyError(f"policy {rule.kind!r} chose row {row}, which is closed; "
                              "allowed are -1 and open rows")
        return offer

    def _dispatch(self, request: LiveRequest, offer: int) -> None:
        """Send an attempt to an offer."""
        price, now_s = self.prices[offer], self.clock.now
        probe = self.health[offer].place()
        attempt = Attempt(request, offer, now_s, price.prompt_nano(request), price.out_nano, probe)
        if self.record is not None:
            self.record.append((request.key, request.attempts, offer, now_s))
        request.attempts += 1
        request.tried.add(offer)
        request.live = request.last = attempt
        self.observed[offer].dispatch(request.weight)
        self.books.placed(attempt)
        self._tell_policy(policy.DISPATCH, attempt)
        self.network.send_dispatch(attempt)
        self._set_timer(request)

    # Messages from offers

    def hear_first_token(self, attempt: Attempt) -> None:
        """The first token of an attempt arrives."""
        if not attempt.is_live:
            return
        attempt.first_token_s = self.clock.now
        self.observed[attempt.offer].first_token(attempt, self.clock.now)
        self._tell_policy(policy.FIRST_TOKEN, attempt)
        self._set_timer(attempt.request)

    def hear_done(self, attempt: Attempt) -> None:
        """The last token of an attempt arrives."""
        if not attempt.is_live:
            return
        request, now_s = attempt.request, self.clock.now
        self._release(attempt)
        self.observed[attempt.offer].done(attempt, now_s)
        affinity = self.settings.affinity
        if affinity.ttl_s > 0 and request.session >= 0:
            stick = Stick(request.session, attempt.offer, now_s + affinity.ttl_s)
            self.sticks[draws.slot_of(request.session, affinity.slots)] = stick
        self.health[attempt.offer].succeed(attempt.probe)
        self._tell_policy(policy.DONE, attempt)
        request.ended = True
        self.books.completed(attempt, now_s)

    def hear_fail(self, attempt: Attempt, kind: int) -> None:
        """An attempt is refused, has failed, or was given up: try again or end the request."""
        if not attempt.is_live:
            return
        request, limits, now_s = attempt.request, self.settings.attempts, self.clock.now
        self._release(attempt)
        self._blame(attempt, kind)
        self._tell_policy(policy.FAILED, attempt, kind)
        request.last_failure = kind
        may_retry = request.attempts < limits.maximum and now_s - request.arrive_s < limits.budget_s
        if kind == policy.MIDSTREAM or not may_retry:
            self._end(request, OUTCOME_OF_FAILURE[kind])
        elif limits.backoff_s == 0:
            self._place(request)
        else:
            self._set_timer(request)
            self.clock.after(self._back_off_s(request), self._place_again, request)

    def _back_off_s(self, request: LiveRequest) -> float:
        limits, attempts = self.settings.attempts, request.attempts
        pause_s = min(limits.backoff_s * 2 ** (attempts - 1), limits.backoff_cap_s)
        return float(pause_s * (1 + limits.jitter * request.uniform(draws.BACKOFF, attempts)))

    def _place_again(self, request: LiveRequest) -> None:
        if not request.ended:
            self._place(request)

    def _release(self, attempt: Attempt) -> None:
        """Stop listening to an attempt."""
        attempt.request.live = None
        self.observed[attempt.offer].leave(attempt.request.weight)

    def _blame(self, attempt: Attempt, kind: int) -> None:
        """Count a failure against its offer."""
        self.books.failed(attempt, kind)
        health = self.health[attempt.offer]
        health.fail(kind, attempt.probe, self.clock.now)
        self.observed[attempt.offer].fail(kind, health.hard_failures, self.clock.now)

    def _tell_policy(self, kind: int, attempt: Attempt, failure: int = policy.NO_FAILURE) -> None:
        observe = self.bound.policy.observe
        if observe is None:
            return
        request = attempt.request
        saw_token = kind in (policy.FIRST_TOKEN, policy.DONE)
        event = Event(
            kind=kind, row=attempt.offer - int(self.world.model_first[request.model]), now_s=self.clock.now,
            prompt_tokens=request.prompt, output_tokens=request.output if kind == policy.DONE else 0,
            ttft_s=attempt.first_token_s - attempt.dispatched_s if saw_token else 0.0,
            e2e_s=self.clock.now - attempt.dispatched_s, failure=failure,
        )
        observe(self.memories[request.model], event)

    # Time-outs

    def _deadlines_s(self, request: LiveRequest) -> tuple[float, float, float]:
        """When patience, the whole request and its live attempt run out (``inf``: never)."""
        limits, attempt = self.settings.attempts, request.live
        patience_s, total_s, attempt_s = request.patience_until_s, math.inf, math.inf
        if limits.total_timeout_s is not None:
            total_s = request.arrive_s + limits.total_timeout_s
        if attempt is not None and not attempt.waits_for_first_token:
            patience_s = math.inf
        elif attempt is not None and limits.first_token_timeout_s is not None:
            attempt_s = attempt.dispatched_s + limits.first_token_timeout_s
        return patience_s, total_s, attempt_s

    def _set_timer(self, request: LiveRequest) -> None:
        """Set the request's one timer to its earliest deadline; a deadline in the past fires at once."""
        request.timer += 1
        due_s = min(self._deadlines_s(request))
        if due_s < math.inf:
            due_s = max(due_s, self.clock.now)
            self.clock.at(due_s, ORDINARY, self._time_out, request, request.timer)

    def _time_out(self, request: LiveRequest, timer: int) -> None:
        if request.ended or timer != request.timer:
            return  # the timer has been set anew since
        now_s, attempt = self.clock.now, request.live
        patience_s, total_s, _ = self._deadlines_s(request)
        if attempt is not None:
            self.network.send_cancel(attempt)
        if patience_s <= now_s:
            self._give_up(request, outcome.ABANDONED)
        elif total_s <= now_s:
            self._give_up(request, outcome.TIMED_OUT)
        elif attempt is not None:
            self.hear_fail(attempt, policy.TIMED_OUT)

    def _give_up(self, request: LiveRequest, how: int) -> None:
        """End a request whose patience or time is over; only a time-out is blamed on its offer."""
        attempt = request.live
        if attempt is not None:
            self._release(attempt)
            if how == outcome.TIMED_OUT:
                self._blame(attempt, policy.TIMED_OUT)
            else:
                self.health[attempt.offer].give_up(attempt.probe)
                self.books.cancelled(attempt)
            self._tell_policy(policy.CANCELLED, attempt)
        self._end(request, how)

    def _end(self, request: LiveRequest, how: int) -> None:
        request.ended = True
        self.books.ended(request, how, self.clock.now)

    # Ticks

    def copy_view(self) -> None:
        """Show policies the live view as it is now, until the next tick."""
        for observed in self.observed:
            observed.refresh(self.clock.now)
        self.shown[:] = self.live
