"""How workloads are routed: who has which rule, whom those name who name a provider, and what a market makes of it."""

import dataclasses
from typing import Any

import numpy as np
import pytest
from pydantic import ValidationError

from experiments.runs.run_market import run_market, stage
from sim.engines import outcome as o
from sim.engines.wanted import RULES
from sim.market.board import Board
from sim.market.customers.population import Population, draw_population
from sim.market.customers.routing import Pins, Sellers, preferences_of, rules_of_workloads
from sim.market.customers.tastes import uniforms
from sim.market.prices import Prices
from sim.scenario import Preferences
from sim.scenario.customer_settings import CustomerSettings
from sim.scenario.routing_settings import RoutingSettings
from sim.streams import Streams
from sim.units import DAY_S
from worlds.fake_desk import SilentEngine, model, models_of
from worlds.small_markets import differences, small
from worlds.synthetic_market import offer

MODELS = models_of(model("alpha"), model("beta"))
SEGMENTS = {"apps": {"number": 300, "revenue_usd": (1e5, 1e7), "mix": {"chat": 1.0}},
            "saas": {"number": 300, "revenue_usd": (1e6, 5e7), "mix": {"chat": 1.0}}}


def settings_of(routing: dict[str, float], **segments: dict[str, Any]) -> CustomerSettings:
    return CustomerSettings.model_validate({
        "routing": routing,
        "segments": {name: {**table, **segments.get(name, {})} for name, table in SEGMENTS.items()}})


@pytest.fixture(scope="module")
def people() -> Population:
    return draw_population(settings_of({}), Streams(1, 0), 100.0)


class Stand:
    """Two models: alpha is sold by ada, bob and cyd, beta by bob alone."""

    def __init__(self, people: Population, **routing: float) -> None:
        rows = (("ada", "alpha"), ("bob", "alpha"), ("cyd", "alpha"), ("bob", "beta"))
        self.board = Board(tuple(offer(who, what, 1_000_000, 1_000_000) for who, what in rows), SilentEngine())
        for row in range(len(rows)):
            self.board.set_replicas(0.0, row, 1)
        sellers = Sellers(self.board, np.array([0, 0, 0, 1]), ("ada", "bob", "cyd"), np.array([0, 1, 2, 1]),
                          np.zeros(4), np.zeros(4))
        self.pins = Pins(settings_of({"pinned_share": 1.0, **routing}), people, MODELS, sellers)
        self.model = np.zeros(len(people), np.int64)

    def at(self, day: float) -> np.ndarray:
        return self.pins.at(day * DAY_S, self.model)

    def price(self, row: int, pico: int) -> None:
        self.board.post(0.0, row, Prices(pico, pico, pico), "test")


# Who has which rule


def test_shares_of_rules_are_those_asked_for_and_neither_moves_the_members_of_another(people):
    rules = rules_of_workloads(settings_of({"floor_share": 0.2, "nitro_share": 0.1, "pinned_share": 0.3}), people)
    shares = np.bincount(rules, minlength=4) / len(rules)
    # 762 workloads: a share of .4 has a standard error of .018, of which four
    assert np.abs(shares - [0.4, 0.2, 0.1, 0.3]).max() < 0.072
    fewer = rules_of_workloads(settings_of({"floor_share": 0.1, "pinned_share": 0.3}), people)
    assert ((fewer == RULES.index("pinned")) == (rules == RULES.index("pinned"))).all()
    assert (rules[fewer == RULES.index("floor")] == RULES.index("floor")).all()
    assert not rules_of_workloads(settings_of({}), people).any()


def test_a_segment_may_be_routed_in_its_own_way(people):
    rules = rules_of_workloads(settings_of({"floor_share": 1.0}, apps={"routing": {"nitro_share": 1.0}}), people)
    apps = people.segment == people.segment_names.index("apps")
    assert (rules[apps] == RULES.index("nitro")).all()
    assert (rules[~apps] == RULES.index("floor")).all()


