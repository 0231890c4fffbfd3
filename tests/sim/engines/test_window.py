"""The measured window: replicas' time counts inside it, whatever the run does after it."""

import numpy as np
import pytest

from experiments.measures.traffic_metrics import metrics
from experiments.runs.run_traffic import run_traffic
from experiments.scenarios import load_traffic
from experiments.store.tables import traffic_tables
from sim.engines.compiled import CompiledEngine
from sim.engines.outcome import BUSY_S, TrafficOutcome
from sim.engines.reference import ReferenceEngine
from worlds.differential import random_case
from worlds.small import Change, Client, affine, apply, drive, offer, requests, world

ENGINES = pytest.mark.parametrize("engine", [CompiledEngine, ReferenceEngine])
STEADY = ["traffic.duration_s=60", "traffic.warmup_s=20"]


def busy_s(engine: type, rows: list[dict], until_s: float, changes: tuple[Change, ...] = ()) -> list[float]:
    """Time in steps of offers whose steps last a second, in a window from 10 s to 20 s."""
    market = world([offer(), offer(model="n")], traffic={"warmup_s": 10.0, "duration_s": 20.0})
    outcome = drive(engine(market, iter([requests(market, rows)])), changes, until_s)
    return outcome.offer_work[:, BUSY_S].tolist()


@ENGINES
@pytest.mark.parametrize(
    ("arrive_s", "output", "inside_s"),
    [
        (2.5, 4, 0.0),  # 2.5 to 6.5: before
        (8.25, 4, 2.25),  # 8.25 to 12.25: from 10 on
        (12.5, 4, 4.0),
        (18.25, 4, 1.75),  # until 20
        (8.5, 15, 10.0),  # 8.5 to 23.5: across both edges
        (16.0, 4, 4.0),  # 16 to 20 sharp
    ],
)
@pytest.mark.parametrize("until_s", [20.0, 20.1, 22.9, 1000.0])
def test_a_step_counts_with_its_part_inside(
    engine: type, arrive_s: float, output: int, inside_s: float, until_s: float
) -> None:
    found = busy_s(engine, [{"arrive_s": arrive_s, "prompt": 1, "output": output}], until_s)
    assert found == [inside_s, 0.0]


@ENGINES
def test_a_look_before_the_end_counts_what_was_done_so_far(engine: type) -> None:
    assert busy_s(engine, [{"arrive_s": 8.25, "prompt": 1, "output": 9}], 13.5) == [3.5, 0.0]


@ENGINES
@pytest.mark.parametrize(("cut_s", "inside_s"), [(9.0, 0.0), (12.5, 2.5), (19.75, 9.75), (22.5, 10.0)])
def test_an_outage_ends_the_time_in_steps(engine: type, cut_s: float, inside_s: float) -> None:
    rows = [{"arrive_s": 8.25, "prompt": 1, "output": 90}]
    assert busy_s(engine, rows, 1000.0, (Change(cut_s, "up", 0, (0.0,)),)) == [inside_s, 0.0]


@ENGINES
def test_a_tally_holds_the_steps_that_are_over_and_no_others(engine: type) -> None:
    market = world([offer()], traffic={"warmup_s": 10.0, "duration_s": 20.0})
    running = engine(market, iter([requests(market, [{"arrive_s": 8.25, "prompt": 1, "output": 90}])]))
    found = []
    for until_s in (9.5, 11.0, 19.75, 20.0):
        running.advance(until_s)
        found.append(float(running.tally().offer_work[0, BUSY_S]))
    running.set_up(0, False)
    assert [*found, float(running.tally().offer_work[0, BUSY_S])] == [0.0, 0.25, 9.25, 9.25, 10.0]


@ENGINES
def test_a_tally_of_some_offers_is_up_to_date_at_them(engine: type) -> None:
    """Steps of a second from 8.25 s on at one replica, and at two: by 19.75 s nine and a quarter each are over."""
    market = world([offer(), offer(model="n", replicas=2)], clients=(Client(), Client(model="n")),
                   traffic={"warmup_s": 10.0, "duration_s": 20.0})
    rows = [{"arrive_s": 8.25, "prompt": 1, "output": 90, "client_class": of} for of in (0, 1, 1)]
    running = engine(market, iter([requests(market, rows)]))
    running.advance(19.75)
    busy = np.array([9.25, 18.5])
    for asked in ([], [1], [0, 1]):
        seen = running.tally(np.array(asked, np.int64))
        assert (seen.offer_work[asked, BUSY_S] == busy[asked]).all()
        assert (seen.offer_work[:, BUSY_S] <= busy).all()
        assert seen.born.sum() == 3
    assert running.tally().offer_work[:, BUSY_S].tolist() == busy.tolist()


