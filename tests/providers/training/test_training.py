"""Hours of GPUs and the next model, and a fleet that turns requests away: worked by hand."""

import math

import numpy as np
import pytest

from providers.training.limited_queue import SlotQueue, erlang_b, gained_by_slot, refused_share, waits_longer
from providers.training.production import Production, cut_short, next_model

USUAL = Production()
PLAIN = Production(points_per_log=10.0, compute_growth=math.e, software_growth=1.0, step_points=10.0, rival_share=0.5)


def test_seven_points_are_three_and_a_half_months():
    """9 (ln 4.5 + ln 3) = 23.4 points a year: 7 of them take .299 years, 3.59 months."""
    assert USUAL.frontier_per_year == pytest.approx(9 * math.log(13.5))
    assert USUAL.usual_months == pytest.approx(7 / (9 * math.log(13.5)) * 12)
    assert USUAL.usual_months == pytest.approx(3.586, abs=1e-3)


def test_elasticity_takes_from_hours_and_not_from_software():
    """q = 9 (.5 ln hours + ln software): 9 (.5 ln 4.5 + ln 3) points a year."""
    half = USUAL.model_copy(update={"elasticity": 0.5})
    assert half.frontier_per_year == pytest.approx(9 * (0.5 * math.log(4.5) + math.log(3.0)))


def test_first_hours_are_those_of_a_lab_that_keeps_up():
    """Half of the fleet over the last year, weighted by e^t: .5 (1 - 1/e)."""
    assert PLAIN.usual_months == pytest.approx(12.0)
    assert PLAIN.first_hours() == pytest.approx(0.5 * (1 - math.exp(-1)))


def test_the_next_model_comes_when_it_is_a_step_better():
    """Hours must reach e times those of the last: with 1 a step after 3, and 10 ln 3 points."""
    assert next_model(PLAIN, 1.0, np.ones(5)) == (3, 3.0, pytest.approx(10 * math.log(3.0)))
    assert next_model(PLAIN, 2.0, np.ones(5)) is None


def test_a_run_cut_short_brings_what_it_has_and_nothing_worse():
    assert cut_short(PLAIN, 2.0, np.ones(4)) == (4, 4.0, pytest.approx(10 * math.log(2.0)))
    assert cut_short(PLAIN, 8.0, np.ones(4)) == (4, 8.0, 0.0)
    assert cut_short(PLAIN, 8.0, np.zeros(4)) == (4, 8.0, 0.0)


@pytest.mark.parametrize(("servers", "load", "lost"), [(10.0, 8.0, 0.121661), (1.0, 1.0, 0.5), (2.0, 1.0, 0.2)])
def test_erlangs_loss(servers, load, lost):
    assert erlang_b(np.array([servers]), np.array([load]))[0] == pytest.approx(lost, abs=1e-6)


def test_far_overload_loses_what_does_not_fit():
    assert erlang_b(np.array([1000.0]), np.array([50_000.0]))[0] == pytest.approx(0.98, abs=1e-4)


def states(slots, places, load):
    """Probabilities of M/M/c/K by the recursion of births and deaths."""
    found = [1.0]
    for number in range(1, slots + places + 1):
        found.append(found[-1] * load / min(number, slots))
    return np.array(found) / sum(found)


@pytest.mark.parametrize("load", [15.0, 20.0, 30.0])
def test_limited_queue_is_a_birth_and_death_process(load):
    """20 slots of 10 s and waits of at most 5 s: 10 places. Who waits longer than 2.5 s finds 5 before it in line."""
    queue, slots, at = SlotQueue(10.0, 5.0, 1.0), np.array([20.0]), np.array([load])
    known = states(20, 10, load)
    assert refused_share(queue, slots, at)[0] == pytest.approx(known[-1], rel=1e-4)
    for wait_s, ahead in ((0.0, 20), (2.5, 25)):
        late = known[ahead:-1].sum() / (1 - known[-1])
        assert waits_longer(queue, slots, at, wait_s)[0] == pytest.approx(late, rel=1e-4)
    assert waits_longer(queue, slots, at, 5.0)[0] == 0.0


def test_peakedness_is_a_smaller_queue():
    """Bursts of three at once: 60 slots under 45 serve as 20 under 15."""
    bursts, single = SlotQueue(10.0, 5.0, 3.0), SlotQueue(10.0, 5.0, 1.0)
    assert refused_share(bursts, np.array([60.0]), np.array([45.0])) == pytest.approx(
        refused_share(single, np.array([20.0]), np.array([15.0])))


def test_a_further_slot_serves_one_more_where_all_are_busy_and_none_where_none_is():
    queue = SlotQueue(12.0, 10.0, 100.0)
    gained = gained_by_slot(queue, np.array([0.5e5, 2e5]), np.array([1e5, 1e5]))
    assert gained == pytest.approx([1.0, 0.0], abs=1e-6)
