"""A market of software, month by month: contracts end, customers look, firms ask, move to cheaper tokens, and close.

A month goes: firms that decide now choose the path that costs least at this month's tokens; those whose migration is
over are served by it; customers whose contract ends, and newcomers, see new prices (E141) and choose (E140); a firm
whose gross profit of a year does not pay for what keeps it open closes, and its customers look with the next newcomers.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from sim.market.downstream.access_paths import CLOSED, MONTHS_A_YEAR, OWNED, PATHS, paths_usd
from sim.market.downstream.software_demand import SoftwareTaste, choice_shares, equal_play
from sim.market.downstream.software_prices import SoftwareSales, alpha_of_margin, software_prices

if TYPE_CHECKING:
    from sim.market.downstream.access_settings import AccessTerms
    from sim.market.downstream.software_settings import SoftwareTerms

NEVER: Final = 10**6  # month of who never moves
YEAR: Final = 12  # months over which a firm's profit is looked at


class SoftwareFirms(NamedTuple):
    """Firms of some markets.

    Attributes
    ----------
    share
        Of the first price that goes to tokens, float64 (markets, firms).
    usual
        The same of a firm of average use, float64 (markets,).
    taste
        Quality over the average, in utility, float64 (markets, firms).
    migration
        Months that moving takes, int64 (markets, firms).
    move
        Month in which each decides to move, `NEVER` for one that does not, int64 (markets, firms).
    """

    share: np.ndarray
    usual: np.ndarray
    taste: np.ndarray
    migration: np.ndarray
    move: np.ndarray


class RaceRules(NamedTuple):
    """Terms of a market, how many months of it are looked at, and whether prices and customers stay as they were."""

    access: AccessTerms
    software: SoftwareTerms
    months: int
    frozen: bool = False


class RaceMonths(NamedTuple):
    """What happened, each (months, markets, firms).

    Attributes
    ----------
    margin
        Gross margin, float64; nan of a firm that has closed.
    share
        Of all customers who have a firm, float64.
    alive
        bool.
    path
        By which tokens come, index in `PATHS`, int64.
    token_usd
        What a customer's tokens cost, over the first price, float64.
    price
        Asked of those who look, float64.
    """

    margin: np.ndarray
    share: np.ndarray
    alive: np.ndarray
    path: np.ndarray
    token_usd: np.ndarray
    price: np.ndarray


def run_race(firms: SoftwareFirms, rules: RaceRules) -> RaceMonths:
    """Return the months of some markets; nothing in them is random."""
    race = _Race(firms, rules)
    rows = [race.month(month) for month in range(rules.months)]
    return RaceMonths(*(np.stack(column) for column in zip(*rows, strict=True)))


def first_taste(firms: SoftwareFirms, terms: SoftwareTerms) -> SoftwareTaste:
    """Return what customers weigh, from churn and margins when all firms are alike and ask 1 (E142, E143)."""
    count = firms.share.shape[-1]
    leaving = 1.0 - (1.0 - terms.churn) ** (terms.contract_months / MONTHS_A_YEAR)  # of those whose contract ends
    play = equal_play(count, leaving, terms.to_none)
    shares = choice_shares(np.full(count, play.utility), play.switching)[:, 0]
    looking = np.append(np.ones(count), count * terms.newcomers * terms.contract_months / MONTHS_A_YEAR)
    alpha = alpha_of_margin(1.0 - terms.other_cost - firms.usual, looking, shares)
    return SoftwareTaste(alpha, play.switching, play.utility + alpha)


def tuned_share(terms: SoftwareTerms, months: np.ndarray) -> np.ndarray:
    """Return the tokens that a path takes so many months after the move, over those at its start (E147).

    1 - z (1 - 2^(-months / h)).
    """
    return np.asarray(1.0 - terms.tuned * (1.0 - 2.0 ** (-np.maximum(months, 0.0) / terms.tuning_months)))


class _Race:
    """Markets in the middle of a run; customers are counted in those of a firm of average size at first."""

    def __init__(self, firms: SoftwareFirms, rules: RaceRules) -> None:
        self.firms, self.rules, terms = firms, rules, rules.software
        self.taste = first_taste(firms, terms)
        self.tastes = np.asarray(self.taste.level)[:, None] + firms.taste
        size = firms.share.shape
        weight = np.exp(firms.taste)
        first = size[1] * weight / weight.sum(axis=1, keepdims=True)
        self.cohorts = np.repeat(first[None] / terms.contract_months, terms.contract_months, axis=0)
        self.alive, self.orphans = np.ones(size, bool), np.zeros(size[0])
        self.path, self.coming = np.zeros(size, int), np.zeros(size, int)
        self.arrives, self.looks = np.full(size, NEVER), firms.move.copy()
        self.since = np.full(size, NEVER)
        self.saved: list[np.ndarray] = []
        opening = SoftwareSales(self._costs(0), self.tastes, self._looking(0))
        self.price = software_prices(opening, self.taste)
        self.prices = np.repeat(self.price[None], terms.contract_months, axis=0)
        self.fixed = terms.fixed_share * first * self.price

    def month(self, month: int) -> tuple[np.ndarray, ...]:
        """Go on by a month; return the columns of `RaceMonths`."""
        spent = self._move(month)
        if not self.rules.frozen:
            self._sell(month)
        customers, tokens = self.cohorts.sum(axis=0), self._tokens(month)
        revenue = (self.cohorts * self.prices).sum(axis=0)
        profit = revenue - customers * (self.rules.software.other_cost + tokens)
        margin = np.where(self.alive, profit / np.where(revenue > 0.0, revenue, 1.0), np.nan)
        everybody = customers.sum(axis=1, keepdims=True)
        row = (margin, customers / np.where(everybody > 0.0, everybody, 1.0), self.alive.copy(), self.path.copy(),
               tokens, self.price.copy())
        self.saved.append(profit - spent)
        if not self.rules.frozen:
            self._close()
        return row

    def _move(self, month: int) -> np.ndarray:
        """Let firms decide and arrive; return what migrations cost, over the first month's revenue of a firm."""
        terms, access = self.rules.software, self.rules.access
        here = self.arrives <= month
        self.since = np.where(here & (self.since == NEVER), month, self.since)
        self.path = np.where(here, self.coming, self.path)
        self.arrives = np.where(here, NEVER, self.arrives)
        deciding = (self.looks <= month) & self.alive
        best = np.argmin(paths_usd(access, self._mtok(month), month, self._needed(month)), axis=0)
        leaves = deciding & (best != self.path)
        owned = best == PATHS.index(OWNED)
        self.coming = np.where(deciding, best, self.coming)
        delay = self.firms.migration + np.where(owned, terms.delivery_months, 0)
        self.arrives = np.where(leaves, month + delay, self.arrives)
        again = month + np.where(owned, terms.owned_months, terms.review_months)
        self.looks = np.where(deciding, again, self.looks)
        return np.asarray(leaves * access.migration_hours * access.engineer_usd_per_hour / self._month_usd)

    @property
    def _month_usd(self) -> float:
        """A month's revenue of a firm of average size at first: what a customer and a price of 1 stand for."""
        return self.rules.software.firms_arr_usd / MONTHS_A_YEAR

    def _mtok(self, month: int) -> np.ndarray:
        """Million tokens a month of each firm, were they all the closed model's."""
        access = self.rules.access
        grown = access.price_fall ** (self.rules.software.respent * month / MONTHS_A_YEAR)
        usd = self.cohorts.sum(axis=0) * self.firms.share * self._month_usd
        return np.asarray(usd / access.closed_usd_per_mtok * grown)

    def _needed(self, month: int) -> np.ndarray:
        return tuned_share(self.rules.software, month - self.since)

    def _tokens(self, month: int) -> np.ndarray:
        """Cost of a customer's tokens by the path of each firm, over the first price."""
        customers = self.cohorts.sum(axis=0)
        usd = paths_usd(self.rules.access, self._mtok(month), month, self._needed(month))
        own = np.take_along_axis(usd, self.path[None], axis=0)[0] / self._month_usd
        return np.asarray(own / np.where(customers > 0.0, customers, 1.0))

    def _costs(self, month: int) -> np.ndarray:
        return np.asarray(self.rules.software.other_cost + self._tokens(month))

    def _looking(self, month: int) -> np.ndarray:
        terms = self.rules.software
        ending = self.cohorts[month % terms.contract_months]
        new = terms.newcomers / MONTHS_A_YEAR * self.cohorts.sum(axis=(0, 2)) + self.orphans
        return np.concatenate([ending, new[:, None]], axis=1)

    def _sell(self, month: int) -> None:
        """Let those whose contract ends, and newcomers, choose at new prices."""
        looking, cohort = self._looking(month), month % self.rules.software.contract_months
        tastes = np.where(self.alive, self.tastes, -np.inf)
        self.price = software_prices(SoftwareSales(self._costs(month), tastes, looking), self.taste, self.price)
        alpha = np.asarray(self.taste.alpha)[:, None]
        shares = choice_shares(tastes - alpha * self.price, self.taste.switching)
        self.cohorts[cohort] = (looking[:, :, None] * shares).sum(axis=1)
        self.prices[cohort] = self.price
        self.orphans = np.zeros_like(self.orphans)

    def _close(self) -> None:
        """Close the firms whose year did not pay for what keeps them open."""
        if len(self.saved) < YEAR:
            return
        closes = self.alive & (sum(self.saved[-YEAR:]) < YEAR * self.fixed)
        self.orphans = (self.cohorts * closes).sum(axis=(0, 2))
        self.cohorts = self.cohorts * ~closes
        self.alive &= ~closes


def served_from(firms: SoftwareFirms, months: RaceMonths) -> np.ndarray:
    """Return the first month in which each firm is served by a path other than the closed one, int64 (markets, firms).

    `NEVER` for one that is not.
    """
    moved = months.path != PATHS.index(CLOSED)
    return np.where(moved.any(axis=0), moved.argmax(axis=0), NEVER)
