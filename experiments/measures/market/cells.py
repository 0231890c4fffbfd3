"""Periods by groups: what every table of a market is made of."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

import numpy as np

from experiments.measures.market import shares
from experiments.measures.market.panel import by_group, offer_series, offer_tokens, workload_series
from experiments.measures.market.periods import Periods, single_days, weeks, whole
from experiments.measures.market.providers import Fleet, Income, fleet
from experiments.measures.market.run import Run


@dataclass(frozen=True)
class Group:
    """How what happens in a market is told apart.

    Attributes
    ----------
    columns
        Columns that name each group, and facts that describe it, (groups,) each; none for the market as a whole.
    count
        Number of groups.
    offer, workload, provider
        int64: the group of each, None if it belongs to none.
    """

    columns: Mapping[str, Any]
    count: int
    offer: np.ndarray | None = None
    workload: np.ndarray | None = None
    provider: np.ndarray | None = None

    def add(self, values: np.ndarray, of: np.ndarray | None) -> np.ndarray:
        """Sum the last axis to groups; ``of`` holds the group of each entry."""
        if not self.columns:
            return np.asarray(values.sum(axis=-1, keepdims=True))
        if of is None:
            raise ValueError(f"what is told apart by {', '.join(self.columns)} does not have this sum")
        return by_group(values, of, self.count)


def market(run: Run) -> Group:
    """The market as a whole."""
    return Group({}, 1)


def by_model(run: Run) -> Group:
    """One group a model, with its facts."""
    models = run.result.models
    names, sizes = shares.size_classes(models)
    return Group({
        "model": models.names, "creator": [row.creator for row in models.rows], "open": models.open,
        "size_class": [names[size] for size in sizes], "total_b": models.total_b, "mean_quality": run.mean_quality,
    }, len(models), offer=run.result.offer_model)


def by_provider(run: Run) -> Group:
    """One group a provider."""
    names, provider = run.providers
    return Group({"provider": names}, len(names), offer=provider, provider=np.arange(len(names)))


def by_segment(run: Run) -> Group:
    """One group a segment of customers."""
    names, segment = run.segments
    return Group({"segment": names}, len(names), workload=segment)


def by_customer(run: Run) -> Group:
    """One group a customer."""
    names, customer = run.customers
    return Group({"customer": names}, len(names), workload=customer)


def by_offer(run: Run) -> Group:
    """One group an offer."""
    offers = run.result.offers
    return Group({"provider": [it.provider for it in offers], "model": [it.model for it in offers]}, len(offers),
                 offer=np.arange(len(offers)))


def months(run: Run) -> Periods:
    """The calendar months of a run."""
    return run.months


def days_of_run(run: Run) -> Periods:
    """The days of a run."""
    return single_days(run.result.start, run.result.days)


def weeks_of(run: Run) -> Periods:
    """The weeks of a run, or its days if it is short."""
    return weeks(run.result.start, run.result.days)


def whole_run(run: Run) -> Periods:
    """A run as one period."""
    return whole(run.result.start, run.result.days)


@dataclass(frozen=True)
class Panel:
    """A run cut into periods and told apart by groups; a measure makes one number of each pair of them.

    Attributes
    ----------
    run
        The run.
    periods
        How its days are cut.
    group
        How what happens in it is told apart.
    """

    run: Run
    periods: Periods
    group: Group

    def offers(self, values: np.ndarray) -> np.ndarray:
        """Sum (days, offers) to (periods, groups)."""
        return self.group.add(self.periods.add(values), self.group.offer)

    def workloads(self, values: np.ndarray) -> np.ndarray:
        """Sum (days, workloads) to (periods, groups)."""
        return self.group.add(self.periods.add(values), self.group.workload)

    def providers(self, values: np.ndarray) -> np.ndarray:
        """Sum (periods, providers) to (periods, groups)."""
        return self.group.add(values[: len(self.periods)], self.group.provider)

    def sold(self, name: str) -> np.ndarray:
        """Sum a field of ``OfferDay``."""
        return self.offers(offer_series(self.run.result, name))

    def bought(self, name: str) -> np.ndarray:
        """Sum a field of ``WorkloadDay``."""
        return self.workloads(workload_series(self.run.result, name))

    @cached_property
    def tokens(self) -> np.ndarray:
        """Prompt and output tokens: of workloads where the groups are theirs, of offers where not."""
        return self.offers(offer_tokens(self.run.result)) if self._of_offers else self.workloads(self.run.tokens)

    @cached_property
    def charged_nano(self) -> np.ndarray:
        """Charged at posted prices, nano-dollars, as `tokens`."""
        return self.sold("revenue_nano") if self._of_offers else self.bought("cost_nano")

    @cached_property
    def fleet(self) -> Fleet:
        """GPU-days and their cost, each (periods, groups)."""
        found = fleet(self.run.result.pool_days, self.run.providers[0], self.periods.of_day)
        return Fleet(*(self.providers(values) for values in found))

    @cached_property
    def income(self) -> Income:
        """Receipts and payments of providers, each (periods, groups)."""
        return Income(*(self.providers(self.periods.add(daily)) for daily in self.run.income))

    @property
    def _of_offers(self) -> bool:
        return self.group.offer is not None


Measured = Callable[[Panel], np.ndarray]  # (periods, groups), or (periods,) if the group is the market
PERIODS: Final[Mapping[str, Callable[[Run], Periods]]] = {
    "months": months, "weeks": weeks_of, "days": days_of_run, "whole": whole_run,
}
GROUPS: Final[Mapping[str, Callable[[Run], Group]]] = {
    "market": market, "model": by_model, "provider": by_provider, "segment": by_segment,
    "customer": by_customer, "offer": by_offer,
}
