"""Prequal: choose by probes of load and latency that are up to a second old.

Wydrowski, Kleinberg, Rumble and Archer, "Load is not what you should balance: introducing Prequal",
NSDI 2024. A probe reads the published columns of the view at the time of a query and can be used from the
next query on. A probe of an offer that is already in the pool replaces the older one (ours: markets here
often have fewer offers than the paper's pool has places). Latency is what servers tell: the median of what requests
took that met about the present number in flight (`sim.near_load`). Where providers publish nothing, which is what
outside of one firm's fleet is usual, the router keeps the same book of its own requests.
"""

import math

import numpy as np

from policies.toolbox import clearly_below, keeps, open_rows, uniform
from sim.compiled import rule
from sim.draws import split
from sim.near_load import PAIR, RECENT, latency_at, note
from sim.policy import DISPATCH, FIRST_TOKEN, Event, Imitation, Memory, Policy, Request, places
from sim.scenario.base import Part, quantity
from sim.view import ERROR_SHARE_30S, NEVER, OPEN, PUBLISHED_AT_S, PUBLISHED_IN_FLIGHT, PUBLISHED_LATENCY_S

SOURCE = "Prequal, NSDI 2024, section 5 baseline"

POOL = 16  # places of the pool (paper)
HISTORY = 64  # RIF values behind the quantile (prequal-rs, 2026; the paper does not say)
ROW, RIF, LATENCY, TAKEN_S, USES, FIELDS = 0, 1, 2, 3, 4, 5
# shared memory: counters, then the pool, then the last RIF values in order of arrival and in order of size
SIZE, PROBE_DEBT, REMOVE_DEBT, REMOVE_WORST, SEEN, PROBES = 0, 1, 2, 3, 4, 5
ARRIVED = PROBES + POOL * FIELDS
SORTED = ARRIVED + HISTORY
# memory of an offer: own requests in flight, dispatches and first tokens so far; what the last first tokens took, and
# the last dispatches, each with the number in flight that it met
IN_FLIGHT, DISPATCHES, TIMED, TIMES = 0, 1, 2, 3
SENT = TIMES + PAIR * RECENT
AWAITED = 64  # dispatches that are remembered until their first token


class Prequal(Part):
    """Parameters of ``prequal``."""

    q_rif: float = quantity(
        0.84,
        unit="1",
        doc="Quantile of recent RIF values above which a probe is hot",
        ge=0,
        le=1,
        source=f"{SOURCE}: 2^-0.25; 0.6 to 0.9 is good",
    )
    r_probe: float = quantity(3.0, unit="probes", doc="Probes per query", ge=0, le=64, source=SOURCE)
    r_remove: float = quantity(
        1.0,
        unit="probes",
        doc="Probes removed per query, oldest and worst in turn",
        ge=0,
        le=64,
        source=SOURCE,
    )
    max_age_s: float = quantity(1.0, unit="s", doc="Probes older than this are dropped", gt=0, source=SOURCE)
    delta: float = quantity(1.0, unit="1", doc="Delta of the reuse formula", ge=0, source=SOURCE)
    hot_at_threshold: bool = quantity(
        False,
        unit="flag",
        doc="A RIF equal to the quantile is hot",
        source="the rule in the paper's text says 'exceeds'; its experiments at Q = .999 treat ties as hot",
    )
    max_error_share: float = quantity(
        1.0,
        unit="1",
        doc="Offers with a larger error share of the last 30 s are avoided; 1 is off",
        ge=0,
        le=1,
        source="the paper asks for error aversion and gives no formula",
    )


AT = places(Prequal)


@rule()
def reuse_limit(rows: int, r_probe: float, r_remove: float, delta: float) -> float:
    """How often a probe may be used: max(1, (1 + delta) / ((1 - m/n) r_probe - r_remove)), pool m, offers n.

    Infinite where the denominator is not positive (the pool holds a probe of most offers): age limits it.
    """
    renewed = (1.0 - POOL / rows) * r_probe - r_remove
    return max(1.0, (1.0 + delta) / renewed) if renewed > 0.0 else np.inf


@rule()
def _drop(shared: np.ndarray, place: int) -> None:
    """Remove the probe at ``place``; the pool stays in order of age."""
    size = int(shared[SIZE])
    for at in range(PROBES + place * FIELDS, PROBES + (size - 1) * FIELDS):
        shared[at] = shared[at + FIELDS]
    shared[SIZE] = size - 1


