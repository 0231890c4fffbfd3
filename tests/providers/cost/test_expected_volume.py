"""Cost at an expected volume, by hand; and software that gets faster."""

import numpy as np
import pytest

from providers.around import Around
from providers.cost.expected_volume import ReplicaDay, daily_cost_usd, idle_factor, whole_replicas
from providers.cost.software import faster, software_speed
from providers.firms.expectations import Usage
from providers.firms.shelf import planned_offers
from providers.firms.supply_side import build_supply
from providers.firms.unit_costs import UnitCosts
from sim.engines.steptime import StepCoefficients, step_time
from sim.scenario.cost_settings import Costing
from sim.scenario.firm_settings import Adoption, Firm, PoolSettings, SupplySettings
from sim.streams import Streams
from worlds.fake_desk import FakeDesk, model, models_of

MODELS = models_of(model("mid", "meta", 70))
HOST = Firm(pools=(PoolSettings(gpu="h200-sxm", count=16),), adoption=Adoption(probability=1),
            pricing={"kind": "constant"})
EIGHT_GPUS = ReplicaDay(usd=24 * 8 * 2.5, tokens=4e9, variable_usd_per_mtok=0.01)  # 480 USD a day


@pytest.mark.parametrize(("tokens", "usd"), [
    (0.0, 480.0), (4e9, 520.0), (4.4e9, 1004.0), (8e9, 1040.0), (1e9, 490.0)])
def test_a_day_costs_whole_replicas_and_what_its_tokens_take(tokens, usd):
    assert daily_cost_usd(EIGHT_GPUS, tokens) == pytest.approx(usd)


def test_an_ageing_model_costs_more_a_token_while_gpus_get_cheaper():
    """Volume halves while rents fall by a fifth: 0.13 USD/Mtok of 4 G tokens, 0.202 of 2 G."""
    cheaper = EIGHT_GPUS._replace(usd=0.8 * EIGHT_GPUS.usd)
    assert daily_cost_usd(EIGHT_GPUS, 4e9) / 4e3 == pytest.approx(0.13)
    assert daily_cost_usd(cheaper, 2e9) / 2e3 == pytest.approx(0.202)


@pytest.mark.parametrize(("load", "whole"), [(0.0, 1), (0.3, 1), (1.0, 1), (3 * (1 / 3), 1), (1.01, 2), (7.0, 7)])
def test_replicas_are_whole_and_one_is_the_least(load, whole):
    assert whole_replicas(load) == whole


def test_idle_factor():
    assert idle_factor(0.25) == 4
    assert idle_factor(1.25) == pytest.approx(1.6)
    assert idle_factor(3.0) == 1


def test_software_moves_by_the_month():
    """A year of 1.4: twelve releases are 360 days, 1.4^(360/365.25) = exp(.33647 .98563) = 1.39325."""
    assert software_speed(1.4, 29.9) == 1.0
    assert software_speed(1.4, 30) == software_speed(1.4, 59) == pytest.approx(1.0280, abs=5e-5)
    assert software_speed(1.4, 365) == pytest.approx(1.39325, abs=1e-5)
    assert software_speed(1.0, 365) == 1.0


def test_a_faster_step_takes_less_of_everything():
    step = StepCoefficients(0.01, 0.002, 0.003, -0.1, 1e-7, 2e-6, 1e-9, 1e-6, 1e-5)
    for tokens, kv, pairs, batch in ((1, 0, 0.0, 1), (4000, 10_000, 8e6, 32)):
        assert step_time(faster(step, 1.4), tokens, kv, pairs, batch) == pytest.approx(
            step_time(step, tokens, kv, pairs, batch) / 1.4)


def unit_cost(replicas, **costing):
    settings = SupplySettings(firms={"host": HOST}, costing=Costing(**costing))
    planned = planned_offers("host", settings, MODELS, Streams(7, 0), Around(30.0))
    usage = Usage(planned, settings)
    usage.replicas[:] = replicas
    return UnitCosts(planned, settings, usage, lambda row, day: 2.0).usd_per_mtok(0, 0)


def test_sellers_price_on_the_volume_they_expect():
    plain = unit_cost(0.25)
    assert unit_cost(3.0) == plain  # the basis is capacity: the volume is no matter
    assert unit_cost(0.25, basis="volume") == pytest.approx(4 * plain)
    assert unit_cost(2.5, basis="volume") == pytest.approx(1.2 * plain)
    assert unit_cost(0.001, basis="volume") == pytest.approx(20 * plain)
    assert unit_cost(0.001, basis="volume", least_load=0.01) == pytest.approx(100 * plain)
    assert unit_cost(0.25, variable_usd_per_mtok=0.3) == pytest.approx(plain + 0.3)


def test_software_makes_tokens_cheaper_at_the_same_gpu():
    costs = []
    for per_year in (1.0, 2.0):
        settings = SupplySettings(firms={"host": HOST}, costing=Costing(software_per_year=per_year),
                                  gpu_prices={"kind": "constant"})
        supply = build_supply(settings, MODELS, Streams(7, 0), Around(40))
        desk = FakeDesk(supply, MODELS, lambda desk: np.full(len(desk.offers), 1e9))
        desk.run(40)
        costs.append(supply.unit_costs.usd_per_mtok(0, 39))
    assert costs[0] / costs[1] >= 2 ** (30 / 365.25)  # more, as more requests fit at the promised speed
    assert costs[0] / costs[1] < 1.5


def test_tokens_are_paid_the_day_after():
    settings = SupplySettings(firms={"host": HOST}, costing=Costing(variable_usd_per_mtok=0.5))
    desk = FakeDesk(build_supply(settings, MODELS, Streams(7, 0), Around(3)), MODELS,
                    lambda desk: np.full(len(desk.offers), 15e6))
    desk.run(3)
    # 15 M prompt and 1 M output tokens on each of the first two days, at half a dollar a million
    assert desk.ledger.balance("supplier", "tokens", "host") == 2 * 8 * 10**9
    assert sum(desk.ledger.balances.values()) == 0
