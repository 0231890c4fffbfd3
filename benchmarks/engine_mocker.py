"""The same arrivals and step times through NVIDIA's engine mocker and through this simulator, request by request.

The mocker of ``ai-dynamo-runtime`` replays a trace in virtual time through a model of vLLM's scheduler. Its ``fixed``
timing takes a time for the prefill part of a step and one for its decoding part; a step that has both takes their sum.
No affine server has such steps, so the reference engine is given that formula here; everything else, the schedule, is
its own. It takes both packages in one environment: ``pip install ai-dynamo-runtime==1.6.1`` beside this one.

Usage: ``python benchmarks/engine_mocker.py``; it prints a row a case, as ``docs/validation.md`` has them.
"""

from __future__ import annotations

import importlib.metadata
import json
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np

from experiments.runs.run_traffic import run_traffic
from experiments.scenarios import load_traffic
from sim.engines import outcome as o
from sim.engines.reference.job import Chunk, Job
from sim.engines.reference.replica import Replica

BLOCK: Final = 64  # tokens of a block of the mocker's memory, as it has them by default
SAME_S: Final = 1e-6  # closer times are the same: one simulator counts in ms, the other on a grid of 2^-30 s
SEED: Final = 20261129
PREFILL_S, DECODE_S = 0.012, 0.008


@dataclass(frozen=True)
class Case:
    """One comparison.

    Attributes
    ----------
    name
        What is looked at.
    rate_per_s
        Of Poisson arrivals.
    prompt, output
        Mean lengths, tokens; geometric.
    workers
        Replicas, in turn.
    batch, budget
        Most sequences of a batch, and most tokens of a step.
    blocks, block
        Blocks of memory, and the tokens that one holds.
    count
        Requests.
    """

    name: str
    rate_per_s: float
    prompt: float
    output: float
    workers: int = 1
    batch: int = 256
    budget: int = 8192
    blocks: int = 1 << 20
    block: int = BLOCK
    count: int = 2000


CASES: Final = (
    Case("one replica, batch never full", 3.0, 500, 100),
    Case("one replica, batch of 16 often full", 14.0, 500, 100, batch=16),
    Case("one replica, batch of 16, overloaded", 40.0, 500, 100, batch=16),
    Case("prompts of several steps (budget 512)", 3.0, 2000, 100, batch=64, budget=512),
    Case("four replicas in turn", 40.0, 500, 100, workers=4, batch=16),
    Case("memory short: 7,040 tokens in blocks of 64", 14.0, 500, 100, batch=16, blocks=110),
    Case("the same in blocks of 16", 14.0, 500, 100, batch=16, blocks=440, block=16),
    Case("the same in blocks of 2", 14.0, 500, 100, batch=16, blocks=3520, block=2),
)


@dataclass(frozen=True)
class Schedule:
    """When each request's first and last token came, seconds, in order of arrival."""

    born_s: np.ndarray
    first_s: np.ndarray
    end_s: np.ndarray

    @property
    def ttft_s(self) -> np.ndarray:
        """Times to first token."""
        return self.first_s - self.born_s

    def decoding(self, at_s: np.ndarray) -> np.ndarray:
        """How many requests decode at each time."""
        begun, ended = (np.searchsorted(np.sort(times), at_s, "right") for times in (self.first_s, self.end_s))
        return np.asarray(begun - ended)


def drawn(case: Case) -> list[tuple[float, int, int]]:
    """Return arrival (s, on the grid of microseconds, from nought), prompt and output of every request."""
    rng = np.random.default_rng(SEED)
    gaps = rng.exponential(1 / case.rate_per_s, case.count)
    times = np.round(np.cumsum(gaps) - gaps[0], 6)
    prompts, outputs = (rng.geometric(1 / mean, case.count) for mean in (case.prompt, case.output))
    return list(zip(times.tolist(), prompts.tolist(), outputs.tolist(), strict=True))


def theirs(case: Case, requests: Sequence[tuple[float, int, int]], folder: Path) -> tuple[Schedule, int]:
    """Return the mocker's schedule, and how often it admitted a request again that it had pushed out."""
    from dynamo._core import run_mocker_trace_replay

    trace, report = folder / "trace.jsonl", folder / "report.jsonl"
    trace.write_text("".join(_line(row, case.block, *request) for row, request in enumerate(requests)))
    engine = {
        "backend": "vllm", "enable_prefix_caching": False, "block_size": case.block, "num_gpu_blocks": case.blocks,
        "max_num_seqs": case.batch, "max_num_batched_tokens": case.budget,
        "timing_model": {"type": "fixed", "prefill_ms": 1e3 * PREFILL_S, "decode_ms": 1e3 * DECODE_S}}
    run_mocker_trace_replay([str(trace)], extra_engine_args={"engine": engine}, num_workers=case.workers,
                            trace_block_size=case.block, report_jsonl_path=str(report))
    rows = sorted(map(json.loads, report.read_text().splitlines()), key=lambda row: row["arrival_time_ms"])
    times = [np.array([row[name] for row in rows]) / 1e3
             for name in ("arrival_time_ms", "first_token_ms", "last_token_ms")]
    return Schedule(*times), sum(row["readmission_count"] for row in rows)


