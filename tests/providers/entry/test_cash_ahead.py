"""Cash of a listing in the months ahead, worked by hand."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from providers.entry.cash_ahead import Listing, cash_ahead, most_ahead

# of 8 million tokens a day of its model, half are loose; a replica serves a quarter of a million and costs .25 USD;
# everything is charged twice over
LISTING = Listing(whole=8e6, tokens=4e6, planned_tokens=0.25e6, variable_usd=0.5, replica_usd=0.25, factor=2.0,
                  overhead_usd=0.1)


def months(*demand):
    """Months with this demand: half of it at 3 USD, unit costs half of today's, worth .9 of what they were today."""
    return np.array([[3.0, 0.5, it, 0.5, 0.9] for it in demand]).T


def test_a_month_as_it_is_reckoned_and_as_others_taught():
    """A million at 1.5 less .5: 2 USD. Two replicas; half of the tokens, at .8 of the price, need one, 1.25 times."""
    lessons = np.array([[0.5], [0.8], [1.25], [0.9]])
    plain, learned, value, life = cash_ahead(months(0.5), lessons, LISTING)
    assert plain[:, 0] == pytest.approx([4e6, 1e6, 2.0, 0.5, 0.2])
    assert learned[:, 0] == pytest.approx([4e6, 0.5e6, 0.8, 0.3125, 0.18])
    assert (value, life) == (pytest.approx(0.9 * 30 * (0.8 - 0.3125 - 0.18)), 1)


def test_it_is_kept_for_as_long_as_that_pays():
    """1.3 USD a day, then a month that loses .45: worth bearing if as good a one follows, not before a poor one."""
    nothing = np.ones((4, 3))
    good, lost = 27 * 1.3, 27 * 0.45
    assert cash_ahead(months(0.5, 0.0, 0.5), nothing, LISTING)[2:] == (pytest.approx(2 * good - lost), 3)
    assert cash_ahead(months(0.5, 0.0, 0.2), nothing, LISTING)[2:] == (pytest.approx(good), 1)
    # who earns in no month leaves after the first
    assert cash_ahead(months(0.0, 0.0, 0.0), nothing, LISTING)[2:] == (pytest.approx(-lost), 1)


def test_the_most_there_can_be_by_hand():
    """Of 4 million 2 are left, at 3 USD or, later, at what a token costs besides GPUs: 12 and 2 USD less .25 and .2."""
    ahead = np.array([[0.5, 0.5], [1.0, 0.01], [1.0, 1.0]])
    assert most_ahead(3.0, ahead[:, :1], np.ones((4, 1)), LISTING) == pytest.approx(30 * (12 - 0.25 - 0.2), rel=1e-8)
    assert most_ahead(3.0, ahead, np.ones((4, 2)), LISTING) == pytest.approx(30 * (12 + 2 - 0.9), rel=1e-8)


positive = st.floats(0.0, 5.0)
month = st.tuples(st.floats(0.0, 3.0), st.floats(0.0, 1.0), positive, st.floats(0.01, 1.0), st.floats(0.1, 1.0),
                  positive, st.floats(-3.0, 3.0), positive, positive)


@settings(max_examples=300, deadline=None)
@given(st.lists(month, min_size=1, max_size=6))
def test_no_listing_is_worth_more_than_the_most(drawn):
    """Whatever it sells at up to 3 USD, at a loss too, and whatever others taught."""
    table = np.array(drawn).T.copy()
    ahead, lessons = table[:5].copy(), table[5:].copy()
    value = cash_ahead(ahead, lessons, LISTING)[2]
    assert value <= most_ahead(3.0, ahead[2:].copy(), lessons, LISTING) + 1e-9
