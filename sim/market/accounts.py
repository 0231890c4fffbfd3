"""The end of an accounting day: counters become days of offers and workloads, and entries in the books."""

from functools import lru_cache
from typing import Final

import numpy as np

from sim.engines import outcome
from sim.engines.outcome import Tally
from sim.engines.wanted import RULES
from sim.market.customers.population import Population
from sim.market.ledger import Account, Ledger
from sim.market.usage import OfferDay, WorkloadDay
from sim.scenario.market_scenario import Fees
from sim.units import DAY_S, DAYS_PER_MONTH

CLEARING: Final = Account("router", "main", "clearing")
FREE_VARIANTS: Final = Account("router", "main", "free variants")  # from which it pays the sellers of free requests
FEE_INCOME: Final = Account("router", "main", "fees")
# sums of an offer whose attempts it refused, and failed; a router rests an offer for fewer reasons
REFUSED_ATTEMPTS: Final = tuple(outcome.OFFER_SUMS.index(name) for name in ("rate_limited", "queue_full", "too_long"))
RATE_LIMITED, QUEUE_FULL, TOO_LONG = REFUSED_ATTEMPTS
FAILED_ATTEMPTS: Final = tuple(
    outcome.OFFER_SUMS.index(name) for name in ("outage", "server_error", "midstream", "attempt_timed_out"))


def difference(after: Tally, before: Tally) -> Tally:
    """What was counted between two looks."""
    # the engine's counters only grow, so that a look never disturbs them: a day is a difference
    return Tally(*(b - a for a, b in zip(before, after, strict=True)))


