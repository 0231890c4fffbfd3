"""Names of cached prefixes are found after their buckets have become more, and few stand in one."""

import numpy as np

from sim.engines.compiled import CompiledEngine, prefix_cache
from sim.engines.compiled.cache_names import bucket_among, more_buckets
from sim.engines.compiled.cache_records import CachedPrefix
from sim.engines.compiled.prefix_cache import BUCKETS
from sim.engines.outcome import CACHED_TOKENS, MEASURED
from sim.engines.record import table
from worlds.small import affine, drive, offer, requests, world


def pool(count):
    """Prefixes of random names at three replicas in all but every fifth place of a pool."""
    rng = np.random.default_rng(5)
    rows = np.zeros(count, CachedPrefix.dtype())
    rows["name"] = rng.integers(0, 1 << 64, count, dtype=np.uint64)
    rows["replica"], rows["kind"] = rng.integers(0, 3, (2, count))
    return rows, np.arange(0, count, 5, dtype=np.int32)


def chains(rows, buckets):
    """Places of the prefixes in each bucket."""
    for first in buckets.tolist():
        line = []
        while first >= 0:
            line.append(first)
            first = int(rows["after"][first])
        yield line


def test_every_name_stands_in_its_bucket_and_nothing_else_does():
    rows, free = pool(40_000)
    buckets = more_buckets(table(rows, CachedPrefix), free, np.full(BUCKETS, -1, np.int32))["buckets"]
    assert len(buckets) == 65_536  # the power of two from 40,000 on
    found = list(chains(rows, buckets))
    taken = np.setdiff1d(np.arange(40_000), free)
    assert sorted(place for line in found for place in line) == taken.tolist()
    assert all(bucket_among(len(buckets), row["replica"], row["kind"], row["name"]) == bucket
               for bucket, line in enumerate(found) for row in rows[line])
    assert max(map(len, found)) < 10


def test_as_many_buckets_as_places_are_enough():
    rows, free = pool(BUCKETS)
    assert more_buckets(table(rows, CachedPrefix), free, np.full(BUCKETS, -1, np.int32)) == {}


def test_an_engine_finds_all_names_in_more_buckets(monkeypatch):
    """400 sessions of three turns: the second and third find what the turn before left, 96 and 192 tokens."""
    spec = offer(affine(0.001), block_tokens=16, max_batch=4)
    market = world([spec], traffic={"duration_s": 10_000.0})
    rows = [{"arrive_s": 2000.0 * turn + session, "prompt": 100 * (turn + 1), "output": 2, "session": session,
             "prefix": 100 * turn} for turn in range(3) for session in range(400)]

    def found():
        outcome = drive(CompiledEngine(market, iter([requests(market, rows)])))
        return outcome.class_sums[0, MEASURED, CACHED_TOKENS]

    expected = 400 * (96 + 192)
    assert found() == expected
    monkeypatch.setattr(prefix_cache, "BUCKETS", 2)
    monkeypatch.setattr(prefix_cache, "FIRST_PREFIXES", 1)
    assert found() == expected
