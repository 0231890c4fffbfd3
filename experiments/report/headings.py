"""What a write-up calls metrics, and which of them it shows."""

from typing import Final

from experiments.measures.catalogue import Measure, Show, known

ABBREVIATIONS: Final = (
    "Mtok: a million tokens. TTFT: time to first token; TPOT: time per output token after the first; E2E: from "
    "request to last token; p50 and p99: median and 99th percentile over all requests, those not "
    "completed counting as later than any; > deadline: it falls among them, so that no mean is made of it; of "
    "completed: over completed requests only. Good: completed within both SLOs of its class; goodput: good requests a "
    "second. HHI: sum of squared shares of providers, 1 for a monopoly.")


def shown(metric: str, unit: str) -> Measure:
    """Return the catalogue's row of a metric; one that it lacks keeps its name and its unit.

    Examples
    --------
    >>> shown("completed_share", "1").show.unit
    '%'
    >>> shown("my_metric", "1").heading, shown("my_metric", "m").show.unit
    ('my metric', 'm')
    """
    return known(metric) or Measure(metric, unit, "", "", shown=Show("" if unit == "1" else unit))
