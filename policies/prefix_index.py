"""What a router believes its offers to have cached, from its own placements: the approximate trees of real routers.

SGLang's router, the Gateway API Inference Extension and Dynamo (without events) keep, for every server, a tree of the
prompts that they have sent there. Prompts here are chains: a document that others begin with too, then what a session
has added. So the tree is a table of documents and sessions, with the tokens of each that every offer was sent, and
when. Nobody tells a router what a cache holds; it does not know of evictions there, nor that an answer is cached, too.

A table has `PLACES` entries in sets of `WAYS`; a newcomer to a full set takes the place of whoever was not used for
longest there, at all offers. Prompts that begin like no other's are in no table.
"""

from typing import Final, NamedTuple

import numpy as np

from sim.compiled import rule
from sim.draws import slot_of
from sim.policy import Event, Memory, Request

PLACES: Final = 4096
WAYS: Final = 8
NOBODY: Final = -1
EVER_S: Final = -1e18  # before any run begins

# The shared memory: of each place whose it is (0: nobody's), when it was used last, and who has it first (row + 1).
KEY, USED_S, OWNER = 0, PLACES, 2 * PLACES
SHARED_SLOTS: Final = 3 * PLACES
# An offer's: tokens of each that it was sent, when that was, and all its tokens.
HELD, SENT_S, TOTAL = 0, PLACES, 2 * PLACES
OFFER_SLOTS: Final = 2 * PLACES + 1


@rule()
def find(memory: Memory, key: float) -> int:
    """Place of a document or session; `NOBODY` if it has none."""
    first = WAYS * slot_of(int(key), PLACES // WAYS)
    for place in range(first, first + WAYS):
        if memory.shared[KEY + place] == key:
            return place
    return NOBODY


@rule()
def claim(memory: Memory, key: float) -> int:
    """The same, with a place for whoever has none."""
    place = find(memory, key)
    if place != NOBODY:
        return place
    first = WAYS * slot_of(int(key), PLACES // WAYS)
    place = first
    for other in range(first, first + WAYS):
        if memory.shared[KEY + other] == 0.0:
            place = other
            break
        if memory.shared[USED_S + other] < memory.shared[USED_S + place]:
            place = other
    for row in range(memory.offers.shape[0]):
        drop(memory, row, place)
    memory.shared[KEY + place] = key
    memory.shared[OWNER + place] = 0.0
    return place


@rule()
def drop(memory: Memory, row: int, place: int) -> None:
    """Forget that an offer has something."""
    memory.offers[row, TOTAL] -= memory.offers[row, HELD + place]
    memory.offers[row, HELD + place] = 0.0


class Known(NamedTuple):
    """What the table has of a prompt's beginning: places, or `NOBODY`, and tokens."""

    document: int
    session: int  # of one that the prompt continues
    shared_tokens: float
    history_tokens: float


@rule()
def look_up(memory: Memory, request: Request) -> Known:
    """Find what a prompt begins with; documents have negative keys."""
    document = find(memory, -(request.document + 1.0)) if request.document >= 0 else NOBODY
    continues = request.session >= 0 and request.history_tokens > 0
    session = find(memory, request.session + 1.0) if continues else NOBODY
    return Known(document, session, float(request.shared_tokens), float(request.history_tokens))


@rule()
def matched(memory: Memory, row: int, known: Known, since_s: float) -> float:
    """Tokens at the beginning of a prompt that an offer was sent before, at ``since_s`` or later."""
    own = memory.offers[row]
    session, document = known.session, known.document
    if session != NOBODY and own[HELD + session] > 0.0 and own[SENT_S + session] >= since_s:
        return float(min(known.shared_tokens + own[HELD + session], known.history_tokens))
    if document != NOBODY and own[HELD + document] > 0.0 and own[SENT_S + document] >= since_s:
        return float(min(known.shared_tokens, own[HELD + document]))
    return 0.0


@rule()
def note(memory: Memory, event: Event, longest: float) -> None:
    """Write down the first ``longest`` tokens of a prompt that was placed."""
    if event.document >= 0:
        put(memory, event.row, claim(memory, -(event.document + 1.0)), min(float(event.shared_tokens), longest),
            event.now_s)
    added = min(float(event.prompt_tokens), longest) - event.shared_tokens
    if event.session >= 0 and added > 0.0:
        put(memory, event.row, claim(memory, event.session + 1.0), added, event.now_s)


@rule()
def put(memory: Memory, row: int, place: int, tokens: float, now_s: float) -> None:
    """Write down that an offer was sent so many tokens of something; who adds to it, or has it alone, has it first."""
    longest = 0.0
    for other in range(memory.offers.shape[0]):
        longest = max(longest, memory.offers[other, HELD + place])
    owner = int(memory.shared[OWNER + place]) - 1
    if tokens > longest or owner < 0 or memory.offers[owner, HELD + place] == 0.0:
        memory.shared[OWNER + place] = row + 1.0
    own = memory.offers[row]
    own[TOTAL] += tokens - own[HELD + place]
    own[HELD + place] = tokens
    own[SENT_S + place] = now_s
    memory.shared[USED_S + place] = now_s


@rule()
def goes_before(memory: Memory, own: np.ndarray, place: int, other: int) -> bool:
    """Whether something is forgotten before something else: the older, and what follows upon a document before it."""
    if own[SENT_S + place] != own[SENT_S + other]:
        return bool(own[SENT_S + place] < own[SENT_S + other])
    return bool(memory.shared[KEY + place] > 0.0 > memory.shared[KEY + other])


@rule()
def shrink(memory: Memory, row: int, most: float) -> None:
    """Forget what an offer was not sent for longest until its tokens are ``most`` at most."""
    own = memory.offers[row]
    while own[TOTAL] > most:
        oldest = NOBODY
        for place in range(PLACES):
            if own[HELD + place] > 0.0 and (oldest == NOBODY or goes_before(memory, own, place, oldest)):
                oldest = place
        if oldest == NOBODY:
            own[TOTAL] = 0.0
            return
        drop(memory, row, oldest)


@rule()
def owner_of(view: np.ndarray, memory: Memory, place: int) -> int:
    """Row of the offer that has something first, or of another that has it; `NOBODY` if none has."""
    if place == NOBODY:
        return NOBODY
    owner = int(memory.shared[OWNER + place]) - 1
    if owner >= 0 and memory.offers[owner, HELD + place] > 0.0:
        return owner
    for row in range(view.shape[0]):
        if memory.offers[row, HELD + place] > 0.0:
            return row
    return NOBODY
