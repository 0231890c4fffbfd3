"""Prices under rules by hand: closed forms, seasons that end at them, whose doing a variance is, and known worlds."""

import math

import numpy as np
import pytest

from experiments.studies.assuming import at_point, factors_in
from experiments.studies.price_war import STUDY, closed_prices, measures
from experiments.studies.price_war.assumed import PriceWarAssumptions
from experiments.studies.price_war.main_effects import variance_shares
from experiments.studies.price_war.rule_season import MOST, Desk, served, shares
from experiments.studies.price_war.war_cells import (
    AUTUMN,
    ENTRY,
    FEW,
    LAX,
    MANY,
    RANDOM,
    STRICT,
    WarCell,
    cells,
    placing,
    rules_of,
)
from experiments.verdicts.deciding import decide
from providers.games.bertrand import router_nash
from providers.games.entry import router_entry
from providers.pricing.demand import best_price
from providers.pricing.sold_through import Rules, share_under
from sim.streams import Streams
from worlds.study_options import options

USUAL = PriceWarAssumptions()
PLAIN = WarCell(LAX, MANY, True, True, False, True)


@pytest.fixture
def no_games(monkeypatch):
    """Best answers under the curve take seconds: 1.5 stands for where they go on."""
    monkeypatch.setattr(closed_prices, "_by_answers", lambda hosts, routed, ceiling: 1.5)


def season(cell, seed=3, **changed):
    return Desk(cell, at_point(USUAL, changed), Streams(seed, 0)).run()


@pytest.mark.parametrize(("hosts", "exponent", "price"), [(3, 2.0, 4.0), (10, 2.0, 2.25), (3, 8.0, 16 / 13)])
def test_price_is_the_closed_form_s(hosts, exponent, price):
    """e = 4/3, 9/5 and 16/3: e/(e - 1) (E135)."""
    assert closed_prices.price_over_cost(closed_prices.elasticity_of_sales(hosts, exponent)) == pytest.approx(price)
    assert router_nash(hosts, 1.0, exponent) == pytest.approx(price)


def test_floor_ceiling_and_no_price_by_hand():
    assert closed_prices.price_floor(2.0) == 2.0
    assert closed_prices.price_floor(8.0) == pytest.approx(8 / 7)
    assert closed_prices.price_floor(2.0, 0.8) == pytest.approx(1.6 / 0.6)
    assert math.isinf(closed_prices.price_floor(1.0))
    assert closed_prices.price_over_cost(1.2, 4.0) == 4.0  # 6 without a ceiling
    assert closed_prices.price_over_cost(0.9, 4.0) == 4.0
    assert closed_prices.floors(USUAL) == {LAX: 2.0, STRICT: pytest.approx(8 / 7)}


@pytest.mark.parametrize(("hosts", "exponent", "total"), [(3, 2.0, 0.5), (5, 4.0, 0.3)])
def test_elastic_demand_adds_its_share(hosts, exponent, total):
    """The best answer to rivals at the price of E136 is that price, demand being a power of the rule's price index."""
    elasticity = closed_prices.elasticity_of_sales(hosts, exponent, 1.0, total)
    assert elasticity == pytest.approx((exponent * (hosts - 1) + total) / hosts)
    price = closed_prices.price_over_cost(elasticity)

    def profit(own):
        share = share_under(Rules.single(exponent).rules[0], own, np.full(hosts - 1, price))
        index = ((own**-exponent + (hosts - 1) * price**-exponent) / hosts) ** (-1 / exponent)
        return (own - 1.0) * share * index**-total

    assert best_price(profit, 1.0, 20.0) == pytest.approx(price, rel=1e-6)


def test_free_entry_is_p5_and_the_planner_has_fewer():
    """Demand that does not shrink: N = (20 + k)/(k - 1) = 22 and 4; a planner has no more than are needed."""
    rigid = at_point(USUAL, {"elasticity": 0.0, "ceiling": 1000.0})
    for rule, exponent, number in ((LAX, 2.0, 22), (STRICT, 8.0, 4)):
        def price(hosts, rule=rule):
            return closed_prices.known_price(rule, hosts, 1.0, rigid)

        assert router_entry(20.0 * (1 + 1e-9), 1.0, exponent, 1.0) == pytest.approx(number)
        just = at_point(rigid, {"size": 20.0 * (1 + 1e-9)})
        assert closed_prices.free_hosts(price, just, MOST) == number
        assert closed_prices.planned_hosts(price, rigid, 0.4, MOST) == 3  # 2 serve .8 of demand, 3 all
    assert closed_prices.free_hosts(lambda _: 1.0, USUAL, MOST) == 1


