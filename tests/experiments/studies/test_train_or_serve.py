"""A lab that trains and serves: demand, splits and their search worked by hand, and both worlds of the rule."""

import argparse
import json
import math
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from experiments.studies.assuming import at_point, factors_in
from experiments.studies.train_or_serve import STUDY, measures
from experiments.studies.train_or_serve.assumed import FleetAssumptions, Lead, Serving
from experiments.studies.train_or_serve.demand_hours import clock_of, is_night, shares_by_day, usual_load, wanted_share
from experiments.studies.train_or_serve.figures import figure_of
from experiments.studies.train_or_serve.fleet_course import lab_of
from experiments.studies.train_or_serve.measures import (
    FIXED,
    FULL_HOST,
    HOST,
    MARGINAL,
    NIGHTS,
    SHADOW,
    FoundSplits,
    Service,
)
from experiments.studies.train_or_serve.searching import Search, best_fixed, worth_of_runs
from experiments.studies.train_or_serve.splits import FixedSplit, Marginal, Moment, NightSplit, ShadowPrice, Worths
from sim.errors import ScenarioError
from sim.streams import Streams
from sim.units import HOURS_PER_YEAR

USUAL = FleetAssumptions()
WORTHS = Worths(USUAL.serving)


@pytest.fixture(scope="module")
def lab():
    return lab_of(USUAL, WORTHS, Streams(5, 0), 6)


@pytest.mark.parametrize(("load", "price"), [(0.3, 0.357), (0.27, 0.0726), (0.5, 1.753)])
def test_between_prices_of_the_table_the_share_is_what_bisection_finds(load, price):
    """A step of the table's prices is two to five times as far as this."""
    low, high = 0.0, 1.0
    for _ in range(40):
        middle = (low + high) / 2
        dear = WORTHS.marginal(np.array([middle]), np.array([load]))[0] > price
        low, high = (middle, high) if dear else (low, middle)
    assert WORTHS.at_price(np.array([load]), np.array([price])) == pytest.approx([low], abs=1.5e-4)


def test_a_days_rhythm():
    """1.56 times as many at 16 h as at 4 h; a week's mean is the load."""
    serving = Serving(weekend=1.0)
    load = usual_load(serving, clock_of(1, 1.0), None)[:24]
    assert load.max() / load.min() == pytest.approx(1.56, abs=0.01)
    assert load.mean() == pytest.approx(0.27)
    assert load[16] == load.max()
    week = usual_load(Serving(busiest=1.0, weekend=0.5), clock_of(24, 1.0), None)[:7]
    assert week[0] / week[6] == pytest.approx(2.0)
    assert week.mean() == pytest.approx(0.27)


def test_luck_belongs_to_the_seed_and_leaves_the_mean():
    clock = clock_of(2)
    first, second, other = (usual_load(Serving(), clock, Streams(seed, 0)) for seed in (1, 1, 2))
    assert np.array_equal(first, second)
    assert not np.array_equal(first, other)
    away = np.log(first / usual_load(Serving(), clock, None))
    assert away.std() == pytest.approx(0.1, rel=0.1)
    assert first.mean() == pytest.approx(0.27, rel=0.03)
    # luck of .5 that no next step remembers: its mean would be e^.125 times the load; within five standard errors
    apart = usual_load(Serving(noise=0.5, noise_hours=0.1, busiest=1.0, weekend=1.0), clock, Streams(1, 0))
    assert apart.mean() == pytest.approx(0.27, rel=5 * math.sqrt(math.expm1(0.25) / len(apart)))


def test_custom_follows_the_lead():
    """A quarter at no lead; e^1 of the odds at ten points: 1 / (1 + 3/e). A day's share goes a part of the way."""
    lead = Lead()
    assert wanted_share(lead, np.array([0.0, 10.0])) == pytest.approx([0.25, 1 / (1 + 3 / math.e)])
    stays = math.exp(-0.8 / 30.4375)
    at = shares_by_day(lead, 0.1, np.zeros(2))
    assert at == pytest.approx([0.25 - 0.15 * stays, 0.25 - 0.15 * stays**2], rel=1e-4)