def test_a_rule_is_asked_for_as_openrouters_variants_are_beside_what_the_router_prefers():
    general = Preferences(ignore=("bob",))
    told = preferences_of(np.arange(len(RULES)), general)
    assert [wants.variant for wants in told] == [None, "floor", "nitro", None]
    assert all(wants.ignore == ("bob",) for wants in told)
    assert told[0] is told[3] is general


def test_shares_of_more_than_all_are_refused_in_a_sentence():
    with pytest.raises(ValidationError, match=r"floor_share, nitro_share and pinned_share are 0.5, 0.4 and 0.2; they "
                                              "must add up to at most 1"):
        RoutingSettings(floor_share=0.5, nitro_share=0.4, pinned_share=0.2)


# Whom they name


def test_nobody_names_a_provider_unless_asked_to(people):
    stand = Stand(people, pinned_share=0.0)
    assert not stand.at(0.0).any()
    assert len(stand.pins.rows) == 0


def test_at_equal_prices_tastes_alone_decide_and_spread_evenly(people):
    stand = Stand(people)
    named = stand.at(0.0)
    present = np.bincount(named, minlength=4) / len(named)
    assert present[0] == 0.0
    assert np.abs(present[1:] - 1 / 3).max() < 0.07  # four standard errors of a third among 762
    tastes = -np.log(-np.log(uniforms(people.key, ("pin/ada", "pin/bob", "pin/cyd"))))
    assert named.tolist() == (1 + tastes.argmax(axis=1)).tolist()


def test_what_is_named_follows_cost_and_waiting_by_the_logit_of_its_tastes(people):
    """A seller whose price makes a request dearer by sigma ln 4 has a quarter of the odds of each other: 1/9."""
    stand = Stand(people)
    tokens = people.prompt_tokens + people.output_tokens
    for workload in range(5):
        more = people.sigma_usd[workload] * np.log(4.0) / tokens[workload]
        stand.price(2, 1_000_000 + round(more * 1e12))
        burden = stand.pins._burden_usd(np.array([workload]), 0, np.array([0, 1, 2]))[0]
        assert (burden[2] - burden[0]) / people.sigma_usd[workload] == pytest.approx(np.log(4.0), rel=1e-6)
        assert burden[0] == pytest.approx(tokens[workload] * 1e-6)
    stand.pins._sellers.ttft_s[:] = [1.0, 3.0, 1.0, 1.0]
    waits = stand.pins._burden_usd(np.array([0]), 0, np.array([0, 1]))[0]
    assert waits[1] - waits[0] == pytest.approx(2.0 * people.latency_usd_per_s[0])


def test_who_cuts_answers_counts_what_is_left_of_them(people):
    """Answers without spread that are cut at a quarter: a quarter of the tokens are paid and waited for."""
    quarter = np.round(people.output_tokens / 4).astype(np.int64)
    cut = dataclasses.replace(people, output_tokens=4.0 * quarter, max_tokens=quarter,
                              length_sigma=np.zeros(len(people)))
    stand = Stand(cut)
    stand.pins._sellers.tpot_s[1] = 0.5
    burden = stand.pins._burden_usd(np.array([0]), 0, np.array([0, 1]))[0]
    assert burden[0] == pytest.approx((people.prompt_tokens[0] + quarter[0]) * 1e-6)
    assert burden[1] - burden[0] == pytest.approx(0.5 * quarter[0] * people.latency_usd_per_s[0])


def test_prices_move_nobody_before_a_review_and_providers_that_leave_move_theirs_at_once(people):
    stand = Stand(people, repins_per_month=0.0)
    before = stand.at(0.0)
    stand.price(0, 10**12)  # nobody in his senses would name ada now
    assert (stand.at(300.0) == before).all()
    stand.board.set_replicas(0.0, 1, 0)  # bob sells alpha no more
    after = stand.at(301.0)
    moved = before == 2
    assert (after[~moved] == before[~moved]).all()
    assert set(after[moved].tolist()) == {3}
    stand.board.set_replicas(0.0, 1, 1)
    assert (stand.at(302.0) == after).all()  # and nobody comes back because he does


