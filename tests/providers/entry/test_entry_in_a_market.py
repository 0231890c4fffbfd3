"""Entry in a whole market, requests and all: the same whatever the threads, with books that close."""

import pytest

from experiments.runs.run_market import run_market, stage
from experiments.runs.told_rules import told_rules
from policies import bind
from sim.errors import ScenarioError
from sim.scenario.router_settings import PolicyChoice
from worlds.small_markets import differences, small

POOL = {"types": 6, "looks_per_month": 300.0, "first_look_day": 2, "firm_usd": 10.0, "listing_usd": 1.0,
        "overhead_usd_per_day": 1.0, "familiar_share": 0.8, "max_replicas": 50}


def test_hosts_enter_a_whole_market_alike_on_one_thread_and_two():
    market = small(horizon={"days": 5}, customers={"requests_per_s": 300.0}, supply={"entry": POOL})
    one, two = (run_market(market, threads=threads)[0] for threads in (1, 2))
    assert differences(one, two) == []
    assert one.hosts
    names = {host.host for host in one.hosts}
    served = sum(int(day.served[row]) for day in one.offer_days for row, offer in enumerate(one.offers)
                 if offer.provider in names)
    assert served > 0


def test_newcomers_who_answer_a_rule_need_a_router_that_has_one():
    supply = small(supply={"entry": POOL, "firms": {"boreal": {"pricing": {"kind": "undercut"}}}}).supply
    with pytest.raises(ScenarioError, match=r"supply\.entry\.pricing\.kind is 'best_response_router'"):
        told_rules(supply, bind(PolicyChoice(kind="thompson")))


def test_a_workload_of_very_many_parts_is_refused_not_cut():
    market = small(customers={"part_tokens_per_day": 1.0})
    with pytest.raises(ScenarioError, match=r"part_tokens_per_day is 1, .* parts; it must be high enough for 1,000"):
        stage(market)
