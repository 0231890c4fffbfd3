"""Closed models go some time after a successor came, with notice; whoever uses one leaves in the time of notice."""

import dataclasses
import math
from datetime import date

import numpy as np
import pytest

from sim.market.customers.customers import Customers
from sim.market.customers.lab_sales import LabSales
from sim.market.customers.population import draw_population
from sim.market.models.catalogue import load_catalogue
from sim.market.models.model import Model, Models
from sim.market.models.retirement import successor_day, with_retirement
from sim.scenario.customer_settings import Choice
from sim.scenario.market_scenario import Fees
from sim.scenario.model_settings import ModelSettings, Retirement
from sim.scenario.use_settings import DirectPurchase
from sim.streams import Streams
from sim.units import DAY_S, DAYS_PER_MONTH
from worlds.shelf import MODELS, Shelf, settings

OLD = MODELS.rows[0]


def after(day: float, **facts: object) -> Model:
    return dataclasses.replace(OLD, name="lab-new", release_day=day, **facts)


def test_a_successor_is_later_closed_of_the_same_creator_and_no_worse():
    assert successor_day(OLD, [OLD, after(5.0)]) == 5.0
    assert successor_day(OLD, [OLD, after(5.0), dataclasses.replace(after(3.0), name="x")]) == 3.0
    for other in (after(-200.0), after(5.0, open=True), after(5.0, creator="z"), after(5.0, quality=(0.7,) * 5)):
        assert successor_day(OLD, [OLD, other]) is None


@pytest.mark.analytical
@pytest.mark.parametrize(("successor", "gone"), [
    (5.0, -100.0 + 13 * DAYS_PER_MONTH), (400.0, 460.0), (math.nan, math.inf)])
def test_the_day_of_retirement_by_hand(successor, gone):
    """Median life 13 months from day -100 on; a successor on day 400 comes later than that, and notice is 60 days."""
    models = [OLD, MODELS.rows[1]] + ([] if math.isnan(successor) else [after(successor)])
    got = with_retirement(models, Retirement(enabled=True, spread=0.0), Streams(1, 0))
    assert got[0].retire_day == pytest.approx(gone)
    assert got[0].notice_day == pytest.approx(gone - 60)
    assert all(model.retire_day == math.inf for model in got[1:])
    assert with_retirement(models, Retirement(), Streams(1, 0)) == models


def test_lives_are_log_normal():
    """500 models, each with a successor: median and spread of lives, tolerance 4 standard errors."""
    many = [dataclasses.replace(OLD, name=f"m{number}") for number in range(500)]
    got = with_retirement([*many, after(-99.0)], Retirement(enabled=True, spread=0.3), Streams(1, 0))
    log_life = np.log([(model.retire_day + 100) / DAYS_PER_MONTH for model in got[:500]])
    assert abs(log_life.mean() - math.log(13)) < 4 * 0.3 / math.sqrt(500)
    assert abs(log_life.std() - 0.3) < 4 * 0.3 / math.sqrt(1000)


def test_of_the_catalogue_only_closed_models_retire():
    models = load_catalogue(ModelSettings(retirement=Retirement(enabled=True)), date(2025, 1, 1), 607.0, Streams(1, 0))
    gone = models.retire_day < 607
    assert 10 < gone.sum() < (~models.open).sum()
    assert not (gone & models.open).any()
    assert (models.notice_day[gone] == models.retire_day[gone] - 60).all()


def test_customers_leave_over_the_time_of_notice():
    """60 uses of one model that goes on day 100, announced on day 40: linear in between, none new from day 40 on."""
    better = dataclasses.replace(after(-50.0), quality=(0.81,) * 5, list_in_usd=3.5)
    models = Models((dataclasses.replace(OLD, notice_day=40.0, retire_day=100.0), better))
    choice = Choice(reviews_per_month=0.0, loyal_share=0.0, release_attention=0.0)
    worth = settings(number=400, choice=choice, worth_factor=100.0, needs=(0.0, 0.1))
    drawn = draw_population(worth, Streams(1, 0), 9.0)
    people = dataclasses.replace(drawn, budget_usd_per_day=drawn.budget_usd_per_day * 1e6)
    customers, desk = Customers(people, models, np.zeros((2, 2)), choice), Shelf(models)
    desk.sold = np.array([True, False])
    desk.env.process(customers.process(desk))
    left = []
    for day in (39, 71, 100, 101):
        desk.env.run(until=day * DAY_S - 1)
        desk.sold = np.ones(2, bool)
        left.append((customers.model == 0).sum() / len(people))
    assert left[0] == 1.0
    assert abs(left[1] - 0.5) < 4 * 0.5 / math.sqrt(len(people))
    assert left[3] == 0.0
    assert {switch.reason for switch in customers.switches} == {"entry", "gone"}


def test_nobody_buys_what_is_announced_to_go_from_its_creator():
    models = Models((dataclasses.replace(OLD, notice_day=40.0, retire_day=100.0),))
    people = draw_population(settings(), Streams(1, 0), 9.0)
    labs = LabSales(people, models, DirectPurchase(), Fees(), 1.0)
    sold = [labs.prices(day, np.array([3e6]), np.array([3e6])).input_pico[0] for day in (39.0, 40.0)]
    assert sold[0] == 3e6
    assert math.isnan(sold[1])
