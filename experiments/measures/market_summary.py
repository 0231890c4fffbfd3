"""A run of the market in some sixty numbers: metric, unit, value, standard error where there is one."""

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from experiments.measures.market import elasticities, latency, posted, retention, shares
from experiments.measures.market.decomposition import chained, lmdi, shapley, summed
from experiments.measures.market.panel import (
    NANO_PER_USD,
    by_group,
    index_of,
    offer_series,
    offer_tokens,
    ratio,
    workload_series,
)
from experiments.measures.market.price_series import cheapest, constant_quality_index, paid_usd, same_model_index, trend
from experiments.measures.market.providers import fleet, income
from experiments.measures.market_tables import Run
from experiments.stats import interval

if TYPE_CHECKING:
    from pandas import DataFrame

EDGE_DAYS: Final = 30  # "first" and "last" are means over so many days, or half the run if that is shorter
RETENTION_AGE: Final = 5  # months, as published by a16z and OpenRouter


class Number(NamedTuple):
    """One row of the summary; ``std_error`` is nan where the number is a fact of the run and no estimate."""

    metric: str
    unit: str
    value: float
    std_error: float = np.nan


def summary(run: Run) -> "DataFrame":
    """Return every number of a run as a frame with the columns metric, unit, value, std_error."""
    import pandas as pd

    rows = [row for part in PARTS for row in part(run)] if run.result.days else []
    return pd.DataFrame(rows, columns=list(Number._fields))


def over_replications(summaries: "DataFrame") -> "DataFrame":
    """Return means over replications as a frame: metric, unit, value, std_error, half_width, n.

    Here the standard error is that of the mean over replications, ``half_width`` the half of its 95 % Student interval
    (nan below two), ``n`` the replications in which the number is defined.

    Parameters
    ----------
    summaries
        The summaries of all replications, one below the other.
    """
    import pandas as pd

    rows = []
    for (metric, unit), part in summaries.groupby(["metric", "unit"], sort=False):
        values = part["value"][np.isfinite(part["value"])].to_numpy(float)
        got = interval(values.tolist())
        error = float(values.std(ddof=1) / np.sqrt(len(values))) if len(values) > 1 else np.nan
        rows.append((metric, unit, got.mean, error, got.half_width, got.n))
    return pd.DataFrame(rows, columns=[*Number._fields[:2], "value", "std_error", "half_width", "n"])


def _totals(run: Run) -> Iterator[Number]:
    result = run.result
    born = workload_series(result, "born").sum()
    yield Number("requests", "requests", born)
    yield Number("completed_share", "1", float(ratio(workload_series(result, "completed").sum(), born)))
    yield Number("tokens", "tokens", run.tokens.sum())
    yield Number("spend", "USD", workload_series(result, "cost_nano").sum() / NANO_PER_USD)
    yield Number("router_revenue", "USD", workload_series(result, "fee_nano").sum() / NANO_PER_USD)
    yield Number("consumer_surplus", "USD", float(np.nansum(result.surplus_usd_daily)))


def _prices(run: Run) -> Iterator[Number]:
    day = np.arange(run.result.days)
    for name, values, unit in _price_series(run):
        got = trend(day, values)
        yield Number(f"{name}_first", unit, _first(values))
        yield Number(f"{name}_last", unit, _last(values))
        yield Number(f"{name}_log_slope", "1/year", got.slope_per_year, got.std_error)
        yield Number(f"{name}_fall", "factor a year", got.fall_per_year, got.fall_per_year * got.std_error)


def _price_series(run: Run) -> Iterator[tuple[str, np.ndarray, str]]:
    result = run.result
    quality = result.models.quality.mean(axis=0)[result.offer_model]
    usd = "USD per million tokens"
    for name, level in zip(("frontier", "standard"), run.first_qualities(), strict=True):
        yield f"cheapest_{name}", cheapest(run.price, result.listed_daily, quality, level), usd
    index = constant_quality_index(run.price, result.listed_daily, quality)
    yield "constant_quality", index, "1 on the first day"
    yield "same_model", same_model_index(run.price, result.listed_daily), "1 on the first day"
    yield "paid", paid_usd(workload_series(result, "cost_nano").sum(axis=1), run.tokens.sum(axis=1)), usd