def _line(row: int, size: int, born_s: float, prompt: int, output: int) -> str:
    hashes = [(row << 20) + block for block in range(-(-prompt // size))]  # no two requests share a block
    return json.dumps({"timestamp": 1e3 * born_s, "input_length": prompt, "output_length": output,
                       "hash_ids": hashes}) + "\n"


def ours(case: Case, requests: Sequence[tuple[float, int, int]], folder: Path) -> tuple[Schedule, int]:
    """Return the reference engine's schedule under the mocker's formula of a step, and its preemptions."""
    trace = folder / "trace.csv"
    trace.write_text("t_s,input_tokens,output_tokens\n" + "".join(f"{t:.6f},{p},{o}\n" for t, p, o in requests))
    scenario = load_traffic(_scenario(case, trace, folder))
    with _their_steps():
        outcome = run_traffic(scenario)
    rows = np.sort(outcome.samples, order=["born_s"])
    assert len(rows) == case.count
    preempted = int(outcome.offer_work[:, o.PREEMPTIONS].sum())
    return Schedule(rows["born_s"], rows["first_token_s"], rows["end_s"]), preempted


def _scenario(case: Case, trace: Path, folder: Path) -> Path:
    file = folder / "peer.toml"
    file.write_text(f"""
name = "peer"
description = "The mocker's work"
[traffic]
engine = "reference"
duration_s = 100000.0
warmup_s = 0.0
sample_share = 1.0
[network]
local_delay_s = 0.0
[routers.main]
policy = {{ kind = "cheapest" }}
attempts = {{ maximum = 1, budget_s = 1000000.0 }}
[demand.trace]
model = "toy"
arrivals = {{ kind = "trace", path = "{trace}" }}
[providers.peer.offers.toy]
model = "toy"
replicas = {case.workers}
balancer = "round_robin"
serving = {{ kind = "affine", base_s = {DECODE_S}, per_token_s = 0.0, kv_tokens = {case.blocks * case.block} }}
engine = {{ max_batch = {case.batch}, max_step_tokens = {case.budget} }}
price = {{ input_usd_per_mtok = 1.0, output_usd_per_mtok = 1.0 }}
""")
    return file


@contextmanager
def _their_steps() -> Iterator[None]:
    """Let steps with prefill last as the mocker's do; those that only decode last for the affine server's base."""
    own = Replica._duration_s

    def duration_s(_: Replica, decoding: list[Job], chunks: list[Chunk]) -> float:
        return PREFILL_S * bool(chunks) + DECODE_S * bool(decoding)

    setattr(Replica, "_duration_s", duration_s)  # noqa: B010 - a method, which type checkers want left alone
    try:
        yield
    finally:
        setattr(Replica, "_duration_s", own)  # noqa: B010 - as above


def compared(case: Case) -> dict[str, Any]:
    """Return how the two schedules differ."""
    requests = drawn(case)
    with tempfile.TemporaryDirectory() as name:
        (peer, again), (own, preempted) = theirs(case, requests, Path(name)), ours(case, requests, Path(name))
    assert np.abs(peer.born_s - own.born_s).max() < SAME_S
    same = (np.abs(peer.first_s - own.first_s) < SAME_S) & (np.abs(peer.end_s - own.end_s) < SAME_S)
    at_s = np.linspace(0, max(own.end_s.max(), peer.end_s.max()), 20_001)
    return {
        "same": int(same.sum()), "of": case.count,
        "off_ms": 1e3 * max(np.abs(peer.first_s - own.first_s).max(), np.abs(peer.end_s - own.end_s).max()),
        **{f"{name}_{whose}": 1e3 * float(value) for whose, it in (("ours", own), ("theirs", peer)) for name, value in (
            ("ttft_p50", np.median(it.ttft_s)), ("ttft_p99", np.quantile(it.ttft_s, 0.99)),
            ("e2e_mean", (it.end_s - it.born_s).mean()))},
        "batch_ours": own.decoding(at_s).mean(), "batch_theirs": peer.decoding(at_s).mean(),
        "most_ours": own.decoding(at_s).max(), "most_theirs": peer.decoding(at_s).max(),
        "preempted_ours": preempted, "preempted_theirs": again,
    }


def main() -> None:
    """Print a row a case."""
    print(f"ai-dynamo-runtime {importlib.metadata.version('ai-dynamo-runtime')}, seed {SEED}; ours | theirs\n")
    print("| case | same to 1 µs | largest difference, ms | TTFT p50, ms | TTFT p99, ms | mean E2E, ms | mean decoding "
          "| most decoding | pushed out |\n" + "| --- " * 9 + "|")
    for case in CASES:
        it = compared(case)
        pairs = [f"{it[f'{name}_ours']:.{places}f} \\| {it[f'{name}_theirs']:.{places}f}" for name, places in (
            ("ttft_p50", 1), ("ttft_p99", 1), ("e2e_mean", 1), ("batch", 2), ("most", 0), ("preempted", 0))]
        print(f"| {case.name} | {it['same']} of {it['of']} | {it['off_ms']:.3f} | {' | '.join(pairs)} |")


if __name__ == "__main__":
    main()
