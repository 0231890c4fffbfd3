"""The compiled engine behind the common face of a traffic engine."""

from functools import cache
from typing import Any

import numba
import numpy as np
from numba import types

from sim.compiled import hot
from sim.engines.compiled import loop
from sim.engines.compiled.build import fresh_samples, grow, new_state
from sim.engines.compiled.deployment import add_leaps_so_far, add_time_at_the_end, begin_outage, resize, slow_down
from sim.engines.compiled.state import SPARE, State
from sim.engines.face import Feed, check_replicas
from sim.engines.outcome import BUSY_S, IN_FLIGHT, SAMPLE, Tally, TrafficOutcome
from sim.engines.policy_abi import CHOOSE_SIGNATURE, OBSERVE_SIGNATURE, compile_choose, compile_observe
from sim.engines.policy_trial import try_out
from sim.engines.record import rows_of
from sim.engines.window import ActiveReplicas
from sim.engines.world import REQUEST, World
from sim.errors import PolicyError
from sim.policy import Policy
from sim.view import PRICE_IN, PRICE_OUT

PAUSE = np.zeros(1, REQUEST)  # stands for a feed that pauses: one request that never arrives
PAUSE["arrive_s"] = np.inf
MAX_ROUTERS = 8  # the tuple of policies has a fixed length, so that the engine is compiled once


@cache
def compiled_advance(state_type: Any) -> Any:
    """The event loop, compiled once for all policies and worlds."""
    functions = types.UniTuple(types.FunctionType(CHOOSE_SIGNATURE), MAX_ROUTERS)  # type: ignore[no-untyped-call]
    observers = types.UniTuple(types.FunctionType(OBSERVE_SIGNATURE), MAX_ROUTERS)  # type: ignore[no-untyped-call]
    feed = types.Array(numba.from_dtype(REQUEST), 1, "C")
    signature = types.int64(state_type, feed, types.boolean, types.float64, functions, observers)
    dispatcher: Any = hot(signature, cache=True)(loop.advance)
    (compiled,) = dispatcher.overloads.values()
    return compiled.entry_point  # the dispatcher would look up the types of fifty arrays at every call


@cache
def _compiled_policy(policy: Policy) -> tuple[Any, Any]:
    return compile_choose(policy), compile_observe(policy)


