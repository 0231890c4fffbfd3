"""Buckets of the names of cached prefixes, as many as there are prefixes: few of a name's kind stand in one."""

from typing import Any

import numpy as np

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
    places = np.flatnonzero(taken).astype(np.int32)
    found = buckets_of(rows[places], len(more))
    order = np.argsort(found, kind="stable")
    places, found = places[order], found[order]
    same = np.append(found[1:] == found[:-1], False)
    rows["after"][places] = np.where(same, np.append(places[1:], -1), -1)
    first = np.append(True, ~same[:-1])
    more[found[first]] = places[first]
    return {"buckets": more}


def buckets_of(rows: np.ndarray, buckets: int) -> np.ndarray:
    """Bucket of each prefix, of so many: the same as `sim.engines.compiled.prefix_cache.bucket_of` finds."""
    scramble = mix.py_func  # type: ignore[attr-defined] # the plain function, which takes arrays
    kind = np.uint64(4) * rows["replica"].astype(np.uint64) + rows["kind"].astype(np.uint64)
    words = scramble(rows["name"] ^ scramble(kind))
    return np.asarray((words & np.uint64(buckets - 1)).astype(np.int64))
