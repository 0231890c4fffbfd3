"""What the parts of the engine ask of each other: each is written against these, so that none imports its caller."""

from typing import Protocol

from sim.engines.reference.clock import Clock
from sim.engines.reference.job import EngineStep, Job
from sim.engines.reference.request import Attempt
from sim.engines.window import Window
from sim.engines.world import OfferSpec


class RouterEnd(Protocol):
    """A router at its end of the network."""

    def hear_first_token(self, attempt: Attempt) -> None:
        """The first token of an attempt arrives."""

    def hear_done(self, attempt: Attempt) -> None:
        """The last token of an attempt arrives."""

    def hear_fail(self, attempt: Attempt, kind: int) -> None:
        """An attempt is refused or has failed."""


class ProviderEnd(Protocol):
    """A deployment at its end of the network."""

    def hear_dispatch(self, attempt: Attempt) -> None:
        """An attempt arrives."""

    def hear_cancel(self, attempt: Attempt) -> None:
        """Nobody waits for an attempt any more."""

    @property
    def true_work_s(self) -> float:
        """Unfinished work of the least loaded replica, in seconds of one-token steps (oracle policies)."""


class ReplicaEnd(Protocol):
    """A replica at an end of a transfer."""

    number: int
    coming: list[Job]

    @property
    def host(self) -> "ReplicaHost":
        """The deployment that it belongs to."""

    @property
    def outstanding_tokens(self) -> int:
        """Weight of the requests here and on the way here, tokens."""

    def join(self, job: Job) -> None:
        """Take a request into the queue."""

    def look_again(self) -> None:
        """Wake up if somebody waits."""


class ReplicaHost(Protocol):
    """The deployment that a replica belongs to."""

    offer: OfferSpec
    clock: Clock
    window: Window
    slow: float

    def take_from_central_queue(self, room: int) -> list[Job]:
        """At most ``room`` requests from the head of the central queue."""

    def forget(self, job: Job) -> None:
        """A request leaves."""

    def tell_first_token(self, job: Job) -> None:
        """A request has its first token."""

    def tell_end(self, job: Job) -> None:
        """The stream of a request is complete, or breaks."""

    def count_step(self, step: EngineStep) -> None:
        """A step is over."""

    def count_time(self, step: EngineStep) -> float:
        """A step is over or cut: count its time and return what crosses the end of the measured window."""

    def count_preemption(self) -> None:
        """A request was preempted."""
