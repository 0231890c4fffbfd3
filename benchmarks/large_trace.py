"""Time and memory of reading a large trace: written as Parquet and as CSV, read by two workers at once.

``python benchmarks/large_trace.py 30000000 /folder/with/space`` writes both files, reads each in two processes that
begin at the same time with an empty cache, and once more with the cache filled. Memory is the peak of each process, of
its own (anonymous), and with the pages of the shared copy that it has looked at.
"""

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
WORKER = """
import json, resource, sys, time
sys.path.insert(0, sys.argv[2])
from sim.demand.traces import load_trace
from sim.demand.replay import TraceReplay
from sim.scenario import Trace
from sim.streams import Streams
import numpy as np
own = lambda: int(next(x for x in open('/proc/self/status') if x.startswith('RssAnon')).split()[1]) // 1024
before = own()
begin = time.perf_counter()
rows = load_trace(sys.argv[1])
read_s = time.perf_counter() - begin
replay = TraceReplay(Trace(path=sys.argv[1]), rows, 1.0, np.ones(1), Streams(1, 0).generator)
total = 0
while total < len(rows):
    total += len(replay.draw(100_000).born_s)
print(json.dumps({'rows': total, 'read_s': round(read_s, 1), 'replay_s': round(time.perf_counter() - begin - read_s, 1),
                  'peak_mb': resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
                  'own_before_mb': before, 'own_after_mb': own()}))
"""


def written(folder: Path, rows: int, suffix: str) -> Path:
    """Write a synthetic trace, unless it is there."""
    import duckdb

    path = folder / f"trace{rows}.{suffix}"
    if not path.exists():
        options = "FORMAT parquet, COMPRESSION zstd" if suffix == "parquet" else "FORMAT csv, HEADER"
        duckdb.execute(
            f"COPY (SELECT i * 0.0123 AS t_s, 1 + hash(i) % 4000 AS input_tokens, "
            f"1 + hash(i + 7) % 900 AS output_tokens, 'client ' || hash(i) % 97 AS note FROM range({rows}) r(i)) "
            f"TO '{path}' ({options})")
    return path


def measured(path: Path, cache: Path, workers: int) -> tuple[float, list[dict[str, Any]]]:
    """Seconds until all workers were done, and what each told."""
    begin = time.perf_counter()
    running = [subprocess.Popen([sys.executable, "-c", WORKER, str(path), str(ROOT)], stdout=subprocess.PIPE, text=True,
                                env={**os.environ, "TOKENMARKET_CACHE_DIR": str(cache)}) for _ in range(workers)]
    told = [json.loads(worker.communicate()[0]) for worker in running]
    return time.perf_counter() - begin, told


def main() -> None:
    """Write, read and print."""
    rows, folder = int(sys.argv[1]), Path(sys.argv[2])
    for suffix in ("parquet", "csv"):
        path = written(folder, rows, suffix)
        cache = folder / f"cache-{suffix}-{os.getpid()}"
        print(f"{suffix}: {path.stat().st_size / 1e6:,.0f} MB, {rows:,} rows")
        for what, workers in (("one worker, empty cache", 1), ("two workers, filled cache", 2)):
            wall_s, told = measured(path, cache, workers)
            print(f"  {what}: {wall_s:.1f} s")
            for worker in told:
                print(f"    {worker}")
        cold = folder / f"cold-{suffix}-{os.getpid()}"
        wall_s, told = measured(path, cold, 2)
        print(f"  two workers, empty cache: {wall_s:.1f} s")
        for worker in told:
            print(f"    {worker}")


if __name__ == "__main__":
    main()
