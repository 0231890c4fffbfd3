"""Hosts come until the next one would earn nothing: closed forms, records, exits, common random numbers."""

import math

import numpy as np
import pytest

from providers.around import Around
from providers.entry.appraisal import Candidate, Month, Offering
from providers.entry.meeting import Incumbents
from providers.entry.potential_hosts import draw_hosts
from providers.firms.supply_side import build_supply
from providers.games.entry import router_entry
from sim.scenario.entry_settings import EntrySettings
from sim.scenario.firm_settings import PoolSettings, SupplySettings
from sim.streams import Streams
from worlds.entry_desk import ALIKE, MIX, SMALL, blended, entry_desk, incumbent
from worlds.fake_desk import model, models_of

CONSTANT = {"gpu_prices": {"kind": "constant"}, "shelf": {"half_life_days": 1e5}}
REPLICA_USD = 24 * 2.60 * 1.60 / 1.30  # a day of one H200, the fixed cost F of one replica a seller
LARGE = {"first": incumbent(pools=(PoolSettings(gpu="h200-sxm", count=2000),))}
VARIED = {"types": 40, "familiar_share": 0.5, "max_replicas": 2000, "gpus": ("h200-sxm",), "looks_per_month": 60.0}
MODELS = models_of(*(model(f"m{size}", "meta", size, day=-60.0) for size in (8, 30, 70)))


def competing(exponent, **entry):
    """Sellers who pay F a day for a replica and a dollar for a million tokens; D c / F = 20.2."""
    tokens, pool = 20.2 * REPLICA_USD * 1e6, ALIKE | {"types": 40, "looks_per_month": 20.0} | entry
    return entry_desk(lambda day: np.array([tokens]), exponent, 150, entry=pool,
                      costing={"basis": "marginal", "variable_usd_per_mtok": 1.0}, **CONSTANT)


@pytest.mark.parametrize(("exponent", "sellers", "ratio"), [(2.0, 22, 2.10), (4.0, 8, 1.40), (8.0, 4, 1.20)])
def test_as_many_enter_as_the_closed_form_says(exponent, sellers, ratio):
    """N = (Dc/F + k) / (k - 1), and the price of N: k(N - 1) / (k(N - 1) - N)."""
    assert int(router_entry(20.2, 1.0, exponent, 1.0)) == sellers
    desk = competing(exponent)
    live = desk.board.listed
    assert abs(int(live.sum()) - sellers) <= 1
    assert blended(desk)[live] == pytest.approx(ratio, rel=0.03)  # to the cent, in two prices
    values = [value.value_usd for value in desk.supply.entry_values if value.day == 119]
    assert len(values) == 40 - len(desk.supply.hosts)
    assert max(values) <= 0


def test_a_cost_of_entry_keeps_sellers_out():
    """F twice as high by an overhead: N = 10.1 + 2 = 12. A sunk cost that no year earns back: nobody."""
    dearer = competing(2.0, overhead_usd_per_day=REPLICA_USD)
    assert abs(int(dearer.board.listed.sum()) - 12) <= 1
    assert competing(2.0, firm_usd=1e7).supply.hosts == []


@pytest.fixture(scope="module")
def varied():
    tokens = np.array([20e9, 20e9, 40e9])
    return entry_desk(lambda day: tokens, 2.0, 300, MODELS, entry=VARIED, firms=LARGE, **CONSTANT)


def test_hardly_anybody_outside_would_gain_by_entering(varied):
    for day in (119, 210):
        values = [value.value_usd for value in varied.supply.entry_values if value.day == day]
        assert len(values) >= 10
        assert np.mean(np.array(values) > 0) <= 0.05


def test_what_hosts_expected_came(varied):
    """All cohorts, by capital: realised over expected value is 1 give or take .15."""
    hosts = varied.supply.hosts
    assert len(hosts) >= 12
    expected, realised = (sum(getattr(host, name) for host in hosts)
                          for name in ("expected_so_far_usd", "realised_usd"))
    assert 0.85 <= realised / expected <= 1.15
    for host in hosts:
        assert host.expected_usd >= 0.999 * host.capital_usd  # V >= 0 at entry
        assert host.entry_day >= 28
        assert host.capital_usd >= 53_000


def test_realised_value_is_what_the_books_say():
    """Undiscounted, the cash of a host is its balance but for the cost of entering and what it pays in advance."""
    tokens = np.array([20e9, 20e9, 40e9])
    entry = VARIED | {"types": 6, "hurdle_per_year": 0.0, "ahead_days": 3650}
    desk = entry_desk(lambda day: tokens, 2.0, 100, MODELS, entry=entry, firms=LARGE, **CONSTANT)
    assert len(desk.supply.hosts) >= 3
    for host in desk.supply.hosts:
        balance = desk.ledger.balance("provider", host.host) / 1e9
        # the fake desk ends before the last day closes: its GPUs are paid, its revenue is not in
        last = desk.supply.newcomers[host.host]._bill_usd
        assert host.realised_usd - host.capital_usd - last == pytest.approx(balance, abs=0.01)
    assert sum(desk.ledger.balances.values()) == 0


def test_hosts_leave_when_demand_does():
    def tokens(day):
        return np.array([20e9, 20e9, 40e9]) * (1.0 if day < 120 else 0.001)

    desk = entry_desk(tokens, 2.0, 300, MODELS, entry=VARIED | {"types": 20}, firms=LARGE, **CONSTANT)
    hosts = desk.supply.hosts
    left = [host for host in hosts if host.exit_day is not None]
    assert len(hosts) >= 5
    assert len(left) >= 0.8 * len(hosts)
    assert all(host.exit_day > 120 for host in left)
    gone = {host.host for host in left}
    assert not any(desk.board.listed[row] for row, offer in enumerate(desk.offers) if offer.provider in gone)
    assert all(not any(pool.total for pool in desk.supply.newcomers[name].pools) for name in gone)