@rule()
def _remember(shared: np.ndarray, rif: float) -> None:
    """Add a RIF value to the history, which is kept sorted beside its order of arrival."""
    seen = int(shared[SEEN])
    count = min(seen, HISTORY)
    place = seen % HISTORY
    if count == HISTORY:
        gone = shared[ARRIVED + place]
        at = 0
        while shared[SORTED + at] != gone:
            at += 1
        count -= 1
        for j in range(at, count):
            shared[SORTED + j] = shared[SORTED + j + 1]
    at = count
    while at > 0 and shared[SORTED + at - 1] > rif:
        shared[SORTED + at] = shared[SORTED + at - 1]
        at -= 1
    shared[SORTED + at] = rif
    shared[ARRIVED + place] = rif
    shared[SEEN] = seen + 1


@rule()
def threshold(shared: np.ndarray, q: float) -> float:
    """RIF quantile that parts hot from cold: infinite at q = 1, as in the paper."""
    count = min(int(shared[SEEN]), HISTORY)
    if q >= 1.0 or count == 0:
        return np.inf
    return float(shared[SORTED + max(0, math.ceil(q * count) - 1)])


@rule()
def _is_hot(rif: float, limit: float, at_threshold: float) -> bool:
    return rif > limit or (at_threshold > 0.0 and rif == limit)


@rule()
def _worst(shared: np.ndarray, limit: float, at_threshold: float) -> int:
    """Place of the worst probe: the hot one of largest RIF if any is hot, else the one of largest latency."""
    worst = -1
    worst_hot = False
    for place in range(int(shared[SIZE])):
        at = PROBES + place * FIELDS
        hot = _is_hot(shared[at + RIF], limit, at_threshold)
        field = RIF if hot else LATENCY
        if (
            worst < 0
            or (hot and not worst_hot)
            or (hot == worst_hot and shared[at + field] > shared[PROBES + worst * FIELDS + field])
        ):
            worst = place
            worst_hot = hot
    return worst


@rule()
def _select(view: np.ndarray, memory: Memory, limit: float, u: float) -> int:
    """Place of the cold probe of least latency, else of the hot one of least RIF; -1 with fewer than 2."""
    shared = memory.shared
    at_threshold, max_errors = memory.params[AT.hot_at_threshold], memory.params[AT.max_error_share]
    best = -1
    best_hot = True
    usable = 0
    ties = 0.0
    for place in range(int(shared[SIZE])):
        at = PROBES + place * FIELDS
        row = int(shared[at + ROW])
        if view[row, OPEN] <= 0.0 or view[row, ERROR_SHARE_30S] > max_errors:
            continue
        usable += 1
        hot = _is_hot(shared[at + RIF], limit, at_threshold)
        field = RIF if hot else LATENCY
        held = shared[PROBES + best * FIELDS + field] if best >= 0 else np.inf
        if best < 0 or (best_hot and not hot) or (hot == best_hot and clearly_below(shared[at + field], held)):
            best = place
            best_hot = hot
            ties = 1.0
        elif hot == best_hot and not clearly_below(held, shared[at + field]):
            ties += 1.0
            if keeps(u, place, 1.0, ties):
                best = place
    return best if usable >= 2 else -1


@rule()
def _uses(rows: int, memory: Memory, w: float) -> float:
    """Reuse limit of one probe, rounded at random by the uniform ``w``."""
    limit = reuse_limit(rows, memory.params[AT.r_probe], memory.params[AT.r_remove], memory.params[AT.delta])
    return limit if limit == np.inf else np.floor(limit + w)


@rule()
def _latency(view: np.ndarray, memory: Memory, row: int) -> float:
    """What a probe of an offer says of its latency; the router's own book where the provider publishes nothing."""
    own = memory.offers[row]
    if view[row, PUBLISHED_AT_S] > NEVER or own[TIMED] == 0.0:
        return float(view[row, PUBLISHED_LATENCY_S])
    return latency_at(own, TIMES, int(own[TIMED]), view[row, PUBLISHED_IN_FLIGHT])


