"""SGLang's model gateway: its cache-aware policy, and its hash of prompts' beginnings."""

import numpy as np

from policies.prefix_index import (
    HELD,
    NOBODY,
    OFFER_SLOTS,
    SHARED_SLOTS,
    look_up,
    note,
    owner_of,
    shrink,
)
from policies.toolbox import lowest_or_first, open_rows
from sim.compiled import rule
from sim.draws import derive, mix, split
from sim.policy import DISPATCH, Event, Imitation, Memory, Policy, Request, places
from sim.scenario.base import Part, quantity
from sim.view import IN_FLIGHT, OPEN

GATEWAY = "sgl-project/sglang@053b63ff, sgl-model-gateway/src/policies/cache_aware.rs"
ARGUMENTS = "sgl-model-gateway, defaults of the command line (2026)"
HASHES = "sgl-project/sglang@065f331f, sgl-model-gateway/src/policies/prefix_hash.rs"
CHARACTERS_A_TOKEN = 4  # assumption: the usual rule of thumb for English text
EVICTED_S = SHARED_SLOTS  # column of the shared memory: the period in which the trees were cut down last
KEY_SALT, RING_SALT = 67, 71  # purposes of the hashes of prompts' beginnings and of offers


class SglangCacheAware(Part):
    """Parameters of ``sglang_cache_aware``."""

    cache_threshold: float = quantity(
        0.3, unit="1", doc="Share of a prompt that must be known from one offer for it to be sent there", ge=0, le=1,
        source=f"{ARGUMENTS}: --cache-threshold 0.3")
    balance_abs_threshold: float = quantity(
        64.0, unit="requests", doc="Loads further apart than this are out of balance, if they are relatively, too",
        ge=0, source=f"{ARGUMENTS}: --balance-abs-threshold 64")
    balance_rel_threshold: float = quantity(
        1.5, unit="1", doc="So are loads the largest of which is more than this times the smallest", ge=0,
        source=f"{ARGUMENTS}: --balance-rel-threshold 1.5")
    eviction_s: float = quantity(
        120.0, unit="s", doc="How often trees are cut down to their largest size", gt=0,
        source=f"{ARGUMENTS}: --eviction-interval 120")
    tree_tokens: float = quantity(
        2.0**26 / CHARACTERS_A_TOKEN, unit="tokens", doc="Largest size of the tree of an offer", ge=0,
        source=f"{ARGUMENTS}: --max-tree-size 2^26 characters; assumption: {CHARACTERS_A_TOKEN} a token")
    ties_first: bool = quantity(
        True, unit="flag", doc="Quirk: ties go to the first offer of the list", source=f"{GATEWAY}: min_by_key")


AT = places(SglangCacheAware)


@rule()
def out_of_balance(least: float, most: float, absolute: float, relative: float) -> bool:
    """Whether loads are so far apart that they decide alone."""
    return most - least > absolute and most > relative * least


@rule()
def known_tokens(view: np.ndarray, memory: Memory, place: int) -> float:
    """Longest that any offer was sent of a document or session."""
    longest = 0.0
    for row in range(view.shape[0]):
        longest = max(longest, memory.offers[row, HELD + place])
    return longest


def choose_sglang_cache_aware(view: np.ndarray, request: Request, memory: Memory, u: float) -> int:
    """Least loaded if loads are out of balance or little of the prompt is known; else whom the longest match names."""
    least, most = np.inf, -np.inf
    for i in range(view.shape[0]):
        if view[i, OPEN] > 0.0:
            least = min(least, view[i, IN_FLIGHT])
            most = max(most, view[i, IN_FLIGHT])
    params = memory.params
    calmest = lowest_or_first(view, view, IN_FLIGHT, u, params[AT.ties_first])
    if out_of_balance(least, most, params[AT.balance_abs_threshold], params[AT.balance_rel_threshold]):
        return calmest
    known = look_up(memory, request)
    owner, tokens = owner_of(view, memory, known.session), 0.0
    if owner != NOBODY:
        tokens = min(known.shared_tokens + known_tokens(view, memory, known.session), known.history_tokens)
    else:
        owner = owner_of(view, memory, known.document)
        tokens = known.shared_tokens
    if owner == NOBODY or tokens <= params[AT.cache_threshold] * request.prompt_tokens:
        return calmest
    if view[owner, OPEN] > 0.0:
        return owner
    return lowest_or_first(view, view, OPEN, u, 1.0)  # quirk: the first that is healthy


