"""Digests of what a store holds of a study: its file is never twice the same, its tables are."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Final

from experiments.store.dictionary import TABLES

if TYPE_CHECKING:
    from pandas import DataFrame

    from experiments.store.store import Store

NUMBERS: Final = "iufb"  # kinds of numpy's types whose bytes are the values


def fingerprints(store: Store, study: str) -> dict[str, str]:
    """Return the digest of every table that has rows of a study's runs, by its name.

    Keys of runs and times that runs took are left out: the first change with the code, the second are no result.

    Raises
    ------
    StoreError
        If there is no such study.
    """
    frames = {name: store.table(name, study) for name in TABLES}
    return {name: _fingerprint(frame) for name, frame in frames.items() if len(frame)}


def _fingerprint(frame: DataFrame) -> str:
    found = hashlib.blake2b(digest_size=16)
    for name in frame.columns:
        values = frame[name].to_numpy()
        if values.dtype.kind in NUMBERS:
            content = values.astype(values.dtype.newbyteorder("<")).tobytes()
        else:
            content = json.dumps(values.tolist(), default=str, ensure_ascii=False).encode()
        found.update(f"{name}\0{values.dtype.kind}\0{len(values)}\0".encode() + content)
    return found.hexdigest()
