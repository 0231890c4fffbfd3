"""The rules in which engines differ (semantics, section 17), worked by hand; steps of a second unless it is said."""

import math
from dataclasses import replace

import numpy as np
import pytest

from providers.offers import build_offers
from sim.draws import STAY, derive
from sim.engines import outcome as o
from sim.engines.compiled import CompiledEngine
from sim.engines.kept_room import NOTHING, SHARE, WHOLE, share_after_preemption, share_kept
from sim.engines.reference import ReferenceEngine
from sim.scenario import Engine, TrafficScenario
from worlds.differential import random_case
from worlds.small import Client, affine, drive, offer, requests, world

ENGINES = [CompiledEngine, ReferenceEngine]


@pytest.fixture(params=ENGINES, ids=lambda engine: engine.__name__)
def engine_class(request):
    return request.param


def served(engine_class, spec, rows):
    """The outcome, and its samples in order of the rows."""
    market = world([spec])
    result = drive(engine_class(market, iter([requests(market, rows)])))
    return result, np.sort(result.samples, order="key")


def preemptions(result):
    return result.offer_work[0, o.PREEMPTIONS]


# Prefill first


def test_who_decodes_waits_for_prefill(engine_class):
    spec = offer(affine(1.0, 0.1, 0.01), max_step_tokens=5, max_batch=4, prefills_first=True)
    result, rows = served(engine_class, spec, [{"arrive_s": 0.0, "prompt": 2, "output": 4},
                                               {"arrive_s": 0.5, "prompt": 10, "output": 1}])
    first_s = 1.0 + 0.2 + 0.02
    prefilled_s = first_s + (1.0 + 0.5 + 0.05) + (1.0 + 0.5 + 0.10)  # two steps of five tokens each, and no other
    assert rows["first_token_s"] == pytest.approx([first_s, prefilled_s])
    assert rows["end_s"] == pytest.approx([prefilled_s + 1.13 + 1.14 + 1.15, prefilled_s])
    assert result.offer_work[0].tolist() == pytest.approx([rows["end_s"][0], 6, 12, 3, 0])


@pytest.mark.parametrize(("first", "ends_s"), [(True, [1.0, 3.0, 2.0]), (False, [1.0, 2.0, 3.0])])
def test_prefill_first_admits_no_more_than_fill_a_step(engine_class, first, ends_s):
    spec = offer(max_step_tokens=5, max_batch=4, prefills_first=first)
    _, rows = served(engine_class, spec, [{"arrive_s": 0.0, "prompt": 5, "output": 1}] * 2
                     + [{"arrive_s": 0.5, "prompt": 1, "output": 1, "priority": 1}])
    assert rows["end_s"].tolist() == ends_s  # the urgent one finds the second in the queue, or in the batch


def test_nobody_is_preempted_while_prefill_goes_first(engine_class):
    """From 2 to 3 the first two decode and hold 6 tokens, the third 6: two more do not fit, but nobody writes any."""
    spec = offer(kv_capacity_tokens=13, max_step_tokens=5, max_batch=4, prefills_first=True)
    result, rows = served(engine_class, spec, [{"arrive_s": 0.0, "prompt": 3, "output": 3},
                                               {"arrive_s": 0.5, "prompt": 3, "output": 2},
                                               {"arrive_s": 0.5, "prompt": 6, "output": 1}])
    assert rows["first_token_s"].tolist() == [1.0, 2.0, 3.0]
    assert rows["end_s"].tolist() == [5.0, 4.0, 3.0]
    assert preemptions(result) == 0


def test_who_does_not_fit_after_prefill_is_preempted_then(engine_class):
    spec = offer(kv_capacity_tokens=12, max_step_tokens=3, max_batch=2, prefills_first=True)
    result, rows = served(engine_class, spec, [{"arrive_s": 0.0, "prompt": 3, "output": 4},
                                               {"arrive_s": 2.5, "prompt": 6, "output": 2}])
    # three tokens by 3, when 5 + 1 + 6 fit; two steps of prefill, after which 11 + 2 do not
    assert rows["first_token_s"].tolist() == [1.0, 5.0]
    assert rows["end_s"].tolist() == [6.0, 9.0]  # 6 + 1 tokens of the other one are computed anew
    assert preemptions(result) == 1


@pytest.mark.parametrize(("first", "tokens"), [(True, 1), (False, 2)])
def test_who_leaves_while_prefill_goes_first_has_no_token_of_it(engine_class, first, tokens):
    """The customer leaves at 2.5, in a step of the other's prefill; the other one has its only token at 5."""
    clients = [Client(stay_s=-1.5 / math.log1p(-derive(1, STAY, 0))), Client()]
    market = world([offer(max_step_tokens=5, max_batch=2, prefills_first=first)], clients=clients,
                   routers={"main": {"billing": {"customer_left": "customer"}}})
    result = drive(engine_class(market, iter([requests(market, [
        {"arrive_s": 0.0, "prompt": 5, "output": 9},
        {"arrive_s": 0.5, "prompt": 20, "output": 1, "client_class": 1}])])))
    assert np.sort(result.samples, order="key")["outcome"].tolist() == [o.ABANDONED, o.COMPLETED]
    assert result.class_sums[:, o.MEASURED, o.COST_NANO].tolist() == [5000 + 2000 * tokens, 20_000 + 2000]


