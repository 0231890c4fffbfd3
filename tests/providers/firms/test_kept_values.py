"""What is worked out once and kept, against the same worked out anew: a seller's view, its rules and its costs."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from providers.around import Around
from providers.firms.knowledge import Knowledge
from providers.firms.placement import Rules as PackingRules
from providers.firms.placement import Want, marginal_value, pack
from providers.firms.rule_mix import ModelDemand
from providers.firms.supply_side import build_supply
from providers.firms.unit_costs import UnitCosts
from providers.pricing.situation import Situation
from providers.pricing.sold_through import PriceRule, Rules
from providers.pricing.surge import Surge, SurgePrice
from sim.market.prices import Mix, Prices
from sim.scenario.cost_settings import Costing
from sim.scenario.firm_settings import Adoption, Autoscaling, Firm, PoolSettings, SupplySettings
from sim.streams import Streams
from sim.units import DAY_S, HOUR_S
from worlds.fake_desk import FakeDesk, model, models_of

MODELS = models_of(model("mid", "meta", 70), model("small", "meta", 8, price=(0.05, 0.1)))
RNG = np.random.default_rng(3)
PRICINGS = ({"kind": "surge", "threshold": 0.1}, {"kind": "menu_cost", "reviews_per_day": 0.9},
            {"kind": "best_response_router", "review_days": 1.0}, {"kind": "lab_logit"})


def host(pricing):
    return Firm(pools=(PoolSettings(gpu="h200-sxm", count=64, tenure="rented"),), pricing=pricing, exit_months=None,
                adoption=Adoption(probability=1, delay_days=0.0))


@pytest.mark.parametrize("knowledge", ["told", "learned"])
def test_what_a_seller_sees_is_of_this_moment(knowledge):
    settings = SupplySettings(firms={one["kind"]: host(one) for one in PRICINGS}, knowledge=knowledge)
    supply = build_supply(settings, MODELS, Streams(7, 0), Around(20))
    rng = np.random.default_rng(1)
    desk = FakeDesk(supply, MODELS, lambda d: rng.uniform(0, 40 * DAY_S * 6000, len(d.offers)))
    sellers, looks = supply._sellers, 0

    def look():
        nonlocal looks
        while True:
            yield desk.env.timeout(1.5 * HOUR_S)
            if desk.env.now == 5.5 * DAY_S:
                supply.tell_of_model(ModelDemand("mid", Rules.single(3.0), 0.9, {0: 0.1}))
            for row in np.flatnonzero(desk.board.listed).tolist():
                own = desk.board.prices_of(row)
                seen = sellers.situation(desk, row, own)
                del sellers._seen[row]
                assert seen == sellers.situation(desk, row, own)
                looks += 1

    desk.env.process(look())
    desk.run(20)
    assert looks > 1000
    assert len(desk.board.price_changes) > 100


def test_rules_are_those_told_last():
    knowledge = Knowledge(["a", "b"], None)
    assert knowledge.rules_of(0, None) == knowledge.published
    knowledge.tell(Rules.single(3.0))
    assert [knowledge.rules_of(row, None) for row in (0, 1)] == [Rules.single(3.0)] * 2
    knowledge.tell_of_model(ModelDemand("a", Rules.single(4.0), 1.0, {}))
    assert [knowledge.rules_of(row, None) for row in (0, 1)] == [Rules.single(4.0), Rules.single(3.0)]
    knowledge.tell_of_model(ModelDemand("a", Rules.single(4.0), 0.5, {0: 1.0}))
    assert knowledge.rules_of(0, None) == Rules((PriceRule(1.0, 4.0), PriceRule(1.0, captive=True)))


def test_costs_are_of_the_day_and_of_what_was_learned_by_then():
    settings = SupplySettings(firms={"a": host(PRICINGS[0])}, autoscaling=Autoscaling(target_utilisation=0.5),
                              costing=Costing(basis="volume"))
    supply = build_supply(settings, MODELS, Streams(7, 0), Around(20))
    served = supply._usage.served
    costs = UnitCosts(supply.planned, settings, supply._usage, lambda row, day: 1.0 + row + day)
    assert [costs.gpu_hour(*at) for at in ((0, 0), (0, 0), (1, 0), (0, 3), (0, 0))] == [1.0, 1.0, 2.0, 4.0, 1.0]
    first = costs.at(0, 0, 4.0)
    assert costs.at(0, 3, 4.0) == pytest.approx(4 * first)
    assert costs.at(0, 3, 0.5) == pytest.approx(8 * first)
    billed = served.billed(0)
    counts = {name: np.array([1e6, 1e6]) for name in ("served", "cached_tokens")}
    served.learn(SimpleNamespace(**counts, prompt_tokens=np.array([1e9, 1e9]), output_tokens=np.array([1e9, 1e9]),
                                 moments=np.zeros(0)))
    assert served.billed(0).output == pytest.approx(0.5, abs=0.02)
    assert served.billed(0) != billed
    assert costs.at(0, 3, 4.0) != pytest.approx(4 * first, rel=0.1)


def test_a_surge_price_is_of_what_it_sees():
    first = Situation(now_s=0.0, hour=0.0, launched_s=0.0, own=Prices(2_000_000, 9_000_000, 500_000), rivals=(),
                      rivals_changed_s=(), unit_cost_usd_per_mtok=1.0)
    listed = replace(first, list_price=Prices(1_000_000, 2_000_000, 1_000_000))
    mixed = replace(listed, mix=Mix(0.2, 0.7, 0.1))
    seller, seen = SurgePrice(Surge(smoothing=1.0)), []
    for situation in (first, listed, mixed, replace(mixed, own=None, list_price=None), replace(
            mixed, unit_cost_usd_per_mtok=2.0), replace(mixed, utilisation=0.9), first, first):
        seen.append(seller.review(situation, RNG))
        assert seen[-1] == SurgePrice(seller.parameters).review(situation, RNG)
    assert len(set(seen)) == 6
    assert seen[-1] == seen[-2] == seen[0]


def one_by_one(gpus, wants, rules, floor):
    """The same packing, replica by replica."""
    queue = []
    for offer, want in enumerate(wants):
        for number in range(rules.least, want.most + 1):
            value = marginal_value(want, number, rules)
            if value <= 0 or value < floor:
                break
            queue.append((-value, offer, number))
    placed = [0] * len(wants)
    for _, offer, number in sorted(queue):
        block = rules.least if number == rules.least else 1
        if placed[offer] == number - block and block * wants[offer].gpus <= gpus:
            placed[offer], gpus = number, gpus - block * wants[offer].gpus
    return placed


def test_packing_runs_of_replicas_is_packing_each():
    rng = np.random.default_rng(2)
    for _ in range(2000):
        wants = [Want(int(rng.choice([1, 2, 4, 8])), int(rng.integers(0, 8)), int(rng.integers(0, 20)),
                      float(rng.choice([rng.uniform(0, 3), rng.integers(0, 9), rng.uniform(0, 30)])),
                      float(rng.choice([0.0, 100.0, rng.uniform(0, 1000)]))) for _ in range(rng.integers(0, 6))]
        rules = PackingRules(float(rng.uniform(0, 1)), float(rng.choice([0.0, 0.25])), int(rng.integers(1, 4)))
        gpus, floor = int(rng.integers(0, 60)), float(rng.choice([0.0, rng.uniform(0, 50)]))
        assert pack(gpus, wants, rules, floor) == one_by_one(gpus, wants, rules, floor)
