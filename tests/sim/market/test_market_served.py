"""Firms learn from what their market serves: hits of real caches, lengths of real answers, and each setting of it."""

import numpy as np
import pytest

from experiments.runs.run_market import run_market, stage
from sim.errors import ScenarioError
from sim.scenario.customer_settings import default_templates
from sim.units import DAY_S
from worlds.small_markets import differences, merged, small

# firms that price by cost every day, the one that chats go to with prefix caches; chats begin alike
PRICED = {"kind": "cost_plus", "review_days": 1.0, "learning_rate": 0.0, "grid_usd": 1e-6}
TEMPLATES = {name: template.model_dump(mode="json") for name, template in default_templates().items()}
SHARED = {"tokens": 900, "documents": 5}
MARKET = {
    "horizon": {"days": 6},
    "customers": {"templates": merged(TEMPLATES, {"chat": {"shared_prefix": SHARED}})},
    "supply": {"firms": {"openai": {"pricing": PRICED | {"anchor": None}, "engine": {"prefix_cache": True}},
                         "atlas": {"pricing": PRICED}, "boreal": {"pricing": PRICED}}},
}


def changed(*path_and_value):
    *path, value = path_and_value
    for name in reversed(path):
        value = {name: value}
    return value


def market(*changes):
    scenario = MARKET
    for change in changes:
        scenario = merged(scenario, change)
    return small(**scenario)


@pytest.fixture(scope="module")
def as_it_is():
    return run_market(market())[0]


def cached_at(result, firm):
    rows = [row for row, offer in enumerate(result.offers) if offer.provider == firm]
    cached, prompt = (sum(int(getattr(day, name)[rows].sum()) for day in result.offer_days)
                      for name in ("cached_tokens", "prompt_tokens"))
    return cached / prompt


def models_of(result, firm):
    return set(result.offer_model[[offer.provider == firm for offer in result.offers]].tolist())


def test_caches_find_what_workloads_share_and_nothing_else(as_it_is):
    assert 0.1 < cached_at(as_it_is, "openai") < 0.6
    alone = run_market(market(changed("customers", "templates", "chat", "shared_prefix", None)))[0]
    assert cached_at(alone, "openai") == 0
    # without a cache the bill knows only the share that customers expect: .3 of chats, .1 of extraction
    expected = np.array([0.3 if name.endswith("chat") else 0.1 for name in alone.workload_names])
    # who moves in the course of a day is written down with its last model only
    still = set(range(alone.days)) - {int(switch.time_s // DAY_S) for switch in alone.switches}
    total = 0
    for day in still:
        sold, bought = alone.offer_days[day], alone.workload_days[day]
        # what the lab sells as well is billed by what its cache finds
        for model in models_of(alone, "boreal") - models_of(alone, "openai"):
            users = (bought.model == model) & (bought.prompt_tokens > 0)
            assert not any(alone.workload_names[row].endswith("coding") for row in np.flatnonzero(users))
            cached = sold.cached_tokens[alone.offer_model == model].sum()
            assert cached == pytest.approx((expected * bought.prompt_tokens)[users].sum(), rel=0.001, abs=1)
            total += cached
    assert total > 0


def test_days_say_how_unlike_the_requests_of_each_model_are(as_it_is):
    """Log-normal lengths of .8 and workloads that differ: mean squares are at least 1.9 of squared means."""
    day = as_it_is.offer_days[-1]
    models = len(as_it_is.models)
    served, prompt = (np.bincount(as_it_is.offer_model, column, models) for column in (day.served, day.prompt_tokens))
    sold = np.flatnonzero(served > 0)
    assert len(sold)
    square = np.array([day.moments[as_it_is.offer_model == model, 0].max() for model in sold])
    assert (square >= 1.89 * (prompt[sold] / served[sold]) ** 2).all()


def test_what_a_firm_finds_makes_it_cheaper_in_its_own_eyes():
    costs = {}
    for cache in (True, False):
        staged = stage(market(changed("supply", "firms", "openai", "engine", "prefix_cache", cache)))
        _run(staged)
        agent = staged.supply.firms["openai"]
        served = agent.usage.served
        sold = [row for row in agent.planned if agent.usage.tokens_total[row] > 0]
        costs[cache] = {agent.planned[row].model.name: (1 - served.shape(row).found / served.shape(row).prompt)
                        * served.capacity(row).prompt_s for row in sold}
        if cache:
            found = {agent.planned[row].model.name for row in sold if served.shape(row).found > 0}
    both = found & costs[False].keys()
    assert both
    assert all(costs[True][name] < costs[False][name] for name in both)


def _run(staged):
    from sim.market.market import run_calendar

    agents = [process(staged.market) for process in staged.supply.processes()]
    run_calendar(staged.market, [*agents, staged.market.customers.process(staged.market)])


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
    assert differences(as_it_is, run_market(market(change))[0])


def test_a_shared_prefix_is_a_part_of_the_prompt():
    with pytest.raises(ScenarioError, match=r"shared_prefix.tokens is 1500, but must be below prompt_tokens \(1500\)"):
        market(changed("customers", "templates", "chat", "shared_prefix", "tokens", 1500))
