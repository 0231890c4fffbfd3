"""For how many more sellers a model has room, worked by hand."""

import numpy as np
import pytest

from providers.entry.meeting import Incumbents, Meeting, behind_of, steepness, table_of
from providers.entry.rooms import SellerBehind, earns, look_ahead
from providers.pricing.sold_through import Rules

# 2 million tokens a day at 3 USD per million tokens, of which one goes besides GPUs; a replica serves a million a day
# and costs .5 USD; everything is charged twice over, and a day's overhead is .25 USD of that
ONE = SellerBehind(tokens=2e6, price=1.0, efficiency=1.0, planned_tokens=1e6, replica_usd=0.5, gpus=1.0, gpu_factor=1.0,
                   variable_usd=1.0, factor=2.0, overhead_usd=0.25, needed_usd=0.5)


def test_a_seller_earns_back_its_entry_or_not():
    # alone it sells 2 million: 2 (2 * 2 - .25) = 7.5 less two replicas, 1; with two behind each sells half a million,
    # 2 (.5 * 2 - .25) = 1.5 less one replica; with three behind a quarter: 2 (.25 * 2 - .25) - .5 = 0
    asked = [earns(3.0, share, 1.0, np.ones(2), ONE) for share in (1.0, 0.5, 0.25, 0.125)]
    assert asked == [True, True, True, False]
    # GPUs twice as dear leave who has two behind it 1.5 - 1, just enough; a little dearer they leave too little
    assert [earns(3.0, 0.25, dear, np.ones(2), ONE) for dear in (2.0, 2.001)] == [True, False]
    # a month with four times the demand has room for all that were looked at, one with a tenth for nobody
    assert earns(3.0, 0.125, 1.0, np.array([4.0, 1.0]), ONE)
    assert not earns(3.0, 1.0, 1.0, np.array([0.1, 1.0]), ONE)
    # where costs fall by half so do prices, as far as they pay GPUs: .5 * 3 - 1 of a million, 2 (.5 - .25) - .5
    assert earns(3.0, 0.5, 1.0, np.array([1.0, 0.75]), ONE)
    assert not earns(3.0, 0.5, 1.0, np.array([1.0, 0.5]), ONE)


def met(costs, months, most=6):
    """What a newcomer that costs 1 meets at k = 4 among sellers of these costs, all who come after being alike."""
    there, answers = np.array(costs), np.ones(len(costs), bool)
    there = Incumbents(there, 1.3 * there, answers, 10.0 * answers, 0.0 * there)
    behind = np.vstack([behind_of(np.ones(most), 10.0), np.ones(most)])
    found, room = look_ahead(table_of(there, 1.0, 10.0), behind, steepness(Rules.single(4.0), np.nan), months, ONE)
    return Meeting(*found), room


def test_it_looks_as_far_as_there_is_room_and_meets_what_a_newcomer_with_so_many_behind_it_does():
    """Beside one alike and n behind: e = 4 (1 - s), s = 1/(n + 2): prices 2, 1.6, 1.5 ... e/(e - 1)."""
    found, room = met([1.0], np.array([[1.0, 8.0], [1.0, 1.0]]))
    elasticities = 4 * (1 - 1 / np.arange(2, 2 + len(found.prices)))
    assert np.exp(found.prices) == pytest.approx(elasticities / (elasticities - 1), rel=1e-5)
    assert found.shares == pytest.approx(1 / np.arange(2, 2 + len(found.shares)))
    assert found.prices_behind == pytest.approx(found.prices, rel=1e-5)
    # the month of eight times the demand has room for more, and only as many were looked at as any month asks for
    asked = [[earns(price, share, 1.0, month, ONE) for price, share in zip(np.exp(found.prices_behind),
              found.shares_behind, strict=True)] for month in np.array([[1.0, 1.0], [8.0, 1.0]])]
    assert room.tolist() == [sum(np.cumprod(it)) - 1 for it in asked]
    assert room[0] < room[1] <= len(found.prices) - 1


def test_where_there_is_room_for_nobody_only_the_first_is_met():
    found, room = met([1.0, 1.0], np.array([[1e-6], [1.0]]))
    assert (len(found.prices), room.tolist()) == (1, [-1])
