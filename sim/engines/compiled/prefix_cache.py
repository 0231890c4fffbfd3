"""The prefix caches of replicas (docs/semantics.md, section 16): a pool of prefixes, found by name.

``kv_held`` of a replica counts the prefixes that running requests use; of what these hold by themselves their credit,
the tokens that the cache holds for them, is no part.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from sim.compiled import inner
from sim.engines.compiled.cache_names import bucket_among
from sim.engines.compiled.cache_records import CacheClaim, CachedPrefix, PrefixCache
from sim.engines.compiled.priority import Ends, unlink
from sim.engines.compiled.records import Globals, LiveDeployment, Replica
from sim.engines.compiled.state import Supply, free_stack, wide
from sim.engines.record import Rows, rows_of, table

if TYPE_CHECKING:  # not at run time: a world's scenario would be part of the key of compiled code (sim.compiled)
    from sim.engines.world import OfferSpec

DOCUMENT, SESSION, REQUEST = 0, 1, 2  # what a prefix is of
AS_BILLED = -1  # in place of the length of a block: no cache, and what a bill calls cached is found
BUCKETS = 1 << 14  # of names at the start, in a shard with caches
FIRST_PREFIXES = 1024  # places of the pool at the start, or twice as many as must be free


def no_claims(attempts: int) -> dict[str, Any]:
    """Claims of so many slots of attempts."""
    return {"claims": table(np.zeros(attempts, CacheClaim.dtype()), CacheClaim)}


def more_claims(claims: Rows[CacheClaim]) -> dict[str, Any]:
    """The same after the pool of attempts has doubled."""
    rows = rows_of(claims)
    return {"claims": table(np.concatenate([rows, np.zeros_like(rows)]), CacheClaim)}


def new_caches(offers: Sequence["OfferSpec"]) -> dict[str, Any]:
    """Empty caches of all replicas of offers, and a pool of prefixes; all of one place if no offer has a cache."""
    caches = np.zeros(sum(spec.replicas for spec in offers) if _spare(offers) > 0 else 1, PrefixCache.dtype())
    caches["first"] = caches["last"] = caches["warm"] = -1
    return {"caches": table(caches, PrefixCache), **new_prefixes(offers)}


def new_prefixes(offers: Sequence["OfferSpec"]) -> dict[str, Any]:
    """A shard's own pool of prefixes."""
    places = _places(offers)
    return {"prefixes": table(np.zeros(places, CachedPrefix.dtype()), CachedPrefix),
            "free_prefixes": free_stack(places),
            "buckets": np.full(BUCKETS if _spare(offers) > 0 else 1, -1, np.int32)}


def prefix_counts(offers: Sequence["OfferSpec"]) -> dict[str, int]:
    """Fields of `sim.engines.compiled.records.Globals` at time 0."""
    return {"free_prefixes": _places(offers), "spare_prefixes": _spare(offers)}


def _places(offers: Sequence["OfferSpec"]) -> int:
    return max(FIRST_PREFIXES, 2 * _spare(offers)) if _spare(offers) > 0 else 1


def _spare(offers: Sequence["OfferSpec"]) -> int:
    """Places that must be free before an event, which may fill two for each request of a batch; 0 without caches."""
    return 2 * max((spec.max_batch + 1 for spec in offers if spec.block_tokens > 0), default=0)


@inner(forceinline=True)
def block_of(supply: Supply, r: int) -> int:
    """Tokens of a block of a replica's cache."""
    return int(supply.offers[supply.replicas[r].offer].block)


@inner()
def bucket_of(supply: Supply, r: int, kind: int, name: int) -> int:
    """Where the list of names begins that a name is in."""
    return int(bucket_among(supply.buckets.shape[0], r, kind, name))


@inner()
def named(supply: Supply, r: int, kind: int, name: int) -> int:
    """The prefix of a name in a replica's cache, or -1."""
    e = wide(supply.buckets[bucket_of(supply, r, kind, name)])
    while e >= 0:
        there = supply.prefixes[e]
        if there.name == name and there.replica == r and there.kind == kind:
            return int(e)
        e = wide(there.after)
    return -1


