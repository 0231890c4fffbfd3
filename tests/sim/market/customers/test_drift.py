"""Requests of later years: longer prompts, more of them cached, and what a request is worth grows along."""

import dataclasses

import numpy as np
import pytest

from sim.market.customers.choice import Chooser
from sim.market.customers.customers import Customers
from sim.market.customers.drift import drifted
from sim.market.customers.population import draw_population
from sim.market.models.model import Models
from sim.scenario.customer_settings import Choice
from sim.scenario.drift_settings import RequestDrift
from sim.streams import Streams
from sim.units import DAY_S, DAYS_PER_YEAR
from worlds.shelf import MODELS, Shelf, settings, shown

PEOPLE = draw_population(settings(number=60), Streams(1, 0), 800.0)


@pytest.mark.analytical
def test_lengths_and_cached_shares_by_hand():
    """Two years at +100% and +50% a year; log-odds of .3 are -.847, a rise of 1 a year makes .77 of it in two."""
    later = drifted(PEOPLE, RequestDrift(prompt_growth_per_year=1.0, output_growth_per_year=0.5,
                                         cached_log_odds_per_year=1.0), 2 * DAYS_PER_YEAR)
    assert later.prompt_tokens == pytest.approx(4.0 * PEOPLE.prompt_tokens)
    assert later.output_tokens == pytest.approx(2.25 * PEOPLE.output_tokens)
    chat = np.array(PEOPLE.template) == "chat"
    assert later.cached_share[chat] == pytest.approx(0.76, abs=0.005)
    # chat: 1500 tokens of which .73 are charged, at 2.5, and 150 at 10 USD; then 6000 x .316 and 337.5
    assert later.c0_usd[chat] / PEOPLE.c0_usd[chat] == pytest.approx(
        (6000 * (1 - 0.9 * later.cached_share[chat]) * 2.5 + 3375) / (1500 * 0.73 * 2.5 + 1500))
    assert later.value_usd / PEOPLE.value_usd == pytest.approx(later.c0_usd / PEOPLE.c0_usd)
    assert drifted(PEOPLE, RequestDrift(prompt_growth_per_year=1.0), 0.0).c0_usd == pytest.approx(PEOPLE.c0_usd)


def test_shares_of_nothing_and_all_stay_and_prompts_keep_what_they_begin_with():
    edge = dataclasses.replace(PEOPLE, cached_share=np.arange(len(PEOPLE)) % 2.0,
                               shared_tokens=np.full(len(PEOPLE), 1000))
    later = drifted(edge, RequestDrift(prompt_growth_per_year=-0.9, cached_log_odds_per_year=1.0), 3 * DAYS_PER_YEAR)
    assert (later.cached_share == edge.cached_share).all()
    assert (later.prompt_tokens == 1001.0).all()


def test_requests_that_grow_alike_move_no_choice():
    """Prompts and answers of one length of all: costs and worths grow alike, so everybody stays with its model."""
    models = Models(tuple(dataclasses.replace(row, context_tokens=10**9) for row in MODELS.rows))
    still = dataclasses.replace(PEOPLE, latency_usd_per_s=PEOPLE.latency_usd_per_s * 0)
    later = drifted(still, RequestDrift(prompt_growth_per_year=1.0, output_growth_per_year=1.0), 1.5 * DAYS_PER_YEAR)
    rows, none = np.arange(len(PEOPLE)), np.full(len(PEOPLE), -1)
    choices = [Chooser(people, models, np.ones((2, 2)), Choice()).choose(rows, none, shown()).model
               for people in (still, later)]
    assert (choices[0] == choices[1]).all()
    assert 0 < (choices[0] >= 0).sum() < len(rows)


def test_customers_follow_the_drift_week_by_week():
    customers = Customers(PEOPLE, MODELS, np.ones((2, 2)), Choice(), drift=RequestDrift(prompt_growth_per_year=1.0))
    desk = Shelf()
    desk.env.process(customers.process(desk))
    desk.env.run(until=DAY_S - 1)
    before = customers.planned_tokens().sum()
    desk.env.run(until=371 * DAY_S - 1)  # of day 364, the last of a week
    assert customers.population.prompt_tokens == pytest.approx(PEOPLE.prompt_tokens * 2 ** (364 / DAYS_PER_YEAR))
    assert customers.planned_tokens().sum() > 1.8 * before
