"""Prefix caches against closed forms: LRU under independent requests, and sessions in a cache that keeps everything."""

import numpy as np
import pytest

from experiments.runs.run_traffic import run_traffic
from sim.engines import outcome as o
from sim.engines.compiled import CompiledEngine
from sim.engines.documents import documents_of
from sim.engines.reference import ReferenceEngine
from sim.engines.reference.prefix_cache import DOCUMENT, REQUEST, Claim, PrefixCache
from sim.engines.requests import REQUEST as ROW
from sim.scenario import TrafficScenario
from theory.caches import che_hit_share, lru_hit_share, zipf_like_shares
from worlds.small import Client, affine, offer, world

BLOCK, BATCHES = 16, 40
ENGINES = [CompiledEngine, ReferenceEngine]


def test_kings_sum_by_hand() -> None:
    """Two items, one place: it holds what was asked for last. Three items, two places: ordered pairs."""
    assert lru_hit_share([0.75, 0.25], 1) == pytest.approx(0.75**2 + 0.25**2)
    a, b, c = shares = [0.5, 0.3, 0.2]
    pairs = [(x, y) for x in shares for y in shares if x != y]
    assert lru_hit_share([a, b, c], 2) == pytest.approx(sum(x * y / (1 - x) * (x + y) for x, y in pairs))
    assert lru_hit_share(shares, 3) == pytest.approx(1.0)


@pytest.mark.parametrize("exponent", [0.0, 0.8, 1.0, 2.5])
def test_documents_are_drawn_by_their_shares(exponent: float) -> None:
    """Chi-square of 8 documents, 7 degrees of freedom: above 24.3 once in a thousand seeds."""
    keys = np.random.default_rng(41).integers(0, 1 << 64, 40_000, dtype=np.uint64)
    counts = np.bincount(documents_of(keys, 8, exponent), minlength=8)
    expected = 40_000 * np.array(zipf_like_shares(8, exponent))
    assert len(counts) == 8
    assert ((counts - expected) ** 2 / expected).sum() < 24.3


def document_market(documents: int, places: int, exponent: float, hosted: int = 0):
    """A server that holds so many documents of a block beside a request that runs and has one of them.

    So many more are in the memory of its host.
    """
    shared = {"tokens": BLOCK, "documents": documents, "zipf_exponent": exponent}
    spec = offer(affine(0.001), max_batch=1, block_tokens=BLOCK, kv_capacity_tokens=BLOCK * places + 1,
                 host_tokens=BLOCK * hosted, host_token_s=1e-4)
    return world([spec], clients=[Client(demand={"shared_prefix": shared})], traffic={"duration_s": 1e6})


@pytest.mark.parametrize("engine_class", ENGINES)
@pytest.mark.parametrize(("documents", "places", "exponent", "hosted"), [
    (8, 1, 1.0, 0), (8, 3, 1.0, 0), (8, 6, 0.0, 0), (5, 2, 2.0, 0), (8, 1, 1.0, 3), (7, 2, 0.0, 2)])
def test_a_replica_finds_what_king_says(engine_class, documents: int, places: int, exponent: float,
                                        hosted: int) -> None:
    """Within three standard errors of 40 batches of 100 requests: once in 200 seeds it is not.

    Two memories that the one used longest ago falls through are one cache of as many places as both have.
    """
    of = document_market(documents, places, exponent, hosted)
    count = BATCHES * 100
    rows = np.zeros(count, ROW)
    rows["born_s"] = rows["arrive_s"] = 1.0 * np.arange(count)
    rows["patience_s"], rows["session"] = np.inf, -1
    rows["key"] = np.random.default_rng([43, documents, places]).integers(0, 1 << 64, count, dtype=np.uint64)
    rows["prompt"], rows["output"], rows["expected_output"] = BLOCK + 1, 1, 1.0
    rows["document"] = documents_of(rows["key"], documents, exponent)
    engine, seen = engine_class(of, iter([rows])), [0]
    for batch in range(1, BATCHES + 1):
        engine.advance(100.0 * batch - 0.5)
        seen.append(int(engine.tally().class_sums[0, :, o.CACHED_TOKENS].sum()))
    hits = np.diff(seen)[1:] / (100.0 * BLOCK)  # the first batch fills the cache
    error = hits.std(ddof=1) / np.sqrt(len(hits))
    assert abs(hits.mean() - lru_hit_share(zipf_like_shares(documents, exponent), places + hosted)) < 3 * error + 1e-12


@pytest.mark.parametrize(("places", "hosted"), [(50, 0), (200, 0), (600, 0), (50, 150)])
def test_of_a_thousand_documents_it_finds_what_che_says(places: int, hosted: int) -> None:
    """Within a point, of 60,000 requests: a standard error is below a quarter of one."""
    keys = np.random.default_rng([44, places]).integers(0, 1 << 64, 75_000, dtype=np.uint64)
    cache, found = PrefixCache(BLOCK, BLOCK * hosted), []
    for key, document in enumerate(documents_of(keys, 1000, 0.9).tolist()):
        claim = Claim(key, (DOCUMENT, 0, document), 1, (REQUEST, key, 0), 0)
        found.append(cache.find(claim, BLOCK + 1) > 0)
        cache.store(claim, BLOCK + 1)
        cache.release(claim)
        cache.evict(BLOCK * places)
    assert abs(np.mean(found[15_000:]) - che_hit_share(zipf_like_shares(1000, 0.9), places + hosted)) < 0.01
    assert (cache.idle_tokens, cache.host_tokens) == (BLOCK * places, BLOCK * hosted)


def sessions(kv_tokens: int, engine: str) -> TrafficScenario:
    """Conversations that grow by 100 and 41 tokens a turn."""
    return TrafficScenario.model_validate({
        "name": "sessions", "traffic": {"duration_s": 300.0, "sample_share": 1.0, "engine": engine},
        "routers": {"main": {"policy": {"kind": "random"}}},
        "demand": {"chat": {
            "model": "toy", "arrivals": {"kind": "poisson", "rate_per_s": 0.5},
            "sessions": {"think_s": 20.0, "max_turns": 8},
            "prompt_tokens": {"kind": "constant", "mean": 100}, "output_tokens": {"kind": "constant", "mean": 41}}},
        "providers": {"p": {"offers": {"toy": {
            "model": "toy", "serving": {"kind": "affine", "base_s": 0.02, "per_token_s": 1e-5, "kv_tokens": kv_tokens},
            "engine": {"prefix_cache": True, "max_batch": 8}, "limits": {"context_tokens": 1200},
            "price": {"input_usd_per_mtok": 1.0, "output_usd_per_mtok": 1.0}}}}},
    })


@pytest.mark.parametrize("engine", ["compiled", "reference"])
def test_more_memory_finds_more_of_sessions_up_to_all_that_was_said(engine: str) -> None:
    """With memory for all, a turn finds the whole blocks of its history less the last token, a first one nothing."""
    found = []
    for kv_tokens in (1_300, 2_000, 3_000, 5_000, 1 << 40):
        result = run_traffic(sessions(kv_tokens, engine))
        sums = result.class_sums[0].sum(axis=0)
        found.append(sums[o.CACHED_TOKENS] / sums[o.PROMPT_TOKENS])
    done = result.samples[result.samples["outcome"] == o.COMPLETED]
    history = done["prompt"].astype(int) - 100
    assert sums[o.CACHED_TOKENS] == (BLOCK * (np.maximum(history - 1, 0) // BLOCK)).sum()
    assert found == sorted(found)
    assert found[0] < 0.5 * found[-1]
