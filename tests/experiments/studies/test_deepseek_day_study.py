"""DeepSeek's day stepped through: closed forms where nothing is random, hand-worked figures, and known worlds."""

import argparse
import json
import math

import numpy as np
import pytest

from experiments.studies.assuming import at_point, factors_in
from experiments.studies.deepseek_day import STUDY, measures, stepping
from experiments.studies.deepseek_day.assumed import DayAssumptions
from experiments.studies.deepseek_day.design import PublishedDay
from experiments.studies.deepseek_day.measures import FoundDay, NodeRates
from experiments.studies.deepseek_day.stepping import Steps
from experiments.validation import deepseek_day as day
from experiments.verdicts.deciding import decide
from sim.engines.steptime import StepCoefficients

USUAL = DayAssumptions()
SHORT = PublishedDay(USUAL, 5, 1, 20, 10)
# a step of one second and a nanosecond for each KV token read: as long as 1 s if memory is nothing to it
FLAT = day.Unit(day.DECODE_GPUS, StepCoefficients(1.0, 0.0, 0.0, 0.0, 1e-9, 0.0, 0.0, 0.0), overlapped=False)


@pytest.mark.parametrize("cv", [0.0, 0.7, 1.0, 2.0])
def test_the_mean_context_is_what_was_published(cv):
    request = stepping.request_of(cv)
    assert request.prompt / request.output == pytest.approx(608 / 168)
    assert request.prompt + request.output * (1 + cv**2) / 2 == pytest.approx(4989)
    assert cv > 0.0 or request == day.lengths()


def test_lengths_have_their_moments():
    draws = np.random.default_rng(1)
    plain, by_size = (stepping.drawn(1000.0, 0.5, draws, 200_000, by) for by in (False, True))
    assert plain.mean() == pytest.approx(1000.0, rel=0.01)
    assert plain.std() / plain.mean() == pytest.approx(0.5, rel=0.02)
    assert by_size.mean() == pytest.approx(1000.0 * 1.25, rel=0.01)  # (1 + cv^2): long ones hold more tokens
    assert stepping.drawn(7.0, 0.0, draws, 3).tolist() == [7.0] * 3


def test_decode_in_the_long_run_reads_the_published_context():
    """128 requests a GPU on 144 read 4,989 tokens each: a second and .092 s a step."""
    found = stepping.decode_stepped(FLAT, 128, 1.0, Steps(60, 0), np.random.default_rng(2))
    tau = 1.0 + 1e-9 * 144 * 128 * 4989
    assert found.per_user == pytest.approx(1 / tau, rel=2e-3)
    assert found.per_node == pytest.approx(128 * 8 / tau, rel=2e-3)


def test_the_slowest_gpu_is_waited_for_as_far_as_gpus_are_unbalanced():
    assert [stepping.waited_for(np.array([1.0, 2.0, 6.0]), it) for it in (0.0, 0.5, 1.0)] == [3.0, 4.5, 6.0]
    rates = [stepping.decode_stepped(FLAT, 16, 1.0, Steps(30, 0, it), np.random.default_rng(2)).per_node
             for it in (0.0, 1.0)]
    assert rates[1] < rates[0]


def test_prefill_of_prompts_all_alike_is_the_closed_form():
    """Steps cut prompts anywhere, and over many of them each pair is counted once."""
    unit = day.unit(day.PREFILL_GPUS, measures.CASE)
    found = stepping.prefill_stepped(unit, 0.0, Steps(200, 0), np.random.default_rng(3))
    assert found.per_node == pytest.approx(day.prefill(unit) / 4, rel=1e-3)
    assert math.isnan(found.per_user)


def test_pairs_of_a_gpu_by_hand():
    """Prompts of 1,000 of which .5625 are there: 437.5 new ones see 562.5 to 1,000 tokens, on average 781.25."""
    request = stepping.Lengths(1000.0, 10.0, 0.5625)
    pairs = stepping._pairs(request, 0.0, 50, np.random.default_rng(4))
    assert pairs.sum() == pytest.approx(50 * 16_384 * 781.25, rel=1e-3)
    # 16,384 are 37 whole prompts and 197.5 of the next, which see 562.5 to 760
    assert pairs[0] == pytest.approx(37 * 437.5 * 781.25 + 196.5 * (562.5 + 196.5 / 2))


