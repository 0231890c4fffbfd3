"""The compiled engine behind the common face of a traffic engine."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import Final

import numpy as np

from sim.engines.compiled import loop, outside
from sim.engines.compiled.build import copies_by_class, new_shards
from sim.engines.compiled.entry_point import (
    Fixed,
    address_of,
    compiled_advance,
    place_of,
    type_of,
    words_of,
)
from sim.engines.compiled.intake import Intake
from sim.engines.compiled.policy_table import CompiledPolicy, policy_table
from sim.engines.compiled.shards import balanced, shards_of
from sim.engines.compiled.slots import fresh_samples, grow
from sim.engines.compiled.state import BY_CLASS, SPARE, State
from sim.engines.compiled.terms import post
from sim.engines.exact import merged, seconds
from sim.engines.face import Feed, check_host, check_replicas
from sim.engines.grid import on_grid
from sim.engines.offer_weights import weight_of
from sim.engines.outcome import BUSY_S, IN_FLIGHT, SAMPLE, Tally, TrafficOutcome, in_order
from sim.engines.policy_abi import compile_choose, compile_observe
from sim.engines.policy_trial import try_out
from sim.engines.record import rows_of, table
from sim.engines.requests import ArrivingRequest, join
from sim.engines.schedule import Schedule, check_schedule, shown_usd
from sim.engines.waits import waits_of_routers
from sim.engines.window import ActiveReplicas
from sim.engines.world import World
from sim.errors import PolicyError
from sim.policy import Policy
from sim.view import PRICE_CUT_S, PRICE_IN, PRICE_OUT, WEIGHT

WORTH_A_THREAD: Final = 2000  # requests that arrive in one go: with fewer, handing them out costs more than it saves
WORTH_ALL: Final = 16_384  # requests that wait: with more, a shard that must go on takes the others along on threads
MOST_WAITING: Final = 131_072  # requests that wait for shards that are left behind (9 MB)
TURN_S: Final = 30.0  # so often a closed loop is taken to send a request, when work is shared among threads
LARGEST_SAMPLES: Final = 65_536  # rows of a buffer of sampled requests


@cache
def _compiled_policy(policy: Policy) -> CompiledPolicy:
    return CompiledPolicy(compile_choose(policy), compile_observe(policy))


def _model_of(s: State, offer: int) -> int:
    return int(np.searchsorted(s.routing.model_first, offer, side="right")) - 1


class CompiledEngine:
    """Serves traffic at over a million requests a second; the same decisions and times as the reference.

    Parameters
    ----------
    world
        The supply.
    feed
        Blocks of requests (dtype ``sim.engines.world.REQUEST``) sorted by ``arrive_s``.
    threads
        Threads that share the shards of the world; results do not depend on it.
    shards
        Models of each shard; None: as many shards as the world allows (`sim.engines.compiled.shards`). Results do not
        depend on it.

    Raises
    ------
    PolicyError
        If a policy cannot be compiled or fails its trial.
    """

    def __init__(
        self, world: World, feed: Feed, *, threads: int = 1, shards: Sequence[np.ndarray] | None = None
    ) -> None:
        self.world = world
        self.now_s = 0.0
        self._prices = [offer.price for offer in world.offers]
        groups = shards_of(world) if shards is None else shards
        self._active = ActiveReplicas(world)
        self._samples: list[np.ndarray] = []
        self._shards = new_shards(world, groups)
        # numpy sorts 16 bits by counting, which is several times faster
        self._shard_of_model = np.zeros(len(world.models), np.int16 if len(groups) < 1 << 15 else np.int64)
        for shard, models in enumerate(groups):
            self._shard_of_model[models] = shard
        self._intake = Intake(feed, self._shard_of_model, len(groups), world.grid_per_s)
        self._divided = len(groups) > 1
        self._globals = self._table_of_globals()
        self._words = np.array([words_of(state) for state in self._shards], np.int64)
        self._feed_word = place_of(self._shards[0], "feed")
        self._rows = np.zeros(len(groups), np.int64)  # of each shard's feed
        self._by_class = copies_by_class(self._shards[0].books, threads if len(groups) > 1 else 1)
        self._class_words = [place_of(self._shards[0], "books", name) for name in BY_CLASS]
        self._copies = np.array([[address_of(array) for array in copy] for copy in self._by_class])
        self._why = np.zeros(len(groups), np.int64)
        self._policies = policy_table([_compiled_policy(bound.policy) for bound in world.policies])
        for bound in dict(zip(map(id, world.policies), world.policies, strict=True)).values():  # copies share theirs
            try_out(bound)
        # the same memory for ever: asking an array for its address takes as long as an idle shard's turn
        self._every = np.arange(len(groups))
        self._fixed = Fixed(address_of(self._words), address_of(self._every),
                            address_of(self._policies), address_of(self._why))
        self._advance = compiled_advance(type_of(self._shards[0]))
        self._threads = ThreadPoolExecutor(threads) if threads > 1 and self._divided else None
        # tests set these to little
        self.worth_a_thread, self.worth_all, self.most_waiting = WORTH_A_THREAD, WORTH_ALL, MOST_WAITING

    def _table_of_globals(self) -> np.ndarray:
        """The globals of all shards: each has a row of one table."""
        return np.asarray(rows_of(self._shards[0].globals).base)

    def advance(self, until_s: float) -> None:
        """Serve traffic up to, but not including, events at ``until_s``.

        Raises
        ------
        PolicyError
            If a policy chose a row that is closed or does not exist; it may show only at a later call.
        """
        upto_s = float(on_grid(until_s, self.world.grid_per_s))
        if upto_s == self.now_s:
            return  # outside the windows of traffic a market acts thousands of times at one and the same moment
        intake = self._intake
        intake.resume()
        while intake.known_s < upto_s:
            if self._is_enough():
                self._catch_up(self._every, intake.known_s)
            intake.take()
        self.now_s = upto_s
        if self._is_enough():
            self._catch_up(self._every, upto_s)

    def _is_enough(self) -> bool:
        """Whether so many requests wait that shards should not be left behind; one that is alone never is."""
        return not self._divided or self._intake.waiting > self.most_waiting

    def _catch_up(self, which: np.ndarray, until_s: float) -> None:
        """Advance shards, which may have been left behind, to a time before which all arrivals are known.

        What the calendar does to an offer concerns its shard alone. So the others go on only when there is enough to
        do, or when somebody looks: in long stretches a shard's memory stays in the cache, and threads have work.
        """
        if self._intake.waiting:
            for shard in which.tolist():
                self._append(shard, self._intake.give(shard))
        self._globals["feed_ends"] = self._intake.ends
        while len(which):
            self._advance_shards(which, until_s)
            if np.any(self._why[which] == loop.BROKE_CONTRACT):
                self._blame_policy()
            which = which[self._why[which] == loop.NEEDS_ROOM]
            for shard in which.tolist():
                self._make_room(shard)

    def _now(self, shard: int) -> State:
        """A shard's memory, brought up to the present."""
        if self._threads is not None and self._intake.waiting >= self.worth_all:
            self._catch_up(self._every, self.now_s)
        elif self._divided:
            self._catch_up(np.array([shard]), self.now_s)
        self._globals["due"][shard] = -np.inf  # whoever asks may be about to change what happens next
        return self._shards[shard]

    def _row(self, shard: int) -> int:
        """Address of the words that describe a shard."""
        return self._fixed.table + shard * self._words.strides[0]

    def _advance_shards(self, which: np.ndarray, until_s: float) -> None:
        self._why[which] = loop.REACHED
        if self._threads is None:
            self._advance_some(which, until_s)
            return
        loads = self._rows[which] - self._globals["feed_next"][which] + self._turns_to_come(which, until_s)
        if loads.sum() < self.worth_a_thread:
            self._advance_some(which, until_s)
            return
        parts = [which[part] for part in balanced(loads, len(self._by_class))]
        for part, copy in zip(parts, self._copies, strict=False):
            self._words[part[:, None], self._class_words] = copy
        list(self._threads.map(lambda part: self._advance_some(part, until_s), parts))

    def _turns_to_come(self, which: np.ndarray, until_s: float) -> np.ndarray:
        """About how many requests of closed loops arrive in shards until then, float64."""
        rows = self._globals[which]
        span_s = np.minimum(until_s, rows["demand_ends_s"]) - rows["now"]
        return np.asarray(rows["chains"] * np.maximum(span_s, 0.0) / TURN_S)

    def _advance_some(self, which: np.ndarray, until_s: float) -> None:
        fixed = self._fixed
        shards = fixed.every if which is self._every else address_of(which)
        self._advance(fixed.table, shards, len(which), until_s, fixed.policies, fixed.why)

    def _append(self, shard: int, parts: list[np.ndarray]) -> None:
        """Hand requests to a shard, behind those that it has not looked at yet."""
        if not parts:
            return
        state = self._shards[shard]
        left = rows_of(state.feed)[self._globals["feed_next"][shard]:]
        feed = join([left, *parts])
        if self._divided and len(feed) == len(parts[-1]):
            feed = feed.copy()  # as a part of a block it would keep all of the block from being freed
        self._globals["feed_next"][shard], self._globals["due"][shard] = 0, -np.inf
        self._rows[shard] = len(feed)
        self._shards[shard] = state._replace(feed=table(feed, ArrivingRequest))
        self._words[shard, self._feed_word:self._feed_word + 2] = address_of(feed), len(feed)

    def _replace(self, shard: int, state: State) -> None:
        self._shards[shard] = state
        self._words[shard] = words_of(state)

    def _make_room(self, shard: int) -> None:
        state, g = self._shards[shard], self._globals[shard]
        samples = rows_of(state.books.samples)
        if g["sample_share"] > 0 and g["samples"] > len(samples) - SPARE:
            self._samples.append(samples[: g["samples"]])
            state = state._replace(books=fresh_samples(state.books, min(2 * len(samples), LARGEST_SAMPLES)))
            g["samples"] = 0
        self._replace(shard, grow(state))

    def _blame_policy(self) -> None:
        names = ", ".join(bound.policy.kind for bound in self.world.policies)
        now_s = self._globals["now"][self._why == loop.BROKE_CONTRACT].min()
        raise PolicyError(
            f"policy {names} chose an offer that is closed or does not exist at "
            f"{now_s:.6f} s; a policy must return the row of an open offer or -1"
        )

    def _shard_of(self, offer: int) -> int:
        return int(self._shard_of_model[self._model_of(offer)])

    def _model_of(self, offer: int) -> int:
        return int(np.searchsorted(self.world.model_first, offer, side="right")) - 1

    def set_up(self, offer: int, up: bool) -> None:
        """Begin (``False``) or end (``True``) an outage of an offer now."""
        check_host(self.world, offer)
        shard = self._shard_of(offer)
        s = self._now(shard)
        if up:
            s.supply.offers[offer]["down"] = 0
            return
        self._room_for_outage(shard)
        outside.begin_outage(self._row(shard), offer)

    def _room_for_outage(self, shard: int) -> None:
        g = self._globals[shard]
        # Outages come from outside the loop, which looks for room before every event of its own.
        needed = len(self._shards[shard].supply.attempts)  # each may send one message
        g["spare_messages"], usual = g["spare_messages"] + needed, g["spare_messages"]
        while g["free_messages"] < g["spare_messages"]:
            self._replace(shard, grow(self._shards[shard]))
        g["spare_messages"] = usual

    def set_slowdown(self, offer: int, factor: float) -> None:
        """Multiply the offer's step times by ``factor`` for steps that begin from now on."""
        check_host(self.world, offer)
        shard = self._shard_of(offer)
        self._now(shard)
        outside.slow_down(self._row(shard), offer, factor)

    def set_replicas(self, offer: int, replicas: int) -> None:
        """Let the first ``replicas`` of the offer's replicas take new requests; the others finish what they have."""
        check_replicas(self.world, offer, replicas)
        self._active.resize(offer, replicas, self.now_s)
        shard = self._shard_of(offer)
        self._now(shard)
        outside.resize(self._row(shard), offer, replicas)

    def set_weight(self, offer: int, factor: float) -> None:
        """Multiply the weight of the offer at every router by ``factor`` for placements from now on (1: its own)."""
        s = self._now(self._shard_of(offer))
        world = self.world
        weights = factor * np.array([weight_of(router, world.offers[offer]) for router in world.router_settings])
        rows_of(s.routing.seats)["weight"][:, offer] = weights
        s.routing.views[:, offer, WEIGHT] = weights

    def set_listed(self, offer: int, listed: bool) -> None:
        """Show the offer to the routers, or hide it from new placements; what it serves goes on."""
        s = self._now(self._shard_of(offer))
        routing, row = s.routing, s.supply.offers[offer]
        # Counted by model, so that a placement need not ask every offer whether it is listed.
        model = _model_of(s, offer)
        routing.special[model] += row["listed"] - int(listed)
        routing.hidden[model] += row["listed"] - int(listed)
        if listed and not row["listed"]:
            rows_of(routing.seats)["back_at"][:, offer] = self.now_s
        row["listed"] = int(listed)
        self._look_again(offer)

    def set_price(self, offer: int, in_pico: int, out_pico: int, cached_pico: int | None = None) -> None:
        """Post new base prices, in pico-dollars per token, for placements from now on."""
        self.set_schedule(offer, self._prices[offer].with_base(in_pico, out_pico, cached_pico))

    def set_schedule(self, offer: int, schedule: Schedule) -> None:
        """Post another schedule of prices for placements from now on."""
        check_schedule(schedule, self.world.offers[offer])
        self._prices[offer] = schedule
        s = self._now(self._shard_of(offer))
        row = s.supply.offers[offer]
        was = row["scheduled"]
        post(row, rows_of(s.supply.tiers), schedule)
        s.routing.special[_model_of(s, offer)] += row["scheduled"] - was
        views = s.routing.views[:, offer]
        before = views[:, PRICE_IN] + views[:, PRICE_OUT]
        views[:, PRICE_IN] = shown_usd(schedule.base.input, schedule.kept_ppm)
        views[:, PRICE_OUT] = shown_usd(schedule.base.output, schedule.kept_ppm)
        views[views[:, PRICE_IN] + views[:, PRICE_OUT] < before, PRICE_CUT_S] = self.now_s
        self._look_again(offer)

    def _look_again(self, offer: int) -> None:
        """Let every router look at who waits: the offer may be one for them now."""
        shard = self._shard_of(offer)
        s, g = self._shards[shard], self._globals[shard]
        model = _model_of(s, offer)
        if (rows_of(s.routing.queues)["head"][:, s.routing.queue_of[model]] < 0).all():
            return
        if g["misc_count"] > len(s.clock.misc) - SPARE - len(s.routing.requests):
            self._replace(shard, grow(s))
        outside.look_again(self._row(shard), model)

    @property
    def idle(self) -> bool:
        """True when the feed is exhausted and no request is in flight."""
        self._catch_up(self._every, self.now_s)
        return bool(self._intake.is_exhausted() and (self._rows == self._globals["feed_next"]).all()
                    and self._globals["live"].sum() == 0)

    def tally(self, offers: np.ndarray | None = None) -> Tally:
        """Return the running counters, work under way of some offers or of all."""
        self._catch_up(self._every, self.now_s)
        born, outcomes, class_sums, _, metric_sums = self._counted(hist=False)
        asked = np.arange(len(self.world.offers)) if offers is None else offers
        return Tally(born, outcomes, class_sums, self._shards[0].books.offer_sums.copy(), self._work_so_far(asked),
                     seconds(metric_sums, self.world.grid_per_s), self._shards[0].books.router_sums.copy())

    def take_samples(self, offers: np.ndarray) -> np.ndarray:
        """Return the latencies counted so far at some offers, int64 (offers, metrics, bins); they only grow."""
        self._catch_up(self._every, self.now_s)
        return np.asarray(self._shards[0].books.offer_hist[offers].astype(np.int64))

    def take_waits(self) -> np.ndarray:
        """Return the times to the first token counted so far, int64 (routers, bins); they only grow."""
        self._catch_up(self._every, self.now_s)
        of = BY_CLASS.index("class_hist")
        return np.asarray(sum(waits_of_routers(self.world, copy[of]) for copy in self._by_class))

    def _counted(self, hist: bool = True) -> list[np.ndarray]:
        """The counters by class, of all threads together; the histograms only if they are asked for."""
        of_metrics = BY_CLASS.index("metric_sums")
        return [merged(list(parts)) if place == of_metrics else
                np.sum(parts, axis=0) if hist or name != "class_hist" else parts[0]
                for place, (name, parts) in enumerate(zip(BY_CLASS, zip(*self._by_class, strict=True), strict=True))]

    def outcome(self) -> TrafficOutcome:
        """Return the counters so far; requests still in flight are counted as such."""
        self._catch_up(self._every, self.now_s)
        books = self._shards[0].books
        born, outcomes, class_sums, class_hist, metric_sums = self._counted()
        outcomes[:, :, IN_FLIGHT] = born - outcomes.sum(axis=2)
        buffers = [rows_of(s.books.samples)[:n] for s, n in zip(self._shards, self._globals["samples"], strict=True)]
        flying = [self._samples_in_flight(shard) for shard in range(len(self._shards))]
        return TrafficOutcome(
            world=self.world,
            born=born,
            outcomes=outcomes,
            class_sums=class_sums,
            offer_sums=books.offer_sums.copy(),
            offer_work=self._work_at_the_end(),
            replica_s=self._active.seconds(self.now_s),
            class_hist=class_hist,
            offer_hist=books.offer_hist.astype(np.int64),
            class_metric_sums=seconds(metric_sums, self.world.grid_per_s),
            samples=in_order(np.concatenate([*self._samples, *buffers, *flying])),
            end_s=float(self.now_s),
            router_sums=books.router_sums.copy(),
        )

    def _work_so_far(self, offers: np.ndarray) -> np.ndarray:
        """Work counters with the completed steps of leaps that are under way at some offers."""
        s = self._shards[0]
        work = s.books.offer_work.copy()
        outside.add_leaps_so_far(self._row(0), offers, self._globals["now"].max(), work)
        return work

    def _work_at_the_end(self) -> np.ndarray:
        """The same, but with all the time inside the measured window, steps under way included."""
        work = self._work_so_far(np.arange(len(self.world.offers)))
        s = self._shards[0]
        work[:, BUSY_S] = s.books.offer_work[:, BUSY_S]
        outside.add_time_at_the_end(self._row(0), self._globals["now"].max(), work)
        return work

    def _samples_in_flight(self, shard: int) -> np.ndarray:
        """Rows of a shard's sampled requests that have no outcome yet."""
        from sim.draws import SAMPLE as SAMPLE_DRAW
        from sim.draws import derive

        g, routing = self._globals[shard], self._shards[shard].routing
        free = set(routing.free_requests[: g["free_requests"]].tolist())
        alive = [slot for slot in range(len(routing.requests)) if slot not in free]
        rows = [routing.requests[slot] for slot in alive]
        rows = [q for q in rows if derive(q["key"], SAMPLE_DRAW, 0) < g["sample_share"]]
        table = np.zeros(len(rows), SAMPLE)
        for row, q in zip(table, rows, strict=True):
            for name in ("key", "born_s", "client_class", "offer", "prompt", "attempts"):
                row[name] = q[name]
            row["drawn"] = q["output"]
            row["placed_s"], row["first_token_s"] = q["dispatch_s"], q["first_s"]
            row["end_s"], row["outcome"] = self.now_s, IN_FLIGHT
        return table