def _climb(run: Run) -> Iterator[Number]:
    tokens = run.tokens.sum(axis=1)
    for name, unit, used in (("size", "billion parameters", run.size_b), ("quality", "1", run.quality)):
        values = shares.weighted_mean(used, run.tokens)
        yield Number(f"{name}_first", unit, _first(values, tokens))
        yield Number(f"{name}_last", unit, _last(values, tokens))


def _spend_effects(run: Run) -> Iterator[Number]:
    spend = _blocks(_by_model(run, offer_series(run.result, "revenue_nano") / NANO_PER_USD))
    tokens = _blocks(_by_model(run, offer_tokens(run.result)))
    splits = {
        "": shapley(spend[[0, -1]], tokens[[0, -1]]),
        "_chained": summed(chained(spend, tokens)),
        "_chained_lmdi": summed(chained(spend, tokens, lmdi)),
    }
    for suffix, split in splits.items():
        for name in ("price", "volume", "mix"):
            yield Number(f"spend_effect_{name}{suffix}", "USD a day", getattr(split, name))
    yield Number("spend_change", "USD a day", float(spend[-1].sum() - spend[0].sum()))


def _blocks(values: np.ndarray) -> np.ndarray:
    """Means over consecutive blocks of ``EDGE_DAYS`` days or a little more, (blocks, ...)."""
    return np.stack([block.mean(axis=0) for block in np.array_split(values, max(1, len(values) // _edge(len(values))))])


def _elasticities(run: Run) -> Iterator[Number]:
    result = run.result
    tokens = run.monthly(offer_tokens(result))
    price = run.monthly_mean(np.where(result.listed_daily, run.price, np.nan))
    within = elasticities.within_models(tokens, price, result.offer_model)
    model_tokens = by_group(tokens, result.offer_model, len(result.models))
    paid_for = by_group(tokens * np.nan_to_num(price), result.offer_model, len(result.models))
    across = elasticities.across_models(model_tokens, ratio(paid_for, model_tokens))
    yield Number("elasticity_across_models", "1", across.value, across.std_error)
    yield Number("elasticity_within_models", "1", within.value, within.std_error)


def _posted(run: Run) -> Iterator[Number]:
    result = run.result
    moves = posted.repricing(result.price_changes, result.listed_daily)
    bottom = posted.bottom(run.price, result.listed_daily, result.offer_model)
    providers = [offer.provider for offer in result.offers]
    lags = posted.follower_lags_s(result.price_changes, providers, result.offer_model)
    spread = posted.dispersion(run.price, result.listed_daily, result.offer_model)
    yield Number("price_changes", "changes", moves.changes)
    yield Number("reprice_hazard", "1/day", moves.hazard_per_day, moves.hazard_std_error)
    yield Number("reprice_median_size", "1", moves.median_size)
    yield Number("reprice_cut_share", "1", moves.cut_share)
    yield Number("bottom_tie_share", "1", bottom.tie_share)
    yield Number("bottom_median_gap", "1", bottom.median_gap)
    yield Number("follower_lag_median", "h", float(np.median(lags)) / 3600 if len(lags) else np.nan)
    yield Number("same_model_price_cv", "1", float(np.median(spread)) if len(spread) else np.nan)


def _shares(run: Run) -> Iterator[Number]:
    result, (names, provider) = run.result, run.providers
    tokens = offer_tokens(result)
    by_model = _last_sum(_by_model(run, tokens))
    yield Number("open_share_last", "1", float(ratio(by_model[result.models.open].sum(), by_model.sum())))
    yield Number("hhi_models_last", "1", float(shares.hhi(by_model)))
    yield Number("hhi_providers_last", "1", float(shares.hhi(_last_sum(by_group(tokens, provider, len(names))))))
    yield Number("single_model_customers_last", "1", shares.single_model_share(_customer_tokens(run)))


def _customer_tokens(run: Run) -> np.ndarray:
    """Planned tokens of the last days by customer and model: a customer of few requests has few of them in windows."""
    result, edge = run.result, _edge(run.result.days)
    names, customer = index_of(result.workload_customer)
    out = np.zeros((len(names), len(result.models)))
    planned = workload_series(result, "planned_tokens")[-edge:]
    day, workload = np.nonzero(run.model_of[-edge:] >= 0)
    place = customer[workload], run.model_of[-edge:][day, workload]
    np.add.at(out, place, planned[day, workload])
    return out


def _retention(run: Run) -> Iterator[Number]:
    result, month = run.result, run.months.of_day
    found = retention.cohorts(run.model_of, len(result.models), month)
    founders = retention.foundational(result.models.release_day, month)
    for name, mask in (("all", np.ones_like(founders)), ("foundational", founders), ("later", ~founders)):
        got = retention.curve(found, mask)
        yield Number(f"retention_month_{RETENTION_AGE}_{name}", "1", float(got.share[RETENTION_AGE]),
                     float(got.std_error[RETENTION_AGE]))


def _latency(run: Run) -> Iterator[Number]:
    completed = workload_series(run.result, "completed")
    for name in ("ttft_s", "e2e_s"):
        values = workload_series(run.result, name)
        for q in (0.5, 0.9, 0.99):
            yield Number(f"{name[:-2]}_p{q * 100:.0f}_of_daily_means", "s", latency.quantile_s(values, completed, q))


def _supply(run: Run) -> Iterator[Number]:
    result, (names, _) = run.result, run.providers
    whole = np.zeros(result.days, np.int64)
    money, owned = income(result.ledger, names, whole), fleet(result.pool_days, names, whole)
    received, paid, gpu_days = money.received.sum(), money.paid.sum(), owned.gpu_days.sum()
    busy = (offer_series(result, "busy_share") * result.replicas_daily).sum()
    yield Number("provider_margin", "1", float(ratio(received - paid, received)))
    yield Number("providers_in_profit", "1", float(np.mean(money.received[0] > money.paid[0])))
    yield Number("gpus", "GPUs", gpu_days / result.days)
    yield Number("gpu_cost", "USD", float(owned.cost_usd.sum()))
    yield Number("gpus_placed_share", "1", float(ratio(owned.placed.sum(), gpu_days)))
    yield Number("replicas_busy_share", "1", float(ratio(busy, result.replicas_daily.sum())))
    yield Number("books_sum", "nano-dollars", sum(result.ledger.balances.values()))


def _by_model(run: Run, values: np.ndarray) -> np.ndarray:
    return by_group(values, run.result.offer_model, len(run.result.models))


def _edge(days: int) -> int:
    return max(1, min(EDGE_DAYS, days // 2))


def _first(values: np.ndarray, weights: np.ndarray | None = None) -> float:
    """Mean of the first days that have a value."""
    return _mean(values[: _edge(len(values))], None if weights is None else weights[: _edge(len(values))])


def _last(values: np.ndarray, weights: np.ndarray | None = None) -> float:
    """Mean of the last days that have a value."""
    return _mean(values[-_edge(len(values)) :], None if weights is None else weights[-_edge(len(values)) :])


def _mean(values: np.ndarray, weights: np.ndarray | None) -> float:
    known = np.isfinite(values) if weights is None else np.isfinite(values) & (weights > 0)
    if not known.any():
        return np.nan
    return float(np.average(values[known], weights=None if weights is None else weights[known]))


def _last_sum(values: np.ndarray) -> np.ndarray:
    return np.asarray(values[-_edge(len(values)) :].sum(axis=0))


PARTS: Final[tuple[Callable[[Run], Iterator[Number]], ...]] = (
    _totals, _prices, _climb, _spend_effects, _elasticities, _posted, _shares, _retention, _latency, _supply,
)
