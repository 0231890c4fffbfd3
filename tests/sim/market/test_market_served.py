"""Firms learn from what their market serves: hits of real caches, lengths of real answers, and each setting of it."""

import hashlib

import numpy as np
import pytest

from experiments.runs.run_market import run_market, stage
from sim.errors import ScenarioError
from worlds.small_markets import differences, leaves, small

# hosts that price by cost every day, one of them with prefix caches; prompts that begin alike
PRICED = {"kind": "cost_plus", "review_days": 1.0, "learning_rate": 0.0, "grid_usd": 1e-6}
SHARED = {"tokens": 900, "documents": 5}
MARKET = {
    "horizon": {"days": 6},
    "customers": {"templates": {"chat": {"shared_prefix": SHARED}}},
    "supply": {"firms": {"atlas": {"pricing": PRICED, "engine": {"prefix_cache": True}},
                         "boreal": {"pricing": PRICED}}},
}


def changed(*path_and_value):
    *path, value = path_and_value
    for name in reversed(path):
        value = {name: value}
    return value


def market(*changes):
    scenario = MARKET
    for change in changes:
        scenario = small_merge(scenario, change)
    return small(**scenario)


def small_merge(base, change):
    from worlds.small_markets import merged

    return merged(base, change)


@pytest.fixture(scope="module")
def as_it_is():
    return run_market(market())[0]


def digest(result):
    told = hashlib.sha256()
    for name, value in sorted(leaves(result), key=lambda leaf: leaf[0]):
        told.update(name.encode())
        told.update(value.tobytes() if isinstance(value, np.ndarray) and value.dtype != object else repr(value).encode())
    return told.hexdigest()


def cached_at(result, firm):
    rows = [row for row, offer in enumerate(result.offers) if offer.provider == firm]
    cached, prompt = (sum(int(getattr(day, name)[rows].sum()) for day in result.offer_days)
                      for name in ("cached_tokens", "prompt_tokens"))
    return cached / prompt


def test_caches_find_what_workloads_share_and_nothing_else(as_it_is):
    assert 0.1 < cached_at(as_it_is, "atlas") < 0.6
    alone = run_market(market(changed("customers", "templates", "chat", "shared_prefix", None)))[0]
    assert cached_at(alone, "atlas") == 0
    # without a cache the bill knows only the share that customers expect: .3 of chats, .1 of extraction
    assert 0.1 < cached_at(alone, "boreal") < 0.3


def test_what_a_host_finds_makes_it_cheaper_in_its_own_eyes():
    costs = {}
    for cache in (True, False):
        staged = stage(market(changed("supply", "firms", "atlas", "engine", "prefix_cache", cache)))
        _run(staged)
        agent = staged.supply.firms["atlas"]
        served = agent.usage.served
        sold = [row for row in agent.planned if agent.usage.tokens_total[row] > 0]
        costs[cache] = {agent.planned[row].model.name: (1 - served.shape(row).found / served.shape(row).prompt)
                        * served.capacity(row).prompt_s for row in sold}
    both = costs[True].keys() & costs[False].keys()
    assert both
    assert all(costs[True][name] < costs[False][name] for name in both)


def _run(staged):
    from sim.market.market import run_calendar

    agents = [process(staged.market) for process in staged.supply.processes()]
    run_calendar(staged.market, staged.feed, [*agents, staged.market.customers.process(staged.market)])


def test_threads_change_nothing(as_it_is):
    assert differences(as_it_is, run_market(market(), threads=3)[0]) == []


@pytest.mark.parametrize("change", [
    changed("supply", "shelf", "cached_share", 0.5),
    changed("supply", "shelf", "prior_requests", 3000.0),
    changed("supply", "shelf", "mix_memory_days", 1.0),
    changed("supply", "shelf", "prompt_tokens", 3000.0),
    changed("supply", "shelf", "output_tokens", 800.0),
    changed("customers", "templates", "chat", "shared_prefix", "tokens", 500),
    changed("customers", "templates", "chat", "shared_prefix", "documents", 500),
    changed("customers", "templates", "chat", "shared_prefix", "zipf_exponent", 0.0),
], ids=str)
def test_each_setting_changes_the_market(change, as_it_is):
    assert digest(run_market(market(change))[0]) != digest(as_it_is)


def test_a_shared_prefix_is_a_part_of_the_prompt():
    with pytest.raises(ScenarioError, match=r"shared_prefix.tokens is 1500, but must be below prompt_tokens \(1500\)"):
        market(changed("customers", "templates", "chat", "shared_prefix", "tokens", 1500))
