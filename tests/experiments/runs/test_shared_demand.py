"""Requests that runs share: drawn once for the same demand, anew for any other."""

import numpy as np
import pytest

from experiments.cli.main import main
from experiments.runs import shared_demand
from experiments.runs.run_traffic import assemble
from experiments.runs.shared_demand import feed_of
from experiments.scenarios import load_traffic
from sim.demand import feed
from sim.demand.feed import DemandFeed
from sim.streams import Streams

SHORT = ["traffic.duration_s=20", "traffic.warmup_s=1"]


@pytest.fixture(autouse=True)
def nothing_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shared_demand, "_kept", {})


def world(*changes: str, replication: int = 0):
    return assemble(load_traffic("duel", [*SHORT, *changes]), replication)


def rows(of) -> list[tuple[float, ...]]:
    return [row for block in feed_of(of) for row in block.tolist()]


def drawn(of) -> list[tuple[float, ...]]:
    return [row for block in DemandFeed(of, Streams(of.seed, of.replication)) for row in block.tolist()]


def test_another_policy_gets_the_very_blocks_and_they_are_what_would_be_drawn():
    first = list(feed_of(world()))
    again = list(feed_of(world("routers.main.policy.kind=cheapest")))
    assert all(a is b for a, b in zip(first, again, strict=True))
    assert [row for block in first for row in block.tolist()] == drawn(world())


@pytest.mark.parametrize("change", [
    "seed=7", "traffic.load=1.5", "traffic.duration_s=21", "traffic.drain_s=200000", "demand.chat.patience_s=3",
    "demand.chat.arrivals.rate_per_s=3",
])
def test_other_demand_is_drawn_anew(change: str):
    before, other = rows(world()), rows(world(change))
    assert other != before
    assert other == drawn(world(change))


def test_another_replication_is_drawn_anew():
    assert rows(world()) != rows(world(replication=1)) == drawn(world(replication=1))


def test_a_trace_that_is_written_anew_is_read_anew(tmp_path):
    path = tmp_path / "t.csv"
    for prompt in (10, 2000):
        path.write_text("t_s,input_tokens,output_tokens\n" + f"1.0,{prompt},5\n" * 3)
        of = world(f"demand.chat.arrivals={{kind='trace', path='{path}'}}")
        assert set(np.concatenate(list(feed_of(of)))["prompt"].tolist()) == {prompt}


def test_more_rows_than_the_limit_are_not_kept(monkeypatch):
    monkeypatch.setattr(shared_demand, "MOST_ROWS", 5)
    assert rows(world()) == drawn(world())
    assert not shared_demand._kept


def test_the_oldest_are_given_up_first(monkeypatch):
    count = sum(len(block) for block in DemandFeed(world(), Streams(world().seed, 0)))
    monkeypatch.setattr(shared_demand, "MOST_ROWS", int(2.5 * count))
    for replication in range(3):
        rows(world(replication=replication))
    kept = [len(np.concatenate(blocks)) for blocks in shared_demand._kept.values()]
    assert len(kept) == 2
    assert next(iter(feed_of(world(replication=2)))) is next(iter(list(shared_demand._kept.values())[-1]))


def test_a_feed_that_is_left_half_read_is_not_kept():
    next(iter(feed_of(world())))
    assert not shared_demand._kept


def test_a_tournament_draws_the_requests_of_a_load_and_replication_once(monkeypatch, tmp_path):
    drawn = []

    class Counted(DemandFeed):
        def __init__(self, of, streams):
            drawn.append((of.scenario.traffic.load, of.replication))
            super().__init__(of, streams)

    monkeypatch.setattr(feed, "DemandFeed", Counted)
    count = sum(len(block) for block in DemandFeed(world(), Streams(world().seed, 0)))
    monkeypatch.setattr(shared_demand, "MOST_ROWS", 2 * count)  # enough for the loads of one replication, not of two
    changes = [word for change in SHORT for word in ("--set", change)]
    assert main(["run", "tournament", "duel", *changes, "--policies", "random,cheapest,fastest", "--loads", "0.5,1",
                 "--replications", "3", "--jobs", "1", "--out", str(tmp_path / "t")]) == 0
    assert sorted(drawn) == [(load, replication) for load in (0.5, 1.0) for replication in range(3)]
