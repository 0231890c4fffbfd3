"""A run of the market in some hundred numbers: metric, unit, value, standard error where there is one."""

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from experiments.measures import columns
from experiments.measures.catalogue import measure, unit_of
from experiments.measures.market import elasticities, facing, latency, live_uses, posted, retention, shares
from experiments.measures.market.cells import Measured, Panel, by_provider, market, whole_run
from experiments.measures.market.decomposition import chained, lmdi, shapley, summed
from experiments.measures.market.observed_facts import observed_facts
from experiments.measures.market.panel import by_group, index_of, offer_series, offer_tokens, ratio, workload_series
from experiments.measures.market.price_series import trend, usd_per_mtok
from experiments.measures.market.run import Run
from experiments.stats import interval
from sim.units import HOUR_S, NANO_PER_USD

if TYPE_CHECKING:
    from pandas import DataFrame

EDGE_DAYS: Final = 30  # "first" and "last" are means over so many days, or half the run if that is shorter
RETENTION_AGE: Final = 5  # months, as published by a16z and OpenRouter
TOTALS: Final[tuple[Measured, ...]] = (columns.requests, columns.completed_share, columns.cut_share, columns.tokens,
                                       columns.spend_usd, columns.fee_usd, columns.surplus_usd)
SUPPLIED: Final[tuple[Measured, ...]] = (columns.gpus, columns.gpu_cost_usd, columns.placed_share, columns.busy_share)
WHOLE: Final = (*TOTALS, columns.provider_margin, *SUPPLIED)  # columns of the monthly tables, over the whole run


class Number(NamedTuple):
    """One number of a run; ``std_error`` is nan where it is a fact of the run and no estimate.

    ``note`` says why there is no number, where the reason is a particular one.
    """

    metric: str
    value: float
    std_error: float = np.nan
    note: str = ""


def summary(run: Run) -> "DataFrame":
    """Return every number of a run as a frame with the columns metric, unit, value, std_error and note.

    The note of a number that is missing says why; it is empty of all others.
    """
    import pandas as pd

    found = [it for part in PARTS for it in part(run)] if run.result.days else []
    missing = f"undefined in a run of {run.result.days} days"
    rows = [(it.metric, unit_of(it.metric), it.value, it.std_error,
             None if np.isfinite(it.value) else it.note or missing) for it in found]
    return pd.DataFrame(rows, columns=["metric", "unit", "value", "std_error", "note"])


