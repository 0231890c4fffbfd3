"""Properties of whole runs through the compiled engine, on generated markets."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from policies import bind
from sim.engines.compiled import CompiledEngine
from sim.engines.invariants import check
from sim.scenario import PolicyChoice
from worlds import small as worlds
from worlds.differential import random_case
from worlds.small import affine, drive, offer, requests, world

SEEDS = st.integers(min_value=0, max_value=2**32 - 1)


def table_of(of, seed, count=150, mean_gap_s=0.3):
    """Requests at exponential gaps with geometric lengths, drawn from a seed."""
    rng = np.random.default_rng(seed)
    times = np.cumsum(rng.exponential(mean_gap_s, count))
    lengths = rng.geometric(1 / 20, (count, 2))
    return requests(of, [
        {"arrive_s": at, "prompt": int(prompt), "output": int(output)}
        for at, (prompt, output) in zip(times, lengths, strict=True)
    ])


def ends(of, table):
    """The samples of a run, by request."""
    return np.sort(drive(CompiledEngine(of, iter([table]))).samples, order="key")


@given(SEEDS)
@settings(max_examples=12, deadline=None)  # and of two hundred more in test_differential.py
def test_nothing_is_lost_or_paid_twice(seed):
    case = random_case(seed)
    check(drive(CompiledEngine(case.world, iter(case.blocks)), case.changes, case.end_s))


@given(SEEDS, st.permutations(range(5)))
@settings(max_examples=25, deadline=None)
def test_the_order_of_offers_does_not_matter(seed, order):
    offers = [
        offer(affine(0.02 + 0.01 * i), provider=f"p{i}", queue=i, max_batch=1 + i, price_in_nano=100 + 7 * i,
              price_out_nano=300 + 11 * i)
        for i in range(5)
    ]
    cheapest = bind(PolicyChoice(kind="cheapest"))
    straight, shuffled = world(offers, cheapest), world([offers[i] for i in order], cheapest)
    one, other = (ends(of, table_of(of, seed)) for of in (straight, shuffled))
    for name in ("end_s", "first_token_s", "outcome", "attempts", "cost_nano"):
        np.testing.assert_array_equal(one[name], other[name], err_msg=name)
    names = [[of.offers[row].provider if row >= 0 else None for row in samples["offer"]]
             for of, samples in ((straight, one), (shuffled, other))]
    assert names[0] == names[1]


@given(SEEDS, st.floats(min_value=0.2, max_value=0.99))
@settings(max_examples=25, deadline=None)
def test_a_faster_server_ends_no_request_later(seed, speed_up):
    slow = world([offer(affine(0.02), max_batch=1)], worlds.first())
    fast = world([offer(affine(0.02 * speed_up), max_batch=1)], worlds.first())
    assert np.all(ends(fast, table_of(fast, seed))["end_s"] <= ends(slow, table_of(slow, seed))["end_s"])


LIMITS = {  # what each policy is in a limit of its parameters, to the last decision: they share the request's draws
    "k = 0 is random": ({"kind": "openrouter_classic", "k": 0.0}, "random"),
    "exponent 0 is random": ({"kind": "weighted", "exponent": 0.0}, "random"),
    "d = n is the shortest queue": ({"kind": "power_of_d", "d": 6}, "least_in_flight"),
    "d > n by tokens is the least work known": ({"kind": "power_of_d", "d": 9, "by_tokens": True},
                                                "least_outstanding_tokens"),
    "V = 0 is the least work known": ({"kind": "drift_plus_penalty", "v": 0.0}, "least_outstanding_tokens"),
    "huge V is cheapest": ({"kind": "drift_plus_penalty", "v": 1e15}, "cheapest"),
}


@pytest.mark.parametrize(("limit", "plain"), LIMITS.values(), ids=LIMITS)
@given(SEEDS)
@settings(max_examples=25, deadline=None)
def test_policies_in_their_limits_are_other_policies(limit, plain, seed):
    offers = [offer(affine(0.05), provider=f"p{i}", price_in_nano=100 + 7 * i, price_out_nano=300 + 11 * i,
                    max_batch=4, queue=i) for i in range(6)]
    runs = []
    for choice in (limit, {"kind": plain}):
        of = world(offers, bind(PolicyChoice.model_validate(choice)))
        runs.append(drive(CompiledEngine(of, iter([table_of(of, seed, mean_gap_s=0.05)]))))
    assert len(set(runs[0].samples["offer"])) > 1  # the rule has something to decide
    np.testing.assert_array_equal(*(np.sort(run.samples, order="key") for run in runs))
    np.testing.assert_array_equal(*(run.offer_sums for run in runs))
    np.testing.assert_array_equal(*(run.class_hist for run in runs))
