"""The grid of event times: one rounding for one time and for many, at every fineness that a run can have."""

import numpy as np
import pytest

from sim.engines.grid import FINEST_BITS, all_on_grid, grid_per_s, on_grid


@pytest.mark.parametrize("bits", [0, 2, 20, 25, FINEST_BITS])
def test_a_time_goes_to_the_nearest_point_of_the_grid(bits):
    per_s = 2.0**bits
    times_s = np.random.default_rng(bits).random(1000) * 2.0 ** (50 - bits)
    # whole halves too, which go to the even point
    times_s = np.concatenate([times_s, (np.arange(100) + 0.5) / per_s, [0.0, 2.0 ** (50 - bits)]])
    nearest = np.rint(times_s * per_s) / per_s
    assert [on_grid(time_s, per_s) for time_s in times_s.tolist()] == nearest.tolist()
    assert all_on_grid(times_s, per_s).tolist() == nearest.tolist()


def test_never_stays_never():
    assert on_grid(np.inf, grid_per_s(60.0)) == np.inf
