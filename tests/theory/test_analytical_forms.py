"""The closed forms themselves, against published and independently computed tables (exact, no chance)."""

import math

import pytest

from theory import closed_forms as analytical

LOADS = (0.5, 0.7, 0.8, 0.9, 0.95)


@pytest.mark.parametrize(
    ("choices", "expected"),
    [
        (2, {0.5: 1.2657, 0.7: 1.6145, 0.8: 1.9474, 0.9: 2.6141, 0.95: 3.3830, 0.99: 5.4320}),
        (3, {0.5: 1.1252, 0.7: 1.3568, 0.8: 1.5809, 0.9: 2.0279, 0.99: 3.8578}),
        (5, {0.5: 1.0313, 0.7: 1.1681, 0.8: 1.3289, 0.9: 1.6329, 0.99: 2.9017}),
    ],
)
def test_supermarket_limit(choices: int, expected: dict[float, float]) -> None:
    """Mitzenmacher (2001), table of the mean time in an infinite system."""
    for load, value in expected.items():
        assert analytical.supermarket_response(choices, load) == pytest.approx(value, abs=5.1e-5)


def test_one_choice_is_a_single_queue() -> None:
    assert analytical.supermarket_response(1, 0.9) == pytest.approx(10.0)
    assert analytical.mg1_response(0.9, 1.0) == pytest.approx(10.0)
    assert analytical.mmn_response(1, 0.9) == pytest.approx(10.0)
    assert analytical.ps_response(0.9) == pytest.approx(10.0)
    assert analytical.round_robin_response(1, 0.9) == pytest.approx(10.0)


def test_supermarket_tail() -> None:
    tail = [analytical.supermarket_tail(2, 0.9, k) for k in range(1, 7)]
    assert tail == pytest.approx([0.9, 0.729, 0.4783, 0.2059, 0.0382, 0.0013], abs=5.1e-5)


@pytest.mark.parametrize(
    ("servers", "expected"),
    [
        (2, (1.3333, 1.9608, 2.7778, 5.2632, 10.2564)),
        (4, (1.0870, 1.3572, 1.7455, 2.9694, 5.4571)),
        (10, (1.0072, 1.0739, 1.2046, 1.6687, 2.6512)),
        (100, (1.0000, 1.0000, 1.0010, 1.0217, 1.1013)),
    ],
)
def test_central_queue(servers: int, expected: tuple[float, ...]) -> None:
    assert [analytical.mmn_response(servers, load) for load in LOADS] == pytest.approx(expected, abs=5.1e-5)


@pytest.mark.parametrize(
    ("servers", "expected"),
    [
        (2, (1.6180, 2.6006, 3.8440, 7.5883, 15.0857)),
        (10, (1.3246, 2.0198, 2.9223, 5.6603, 11.1549)),
        (100, (1.2619, 1.8905, 2.7157, 5.2268, 10.2707)),
    ],
)
def test_round_robin(servers: int, expected: tuple[float, ...]) -> None:
    computed = [analytical.round_robin_response(servers, load) for load in LOADS]
    assert computed == pytest.approx(expected, abs=5.1e-5)


def test_single_server() -> None:
    regular = [analytical.mg1_response(load, 0.0) for load in LOADS]
    irregular = [analytical.mg1_response(load, 10.0) for load in LOADS]
    assert regular == pytest.approx([1.5, 2.1667, 3, 5.5, 10.5], abs=5e-5)
    assert irregular == pytest.approx([6.5, 13.8333, 23, 50.5, 105.5], abs=5e-5)
    assert analytical.mm1_response_quantile(0.0, 0.99) == pytest.approx(4.605, abs=5e-4)


def test_two_queues_joined_at_the_shorter() -> None:
    assert analytical.jsq2_response(0.5) == pytest.approx(1.4263, abs=5.1e-5)
    assert analytical.jsq2_response(0.7) == pytest.approx(2.1082, abs=5.1e-5)
    assert analytical.jsq2_response(0.9) == pytest.approx(5.4749, abs=5.1e-5)


def test_cutting_the_chain_costs_nothing() -> None:
    assert analytical.jsq2_response(0.9, 150) == pytest.approx(analytical.jsq2_response(0.9, 200), rel=1e-9)


def test_deterministic_service() -> None:
    """One server is Pollaczek-Khinchine with C = 0; ten servers at 0.8 were simulated as 1.1100 +- 0.0002."""
    for load in LOADS:
        assert analytical.mdn_response(1, load) == pytest.approx(analytical.mg1_response(load, 0.0), rel=1e-9)
    assert analytical.mdn_response(10, 0.8) == pytest.approx(1.1100, abs=4e-4)


def test_erlang() -> None:
    assert analytical.erlang_b(10, 8.0) == pytest.approx(0.121661, abs=5.1e-7)
    assert analytical.erlang_c(10, 8.0) == pytest.approx(0.409180, abs=5.1e-7)
    assert analytical.mmn_response(10, 0.8) - 1.0 == pytest.approx(0.204590, abs=5.1e-7)
    assert analytical.erlang_c(1, 0.8) == pytest.approx(0.8)
    assert analytical.erlang_c(100, 80.0) == pytest.approx(0.01965, abs=5.1e-6)
    assert analytical.erlang_c(10, 9.0) == pytest.approx(0.6687, abs=5.1e-5)
    assert analytical.erlang_c(100, 90.0) == pytest.approx(0.2169, abs=5.1e-5)


@pytest.mark.parametrize(("offered", "servers"), [(1, 3), (5, 9), (10, 16), (100, 115), (1000, 1046)])
def test_staffing(offered: int, servers: int) -> None:
    """Fewest servers with which at most one request in ten waits."""
    assert analytical.erlang_c(servers, offered) <= 0.1 < analytical.erlang_c(servers - 1, offered)


@pytest.mark.parametrize(("beta", "expected"), [(0.5, 0.50454), (1, 0.22336), (1.42, 0.10004), (2, 0.02688)])
def test_square_root_staffing(beta: float, expected: float) -> None:
    assert analytical.halfin_whitt(beta) == pytest.approx(expected, abs=5.1e-6)
    offered = 1e6
    limit = analytical.erlang_c(round(offered + beta * math.sqrt(offered)), offered)
    assert limit == pytest.approx(expected, rel=5e-3)


def test_inverse_square_shares() -> None:
    """OpenRouter's documented example: prices 1, 2 and 3 dollars."""
    shares = analytical.inverse_power_shares((1.0, 2.0, 3.0), 2.0)
    assert shares == pytest.approx([0.7347, 0.1837, 0.0816], abs=5.1e-5)
    assert shares[0] / shares[2] == pytest.approx(9.0)
    assert analytical.inverse_power_shares((1.0, 3.0), 2.0) == pytest.approx([0.9, 0.1])
