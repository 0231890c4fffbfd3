"""What gates read of a market: prices between postings, markups over routers' rules, and facts, by hand."""

import math
from dataclasses import replace

import numpy as np
import pytest

from experiments.measures.market.gate_facts import facts
from experiments.measures.market.postings import is_open, markup_over_rule, stretches
from sim.market.marketplaces.marketplace_days import MarketplaceDay
from sim.market.posting import Posting
from sim.units import DAY_S
from worlds.hand_market import hand_market, priced


def test_prices_stand_from_their_posting_to_the_next():
    """Of mid, a posts on days 0 and 2, b on day 0 and twice on day 3, where only the later price sells."""
    posts = [Posting(0.0, 1, 3.0, 1.0, True, True), Posting(0.0, 2, 4.0, 2.0, False, True),
             Posting(2.5 * DAY_S, 1, 5.0, 1.0, False, False), Posting(3.1 * DAY_S, 2, 6.0, 2.0, False, False),
             Posting(3.2 * DAY_S, 2, 7.0, 2.0, False, False), Posting(0.0, 0, 9.0, 3.0, True, True)]
    run = replace(hand_market(), postings=posts)
    found = stretches(run)
    assert found.offer.tolist() == [0, 1, 1, 2, 2, 2]
    assert found.tokens.tolist() == [114_000, 27_000, 54_000, 91_000, 0, 72_000]
    assert found.share[[0, 1, 2, 3, 5]].tolist() == pytest.approx([1, 27 / 108, 54 / 136, 91 / 148, 72 / 96])
    assert is_open(run, found).tolist() == [False] + [True] * 5
    # at k = 4 e is 3 and 2.41 of a, 1.54 and 1 of b: the last has no best price
    got = markup_over_rule(found, is_open(run, found), [4.0])
    assert got.answerable == pytest.approx((27 + 54 + 91) / (27 + 54 + 91 + 72))
    over = {27: 3 * (1 - 1 / 3), 54: 5 * (1 - 34 / 82), 91: 2 * (1 - 37 / 57)}  # price over cost, times (e - 1)/e
    assert sorted(over, key=over.get) == [91, 27, 54]
    assert got.over_rule == pytest.approx(over[91])  # of 172 thousand 91 are at .70, 27 at 2 and 54 at 2.93


def test_customers_who_route_differently_lower_an_elasticity():
    """Four sellers alike: of each one's sales three in five go by the router's rule, one by name, one to the fastest.

    At k = 4 e is 3/5 of 3; of sales to the cheapest, of which it has all, nothing could be won.
    """
    run = priced(2.25)
    by_rule = np.tile([3, 0, 1, 1], (4, 1))
    counted = replace(run, offer_days=[replace(day, by_rule=by_rule) for day in run.offer_days])
    found = stretches(counted)
    assert found.placed_by.tolist() == [[0.6, 0, 0.2, 0.2]] * 4
    assert found.share_by_rule.tolist() == [[0.25, 0, 0.25, 0.25]] * 4
    got = markup_over_rule(found, is_open(counted, found), [4.0])
    assert got.over_rule == pytest.approx(2.25 * (1 - 1 / 1.8))
    by_rule[0] = [3, 2, 0, 0]
    alone = stretches(replace(run, offer_days=[replace(day, by_rule=by_rule) for day in run.offer_days]))
    assert alone.share_by_rule[0].tolist() == [0.25, 1.0, 0.0, 0.0]
    first = np.arange(4) == 0
    assert markup_over_rule(alone, first, [4.0]).over_rule == pytest.approx(2.25 * (1 - 1 / 1.8))


def test_what_costs_nothing_to_serve_has_no_markup_and_counts_for_nothing():
    """Four sellers alike, one on idle GPUs that cost nothing: the others' e is 3, so that 1.5 is their price."""
    run = priced(2.25)
    idle = replace(run, postings=[run.postings[0]._replace(unit_cost_usd_per_mtok=0.0), *run.postings[1:]])
    found = stretches(idle)
    got = markup_over_rule(found, is_open(idle, found), [4.0])
    assert got.over_rule == pytest.approx(2.25 * (1 - 1 / 3))
    assert got.answerable == 1


