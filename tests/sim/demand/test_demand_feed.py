"""The feed: order, blocks, common random numbers, sessions. Normal checks at 5 sigma: false alarm 5.7e-7."""

import itertools
import math
import tracemalloc
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sim.demand.feed import DemandFeed
from sim.demand.rows import SESSION_BITS, request_keys
from sim.demand.sessions import mean_turns
from sim.engines.grid import put_on_grid
from sim.engines.requests import REQUEST
from sim.errors import ScenarioError, TraceError
from sim.scenario import Sessions
from sim.streams import Streams
from worlds.demand import blocks, demand_world, requests

Z = 5.0
DRAWN = [name for name in REQUEST.names or () if name not in ("client_class", "session")]


def poisson(rate: float = 10.0, **spec: Any) -> dict[str, Any]:
    return {"arrivals": {"kind": "poisson", "rate_per_s": rate}, **spec}


@pytest.fixture(scope="module")
def trace(tmp_path_factory) -> str:
    path = tmp_path_factory.mktemp("trace") / "t.csv"
    rows = (f"{i // 3},{100 + i},{1 + i % 7}" for i in range(60))  # three at a time
    path.write_text("t_s,input_tokens,output_tokens\n" + "\n".join(rows) + "\n")
    return str(path)


def of_class(rows: np.ndarray, index: int) -> np.ndarray:
    return rows[rows["client_class"] == index]


def same_draws(a: np.ndarray, b: np.ndarray) -> bool:
    return all(a[name].tolist() == b[name].tolist() for name in DRAWN)


arrival_specs = st.one_of(
    st.fixed_dictionaries({"kind": st.sampled_from(["poisson", "deterministic"]),
                           "rate_per_s": st.floats(0.01, 40)}),
    st.fixed_dictionaries({"kind": st.sampled_from(["gamma", "weibull"]), "rate_per_s": st.floats(0.01, 40),
                           "cv": st.floats(0.1, 20)}),
    st.fixed_dictionaries({"kind": st.just("diurnal"), "rate_per_s": st.floats(0.01, 40),
                           "start_hour": st.integers(0, 1670).map(lambda tenths: tenths / 10)}),
    st.fixed_dictionaries({"kind": st.just("bursts"), "rate_per_s": st.floats(0.01, 40),
                           "burst_s": st.floats(0.1, 50), "quiet_s": st.floats(0.1, 50)}),
)
class_specs = st.fixed_dictionaries(
    {"arrivals": arrival_specs},
    optional={
        "sessions": st.fixed_dictionaries({"mean_turns": st.floats(1, 9), "think_s": st.floats(0.01, 100),
                                           "max_turns": st.integers(1, 12)}),
        "patience_s": st.floats(0.1, 100),
        "clients": st.integers(1, 6),
        "prompt_tokens": st.just({"kind": "exponential", "mean": 900, "maximum": 2000}),
    },
)


@settings(max_examples=60)
@given(specs=st.lists(class_specs, min_size=1, max_size=3), block_rows=st.integers(1, 300),
       looped=st.booleans(), load=st.sampled_from([0.5, 1.0, 1.7]))
def test_sorted_and_the_same_whatever_the_blocks(trace, specs, block_rows, looped, load):
    demand = {f"c{i}": spec for i, spec in enumerate(specs)}
    demand["t"] = {"arrivals": {"kind": "trace", "path": trace, "loop": looped}, "clients": 2}
    world = demand_world(demand, duration_s=40.0, load=load, delay_s=0.1)
    parts = blocks(world, block_rows=block_rows)
    assert all(len(part) for part in parts)
    rows = np.concatenate(parts)
    assert rows.tolist() == requests(world).tolist()
    order = np.lexsort((rows["key"], rows["arrive_s"]))
    assert (order == np.arange(len(rows))).all()  # by time, then by key
    assert all(a["arrive_s"][-1] < b["arrive_s"][0] for a, b in itertools.pairwise(parts))
    assert all(put_on_grid(part, world.grid_per_s) is part for part in parts)
    assert (rows["arrive_s"] < 40.0).all()
    assert (rows["born_s"] >= 0).all()
    assert rows["arrive_s"] == pytest.approx(rows["born_s"] + 0.1, abs=1 / world.grid_per_s)
    assert len(np.unique(rows["key"])) == len(rows)
    assert ((rows["prefix"] >= 0) & (rows["prefix"] < rows["prompt"])).all()