class CompiledEngine:
    """Serves traffic at over a million requests a second; the same decisions and times as the reference.

    Parameters
    ----------
    world
        The supply.
    feed
        Blocks of requests (dtype ``sim.engines.world.REQUEST``) sorted by ``arrive_s``.

    Raises
    ------
    PolicyError
        If a policy cannot be compiled or fails its trial, or there are more than eight routers.
    """

    def __init__(self, world: World, feed: Feed) -> None:
        if len(world.routers) > MAX_ROUTERS:
            raise PolicyError(f"routers are {len(world.routers)}; the compiled engine takes at most {MAX_ROUTERS}")
        self.world = world
        self.now_s = 0.0
        self._feed = feed
        self._block = np.zeros(0, REQUEST)
        self._feed_ends = self._paused = False
        self._state: State = new_state(world)
        self._active = ActiveReplicas(world)
        self._samples: list[np.ndarray] = []
        compiled = [_compiled_policy(bound.policy) for bound in world.policies]
        for bound in world.policies:
            try_out(bound)
        compiled += [compiled[0]] * (MAX_ROUTERS - len(compiled))
        self._choosers = tuple(choose for choose, _ in compiled)
        self._observers = tuple(observe for _, observe in compiled)
        self._advance = compiled_advance(numba.typeof(self._state))  # type: ignore[no-untyped-call]

    def advance(self, until_s: float) -> None:
        """Serve traffic up to, but not including, events at ``until_s``.

        Raises
        ------
        PolicyError
            If a policy chose a row that is closed or does not exist.
        """
        if self._paused:
            self._next_block()
        while True:
            why = self._advance(
                self._state, self._block, self._feed_ends, until_s, self._choosers, self._observers
            )
            if why == loop.REACHED:
                break
            if why == loop.ALL_DONE:
                self._state.globals[0]["now"] = until_s
                break
            if why == loop.NEEDS_FEED:
                self._next_block()
            elif why == loop.NEEDS_ROOM:
                self._make_room()
            else:
                self._blame_policy()
        self.now_s = until_s

    def _next_block(self) -> None:
        block = next(self._feed, None)
        self._state.globals[0]["feed_next"] = 0
        self._paused = block is not None and len(block) == 0
        if block is None:
            self._feed_ends = True
            block = np.zeros(0, REQUEST)
        elif self._paused:
            block = PAUSE
        self._block = np.ascontiguousarray(block)

    def _make_room(self) -> None:
        g = self._state.globals[0]
        if g["sample_share"] > 0 and g["samples"] > len(self._state.books.samples) - SPARE:
            self._samples.append(rows_of(self._state.books.samples)[: g["samples"]])
            self._state = self._state._replace(books=fresh_samples(self._state.books))
            g["samples"] = 0
        self._state = grow(self._state)

    def _blame_policy(self) -> None:
        names = ", ".join(bound.policy.kind for bound in self.world.policies)
        raise PolicyError(
            f"policy {names} chose an offer that is closed or does not exist at "
            f"{self._state.globals[0]['now']:.6f} s; a policy must return the row of an open offer or -1"
        )

    def set_up(self, offer: int, up: bool) -> None:
        """Begin (``False``) or end (``True``) an outage of an offer now."""
        if up:
            self._state.supply.offers[offer]["down"] = 0
            return
        self._room_for_outage()
        s = self._state
        begin_outage(s.globals[0], s.clock, s.supply, s.routing.lane_of, s.books.offer_work, offer)

    def _room_for_outage(self) -> None:
        g = self._state.globals[0]
        # Outages come from outside the loop, which looks for room before every event of its own.
        needed = len(self._state.supply.attempts)  # each may send one message
        g["spare_messages"], usual = g["spare_messages"] + needed, g["spare_messages"]
        while g["free_messages"] < g["spare_messages"]:
            self._state = grow(self._state)
        g["spare_messages"] = usual

    def set_slowdown(self, offer: int, factor: float) -> None:
        """Multiply the offer's step times by ``factor`` for steps that begin from now on."""
        s = self._state
        slow_down(s.globals[0], s.clock, s.supply, offer, factor)

    def set_replicas(self, offer: int, replicas: int) -> None:
        """Let the first ``replicas`` of the offer's replicas take new requests; the others finish what they have."""
        check_replicas(self.world, offer, replicas)
        self._active.resize(offer, replicas, self.now_s)
        resize(self._state.globals[0], self._state.clock, self._state.supply, offer, replicas)

    def set_listed(self, offer: int, listed: bool) -> None:
        """Show the offer to the routers, or hide it from new placements; what it serves goes on."""
        routing, row = self._state.routing, self._state.supply.offers[offer]
        # Counted by model, so that a placement need not ask every offer whether it is listed.
        model = np.searchsorted(routing.model_first, offer, side="right") - 1
        routing.hidden[model] += row["listed"] - int(listed)
        row["listed"] = int(listed)

    def set_price(self, offer: int, in_nano: int, out_nano: int, cached_nano: int | None = None) -> None:
        """Post new prices, in nano-dollars per token, for placements from now on."""
        row = self._state.supply.offers[offer]
        row["price_in"], row["price_out"] = in_nano, out_nano
        row["price_cached"] = in_nano if cached_nano is None else cached_nano
        self._state.routing.views[:, offer, PRICE_IN] = in_nano / 1000
        self._state.routing.views[:, offer, PRICE_OUT] = out_nano / 1000

    @property
    def idle(self) -> bool:
        """True when the feed is exhausted and no request is in flight."""
        g = self._state.globals[0]
        if not self._feed_ends and g["feed_next"] >= len(self._block):
            self._next_block()
        return bool(self._feed_ends and g["live"] == 0)

    def tally(self) -> Tally:
        """Return the running counters."""
        books = self._state.books
        return Tally(books.born.copy(), books.outcomes.copy(), books.class_sums.copy(), books.offer_sums.copy(),
                     self._work_so_far(), books.metric_sums.copy())

    def outcome(self) -> TrafficOutcome:
        """Return the counters so far; requests still in flight are counted as such."""
        books, g = self._state.books, self._state.globals[0]
        outcomes = books.outcomes.copy()
        outcomes[:, :, IN_FLIGHT] = books.born - outcomes.sum(axis=2)
        samples = [*self._samples, rows_of(books.samples)[: g["samples"]], self._samples_in_flight()]
        return TrafficOutcome(
            world=self.world,
            born=books.born.copy(),
            outcomes=outcomes,
            class_sums=books.class_sums.copy(),
            offer_sums=books.offer_sums.copy(),
            offer_work=self._work_at_the_end(),
            replica_s=self._active.seconds(self.now_s),
            class_hist=books.class_hist.copy(),
            offer_hist=books.offer_hist.astype(np.int64),
            class_metric_sums=books.metric_sums.copy(),
            samples=np.concatenate(samples),
            end_s=float(self.now_s),
            events=int(g["events"]),
        )

    def _work_so_far(self) -> np.ndarray:
        """Work counters with the completed steps of leaps that are under way."""
        work = self._state.books.offer_work.copy()
        add_leaps_so_far(self._state.globals[0], self._state.supply, self.now_s, work)
        return work

    def _work_at_the_end(self) -> np.ndarray:
        """The same, but with all the time inside the measured window, steps under way included."""
        work = self._work_so_far()
        work[:, BUSY_S] = self._state.books.offer_work[:, BUSY_S]
        add_time_at_the_end(self._state.globals[0], self._state.supply, self.now_s, work)
        return work

    def _samples_in_flight(self) -> np.ndarray:
        """Rows of the sampled requests that have no outcome yet, in the order of their birth."""
        from sim.draws import SAMPLE as SAMPLE_DRAW
        from sim.draws import derive

        g, routing = self._state.globals[0], self._state.routing
        free = set(routing.free_requests[: g["free_requests"]].tolist())
        alive = [slot for slot in range(len(routing.requests)) if slot not in free]
        rows = [routing.requests[slot] for slot in alive]
        rows = [q for q in rows if derive(q["key"], SAMPLE_DRAW, 0) < g["sample_share"]]
        table = np.zeros(len(rows), SAMPLE)
        for row, q in zip(table, sorted(rows, key=lambda q: float(q["born_s"])), strict=True):
            for name in ("key", "born_s", "client_class", "offer", "prompt", "output", "attempts"):
                row[name] = q[name]
            row["placed_s"], row["first_token_s"] = q["dispatch_s"], q["first_s"]
            row["end_s"], row["outcome"] = self.now_s, IN_FLIGHT
        return table
