"""A run of the market with the arrays that several measures need, each made once."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from experiments.measures.market import shares
from experiments.measures.market.panel import index_of, offer_series, workload_series, workload_tokens
from experiments.measures.market.periods import Periods, calendar_months
from experiments.measures.market.price_series import blended_usd, cheapest, constant_quality_index, same_model_index
from experiments.measures.market.providers import Income, income
from sim.market.result import MarketResult
from sim.scenario.tasks import TASKS


@dataclass(frozen=True)
class Run:
    """A result with the arrays that several measures need, each made once.

    Attributes
    ----------
    result
        The run.
    """

    result: MarketResult

    @cached_property
    def months(self) -> Periods:
        """Calendar months of the run."""
        return calendar_months(self.result.start, self.result.days)

    @cached_property
    def providers(self) -> tuple[tuple[str, ...], np.ndarray]:
        """Names of providers, and the provider of each offer."""
        return index_of(tuple(offer.provider for offer in self.result.offers))

    @cached_property
    def income(self) -> Income:
        """Receipts and payments of providers, each (days, providers)."""
        return income(self.result.ledger, self.providers[0], self.result.days)

    @cached_property
    def segments(self) -> tuple[tuple[str, ...], np.ndarray]:
        """Names of segments, and the segment of each workload."""
        return index_of(self.result.workload_segment)

    @cached_property
    def customers(self) -> tuple[tuple[str, ...], np.ndarray]:
        """Names of customers, and the customer of each workload."""
        return index_of(self.result.workload_customer)

    @cached_property
    def model_of(self) -> np.ndarray:
        """Model of each workload by day, -1 for none."""
        return workload_series(self.result, "model")

    @cached_property
    def tokens(self) -> np.ndarray:
        """Tokens of each workload by day."""
        return workload_tokens(self.result)

    @cached_property
    def task(self) -> np.ndarray:
        """Row of each workload's task in ``TASKS``."""
        return np.array([TASKS.index(name) for name in self.result.workload_task], np.int64)

    @cached_property
    def quality(self) -> np.ndarray:
        """Quality that each workload gets, (days, workloads)."""
        return shares.used_quality(self.result.models.quality, self.task, self.model_of)

    @cached_property
    def size_b(self) -> np.ndarray:
        """Parameters of the model that each workload uses, billions, (days, workloads)."""
        return shares.used_value(self.result.models.total_b, self.model_of)

    @cached_property
    def mean_quality(self) -> np.ndarray:
        """Quality of each model, mean over tasks, (models,)."""
        return np.asarray(self.result.models.quality.mean(axis=0))

    @cached_property
    def price(self) -> np.ndarray:
        """Blended posted prices, USD per million tokens, (days, offers)."""
        return blended_usd(self.result.prices_daily)

    @cached_property
    def busy_replica_days(self) -> np.ndarray:
        """Replica-days spent in steps, (days, offers)."""
        return np.asarray(offer_series(self.result, "busy_share") * self.result.replicas_daily)

    @cached_property
    def same_model_index(self) -> np.ndarray:
        """Price of the same model at the same provider, 1 on the first day, (days,)."""
        return same_model_index(self.price, self.result.listed_daily)

    @cached_property
    def constant_quality_index(self) -> np.ndarray:
        """Price of constant quality, 1 on the first day, (days,)."""
        return constant_quality_index(self.price, self.result.listed_daily, self.mean_quality[self.result.offer_model])

    def cheapest(self, at_least: float) -> np.ndarray:
        """Cheapest blended price of any model at least that good, USD per million tokens, (days,)."""
        result = self.result
        return cheapest(self.price, result.listed_daily, self.mean_quality[result.offer_model], at_least)

    @cached_property
    def first_qualities(self) -> tuple[float, float]:
        """Quality (mean over tasks) of the best and of the median model on the first day with an offer."""
        offered = np.flatnonzero(self.result.listed_daily.any(axis=1))
        if not len(offered):
            return np.nan, np.nan
        on_sale = self.mean_quality[np.unique(self.result.offer_model[self.result.listed_daily[offered[0]]])]
        return float(on_sale.max()), float(np.median(on_sale))
