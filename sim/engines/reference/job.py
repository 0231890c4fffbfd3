"""An attempt as its provider sees it, and the steps in which it is worked on."""

from dataclasses import dataclass
from typing import NamedTuple

from sim.draws import MIDSTREAM, MIDSTREAM_POINT
from sim.engines.answers import longest_answer
from sim.engines.reference.prefix_cache import Claim
from sim.engines.reference.request import Attempt
from sim.engines.world import OfferSpec


class Job:
    """An attempt as its provider sees it; its answer is as long as the attempt's ``served`` says.

    Parameters
    ----------
    attempt
        The attempt that arrived.
    arrived_s
        When it arrived.
    offer
        The offer through which it came.
    """

    def __init__(self, attempt: Attempt, arrived_s: float, offer: OfferSpec) -> None:
        request = attempt.request
        self.attempt = attempt
        self.arrived_s = arrived_s
        self.met = 0.0  # requests per replica that were there then
        self.prompt = request.prompt
        self.output = attempt.served
        self.weight = request.weight
        self.priority = offer.urgency + request.priority
        self.longest = longest_answer(request.max_tokens, request.prompt, offer.room_tokens)  # that it may get
        self.last_token = self.output  # it leaves after this token
        if self.output > 1 and attempt.uniform(MIDSTREAM) < offer.midstream_share:
            self.last_token = 1 + int(attempt.uniform(MIDSTREAM_POINT) * (self.output - 1))
        self.emitted = 0  # tokens produced so far
        self.prefilled = 0  # tokens of its context computed since its last admission
        self.decoding = False
        self.kv_tokens = 0  # KV it holds
        self.claim: Claim | None = None  # on its replica's prefix cache, if there is one
        self.credit = 0  # of the KV it holds, tokens that the cache holds for it
        self.cancelled = False

    @property
    def context(self) -> int:
        """Tokens to prefill on admission: the prompt and, after a preemption, what was already produced."""
        return self.prompt + self.emitted

    @property
    def prefill_left(self) -> int:
        """Tokens still to prefill before it can decode."""
        return 0 if self.decoding else self.context - self.prefilled

    @property
    def rest(self) -> int:
        """Tokens of KV that it may still write besides its context: the last of its answer is sent, not kept."""
        return self.longest - self.emitted - (0 if self.decoding else 1)

    @property
    def breaks(self) -> bool:
        """True if its stream breaks before the last token."""
        return self.last_token < self.output

    @property
    def work_tokens(self) -> int:
        """Tokens still to compute (the end of a prefill produces a token by the way)."""
        left = self.last_token - self.emitted
        return left + self.prefill_left - 1 if self.prefill_left > 0 else left

    def drop_cache(self) -> None:
        """Forget everything computed: it prefills anew when admitted again."""
        self.prefilled = 0
        self.decoding = False
        self.kv_tokens = 0


class Chunk(NamedTuple):
    """The part of a job's prompt, in tokens, that a step computes."""

    job: Job
    tokens: int


@dataclass(frozen=True, eq=False)
class EngineStep:
    """A step under way: when it began, who decodes in it and which prefill tokens it computes."""

    began_s: float
    ends_s: float
    decoding: tuple[Job, ...]
    chunks: tuple[Chunk, ...]