def by_two_marketplaces(markup, by_marketplace, by_rule):
    """Four sellers alike and two marketplaces: completed requests of each offer by either, and of either by rule."""
    run = priced(markup)
    models = np.zeros((2, len(run.models), 4), np.int64)
    models[:, run.offer_model[0]] = by_rule
    days = [replace(day, by_marketplace=np.tile(by_marketplace, (4, 1)), by_rule=np.tile(
        np.add.reduce(by_rule) // 4, (4, 1))) for day in run.offer_days]
    places = [MarketplaceDay(*[np.zeros(2)] * 9, np.zeros((2, 2)), models) for _ in days]
    return replace(run, offer_days=days, marketplaces=("strict", "lax"), marketplace_days=places)


def test_marketplaces_rules_add_up():
    """Each of four sellers has a quarter of both: three of its five requests through k = 8, two through k = 2 (E93).

    So e is (3/5 of 8 + 2/5 of 2) times 3/4, which is 4.2; the answer is 4.2/3.2 times the cost.
    """
    run = by_two_marketplaces(2.1, [3, 2], np.array([[12, 0, 0, 0], [8, 0, 0, 0]]))
    found = stretches(run)
    assert found.placed_by.tolist() == [[0.6, 0.4, 0, 0, 0]] * 4
    assert found.share_by_rule.tolist() == [[0.25, 0.25, 0, 0, 0]] * 4
    got = markup_over_rule(found, is_open(run, found), [8.0, 2.0])
    assert got.over_rule == pytest.approx(2.1 * (1 - 1 / 4.2))
    assert got.answerable == 1
    assert math.isnan(markup_over_rule(found, is_open(run, found), [8.0, math.nan]).answerable)


def test_who_asks_for_a_rule_is_taken_off_its_marketplace():
    """Half of the strict marketplace's requests name a seller, none of the lax one's: 4 to 6 are 2 to 6 (E161)."""
    run = by_two_marketplaces(2.0, [4, 6], np.array([[8, 0, 0, 8], [24, 0, 0, 0]]))
    assert stretches(run).placed_by.tolist() == [[0.2, 0.6, 0, 0, 0.2]] * 4


def test_facts_of_a_run_by_hand():
    """Open: 244 thousand tokens of mid for .1084 USD, sold by a and b on either of the last two days."""
    posts = [Posting(0.0, 1, 3.0, 1.0, True, True), Posting(0.0, 2, 4.0, 2.0, False, True),
             Posting(2.0 * DAY_S, 2, 4.5, 2.0, True, False), Posting(4.0 * DAY_S, 2, 4.0, 2.0, False, False),
             Posting(0.0, 0, 9.0, 3.0, True, True)]  # the one of day 4 is posted as the run ends
    got = {}
    for name, of, value in facts(replace(hand_market(), postings=posts), [2.0]):
        got.setdefault(name, {})[of] = value
    assert got["open_price"][""] == pytest.approx(0.1084 / 0.244)
    assert got["open_tokens"] == {"2025-01 mid": 108_000, "2025-02 mid": 136_000}  # of new nobody bought any
    assert got["open_usd"] == pytest.approx({"2025-01 mid": 0.054, "2025-02 mid": 0.0544})
    assert got["open_sellers"][""] == 2
    assert got["held_at_list"][""] == pytest.approx((81 + 82) / (81 + 81 + 82))  # all of a's; b's of February
    assert got["launch_price"] == {"a/mid": 3.0, "b/mid": 4.0}  # big is closed
    assert got["launch_cost"] == {"a/mid": 1.0, "b/mid": 2.0}
    # qualities of the first day: .3 of mid and .4 of new; new is gone on the last day
    assert got["level_price"] == pytest.approx({
        "2025-01 0.3": math.log(0.5), "2025-01 0.4": 0.0, "2025-02 0.3": math.log(0.4), "2025-02 0.4": 0.0})
    assert got["level_held"][""] == pytest.approx(4 / 7)  # a is the cheapest at .3 on four days, b's new at .4 on three
    assert (got["direct_uses"][""], got["outside_uses"][""]) == (4 / 36, 14 / 36)
    assert (got["outside_types"], got["outside_worth"]) == ({"3": 2}, {"3": 1})
    assert (got["capital"], got["expected"], got["realised"]) == ({"0": 150}, {"0": 50}, {"0": 46})
