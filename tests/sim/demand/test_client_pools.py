"""Clients of ServeGen: files as published, and the closed forms of what is drawn from them."""

import gzip
import json
import math

import numpy as np
import pytest

from sim.demand.classes import expected_output
from sim.demand.covered import covered_s
from sim.demand.pool_replay import PoolReplay
from sim.demand.trace_files.client_pool import ClientPool
from sim.demand.traces import trace_of
from sim.errors import TraceError
from sim.scenario import ClientClass, Trace
from sim.streams import Streams
from worlds.places import ROOT

REAL = ROOT.parent / "shared" / "data" / "traces" / "servegen_client_rates_600s.parquet"
FIRST = "0,0.5,4.0,Gamma,0.0625,32\n600,0,0,,0,0\n1200,0.25,0.6,Weibull,1.7,4.5\n"
SECOND = "0,0.2,1.0,Gamma,1,5\n600,0.1,1.0,Gamma,1,10\n1200,0,0,,0,0\n"
LENGTHS = {"0": {"input_tokens": "{10: 0.25, 30: 0.75}", "output_tokens": "{0: 0.5, 5: 0.5}"},
           "1200": {"input_tokens": {"100": 1.0}, "output_tokens": {"1": 0.5, "2": 0.5}}}


@pytest.fixture
def folder(tmp_path):
    for number, text in ((1, FIRST), (2, SECOND)):
        (tmp_path / f"chunk-{number}-trace.csv").write_text(text)
        (tmp_path / f"chunk-{number}-dataset.json").write_text(json.dumps(LENGTHS))
    return tmp_path


def replay(path, replication=0, load=1.0, shares=(1.0,), **spec):
    streams = Streams(1, replication)
    demand = ClientClass(model="toy", arrivals=Trace(path=str(path), **spec))
    return PoolReplay(demand, trace_of(demand.arrivals), load, np.array(shares), streams.generator)


def test_files_as_published_are_clients(folder):
    pool = trace_of(Trace(path=str(folder)))
    assert isinstance(pool, ClientPool)
    assert pool.rate_per_s.tolist() == [[0.5, 0.2], [0, 0.1], [0.25, 0]]
    assert pool.window_s == 600
    assert pool.period_s == covered_s(Trace(path=str(folder)), 1.0) == 1800
    assert 1 / pool.mean_gap_s == pytest.approx(1.05 / 3)
    assert pool.mean_prompt == pytest.approx((25 * 0.8 + 100 * 0.25) / 1.05)
    assert pool.mean_output == pytest.approx((5 * 0.8 + 1.5 * 0.25) / 1.05)  # an answer of no tokens is a failure
    assert len(trace_of(Trace(path=str(folder / "chunk-2-trace.csv"))).rate_per_s[0]) == 1


def test_requests_expected_in_a_window_are_its_rate_times_its_length(folder):
    """Exactly, also of bursty clients: a process that began with a whole gap would send 7.5 too many in the first."""
    replications = 600
    counts = np.array([[len((source := replay(folder, r)).draw(1).born_s), len(source.draw(1).born_s),
                        len(source.draw(1).born_s)] for r in range(replications)])
    errors = counts.std(axis=0, ddof=1) / math.sqrt(replications)
    assert (np.abs(counts.mean(axis=0) - [420, 60, 150]) < 4.5 * errors).all()  # false alarm 2e-5
    spread = counts[:, 0].var(ddof=1)
    assert spread == pytest.approx(300 * 16 + 120, rel=0.35)  # CV² of the counts, in the long run


def test_lengths_are_those_of_the_time(folder):
    source = replay(folder)
    for window, (prompts, outputs) in enumerate([({10, 30}, {5}), ({10, 30}, {5}), ({100}, {1, 2})]):
        births = source.draw(1)
        assert set(births.prompt.tolist()) == prompts
        assert set(births.output.tolist()) == outputs
        assert (np.diff(births.born_s) >= 0).all()
        assert (births.born_s >= 600 * window).all()
        assert (births.born_s < 600 * (window + 1)).all()
    assert births.horizon_s == math.inf


def test_a_loop_starts_anywhere_and_goes_on(folder):
    """As many requests as the mean rate says, in any stretch of time; at the rate that is asked for."""
    counts = []
    for replication in range(300):
        source, born, horizon_s = replay(folder, replication, loop=True, rate_per_s=0.7), [], 0.0
        while horizon_s < 1000:
            births = source.draw(1)
            horizon_s = births.horizon_s
            born += births.born_s.tolist()
        counts.append(np.searchsorted(born, 1000))
        assert min(born) >= 0
    assert abs(np.mean(counts) - 700) < 4.5 * np.std(counts, ddof=1) / math.sqrt(300)  # false alarm 7e-6


