"""Firms at work on a fake desk: shelves, packing, replicas, prices, orders, training, exits and books."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from providers.around import Around
from providers.firms.placement import Rules, Want, choose_hardware, pack
from providers.firms.supply_side import build_supply
from providers.pricing.menu_cost import CalvoPlus, MenuCost
from providers.pricing.registry import STRATEGIES
from providers.pricing.strategy import Regular, StrategyKind
from providers.pricing.tariff import RegularTariff
from sim.engines.world import OfferSpec
from sim.errors import MarketError, ScenarioError
from sim.scenario.firm_settings import (
    Adoption,
    Autoscaling,
    Firm,
    Investment,
    PoolSettings,
    Shelf,
    SupplySettings,
    TrainingSplit,
)
from sim.streams import Streams
from sim.units import DAY_S, HOUR_S
from worlds.fake_desk import FakeDesk, model, models_of

RULES = Rules(slack=0.3, stickiness=0.25, least=1)
MODELS = models_of(
    model("big", "deepseek", 671, 37), model("mid", "meta", 70), model("small", "meta", 8, price=(0.05, 0.1)),
    model("new", "qwen", 30, 3, day=20.0), model("closed", "lab", 400, 50, is_open=False, price=(3.0, 15.0)),
)


def host(gpu="h200-sxm", count=16, **fields):
    fields.setdefault("adoption", Adoption(probability=1))
    fields.setdefault("pricing", {"kind": "constant"})
    return Firm(pools=(PoolSettings(gpu=gpu, count=count, tenure=fields.pop("tenure", "rented")),), **fields)


def lab(**fields):
    return Firm(kind="lab", pools=(PoolSettings(gpu="b200-sxm", count=16),), pricing={"kind": "constant"}, **fields)


def desk_of(firms, demand=lambda desk: np.zeros(len(desk.offers)), days=60, **rules):
    supply = build_supply(SupplySettings(firms=firms, **rules), MODELS, Streams(7, 0), Around(days))
    return FakeDesk(supply, MODELS, demand)


def steady(requests_per_s):
    return lambda desk: np.full(len(desk.offers), requests_per_s * DAY_S * 6000)


def held(desk, name):
    """GPUs that a firm's listed replicas hold."""
    return sum(offer.hardware.gpus * int(desk.board.replicas[row])
               for row, offer in desk.supply.firms[name].planned.items())


def rows_of(desk, provider):
    return [row for row, offer in enumerate(desk.offers) if offer.provider == provider]


# ---- shelves

def test_hosts_take_open_models_and_labs_their_own():
    desk = desk_of({"host": host(), "lab": lab()})
    names = {(o.provider, o.model) for o in desk.offers}
    assert names == {("host", "big"), ("host", "mid"), ("host", "small"), ("host", "new"), ("lab", "closed")}
    assert [o.model for o in desk.offers] == sorted(o.model for o in desk.offers)
    most = Autoscaling().max_replicas
    assert all(isinstance(offer, OfferSpec) and 1 <= offer.replicas <= most for offer in desk.offers)
    assert set(desk.supply.providers) == {"host", "lab"}
    for spec in desk.offers:
        part = desk.supply.providers[spec.provider].offers[spec.name]
        assert (part.model, part.replicas) == (spec.model, spec.replicas)


def test_adoption_filters_and_horizon():
    firms = {
        "meta-only": host(adoption=Adoption(probability=1, creators=("Meta",))),
        "large-only": host(adoption=Adoption(probability=1, min_total_b=300)),
        "nothing": host(adoption=Adoption(probability=0)),
        "late": host(entry_day=90.0),
    }
    desk = desk_of(firms)
    assert {(o.provider, o.model) for o in desk.offers} == {
        ("meta-only", "mid"), ("meta-only", "small"), ("large-only", "big")}
    assert "nothing" not in desk.supply.providers