def test_who_left_got_nothing_of_what_it_had_still_expected():
    """Demand goes on day 45: by the end all that was expected of 120 days is past, and counts though hosts left."""
    entry = VARIED | {"types": 6, "ahead_days": 120}
    desk = entry_desk(lambda day: np.array([20e9, 20e9, 40e9]) * (1.0 if day < 45 else 1e-3), 2.0, 180, MODELS,
                      entry=entry, firms=LARGE, **CONSTANT)
    left = [host for host in desk.supply.hosts if host.exit_day is not None and host.exit_day < host.entry_day + 100]
    assert len(left) >= 2
    for host in left:
        assert host.expected_so_far_usd == host.expected_usd > host.realised_usd


def test_the_next_who_can_serve_a_model_are_the_cheapest_of_them():
    """Of 40 at a standard deviation of .25: the first .571 of the median, the fifth .738, the twentieth .992 (E127)."""
    for kind, want in (("next", [0.571, 0.738, 0.992]), ("median", [1.0, 1.0, 1.0])):
        pool = {"types": 80, "familiar_share": 0.5, "come_after": kind}
        desk = entry_desk(lambda day: np.zeros(1), days=2, entry=pool)
        appraisal = next(iter(desk.supply.newcomers.values()))._beliefs.appraisal
        assert appraisal._over_median(0, 21)[[1, 5, 20]] == pytest.approx(want, abs=5e-4)
        # after four from the pool the first to come is the fifth
        assert appraisal._over_median(4, 2)[1] == pytest.approx(want[1], abs=5e-4)


def test_who_would_be_alone_asks_what_its_strategy_asks_then_and_beside_others_up_to_its_most():
    """Of a token that costs .4: 2.5 times as much alone, and 6 times where nobody answers or two at k = 2 do."""
    pool = {"types": 4, "familiar_share": 1.0, "pricing": {"kind": "best_response_router", "ceiling_markup": 6.0}}
    desk = entry_desk(lambda day: np.zeros(1), days=2, entry=pool)
    appraisal = next(iter(desk.supply.newcomers.values()))._beliefs.appraisal
    row = next(row for row, offer in enumerate(desk.offers) if offer.provider != "first")
    offering, no_one = Offering(Candidate(row, 0.0, 1.0, 1.0), 0.4, np.full(2, 0.4)), np.zeros(0)
    nobody = Incumbents(no_one, no_one, no_one.astype(bool), no_one, no_one)
    rival = Incumbents(np.array([0.4]), np.array([0.5]), np.array([True]), np.array([6.0]), np.zeros(1))
    month = Month(1e15, 1e15, np.ones(1), np.ones(1), 0, 0)  # with room for many
    alone, beside = (appraisal._look_ahead(offering, there, math.nan, month, 1.0).met.prices
                     for there in (nobody, rival))
    assert alone == pytest.approx([1.0, 2.4], rel=1e-3)
    assert beside[0] == pytest.approx(2.4, rel=1e-3)


def test_eighty_firms_come_and_go():
    """No limit that is built in stops a hundred hosts from entering, nor from leaving."""
    def tokens(day):
        return np.full(3, 300e9) * (1.0 if day < 60 else 1e-4)

    entry = VARIED | {"types": 110, "looks_per_month": 1000.0, "familiar_share": 0.9}
    desk = entry_desk(tokens, 2.0, 160, MODELS, entry=entry, firms=LARGE, **CONSTANT)
    hosts = desk.supply.hosts
    assert len(hosts) >= 80
    assert sum(host.exit_day is not None for host in hosts) >= 80


# ---- draws belong to names

def test_more_types_leave_the_others_as_they_were():
    few, many = (draw_hosts(EntrySettings(types=count), Streams(7, 0)) for count in (5, 50))
    assert few == many[:5]
    one_gpu = draw_hosts(EntrySettings(types=5, gpus=("h100-sxm",)), Streams(7, 0))
    assert one_gpu[3].gpu_factors == many[3].gpu_factors[:1]


def test_costs_of_types_are_spread_as_told():
    hosts = draw_hosts(EntrySettings(types=2000), Streams(7, 0))
    assert np.std([np.log(host.gpu_factors[0]) for host in hosts]) == pytest.approx(0.15, rel=0.05)
    assert np.std([np.log(host.efficiency) for host in hosts]) == pytest.approx(0.2, rel=0.05)
    assert np.mean([host.firm.pools[0].precisions == ("fp4", "fp8") for host in hosts]) == pytest.approx(0.25, abs=0.03)


def test_a_model_that_is_released_when_the_run_ends_is_nobody_s_to_sell():
    entry = EntrySettings(types=1, familiar_share=1.0)
    released = models_of(model("before", day=29.5), model("then", day=30.0))
    settings = SupplySettings(firms={"first": incumbent()}, entry=entry)
    supply = build_supply(settings, released, Streams(7, 0), Around(30.0))
    assert [offer.model.name for offer in supply.planned if offer.firm != "first"] == ["before"]


def test_the_pool_changes_nothing_for_firms_until_somebody_enters():
    tokens = np.array([1e9])
    alone = entry_desk(lambda day: tokens, 2.0, 60, SMALL, **CONSTANT)
    beside = entry_desk(lambda day: tokens, 2.0, 60, SMALL, entry={"types": 20, "firm_usd": 1e9}, **CONSTANT)
    assert not beside.supply.hosts
    ours = [row for row, offer in enumerate(beside.offers) if offer.provider == "first"]
    assert np.array_equal(alone.board.prices, beside.board.prices[ours])
    assert alone.supply.pool_days == beside.supply.pool_days
    assert MIX.sum() == 1
