"""How large a market is: who sells what at its end, how much is asked for by month, and what a request is like."""

from typing import NamedTuple

import numpy as np

from experiments.measures.market.panel import by_group, offer_series, ratio, workload_series
from experiments.measures.market.price_series import usd_per_mtok
from experiments.measures.market.run import Run
from sim.units import DAYS_PER_WEEK

SATURDAY = 5  # of Python's weekdays


class OnOffer(NamedTuple):
    """What is on offer at a day's end, means over days; nan without days.

    Attributes
    ----------
    providers
        Providers that list a model.
    models_listed, offers
        Models that somebody lists, and offers of them.
    open_models_with_four_providers
        Open models that four providers or more list.
    closed_sellers_max
        Most providers of a closed model; 0 without closed models.
    """

    providers: float
    models_listed: float
    offers: float
    open_models_with_four_providers: float
    closed_sellers_max: float


class RequestSize(NamedTuple):
    """What a completed request is like; nan without requests.

    Attributes
    ----------
    prompt_tokens, output_tokens
        Means over requests.
    cached_share
        Share of prompt tokens that were billed as cached.
    prompt_p25, prompt_p50, prompt_p75
        Quantiles over models that sold of the mean prompt of each.
    """

    prompt_tokens: float
    output_tokens: float
    cached_share: float
    prompt_p25: float
    prompt_p50: float
    prompt_p75: float


def on_offer(listed: np.ndarray, provider: np.ndarray, offer_model: np.ndarray, open_model: np.ndarray) -> OnOffer:
    """Count providers, models and offers.

    Parameters
    ----------
    listed
        bool (days, offers).
    provider, offer_model
        int64 (offers,).
    open_model
        bool (models,).
    """
    days = []
    for row in listed:
        pairs = np.unique(np.stack([offer_model[row], provider[row]]), axis=1)
        sellers = np.bincount(pairs[0], minlength=len(open_model))
        closed = sellers[~open_model]
        days.append((len(np.unique(pairs[1])), (sellers > 0).sum(), row.sum(), (sellers[open_model] >= 4).sum(),
                     closed.max(initial=0)))
    return OnOffer(*(np.mean(days, axis=0).tolist() if days else [np.nan] * len(OnOffer._fields)))


def request_size(run: Run, last: int) -> RequestSize:
    """Say what completed requests of the last days are like."""
    result = run.result
    prompt, served, cached, output = (offer_series(result, name)[-last:].sum(axis=0) for name in (
        "prompt_tokens", "served", "cached_tokens", "output_tokens"))
    models = len(result.models)
    each = ratio(by_group(prompt, result.offer_model, models), by_group(served, result.offer_model, models))
    sold = each[np.isfinite(each)]
    quantiles = np.quantile(sold, (0.25, 0.5, 0.75)) if len(sold) else np.full(3, np.nan)
    means = (ratio(prompt.sum(), served.sum()), ratio(output.sum(), served.sum()), ratio(cached.sum(), prompt.sum()))
    return RequestSize(*(float(value) for value in (*means, *quantiles)))


def tokens_per_day(run: Run, month: int) -> float:
    """Tokens a day of the n-th calendar month of a run, counted from 1; nan if it has none."""
    return float(run.tokens[_days(run, month)].sum(axis=1).mean()) if month <= len(run.months) else np.nan


def price_of_month(run: Run, month: int) -> float:
    """USD paid for a million tokens, fees excluded, in the n-th calendar month, counted from 1; nan if it has none."""
    if month > len(run.months):
        return np.nan
    days = _days(run, month)
    paid = workload_series(run.result, "cost_nano")[days].sum()
    return float(usd_per_mtok(np.array(paid), np.array(run.tokens[days].sum())))


def _days(run: Run, month: int) -> np.ndarray:
    return np.asarray(run.months.of_day == month - 1)


def weekend_requests(born: np.ndarray, weekday: int) -> float:
    """Requests of a weekend's day over those of a weekday around it, geometric mean over weekends; nan without any.

    Parameters
    ----------
    born
        (days,): requests of all.
    weekday
        Of the first day, 0 for Monday. Weekends count that have five weekdays before and after them.
    """
    first = (SATURDAY - weekday) % DAYS_PER_WEEK
    found = []
    for saturday in range(first, len(born) - 6, DAYS_PER_WEEK):
        if saturday < 5:
            continue
        before, weekend, after = (born[a:b].mean() for a, b in (
            (saturday - 5, saturday), (saturday, saturday + 2), (saturday + 2, saturday + 7)))
        if min(before, weekend, after) > 0:
            found.append(np.log(weekend) - (np.log(before) + np.log(after)) / 2)
    return float(np.exp(np.mean(found))) if found else np.nan
