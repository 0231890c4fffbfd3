"""From hours of GPUs to the date and the quality of a lab's next model.

Fleets of all labs grow alike, and software makes more of an hour: what an hour of a share of the fleet adds to a model
grows by gamma a year (compute 4.5, software 3), and so does what everybody else has. Quality is the logarithm of it.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from sim.scenario.base import Part, Sweep, quantity
from sim.units import DAYS_PER_MONTH, DAYS_PER_YEAR

MONTHS_A_YEAR = DAYS_PER_YEAR / DAYS_PER_MONTH


class Production(Part):
    """How effective compute becomes quality, and when a model comes out."""

    points_per_log: float = quantity(
        9.0, unit="points", gt=0, doc="Points of a benchmark per logarithm of effective compute: 7 points are about "
        "3.5 months of compute and software", source="assumption: 7 points between two flagships of 2025 over the "
        "growth of compute and software in 3.5 months", sweep=Sweep(5.0, 15.0, "log"))
    elasticity: float = quantity(
        1.0, unit="1", gt=0, le=1, doc="Elasticity of a run's effective compute with respect to its hours of GPUs",
        source="assumption: 1 if nothing is lost by size", sweep=Sweep(0.7, 1.0))
    compute_growth: float = quantity(4.5, unit="1/year", ge=1, doc="Factor by which labs' compute for training grows",
                                     source="Epoch AI: training compute of frontier models", sweep=Sweep(3.5, 5.5))
    software_growth: float = quantity(3.0, unit="1/year", ge=1, doc="Factor by which software makes more of an hour",
                                      source="Epoch AI: algorithmic progress, 3 a year", sweep=Sweep(2.0, 4.0))
    step_points: float = quantity(7.0, unit="points", gt=0, doc="A model comes out when it is so much better than the "
                                  "last one", source="assumption: what 3.5 months are worth", sweep=Sweep(4.0, 12.0))
    longest_months: float = quantity(8.0, unit="months", gt=0, doc="After so long it comes out as good as it is",
                                     source="assumption")
    rival_share: float = quantity(
        0.6, unit="1", gt=0, le=1, doc="Share of its fleet that a lab trains on that keeps up with the others",
        source="Epoch AI, OpenAI compute spend in 2024: R&D 5 of 7 billion USD", sweep=Sweep(0.4, 0.75))

    @property
    def growth(self) -> float:
        """Gamma: growth of what an hour of a share of the fleet adds to a model, in logarithms, per year (E153)."""
        return math.log(self.compute_growth) + self.elasticity**-1 * math.log(self.software_growth)

    @property
    def slope(self) -> float:
        """Points per logarithm of the hours of a run, each weighted by when it was."""
        return self.points_per_log * self.elasticity

    @property
    def frontier_per_year(self) -> float:
        """Points a year that labs gain who keep up."""
        return self.slope * self.growth

    @property
    def usual_months(self) -> float:
        """Months between the models of a lab that keeps up."""
        return self.step_points / self.frontier_per_year * MONTHS_A_YEAR

    def first_hours(self) -> float:
        """Weighted hours of the run behind the first model, which came out at time 0: share of the fleet x years."""
        return self.rival_share * -math.expm1(-self.growth * self.usual_months / MONTHS_A_YEAR) / self.growth


class NextModel(NamedTuple):
    """The end of a run.

    Attributes
    ----------
    steps
        Steps of time that it took.
    hours
        Its weighted hours.
    points
        What its model is better than the last one; 0 if it is no better, and is not brought out.
    """

    steps: int
    hours: float
    points: float


def next_model(production: Production, last_hours: float, added: np.ndarray) -> NextModel | None:
    """Return when a run ends and what comes of it (E153); None if it goes on beyond what is known.

    points = points_per_log x elasticity x ln(hours / hours of the last model).

    Parameters
    ----------
    production
        The production function.
    last_hours
        Weighted hours behind the last model.
    added
        Weighted hours that each step adds, float64 (steps,); the last step known is the longest run's if that many
        are given.
    """
    total = np.cumsum(added)
    needed = last_hours * math.exp(production.step_points / production.slope)
    reached = np.flatnonzero(total >= needed)
    if not len(reached):
        return None
    at = int(reached[0])
    return NextModel(at + 1, float(total[at]), production.slope * math.log(float(total[at]) / last_hours))


def cut_short(production: Production, last_hours: float, added: np.ndarray) -> NextModel:
    """Return what comes of a run that ends before it has reached its step: a model only if it is better than the last.

    Parameters
    ----------
    production, last_hours, added
        As of `next_model`; all steps are used.
    """
    hours = float(added.sum())
    points = production.slope * math.log(hours / last_hours) if hours > 0.0 else 0.0
    return NextModel(len(added), max(hours, last_hours), max(points, 0.0))
