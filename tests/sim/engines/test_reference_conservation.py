"""The reference engine on random markets: nothing is lost, and every feature has been at work."""

import functools

import numpy as np
import pytest

from sim.engines import outcome as o
from sim.engines.invariants import check
from sim.engines.outcome import TrafficOutcome
from sim.engines.reference import ReferenceEngine
from worlds.differential import random_case
from worlds.small import drive

SEEDS = range(1000, 1030)


@functools.cache
def run(seed: int) -> tuple[TrafficOutcome, list[tuple[int, int, int, float]]]:
    case, record = random_case(seed), []
    return drive(ReferenceEngine(case.world, iter(case.blocks), record), case.changes, case.end_s), record


@pytest.mark.parametrize("seed", SEEDS)
def test_nothing_is_lost(seed):
    (result, record), case = run(seed), random_case(seed)
    check(result)
    fed = {key for block in case.blocks for key in block["key"].tolist()}
    born = set(result.samples["key"].tolist())
    assert result.born.sum() >= len(fed)  # later turns of closed loops besides
    if case.world.scenario.traffic.sample_share == 1.0:
        assert result.born.sum() == len(result.samples)
        assert fed <= born
    if case.world.loops is None:
        assert result.born.sum() == len(fed)
    sums = result.offer_sums.sum(axis=(0, 1))
    ended = sums[o.SERVED] + sums[o.ENDED_BY + 1:o.CANCELLED].sum() + sums[o.CANCELLED]
    in_flight = result.outcomes[:, :, o.IN_FLIGHT].sum()
    assert 0 <= sums[o.PLACED] - ended <= 2 * in_flight  # a request in flight has at most two attempts alive
    assert sums[o.PLACED] == len(record)
    assert [now for _, _, _, now in record] == sorted(now for _, _, _, now in record)
    assert len({(key, attempt) for key, attempt, _, _ in record}) == len(record)


@pytest.mark.parametrize("seed", SEEDS)
def test_replicas_compute_at_least_what_is_served(seed):
    result, _ = run(seed)
    sums = result.offer_sums.sum(axis=1)
    served = np.zeros_like(sums)
    np.add.at(served, random_case(seed).world.hosts, sums)  # of a pool the host computes what its tiers serve
    later_tokens = served[:, o.SERVED_OUTPUT] - served[:, o.SERVED]
    finds = [spec.block_tokens > 0 or spec.finds_prefix for spec in random_case(seed).world.offers]
    caches = np.array(finds)[random_case(seed).world.hosts]
    found = np.zeros_like(served[:, o.SERVED_CACHED])  # in prefix caches, or as billed, so not computed again
    np.add.at(found, random_case(seed).world.hosts, np.where(caches, sums[:, o.SERVED_CACHED], 0))
    assert (result.offer_work[:, o.PREFILL_TOKENS] + found >= served[:, o.SERVED_PROMPT]).all()
    # a preempted request gets a token from each new prefill instead of from decoding
    assert (result.offer_work[:, o.DECODE_TOKENS] + result.offer_work[:, o.PREEMPTIONS] >= later_tokens).all()


def test_a_run_repeats_itself():
    case = random_case(SEEDS[0])
    again = drive(ReferenceEngine(case.world, iter(case.blocks)), case.changes, case.end_s)
    first, _ = run(SEEDS[0])
    assert again.samples.tobytes() == first.samples.tobytes()
    assert again.offer_work.tobytes() == first.offer_work.tobytes()


def test_the_random_markets_turn_everything_on():
    results = [run(seed)[0] for seed in SEEDS]
    outcomes = np.sum([result.outcomes.sum(axis=(0, 1)) for result in results], axis=0)
    ended_by = np.sum([result.offer_sums.sum(axis=(0, 1)) for result in results], axis=0)
    assert (outcomes > 0).all(), dict(zip(o.OUTCOMES, outcomes, strict=True))
    assert (ended_by > 0).all(), dict(zip(o.OFFER_SUMS, ended_by, strict=True))
    assert sum(result.offer_work[:, o.PREEMPTIONS].sum() for result in results) > 20
