"""The study of shared pools: staffing worked by hand, points that say what cells mean, and what is made of runs."""

import math
from argparse import ArgumentParser
from dataclasses import replace
from types import SimpleNamespace

import pandas as pd
import pytest

from experiments.scenarios import load
from experiments.studies.cdn import STUDY
from experiments.studies.cdn.assumed import SharedPool
from experiments.studies.cdn.design import ALONE, MANY, NEIGHBOUR, SHARED, Cell, SharedPools
from experiments.studies.cdn.figures import TENANTS, figure_of
from experiments.studies.cdn.measures import closed_form, found_in, slots_at, summary, usd_per_mtok, wait_of, world
from experiments.studies.cdn.square_root import (
    Load,
    burst_factor,
    evened,
    load_of,
    rate_variance,
    reserved,
    slots_needed,
    split,
    wait_at,
    waiting_share,
)
from sim.errors import ScenarioError

ASSUMED = SharedPool()


def test_bursts_have_the_variance_of_their_rate():
    """A tenth of the time at 4, else at 1: mean 1.3, variance .1 x .9 x 9 = .81; .81 / 1.69 = .479."""
    assert rate_variance(4.0, 30.0, 270.0) == pytest.approx(0.81 / 1.69)


def test_a_tenant_is_as_peaked_as_its_client():
    """Ten requests at once; (1 + 2.28²)/2 = 3.0992 times that in variance, however many bursts are everybody's."""
    for correlation in (0.0, 0.1, 0.5, 1.0):
        load = load_of(ASSUMED.model_copy(update={"correlation": correlation}), 1)
        assert (load.mean, load.held_s) == (10.0, 10.0)
        assert load.variance == pytest.approx(30.992)
    assert burst_factor(ASSUMED.model_copy(update={"client_cv": 1.0})) == 1.0
    assert burst_factor(ASSUMED.model_copy(update={"client_cv": 20.0})) == 50.0  # on and off are no burstier


def test_common_bursts_add_up_and_own_ones_do_not():
    """Own: 4 tenants have 4 times the variance. Common: that of bursts, 20.992, 16 times, Poisson's, 10, 4 times."""
    near = {"locality": 1.0}
    apart, alike = (load_of(ASSUMED.model_copy(update={**near, "correlation": it}), 4) for it in (0.0, 1.0))
    assert apart.variance == pytest.approx(4 * 30.992)
    assert alike.variance == pytest.approx(4 * 10 + 16 * 20.992)
    assert split(0.2).own == pytest.approx(2 / 3)  # root .8 over root .8 + root .2
    assert evened(0.2) == pytest.approx(5 / 9)


def test_requests_that_take_longer_average_more_of_a_burst_away():
    """Bursts of 20 s in 100: alone 1 + 10/16 of their variance goes, of two far tenants' 1 + 10.3153/16."""
    two = load_of(ASSUMED.model_copy(update={"burst_s": 20.0, "quiet_s": 80.0, "correlation": 0.0, "locality": 0.5}), 2)
    each = 10 * (1 + 0.112 * 0.5 * 0.5 / 0.888)
    assert two.mean == pytest.approx(2 * each)
    assert two.variance == pytest.approx(2 * each + 2 * each**2 * 0.20992 * (1 + 10 / 16) / (1 + each / 16))


def test_hits_that_are_lost_hold_slots_longer():
    """.2 of the time is prefill, .56 of it cached at home: 1 - .112; of two tenants half of half of the hits go."""
    assert ASSUMED.longer(1) == 1.0
    assert ASSUMED.longer(2) == pytest.approx(1 + 0.112 * 0.5 * 0.5 / 0.888)


