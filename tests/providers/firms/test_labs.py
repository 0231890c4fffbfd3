"""Labs price their own models jointly, and think again when a successor comes or a rival asks half."""

import numpy as np
import pytest

from providers.around import Around
from providers.firms.supply_side import build_supply
from providers.games.bertrand import logit_joint, logit_share
from providers.pricing.lab_logit import joint_price
from sim.market.models.catalogue import load_catalogue
from sim.market.prices import Mix
from sim.scenario.firm_settings import Firm, PoolSettings, SupplySettings
from sim.scenario.load import read_file
from sim.scenario.market_scenario import MarketScenario
from sim.scenario.pricing_settings import PricingChoice
from sim.streams import Streams
from sim.units import DAY_S, PICO_PER_USD_PER_MTOK
from worlds.fake_desk import FakeDesk, model, models_of
from worlds.places import ROOT

DEFAULT = ROOT / "experiments/scenarios/openrouter-2026.toml"
LAB = {"kind": "lab_logit", "grid_usd": 1e-6}


def test_the_joint_price_is_the_logits():
    """Two offers of one owner, cost 1, alpha 1/2, value 5: the logit's joint price, with an outside good."""
    price = logit_joint(2, 1.0, 0.5, 5.0)
    share = 2 * logit_share(price, 1, 0.5, 5.0)
    assert joint_price(1.0, 4.0, share, 2.0) == pytest.approx(price)  # alpha is 2/4
    assert joint_price(1.0, 4.0, 0.2, 2.0) == pytest.approx(3.5)
    assert joint_price(1.0, 4.0, 1.0, 2.0) == pytest.approx(41.0)  # a share of .95 is the most that counts


def closed(name, creator, quality, day=-30.0):
    row = model(name, creator, 70.0, is_open=False, day=day)
    return row.__class__(**{**row.__dict__, "quality": (quality,) * 5})


def market(*rows, theirs, days=60):
    """A lab that prices by logit beside one whose price falls to a tenth on day 30; equal sales."""
    models = models_of(*rows)
    pools = (PoolSettings(gpu="b200-sxm", count=16),)
    firms = {"acme": Firm(kind="lab", pools=pools, pricing=LAB),
             "rival": Firm(kind="lab", pools=pools, pricing=theirs)}
    supply = build_supply(SupplySettings(firms=firms), models, Streams(7, 0), Around(days))
    desk = FakeDesk(supply, models, lambda desk: np.full(len(desk.offers), 3.0 * DAY_S * 6000))
    desk.run(days)
    return desk


def posted(desk, name):
    """Days and USD of a model's prices."""
    mix = Mix(15 / 16, 1 / 16)  # of what the desk's customers send
    return [(it.time_s / DAY_S, it.after.blended(mix) / PICO_PER_USD_PER_MTOK)
            for it in desk.board.price_changes if desk.offers[it.offer].model == name]


STILL = {"kind": "constant", "input_usd": 8.0, "output_usd": 8.0}
FALLS = {"kind": "steps", "anchor": "cost", "markup": 50.0, "floor_cost_share": 0.0, "days": (30.0,),
         "factors": (0.05,)}


def test_a_lab_launches_beside_the_best_other_model():
    """8 USD at the rival that is better: half of it over cost, as nobody has sold anything on the first day.

    The market's first day finds nobody else there, so it looks again a week later; by then half of all sales are its
    own, and the margin is 8/(2/2).
    """
    later = market(closed("a", "acme", 0.5, day=10.0), closed("b", "rival", 0.6), theirs=STILL)
    (_, usd), *more = posted(later, "a")
    assert more == []
    assert 4.0 < usd < 5.0
    desk = market(closed("a", "acme", 0.5), closed("b", "rival", 0.6), theirs=STILL)
    (day, first), (again, second) = posted(desk, "a")
    assert (day, again) == (0, 7)
    assert first < 1.5  # cost and a little more
    assert 8.0 < second < 9.0


def test_a_successor_and_a_rival_at_half_the_price_are_reasons():
    old, new = closed("a", "acme", 0.5), closed("a2", "acme", 0.7, day=20.0)
    desk = market(old, new, closed("b", "rival", 0.6), theirs=STILL)
    days = [day for day, _ in posted(desk, "a")]
    assert days[:2] == [0, 7]
    assert 20 <= days[2] < 28  # it looks once a week
    assert len(days) == 3
    desk = market(closed("a", "acme", 0.5), closed("b", "rival", 0.6), theirs=FALLS)
    found = posted(desk, "a")
    assert 30 <= found[2][0] < 38
    assert found[2][1] < found[1][1]
    worse = market(closed("a", "acme", 0.7), closed("b", "rival", 0.6), theirs=FALLS)
    assert [day for day, _ in posted(worse, "a")] == [0, 7]  # a rival that is not as good is no reason


def labs_of_the_default_market(pricing, days=548):
    """Share of launched closed models that were ever cut, and changes of their prices; equal sales of all."""
    scenario = MarketScenario.model_validate(read_file(DEFAULT))
    labs = {name: firm.model_copy(update={"pricing": PricingChoice(kind=pricing)})
            for name, firm in scenario.supply.firms.items() if firm.kind == "lab"}
    streams = Streams(1, 0)
    models = load_catalogue(scenario.models, scenario.horizon.start, days, streams)
    nobody = scenario.supply.entry.model_copy(update={"types": 0})  # hosts who may come take nearly all the time
    supply = build_supply(scenario.supply.model_copy(update={"firms": labs, "entry": nobody}), models, streams,
                          Around(days))
    desk = FakeDesk(supply, models, lambda desk: np.full(len(desk.offers), 0.5 * DAY_S * 6000))
    desk.run(days)
    closed = {row.name for row in models.rows if not row.open}
    moves = [it for it in desk.board.price_changes if desk.offers[it.offer].model in closed]
    launched = {it.offer for it in moves if it.reason == "launch"}
    # the first week's look is of labs that found nobody else there
    later = [it for it in moves if it.reason != "launch" and it.time_s > 8 * DAY_S]
    cut = {it.offer for it in later if it.after.blended() < it.before.blended()}
    return len(cut) / len(launched), len(later) / len(launched)


def test_labs_who_answer_would_cut_far_more_often_than_real_ones_did():
    """The replay has o3's cut only; by the catalogue's whole history 7 of 78 were ever cut."""
    replayed, real_moves = labs_of_the_default_market("list_history")
    answering, moves = labs_of_the_default_market("lab_logit")
    assert 0 < replayed < 0.05
    assert 0 < real_moves < 0.05
    assert 0.5 < answering < 0.9
    assert 3 < moves < 8
