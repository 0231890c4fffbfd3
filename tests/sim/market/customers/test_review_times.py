"""Times of review: Poisson processes by workload, whoever else is there."""

import numpy as np
import pytest

from sim.market.customers.review_times import ReviewTimes
from sim.market.customers.tastes import exponentials

KEY = np.arange(1, 4001, dtype=np.uint64)


def test_the_first_review_is_an_exponential_after_entry_and_several_may_be_over():
    times = ReviewTimes(KEY, "it", np.full(4000, 5.0), 0.5)
    first = 5.0 + exponentials(KEY, "it", np.zeros(4000, np.int64)) / 0.5
    assert not times.take(4.999).any()
    assert (times.take(8.0) == (first <= 8.0)).all()
    assert not times.take(8.0).any()
    times.take(65.0)
    # 4,000 Poisson processes over 60 days at half a review a day: 30 each, within five standard errors
    assert times.taken.mean() == pytest.approx(30.0, abs=5 * (30 / 4000) ** 0.5)
    assert times.taken.var() == pytest.approx(30.0, rel=5 * (2 / 4000) ** 0.5)


def test_without_a_rate_there_is_none_and_others_names_and_company_do_not_matter():
    some = ReviewTimes(KEY[:10], "it", np.zeros(10), np.where(np.arange(10) < 5, 0.0, 1.0))
    every = ReviewTimes(KEY, "it", np.zeros(4000), 1.0)
    other = ReviewTimes(KEY, "that", np.zeros(4000), 1.0)
    for times in (some, every, other):
        times.take(30.0)
    assert some.taken[:5].tolist() == [0] * 5
    assert some.taken[5:].tolist() == every.taken[5:10].tolist()
    assert (other.taken != every.taken).any()