def test_waits_are_halfin_and_whitts():
    """Beta 1 waits with probability .22336; waits are then exponential with rate (c - a)/(z S) = 10/10 a second."""
    load = Load(100.0, 100.0, 10.0)
    assert waiting_share(load, 110.0, 0.0) == pytest.approx(0.22336, abs=1e-5)
    assert waiting_share(load, 110.0, 2.0) == pytest.approx(0.22336 * math.exp(-2.0), abs=1e-5)
    assert waiting_share(load, 99.0, 5.0) == 1.0
    assert wait_at(load, 110.0) == pytest.approx(math.log(22.336), abs=1e-4)
    assert wait_at(load, 150.0) == 0.0
    assert wait_at(load, 100.0) == math.inf
    needed = slots_needed(load, 2.0)
    assert waiting_share(load, needed, 2.0) == pytest.approx(0.01)
    assert wait_at(load, needed) == pytest.approx(2.0)
    peaked = Load(100.0, 400.0, 10.0)  # beta 1 at 120 slots, and waits end at 20/(4 x 10) a second
    assert waiting_share(peaked, 120.0, 2.0) == pytest.approx(0.22336 * math.exp(-1.0), abs=1e-5)
    assert wait_at(peaked, 120.0) == pytest.approx(2 * math.log(22.336), abs=1e-4)


def test_half_price_reserves_the_mean():
    """P(Q > r) = 1/2 at the mean; what is taken beyond is phi(0) = .39894 deviations: 5 + .39894 x 4."""
    both = reserved(Load(10.0, 16.0, 10.0), 0.5)
    assert both.slots == pytest.approx(10.0)
    assert both.cost == pytest.approx(5 + 0.398942 * 4, abs=1e-5)
    assert reserved(Load(10.0, 16.0, 10.0), 0.0).cost == pytest.approx(10.0, abs=0.02)  # all taken when needed


def test_a_token_costs_its_slots():
    """12.8 slots of 64 are a fifth of 16 USD an hour; 200 tokens a second are .72 million an hour."""
    assert usd_per_mtok(ASSUMED, 12.8) == pytest.approx(3.2 / 0.72)


def test_lines_in_the_logarithm():
    assert slots_at([(10, 8.0), (20, 2.0), (30, 0.5)], 1.0) == pytest.approx(25.0)
    assert math.isnan(slots_at([(10, 8.0), (20, 2.0)], 1.0))
    assert wait_of([(10, 8.0), (20, 2.0)], 20.0) == pytest.approx(2.0)
    assert math.isnan(wait_of([(10, 8.0)], 11.0))


def test_every_assumption_changes_something():
    before = summary(world(ASSUMED, 2)).to_csv(), world(ASSUMED, 2).beside
    for name in SharedPool.model_fields:
        value = getattr(ASSUMED, name)
        other = ASSUMED.model_copy(update={name: value * 2 if isinstance(value, int) else value * 1.1})
        assert (summary(world(other, 2)).to_csv(), world(other, 2).beside) != before, name


@pytest.fixture(scope="module")
def design():
    return SharedPools(load("cdn"), ASSUMED, (1, 20), (0.5,), 2)


def test_points_say_what_a_cell_is(design):
    points = dict(zip(design.places(), design.points(), strict=True))
    cells = design.cells()
    assert cells == [Cell(ALONE, 1, 0.1), Cell(SHARED, 1, 0.1), Cell(SHARED, 20, 0.1), Cell(SHARED, 20, 0.5),
                     Cell(NEIGHBOUR, 20, 0.1)]
    assert design.sizes(cells[2]) == design.sizes(cells[4])  # a neighbour who bursts changes no pool's size
    half = points[cells[3], design.sizes(cells[3])[0]]
    rates = [half[f"demand.{name}.arrivals.rate_per_s"] for name in ("own", "neighbour", "common")]
    assert rates == pytest.approx([9.5, 0.5, 10.0])  # half of each tenant's rate is everybody's
    assert half["demand.own.clients"] == 19
    beside = points[cells[4], design.sizes(cells[4])[0]]
    assert beside["demand.neighbour.arrivals.burst_factor"] == 10.0
    assert beside["demand.own.arrivals.burst_factor"] == burst_factor(ASSUMED)
    alone, control = (points[cell, design.sizes(cell)[0]] for cell in cells[:2])
    assert alone["seed"] == control["seed"] + 1
    assert alone["demand.neighbour.arrivals.rate_per_s"] == 1e-9


