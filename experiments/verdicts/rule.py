"""A decision rule: the claim, and which numbers support or contradict it, in a file of its own (``rule.toml``).

The file is committed before the study is run in full. Its text has a digest, from which the seeds of the verdict
follow: who changes the rule gets other draws, and cannot look at the result first.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final, Literal, NamedTuple, get_args

from experiments.output.inputs import digest_of
from sim.errors import MarketError
from sim.scenario.load import read_file
from sim.spelling import near

FILE: Final = "rule.toml"
Held = Literal["mean", "interval", "every seed"]
LIMITS: Final[Mapping[str, Callable[[float, float], bool]]] = {
    "at_least": operator.ge, "more_than": operator.gt, "at_most": operator.le, "less_than": operator.lt}
SIGNS: Final = {"at_least": "≥", "more_than": ">", "at_most": "≤", "less_than": "<"}
TEXTS: Final = ("claim", "by", "mechanism", "statistic", "depends_on", "smallest_full")
SIDES: Final = ("supported", "contradicted", "arithmetic")
KNOWN: Final = (*TEXTS, *SIDES, "seeds", "gates", "arithmetic_in", "control")


class RuleError(MarketError):
    """A decision rule makes no sense; the text says which part of it, and what is allowed."""


class Threshold(NamedTuple):
    """A statistic, and on which side of a number it must lie.

    Attributes
    ----------
    statistic
        Name of the statistic, one value a seed.
    limit
        One of `LIMITS`.
    number
        In the statistic's unit.
    holds
        What must lie there: the ``mean`` over seeds, its whole 95 % ``interval``, or ``every seed``.
    """

    statistic: str
    limit: str
    number: float
    holds: Held = "mean"

    @property
    def asked(self) -> str:
        """The same in words."""
        words = {"mean": "", "interval": ", whole interval", "every seed": ", every seed"}[self.holds]
        return f"{SIGNS[self.limit]} {self.number:g}{words}"


class RuleControl(NamedTuple):
    """What is run with the mechanism switched off, and what null is.

    Attributes
    ----------
    what
        The control in words; of a study where null has no meaning, why.
    statistic
        What is measured in it, in words; empty where null has no meaning.
    null
        What it must be.
    within
        How far its mean may lie from that.
    """

    what: str
    statistic: str = ""
    null: float = 0.0
    within: float = 0.0

    @property
    def has_null(self) -> bool:
        """Whether there is something that must come out."""
        return bool(self.statistic)


@dataclass(frozen=True)
class DecisionRule:
    """What supports and what contradicts a claim.

    Attributes
    ----------
    claim, by, mechanism
        What is claimed, who claims it, and what would bring it about.
    statistic
        What is compared, in a sentence.
    supported, contradicted, arithmetic
        Thresholds: of the first and the last all must hold, of the second one is enough. Arithmetic ones say that the
        outcome is there in the inputs; they come first.
    depends_on
        What the verdict depends on where neither holds.
    arithmetic_in
        The inputs in which it is arithmetic.
    seeds
        Seeds of a verdict; with fewer it is a look.
    smallest_full
        The smallest design that is more than a look, in words.
    control
        With the mechanism off.
    gates
        Gates that the market must have passed (`experiments.validation.gates`).
    digest
        Of the file's text, 32 hexadecimal digits.
    """

    claim: str
    by: str
    mechanism: str
    statistic: str
    supported: tuple[Threshold, ...]
    contradicted: tuple[Threshold, ...]
    arithmetic: tuple[Threshold, ...]
    depends_on: str
    arithmetic_in: str
    seeds: int
    smallest_full: str
    control: RuleControl
    gates: tuple[str, ...]
    digest: str

    @property
    def seed(self) -> int:
        """The seed of the verdict's runs, which follows from the digest."""
        from numpy.random import SeedSequence

        words = tuple(int(self.digest[at:at + 8], 16) for at in range(0, len(self.digest), 8))
        return int(SeedSequence(0, spawn_key=words).generate_state(1)[0])

    @property
    def thresholds(self) -> tuple[Threshold, ...]:
        """All of them."""
        return (*self.arithmetic, *self.supported, *self.contradicted)