def test_a_firm_s_limits_are_its_offers():
    limits = {"requests_per_min": 60, "tokens_per_day": 10_000, "refill": "minute", "per": "customer"}
    offers = desk_of({"a": host(limits=limits), "b": host()}).offers
    assert {(o.provider, o.rates, o.per_customer) for o in offers} == {
        ("a", (60, 0, 0, 10_000, 1), True), ("b", (0, 0, 0, 0, 0), False)}


def test_clouds_sell_closed_models_at_the_labs_list_price_and_keep_a_quarter():
    at_list = {"kind": "constant", "anchor": "list"}
    clouds = {name: Firm(kind="cloud", pools=(PoolSettings(gpu="h200-sxm", count=64),), pricing=at_list,
                         exit_months=None, adoption=Adoption(probability=1, delay_days=0, creators=creators))
              for name, creators in (("azure", ("Lab",)), ("bedrock", ("lab", "other")))}
    labs = {"lab": Firm(kind="lab", pools=(PoolSettings(gpu="b200-sxm", count=64),), pricing=at_list)}
    desk = desk_of(clouds | labs, steady(1.0), days=10)
    desk.run(10)
    assert {(offer.provider, offer.model) for offer in desk.offers} == {
        (name, "closed") for name in ("azure", "bedrock", "lab")}
    assert {tuple(prices) for prices in desk.board.prices[:, :2].tolist()} == {(3_000_000, 15_000_000)}
    revenue = [sum(int(day.revenue_nano[row]) for row in rows_of(desk, "azure")) for day in desk.offer_days]
    paid = -sum(nano for (_, payer, payee), nano in desk.ledger.entries.items()
                if payer.owner == "azure" and payee.purpose == "licences")
    assert -paid == sum(round(0.75 * nano) for nano in revenue)
    assert desk.ledger.balance("provider", "lab", "licences") == -2 * paid
    assert sum(desk.ledger.balances.values()) == 0


def test_a_cloud_orders_gpus_and_keeps_models_by_what_its_licence_leaves():
    """Of 41,472 USD a day, 1,114 for a replica of four GPUs, it keeps all, half, a quarter, .5%.

    GPUs and the hurdle are some 300 USD: a quarter, 279, is no reason to order more, and half a per cent none to stay.
    """
    def fleet(licence_share):
        cloud = Firm(kind="cloud", licence_share=licence_share, pools=(PoolSettings(gpu="h200-sxm", count=16),),
                     pricing={"kind": "constant", "anchor": "list"}, exit_months=None,
                     adoption=Adoption(probability=1, delay_days=0))
        desk = desk_of({"cloud": cloud}, steady(20.0), days=90)
        desk.run(90)
        return desk.supply.firms["cloud"].pools[0].total, int(desk.board.listed.sum())

    grown = fleet(0.0)
    assert grown[0] > 16
    assert grown == fleet(0.5)
    assert fleet(0.75) == (16, 1)
    assert fleet(0.995)[1] == 0


def test_a_cloud_pays_a_creator_without_a_lab_as_a_supplier():
    cloud = Firm(kind="cloud", licence_share=0.5, pools=(PoolSettings(gpu="h200-sxm", count=64),),
                 pricing={"kind": "constant", "anchor": "list"}, adoption=Adoption(probability=1, delay_days=0))
    desk = desk_of({"cloud": cloud, "host": host()}, steady(1.0), days=5)
    desk.run(5)
    assert {offer.model for offer in desk.offers if offer.provider == "cloud"} == {"closed"}
    revenue = desk.ledger.balance("provider", "cloud", "revenue")
    assert desk.ledger.balance("supplier", "licences", "lab") == pytest.approx(revenue / 2, abs=5)


