"""A gate: what is asked of a market, the band in which the answer must lie, and the verdict over seeds."""

import math
from collections.abc import Sequence
from typing import Final, Literal, NamedTuple

Said = Literal["pass", "miss", "cannot be said", "told"]
PASS: Final = "pass"
MISS: Final = "miss"
UNSAID: Final = "cannot be said"  # never counted as passed: who lacks what a gate asks for has not passed it
TOLD: Final = "told"  # no gate, but a number that stands beside one


class Gate(NamedTuple):
    """What is asked.

    Attributes
    ----------
    name
        Of the gate.
    asks
        What the number is, in a few words.
    low, high
        The band, ends included; infinite where it has no end.
    """

    name: str
    asks: str
    low: float = -math.inf
    high: float = math.inf


class GateFinding(NamedTuple):
    """What a market answered.

    Attributes
    ----------
    gate
        What was asked.
    value, std_error
        Mean over seeds, and its standard error (nan with one seed, or where nothing is random).
    said
        The verdict.
    note
        Why nothing can be said, or what stands behind the number.
    """

    gate: Gate
    value: float
    std_error: float
    said: Said
    note: str = ""


def judged(gate: Gate, values: Sequence[float], note: str = "") -> GateFinding:
    """Return what is said of a gate whose number was found once a seed.

    Parameters
    ----------
    gate
        What was asked.
    values
        One a seed. If one of them is not finite, nothing can be said: the others are no random choice.
    note
        Kept, and the reason if nothing can be said.
    """
    if not values or not all(math.isfinite(value) for value in values):
        lacking = sum(not math.isfinite(value) for value in values)
        why = note or (f"{lacking} of {len(values)} runs have no such number" if values else "there is no run")
        return GateFinding(gate, math.nan, math.nan, UNSAID, why)
    mean = sum(values) / len(values)
    error = math.nan
    if len(values) > 1:
        error = math.sqrt(sum((value - mean) ** 2 for value in values) / (len(values) - 1) / len(values))
    return GateFinding(gate, mean, error, PASS if gate.low <= mean <= gate.high else MISS, note)


def unsaid(gate: Gate, why: str) -> GateFinding:
    """Return that nothing can be said, and why."""
    return GateFinding(gate, math.nan, math.nan, UNSAID, why)


def told(gate: Gate, values: Sequence[float], note: str = "") -> GateFinding:
    """Return a number that is asked nothing."""
    return judged(gate, values, note)._replace(said=TOLD)


def verdict(findings: Sequence[GateFinding]) -> Said:
    """Return the verdict of all: pass only if every gate passes.

    Examples
    --------
    >>> verdict([judged(Gate("a", "", 0, 1), [0.5]), unsaid(Gate("b", ""), "no runs")])
    'cannot be said'
    """
    said = {it.said for it in findings}
    return MISS if MISS in said else UNSAID if UNSAID in said or not said - {TOLD} else PASS


def band(gate: Gate) -> str:
    """Return a band in words.

    Examples
    --------
    >>> band(Gate("a", "", 0.8)), band(Gate("a", "", high=0.05)), band(Gate("a", "", 0.05, 0.6)), band(Gate("a", ""))
    ('≥ 0.8', '≤ 0.05', '0.05 to 0.6', '')
    """
    if math.isinf(gate.low):
        return "" if math.isinf(gate.high) else f"≤ {gate.high:g}"
    if gate.low == math.nextafter(0.0, 1.0):
        return "> 0"
    return f"≥ {gate.low:g}" if math.isinf(gate.high) else f"{gate.low:g} to {gate.high:g}"


def rows(findings: Sequence[GateFinding]) -> list[tuple[str, ...]]:
    """Return a head and a row of text a gate."""
    head = ("gate", "what", "value", "se", "band", "verdict", "note")
    return [head, *((it.gate.name, it.gate.asks, _number(it.value), _number(it.std_error), band(it.gate), it.said,
                     it.note) for it in findings)]


def _number(value: float) -> str:
    return f"{value:.3g}" if math.isfinite(value) else ""
