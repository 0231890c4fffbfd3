"""Closed models bought from their creators: the outside good of the marketplace for those who want one."""

from collections.abc import Sequence
from typing import Final, NamedTuple, Protocol

import numpy as np

from sim.engines.world import OfferSpec
from sim.market.board import Board
from sim.market.customers.population import Population
from sim.market.customers.tastes import uniforms
from sim.market.models.model import Models
from sim.scenario.market_scenario import Fees
from sim.scenario.use_settings import DirectPurchase
from sim.units import PICO_PER_USD_PER_MTOK

CACHED_SHARE: Final = 0.25  # of the input price, where the marketplace shows no price of cached tokens (assumption)


class LabPrices(NamedTuple):
    """What creators of closed models charge directly, float64 (models,), pico-dollars per token; nan: not sold so."""

    input_pico: np.ndarray
    output_pico: np.ndarray
    cached_pico: np.ndarray


class FeePlaces(Protocol):
    """Where workloads buy, as far as fees go."""

    def log_fee(self) -> np.ndarray:
        """Logarithm of what the fee makes of a price where each workload is, float64 (workloads,)."""


class LabSales:
    """Who buys directly, and at what price.

    Parameters
    ----------
    population, models
        Who chooses, and among what.
    settings
        What the marketplace is worth to customers.
    fees
        What the marketplace charges on top; those with keys of their own pay the fee of these.
    price_factor
        All prices are multiplied by this.

    Attributes
    ----------
    places
        Marketplaces with fees of their own; None: `fees` are those of all.
    level
        List prices now over those that are set: above 1 while they fall.
    """

    def __init__(self, population: Population, models: Models, settings: DirectPurchase, fees: Fees,
                 price_factor: float) -> None:
        self._models = models
        self._board: Board | None = None
        scale = PICO_PER_USD_PER_MTOK * price_factor
        self._list_pico = np.array([
            (np.nan, np.nan) if row.open or row.list_in_usd is None or row.list_out_usd is None
            else (row.list_in_usd * scale, row.list_out_usd * scale) for row in models.rows]).reshape(-1, 2)
        u = uniforms(population.key, ("direct",))[:, 0]
        self._worth = settings.marketplace_worth + settings.spread * np.log(u / (1 - u))
        self._log_fee = np.log1p(np.where(population.byok, fees.own_key_share, fees.credit_share))
        self.places: FeePlaces | None = None
        self.level = 1.0

    def look_at(self, board: Board, offers: Sequence[OfferSpec]) -> None:
        """Let creators charge directly what they post in the marketplace for a model of theirs, while they list it."""
        rows = {row.name: number for number, row in enumerate(self._models.rows)}
        own = [(number, rows[offer.model]) for number, offer in enumerate(offers)
               if offer.provider.casefold() == self._models.rows[rows[offer.model]].creator.casefold()]
        self._board = board
        self._own, self._own_model = (np.array([pair[side] for pair in own], np.int64) for side in (0, 1))

    def _asked_pico(self) -> np.ndarray:
        """Input and output prices of the creators now, float64 (models, 2)."""
        if self._board is None:
            return self._list_pico * self.level
        asked, listed = self._list_pico.copy(), self._board.listed[self._own]
        closed = listed & ~self._models.open[self._own_model]
        asked[self._own_model[closed]] = self._board.prices[self._own[closed], :2]
        return asked

    def prices(self, day: float, market_input: np.ndarray, market_cached: np.ndarray) -> LabPrices:
        """Return prices of the closed models that are released by ``day`` and not announced to go.

        A creator charges what it posts in the marketplace, and its list price at release for what it does not list
        there. Cached tokens cost the same share of the input price as in the marketplace.
        """
        sold = (self._models.release_day <= day) & (day < self._models.notice_day)
        into, out = np.where(sold[:, None], self._asked_pico(), np.nan).T
        with np.errstate(divide="ignore", invalid="ignore"):
            share = market_cached / market_input
        return LabPrices(into, out, into * np.where(np.isfinite(share), share, CACHED_SHARE))

    def preferred(self, rows: np.ndarray, market_usd: np.ndarray, direct_usd: np.ndarray) -> np.ndarray:
        """Whether some workloads would rather buy each model directly, bool (rows, models).

        The share of all that would is logistic in the logarithm of the marketplace's price, fee included, over the
        creator's (E64). Where only one of the two sells, nobody has a choice.

        Parameters
        ----------
        rows
            The workloads.
        market_usd, direct_usd
            float64 (rows, models): cost of a request; nan where it is not sold so.
        """
        log_fee = self._log_fee if self.places is None else self.places.log_fee()
        with np.errstate(divide="ignore", invalid="ignore"):
            dearer = np.log(market_usd / direct_usd) + log_fee[rows, None] > self._worth[rows, None]
        return np.asarray(np.isfinite(direct_usd) & (dearer | ~np.isfinite(market_usd)))
