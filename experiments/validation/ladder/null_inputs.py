"""The lowest rung: headlines of a market worked out from its inputs, without simulating anything (L0).

Whatever stands here already is arithmetic of catalogue and settings, however well it matches the world.
"""

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

import numpy as np

from experiments.measures.market.facing import providers_per_model
from experiments.measures.market.panel import index_of
from experiments.measures.market.price_series import constant_quality_index, same_model_index, trend
from sim.market.models.model import Models
from sim.scenario import MarketScenario

if TYPE_CHECKING:
    from providers.firms.shelf import PlannedOffer
    from sim.market.customers.population import Population

LAST_DAYS: Final = 30


def inputs_alone(scenario: MarketScenario, replication: int) -> dict[str, float]:
    """Return the headlines that inputs alone give, by the name of the number in a market's summary.

    Prices: each model at its list price from its release. Requests: planned at entry, with the growth that is set.
    Providers of a model: those that would take it, if none ever left. The slope of shares in prices: minus the
    router's exponent, or the mean of marketplaces' (E160). The hazard of repricing: what strategies are set to.
    """
    from experiments.runs.rules_in_use import mean_exponent
    from experiments.runs.run_market import stage

    staged = stage(scenario.model_copy(update={"engine": "reference"}), replication)
    days = scenario.horizon.days
    return {
        **_prices(staged.market.models, days), "requests_growth": _growth(staged.population, days),
        **_providers(staged.supply.planned, set(scenario.supply.firms), days),
        "elasticity_within_models": -mean_exponent(scenario),
        "reprice_hazard": _hazard(scenario, staged.supply.planned),
    }


def _prices(models: Models, days: int) -> dict[str, float]:
    """Trends of list prices, as `market_summary` tells them of posted ones."""
    listed_usd = np.array([math.nan if row.list_in_usd is None or row.list_out_usd is None
                           else 0.75 * row.list_in_usd + 0.25 * row.list_out_usd for row in models.rows])
    day = np.arange(days)
    gone = np.array([row.retire_day for row in models.rows])
    there = (models.release_day[None, :] <= day[:, None]) & (day[:, None] < gone[None, :]) & np.isfinite(listed_usd)
    price = np.broadcast_to(np.nan_to_num(listed_usd), there.shape)
    index = constant_quality_index(price, there, models.quality.mean(axis=0))
    return {"constant_quality_fall": trend(day, index).fall_per_year,
            "same_model_fall": trend(day, same_model_index(price, there)).fall_per_year}


def _growth(people: "Population", days: int) -> float:
    """Growth of the logarithm of planned requests of those that are there, from the first to the last day."""
    first, last = (float((people.base_per_s * people.growth(day) * people.present(day)).sum()) for day in (0, days - 1))
    return math.log(last / first) if min(first, last) > 0 else math.nan


def _providers(planned: "list[PlannedOffer]", firms: set[str], days: int) -> dict[str, float]:
    """Numbers of providers a model over the last days; potential hosts, who may never come, are left out."""
    sure = [offer for offer in planned if offer.firm in firms]
    if not sure:
        return {}
    launch = np.array([offer.launch_day for offer in sure])
    last = np.arange(days - min(LAST_DAYS, max(1, days // 2)), days)
    listed = launch[None, :] <= last[:, None]
    found = providers_per_model(listed, index_of(tuple(offer.firm for offer in sure))[1],
                                index_of(tuple(offer.model.name for offer in sure))[1])
    return {name if name.startswith("models_") else f"providers_per_model_{name}": value
            for name, value in found._asdict().items()}


def _hazard(scenario: MarketScenario, planned: "list[PlannedOffer]") -> float:
    """Mean over planned offers of the reviews a day that their strategies are set to, at most one."""
    rates = [rate for offer in planned if offer.firm in scenario.supply.firms
             for rate in _reviews_per_day(scenario, offer.firm)]
    return float(np.mean(rates)) if rates else math.nan


def _reviews_per_day(scenario: MarketScenario, firm: str) -> Iterator[float]:
    from providers.pricing.registry import STRATEGIES

    choice = scenario.supply.firms[firm].pricing
    given = STRATEGIES[choice.kind].parameters.model_validate(choice.parameters)
    per_day, period = getattr(given, "reviews_per_day", None), getattr(given, "review_days", None)
    yield min(1.0, per_day if per_day is not None else 1.0 / period if period else 0.0)