def test_the_control_is_null_and_closed_form_is_the_validation_s():
    assert abs(measures.alike(SHORT)) < 1e-3
    known = {it.name: it.ours for it in day.outcomes()}
    for place, case in enumerate(day.CASES):
        rates = measures.closed_form(USUAL, case)
        assert rates == pytest.approx((known["prefill, hits included"][place], known["decode"][place],
                                       known["speed"][place]))
        assert measures.nodes(rates) == pytest.approx(known["nodes, mean"][place])
        assert measures.cost_usd(rates) == pytest.approx(known["cost"][place])


def test_published_rates_give_published_nodes_and_cost():
    """5,444.7 node-hours against 5,442, and 16 USD each (arithmetic)."""
    rates = NodeRates(73_700.0, 14_800.0, 21.0)
    table = measures.summary(FoundDay(dict.fromkeys(day.CASES, rates), (rates, rates), 0.0)).set_index("figure")
    assert table["published_exchange"]["node-hours"] == pytest.approx(5444.7, abs=0.1)
    assert table["published"]["node-hours"] == pytest.approx(5442.0)
    assert table["arithmetic"]["node-hours"] == pytest.approx(5444.7, abs=0.1)
    assert table["simulated"]["cost"] == pytest.approx(5444.7256 * 16, rel=1e-6)
    assert table["error"][["prefill, hits included", "decode"]].tolist() == [0.0, 0.0]
    assert table["simulated_error"]["nodes, mean"] == pytest.approx(0.0005, abs=1e-4)
    assert table["simulated"]["hits"] == 0.5625
    assert table["arithmetic"]["profit over cost"] == pytest.approx(562_027 / 87_072 - 1)
    revenue = (1 + table["simulated"]["profit over cost"]) * table["simulated"]["cost"]
    assert revenue == pytest.approx({it.name: it.ours[0] for it in day.arithmetic()}["revenue at those prices"])


def test_the_larger_error_counts():
    assert measures.worst(NodeRates(1.2 * 73_700, 0.6 * 14_800, 21.0)) == pytest.approx(0.4)
    assert measures.worst(NodeRates(1.7 * 73_700, 0.6 * 14_800, 21.0)) == pytest.approx(0.7)


def test_worlds_built_so_and_opposite():
    for world, said in ((STUDY.built_so(), "supported"), (STUDY.opposite(), "contradicted")):
        assert decide(STUDY.rule, STUDY.statistics(world), STUDY.control(world)).said == said


def test_every_assumption_moves_a_rate():
    for factor in factors_in(USUAL):
        worlds = [at_point(USUAL, {factor.path: value}) for value in (factor.low, factor.high)]
        ends = [measures.stepped_through(SHORT, it, 0) for it in worlds]
        assert ends[0] != ends[1], factor.path
    faster = at_point(USUAL, {"speed_per_s": 30.0})
    assert measures.closed_form(faster, measures.CASE).decode < measures.closed_form(USUAL, measures.CASE).decode
    slower = at_point(USUAL, {"steps_slower": 2.0, "exchange_slower": 2.0})
    assert measures.closed_form(slower, measures.CASE).prefill == pytest.approx(
        measures.closed_form(USUAL, measures.CASE).prefill / 2)


def test_a_batch_is_made_smaller_until_users_are_served_fast_enough():
    """Unbalanced GPUs make steps longer than closed form, so that fewer requests fit into the promised speed."""
    quick = at_point(USUAL, {"imbalance": 1.0, "exchange_slower": 0.1})  # so that KV memory is what steps wait for
    asked = at_point(quick, {"speed_per_s": measures.closed_form(quick, measures.CASE).speed})
    found = measures.stepped_through(SHORT, asked, 0)
    assert found.speed >= asked.speed_per_s
    assert found.decode < measures.closed_form(asked, measures.CASE).decode


def test_options_designs_and_looks():
    parser = argparse.ArgumentParser()
    STUDY.add_options(parser)
    design = STUDY.design(parser.parse_args([]))
    assert STUDY.look(design) == ""
    assert STUDY.read(None, json.loads(json.dumps(design.parameters()))) == design
    look = STUDY.quick(design)
    assert STUDY.look(PublishedDay(USUAL, STUDY.rule.seed, 10, 200, 400)) == "200 and 400 steps of 2000 and 400"
    assert STUDY.assumptions(look.design) is None
    assert {it.path for it in STUDY.assumptions(design)[0]} == {
        "lengths_cv", "imbalance", "exchange_slower", "steps_slower"}
