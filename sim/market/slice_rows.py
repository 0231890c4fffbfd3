"""The requests of a slice as rows for an engine: drawn, sorted and written in compiled code.

Rows are wide, so they are never moved: times are drawn first and put in order as numbers (one bucket a request, since
births are uniform over a slice), then each row is written once, in its place.
"""

import math
from typing import Final, NamedTuple

import numpy as np

from sim.compiled import njit
from sim.draws import DOCUMENT, derive, mix
from sim.engines.documents import document_of
from sim.engines.grid import on_grid
from sim.engines.requests import MAX_TOKENS, REQUEST
from sim.market.market_clock import Slice

COUNT, BORN, PROMPT_A, PROMPT_B, OUTPUT_A, OUTPUT_B, PATIENCE, LANE = range(101, 109)  # purposes of draws
GOLDEN: Final = np.uint64(0x9E3779B97F4A7C15)
SECOND: Final = np.uint64(0xD1B54A32D192ED03)
LONGEST: Final = float(MAX_TOKENS)
SMALL_MEAN: Final = 500.0  # Poisson counts of larger means are not found by adding up: exp(-745) is zero


class Drawn(NamedTuple):
    """What the requests of a slice are drawn from: one entry a workload.

    Attributes
    ----------
    key
        uint64: the workload's key in this slice.
    requests
        int64: its requests.
    prompt_tokens, output_tokens, length_sigma, cached_share
        float64: mean lengths (output of its present model), spread of their logarithms, share of the prompt that is a
        prefix seen before.
    shared_tokens, documents, zipf_exponent
        int64, int64 and float64: leading tokens of prompts, as part of their mean, that are of one of so many
        documents, drawn by a Zipf-like law (E28); 0 tokens: no two prompts begin alike.
    max_tokens
        int64: longest answer that is asked for; 0: no limit.
    patience_s
        float64: mean patience; inf if it waits for ever.
    model
        int32: row of its model among the world's.
    pinned
        int32: 1 + number of the provider that alone may serve it; 0: anybody may.
    place
        int32: number of its marketplace.
    lanes, stretch_s
        int64 and float64: lanes of its conversations, 0 without any, and how long one is
        (`sim.market.customers.conversations`).
    """

    key: np.ndarray
    requests: np.ndarray
    prompt_tokens: np.ndarray
    output_tokens: np.ndarray
    length_sigma: np.ndarray
    cached_share: np.ndarray
    shared_tokens: np.ndarray
    documents: np.ndarray
    zipf_exponent: np.ndarray
    max_tokens: np.ndarray
    patience_s: np.ndarray
    model: np.ndarray
    pinned: np.ndarray
    place: np.ndarray
    lanes: np.ndarray
    stretch_s: np.ndarray


class Way(NamedTuple):
    """From customers to their router.

    Attributes
    ----------
    delay_s
        One-way delay.
    grid_per_s
        Points of the grid of event times, 1/s (`sim.engines.grid`).
    """

    delay_s: float
    grid_per_s: float


class Births(NamedTuple):
    """Key, time of birth and workload of every request of a slice, by workload: uint64, float64 (s) and int32."""

    key: np.ndarray
    born_s: np.ndarray
    of: np.ndarray


def slice_rows(drawn: Drawn, part: Slice, way: Way) -> np.ndarray:
    """Return the requests of a slice in the order of their births, equal ones by their keys; times are on the grid.

    Parameters
    ----------
    drawn
        The workloads.
    part
        The slice.
    way
        From customers to their router.
    """
    rows = np.empty(int(drawn.requests.sum()), REQUEST)
    births = _births(drawn.key, drawn.requests, part.market_s, part.length_s, way.grid_per_s)
    order = _order(births, part.market_s, part.length_s)
    _write(rows, drawn, births, order, float(on_grid(way.delay_s, way.grid_per_s)))
    return rows


