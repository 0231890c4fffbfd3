"""Whom customers can choose between: sellers of a model, and prices, counted by hand."""

from dataclasses import replace
from math import isnan

import numpy as np
import pytest

from experiments.measures.market.facing import prices_faced, providers_per_model
from worlds.hand_market import MID, hand_market


def test_providers_of_a_model_are_counted_once_each_and_by_day():
    """Models 0 and 1 with 1 and 4 sellers on day 0; with 3 and 0 on day 1, of which two offers are one provider's."""
    provider = np.array([0, 0, 1, 2, 3, 0, 1])
    model = np.array([1, 0, 1, 1, 1, 0, 0])
    listed = np.array([[1, 1, 1, 1, 1, 0, 0], [0, 1, 0, 0, 0, 1, 1]]) > 0
    found = providers_per_model(listed, provider, model)
    assert found.mean == (2.5 + 2) / 2
    assert found.median == (2.5 + 2) / 2
    assert found.p90 == (4 + 2) / 2
    assert found.max == (4 + 2) / 2
    assert found.models_with_three_providers == 0.5


def test_p90_is_a_number_that_a_model_has():
    """Eleven models: nine of one seller, one of three, one of nine; 9.9 of them are the tenth."""
    counts = [1] * 9 + [3, 9]
    model = np.repeat(np.arange(11), counts)
    provider = np.concatenate([np.arange(count) for count in counts])
    found = providers_per_model(np.ones((1, len(model)), bool), provider, model)
    assert (found.median, found.p90, found.max, found.models_with_three_providers) == (1, 3, 9, 2)


def test_without_any_offer_nothing_is_said():
    assert all(isnan(value) for value in providers_per_model(np.zeros((3, 2), bool), np.arange(2), np.arange(2)))


def with_prices(of_c):
    """Return the hand market, in which c sells nothing but lists mid on the last day, at some price."""
    run = hand_market()
    listed, prices = run.listed_daily.copy(), run.prices_daily.copy()
    listed[3, 4] = True
    prices[3, 4] = of_c
    return replace(run, listed_daily=listed, prices_daily=prices)


@pytest.mark.parametrize(("of_c", "three"), [
    ((900_000, 900_000, 1), 1.0),  # a third price
    ((400_000, 400_000, 1), 0.0),  # that of b
    ((400_000, 400_001, 1), 1.0),  # the output price is a price too
])
def test_three_sellers_are_a_choice_of_three_only_at_three_prices(of_c, three):
    """Mid, the only open model that is sold, has 40, 68, 40 and 96 thousand tokens by day."""
    assert MID == 1
    found = prices_faced(with_prices(of_c))
    assert found.open_tokens_two == 1
    assert found.open_tokens_three == pytest.approx(three * 96 / (40 + 68 + 40 + 96))
    assert (found.closed_tokens_two, found.closed_tokens_three) == (0, 0)
