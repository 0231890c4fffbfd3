"""Cash of a listing in the months ahead, worked by hand."""

import numpy as np
import pytest

from providers.entry.cash_ahead import Listing, cash_ahead

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
