"""Uses: which are live, how their number answers prices, what diffusion is, and who buys from the labs directly."""

import dataclasses
import math
from types import SimpleNamespace

import numpy as np
import pytest
from pydantic import ValidationError

from sim.market.accounts import CLEARING, FREE_VARIANTS, RouterFees, book_day
from sim.market.customers.choice import Chooser
from sim.market.customers.customers import Customers
from sim.market.customers.diffusion import growth_split, potential
from sim.market.customers.lab_sales import LabSales
from sim.market.customers.population import draw_population
from sim.market.customers.uses import cheapest_point_usd, live_share, long_run_elasticity
from sim.market.ledger import Ledger
from sim.market.models.model import Models
from sim.market.usage import WorkloadDay
from sim.scenario.customer_settings import Choice, CustomerSettings, Segment
from sim.scenario.market_scenario import Fees
from sim.scenario.use_settings import DirectPurchase, Uses
from sim.streams import Streams
from sim.units import DAY_S
from worlds.shelf import MODELS, Shelf, settings, shown

BY_PENETRATION = {0.1: 1.95, 0.2: 1.56, 0.3: 1.29, 0.5: 0.89}  # long-run elasticities with a sigma of .9


@pytest.mark.analytical
@pytest.mark.parametrize(("live", "elasticity"), BY_PENETRATION.items())
def test_the_long_run_elasticity_is_an_outcome_of_penetration(live, elasticity):
    z = {0.1: 1.2815516, 0.2: 0.8416212, 0.3: 0.5244005, 0.5: 0.0}[live]  # upper quantiles of the normal
    threshold = 2.0 * math.exp(0.9 * z)
    assert live_share(np.array(threshold), 2.0, 0.9) == pytest.approx(live, abs=1e-7)
    assert long_run_elasticity(np.array(threshold), 2.0, 0.9) == pytest.approx(elasticity, abs=0.005)


@pytest.mark.analytical
def test_the_elasticity_is_the_derivative_of_the_live_share():
    up, down = (math.log(live_share(np.array(1.5 * math.exp(step)), 1.0, 0.7)) for step in (1e-5, -1e-5))
    assert long_run_elasticity(np.array(1.5), 1.0, 0.7) == pytest.approx((down - up) / 2e-5, rel=1e-6)


def test_the_cheapest_point_of_quality_by_hand():
    cost, quality = np.array([0.03, 0.004, 0.0001, np.nan]), np.array([0.6, 0.1, -0.1, 0.9])
    assert cheapest_point_usd(cost, quality) == pytest.approx(0.04)
    assert cheapest_point_usd(cost, -np.abs(quality)) == np.inf


@pytest.mark.parametrize(("live", "elasticity"), BY_PENETRATION.items())
def test_a_drawn_population_has_the_elasticity_of_its_penetration(live, elasticity):
    """One model, no tastes: uses between two thresholds 20% apart, within 4 standard deviations of their number."""
    model = Models((dataclasses.replace(MODELS.rows[1], quality=(0.5,) * 5),))
    people = draw_population(settings(parts=2e6, number=800, needs=(0.0, 0.0)), Streams(3, 0), 1.0)
    chat = np.array(people.template) == "chat"
    assert chat.sum() > 900
    even = dataclasses.replace(
        people, sigma_usd=people.sigma_usd * 1e-9, latency_usd_per_s=people.latency_usd_per_s * 0,
        open_penalty_usd=people.open_penalty_usd * 0, budget_usd_per_day=people.budget_usd_per_day + 1e12)
    chooser, rows = Chooser(even, model, np.ones((1, 1)), Choice()), np.flatnonzero(chat)
    median, sigma = 0.06 * 0.3, math.log(10.0) / 2.5631031310892007
    z = {0.1: 1.2815516, 0.2: 0.8416212, 0.3: 0.5244005, 0.5: 0.0}[live]
    unit = chooser.cost_usd(rows[:1], shown(1.0, model))[0, 0] / 0.5  # c* at list prices
    factor = median * math.exp(sigma * z) / unit
    counts = [int((chooser.choose(rows, np.full(len(rows), -1), shown(factor * step, model)).model >= 0).sum())
              for step in (1 / 1.1, 1.0, 1.1)]
    expected = live * len(rows)
    assert abs(counts[1] - expected) < 4 * math.sqrt(expected * (1 - live))
    got = (counts[0] - counts[2]) / (2 * math.log(1.1) * expected)
    assert abs(got - elasticity) < 4 * math.sqrt(counts[0] - counts[2]) / (2 * math.log(1.1) * expected) + 0.02


def test_a_use_needs_a_quality():
    people = draw_population(settings(needs=(0.6, 0.7)), Streams(1, 0), 1.0)
    assert ((people.need >= 0.6) & (people.need <= 0.7)).all()
    worth = Chooser(people, MODELS, np.ones((2, 2)), Choice()).systematic_usd(np.arange(len(people)), shown(1e-6))
    assert np.isfinite(worth[:, 0]).all()
    assert not np.isfinite(worth[:, 1]).any()  # below what any of them needs