# Room for the rest of answers


@pytest.mark.parametrize(("reserve", "ends_s"), [(NOTHING, [3.0, 3.0]), (WHOLE, [3.0, 6.0])])
@pytest.mark.parametrize("max_tokens", [5, 0])  # 4 + 5 - 1 tokens, or all that has room
def test_a_whole_reserve_lets_in_whom_it_can_serve_to_the_end(engine_class, reserve, ends_s, max_tokens):
    spec = offer(kv_capacity_tokens=12, reserve=reserve)
    rows = [{"arrive_s": 0.0, "prompt": 4, "output": 3, "max_tokens": max_tokens}] * 2
    _, rows = served(engine_class, spec, rows)
    assert rows["end_s"].tolist() == ends_s


@pytest.mark.parametrize(("capacity", "first_s"), [(15, 2.0), (14, 4.0)])
def test_a_whole_reserve_counts_what_is_left_to_write(engine_class, capacity, first_s):
    """The first holds 5 tokens at 2 and may write 3 more; the second needs 4 and may write 3."""
    spec = offer(kv_capacity_tokens=capacity, reserve=WHOLE)
    _, rows = served(engine_class, spec, [{"arrive_s": 0.0, "prompt": 4, "output": 3, "max_tokens": 5},
                                          {"arrive_s": 0.5, "prompt": 4, "output": 1, "max_tokens": 4}])
    assert rows["first_token_s"].tolist() == [1.0, first_s]


@pytest.mark.parametrize(("capacity", "arrive_s", "first_s"), [
    (24, 0.5, 2.0),  # at 1: it holds 4, may write 8, all of which is kept; the second needs 4 and may write 8
    (23, 0.5, 5.0),  # at 2 it would fit, but is not asked until the first has left at 4
    (23, 1.5, 3.0),  # at 2: it holds 5, and of 7 that it may write .9986 are kept: 6
    (22, 1.5, 5.0),
])
def test_a_share_falls_and_who_does_not_fit_waits_until_somebody_leaves(engine_class, capacity, arrive_s, first_s):
    spec = offer(kv_capacity_tokens=capacity, reserve=SHARE, first_share=1.0)
    _, rows = served(engine_class, spec, [{"arrive_s": 0.0, "prompt": 4, "output": 4, "max_tokens": 9},
                                          {"arrive_s": arrive_s, "prompt": 4, "output": 1, "max_tokens": 9}])
    assert rows["first_token_s"].tolist() == [1.0, first_s]


def test_a_share_begins_anew_when_nobody_is_left(engine_class):
    """What went before has no part in it: as in the second line above, ten seconds later."""
    spec = offer(kv_capacity_tokens=23, reserve=SHARE, first_share=1.0)
    _, rows = served(engine_class, spec, [{"arrive_s": 0.0, "prompt": 1, "output": 5},
                                          {"arrive_s": 10.0, "prompt": 4, "output": 4, "max_tokens": 9},
                                          {"arrive_s": 10.5, "prompt": 4, "output": 1, "max_tokens": 9}])
    assert rows["first_token_s"].tolist() == [1.0, 11.0, 15.0]


@pytest.mark.parametrize(("prompt", "first_s"), [(808, 2.0), (809, 4.0)])
def test_of_a_long_rest_4096_tokens_count(engine_class, prompt, first_s):
    spec = offer(kv_capacity_tokens=4000 + 4096 + 808 + 4096, reserve=SHARE, first_share=1.0)
    _, rows = served(engine_class, spec, [{"arrive_s": 0.0, "prompt": 4000, "output": 3, "max_tokens": 9000},
                                          {"arrive_s": 0.5, "prompt": prompt, "output": 1, "max_tokens": 9000}])
    assert rows["first_token_s"].tolist() == [1.0, first_s]


def test_a_share_begins_anew_after_a_preemption(engine_class):
    """A tenth is kept at first, and all of it once the second was preempted at 3: so the third waits until 8."""
    spec = offer(kv_capacity_tokens=11, reserve=SHARE, first_share=0.1, preempts_shortest=True)
    result, rows = served(engine_class, spec, [{"arrive_s": 0.0, "prompt": 4, "output": 8, "max_tokens": 8},
                                               {"arrive_s": 0.5, "prompt": 4, "output": 4, "max_tokens": 4},
                                               {"arrive_s": 2.5, "prompt": 1, "output": 1, "max_tokens": 1}])
    assert preemptions(result) == 1
    assert rows["first_token_s"].tolist() == [1.0, 2.0, 9.0]
    assert rows["end_s"].tolist() == [8.0, 10.0, 9.0]