@njit(cache=True)
def merged(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Two feeds in the order of arrival as one, equal ones by their keys."""
    rows = np.empty(len(first) + len(second), first.dtype)
    a = b = 0
    for place in range(len(rows)):
        if b == len(second):
            is_first = True
        elif a == len(first):
            is_first = False
        else:
            one, other = first[a], second[b]
            is_first = one.arrive_s < other.arrive_s or (one.arrive_s == other.arrive_s and one.key <= other.key)
        if is_first:
            rows[place] = first[a]
            a += 1
        else:
            rows[place] = second[b]
            b += 1
    return rows


@njit(cache=True, error_model="numpy")
def _uniform(key: int, purpose: int) -> float:
    return float(mix(key + GOLDEN * np.uint64(purpose)) >> np.uint64(11)) * 1.1102230246251565e-16


@njit(cache=True, error_model="numpy")
def _normal(key: int, purpose: int) -> float:
    """Standard normal from two uniforms (Box and Muller 1958)."""
    radius = math.sqrt(-2.0 * math.log1p(-_uniform(key, purpose)))
    return radius * math.cos(2.0 * np.pi * _uniform(key, purpose + 1))


@njit(cache=True, error_model="numpy")
def _length(mean: float, sigma: float, z: float) -> int:
    """Log-normal token count of a given mean, at least 1."""
    return int(min(max(np.rint(mean * math.exp(sigma * z - sigma * sigma / 2.0)), 1.0), LONGEST))


@njit(cache=True, error_model="numpy")
def small_poisson_counts(means: np.ndarray, u: np.ndarray) -> np.ndarray:
    """Poisson counts by inversion, up from zero (Devroye 1986, X.3); 0 for a mean above ``SMALL_MEAN``."""
    counts = np.zeros(len(means), np.int64)
    for row in range(len(means)):
        mean = means[row]
        if mean > SMALL_MEAN:
            continue
        chance = math.exp(-mean)
        below = chance
        # far above the mean the sum stands still a few last bits below 1, which a uniform may be above
        while below < u[row] and chance > 0.0:
            counts[row] += 1
            chance *= mean / counts[row]
            below += chance
    return counts


@njit(cache=True, error_model="numpy")
def _births(
    keys: np.ndarray, counts: np.ndarray, start_s: float, length_s: float, grid_per_s: float
) -> Births:
    key = np.empty(counts.sum(), np.uint64)
    born_s = np.empty(len(key))
    of = np.empty(len(key), np.int32)
    at = 0
    for workload in range(len(counts)):
        for number in range(counts[workload]):
            key[at] = mix(keys[workload] + GOLDEN * np.uint64(number + 1))
            born_s[at] = on_grid(start_s + length_s * _uniform(key[at], BORN), grid_per_s)
            of[at] = workload
            at += 1
    return Births(key, born_s, of)


@njit(cache=True, error_model="numpy")
def _order(births: Births, start_s: float, length_s: float) -> np.ndarray:
    """What sorts times that are uniform over a slice, equal ones by key: buckets, then insertion within them."""
    key, born_s, _ = births
    n = len(born_s)
    scale = n / length_s
    ends = np.zeros(n + 1, np.int64)
    for at in range(n):
        ends[min(int((born_s[at] - start_s) * scale), n - 1) + 1] += 1
    for bucket in range(n):
        ends[bucket + 1] += ends[bucket]
    order = np.empty(n, np.int64)
    for at in range(n):
        bucket = min(int((born_s[at] - start_s) * scale), n - 1)
        order[ends[bucket]] = at
        ends[bucket] += 1
    for at in range(1, n):  # no request is further from its place than its bucket is long
        moved, to = order[at], at
        while to > 0:
            before = order[to - 1]
            if born_s[before] < born_s[moved] or (born_s[before] == born_s[moved] and key[before] < key[moved]):
                break
            order[to] = before
            to -= 1
        order[to] = moved
    return order


@njit(cache=True, error_model="numpy")
def _conversation(key: int, of: int, lanes: int, stretches: float) -> int:
    """Number of a request's conversation, born so many stretches after the beginning; lanes begin theirs anywhere."""
    lane = mix(of + GOLDEN * np.uint64(LANE + int(_uniform(key, LANE) * lanes)))
    stretch = int(stretches + float(lane >> np.uint64(11)) * 1.1102230246251565e-16)
    return int(np.int64(mix(lane ^ (SECOND * np.uint64(stretch + 1))) >> np.uint64(1)))


@njit(cache=True, error_model="numpy")
def _write(rows: np.ndarray, drawn: Drawn, births: Births, order: np.ndarray, delay_s: float) -> None:
    for place in range(len(order)):
        at = order[place]
        row, key, workload = rows[place], births.key[at], births.of[at]
        patience_s, output_mean = drawn.patience_s[workload], drawn.output_tokens[workload]
        sigma = drawn.length_sigma[workload]
        row.born_s = births.born_s[at]
        row.arrive_s = row.born_s + delay_s
        row.patience_s = np.inf if patience_s == np.inf else -math.log1p(-_uniform(key, PATIENCE)) * patience_s
        row.expected_output = output_mean
        row.key = key
        row.session = -1
        if drawn.lanes[workload] > 0:
            row.session = _conversation(key, drawn.key[workload], drawn.lanes[workload],
                                        row.born_s / drawn.stretch_s[workload])
        row.client_class = drawn.place[workload] * len(drawn.place) + workload
        row.router = drawn.place[workload]
        row.model = drawn.model[workload]
        shared = drawn.shared_tokens[workload]
        own = _length(drawn.prompt_tokens[workload] - shared, sigma, _normal(key, PROMPT_A))
        row.prompt = min(own + shared, MAX_TOKENS)
        row.output = _length(output_mean, sigma, _normal(key, OUTPUT_A))
        row.priority = 0
        row.pinned = drawn.pinned[workload]
        row.prefix = int(drawn.cached_share[workload] * row.prompt)
        row.max_tokens = drawn.max_tokens[workload]
        row.turn = 0
        row.document = 0
        if drawn.documents[workload] > 1:
            row.document = document_of(derive(key, DOCUMENT, 0), drawn.documents[workload],
                                       drawn.zipf_exponent[workload])