@inner()
def begin(g: Globals, supply: Supply, r: int, kind: int, name: int) -> int:
    """A new prefix without blocks, used by nobody yet."""
    g.free_prefixes -= 1
    e = wide(supply.free_prefixes[g.free_prefixes])
    fresh = supply.prefixes[e]
    bucket = bucket_of(supply, r, kind, name)
    fresh.name = name
    fresh.kind = kind
    fresh.replica = r
    fresh.blocks = 0
    fresh.host_blocks = 0
    fresh.users = 0
    fresh.idle = 0
    fresh.after = supply.buckets[bucket]
    supply.buckets[bucket] = e
    return int(e)


@inner()
def no_longer_idle(supply: Supply, cache: PrefixCache, e: int) -> None:
    """Take a prefix out of the list of idle ones."""
    if cache.warm == e:
        cache.warm = supply.prefixes[e].next
    cache.first, cache.last = unlink(supply.prefixes, e, Ends(cache.first, cache.last))
    supply.prefixes[e].idle = 0


@inner()
def forget(g: Globals, supply: Supply, r: int, e: int) -> None:
    """Free the place of an idle prefix without blocks."""
    gone = supply.prefixes[e]
    no_longer_idle(supply, supply.caches[r], e)
    bucket = bucket_of(supply, r, gone.kind, gone.name)
    at = wide(supply.buckets[bucket])
    if at == e:
        supply.buckets[bucket] = gone.after
    else:
        while supply.prefixes[at].after != e:
            at = wide(supply.prefixes[at].after)
        supply.prefixes[at].after = gone.after
    supply.free_prefixes[g.free_prefixes] = e
    g.free_prefixes += 1


@inner()
def cut(g: Globals, supply: Supply, r: int, e: int, blocks: int) -> None:
    """Lose the last blocks of an idle prefix, those in host memory first; without any it is gone."""
    prefix = supply.prefixes[e]
    cache = supply.caches[r]
    block = block_of(supply, r)
    hosted = min(blocks, wide(prefix.host_blocks))
    prefix.blocks -= blocks
    prefix.host_blocks -= hosted
    cache.host_tokens -= block * hosted
    cache.idle_tokens -= block * (blocks - hosted)
    if prefix.blocks == 0:
        forget(g, supply, r, e)


@inner()
def move(supply: Supply, r: int, e: int, way: int) -> None:
    """Count a prefix as used (1) and no longer as idle, or the other way round (-1)."""
    tokens = way * block_of(supply, r) * supply.prefixes[e].blocks
    supply.replicas[r].kv_held += tokens
    supply.caches[r].idle_tokens -= tokens


@inner(forceinline=True)
def send(supply: Supply, r: int, e: int, blocks: int) -> None:
    """Move the last blocks that an idle prefix has in KV memory to host memory, or back if they are negative."""
    cache = supply.caches[r]
    tokens = block_of(supply, r) * blocks
    supply.prefixes[e].host_blocks += blocks
    cache.host_tokens += tokens
    cache.idle_tokens -= tokens


@inner()
def take(supply: Supply, r: int, e: int) -> None:
    """One more running request uses a prefix."""
    prefix = supply.prefixes[e]
    prefix.users += 1
    if prefix.idle != 0:
        no_longer_idle(supply, supply.caches[r], e)
        if prefix.host_blocks > 0:
            supply.caches[r].fetched_tokens += block_of(supply, r) * prefix.host_blocks
            send(supply, r, e, -wide(prefix.host_blocks))
        move(supply, r, e, 1)


@inner()
def let_go(supply: Supply, r: int, e: int) -> None:
    """A running request uses a prefix no longer."""
    prefix = supply.prefixes[e]
    prefix.users -= 1
    if prefix.users > 0:
        return
    move(supply, r, e, -1)
    cache = supply.caches[r]
    prefix.idle = 1
    prefix.next = -1
    prefix.prev = cache.last
    if cache.last >= 0:
        supply.prefixes[cache.last].next = e
    else:
        cache.first = e
    cache.last = e
    if cache.warm < 0:
        cache.warm = e