def test_a_new_model_means_a_new_choice_and_nobody_to_choose_none(people):
    stand = Stand(people, repins_per_month=0.0)
    stand.at(0.0)
    stand.model[:] = 1
    assert (stand.at(1.0) == 2).all()
    stand.board.set_replicas(0.0, 3, 0)
    assert not stand.at(2.0).any()
    stand.model[:] = -1
    stand.board.set_replicas(0.0, 3, 1)
    assert not stand.at(3.0).any()
    stand.model[:] = 1
    assert (stand.at(4.0) == 2).all()


def test_reviews_come_at_their_rate_and_find_what_is_best_then(people):
    """At .05 a month 1 - exp(-.6) = .451 of those who chose have reviewed after a year."""
    stand = Stand(people)
    before = stand.at(0.0)
    stand.price(0, 10**12)
    there = people.entry_day == 0.0
    year = stand.at(365.25)
    kept = ((year == 1) & there & (before == 1)).sum() / ((before == 1) & there).sum()
    assert kept == pytest.approx(np.exp(-0.6), abs=0.14)  # some 220: four standard errors
    stand.model[:] = 0
    assert not (stand.at(36_525.0) == 1).any()


# In a market


@pytest.fixture(scope="module")
def plain():
    return run_market(small())


def by_rule(traffic: Any) -> dict[str, int]:
    sums = traffic.offer_sums.sum(axis=(0, 1))
    counted = {rule: int(sums[o.BY_RULE + place]) for place, rule in enumerate(RULES) if place}
    return {"default": int(sums[o.SERVED]) - sum(counted.values()), **counted}


def test_where_all_leave_the_choice_to_the_router_nothing_is_different(plain):
    counted = by_rule(plain[1])
    assert counted["default"] > 0
    assert counted == {**counted, "floor": 0, "nitro": 0, "pinned": 0}
    again, _ = run_market(small(customers={"routing": {"repins_per_month": 1.0}}))
    assert differences(plain[0], again) == []


def test_who_names_a_provider_is_served_by_it_alone_and_nothing_else_is_drawn_anew(plain):
    settings = small(customers={"routing": {"pinned_share": 1.0}})
    result, traffic = run_market(settings)
    counted = by_rule(traffic)
    assert counted["pinned"] > 0
    assert counted == {**counted, "default": 0, "floor": 0, "nitro": 0}
    assert (result.workload_days[0].born == plain[0].workload_days[0].born).all()
    staged = stage(settings)
    pinned = staged.market.traffic.feed.pins.at(0.0, staged.market.customers.model)
    assert not pinned.any()  # nobody has decided anything yet


def two_hosts(**routing: float) -> tuple[Any, Any]:
    """Open models alone, for which atlas asks half of what boreal does."""
    firms: dict[str, Any] = {name: {"pricing": {"kind": "constant", "input_usd": usd, "output_usd": usd},
                                    "faults": None} for name, usd in (("atlas", 0.5), ("boreal", 1.0))}
    return run_market(small(
        models={"catalogue": {"include": ["llama-3.1-8b", "llama-3.3-70b"]}},
        supply={"firms": {**firms, "openai": None}},
        customers={"routing": routing, "segments": {"agents": {"mix": {"extraction": 1.0}}}}))


def test_who_goes_to_the_cheapest_leaves_the_dear_one_nothing_but_what_that_fails():
    """By 1/p^2 boreal has a fifth of what both sell; by price nothing, as atlas neither fails nor refuses any."""
    served = []
    for routing in ({}, {"floor_share": 1.0}):
        result, traffic = two_hosts(**routing)
        total = traffic.offer_sums[:, :, o.SERVED].sum(axis=1)
        providers = np.array([spec.provider for spec in result.offers])
        served.append([int(total[providers == who].sum()) for who in ("atlas", "boreal")])
    assert served[0][1] / sum(served[0]) == pytest.approx(0.2, abs=0.05)
    assert served[1][1] == 0


def test_some_of_each_are_counted_apart():
    _, traffic = two_hosts(floor_share=0.3, nitro_share=0.2, pinned_share=0.3)
    assert min(by_rule(traffic).values()) > 0
