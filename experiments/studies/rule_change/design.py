"""What ``rule_change`` asks: games of hosts under the old rule and the new, seed by seed."""

from __future__ import annotations

from dataclasses import dataclass

from experiments.studies.rule_change.assumed import RuleChangeAssumptions
from experiments.verdicts.assumed_study import AssumedDesign


@dataclass(frozen=True)
class RuleChange(AssumedDesign[RuleChangeAssumptions]):
    """How many seeds of all games."""