@rule()
def _probe(view: np.ndarray, memory: Memory, now_s: float, wanted: int, u: float) -> None:
    """Probe ``wanted`` distinct open offers drawn uniformly and put the answers into the pool."""
    shared = memory.shared
    rows = view.shape[0]
    left = open_rows(view)
    wanted = min(wanted, left)
    for i in range(rows):
        if wanted == 0:
            break
        if view[i, OPEN] > 0.0:
            if keeps(u, POOL + i, float(wanted), float(left)):
                wanted -= 1
                _remember(shared, view[i, PUBLISHED_IN_FLIGHT])
                for place in range(int(shared[SIZE])):
                    if shared[PROBES + place * FIELDS + ROW] == i:
                        _drop(shared, place)
                        break
                if shared[SIZE] == POOL:
                    _drop(shared, 0)
                at = PROBES + int(shared[SIZE]) * FIELDS
                shared[at + ROW] = i
                shared[at + RIF] = view[i, PUBLISHED_IN_FLIGHT]
                shared[at + LATENCY] = _latency(view, memory, i)
                shared[at + TAKEN_S] = now_s
                shared[at + USES] = _uses(rows, memory, split(u, POOL + rows + i))
                shared[SIZE] += 1.0
            left -= 1


@rule()
def _remove(shared: np.ndarray, limit: float, at_threshold: float, r_remove: float) -> None:
    """Remove ``r_remove`` probes in the long run: the oldest and the worst in turn."""
    shared[REMOVE_DEBT] += r_remove
    while shared[REMOVE_DEBT] >= 1.0:
        shared[REMOVE_DEBT] -= 1.0
        if shared[SIZE] > 0.0:
            _drop(shared, _worst(shared, limit, at_threshold) if shared[REMOVE_WORST] > 0.0 else 0)
            shared[REMOVE_WORST] = 1.0 - shared[REMOVE_WORST]


@rule()
def _met(own: np.ndarray, sent_s: float) -> float:
    """Own requests in flight that the dispatch nearest to a time met."""
    nearest = np.inf
    met = 0.0
    for i in range(min(int(own[DISPATCHES]), AWAITED)):
        at = SENT + PAIR * i
        if abs(own[at] - sent_s) < nearest:
            nearest = abs(own[at] - sent_s)
            met = own[at + 1]
    return met


def observe_prequal(memory: Memory, event: Event) -> None:
    """Keep the book: who met how many own requests in flight, and how long its first token took."""
    own = memory.offers[event.row]
    if event.kind == DISPATCH:
        at = SENT + PAIR * (int(own[DISPATCHES]) % AWAITED)
        own[at] = event.now_s
        own[at + 1] = own[IN_FLIGHT]
        own[DISPATCHES] += 1.0
        own[IN_FLIGHT] += 1.0
    elif event.kind == FIRST_TOKEN:
        note(own, TIMES, int(own[TIMED]), _met(own, event.now_s - event.ttft_s), event.ttft_s)
        own[TIMED] += 1.0
    else:
        own[IN_FLIGHT] -= 1.0


def choose_prequal(view: np.ndarray, request: Request, memory: Memory, u: float) -> int:
    """Least latency among probes that are not hot, else least RIF; with fewer than two probes at random."""
    shared = memory.shared
    while shared[SIZE] > 0.0 and request.now_s - shared[PROBES + TAKEN_S] > memory.params[AT.max_age_s]:
        _drop(shared, 0)
    limit = threshold(shared, memory.params[AT.q_rif])
    place = _select(view, memory, limit, u)
    row = -1
    if place >= 0:
        at = PROBES + place * FIELDS
        row = int(shared[at + ROW])
        shared[at + RIF] += 1.0
        shared[at + USES] -= 1.0
        if shared[at + USES] <= 0.0:
            _drop(shared, place)
    _remove(shared, limit, memory.params[AT.hot_at_threshold], memory.params[AT.r_remove])
    shared[PROBE_DEBT] += memory.params[AT.r_probe]
    wanted = math.floor(shared[PROBE_DEBT])
    shared[PROBE_DEBT] -= wanted
    _probe(view, memory, request.now_s, wanted, split(u, 0))
    return row if row >= 0 else uniform(view, split(u, 1))


PREQUAL = Policy(
    kind="prequal",
    choose=choose_prequal,
    summary="Probes of load and latency; least latency among offers that are not hot, else least load.",
    source="Wydrowski et al., NSDI 2024",
    ties="random",
    parameters=Prequal,
    imitation=Imitation(
        original="Prequal",
        release="Wydrowski et al., Load is not what you should balance, NSDI 2024",
        date="2024-04",
        agreement="rule by rule, by hand-worked pools; the original is not public",
    ),
    observe=observe_prequal,
    offer_slots=SENT + PAIR * AWAITED,
    shared_slots=SORTED + HISTORY,
)
