"""Which marketplace each workload buys through: chosen at random times by what it paid, lost and waited (E90)."""

from collections.abc import Generator, Sequence
from typing import Any, Final, NamedTuple

import numpy as np
from simpy import Event

from sim.market.customers.population import Population
from sim.market.customers.review_times import ReviewTimes
from sim.market.customers.tastes import of_epochs, uniforms
from sim.market.desk import Desk
from sim.market.marketplaces.attraction import keeping
from sim.market.marketplaces.experience import Experience, Met
from sim.market.usage import WorkloadDay
from sim.scenario import Preferences
from sim.scenario.market_scenario import MarketScenario
from sim.units import DAY_S, DAYS_PER_MONTH

LOOKS: Final = 4  # parts of a day, as customers decide: who finds its model not sold where it is moves at once


class MarketplaceTerms(NamedTuple):
    """What each marketplace is, arrays and tuples over them.

    Attributes
    ----------
    names
        Their names.
    fee_share, own_key_fee_share
        float64: fees over what requests cost.
    start_share
        float64, of sum 1: of the workloads of the first day.
    attraction
        float64: what each is worth to everybody.
    preferences
        What each asks of offers.
    """

    names: tuple[str, ...]
    fee_share: np.ndarray
    own_key_fee_share: np.ndarray
    start_share: np.ndarray
    attraction: np.ndarray
    preferences: tuple[Preferences, ...]


def terms_of(scenario: MarketScenario) -> MarketplaceTerms:
    """Return what each marketplace of a scenario is; that of one without any is its router."""
    places, fees = scenario.marketplaces, scenario.fees
    own = list(places.values())
    start = np.array([place.start_share for place in own])
    start = start / start.sum()
    kept = keeping(start, scenario.marketplace_choice.inertia)
    return MarketplaceTerms(
        tuple(places),
        np.array([fees.credit_share if it.fee_share is None else it.fee_share for it in own]),
        np.array([fees.own_key_share if it.own_key_fee_share is None else it.own_key_fee_share for it in own]),
        start,
        np.array([kept[row] if it.attraction is None else it.attraction for row, it in enumerate(own)]),
        tuple(it.preferences.over(scenario.router.preferences) for it in own))


