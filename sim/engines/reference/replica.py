"""A replica: continuous batching, one step after the other (semantics, section 7, "A step")."""

from dataclasses import dataclass

from sim.engines.reference.dialects import Reserve, room_for_steps, whom_to_preempt
from sim.engines.reference.faces import ReplicaHost
from sim.engines.reference.job import Chunk, EngineStep, Job
from sim.engines.reference.prefix_cache import PrefixCache
from sim.engines.reference.priority import line_up, put_back
from sim.engines.reference.transfer import TransferLink
from sim.engines.rules import BOUNDARY
from sim.engines.steptime import step_time
from sim.engines.stretch import Stretch, plan_stretch, stretch_time


@dataclass
class Decoding:
    """The unbroken run of decoding steps that a replica is in."""

    began_s: float
    terms: Stretch
    slow: float
    steps: int = 0  # begun so far


class Replica:
    """One engine: a queue by priority and a running batch that share KV memory.

    Parameters
    ----------
    host
        The deployment that it belongs to.
    number
        Its place among the replicas of all offers: boundaries of the same time happen in this order.
    """

    def __init__(self, host: ReplicaHost, number: int) -> None:
        self.host = host
        self.number = number
        self.offer = host.offer
        self.active = True  # it takes new requests
        self.queue: list[Job] = []
        self.running: list[Job] = []  # in order of admission
        self.step: EngineStep | None = None  # none: idle
        self.stretch: Decoding | None = None  # that the step belongs to, if it only decodes
        self.cache = None
        if host.offer.block_tokens > 0:
            self.cache = PrefixCache(host.offer.block_tokens, host.offer.host_tokens)
        self.reserve = Reserve(host.offer)
        self.link: TransferLink | None = None  # to the replicas that decode, if it only computes prompts
        self.coming: list[Job] = []  # whose KV is on the way here
        self.crossing_s = 0.0  # time inside the measured window of the step that crossed its end

    @property
    def load(self) -> int:
        """Requests running or waiting here."""
        return len(self.running) + len(self.queue)

    @property
    def outstanding_tokens(self) -> int:
        """Weight of the requests here and on the way here, tokens."""
        return sum(job.weight for job in self.running + self.queue + self.coming)

    @property
    def work_tokens(self) -> int:
        """Tokens still to compute for the requests here, as of the last step boundary."""
        return sum(job.work_tokens for job in self.running + self.queue)

    @property
    def kv_held(self) -> int:
        """KV memory in use, tokens; what several requests use together counts once."""
        shared = 0 if self.cache is None else self.cache.used_tokens
        sending = 0 if self.link is None else self.link.kv_held
        return sum(job.kv_tokens - job.credit for job in self.running) + shared + sending

    @property
    def decoding(self) -> list[Job]:
        """Requests that decode, in order of admission."""
        return [job for job in self.running if job.decoding]

    def join(self, job: Job) -> None:
        """Take a request into the queue; an idle replica starts a step once everybody due now has come."""
        line_up(self.queue, job)
        self.wake()

    def wake(self) -> None:
        """Let an idle replica begin a step now, at its turn among the boundaries of this time."""
        if self.step is None:
            self.host.clock.at(self.host.clock.now, (BOUNDARY, self.number), self._leave_idleness)

    def look_again(self) -> None:
        """Wake up if somebody waits, who may fit now: transfers hold memory of a replica that does nothing else."""
        if self.queue and self.host.offer.split.prefill > 0:
            self.wake()

    def _leave_idleness(self) -> None:
        if self.step is None:  # several may have woken it
            self.begin_step()

    def begin_step(self) -> None:
        """Admit, compose a step and let it take its time; go idle if nothing runs."""
        if self.active:
            for job in self.host.take_from_central_queue(self.offer.max_batch - self.load):
                line_up(self.queue, job)
        if self.offer.prefills_first:
            self._admit()
            if not self._prefills_alone:
                self._preempt()
        # Never both: whoever was pushed out is at the head of the queue and would come straight back.
        elif not self._preempt():
            self._admit()
        self.step = self._compose()
        if self.step is not None:
            self.host.clock.at(self.step.ends_s, (BOUNDARY, self.number), self._end_step, self.step)

    def _end_step(self, step: EngineStep) -> None:
        """Boundary of two steps: the effects of the one that ends, then the next one."""
        if step is not self.step:
            return  # an outage cut it short
        self._count_time(step)
        self.host.count_step(step)
        before = len(self.running)
        # Cancelled requests leave first, in silence: one whose last token this was must not report that it is done.
        self._drop_cancelled()
        self._finish_decodes(step)
        self._finish_prefills(step)
        self.reserve.note_step(step, somebody_left=len(self.running) < before)
        self.begin_step()

    def _drop_cancelled(self) -> None:
        for job in [job for job in self.running if job.cancelled]:
            self._leave(job)

    def _finish_decodes(self, step: EngineStep) -> None:
        """Every decoding request has one more token; those that have all leave."""
        for job in step.decoding:
            if not job.cancelled:
                job.emitted += 1
                self._end_if_last(job)

    def _finish_prefills(self, step: EngineStep) -> None:
        """Prefill has progressed; a complete one produces a token and decodes on, unless that was all."""
        for job, tokens in step.chunks:
            if job.cancelled:
                continue
            job.prefilled += tokens
            if job.prefill_left == 0:
                self._store(job)
                job.emitted += 1
                job.decoding = True
                if job.emitted == 1:
                    self.host.tell_first_token(job)
                self._end_if_last(job)
                if self.link is not None and job.emitted < job.last_token:
                    self.running.remove(job)
                    self.link.send(job)

    def _end_if_last(self, job: Job) -> None:
        if job.emitted == job.last_token:
            self._leave(job)
            self.host.tell_end(job)

    def _leave(self, job: Job) -> None:
        if job.decoding:
            self._store(job)
        self._release(job)
        self.running.remove(job)
        self.host.forget(job)

    def _preempt(self) -> bool:
        """Push requests out while the next tokens would not fit; True if any was."""
        offer = self.offer
        preempted = False
        # The coming step writes a token for each decoding request; B falls with each of them that is pushed out.
        while self.kv_held + room_for_steps(len(self.decoding), offer, preempted) > offer.kv_capacity_tokens:
            job = whom_to_preempt(self.running, offer)
            self.running.remove(job)
            self._release(job)
            job.drop_cache()
            (line_up if offer.preempts_shortest else put_back)(self.queue, job)
            self.host.count_preemption()
            preempted = True
        if preempted:
            self.reserve.note_preemption(self.decoding)
        return preempted

    def _admit(self) -> None:
        """Admit the head of the queue while there is a place and its context fits."""
        while self.queue and len(self.running) < self.offer.max_batch and not self._step_is_full:
            head = self.queue[0]
            holds = head.context + self.offer.seq_overhead_tokens
            if not self.reserve.fits(head, holds - self._shared_tokens(head), self.running, self.kv_held):
                return
            job = self.queue.pop(0)
            # Who comes with its KV decodes at once: its newest token is written in the next step, like any other's.
            job.kv_tokens = holds - 1 if job.decoding else holds
            self.running.append(job)
            self._find(job)

    @property
    def _step_is_full(self) -> bool:
        """Whether prefill, where it goes first, has enough for the next step."""
        left = sum(job.prefill_left for job in self.running)
        return self.offer.prefills_first and left >= self.offer.max_step_tokens

    @property
    def _prefills_alone(self) -> bool:
        """Whether the next step computes prefill while those who decode wait."""
        return self.offer.prefills_first and any(not job.decoding for job in self.running)

    # Its prefix cache (semantics, section 16)

    def _shared_tokens(self, job: Job) -> int:
        """Tokens of a request's prompt that running requests hold already."""
        return 0 if self.cache is None or job.claim is None else self.cache.shared_tokens(job.claim)

    def _find(self, job: Job) -> None:
        """Begin prefill behind what the cache holds of the context, and make room for the rest."""
        if self.cache is not None and job.claim is not None:
            job.credit = job.prefilled = self.cache.find(job.claim, job.context)
            job.attempt.note_hits(job.credit)
            self._evict()
        elif self.offer.finds_prefix and not job.decoding:
            # the last token is computed in any case: its result is the first token of the answer
            job.prefilled = min(job.attempt.request.prefix, job.context - 1)

    def _store(self, job: Job) -> None:
        """Hand what a request has computed to the cache; what the cache has already it need not hold twice."""
        if self.cache is not None and job.claim is not None:
            self.cache.store(job.claim, job.kv_tokens - self.offer.seq_overhead_tokens)
            job.credit = self.cache.block_tokens * job.claim.blocks

    def _release(self, job: Job) -> None:
        """A request holds nothing any more."""
        if self.cache is not None and job.claim is not None:
            self.cache.release(job.claim)
            job.credit = 0

    def _evict(self) -> None:
        """Evict what there is no room for beside running requests."""
        if self.cache is not None:
            self.cache.evict(self.offer.kv_capacity_tokens - self.kv_held)

    def forget_prefixes(self) -> None:
        """Lose the prefixes that no running request uses."""
        if self.cache is not None:
            self.cache.drop()

    def _compose(self) -> EngineStep | None:
        """One token for each decoding request, then prefill in order of admission up to the token budget."""
        if not self.running:
            self.stretch = None
            self.reserve.forget()
            return None
        decoding = [] if self._prefills_alone else self.decoding
        for job in decoding:
            job.kv_tokens += 1
        self._evict()
        budget = self.offer.max_step_tokens - len(decoding)
        chunks = []
        for job in self.running:
            tokens = min(budget, job.prefill_left)
            if tokens > 0:
                chunks.append(Chunk(job, tokens))
                budget -= tokens
        if len(decoding) == len(self.running):
            ends_s = self._next_in_stretch_s(tuple(decoding))
        else:
            self.stretch = None
            ends_s = self.host.clock.on_grid(self.host.clock.now + self._duration_s(decoding, chunks))
        return EngineStep(self.host.clock.now, ends_s, tuple(decoding), tuple(chunks))

    def _next_in_stretch_s(self, decoding: tuple[Job, ...]) -> float:
        """End of a step that only decodes: the next boundary of the stretch, which goes on or begins."""
        stretch, clock, slow = self.stretch, self.host.clock, self.host.slow
        if stretch is None or self.step is None or self.step.decoding != decoding or stretch.slow != slow:
            kv_read = sum(job.kv_tokens for job in decoding)
            stretch = Decoding(clock.now, plan_stretch(self.offer.step, slow, len(decoding), kv_read), slow)
        stretch.steps += 1
        self.stretch = stretch
        # Not one step after the other: the sum of many differs in its last bits from the closed form (E7).
        return stretch.began_s + clock.on_grid(stretch_time(stretch.terms, stretch.steps))

    def _duration_s(self, decoding: list[Job], chunks: list[Chunk]) -> float:
        """Step time (E1) of one token for each of ``decoding`` and the prefill ``chunks``."""
        tokens = len(decoding) + sum(p for _, p in chunks)
        kv_decoding = sum(job.kv_tokens for job in decoding)
        kv_read = kv_decoding + sum(job.prefilled + p for job, p in chunks)
        pairs = kv_decoding + sum(p * job.prefilled + p * (p + 1) // 2 for job, p in chunks)
        lasts_s = float(step_time(self.offer.step, tokens, kv_read, float(pairs), len(decoding)))
        return self.host.slow * (lasts_s + self._fetching_s())

    def _fetching_s(self) -> float:
        """Time to fetch what was found in host memory for those who were admitted, before the step that begins them."""
        if self.cache is None:
            return 0.0
        tokens, self.cache.fetched_tokens = self.cache.fetched_tokens, 0
        return tokens * self.offer.host_token_s

    @property
    def time_under_way_s(self) -> float:
        """Time so far, inside the measured window, of the step under way."""
        if self.step is None:
            return 0.0
        return self.host.window.inside_s(self.step.began_s, self.host.clock.now)

    def _count_time(self, step: EngineStep) -> None:
        self.crossing_s += self.host.count_time(step)

    def stop(self) -> list[Job]:
        """Cut the step under way and empty the replica (an outage); return who was here, running first."""
        if self.step is not None:
            self._count_time(self.step)
        jobs = self.running + self.queue + ([] if self.link is None else self.link.stop())
        for job in self.running:
            self._release(job)
        self.forget_prefixes()
        self.reserve.forget()
        self.running, self.queue, self.coming, self.step, self.stretch = [], [], [], None, None
        return jobs
