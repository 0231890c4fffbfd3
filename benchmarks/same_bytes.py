"""The default market with one thread and with two: every table of both runs must have the same bytes.

Usage: ``python benchmarks/same_bytes.py [threads] [FIELD=VALUE ...]`` (2 threads against 1; the default's 607 days take
some two minutes a run on a quiet machine; ``horizon.days=30`` a few seconds).

Prints a digest of all tables of each run, its processor and wall time, and the tables that differ; fails if one does.
"""

import hashlib
import sys
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING

from experiments.runs.kinds import Manner, kind_named
from experiments.scenarios import load_market

if TYPE_CHECKING:
    from pandas import DataFrame


def digests(frames: "Mapping[str, DataFrame]") -> dict[str, str]:
    """Return a digest of each table: of its columns, types and all values to the last bit."""
    found = {}
    for name, frame in sorted(frames.items()):
        whole = hashlib.blake2b(repr([(column, str(kind)) for column, kind in frame.dtypes.items()]).encode(),
                                digest_size=16)
        for column in frame.columns:
            values = frame[column].to_numpy()
            whole.update(repr(values.tolist()).encode() if values.dtype == object else values.tobytes())
        found[name] = whole.hexdigest()
    return found


def main() -> None:
    """Run the market twice, and compare."""
    threads = int(sys.argv[1]) if len(sys.argv) > 1 else 2
    scenario = load_market("openrouter-2026", sys.argv[2:])
    found = []
    for number in (1, threads):
        wall, cpu = time.perf_counter(), time.process_time()
        found.append(digests(kind_named("market, offers by day").play(scenario, 0, Manner(threads=number))))
        whole = hashlib.blake2b(repr(found[-1]).encode(), digest_size=16).hexdigest()
        print(f"{number} threads: {len(found[-1])} tables, digest {whole}, {time.process_time() - cpu:.0f} s of "
              f"processor time, {time.perf_counter() - wall:.0f} s", flush=True)
    differ = [name for name in found[0] if found[0][name] != found[1][name]]
    print("the same bytes" if not differ else f"differ: {', '.join(differ)}")
    sys.exit(bool(differ))


if __name__ == "__main__":
    main()