def test_a_use_keeps_its_volume_and_buys_nothing_that_is_not_worth_it():
    people, rows = (drawn := draw_population(settings(), Streams(1, 0), 1.0)), np.arange(len(drawn))
    chooser = Chooser(people, MODELS, np.ones((2, 2)), Choice())
    assert chooser.volume_per_s(rows, people.c0_usd / 100) == pytest.approx(people.base_per_s)
    share = [(chooser.choose(rows, np.full(len(rows), -1), shown(factor)).model >= 0).mean()
             for factor in (0.01, 1.0, 1e3)]
    assert share[0] > share[1] > share[2] == 0


def test_the_first_day_is_planned_at_its_live_share():
    people = draw_population(settings(planned_share=0.25), Streams(1, 0), 1.0)
    assert people.base_per_s.sum() == pytest.approx(4 * 100.0)


# diffusion


@pytest.mark.analytical
def test_the_logistic_curve_by_hand():
    rate = np.full(4, math.log(3.0))
    # K = 4: 1, then 4/(1 + 3/3) = 2, then 4/(1 + 3/9) = 3; without a ceiling 3^t; a ceiling of 1 stays
    ceiling = np.array([4.0, np.inf, 1.0, 1e30])
    assert potential(0.0, rate, ceiling) == pytest.approx(1.0)
    assert potential(1.0, rate, ceiling) == pytest.approx([2.0, 3.0, 1.0, 3.0])
    assert potential(2.0, rate, ceiling) == pytest.approx([3.0, 9.0, 1.0, 9.0])


def _grown(cut_day: int | None) -> Customers:
    faster = settings(number=60, diffusion={"per_year": 3.0, "ceiling": 60.0})
    segments = faster.segments | {"agents": Segment.model_validate(
        faster.segments["agents"].model_dump() | {"diffusion": {"per_year": 6.0, "ceiling": 10.0}})}
    people = draw_population(faster.model_copy(update={"segments": segments}), Streams(1, 0), 200.0)
    desk = Shelf()
    customers = Customers(people, MODELS, np.ones((2, 2)), Choice())
    desk.env.process(customers.process(desk))
    if cut_day is not None:
        desk.env.run(until=cut_day * DAY_S - 1)
        desk.factor = 0.2
    desk.env.run(until=120 * DAY_S - 1)
    return customers


def test_growth_splits_into_diffusion_and_the_rest():
    """With prices frozen all growth is diffusion; a cut adds to it and leaves the diffusion as it was, to the bit."""
    frozen, cut = (growth_split(run.demand_days[0], run.demand_days[-1]) for run in map(_grown, (None, 20)))
    assert frozen.diffusion == pytest.approx(frozen.total, abs=1e-12)
    assert abs(frozen.price_and_quality) < 1e-12
    assert cut.diffusion == frozen.diffusion > 0.5
    assert cut.price_and_quality > 0.05
    assert cut.total == pytest.approx(cut.diffusion + cut.price_and_quality)


def test_all_uses_of_a_day_are_somewhere():
    for it in (days := _grown(20).demand_days):
        assert it.market_per_s + it.direct_per_s + it.outside_per_s == pytest.approx(it.potential_per_s)
        assert (it.uses_market + it.uses_direct + it.uses_outside == it.uses).all()
    assert len(days) == 120
    assert days[0].uses_outside.sum() > days[-1].uses_outside.sum() > 0


# direct purchase


def _labs(worth: float, spread: float = 0.1, number: int = 400) -> tuple[LabSales, int]:
    people = draw_population(settings(number=number), Streams(1, 0), 1.0)
    people = dataclasses.replace(people, byok=np.zeros(len(people), bool))
    fees = Fees(credit_share=0.05)
    return LabSales(people, MODELS, DirectPurchase(marketplace_worth=worth, spread=spread), fees, 1.0), len(people)


@pytest.mark.parametrize(("dearer", "worth"), [(1.0, 0.1), (1.2, 0.1), (0.9, 0.0), (1.0, math.log(1.05))])
def test_the_share_that_buys_directly_is_logistic(dearer, worth):
    labs, count = _labs(worth)
    rows = np.arange(count)
    got = labs.preferred(rows, np.full((count, 1), dearer), np.ones((count, 1))).mean()
    want = 1 / (1 + math.exp(-(math.log(1.05 * dearer) - worth) / 0.1))
    assert abs(got - want) < 4 * math.sqrt(want * (1 - want) / count)