def test_surplus_and_idle_capacity_by_hand():
    """Demand 1 at any price: customers keep 4 - 2, hosts 1, and five of them cost 5/20. Ten hosts that could sell .4
    each sell 1 at a markup of 1 and are .75 idle."""
    rigid = at_point(USUAL, {"elasticity": 0.0})
    assert closed_prices.customers_surplus(2.0, rigid) == pytest.approx(2.0)
    assert closed_prices.surplus(2.0, 5, rigid) == pytest.approx(3.0 - 0.25)
    assert closed_prices.surplus(2.0, 5, rigid, served=0.5) == pytest.approx(1.5 - 0.25)
    half = at_point(USUAL, {"elasticity": 0.5})
    assert closed_prices.customers_surplus(1.0, half) == pytest.approx(2 * (math.sqrt(4.0) - 1.0))
    # at 2.25 demand is 1/1.5 of that at cost: customers keep 2 * (2 - 1.5), hosts 1.25/1.5, of which 16 live at 1/20
    assert closed_prices.surplus(2.25, 5, half) == pytest.approx(1.0 + 1.25 / 1.5 - 0.25)
    assert closed_prices.free_hosts(lambda _: 2.25, half, MOST) == 16
    assert closed_prices.idle_share(10, 1.0, 0.4, 1.0, 0.05) == pytest.approx(0.05 * 7.5)


def test_variance_by_hand():
    """Two by two, 0 1 2 4: means of rows .5 and 3 about 1.75, of columns 1 and 2.5."""
    found = variance_shares({"a": (0, 1), "b": (0, 1)}, np.array([0.0, 1.0, 2.0, 4.0]))
    total = (0 + 1 + 4 + 16) / 4 - 1.75**2
    assert found == pytest.approx({"a": 1.25**2 / total, "b": 0.75**2 / total, "interactions": 0.25**2 / total})
    assert math.isnan(variance_shares({"a": (0, 1)}, np.ones(2))["a"])


def test_shares_and_full_hosts_by_hand():
    """Prices 1 and 2 under 1/p^2, of which the half that is not routed is spread evenly; the third is down."""
    level, live = np.array([1.0, 2.0, 1.0]), np.array([True, True, False])
    rules = rules_of(PLAIN._replace(all_routed=False), at_point(USUAL, {"routed": 0.5}))
    assert shares(rules, level, live) == pytest.approx([0.5 * 0.8 + 0.25, 0.5 * 0.2 + 0.25, 0.0])
    got = served(np.array([0.65, 0.35, 0.0]), 0.5, rules, level, live)
    assert got == pytest.approx([0.5, 0.5, 0.0])
    assert served(np.array([0.65, 0.35, 0.0]), 0.4, rules, level, live) == pytest.approx([0.4, 0.4, 0.0])
    assert shares(rules, level, ~live & ~live[::-1]).sum() == 0.0


def test_weights_are_those_that_hosts_are_told():
    """The whole market's shares under the curve are each host's own as `Rules.share` has it."""
    level = np.array([1.0, 1.15, 1.3, 2.5])
    rules = Rules((placing(AUTUMN, 1.0, USUAL),))
    told = [float(rules.share(level[i:i + 1], np.delete(level, i))[0]) for i in range(4)]
    assert shares(rules, level, np.ones(4, bool)) == pytest.approx(told)


def test_best_answers_under_the_curve_are_the_documented_ones():
    """1.92 with three hosts and a ceiling of 4 (docs/market/pricing.md, an arithmetic mean of a cycle)."""
    assert closed_prices.known_price(AUTUMN, 3, 1.0, USUAL) == pytest.approx(1.92, abs=0.03)
    assert closed_prices.known_price(RANDOM, 3, 1.0, USUAL) == 4.0


