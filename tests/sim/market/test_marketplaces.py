"""Marketplaces compete for customers: closed forms of where they end, and whole small markets to the nano-dollar."""

from types import SimpleNamespace

import numpy as np
import pytest

from experiments.measures.market.by_marketplace import daily_marketplaces, monthly_marketplaces
from experiments.measures.market.run import Run
from experiments.runs.run_market import run_market
from providers.firms.marketplace_mix import MarketplaceMix, rules_among
from providers.pricing.sold_through import PriceRule
from sim.errors import ScenarioError
from sim.market.marketplaces.attraction import keeping, move_shares, stationary_shares
from sim.market.marketplaces.days import MarketplaceSampler
from sim.market.marketplaces.experience import Experience
from sim.market.marketplaces.marketplaces import Marketplaces
from sim.market.usage import WorkloadDay
from sim.units import DAY_S
from worlds.small_markets import differences, full, merged, small

TWO = {"strict": {"policy": {"kind": "cheapest"}}, "lax": {"fee_share": 0.0}}
COUNT, RATE = 4000, 0.004
ROOM = {"pools": [{"gpu": "h200-sxm", "count": 64, "precisions": ["fp8"]}]}  # for all who come to the cheapest
CHEAP_AND_DEAR = {"openai": None} | {
    name: ROOM | {"pricing": {"kind": "constant", "input_usd": usd, "output_usd": 3 * usd}}
    for name, usd in (("atlas", 0.3), ("boreal", 0.5))}


# Where marketplaces end (E91)


def test_the_stationary_law_by_hand():
    """x = 2/3, 1/3 and e^eta = 3: 2/3 (1 + 4/3) to 1/3 (1 + 2/3) is 14 to 5."""
    utilities = np.log([2.0, 1.0])
    assert stationary_shares(utilities, np.log(3.0)) == pytest.approx([14 / 19, 5 / 19])
    assert stationary_shares(utilities, 0.0) == pytest.approx([2 / 3, 1 / 3])


@pytest.mark.parametrize("inertia", [0.0, 0.5, 2.0, 6.0])
def test_nobody_s_moves_change_the_stationary_law(inertia):
    utilities = np.array([0.3, -1.0, 0.0, 2.0])
    shares = stationary_shares(utilities, inertia)
    assert shares @ move_shares(utilities, inertia) == pytest.approx(shares)
    assert stationary_shares(keeping(shares, inertia), inertia) == pytest.approx(shares)


def test_of_two_that_are_equal_one_in_so_many_moves():
    assert move_shares(np.zeros(2), 2.0)[0, 1] == pytest.approx(1 / (1 + np.exp(2.0)))


def test_who_is_thought_of_by_nobody_gets_nobody():
    kept = keeping(np.array([1.0, 0.0]), 2.0)
    assert kept[0] == pytest.approx(0.0)
    assert kept[1] == -np.inf


def crowd(**choice):
    """Four thousand workloads of one model at two marketplaces, 70 to 30, of which the first may charge a fee."""
    fee = choice.pop("fee", 0.0)
    scenario = small(
        marketplaces={"a": {"fee_share": fee, "start_share": 0.7}, "b": {"fee_share": 0.0, "start_share": 0.3}},
        marketplace_choice={"reviews_per_month": 60.0, **choice})
    keys = np.random.default_rng(1).integers(0, 2**63, COUNT).astype(np.uint64)
    nobody = np.zeros(COUNT, bool)
    people = SimpleNamespace(key=keys, entry_day=np.zeros(COUNT), byok=nobody, free=nobody)
    desk = SimpleNamespace(env=SimpleNamespace(now=0.0), models=["m"], offer_model=np.zeros(1, np.int64),
                           board=SimpleNamespace(listed=np.ones(1, bool)))
    return Marketplaces(scenario, people, 1, np.ones((1, 2), bool)), desk


def shares_over_days(places, desk, days):
    found = []
    for day in range(days):
        desk.env.now = day * DAY_S
        places.step(desk, np.zeros(COUNT, np.int64))
        found.append((places.place == 1).mean())
    return np.array(found)


def test_shares_of_identical_marketplaces_stay_put():
    """Every share within four standard errors of the 30 % of the beginning (one is .7 points), while many move."""
    places, desk = crowd()
    found = shares_over_days(places, desk, 60)
    assert np.abs(found - 0.3).max() < 4 * np.sqrt(0.3 * 0.7 / COUNT)
    assert places.take_moves().sum() > COUNT


