"""A tournament as the terminal shows it: a block for each load."""

import math
import textwrap
from collections.abc import Sequence
from typing import Final

from experiments.measures.catalogue import Show, measure
from experiments.stats import Interval
from experiments.stats.digits import measured
from experiments.studies.tournament.measures import COST, LATENCY, Found

COLUMNS: Final = (COST, "ttft_p50_s", "ttft_p99_s", "tpot_p50_s", LATENCY, "goodput_per_s", "completed_share",
                  "attempts_per_request", "hhi")
WIDTH: Final = 100  # of lines of text
LEGEND: Final = (
    "* on the frontier: no other policy is as good in both cost and E2E p99 and clearly better in one",
    "cost: before fees, per million prompt and output tokens; goodput: requests within both SLOs;",
    "completed: of requests; tries: attempts a request; HHI: concentration of providers by tokens;",
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
    shown = [measure(name) for name in COLUMNS]
    rows = [(f" load {load:g}", *(it.heading for it in shown)), ("", *(it.show.unit for it in shown))]
    n = result.design.replications
    for policy in order:
        star = " " if result.dominated_by(policy, load) else "*"
        cells = (_cell(result.interval(policy, load, it.name), n, it.show) for it in shown)
        rows.append((f"{star}{policy}", *cells))
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    return "\n".join([*(_line(row, widths) for row in rows), *_lowest(result, load)])


def _lowest(result: Found, load: float) -> list[str]:
    """Who may be best, a line for cost and one for latency."""
    lines = []
    for metric in (COST, LATENCY):
        names = sorted(result.contenders(load, metric), key=lambda policy: result.interval(policy, load, metric).mean)
        if names:
            lines += textwrap.wrap(f"lowest {measure(metric).heading}: {' or '.join(names)}", WIDTH, initial_indent=" ",
                                   subsequent_indent="   ")
    return lines


def _cell(got: Interval, n: int, show: Show) -> str:
    """A mean as printed, with the number of replications that have it where that is not all of them."""
    return measured(got, show.factor, show.decimals) + (f" of {got.n}" if 0 < got.n < n else "")


def _line(row: Sequence[str], widths: Sequence[int]) -> str:
    """First cell to the left, the others to the right."""
    cells = [cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True)]
    return " ".join([row[0].ljust(widths[0]), *cells]).rstrip()


def _rank(value: float) -> float:
    return value if math.isfinite(value) else math.inf
