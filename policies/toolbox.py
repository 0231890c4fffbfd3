"""Small compiled helpers for policies: selection rules over a column, draws, and limits.

Most policies fill a column of their own memory with a score per offer and hand it to one of the rules here.
All rules look at open rows only, allocate nothing, take one uniform ``u`` and return -1 if no row is open.
Their draws use ``split(u, i)`` for row ``i``, so two policies that give equal weights choose the same rows.
Scores within ``TIE`` of the best are ties: which of two equal offers has the better last bit is up to rounding.
"""

import math

import numpy as np

from sim.compiled import rule
from sim.draws import split
from sim.policy import Request
from sim.view import (
    COST_USD,
    OPEN,
    PRICE_IN,
    PRICE_OUT,
    REQUESTS_THIS_MINUTE,
    RPM_LIMIT,
    TOKENS_THIS_MINUTE,
    TPM_LIMIT,
    WEIGHT,
)

TIE = 1e-9  # relative to the better score (docs/semantics.md, section 10)


@rule(forceinline=True)
def clearly_below(value: float, held: float) -> bool:
    """Whether a score is smaller than the one held, and not just in its last bits."""
    return held - value > TIE * abs(value)


@rule(forceinline=True)
def tied_up_to(least: float) -> float:
    """Largest score that ties with the smallest."""
    return least + TIE * abs(least) if np.isfinite(least) else least


@rule(forceinline=True)
def least_open(view: np.ndarray, table: np.ndarray, column: int) -> float:
    """Smallest ``table[row, column]`` of the open rows, ``inf`` if there is none."""
    least = np.inf
    for i in range(view.shape[0]):
        if view[i, OPEN] > 0.0:
            least = min(least, table[i, column])
    return least


@rule(forceinline=True)
def keeps(u: float, index: int, part: float, total: float) -> bool:
    """Whether candidate ``index`` of weight ``part`` replaces the one held, ``total`` including ``part``.

    One pass over the candidates leaves each with probability weight / sum of weights (Chao 1982).
    """
    return part > 0.0 and (part >= total or split(u, index) * total < part)


@rule()
def uniform(view: np.ndarray, u: float) -> int:
    """Any open row, each with probability proportional to the router's weight: the same, unless it has weights."""
    row = -1
    seen = 0.0
    for i in range(view.shape[0]):
        if view[i, OPEN] > 0.0:
            weight = view[i, WEIGHT]
            seen += weight
            if keeps(u, i, weight, seen):
                row = i
    return row


@rule()
def draw(view: np.ndarray, table: np.ndarray, column: int, u: float) -> int:
    """Open row with probability proportional to ``table[row, column]`` >= 0 times its ``WEIGHT``; -1 if all are 0."""
    row = -1
    total = 0.0
    for i in range(view.shape[0]):
        if view[i, OPEN] > 0.0:
            weight = table[i, column] * view[i, WEIGHT]
            total += weight
            if keeps(u, i, weight, total):
                row = i
    return row


@rule(forceinline=True)
def lowest(view: np.ndarray, table: np.ndarray, column: int, u: float) -> int:
    """Open row with the smallest ``table[row, column]``, ties at random."""
    row = -1
    ties = 0.0
    most = tied_up_to(least_open(view, table, column))
    for i in range(view.shape[0]):
        if view[i, OPEN] > 0.0 and table[i, column] <= most:
            ties += 1.0
            if keeps(u, i, 1.0, ties):
                row = i
    return row


@rule()
def highest(view: np.ndarray, table: np.ndarray, column: int, u: float) -> int:
    """Open row with the largest ``table[row, column]``, ties at random."""
    best = -np.inf
    for i in range(view.shape[0]):
        if view[i, OPEN] > 0.0:
            best = max(best, table[i, column])
    row = -1
    ties = 0.0
    least = -tied_up_to(-best)
    for i in range(view.shape[0]):
        if view[i, OPEN] > 0.0 and table[i, column] >= least:
            ties += 1.0
            if keeps(u, i, 1.0, ties):
                row = i
    return row


