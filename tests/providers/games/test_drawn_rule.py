"""OpenRouter's rule since autumn 2026: sellers who answer it never come to rest, and charge less than under 1/p^2."""

import numpy as np
import pytest

from policies.openrouter_curve import DISTANCES, PREFERENCES
from providers.games.bertrand import router_nash
from providers.games.drawn_rule import cycle, gain_of_leaving
from sim.price_response import DrawnCurve

AUTUMN = DrawnCurve(DISTANCES, PREFERENCES, 0.08, 100.0)
FLAT = DrawnCurve((0.0, 100.0), (1.0, 1.0), 0.0, 0.0)


@pytest.mark.parametrize(("sellers", "least"), [(3, 0.09), (5, 0.11), (10, 0.16)])
def test_at_every_common_price_somebody_gains_by_leaving(sellers, least):
    gains = [gain_of_leaving(sellers, AUTUMN, price) for price in np.geomspace(1.05, 9.9, 300)]
    assert least - 0.005 < min(gains) - 1 < least + 0.01


def test_who_is_not_weighed_by_price_goes_to_the_ceiling():
    """By hand: at a common price of 2 the ceiling of 10 earns nine times as much."""
    assert gain_of_leaving(4, FLAT, 2.0) == pytest.approx(9.0)
    assert cycle(3, FLAT, rounds=4) == pytest.approx((10.0, 10.0, 10.0))


@pytest.mark.parametrize(("sellers", "paid"), [(3, 1.9), (5, 1.8), (10, 1.7)])
def test_best_answers_cycle_below_the_price_of_the_old_rule(sellers, paid):
    """Paid over cost, to the nearest tenth; 4.0, 2.7 and 2.25 are what 1/price^2 leads to."""
    seen = cycle(sellers, AUTUMN, rounds=120)
    assert round(seen.paid, 1) == paid
    assert seen.highest > 1.3 * seen.lowest
    assert seen.paid < 0.8 * router_nash(sellers, 1.0, 2.0)