def test_what_share_is_kept():
    assert share_kept(0.7, 0.7, 0) == share_kept(0.7, 0.7, -1) == 0.7
    assert share_kept(0.7, 0.7, 300) == pytest.approx(0.7 * (1 + 0.14) / 2)
    assert share_kept(0.7, 0.7, 600) == share_kept(0.7, 0.7, 10**9) == pytest.approx(0.098)
    assert share_kept(0.7, 0.03, 0) == pytest.approx(0.098)
    assert share_after_preemption(5, 999, 2) == 0.045
    assert share_after_preemption(5, 30, 2) == 1.0


@pytest.mark.parametrize("seed", range(40, 52))
def test_under_a_whole_reserve_nobody_is_ever_preempted(seed):
    case = random_case(seed)
    offers = tuple(replace(spec, reserve=WHOLE) for spec in case.world.offers)
    engine = CompiledEngine(replace(case.world, offers=offers), iter(case.blocks))
    assert not drive(engine, case.changes, case.end_s).offer_work[:, o.PREEMPTIONS].any()


# Who is preempted

CROWD = [{"arrive_s": 0.0, "prompt": 6, "output": 4}, {"arrive_s": 0.0, "prompt": 4, "output": 4},
         {"arrive_s": 1.5, "prompt": 4, "output": 1}]


@pytest.mark.parametrize(("shortest", "ends_s"), [
    (True, [6.0, 4.0, 4.0]),  # the longest prompt of those with two tokens, behind the third, who fits at 3
    (False, [4.0, 6.0, 5.0]),  # the newest, before the third
])
def test_who_has_emitted_least_goes_to_the_end_of_the_queue(engine_class, shortest, ends_s):
    result, rows = served(engine_class, offer(kv_capacity_tokens=13, preempts_shortest=shortest), CROWD)
    assert preemptions(result) == 1
    assert rows["end_s"].tolist() == ends_s


@pytest.mark.parametrize(("shortest", "count", "ends_s"), [(True, 2, [6.0, 8.0, 7.0]), (False, 1, [6.0, 6.0, 8.0])])
def test_there_must_be_room_for_twenty_steps_then(engine_class, shortest, count, ends_s):
    """At 4 three requests hold 33 tokens each; two of them and forty more do not fit into 100."""
    spec = offer(kv_capacity_tokens=100, preempts_shortest=shortest)
    result, rows = served(engine_class, spec, [{"arrive_s": 0.0, "prompt": 30, "output": 6}] * 3)
    assert preemptions(result) == count
    assert rows["end_s"].tolist() == ends_s


def test_who_has_emitted_less_goes_whose_prompt_is_shorter(engine_class):
    rows = [{"arrive_s": 0.0, "prompt": 6, "output": 4}, {"arrive_s": 0.5, "prompt": 4, "output": 3}]
    _, rows = served(engine_class, offer(kv_capacity_tokens=12, preempts_shortest=True), rows)
    assert rows["first_token_s"].tolist() == [1.0, 2.0]
    assert rows["end_s"].tolist() == [4.0, 6.0]  # at 2 they hold 7 and 4, and two more do not fit


# Settings


def test_a_dialect_is_a_set_of_rules_and_each_can_be_replaced():
    assert Engine().rules == ("nothing", "newest", "mixed")
    assert Engine(dialect="sglang").rules == ("share", "shortest", "first")
    assert Engine(dialect="tensorrt_llm").rules == ("whole", "newest", "mixed")
    assert Engine(dialect="sglang", prefill="mixed", preempt="newest").rules == ("share", "newest", "mixed")
    assert Engine(dialect="tensorrt_llm", reserve="nothing").rules == Engine().rules


def test_offers_of_a_pool_have_the_rules_of_their_host():
    price = {"input_usd_per_mtok": 1, "output_usd_per_mtok": 1}
    host = {"model": "m", "price": price, "serving": {"kind": "affine", "base_s": 1.0},
            "engine": {"dialect": "sglang", "first_share": 0.5}}
    settings = {"name": "pools", "traffic": {"duration_s": 10.0}, "routers": {"main": {}},
                "demand": {"chat": {"model": "m", "arrivals": {"kind": "poisson", "rate_per_s": 1.0}}},
                "providers": {"p": {"offers": {"m": host, "m:flex": {"model": "m", "price": price, "pool": "m",
                                                                    "service_tier": "flex"}}}}}
    for spec in build_offers(TrafficScenario.model_validate(settings)):
        assert (spec.reserve, spec.first_share, spec.preempts_shortest, spec.prefills_first) == (SHARE, 0.5, True, True)
