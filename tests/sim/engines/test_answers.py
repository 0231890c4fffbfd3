"""Nobody but the engine knows how long an answer will be; it ends at ``max_tokens`` or where its offer's room ends."""

import numpy as np
import pytest

from sim import view as v
from sim.engines import outcome as o
from sim.engines.compiled import CompiledEngine
from sim.engines.reference import ReferenceEngine
from worlds.small import Client, affine, drive, lowest, offer, requests, world

ENGINES = (CompiledEngine, ReferenceEngine)


def served(engine, market, rows):
    """Samples by key, and the outcome."""
    result = drive(engine(market, iter([requests(market, rows)])))
    return np.sort(result.samples, order="key"), result


def reasons(rows):
    return [o.FINISH_REASONS[code] for code in np.atleast_1d(rows)["finish"]]


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize(("room", "prompt", "max_tokens", "output", "answer", "reason"), [
    ({"context_tokens": 10}, 4, 0, 6, 6, "stop"),  # just as long as allowed: it ended by itself
    ({"context_tokens": 10}, 4, 0, 7, 6, "length"),
    ({"context_tokens": 10}, 9, 0, 7, 1, "length"),
    ({"context_tokens": 10}, 10, 0, 1, 0, "error"),  # no room for a token
    ({"kv_capacity_tokens": 9}, 4, 0, 7, 6, "length"),  # the last token is sent, not kept
    ({"kv_capacity_tokens": 9, "seq_overhead_tokens": 2}, 4, 0, 7, 4, "length"),
    ({"kv_capacity_tokens": 9}, 10, 0, 1, 0, "error"),
    ({"context_tokens": 10}, 4, 3, 3, 3, "stop"),
    ({"context_tokens": 10}, 4, 3, 4, 3, "length"),
    ({"context_tokens": 10}, 4, 6, 2, 2, "stop"),
    ({"context_tokens": 10}, 4, 7, 2, 0, "error"),  # it might be that long: no offer may take it
    ({"kv_capacity_tokens": 9}, 4, 7, 2, 0, "error"),
])
def test_where_an_answer_ends_and_why(engine, room, prompt, max_tokens, output, answer, reason):
    market = world([offer(affine(1.0), **room)])
    (row,), result = served(engine, market, [
        {"arrive_s": 0.0, "prompt": prompt, "output": output, "max_tokens": max_tokens}])
    assert (row["output"], row["drawn"], reasons(row)) == (answer, output, [reason])
    assert row["outcome"] == (o.COMPLETED if answer else o.REFUSED)
    assert row["cost_nano"] == (prompt * 1000 + answer * 2000 if answer else 0)
    assert row["end_s"] == answer  # a step of a second each
    sums, sold = result.class_sums[0, o.MEASURED], result.offer_sums[0, o.MEASURED]
    assert sums[[o.OUTPUT_TOKENS, o.CUT]].tolist() == [answer, reason == "length"]
    assert sold[[o.SERVED_OUTPUT, o.SERVED_CUT]].tolist() == [answer, reason == "length"]


@pytest.mark.parametrize("engine", ENGINES)
def test_one_request_is_cut_at_one_offer_and_whole_at_another(engine):
    market = world([offer(affine(1.0), context_tokens=5, fast_failure_share=1.0), offer(affine(1.0))])
    (row,), result = served(engine, market, [{"arrive_s": 0.0, "prompt": 3, "output": 4}])
    assert (row["offer"], row["output"], reasons(row)) == (1, 4, ["stop"])
    assert result.class_sums[0, o.MEASURED, o.CUT] == 0


@pytest.mark.parametrize("engine", ENGINES)
def test_latencies_and_objectives_are_of_the_served_answer(engine):
    """Two tokens of ten: a second to the first, a second more to the last."""
    market = world([offer(affine(1.0))], clients=[Client(slo_ttft_s=1.0, slo_tpot_s=1.0)])
    _, result = served(engine, market, [{"arrive_s": 0.0, "prompt": 1, "output": 10, "max_tokens": 2}])
    assert result.class_metric_sums[0].tolist() == [1.0, 1.0, 2.0]
    assert result.class_sums[0, o.MEASURED, o.GOOD] == 1


@pytest.mark.parametrize("engine", ENGINES)
def test_a_router_expects_the_mean_of_what_it_has_seen(engine):
    """The feed's 10 counts as one answer: then 10, (10 + 40)/2 and (10 + 40 + 4)/3, each at most max_tokens."""
    market = world([offer(affine(0.001), tokens_per_min=100, price_in_nano=0)], clients=[Client(), Client()])
    common = {"prompt": 1, "expected_output": 10.0}
    rows = [{"arrive_s": 60.0, "output": 40, **common},  # 1 + 10
            {"arrive_s": 120.0, "output": 500, "max_tokens": 4, **common},  # 1 + 4, and served 4
            {"arrive_s": 180.0, "output": 9, **common}, *[{"arrive_s": 180.0, "output": 1, **common}] * 5,
            {"arrive_s": 240.0, "output": 1, "client_class": 1, **common}]
    weights = [1 + 10, 1 + 4] + [1 + 18] * 6 + [1 + 10]
    found, _ = served(engine, market, rows)
    # of six requests of 19 tokens in the third minute five fit under the limit of 100
    assert sum(weights[2:8]) > 100 >= sum(weights[2:7])
    assert found["outcome"].tolist() == [o.COMPLETED] * 7 + [o.REFUSED, o.COMPLETED]


@pytest.mark.parametrize("engine", ENGINES)
def test_no_router_sorts_answers_by_their_true_length(engine):
    """Offer 0 is cheap and holds little: what it cuts goes there like all else; a max_tokens that it lacks does not."""
    offers = [offer(affine(0.001), context_tokens=1000), offer(affine(0.001), price_in_nano=2000, price_out_nano=4000)]
    market = world(offers, lowest(v.COST_USD))
    plain = [{"arrive_s": 10.0 * i, "prompt": 500, "output": 1500 if i % 10 == 9 else 20} for i in range(40)]
    found, result = served(engine, market, plain)
    assert found["offer"].tolist() == [0] * 40
    assert result.class_sums[0, o.MEASURED, o.CUT] == 4
    assert sorted(set(found["output"].tolist())) == [20, 500]
    asking, _ = served(engine, market, [{**row, "max_tokens": 1500} for row in plain])
    assert asking["offer"].tolist() == [1] * 40
    assert reasons(asking) == ["stop"] * 40


@pytest.mark.parametrize("engine", ENGINES)
def test_what_is_admitted_always_comes_to_its_end(engine):
    """Many long answers share little memory: they push each other out, and none waits for ever."""
    market = world([offer(affine(0.01), kv_capacity_tokens=40, seq_overhead_tokens=3, max_batch=8)])
    rows = [{"arrive_s": 0.01 * i, "prompt": 1 + i % 37, "output": 1000} for i in range(60)]
    found, result = served(engine, market, rows)
    assert found["outcome"].tolist() == [o.COMPLETED] * 60
    assert (found["prompt"] + found["output"] == 40 + 1 - 3).all()
    assert result.offer_work[0, o.PREEMPTIONS] > 10


@pytest.mark.parametrize("engine", ENGINES)
def test_requests_that_have_not_ended_have_no_reason(engine):
    market = world([offer(affine(1.0))])
    running = engine(market, iter([requests(market, [{"arrive_s": 0.0, "prompt": 1, "output": 9}])]))
    running.advance(3.0)
    (row,) = running.outcome().samples
    assert (row["outcome"], row["finish"], row["output"], row["drawn"]) == (o.IN_FLIGHT, o.NO_FINISH, 0, 9)