def test_a_firm_buys_a_newer_gpu_when_it_can_be_rented():
    """GB200 from 1 February 2025, day 31: what launches before stays on H200, later models go there."""
    early, late = model("early", "meta", 70), model("late", "meta", 70, day=40.0)
    pools = (PoolSettings(gpu="h200-sxm", count=16), PoolSettings(gpu="gb200", count=8, when_rentable=True))
    settings = SupplySettings(firms={"host": Firm(
        pools=pools, adoption=Adoption(probability=1, delay_days=0), pricing={"kind": "constant"})})
    models = models_of(early, late)
    desk = FakeDesk(build_supply(settings, models, Streams(7, 0), Around(60)), models, steady(1.0))
    assert [offer.hardware.deployment.gpu.name for offer in desk.supply.planned] == ["h200-sxm", "gb200"]
    desk.run(60)
    days = {row.day: row.rented for row in desk.supply.pool_days if row.gpu == "gb200"}
    assert (days[30], days[31]) == (0, 8)
    assert desk.board.listed.all()


def test_a_firm_changes_no_other_firms_shelf():
    firms = {"a": host(adoption=Adoption(probability=0.5)), "b": host(adoption=Adoption(probability=0.5))}
    alone = desk_of({"b": firms["b"]}).supply.planned
    both = [offer for offer in desk_of(firms).supply.planned if offer.firm == "b"]
    assert [(o.model.name, o.launch_day) for o in alone] == [(o.model.name, o.launch_day) for o in both]


def test_hardware_is_the_smallest_that_is_useful():
    shelf = Shelf()
    assert choose_hardware(MODELS.rows[MODELS.names.index("small")], host(), shelf).gpus == 1
    big = MODELS.rows[MODELS.names.index("big")]
    assert choose_hardware(big, host(), shelf).gpus == 8
    assert choose_hardware(big, host("h200-sxm", 4), shelf) is None
    assert choose_hardware(big, host("l4", 64), shelf) is None
    choice = choose_hardware(MODELS.rows[MODELS.names.index("mid")], host("h100-sxm", 16), shelf)
    assert choice.kv_tokens >= shelf.concurrency * 6400
    assert choice.capacity.tpot_s <= shelf.tpot_s


def test_unknown_names_are_refused_in_one_sentence():
    with pytest.raises(ScenarioError, match=r"supply.firms.host.pools.0.gpu is 'h1000', which is unknown"):
        desk_of({"host": host("h1000")})
    with pytest.raises(ScenarioError, match=r"supply.firms.host.pricing.kind is 'guess'"):
        desk_of({"host": host(pricing={"kind": "guess"})})


# ---- packing

wants = st.lists(st.builds(
    Want, gpus=st.sampled_from([1, 2, 4, 8]), current=st.integers(0, 6), most=st.integers(1, 12),
    replicas=st.floats(0, 20), revenue=st.floats(0, 1e5)), max_size=8)


@settings(max_examples=200, deadline=None)
@given(st.integers(0, 64), wants, st.floats(0, 500), st.integers(1, 3))
def test_packing_never_exceeds_the_pool(gpus, offers, floor, least):
    placed = pack(gpus, offers, RULES._replace(least=least), floor)
    assert sum(n * want.gpus for n, want in zip(placed, offers, strict=True)) <= gpus
    assert all(n == 0 or least <= n <= want.most for n, want in zip(placed, offers, strict=True))


def test_packing_follows_marginal_revenue():
    rich, poor = Want(1, 0, 12, 4.0, 400.0), Want(1, 0, 12, 2.0, 100.0)
    assert pack(5, [poor, rich], RULES) == [1, 4]
    assert pack(100, [poor, rich], RULES) == [2, 4]
    assert pack(100, [poor, rich], RULES, floor=60.0) == [0, 4]
    assert pack(100, [Want(1, 0, 12, 0.0, 0.0)], RULES) == [0]


