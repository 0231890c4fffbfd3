"""The end of a day where marketplaces compete: fees, books, what customers remember, and the day's numbers."""

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from sim.engines.wanted import RULES
from sim.market.accounts import RouterFees, book_day
from sim.market.customers.population import Population
from sim.market.ledger import Ledger
from sim.market.marketplaces.experience import MeanPrices, reference_nano
from sim.market.marketplaces.marketplace_days import MarketplaceDay, MarketplacePart, MarketplaceWaits
from sim.market.marketplaces.marketplaces import Marketplaces
from sim.market.marketplaces.split import workloads_together
from sim.market.usage import WorkloadDay
from sim.scenario.market_scenario import Fees


class Payees(NamedTuple):
    """The books, names of the providers in them, and the number of each offer's provider, int64 (offers,)."""

    ledger: Ledger
    providers: tuple[str, ...]
    of_offer: np.ndarray

    def owed(self, revenue_nano: np.ndarray) -> dict[str, int]:
        """What each provider is owed of the revenue of offers, nano-dollars."""
        sums = np.zeros(len(self.providers), np.int64)
        np.add.at(sums, self.of_offer, revenue_nano)
        return dict(zip(self.providers, sums.tolist(), strict=True))


class NowPrices(NamedTuple):
    """Prices of tokens over all marketplaces, and what workloads expect to be cached by now."""

    paid: MeanPrices
    population: Population


class MarketplaceBooks:
    """Closes the days of marketplaces.

    Parameters
    ----------
    places, fees, population
        Who is where, what `fees` says of free requests with own keys, and who customers are.
    rules
        int64 (marketplaces, workloads): rule by which each would place the requests of each workload
        (``sim.engines.wanted.RULES``).
    models
        Number of models.

    Attributes
    ----------
    days
        What was bought on each day that has ended.
    waits
        How long customers waited up to the end of each calendar month.
    """

    def __init__(self, places: Marketplaces, fees: Fees, population: Population, rules: np.ndarray,
                 models: int) -> None:
        self.places, self._population, self.rules, self._models = places, population, rules, models
        terms = places.terms
        self._fees = [RouterFees(fees.model_copy(update={"credit_share": share, "own_key_share": own}), population)
                      for share, own in zip(terms.fee_share.tolist(), terms.own_key_fee_share.tolist(), strict=True)]
        self.days: list[MarketplaceDay] = []
        self.waits: list[MarketplaceWaits] = []

    def close(self, day: int, parts: Sequence[MarketplacePart], payees: Payees, prices: NowPrices) -> WorkloadDay:
        """Book a day, let customers remember it, and return the day of all workloads with its fees.

        Parameters
        ----------
        day, parts
            The day, and what each marketplace sold on it.
        payees
            Who is paid, in which books.
        prices
            At which what was bought is compared.
        """
        charged = []
        for number, part in enumerate(parts):
            fee = self._fees[number].of_day(day, part.workloads.completed, part.workloads.cost_nano)
            charged.append(part._replace(workloads=replace(part.workloads, fee_nano=fee)))
            book_day(payees.ledger, day, self._population, charged[-1].workloads, payees.owed(part.revenue_nano),
                     self.places.terms.names[number])
        self._remember(charged, prices)
        return workloads_together(charged)

    def _remember(self, parts: list[MarketplacePart], prices: NowPrices) -> None:
        places = self.places
        days = [part.workloads for part in parts]
        references = [reference_nano(prices.population, day, prices.paid) for day in days]
        places.remember(days, references)
        columns = {name: np.array([getattr(day, name).sum() for day in days], np.int64) for name in (
            "completed", "prompt_tokens", "output_tokens", "cost_nano", "fee_nano")}
        self.days.append(MarketplaceDay(
            customers=np.bincount(places.place[days[0].model >= 0], minlength=len(days)),
            requests=np.array([day.born.sum() for day in days], np.int64), **columns,
            reference_nano=np.array([reference.sum() for reference in references]),
            wait_s=np.array([(np.nan_to_num(day.ttft_s) * day.completed).sum() for day in days]),
            moves=places.take_moves(),
            by_rule=np.stack([self._by_rule(day, rule) for day, rule in zip(days, self.rules, strict=True)])))

    def _by_rule(self, day: WorkloadDay, rule: np.ndarray) -> np.ndarray:
        """Completed requests by model and rule, int64 (models, rules)."""
        found = np.zeros((self._models, len(RULES)), np.int64)
        used = day.model >= 0
        np.add.at(found, (day.model[used], rule[used]), day.completed[used])
        return found