@pytest.mark.parametrize("inertia", [0.0, 1.0])
def test_a_fee_costs_the_share_that_the_closed_form_says(inertia):
    """A fee of 10 % at a price weight of 5 is .477 in units of tastes."""
    places, desk = crowd(fee=0.1, inertia=inertia)
    kept = keeping(np.array([0.7, 0.3]), inertia)
    expected = stationary_shares(kept - [5.0 * np.log(1.1), 0.0], inertia)[1]
    found = shares_over_days(places, desk, 60)[30:].mean()
    assert expected > 0.38
    assert found == pytest.approx(expected, abs=4 * np.sqrt(expected * (1 - expected) / COUNT))


# What customers know (E92)


def bought(model, **columns):
    zeros = np.zeros(len(model), np.int64)
    names = ("planned_tokens", "born", "completed", "prompt_tokens", "output_tokens", "cost_nano", "fee_nano", "e2e_s",
             "ttft_s", "cut")
    return WorkloadDay(np.array(model), **{name: np.array(columns.get(name, zeros)) for name in names})


def test_own_requests_count_beside_those_of_all():
    """Workload 0 at marketplace 0 (20 requests, 10 % dear, half lost), workload 1 at marketplace 1 (20, 10 % cheap)."""
    seen = Experience(2, 1, 2, memory_days=28.0, prior_requests=20.0)
    seen.fade(np.zeros(2, np.int64))
    reference = np.array([100.0, 100.0])
    seen.see(0, bought([0, 0], born=[40, 0], completed=[20, 0], cost_nano=[110, 0], ttft_s=[3.0, np.nan]),
             np.array([100.0, 0.0]), np.array([True, False]))
    seen.see(1, bought([0, 0], born=[0, 20], completed=[0, 20], cost_nano=[0, 90], ttft_s=[np.nan, 1.0]),
             reference * [0, 1], np.array([False, True]))
    met = seen.met(np.array([0]), np.zeros(1, np.int64), np.zeros(1, np.int64))
    everybody = (40 * 1.0 + 20 * 1.0) / 60  # both together paid what all paid
    public = [(20 * 1.1 + 20 * everybody) / 40, (20 * 0.9 + 20 * everybody) / 40]
    assert met.paid[0] == pytest.approx([(1.1 + public[0]) / 2, public[1]])
    all_good = (60 * 40 / 60 + 20) / 80
    public_good = (20 + 20 * all_good) / 60
    assert met.good[0, 0] == pytest.approx((20 + 20 * public_good) / 60)
    assert met.ttft_s[0, 1] == pytest.approx((20 * 1.0 + 20 * (40 * 2.0 / 60)) / 40)


def test_memory_fades_and_begins_anew_with_another_model_or_marketplace():
    seen = Experience(1, 2, 1, memory_days=4.0, prior_requests=10.0)
    here, model = np.ones(1, bool), np.zeros(1, np.int64)
    seen.fade(model)
    seen.see(0, bought([0], born=[30], completed=[30], cost_nano=[200], ttft_s=[1.0]), np.array([100.0]), here)
    known = seen.met(np.zeros(1, int), model, model).paid[0, 0]
    seen.forget(np.zeros(1, int))
    assert seen.met(np.zeros(1, int), model, model).paid[0, 0] < known < 2.0
    seen.fade(np.ones(1, np.int64))
    assert seen.met(np.zeros(1, int), np.ones(1, np.int64), model).paid[0, 0] == 1.0  # nobody knows model 1


def test_each_marketplace_is_told_of_its_own_requests_and_tokens():
    """Customers 0 and 2 are at the second one: of model 1, 3 requests of 30 and 60 tokens, of model 0, 7 of 2 and 5."""
    asked, told = [], []
    sampler = object.__new__(MarketplaceSampler)
    sampler.places, sampler._last_day, sampler._board = SimpleNamespace(place=np.array([1, 0, 1])), np.zeros(2), None
    sampler.sales = tuple(SimpleNamespace(
        marketplace=number, rules=SimpleNamespace(asked=lambda *it: asked.append(it[2].tolist())),
        meter=SimpleNamespace(rule_shares=lambda *it: told.append([column.tolist() for column in it[2:4]])))
        for number in (0, 1))
    drawn = np.array([[3.0, 30.0, 60.0], [11.0, 13.0, 17.0], [7.0, 2.0, 5.0]])
    sampler._note(0.0, np.ones(1, bool), np.array([1, 1, 0]), drawn)
    assert asked == [[0.0, 11.0, 0.0], [3.0, 0.0, 7.0]]
    assert told == [[[0.0, 13.0], [0.0, 17.0]], [[2.0, 30.0], [5.0, 60.0]]]


# What sellers are told (E93)


