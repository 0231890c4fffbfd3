"""The Gateway API Inference Extension's default scorers, as llm-d's router has them: queue 2, KV cache 2, prefix 3.

Each scorer gives an offer between 0 and 1; the largest weighted sum wins, ties at random. Our view has no KV
utilisation and nobody tells which prefixes an offer holds, so both are stood in for by what a router knows:
outstanding tokens, and where the session's last request went.
"""

import numpy as np

from policies.toolbox import highest
from sim.compiled import njit
from sim.draws import slot_of
from sim.policy import Imitation, Memory, Policy, Request, places
from sim.scenario.base import Part, quantity
from sim.view import OPEN, OUTSTANDING_TOKENS, PUBLISHED_IN_FLIGHT

SOURCE = "kubernetes-sigs/gateway-api-inference-extension@84436a96 (2026-08-18), default profile"
BLOCK = 16  # tokens of a prefix block
MOST_BLOCKS = 256  # of a prompt that are looked up
SESSIONS = 4096  # places of the table of sessions; who comes to a taken one takes it over
SESSION, ROW, PROMPT, FIELDS = 0, 1, 2, 3


class Gie(Part):
    """Parameters of ``gie``."""

    queue: float = quantity(2.0, unit="1", doc="Weight of the queue scorer", ge=0, source=SOURCE)
    kv_cache: float = quantity(2.0, unit="1", doc="Weight of the KV cache scorer", ge=0, source=SOURCE)
    prefix: float = quantity(3.0, unit="1", doc="Weight of the prefix cache scorer", ge=0, source=SOURCE)


AT = places(Gie)


@njit(cache=True)
def queue_score(queue: float, least: float, most: float) -> float:
    """1 for the shortest queue, 0 for the longest; 1 if all are equal."""
    return (most - queue) / (most - least) if most > least else 1.0


@njit(cache=True)
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
    at = FIELDS * slot_of(max(request.session, 0), SESSIONS)
    known = request.session >= 0 and memory.shared[at + SESSION] == request.session + 1.0
    for i in range(view.shape[0]):
        memory.offers[i, 0] = (
            memory.params[AT.queue] * queue_score(view[i, PUBLISHED_IN_FLIGHT], least, most)
            + memory.params[AT.kv_cache] * (1.0 - view[i, OUTSTANDING_TOKENS] / tokens)
        )
        if known and memory.shared[at + ROW] == i:
            memory.offers[i, 0] += memory.params[AT.prefix] * prefix_score(
                memory.shared[at + PROMPT], request.prompt_tokens)
    row = highest(view, memory.offers, 0, u)
    if request.session >= 0 and row >= 0:
        memory.shared[at + SESSION] = request.session + 1.0
        memory.shared[at + ROW] = row
        memory.shared[at + PROMPT] = request.prompt_tokens
    return row


GIE = Policy(
    kind="gie",
    choose=choose_gie,
    summary="Gateway API Inference Extension and llm-d: scores of queue 2, KV cache 2, prefix 3; the largest sum.",
    source=SOURCE,
    ties="random",
    parameters=Gie,
    offer_slots=1,
    shared_slots=FIELDS * SESSIONS,
    imitation=Imitation(
        original="Gateway API Inference Extension / llm-d router, default profile",
        release="84436a96 / 520af478",
        date="2026-08-18",
        agreement="scorers by hand-worked values; two signals are stood in for; not run side by side",
    ),
)
