"""A bench of posted prices: whether prices move as real ones do (many models, some hosts each, no requests).

Sellers are scheduled as firms of the market are: a review at ``next_review_s``, and a reaction ``react_s`` after
a rival's change of price (not after its launch).
"""

import math
from collections.abc import Generator as Process
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.random import Generator
from simpy import Environment, Event

from providers.pricing.registry import bind
from providers.pricing.situation import Situation
from providers.pricing.strategy import Strategy
from sim.market.prices import Prices, prices_of_usd
from sim.scenario.base import Part, quantity
from sim.scenario.pricing_settings import PricingChoice
from sim.streams import Streams
from sim.units import DAY_S, HOUR_S, HOURS_PER_DAY, PICO_PER_USD_PER_MTOK

NEVER: Final = math.inf


class PostedPrices(Part):
    """How large the bench is."""

    models: int = quantity(60, unit="models", doc="Models, each a market of its own", ge=1, le=1000)
    hosts_min: int = quantity(3, unit="hosts", doc="Fewest hosts of a model", ge=1, le=50)
    hosts_max: int = quantity(12, unit="hosts", doc="Most hosts of a model", ge=1, le=50,
                              source="pydantic/genai-prices: 3 to 15 hosts of an open model")
    days: float = quantity(365.0, unit="days", doc="Length of the run from the models' release", gt=0)
    adoption_days: float = quantity(10.0, unit="days", doc="Mean delay of a host's launch after the release", ge=0)
    list_median_usd: float = quantity(0.5, unit="USD per million tokens", doc="Median input list price", gt=0,
                                      source="Fradkin 2025 (arXiv 2504.15440): median input price 0.50")
    list_sigma: float = quantity(1.0, unit="1", doc="Standard deviation of the log of list prices", ge=0)
    cost_share: float = quantity(0.4, unit="1", doc="Unit cost over blended list price", ge=0,
                                 source="median list price is 2 to 4 times short-run cost")
    cost_sigma: float = quantity(0.25, unit="1", doc="Standard deviation of the log of unit cost between hosts", ge=0)
    seed: int = quantity(1, unit="1", doc="Seed of all draws", ge=0)


class Change(NamedTuple):
    """One change of one seller's prices."""

    time_s: float
    model: int
    host: int
    before: Prices
    after: Prices
    matched_lag_s: float  # since the change of a rival that it answers; nan for a review


@dataclass
class Seller:
    """One host of one model."""

    model: int
    host: int
    strategy: Strategy
    list_price: Prices
    unit_cost_usd: float
    reviews: Generator
    reactions: Generator
    launched_s: float = NEVER
    changed_s: float = -math.inf
    own: Prices | None = None
    days: list[Prices] = field(default_factory=list)


class Bench:
    """All sellers on one SimPy clock.

    Attributes
    ----------
    changes
        Every change of price, oldest first (launches are none).
    daily
        float64 (days, models, hosts_max): blended price at each midnight in pico-dollars per token; nan if absent.
    """

    def __init__(self, size: PostedPrices, choice: PricingChoice) -> None:
        self.size = size
        self.env = Environment()
        self.changes: list[Change] = []
        self.daily = np.full((int(size.days), size.models, size.hosts_max), np.nan)
        streams = Streams(size.seed, 0)
        self.sellers = [self._model(model, streams, choice) for model in range(size.models)]

    def run(self) -> "Bench":
        """Run to the end and return the bench."""
        for sellers in self.sellers:
            for seller in sellers:
                self.env.process(self._reviews(seller))
        self.env.process(self._record())
        self.env.run(self.size.days * DAY_S)
        return self

    def situation(self, seller: Seller) -> Situation:
        """What a seller knows now."""
        rivals = [other for other in self.sellers[seller.model] if other is not seller and other.own is not None]
        now = self.env.now
        return Situation(
            now_s=now,
            hour=now % DAY_S / HOUR_S,
            launched_s=now if seller.own is None else seller.launched_s,
            own=seller.own,
            rivals=tuple(other.own for other in rivals if other.own is not None),
            rivals_changed_s=tuple(other.changed_s for other in rivals),
            unit_cost_usd_per_mtok=seller.unit_cost_usd,
            list_price=seller.list_price,
        )

    def _model(self, model: int, streams: Streams, choice: PricingChoice) -> list[Seller]:
        """Draw a model's list price and hosts."""
        rng = streams.generator(f"models/{model}")
        usd = self.size.list_median_usd * math.exp(self.size.list_sigma * rng.standard_normal())
        price = prices_of_usd(max(usd, 0.01), max(3 * usd, 0.01))
        hosts = int(rng.integers(self.size.hosts_min, self.size.hosts_max + 1))
        delays = rng.exponential(self.size.adoption_days * DAY_S, hosts)
        spread = np.exp(self.size.cost_sigma * rng.standard_normal(hosts))
        costs = price.blended() / PICO_PER_USD_PER_MTOK * self.size.cost_share * spread
        return [
            Seller(
                model, host, bind(choice), price, float(costs[host]),
                streams.generator(f"models/{model}/hosts/{host}/reviews"),
                streams.generator(f"models/{model}/hosts/{host}/reactions"), float(delays[host]),
            )
            for host in range(hosts)
        ]

    def _reviews(self, seller: Seller) -> Process[Event, Any, None]:
        """Launch, then review for ever."""
        yield self.env.timeout(seller.launched_s)
        seller.own = seller.strategy.launch(self.situation(seller), seller.reviews)
        seller.changed_s = self.env.now
        while (delay := seller.strategy.next_review_s(self.situation(seller), seller.reviews)) < NEVER:
            yield self.env.timeout(delay)
            self._post(seller, seller.strategy.review(self.situation(seller), seller.reviews), math.nan)

    def _reaction(self, seller: Seller, delay: float) -> Process[Event, Any, None]:
        """Answer a rival's change after a lag."""
        yield self.env.timeout(delay)
        self._post(seller, seller.strategy.react(self.situation(seller), seller.reactions), delay)

    def _post(self, seller: Seller, prices: Prices | None, lag_s: float) -> None:
        """Change prices and let the rivals take notice."""
        before = seller.own
        if prices is None or before is None or prices == before:
            return
        seller.own, seller.changed_s = prices, self.env.now
        self.changes.append(Change(self.env.now, seller.model, seller.host, before, prices, lag_s))
        for rival in self.sellers[seller.model]:
            if rival is seller or rival.own is None:
                continue
            delay = rival.strategy.react_s(self.situation(rival), rival.reactions)
            if delay is not None:
                self.env.process(self._reaction(rival, delay))

    def _record(self) -> Process[Event, Any, None]:
        """Note all prices at each midnight."""
        for day in range(len(self.daily)):
            for sellers in self.sellers:
                for seller in sellers:
                    if seller.own is not None:
                        self.daily[day, seller.model, seller.host] = seller.own.blended()
            yield self.env.timeout(DAY_S)