def test_only_closed_models_are_sold_directly_and_at_their_list_price():
    labs, count = _labs(0.1)
    sold = labs.prices(0.0, np.array([2e6, 1e5]), np.array([1e6, 1e5]))
    assert sold.input_pico[0] == pytest.approx(3e6)
    assert sold.output_pico[0] == pytest.approx(15e6)
    assert sold.cached_pico[0] == pytest.approx(1.5e6)  # half of the input price, as in the marketplace
    assert np.isnan(sold.input_pico[1])
    assert np.isnan(labs.prices(-200.0, np.array([2e6, 1e5]), np.array([1e6, 1e5])).input_pico).all()
    nowhere, somewhere = np.full((count, 1), np.nan), np.ones((count, 1))
    assert labs.preferred(np.arange(count), nowhere, somewhere).all()
    assert not labs.preferred(np.arange(count), somewhere, nowhere).any()


def test_a_creator_charges_directly_what_it_posts_here_and_its_list_price_otherwise():
    labs, _ = _labs(0.1)
    offers = [SimpleNamespace(provider=name, model=model) for name, model in (
        ("cloud", "lab-big"), ("Lab", "lab-big"), ("host", "open-small"))]
    board = SimpleNamespace(listed=np.array([True, False, True]), prices=np.array([[9, 9, 9], [7, 8, 1], [5, 5, 5]]))
    labs.look_at(board, offers)
    market = np.array([4.0, 4.0]), np.array([1.0, 1.0])
    assert labs.prices(0.0, *market).input_pico[0] == 3e6  # the lab lists nothing yet
    board.listed[1] = True
    into, out, cached = labs.prices(0.0, *market)
    assert (into[0], out[0], cached[0]) == (7, 8, 1.75)
    assert np.isnan(into[1])


def test_those_who_buy_directly_send_no_requests_here():
    people = draw_population(settings(number=60, needs=(0.55, 0.7), worth_factor=3.0), Streams(1, 0), 50.0)
    labs = LabSales(people, MODELS, DirectPurchase(marketplace_worth=0.05, spread=0.05), Fees(), 1.0)
    customers, desk = Customers(people, MODELS, np.ones((2, 2)), Choice(), labs), Shelf()
    desk.env.process(customers.process(desk))
    desk.env.run(until=30 * DAY_S - 1)
    direct = customers.direct >= 0
    assert 0.2 < direct.mean() < 0.9
    assert (customers.model[direct] == -1).all()
    assert (customers.rate_per_s[direct] == 0).all()
    assert np.isfinite(customers.cost_usd[direct]).all()
    today = customers.demand_days[-1]
    assert today.uses_direct.sum() == direct.sum()
    assert today.uses_market.sum() == (customers.model >= 0).sum() > 0


def test_wrong_uses_say_what_is_wrong():
    with pytest.raises(ValidationError, match=r"needs are 0.9 to 0.2; they must be qualities from 0 to 1"):
        Uses(needs=(0.9, 0.2))
    with pytest.raises(ValidationError, match=r"segments.a.diffusion is set, but uses.enabled is false"):
        CustomerSettings.model_validate({"segments": {"a": {
            "number": 1, "revenue_usd": (1, 2), "mix": {"chat": 1}, "diffusion": {"per_year": 1.0}}}})


# free variants


def test_who_uses_free_variants_pays_nothing_and_takes_open_models_alone():
    chosen = settings(number=200).model_copy(update={"free_share": 0.3})
    people, rows = (drawn := draw_population(chosen, Streams(1, 0), 1.0)), np.arange(len(drawn))
    assert abs(people.free.mean() - 0.3) < 4 * math.sqrt(0.21 / len(people))
    chooser = Chooser(people, MODELS, np.ones((2, 2)), Choice())
    got = chooser.choose(rows, np.full(len(rows), -1), shown())
    live = people.free & (got.model >= 0)
    assert live.any()
    assert MODELS.open[got.model[live]].all()
    assert (got.cost_usd[live] == 0).all()
    assert (got.cost_usd[~people.free & (got.model >= 0)] > 0).all()
    assert chooser.volume_per_s(rows, np.zeros(len(rows)))[live] == pytest.approx(people.base_per_s[live])


def test_the_router_pays_for_free_variants_and_takes_no_fee_for_them():
    """Every other workload is free: 5% of 35 USD of the others, and 10 USD of each that the router bears."""
    people = draw_population(settings(number=4), Streams(1, 0), 1.0)
    free = np.arange(len(people)) % 2 == 1
    people = dataclasses.replace(people, free=free, byok=np.zeros(len(people), bool))
    cost = np.where(free, 10, 35) * 1_000_000_000
    fee = RouterFees(Fees(credit_share=0.05), people).of_day(0, np.ones(len(people), np.int64), cost)
    assert (fee == np.where(free, 0, 1_750_000_000)).all()
    day = WorkloadDay(**{field.name: np.zeros(len(people), np.int64) for field in dataclasses.fields(WorkloadDay)}
                      | {"cost_nano": cost, "fee_nano": fee})
    ledger = Ledger()
    book_day(ledger, 0, people, day, {"host": int(cost.sum())})
    assert ledger.balances[FREE_VARIANTS] == -int(cost[free].sum())
    assert ledger.balance("customer") == -int(cost[~free].sum() + fee.sum())
    assert ledger.balances[CLEARING] == 0
