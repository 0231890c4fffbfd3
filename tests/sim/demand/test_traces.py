"""Traces: column sets, what is refused and how it is said, replay."""

import gzip
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sim.demand.replay import TraceReplay
from sim.demand.traces import load_trace
from sim.errors import TraceError
from sim.scenario import Trace
from sim.streams import Streams
from worlds.places import ROOT

REAL = ROOT.parent / "shared" / "data" / "traces"
PLAIN = "t_s,input_tokens,output_tokens\n0.5,100,10\n1.5,200,20\n1.5,300,30\n4.5,400,40\n"
AZURE = ("TIMESTAMP,ContextTokens,GeneratedTokens\n2023-11-16 18:17:03.9799600,4808,10\n"
         "2023-11-16 18:17:04.0319600,3180,8\n2023-11-17 18:17:04.0319600,110,27\n")
BURST = ("Timestamp,Model,Request tokens,Response tokens,Total tokens,Log Type\n"
         "5,ChatGPT,472,18,490,Conversation log\n45,GPT-4,1087,230,1317,API log\n")
MOONCAKE = "".join(json.dumps({"timestamp": t, "input_length": i, "output_length": o, "hash_ids": [0]}) + "\n"
                   for t, i, o in ((0, 6755, 500), (3052, 7319, 490), (3052, 7234, 794)))


def write(folder: Path, text: str, name: str = "trace.csv") -> str:
    path = folder / name
    path.write_bytes(gzip.compress(text.encode()) if name.endswith(".gz") else text.encode())
    return str(path)


def refusal(folder: Path, text: str, layout: Any = "auto") -> str:
    with pytest.raises(TraceError) as error:
        load_trace(write(folder, text), layout)
    return str(error.value)


def rows_of(path: str, layout: Any = "auto") -> list[tuple[float, int, int]]:
    rows = load_trace(path, layout)
    assert rows.prompt.dtype == rows.output.dtype == np.int32
    return [(round(t, 6), p, o) for t, p, o in zip(rows.t_s.tolist(), rows.prompt, rows.output, strict=True)]


@pytest.mark.parametrize(("text", "layout", "expected"), [
    (PLAIN, "csv", [(0, 100, 10), (1, 200, 20), (1, 300, 30), (4, 400, 40)]),
    (AZURE, "azure", [(0, 4808, 10), (0.052, 3180, 8), (86_400.052, 110, 27)]),
    (BURST, "burstgpt", [(0, 472, 18), (40, 1087, 230)]),
    (MOONCAKE, "mooncake", [(0, 6755, 500), (3.052, 7319, 490), (3.052, 7234, 794)]),
])
@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("auto", [False, True])
def test_layouts(tmp_path, text, layout, expected, packed, auto):
    path = write(tmp_path, text, "trace.gz" if packed else "trace")
    assert rows_of(path, "auto" if auto else layout) == expected


@pytest.mark.parametrize("layout", ["azure", "mooncake", "burstgpt"])
def test_published_layouts_may_be_normalised(tmp_path, layout):
    assert len(rows_of(write(tmp_path, PLAIN), layout)) == 4


def test_columns_are_found_by_name_with_marks_and_line_ends_of_windows(tmp_path):
    text = "\ufeffoutput_tokens, t_s,note,input_tokens\r\n7,0,\"a, b\",5\r\n8,2,,6\r\n\r\n"
    assert rows_of(write(tmp_path, text)) == [(0, 5, 7), (2, 6, 8)]


def test_time_zones_are_understood(tmp_path):
    text = ("TIMESTAMP,ContextTokens,GeneratedTokens\n2024-05-10 00:00:00.5+00:00,1,1\n"
            "2024-05-10 02:00:01.5+02:00,1,1\n")
    assert [t for t, _, _ in rows_of(write(tmp_path, text))] == [0, 1]


def test_a_file_that_changed_is_read_again(tmp_path):
    path = write(tmp_path, PLAIN)
    assert len(load_trace(path)) == 4
    assert load_trace(path) is load_trace(path)
    write(tmp_path, PLAIN + "9,1,1\n")
    assert len(load_trace(path)) == 5


