"""Inference against training in labs' budgets: a balance of money, and demand whose elasticity is an outcome."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from sim.market.customers.diffusion import potential
from sim.market.customers.uses import live_share, long_run_elasticity

if TYPE_CHECKING:
    from experiments.studies.inference_share.assumed import Budgets, Demand

NEVER: Final = math.inf
STEPS_A_YEAR: Final = 48  # of the search for a crossing; it is then interpolated


class Course(NamedTuple):
    """Budgets over time, each float64 (times,).

    Attributes
    ----------
    years
        Since the first year.
    revenue, inference, training, outside
        Billion USD a year; ``training`` is paid from revenue and from outside.
    elasticity
        Of uses with respect to all prices (E61).
    """

    years: np.ndarray
    revenue: np.ndarray
    inference: np.ndarray
    training: np.ndarray
    outside: np.ndarray
    elasticity: np.ndarray


def first_revenue(budgets: Budgets) -> float:
    """Return revenue of the first year, I / (1 - m), billion USD."""
    return budgets.inference_busd / (1.0 - budgets.gross_margin)


def first_outside(budgets: Budgets) -> float:
    """Return outside money of the first year: what training cost beyond its share of revenue; 0 if that sufficed."""
    return max(budgets.training_busd - budgets.plough_back * first_revenue(budgets), 0.0)


def growth(demand: Demand, years: np.ndarray, answers: bool = True) -> np.ndarray:
    """Return revenue over that of the first year (E111): what a use pays x live share x uses there could be.

    Parameters
    ----------
    demand
        What moves it.
    years
        Since the first year, float64.
    answers
        Whether uses become live as prices fall; if not, those of the first year stay as they are, prices and all,
        and only diffusion moves revenue.
    """
    spread = potential(years, np.asarray(demand.diffusion), np.asarray(demand.diffusion_ceiling))
    if not answers:
        return np.asarray(spread)
    paid = demand.paid_divisor ** -years
    live = live_share(threshold(demand, years), 1.0, demand.worth_sd) / demand.penetration
    return np.asarray(paid * live * spread)


def threshold(demand: Demand, years: np.ndarray) -> np.ndarray:
    """Return what a use must be worth to be live, in units of the median worth: its penetration is the first year's."""
    from scipy.special import ndtri

    at_first = -demand.worth_sd * float(ndtri(demand.penetration))
    return np.asarray(np.exp(at_first - years * math.log(demand.price_divisor)))


def course(budgets: Budgets, demand: Demand, years: np.ndarray, answers: bool = True) -> Course:
    """Return budgets over time: I = (1 - m) R, T = theta R + X (E110)."""
    revenue = first_revenue(budgets) * growth(demand, years, answers)
    with np.errstate(over="ignore"):  # far in the future: the ceiling holds
        outside = np.minimum(first_outside(budgets) * budgets.outside_growth**years, budgets.outside_ceiling_busd)
    elasticity = long_run_elasticity(threshold(demand, years), 1.0, demand.worth_sd)
    return Course(years, revenue, (1.0 - budgets.gross_margin) * revenue, budgets.plough_back * revenue + outside,
                  outside, elasticity)


def crossing(budgets: Budgets, demand: Demand, horizon: float, answers: bool = True) -> float:
    """Return when inference first reaches training, years since the first year (E110); ``NEVER`` within the horizon.

    Inference leads exactly if (1 - m - theta) R > X: between the points looked at, both sides are taken to grow at a
    constant rate.
    """
    years = np.linspace(0.0, horizon, round(horizon * STEPS_A_YEAR) + 1)
    over = budgets.outside_ceiling_busd, 1.0 - budgets.gross_margin - budgets.plough_back
    if over[1] <= 0.0:
        return NEVER
    seen = course(budgets, demand, years, answers)
    if seen.outside[0] == 0.0:
        return 0.0
    ahead = np.log(over[1] * seen.revenue) - np.log(seen.outside)
    leads = np.flatnonzero(ahead >= 0.0)
    if not len(leads):
        return NEVER
    at = int(leads[0])
    if at == 0:
        return 0.0
    part = -ahead[at - 1] / (ahead[at] - ahead[at - 1])
    return float(years[at - 1] + part * (years[at] - years[at - 1]))


def crossing_at_constant_growth(budgets: Budgets, revenue_growth: float) -> float:
    """Return when inference reaches training if all grows at constant rates (E112), without ceilings.

    T* = ln[X / ((1 - m - theta) R)] / (g_R - g_X), with today's values and rates in logarithms.

    Parameters
    ----------
    budgets
        Of the first year.
    revenue_growth
        In logarithms, per year (E111).
    """
    left = 1.0 - budgets.gross_margin - budgets.plough_back
    if left <= 0.0:
        return NEVER
    behind = math.log(first_outside(budgets)) - math.log(left * first_revenue(budgets)) \
        if first_outside(budgets) > 0.0 else -math.inf
    if behind <= 0.0:
        return 0.0
    faster = revenue_growth - math.log(budgets.outside_growth)
    return behind / faster if faster > 0.0 else NEVER


def rate_at_first(demand: Demand) -> float:
    """Return the rate of revenue in the first year, per year (E111).

    epsilon x fall of the price of constant quality - fall of what a use pays + diffusion.

    Diffusion far below its ceiling; the elasticity is that of the first year's penetration (E61).
    """
    elasticity = float(long_run_elasticity(threshold(demand, np.zeros(1)), 1.0, demand.worth_sd)[0])
    slowed = demand.diffusion * (1.0 - 1.0 / demand.diffusion_ceiling)
    return elasticity * math.log(demand.price_divisor) - math.log(demand.paid_divisor) + slowed
