"""What ``deepseek_day`` runs: one published day by closed form, and units of its layout stepped through."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Final

from experiments.studies.deepseek_day.assumed import DayAssumptions
from experiments.verdicts.assumed_study import AssumedDesign

DECODE_STEPS: Final = 2000
PREFILL_STEPS: Final = 400


@dataclass(frozen=True)
class PublishedDay(AssumedDesign[DayAssumptions]):
    """How long units are stepped through; as many steps before are not counted.

    Attributes
    ----------
    decode_steps, prefill_steps
        At least 1.
    """

    least: ClassVar = {**AssumedDesign.least, "decode_steps": 1, "prefill_steps": 1}
    decode_steps: int = DECODE_STEPS
    prefill_steps: int = PREFILL_STEPS