def test_a_priority_is_its_class_s(trace):
    replayed = {"arrivals": {"kind": "trace", "path": trace}, "priority": -3}
    rows = requests(demand_world({"a": poisson(priority=7, clients=2), "b": poisson(), "c": replayed}))
    assert [np.unique(of_class(rows, index)["priority"]).tolist() for index in range(4)] == [[7], [7], [0], [-3]]


def test_columns_of_a_plain_class():
    rows = requests(demand_world({"a": poisson(output_tokens={"kind": "constant", "mean": 40})}))
    assert (rows["expected_output"] == 40).all()
    assert (rows["output"] == 40).all()
    assert np.isinf(rows["patience_s"]).all()
    assert (rows["session"] == -1).all()
    assert not rows["prefix"].any()
    assert not rows["priority"].any()
    assert abs(len(rows) - 1000) < Z * math.sqrt(1000)


def test_patience_is_exponential():
    patience = requests(demand_world({"a": poisson(200.0, patience_s=3.0)}))["patience_s"]
    assert abs(patience.mean() - 3) < Z * 3 / math.sqrt(len(patience))
    assert abs((patience > 3).mean() - math.exp(-1)) < Z * math.sqrt(0.2325 / len(patience))


def test_clients_share_the_rate_by_size():
    rows = requests(demand_world({"a": poisson(220.0, clients=3)}))
    for index, expected in enumerate((12_000, 6_000, 4_000)):
        assert abs(len(of_class(rows, index)) - expected) < Z * math.sqrt(expected)


def test_another_class_changes_nothing():
    alone = requests(demand_world({"a": poisson(patience_s=9.0, sessions={})}))
    both = requests(demand_world({"a": poisson(patience_s=9.0, sessions={}), "b": poisson(99.0)}))
    behind = requests(demand_world({"b": poisson(99.0), "a": poisson(patience_s=9.0, sessions={})}))
    assert same_draws(alone, of_class(both, 0))
    assert same_draws(alone, of_class(behind, 1))


def test_one_classs_lengths_change_nothing_else():
    long = {"mean": 9000, "cv": 2.0}
    base = requests(demand_world({"a": poisson(), "b": poisson(7.0, patience_s=4.0)}))
    changed = requests(demand_world({"a": poisson(), "b": poisson(7.0, patience_s=4.0, prompt_tokens=long)}))
    assert same_draws(of_class(base, 0), of_class(changed, 0))
    for name in REQUEST.names or ():
        assert (base[name].tolist() == changed[name].tolist()) == (name != "prompt")


def test_load_and_delay_keep_every_request():
    world = demand_world({"a": poisson(patience_s=4.0)})
    base = requests(world)
    dense = requests(demand_world({"a": poisson(patience_s=4.0)}, load=2.0, delay_s=0.5))
    n = len(base)
    assert len(dense) > 1.5 * n
    for name in ("key", "prompt", "output", "patience_s"):
        assert dense[name][:n].tolist() == base[name].tolist()
    assert dense["born_s"][:n] * 2 == pytest.approx(base["born_s"], abs=2 / world.grid_per_s)


def test_a_split_class_keeps_its_larger_clients_requests():
    few = requests(demand_world({"a": poisson(clients=2, zipf_exponent=0)}))
    more = requests(demand_world({"a": poisson(clients=3, zipf_exponent=0)}))
    a, b = of_class(few, 1), of_class(more, 1)
    n = min(len(a), len(b))
    assert a["key"][:n].tolist() == b["key"][:n].tolist()
    assert a["prompt"][:n].tolist() == b["prompt"][:n].tolist()


def test_seed_and_replication_change_everything():
    world = demand_world({"a": poisson()})
    first, second = requests(world, seed=1), requests(world, seed=2)
    other = np.concatenate(list(DemandFeed(world, Streams(1, 1))))
    assert not set(first["key"].tolist()) & set(second["key"].tolist())
    assert not set(first["key"].tolist()) & set(other["key"].tolist())


def test_keys_are_splitmix64():
    """First outputs of the reference splitmix64 seeded with 1234567 (Vigna's splitmix64.c; Rosetta Code)."""
    expected = [6457827717110365317, 3203168211198807973, 9817491932198370423, 4593380528125082431,
                16408922859458223821]
    assert request_keys(1234567, 0, 5).tolist() == expected
    assert request_keys(1234567, 3, 2).tolist() == expected[3:]
    assert request_keys(2**64 - 1, 0, 1).tolist() == [0xE4D971771B652C20]


def sessions_of(spec: dict[str, Any], **kind: Any) -> tuple[np.ndarray, list[np.ndarray]]:
    demand = {"other": poisson(), "a": poisson(20.0, sessions=spec, **kind)}
    rows = of_class(requests(demand_world(demand, duration_s=2000.0)), 1)
    by_session = rows[np.argsort(rows["session"], kind="stable")]
    return rows, np.split(by_session, np.flatnonzero(np.diff(by_session["session"])) + 1)