@inner()
def lengthen(supply: Supply, r: int, e: int, blocks: int) -> None:
    """Let a prefix that is used have at least so many blocks."""
    prefix = supply.prefixes[e]
    more = max(0, blocks - prefix.blocks)
    prefix.blocks += more
    supply.replicas[r].kv_held += block_of(supply, r) * more


@inner()
def evict(g: Globals, supply: Supply, r: int, room_tokens: int) -> None:
    """Evict idle blocks, of each prefix the last ones first, until KV memory holds at most ``room_tokens`` of them.

    They go to host memory, and those that it has no room for, in the same order, are lost.
    """
    cache = supply.caches[r]
    room = max(room_tokens, 0)
    block = block_of(supply, r)
    while cache.idle_tokens > room:
        e = wide(cache.warm)
        there = supply.prefixes[e]
        over = (cache.idle_tokens - room + block - 1) // block
        send(supply, r, e, min(over, wide(there.blocks - there.host_blocks)))
        if there.host_blocks == there.blocks:
            cache.warm = there.next
    most = wide(supply.offers[supply.replicas[r].offer].host_tokens)
    while cache.host_tokens > most:
        over = (cache.host_tokens - most + block - 1) // block
        cut(g, supply, r, wide(cache.first), min(over, wide(supply.prefixes[cache.first].host_blocks)))


@inner()
def drop(g: Globals, supply: Supply, r: int) -> None:
    """Lose all idle prefixes."""
    cache = supply.caches[r]
    while cache.first >= 0:
        cut(g, supply, r, wide(cache.first), wide(supply.prefixes[cache.first].blocks))


@inner(forceinline=True)
def fetching_s(supply: Supply, r: int) -> float:
    """Time to fetch what was found in host memory for those who were admitted, before the step that begins them."""
    offer = supply.offers[supply.replicas[r].offer]
    if offer.host_tokens == 0:
        return 0.0
    cache = supply.caches[r]
    tokens = cache.fetched_tokens
    cache.fetched_tokens = 0
    return float(tokens * offer.host_token_s)


@inner(forceinline=True)
def keep_room(g: Globals, supply: Supply, r: int, room_tokens: int) -> None:
    """Evict what there is no room for, if there is anything: at most boundaries there is not."""
    if supply.caches[r].idle_tokens > max(room_tokens, 0):
        evict(g, supply, r, room_tokens)


@inner()
def shared_tokens(supply: Supply, a: int) -> int:
    """Tokens of an attempt's document that running requests of its replica hold: it needs no memory for these."""
    claim = supply.claims[a]
    r = wide(supply.attempts[a].replica)
    if claim.document_blocks == 0:
        return 0
    e = named(supply, r, DOCUMENT, claim.document)
    if e < 0 or supply.prefixes[e].users == 0:
        return 0
    return int(block_of(supply, r) * supply.prefixes[e].blocks)


@inner(forceinline=True)
def needed_tokens(supply: Supply, offer: LiveDeployment, a: int) -> int:
    """KV memory that a waiting attempt needs to be admitted."""
    attempt = supply.attempts[a]
    needed = attempt.prompt + attempt.emitted + offer.overhead
    return int(needed) if offer.block <= 0 else int(needed - shared_tokens(supply, a))


@inner()
def find_as_billed(supply: Supply, replica: Replica, a: int, context: int) -> None:
    """Let an attempt that has just been admitted begin behind what its bill calls cached; all of it is held."""
    attempt = supply.attempts[a]
    # the last token is computed in any case: its result is the first token of the answer
    hits = min(wide(supply.claims[a].told), context - 1)
    attempt.left -= hits
    attempt.offset = hits
    replica.backlog -= hits


