"""The end of an accounting day: fees, days of offers and workloads, and the books."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from experiments.runs.run_market import run_market
from sim.engines import outcome
from sim.engines.outcome import Tally
from sim.market.accounts import CLEARING, FEE_INCOME, RouterFees, book_day, difference, offer_day, workload_day
from sim.market.ledger import Account, Ledger
from sim.market.usage import WorkloadDay
from sim.scenario.market_scenario import Fees
from worlds.small_markets import small

FEES = Fees(credit_share=0.055, own_key_share=0.05, own_key_free_requests=1000)


def people(customer, byok):
    """Workloads of customers by number."""
    names = tuple(f"firm-{row}" for row in range(max(customer) + 1))
    return SimpleNamespace(customer=np.array(customer), byok=np.array(byok), customer_names=names,
                           free=np.zeros(len(customer), bool))


def fees_of(fees, day, completed, cost):
    return fees.of_day(day, np.array(completed, np.int64), np.array(cost, np.int64)).tolist()


# Fees


def test_who_buys_credits_pays_a_share_from_the_first_request():
    fees = RouterFees(FEES, people([0, 1], [False, False]))
    assert fees_of(fees, 0, [1, 10**6], [1000, 2 * 10**9]) == [55, 110 * 10**6]


def test_an_own_key_is_free_up_to_the_months_requests():
    fees = RouterFees(FEES, people([0], [True]))
    assert fees_of(fees, 0, [600], [6_000_000]) == [0]
    assert fees_of(fees, 1, [600], [6_000_000]) == [100_000]  # 200 of 600 are beyond the free ones
    assert fees_of(fees, 2, [600], [6_000_000]) == [300_000]
    assert fees_of(fees, 30, [600], [6_000_000]) == [300_000]
    assert fees_of(fees, 31, [600], [6_000_000]) == [0]  # a new month began at 365.25 / 12 = 30.4375 days


def test_a_year_of_fees_has_twelve_months():
    fees = RouterFees(FEES, people([0], [True]))
    free = [day for day in range(366) if fees_of(fees, day, [1000], [10_000]) == [0]]
    assert free == [0, 31, 61, 92, 122, 153, 183, 214, 244, 274, 305, 335]  # 30.4375 times 0 to 11, rounded up


def test_free_requests_are_the_customer_s_and_go_to_its_workloads_in_their_order():
    fees = RouterFees(FEES, people([0, 1, 0], [True, True, True]))
    assert fees_of(fees, 0, [800, 500, 400], [8000, 5000, 4000]) == [0, 0, 100]  # 200 of the last 400


def test_nothing_sold_costs_no_fee():
    fees = RouterFees(FEES, people([0, 1], [True, False]))
    assert fees_of(fees, 0, [0, 0], [0, 0]) == [0, 0]


def test_fees_are_rounded_half_up_to_whole_nano_dollars():
    fees = RouterFees(Fees(credit_share=0.5), people([0, 0, 0], [False] * 3))
    assert fees_of(fees, 0, [1, 1, 1], [1, 2, 3]) == [1, 1, 2]


@given(st.lists(st.tuples(st.integers(0, 3), st.booleans(), st.integers(0, 5000), st.integers(0, 10**12)), min_size=1,
                max_size=12), st.integers(0, 5000))
def test_an_own_key_never_pays_for_more_than_what_is_beyond_the_free_requests(rows, free):
    customer, byok, completed, cost = map(list, zip(*rows, strict=True))
    byok = [byok[customer.index(c)] for c in customer]  # the key is the customer's
    found = fees_of(RouterFees(FEES.model_copy(update={"own_key_free_requests": free}), people(customer, byok)), 0,
                    completed, cost)
    left = dict.fromkeys(customer, free)
    for c, own, count, nano, fee in zip(customer, byok, completed, cost, found, strict=True):
        exact = nano * 0.055
        if own:  # a workload without a completed request has no cost in a run; here it would pay for all of it
            exact = nano * 0.05 * (max(0, count - left[c]) / count if count else 1.0)
            left[c] = max(0, left[c] - count)
        assert fee == pytest.approx(exact, abs=0.51 + 1e-12 * nano)


# Days of offers and workloads


def tally(offers=2, classes=3):
    return Tally(np.zeros((classes, 2), np.int64), np.zeros((classes, 2, len(outcome.OUTCOMES)), np.int64),
                 np.zeros((classes, 2, len(outcome.CLASS_SUMS)), np.int64),
                 np.zeros((offers, 2, len(outcome.OFFER_SUMS)), np.int64),
                 np.zeros((offers, len(outcome.OFFER_WORK))), np.zeros((classes, len(outcome.METRICS))),
                 np.zeros((offers, 1, len(outcome.ROUTER_SUMS)), np.int64))


def test_an_offer_s_day_is_what_was_counted():
    counted = tally()
    sums = counted.offer_sums[0, 1]
    sums[outcome.PLACED], sums[outcome.SERVED], sums[outcome.REVENUE_NANO] = 10, 6, 7000
    sums[outcome.SERVED_CUT] = 3
    sums[outcome.BY_RULE + 1], sums[outcome.BY_RULE + 3] = 1, 3  # to the cheapest, and named: two by the router's rule
    for name in ("rate_limited", "queue_full", "outage", "attempt_timed_out", "cancelled"):
        sums[outcome.OFFER_SUMS.index(name)] = 1
    counted.offer_work[0, outcome.BUSY_S] = 43_200.0
    counted.offer_work[1, outcome.BUSY_S] = 5.0  # its replicas were withdrawn meanwhile
    waits = np.arange(12.0).reshape(2, 2, 3)
    day = offer_day(counted, np.array([2, 0]), waits)
    assert (day.placed[0], day.served[0], day.revenue_nano[0]) == (10, 6, 7000)
    assert day.cut.tolist() == [3, 0]
    assert day.by_rule.tolist() == [[2, 1, 0, 3], [0, 0, 0, 0]]
    assert (day.refused[0], day.queue_full[0], day.failed[0], day.abandoned[0]) == (2, 1, 2, 1)
    assert (day.rate_limited[0], day.too_long[0]) == (1, 0)
    assert day.busy_share.tolist() == [0.25, 0.0]
    assert (day.ttft_s.tolist(), day.tpot_s[1].tolist()) == ([[0, 1, 2], [6, 7, 8]], [9, 10, 11])


def test_a_workload_s_day_has_means_of_what_was_completed():
    counted = tally()
    counted.born[0], counted.born[1] = (0, 5), (0, 2)
    counted.outcomes[0, 1, outcome.COMPLETED] = 4
    counted.class_sums[0, 1, outcome.COST_NANO] = 123
    counted.class_sums[0, 1, outcome.CUT] = 2
    counted.class_metric_sums[0, [outcome.TTFT, outcome.E2E]] = 2.0, 10.0
    day = workload_day(counted, np.array([3, 1, -1]), np.array([8.5, 1.0, 0.0]))
    assert day.born.tolist() == [5, 2, 0]
    assert day.completed.tolist() == [4, 0, 0]
    assert day.cut.tolist() == [2, 0, 0]
    assert (day.cost_nano[0], day.fee_nano[0], day.ttft_s[0], day.e2e_s[0]) == (123, 0, 0.5, 2.5)
    assert np.isnan(day.ttft_s[1:]).all()
    assert (day.model.tolist(), day.planned_tokens.tolist()) == ([3, 1, -1], [8.5, 1.0, 0.0])


def test_the_difference_of_two_looks_is_what_came_between():
    before, after = tally(), tally()
    before.born[0], after.born[0] = 3, 10
    after.offer_work[1, 0] = 2.5
    found = difference(after, before)
    assert found.born[0].tolist() == [7, 7]
    assert found.offer_work[1, 0] == 2.5


# The books


def workloads(cost, fee):
    zeros = np.zeros(len(cost), np.int64)
    return WorkloadDay(zeros, zeros / 1.0, zeros, zeros, zeros, zeros, np.array(cost), np.array(fee), zeros / 1.0,
                       zeros / 1.0, zeros)


def test_a_day_s_books_close():
    ledger = Ledger()
    book_day(ledger, 5, people([0, 1, 0], [False] * 3), workloads([100, 50, 7], [5, 0, 1]), {"a": 57, "b": 100})
    buyer = Account("customer", "firm-0", "inference")
    assert ledger.entries[5, buyer, CLEARING] == 107
    assert ledger.entries[5, buyer, FEE_INCOME] == 6
    assert ledger.balances[CLEARING] == 0
    assert ledger.balances[FEE_INCOME] == 6
    assert ledger.balance("provider", "b") == 100
    assert ledger.balance("customer") == -163
    assert sum(ledger.balances.values()) == 0


def test_the_ledger_takes_whole_positive_amounts_only():
    ledger, a, b = Ledger(), Account("x", "a", "cash"), Account("x", "b", "cash")
    for wrong in (-1, 0.5):
        with pytest.raises(ValueError, match="whole number of nano-dollars"):
            ledger.pay(0, a, b, wrong)
    ledger.pay(0, a, b, 0)
    assert not ledger.entries


@pytest.fixture(scope="module")
def run():
    return run_market(small(fees={"own_key_free_requests": 100_000}))


def test_a_run_s_books_agree_with_its_days(run):
    result, _ = run
    ledger = result.ledger
    assert all(type(nano) is int for nano in ledger.entries.values())
    for number, provider in enumerate(dict.fromkeys(offer.provider for offer in result.offers)):
        mine = np.array([offer.provider == provider for offer in result.offers])
        revenue = sum(int(day.revenue_nano[mine].sum()) for day in result.offer_days)
        costs = sum(row.cost_nano for row in result.pool_days if row.provider == provider)
        assert ledger.balance("provider", provider) == revenue - costs, number
    for customer in set(result.workload_customer):
        mine = np.array([name == customer for name in result.workload_customer])
        paid = sum(int((day.cost_nano + day.fee_nano)[mine].sum()) for day in result.workload_days)
        assert ledger.balance("customer", customer) == -paid


def test_a_run_s_fees_follow_the_customers_keys(run):
    result, _ = run
    cost = sum(day.cost_nano for day in result.workload_days)
    fee = sum(day.fee_nano for day in result.workload_days)
    share = fee / np.maximum(cost, 1)
    agents = np.array([segment == "agents" for segment in result.workload_segment])
    assert np.isclose(share[(cost > 0) & ~agents], 0.055, atol=1e-3).sum() >= 5
    assert (share <= 0.055 + 1e-9).all()


def test_what_workloads_bought_is_what_offers_sold(run):
    result, _ = run
    for sold, bought in zip(result.offer_days, result.workload_days, strict=True):
        for offers, buyers in (("served", "completed"), ("prompt_tokens", "prompt_tokens"),
                               ("output_tokens", "output_tokens"), ("revenue_nano", "cost_nano")):
            assert getattr(sold, offers).sum() == getattr(bought, buyers).sum() > 0


def test_a_broken_book_is_found(run):
    from sim.errors import InvariantError
    from sim.market.market_invariants import CHECKS, check_market

    result, traffic = run
    ledger = Ledger()
    ledger.balances.update(result.ledger.balances)
    ledger.balances[CLEARING] += 1
    with pytest.raises(InvariantError, match="all accounts add up to zero"):
        check_market(replace(result, ledger=ledger), traffic)
    ledger.balances[FEE_INCOME] -= 1
    with pytest.raises(InvariantError, match="passes everything on"):
        check_market(replace(result, ledger=ledger), traffic)
    broken = {
        "payments = revenue + fees": replace(result, offer_days=result.offer_days[:-1]),
        "sold = bought": replace(result, offer_days=[replace(day, served=day.served + 1) for day in result.offer_days]),
        "days = traffic": replace(result, full=True),
        "GPUs placed and training <= GPUs there": replace(
            result, pool_days=[result.pool_days[0]._replace(placed=10**6)]),
        "listed = has replicas": replace(result, listed_daily=~result.listed_daily),
        "events in order of time": replace(result, listing_changes=[*result.listing_changes[::-1]]),
    }
    for name, wrong in broken.items():
        assert CHECKS[name](result, traffic) == ""
        assert CHECKS[name](wrong, traffic) != "", name
