"""A replica's prefix cache: what requests computed, kept while nobody needs its memory (semantics, section 16)."""

from collections import OrderedDict
from dataclasses import dataclass
from typing import Final

DOCUMENT, SESSION, REQUEST = "document", "session", "request"
Name = tuple[str, int, int]  # kind, then a class and a number, or a number and 0
NOBODY: Final = -1


@dataclass(eq=False)
class CachedPrefix:
    """A run of whole blocks: those of a document, or of what one session or request has added to one."""

    name: Name
    blocks: int = 0
    host_blocks: int = 0  # the last of them, if it is idle: those that host memory holds
    users: int = 0  # running requests that use it
    writer: int = NOBODY  # key of the request that wrote it last


@dataclass(eq=False)
class Claim:
    """What a request may find in a cache, and what it uses of one."""

    key: int
    document: Name
    document_blocks: int  # whole blocks of its document; 0: it has none
    own: Name
    told: int  # leading tokens that it shares with earlier requests of its own name
    uses_document: CachedPrefix | None = None
    uses_own: CachedPrefix | None = None

    @property
    def blocks(self) -> int:
        """Blocks of its context that the cache holds for it."""
        return sum(found.blocks for found in (self.uses_document, self.uses_own) if found is not None)


class PrefixCache:
    """Prefixes that running requests use, and idle ones, which are evicted by need: the one not used for longest first.

    Parameters
    ----------
    block_tokens
        Tokens of a block.
    host_tokens
        Tokens of idle prefixes that host memory holds, to which blocks are evicted.
    """

    def __init__(self, block_tokens: int, host_tokens: int = 0) -> None:
        self.block_tokens = block_tokens
        self.used_tokens = 0  # in prefixes that running requests use
        self.idle_tokens = 0  # in others, as far as they are in KV memory
        self.host_tokens = 0  # in these, as far as they are not
        self.most_host_tokens = host_tokens
        self.fetched_tokens = 0  # from host memory, for requests that no step has begun yet
        self._named: dict[Name, CachedPrefix] = {}
        self._idle: OrderedDict[Name, CachedPrefix] = OrderedDict()  # the one to evict next comes first

    def shared_tokens(self, claim: Claim) -> int:
        """Tokens of a request's document that running requests hold: it needs no memory for these."""
        document = self._named.get(claim.document) if claim.document_blocks > 0 else None
        return self.block_tokens * document.blocks if document is not None and document.users > 0 else 0

    def find(self, claim: Claim, context: int) -> int:
        """Let a request use what there is of its context; return how many tokens that is, less than all."""
        document = self._named.get(claim.document) if claim.document_blocks > 0 else None
        if document is not None:
            self._take(document)
            claim.uses_document = document
        own = self._named.get(claim.own)
        if claim.blocks == claim.document_blocks and own is not None and own.users == 0:
            # the last token is computed in any case: its result is the first token of the answer
            alike = context - 1 if own.writer == claim.key else min(claim.told, context - 1)
            blocks = min(own.blocks, max(0, alike // self.block_tokens - claim.document_blocks))
            self._cut(own, own.blocks - blocks)
            if blocks > 0:
                self._take(own)
                claim.uses_own = own
        return self.block_tokens * claim.blocks

    def store(self, claim: Claim, tokens: int) -> None:
        """Keep the whole blocks of the ``tokens`` that a request has computed; it uses them on."""
        if claim.document_blocks > 0:
            if claim.uses_document is None:
                claim.uses_document = self._named.setdefault(claim.document, CachedPrefix(claim.document))
                self._take(claim.uses_document)
            self._lengthen(claim.uses_document, claim.document_blocks)
        blocks = tokens // self.block_tokens - claim.document_blocks
        if claim.uses_own is None:
            claim.uses_own = self._begin(claim.own) if blocks > 0 else None
        if claim.uses_own is not None:
            self._lengthen(claim.uses_own, blocks)
            claim.uses_own.writer = claim.key

    def _begin(self, name: Name) -> CachedPrefix | None:
        """A prefix without blocks in place of an idle one; none if a running request uses that."""
        there = self._named.get(name)
        if there is not None:
            if there.users > 0:
                return None
            self._cut(there, there.blocks)
        fresh = self._named[name] = CachedPrefix(name)
        self._take(fresh)
        return fresh

    def release(self, claim: Claim) -> None:
        """A request leaves: what it used is idle unless others use it, its document behind its own blocks."""
        for found in (claim.uses_own, claim.uses_document):
            if found is not None:
                found.users -= 1
                if found.users == 0:
                    self._move(found, -1)
                    self._idle[found.name] = found
        claim.uses_own = claim.uses_document = None

    def evict(self, room_tokens: int) -> None:
        """Evict idle blocks, of each prefix the last ones first, until KV memory holds at most ``room_tokens`` of them.

        They go to host memory, and those that it has no room for, in the same order, are lost.
        """
        while self.idle_tokens > max(room_tokens, 0):
            over = self._blocks(self.idle_tokens - max(room_tokens, 0))
            first = next(prefix for prefix in self._idle.values() if prefix.blocks > prefix.host_blocks)
            self._send(first, min(over, first.blocks - first.host_blocks))
        while self.host_tokens > self.most_host_tokens:
            first = next(iter(self._idle.values()))
            self._cut(first, min(self._blocks(self.host_tokens - self.most_host_tokens), first.host_blocks))

    def drop(self) -> None:
        """Lose all idle prefixes."""
        for prefix in list(self._idle.values()):
            self._cut(prefix, prefix.blocks)

    def _blocks(self, tokens: int) -> int:
        """So many tokens in blocks, rounded up."""
        return -(-tokens // self.block_tokens)

    def _send(self, prefix: CachedPrefix, blocks: int) -> None:
        """Move the last blocks that an idle prefix has in KV memory to host memory, or back if they are negative."""
        prefix.host_blocks += blocks
        self.host_tokens += self.block_tokens * blocks
        self.idle_tokens -= self.block_tokens * blocks

    def _take(self, prefix: CachedPrefix) -> None:
        """One more running request uses a prefix."""
        prefix.users += 1
        if prefix.users == 1 and self._idle.pop(prefix.name, None) is not None:
            self.fetched_tokens += self.block_tokens * prefix.host_blocks
            self._send(prefix, -prefix.host_blocks)
            self._move(prefix, 1)

    def _move(self, prefix: CachedPrefix, way: int) -> None:
        """Count a prefix as used (1) and no longer as idle, or the other way round (-1)."""
        tokens = way * self.block_tokens * prefix.blocks
        self.used_tokens += tokens
        self.idle_tokens -= tokens

    def _lengthen(self, prefix: CachedPrefix, blocks: int) -> None:
        """Let a prefix that is used have at least so many blocks."""
        more = max(0, blocks - prefix.blocks)
        prefix.blocks += more
        self.used_tokens += self.block_tokens * more

    def _cut(self, prefix: CachedPrefix, blocks: int) -> None:
        """Lose the last blocks of an idle prefix, those in host memory first; without any it is gone."""
        hosted = min(blocks, prefix.host_blocks)
        prefix.blocks -= blocks
        prefix.host_blocks -= hosted
        self.host_tokens -= self.block_tokens * hosted
        self.idle_tokens -= self.block_tokens * (blocks - hosted)
        if prefix.blocks == 0:
            del self._idle[prefix.name], self._named[prefix.name]
