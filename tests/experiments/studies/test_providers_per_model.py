"""Hosts of models by hand: free entry at the rule's price, the search for the fixed cost, and known worlds."""

import math

import numpy as np
import pytest

from experiments.studies.assuming import at_point, factors_in
from experiments.studies.providers_per_model import STUDY, hosting, measures
from experiments.studies.providers_per_model.assumed import HostAssumptions
from experiments.studies.providers_per_model.measures import FoundHosts
from experiments.verdicts.deciding import decide
from providers.games.entry import router_entry
from sim.streams import Streams
from worlds.study_options import options

USUAL = HostAssumptions()
FREE_PRICE = HostAssumptions(ceiling=1000.0)


def test_what_each_host_earns_by_hand():
    """At k = 2: price at the ceiling of 4 for one, two and three hosts; e = 1.5 at four, so that p/c is 3."""
    assert hosting.profits(USUAL)[:5] == pytest.approx([3.0, 1.5, 1.0, 2 / 4, (1.6 / 0.6 - 1) / 5])


@pytest.mark.parametrize(("size", "exponent", "sellers"), [(20.0, 2.0, 22), (20.0, 8.0, 4), (20.0, 4.0, 8)])
def test_hosts_are_the_closed_form_s(size, exponent, sellers):
    """(D c / F + k) / (k - 1), of which whole hosts enter (P5): 22, 8 and 4."""
    assumed = at_point(FREE_PRICE, {"exponent": exponent})
    assert hosting.hosts_of(np.array([size * (1 + 1e-9)]), assumed).tolist() == [sellers]
    assert math.floor(router_entry(size, 1.0, exponent, 1.0)) == sellers


def test_hosts_at_the_ceiling_by_hand():
    """Three earn D c each at 4 x cost; at a third of the fixed cost one still pays, below it nobody does."""
    assert hosting.hosts_of(np.array([0.3, 0.34, 0.67, 1.01, 2.01, 1e9]), USUAL).tolist() == [1, 1, 2, 3, 4, 83]


def test_the_fixed_cost_gives_the_mean():
    drawn = measures.draw_models(USUAL, Streams(1, 0))
    hosts = hosting.sized(drawn.spread, drawn.is_open, USUAL)
    assert hosts.mean() == pytest.approx(2.9, abs=0.02)
    assert (hosts[~drawn.is_open] == 1).all()
    assert drawn.is_open.sum() == round(0.6 * 323)
    assert drawn.spread.std() == pytest.approx(2.57, rel=0.15)


def test_the_table_by_hand():
    found = STUDY.built_so()
    table = measures.summary(found).set_index("fact")
    assert table["mean"].to_dict() == pytest.approx({
        "mean hosts": (27 + 231 + 144 + 241) / 323, "median hosts": 1.0, "90th percentile of hosts": 7.0,
        "most hosts": 27.0, "models with three hosts or more": 82.0}, rel=1e-6)
    assert table["role"].tolist() == ["calibrated", *["predicted"] * 4]
    assert measures.worst(found.unequal[0]) == pytest.approx(0.0)
    assert measures.worst(STUDY.opposite().unequal[0]) == pytest.approx(math.log(9.0))  # 3 for the 27 of the most
    assert STUDY.control(FoundHosts((), (), (np.array([83, 83, 80, 83]),), 83)) == [0.25]


def test_without_fixed_cost_all_serve_and_equal_demand_is_alike():
    found = measures.find_hosts(STUDY.design(options(STUDY, "--replications", "2")), lambda: None)
    assert STUDY.control(found) == [0.0, 0.0]
    assert all(len(set(hosts[hosts > 1].tolist())) == 1 for hosts in found.equal)
    assert list(STUDY.inputs_alone(found)) == ["L0 worst: demand the same for all",
                                               "L1 worst: demand as unequal as published"]


def test_worlds_built_so_and_opposite():
    for world, said in ((STUDY.built_so(), "supported"), (STUDY.opposite(), "contradicted")):
        assert decide(STUDY.rule, STUDY.statistics(world), STUDY.control(world)).said == said


def test_every_assumption_moves_the_hosts():
    drawn = Streams(2, 0).generator("x").normal(size=323)

    def hosts(assumed):
        is_open = np.arange(assumed.models) < round(assumed.open_share * assumed.models)
        return hosting.sized(assumed.demand_sd * drawn[:assumed.models], is_open, assumed)

    usual = hosts(USUAL)
    others = {it.path: it.high for it in factors_in(USUAL)} | {"mean_hosts": 4.0, "models": 200, "hosts": 12}
    assert set(others) == set(HostAssumptions.model_fields)
    for path, value in others.items():
        moved = hosts(at_point(USUAL, {path: value}))
        assert len(moved) != len(usual) or not np.array_equal(moved, usual), path