@cache
def read_rule(path: Path) -> DecisionRule:
    """Read a decision rule; line ends do not count in its digest.

    Raises
    ------
    RuleError, ScenarioError
        If the file cannot be read, or says something that is not allowed.
    """
    data = read_file(path, "decision rule")
    return rule_of(data, digest_of(path.read_text(encoding="utf-8").encode()), str(path))


def rule_of(data: Mapping[str, Any], digest: str, source: str = FILE) -> DecisionRule:
    """Return the decision rule that a file's data describe.

    Parameters
    ----------
    data
        As TOML gives it.
    digest
        Of the file's text.
    source
        How errors name the file.

    Raises
    ------
    RuleError
        If something in it is not allowed.
    """
    unknown = next((name for name in data if name not in KNOWN), None)
    if unknown is not None:
        raise RuleError(f"{source}: {unknown} is not a known field{near(unknown, KNOWN)}")
    texts = {name: _text(data, name, source) for name in TEXTS}
    sides = {side: _thresholds(data.get(side, []), side, source) for side in SIDES}
    if not sides["arithmetic"] and not (sides["supported"] and sides["contradicted"]):
        raise RuleError(f"{source}: a rule needs thresholds for supported and for contradicted, or for arithmetic")
    arithmetic_in = _text(data, "arithmetic_in", source) if sides["arithmetic"] else ""
    seeds, gates = data.get("seeds"), data.get("gates", [])
    if not isinstance(seeds, int) or isinstance(seeds, bool) or seeds < 1:
        raise RuleError(f"{source}: seeds is {seeds!r}, but must be a whole number of at least 1")
    if not isinstance(gates, list) or not all(isinstance(gate, str) for gate in gates):
        raise RuleError(f"{source}: gates is {gates!r}, but must be a list of gates' names")
    fields: dict[str, Any] = {**texts, **sides}
    return DecisionRule(**fields, arithmetic_in=arithmetic_in, seeds=seeds, gates=tuple(gates), digest=digest,
                        control=_control(data.get("control"), source))


def _text(data: Mapping[str, Any], name: str, source: str) -> str:
    text = data.get(name)
    if not isinstance(text, str) or not text.strip():
        raise RuleError(f"{source}: {name} is {text!r}, but must be a sentence")
    return " ".join(text.split())


def _number(value: object, name: str, source: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise RuleError(f"{source}: {name} is {value!r}, but must be a number")
    return float(value)


def _thresholds(rows: object, side: str, source: str) -> tuple[Threshold, ...]:
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise RuleError(f"{source}: {side} must be tables, [[{side}]]")
    return tuple(_threshold(row, side, source) for row in rows)


def _threshold(row: dict[str, Any], side: str, source: str) -> Threshold:
    limits = [name for name in row if name in LIMITS]
    unknown = next((name for name in row if name not in (*LIMITS, "statistic", "holds")), None)
    if unknown is not None or len(limits) != 1:
        told = f"{unknown} is not a known field" if unknown is not None else f"it has {len(limits)} limits"
        raise RuleError(f"{source}: {side}: {told}; a threshold has a statistic and one of {', '.join(LIMITS)}, and "
                        "may say what holds")
    held = row.get("holds", "mean")
    if held not in get_args(Held):
        raise RuleError(f"{source}: {side}.holds is {held!r}, but must be one of {', '.join(get_args(Held))}")
    number = _number(row[limits[0]], f"{side}.{limits[0]}", source)
    return Threshold(_text(row, "statistic", f"{source}: {side}"), limits[0], number, held)


def _control(table: object, source: str) -> RuleControl:
    if not isinstance(table, dict):
        raise RuleError(f"{source}: a rule needs a table [control]: what is run with the mechanism off")
    unknown = next((name for name in table if name not in RuleControl._fields), None)
    if unknown is not None:
        raise RuleError(f"{source}: control.{unknown} is not a known field{near(unknown, RuleControl._fields)}")
    what = _text(table, "what", f"{source}: control")
    if "statistic" not in table:
        return RuleControl(what)
    within = _number(table.get("within"), "control.within", source)
    if within < 0:
        raise RuleError(f"{source}: control.within is {within:g}, but must be at least 0")
    return RuleControl(what, _text(table, "statistic", f"{source}: control"),
                       _number(table.get("null", 0.0), "control.null", source), within)
