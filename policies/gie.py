"""The Gateway API Inference Extension's default scorers, as llm-d's router has them: queue 2, KV cache 2, prefix 3.

Each scorer gives an offer between 0 and 1; the largest weighted sum wins, ties at random. Our view has no KV
utilisation: outstanding tokens stand in for it. Which prefixes an offer holds the original infers from where it sent
earlier prompts, by blocks, those of each server in a least-recently-used cache; so here.
"""

import numpy as np

from policies.prefix_index import (
    EVER_S,
    OFFER_SLOTS,
    SHARED_SLOTS,
    look_up,
    matched,
    note,
    shrink,
)
from policies.toolbox import highest
from sim.compiled import rule
from sim.policy import DISPATCH, Event, Imitation, Memory, Policy, Request, places
from sim.scenario.base import Part, quantity
from sim.view import OPEN, OUTSTANDING_TOKENS, PUBLISHED_IN_FLIGHT

SOURCE = "kubernetes-sigs/gateway-api-inference-extension@84436a96 (2026-08-18), default profile"
BLOCK = 16  # tokens of a prefix block
MOST_BLOCKS = 256  # of a prompt that are looked up
SCORE = OFFER_SLOTS  # column of an offer's memory


class Gie(Part):
    """Parameters of ``gie``."""

    queue: float = quantity(2.0, unit="1", doc="Weight of the queue scorer", ge=0, source=SOURCE)
    kv_cache: float = quantity(2.0, unit="1", doc="Weight of the KV cache scorer", ge=0, source=SOURCE)
    prefix: float = quantity(3.0, unit="1", doc="Weight of the prefix cache scorer", ge=0, source=SOURCE)
    lru_blocks: float = quantity(31_250.0, unit="blocks", doc="Blocks of 16 tokens that are remembered of an offer",
                                 ge=0, source=f"{SOURCE}: lruCapacityPerServer 31250")


AT = places(Gie)


@rule()
def queue_score(queue: float, least: float, most: float) -> float:
    """1 for the shortest queue, 0 for the longest; 1 if all are equal."""
    return (most - queue) / (most - least) if most > least else 1.0


@rule()
def prefix_score(shared_tokens: float, prompt_tokens: float) -> float:
    """Share of the prompt's whole blocks that lie in the shared prefix."""
    blocks = min(prompt_tokens // BLOCK, MOST_BLOCKS)
    return min(shared_tokens // BLOCK, blocks) / blocks if blocks > 0.0 else 0.0


def choose_gie(view: np.ndarray, request: Request, memory: Memory, u: float) -> int:
    """Largest weighted sum of the scores for a short queue, a free cache and a known prefix."""
    least, most, tokens = np.inf, -np.inf, 1.0
    for i in range(view.shape[0]):
        if view[i, OPEN] > 0.0:
            least = min(least, view[i, PUBLISHED_IN_FLIGHT])
            most = max(most, view[i, PUBLISHED_IN_FLIGHT])
            tokens = max(tokens, view[i, OUTSTANDING_TOKENS])
    known = look_up(memory, request)
    for i in range(view.shape[0]):
        memory.offers[i, SCORE] = (
            memory.params[AT.queue] * queue_score(view[i, PUBLISHED_IN_FLIGHT], least, most)
            + memory.params[AT.kv_cache] * (1.0 - view[i, OUTSTANDING_TOKENS] / tokens)
            + memory.params[AT.prefix] * prefix_score(matched(memory, i, known, EVER_S), request.prompt_tokens)
        )
    return highest(view, memory.offers, SCORE, u)


def observe_gie(memory: Memory, event: Event) -> None:
    """Write down where a prompt was sent, as far as its blocks are looked up."""
    if event.kind == DISPATCH:
        note(memory, event, float(BLOCK * MOST_BLOCKS))
        shrink(memory, event.row, BLOCK * memory.params[AT.lru_blocks])


GIE = Policy(
    kind="gie",
    choose=choose_gie,
    summary="Gateway API Inference Extension and llm-d: scores of queue 2, KV cache 2, prefix 3; the largest sum.",
    source=SOURCE,
    ties="random",
    parameters=Gie,
    observe=observe_gie,
    offer_slots=OFFER_SLOTS + 1,
    shared_slots=SHARED_SLOTS,
    imitation=Imitation(
        original="Gateway API Inference Extension / llm-d router, default profile",
        release="84436a96 / 520af478",
        date="2026-08-18",
        agreement="scorers by hand-worked values; KV utilisation is stood in for; not run side by side",
    ),
)
