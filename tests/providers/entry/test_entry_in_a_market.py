"""Entry in a whole market, requests and all: the same whatever the threads, with books that close."""

from experiments.runs.run_market import run_market
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