def test_turns_carry_their_history():
    limit = 20_000
    _, sessions = sessions_of({"mean_turns": 6.0, "think_s": 5.0, "max_turns": 12}, patience_s=3.0,
                              prompt_tokens={"mean": 1500, "cv": 1.0, "maximum": limit})
    cut = 0
    for turns in sessions[:1500]:
        history = (turns["prompt"].astype(int) + turns["output"])[:-1]
        whole = turns["prompt"][1:] < limit
        assert turns["prefix"][0] == 0
        assert (turns["prefix"][1:][whole] == history[whole]).all()
        assert (turns["prompt"][1:][whole] > history[whole]).all()
        clipped = turns["prompt"] == limit
        assert not turns["prefix"][1:][history >= limit].any()
        assert (np.diff(clipped.astype(int)) >= 0).all()  # once the context is full it stays full
        cut += int(clipped.sum())
    assert cut > 100


def test_session_numbers_turn_counts_pauses_and_rate():
    spec = Sessions(mean_turns=3.5, think_s=2.0, max_turns=5)
    rows, sessions = sessions_of(spec.model_dump())
    assert (rows["session"] >> SESSION_BITS == 1).all()
    settled = [turns for turns in sessions if turns["born_s"][0] < 1900]  # sessions that had time to end
    counts = np.array([len(turns) for turns in settled])
    stop = 1 / 3.5
    pmf = np.array([stop * (1 - stop) ** k for k in range(4)] + [(1 - stop) ** 4])
    seen = np.bincount(counts, minlength=6)[1:]
    assert (np.abs(seen - len(counts) * pmf) < Z * np.sqrt(len(counts) * pmf)).all()  # false alarm 2.9e-6
    assert mean_turns(spec) == pytest.approx(float(pmf @ np.arange(1, 6)))
    pauses = np.concatenate([np.diff(turns["born_s"]) for turns in settled])
    assert abs(pauses.mean() - 2) < Z * 2 / math.sqrt(len(pauses))
    # batches of turns: variance of the count per opened session is E[turns²]
    second = float(pmf @ np.arange(1, 6) ** 2)
    expected = 20.0 * 2000
    assert abs(len(rows) - expected) < Z * math.sqrt(expected / mean_turns(spec) * second) + 20 * 2 * 5


def test_turns_of_different_sessions_interleave_in_time():
    rows, sessions = sessions_of({"mean_turns": 4.0, "think_s": 30.0})
    assert (np.diff(rows["arrive_s"]) >= 0).all()
    assert len(sessions) > 1000
    assert (np.diff(rows["session"]) < 0).any()


def test_trace_rows_reach_the_feed_and_split_among_clients(trace):
    spec = {"arrivals": {"kind": "trace", "path": trace}, "clients": 3, "patience_s": 2.0}
    rows = requests(demand_world({"a": poisson(), "t": spec}))
    rows = rows[rows["client_class"] >= 1]
    assert sorted(rows["prompt"].tolist()) == list(range(100, 160))
    assert set(rows["client_class"].tolist()) == {1, 2, 3}
    assert rows["expected_output"] == pytest.approx(np.mean([1 + i % 7 for i in range(60)]))
    assert rows["born_s"].max() == 19


def test_load_speeds_a_trace_up(trace):
    rows = requests(demand_world({"t": {"arrivals": {"kind": "trace", "path": trace}}}, load=4.0))
    assert rows["born_s"].tolist() == [i // 3 / 4 for i in range(60)]


def test_wrong_demand_is_refused(trace):
    with pytest.raises(ScenarioError, match=r"demand\.t\.sessions is set, but its arrivals are a trace"):
        blocks(demand_world({"t": {"arrivals": {"kind": "trace", "path": trace}, "sessions": {}}}))
    with pytest.raises(TraceError, match=r"no\.csv cannot be read"):
        blocks(demand_world({"t": {"arrivals": {"kind": "trace", "path": "no.csv"}}}))


def peak_bytes(duration_s: float) -> int:
    demand = {"a": poisson(4000.0), "b": poisson(2000.0, sessions={"think_s": 1.0}, clients=3)}
    world = demand_world(demand, duration_s)
    tracemalloc.start()
    try:
        for _ in DemandFeed(world, Streams(1, 0)):
            pass
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_memory_is_flat_in_the_horizon():
    assert peak_bytes(400.0) < 1.5 * peak_bytes(50.0)
