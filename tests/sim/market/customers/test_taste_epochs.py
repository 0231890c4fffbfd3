"""Tastes that are drawn anew, models that won a workload early, and budgets that bend."""

import dataclasses
import math

import numpy as np
import pytest

from sim.market.customers import logit
from sim.market.customers.choice import Chooser, felt_factor, spent_share
from sim.market.customers.customers import Customers
from sim.market.customers.population import Population, draw_population
from sim.market.customers.taste_epochs import TasteEpochs
from sim.market.customers.tastes import taste_shocks, uniforms
from sim.market.models.model import Models
from sim.scenario.customer_settings import Choice
from sim.streams import Streams
from sim.units import DAY_S
from worlds.shelf import MODELS, Shelf, settings, shown

KEYS = np.random.default_rng(5).integers(0, 2**64, 20_000, np.uint64)
NAMES, NESTS = ("a", "b", "c"), ("x", "y", "x")
VALUES = np.array([1.0, 0.5, 0.8])


def rich() -> Population:
    """Uses that are worth far more than they cost, and budgets to match."""
    drawn = draw_population(settings(worth_factor=100.0, needs=(0.0, 0.1)), Streams(1, 0), 10.0)
    return dataclasses.replace(drawn, budget_usd_per_day=drawn.budget_usd_per_day * 1e6)


@pytest.mark.parametrize("dissimilarity", [0.5, 1.0])
def test_tastes_are_first_what_they_are_without_epochs_and_then_keep_their_law(dissimilarity):
    """Shares after three new draws on average: 5 standard errors (at most .018)."""
    tastes = TasteEpochs(KEYS, NAMES, NESTS, dissimilarity, 0.01)
    first = tastes.values()
    assert (first == taste_shocks(KEYS, NAMES, NESTS, dissimilarity)).all()
    assert tastes.advance(300.0)
    outside = -np.log(-np.log(uniforms(KEYS, ("outside",))))
    best = np.hstack([VALUES + tastes.values(), outside]).argmax(axis=1)
    got = np.bincount(best, minlength=4)[:3] / len(KEYS)
    want = logit.nested_shares(VALUES, np.array([0, 1, 0]), dissimilarity)
    assert np.abs(got - want).max() < 5 * np.sqrt(0.25 / len(KEYS))


@pytest.mark.analytical
@pytest.mark.parametrize("dissimilarity", [0.5, 1.0])
def test_a_taste_stays_with_an_exponential_probability(dissimilarity):
    """Three times 20,000 tastes after 70 days at 1% a day: e^-.7 = .49659, within 5 standard errors."""
    tastes = TasteEpochs(KEYS, NAMES, NESTS, dissimilarity, 0.01)
    before = tastes.values()
    tastes.advance(70.0)
    kept = (tastes.values() == before).mean(axis=0)
    assert np.abs(kept - 0.49659).max() < 5 * math.sqrt(0.25 / len(KEYS))


def test_a_new_taste_depends_on_neither_steps_nor_other_models():
    few, many = (TasteEpochs(KEYS[:500], *names, 0.6, 0.02) for names in ((NAMES, NESTS), (
        ("0", *NAMES, "z"), ("w", *NESTS, "y"))))
    few.advance(200.0)
    for day in range(201):
        many.advance(float(day))
    assert (many.values()[:, 1:4] == few.values()).all()


def test_workloads_move_for_tastes_that_changed():
    """Two models that differ in name alone: with fixed tastes nobody ever moves, whoever reviews."""
    same = Models(tuple(dataclasses.replace(MODELS.rows[0], name=name) for name in ("m1", "m2")))
    people, moved = rich(), []
    for rate in (0.0, 1.0):
        choice = Choice(taste_redraw_per_month=rate, nest_lambda=1.0)
        customers, desk = Customers(people, same, np.zeros((2, 2)), choice), Shelf(same)
        desk.env.process(customers.process(desk))
        desk.env.run(until=200 * DAY_S - 1)
        moved.append(sum(switch.before >= 0 and switch.after >= 0 for switch in customers.switches))
    assert moved[0] == 0
    # 6.6 new draws of each of two tastes, of which every third turns which is the larger
    assert moved[1] > 2 * (customers.model >= 0).sum() > 0