def test_packing_keeps_what_stands():
    incumbent, rival = Want(4, 1, 12, 1.0, 100.0), Want(4, 0, 12, 1.0, 110.0)
    assert pack(4, [incumbent, rival], RULES) == [1, 0]
    assert pack(4, [incumbent, rival._replace(revenue=130.0)], RULES) == [0, 1]
    assert pack(40, [Want(1, 3, 12, 1.8, 100.0)], RULES) == [3]
    assert pack(40, [Want(1, 3, 12, 1.6, 100.0)], RULES) == [2]


# ---- a run

def test_placed_gpus_never_exceed_the_pool_and_entries_are_whole():
    firms = {"a": host(count=16), "b": host("b200-sxm", 8, tenure="owned"), "lab": lab()}
    desk = desk_of(firms, steady(4.0), days=120)

    def watch(d):
        for name, firm in d.supply.firms.items():
            assert held(d, name) <= sum(pool.placed for pool in firm.pools) <= sum(p.total for p in firm.pools)

    desk.run(120, watch)
    for row in desk.supply.pool_days:
        assert row.placed + row.training <= row.owned + row.rented
        assert isinstance(row.cost_nano, int)
    assert len(desk.supply.pool_days) == 3 * 120
    assert all(isinstance(nano, int) and nano > 0 for nano in desk.ledger.entries.values())
    assert sum(desk.ledger.balances.values()) == 0
    costs = sum(row.cost_nano for row in desk.supply.pool_days if row.provider == "a")
    assert desk.ledger.balance("provider", "a", "cash") == -costs
    rent = desk.supply.gpu_rents["h200-sxm"][0]
    assert desk.supply.pool_days[0].cost_nano == round(24 * rent * 16 * 1e9)


def test_launches_post_a_price_before_they_are_listed():
    desk = desk_of({"host": host()}, steady(0.5))
    desk.run(60)
    row = next(i for i, offer in enumerate(desk.offers) if offer.model == "new")
    launch = next(change for change in desk.board.price_changes if change.offer == row)
    assert launch.reason == "launch"
    assert launch.time_s == desk.board.listed_s[row] >= desk.supply.planned[row].launch_day * DAY_S > 20 * DAY_S
    assert desk.board.listed_s[rows_of(desk, "host")[0]] == 0


def test_replicas_follow_the_load_after_loading():
    desk = desk_of({"host": host(count=64, adoption=Adoption(probability=1, creators=("meta", "qwen")))}, steady(4.0))
    desk.run(60)
    for name in ("mid", "new"):
        row = next(i for i, offer in enumerate(desk.offers) if offer.model == name)
        rate = desk.supply.planned[row].hardware.capacity.requests_per_s
        least = int(np.ceil(4.0 / rate / 0.5))
        assert least <= desk.board.replicas[row] <= least + 1
    rises = [change for change in desk.board.listing_changes if change.offer == row]
    assert {round(change.time_s % DAY_S) for change in rises} == {900}


def test_a_firm_enters_with_its_gpus_at_work():
    desk = desk_of({"host": host(count=16)}, steady(0.1))
    desk.run(60)
    first, last = desk.supply.pool_days[0], desk.supply.pool_days[-1]
    assert first.placed >= 12
    assert last.placed < 12


def test_without_demand_models_leave_and_rented_gpus_go_back():
    desk = desk_of({"rents": host(), "owns": host(tenure="owned")}, days=300)
    desk.run(300)
    assert not desk.board.listed.any()
    last = {row.provider: row for row in desk.supply.pool_days if row.day == 299}
    assert last["rents"].rented < 16 if "rents" in last else desk.supply.firms["rents"].gone
    assert "owns" not in last or last["owns"].placed == 0


def test_a_firm_without_gpus_or_models_makes_no_offer():
    desk = desk_of({"empty": host(count=0), "small": host("l4", 1, adoption=Adoption(min_total_b=300))})
    desk.run(60)
    assert desk.offers == ()
    assert desk.supply.providers == {}
    assert desk.supply.firms["small"].pools[0].total <= 1


