"""A model as an investment: what its training costs, what its life brings back, and how long it would have to live."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

import numpy as np

from sim.units import DAYS_PER_MONTH, DAYS_PER_YEAR, HOUR_S

if TYPE_CHECKING:
    from experiments.studies.model_lifetime.assumed import Training

MONTHS_A_YEAR: Final = DAYS_PER_YEAR / DAYS_PER_MONTH
OPERATIONS_A_TOKEN: Final = 6.0  # to train on, per parameter that takes part: 2 forward, 4 back


def final_run_usd(training: Training, active_b: float) -> float:
    """Return what the final run of a model costs (E117), USD.

    K = 6 N D / (utilisation x operations a second of a GPU) x its price.

    Parameters
    ----------
    training
        Tokens, GPU and its use.
    active_b
        N, billion parameters that take part in a token.
    """
    operations = OPERATIONS_A_TOKEN * active_b * 1e9 * training.tokens_t * 1e12
    hours = operations / (training.utilisation * training.gpu_tflops * 1e12) / HOUR_S
    return hours * training.gpu_usd_per_hour


def model_cost_usd(training: Training, active_b: float, dearer: float = 1.0) -> float:
    """Return what a model costs before it is served: its final run, and the research that led to it, USD.

    Parameters
    ----------
    training, active_b
        As `final_run_usd`.
    dearer
        Of its final run, over one of a published model of its size.
    """
    return dearer * final_run_usd(training, active_b) / training.final_run_share


def lifelong(months: float, half_life: float, hurdle_per_year: float = 0.0) -> float:
    """Return the present value of a flow that starts at 1 a month and halves (E113), in months of its start.

    (1 - e^(-d L)) / d with d = ln 2 / half-life + discount rate.

    Parameters
    ----------
    months
        L, length of the life; inf allowed.
    half_life
        Months in which the flow halves; inf for a constant one.
    hurdle_per_year
        Discount rate.
    """
    rate = decay(half_life, hurdle_per_year)
    return months if rate == 0.0 else -math.expm1(-rate * months) / rate


def decay(half_life: float, hurdle_per_year: float) -> float:
    """Return the monthly rate at which a flow's present value falls: it halves, and it is discounted."""
    return math.log(2.0) / half_life + math.log1p(hurdle_per_year) / MONTHS_A_YEAR


def return_on(cost_usd: float, monthly_usd: float, life: float) -> float:
    """Return what a sunk cost brings back: gross profit at first, times what a life is worth, over cost, less 1."""
    return monthly_usd * life / cost_usd - 1.0


def break_even_months(cost_usd: float, monthly_usd: float, half_life: float, hurdle_per_year: float = 0.0) -> float:
    """Return how long a model must live to earn its cost (E114); inf if it never does.

    L* = -ln(1 - d K / g) / d, with g the gross profit of its first month and d the decay.
    """
    rate = decay(half_life, hurdle_per_year)
    if rate == 0.0:
        return cost_usd / monthly_usd
    left = 1.0 - rate * cost_usd / monthly_usd
    return -math.log(left) / rate if left > 0.0 else math.inf


def usd_per_mtok(cost_usd: float, tokens: float) -> float:
    """Return what training costs per million tokens that are ever served, USD."""
    return cost_usd / tokens * 1e6


def life_after_peak(flow: np.ndarray) -> float:
    """Return the months from its peak to where a flow has halved; nan if it has not at the end (it is censored).

    Parameters
    ----------
    flow
        Tokens or money a month, float64 (months,), from the release on; between months on a straight line.
    """
    peak = int(np.argmax(flow))
    half = flow[peak] / 2.0
    below = np.flatnonzero(flow[peak:] <= half)
    if flow[peak] <= 0.0 or not len(below):
        return math.nan
    after = int(below[0])
    before, now = flow[peak + after - 1], flow[peak + after]
    return float(after - 1 + (before - half) / (before - now))


def median_life(lives: np.ndarray, seen: np.ndarray) -> float:
    """Return the median of lives of which some had not ended when one stopped looking (E115); nan if it is later.

    Kaplan and Meier (1958): the first time at which the product of 1 - ended / still there is at most a half.

    Parameters
    ----------
    lives
        Months until the end, float64 (n,); nan where it has not come.
    seen
        Months for which each was looked at, float64 (n,).
    """
    ended = np.isfinite(lives)
    times = np.where(ended, lives, seen)
    left = 1.0
    for time in np.unique(times[ended]):
        left *= 1.0 - np.sum(ended & (times == time)) / np.sum(times >= time)
        if left <= 0.5:
            return float(time)
    return math.nan
