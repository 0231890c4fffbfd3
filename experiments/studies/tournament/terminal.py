"""A tournament as the terminal shows it: a block for each load."""

import math
import textwrap
from collections.abc import Sequence
from typing import Final

from experiments.stats import Interval
from experiments.stats.digits import measured
from experiments.studies.tournament.measures import COST, LATENCY, Found

# heading in two rows, metric, factor, most decimals
COLUMNS: Final = (
    ("cost", "USD/Mtok", COST, 1.0, 3),
    ("TTFT p50", "ms", "ttft_p50_s", 1e3, 1),
    ("TTFT p99", "s", "ttft_p99_s", 1.0, 1),
    ("TPOT p50", "ms", "tpot_p50_s", 1e3, 1),
    ("E2E p99", "s", "e2e_p99_s", 1.0, 1),
    ("goodput", "1/s", "goodput_per_s", 1.0, 1),
    ("done", "%", "completion_share", 100.0, 1),
    ("tries", "", "attempts_per_request", 1.0, 1),
    ("HHI", "", "hhi", 1.0, 2),
)
WIDTH: Final = 100  # of lines of text
LEGEND: Final = (
    "* on the frontier: no other policy is as good in both cost and E2E p99 and clearly better in one",
    "cost: before fees, per million prompt and output tokens; goodput: requests within both SLOs;",
    "done: completed requests; tries: attempts a request; HHI: concentration of providers by tokens;",
    "lowest: with 95 % the policy that is truly lowest is among those named (Bonferroni);",
    "mean ± half-width of the 95 % interval over replications (? if there is only one);",
    "of k: only k replications have a value",
)


def table(result: Found) -> str:
    """Return the results as aligned text, a block a load, cheapest first."""
    blocks = [_block(result, load) for load in result.design.loads]
    n = result.design.replications
    title = (f"{result.design.scenario.name}: {len(result.design.policies)} policies, {n} replication"
             f"{'s' if n > 1 else ''}, baseline {result.design.baseline}")
    return "\n\n".join([title, *blocks, "\n".join(LEGEND)])


def _block(result: Found, load: float) -> str:
    order = sorted(result.design.policies, key=lambda policy: _rank(result.interval(policy, load, COST).mean))
    rows = [(f" load {load:g}", *(column[0] for column in COLUMNS)),
            ("", *(column[1] for column in COLUMNS))]
    n = result.design.replications
    for policy in order:
        star = " " if result.dominated_by(policy, load) else "*"
        cells = (_cell(result.interval(policy, load, metric), n, factor, most)
                 for _, _, metric, factor, most in COLUMNS)
        rows.append((f"{star}{policy}", *cells))
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    return "\n".join([*(_line(row, widths) for row in rows), *_lowest(result, load)])


def _lowest(result: Found, load: float) -> list[str]:
    """Who may be best, a line for cost and one for latency."""
    lines = []
    for word, metric in (("cost", COST), ("E2E p99", LATENCY)):
        names = sorted(result.contenders(load, metric), key=lambda policy: result.interval(policy, load, metric).mean)
        if names:
            lines += textwrap.wrap(f"lowest {word}: {' or '.join(names)}", WIDTH, initial_indent=" ",
                                   subsequent_indent="   ")
    return lines


def _cell(got: Interval, n: int, factor: float, most: int) -> str:
    """A mean as printed, with the number of replications that have it where that is not all of them."""
    return measured(got, factor, most) + (f" of {got.n}" if 0 < got.n < n else "")


def _line(row: Sequence[str], widths: Sequence[int]) -> str:
    """First cell to the left, the others to the right."""
    cells = [cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True)]
    return " ".join([row[0].ljust(widths[0]), *cells]).rstrip()


def _rank(value: float) -> float:
    return value if math.isfinite(value) else math.inf
