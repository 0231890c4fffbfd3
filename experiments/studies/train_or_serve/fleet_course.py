"""The course of a lab: runs and models one after the other, each of which brings custom to the next."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from experiments.studies.train_or_serve.demand_hours import (
    LoadClock,
    clock_of,
    is_night,
    shares_by_day,
    usual_load,
)
from experiments.studies.train_or_serve.splits import FleetSplit, Moment, Worths
from providers.training.limited_queue import refused_share
from providers.training.production import cut_short, next_model
from sim.units import DAYS_PER_MONTH, HOURS_PER_YEAR

if TYPE_CHECKING:
    from experiments.studies.train_or_serve.assumed import FleetAssumptions
    from sim.streams import Streams


NUDGE: Final = 0.05  # of a run's hours, by which it is changed to see what they are worth


class FleetCourse(NamedTuple):
    """What happened, float64 (steps,) unless said otherwise.

    Attributes
    ----------
    load, serving
        Load and serving GPUs over the fleet.
    refused
        Share of requests that were turned away.
    flow
        Profit before the fleet's rent, over that rent.
    lead
        Points by which the lab's best model is ahead of the others' frontier.
    training
        Share of the fleet that trained, less what moving cost.
    releases
        Steps at which models came out, int64 (models,); the last run ends when one stops looking.
    hours
        Weighted hours of each run, float64 (runs,).
    """

    load: np.ndarray
    serving: np.ndarray
    refused: np.ndarray
    flow: np.ndarray
    lead: np.ndarray
    training: np.ndarray
    releases: np.ndarray
    hours: np.ndarray


@dataclass(frozen=True)
class Lab:
    """A lab, its luck, and a clock.

    Attributes
    ----------
    assumed
        What is assumed.
    clock
        Steps.
    usual
        Load over fleet if it is as good as the others, float64 (steps,).
    worths
        What GPUs are worth in serving.
    """

    assumed: FleetAssumptions
    clock: LoadClock
    usual: np.ndarray
    worths: Worths

    @property
    def weight(self) -> np.ndarray:
        """What an hour of the fleet adds to a model, over what it adds at first, float64 (steps,)."""
        years = (np.arange(len(self.usual)) + 0.5) * self.clock.step_hours / HOURS_PER_YEAR
        return np.asarray(np.exp(self.assumed.production.growth * years))

    def course(self, split: FleetSplit, nudged: int = -1) -> FleetCourse:
        """Return the course under a split; hours of the run ``nudged`` count `NUDGE` more."""
        return _TrainingRuns(self, split, nudged).whole()

    def value(self, seen: FleetCourse) -> float:
        """Return all that a course earns to the end, in hours of the fleet's rent."""
        return float(seen.flow.sum()) * self.clock.step_hours

    def profit(self, seen: FleetCourse) -> float:
        """Return what it earns in the months that count, a mean over time, in the fleet's rents."""
        return float(seen.flow[:self.clock.counted].mean())


def lab_of(assumed: FleetAssumptions, worths: Worths, streams: Streams | None, step_hours: int) -> Lab:
    """Return a lab with the luck of a seed; without streams it has none."""
    clock = clock_of(step_hours)
    return Lab(assumed, clock, usual_load(assumed.serving, clock, streams), worths)


class _Part(NamedTuple):
    """Columns of a run; the last one is the lab's share of all custom."""

    load: np.ndarray
    serving: np.ndarray
    refused: np.ndarray
    flow: np.ndarray
    lead: np.ndarray
    training: np.ndarray
    share: np.ndarray


class _TrainingRuns:
    def __init__(self, lab: Lab, split: FleetSplit, nudged: int) -> None:
        self._lab, self._split, self._nudged = lab, split, nudged
        production, clock = lab.assumed.production, lab.clock
        self._night, self._weight = is_night(lab.assumed, clock), lab.weight
        self._window = int(production.longest_months * DAYS_PER_MONTH) * clock.per_day
        self._a_year = clock.step_hours / HOURS_PER_YEAR

    def whole(self) -> FleetCourse:
        """Let runs follow each other to the end."""
        lab, production = self._lab, self._lab.assumed.production
        ahead, last, share = production.step_points / 2.0, production.first_hours(), lab.assumed.lead.share
        parts: list[_Part] = []
        releases: list[int] = []
        hours: list[float] = []
        first, steps = 0, len(lab.usual)
        while first < steps:
            until = min(first + self._window, steps)
            part = self._run(len(hours), slice(first, until), ahead, share)
            counts = 1.0 + NUDGE * (len(hours) == self._nudged)
            added = part.training * self._weight[first:until] * self._a_year * counts
            ended = next_model(production, last, added) or cut_short(production, last, added)
            part = _Part(*(column[:ended.steps] for column in part))
            parts.append(part)
            ahead, last, share = ahead + ended.points, ended.hours, float(part.share[-1])
            hours.append(float(added[:ended.steps].sum()))
            first += ended.steps
            releases += [first] if ended.points > 0.0 and first < steps else []
        whole = _Part(*(np.concatenate(column) for column in zip(*parts, strict=True)))
        return FleetCourse(whole.load, whole.serving, whole.refused, whole.flow, whole.lead, whole.training,
                           np.array(releases, np.int64), np.array(hours))

    def _run(self, number: int, steps: slice, ahead: float, share: float) -> _Part:
        """One run, as long as it can be."""
        lab, assumed = self._lab, self._lab.assumed
        at = np.arange(steps.start, steps.stop)
        lead = ahead - assumed.production.frontier_per_year * (at + 0.5) * self._a_year
        days = at // lab.clock.per_day
        firsts = np.flatnonzero(np.diff(days, prepend=days[0] - 1))
        shares = shares_by_day(assumed.lead, share, lead[firsts])[days - days[0]]
        load = lab.usual[steps] * shares / assumed.lead.share
        serving = self._split.serving(Moment(load, self._night[steps], self._weight[steps], number))
        slots = assumed.serving.slots
        refused = refused_share(lab.worths.queue, serving * slots, load * slots)
        flow = load * assumed.serving.busy_worth * (1.0 - (1.0 + assumed.serving.goodwill) * refused)
        spare = 1.0 - serving
        moved = np.maximum(np.diff(spare, prepend=spare[0]), 0.0)
        lost = 2.0 * assumed.moving.hours / lab.clock.step_hours * moved
        return _Part(load, serving, refused, flow, lead, np.maximum(spare - lost, 0.0), shares)
