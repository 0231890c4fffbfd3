"""In which rules engines differ (docs/semantics.md, section 17)."""

from sim.engines.kept_room import CLIPPED_REST, NOTHING, RETRACT_STEPS, SHARE, share_after_preemption, share_kept
from sim.engines.reference.job import EngineStep, Job
from sim.engines.world import OfferSpec


class Reserve:
    """The room that a replica keeps at admissions for what running requests may still write.

    Parameters
    ----------
    offer
        The offer that the replica belongs to.
    """

    def __init__(self, offer: OfferSpec) -> None:
        self.offer = offer
        self.forget()

    def forget(self) -> None:
        """Begin anew: nothing runs."""
        self.began = self.offer.first_share
        self.steps = 0  # since then that only decoded
        self.full = False  # somebody did not fit, and nobody has left since

    def note_step(self, step: EngineStep, somebody_left: bool) -> None:
        """A step has ended."""
        if not step.chunks:
            self.steps += 1
        if somebody_left:
            self.full = False

    def note_preemption(self, decoding: list[Job]) -> None:
        """Requests were preempted; these still decode."""
        self.began = share_after_preemption(
            sum(job.emitted for job in decoding), sum(job.longest for job in decoding), len(decoding))
        self.steps = -1  # the step that follows does not count
        self.full = False

    def fits(self, head: Job, needed: int, running: list[Job], held: int) -> bool:
        """Whether a request that needs so much for its context can be admitted beside those who run and hold so much.

        Parameters
        ----------
        head
            The request.
        needed
            Memory that it needs at once, tokens.
        running
            Those who run.
        held
            Memory that they hold, tokens.
        """
        if self.offer.reserve == NOTHING:
            return held + sum(job.decoding for job in running) + needed <= self.offer.kv_capacity_tokens
        wanted = needed + self._rest(head)
        if not self.full and held + self._kept(running) + wanted <= self.offer.kv_capacity_tokens:
            return True
        self.full = self.offer.reserve == SHARE
        return False

    def _rest(self, job: Job) -> int:
        return min(job.rest, CLIPPED_REST) if self.offer.reserve == SHARE else job.rest

    def _kept(self, running: list[Job]) -> int:
        """Room kept for those who run, tokens."""
        decoding = sum(self._rest(job) for job in running if job.decoding)
        if self.offer.reserve == SHARE:
            decoding = int(share_kept(self.offer.first_share, self.began, self.steps) * decoding)
        return decoding + sum(self._rest(job) for job in running if not job.decoding)


def whom_to_preempt(running: list[Job], offer: OfferSpec) -> Job:
    """The request to be preempted next, of those who run in order of admission."""
    decoding = [job for job in running if job.decoding]
    if offer.preempts_shortest and len(decoding) > 1:
        return min(reversed(decoding), key=lambda job: (job.emitted, -job.prompt))  # the first of equals
    return running[-1]


def room_for_steps(decoding: int, offer: OfferSpec, preempted: bool) -> int:
    """Tokens for which there must be room before a step, or else somebody is preempted (one more, if some were)."""
    more = offer.preempts_shortest and preempted and decoding > 1
    return RETRACT_STEPS * decoding if more else decoding