@ENGINES
def test_active_replicas_count_by_the_time_that_each_number_held(engine: type) -> None:
    market = world([offer(replicas=4), offer(model="n", replicas=3)], traffic={"warmup_s": 10.0, "duration_s": 20.0})
    sizes = [Change(4.0, "size", 0, (1.0,)), Change(13.0, "size", 0, (2.0,)), Change(25.0, "size", 0, (4.0,))]
    down = [Change(12.0, "up", 1, (0.0,)), Change(14.0, "list", 1, (0.0,))]
    outcome = drive(engine(market, iter(())), [*sizes, *down], 30.0)
    assert outcome.replica_s.tolist() == [3 * 1 + 7 * 2, 10 * 3]
    assert drive(engine(market, iter(())), [*sizes[:2], *down], 15.0).replica_s.tolist() == [3 * 1 + 2 * 2, 5 * 3]


@pytest.mark.parametrize("load", [0.7, 1.5])
def test_utilisation_does_not_depend_on_how_long_the_run_drains(load: float) -> None:
    runs = [run_traffic(load_traffic("duel", [*STEADY, f"traffic.load={load}", f"traffic.drain_s={drain_s}"]), 0)
            for drain_s in (0, 10, 60, 3600, 36000)]
    assert len({outcome.end_s for outcome in runs}) > 2
    assert len({metrics(outcome)["utilisation"] for outcome in runs}) == 1
    assert len({outcome.offer_work[:, BUSY_S].tobytes() for outcome in runs}) == 1
    tables = [traffic_tables(outcome) for outcome in runs]
    for table, column in (("offers", "busy_replica_s"), ("offers", "replica_s"), ("prices", "listed_days")):
        assert len({found[table][column].to_numpy().tobytes() for found in tables}) == 1
    assert tables[0]["prices"]["listed_days"].tolist() == pytest.approx([40 / 86_400] * len(tables[0]["prices"]))


def looked_at(engine: type, seed: int, looks: int, after_s: float) -> TrafficOutcome:
    """A random market, looked at now and then, until some time after the last request."""
    case = random_case(seed)
    engine = engine(case.world, iter([block.copy() for block in case.blocks]))
    end_s = case.world.scenario.traffic.duration_s + after_s
    times_s = np.linspace(0.0, end_s, looks + 2)[1:-1].tolist()
    for time_s, change in sorted([*((t, None) for t in times_s), *((c.time_s, c) for c in case.changes)],
                                 key=lambda pair: pair[0]):
        if time_s < end_s:
            engine.advance(time_s)
            engine.tally()
            engine.outcome()
            if change is not None and time_s < case.world.scenario.traffic.duration_s:
                apply(engine, change)
    engine.advance(end_s)
    return engine.outcome()


@ENGINES
@pytest.mark.parametrize("seed", range(4))
def test_nor_on_how_often_somebody_looks(engine: type, seed: int) -> None:
    plain = looked_at(engine, seed, 0, 0.0)
    assert plain.offer_work[:, BUSY_S].sum() > 0
    for looks, after_s in ((7, 0.0), (0, 3.3), (40, 500.0)):
        again = looked_at(engine, seed, looks, after_s)
        assert again.offer_work[:, BUSY_S].tobytes() == plain.offer_work[:, BUSY_S].tobytes()
        assert again.replica_s.tobytes() == plain.replica_s.tobytes()


def test_time_in_steps_is_at_most_the_replicas_time() -> None:
    overloaded = [{"arrive_s": 0.01 * i, "prompt": 10, "output": 50} for i in range(1, 400)]
    market = world([offer(affine(0.01, 0.001), replicas=2, max_batch=4)], traffic={"warmup_s": 1.0, "duration_s": 5.0})
    outcome = drive(CompiledEngine(market, iter([requests(market, overloaded)])))
    assert outcome.offer_work[0, BUSY_S] == pytest.approx(outcome.replica_s[0], rel=1e-12)
