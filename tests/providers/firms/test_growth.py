"""Growth of the platform as sellers see it, and orders of GPUs for the day on which they come."""

import math

import pytest

from providers.firms.growth import growth_per_day


def test_growth_is_of_the_logarithm_between_the_first_and_the_last_week_of_ninety_days() -> None:
    grown = [1000.0 * math.exp(0.01 * day) for day in range(200)]
    assert growth_per_day(grown) == pytest.approx(0.01)
    # only the last 90 days count: what came before is another time
    assert growth_per_day([5.0] * 100 + [7.0] * 90) == 0.0
    halved = [8.0] * 7 + [1.0] * 76 + [4.0] * 7
    assert growth_per_day(halved) == pytest.approx(math.log(0.5) / 83)


def test_a_young_market_or_one_that_sold_nothing_has_no_growth_yet() -> None:
    assert growth_per_day([1000.0 * 1.01**day for day in range(89)]) == 0.0
    assert growth_per_day([0.0] * 45 + [9.0] * 45) == 0.0
    assert growth_per_day([]) == 0.0