@pytest.mark.parametrize(("row", "complaint"), [
    ("abc,1,1", "line 3: t_s is 'abc', must be a number of seconds, 0 or more"),
    ("-1,1,1", "line 3: t_s is '-1', must be"),
    ("nan,1,1", "line 3: t_s is 'nan', must be"),
    ("1e999,1,1", "line 3: t_s is '1e999', must be"),
    ("1_0,1,1", "line 3: t_s is '1_0', must be"),
    ("0.25,1,1", "line 3: t_s is '0.25', must not be before the time of the row above"),
    ("1,0,1", "line 3: input_tokens is '0', must be a whole number from 1 to 2000000000"),
    ("1,-5,1", "line 3: input_tokens is '-5', must be"),
    ("1,2.5,1", "line 3: input_tokens is '2.5', must be"),
    ("1,,1", "line 3: input_tokens is '', must be"),
    ("1,1,3000000000", "line 3: output_tokens is '3000000000', must be"),
    ("1,1,0", "line 3: output_tokens is '0', must be"),
    ("1,1", "line 3: has 2 fields, must have the header's 3"),
])
def test_a_bad_row_is_named(tmp_path, row, complaint):
    text = f"t_s,input_tokens,output_tokens\n0.5,1,1\n{row}\n7,1,1\n"
    message = refusal(tmp_path, text)
    assert complaint in message
    assert "trace.csv has 1 bad row, and none may be skipped" in message


def test_five_bad_rows_are_listed_and_all_counted(tmp_path):
    message = refusal(tmp_path, PLAIN + "5,x,1\n" * 8)
    assert "has 8 bad rows" in message
    assert [f"line {n}:" in message for n in range(6, 14)] == [True] * 5 + [False] * 3
    assert message.endswith("; and 3 more")


@pytest.mark.parametrize(("row", "complaint"), [
    ("50,GPT-4,10,0,10,API log", "line 4: Response tokens is '0', must be a whole number"),
    ("50,GPT-4,0,10,10,API log", "line 4: Request tokens is '0', must be a whole number"),
    ("50,GPT-4,0,0,0,API log", "line 4: Request tokens is '0', must be a whole number"),
    ("50,GPT-4,12,,12,API log", "line 4: Response tokens is '', must be a whole number"),
])
def test_a_failed_request_is_refused_with_the_choice_that_leaves_it_out(tmp_path, row, complaint):
    message = refusal(tmp_path, BURST + row + "\n")
    assert complaint in message
    assert "(a failed request of the trace)" in message
    assert '(skip = "failed" leaves out the row without tokens, as failed requests)' in message
    assert "\n" not in message


@pytest.mark.parametrize(("line", "complaint"), [
    ("no json", "line 4: is 'no json', must be a JSON object with timestamp, input_length and output_length"),
    ("[1, 2]", "line 4: is '[1, 2]', must be a JSON object"),
    ('{"timestamp": 9999}', "input_length is None, must be a whole number"),
    ('{"timestamp": true, "input_length": 1, "output_length": 1}', "timestamp is True, must be"),
    ('{"timestamp": NaN, "input_length": 1, "output_length": 1}', "timestamp is nan, must be"),
    ('{"timestamp": 9999, "input_length": [1], "output_length": 1}', "input_length is [1], must be"),
    ('{"timestamp": 1, "input_length": 1, "output_length": 1}', "timestamp is 1, must not be before"),
])
def test_bad_json_lines(tmp_path, line, complaint):
    assert complaint in refusal(tmp_path, MOONCAKE + line + "\n")


@pytest.mark.parametrize(("text", "layout", "complaint"), [
    ("", "auto", "is empty"),
    ("\n \n", "auto", "is empty"),
    ("t_s,input_tokens,output_tokens\n", "auto", "has a header but no rows"),
    ("a,b\n1,2\n", "auto", "line 1 is 'a,b', which is no known header; allowed are columns t_s,input_tokens"),
    (AZURE, "csv", "allowed are columns t_s,input_tokens,output_tokens"),
    (BURST, "azure", "allowed are columns TIMESTAMP,ContextTokens,GeneratedTokens or t_s,"),
    (MOONCAKE, "burstgpt", "its first record is 'timestamp,input_length,output_length,hash_ids', which is no known"),
    (PLAIN + "5\rx,1,1\n", "auto", "line 6: has 1 field, must have the header's 3"),
])
def test_unreadable_files(tmp_path, text, layout, complaint):
    assert complaint in refusal(tmp_path, text, layout)


