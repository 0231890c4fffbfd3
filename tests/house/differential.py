"""Random markets in both engines, and in the compiled one on one and two threads and undivided: who disagrees?

    python tests/house/differential.py --first 200 --count 3000 --jobs 2

Not part of CI, which keeps a few hundred (`tests/sim/engines/test_differential.py`, whose numbers the first 200 are).
A line is printed for each market on which two runs disagree, and for each that is left out since the reference would
take hours (customers who are refused and come again at once, hundreds of thousands of times), and a sum. Exit status 1
if two runs disagree.
"""

import argparse
import sys
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "tests"), str(ROOT / "tests" / "sim" / "engines")]

MOST_ATTEMPTS: Final = 50_000  # the reference looks at all that ended within five minutes whenever another does
LEFT_OUT: Final = "left out"


def problem_of(number: int) -> str:
    """What is wrong with a market; empty if all runs of it agree."""
    from test_differential import assert_same, run
    from test_shards import assert_same_bytes, on_threads, undivided

    from sim.engines.compiled import CompiledEngine
    from sim.engines.outcome import PLACED
    from sim.engines.reference import ReferenceEngine
    from worlds.differential import random_case

    case = random_case(number)
    try:
        fast = run(case, CompiledEngine)
        if (attempts := int(fast.offer_sums[:, :, PLACED].sum())) > MOST_ATTEMPTS:
            return f"{LEFT_OUT}: {attempts:,} attempts, more than {MOST_ATTEMPTS:,}"
        assert_same(fast, run(case, ReferenceEngine))
        assert_same_bytes(fast, run(case, on_threads(2)))
        assert_same_bytes(fast, run(case, undivided))
    except AssertionError as problem:
        return " ".join(str(problem).split())[:400] or "an assertion without words"
    return ""


def main() -> int:
    """Run them, print, and return how many disagree."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--first", type=int, default=200, help="number of the first market")
    parser.add_argument("--count", type=int, default=3000)
    parser.add_argument("--jobs", type=int, default=1)
    arguments = parser.parse_args()
    numbers = range(arguments.first, arguments.first + arguments.count)
    bad = left_out = 0
    with ProcessPoolExecutor(arguments.jobs) as pool:
        for number, problem in zip(numbers, pool.map(problem_of, numbers, chunksize=10), strict=True):
            if problem:
                left_out += problem.startswith(LEFT_OUT)
                bad += not problem.startswith(LEFT_OUT)
                print(f"market {number}: {problem}", flush=True)
    print(f"{arguments.count} random markets from {arguments.first} on, {bad} disagree, {left_out} left out")
    return min(bad, 100)


if __name__ == "__main__":
    sys.exit(main())