@rule()
def lowest_or_first(view: np.ndarray, table: np.ndarray, column: int, u: float, first: float) -> int:
    """Like ``lowest``; with ``first`` > 0 ties go to the first row (the list-order bias of some routers)."""
    if first <= 0.0:
        return lowest(view, table, column, u)
    most = tied_up_to(least_open(view, table, column))
    for i in range(view.shape[0]):
        if view[i, OPEN] > 0.0 and table[i, column] <= most:
            return i
    return -1


@rule()
def lowest_of_sample(view: np.ndarray, table: np.ndarray, column: int, d: int, u: float) -> int:
    """Smallest ``table[row, column]`` among ``d`` distinct open rows drawn uniformly, ties at random.

    Selection sampling (Knuth, TAOCP 2, algorithm 3.4.2S): one pass, no memory.
    """
    rows = view.shape[0]
    left = open_rows(view)
    wanted = min(d, left)
    row = -1
    best = np.inf
    ties = 0.0
    for i in range(rows):
        if wanted == 0:
            break
        if view[i, OPEN] > 0.0:
            if keeps(u, rows + i, float(wanted), float(left)):
                wanted -= 1
                value = table[i, column]
                if row < 0 or clearly_below(value, best):
                    row = i
                    best = value
                    ties = 1.0
                elif not clearly_below(best, value):
                    ties += 1.0
                    if keeps(u, i, 1.0, ties):
                        row = i
            left -= 1
    return row


@rule()
def nth_open(view: np.ndarray, number: int) -> int:
    """Row of the open offer with ``number`` open ones before it."""
    for i in range(view.shape[0]):
        if view[i, OPEN] > 0.0:
            if number == 0:
                return i
            number -= 1
    return -1


@rule()
def open_pair(view: np.ndarray, u: float) -> tuple[int, int]:
    """Two distinct open rows in random order; (row, row) if only one is open, (-1, -1) if none is."""
    count = open_rows(view)
    if count < 2:
        only = nth_open(view, 0)
        return only, only
    first = int(split(u, 0) * count)
    second = int(split(u, 1) * (count - 1))
    if second >= first:
        second += 1
    if count == view.shape[0]:
        return first, second
    return nth_open(view, first), nth_open(view, second)


@rule()
def lowest_of_draws(view: np.ndarray, table: np.ndarray, column: int, d: int, u: float) -> int:
    """Smallest ``table[row, column]`` among ``d`` open rows drawn with replacement, ties to the first drawn.

    The first drawn is itself uniform, so symmetric rows have equal chances. Closed rows are drawn and thrown
    away; after 64 draws a row (one in e^64 runs) a uniform open row is returned.
    """
    rows = view.shape[0]
    row = -1
    drawn = 0
    for draws in range(64 * rows):
        i = int(split(u, rows + draws) * rows)
        if view[i, OPEN] > 0.0:
            if row < 0 or clearly_below(table[i, column], table[row, column]):
                row = i
            drawn += 1
            if drawn == d:
                return row
    return uniform(view, u)


@rule()
def open_rows(view: np.ndarray) -> int:
    """Number of open rows."""
    count = 0
    for i in range(view.shape[0]):
        if view[i, OPEN] > 0.0:
            count += 1
    return count


@rule()
def median(view: np.ndarray, column: int) -> float:
    """Lower median of a column over open rows; NaN if none is open. It looks at all pairs: rows are few."""
    middle = (open_rows(view) - 1) // 2
    for i in range(view.shape[0]):
        if view[i, OPEN] > 0.0:
            below = 0
            for j in range(view.shape[0]):
                if view[j, OPEN] > 0.0 and (
                    view[j, column] < view[i, column] or (view[j, column] == view[i, column] and j < i)
                ):
                    below += 1
            if below == middle:
                return float(view[i, column])
    return np.nan


