"""A platform's data, of which all is known: who was routed by price, who chose, and what a week's prices were."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from sim.streams import Streams
from sim.units import DAYS_PER_WEEK

if TYPE_CHECKING:
    from experiments.studies.elasticities.assumed import Platform, Prices


class Panel(NamedTuple):
    """What a platform sees, a row a host and week.

    Attributes
    ----------
    model, host, week
        int64: hosts have numbers over all models.
    price
        USD per million tokens, float64.
    shock
        Logarithm of the rent of the host's type of GPU over that of the first week: moves costs and nothing else.
    chosen, by_rule, at_random
        Requests that named the host, that the router placed by its rule, and that it placed at random, int64.
    """

    model: np.ndarray
    host: np.ndarray
    week: np.ndarray
    price: np.ndarray
    shock: np.ndarray
    chosen: np.ndarray
    by_rule: np.ndarray
    at_random: np.ndarray

    @property
    def requests(self) -> np.ndarray:
        """All requests outside the experiment: what the published regressions have."""
        return np.asarray(self.chosen + self.by_rule)


def rule_shares(price: np.ndarray, exponent: float) -> np.ndarray:
    """Return the shares of a rule that draws with weight 1 / price to the ``exponent``, along the first axis."""
    weights = price**-exponent
    return np.asarray(weights / weights.sum(axis=0))


def draw_panel(platform: Platform, prices: Prices, streams: Streams) -> Panel:
    """Return a platform's data.

    A model's hosts are drawn in streams of their own, so that models more or less leave the others as they are.
    """
    rents = np.cumsum(streams.generator("rents").normal(0.0, prices.rent_sd_per_week,
                                                        (platform.weeks, prices.gpu_types)), axis=0)
    rents -= rents[0]
    parts: list[Panel] = []
    first_host = 0
    for model in range(platform.models):
        parts.append(_of_model(platform, prices, rents, _Place(model, first_host), streams))
        first_host = int(parts[-1].host.max()) + 1
    return Panel(*(np.concatenate(columns) for columns in zip(*parts, strict=True)))


class _Place(NamedTuple):
    """Number of a model, and of its first host."""

    model: int
    first_host: int


def _of_model(platform: Platform, prices: Prices, rents: np.ndarray, place: _Place, streams: Streams) -> Panel:
    supply = streams.generator(f"supply {place.model}")
    hosts = int(supply.integers(platform.least_hosts, max(platform.most_hosts, platform.least_hosts) + 1))
    shock = rents[:, supply.integers(0, prices.gpu_types, hosts)]
    liking = likings(prices, platform.weeks, hosts, streams.generator(f"liking {place.model}"))
    price = posted(prices, shock, liking, supply)
    demand = streams.generator(f"demand {place.model}")
    counts = _requests(platform, price, liking, demand)
    week, host = np.meshgrid(np.arange(platform.weeks), np.arange(hosts), indexing="ij")
    columns = (np.full(week.size, place.model), place.first_host + host.ravel(), week.ravel(), price.ravel(),
               shock.ravel())
    return Panel(*columns, *(count.ravel() for count in counts))


def likings(prices: Prices, weeks: int, hosts: int, draws: np.random.Generator) -> np.ndarray:
    """Return how popular hosts are, float64 (weeks, hosts): stationary, with a standard deviation of ``liking_sd``."""
    noise = draws.normal(0.0, prices.liking_sd, (weeks, hosts))
    liking = noise.copy()
    kept = prices.liking_memory
    for week in range(1, weeks):
        liking[week] = kept * liking[week - 1] + np.sqrt(1.0 - kept**2) * noise[week]
    return liking


def posted(prices: Prices, shock: np.ndarray, liking: np.ndarray, draws: np.random.Generator) -> np.ndarray:
    """Return prices, float64 (weeks, hosts): they stand until a review, which looks at rents and at one's popularity.

    ln p = level of the host + ``pass_on`` x shock + ``answer`` x liking + what only the host knows.
    """
    weeks, hosts = shock.shape
    level = draws.normal(0.0, prices.change_sd, hosts)
    own = draws.normal(0.0, prices.change_sd, (weeks, hosts))
    reviewed = draws.random((weeks, hosts)) < 1.0 - (1.0 - prices.review_per_day) ** DAYS_PER_WEEK
    wanted = level + prices.pass_on * shock + prices.answer * liking + own
    log_price = np.empty_like(wanted)
    log_price[0] = wanted[0]
    for week in range(1, weeks):
        log_price[week] = np.where(reviewed[week], wanted[week], log_price[week - 1])
    return np.exp(log_price)


def _requests(
    platform: Platform, price: np.ndarray, liking: np.ndarray, draws: np.random.Generator
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Requests that chose, that went by the rule and that were placed at random, each int64 (weeks, hosts)."""
    weeks, hosts = price.shape
    size = platform.requests_per_week * draws.lognormal(0.0, 1.0)
    each = draws.poisson(size * draws.lognormal(0.0, 0.3, weeks))
    routed = draws.binomial(each, platform.routed)
    tried = draws.binomial(routed, platform.experiment)
    weights = np.exp(liking) * price**-platform.own_elasticity
    picked = weights / weights.sum(axis=1, keepdims=True)
    return (draws.multinomial(each - routed, picked),
            draws.multinomial(routed - tried, rule_shares(price.T, platform.exponent).T),
            draws.multinomial(tried, np.full(hosts, 1.0 / hosts)))