class PriceFacts(NamedTuple):
    """What an observer of the posted prices would report.

    Attributes
    ----------
    daily_hazard
        Share of offer-days with a change.
    median_change, over_tenth
        Median size of a change of the blended price, as a share of the price; share of changes above 10%.
    cuts_first_month, cuts_later
        Share of cuts among changes in the first 30 days of a model, and after day 300.
    ties
        Share of model-days, with two offers or more, in which the two lowest blended prices are equal.
    gap_otherwise
        Median gap of the two cheapest where they do not tie, of the lowest, at 8 hosts or more.
    follower_median_h, follower_within_day
        Median lag of those that follow a rival, hours; share that follows within 24 hours.
    same_model_cv
        Mean over models with 5 hosts or more of the standard deviation over the mean of blended prices.
    log_kurtosis
        Kurtosis of changes of log price (about their mean).
    offer_days, changes
        What all this rests on.
    """

    daily_hazard: float
    median_change: float
    over_tenth: float
    cuts_first_month: float
    cuts_later: float
    ties: float
    gap_otherwise: float
    follower_median_h: float
    follower_within_day: float
    same_model_cv: float
    log_kurtosis: float
    offer_days: int
    changes: int


def facts(bench: Bench) -> PriceFacts:
    """Measure the posted prices of a bench that has run; what nothing was seen of is nan."""
    present = ~np.isnan(bench.daily)
    repriced = {(int(change.time_s // DAY_S), change.model, change.host) for change in bench.changes}
    priced = [change for change in bench.changes if change.before.blended() > 0 and change.after.blended() > 0]
    logs = np.log([change.after.blended() / change.before.blended() for change in priced])
    ages = np.array([change.time_s / DAY_S for change in priced])
    lags = np.array([change.matched_lag_s for change in priced]) / HOUR_S
    lags = lags[~np.isnan(lags)]
    sizes = np.abs(np.expm1(logs))
    ties, gap = _bottom(bench.daily)
    return PriceFacts(
        daily_hazard=len(repriced) / int(present.sum()),
        median_change=_median(sizes),
        over_tenth=_mean(sizes > 0.1),
        cuts_first_month=_mean(logs[ages < 30] < 0),
        cuts_later=_mean(logs[ages > 300] < 0),
        ties=ties,
        gap_otherwise=gap,
        follower_median_h=_median(lags),
        follower_within_day=_mean(lags < HOURS_PER_DAY),
        same_model_cv=_dispersion(bench.daily),
        log_kurtosis=_mean((logs - _mean(logs)) ** 4) / _mean((logs - _mean(logs)) ** 2) ** 2,
        offer_days=int(present.sum()),
        changes=len(bench.changes),
    )


def _mean(values: np.ndarray) -> float:
    return float(values.mean()) if len(values) else math.nan


def _median(values: np.ndarray) -> float:
    return float(np.median(values)) if len(values) else math.nan


def _bottom(daily: np.ndarray) -> tuple[float, float]:
    """Share of exact ties of the two cheapest, and the median gap otherwise."""
    lowest = np.sort(daily, axis=2)  # nan last
    counted = ~np.isnan(lowest[:, :, 1])
    gaps = (lowest[:, :, 1] / lowest[:, :, 0] - 1)[counted]
    hosts = (~np.isnan(daily)).sum(axis=2)[counted]
    crowded = (gaps > 0) & (hosts >= 8)
    return _mean(gaps == 0), _median(gaps[crowded])


def _dispersion(daily: np.ndarray) -> float:
    """Mean coefficient of variation of models with at least five offers, over the days."""
    many = (~np.isnan(daily)).sum(axis=2) >= 5
    prices = daily[many]
    return _mean(np.nanstd(prices, axis=1, ddof=1) / np.nanmean(prices, axis=1))


def rivals_lags_h(bench: Bench) -> np.ndarray:
    """Lags in hours as an observer without insight sees them: a change to a price that a rival had just posted."""
    lags = []
    for model in range(bench.size.models):
        changes = [change for change in bench.changes if change.model == model]
        lags += [
            (second.time_s - first.time_s) / HOUR_S
            for first, second in pairwise(changes)
            if second.host != first.host and second.after == first.after
        ]
    return np.array(lags)
