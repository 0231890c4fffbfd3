"""NVIDIA Dynamo's KV router: cost of the prompt that is not cached, and of the blocks that are active, by offer.

Without events from the servers, as here: caches are what the router has sent in the last two minutes, and loads are
its own requests. A prompt is work until its first token, its blocks are active until its end.
"""

import math

import numpy as np

from policies.prefix_index import OFFER_SLOTS, SHARED_SLOTS, TOTAL, look_up, matched, note, shrink
from policies.toolbox import draw, lowest
from sim.compiled import rule
from sim.draws import slot_of
from sim.policy import DISPATCH, FIRST_TOKEN, Event, Imitation, Memory, Policy, Request, places
from sim.scenario.base import Part, quantity
from sim.view import OPEN

SOURCE = "ai-dynamo/dynamo@07a6c9ce, lib/kv-router/src/scheduling/selector/default.rs"
CONCEPTS = "docs.nvidia.com/dynamo, routing concepts (2026)"
UNDER_WAY, WAYS = 8192, 8  # places of the book of requests that have not ended; the oldest of a full set is let go
NUMBER, ROW, PROMPT, BLOCKS, SENT_S, FIELDS = range(6)
BOOK = SHARED_SLOTS
PREFILL, ACTIVE, COST, CHANCE = range(OFFER_SLOTS, OFFER_SLOTS + 4)  # columns of an offer's memory


class DynamoKv(Part):
    """Parameters of ``dynamo_kv``."""

    overlap_credit: float = quantity(
        1.0, unit="1", doc="How much of a block that is cached need not be counted as work", ge=0,
        source=f"{SOURCE}: overlap_score_credit 1")
    prefill_scale: float = quantity(
        1.0, unit="1", doc="What a block of a prompt to be computed costs, in active blocks", ge=0,
        source=f"{SOURCE}: prefill_load_scale 1")
    temperature: float = quantity(
        0.0, unit="1", doc="Choose by a softmax of costs over their range at this temperature; 0: the least", ge=0,
        source=f"{CONCEPTS}: --router-temperature 0")
    block_tokens: float = quantity(
        16.0, unit="tokens", doc="Length of a block", ge=1, source="vLLM: block_size 16, which Dynamo takes over")
    ttl_s: float = quantity(
        120.0, unit="s", doc="After this time what was sent is taken to be evicted", gt=0,
        source=f"{CONCEPTS}: --no-kv-events, a window of 120 s")
    tree_blocks: float = quantity(
        2.0**20, unit="blocks", doc="Most blocks that are remembered of an offer", ge=0,
        source="lib/kv-router, pruning: max_tree_size 2^20")
    prune_to: float = quantity(
        0.8, unit="1", doc="Share of them that is left when they are too many", ge=0, le=1,
        source="lib/kv-router, pruning: prune_target_ratio 0.8")


AT = places(DynamoKv)


@rule()
def cost_of(prefill_blocks: float, overlap_blocks: float, active_blocks: float, params: np.ndarray) -> float:
    """Blocks to compute, less what is cached, and blocks that will be active."""
    left = max(prefill_blocks - params[AT.overlap_credit] * overlap_blocks, 0.0)
    return float(params[AT.prefill_scale] * left + active_blocks)


def choose_dynamo_kv(view: np.ndarray, request: Request, memory: Memory, u: float) -> int:
    """Least cost, ties at random; or a draw by a softmax of costs."""
    block, temperature = memory.params[AT.block_tokens], memory.params[AT.temperature]
    own_blocks = math.ceil(request.prompt_tokens / block)
    least, most, known = np.inf, -np.inf, look_up(memory, request)
    for i in range(view.shape[0]):
        if view[i, OPEN] > 0.0:
            own = memory.offers[i]
            overlap = matched(memory, i, known, request.now_s - memory.params[AT.ttl_s]) // block
            prefill = (own[PREFILL] + request.prompt_tokens) / block
            own[COST] = cost_of(prefill, overlap, own[ACTIVE] + own_blocks, memory.params)
            least = min(least, own[COST])
            most = max(most, own[COST])
    if temperature == 0.0:
        return lowest(view, memory.offers, COST, u)
    for i in range(view.shape[0]):
        apart = (memory.offers[i, COST] - least) / (most - least) if most > least else 0.0
        memory.offers[i, CHANCE] = math.exp(-apart / temperature) if view[i, OPEN] > 0.0 else 0.0
    return draw(view, memory.offers, CHANCE, u)


