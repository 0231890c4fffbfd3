"""Means of products of lengths by model (E170), worked by hand."""

from types import SimpleNamespace

import numpy as np
import pytest

from sim.market.length_moments import length_moments


def test_products_of_two_workloads_of_one_model_by_hand():
    day = SimpleNamespace(model=np.array([1, 1, -1, 0]), completed=np.array([30, 10, 5, 0]),
                          prompt_tokens=np.array([30_000, 200_000, 50, 0]), output_tokens=np.array([6000, 4000, 50, 0]))
    sigma = np.array([0.0, np.sqrt(np.log(2.0)), 0.5, 0.5])
    found = length_moments(day, sigma, 3)
    # 30 of 1,000 + 200 tokens, 10 of 20,000 + 400 whose squares are twice as large
    assert found[1] == pytest.approx([(30 * 1e6 + 10 * 8e8) / 40, (30 * 4e4 + 10 * 3.2e5) / 40,
                                      (30 * 2e5 + 10 * 8e6) / 40])
    assert not found[[0, 2]].any()