def observe_sglang_cache_aware(memory: Memory, event: Event) -> None:
    """Add what was sent to the tree of its offer; cut all trees down when it is time."""
    if event.kind != DISPATCH:
        return
    period = event.now_s // memory.params[AT.eviction_s]
    if period > memory.shared[EVICTED_S]:
        memory.shared[EVICTED_S] = period
        for row in range(memory.offers.shape[0]):
            shrink(memory, row, memory.params[AT.tree_tokens])
    note(memory, event, np.inf)


SGLANG_CACHE_AWARE = Policy(
    kind="sglang_cache_aware",
    choose=choose_sglang_cache_aware,
    summary="SGLang's gateway: who was sent most of the prompt before, unless loads are out of balance.",
    source=GATEWAY,
    ties="list order among equal loads (quirk of the original); random with ties_first = false",
    parameters=SglangCacheAware,
    observe=observe_sglang_cache_aware,
    offer_slots=OFFER_SLOTS,
    shared_slots=SHARED_SLOTS + 1,
    imitation=Imitation(
        original="SGLang model gateway, cache_aware",
        release="053b63ff",
        date="2026",
        agreement="its own unit tests and worked cases; not run side by side",
    ),
)


class PrefixAffinity(Part):
    """Parameters of ``prefix_affinity``."""

    prefix_tokens: float = quantity(
        256.0, unit="tokens", doc="How much of a prompt's beginning is hashed", gt=0,
        source=f"{HASHES}: prefix_token_count 256")
    load_factor: float = quantity(
        1.25, unit="1", doc="An offer with more than this times the mean load is passed over", ge=0,
        source=f"{HASHES}: load_factor 1.25")
    ties_first: bool = quantity(
        True, unit="flag", doc="Quirk: ties go to the first offer of the list", source=f"{HASHES}: min_by_key")


PREFIX_AT = places(PrefixAffinity)


@rule()
def hashed_beginning(request: Request, prefix_tokens: float, u: float) -> float:
    """Point in [0, 1) of a prompt's beginning: of its document, of its session, or of its own."""
    if request.document >= 0 and request.shared_tokens >= prefix_tokens:
        return float(derive(request.document, KEY_SALT, 0))
    if request.session >= 0:
        return float(derive(request.session, KEY_SALT, 1))
    return float(split(u, 0))


@rule()
def load_is_fair(load: float, total: float, offers: int, factor: float) -> bool:
    """Whether an offer's load is within a factor of the mean, the request at hand included."""
    return total == 0.0 or load <= (total + 1.0) / offers * factor


def choose_prefix_affinity(view: np.ndarray, request: Request, memory: Memory, u: float) -> int:
    """The offer that the prompt's beginning hashes to; if its load is not fair the least loaded."""
    point = hashed_beginning(request, memory.params[PREFIX_AT.prefix_tokens], u)
    row, highest, total = -1, -1.0, 0.0
    for i in range(view.shape[0]):
        if view[i, OPEN] > 0.0:
            total += view[i, IN_FLIGHT]
            drawn = derive(mix(np.uint64(point * 9007199254740992.0)), RING_SALT, request.first_row + i)
            if drawn > highest:
                row = i
                highest = drawn
    factor = memory.params[PREFIX_AT.load_factor]
    if row < 0 or load_is_fair(view[row, IN_FLIGHT], total, open_rows(view), factor):
        return row
    calmest = lowest_or_first(view, view, IN_FLIGHT, u, memory.params[PREFIX_AT.ties_first])
    return calmest if load_is_fair(view[calmest, IN_FLIGHT], total, open_rows(view), factor) else row


PREFIX_AFFINITY = Policy(
    kind="prefix_affinity",
    choose=choose_prefix_affinity,
    summary="SGLang's prefix_hash: the offer that a prompt's first tokens hash to, unless its load is unfair.",
    source=HASHES,
    ties="list order among equal loads (quirk of the original); random with ties_first = false",
    parameters=PrefixAffinity,
    imitation=Imitation(
        original="SGLang model gateway, prefix_hash",
        release="065f331f",
        date="2026",
        agreement="its own unit tests (load check, shared beginnings, spread); not run side by side",
    ),
)
