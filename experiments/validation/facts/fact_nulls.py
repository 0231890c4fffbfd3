"""Facts at the lowest rung (L0): what inputs alone give, by the names of the numbers in a market's summary.

No market is run: list prices, settings, planned requests, sellers that answer the router's rule by their cost, and
customers who choose at list prices. A fact that is met here is no achievement of the market.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

import numpy as np

from experiments.measures.market.elasticities import across_models
from experiments.measures.market.hedonics import hedonic, open_discount
from experiments.measures.market.periods import calendar_months
from experiments.measures.market.shares import creators, hhi
from experiments.measures.market.turnover import TOP, top_ten_half_life
from sim.units import DAY_S, DAYS_PER_WEEK

if TYPE_CHECKING:
    from pandas import DataFrame

    from experiments.runs.run_market import Stage
    from sim.market.models.model import Models
    from sim.scenario import MarketScenario

EDGE: Final = 30  # days of "first" and "last", or half the run
NOTICED: Final = 0.8  # of those who hear of a release: what a model's adoption is measured by
NEWEST: Final = 10  # models that share all tokens where the newest win


def facts_at_inputs(scenario: MarketScenario, replication: int = 0) -> dict[str, float]:
    """Return what inputs alone give.

    Parameters
    ----------
    scenario, replication
        As for a run.

    Raises
    ------
    MarketError
        For anything wrong in the scenario.
    """
    from experiments.runs.demand_alone import demand_alone
    from experiments.runs.run_market import stage
    from experiments.validation.ladder.null_inputs import inputs_alone

    staged = stage(scenario.model_copy(update={"engine": "reference"}), replication)
    models, days = staged.market.models, scenario.horizon.days
    slope = inputs_alone(scenario, replication)
    slope["elasticity_within_models"] *= 1 - scenario.customers.routing.pinned_share
    return {**slope, **_listed(models, days), **_newest_wins(models, scenario), **_settings(scenario),
            **_sellers(staged), **_planned(staged), **_at_list(demand_alone(scenario, replication), models, scenario)}


def _edge(days: int) -> int:
    return max(1, min(EDGE, days // 2))


def _usd(models: Models) -> np.ndarray:
    """Blended list price at release of each model, USD per million tokens; nan without one."""
    return np.array([math.nan if row.list_in_usd is None or row.list_out_usd is None
                     else 0.75 * row.list_in_usd + 0.25 * row.list_out_usd for row in models.rows])


def _there(models: Models, days: int) -> np.ndarray:
    """Whether models are there on the last days, bool (days, models)."""
    day = np.arange(days - _edge(days), days)[:, None]
    return np.asarray((models.release_day <= day) & (day < models.retire_day))


def _listed(models: Models, days: int) -> dict[str, float]:
    """What list prices depend on, a model each."""
    price, there = _usd(models), _there(models, days)
    sold = there.any(axis=0) & (price > 0)
    logs = np.log(np.where(sold, price, np.nan))
    quality = models.quality.mean(axis=0)
    found = hedonic(logs, quality, models.open, creators(models)[1])
    return {"open_discount_last": open_discount(logs, quality, models.open), "price_quality_r2_last": found.quality_r2,
            "price_creator_r2_gain_last": found.creator_gain,
            "models_listed_last": float((there & (price > 0)).sum(axis=1).mean())}


def _newest_wins(models: Models, scenario: MarketScenario) -> dict[str, float]:
    """Turnover if the ten newest models shared all tokens alike."""
    months = calendar_months(scenario.horizon.start, scenario.horizon.days)
    tokens = np.zeros((len(months), len(models)))
    for month, day in enumerate(months.last):
        age = np.where((models.release_day <= day) & (day < models.retire_day), day - models.release_day, np.inf)
        newest = np.argsort(age, kind="stable")[:NEWEST]
        tokens[month, newest[np.isfinite(age[newest])]] = 1.0
    first, last = (round(float(hhi(row)), 12) for row in tokens[[0, -1]])
    assert TOP == NEWEST
    return {"top_ten_half_life_months": top_ten_half_life(tokens), "hhi_models_first": first, "hhi_models_last": last}


def _settings(scenario: MarketScenario) -> dict[str, float]:
    """What settings say by themselves: the week's rhythm, how hosts' costs spread, how fast a release is heard of."""
    entry, choice = scenario.supply.entry, scenario.customers.choice
    spread = entry.gpu_price_sd**2 + entry.efficiency_sd**2
    return {
        "weekend_requests": scenario.rhythm.weekend_factor,
        "adoption_weeks": max(1.0, choice.release_lag_days * math.log(1 / (1 - NOTICED)) / DAYS_PER_WEEK),
        **({"same_model_price_cv": math.sqrt(math.exp(spread) - 1), "price_cv_slope": 0.0} if entry.types else {}),
        **_markups(scenario),
    }


def _markups(scenario: MarketScenario) -> dict[str, float]:
    """Log prices of two and of five equal sellers over that of one, by the rules in use and the ceiling of prices."""
    from experiments.runs.rules_in_use import mean_exponent

    exponent = mean_exponent(scenario)
    ceiling = scenario.supply.entry.pricing.parameters.get("ceiling_markup")
    if math.isnan(exponent) or not isinstance(ceiling, int | float):
        return {}

    def markup(sellers: int) -> float:
        elasticity = exponent * (1 - 1 / sellers)
        return min(float(ceiling), elasticity / (elasticity - 1)) if elasticity > 1 else float(ceiling)

    return {f"log_price_{word}_providers": math.log(markup(count) / markup(1)) for word, count in (
        ("two", 2), ("five", 5))}


def _sellers(staged: Stage) -> dict[str, float]:
    """Sellers that are named, with what they would take if none ever left; potential hosts are left out."""
    sure = [offer for offer in staged.supply.planned if offer.firm in staged.scenario.supply.firms]
    days = staged.scenario.horizon.days
    there = _there(staged.market.models, days)[-1]
    open_now = {row.name: row.open for row, is_there in zip(staged.market.models.rows, there, strict=True) if is_there}
    pairs = {(offer.firm, offer.model.name) for offer in sure if offer.launch_day < days
             and offer.model.name in open_now}
    counts = {name: sum(model == name for _, model in pairs) for name in open_now}
    return {"providers_last": float(len({firm for firm, _ in pairs})), "offers_last": float(len(pairs)),
            "open_models_with_four_providers": float(sum(counts[name] >= 4 and open_now[name] for name in counts)),
            "closed_sellers_max": float(max((counts[name] for name in counts if not open_now[name]), default=0))}


def _planned(staged: Stage) -> dict[str, float]:
    """Requests as planned, with the growth and the drift that are set, and nothing that prices do."""
    from sim.market.customers.answer_lengths import kept_share
    from sim.market.customers.drift import drifted

    first, days, uses = staged.population, staged.scenario.horizon.days, staged.scenario.customers.uses
    live = uses.planned_share if uses.enabled else 1.0  # of those that there could be
    months = calendar_months(staged.scenario.horizon.start, days)

    def on(day: float) -> dict[str, float]:
        people = drifted(first, staged.scenario.customers.drift, day)
        rate = live * DAY_S * first.base_per_s * first.growth(day) * first.present(day)
        answer = people.output_tokens * kept_share(people.output_tokens, people.length_sigma, people.max_tokens)
        requests, prompt = float(rate.sum()), float(rate @ people.prompt_tokens)
        return {"requests": requests, "prompt": prompt, "output": float(rate @ answer),
                "cached": float(rate @ (people.prompt_tokens * people.cached_share))}

    found: dict[str, float] = {}
    for month in (1, 4):
        if month <= len(months):
            middle = on(float((months.first[month - 1] + months.last[month - 1]) / 2))
            found[f"tokens_per_day_month_{month}"] = middle["prompt"] + middle["output"]
    last = on(days - _edge(days) / 2)
    return found | {
        "tokens_per_day_last": last["prompt"] + last["output"], "requests_per_day_last": last["requests"],
        "prompt_tokens_last": last["prompt"] / last["requests"],
        "output_tokens_last": last["output"] / last["requests"],
        "cached_share_last": last["cached"] / last["prompt"],
    }


def _at_list(wanted: DataFrame, models: Models, scenario: MarketScenario) -> dict[str, float]:
    """What customers choose at list prices, with nobody to serve them: shares, qualities, and what they would pay."""
    days, names = scenario.horizon.days, {name: row for row, name in enumerate(models.names)}
    day, model = wanted["day"].to_numpy(), np.array([names[name] for name in wanted["model"]])
    first, last = day < _edge(days), day >= days - _edge(days)

    def ratio(above: str, below: str, mask: np.ndarray) -> float:
        return float(wanted[above].to_numpy()[mask].sum() / wanted[below].to_numpy()[mask].sum())

    tokens = wanted["tokens"].to_numpy()
    months = calendar_months(scenario.horizon.start, days)
    by_month = np.zeros((len(months), len(models)))
    np.add.at(by_month, (months.of_day[day], model), tokens)
    price = np.broadcast_to(_usd(models), by_month.shape)
    fourth = months.of_day[day] == 3
    return {
        "open_share_last": float(tokens[last & models.open[model]].sum() / tokens[last].sum()),
        "quality_first": ratio("quality_tokens", "tokens", first),
        "quality_last": ratio("quality_tokens", "tokens", last),
        "price_first": 1e6 * ratio("spend_usd", "tokens", first),
        "price_last": 1e6 * ratio("spend_usd", "tokens", last),
        **({"price_month_4": 1e6 * ratio("spend_usd", "tokens", fourth)} if fourth.any() else {}),
        "elasticity_across_models": across_models(by_month, price).value,
    }
