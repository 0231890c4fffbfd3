"""A tournament as the terminal shows it: a block for each load."""

import math
import textwrap
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from experiments.measures.catalogue import Show, measure
from experiments.stats import Interval
from experiments.stats.digits import measured
from experiments.studies.tournament.measures import (
    BEST,
    CACHES,
    COLUMNS,
    COST,
    GOOD,
    TAILS,
    Found,
    best,
    standings,
    summary,
)

if TYPE_CHECKING:
    from pandas import DataFrame

COMPLETED: Final = "_completed_s"  # the end of a latency that only completed requests count in
WIDTH: Final = 100  # of lines of text
LEGEND: Final = (
    "* on the frontier: no other policy is as good in both, cost per good request and share of good",
    "  requests, and clearly better in one;",
    "good: of requests, those completed within both SLOs of their class; per good: charged, before fees,",
    "over good requests; cost: before fees, per million prompt and output tokens of completed requests;",
    "TTFT, TPOT, E2E: over all requests, those not completed counting as later than any; > deadline: it",
    "falls among them, in one replication or more, and no mean is made of that; of compl.: over completed",
    "requests only;",
    "cached prompts: of prompt tokens, those billed as read from a cache; paid: effective price per",
    "million tokens, fee included;",
    "lowest, highest: with 95 % the policy that truly is so is among those named (Bonferroni; of those",
    "that have one);",
    "mean ± half-width of the 95 % interval over replications (? if there is only one);",
    "of k: only k replications have a value",
)


def table(result: Found) -> str:
    """Return the results as text: for each load a block, sorted by cost of a good request, its tails and classes."""
    told, means = standings(result), summary(result)
    blocks = []
    for load in result.design.loads:
        blocks += [f"{_block(result, load, '', COLUMNS)}\n{_best(told, means, load)}".rstrip(),
                   _block(result, load, ": tails", TAILS), *_of_caches(result, load), *_of_classes(result, load)]
    n = result.design.replications
    title = (f"{result.design.scenario.name}: {len(result.design.policies)} policies, {n} replication"
             f"{'s' if n > 1 else ''}, baseline {result.design.baseline}")
    return "\n\n".join([title, *blocks, "\n".join(LEGEND)])


def show_of(result: Found, metric: str) -> Show:
    """Return how a metric is shown: alike at all loads, so that their blocks and panels can be compared."""
    return measure(metric).show_for(result.interval(*cell, metric).mean for cell in result.design.cells())


def _block(result: Found, load: float, what: str, columns: Sequence[str]) -> str:
    shows = {name: show_of(result, name) for name in columns}
    rows = [(f" load {load:g}{what}", *(measure(name.replace(COMPLETED, "_s")).heading for name in columns)),
            ("", *(f"{it.unit} of compl." if name.endswith(COMPLETED) else it.unit for name, it in shows.items()))]
    n = result.design.replications
    for policy in _cheapest_first(result, load):
        cells = (_cell(result.interval(policy, load, name), n, it) for name, it in shows.items())
        rows.append((_starred(result, policy, load), *cells))
    return _aligned(rows)


def _of_caches(result: Found, load: float) -> list[str]:
    """Hits, what is really paid, and waits, if anything was cached."""
    return [_block(result, load, ": caches", CACHES)] if result.has_cached else []


def _of_classes(result: Found, load: float) -> list[str]:
    """Good requests of every class, if there are several."""
    names = list(result.classes.models)
    if len(names) < 2:
        return []
    show, n = measure(GOOD).show, result.design.replications
    rows = [(f" load {load:g}: good, {show.unit}", *names)]
    for policy in _cheapest_first(result, load):
        cells = (_cell(result.classes.interval((policy, load, name), GOOD), n, show) for name in names)
        rows.append((_starred(result, policy, load), *cells))
    return [_aligned(rows)]


def _cheapest_first(result: Found, load: float) -> list[str]:
    return sorted(result.design.policies, key=lambda policy: _rank(result.interval(policy, load, COST).mean))


def _starred(result: Found, policy: str, load: float) -> str:
    return f"{'*' if result.on_frontier(policy, load) else ' '}{policy}"


def _aligned(rows: Sequence[Sequence[str]]) -> str:
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    return "\n".join(_line(row, widths) for row in rows)


def _best(told: "DataFrame", means: "DataFrame", load: float) -> str:
    """Who may be best, a line for each of cost, good requests and latency."""
    lines = []
    for metric, end in BEST.items():
        names = best(told, means, load, metric)
        if names:
            lines += textwrap.wrap(f"{end} {measure(metric).heading}: {' or '.join(names)}", WIDTH, initial_indent=" ",
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
