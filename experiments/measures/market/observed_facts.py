"""The numbers by which a run is held to facts of the real market, each by its name in the catalogue."""

from collections.abc import Iterator

import numpy as np

from experiments.measures.market import hedonics, market_size, shares, turnover
from experiments.measures.market.panel import by_group, offer_tokens, workload_series
from experiments.measures.market.run import Run


def observed_facts(run: Run, edge: int) -> Iterator[tuple[str, float]]:
    """Return name and value of each number; ``edge`` is how many days "first" and "last" are."""
    yield from _size(run, edge)
    yield from _prices(run, edge)
    yield from _turnover(run, edge)


def _size(run: Run, edge: int) -> Iterator[tuple[str, float]]:
    result = run.result
    there = market_size.on_offer(result.listed_daily[-edge:], run.providers[1], result.offer_model, result.models.open)
    yield "providers_last", there.providers
    yield "models_listed_last", there.models_listed
    yield "offers_last", there.offers
    yield "open_models_with_four_providers", there.open_models_with_four_providers
    yield "closed_sellers_max", there.closed_sellers_max
    for month in (1, 4):
        yield f"tokens_per_day_month_{month}", market_size.tokens_per_day(run, month)
    yield "tokens_per_day_last", float(run.tokens[-edge:].sum(axis=1).mean())
    yield "requests_per_day_last", float(workload_series(result, "completed")[-edge:].sum(axis=1).mean())
    yield "price_month_4", market_size.price_of_month(run, 4)
    size = market_size.request_size(run, edge)
    yield "prompt_tokens_last", size.prompt_tokens
    yield "output_tokens_last", size.output_tokens
    yield "cached_share_last", size.cached_share
    for q, value in ((25, size.prompt_p25), (50, size.prompt_p50), (75, size.prompt_p75)):
        yield f"prompt_tokens_p{q}_last", value
    born = workload_series(result, "born").sum(axis=1)
    yield "weekend_requests", market_size.weekend_requests(born, result.start.weekday())


def _prices(run: Run, edge: int) -> Iterator[tuple[str, float]]:
    result, models = run.result, run.result.models
    mine, listed = result.offer_model, result.listed_daily
    logs = hedonics.log_prices(run.price[-edge:], listed[-edge:])
    yield "open_discount_last", hedonics.open_discount(hedonics.of_models(logs, mine, len(models)), run.mean_quality,
                                                       models.open)
    found = hedonics.hedonic(logs, run.mean_quality[mine], models.open[mine], shares.creators(models)[1][mine])
    yield "price_quality_r2_last", found.quality_r2
    yield "price_creator_r2_gain_last", found.creator_gain
    yield "price_cv_slope", hedonics.cv_slope(run.price, listed, mine)
    offered = np.isfinite(logs)
    pairs = np.unique(np.stack([mine[offered], run.providers[1][offered]]), axis=1)
    hosts = np.bincount(pairs[0], minlength=len(models))[mine]
    effects = hedonics.host_effects(np.where(models.open[mine], logs, np.nan), hosts)
    yield "log_price_two_providers", effects.two
    yield "log_price_five_providers", effects.five


def _turnover(run: Run, edge: int) -> Iterator[tuple[str, float]]:
    result, models = run.result, run.result.models
    tokens = by_group(offer_tokens(result), result.offer_model, len(models))
    yield "adoption_weeks", turnover.adoption_weeks(tokens, models.release_day, run.mean_quality)
    yield "release_diversion_family", turnover.family_diversion(
        result.switches, [row.family for row in models.rows], models.release_day)
    yield "top_ten_half_life_months", turnover.top_ten_half_life(run.months.add(tokens))
    yield "hhi_models_first", float(shares.hhi(tokens[:edge].sum(axis=0)))
