"""Customers on the calendar: they enter, reconsider, move, buy more or less, and leave."""

from collections.abc import Generator
from dataclasses import replace
from typing import Any, Final

import numpy as np
from simpy import Event

from sim.market.customers.answer_lengths import kept_share
from sim.market.customers.choice import Chooser, Quotes
from sim.market.customers.diffusion import DemandDay, demand_day
from sim.market.customers.drift import drifted
from sim.market.customers.lab_sales import LabSales
from sim.market.customers.notices import Notices
from sim.market.customers.population import Population
from sim.market.customers.review_times import ReviewTimes
from sim.market.customers.tastes import uniforms
from sim.market.desk import Desk
from sim.market.models.model import Models
from sim.market.result import Switch
from sim.scenario.customer_settings import Choice
from sim.scenario.drift_settings import RequestDrift
from sim.units import DAY_S

# why a workload decides; the first that applies is logged, and those who leave log "exit"
REASONS: Final = ("entry", "gone", "release", "bill", "review")
STILL: Final = RequestDrift()
DRIFT_DAYS: Final = 7  # requests of all change once a week
SHIFTS: Final = 4  # parts of a day, at whose beginnings customers decide: not all at midnight (assumption)
SURPLUS_DAYS: Final = 7  # everybody's surplus is brought up to date once a week


