"""Every invariant notices the damage that it is there for."""

from dataclasses import replace

import pytest

from experiments.runs.run_traffic import run_traffic
from experiments.scenarios import load_traffic
from sim.engines import outcome as o
from sim.engines.invariants import INVARIANTS, check
from sim.errors import InvariantError


@pytest.fixture(scope="module")
def good():
    return run_traffic(load_traffic("duel", ["traffic.engine=reference", "traffic.duration_s=20",
                                      "traffic.warmup_s=4", "traffic.sample_share=1"]))


def test_a_good_run_passes(good):
    assert good.born.sum() > 100
    assert check(good) == tuple(INVARIANTS)


def damaged(run, name, *index, by=1):
    array = getattr(run, name).copy()
    array[index] += by
    return replace(run, **{name: array})


@pytest.mark.parametrize(("invariant", "damage"), [
    ("counters_not_negative", ("class_sums", 0, o.MEASURED, o.FEE_NANO, {"by": -(10**15)})),
    ("requests_conserved", ("born", 0, o.MEASURED)),
    ("attempts_are_placements", ("offer_sums", 0, o.WARMUP, o.PLACED)),
    ("completions_are_served", ("offer_sums", 0, o.MEASURED, o.SERVED)),
    ("sales_are_routers", ("router_sums", 0, 0, o.SERVED_FOR)),
    ("histograms_are_complete", ("class_hist", 0, o.E2E, 5)),
    ("histograms_are_complete", ("offer_hist", 0, o.TTFT, 5)),
    ("tokens_billed_are_served", ("class_sums", 0, o.MEASURED, o.OUTPUT_TOKENS)),
    ("payments_are_revenue_and_fees", ("class_sums", 0, o.MEASURED, o.PAID_NANO)),
    ("payments_are_revenue_and_fees", ("offer_sums", 0, o.MEASURED, o.REVENUE_NANO)),
    ("nobody_pays_unasked", ("offer_sums", 0, o.WARMUP, o.WRITTEN_OFF_NANO)),
])
def test_damage_is_named(good, invariant, damage):
    *place, last = damage
    by = last["by"] if isinstance(last, dict) else 1
    index = place[1:] if isinstance(last, dict) else [*place[1:], last]
    with pytest.raises(InvariantError, match=f"invariant {invariant} is broken: .*[0-9]"):
        check(damaged(good, place[0], *index, by=by))


def test_time_must_not_run_backwards(good):
    samples = good.samples.copy()
    samples["end_s"][3] = samples["born_s"][3] - 1
    with pytest.raises(InvariantError, match="clock_goes_forward"):
        check(replace(good, samples=samples))
