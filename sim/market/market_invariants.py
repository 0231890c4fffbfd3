"""What must hold after every run of a market, besides the invariants of its traffic."""

from collections.abc import Callable
from itertools import pairwise
from typing import Final

import numpy as np

from sim.engines.outcome import COST_NANO, REVENUE_NANO, TrafficOutcome
from sim.errors import InvariantError
from sim.market.accounts import CLEARING, FREE_VARIANTS
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
    for account, left in result.ledger.balances.items():
        if account.purpose == CLEARING.purpose and left != 0:
            return f"the router {account.owner} keeps {left} nano-dollars of providers' money"
    return ""


def _payments_are_revenue_and_fees(result: MarketResult, outcome: TrafficOutcome) -> str:
    # the same sum from three sides (books, days of offers, days of workloads): a day left out shows in one only
    paid = -result.ledger.balance("customer") - result.ledger.balance("router", None, FREE_VARIANTS.purpose)
    revenue = sum(int(day.revenue_nano.sum()) for day in result.offer_days)
    fees = sum(int(day.fee_nano.sum()) for day in result.workload_days)
    bills = sum(int(day.cost_nano.sum()) for day in result.workload_days)
    if paid != revenue + fees:
        return (f"customers, and the router for free variants, paid {paid}, providers received {revenue} and the "
                f"router {fees} nano-dollars")
    if revenue != bills:
        return f"the days' revenue is {revenue}, customers' bills are {bills} nano-dollars"
    return ""


def _days_are_the_traffic(result: MarketResult, outcome: TrafficOutcome) -> str:
    if not result.full:
        return ""  # of which only samples were simulated
    revenue = sum(int(day.revenue_nano.sum()) for day in result.offer_days)
    engine = int(outcome.offer_sums[:, :, REVENUE_NANO].sum())
    cost = int(outcome.class_sums[:, :, COST_NANO].sum())
    if not revenue == engine == cost:
        return f"the days' revenue is {revenue}, the engine's {engine}, its customers' bills {cost} nano-dollars"
    return ""


def _sold_is_bought(result: MarketResult, _: TrafficOutcome) -> str:
    pairs = (("served", "completed"), ("prompt_tokens", "prompt_tokens"), ("output_tokens", "output_tokens"))
    for number, (sold, bought) in enumerate(zip(result.offer_days, result.workload_days, strict=True)):
        for offers, workloads in pairs:
            a, b = int(getattr(sold, offers).sum()), int(getattr(bought, workloads).sum())
            if a != b:
                return f"on day {number} offers' {offers} are {a}, workloads' {workloads} {b}"
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
    "days = traffic": _days_are_the_traffic,
    "sold = bought": _sold_is_bought,
    "GPUs placed and training <= GPUs there": _gpus_exist,
    "listed = has replicas": _listed_have_replicas,
    "events in order of time": _in_time_order,
}