def test_free_gpus_cost_nothing():
    terms = {"ownership": {"capex_usd": 0, "power_usd_per_kwh": 0, "colo_usd_per_kw_month": 0}}
    desk = desk_of({"owns": host(tenure="owned")}, steady(1.0), **terms)
    desk.run(60)
    assert {row.cost_nano for row in desk.supply.pool_days} == {0}
    assert desk.board.listed.any()


def test_bankrupt_firms_leave_with_everything_withdrawn():
    desk = desk_of({"host": host(exit_months=1.0), "stays": host(exit_months=None)}, days=200)
    desk.run(200)
    host_firm, stays = desk.supply.firms["host"], desk.supply.firms["stays"]
    assert host_firm.gone
    assert not stays.gone
    assert not desk.board.listed[rows_of(desk, "host")].any()
    assert desk.board.replicas[rows_of(desk, "host")].sum() == 0
    assert all(pool.total == 0 for pool in host_firm.pools)
    last = max(row.day for row in desk.supply.pool_days if row.provider == "host")
    assert last < max(row.day for row in desk.supply.pool_days if row.provider == "stays")


def test_full_and_profitable_pools_grow_after_the_lead_time_within_bounds():
    investment = Investment(review_days=30, rented_lead_days=7, max_step=0.5, max_growth=2)
    desk = desk_of({"host": host(count=8, adoption=Adoption(probability=1, creators=("meta",)))}, steady(20.0),
                   days=200, investment=investment)
    desk.run(200)
    gpus = np.array([row.rented for row in desk.supply.pool_days])
    assert (gpus[:37] == 8).all()
    assert gpus[38] == 12
    assert gpus.max() == 16


def test_who_expects_growth_to_go_on_orders_for_the_day_of_delivery():
    """Demand doubles every 90 days; owned GPUs take 90, so that a firm that sees no growth ahead is always late."""
    def doubling(desk):
        return np.full(len(desk.offers), 2.0 * 2.0 ** (desk.env.now / DAY_S / 90.0) * DAY_S * 6000)

    owned = {}
    for share in (0.0, 1.0):
        investment = Investment(max_step=10.0, expected_growth_share=share)
        desk = desk_of({"host": host(tenure="owned", adoption=Adoption(probability=1, creators=("meta",)))}, doubling,
                       days=400, investment=investment)
        desk.run(400)
        owned[share] = {row.day: row.owned for row in desk.supply.pool_days}
    assert owned[0.0][80] == owned[1.0][80]  # nobody sees growth in the first 90 days
    assert owned[1.0][399] > 1.5 * owned[0.0][399]


def test_a_limit_that_is_built_in_never_binds_unseen():
    """At so much demand one step would be a thousand times the pool: more than the engine keeps memory for."""
    investment = Investment(review_days=10, max_step=1000.0)
    desk = desk_of({"host": host(count=8, adoption=Adoption(probability=1, creators=("meta",)))}, steady(3e3),
                   days=60, investment=investment)
    with pytest.raises(MarketError, match=r"host would have more than 800 h200-sxm.*max_growth must allow for it"):
        desk.run(60)


def test_dear_gpus_are_not_ordered():
    """They get dear after the launch: a launch price follows the cost, and this demand pays any price."""
    dear = {"kind": "v_shaped", "trough_usd_per_hour": 1000.0, "trough_day": 10.0,
            "recovered_usd_per_hour": 1000.0, "recovered_day": 20.0}
    desk = desk_of({"host": host(count=8, adoption=Adoption(probability=1, creators=("meta",)))}, steady(20.0),
                   days=200, gpu_prices=dear)
    desk.run(200)
    assert max(row.rented for row in desk.supply.pool_days) == 8


def test_a_late_firm_enters_on_its_day():
    desk = desk_of({"late": host(entry_day=10.0)}, steady(1.0))
    desk.run(60)
    assert min(row.day for row in desk.supply.pool_days) == 10
    assert desk.board.listed_s.min() == 10 * DAY_S


