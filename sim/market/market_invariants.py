"""What must hold after every run of a market, besides the invariants of its traffic."""

from collections.abc import Callable
from itertools import pairwise
from typing import Final

import numpy as np

from sim.engines.outcome import COST_NANO, REVENUE_NANO, TrafficOutcome
from sim.errors import InvariantError
from sim.market.accounts import CLEARING
from sim.market.result import MarketResult


def check_market(result: MarketResult, outcome: TrafficOutcome) -> None:
    """Fail if the run broke an invariant of the market.

    Raises
    ------
    InvariantError
        The first one broken, by name.
    """
    for name, holds in CHECKS.items():
        problem = holds(result, outcome)
        if problem:
            raise InvariantError(f"invariant {name!r} is broken: {problem}")


def _books_close(result: MarketResult, _: TrafficOutcome) -> str:
    total = sum(result.ledger.balances.values())
    return "" if total == 0 else f"the balances of all accounts add up to {total} nano-dollars, not 0"


def _clearing_is_empty(result: MarketResult, _: TrafficOutcome) -> str:
    left = result.ledger.balances[CLEARING]
    return "" if left == 0 else f"the router keeps {left} nano-dollars of providers' money"


def _payments_are_revenue_and_fees(result: MarketResult, outcome: TrafficOutcome) -> str:
    # the same sum from three sides (books, days, the engine's own counters): a day left out or a scale forgotten shows
    # in one of them only
    paid = -result.ledger.balance("customer")
    revenue = sum(int(day.revenue_nano.sum()) for day in result.offer_days)
    fees = sum(int(day.fee_nano.sum()) for day in result.workload_days)
    engine = int(outcome.offer_sums[:, :, REVENUE_NANO].sum()) * result.scale
    cost = int(outcome.class_sums[:, :, COST_NANO].sum()) * result.scale
    if paid != revenue + fees:
        return f"customers paid {paid}, providers received {revenue} and the router {fees} nano-dollars"
    if not revenue == engine == cost:
        return f"the days' revenue is {revenue}, the engine's {engine}, customers' bills {cost} nano-dollars"
    return ""


def _gpus_exist(result: MarketResult, _: TrafficOutcome) -> str:
    for row in result.pool_days:
        if row.placed + row.training > row.owned + row.rented:
            return (f"on day {row.day} {row.provider} has {row.placed} GPUs of {row.gpu} placed and {row.training} "
                    f"training, of {row.owned + row.rented}")
    return ""


def _listed_have_replicas(result: MarketResult, _: TrafficOutcome) -> str:
    wrong = np.argwhere(result.listed_daily != (result.replicas_daily > 0))
    if len(wrong):
        day, offer = wrong[0]
        return f"offer {result.offers[offer].name} is listed without replicas, or hidden with some, on day {day}"
    return ""


def _in_time_order(result: MarketResult, _: TrafficOutcome) -> str:
    for name in ("price_changes", "listing_changes", "switches"):
        times = [event.time_s for event in getattr(result, name)]
        if any(b < a for a, b in pairwise(times)):
            return f"{name} are not in order of time"
    return ""


CHECKS: Final[dict[str, Callable[[MarketResult, TrafficOutcome], str]]] = {
    "all accounts add up to zero": _books_close,
    "the router passes everything on": _clearing_is_empty,
    "payments = revenue + fees": _payments_are_revenue_and_fees,
    "GPUs placed and training <= GPUs there": _gpus_exist,
    "listed = has replicas": _listed_have_replicas,
    "events in order of time": _in_time_order,
}