def test_nights_and_prices_split_a_fleet(lab):
    moment = Moment(np.array([0.3, 0.3]), np.array([False, True]), np.ones(2), 0)
    assert FixedSplit(0.6).serving(moment).tolist() == [0.4, 0.4]
    assert NightSplit(0.5, 0.7).serving(moment) == pytest.approx([0.5, 0.3])
    assert ShadowPrice(WORTHS, 0.0).serving(moment).tolist() == [1.0, 1.0]
    at_price = ShadowPrice(WORTHS, 1.0).serving(moment)
    assert WORTHS.marginal(at_price, moment.load) == pytest.approx([1.0, 1.0], rel=0.15)  # from a table
    same = Marginal(WORTHS, (1.0,)).serving(moment)
    assert same.tolist() == at_price.tolist()
    assert ShadowPrice(WORTHS, 1e9).serving(moment).max() == pytest.approx(1e-3)
    assert is_night(USUAL, lab.clock)[:4].tolist() == [True, True, False, False]  # 22 to 10, at 3, 9, 15 and 21 h


def test_a_busy_gpu_is_worth_its_rent_over_margin_and_use():
    """1 / (.52 x .6) = 3.2 rents, and as much again of custom that is not turned away."""
    assert USUAL.serving.busy_worth == pytest.approx(1 / 0.312)
    assert WORTHS.kept == pytest.approx(2 / 0.312)


def test_who_trains_as_the_others_keeps_up(lab):
    """Half a step ahead when a model comes, half a step behind before the next: nothing in the mean."""
    seen = lab.course(FixedSplit(0.6))
    assert seen.lead[0] == pytest.approx(3.5, abs=0.05)
    assert seen.lead[:lab.clock.counted].mean() == pytest.approx(0.0, abs=0.4)
    gaps = np.diff(seen.releases) * 6 / HOURS_PER_YEAR * 12
    assert gaps == pytest.approx(np.full(len(gaps), 3.586), abs=0.05)
    assert seen.training == pytest.approx(np.full(len(seen.training), 0.6))


def test_who_does_not_train_falls_behind_steadily(lab):
    seen = lab.course(FixedSplit(0.0))
    assert len(seen.releases) == 0
    years = len(seen.lead) * 6 / HOURS_PER_YEAR
    assert seen.lead[-1] == pytest.approx(3.5 - 9 * math.log(13.5) * years, abs=0.1)


def test_moving_gpus_costs_training():
    """A quarter of an hour each way of what joins training in steps of six hours: a twelfth of it."""
    flat = at_point(USUAL, {"serving.noise": 0.0, "serving.weekend": 1.0})
    mine = lab_of(flat, Worths(flat.serving), None, 6)
    seen = mine.course(NightSplit(0.5, 0.7))
    assert seen.training[4:8] == pytest.approx([0.7 - 0.2 / 12, 0.7, 0.5, 0.5])


def test_an_hour_is_worth_what_paired_runs_differ_by(lab):
    """Where customers do not mind, nothing; else the first run's hours are worth more than the last one's."""
    base = lab.course(FixedSplit(0.6))
    worth = worth_of_runs(lab, FixedSplit(0.6), base)
    assert worth[0] > worth[-1] >= 0.0
    nobody = at_point(USUAL, {"lead.answer": 0.0})
    other = lab_of(nobody, WORTHS, Streams(5, 0), 6)
    assert worth_of_runs(other, FixedSplit(0.6), other.course(FixedSplit(0.6)))[0] == 0.0


def test_the_best_share_is_the_best_of_those_tried(lab):
    best = best_fixed([lab], Search((0.4, 0.8), (0.1,), 1))
    assert best in {FixedSplit(0.3), FixedSplit(0.4), FixedSplit(0.5)}
    tried = [lab.value(lab.course(FixedSplit(share))) for share in (0.3, 0.4, 0.5)]
    assert lab.value(lab.course(best)) == max(tried)


