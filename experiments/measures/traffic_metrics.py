"""The numbers by which policies are compared, computed from the counters of one run."""

import math
from typing import Final

import numpy as np

from sim.engines import outcome as o
from sim.engines.outcome import TrafficOutcome
from sim.engines.world import NANO_PER_USD
from sim.histogram import FINE_BITS, quantile

UNITS: Final[dict[str, str]] = {
    "cost_usd_per_mtok": "USD/Mtok",  # charged at posted prices, per token (prompt and output) completed
    "paid_usd_per_mtok": "USD/Mtok",  # the same with the router's fee
    "ttft_p50_s": "s",
    "ttft_p90_s": "s",
    "ttft_p99_s": "s",
    "tpot_p50_s": "s",
    "tpot_p90_s": "s",
    "tpot_p99_s": "s",
    "e2e_p50_s": "s",
    "e2e_p90_s": "s",
    "e2e_p99_s": "s",
    "goodput_per_s": "requests/s",  # completed within both SLOs
    "good_share": "1",  # of all measured requests
    "completion_share": "1",
    "refused_share": "1",
    "failed_share": "1",
    "abandoned_share": "1",
    "timed_out_share": "1",
    "attempts_per_request": "attempts",
    "utilisation": "1",  # share of replica time spent in steps, over active replicas and the measured window
    "revenue_usd": "USD",  # of all providers, from measured requests
    "fee_usd": "USD",
    "hhi": "1",  # Herfindahl index of the providers' shares of served tokens
    "requests": "requests",  # measured requests
}
SHARE_PREFIX: Final = "share:"  # share:PROVIDER is that provider's share of served tokens


def unit_of(metric: str) -> str:
    """Return the unit of a metric, provider shares included."""
    return "1" if metric.startswith(SHARE_PREFIX) else UNITS[metric]


def metrics(run: TrafficOutcome) -> dict[str, float]:
    """Return every metric of a run's measured requests, NaN where nothing was measured.

    Returns
    -------
    dict[str, float]
        The keys of `UNITS` in order, then ``share:PROVIDER`` in the scenario's order.
    """
    values = {**_money(run), **_latency(run), **_reliability(run), **_market(run)}
    ordered = {name: values[name] for name in UNITS}
    return {**ordered, **_shares(run)}


def provider_tokens(run: TrafficOutcome) -> dict[str, int]:
    """Return the prompt and output tokens that each provider served to measured requests."""
    served = run.offer_sums[:, o.MEASURED, [o.SERVED_PROMPT, o.SERVED_OUTPUT]].sum(axis=1)
    tokens = dict.fromkeys(run.world.scenario.providers, 0)
    for offer, count in zip(run.world.offers, served, strict=True):
        tokens[offer.provider] += int(count)
    return tokens


def _money(run: TrafficOutcome) -> dict[str, float]:
    total = run.class_sums[:, o.MEASURED].sum(axis=0)
    tokens = float(total[o.PROMPT_TOKENS] + total[o.OUTPUT_TOKENS])
    return {
        "cost_usd_per_mtok": _ratio(total[o.COST_NANO] / 1e3, tokens),  # nano-dollars a token are mUSD/Mtok
        "paid_usd_per_mtok": _ratio(total[o.PAID_NANO] / 1e3, tokens),
        "revenue_usd": float(total[o.COST_NANO]) / NANO_PER_USD,
        "fee_usd": float(total[o.FEE_NANO]) / NANO_PER_USD,
    }


def _latency(run: TrafficOutcome) -> dict[str, float]:
    histograms = np.ascontiguousarray(run.class_hist.sum(axis=0))
    return {
        f"{name}_p{percent}_s": float(quantile(histograms[index], percent / 100, FINE_BITS))
        for index, name in enumerate(o.METRICS)
        for percent in (50, 90, 99)
    }


def _reliability(run: TrafficOutcome) -> dict[str, float]:
    born = float(run.born[:, o.MEASURED].sum())
    ended = run.outcomes[:, o.MEASURED].sum(axis=0)
    total = run.class_sums[:, o.MEASURED].sum(axis=0)
    traffic = run.world.scenario.traffic
    good = float(total[o.GOOD])
    return {
        "requests": born,
        "completion_share": _ratio(ended[o.COMPLETED], born),
        "refused_share": _ratio(ended[o.REFUSED], born),
        "failed_share": _ratio(ended[o.FAILED], born),
        "abandoned_share": _ratio(ended[o.ABANDONED], born),
        "timed_out_share": _ratio(ended[o.TIMED_OUT], born),
        "attempts_per_request": _ratio(total[o.ATTEMPTS], born),
        "good_share": _ratio(good, born),
        "goodput_per_s": good / (traffic.duration_s - traffic.warmup_s),
    }


def _market(run: TrafficOutcome) -> dict[str, float]:
    return {
        "utilisation": _ratio(run.offer_work[:, o.BUSY_S].sum(), run.replica_s.sum()),
        "hhi": math.fsum(share * share for share in _shares(run).values()),
    }


def _shares(run: TrafficOutcome) -> dict[str, float]:
    tokens = provider_tokens(run)
    total = float(sum(tokens.values()))
    return {f"{SHARE_PREFIX}{provider}": _ratio(count, total) for provider, count in tokens.items()}


def _ratio(a: float, b: float) -> float:
    return float(a) / b if b > 0 else math.nan
