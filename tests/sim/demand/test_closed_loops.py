"""Closed loops: what the feed hands out of them, and how the next turn is drawn. Normal checks at 5 sigma."""

import itertools
import math
from typing import Any

import numpy as np
import pytest
from pydantic import ValidationError

from sim.demand.classes import apportioned, expanded_classes, zipf_shares
from sim.demand.lengths import LengthSampler
from sim.demand.loops import closed_loops
from sim.engines.next_turn import ClosedLoops, next_turn
from sim.engines.record import table
from sim.engines.requests import REQUEST, ArrivingRequest
from sim.scenario import ClientClass, Lengths
from worlds.demand import demand_world, requests

Z = 5.0
PER_S = 2.0**35


def users(count: int, **spec: Any) -> dict[str, Any]:
    return {"arrivals": {"kind": "closed", "users": count, **spec.pop("arrivals", {})}, **spec}


def loops_of(*specs: dict[str, Any], delay_s: float = 0.0) -> ClosedLoops:
    world = demand_world({f"c{number}": spec for number, spec in enumerate(specs)})
    found = closed_loops(expanded_classes(world.scenario), np.full(len(world.classes), delay_s))
    assert found is not None
    return found


def chain(loops: ClosedLoops, key: int, turns: int, ends_s: float = 0.0, **first: Any) -> np.ndarray:
    """A first turn of class 0 and the turns after it, each of which ends at ``ends_s`` after its birth."""
    row = np.zeros(1, REQUEST)
    row["key"], row["turn"], row["session"], row["prompt"], row["output"] = key, 1, -1, 7, 3
    for name, value in first.items():
        row[name] = value
    found = [row.copy()]
    rows = table(row, ArrivingRequest)
    while len(found) < turns and next_turn(loops, rows, 0, float(row["born_s"][0]) + ends_s, PER_S):
        found.append(row.copy())
    return np.concatenate(found)


# What the feed knows


def test_users_begin_with_a_pause_and_the_feed_ends_with_that():
    rows = requests(demand_world({"a": users(4000, arrivals={"think_s": 2.0})}, delay_s=0.25))
    assert len(rows) == 4000
    assert (rows["turn"] == 1).all()
    assert (rows["session"] == -1).all()
    assert abs(rows["born_s"].mean() - 2) < Z * 2 / math.sqrt(4000)
    assert (rows["arrive_s"] == rows["born_s"] + 0.25).all()


def test_constant_pauses_begin_together():
    rows = requests(demand_world({"a": users(5, arrivals={"think_s": 2.0, "pause": "constant"})}))
    assert rows["born_s"].tolist() == [2.0] * 5


def test_load_multiplies_users_and_clients_share_them():
    demand = {"a": users(10, clients=3), "b": users(3)}
    for load, sizes in ((1.0, [5, 3, 2, 3]), (2.0, [11, 5, 4, 6]), (0.25, [1, 1, 0, 1]), (0.01, [1, 0, 0, 1])):
        world = demand_world(demand, duration_s=1e6, load=load)
        assert [client.users for client in expanded_classes(world.scenario)] == sizes
        assert np.bincount(requests(world)["client_class"], minlength=4).tolist() == sizes


def test_shares_of_a_whole_number_add_up():
    for total, clients in itertools.product((0, 1, 7, 1000), (1, 2, 13, 999)):
        shares = zipf_shares(clients, 1.0)
        parts = apportioned(total, shares)
        assert sum(parts) == total
        assert all(abs(part - total * share) < 1 for part, share in zip(parts, shares, strict=True))


def test_more_users_leave_the_others_as_they_are():
    few, many = (requests(demand_world({"a": users(count)}, duration_s=1e9)) for count in (20, 50))
    in_common = many[np.isin(many["key"], few["key"])]
    assert in_common.tobytes() == few.tobytes()


def test_only_first_turns_of_closed_sessions_are_in_the_feed():
    arrivals = {"kind": "poisson", "rate_per_s": 20.0}
    spec = {"mean_turns": 4.0, "think_s": 2.0}
    rows = requests(demand_world({"a": {"arrivals": arrivals, "sessions": spec}}, duration_s=400.0))
    assert len(np.unique(rows["session"])) == len(rows)  # each is a session of its own
    assert (rows["turn"] == 1).all()
    assert not rows["prefix"].any()
    expected = 20.0 * 400.0 / 4.0
    assert abs(len(rows) - expected) < Z * math.sqrt(expected)
    opened = requests(demand_world({"a": {"arrivals": arrivals, "sessions": {**spec, "loop": "open"}}}))
    assert not opened["turn"].any()
    assert not requests(demand_world({"a": {"arrivals": arrivals}}))["turn"].any()


def test_users_do_not_go_on_without_an_answer():
    sessions = {"loop": "open"}
    with pytest.raises(ValidationError, match=r'sessions\.loop is "open", but arrivals are "closed"'):
        ClientClass.model_validate({"model": "m", **users(3, sessions=sessions)})


# The next turn


def test_who_does_not_pause_follows_at_once_and_not_without_end():
    """Born one point of the grid behind the answer; a refusal that takes no time is followed a millisecond later."""
    loops = loops_of(users(1, arrivals={"think_s": 0.0}))
    assert chain(loops, 5, 3, ends_s=0.125)["born_s"].tolist() == [0.0, 0.125 + 1 / PER_S, 0.25 + 2 / PER_S]
    assert chain(loops, 5, 3)["born_s"] * 1000 == pytest.approx([0.0, 1.0, 2.0], abs=1e-6)


