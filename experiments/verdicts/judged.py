"""What a study of a claim found, with its verdict."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Generic

from experiments.studies.study import F
from experiments.verdicts.deciding import Ruling, Statistics
from experiments.verdicts.robustness import Robustness


@dataclass(frozen=True)
class Judged(Generic[F]):
    """What a study found, and what its rule says of it.

    Attributes
    ----------
    found
        The study's own findings.
    statistics, control, inputs_alone, rungs
        As the methods of `experiments.verdicts.verdict_study.VerdictStudy` return them.
    ruling
        The verdict.
    robust
        What moves it; None if that was not asked.
    look
        Why this is a look and no verdict; empty if it is one.
    """

    found: F
    statistics: Statistics
    control: Sequence[float]
    inputs_alone: Mapping[str, Sequence[float]]
    ruling: Ruling
    robust: Robustness | None
    look: str
    rungs: Mapping[str, str] = field(default_factory=dict)