def over_replications(summaries: "DataFrame") -> "DataFrame":
    """Return means over replications as a frame: metric, unit, value, std_error, half_width, n, note.

    Here the standard error is that of the mean over replications, ``half_width`` the half of its 95 % Student interval
    (nan below two), ``n`` the replications in which the number is defined, ``note`` why it is not in the others.

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
        rows.append((metric, unit, got.mean, error, got.half_width, got.n, _missing(part)))
    return pd.DataFrame(rows, columns=["metric", "unit", "value", "std_error", "half_width", "n", "note"])


def explained(summary: "DataFrame") -> "DataFrame":
    """Return a summary with the sentence of each number: its file is read without this project at hand."""
    return summary.assign(meaning=[measure(str(metric)).doc for metric in summary["metric"]])


def _missing(part: "DataFrame") -> str | None:
    """Why replications lack a number: a mean over the others alone may be off, as they are no random choice."""
    notes = part["note"].dropna()
    if notes.empty:
        return None
    return notes.iloc[0] if len(notes) == len(part) else f"in {len(notes)} of {len(part)} replications {notes.iloc[0]}"


def _whole(run: Run, measures: Sequence[Measured]) -> Iterator[Number]:
    """Columns of the monthly tables over the whole run."""
    panel = Panel(run, whole_run(run), market(run))
    for function in measures:
        yield Number(function.__name__, np.asarray(function(panel)).item())


def _totals(run: Run) -> Iterator[Number]:
    return _whole(run, TOTALS)


def _prices(run: Run) -> Iterator[Number]:
    day = np.arange(run.result.days)
    for name, values in _price_series(run):
        got = trend(day, values)
        yield Number(f"{name}_first", _first(values))
        yield Number(f"{name}_last", _last(values))
        yield Number(f"{name}_log_slope", got.slope_per_year, got.std_error, got.note)
        yield Number(f"{name}_fall", got.fall_per_year, got.fall_per_year * got.std_error, got.note)


def _price_series(run: Run) -> Iterator[tuple[str, np.ndarray]]:
    best, median = run.first_qualities
    yield "cheapest_frontier", run.cheapest(best)
    yield "cheapest_standard", run.cheapest(median)
    yield "constant_quality", run.constant_quality_index
    yield "same_model", run.same_model_index
    yield "price", usd_per_mtok(workload_series(run.result, "cost_nano").sum(axis=1), run.tokens.sum(axis=1))


def _climb(run: Run) -> Iterator[Number]:
    tokens = run.tokens.sum(axis=1)
    for name, used in (("size", run.size_b), ("quality", run.quality)):
        values = shares.weighted_mean(used, run.tokens)
        yield Number(f"{name}_first", _first(values, tokens))
        yield Number(f"{name}_last", _last(values, tokens))


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
            yield Number(f"spend_effect_{name}{suffix}", getattr(split, name))
    yield Number("spend_change", float(spend[-1].sum() - spend[0].sum()))


def _blocks(values: np.ndarray) -> np.ndarray:
    """Means over consecutive blocks of ``EDGE_DAYS`` days or a little more, (blocks, ...)."""
    return np.stack([block.mean(axis=0) for block in np.array_split(values, max(1, len(values) // _edge(len(values))))])


def _elasticities(run: Run) -> Iterator[Number]:
    result = run.result
    tokens = run.months.add(offer_tokens(result))
    price = run.months.mean(np.where(result.listed_daily, run.price, np.nan))
    within = elasticities.within_models(tokens, price, result.offer_model)
    model_tokens = by_group(tokens, result.offer_model, len(result.models))
    paid_for = by_group(tokens * np.nan_to_num(price), result.offer_model, len(result.models))
    across = elasticities.across_models(model_tokens, ratio(paid_for, model_tokens))
    yield Number("elasticity_across_models", across.value, across.std_error)
    yield Number("elasticity_within_models", within.value, within.std_error)


def _posted(run: Run) -> Iterator[Number]:
    result = run.result
    moves = posted.repricing(result.price_changes, result.listed_daily)
    bottom = posted.bottom(run.price, result.listed_daily, result.offer_model)
    providers = [offer.provider for offer in result.offers]
    lags = posted.follower_lags_s(result.price_changes, providers, result.offer_model)
    spread = posted.dispersion(run.price, result.listed_daily, result.offer_model)
    yield Number("reprice_changes", moves.changes)
    yield Number("reprice_hazard", moves.hazard_per_day, moves.hazard_std_error)
    yield Number("reprice_median_size", moves.median_size)
    yield Number("reprice_cut_share", moves.cut_share)
    yield Number("bottom_tie_share", bottom.tie_share)
    yield Number("bottom_median_gap", bottom.median_gap)
    yield Number("follower_lag_median", float(np.median(lags)) / HOUR_S if len(lags) else np.nan)
    yield Number("same_model_price_cv", float(np.median(spread)) if len(spread) else np.nan)


def _shares(run: Run) -> Iterator[Number]:
    result, (names, provider) = run.result, run.providers
    tokens = offer_tokens(result)
    by_model = _last_sum(_by_model(run, tokens))
    yield Number("open_share_last", float(ratio(by_model[result.models.open].sum(), by_model.sum())))
    yield Number("hhi_models_last", float(shares.hhi(by_model)))
    yield Number("hhi_providers_last", float(shares.hhi(_last_sum(by_group(tokens, provider, len(names))))))
    yield Number("single_model_customers_last", shares.single_model_share(_customer_tokens(run)))


def _rivals(run: Run) -> Iterator[Number]:
    """Of the number of providers of a model only the mean was calibrated: the others are predictions."""
    result, edge = run.result, _edge(run.result.days)
    found = facing.providers_per_model(result.listed_daily[-edge:], run.providers[1], result.offer_model)
    for name, value in found._asdict().items():
        yield Number(name if name.startswith("models_") else f"providers_per_model_{name}", value)
    for name, share in facing.prices_faced(result)._asdict().items():
        yield Number(f"{name}_prices", share)


def _uses(run: Run) -> Iterator[Number]:
    shares = live_uses.uses_shares(run.result)
    yield Number("direct_uses_share", shares.direct)
    yield Number("outside_uses_share", shares.outside)
    grown = live_uses.requests_growth(run.result)
    yield Number("requests_growth", grown.total)
    yield Number("requests_growth_diffusion", grown.diffusion)
    yield Number("requests_growth_price_and_quality", grown.price_and_quality)


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
        yield Number(f"retention_month_{RETENTION_AGE}_{name}", float(got.share[RETENTION_AGE]),
                     float(got.std_error[RETENTION_AGE]),
                     f"no workload was observed for {RETENTION_AGE} months after it took a model up")


def _latency(run: Run) -> Iterator[Number]:
    completed = workload_series(run.result, "completed")
    for name in ("ttft_s", "e2e_s"):
        values = workload_series(run.result, name)
        for q in (0.5, 0.9, 0.99):
            yield Number(f"{name[:-2]}_p{q * 100:.0f}_of_daily_means", latency.quantile_s(values, completed, q))


def _supply(run: Run) -> Iterator[Number]:
    yield from _whole(run, (columns.provider_margin,))
    money = Panel(run, whole_run(run), by_provider(run)).income
    yield Number("providers_in_profit", float(np.mean(money.received[0] > money.paid[0])))
    yield from _whole(run, SUPPLIED)
    yield Number("books_sum", sum(run.result.ledger.balances.values()))


def _observed(run: Run) -> Iterator[Number]:
    return (Number(name, value) for name, value in observed_facts(run, _edge(run.result.days)))


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
    _totals, _prices, _climb, _spend_effects, _elasticities, _posted, _shares, _rivals, _uses, _retention, _latency,
    _supply, _observed,
)
