"""Buckets of the names of cached prefixes, as many as there are prefixes: few of a name's kind stand in one."""

from typing import Any

import numpy as np

from sim.compiled import hot
from sim.draws import mix
from sim.engines.compiled.cache_records import CachedPrefix
from sim.engines.record import Rows, rows_of


def more_buckets(prefixes: Rows[CachedPrefix], free: np.ndarray, buckets: np.ndarray) -> dict[str, Any]:
    """Buckets after the pool of prefixes has doubled: no fewer than its places.

    Parameters
    ----------
    prefixes
        The pool, in whose rows the links between names of a bucket are set anew.
    free
        Its places that hold no prefix.
    buckets
        Those so far, a power of two.

    Returns
    -------
    dict
        Fields of `sim.engines.compiled.state.Supply`; none if there are enough.
    """
    rows = rows_of(prefixes)
    if len(buckets) >= len(rows):
        return {}
    more = np.full(1 << (len(rows) - 1).bit_length(), -1, np.int32)
    taken = np.ones(len(rows), bool)
    taken[free] = False
    fill(rows, taken, more)
    return {"buckets": more}


@hot(cache=True)
def fill(rows: np.ndarray, taken: np.ndarray, buckets: np.ndarray) -> None:
    """Put the prefixes at the places that are taken into empty buckets."""
    for place in range(rows.shape[0]):
        if taken[place]:
            row: Any = rows[place]
            bucket = bucket_among(buckets.shape[0], row.replica, row.kind, row.name)
            row.after = buckets[bucket]
            buckets[bucket] = place


@hot(cache=True, forceinline=True)
def bucket_among(buckets: int, r: int, kind: int, name: int) -> int:
    """Which of so many buckets, a power of two, a name of a kind at a replica is in."""
    word: Any = mix(name ^ mix(np.uint64(4 * r + kind)))
    return int(np.int64(word & np.uint64(buckets - 1)))