def test_half_the_sales_at_two_half_at_eight():
    """Of five equal sellers each faces 4 and charges 4/3 of cost (theory, section 2)."""
    both = rules_among([PriceRule(1.0, 2.0), PriceRule(1.0, 8.0)], np.array([[1.0, 0, 0, 0], [1.0, 0, 0, 0]]))
    assert both.elasticity(0.2) == pytest.approx(4.0)
    assert both.markup(0.2) == pytest.approx(4 / 3)


def test_sellers_hear_of_what_was_sold_through_each():
    """A day of 3,000 requests through the second only, beside 1,000 for which the plan counts: 1/8 to 7/8.

    Of 1,000 more its first seller holds 800, whom no price moves.
    """
    told = []
    mix = MarketplaceMix([PriceRule(1.0, 2.0), PriceRule(1.0, 8.0)], np.array([[0.5, 0, 0, 0], [0.5, 0, 0, 0]]),
                         lambda: None, told.append)
    sold, by_rule = np.zeros((2, 2, 4), np.int64), np.zeros((3, 4), np.int64)
    sold[1, 0, [0, 3]] = 3000, 1000
    by_rule[:2, 3] = 800, 200
    desk = SimpleNamespace(models=SimpleNamespace(names=("m", "n")), offer_model=np.array([0, 0, 1]),
                           board=SimpleNamespace(listed=np.ones(3, bool)))
    mix.see(sold, by_rule, desk)
    (demand,) = told
    assert demand.model == "m"
    assert demand.rules.placed == pytest.approx((1 / 8, 7 / 8))
    assert demand.loose == pytest.approx(0.8)
    assert demand.held == {0: pytest.approx(0.2), 1: pytest.approx(0.05)}
    # a second such day: what was sold before counts 27/28, so 3,000·55/28 beside the plan's 1,000
    mix.see(sold, by_rule, desk)
    assert told[-1].rules.placed[0] == pytest.approx(500 / (1000 + 3000 * 55 / 28))


def test_who_paid_dear_where_it_is_knows_it_better_than_others_there():
    """One workload of marketplace 0 paid double; another one there has the rumour alone, and those of 1 none of it."""
    places, _ = crowd(prior_requests=20.0)
    dear, other = np.flatnonzero(places.place == 0)[:2]
    elsewhere = int(np.flatnonzero(places.place == 1)[0])
    bill = np.zeros(COUNT, np.int64)
    bill[dear] = 20
    days = [bought(np.zeros(COUNT, np.int64), born=bill, completed=bill, cost_nano=2 * bill),
            bought(np.zeros(COUNT, np.int64))]
    places.remember(days, [bill.astype(float), np.zeros(COUNT)])
    rows = np.array([dear, other, elsewhere])
    paid = places.experience.met(rows, np.zeros(3, np.int64), places.place[rows]).paid
    # all paid double: 20 requests beside 20 of nothing met are 1.5; at marketplace 0 20 of 2 beside 20 of 1.5
    assert paid[:, 0] == pytest.approx([(2.0 + 1.75) / 2, 1.75, 1.75])
    assert paid[:, 1] == pytest.approx([1.5, 1.5, 1.5])


# Whole markets


@pytest.fixture(scope="module")
def counted():
    return run_market(full(days=2, rate_per_s=RATE, marketplaces=TWO, marketplace_choice={"reviews_per_month": 20}))


def test_both_engines_serve_the_same_marketplaces(counted):
    other = run_market(full(days=2, rate_per_s=RATE, marketplaces=TWO, engine="reference",
                            marketplace_choice={"reviews_per_month": 20}))
    assert differences(counted[0], other[0]) == []


def test_parts_add_up_and_fees_are_each_marketplace_s_own(counted):
    result = counted[0]
    for day, sold, bought_by_all in zip(result.marketplace_days, result.offer_days, result.workload_days, strict=True):
        assert (day.completed > 50).all()
        assert day.completed.sum() == bought_by_all.completed.sum() == sold.by_marketplace.sum()
        assert day.cost_nano.sum() == sold.revenue_nano.sum()
        assert (sold.by_marketplace.sum(axis=1) == sold.served).all()
        assert day.fee_nano[1] == 0 < day.fee_nano[0]
    books = result.ledger
    assert books.balance("router", "strict", "fees") == sum(day.fee_nano[0] for day in result.marketplace_days)
    assert books.balance("router", "strict", "clearing") == books.balance("router", "lax", "clearing") == 0
    assert books.balance("router", "lax") == 0


