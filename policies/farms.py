"""Balancers of server farms: join the idle queue, and consistent hashing with bounded loads."""

import math

import numpy as np

from policies.toolbox import lowest, open_rows, uniform
from sim.draws import derive
from sim.policy import CANCELLED, DONE, FAILED, Event, Imitation, Memory, Policy, Request, places
from sim.scenario.base import Part, quantity
from sim.view import IN_FLIGHT, OPEN

RING_SALT, KEY_SALT = 102, 103  # of places on the circle, apart from the purposes in sim.draws


def choose_jiq(view: np.ndarray, request: Request, memory: Memory, u: float) -> int:
    """The offer that has been idle for longest; if none is idle, any."""
    idle = False
    for i in range(view.shape[0]):
        free = view[i, IN_FLIGHT] == 0.0
        idle = idle or (free and view[i, OPEN] > 0.0)
        memory.offers[i, 0] = memory.offers[i, 1] if free else np.inf
    return lowest(view, memory.offers, 0, u) if idle else uniform(view, u)


def observe_jiq(memory: Memory, event: Event) -> None:
    """Note when an offer had its last end: an idle one has waited in the queue of the idle since then."""
    if event.kind in (DONE, FAILED, CANCELLED):
        memory.offers[event.row, 1] = event.now_s


class BoundedHash(Part):
    """Parameters of ``bounded_hash``."""

    slack: float = quantity(
        0.25, unit="1", doc="An offer takes at most 1 + this times the mean of own requests in flight, rounded up",
        gt=0, source="Mirrokni, Thorup and Zadimoghaddam 2018: c = 1 + epsilon; 1.25 as at Vimeo (HAProxy)",
    )


BOUNDED_AT = places(BoundedHash)


def choose_bounded_hash(view: np.ndarray, request: Request, memory: Memory, u: float) -> int:
    """First offer clockwise of the key's point on a circle that is not full."""
    in_flight = 0.0
    for i in range(view.shape[0]):
        if view[i, OPEN] > 0.0:
            in_flight += view[i, IN_FLIGHT]
    room = math.ceil((1.0 + memory.params[BOUNDED_AT.slack]) * (in_flight + 1.0) / max(open_rows(view), 1))
    key = request.session if request.session >= 0 else request.client_class
    point = derive(key, KEY_SALT, 0 if request.session >= 0 else 1)
    row = -1
    nearest = np.inf
    for i in range(view.shape[0]):
        if view[i, OPEN] > 0.0 and view[i, IN_FLIGHT] < room:
            way = derive(request.first_row + i, RING_SALT, 0) - point
            way = way + 1.0 if way < 0.0 else way
            if way < nearest:
                row = i
                nearest = way
    return row


JIQ = Policy(
    kind="jiq",
    choose=choose_jiq,
    summary="Join the idle queue: the offer that has been idle for longest, else any.",
    source="Lu et al., Join-Idle-Queue, Performance Evaluation 68 (2011)",
    ties="random",
    observe=observe_jiq,
    offer_slots=2,
    imitation=Imitation(
        original="Join-Idle-Queue with one dispatcher",
        release="Lu, Xie, Kliot, Geller, Larus and Greenberg 2011",
        date="2011-11",
        agreement="mean response of 100 servers within 3 standard errors of an independent simulation",
    ),
)
BOUNDED_HASH = Policy(
    kind="bounded_hash",
    choose=choose_bounded_hash,
    summary="Consistent hashing of the session (else the client class) with bounded loads.",
    source="Mirrokni, Thorup and Zadimoghaddam, Consistent hashing with bounded loads, SODA 2018",
    ties="none: places on the circle decide",
    parameters=BoundedHash,
    imitation=Imitation(
        original="Consistent hashing with bounded loads",
        release="Mirrokni, Thorup and Zadimoghaddam, SODA 2018",
        date="2018-01",
        agreement="its two properties, exactly: no load above the bound, few keys move when an offer closes",
    ),
)
