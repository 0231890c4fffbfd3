"""How a router picks an offer: who may be chosen, then affinity, exploration or the policy (semantics, section 2)."""

from dataclasses import dataclass, field

import numpy as np

from sim import draws, policy, view
from sim.engines.reference.health import Health
from sim.engines.reference.network import Channels
from sim.engines.reference.request import LiveRequest
from sim.engines.reference.telemetry import Observed
from sim.engines.reference.terms import PostedPrice
from sim.errors import PolicyError
from sim.policy import Memory


@dataclass(frozen=True)
class Stick:
    """An entry of the affinity table: the offer that served a session last, until it expires."""

    session: int
    offer: int
    expires_s: float


@dataclass
class Candidates:
    """The offers of a request's model and which of them it may go to now."""

    first: int  # index of row 0 among all offers
    count: int
    open: set[int] = field(default_factory=set)  # offers
    only_tried: bool = False  # some are closed for no other reason than that they were tried
    resting: bool = False  # some are closed by a cool-down or a breaker and may be used when they return

    @property
    def offers(self) -> range:
        """All of them, in row order."""
        return range(self.first, self.first + self.count)


class Placer:
    """What a router knows, and how it picks an offer for a request's next attempt.

    Parameters
    ----------
    index
        The router.
    network
        The way to the offers.
    prices
        Posted prices of all offers, shared with whoever changes them.
    """

    def __init__(
        self, index: int, network: Channels, prices: list[PostedPrice]
    ) -> None:
        world = network.world
        self.index = index
        self.world = world
        self.clock = network.clock
        self.network = network
        self.prices = prices
        self.settings = world.router(index)
        self.bound = world.policies[index]
        self.live = np.zeros((len(world.offers), view.COLUMNS))
        telemetry = self.settings.telemetry
        published = world.scenario.traffic.publish_period_s is not None
        self.observed = [
            Observed(row, offer, telemetry, published)
            for row, offer in zip(self.live, world.offers, strict=True)
        ]
        self.health = [Health(self.settings.cooldown, self.settings.breaker, world.grid_per_s) for _ in world.offers]
        self.stale = telemetry.stale_view_s > 0
        self.shown = self.live.copy() if self.stale else self.live
        self.sticks: dict[tuple[int, int], Stick] = {}  # by model and slot
        self.memories = [self._new_memory(model) for model in range(len(world.models))]

    def _new_memory(self, model: int) -> Memory:
        rows = int(self.world.model_first[model + 1] - self.world.model_first[model])
        rule, parameters = self.bound.policy, self.bound.parameter_array()
        return Memory(np.zeros((rows, rule.offer_slots)), np.zeros(rule.shared_slots), parameters)

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
            elif self._may_return(request, offer):
                candidates.resting = True
        return candidates

    def _is_usable(self, request: LiveRequest, offer: int) -> bool:
        """True if the offer may serve the request, were it not for the attempts already made."""
        return self._suits(request, offer) and self.health[offer].lets_through(self.clock.now)

    def _may_return(self, request: LiveRequest, offer: int) -> bool:
        """True if an offer that rests could serve the request once it returns."""
        spent = offer in request.tried and not self.settings.attempts.retry_tried
        return self._suits(request, offer) and not spent

    def _suits(self, request: LiveRequest, offer: int) -> bool:
        """True if the offer could serve the request, rested or not, tried or not."""
        wants, row = self.settings.preferences, self.live[offer]
        max_in, max_out = wants.max_input_usd_per_mtok, wants.max_output_usd_per_mtok
        return bool(
            self.prices[offer].listed
            and request.least_tokens <= self.world.offers[offer].context_tokens
            and (max_in is None or row[view.PRICE_IN] <= max_in)
            and (max_out is None or row[view.PRICE_OUT] <= max_out)
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
            row[view.COST_USD] = self.prices[offer].cost_usd(row, request)
            row[view.OPEN] = offer in candidates.open
            if self.bound.policy.oracle:
                row[view.TRUE_WORK_S] = self.network.deployments[offer].true_work_s
            for column in (view.COST_USD, view.OPEN):
                self.shown[offer, column] = row[column]

    def _pick(self, request: LiveRequest, candidates: Candidates) -> int | None:
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
        stick = self.sticks.get((request.model, draws.slot_of(request.session, self.settings.affinity.slots)))
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
