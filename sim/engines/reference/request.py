"""A request and its attempts, as their router keeps them."""

import math
from dataclasses import dataclass, field

import numpy as np

from sim.draws import derive
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
    expected_output: float
    key: int
    session: int
    client_class: int
    router: int
    model: int
    prompt: int
    output: int
    prefix: int
    cohort: int
    attempts: int = 0
    tried: set[int] = field(default_factory=set)
    live: "Attempt | None" = None  # the attempt whose messages count
    last: "Attempt | None" = None  # the newest attempt, live or not
    last_failure: int = NO_FAILURE
    timer: int = 0  # number of the timer that is set; older ones are void
    waits: bool = False  # in its router's queue, for an offer to return
    ended: bool = False

    @property
    def weight(self) -> int:
        """Prompt plus expected output in whole tokens: what outstanding tokens and token limits count."""
        return self.prompt + math.floor(self.expected_output + 0.5)

    def uniform(self, salt: int, index: int) -> float:
        """The request's own uniform in [0, 1) for a purpose (``sim.draws``)."""
        return float(derive(self.key, salt, index))

    @classmethod
    def of(cls, index: int, row: np.void, cohort: int) -> "LiveRequest":
        """Read a row of dtype ``sim.engines.world.REQUEST``."""
        born_s = float(row["born_s"])
        return cls(
            index=index, born_s=born_s, arrive_s=float(row["arrive_s"]),
            patience_until_s=born_s + float(row["patience_s"]), expected_output=float(row["expected_output"]),
            key=int(row["key"]), session=int(row["session"]), client_class=int(row["client_class"]),
            router=int(row["router"]), model=int(row["model"]), prompt=int(row["prompt"]),
            output=int(row["output"]), prefix=int(row["prefix"]), cohort=cohort,
        )


@dataclass(eq=False)
class Attempt:
    """One try of a request at one offer."""

    request: LiveRequest
    number: int  # 0 for the request's first
    offer: int
    dispatched_s: float
    prompt_nano: int  # charge for the prompt at the prices posted when it was placed: these are billed
    price_out_nano: int
    probe: bool  # it tests a half-open breaker
    first_token_s: float = math.nan  # as its router learned it
    left: bool = False  # its customer left after the first token
    complete: bool = False  # its provider has sent the whole answer

    @property
    def is_live(self) -> bool:
        """True while its router still listens to it."""
        return self.request.live is self

    @property
    def waits_for_first_token(self) -> bool:
        """True until its router has seen a token."""
        return math.isnan(self.first_token_s)
