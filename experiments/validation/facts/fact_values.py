"""The value of a fact in a run, from the numbers of the run's summary, and whether the run may be asked at all."""

import math
from collections.abc import Mapping
from datetime import date, timedelta

from experiments.validation.facts.fact_ledger import FactLedger, StylisedFact


def fact_value(fact: StylisedFact, numbers: Mapping[str, float]) -> float:
    """Return the value of a fact.

    Parameters
    ----------
    fact
        One that runs are asked.
    numbers
        Numbers of a run by their names in the catalogue; what is missing makes the fact nan.
    """
    value = numbers.get(fact.measure, math.nan)
    if fact.over:
        below = numbers.get(fact.over, math.nan)
        value = value / below if below else math.nan
    if fact.less:
        value -= numbers.get(fact.less, math.nan)
    return value


def fact_values(ledger: FactLedger, numbers: Mapping[str, float]) -> dict[str, float]:
    """Return the value of every fact that runs are asked, by name."""
    return {fact.name: fact_value(fact, numbers) for fact in ledger.facts if fact.asked}


def why_not_asked(fact: StylisedFact, start: date, days: int) -> str:
    """Return why a fact is not asked of a run of those days; empty if it is.

    Parameters
    ----------
    fact
        Any fact.
    start, days
        First day and length of the run.
    """
    if not fact.asked:
        return fact.why
    end = start + timedelta(days=days - 1)
    if fact.starts is not None and f"{start:%Y-%m}" != fact.starts:
        return f"it is of a run that starts in {fact.starts}; this one starts in {start:%Y-%m}"
    if fact.ends is not None and f"{end:%Y-%m}" != fact.ends:
        return f"it is of a run that ends in {fact.ends}; this one ends in {end:%Y-%m}"
    return ""
