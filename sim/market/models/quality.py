"""From published scores to quality per task: one rule, for the catalogue and for models to come.

General ability is the mean of the intelligence index and of GPQA corrected for guessing; coding ability the mean of
general ability and the coding index. Quality on a task is ability to the power of the task's ease, times factors.
"""

from collections.abc import Sequence
from typing import Final

from sim.scenario.tasks import TASKS

GUESSING: Final = 0.25  # share of GPQA that guessing gets right: four choices (Rein et al., arXiv 2311.12022)
# Quality is ability to this power: on easy tasks it saturates early (assumption)
EASE: Final = {"chat": 0.5, "coding": 0.75, "reasoning": 1.0, "roleplay": 0.5, "extraction": 0.4}
# Benchmarks flatter small models, which know less of the world: below 100 B parameters, (total/100)^0.06 (assumption)
KNOWING_TASKS: Final = ("chat", "coding", "roleplay")
KNOWING_B: Final = 100.0
KNOWING_POWER: Final = 0.06
REASONING_ROLEPLAY: Final = 0.9  # roleplay of models that think first, over that of others (assumption)
CODE_ONLY: Final = 0.8  # chat and roleplay of models trained for code, over that of others (assumption)


def ability(index: float, gpqa: float) -> float:
    """General ability, 0 to 1 (M1).

    Parameters
    ----------
    index
        Artificial Analysis intelligence index over 100.
    gpqa
        Share of GPQA Diamond solved. The index hardly tells models before 2025 apart; GPQA does.
    """
    return (min(max(index, 0.0), 1.0) + max(0.0, (gpqa - GUESSING) / (1 - GUESSING))) / 2


def qualities_of(
    general: float, coding: float, total_b: float, *, reasoning: bool = False, code_only: bool = False
) -> tuple[float, ...]:
    """Return quality per task of ``TASKS``, 0 to 1 (M2).

    Parameters
    ----------
    general, coding
        Abilities, 0 to 1.
    total_b
        Total parameters, billions.
    reasoning
        Whether the model thinks before it answers.
    code_only
        Whether it was trained for code.
    """
    factors = dict.fromkeys(TASKS, 1.0)
    for task in KNOWING_TASKS:
        factors[task] *= _knowing(total_b)
    if reasoning:
        factors["roleplay"] *= REASONING_ROLEPLAY
    if code_only:
        factors["chat"] *= CODE_ONLY
        factors["roleplay"] *= CODE_ONLY
    base = {task: coding if task == "coding" else general for task in TASKS}
    return tuple(float(factors[task] * base[task] ** EASE[task]) for task in TASKS)


def abilities_of(quality: Sequence[float], total_b: float) -> tuple[float, float]:
    """Return general and coding ability behind qualities: the inverse of ``qualities_of``."""
    values = dict(zip(TASKS, quality, strict=True))
    coding = min(1.0, values["coding"] / _knowing(total_b))
    return values["reasoning"] ** (1 / EASE["reasoning"]), float(coding ** (1 / EASE["coding"]))


def _knowing(total_b: float) -> float:
    return float(min(1.0, (total_b / KNOWING_B) ** KNOWING_POWER))
