"""What became of earlier listings corrects what later ones expect (E128): by hand, and in a market without traffic."""

import math

import numpy as np
import pytest

from providers.entry.appraisal import Prospect
from providers.entry.entrant_listing import EntrantListing, Offered
from providers.entry.lessons import Forecast, PastListings
from sim.market.hosts import Flows
from sim.scenario.entry_settings import EntrySettings
from worlds.entry_desk import entry_desk, incumbent
from worlds.fake_desk import model, models_of

EXPECTED = Flows(1000.0, 100.0, 50.0, 20.0, 5.0)
CAME = Flows(800.0, 60.0, 24.0, 20.0, 5.0)  # .6 of the tokens at .8 of the price; on 1.25 of the GPUs that they need
NEEDED = 16.0


def experience(**fields):
    return PastListings(EntrySettings(**{"experience": "cohorts", "experience_prior_months": 2.0,
                                       "experience_memory_days": 1e5} | fields))


def test_who_does_not_learn_expects_what_is_plain():
    found = experience(experience="none")
    found.note(0, 0, EXPECTED, CAME, NEEDED)
    assert all((factor == 1.0).all() for factor in found.lessons(12))
    assert found.on_average() == (1.0, 1.0, 1.0)


def test_factors_are_shrunk_to_one_by_the_prior():
    """Ninety days, three months of listings, beside a prior of two: (3 x + 2)/5; nothing was seen of later months."""
    found = experience()
    for day in range(90):
        found.note(day, 0, EXPECTED, CAME, NEEDED)
    lessons = found.lessons(4)
    assert [factor[0] for factor in lessons] == pytest.approx([0.76, 0.88, 1.15, 1.0], rel=1e-3)
    assert all((factor[1:] == 1.0).all() for factor in lessons)
    assert found.on_average() == pytest.approx((0.76, 0.88, 1.15), rel=1e-3)


def test_months_after_the_second_share_what_was_learned():
    found = experience(experience_prior_months=1e-9)
    for month in range(5):
        found.note(month, month, EXPECTED, CAME._replace(tokens=100.0 if month < 3 else 40.0), NEEDED)
    assert found.lessons(5).volume == pytest.approx([1.0, 1.0, 0.6, 0.6, 0.6], rel=1e-3)  # (100 + 40 + 40)/300


def test_what_is_long_ago_counts_less():
    """After a memory of ten days the first day counts 1/e as much."""
    found = experience(experience_prior_months=1e-9, experience_memory_days=10.0)
    found.note(0, 0, EXPECTED, CAME._replace(tokens=0.0, revenue_usd=0.0), NEEDED)
    assert found.lessons(1).price[0] == pytest.approx(1.0)  # nothing sold says nothing of prices
    found.note(10, 0, EXPECTED, CAME._replace(tokens=100.0, revenue_usd=50.0), NEEDED)
    assert found.lessons(1).volume[0] == pytest.approx(1 / (1 + math.exp(-1)), rel=1e-6)


def test_a_listing_weighs_what_it_expected_and_what_came():
    """Meant to stay for a month, there for 31 days: the model's tokens are of 30, its own of all.

    Others learn by what a plain reckoning said, 120 tokens, and not by what it believed.
    """
    plain = Forecast(*(np.array([value]) for value in EXPECTED))
    reckoned = plain._replace(tokens=np.array([120.0]))
    one = EntrantListing(Offered("h", "m", 4.0, 2), 7, Prospect(0, 1.0, plain, reckoned, 1.0, 50.0))
    taught = experience(experience_prior_months=1e-9)
    for _ in range(31):
        one.note(CAME, NEEDED, taught)
    assert taught.lessons(1).volume[0] == pytest.approx(0.5)
    assert taught.lessons(2).volume[1] == 1.0
    record = one.record(np.full(31, 0.5))
    assert record[:5] == ("h", "m", 7, 4.0, 2)
    assert record.expected == pytest.approx([15000, 1500, 750, 300, 75])
    assert record.realised == pytest.approx([12000, 930, 372, 310, 77.5])
    assert record.expected.cash_usd == pytest.approx(375)


def test_listings_add_up_to_what_their_hosts_got():
    tokens = np.array([20e9, 20e9])
    models = models_of(*(model(f"m{size}", "meta", size, day=-60.0) for size in (8, 30)))
    entry = {"types": 6, "familiar_share": 0.9, "gpus": ("h200-sxm",), "looks_per_month": 60.0, "max_replicas": 2000}
    desk = entry_desk(lambda day: tokens * (1.0 if day < 60 else 0.5), 2.0, 90, models, entry=entry,
                      firms={"first": incumbent()})
    hosts, listings = desk.supply.hosts, desk.supply.listings
    assert len(hosts) >= 3
    for host in hosts:
        mine = [it for it in listings if it.host == host.host]
        assert sum(it.expected.cash_usd for it in mine) == pytest.approx(host.expected_so_far_usd)
        assert sum(it.realised.cash_usd for it in mine) == pytest.approx(host.realised_usd, abs=0.01)
    assert desk.supply.hosts == hosts  # asking twice closes no day twice