def test_tables_say_who_is_where_and_what_it_costs(counted):
    """Of the whole run in one month, and of its two days."""
    run = Run(counted[0])
    month, days = monthly_marketplaces(run), daily_marketplaces(run)
    all_days = counted[0].marketplace_days
    assert month["marketplace"].tolist() == ["strict", "lax"]
    assert month["requests"].tolist() == sum(day.requests for day in all_days).tolist()
    assert days["customers_there"].reshape(2, 2).tolist() == [day.customers.tolist() for day in all_days]
    assert month["customer_share"].sum() == pytest.approx(1.0)
    assert month["joins"].tolist() == month["leaves"].tolist()[::-1]
    assert month["joins"].sum() > 0
    assert month["fee_usd"] / month["spend_usd"] == pytest.approx([days["fee_usd"][::2].sum() / days["spend_usd"][
        ::2].sum(), 0.0])
    assert month["ttft_mean_s"] == pytest.approx(sum(day.wait_s for day in all_days)
                                                 / sum(day.completed for day in all_days))
    assert (month["ttft_p99_simulated_s"] > month["ttft_mean_s"]).all()
    (waits,) = counted[0].marketplace_waits
    assert waits.counts.sum() == sum(day.completed.sum() for day in all_days)


def test_who_goes_to_the_cheapest_pays_less():
    """A sampled run: shares of each marketplace follow its own rule."""
    result, _ = run_market(small(
        marketplaces={"cheap": {"policy": {"kind": "cheapest"}}, "even": {"policy": {"kind": "random"}}},
        models={"catalogue": {"include": ["llama-3.3-70b"]}},
        supply={"firms": CHEAP_AND_DEAR}))
    last = result.marketplace_days[-1]
    paid = last.cost_nano / last.reference_nano
    assert paid[0] < 0.97
    assert paid[1] > 1.03
    assert last.cost_nano.sum() == result.offer_days[-1].revenue_nano.sum()


def test_who_finds_its_model_sold_elsewhere_only_goes_there():
    """Through the lab's own marketplace only its models are sold; nobody with another stays a day."""
    result, _ = run_market(small(
        marketplaces={"direct": {"preferences": {"only": ["openai"]}, "fee_share": 0.0}, "open": {}},
        marketplace_choice={"reviews_per_month": 0.0}))
    models = np.array([name.startswith("gpt") for name in result.models.names])
    for day in result.marketplace_days:
        assert day.by_rule[0, ~models].sum() == 0
    assert result.marketplace_days[0].moves[0, 1] > 0


LIVELY = {
    "horizon": {"days": 6, "sampled_per_day": 500}, "marketplaces": TWO, "fees": {"own_key_free_requests": 0},
    "marketplace_choice": {"reviews_per_month": 30.0}, "models": {"catalogue": {"include": ["llama-3.3-70b"]}},
    "supply": {"firms": CHEAP_AND_DEAR}}


@pytest.fixture(scope="module")
def as_it_is():
    return run_market(small(**LIVELY))[0]


@pytest.mark.parametrize("change", [
    {"marketplaces": {"strict": {"policy": {"kind": "random"}}}}, {"marketplaces": {"strict": {"fee_share": 0.02}}},
    {"marketplaces": {"strict": {"own_key_fee_share": 0.02}}}, {"marketplaces": {"strict": {"start_share": 3.0}}},
    {"marketplaces": {"strict": {"attraction": 3.0}}},
    {"marketplaces": {"strict": {"preferences": {"ignore": ["atlas"]}}}},
    {"marketplace_choice": {"price_weight": 50.0}}, {"marketplace_choice": {"latency_weight": 9.0}},
    {"marketplace_choice": {"inertia": 0.0}}, {"marketplace_choice": {"reviews_per_month": 3.0}},
    {"marketplace_choice": {"memory_days": 1.0, "price_weight": 1000.0}},
    {"marketplace_choice": {"prior_requests": 1e9, "price_weight": 1000.0}},
], ids=str)
def test_each_field_changes_something(change, as_it_is):
    assert differences(run_market(small(**merged(LIVELY, change)))[0], as_it_is)


@pytest.mark.parametrize(("change", "sentence"), [
    ({"marketplaces": {"a": {"start_share": 0.0}}}, "start_share is 0 and attraction is left out"),
    ({"marketplaces": {"a": {"start_share": 0.0, "attraction": 1.0}}}, "marketplaces all have start_share 0"),
    ({"marketplaces": {"a": {"preferences": {"only": ["nobody"]}}}}, "marketplaces.a.preferences"),
    ({"marketplaces": {"a": {"preferences": {"own_keys": ["atlas"]}}}}, "marketplaces.a.preferences.own_keys"),
])
def test_what_cannot_be_is_refused_in_a_sentence(change, sentence):
    with pytest.raises(ScenarioError, match=sentence):
        small(**change)