def offer_day(tally: Tally, replicas: np.ndarray, quantiles: np.ndarray) -> OfferDay:
    """Return one day of all offers as it was counted; ``quantiles`` are (offers, 2, quantiles) of TTFT and TPOT."""
    sums = tally.offer_sums.sum(axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        busy = tally.offer_work[:, outcome.BUSY_S] / (replicas * float(DAY_S))
    return OfferDay(
        placed=sums[:, outcome.PLACED],
        served=sums[:, outcome.SERVED],
        refused=sums[:, REFUSED_ATTEMPTS].sum(axis=1),
        failed=sums[:, FAILED_ATTEMPTS].sum(axis=1),
        abandoned=sums[:, outcome.CANCELLED],
        queue_full=sums[:, QUEUE_FULL],
        prompt_tokens=sums[:, outcome.SERVED_PROMPT],
        output_tokens=sums[:, outcome.SERVED_OUTPUT],
        revenue_nano=sums[:, outcome.REVENUE_NANO],
        # at most 1: `replicas` are those of the day's end, and an offer that shrank was busy with more
        busy_share=np.where(replicas > 0, np.minimum(np.nan_to_num(busy), 1.0), 0.0),
        cut=sums[:, outcome.SERVED_CUT],
        written_off_nano=sums[:, outcome.WRITTEN_OFF_NANO],
        cached_tokens=sums[:, outcome.SERVED_CACHED],
        rate_limited=sums[:, RATE_LIMITED],
        too_long=sums[:, TOO_LONG],
        ttft_s=quantiles[:, 0],
        tpot_s=quantiles[:, 1],
        by_rule=sales_by_rule(sums),
    )


def sales_by_rule(sums: np.ndarray) -> np.ndarray:
    """Return completed requests by the rule that placed them, (offers, rules), of counters (offers, ``OFFER_SUMS``)."""
    named = sums[:, outcome.BY_RULE + 1:outcome.BY_RULE + len(RULES)]
    return np.column_stack([sums[:, outcome.SERVED] - named.sum(axis=1), named])


def workload_day(tally: Tally, model: np.ndarray, planned_tokens: np.ndarray) -> WorkloadDay:
    """Return one day of all workloads as it was counted, before fees, which depend on it."""
    sums = tally.class_sums.sum(axis=1)
    completed = tally.outcomes[:, :, outcome.COMPLETED].sum(axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        ttft_s, e2e_s = (tally.class_metric_sums[:, m] / completed for m in (outcome.TTFT, outcome.E2E))
    return WorkloadDay(
        model=model.copy(),
        planned_tokens=planned_tokens,
        born=tally.born.sum(axis=1),
        completed=completed,
        prompt_tokens=sums[:, outcome.PROMPT_TOKENS],
        output_tokens=sums[:, outcome.OUTPUT_TOKENS],
        cost_nano=sums[:, outcome.COST_NANO],
        fee_nano=np.zeros(len(model), np.int64),
        e2e_s=e2e_s,
        ttft_s=ttft_s,
        cut=sums[:, outcome.CUT],
    )


class RouterFees:
    """The router's fees: a share of what requests cost; with an own key, only beyond the month's free requests.

    Parameters
    ----------
    fees
        The rates.
    population
        Who brings a key; the free requests are a customer's, shared by its workloads in their order.
    """

    def __init__(self, fees: Fees, population: Population) -> None:
        self._fees, self._population = fees, population
        self._used = np.zeros(len(population.customer_names), np.int64)

    def of_day(self, day: int, completed: np.ndarray, cost_nano: np.ndarray) -> np.ndarray:
        """Fees of one day, int64 (workloads,) nano-dollars, rounded half up; a month is a twelfth of a year."""
        if day % DAYS_PER_MONTH < 1:  # the first day of a month, which has 30 or 31
            self._used[:] = 0
        byok = self._population.byok
        share = np.where(byok, self._fees.own_key_share, self._fees.credit_share) * ~self._population.free
        charged = np.where(byok, self._charged_share(completed), 1.0)
        return np.asarray(np.floor(cost_nano * share * charged + 0.5).astype(np.int64))

    def _charged_share(self, completed: np.ndarray) -> np.ndarray:
        """Share of each workload's requests that lies beyond its customer's free ones."""
        customer = self._population.customer
        before = self._used[customer] + _earlier_of_same(customer, completed)
        free = np.clip(self._fees.own_key_free_requests - before, 0, completed)
        np.add.at(self._used, customer, completed)
        return np.asarray(1.0 - free / np.maximum(completed, 1))


def _earlier_of_same(group: np.ndarray, values: np.ndarray) -> np.ndarray:
    """For each row, the sum of the values of earlier rows of its group."""
    order = np.argsort(group, kind="stable")
    running = np.cumsum(values[order]) - values[order]
    starts = np.flatnonzero(np.concatenate(([True], np.diff(group[order]) != 0)))
    sizes = np.diff(np.concatenate((starts, [len(group)])))
    result = np.empty(len(group), np.int64)
    result[order] = running - np.repeat(running[starts], sizes)
    return result


@lru_cache(maxsize=1)  # of the market that runs: the next one has customers of its own
def _payers(names: tuple[str, ...]) -> list[Account]:
    """The accounts from which customers pay."""
    return [Account("customer", name, "inference") for name in names]


def book_day(ledger: Ledger, day: int, population: Population, workloads: WorkloadDay,
             revenue: dict[str, int], router: str = "main") -> None:
    """Book one day: customers pay a router, which passes the providers' prices on and keeps its fee.

    Of free variants the router pays the prices itself.
    """
    clearing, fees, free = (account._replace(owner=router) for account in (CLEARING, FEE_INCOME, FREE_VARIANTS))
    count = len(population.customer_names)
    cost, fee = np.zeros(count, np.int64), np.zeros(count, np.int64)
    np.add.at(cost, population.customer, np.where(population.free, 0, workloads.cost_nano))
    ledger.pay(day, free, clearing, int(workloads.cost_nano[population.free].sum()))
    np.add.at(fee, population.customer, workloads.fee_nano)
    payers = _payers(population.customer_names)
    for row in np.flatnonzero(cost + fee).tolist():  # hardly half of all that may ever come buy on a day
        ledger.pay(day, payers[row], clearing, int(cost[row]))
        ledger.pay(day, payers[row], fees, int(fee[row]))
    for provider, nano in revenue.items():
        ledger.pay(day, clearing, Account("provider", provider, "cash"), nano)