@rule()
def middle(table: np.ndarray, column: int) -> float:
    """Median of a column over the rows that hold a number, the mean of the middle two if they are even; else NaN."""
    low, high = np.nan, np.nan
    count = table.shape[0]
    for i in range(table.shape[0]):
        count -= np.isnan(table[i, column])
    for i in range(table.shape[0]):
        below = same = 0
        for j in range(table.shape[0]):
            below += table[j, column] < table[i, column]
            same += table[j, column] == table[i, column]
        if below <= (count - 1) // 2 < below + same:
            low = table[i, column]
        if below <= count // 2 < below + same:
            high = table[i, column]
    return float(0.5 * (low + high))


@rule()
def price(view: np.ndarray, row: int, by_list: float) -> float:
    """Expected cost of the request, USD; with ``by_list`` > 0 the mean of the two list prices, USD/Mtok."""
    if by_list > 0.0:
        return float(0.5 * (view[row, PRICE_IN] + view[row, PRICE_OUT]))
    return float(view[row, COST_USD])


@rule()
def inverse_power(value: float, least: float, k: float) -> float:
    """``(least / value) ** k``: 1 at the least value, so no price, even zero, overflows."""
    if value <= least:
        return 1.0
    ratio = least / value
    if k == 2.0:
        return ratio * ratio
    if k == 1.0:
        return ratio
    return float(ratio**k)


@rule()
def within_limits(view: np.ndarray, row: int, request: Request, spare: float) -> bool:
    """Whether the posted limits leave room this minute for the request's prompt and for one request more.

    ``spare`` requests a minute stay unused. Offers without a limit always have room.
    """
    tokens = view[row, TOKENS_THIS_MINUTE] + request.prompt_tokens
    requests = view[row, REQUESTS_THIS_MINUTE] + 1.0 + spare
    return bool(tokens <= view[row, TPM_LIMIT] and requests <= view[row, RPM_LIMIT])


@rule()
def normal(p: float) -> float:
    """Standard normal quantile of ``p``, to seven figures (Wichura 1988, algorithm AS 241, PPND7)."""
    q = p - 0.5
    if abs(q) <= 0.425:
        r = 0.180625 - q * q
        return (
            q
            * (((59.109374720 * r + 159.29113202) * r + 50.434271938) * r + 3.3871327179)
            / (((67.187563600 * r + 78.757757664) * r + 17.895169469) * r + 1.0)
        )
    r = math.sqrt(-math.log(max(min(p, 1.0 - p), 1e-300)))
    if r <= 5.0:
        r -= 1.6
        z = ((0.17023821103 * r + 1.3067284816) * r + 2.7568153900) * r + 1.4234372777
        z /= (0.12021132975 * r + 0.73700164250) * r + 1.0
    else:
        r -= 5.0
        z = ((0.017337203997 * r + 0.42868294337) * r + 3.0812263860) * r + 6.6579051150
        z /= (0.012258202635 * r + 0.24197894225) * r + 1.0
    return -z if q < 0.0 else z


@rule()
def gamma(shape: float, u: float, index: int) -> float:
    """Gamma variate with ``shape`` >= 1 and scale 1 from ``split(u, index)`` to ``split(u, index + 31)``.

    Marsaglia and Tsang (2000). Sixteen trials fail with probability below 1e-20; then the mode is returned.
    """
    d = shape - 1.0 / 3.0
    c = 1.0 / math.sqrt(9.0 * d)
    for trial in range(16):
        z = normal(split(u, index + 2 * trial))
        v = (1.0 + c * z) ** 3
        if v > 0.0:
            w = split(u, index + 2 * trial + 1)
            if w < 1.0 - 0.0331 * z * z * z * z or math.log(w) < 0.5 * z * z + d * (1.0 - v + math.log(v)):
                return d * v
    return d


@rule()
def fade(sums: np.ndarray, first: int, end: int, kept: float) -> None:
    """Keep a share of sums that stand side by side."""
    for at in range(first, end):  # numba would make an array of the products
        sums[at] *= kept
