"""Deciding: what a rule says of the statistics of a study, and nothing but these."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Final, Literal, NamedTuple

from experiments.stats.intervals import Interval, interval
from experiments.verdicts.rule import LIMITS, SIDES, DecisionRule, RuleControl, RuleError, Threshold

Word = Literal["supported", "contradicted", "depends", "arithmetic"]
Statistics = Mapping[str, Sequence[float]]  # values by statistic, one a seed
SUPPORTED: Final = "supported"
CONTRADICTED: Final = "contradicted"
NOT_NULL: Final = "something other than the mechanism, since the control is not null"


class Weighed(NamedTuple):
    """A threshold, the statistic over seeds, and whether it holds."""

    threshold: Threshold
    found: Interval
    holds: bool


class ControlFound(NamedTuple):
    """The control, its statistic over seeds, and whether it is null; True where null has no meaning."""

    control: RuleControl
    found: Interval
    is_null: bool


class Ruling(NamedTuple):
    """A verdict.

    Attributes
    ----------
    word
        Which of the four it is.
    about
        What it depends on, or in what it is arithmetic; empty otherwise.
    supported, contradicted, arithmetic
        What was weighed.
    control
        The control.
    seeds
        Seeds that were used, the fewest of any statistic.
    """

    word: Word
    about: str
    supported: tuple[Weighed, ...]
    contradicted: tuple[Weighed, ...]
    arithmetic: tuple[Weighed, ...]
    control: ControlFound
    seeds: int

    @property
    def said(self) -> str:
        """The verdict in words."""
        return {"depends": f"depends on {self.about}", "arithmetic": f"arithmetic in {self.about}"}.get(
            self.word, self.word)


def decide(rule: DecisionRule, statistics: Statistics, control: Sequence[float] = ()) -> Ruling:
    """Return what a rule says.

    Parameters
    ----------
    rule
        The decision rule.
    statistics
        One value a seed of everything that the rule compares. A seed without a value (nan) lets no threshold hold.
    control
        The control's statistic, one value a seed; empty where null has no meaning, or where it is not asked.

    Returns
    -------
    Ruling
        Arithmetic if all of its thresholds hold; else it depends on something other than the mechanism if the control
        is not null; supported or contradicted if one side holds; and depends on what the rule names if both or neither.

    Raises
    ------
    RuleError
        If a statistic is missing.
    """
    lacking = next((it.statistic for it in rule.thresholds if it.statistic not in statistics), None)
    if lacking is not None:
        raise RuleError(f"the rule compares {lacking!r}, but the study measures {', '.join(statistics)}")
    weigh = {side: tuple(weighed(it, statistics[it.statistic]) for it in thresholds)
             for side, thresholds in zip(SIDES, (rule.supported, rule.contradicted, rule.arithmetic), strict=True)}
    found = control_found(rule.control, control)
    word, about = _decided(rule, weigh, found)
    seeds = min((len(statistics[it.statistic]) for it in rule.thresholds), default=0)
    return Ruling(word, about, weigh["supported"], weigh["contradicted"], weigh["arithmetic"], found, seeds)


def _decided(
    rule: DecisionRule, weigh: Mapping[str, tuple[Weighed, ...]], control: ControlFound
) -> tuple[Word, str]:
    if weigh["arithmetic"] and all(it.holds for it in weigh["arithmetic"]):
        return "arithmetic", rule.arithmetic_in
    if not control.is_null:
        return "depends", NOT_NULL
    for_it = bool(weigh["supported"]) and all(it.holds for it in weigh["supported"])
    against = any(it.holds for it in weigh["contradicted"])
    if for_it == against:
        return "depends", rule.depends_on
    return ("supported", "") if for_it else ("contradicted", "")


def weighed(threshold: Threshold, values: Sequence[float]) -> Weighed:
    """Return whether a threshold holds of the values of a statistic, one a seed.

    Examples
    --------
    >>> weighed(Threshold("x", "at_least", 1.0, "every seed"), [0.9, 3.0]).holds
    False
    >>> weighed(Threshold("x", "at_least", 1.0), [0.9, 3.0]).holds
    True
    """
    found, beyond = interval(values), LIMITS[threshold.limit]
    if not values or any(math.isnan(value) for value in values):
        return Weighed(threshold, found, False)
    if threshold.holds == "every seed":
        return Weighed(threshold, found, all(beyond(value, threshold.number) for value in values))
    if threshold.holds == "mean":
        return Weighed(threshold, found, beyond(found.mean, threshold.number))
    ends = (found.mean - found.half_width, found.mean + found.half_width)  # nan with one seed: nothing holds
    return Weighed(threshold, found, all(beyond(end, threshold.number) for end in ends))


def control_found(control: RuleControl, values: Sequence[float]) -> ControlFound:
    """Return whether a control came out null."""
    found = interval(values)
    if not control.has_null or not values:
        return ControlFound(control, found, True)
    known = all(math.isfinite(value) for value in values)
    return ControlFound(control, found, known and abs(found.mean - control.null) <= control.within)
