"""The contract of a routing policy: a function, its parameters, and what it may remember.

A policy is written once, in plain Python that numba can compile, and runs unmodified in both engines.
"""

from collections import namedtuple
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

import numpy as np
from pydantic import BaseModel, ConfigDict

DISPATCH: Final = 0
FIRST_TOKEN: Final = 1
DONE: Final = 2
FAILED: Final = 3
CANCELLED: Final = 4

# kinds of failure, as the router learns them (Event.failure)
NO_FAILURE: Final = 0
OUTAGE: Final = 1  # connection refused or lost, provider down
SERVER_ERROR: Final = 2  # fast 5xx
RATE_LIMITED: Final = 3  # 429, requests or tokens a minute
QUEUE_FULL: Final = 4  # 429, queue at its cap
TOO_LONG: Final = 5  # can never fit in KV memory
MIDSTREAM: Final = 6  # stream broke after the first token
TIMED_OUT: Final = 7  # the router gave the attempt up
FAILURES: Final = ("none", "outage", "server_error", "rate_limited", "queue_full", "too_long", "midstream",
                   "timed_out")


class Request(NamedTuple):
    """What a policy may know of the request it places."""

    now_s: float  # time of the decision
    prompt_tokens: int
    expected_output_tokens: float  # mean of the class's answers so far, at most max_tokens: the true one is unknown
    attempt: int  # 0 for the first attempt
    session: int  # session number, -1 if none
    client_class: int
    first_row: int  # index of row 0 among all offers of the market
    history_tokens: int = 0  # that its prompt begins with as its session's last turn did; 0: a first turn, or a cut one
    document: int = -1  # what its prompt begins with, if others begin so, too; -1: nothing, or not all of it
    shared_tokens: int = 0  # how many tokens that is


class Memory(NamedTuple):
    """A policy's own arrays, zero at the start of a run, private to one router and one model."""

    offers: np.ndarray  # float64 (rows of the view, Policy.offer_slots)
    shared: np.ndarray  # float64 (Policy.shared_slots,)
    params: np.ndarray  # float64, the policy's parameters, read only: params[AT.name] with AT = places(model)


class Event(NamedTuple):
    """Something the router has just learned (passed to ``observe``)."""

    kind: int  # DISPATCH, FIRST_TOKEN, DONE, FAILED or CANCELLED
    row: int  # row of the offer in the view
    now_s: float
    prompt_tokens: int
    output_tokens: int  # tokens received (0 before DONE)
    ttft_s: float  # from dispatch to first token at the router (FIRST_TOKEN, DONE; else 0)
    e2e_s: float  # from dispatch to this event
    failure: int  # kind of failure (FAILED only)
    prompt_usd: float = 0.0  # charged for the prompt, its cached part and the price of a request included (DONE only)
    output_usd: float = 0.0  # charged for the answer (DONE only)
    request: int = 0  # a number of the request's own: attempts of one request share it
    session: int = -1  # as in `Request`, like the three that follow
    history_tokens: int = 0  # (DISPATCH only)
    document: int = -1
    shared_tokens: int = 0
    cached_tokens: int = 0  # of the prompt, charged as read from a cache (DONE only)


class NoParameters(BaseModel):
    """Parameters of a policy that has none."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


def places(model: type[BaseModel]) -> Any:  # noqa: ANN401 - named like the model's fields
    """Where each parameter of a model stands in ``Memory.params``.

    Parameters
    ----------
    model
        The pydantic model of a policy's parameters.

    Returns
    -------
    tuple
        Named like the model's fields. As a global constant, ``AT = places(Model)``, numba compiles
        ``memory.params[AT.name]`` to a load from a fixed place, and an unknown name is an error; a number in its
        stead would silently mean another parameter once the fields are reordered.
    """
    names = tuple(model.model_fields)
    made: Any = namedtuple  # no type checker follows a class that is made of a model's fields
    return made("Places", names)(*range(len(names)))


Choose = Callable[[np.ndarray, Request, Memory, float], int]
Observe = Callable[[Memory, Event], None]


@dataclass(frozen=True)
class Imitation:
    """What a policy or a preset imitates, and how well it is known to do so.

    Attributes
    ----------
    original
        The system, paper or rule that is imitated.
    release, date
        Version or commit of the original that was read, and its date.
    agreement
        How its decisions were held to the original's, with the number that was measured; or that they were not.
    herds
        True if the original itself does worse than a random choice on identical servers at load 0.8: the imitation
        must then do so, too (tests/policies/test_outcomes.py).
    """

    original: str
    release: str
    date: str
    agreement: str
    herds: bool = False


@dataclass(frozen=True)
class Policy:
    """A routing policy as it is registered.

    Attributes
    ----------
    kind
        Name under which scenarios choose it.
    choose
        ``choose(view, request, memory, u)`` returns the row of an open offer, or -1 to decline.
    summary, source, ties
        One sentence on what it does, where it comes from, and how it breaks ties.
    parameters
        Pydantic model of its parameters; only numbers, booleans and literals of numbers.
    observe
        Optional ``observe(memory, event)``, told of every dispatch, first token, end and failure.
    offer_slots, shared_slots
        Sizes of its memory per offer and in all.
    oracle
        True if it may see ``TRUE_WORK_S``; its kind must then begin with ``oracle_``.
    imitation
        What it imitates; none if it is a textbook's rule or our own.
    reads
        Columns of the view (`sim.view`) that ``choose`` reads: the others need not be kept up to date for it. None:
        those that its code names, if it is one of this package, else all.
    """

    kind: str
    choose: Choose
    summary: str
    source: str
    ties: str
    parameters: type[BaseModel] = NoParameters
    observe: Observe | None = None
    offer_slots: int = 0
    shared_slots: int = 0
    oracle: bool = False
    imitation: Imitation | None = None
    reads: tuple[int, ...] | None = None


@dataclass(frozen=True)
class Preset:
    """A named parameter set of a policy, pinned to a date or a commit of the system it imitates.

    Without an ``imitation`` of its own, that of its policy holds.
    """

    name: str
    kind: str
    summary: str
    source: str
    parameters: dict[str, Any] = field(default_factory=dict)
    imitation: Imitation | None = None


@dataclass(frozen=True)
class BoundPolicy:
    """A policy with its parameters, ready for an engine."""

    policy: Policy
    values: BaseModel

    def parameter_array(self) -> np.ndarray:
        """The parameters as float64 in the order of the policy's model."""
        names = type(self.values).model_fields
        return np.array([float(getattr(self.values, name)) for name in names], dtype=np.float64)