def test_missing_broken_and_binary_files(tmp_path):
    for path, complaint in ((tmp_path / "none.csv", "No such file"), (tmp_path, "directory")):
        with pytest.raises(TraceError, match=complaint):
            load_trace(str(path))
    cut = tmp_path / "cut.gz"
    cut.write_bytes(gzip.compress(PLAIN.encode())[:-12])
    damaged = tmp_path / "damaged.gz"
    damaged.write_bytes(gzip.compress(PLAIN.encode())[:12] + b"\xff" * 40)
    binary = tmp_path / "trace.parquet"
    binary.write_bytes(b"PAR1\xff\xfe\x00")
    for path in (cut, damaged, binary):
        with pytest.raises(TraceError, match="cannot be read"):
            load_trace(str(path))


@pytest.mark.skipif(not REAL.is_dir(), reason="the real traces are not beside the repository")
@pytest.mark.parametrize(("name", "rows", "rate", "prompt", "output"), [
    ("azure2023_conv", 19_366, 5.53, 1155, 211),
    ("azure2023_code", 8_819, 2.57, 2048, 28),
    ("mooncake_conversation", 12_031, 3.40, 12_035, 343),
])
def test_real_traces(name, rows, rate, prompt, output):
    trace = load_trace(str(REAL / f"{name}.csv.gz"))
    assert len(trace) == rows
    assert 1 / trace.mean_gap_s == pytest.approx(rate, abs=0.005)
    assert trace.prompt.mean() == pytest.approx(prompt, abs=0.5)
    assert trace.output.mean() == pytest.approx(output, abs=0.5)


def replay(
    path: str, load: float = 1.0, shares: tuple[float, ...] = (1.0,), replication: int = 0, **spec: Any
) -> TraceReplay:
    streams = Streams(1, replication)
    return TraceReplay(Trace(path=path, **spec), load_trace(path), load, np.array(shares), streams.generator)


def test_replay_in_order_ends_with_the_file(tmp_path):
    births = replay(write(tmp_path, PLAIN), load=2.0).draw(10)
    assert births.born_s.tolist() == [0, 0.5, 0.5, 2.0]
    assert births.prompt.tolist() == [100, 200, 300, 400]
    assert births.output.tolist() == [10, 20, 30, 40]
    assert births.horizon_s == float("inf")


def test_rate_rescales_time(tmp_path):
    source = replay(write(tmp_path, PLAIN), rate_per_s=7.5)  # the file's own is 3 gaps in 4 s
    assert source.rate_per_s == pytest.approx(7.5)
    assert source.draw(4).born_s == pytest.approx([0, 0.1, 0.1, 0.4])


def test_loop_leaves_a_mean_gap_at_the_seam(tmp_path):
    source = replay(write(tmp_path, PLAIN), loop=True, start="first")
    born = np.concatenate([source.draw(3).born_s, source.draw(7).born_s])
    seam = 4 + 4 / 3
    assert born == pytest.approx([0, 1, 1, 4, seam, seam + 1, seam + 1, seam + 4, 2 * seam, 2 * seam + 1])


