"""The face of the reference engine (``sim.engines.face.TrafficEngine``)."""

from collections.abc import Iterator

import numpy as np

from sim.engines.face import Feed, check_host, check_replicas
from sim.engines.grid import put_on_grid
from sim.engines.offer_weights import weights_of
from sim.engines.outcome import MEASURED, WARMUP, Tally, TrafficOutcome
from sim.engines.reference.books import Books
from sim.engines.reference.clock import Clock
from sim.engines.reference.deployment import LiveDeployment
from sim.engines.reference.network import Channels
from sim.engines.reference.request import LiveRequest
from sim.engines.reference.router import LiveRouter, Placement
from sim.engines.reference.terms import PostedPrice
from sim.engines.reference.ticks import Ticks
from sim.engines.reference.turns import Turns
from sim.engines.rules import ARRIVAL
from sim.engines.schedule import Schedule, check_schedule
from sim.engines.waits import waits_of_routers
from sim.engines.window import ActiveReplicas, Window
from sim.engines.world import World
from sim.view import WEIGHT


class ReferenceEngine:
    """Serve the requests of a feed in SimPy, one timeout a step.

    Parameters
    ----------
    world
        The market.
    feed
        Blocks of dtype ``sim.engines.world.REQUEST``, sorted by ``arrive_s``; requests enter one by one.
    record
        If given, every placement is appended to it as ``(key, attempt, offer, time in s)``.

    Raises
    ------
    PolicyError
        From ``advance``, when a policy chooses a row that is out of range or closed.
    """

    def __init__(self, world: World, feed: Feed, record: list[Placement] | None = None) -> None:
        self.world = world
        self.now_s = 0.0
        self._clock = Clock(world.grid_per_s)
        self._books = Books(world)
        self._prices = [PostedPrice(offer.price) for offer in world.offers]
        self._turns = Turns(world, self._clock, self._hear_turn)
        self._network = Channels(world, self._clock, self._books, self._turns)
        firsts = np.cumsum([0, *(offer.replicas for offer in world.offers)]).tolist()  # replicas have one order in all
        self._deployments = [LiveDeployment(index, self._network, firsts[index]) for index in range(len(world.offers))]
        for deployment, host in zip(self._deployments, world.hosts.tolist(), strict=True):
            deployment.join_pool(self._deployments[host])
        self._routers = [LiveRouter(index, self._network, self._prices, record) for index in range(len(world.routers))]
        self._network.deployments.extend(self._deployments)
        self._network.routers.extend(self._routers)
        self._active = ActiveReplicas(world)
        self._begins_s = Window(world).begins_s
        self._ticks = Ticks(self._clock, self._deployments, self._routers)
        self._ticks.start(world.scenario.traffic.publish_period_s)
        self._feed = feed
        self._rows: Iterator[np.void] = iter(())
        self._arrived = 0
        self._exhausted = self._paused = False
        self._await_request()

    @property
    def idle(self) -> bool:
        """True when the feed is exhausted and no request is in flight."""
        return self._exhausted and not self._books.alive and not self._turns.thinking

    def advance(self, until_s: float) -> None:
        """Serve traffic up to, but not including, events at ``until_s``."""
        if self._paused:
            self._await_request()
        self._clock.run_before(until_s)
        self.now_s = float(self._clock.now)

    def set_up(self, offer: int, up: bool) -> None:
        """Begin (``False``) or end (``True``) an outage of an offer now."""
        check_host(self.world, offer)
        if up:
            self._deployments[offer].end_outage()
        else:
            self._deployments[offer].begin_outage()

    def set_slowdown(self, offer: int, factor: float) -> None:
        """Multiply the offer's step times by ``factor`` for steps that begin from now on (1: as usual)."""
        check_host(self.world, offer)
        self._deployments[offer].slow_down(factor)

    def set_replicas(self, offer: int, replicas: int) -> None:
        """Let the first ``replicas`` of the offer's replicas take new requests; the others finish what they have."""
        check_replicas(self.world, offer, replicas)
        self._active.resize(offer, replicas, self.now_s)
        self._deployments[offer].resize(replicas)

    def set_weight(self, offer: int, factor: float) -> None:
        """Multiply the weight of the offer at every router by ``factor`` for placements from now on (1: its own)."""
        for router, weights in zip(self._routers, weights_of(self.world), strict=True):
            router.weights[offer] = router.live[offer, WEIGHT] = factor * weights[offer]

    def set_listed(self, offer: int, listed: bool) -> None:
        """Show the offer to the routers, or hide it from new placements; what it serves goes on."""
        if listed and not self._prices[offer].listed:
            for router in self._routers:
                router.health[offer].back_s = self.now_s
        self._prices[offer].listed = listed
        self._look_again(offer)

    def set_price(self, offer: int, in_pico: int, out_pico: int, cached_pico: int | None = None) -> None:
        """Post new base prices, in pico-dollars per token, for placements from now on."""
        self.set_schedule(offer, self._prices[offer].schedule.with_base(in_pico, out_pico, cached_pico))

    def set_schedule(self, offer: int, schedule: Schedule) -> None:
        """Post another schedule of prices for placements from now on."""
        check_schedule(schedule, self.world.offers[offer])
        self._prices[offer].schedule = schedule
        for router in self._routers:
            router.observed[offer].post(schedule, self.now_s)
        self._look_again(offer)

    def _look_again(self, offer: int) -> None:
        """Let every router look at who waits: the offer may be one for them now."""
        model = int(np.searchsorted(self.world.model_first, offer, side="right")) - 1
        for router in self._routers:
            router.look_at(self.now_s, model)

    def tally(self, offers: np.ndarray | None = None) -> Tally:
        """Return the running counters, those of all offers whichever are asked for."""
        return self._books.tally([deployment.crossed_s for deployment in self._deployments])

    def take_samples(self, offers: np.ndarray) -> np.ndarray:
        """Return the latencies counted so far at some offers, int64 (offers, metrics, bins); they only grow."""
        return np.asarray(self._books.offer_hist[offers])

    def take_waits(self) -> np.ndarray:
        """Return the times to the first token counted so far, int64 (routers, bins); they only grow."""
        return waits_of_routers(self.world, self._books.class_hist)

    def outcome(self) -> TrafficOutcome:
        """Return the counters so far; requests still in flight are counted as such."""
        unbooked_s = [deployment.time_at_the_end_s for deployment in self._deployments]
        return self._books.report(self.now_s, unbooked_s, self._active.seconds(self.now_s))

    # Arrivals

    def _await_request(self) -> None:
        """Take the next request from the feed and let it arrive at its time."""
        row = self._next_row()
        if row is None:
            return
        request = self._request_of(row)
        self._clock.at(request.arrive_s, (ARRIVAL, request.key), self._arrive, request)

    def _request_of(self, row: np.void) -> LiveRequest:
        cohort = WARMUP if float(row["arrive_s"]) < self._begins_s else MEASURED
        self._arrived += 1
        return LiveRequest.of(self._arrived - 1, row, cohort)

    def _next_row(self) -> np.void | None:
        """Return the next request of the feed; none if it has ended, or pauses (an empty block)."""
        row = next(self._rows, None)
        while row is None:
            block = next(self._feed, None)
            self._exhausted = block is None
            self._paused = block is not None and len(block) == 0
            if block is None or len(block) == 0:
                return None
            self._rows = iter(put_on_grid(block, self.world.grid_per_s))
            row = next(self._rows, None)
        return row

    def _arrive(self, request: LiveRequest) -> None:
        self._routers[request.router].hear_request(request)
        self._await_request()

    def _hear_turn(self, row: np.void) -> None:
        """A later turn of a closed loop arrives."""
        request = self._request_of(row)
        self._routers[request.router].hear_request(request)
