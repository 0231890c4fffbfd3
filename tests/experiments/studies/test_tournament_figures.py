"""Where a tournament's figure puts its points."""

from types import SimpleNamespace

import pytest

from experiments.studies.tournament.figures import _beside


def test_points_of_policies_stand_side_by_side_and_clear_of_the_next_load():
    loads, policies = (0.6, 1.4, 1.0), ("a", "b", "c")
    result = SimpleNamespace(design=SimpleNamespace(loads=loads, policies=policies))
    apart = 0.45 * 0.4 / 3  # a share of the least gap between two loads
    assert _beside(result, 0) == pytest.approx([load - apart for load in loads])
    assert _beside(result, 1) == pytest.approx(loads)
    assert _beside(result, 2) == pytest.approx([load + apart for load in loads])
