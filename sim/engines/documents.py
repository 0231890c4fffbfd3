"""Which of its class's shared prefixes a prompt begins with."""

import numpy as np

from sim.compiled import hot
from sim.draws import DOCUMENT, derive


@hot(cache=True)
def document_of(u: float, documents: int, exponent: float) -> int:
    """Number, from 0, of a document drawn by a Zipf-like law (E28 of `docs/theory.md`).

    Parameters
    ----------
    u
        Uniform in [0, 1).
    documents
        How many there are.
    exponent
        0: all alike.
    """
    if exponent == 1.0:
        x = (documents + 1.0) ** u
    else:
        power = 1.0 - exponent
        x = (1.0 + u * ((documents + 1.0) ** power - 1.0)) ** (1.0 / power)
    return int(min(max(int(x), 1), documents) - 1)


@hot(cache=True)
def document_number(client_class: int, document: int) -> int:
    """Number of a document among those of all classes: each has its own."""
    return int((client_class << 32) + document)


def documents_of(keys: np.ndarray, documents: int, exponent: float) -> np.ndarray:
    """The documents that belong to keys of requests, int32."""
    found = np.zeros(len(keys), np.int32)
    _fill(found, keys, documents, float(exponent))
    return found


@hot(cache=True)
def _fill(found: np.ndarray, keys: np.ndarray, documents: int, exponent: float) -> None:
    for place in range(len(keys)):
        found[place] = document_of(derive(keys[place], DOCUMENT, 0), documents, exponent)
