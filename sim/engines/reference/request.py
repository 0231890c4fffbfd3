"""A request and its attempts, as their router keeps them."""

import math
from collections import Counter
from dataclasses import dataclass, field

import numpy as np

from sim.draws import derive, of_attempt
from sim.engines.answers import least_tokens
from sim.engines.bill import Terms, prompt_pico, told_usd
from sim.policy import NO_FAILURE


@dataclass(eq=False)
class LiveRequest:
    """A request on its way: what it is, and what its router knows of it.

    ``patience_until_s`` is ``inf`` for a request that waits for ever; the other times are seconds of the run.
    """

    index: int  # order of arrival at the engine
    born_s: float
    arrive_s: float
    patience_until_s: float
    expected_output: float  # of the feed, until its router writes what it has seen of the class
    key: int
    session: int
    client_class: int
    router: int
    model: int
    prompt: int
    output: int  # as drawn: nobody but its provider acts on it
    prefix: int
    document: int  # what its prompt begins with, of those of its class
    max_tokens: int
    priority: int
    pinned: int  # 1 + number of the provider that alone may serve it; 0: anybody may
    cohort: int
    row: np.void  # as it arrived: the turn after it is drawn from this
    attempts: int = 0
    earlier: int = 0  # attempts that it made at models before this one
    asked: int = 0  # fallback models that it has gone on to
    tried: Counter[int] = field(default_factory=Counter)  # attempts at offers, as far as it remembers them
    live: "Attempt | None" = None  # the attempt whose messages count
    second: "Attempt | None" = None  # the one that was sent beside it, while both wait for a first token
    last: "Attempt | None" = None  # the newest attempt that was live, whether it still is or not
    hedge_s: float = math.inf  # when an attempt that waits alone gets a second beside it
    last_failure: int = NO_FAILURE
    timer: int = 0  # number of the timer that is set; older ones are void
    waits: bool = False  # in its router's queue, for an offer to return
    ended: bool = False

    @property
    def live_attempts(self) -> "list[Attempt]":
        """Attempts that its router listens to."""
        return [attempt for attempt in (self.live, self.second) if attempt is not None]

    def let_go(self, attempt: "Attempt") -> None:
        """Stop listening to an attempt; the other one, if there is one, goes on alone."""
        if self.live is attempt:
            self.live = self.second
            self.last = self.live or attempt
        self.second = None

    @property
    def newest_offer(self) -> int | None:
        """Offer of the newest attempt at the model that it asks for now; None if it has made none there."""
        return self.last.offer if self.last is not None and self.attempts > self.earlier else None

    @property
    def weight(self) -> int:
        """Prompt plus expected output in whole tokens: what outstanding tokens and token limits count."""
        return self.prompt + math.floor(self.expected_output + 0.5)

    def uniform(self, salt: int, index: int) -> float:
        """The request's own uniform in [0, 1) for a purpose (``sim.draws``)."""
        return float(derive(self.key, salt, index))

    @property
    def least_tokens(self) -> int:
        """What an offer must hold to take it."""
        return int(least_tokens(self.prompt, self.max_tokens))

    @classmethod
    def of(cls, index: int, row: np.void, cohort: int) -> "LiveRequest":
        """Read a row of dtype ``sim.engines.world.REQUEST``."""
        born_s = float(row["born_s"])
        return cls(
            index=index, born_s=born_s, arrive_s=float(row["arrive_s"]),
            patience_until_s=born_s + float(row["patience_s"]), expected_output=float(row["expected_output"]),
            key=int(row["key"]), session=int(row["session"]), client_class=int(row["client_class"]),
            router=int(row["router"]), model=int(row["model"]), prompt=int(row["prompt"]),
            output=int(row["output"]), prefix=int(row["prefix"]), document=int(row["document"]),
            max_tokens=int(row["max_tokens"]), priority=int(row["priority"]), pinned=int(row["pinned"]),
            cohort=cohort, row=row,
        )


@dataclass(eq=False)
class Attempt:
    """One try of a request at one offer."""

    request: LiveRequest
    number: int  # 0 for the request's first
    offer: int
    dispatched_s: float
    terms: Terms  # those posted when it was placed: these are billed
    probe: bool  # it tests a half-open breaker
    has_cache: bool = False  # whether its offer has a prefix cache
    first_token_s: float = math.nan  # as its router learned it
    served: int = 0  # length at which its answer ends, once a provider has let it in
    left: bool = False  # its customer left after the first token
    own_key: bool = False  # it comes with its customer's own key
    complete: bool = False  # its provider has sent the whole answer
    hits: int = -1  # tokens of its prompt that its provider's prefix cache held; -1: it has not looked

    def uniform(self, salt: int) -> float:
        """The attempt's own uniform in [0, 1) for a purpose, at its offer (``sim.draws``)."""
        return float(of_attempt(self.request.key, salt, self.number, self.offer))

    @property
    def was_cut(self) -> bool:
        """True if its answer, served to its end, is shorter than the drawn one."""
        return self.served < self.request.output

    @property
    def is_live(self) -> bool:
        """True while its router still listens to it."""
        return self.request.live is self or self.request.second is self

    def note_hits(self, tokens: int) -> None:
        """Its provider has begun with so many tokens of its prompt from a cache; only the first time counts."""
        if self.hits < 0:
            self.hits = tokens

    @property
    def told_usd(self) -> tuple[float, float]:
        """What is charged for the prompt and for the whole answer, as policies hear of it."""
        kept, request = self.terms.kept_ppm, self.request
        prompt = prompt_pico(self.terms, request.prompt, self.cached_tokens)
        return told_usd(prompt, kept), told_usd(self.served * self.terms.output, kept)

    @property
    def cached_tokens(self) -> int:
        """Tokens of its prompt that are billed as read from a cache."""
        return max(self.hits, 0) if self.has_cache else self.request.prefix

    @property
    def waits_for_first_token(self) -> bool:
        """True until its router has seen a token."""
        return math.isnan(self.first_token_s)