@pytest.mark.parametrize("how", ["loop", "resample"])
def test_a_trace_starts_at_a_time_of_the_replications_own(tmp_path, how):
    """The row that comes first is one whose gap the time falls into: gaps of 4/3, 1, 0 and 3 of 16/3 seconds."""
    path, n = write(tmp_path, PLAIN), 900
    begun = [replay(path, replication=r, **{how: True}).draw(1) for r in range(n)]
    first = [int(births.prompt[0]) // 100 for births in begun]
    assert first == [int(replay(path, replication=r, **{how: True}).draw(1).prompt[0]) // 100 for r in range(n)]
    counts, chance = np.bincount(first, minlength=5)[1:], np.array([4 / 3, 1, 0, 3]) / (16 / 3)
    assert (np.abs(counts - n * chance) <= 5 * np.sqrt(n * chance * (1 - chance))).all()  # false alarm 2.3e-6
    wait_s = np.array([float(births.born_s[0]) for births in begun])
    for row, gap_s in ((1, 4 / 3), (2, 1.0), (4, 3.0)):  # the rest of a gap is uniform
        found = wait_s[np.array(first) == row]
        assert abs(found.mean() - gap_s / 2) < 5 * gap_s / np.sqrt(12 * len(found))


BURSTY = "t_s,input_tokens,output_tokens\n" + "".join(
    f"{500 * burst + (k + 1) ** -1.5:.6f},1,1\n" for burst in range(3) for k in reversed(range(40)))


@pytest.mark.parametrize("how", ["loop", "resample"])
@pytest.mark.parametrize("rate_per_s", [None, 2.0])
@pytest.mark.parametrize("laps", [0.4, 2.25])
def test_the_mean_number_of_arrivals_is_the_rate_times_the_duration(tmp_path, how, rate_per_s, laps):
    """Three bursts of forty within a second, 500 s apart: in runs shorter and longer than the file."""
    path = write(tmp_path, BURSTY)
    rows = load_trace(path)
    rate = rate_per_s or 1 / rows.mean_gap_s
    duration_s = laps * len(rows) / rate
    counts = []
    for replication in range(1500 if laps < 1 else 500):
        source = replay(path, replication=replication, rate_per_s=rate_per_s, **{how: True})
        assert source.rate_per_s == pytest.approx(rate)
        born = np.concatenate([source.draw(len(rows)).born_s for _ in range(1 if how == "loop" and laps < 1 else 4)])
        while born[-1] < duration_s:
            born = np.append(born, source.draw(len(rows)).born_s)
        assert (np.diff(born) >= 0).all()
        counts.append(int(np.searchsorted(born, duration_s)))
    error = np.std(counts, ddof=1) / np.sqrt(len(counts))
    assert abs(np.mean(counts) - rate * duration_s) < 3.5 * error < 0.15 * rate * duration_s


@pytest.mark.parametrize("replication", range(8))
def test_a_random_start_is_the_loop_seen_from_another_time(tmp_path, replication):
    path = write(tmp_path, PLAIN)
    source = replay(path, loop=True, rate_per_s=7.5, replication=replication)
    origin_s = Streams(1, replication).generator("start").random() * 4 / 7.5  # a lap at the wanted rate has 4 gaps
    drawn = [source.draw(3), source.draw(9)]
    born, prompt = np.concatenate([d.born_s for d in drawn]), np.concatenate([d.prompt for d in drawn])
    assert (np.diff(born) >= 0).all()
    assert born[4] - born[0] == pytest.approx(4 / 7.5)  # a lap at the wanted rate
    whole = replay(path, loop=True, rate_per_s=7.5, start="first").draw(16)
    skipped = int(np.searchsorted(whole.born_s, origin_s))
    assert prompt.tolist() == whole.prompt[skipped:skipped + 12].tolist()
    assert born == pytest.approx(whole.born_s[skipped:skipped + 12] - origin_s)


def test_a_trace_that_does_not_loop_starts_at_its_first_row(tmp_path):
    path = write(tmp_path, PLAIN)
    for replication in range(8):
        assert replay(path, replication=replication).draw(4).prompt.tolist() == [100, 200, 300, 400]


def test_resampling_draws_gaps_together_with_lengths(tmp_path):
    births = replay(write(tmp_path, PLAIN), resample=True, start="first").draw(40_000)
    gaps = np.diff(births.born_s, prepend=0.0)
    gap_of = {100: 4 / 3, 200: 1.0, 300: 0.0, 400: 3.0}
    assert gaps == pytest.approx([gap_of[p] for p in births.prompt.tolist()], abs=1e-6)
    assert (births.output * 10 == births.prompt).all()
    counts = np.bincount(births.prompt // 100)[1:]
    assert (np.abs(counts - 10_000) < 5 * np.sqrt(7500)).all()  # false alarm 2.3e-6


def test_rows_go_to_clients_by_share(tmp_path):
    shares = (0.6, 0.3, 0.1)
    births = replay(write(tmp_path, PLAIN), shares=shares, loop=True).draw(30_000)
    counts = np.bincount(births.client, minlength=3)
    for count, share in zip(counts, shares, strict=True):
        assert abs(count - 30_000 * share) < 5 * np.sqrt(30_000 * share * (1 - share))  # false alarm 1.7e-6


@pytest.mark.parametrize("spec", [{"loop": True}, {"resample": True}, {"rate_per_s": 2.0}])
def test_a_trace_at_one_time_has_no_rate(tmp_path, spec):
    path = write(tmp_path, "t_s,input_tokens,output_tokens\n3,1,1\n3,1,1\n")
    assert replay(path).draw(5).born_s.tolist() == [0, 0]
    with pytest.raises(TraceError, match="all 2 rows have the same time"):
        replay(path, **spec)