@rule()
def entry_of(memory: Memory, number: int, row: int) -> int:
    """Where the book has a request at an offer; -1 if nowhere."""
    first = WAYS * slot_of(number, UNDER_WAY // WAYS)
    for place in range(first, first + WAYS):
        at = BOOK + FIELDS * place
        if memory.shared[at + NUMBER] == number + 1.0 and memory.shared[at + ROW] == row:
            return at
    return -1


@rule()
def room_for(memory: Memory, number: int) -> int:
    """Where the book has room for a request: an empty place, or that of the oldest, which is let go."""
    first = WAYS * slot_of(number, UNDER_WAY // WAYS)
    oldest = BOOK + FIELDS * first
    for place in range(first, first + WAYS):
        at = BOOK + FIELDS * place
        if memory.shared[at + NUMBER] == 0.0:
            return at
        if memory.shared[at + SENT_S] < memory.shared[oldest + SENT_S]:
            oldest = at
    let_go(memory, oldest)
    return oldest


@rule()
def let_go(memory: Memory, at: int) -> None:
    """A request has ended: neither its prompt nor its blocks count any more."""
    own = memory.offers[int(memory.shared[at + ROW])]
    own[PREFILL] -= memory.shared[at + PROMPT]
    own[ACTIVE] -= memory.shared[at + BLOCKS]
    memory.shared[at + NUMBER] = 0.0


@rule()
def sent(memory: Memory, event: Event) -> None:
    """Enter a request that was sent into the book, and its prompt among those that are cached."""
    params, own = memory.params, memory.offers[event.row]
    asked = Request(event.now_s, event.prompt_tokens, 0.0, 0, event.session, 0, 0, event.history_tokens, event.document,
                    event.shared_tokens)
    block = params[AT.block_tokens]
    overlap = matched(memory, event.row, look_up(memory, asked), event.now_s - params[AT.ttl_s]) // block
    at = room_for(memory, event.request)
    memory.shared[at + NUMBER] = event.request + 1.0
    memory.shared[at + ROW] = event.row
    memory.shared[at + PROMPT] = event.prompt_tokens - overlap * block
    memory.shared[at + BLOCKS] = math.ceil(event.prompt_tokens / block)
    memory.shared[at + SENT_S] = event.now_s
    own[PREFILL] += memory.shared[at + PROMPT]
    own[ACTIVE] += memory.shared[at + BLOCKS]
    note(memory, event, np.inf)
    if own[TOTAL] > params[AT.tree_blocks] * block:
        shrink(memory, event.row, params[AT.prune_to] * params[AT.tree_blocks] * block)


def observe_dynamo_kv(memory: Memory, event: Event) -> None:
    """Keep the book: of prompts until their first token, of blocks until the end."""
    if event.kind == DISPATCH:
        sent(memory, event)
        return
    at = entry_of(memory, event.request, event.row)
    if at < 0:
        return
    if event.kind == FIRST_TOKEN:
        memory.offers[event.row, PREFILL] -= memory.shared[at + PROMPT]
        memory.shared[at + PROMPT] = 0.0
    else:
        let_go(memory, at)


DYNAMO_KV = Policy(
    kind="dynamo_kv",
    choose=choose_dynamo_kv,
    summary="Dynamo's KV router: least blocks of prompt to compute plus active blocks.",
    source=SOURCE,
    ties="random",
    parameters=DynamoKv,
    observe=observe_dynamo_kv,
    offer_slots=OFFER_SLOTS + 4,
    shared_slots=SHARED_SLOTS + FIELDS * UNDER_WAY,
    imitation=Imitation(
        original="NVIDIA Dynamo, KV router without events",
        release="07a6c9ce",
        date="2026-11",
        agreement="the worked example of its documentation; costs and softmax by hand; not run side by side",
    ),
)