@pytest.mark.parametrize(("cell", "price"), [(PLAIN, 2.25), (PLAIN._replace(rule=STRICT), 7.2 / 6.2)])
def test_told_hosts_end_at_the_closed_form(cell, price):
    """Within 1 %: one review in twenty tries a tenth more or less."""
    assert math.exp(season(cell).log_paid) == pytest.approx(price, rel=0.01)


def test_entry_ends_near_p5_and_random_routing_at_the_ceiling():
    entered = season(PLAIN._replace(hosts=ENTRY, rule=STRICT))
    assert abs(entered.hosts - 4) <= 1
    assert entered.fixed == pytest.approx(entered.hosts / USUAL.size)
    assert 0.0 <= entered.idle <= entered.fixed
    assert math.exp(season(PLAIN._replace(rule=RANDOM, hosts=FEW)).log_paid) == pytest.approx(4.0, rel=0.05)


def test_every_assumption_moves_a_season_or_the_welfare():
    cell = WarCell(LAX, ENTRY, False, False, True, False)
    short = {"entry_days": 360, "days": 360}
    usual = season(cell, **short)
    moves = {"lax": 2.5, "few": 4, "many": 11, "routed": 0.7, "tight": 1.6, "outage_share": 0.1, "ceiling": 3.0,
             "size": 8.0, "elasticity": 0.4, "start": 1.8, "requests": 5000.0, "doubt": 0.3, "memory_days": 60,
             "looks": 1, "entry_days": 380}
    for name, value in moves.items():
        assert season(cell, **{**short, name: value}) != usual, name
    apart = {"strict": WarCell(STRICT, FEW, True, True, False, True), "ample": cell._replace(ample=True),
             "days": cell._replace(hosts=FEW)}
    for name, value in {"strict": 6.0, "ample": 3.0, "days": 370}.items():
        assert season(apart[name], **{**short, name: value}) != season(apart[name], **short), name
    assert {*moves, *apart} == set(PriceWarAssumptions.model_fields)


def test_a_seed_gives_the_same_season_and_luck_belongs_to_its_name():
    brief = {"days": 360}
    cell = PLAIN._replace(told=False, outages=True)
    assert season(cell, **brief) == season(cell, **brief) != season(cell, seed=4, **brief)


def test_worlds_built_so_and_opposite_and_the_table(no_games):
    for world, said in ((STUDY.built_so(), "supported"), (STUDY.opposite(), "contradicted")):
        assert decide(STUDY.rule, STUDY.statistics(world), STUDY.control(world)).said == said
    table = measures.summary(STUDY.built_so()).set_index("quantity")
    assert table.loc["variance due to: rule", "mean"] == pytest.approx(1.0)
    assert table.loc[f"price over cost: {LAX}, free entry", "mean"] == pytest.approx(2.0)
    assert table.loc["fall of log price from lax to strict: free entry, told", "mean"] == pytest.approx(
        math.log(2.0 / 1.2))
    assert table.loc[f"hosts under free entry: {LAX}", "mean"] == 5.0
    assert table.loc[f"markup turned into idle cost: {LAX}", "mean"] == pytest.approx(0.1)
    assert STUDY.control(STUDY.opposite()) == [0.0] * STUDY.rule.seeds


def test_inputs_alone_by_hand(no_games):
    """Few hosts all routed: 4 and 16/13; with .8 routed e = 16/15 at k = 2, so the ceiling of 4, and 64/49 at k = 8."""
    known = measures.known(USUAL)
    for rule, routed, price in ((LAX, True, 4.0), (STRICT, True, 16 / 13), (LAX, False, 4.0), (STRICT, False, 64 / 49)):
        assert math.exp(known[WarCell(rule, FEW, routed, True, True, False)]) == pytest.approx(price)
    assert len(known) == len(cells()) == 144
    assert set(measures.statistics_at(STUDY.design(options(STUDY)), {"size": 10.0})) == {"rule_share", "least_fall"}


def test_how_many_standard_errors_a_mean_is_from_the_inputs_alone():
    """One and three: mean 2, standard error 1, so one from 1; of a single seed nothing is said."""
    assert measures._row("x", "1", [1.0, 3.0], 1.0)[-1] == pytest.approx(1.0)
    assert math.isnan(measures._row("x", "1", [1.0], 1.0)[-1])


def test_what_is_varied():
    assert {it.path for it in factors_in(USUAL)} == {"lax", "strict", "routed", "ceiling", "size", "elasticity"}
