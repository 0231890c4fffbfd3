"""Closed loops in both engines: when a turn comes, by hand."""

import numpy as np
import pytest

from sim.engines.compiled import CompiledEngine
from sim.engines.outcome import ABANDONED, COMPLETED, REFUSED
from sim.engines.reference import ReferenceEngine
from sim.engines.world import World
from worlds import small as worlds
from worlds.small import Client, drive

ENGINES = pytest.mark.parametrize("engine", [CompiledEngine, ReferenceEngine], ids=["compiled", "reference"])


def market(users: int = 1, think_s: float = 3.0, duration_s: float = 20.0, delay_s: float = 0.5, **offer) -> World:
    """Steps of a second: an answer of two tokens takes two (prefill and decode); pauses are constant."""
    lengths = {"kind": "constant", "mean": 2}
    demand = {"arrivals": {"kind": "closed", "users": users, "think_s": think_s, "pause": "constant"},
              "prompt_tokens": lengths, "output_tokens": lengths}
    return worlds.world([worlds.offer(**offer)], clients=[Client(delay_s=delay_s, demand=demand)],
                        routers={"main": {"attempts": {"maximum": 1}}},
                        traffic={"duration_s": duration_s})


def first(of: World, *times: float, **fields) -> np.ndarray:
    return worlds.requests(of, [{"arrive_s": time, "prompt": 2, "output": 2, "turn": 1, "key": 100 + number, **fields}
                                for number, time in enumerate(times)])


@ENGINES
def test_a_turn_waits_for_the_answer_and_thinks(engine):
    of = market()
    samples = drive(engine(of, iter([first(of, 1.0)]))).samples
    # to the router .5, two steps, back .5, 3 s of thought: born every 6 s; one of 24.5 s would be too late
    assert samples["born_s"].tolist() == [0.5, 6.5, 12.5, 18.5]
    assert samples["end_s"].tolist() == [3.0, 9.0, 15.0, 21.0]
    assert (samples["outcome"] == COMPLETED).all()


@ENGINES
def test_a_load_generator_keeps_a_server_busy(engine):
    """Without a pause and on no way, one user's requests of two seconds fill 20 s: ten, each a grid point later."""
    of = market(think_s=0.0, delay_s=0.0)
    samples = drive(engine(of, iter([first(of, 0.0)]))).samples
    assert samples["end_s"] == pytest.approx(2.0 * np.arange(1, 11), abs=1e-6)
    assert (np.diff(samples["born_s"]) > 2.0).all()


@ENGINES
def test_a_turn_at_the_end_of_demand_never_comes(engine):
    for duration_s, turns in ((13.0, 2), (13.25, 3)):
        of = market(duration_s=duration_s)
        outcome = drive(engine(of, iter([first(of, 1.0)])))
        assert outcome.born.sum() == outcome.outcomes.sum() == turns


@ENGINES
def test_customers_go_on_whatever_happens(engine):
    of = market(delay_s=0.0, max_batch=1, queue=0, duration_s=12.0)
    # the second is refused at once and comes back 3 s later, while the first thinks; so they go on in turns
    samples = drive(engine(of, iter([first(of, 1.0, 2.5)]))).samples
    assert samples["end_s"].tolist() == [2.5, 3.0, 6.0, 7.5, 10.5, 11.0]
    assert samples["outcome"].tolist() == [REFUSED, COMPLETED] * 3
    impatient = market(delay_s=0.0, duration_s=12.0)
    samples = drive(engine(impatient, iter([first(impatient, 1.0, patience_s=0.5)]))).samples
    assert samples["outcome"].tolist() == [ABANDONED, COMPLETED, COMPLETED]  # later turns have a patience of their own
    assert samples["born_s"].tolist() == [1.0, 4.5, 9.5]


@ENGINES
def test_no_engine_is_idle_while_a_customer_thinks(engine):
    of = market(duration_s=8.0)
    made = engine(of, iter([first(of, 1.0)]))
    seen = []
    for until_s in (2.0, 4.0, 7.5, 9.5):
        made.advance(until_s)
        seen.append(made.idle)
    assert seen == [False, False, False, True]


@ENGINES
def test_arrivals_of_the_feed_and_of_loops_have_one_order(engine):
    """A turn that arrives with a row of the feed goes before it if its key is smaller, and comes after it if not."""
    of = market(delay_s=0.0, max_batch=1, duration_s=7.0)
    turn = drive(engine(of, iter([first(of, 1.0)]))).samples[1]
    assert turn["born_s"] == 6.0
    for key in (int(turn["key"]) - 1, int(turn["key"]) + 1):
        rows = np.concatenate([first(of, 1.0), worlds.requests(of, [{"arrive_s": 6.0, "prompt": 2, "output": 2}])])
        rows["key"][1] = key
        samples = drive(engine(of, iter([rows]))).samples
        together = samples[samples["born_s"] == 6.0]
        assert together["end_s"].tolist() == [8.0, 10.0]  # one after the other
        assert together["key"].tolist() == sorted([key, int(turn["key"])])


def test_many_loops_outgrow_their_first_places_and_the_engines_agree():
    of = market(users=400, think_s=5.0, delay_s=0.25, max_batch=64, replicas=4, duration_s=40.0)
    rows = first(of, *np.linspace(0.5, 6.0, 400).tolist())
    fast, plain = (drive(engine(of, iter([rows.copy()]))) for engine in (CompiledEngine, ReferenceEngine))
    assert fast.born.sum() > 1500
    for name in fast.samples.dtype.names or ():
        np.testing.assert_array_equal(fast.samples[name], plain.samples[name], err_msg=name)