@pytest.mark.parametrize("lengths", [
    {"kind": "lognormal", "mean": 300.0, "cv": 1.5}, {"kind": "constant", "mean": 12.4},
    {"kind": "exponential", "mean": 40.0}, {"kind": "exponential", "mean": 1.0},
    {"kind": "lognormal", "mean": 300.0, "cv": 0.5, "minimum": 200, "maximum": 400},
    {"kind": "quantiles", "probabilities": [0.0, 0.2, 0.9, 1.0], "values": [1.0, 50.0, 60.0, 1000.0]},
], ids=["lognormal", "constant", "exponential", "one", "limited", "quantiles"])
def test_lengths_are_those_of_the_feed(lengths):
    """Two samples by the two ways: the largest distance of their distributions (Kolmogorov, Smirnov; 1e-6)."""
    n = 4000
    other = {"kind": "quantiles", "probabilities": [0.0, 1.0], "values": [5.0, 9.0]}  # its knots come first
    loops = loops_of(users(1, prompt_tokens=other, output_tokens=lengths))
    drawn = np.sort(chain(loops, 5, n + 1)["output"][1:])
    plain = np.sort(LengthSampler(Lengths.model_validate(lengths), np.random.default_rng(1)).draw(n))
    at = np.unique(np.concatenate([drawn, plain]))
    apart = np.abs(np.searchsorted(drawn, at, side="right") - np.searchsorted(plain, at, side="right")).max() / n
    assert apart < math.sqrt(-math.log(1e-6 / 2) / n)
    assert drawn.min() >= lengths.get("minimum", 1)
    assert drawn.max() <= lengths.get("maximum", 10**9)


def test_pauses_and_patience():
    rows = chain(loops_of(users(1, arrivals={"think_s": 3.0}, patience_s=7.0), delay_s=0.5), 1, 4001, ends_s=2.0)
    pauses = np.diff(rows["born_s"]) - 2.0 - 0.5  # the end takes the delay to its customer
    assert pauses.min() >= 0
    assert abs(pauses.mean() - 3) < Z * 3 / math.sqrt(4000)
    assert abs((pauses > 3).mean() - math.exp(-1)) < Z * math.sqrt(0.2325 / 4000)
    assert abs(rows["patience_s"][1:].mean() - 7) < Z * 7 / math.sqrt(4000)
    assert (rows["arrive_s"][1:] == rows["born_s"][1:] + 0.5).all()
    assert (rows["born_s"] * PER_S % 1 == 0).all()
    fixed = chain(loops_of(users(1, arrivals={"think_s": 3.0, "pause": "constant"})), 1, 5, ends_s=2.0)
    assert fixed["born_s"].tolist() == [0.0, 5.0, 10.0, 15.0, 20.0]
    assert np.isinf(fixed["patience_s"][1:]).all()


def test_what_happens_changes_only_when_a_turn_comes():
    loops = loops_of(users(1, patience_s=4.0, sessions={"mean_turns": 3.0}))
    soon, late = (chain(loops, 99, 50, ends_s) for ends_s in (0.0, 1000.0))
    for name in REQUEST.names or ():
        same = soon[name].tolist() == late[name].tolist()
        assert same == (name not in ("born_s", "arrive_s")), name
    assert len(np.unique(soon["key"])) == 50


def test_turns_of_a_session_carry_their_history_until_it_is_over():
    spec = {"arrivals": {"kind": "poisson", "rate_per_s": 1.0},
            "sessions": {"mean_turns": 4.0, "max_turns": 6, "think_s": 2.0},
            "prompt_tokens": {"mean": 100.0, "cv": 1.0, "maximum": 600}, "output_tokens": {"mean": 50.0}}
    loops = loops_of(spec)
    counts = np.zeros(7, int)
    cut = 0
    for key in range(1, 3001):
        rows = chain(loops, key * 7919, 10, session=key)
        counts[len(rows)] += 1
        history = rows["prompt"][:-1].astype(int) + rows["output"][:-1]
        whole = rows["prefix"][1:] > 0
        assert (rows["prefix"][1:][whole] == history[whole]).all()
        assert (rows["prompt"][1:][whole] > history[whole]).all()
        assert (rows["prompt"][1:][~whole] == 600).all()  # its oldest tokens are gone
        assert rows["turn"].tolist() == list(range(1, len(rows) + 1))
        assert (rows["session"] == key).all()
        cut += int((~whole).sum())
    pmf = np.array([0.25 * 0.75**turn for turn in range(5)] + [0.75**5])
    assert (np.abs(counts[1:] - 3000 * pmf) < Z * np.sqrt(3000 * pmf)).all()
    assert cut > 50


def test_users_have_one_session_after_the_other():
    rows = chain(loops_of(users(3, arrivals={"think_s": 100.0, "pause": "constant"},
                                sessions={"mean_turns": 3.0, "think_s": 1.0, "pause": "constant"})), 4, 300, session=2)
    begins = rows["turn"][1:] == 1
    assert set(np.diff(rows["born_s"])[begins]) == {100.0}
    assert set(np.diff(rows["born_s"])[~begins]) == {1.0}
    assert (np.diff(rows["session"]) == np.where(begins, 3, 0)).all()  # numbers that no other user has
    assert not rows["prefix"][1:][begins].any()
    assert 60 < begins.sum() < 150
