"""The prefix cache by itself: against blocks kept one by one, as vLLM keeps them, and by hand."""

from dataclasses import dataclass, field

from hypothesis import given, settings
from hypothesis import strategies as st

from sim.engines.reference.prefix_cache import DOCUMENT, REQUEST, SESSION, Claim, PrefixCache

BLOCK = 4
Block = tuple[object, ...]


@dataclass
class Blocks:
    """Blocks kept one by one: who runs holds its own, free ones stay in the order in which they became free."""

    held: dict[Block, int] = field(default_factory=dict)  # how many requests use each
    free: list[Block] = field(default_factory=list)  # the first is evicted next

    def hit(self, chain: list[Block]) -> int:
        """Use the blocks at the beginning of a chain that are there."""
        found = 0
        while found < len(chain) and (chain[found] in self.held or chain[found] in self.free):
            found += 1
        self.use(chain[:found])
        return found

    def use(self, chain: list[Block]) -> None:
        for block in chain:
            if block in self.free:
                self.free.remove(block)
            self.held[block] = self.held.get(block, 0) + 1

    def let_go(self, chain: list[Block]) -> None:
        """Free a chain from its end, as vLLM does."""
        for block in reversed(chain):
            self.held[block] -= 1
            if self.held[block] == 0:
                del self.held[block]
                self.free.append(block)

    def evict(self, room: int) -> None:
        del self.free[:max(0, len(self.free) - room)]


@dataclass
class Running:
    claim: Claim
    chain: list[Block]
    used: int  # blocks of the chain that it uses in the cache


steps = st.lists(st.tuples(st.sampled_from(["come", "come", "finish", "leave", "evict"]), st.integers(0, 5),
                           st.integers(1, 30)), max_size=60)


@settings(max_examples=300, deadline=None)
@given(steps, st.sampled_from([0, 0, 3, 12]))
def test_prefixes_are_evicted_as_blocks_are(script, hosted):
    """Sessions of three documents, one request of a session at a time: the same hits, the same blocks left.

    Host memory for so many blocks more is as if there were room for them: what is evicted falls through both.
    """
    cache, blocks = PrefixCache(BLOCK, BLOCK * hosted), Blocks()
    running: dict[int, Running] = {}
    said: dict[int, int] = {}  # tokens of each session so far
    for key, (what, session, number) in enumerate(script):
        there = running.get(session)
        if what == "come" and there is None:
            document, length = session % 3, 3 * (session % 3)  # 0, 3 and 6 tokens: none, none and one whole block
            told = said.get(session, 0)
            prompt = max(told, length) + number
            claim = Claim(key, (DOCUMENT, 0, document), length // BLOCK, (SESSION, session, 0), told)
            chain: list[Block] = [("document", document, at) if at < length // BLOCK else ("own", session, at)
                                  for at in range(prompt // BLOCK)]
            most = (prompt - 1) // BLOCK if told == 0 else max(length // BLOCK, min(told, prompt - 1) // BLOCK)
            hit = blocks.hit(chain[:most])
            assert cache.find(claim, prompt) == BLOCK * hit
            said[session] = prompt
            running[session] = Running(claim, chain, hit)
        elif what == "finish" and there is not None:
            blocks.use(there.chain[there.used:])
            cache.store(there.claim, said[session])
            there.used = len(there.chain)
        elif what == "leave" and there is not None:
            blocks.let_go(there.chain[:there.used])
            cache.release(there.claim)
            del running[session]
        elif what == "evict":
            blocks.evict(number + hosted)
            cache.evict(BLOCK * number)
            assert cache.idle_tokens <= BLOCK * number
        assert cache.host_tokens <= BLOCK * hosted
        assert cache.idle_tokens + cache.host_tokens == BLOCK * len(blocks.free)
        assert cache.used_tokens == BLOCK * len(blocks.held)


def single(key: int, told: int = 0) -> Claim:
    return Claim(key, (DOCUMENT, 0, 0), 0, (SESSION, 7, 0), told)


def test_only_whole_blocks_are_kept_and_the_last_token_is_computed_in_any_case():
    cache = PrefixCache(16)
    first = single(1)
    assert cache.find(first, 50) == 0
    cache.store(first, 50)
    assert cache.used_tokens == 48
    cache.store(first, 63)  # with its answer
    cache.release(first)
    assert (cache.used_tokens, cache.idle_tokens) == (0, 48)
    again = single(1)
    assert cache.find(again, 48) == 32  # the same request anew: 47 tokens at most
    assert (cache.used_tokens, cache.idle_tokens) == (32, 0)


def test_a_prompt_that_was_cut_finds_nothing_and_replaces_what_was_there():
    cache = PrefixCache(16)
    first, cut = single(1), single(2, told=0)
    cache.find(first, 64)
    cache.store(first, 64)
    cache.release(first)
    assert cache.find(cut, 80) == 0
    assert cache.idle_tokens == 0
    cache.store(cut, 80)
    assert cache.used_tokens == 80


def test_two_requests_of_a_session_at_once_do_not_share_what_the_first_adds():
    cache = PrefixCache(16)
    first, second = single(1), single(2, told=64)
    cache.find(first, 64)
    cache.store(first, 64)
    assert cache.find(second, 96) == 0
    cache.store(second, 96)
    assert (second.blocks, cache.used_tokens) == (0, 64)
    cache.release(first)
    cache.store(second, 100)
    assert (second.blocks, cache.used_tokens, cache.idle_tokens) == (6, 96, 0)


def test_a_document_in_use_needs_no_memory_for_the_next_and_is_evicted_behind_its_readers():
    cache = PrefixCache(16)
    a, b = (Claim(key, (DOCUMENT, 0, 3), 4, (REQUEST, key, 0), 0) for key in (1, 2))
    assert cache.shared_tokens(a) == cache.find(a, 100) == 0
    cache.store(a, 100)
    assert cache.shared_tokens(b) == cache.find(b, 100) == 64
    cache.store(b, 100)
    assert cache.used_tokens == 64 + 32 + 32
    cache.release(b)
    cache.release(a)
    cache.evict(64)  # both tails go, b's first
    assert cache.shared_tokens(a) == 0
    assert cache.find(Claim(3, (DOCUMENT, 0, 3), 4, (REQUEST, 3, 0), 0), 100) == 64
