"""How a router picks an offer: who may be chosen, then affinity, exploration or the policy (semantics, section 2)."""

from dataclasses import dataclass, field

import numpy as np

from sim import draws, policy, view
from sim.engines.documents import document_number
from sim.engines.offer_weights import weights_of
from sim.engines.reference.health import Health
from sim.engines.reference.narrow import leave_out_drained, prefer_tier, weigh
from sim.engines.reference.network import Channels
from sim.engines.reference.newcomers import show_newcomers
from sim.engines.reference.preferences import Wishes
from sim.engines.reference.request import LiveRequest
from sim.engines.reference.telemetry import Observed
from sim.engines.reference.terms import PostedPrice
from sim.engines.wanted import admitted_tiers, wishes_of
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
        self.weights = weights_of(world)[index]
        self.live[:, view.WEIGHT] = self.weights
        self.stale = telemetry.stale_view_s > 0
        self.shown = self.live.copy() if self.stale else self.live
        self.sticks: dict[tuple[int, int], Stick] = {}  # by model and slot
        self.looked = [(-1, -1, -1)] * len(world.models)  # slot, minute and first samples when newcomers were shown
        different, wants = wishes_of(world)
        told = [*(Wishes(wanted, world.offers) for wanted in different), None]
        self.wishes = [told[row] for row in wants]  # by class; None: it prefers nothing
        self.admits = admitted_tiers(world)  # by class
        self.pins = (1 + world.provider_of).tolist()  # by offer: what a request that is pinned to its provider says
        self.memories = [self._new_memory(model) for model in range(len(world.models))]

    def _new_memory(self, model: int) -> Memory:
        rows = int(self.world.model_first[model + 1] - self.world.model_first[model])
        rule, parameters = self.bound.policy, self.bound.parameter_array()
        return Memory(np.zeros((rows, rule.offer_slots)), np.zeros(rule.shared_slots), parameters)

    def _find_candidates(self, request: LiveRequest) -> Candidates:
        """Refresh the rows of the request's model and see which offers it may go to."""
        first = int(self.world.model_first[request.model])
        candidates = Candidates(first, int(self.world.model_first[request.model + 1]) - first)
        self._refresh(request.model, candidates.offers)
        for offer in candidates.offers:
            if self._is_usable(request, offer):
                if self._was_tried(request, offer):
                    candidates.only_tried = True
                else:
                    candidates.open.add(offer)
            elif self._may_return(request, offer):
                candidates.resting = True
        return candidates

    def _refresh(self, model: int, offers: range) -> None:
        """Bring a model's rows up to now; newcomers look at their peers each slot, and after first samples."""
        rows = [self.observed[offer] for offer in offers]
        for row in rows:
            row.refresh(self.clock.now)
        known = rows[0].slot, rows[0].minute, sum(len(row.averaged) for row in rows)
        if known != self.looked[model]:
            self.looked[model] = known
            self._show_newcomers(rows)

    def _show_newcomers(self, rows: list[Observed]) -> None:
        if self.settings.telemetry.newcomers == "peers":
            show_newcomers(rows)

    def _is_usable(self, request: LiveRequest, offer: int) -> bool:
        """True if the offer may serve the request, were it not for the attempts already made."""
        return self._suits(request, offer) and self.health[offer].lets_through(self.clock.now)

    def _may_return(self, request: LiveRequest, offer: int) -> bool:
        """True if an offer that rests could serve the request once it returns."""
        spent = self._was_tried(request, offer) and not self.settings.attempts.retry_tried
        return self._suits(request, offer) and not spent

    def _was_tried(self, request: LiveRequest, offer: int) -> bool:
        """True if the request remembers having tried the offer, as often as it may."""
        wishes = self.wishes[request.client_class]
        return request.tried[offer] >= (1 if wishes is None else wishes.tries(offer))

    def _suits(self, request: LiveRequest, offer: int) -> bool:
        """True if the offer could serve the request, rested or not, tried or not."""
        return self._can_serve(request, offer) and self._allows(request, offer)

    def _can_serve(self, request: LiveRequest, offer: int) -> bool:
        """True if the offer is there for a request of this size and service tier."""
        spec = self.world.offers[offer]
        return bool(self.prices[offer].listed and self.admits[request.client_class] >> spec.tier & 1
                    and request.least_tokens <= spec.context_tokens)

    def _allows(self, request: LiveRequest, offer: int) -> bool:
        """True if the request is not pinned to another provider, and its class's preferences let the offer serve it."""
        wishes = self.wishes[request.client_class]
        if request.pinned not in (0, self.pins[offer]):
            return False
        return wishes is None or wishes.allows(request, offer, self.live[offer], self.prices[offer])

    def _offers_of(self, model: int) -> range:
        first, last = self.world.model_first[model:model + 2].tolist()
        return range(first, last)

    def _is_kept_away(self, request: LiveRequest, model: int) -> bool:
        """True if nothing but its preferences closes an offer of a model to the request."""
        return any(
            self._can_serve(request, offer) and not self._allows(request, offer)
            and not self._was_tried(request, offer) and self.health[offer].lets_through(self.clock.now)
            for offer in self._offers_of(model)
        )

    def _prefer(self, request: LiveRequest, candidates: Candidates) -> None:
        """Close the open offers of weight 0, of a tier that goes second, or that others go before."""
        slow = self.settings.slow_start
        for offer in candidates.offers:
            since_s = self.clock.now - self.health[offer].came_back_s
            self.live[offer, view.WEIGHT] = weigh(float(self.weights[offer]), slow, since_s)
        candidates.open = leave_out_drained(candidates.open, self.live)
        asked = self.world.asked_tiers[request.client_class]
        candidates.open = prefer_tier(candidates.open, asked, self.world.offers)
        wishes = self.wishes[request.client_class]
        if wishes is not None:
            candidates.open = wishes.first_group(request, candidates.open, self.observed)

    def _show(self, request: LiveRequest, candidates: Candidates) -> None:
        """Fill the columns that belong to this decision; a stale view gets two of them."""
        for offer in candidates.offers:
            row = self.live[offer]
            row[view.COST_USD] = self.prices[offer].cost_usd(row, request)
            row[view.OPEN] = offer in candidates.open
            if self.bound.policy.oracle:
                row[view.TRUE_WORK_S] = self.network.deployments[offer].true_work_s
            for column in (view.COST_USD, view.OPEN, view.WEIGHT):
                self.shown[offer, column] = row[column]

    def _pick(self, request: LiveRequest, candidates: Candidates) -> int | None:
        """Affinity, else exploration, else the policy; none if that declines."""
        stuck, wishes = self._stuck_offer(request), self.wishes[request.client_class]
        if stuck in candidates.open:
            return stuck
        decided = request.pinned > 0
        if wishes is not None:
            self._close_all_but(wishes.leaders(candidates.open, self.live), candidates)
            decided |= wishes.decides
        if decided and len(candidates.open) == 1:
            return min(candidates.open)
        attempt = request.attempts
        if request.uniform(draws.EXPLORE, attempt) < self.settings.exploration:
            in_order = sorted(candidates.open)
            return in_order[int(request.uniform(draws.EXPLORE_PICK, attempt) * len(in_order))]
        return self._ask_policy(request, candidates)

    def _close_all_but(self, opened: set[int], candidates: Candidates) -> None:
        for offer in candidates.open - opened:
            self.live[offer, view.OPEN] = self.shown[offer, view.OPEN] = False
        candidates.open = opened

    def _stuck_offer(self, request: LiveRequest) -> int | None:
        """Return the offer that the request's session sticks to, if any."""
        wishes, affinity = self.wishes[request.client_class], self.settings.stickiness
        if affinity.ttl_s == 0 or request.session < 0 or (wishes is not None and wishes.wanted.order):
            return None
        stick = self.sticks.get((request.model, draws.slot_of(request.session, affinity.slots)))
        if stick is None or stick.session != request.session or self.clock.now >= stick.expires_s:
            return None
        if affinity.rule == "openrouter" and not self.prices[stick.offer].caching_saves(request):
            return None
        return stick.offer

    def _beginning(self, request: LiveRequest) -> dict[str, int]:
        """What the request's prompt begins with, as policies see it."""
        told = {"history_tokens": request.prefix} if request.session >= 0 else {}
        shared = self.world.shared_tokens[request.client_class]
        if 0 < shared < request.prompt:
            told |= {"document": document_number(request.client_class, request.document), "shared_tokens": shared}
        return told

    def _ask_policy(self, request: LiveRequest, candidates: Candidates) -> int | None:
        rows = self.shown[candidates.first:candidates.first + candidates.count]
        asked = policy.Request(
            now_s=self.clock.now, prompt_tokens=request.prompt,
            expected_output_tokens=request.expected_output, attempt=request.attempts,
            session=request.session, client_class=request.client_class, first_row=candidates.first,
            **self._beginning(request),
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
