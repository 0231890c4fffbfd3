import pytest

from sim.delays import delays
from sim.errors import ScenarioError
from sim.scenario import Link, Network


def links(*triples):
    return tuple(Link(a=a, b=b, delay_s=s) for a, b, s in triples)


def test_one_region():
    assert delays(Network()) == {("us-east", "us-east"): 0.001}


def test_shortest_path_and_one_local_delay():
    network = Network(
        local_delay_s=0.002,
        regions=("us", "eu", "asia"),
        links=links(("us", "eu", 0.04), ("eu", "asia", 0.05), ("us", "asia", 0.2)),
    )
    found = delays(network)
    assert len(found) == 9
    assert found["us", "us"] == 0.002
    assert found["us", "eu"] == pytest.approx(0.042)
    assert found["us", "asia"] == pytest.approx(0.092)  # over eu
    assert found["asia", "us"] == pytest.approx(0.092)


def test_the_fastest_of_parallel_links_counts():
    for order in [(0.01, 0.03), (0.03, 0.01)]:
        network = Network(local_delay_s=0, regions=("a", "b"), links=links(*(("a", "b", s) for s in order)))
        assert delays(network)["a", "b"] == 0.01


def test_a_link_to_itself_changes_nothing():
    network = Network(local_delay_s=0.001, regions=("a",), links=links(("a", "a", 5)))
    assert delays(network) == {("a", "a"): 0.001}


def test_unreachable_regions_are_named():
    network = Network(regions=("a", "b", "c"), links=links(("a", "b", 0.1)))
    with pytest.raises(ScenarioError, match="from region 'a' to region 'c'"):
        delays(network)