def test_p99_of_a_mixture_of_hours():
    """Nobody waits with room for all; where nine in ten are turned away, all but the first wait up to the limit."""
    queue = WORTHS.queue
    assert measures.p99_ttft_s(queue, 0.6, np.array([1e5]), np.array([2e4])) == 0.6
    assert measures.p99_ttft_s(queue, 0.6, np.array([1e4]), np.array([1e5])) == pytest.approx(10.6, abs=0.4)


def test_a_full_host_has_customers_for_another_gpu(lab):
    load = lab.usual[:lab.clock.counted]
    full = measures.host_of(lab, measures.filling(lab, load) * load)
    assert full.gpu_worth == pytest.approx(1.0, abs=1e-3)
    assert measures.host_of(lab, load).refused < full.refused


def row(profit, p99):
    return [Service(profit, 0.0, p99, 0.0, 7.0, 0.6, 0.5), Service(2 * profit, 0.0, p99, 0.0, 7.0, 0.6, 0.5)]


def test_statistics_by_hand():
    service = {FIXED: row(0.9, 1.0), NIGHTS: [*row(0.98, 1.0)[:1], Service(1.96, 0, 1.0, 0, 7.0, 0.6, 0.5)],
               MARGINAL: row(1.0, 1.2), HOST: row(1.0, 0.6), FULL_HOST: row(1.0, 2.4)}
    found = FoundSplits(USUAL, service, dict.fromkeys(service, ""), [0.0, 0.0], [0.0, 0.0], pd.DataFrame())
    said = STUDY.statistics(found)
    assert said["fixed_loss"] == pytest.approx([0.1, 0.1])
    assert said["nights_loss_se"] == pytest.approx([0.02 / 0.005] * 2)  # both seeds alike: half a per cent is one
    assert said["p99_over_host"] == pytest.approx([2.0, 2.0])
    assert said["p99_over_full_host"] == pytest.approx([0.5, 0.5])
    assert STUDY.control(found) == [0.0, 0.0]
    week = pd.DataFrame([(FIXED, 0.0, 0.9, 0.5), (FIXED, 12.0, 0.9, 0.5), (MARGINAL, 0.0, 0.2, 0.3),
                         (MARGINAL, 12.0, 0.4, 0.5)], columns=["kind", "hour", "load", "serving"])
    shown = replace(found, service={**service, SHADOW: row(0.99, 1.0)}, week=week)
    area = figure_of(shown, 1).axes[0].collections[0].get_paths()[0].vertices  # the load, once
    assert sorted(set(area[:, 1])) == [0.0, 0.2, 0.4]
    alone = next(iter(STUDY.inputs_alone(found).values()))
    assert alone == pytest.approx([0.27 * (0.56 / 2.56) * 0.5, 0.27 * (0.56 / 2.56) * 0.25])


@pytest.mark.parametrize("factor", factors_in(USUAL), ids=lambda it: it.path)
def test_every_assumption_moves_what_a_lab_earns(factor):
    """At a split that turns some requests away, and lets some wait."""
    def earned(value):
        at = at_point(USUAL, {factor.path: value})
        mine = lab_of(at, Worths(at.serving), Streams(5, 0), 12)
        return mine.value(mine.course(NightSplit(0.68, 0.72)))

    assert earned(factor.low) != earned(factor.high)


def test_options_and_manifest():
    parser = argparse.ArgumentParser()
    STUDY.add_options(parser)
    design = STUDY.design(parser.parse_args([]))
    assert STUDY.look(design) == ""
    assert STUDY.read(None, json.loads(json.dumps(design.parameters()))) == design
    assert STUDY.look(STUDY.design(parser.parse_args(["--assume", "serving.load=0.4"]))) == (
        "assumptions are not the study's own: serving.load = 0.4")
    with pytest.raises(ScenarioError, match="step_hours is 5, but must divide a day of 24"):
        STUDY.read(None, {**design.parameters(), "step_hours": 5})
