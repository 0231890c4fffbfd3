"""Sums of times that no order and no division changes."""

from fractions import Fraction

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from sim.engines.exact import FINER, add_time, merged, seconds

PER_S = 2.0**35
TIMES = st.lists(st.floats(0, 1e5), max_size=30)


def summed(times, per_s=PER_S):
    words = np.zeros(2, np.int64)
    for time in times:
        add_time(words, time, per_s)
    return words


@given(TIMES, st.randoms(use_true_random=False), st.integers(0, 30))
def test_the_order_and_the_parts_of_a_sum_do_not_matter(times, random, cut):
    shuffled = random.sample(times, len(times))
    whole = summed(times)
    parts = merged([summed(shuffled[:cut]), summed(shuffled[cut:]), summed([])])
    assert whole.tolist() == parts.tolist()
    assert abs(Fraction(float(seconds(whole, PER_S))) - sum(map(Fraction, times))) < 1e-9


def test_a_sum_of_many_long_times_carries_into_its_high_word():
    words = summed([2e5, 2e5, 2e5])  # 2^62 units are 262,144 s
    assert words.tolist() == [int(6e5 * PER_S * FINER) % 2**62, 2]
    assert seconds(words, PER_S) == 6e5
    assert seconds(merged([words, words, words]), PER_S) == 18e5


def test_what_is_merged_is_left_as_it_was():
    words = summed([1.5])
    merged([words, words])
    assert seconds(words, PER_S) == 1.5
