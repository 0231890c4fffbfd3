"""The records of prefix caches (docs/semantics.md, section 16)."""

from sim.engines.record import Record, i4, i8, u8


class CacheClaim(Record):
    """What an attempt may find in a prefix cache, and what it uses of one; kept where its offer has one."""

    document: int = u8("name of its document: class and number")
    own: int = u8("name of what it adds to that: of its session, or else its key")
    saved_pico: int = i8("what a token that is found takes off its bill, pico-dollars")
    document_blocks: int = i4("whole blocks of its document; 0: it has none")
    told: int = i4("leading tokens that it shares with earlier requests of its own name")
    own_kind: int = i4("whether its own name is that of a session or a request")
    hits: int = i4("tokens that it found when it was first admitted; -1: it has not been")
    uses_document: int = i4("place of the prefix that it uses of its document; -1: none")
    uses_own: int = i4("place of the prefix that it uses of its own; -1: none")


class CachedPrefix(Record):
    """A run of whole blocks in a replica's prefix cache."""

    name: int = u8("what it is called among those of its kind")
    writer: int = u8("key of the request that wrote it last")
    kind: int = i4("whether it is of a document, a session or a request")
    replica: int = i4("whose it is")
    blocks: int = i4("blocks that there are of it")
    host_blocks: int = i4("the last of them, if it is idle: those that host memory holds")
    users: int = i4("running requests that use it")
    idle: int = i4("1 if it is in the list of those that nobody uses")
    prev: int = i4("the one there that is evicted before it")
    next: int = i4("the one there that is evicted after it")
    after: int = i4("the one behind it in its bucket of names")


class PrefixCache(Record):
    """The prefix cache of a replica."""

    idle_tokens: int = i8("tokens of prefixes that nobody uses, as far as they are in KV memory")
    host_tokens: int = i8("tokens of these in host memory")
    fetched_tokens: int = i8("tokens from there, for attempts that no step has begun yet")
    first: int = i4("the one of them that is evicted next")
    last: int = i4("the one of them that was used last")
    warm: int = i4("the first of them, in that order, that has blocks in KV memory")