class Marketplaces:
    """Who is where, and the process that moves workloads.

    Parameters
    ----------
    scenario, population
        What there is, and who chooses.
    models
        Number of models.
    sells
        bool (offers, marketplaces): whether a marketplace takes an offer at all.

    Attributes
    ----------
    terms
        What each marketplace is.
    place
        int64 (workloads,): marketplace of each.
    moves
        int64 (marketplaces, marketplaces): workloads that went from one to another since `take_moves`.
    experience
        What was met.
    """

    def __init__(self, scenario: MarketScenario, population: Population, models: int, sells: np.ndarray) -> None:
        self.terms, self._settings, self._population = terms_of(scenario), scenario.marketplace_choice, population
        count, places = len(population.key), len(self.terms.names)
        self._sells = sells
        self._names = tuple(f"marketplace/{name}" for name in self.terms.names)
        ends = np.cumsum(self.terms.start_share)[:-1]
        self.place = np.searchsorted(ends, uniforms(population.key, ("marketplace",))[:, 0], side="right")
        self.place = self.place.astype(np.int64)
        self.moves = np.zeros((places, places), np.int64)
        self.experience = Experience(count, models, places, self._settings.memory_days, self._settings.prior_requests)
        self._settled = population.entry_day == 0
        self._reviews = ReviewTimes(population.key, "marketplace review", population.entry_day,
                                    self._settings.reviews_per_month / DAYS_PER_MONTH)
        self._log_fee = np.log1p(np.where(population.byok[:, None], self.terms.own_key_fee_share, self.terms.fee_share))
        self._log_fee[population.free] = 0.0

    def remember(self, days: Sequence[WorkloadDay], references: Sequence[np.ndarray]) -> None:
        """Let customers remember a day: each what it met where it is, and everybody what all met.

        Parameters
        ----------
        days, references
            By marketplace, what was bought through it, and what that would have cost at everybody's mean prices.
        """
        self.experience.fade(days[0].model)
        for number, (day, reference) in enumerate(zip(days, references, strict=True)):
            self.experience.see(number, day, reference, self.place == number)

    def process(self, desk: Desk, model: np.ndarray) -> Generator[Event, Any, Any]:
        """Live on the calendar, after customers; ``model`` is their array of models, which they change."""
        while True:
            for look in range(LOOKS):
                self.step(desk, model, begins=look == 0)
                yield desk.env.timeout(DAY_S / LOOKS)

    def step(self, desk: Desk, model: np.ndarray, begins: bool = True) -> None:
        """Let those move whose time it is (at the beginning of a day), who come, or who find nothing where they are."""
        due = self._reviews.take(float(desk.env.now) / DAY_S) if begins else np.zeros(len(self.place), bool)
        used = model >= 0
        new = used & ~self._settled
        self._settled |= used
        sold = self._sold(desk)
        gone = used & ~sold[np.maximum(model, 0), self.place]
        rows = np.flatnonzero(used & (due | new | gone))
        if len(rows):
            self._move(rows, self._chosen(rows, model[rows], sold[model[rows]], new[rows]))

    def _sold(self, desk: Desk) -> np.ndarray:
        """Whether each marketplace sells each model now, bool (models, marketplaces)."""
        sold = np.zeros((len(desk.models), len(self.terms.names)), bool)
        np.logical_or.at(sold, desk.offer_model, self._sells & desk.board.listed[:, None])
        return sold

    def _chosen(self, rows: np.ndarray, model: np.ndarray, sold: np.ndarray, new: np.ndarray) -> np.ndarray:
        """The best marketplace of each, int64 (rows,); that where it is if nobody sells its model (E90)."""
        here, place = np.arange(len(rows)), self.place[rows]
        value = self.utility(rows, self.experience.met(rows, model, place))
        value[here, place] += np.where(new, 0.0, self._settings.inertia)
        grid = np.broadcast_to(np.arange(len(self._names)), value.shape)
        epoch = np.broadcast_to(self._reviews.taken[rows, None], value.shape)
        row = np.broadcast_to(rows[:, None], value.shape)
        u = of_epochs(self._population.key, self._names, row.ravel(), grid.ravel(), epoch.ravel())
        value = np.where(sold, value - np.log(-np.log(u.reshape(value.shape))), -np.inf)
        return np.asarray(np.where(np.isfinite(value).any(axis=1), value.argmax(axis=1), place))

    def utility(self, rows: np.ndarray, met: Met) -> np.ndarray:
        """Utility of each marketplace without inertia and tastes (E90), float64 (rows, marketplaces)."""
        chosen, free = self._settings, self._population.free[rows, None]
        with np.errstate(divide="ignore"):
            paid = np.where(free, 0.0, np.log(met.paid))  # who pays nothing asks for no price
        return np.asarray(
            self.terms.attraction - chosen.price_weight * (self._log_fee[rows] + paid - np.log(met.good))
            - chosen.latency_weight * met.ttft_s)

    def _move(self, rows: np.ndarray, place: np.ndarray) -> None:
        moved = place != self.place[rows]
        np.add.at(self.moves, (self.place[rows[moved]], place[moved]), 1)
        self.place[rows] = place
        self.experience.forget(rows[moved])

    def take_moves(self) -> np.ndarray:
        """Return the moves since the last time."""
        taken, self.moves = self.moves, np.zeros_like(self.moves)
        return taken

    def log_fee(self) -> np.ndarray:
        """Logarithm of what the fee makes of a price where each workload is, float64 (workloads,)."""
        return np.asarray(self._log_fee[np.arange(len(self.place)), self.place])
