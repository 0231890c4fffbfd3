"""Software that gets better: the same model on the same GPUs, faster from month to month.

    (E51)  speed(t) = a^(floor(t / 30) 30 / 365.25)          all times of E1 are divided by it

An engine is released once a month, so that speed moves in steps and the shards of a market are disturbed rarely.
"""

import math
from typing import Final

from sim.engines.steptime import StepCoefficients
from sim.units import DAYS_PER_YEAR

RELEASE_DAYS: Final = 30  # between versions of an engine, days


def software_speed(per_year: float, day: float) -> float:
    """Speed of the software of a day over that of day 0 (E51), with a factor ``per_year`` of a year."""
    return float(per_year ** (max(0, math.floor(day / RELEASE_DAYS)) * RELEASE_DAYS / DAYS_PER_YEAR))


def faster(step: StepCoefficients, speed: float) -> StepCoefficients:
    """Coefficients of a replica whose every step takes ``1 / speed`` of its time."""
    if speed == 1.0:
        return step
    times = {name: getattr(step, name) / speed for name in StepCoefficients._fields if name != "miss_log"}
    return step._replace(**times)
