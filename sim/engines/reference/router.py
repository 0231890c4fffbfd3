"""A router: it places requests, hears of them, and watches their time (semantics, sections 2 to 4 and 6)."""

import math
from itertools import pairwise

from sim import draws, policy
from sim.engines import outcome
from sim.engines.answers import expected_tokens
from sim.engines.reference.network import Channels
from sim.engines.reference.place import Candidates, Stick
from sim.engines.reference.rates import Door
from sim.engines.reference.request import Attempt, LiveRequest
from sim.engines.reference.sorted_models import SortedModels
from sim.engines.reference.terms import PostedPrice
from sim.engines.reference.waiting import RouterQueue
from sim.engines.rules import BACK_OFF_ENDS, LOOK, OUTCOME_OF_FAILURE, TIME_OUT, TIMER
from sim.engines.stay import stay_s
from sim.engines.world import marketplace_rates
from sim.policy import Event

Placement = tuple[int, int, int, float]  # key, attempt, offer, time


class LiveRouter(SortedModels):
    """A marketplace that sees its own traffic only.

    Parameters
    ----------
    index, network, prices
        As for `Placer`.
    record
        Every placement is appended to it, if it is given.
    """

    def __init__(
        self, index: int, network: Channels, prices: list[PostedPrice], record: list[Placement] | None
    ) -> None:
        super().__init__(index, network, prices)
        self.books = network.books
        self.record = record
        self.answers: dict[tuple[int, int], tuple[int, int]] = {}  # by class and model: tokens, and how many ended
        self.door = Door(marketplace_rates(self.settings.limits))
        self.queues = [RouterQueue() for _ in self.world.models]

    # Placing a request

    def hear_request(self, request: LiveRequest) -> None:
        """A request arrives from its customer."""
        self.books.born(request)
        self._expect(request)
        if not self.door.within_limits((request.client_class, request.model), request.weight, self.clock.now):
            self._end_request(request, outcome.REFUSED)
            return
        self._set_timer(request)
        self._place(request)

    def _expect(self, request: LiveRequest) -> None:
        """Write down how long an answer the router expects: it cannot know the true one."""
        tokens, answers = self.answers.get((request.client_class, request.model), (0, 0))
        request.expected_output = expected_tokens(request.expected_output, request.max_tokens, tokens, answers)

    def _remember(self, attempt: Attempt) -> None:
        """Count an answer that has ended among those of its class."""
        kind = attempt.request.client_class, attempt.request.model
        tokens, answers = self.answers.get(kind, (0, 0))
        self.answers[kind] = tokens + attempt.served, answers + 1

    def _place(self, request: LiveRequest) -> None:
        """Pick an offer and send an attempt there, or end the request if there is none."""
        self._ask_best_model(request)
        candidates = self._find_candidates(request)
        if not candidates.open and candidates.only_tried and self.settings.attempts.retry_tried:
            request.tried.clear()
            candidates = self._find_candidates(request)
        if self._send_to_one_of(request, candidates):
            return
        hopes = self.clock.now < self._budget_ends_s(request) and self._some_may_return(request, candidates)
        if not candidates.open and (request.waits or hopes) and not self._next_models(request):
            self._wait(request)
        else:
            if not candidates.open and not self._next_models(request):
                self._note_kept_away(request)
            self._try_next_model(request)

    def _note_kept_away(self, request: LiveRequest) -> None:
        """Count a request that nothing but its preferences leaves without an offer: it is refused, whatever failed."""
        if any(self._is_kept_away(request, model) for model in self._models_of(request)):
            request.last_failure = policy.NO_FAILURE
            self.books.kept_away(request)

    def _send_to_one_of(self, request: LiveRequest, candidates: Candidates) -> bool:
        """Send an attempt to one of the open offers; False if there is none or the policy declines."""
        if not candidates.open:
            return False
        self._prefer(request, candidates)
        self._show(request, candidates)
        offer = self._pick(request, candidates)
        if offer is None:
            return False
        self._dispatch(request, offer)
        return True

    def _hedge(self, request: LiveRequest) -> None:
        """Send a second attempt beside one that waits for its first token, if there is an offer for it."""
        request.hedge_s = math.inf
        if self.clock.now - request.arrive_s < self.settings.attempts.budget_s:
            self._send_to_one_of(request, self._find_candidates(request))
        self._set_timer(request)

    def _dispatch(self, request: LiveRequest, offer: int) -> None:
        """Send an attempt to an offer."""
        price, now_s = self.prices[offer], self.clock.now
        probe = self.health[offer].place()
        attempt = Attempt(request, request.attempts, offer, now_s, price.terms_of(request), probe,
                          has_cache=self.world.offers[offer].block_tokens > 0)
        wishes = self.wishes[request.client_class]
        attempt.own_key = wishes is not None and wishes.uses_own_key(request, offer)
        if self.record is not None:
            self.record.append((request.key, request.attempts, offer, now_s))
        self._leave_queue(request)
        request.attempts += 1
        request.tried[offer] += 1
        if request.live is None:
            request.live = request.last = attempt
        else:
            request.second = attempt
        request.hedge_s = self._hedge_time_s(request)
        self.observed[offer].saw_dispatch(request.weight)
        self.books.placed(attempt)
        self._tell_policy(policy.DISPATCH, attempt)
        self.network.send_dispatch(attempt)
        self._set_timer(request)

    # Waiting for an offer to return

    def _budget_ends_s(self, request: LiveRequest) -> float:
        return self.clock.on_grid(request.arrive_s + self.settings.attempts.budget_s)

    def _wait(self, request: LiveRequest) -> None:
        """Let a request wait for an offer of its model to return, unless it does so already."""
        if not request.waits:
            request.waits = True
            self.queues[self.queue_of[request.model]].add(request)
            self._set_timer(request)

    def _leave_queue(self, request: LiveRequest) -> None:
        if request.waits:
            request.waits = False
            self.queues[self.queue_of[request.model]].remove(request)

    def look_at(self, when_s: float, model: int) -> None:
        """Look at who waits for a model then: one of its offers may have returned."""
        # A look at which nothing has changed finds nobody a place, so there is no harm in one too many.
        queue = self.queue_of[model]
        self.clock.at(when_s, (LOOK, self.index, queue), self._look, queue)

    def _look(self, queue: int) -> None:
        for request in self.queues[queue].in_order():
            self._place(request)

    def _look_for_return(self, attempt: Attempt) -> None:
        """Set the looks at which the offer of an attempt that has ended may be back."""
        for when_s in self.health[attempt.offer].returns_s(self.clock.now, attempt.probe):
            self.look_at(when_s, attempt.request.model)

    # Messages from offers

    def hear_first_token(self, attempt: Attempt) -> None:
        """The first token of an attempt arrives."""
        if not attempt.is_live:
            return
        request = attempt.request
        attempt.first_token_s = self.clock.now
        self.observed[attempt.offer].saw_first_token(attempt, self.clock.now)
        self._tell_policy(policy.FIRST_TOKEN, attempt)
        for other in request.live_attempts:
            if other is not attempt:
                self._drop(other)
        self._set_timer(request)

    def hear_done(self, attempt: Attempt) -> None:
        """The last token of an attempt arrives."""
        if not attempt.is_live:
            return
        request, now_s = attempt.request, self.clock.now
        self._let_go(attempt)
        self._remember(attempt)
        self.observed[attempt.offer].saw_done(attempt, now_s)
        self._stick(attempt)
        self.health[attempt.offer].succeed(attempt.probe, now_s)
        self._look_for_return(attempt)
        self._tell_policy(policy.DONE, attempt)
        request.ended = True
        self.books.bill(attempt, now_s)
        self.network.turns.follow(request)

    def _stick(self, attempt: Attempt) -> None:
        """Bind the session of a request to the offer that has served it."""
        affinity, request, now_s = self.settings.stickiness, attempt.request, self.clock.now
        if affinity.ttl_s == 0 or request.session < 0:
            return
        place = request.model, draws.slot_of(request.session, affinity.slots)
        held = self.sticks.get(place)
        sticks = held is not None and now_s < held.expires_s and (held.session, held.offer) == (
            request.session, attempt.offer)
        if affinity.begins == "success" or attempt.cached_tokens > 0 or sticks:
            self.sticks[place] = Stick(request.session, attempt.offer, self.clock.on_grid(now_s + affinity.ttl_s))

    def hear_fail(self, attempt: Attempt, kind: int) -> None:
        """An attempt is refused, has failed, or was given up: try again or end the request."""
        if not attempt.is_live:
            return
        request = attempt.request
        self._let_go(attempt)
        self._blame(attempt, kind)
        self._tell_policy(policy.FAILED, attempt, kind)
        request.last_failure = kind
        if request.live is None:
            self._fail_over(request)
        else:
            self._set_timer(request)  # the other attempt goes on alone

    def _fail_over(self, request: LiveRequest) -> None:
        """Try again, now or later, or give up."""
        limits, kind = self.settings.attempts, request.last_failure
        in_time = self.clock.now - request.arrive_s < limits.budget_s
        may_retry = request.attempts - request.earlier < limits.maximum and in_time
        if kind == policy.MIDSTREAM:
            self._end_request(request, OUTCOME_OF_FAILURE[kind])
        elif not may_retry:
            self._try_next_model(request)
        elif limits.backoff_s == 0:
            self._place(request)
        else:
            self._set_timer(request)
            order = (TIMER, request.key, BACK_OFF_ENDS)
            self.clock.after(self._back_off_s(request), order, self._place_again, request)

    def _back_off_s(self, request: LiveRequest) -> float:
        limits, attempts = self.settings.attempts, request.attempts
        pause_s = min(limits.backoff_s * 2 ** (attempts - request.earlier - 1), limits.backoff_cap_s)
        return float(pause_s * (1 + limits.jitter * request.uniform(draws.BACKOFF, attempts)))

    def _next_models(self, request: LiveRequest) -> tuple[int, ...]:
        """Models that a request may still go on to; none once its budget is over."""
        in_time = self.clock.now - request.arrive_s < self.settings.attempts.budget_s
        if not self.world.class_fallbacks or not in_time or self.together[request.client_class]:
            return ()
        return self.world.class_fallbacks[request.client_class][request.asked:]

    def _try_next_model(self, request: LiveRequest) -> None:
        """Place a request that no offer of its model could serve at the next of its models, or end it."""
        models = self._next_models(request)
        if not models:
            self._end_request(request, OUTCOME_OF_FAILURE[request.last_failure])
            return
        request.model = models[0]
        request.asked += 1
        request.earlier = request.attempts
        request.tried.clear()
        self._place(request)

    def _place_again(self, request: LiveRequest) -> None:
        if not request.ended:
            self._place(request)

    def _let_go(self, attempt: Attempt) -> None:
        """Stop listening to an attempt."""
        attempt.request.let_go(attempt)
        self.observed[attempt.offer].let_go(attempt.request.weight)

    def _blame(self, attempt: Attempt, kind: int) -> None:
        """Count a failure against its offer."""
        self.books.failed(attempt, kind)
        health = self.health[attempt.offer]
        health.fail(kind, attempt.probe, self.clock.now, self._is_lone(attempt))
        self._look_for_return(attempt)
        self.observed[attempt.offer].saw_failure(kind, health.hard_failures, self.clock.now)

    def _is_lone(self, attempt: Attempt) -> bool:
        """True if the offer of an attempt is the only one of its model that is listed, or not even that."""
        model = attempt.request.model
        offers = range(int(self.world.model_first[model]), int(self.world.model_first[model + 1]))
        return sum(self.prices[offer].listed for offer in offers) <= 1

    def _tell_policy(self, kind: int, attempt: Attempt, failure: int = policy.NO_FAILURE) -> None:
        observe = self.bound.policy.observe
        if observe is None:
            return
        request = attempt.request
        saw_token = kind in (policy.FIRST_TOKEN, policy.DONE)
        prompt_usd, output_usd = attempt.told_usd if kind == policy.DONE else (0.0, 0.0)
        beginning = self._beginning(request)
        if kind != policy.DISPATCH:
            beginning.pop("history_tokens", None)
        event = Event(
            kind=kind, row=attempt.offer - int(self.world.model_first[request.model]), now_s=self.clock.now,
            prompt_tokens=request.prompt, output_tokens=attempt.served if kind == policy.DONE else 0,
            ttft_s=attempt.first_token_s - attempt.dispatched_s if saw_token else 0.0,
            e2e_s=self.clock.now - attempt.dispatched_s, failure=failure, prompt_usd=prompt_usd, output_usd=output_usd,
            request=draws.number_of(request.key), session=request.session,
            cached_tokens=attempt.cached_tokens if kind == policy.DONE else 0, **beginning,
        )
        observe(self.memories[request.model], event)

    # Time-outs

    def _deadlines_s(self, request: LiveRequest) -> tuple[float, float, float, float]:
        """When patience, the whole request, and a live attempt or its wait run out, and a second is due."""
        limits, attempt = self.settings.attempts, request.live
        on_grid = self.clock.on_grid
        patience_s, total_s, hedge_s = on_grid(request.patience_until_s), math.inf, math.inf
        if limits.total_timeout_s is not None:
            total_s = on_grid(request.arrive_s + limits.total_timeout_s)
        if attempt is not None and not attempt.waits_for_first_token:
            patience_s = on_grid(attempt.first_token_s + self._stay_s(request))
        elif attempt is not None and request.second is None:
            hedge_s = request.hedge_s
        attempt_s = min(map(self._attempt_deadline_s, request.live_attempts), default=math.inf)
        if request.waits:
            attempt_s = self._budget_ends_s(request)
        return patience_s, total_s, attempt_s, hedge_s

    def _attempt_deadline_s(self, attempt: Attempt) -> float:
        """When an attempt must have its first token."""
        timeout_s = self.settings.attempts.first_token_timeout_s
        if timeout_s is None or not attempt.waits_for_first_token:
            return math.inf
        return self.clock.on_grid(attempt.dispatched_s + timeout_s)

    def _hedge_time_s(self, request: LiveRequest) -> float:
        """When the attempt that is sent now gets a second beside it, unless something is heard of it before."""
        limits = self.settings.attempts
        if limits.hedge_s is None or request.attempts - request.earlier >= limits.maximum:
            return math.inf
        return self.clock.on_grid(self.clock.now + limits.hedge_s)

    def _stay_s(self, request: LiveRequest) -> float:
        mean_s = float(self.world.class_stay_s[request.client_class])
        return float(stay_s(request.key, mean_s)) if mean_s < math.inf else math.inf

    def _set_timer(self, request: LiveRequest) -> None:
        """Set the request's one timer to its earliest deadline; a deadline in the past fires at once."""
        # SimPy's events cannot be taken back: a timer with an older number is void when it fires.
        request.timer += 1
        due_s = min(self._deadlines_s(request))
        if due_s < math.inf:
            due_s = max(due_s, self.clock.now)
            self.clock.at(due_s, (TIMER, request.key, TIME_OUT), self._time_out, request, request.timer)

    def _time_out(self, request: LiveRequest, timer: int) -> None:
        if request.ended or timer != request.timer:
            return  # the timer has been set anew since
        now_s = self.clock.now
        patience_s, total_s, attempt_s, _ = self._deadlines_s(request)
        if patience_s <= now_s:
            self._give_up(request, outcome.ABANDONED)
        elif total_s <= now_s:
            self._give_up(request, outcome.TIMED_OUT)
        elif request.waits:
            self._note_kept_away(request)
            self._end_request(request, OUTCOME_OF_FAILURE[request.last_failure])
        elif attempt_s <= now_s:
            late = min(request.live_attempts, key=self._attempt_deadline_s)
            self.network.send_cancel(late)
            self.hear_fail(late, policy.TIMED_OUT)
        else:
            self._hedge(request)

    def _give_up(self, request: LiveRequest, how: int) -> None:
        """End a request whose patience or time is over; only a time-out is blamed on its offers."""
        for attempt in request.live_attempts:
            if how == outcome.TIMED_OUT:
                self.network.send_cancel(attempt)
                self._let_go(attempt)
                self._blame(attempt, policy.TIMED_OUT)
                self._tell_policy(policy.CANCELLED, attempt)
            else:
                attempt.left = not attempt.waits_for_first_token
                self._drop(attempt)
        self._end_request(request, how)

    def _drop(self, attempt: Attempt) -> None:
        """Cancel an attempt that nobody is to blame for."""
        self.network.send_cancel(attempt)
        self._let_go(attempt)
        self.health[attempt.offer].give_up(attempt.probe)
        self._look_for_return(attempt)
        self.books.cancelled(attempt)
        self._tell_policy(policy.CANCELLED, attempt)

    def _end_request(self, request: LiveRequest, how: int) -> None:
        self._leave_queue(request)
        request.ended = True
        self.books.count_outcome(request, how, self.clock.now)
        self.network.turns.follow(request)

    # Ticks

    def copy_view(self) -> None:
        """Show policies the live view as it is now, until the next tick."""
        for observed in self.observed:
            observed.refresh(self.clock.now)
        for first, end in pairwise(self.world.model_first.tolist()):
            self._show_newcomers(self.observed[first:end])
        self.shown[:] = self.live
