"""Markets in which hosts of the pool of entry surely come in and sell, for `tests/house/all_fields.py`.

GPUs cost next to nothing and the only firm keeps to the list price, so that whoever undercuts it has most of the demand
from the second day on; every request is simulated.
"""

from collections.abc import Mapping
from typing import Any, Final

from worlds.small_markets import merged

MODEL: Final = "llama-3.3-70b"
POOL: Final = {
    "types": 3, "familiar_share": 1.0, "first_look_day": 1, "demand_days": 1, "looks_per_month": 300.0,
    "firm_usd": 0.01, "listing_usd": 0.01, "overhead_usd_per_day": 0.01, "gpus": ["h200-sxm"],
    "expected_entry_share": 0.0, "max_replicas": 2,
}
LISTED: Final = {"pricing": {"kind": "constant", "anchor": "list"}}
# of which the weights leave so little that some five requests fill it
SMALL_GPU: Final = {"gpus": {"h200-sxm": {"like": "h200-sxm", "memory_gb": 84.0}}}


def newcomer_worlds(base: Mapping[str, Any], hard: Mapping[str, Any], network: Mapping[str, Any]) -> list[
        tuple[str, str, dict[str, Any]]]:
    """Patterns of fields of entry, the name of a world, and the whole of its settings.

    Parameters
    ----------
    base
        A market in full resolution with the firms atlas, boreal, citrus and openai.
    hard
        Faults, engine and limits that a host feels.
    network
        Regions and links.
    """
    market = merged(base, {
        "horizon": {"days": 3}, "models": {"catalogue": {"include": [MODEL]}},
        "supply": {"entry": POOL, "gpu_prices": {"kind": "constant", "h100_usd_per_hour": 0.01},
                   "firms": {"atlas": LISTED, "boreal": None, "citrus": None, "openai": None}}})
    entry = lambda **more: merged(market, {"supply": {"entry": more}})  # noqa: E731
    rates = {"requests_per_min": 20, "tokens_per_min": 100_000}
    keen = {"engine": {"max_batch": 64, "max_step_tokens": 8192, "reserve": "share"}}
    firm = {"pools": [{"gpu": "h200-sxm", "count": 2}], "limits": {
        "queue": 64, "requests_per_min": None, "tokens_per_min": None}}
    small = merged(market, SMALL_GPU | {
        "horizon": {"days": 2}, "customers": {"requests_per_s": 4.0},
        "supply": {"shelf": {"concurrency": 1}, "entry": keen, "firms": {"atlas": keen | firm}}})
    preempting = {"supply": {"entry": {"engine": {"reserve": "nothing"}}}}
    hosted = {"engine": {"reserve": "nothing", "prefix_cache": True, "host_cache": {
        "tokens": 20_000, "tokens_per_s": 2000.0}}}
    return [
        (r"supply\.entry\.(faults|engine|limits|max_replicas)", "newcomers who sell", entry(**hard)),
        (r"supply\.entry\.limits", "newcomers with limits", entry(**merged(hard, {"limits": rates}))),
        (r"supply\.(entry\.engine\.reserve|(entry|firms\.\*)\.engine\.first)", "sellers short of memory", small),
        (r"supply\.entry\.engine\.preempt", "newcomers who preempt", merged(small, preempting)),
        (r"supply\.(entry|firms\.\*)\.engine\.host_cache\..*", "sellers with host memory", merged(
            small, {"supply": {"entry": hosted, "firms": {"atlas": hosted}}})),
        (r"supply\.entry\.regions", "newcomers far away", merged(market, {"network": network})),
    ]
