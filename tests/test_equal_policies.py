"""Policies that must be the same, on whole runs: equal in every counter, not only on average."""

import numpy as np
import pytest

from experiments import change, load, run

SAME = [
    ("{kind='random'}", "{kind='openrouter_classic', k=0}"),  # price to the power of 0 weighs nothing
    ("{kind='least_in_flight'}", "{kind='power_of_d', d=64}"),  # a sample of all offers
]


@pytest.mark.parametrize(("policy", "limit"), SAME)
def test_limits_of_policies_are_the_same_run(policy, limit):
    base = load("tournament", "traffic.duration_s=60", "traffic.warmup_s=5", "traffic.load=0.5")
    assert len(base.providers) < 64
    runs = [run(change(base, f"routers.main.policy={kind}"), 1) for kind in (policy, limit)]
    assert runs[0].outcomes[:, 1].sum() > 2000
    for name in ("born", "outcomes", "class_sums", "offer_sums", "offer_work", "class_hist", "class_metric_sums"):
        assert np.array_equal(*(getattr(one, name) for one in runs)), name
