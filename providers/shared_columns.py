"""What offers of traffic and of markets have alike: settings of engines, limits and faults as columns of an offer.

In one place, so that no setting of an engine is read in one kind of scenario and silently ignored in the other.
"""

from typing import Any

from sim.engines.kept_room import RESERVES
from sim.scenario.provider_settings import Engine, Faults, Limits


def engine_columns(engine: Engine) -> dict[str, Any]:
    """Return the columns of an ``OfferSpec`` that an engine's settings decide by themselves."""
    rules, host = engine.rules, engine.host_cache
    return {
        "max_batch": engine.max_batch, "max_step_tokens": engine.max_step_tokens,
        "block_tokens": engine.block_tokens if engine.prefix_cache else 0,
        "host_tokens": 0 if host is None else host.tokens,
        "host_token_s": 0.0 if host is None else 1.0 / host.tokens_per_s,
        "finds_prefix": engine.repeats == "found",
        "reserve": RESERVES.index(rules.reserve), "first_share": engine.first_share,
        "preempts_shortest": rules.preempt == "shortest", "prefills_first": rules.prefill == "first",
    }


def limit_columns(limits: Limits) -> dict[str, Any]:
    """Return the columns that limits decide, but for the context, which hardware limits, too."""
    # the engine's tables hold whole numbers: 0 is no limit of a rate, -1 none of a queue, whose limit may be 0
    return {
        "requests_per_min": limits.requests_per_min or 0, "tokens_per_min": limits.tokens_per_min or 0,
        "requests_per_day": limits.requests_per_day or 0, "tokens_per_day": limits.tokens_per_day or 0,
        "by_minute": limits.refill == "minute", "per_customer": limits.per == "customer",
        "queue": -1 if limits.queue is None else limits.queue,
    }


def fault_columns(faults: Faults) -> dict[str, Any]:
    """Return the columns of faults that befall single requests; outages are the calendar's."""
    return {
        "fast_failure_share": faults.fast_failure_share, "fast_failure_s": faults.fast_failure_s,
        "midstream_share": faults.midstream_share,
    }
