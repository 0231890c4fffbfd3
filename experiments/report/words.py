"""What metrics are called in tables, and in which unit they are shown."""

from typing import Final, NamedTuple


class Shown(NamedTuple):
    """How a metric is shown: heading, unit, factor on the stored value, and whether a short table has it."""

    head: str
    unit: str
    factor: float = 1.0
    short: bool = True


METRICS: Final[dict[str, Shown]] = {
    "cost_usd_per_mtok": Shown("cost", "USD per Mtok"),
    "paid_usd_per_mtok": Shown("paid", "USD per Mtok", short=False),
    "ttft_p50_s": Shown("TTFT p50", "ms", 1e3),
    "ttft_p90_s": Shown("TTFT p90", "s", short=False),
    "ttft_p99_s": Shown("TTFT p99", "s"),
    "tpot_p50_s": Shown("TPOT p50", "ms", 1e3),
    "tpot_p90_s": Shown("TPOT p90", "ms", 1e3, short=False),
    "tpot_p99_s": Shown("TPOT p99", "ms", 1e3, short=False),
    "e2e_p50_s": Shown("E2E p50", "s", short=False),
    "e2e_p90_s": Shown("E2E p90", "s", short=False),
    "e2e_p99_s": Shown("E2E p99", "s"),
    "goodput_per_s": Shown("goodput", "requests/s"),
    "good_share": Shown("within SLOs", "%", 100.0, short=False),
    "completion_share": Shown("completed", "%", 100.0),
    "refused_share": Shown("refused", "%", 100.0, short=False),
    "failed_share": Shown("failed", "%", 100.0, short=False),
    "abandoned_share": Shown("abandoned", "%", 100.0, short=False),
    "timed_out_share": Shown("timed out", "%", 100.0, short=False),
    "attempts_per_request": Shown("attempts", "per request"),
    "utilisation": Shown("replicas busy", "%", 100.0),
    "hhi": Shown("HHI", "0 to 1"),
    "revenue_usd": Shown("revenue", "USD", short=False),
    "fee_usd": Shown("fees", "USD", short=False),
    "requests": Shown("requests", "measured", short=False),
    "size_b": Shown("model size", "billion parameters"),
    "quality": Shown("model quality", "0 to 1"),
    "tokens_per_day": Shown("tokens", "billion a day", 1e-9),
    "spend_usd_per_day": Shown("spend", "1000 USD a day", 1e-3),
    "completed_share": Shown("completed", "%", 100.0),
    "effect_price_usd_per_day": Shown("spend, by price", "1000 USD a day", 1e-3),
    "effect_volume_usd_per_day": Shown("spend, by volume", "1000 USD a day", 1e-3),
    "effect_mix_usd_per_day": Shown("spend, by mix", "1000 USD a day", 1e-3),
}
CLIMB: Final = ("size_b", "quality", "paid_usd_per_mtok", "tokens_per_day", "spend_usd_per_day", "completed_share",
                "effect_price_usd_per_day", "effect_volume_usd_per_day", "effect_mix_usd_per_day")
ABBREVIATIONS: Final = (
    "Mtok: a million tokens. TTFT: time to first token; TPOT: time per output token after the first; E2E: from "
    "request to last token; p50 and p99: median and 99th percentile over completed requests. Goodput: requests "
    "completed within both SLOs. HHI: sum of squared shares of providers, 1 for a monopoly.")


def shown(metric: str, unit: str) -> Shown:
    """Return how a metric is shown; one that nobody has described keeps its name and its unit.

    Examples
    --------
    >>> shown("completion_share", "1").unit
    '%'
    >>> shown("my_metric", "1")
    Shown(head='my metric', unit='', factor=1.0, short=True)
    """
    if metric in METRICS:
        return METRICS[metric]
    return Shown(metric.replace("share:", "share of ").replace("_", " "), "" if unit == "1" else unit,
                 short=not metric.startswith("share:"))