def test_what_is_made_of_runs(design):
    """Waits 4 and 1 at slots n and 2n: 2 s at 1.5n. Beside the neighbour twice as long: 2 over 1 there."""
    places = list(design.places())
    rows = []
    for row, (cell, slots) in enumerate(places):
        first = design.sizes(cell)[0]
        wait = 4.0 * 4.0 ** (1 - slots / first) * (2 if cell.tenancy == NEIGHBOUR else 1)
        rows += [(row, seed, segment, wait * (9 if segment == "common" else 1)) for seed in (0, 1)
                 for segment in ("common", "own")]
    frame = pd.DataFrame(rows, columns=["row", "replication", "segment", "mean"])
    found = found_in(design, SimpleNamespace(statistic=lambda name, by: frame))
    own, pool = design.sizes(places[0][0])[0], design.sizes(Cell(SHARED, 20, 0.1))[0]
    assert found.needed[Cell(SHARED, 20, 0.1)] == pytest.approx([1.5 * pool] * 2)
    assert found.beside == pytest.approx([2.0, 2.0])
    assert STUDY.statistics(found)["saving_at_20"] == pytest.approx([1 - pool / (20 * own)] * 2)
    assert STUDY.control(found) == pytest.approx([0.0, 0.0])
    # the line of correlation .1, in per cent: who is alone saves nothing, and 20 what 20 pools of one hold more
    line = dict(zip(TENANTS, figure_of(found, 1).axes[0].lines[0].get_ydata(), strict=True))
    one, crowd = (slots_needed(load_of(ASSUMED, tenants), ASSUMED.ttft_s) for tenants in (1, 20))
    assert (line[1], line[20]) == pytest.approx((0.0, 100 * (1 - crowd / (20 * one))))
    table = summary(found)
    assert table.loc[0, "mean"] == pytest.approx(1.5 * own)
    assert len(found.waits) == 2 * len(places)
    # who reserves and takes the rest pays for one tenant's load what a crowd needs over its mean
    crowd = load_of(ASSUMED, MANY)
    reserves = reserved(load_of(ASSUMED, 1), ASSUMED.reserved_discount).cost
    assert table.iloc[-1]["inputs_alone"] == pytest.approx(reserves * slots_needed(crowd, ASSUMED.ttft_s) / crowd.mean)


def test_the_rule_asks_for_all_of_the_smallest_design(design):
    whole = replace(design, tenants=(1, 5, 20), correlations=(0.0, 0.1, 0.5), replications=10)
    assert STUDY.look(design) == "2 of the rule's 10 seeds"
    assert STUDY.look(whole) == ("the seed is 20261123, and not the one that follows from the rule's text, "
                                 f"{STUDY.rule.seed}")
    mine = replace(whole, scenario=whole.scenario.model_copy(update={"seed": STUDY.rule.seed}))
    assert STUDY.look(mine) == ""
    assert STUDY.look(replace(mine, tenants=(1, 20))) == "fewer tenancies than the smallest full design has"
    assert STUDY.quick(mine).design.scenario.traffic.duration_s == 4000.0


def test_the_command_line_is_read_and_written():
    parser = ArgumentParser()
    STUDY.add_options(parser)
    parser.set_defaults(scenario="cdn", overrides=[], seed=None, replications=10)
    asked = STUDY.design(parser.parse_args(["--assume", "correlation=0.4", "--tenants", "1,20"]))
    assert asked.assumed.correlation == 0.4
    assert asked.scenario.seed == STUDY.rule.seed
    assert STUDY.read(asked.scenario, asked.parameters()) == asked
    with pytest.raises(ScenarioError, match="correlation is 2, but must be at least 0 and at most 1"):
        STUDY.design(parser.parse_args(["--assume", "correlation=2"]))
    for tenants, sentence in (("1,5", "must have 1, the control, and 20"), ("1,20,2.5", "must be whole numbers"),
                              ("1,20,20", "different numbers")):
        with pytest.raises(ScenarioError, match=sentence):
            STUDY.design(parser.parse_args(["--tenants", tenants]))


def test_more_correlation_saves_less():
    worlds = [ASSUMED.model_copy(update={"correlation": it}) for it in (0.0, 0.1, 0.5, 1.0)]
    savings = [closed_form(it)["saving_at_20"] for it in worlds]
    assert savings == sorted(savings, reverse=True)
