"""A tournament as the terminal shows it: a block for each load."""

import math
import textwrap
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from experiments.measures.catalogue import Show, measure
from experiments.stats import Interval
from experiments.stats.digits import measured
from experiments.studies.tournament.measures import COST, LATENCY, Found, lowest, standings, summary

if TYPE_CHECKING:
    from pandas import DataFrame

COLUMNS: Final = (COST, "ttft_p50_s", "ttft_p99_s", "tpot_p50_s", LATENCY, "goodput_per_s", "completed_share",
                  "attempts_per_request")
WIDTH: Final = 100  # of lines of text
LEGEND: Final = (
    "* on the frontier: no other policy is as good in both cost and E2E p99 and clearly better in one",
    "cost: before fees, per million prompt and output tokens; goodput: requests within both SLOs;",
    "completed: of requests; tries: attempts a request;",
    "lowest: with 95 % the policy that is truly lowest is among those named (Bonferroni);",
    "mean ± half-width of the 95 % interval over replications (? if there is only one);",
    "of k: only k replications have a value",
)


def table(result: Found) -> str:
    """Return the results as aligned text, a block a load, cheapest first."""
    told, means = standings(result), summary(result)
    blocks = [f"{_block(result, load)}\n{_lowest(told, means, load)}".rstrip() for load in result.design.loads]
    n = result.design.replications
    title = (f"{result.design.scenario.name}: {len(result.design.policies)} policies, {n} replication"
             f"{'s' if n > 1 else ''}, baseline {result.design.baseline}")
    return "\n\n".join([title, *blocks, "\n".join(LEGEND)])


def show_of(result: Found, metric: str) -> Show:
    """Return how a metric is shown: alike at all loads, so that their blocks and panels can be compared."""
    return measure(metric).show_for(result.interval(*cell, metric).mean for cell in result.design.cells())


def _block(result: Found, load: float) -> str:
    order = sorted(result.design.policies, key=lambda policy: _rank(result.interval(policy, load, COST).mean))
    shows = {name: show_of(result, name) for name in COLUMNS}
    rows = [(f" load {load:g}", *(measure(name).heading for name in COLUMNS)),
            ("", *(it.unit for it in shows.values()))]
    n = result.design.replications
    for policy in order:
        star = "*" if result.on_frontier(policy, load) else " "
        cells = (_cell(result.interval(policy, load, name), n, it) for name, it in shows.items())
        rows.append((f"{star}{policy}", *cells))
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    return "\n".join(_line(row, widths) for row in rows)


def _lowest(told: "DataFrame", means: "DataFrame", load: float) -> str:
    """Who may be best, a line for cost and one for latency."""
    lines = []
    for metric in (COST, LATENCY):
        names = lowest(told, means, load, metric)
        if names:
            lines += textwrap.wrap(f"lowest {measure(metric).heading}: {' or '.join(names)}", WIDTH, initial_indent=" ",
                                   subsequent_indent="   ")
    return "\n".join(lines)


def _cell(got: Interval, n: int, show: Show) -> str:
    """A mean as printed, with the number of replications that have it where that is not all of them."""
    return measured(got, show.factor, show.decimals) + (f" of {got.n}" if 0 < got.n < n else "")


def _line(row: Sequence[str], widths: Sequence[int]) -> str:
    """First cell to the left, the others to the right."""
    cells = [cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True)]
    return " ".join([row[0].ljust(widths[0]), *cells]).rstrip()


def _rank(value: float) -> float:
    return value if math.isfinite(value) else math.inf
