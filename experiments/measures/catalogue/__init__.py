"""The catalogue of measures: every number that is printed has one row, and one function of the same name.

A row says what the number is called, its unit, what is divided by what, and how it is shown; nothing else does. Rows
stand by subject (`service`, `money`, `choices`, `supply`, `stylised`); the functions stand by what they read: runs of
traffic (`traffic_metrics`), the course of a run (`windows`), a market by periods and groups (`columns`), a whole market
(`market_summary`), and the tables of the store (`experiments.store.statistics`).
"""

from collections.abc import Mapping
from typing import Final

from experiments.measures.catalogue import choices, money, service, stylised, supply
from experiments.measures.catalogue.dimensions import DIMENSIONS
from experiments.measures.catalogue.measure import Measure, Show, capital, spelt

__all__ = ["DIMENSIONS", "MEASURES", "SHARE_PREFIX", "SUBJECTS", "Measure", "Show", "capital", "known", "measure",
           "spelt", "unit_of"]

SHARE_PREFIX: Final = "share:"  # share:PROVIDER is that provider's share of served tokens
SUBJECTS: Final[Mapping[str, tuple[Measure, ...]]] = {
    "Requests and waiting": service.ROWS, "Money": money.ROWS, "Choice": choices.ROWS, "Supply": supply.ROWS,
    "Facts": stylised.ROWS,
}
MEASURES: Final[Mapping[str, Measure]] = {row.name: row for rows in SUBJECTS.values() for row in rows}


def measure(name: str) -> Measure:
    """Return the row of a measure, that of a provider's share included.

    Raises
    ------
    KeyError
        If the catalogue has none of that name.
    """
    found = known(name)
    if found is None:
        raise KeyError(f"the catalogue of measures has no {name!r}")
    return found


def known(name: str) -> Measure | None:
    """Return the row of a measure, None if there is none."""
    if not name.startswith(SHARE_PREFIX):
        return MEASURES.get(name)
    provider = name.removeprefix(SHARE_PREFIX)
    return Measure(name, "1", f"share of served tokens of provider {provider}", "tokens served by the provider",
                   "tokens served by all", f"share of {provider}", short=False)


def unit_of(name: str) -> str:
    """Return the unit of a measure."""
    return measure(name).unit
