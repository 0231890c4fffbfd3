"""Tables for the terminal."""

import math
from collections.abc import Sequence
from typing import Final

from experiments.stats import Interval
from experiments.tournament import COST, Tournament

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
LEGEND: Final = (
    "* on the frontier: no other policy is as good in both cost and E2E p99 and clearly better in one",
    "cost: before fees, per million prompt and output tokens; goodput: requests within both SLOs;",
    "done: completed requests; tries: attempts a request; HHI: concentration of providers by tokens;",
    "mean ± 95 % half-width over replications",
)


def table(result: Tournament) -> str:
    """Return the results as aligned text, a block a load, cheapest first."""
    blocks = [_block(result, load) for load in result.design.loads]
    n = result.design.replications
    title = (f"{result.design.scenario.name}: {len(result.design.policies)} policies, {n} replication"
             f"{'s' if n > 1 else ''}, baseline {result.design.baseline}")
    return "\n\n".join([title, *blocks, "\n".join(LEGEND)])


def listing(rows: Sequence[Sequence[str]]) -> str:
    """Return rows of text in aligned columns, the last one as long as it likes."""
    if not rows:
        return ""
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]) - 1)]
    lines = ("  ".join([*(cell.ljust(width) for cell, width in zip(row, widths, strict=False)), row[-1]])
             for row in rows)
    return "\n".join(line.rstrip() for line in lines)


def measured(got: Interval, factor: float = 1.0, most: int = 3) -> str:
    """Return ``mean±half-width`` with the decimals that the half-width warrants, ``most`` of them at most.

    Examples
    --------
    >>> measured(Interval(12.3456, 0.0423, 5))
    '12.35±.04'
    """
    mean, half = got.mean * factor, got.half_width * factor
    if not math.isfinite(mean):
        return "-"
    if not math.isfinite(half):
        return f"{mean:.{most}f}"
    digits = _decimals(half, most)
    spread = f"{half:.{digits}f}"
    return f"{mean:.{digits}f}±{spread.removeprefix('0') if digits else spread}"


def _decimals(half: float, most: int) -> int:
    """Decimals that show one significant digit of the half-width, two if it begins with 1."""
    if half <= 0:
        return most
    exponent = math.floor(math.log10(half))
    leading = half / 10**exponent
    return min(most, max(0, -exponent + (1 if leading < 1.95 else 0)))


def _block(result: Tournament, load: float) -> str:
    order = sorted(result.design.policies, key=lambda policy: _rank(result.interval(policy, load, COST).mean))
    rows = [(f" load {load:g}", *(column[0] for column in COLUMNS)),
            ("", *(column[1] for column in COLUMNS))]
    for policy in order:
        star = " " if result.dominated_by(policy, load) else "*"
        cells = (measured(result.interval(policy, load, metric), factor, most)
                 for _, _, metric, factor, most in COLUMNS)
        rows.append((f"{star}{policy}", *cells))
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    return "\n".join(_line(row, widths) for row in rows)


def _line(row: Sequence[str], widths: Sequence[int]) -> str:
    """First cell to the left, the others to the right."""
    cells = [cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True)]
    return " ".join([row[0].ljust(widths[0]), *cells]).rstrip()


def _rank(value: float) -> float:
    return value if math.isfinite(value) else math.inf