@inner()
def find(g: Globals, supply: Supply, a: int, context: int) -> None:
    """Let an attempt that has just been admitted begin behind what the cache holds of its context."""
    attempt, claim = supply.attempts[a], supply.claims[a]
    r = wide(attempt.replica)
    replica = supply.replicas[r]
    offer = supply.offers[replica.offer]
    block = wide(offer.block)
    blocks = 0
    if claim.document_blocks > 0:
        e = named(supply, r, DOCUMENT, claim.document)
        if e >= 0:
            take(supply, r, e)
            claim.uses_document = e
            blocks = wide(supply.prefixes[e].blocks)
    e = named(supply, r, wide(claim.own_kind), claim.own)
    if blocks == claim.document_blocks and e >= 0 and supply.prefixes[e].users == 0:
        own = supply.prefixes[e]
        # the last token is computed in any case: its result is the first token of the answer
        alike = context - 1 if own.writer == attempt.key else min(wide(claim.told), context - 1)
        wanted = min(wide(own.blocks), max(0, alike // block - claim.document_blocks))
        cut(g, supply, r, e, own.blocks - wanted)
        if wanted > 0:
            take(supply, r, e)
            claim.uses_own = e
            blocks += wanted
    hits = blocks * block
    attempt.credit = hits
    attempt.left -= hits
    attempt.offset = hits
    if claim.hits < 0:
        claim.hits = hits
    replica.kv_held -= hits
    replica.backlog -= hits
    keep_room(g, supply, r, offer.kv_capacity - replica.kv_held)


@inner()
def store(g: Globals, supply: Supply, a: int, tokens: int) -> None:
    """Keep the whole blocks of the ``tokens`` that a running attempt has computed; it uses them on."""
    attempt, claim = supply.attempts[a], supply.claims[a]
    r = wide(attempt.replica)
    block = block_of(supply, r)
    if claim.document_blocks > 0:
        if claim.uses_document < 0:
            e = named(supply, r, DOCUMENT, claim.document)
            claim.uses_document = e if e >= 0 else begin(g, supply, r, DOCUMENT, claim.document)
            take(supply, r, wide(claim.uses_document))
        lengthen(supply, r, wide(claim.uses_document), wide(claim.document_blocks))
    blocks = tokens // block - claim.document_blocks
    if claim.uses_own < 0 and blocks > 0:
        claim.uses_own = begin_own(g, supply, r, claim)
    held = claim.document_blocks
    if claim.uses_own >= 0:
        own = supply.prefixes[claim.uses_own]
        lengthen(supply, r, wide(claim.uses_own), blocks)
        own.writer = attempt.key
        held += own.blocks
    credit = held * block
    supply.replicas[r].kv_held += attempt.credit - credit
    attempt.credit = credit


@inner()
def begin_own(g: Globals, supply: Supply, r: int, claim: CacheClaim) -> int:
    """A prefix of a claim's own in place of an idle one; -1 if a running request uses that."""
    e = named(supply, r, wide(claim.own_kind), claim.own)
    if e >= 0:
        there = supply.prefixes[e]
        if there.users > 0:
            return -1
        cut(g, supply, r, e, wide(there.blocks))
    e = begin(g, supply, r, wide(claim.own_kind), claim.own)
    take(supply, r, e)
    return e


@inner()
def release(supply: Supply, a: int) -> None:
    """An attempt holds nothing any more: what it used is idle unless others use it, its document behind its own."""
    attempt, claim = supply.attempts[a], supply.claims[a]
    r = wide(attempt.replica)
    if claim.uses_own >= 0:
        let_go(supply, r, wide(claim.uses_own))
    if claim.uses_document >= 0:
        let_go(supply, r, wide(claim.uses_document))
    claim.uses_own = claim.uses_document = -1
    supply.replicas[r].kv_held += attempt.credit  # no part of what its replica lets go for it
    attempt.credit = 0


@inner()
def leave(g: Globals, supply: Supply, a: int, tokens: int) -> None:
    """An attempt leaves that has computed so many tokens."""
    store(g, supply, a, tokens)
    release(supply, a)


@inner()
def lose(g: Globals, supply: Supply, replica: Replica, r: int) -> None:
    """An outage takes all that a replica has."""
    for position in range(replica.decoding):
        release(supply, wide(supply.finish_attempt[replica.finishes + position]))
    a = wide(replica.prefill_head)
    while a >= 0:
        release(supply, a)
        a = wide(supply.attempts[a].next)
    drop(g, supply, r)


@inner()
def found_pico(supply: Supply, a: int) -> int:
    """What was found in the cache takes so much off an attempt's bill, pico-dollars."""
    claim = supply.claims[a]
    return int(max(claim.hits, 0) * claim.saved_pico)