def test_a_factor_on_all_money_changes_no_decision():
    runs = []
    for factor in (1.0, 0.25):
        firms = {"a": host(), "b": host("b200-sxm", 8, tenure="owned"), "lab": lab()}
        supply = build_supply(SupplySettings(firms=firms), MODELS, Streams(7, 0), Around(200, factor))
        desk = FakeDesk(supply, MODELS, steady(3.0), price_factor=factor)
        desk.run(200)
        runs.append(desk)
    one, quarter = runs
    assert one.board.listing_changes == quarter.board.listing_changes
    assert one.board.price_changes == quarter.board.price_changes
    for full, less in zip(one.supply.pool_days, quarter.supply.pool_days, strict=True):
        assert full[:-1] == less[:-1]
        assert less.cost_nano == pytest.approx(full.cost_nano / 4, rel=1e-9)


# ---- training

def test_a_fixed_share_trains():
    desk = desk_of({"host": host(training=TrainingSplit(kind="fixed", share=0.5))}, steady(3.0))
    desk.run(60)
    assert {row.training for row in desk.supply.pool_days if row.rented == 16} == {8}
    assert all(row.placed <= row.rented - row.training for row in desk.supply.pool_days)


def test_nights_train_and_days_serve():
    split = TrainingSplit(kind="nights", share=0.5, night_from_h=22.0, night_to_h=6.0)
    desk = desk_of({"lab": lab(training=split)}, steady(30.0), autoscaling=Autoscaling(smoothing_days=1))
    seen = {}

    def hourly():
        while True:
            yield desk.env.timeout(3600)
            pool = desk.supply.firms["lab"].pools[0]
            hour = round(desk.env.now / 3600) % 24
            seen.setdefault(hour, []).append((pool.training / max(pool.total, 1), held(desk, "lab") <= pool.total))

    desk.env.process(hourly())
    desk.run(30)
    assert {share for hour in (23, 0, 3, 5) for share, _ in seen[hour][1:]} == {0.5}
    assert {share for hour in (7, 12, 21) for share, _ in seen[hour]} == {0.0}
    assert all(fits for rows in seen.values() for _, fits in rows)


def test_marginal_training_takes_gpus_that_earn_less():
    dear = TrainingSplit(kind="marginal", share=0.5, value_usd_per_gpu_hour=1e6)
    cheap = TrainingSplit(kind="marginal", share=0.5, value_usd_per_gpu_hour=1e-6)
    for split, trains in ((dear, 8), (cheap, 0)):
        demand = steady(12.0)
        desk = desk_of({"host": host(count=16, training=split)}, demand, days=30)
        desk.run(30)
        last = desk.supply.pool_days[-1]
        idle = last.rented - last.placed
        assert last.training == (trains if trains else min(8, idle))


# ---- prices

def test_a_rivals_strategy_changes_no_launch_and_no_review_time():
    """The strategy tells of its reviews: the board keeps those that changed a price, and rivals have a say in that."""
    class Told(CalvoPlus):
        def review(self, situation, rng):
            reviews.append(situation.now_s)
            return super().review(situation, rng)

    def times(rival):
        reviews.clear()
        firms = {"a": host(pricing={"kind": "told", "match_share": 0.0, "follow_share": 0.0}),
                 "b": host(pricing=rival)}
        desk = desk_of(firms, steady(0.2), days=300)
        desk.run(300)
        launches = [it.time_s for it in desk.board.price_changes
                    if it.reason == "launch" and desk.offers[it.offer].provider == "a"]
        return launches, list(reviews)

    reviews = []
    STRATEGIES["told"] = StrategyKind("told", Told, MenuCost, "tells of its reviews", "test")
    one, two = times({"kind": "constant"}), times({"kind": "menu_cost"})
    del STRATEGIES["told"]
    assert len(one[0]) == 4
    assert len(one[1]) > 10
    assert one == two


