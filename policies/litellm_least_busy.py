"""LiteLLM's least-busy: the fewest requests in flight, by counts of its own."""

import numpy as np

from policies.litellm import LAST_ORDER, SOURCE, UNTIL, enter, enter_open, has_expired, imitates, keep_alive
from policies.toolbox import lowest_or_first, open_rows, uniform
from sim.compiled import rule
from sim.policy import CANCELLED, DISPATCH, DONE, FAILED, Event, Memory, Policy, Request, places
from sim.scenario.base import Part, quantity
from sim.view import OPEN

SCORE, COUNT, COUNT_UNTIL, ORDER, PICKS, OLDEST, PICK_TIMES = 0, 1, 2, 3, 4, 5, 6
MOST_PICKS = 64  # of an offer that have not started; one more makes it forget the oldest


class LiteLlmLeastBusy(Part):
    """Parameters of ``litellm_least_busy``."""

    ties_first: bool = quantity(
        True,
        unit="flag",
        doc="Quirk: ties go to the first offer of the list, or of the map of counts",
        source="least_busy.py: min over the list; until 1.100 strict < in dict order",
    )
    reservation_s: float = quantity(
        30.0,
        unit="s",
        doc="A choice counts as load until its request starts, at most so long; 0: only what has started counts",
        ge=0,
        source="least_busy.py: SELECTION_RESERVATION_TTL_SECONDS = 30, since 1.110.0",
    )
    ttl_s: float = quantity(
        3600.0,
        unit="s",
        doc="An offer's count begins again at 0 this long after its first entry; the map of counts as a whole",
        gt=0,
        source="least_busy.py: IN_FLIGHT_COUNT_TTL_SECONDS = 3600; until 1.100 the cache's 600",
    )
    one_map: bool = quantity(
        False,
        unit="flag",
        doc="Quirk until 1.100: all counts in one map, which may fall below 0; if the least is closed, any open offer",
        source="least_busy.py of 1.80 to 1.100",
    )


AT = places(LiteLlmLeastBusy)


@rule()
def _drop_late_picks(own: np.ndarray, now_s: float, reservation_s: float) -> None:
    """Forget choices that have not started in time, the oldest first."""
    while own[PICKS] > 0.0 and now_s - own[PICK_TIMES + int(own[OLDEST])] >= reservation_s:
        _take_pick(own)


@rule()
def _take_pick(own: np.ndarray) -> None:
    own[PICKS] -= 1.0
    own[OLDEST] = (own[OLDEST] + 1.0) % MOST_PICKS


@rule()
def _note_pick(own: np.ndarray, now_s: float) -> None:
    if own[PICKS] >= MOST_PICKS:
        _take_pick(own)
    own[PICK_TIMES + int(own[OLDEST] + own[PICKS]) % MOST_PICKS] = now_s
    own[PICKS] += 1.0


@rule()
def _forget_map(memory: Memory, now_s: float) -> None:
    if has_expired(memory.shared, now_s):
        memory.shared[:] = 0.0
        memory.offers[:, COUNT] = 0.0
        memory.offers[:, ORDER] = 0.0


@rule()
def _least_of_map(view: np.ndarray, memory: Memory, u: float) -> int:
    """First of the smallest counts of the map, closed offers included; if it is closed, any open offer."""
    enter_open(view, memory.offers, ORDER, memory.shared)
    row = -1
    for i in range(view.shape[0]):
        own = memory.offers[i]
        if own[ORDER] == 0.0 and (view[i, OPEN] <= 0.0 or memory.shared[UNTIL] > 0.0):
            continue  # not in the map
        if row < 0 or own[COUNT] < memory.offers[row, COUNT] or (
            own[COUNT] == memory.offers[row, COUNT] and own[ORDER] < memory.offers[row, ORDER]
        ):
            row = i
    return row if row >= 0 and view[row, OPEN] > 0.0 else uniform(view, u)


def choose_litellm_least_busy(view: np.ndarray, request: Request, memory: Memory, u: float) -> int:
    """Fewest requests in flight, choices that have not started included."""
    now_s, reservation_s = request.now_s, memory.params[AT.reservation_s]
    ties_first, one_map = memory.params[AT.ties_first], memory.params[AT.one_map]
    _forget_map(memory, now_s)
    for i in range(view.shape[0]):
        own = memory.offers[i]
        _drop_late_picks(own, now_s, reservation_s)
        counts = one_map > 0.0 or now_s <= own[COUNT_UNTIL]
        own[SCORE] = (own[COUNT] if counts else 0.0) + own[PICKS]
    if one_map > 0.0 and ties_first > 0.0:
        row = _least_of_map(view, memory, u)
    else:
        row = lowest_or_first(view, memory.offers, SCORE, u, ties_first)
    if row >= 0 and reservation_s > 0.0:
        _note_pick(memory.offers[row], now_s)
    return row if open_rows(view) > 0 else -1


@rule()
def _add(own: np.ndarray, now_s: float, more: float, ttl_s: float) -> None:
    """Add to an offer's own count, which never falls below 0."""
    if now_s > own[COUNT_UNTIL]:
        own[COUNT] = 0.0
    if now_s >= own[COUNT_UNTIL]:
        own[COUNT_UNTIL] = now_s + ttl_s
    own[COUNT] = max(own[COUNT] + more, 0.0)


def observe_litellm_least_busy(memory: Memory, event: Event) -> None:
    """Count a request from its start to its end; its start ends the wait of the oldest choice."""
    starts = event.kind == DISPATCH
    if not (starts or event.kind == DONE or event.kind == FAILED or event.kind == CANCELLED):
        return
    own = memory.offers[event.row]
    _drop_late_picks(own, event.now_s, memory.params[AT.reservation_s])
    if starts and own[PICKS] > 0.0:
        _take_pick(own)
    more = 1.0 if starts else -1.0
    if memory.params[AT.one_map] <= 0.0:
        _add(own, event.now_s, more, memory.params[AT.ttl_s])
        return
    _forget_map(memory, event.now_s)
    enter(own, ORDER, memory.shared)
    own[COUNT] += more
    keep_alive(memory.shared, event.now_s, memory.params[AT.ttl_s])


LITELLM_LEAST_BUSY = Policy(
    kind="litellm_least_busy",
    choose=choose_litellm_least_busy,
    summary="LiteLLM least-busy: fewest requests in flight, those chosen but not yet started included.",
    source=f"{SOURCE}/least_busy.py",
    ties="list order (quirk of the original); random with ties_first = false",
    parameters=LiteLlmLeastBusy,
    imitation=imitates("least-busy"),
    observe=observe_litellm_least_busy,
    offer_slots=PICK_TIMES + MOST_PICKS,
    shared_slots=1 + max(UNTIL, LAST_ORDER),
)
