"""A fall of what all GPUs cost on one day: what sellers reckon with, and what they pay."""

import numpy as np
import pytest

from providers.cost.gpu_prices import UNCHANGED, cost_levels
from providers.cost.ownership import OwnedCost
from providers.firms.pools import Pool
from sim.scenario.cost_settings import GpuFall
from sim.scenario.firm_settings import PoolSettings


def pool(fall: GpuFall, tenure: str = "rented") -> Pool:
    """Ten GPUs, all placed, for 3 USD an hour rented, or 2 + 1 (power) + .5 owned."""
    owned, rented = (10, 0) if tenure == "owned" else (0, 10)
    return Pool(PoolSettings(gpu="h100-sxm", count=10, tenure=tenure), OwnedCost(2.0, 1.0, 0.5), 0.4, np.full(3, 3.0),
                1.0, owned, rented, placed=10, levels=cost_levels(fall, 3))


def test_nothing_falls_unless_it_is_asked():
    assert [level.tolist() for level in cost_levels(GpuFall(), 3)] == [[1.0] * 3] * 2
    assert [level.tolist() for level in UNCHANGED] == [[1.0]] * 2
    assert cost_levels(GpuFall(divisor=2.0, day=1.0), 0).paid.tolist() == [1.0]  # a run of no days has a first


def test_a_rented_gpu_costs_a_quarter_from_the_day_on_and_after_the_last():
    one = pool(GpuFall(divisor=4.0, day=1.0))
    assert [one.usd_per_hour(day) for day in (0, 1, 9)] == [3.0, 0.75, 0.75]
    assert [one.avoidable_usd_per_hour(day) for day in (0, 1)] == [3.0, 0.75]
    assert [one.bill(day)["gpu rent"] for day in (0, 1, 9)] == [720 * 10**9, 180 * 10**9, 180 * 10**9]


def test_all_that_an_owned_gpu_costs_falls():
    """3.5 an hour, of which .6 may be avoided: six tenths of the power."""
    one = pool(GpuFall(divisor=5.0, day=2.0), "owned")
    assert [one.usd_per_hour(day) for day in (1, 2)] == pytest.approx([3.5, 0.7])
    assert [one.avoidable_usd_per_hour(day) for day in (1, 2)] == pytest.approx([0.6, 0.12])
    assert one.bill(1) == {"gpu rent": 0, "capital": 480 * 10**9, "colocation": 120 * 10**9, "power": 240 * 10**9}
    assert one.bill(2) == {"gpu rent": 0, "capital": 96 * 10**9, "colocation": 24 * 10**9, "power": 48 * 10**9}


@pytest.mark.parametrize("tenure", ["rented", "owned"])
def test_who_keeps_it_pays_less_and_reckons_as_before(tenure):
    kept, none = pool(GpuFall(divisor=4.0, kept=True), tenure), pool(GpuFall(), tenure)
    assert kept.usd_per_hour(2) == none.usd_per_hour(2)
    assert kept.avoidable_usd_per_hour(2) == none.avoidable_usd_per_hour(2)
    assert sum(kept.bill(2).values()) * 4 == sum(none.bill(2).values())