def test_shares_and_load(folder):
    source = replay(folder, load=2.0, shares=(0.7, 0.3))
    births = source.draw(1)
    assert births.horizon_s == 300
    assert set(births.client.tolist()) == {0, 1}
    assert source.rate_per_s == pytest.approx(2 * 1.05 / 3)


def test_a_table_of_clients_takes_the_lengths_of_its_class(tmp_path):
    path = tmp_path / "clients.csv"
    path.write_text("client,t_s,rate_rps,ia_cv,pattern\n7,0,1.0,1.0,Gamma\n7,600,2.0,1.0,Weibull\n9,600,1.0,1.0,Gamma\n")
    pool = trace_of(Trace(path=str(path)))
    assert pool.rate_per_s.tolist() == [[1, 0], [2, 1]]
    demand = ClientClass(model="toy", arrivals=Trace(path=str(path)))
    assert expected_output(demand) == pytest.approx(150, rel=0.01)
    assert replay(path).draw(1).output.mean() == pytest.approx(150, rel=0.2)
    path.write_text(path.read_text().replace("9,600,1.0,1.0,Gamma", "9,600,-1,1.0,Gamma"))
    with pytest.raises(TraceError, match=r"client 9, row 3 when sorted: is '600,-1\.0,1\.0,Gamma'"):
        trace_of(Trace(path=str(path)))


@pytest.mark.skipif(not REAL.is_file(), reason="the real clients are not beside the repository")
def test_real_clients():
    pool = trace_of(Trace(path=str(REAL)))
    assert pool.rate_per_s.shape == (2016, 162 + 73)


@pytest.mark.parametrize(("file", "text", "complaint"), [
    ("chunk-1-trace.csv", "0,fast,1,Gamma,1,1\n", "chunk-1-trace.csv line 1: is '0,fast,1,Gamma,1,1', must be"),
    ("chunk-1-trace.csv", "0,1,1,Pareto,1,1\n", "line 1: is '0,1,1,Pareto,1,1', must be"),
    ("chunk-1-trace.csv", "0,1\n", "line 1: is '0,1', must be"),
    ("chunk-1-dataset.json", "{", "chunk-1-dataset.json cannot be read: it must hold input_tokens and output_tokens"),
    ("chunk-1-dataset.json", '{"0": {"input_tokens": "__import__(1)", "output_tokens": "{}"}}', "ValueError"),
    ("chunk-1-dataset.json", "{}", '1 of 2 clients, chunk-1-trace.csv first, have no lengths'),
    ("chunk-1-trace.csv", "0,1,1,Gamma,1,1\n0,2,1,Gamma,1,1\n", "two windows that begin at 0 s"),
    ("chunk-1-trace.csv", "0,1,1,Gamma,1,1\n700,2,1,Gamma,1,1\n950,0,0,,0,0\n",
     "that of the shortest, 100 s, and at most 1,000,000; one begins at 950 s"),
    ("chunk-1-trace.csv", "0,1,1,Gamma,1,1\n6e9,2,1,Gamma,1,1\n", "they reach to 6e+09 s"),
    ("chunk-1-dataset.json", '{"0": {"input_tokens": {"9": -1, "8": 2}, "output_tokens": {"1": 1}}}',
     "a probability of -1"),
    ("requests.csv", "t_s\n", "holds clients of ServeGen and requests.csv, which is none"),
])
def test_what_is_wrong_is_said(folder, file, text, complaint):
    (folder / file).write_text(text)
    with pytest.raises(TraceError) as error:
        trace_of(Trace(path=str(folder)))
    assert complaint in str(error.value)


def test_files_may_be_packed(folder):
    for file in list(folder.iterdir()):
        file.with_name(f"{file.name}.gz").write_bytes(gzip.compress(file.read_bytes()))
        file.unlink()
    pool = trace_of(Trace(path=str(folder)))
    assert (pool.rate_per_s.shape, pool.mean_prompt) == ((3, 2), pytest.approx((25 * 0.8 + 100 * 0.25) / 1.05))
    assert trace_of(Trace(path=str(folder / "chunk-2-trace.csv.gz"))).mean_output == pytest.approx(5.0)


def test_clients_without_lengths_are_left_out_as_asked(folder):
    (folder / "chunk-1-dataset.json").unlink()
    pool = trace_of(Trace(path=str(folder), skip="unusable"))
    assert pool.record()["left_out_clients"] == 1
    assert pool.record()["clients"] == 1