# first fit


def test_what_won_a_workload_early_keeps_it():
    """A second model that is worth .05 points more: all take it, but for those whom the first won in its first days."""
    better = dataclasses.replace(MODELS.rows[0], name="zenith", quality=(0.85,) * 5)
    for released, held in ((-10.0, True), (-40.0, False)):
        models = Models((dataclasses.replace(MODELS.rows[0], release_day=released), better))
        people = rich()
        even = dataclasses.replace(people, sigma_usd=people.sigma_usd * 1e-9, psi_usd=people.psi_usd * 0)
        choice = Choice(first_fit=0.06)
        customers, desk = Customers(even, models, np.zeros((2, 2)), choice), Shelf(models)
        desk.sold = np.array([True, False])
        desk.env.process(customers.process(desk))
        desk.env.run(until=DAY_S - 1)
        assert (customers.model == 0).all()
        desk.sold = np.ones(2, bool)
        desk.env.run(until=30 * DAY_S - 1)
        assert (customers.model == (0 if held else 1)).all()


# budgets


@pytest.mark.analytical
def test_a_budget_bends_by_hand():
    """At bend .5: 1.5 budgets feel twice as dear; of 1.5 budgets that are wanted 1 + .5(1 - 1/e) are spent."""
    assert felt_factor(np.array([0.3, 1.0, 1.5, 2.0]), 0.5) == pytest.approx([1.0, 1.0, 2.0, 5.0])
    wanted = np.array([0.5, 1.0, 1.5, 1e9])
    assert spent_share(wanted, 0.5) * wanted == pytest.approx([0.5, 1.0, 1.5 - 0.5 / math.e, 1.5])


def test_a_model_of_two_budgets_is_chosen_as_if_it_were_five_times_as_dear():
    """At bend .5, as above: what a use would buy of the first model costs two budgets, and it is worth that less."""
    people, rows, shelf = rich(), np.arange(len(rich())), shown()
    ample = Chooser(people, MODELS, np.ones((2, 2)), Choice(budget_bend=0.5))
    cost = ample.cost_usd(rows, shelf)[:, 0]
    tight = dataclasses.replace(people, budget_usd_per_day=people.base_per_s * DAY_S * cost / 2)
    utility = [Chooser(it, MODELS, np.ones((2, 2)), Choice(budget_bend=0.5)).systematic_usd(rows, shelf)[:, 0]
               for it in (people, tight)]
    assert np.isfinite(utility).all()
    assert utility[0] - utility[1] == pytest.approx(4.0 * cost)


@pytest.mark.parametrize("bend", [1e-4, 0.3])
def test_the_bend_is_the_edge_in_the_limit_and_smooth_otherwise(bend):
    people = draw_population(settings(worth_factor=100.0, needs=(0.0, 0.1)), Streams(1, 0), 10.0)
    rows = np.arange(len(people))
    hard, soft = (Chooser(people, MODELS, np.ones((2, 2)), Choice(budget_bend=it)) for it in (0.0, bend))
    cost = people.c0_usd * 4
    spent = [chooser.volume_per_s(rows, cost) * cost * DAY_S / people.budget_usd_per_day for chooser in (hard, soft)]
    beyond = people.base_per_s * cost * DAY_S > people.budget_usd_per_day
    assert 0 < beyond.sum() < len(people)
    assert (spent[0][beyond] == pytest.approx(1.0))
    assert (spent[1][beyond] > 1).all()
    assert (spent[1] < (1 + bend) * (1 + 1e-12)).all()
    assert spent[1][~beyond] == pytest.approx(spent[0][~beyond])
    assert np.isfinite(soft.systematic_usd(rows, shown(4.0))).all()
    assert not np.isfinite(hard.systematic_usd(rows, shown(4.0))).all()
