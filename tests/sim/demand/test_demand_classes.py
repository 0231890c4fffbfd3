"""Expanded client classes and what routers expect of them."""

import pytest

from sim.demand.classes import expanded_classes, expected_output
from worlds.demand import demand_world

POISSON = {"kind": "poisson", "rate_per_s": 1.0}


def test_one_client_keeps_its_name_and_more_are_numbered():
    world = demand_world({"chat": {"arrivals": POISSON}, "code": {"arrivals": POISSON, "clients": 3}})
    expanded = expanded_classes(world.scenario)
    assert [c.name for c in expanded] == ["chat", "code#1", "code#2", "code#3"]
    assert [c.class_name for c in expanded] == ["chat", "code", "code", "code"]
    assert [c.share for c in expanded] == pytest.approx([1, 6 / 11, 3 / 11, 2 / 11])


@pytest.mark.parametrize(("exponent", "first"), [(0.0, 0.25), (2.0, 144 / 205)])
def test_zipf_exponent(exponent, first):
    world = demand_world({"a": {"arrivals": POISSON, "clients": 4, "zipf_exponent": exponent}})
    shares = [c.share for c in expanded_classes(world.scenario)]
    assert shares[0] == pytest.approx(first)
    assert sum(shares) == pytest.approx(1, abs=1e-12)


def test_expected_output_of_lengths_and_of_a_trace(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("t_s,input_tokens,output_tokens\n0,5,10\n1,5,40\n")
    world = demand_world({
        "drawn": {"arrivals": POISSON, "output_tokens": {"kind": "exponential", "mean": 64}},
        "traced": {"arrivals": {"kind": "trace", "path": str(path)}},
    })
    assert [expected_output(c.spec) for c in expanded_classes(world.scenario)] == pytest.approx([64, 25])
