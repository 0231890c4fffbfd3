"""A deployment: the gate, the balancer and the replicas behind one offer (semantics, section 7)."""

import math
from collections import deque
from statistics import median_low

from sim import policy
from sim.draws import BALANCER, FAST_FAILURE, SECOND_CHOICE
from sim.engines import outcome
from sim.engines.answers import served_tokens
from sim.engines.reference.job import EngineStep, Job
from sim.engines.reference.network import Channels
from sim.engines.reference.prefix_cache import DOCUMENT, REQUEST, SESSION, Claim
from sim.engines.reference.priority import line_up
from sim.engines.reference.rates import Door
from sim.engines.reference.replica import Replica
from sim.engines.reference.request import Attempt, LiveRequest
from sim.engines.reference.transfer import TransferLink
from sim.engines.steptime import step_time
from sim.engines.window import Window
from sim.engines.world import BALANCERS
from sim.near_load import NEAR, NEAR_SHARE, RECENT
from sim.scenario import Billing


class LiveDeployment:
    """One offer at its provider."""

    def __init__(self, index: int, network: Channels, first_replica: int) -> None:
        self.index = index
        self.network = network
        self.clock = network.clock
        self.offer = network.world.offers[index]
        self.balancer = BALANCERS[self.offer.balancer]
        self.work = network.books.offer_work[index]
        self.window = Window(network.world)
        self.up = True
        self.slow = 1.0
        self.jobs: dict[Attempt, Job] = {}  # everything that is here
        self.replicas = [Replica(self, first_replica + place) for place in range(self.offer.replicas)]
        prefill = self.offer.split.prefill
        self.active = prefill or self.offer.replicas  # the first of them take new requests; others drain, or decode
        self.decoders = self._split_up(prefill) if prefill > 0 else []
        self.central: list[Job] = []  # requests that no replica has room for (balancer "central")
        self.turn = 0  # of the round robin
        self.door = Door(self.offer.rates)
        self.times: deque[tuple[float, float]] = deque(maxlen=RECENT)  # load met at arrival, time to first token
        self.host = self  # whose replicas serve what its door lets in
        self.doors = {index: self}  # of the offers that its replicas serve

    def _split_up(self, prefill: int) -> list[Replica]:
        """Give the first so many replicas links to the others, which take no new requests; return these."""
        decoders = self.replicas[prefill:]
        for replica in self.replicas[:prefill]:
            replica.link = TransferLink(replica, decoders)
        for replica in decoders:
            replica.active = False
        return decoders

    def join_pool(self, host: "LiveDeployment") -> None:
        """Let the replicas of another offer serve what the door lets in."""
        self.host = host
        host.doors[self.index] = self

    # Messages that arrive

    def hear_dispatch(self, attempt: Attempt) -> None:
        """Refuse an attempt, or let it in."""
        request, offer = attempt.request, self.offer
        attempt.served = served_tokens(request.output, request.max_tokens, request.prompt, offer.room_tokens)
        if not self.host.up:
            self.network.send_fail(attempt, policy.OUTAGE)
        elif attempt.uniform(FAST_FAILURE) < offer.fast_failure_share:
            sent_s = self.clock.on_grid(self.clock.now + offer.fast_failure_s)
            self.network.send_fail(attempt, policy.SERVER_ERROR, sent_s)
        elif attempt.served == 0:
            self.network.send_fail(attempt, policy.TOO_LONG)
        elif not self._within_rate_limits(attempt):
            self.network.send_fail(attempt, policy.RATE_LIMITED)
        else:
            self._seat(attempt)

    def hear_cancel(self, attempt: Attempt) -> None:
        """A waiting attempt leaves at once, a running one at the next step boundary."""
        host = self.host
        job = host.jobs.get(attempt)
        if job is None:
            if attempt.left and attempt.complete:
                self._settle_left(attempt, attempt.served)
            return  # it has gone already
        # A waiting attempt holds nothing, so it can go between two boundaries; a running one is part of a step.
        job.cancelled = True
        if job in host.central:
            host.central.remove(job)
            host.forget(job)
        for replica in host.replicas:
            if job in replica.queue:
                replica.queue.remove(job)
                host.forget(job)
                replica.look_again()

    def _within_rate_limits(self, attempt: Attempt) -> bool:
        """Charge the attempt to its router, or customer, unless that would exceed a limit."""
        request = attempt.request
        by_customer = self.offer.per_customer or attempt.own_key
        who = (int(by_customer), request.client_class if by_customer else request.router)
        return self.door.within_limits(who, request.weight, self.clock.now)

    def _seat(self, attempt: Attempt) -> None:
        """Find a replica (or a place in the central queue), or refuse because the queue is full."""
        host = self.host
        replica = host._balance(attempt)
        cap = self.offer.queue
        if replica is None:
            full = 0 <= cap <= len(host.central)
        else:
            full = 0 <= cap <= replica.load - self.offer.max_batch
        if full:
            self.network.send_fail(attempt, policy.QUEUE_FULL)
            return
        job = Job(attempt, self.clock.now, self.offer)
        job.met = self.requests_per_replica
        if self.offer.block_tokens > 0:
            job.claim = self._claim(request := attempt.request, self.network.world.shared_tokens[request.client_class])
        host.jobs[attempt] = job
        if replica is None:
            line_up(host.central, job)
        else:
            replica.join(job)

    def _claim(self, request: LiveRequest, shared: int) -> Claim:
        """What a request may find in a cache, if its class's prompts begin with so many tokens that they share."""
        document = (DOCUMENT, request.client_class, request.document)
        own = (SESSION, request.session, 0) if request.session >= 0 else (REQUEST, request.key, 0)
        blocks = shared // self.offer.block_tokens if request.prompt > shared else 0
        return Claim(request.key, document, blocks, own, request.prefix)

    def _balance(self, attempt: Attempt) -> Replica | None:
        """Pick a replica; none if the balancer has a central queue and every replica is full."""
        replicas = self.replicas[: self.active]
        if self.balancer == "round_robin":
            self.turn += 1
            return replicas[(self.turn - 1) % len(replicas)]
        if self.balancer == "random":
            return replicas[int(attempt.uniform(BALANCER) * len(replicas))]
        if self.balancer == "two_choices":
            return self._lighter_of_two(attempt, replicas)
        if self.balancer == "least_requests":
            return min(replicas, key=lambda replica: replica.load)
        if self.balancer == "central":
            replicas = [replica for replica in replicas if replica.load < self.offer.max_batch]
        # least outstanding tokens; min takes the first of equals, so the lowest index
        return min(replicas, key=lambda replica: replica.outstanding_tokens, default=None)

    @staticmethod
    def _lighter_of_two(attempt: Attempt, replicas: list[Replica]) -> Replica:
        """Draw two replicas; the one with fewer outstanding tokens, the first drawn if they are alike."""
        many = len(replicas)
        if many == 1:
            return replicas[0]
        first, second = int(attempt.uniform(BALANCER) * many), int(attempt.uniform(SECOND_CHOICE) * (many - 1))
        two = (replicas[first], replicas[second + (second >= first)])
        return min(two, key=lambda replica: replica.outstanding_tokens)

    # What replicas ask for

    def take_from_central_queue(self, room: int) -> list[Job]:
        """Hand over at most ``room`` requests from the head of the central queue."""
        taken, self.central = self.central[:max(room, 0)], self.central[max(room, 0):]
        return taken

    def forget(self, job: Job) -> None:
        """Drop a request that leaves."""
        del self.jobs[job.attempt]
        if job.cancelled and job.attempt.left:
            self._settle_left(job.attempt, job.emitted)

    def _settle_left(self, attempt: Attempt, tokens: int) -> None:
        """Work for a customer who left is over."""
        self.network.books.settle(attempt, tokens, self._billing(attempt).customer_left)

    def _settle_broken(self, job: Job) -> None:
        """A stream has broken."""
        self.network.books.settle(job.attempt, job.emitted, self._billing(job.attempt).broken_stream)

    def _billing(self, attempt: Attempt) -> Billing:
        return self.network.world.router(attempt.request.router).billing

    def tell_first_token(self, job: Job) -> None:
        """Send the first token and measure the time until it leaves."""
        leaves_s = self.clock.now + self.clock.on_grid(self.network.world.offers[job.attempt.offer].request_s)
        self.doors[job.attempt.offer].times.append((job.met, leaves_s - job.arrived_s))
        self.network.send_first_token(job.attempt)

    def tell_end(self, job: Job) -> None:
        """Send the end of a stream: complete, or broken."""
        if job.breaks:
            self._settle_broken(job)
            self.network.send_break(job.attempt)
        else:
            job.attempt.complete = True
            self.network.send_done(job.attempt)

    def count_step(self, step: EngineStep) -> None:
        """Count what a whole step did."""
        self.work[outcome.STEPS] += 1
        self.work[outcome.DECODE_TOKENS] += len(step.decoding)
        self.work[outcome.PREFILL_TOKENS] += sum(tokens for _, tokens in step.chunks)

    def count_time(self, step: EngineStep) -> float:
        """Count the time of a step that ends, or is cut by an outage, and return what crosses the window's end.

        That part is added when somebody asks for it, so that the sum does not depend on how long the run goes on.
        """
        now_s = self.clock.now
        inside_s = self.window.inside_s(step.began_s, now_s)
        if now_s >= self.window.ends_s:
            return inside_s
        self.work[outcome.BUSY_S] += inside_s
        return 0.0

    @property
    def crossed_s(self) -> float:
        """Time inside the measured window of steps that are over and crossed its end."""
        return sum(replica.crossing_s for replica in self.replicas)

    @property
    def time_at_the_end_s(self) -> float:
        """Time inside the measured window of what crossed its end, and of steps under way."""
        return sum(replica.crossing_s + replica.time_under_way_s for replica in self.replicas)

    def count_preemption(self) -> None:
        """Count a preempted request."""
        self.work[outcome.PREEMPTIONS] += 1

    # Calendar and instruments

    def begin_outage(self) -> None:
        """Go down: every request here fails."""
        self.up = False
        lost = [job for replica in self.replicas for job in replica.stop()] + self.central
        self.central = []
        for job in lost:
            self.forget(job)
            if not job.cancelled:
                if job.emitted == 0:
                    self.network.send_fail(job.attempt, policy.OUTAGE)
                else:
                    self._settle_broken(job)
                    self.network.send_break(job.attempt)

    def end_outage(self) -> None:
        """Take requests again."""
        self.up = True

    def slow_down(self, factor: float) -> None:
        """Change the factor on step times; the step under way keeps its own."""
        self.slow = factor

    def resize(self, active: int) -> None:
        """Let the first ``active`` replicas take new requests; idle ones help with the central queue at once."""
        self.active = active
        self.turn = 0
        for index, replica in enumerate(self.replicas):
            if index < active and not replica.active:
                replica.forget_prefixes()
            replica.active = index < active
        for replica in self.replicas[:active]:
            if self.central and replica.step is None:
                replica.wake()

    @property
    def requests_per_replica(self) -> float:
        """Requests running or waiting in its pool, per replica."""
        return len(self.host.jobs) / (self.host.active + len(self.host.decoders))

    @property
    def ttft_at_this_load_s(self) -> float:
        """Median time to first token of recent requests that met about the present load; NaN before the first."""
        load = self.requests_per_replica
        nearest = min((abs(met - load) for met, _ in self.times), default=0.0)
        reach = max(nearest, NEAR, NEAR_SHARE * load)
        near = [ttft_s for met, ttft_s in self.times if abs(met - load) <= reach]
        return median_low(near) if near else math.nan

    @property
    def true_work_s(self) -> float:
        """Unfinished work of the least loaded replica, in seconds of one-token steps."""
        host = self.host
        central = sum(job.work_tokens for job in host.central) / host.active
        least = min(replica.work_tokens for replica in host.replicas[: host.active]) + central
        least += min((replica.work_tokens for replica in host.decoders), default=0)
        return least * float(step_time(self.offer.step, 1, 0, 0.0, 1))
