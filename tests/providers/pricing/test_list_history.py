"""A creator's prices are replayed with their dates, at its own offers."""

import numpy as np
import pytest

from providers.pricing import Situation, bind
from providers.pricing.situation import DatedList
from sim.market.prices import prices_of_usd
from sim.scenario.pricing_settings import PricingChoice
from sim.units import DAY_S

O3 = (DatedList(160 * DAY_S, prices_of_usd(2.0, 8.0)), DatedList(200 * DAY_S, prices_of_usd(1.0, 3.0)))


def asked(day, changes=O3, listed=True):
    """Seller and situation at a day."""
    now = Situation(now_s=day * DAY_S, hour=0.0, launched_s=0.0, own=None, rivals=(), rivals_changed_s=(),
                    unit_cost_usd_per_mtok=20.0, list_price=prices_of_usd(10.0, 40.0) if listed else None,
                    list_changes=changes)
    return bind(PricingChoice(kind="list_history")), now


def test_prices_change_on_their_days():
    """Posted as they were, below cost too; the cached price is a quarter of input."""
    rng = np.random.default_rng(1)
    for day, usd, wait in ((105, (10, 40, 2.5), 55), (160, (2, 8, 0.5), 40), (250, (1, 3, 0.25), np.inf)):
        seller, now = asked(day)
        assert seller.launch(now, rng) == seller.review(now, rng) == prices_of_usd(*usd)
        assert seller.next_review_s(now, rng) == wait * DAY_S


def test_without_a_list_price_it_is_cost_plus():
    rng = np.random.default_rng(1)
    seller, now = asked(10, (), listed=False)
    assert seller.launch(now, rng).blended() / 1e6 == pytest.approx(50.0, rel=0.001)
    assert seller.review(now, rng) is None