def test_sellers_who_answer_at_once_do_not_stop_the_clock():
    class Undercut(Regular):
        def react_s(self, situation, rng):
            return 0.0

        def react(self, situation, rng):
            return situation.cheapest_rival.scaled(1.01)

        def review(self, situation, rng):
            return situation.own.scaled(1.1)

    kind = StrategyKind("at_once", Undercut, RegularTariff, "answers at once", "test")
    STRATEGIES["at_once"] = kind
    firm = host(pricing={"kind": "at_once", "review_days": 0.5},
                adoption=Adoption(probability=1, creators=("meta",)))
    desk = desk_of({"a": firm, "b": firm}, steady(0.2), days=1)
    del STRATEGIES["at_once"]
    desk.run(1)
    times = [change.time_s for change in desk.board.price_changes]
    assert 100 < len(times) < 2 * 2 * 1440 + 10
    assert (np.diff(times) >= 0).all()


def test_a_seller_who_is_about_to_react_does_so_once():
    """A rival moves every hour; who takes five and a half hours to answer answers every six hours."""
    class Mover(Regular):
        def review(self, situation, rng):
            return situation.own.scaled(1.01)

    class Slow(Regular):
        def react_s(self, situation, rng):
            return 5.5 * HOUR_S

        def react(self, situation, rng):
            return situation.own.scaled(0.9)

    for name, strategy in (("mover", Mover), ("slow", Slow)):
        STRATEGIES[name] = StrategyKind(name, strategy, RegularTariff, name, "test")
    adoption = Adoption(probability=1, creators=("meta",))
    firms = {"a": host(pricing={"kind": "mover", "review_days": 1 / 24}, adoption=adoption),
             "b": host(pricing={"kind": "slow", "review_days": 1000}, adoption=adoption)}
    desk = desk_of(firms, steady(0.2), days=2)
    for name in ("mover", "slow"):
        del STRATEGIES[name]
    desk.run(2)
    changes = [it for it in desk.board.price_changes if desk.offers[it.offer].model == "mid"]
    answers = [it.time_s for it in changes if it.reason == "react"]
    moves = [it.time_s for it in changes if it.reason == "review"]
    assert {desk.offers[it.offer].provider for it in changes if it.reason == "react"} == {"b"}
    assert np.diff(moves) == pytest.approx(HOUR_S)
    assert len(answers) >= 6
    assert np.diff(answers) == pytest.approx(6 * HOUR_S)


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 40), st.integers(0, 40), st.floats(0, 50),
       st.sampled_from(["none", "fixed", "nights", "marginal"]), st.floats(0.2, 10))
def test_any_small_market_keeps_its_invariants(first, second, rate, split, price_factor):
    firms = {"a": host(count=first, training=TrainingSplit(kind=split)),
             "b": host("b200-sxm", second, tenure="owned", exit_months=2.0)}
    supply = build_supply(SupplySettings(firms=firms), MODELS, Streams(7, 0), Around(90, price_factor))
    desk = FakeDesk(supply, MODELS, steady(rate))
    desk.run(90)
    assert sum(desk.ledger.balances.values()) == 0
    for row in supply.pool_days:
        assert 0 <= row.placed + row.training <= row.owned + row.rented
    assert (desk.board.replicas <= [offer.replicas for offer in desk.offers]).all()


def test_hours_of_the_day_are_a_schedule_and_no_review():
    desk = desk_of({"a": host(pricing={"kind": "time_of_day"}), "b": host(pricing={"kind": "surge"})}, steady(30), 3)
    desk.run(3)
    of_firm = {name: {it.reason for it in desk.board.price_changes if desk.offers[it.offer].provider == name}
               for name in ("a", "b")}
    assert of_firm == {"a": {"launch", "schedule"}, "b": {"launch", "review"}}