class Customers:
    """State of all workloads, and the process that moves them.

    Parameters
    ----------
    population, models
        Who chooses, and among what.
    migration
        float64 (models, models): cost of a move in units of the workload's switching cost; inf: not considered.
    settings
        How workloads choose.
    lab_sales
        Who buys closed models directly; None: nobody can.
    drift
        How requests change over the years.

    Attributes
    ----------
    model
        int64 (workloads,): model in use through the marketplace, -1 for none.
    direct
        int64 (workloads,): model bought from its creator, past the marketplace; -1 for none.
    rate_per_s
        float64 (workloads,): mean requests per second now; 0 without a model, before entry and after exit.
    cost_usd
        float64 (workloads,): expected cost of a request now, wherever it is bought; nan without a model.
    since_s
        float64 (workloads,): when the model was taken up; nan without one.
    surplus_usd_per_request
        float64 (workloads,): log-sum surplus, at the last decision or beginning of a week; 0 for those not there.
    switches
        Every change of model, oldest first. Reasons: ``entry``, ``exit``, ``gone`` (its model is no longer sold, or is
        about to go), ``release`` (it noticed a new model), ``bill`` (a request became much dearer), ``review`` (its own
        time). Whoever buys directly has none here.
    demand_days
        What the uses of each segment do, from each midnight on.
    counts_surplus
        Whether surplus is worked out at all: no choice depends on it, and it takes a third of the time.
    """

    def __init__(self, population: Population, models: Models, migration: np.ndarray, settings: Choice,
                 lab_sales: LabSales | None = None, drift: RequestDrift = STILL) -> None:
        count = len(population)
        self.population, self._models, self._settings = population, models, settings
        self._lab_sales = lab_sales
        self._drawn, self._request_drift = population, drift
        self.chooser = Chooser(population, models, migration, settings, lab_sales)
        self.model = np.full(count, -1, np.int64)
        self.direct = np.full(count, -1, np.int64)
        self.rate_per_s = np.zeros(count)
        self.cost_usd = np.full(count, np.nan)
        self.since_s = np.full(count, np.nan)
        self.surplus_usd_per_request = np.zeros(count)
        self.counts_surplus = True
        self._notices = Notices(population.key, models)
        self.switches: list[Switch] = []
        self.demand_days: list[DemandDay] = []
        self._there = np.zeros(count, bool)
        self._decided_usd = np.full(count, np.nan)  # cost of a request at the last decision
        self._shift = (uniforms(population.key, ("shift",))[:, 0] * SHIFTS).astype(np.int64)
        self._reviews = ReviewTimes(population.key, "review", population.entry_day, population.attention_per_day)
        self._notice_day = np.full((count, len(models)), np.inf)
        self._known: np.ndarray | None = None  # models that were ever for sale; None before the first day

    def process(self, desk: Desk) -> Generator[Event, Any, Any]:
        """Live on the calendar: decide from now on `SHIFTS` times a day (start it after the accounting's process)."""
        while True:
            for shift in range(SHIFTS):
                self.step(desk, shift)
                yield desk.env.timeout(DAY_S / SHIFTS)

    def step(self, desk: Desk, shift: int | None = None) -> None:
        """Let all workloads that have a reason to decide do so, and bring all volumes up to date.

        Parameters
        ----------
        desk
            The market.
        shift
            Part of the day, 0 from midnight on: those whose part it is look at their bills. None: a day is one part.
        """
        now, day = float(desk.env.now), float(desk.env.now) / DAY_S
        quotes = quotes_of(desk, self._lab_sales)
        sold = quotes.available
        quotes = replace(quotes, available=sold & self._notices.open_to_all(day))
        self._leave(now, day)
        self._notice(day, quotes.available)
        self.chooser.advance(day)
        begins = not shift  # the day
        if begins:
            self._drift(day)
        self.cost_usd = self._cost_now_usd(quotes)
        reason = self._reasons(day, sold, shift)
        rows = np.flatnonzero(reason >= 0)
        if len(rows):
            self._decide(now, rows, reason[rows], quotes)
        self._update_volumes(day)
        stale = np.flatnonzero(self._there) if begins and int(day) % SURPLUS_DAYS == 0 else rows
        if self.counts_surplus:
            self.surplus_usd_per_request[stale] = self.chooser.surplus_usd(stale, quotes)
        if begins:
            self.demand_days.append(self._demand_day(day))

    def _cost_now_usd(self, quotes: Quotes) -> np.ndarray:
        everybody = np.arange(len(self.model))
        market_usd = self.chooser.cost_of_usd(everybody, self.model, quotes)
        if self._lab_sales is None:
            return market_usd
        return np.where(self.direct >= 0, self.chooser.direct_cost_of_usd(everybody, self.direct, quotes), market_usd)

    def _drift(self, day: float) -> None:
        """Bring lengths and cached shares up to date, once a week."""
        if not self._request_drift.stands_still and int(day) % DRIFT_DAYS == 0:
            self.population = drifted(self._drawn, self._request_drift, day)
            self.chooser.follow(self.population)

    def _demand_day(self, day: float) -> DemandDay:
        people = self.population
        state = np.where(self.model >= 0, 1, np.where(self.direct >= 0, 2, 0))
        # of one that buys nothing, what it would buy at the price for which it planned
        planned = people.base_per_s * people.growth(day)
        return demand_day(int(day), people.segment, len(people.segment_names), planned,
                          np.where(self._there, state, -1))

    def _leave(self, now: float, day: float) -> None:
        leaving = self._there & (self.population.exit_day <= day)
        for row in np.flatnonzero(leaving & (self.model >= 0)):
            self.switches.append(Switch(now, int(row), int(self.model[row]), -1, "exit", 0.0))
        self._there &= ~leaving
        self.model[leaving] = self.direct[leaving] = -1
        self.since_s[leaving] = np.nan
        self.surplus_usd_per_request[leaving] = 0.0

    def _notice(self, day: float, available: np.ndarray) -> None:
        """Draw who will notice the models that came on sale since yesterday, and when."""
        if self._known is None:  # what is there at the start is no news
            self._known = available.copy()
        new = np.flatnonzero(available & ~self._known)
        if len(new) == 0:
            return
        keys, names = self.population.key, [self._models.names[row] for row in new]
        attentive = uniforms(keys, tuple(f"notice/{name}" for name in names)) < self._settings.release_attention
        lag = -self._settings.release_lag_days * np.log(uniforms(keys, tuple(f"lag/{name}" for name in names)))
        self._notice_day[:, new] = np.where(attentive, day + lag, np.inf)
        self._known |= available

    def _reasons(self, day: float, available: np.ndarray, shift: int | None) -> np.ndarray:
        """Why each workload decides now, row of ``REASONS`` or -1."""
        people, has_model = self.population, (self.model >= 0) | (self.direct >= 0)
        entering = ~self._there & people.present(day)
        self._there |= entering
        may_move = self._there & ~(people.loyal & has_model)
        with np.errstate(invalid="ignore"):
            dearer = self.cost_usd > (1 + self._settings.bill_surprise) * self._decided_usd
        if shift is not None:  # what a day cost is known to all at its end: not all look at midnight
            dearer &= self._shift == shift
        causes = {
            "entry": entering,
            "gone": self._there & ((self.model >= 0) & ~available[self.model] | self._notices.have_to_go(
                day, np.maximum(self.model, self.direct))),
            "release": may_move & self._take_notices(day),
            "bill": may_move & dearer,
            "review": may_move & self._reviews.take(day),
        }
        reason = np.full(len(self.model), -1, np.int64)
        # written from the last reason to the first, so that the first that applies remains
        for row in reversed(range(len(REASONS))):
            reason[causes[REASONS[row]]] = row
        return reason

    def _take_notices(self, day: float) -> np.ndarray:
        noticed = self._notice_day <= day
        self._notice_day[noticed] = np.inf
        return np.asarray(noticed.any(axis=1))

    def _decide(self, now: float, rows: np.ndarray, reasons: np.ndarray, quotes: Quotes) -> None:
        before = self.model[rows]
        if not self.demand_days:
            decision = self.chooser.start(rows, quotes)
        else:
            decision = self.chooser.choose(rows, np.maximum(before, self.direct[rows]), quotes)
        taken = np.where(decision.direct, -1, decision.model)
        moved = taken != before
        for at in np.flatnonzero(moved):
            after, reason, gain = int(taken[at]), REASONS[reasons[at]], float(decision.gain_usd[at])
            self.switches.append(Switch(now, int(rows[at]), int(before[at]), after, reason, gain))
        self.since_s[rows[moved]] = np.where(taken[moved] >= 0, now, np.nan)
        self.model[rows] = taken
        self.direct[rows] = np.where(decision.direct, decision.model, -1)
        self._fit(now / DAY_S, rows, decision.model)
        self.cost_usd[rows] = decision.cost_usd
        self._decided_usd[rows] = decision.cost_usd

    def _fit(self, day: float, rows: np.ndarray, model: np.ndarray) -> None:
        """Remember whom a model wins in its first days."""
        new = (model >= 0) & (day - self._models.release_day[model] <= self._settings.first_fit_days)
        self.chooser.fits[rows[new], model[new]] = True

    def planned_tokens(self) -> np.ndarray:
        """Mean tokens a day that each workload means to use now, float64 (workloads,)."""
        people = self.population
        verbosity = self._models.verbosity[np.maximum(self.model, 0)]
        kept = kept_share(people.output_tokens * verbosity, people.length_sigma, people.max_tokens)
        request = people.prompt_tokens + people.output_tokens * verbosity * kept
        return np.asarray(DAY_S * self.rate_per_s * request)

    def _update_volumes(self, day: float) -> None:
        buying = np.flatnonzero(self.model >= 0)
        self.rate_per_s[:] = 0.0
        volume = self.chooser.volume_per_s(buying, self.cost_usd[buying])
        self.rate_per_s[buying] = volume * self.population.growth(day)[buying]


def quotes_of(desk: Desk, lab_sales: LabSales | None = None) -> Quotes:
    """Return what customers see of the market now, and of the creators who sell past it."""
    shown = Quotes(desk.released(), *desk.paid_pico_per_token(), *desk.latency_s())
    if lab_sales is None:
        return shown
    return replace(shown, direct=lab_sales.prices(desk.env.now / DAY_S, shown.input_pico, shown.cached_pico))
