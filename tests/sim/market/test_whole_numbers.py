"""Whole numbers out of real volumes: sums to the unit, and none moved by one or more (E74)."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.market.whole_numbers import Carry, apportioned


def test_seats_go_to_the_largest_remainders():
    # a textbook's: quotas of 10 seats are 4.16, 3.38 and 2.46; the third's remainder is the largest
    assert apportioned(10, np.array([416.0, 338.0, 246.0])).tolist() == [4, 3, 3]


def test_of_equal_remainders_the_first_has_precedence_and_nobody_without_a_share_gets_any():
    assert apportioned(2, np.array([0.0, 1.0, 1.0, 1.0])).tolist() == [0, 1, 1, 0]
    assert apportioned(0, np.zeros(3)).tolist() == [0, 0, 0]
    with pytest.raises(ValueError, match="1 cannot be shared among shares that are all 0"):
        apportioned(1, np.zeros(3))


@given(st.integers(0, 10**15), st.lists(st.floats(0, 1e12), min_size=1, max_size=30).filter(lambda it: sum(it) > 1e-3))
def test_parts_add_up_and_are_less_than_one_from_their_shares(total, shares):
    exact = np.array(shares) / sum(shares) * total
    found = apportioned(total, np.array(shares))
    assert sum(found.tolist()) == total
    assert (np.abs(found - exact) < 1 + 1e-6 + 1e-14 * total).all()
    assert (found >= 0).all()


def test_above_what_a_float_holds_books_still_close():
    total = 2**60 + 1
    assert sum(apportioned(total, np.array([1.0, 2.0, 3.0])).tolist()) == total


def test_a_carry_forgets_no_fraction():
    carry = Carry(2)
    found = np.array([carry.whole(np.array([0.3, 2.0])) for _ in range(10)])
    assert found[:, 0].tolist() == [0, 1, 0, 0, 1, 0, 0, 0, 1, 0]  # sums .3, .6, .9, ... rounded half up
    assert found[:, 1].tolist() == [2] * 10
