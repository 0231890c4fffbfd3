"""What an engine counted, of all marketplaces together and of one: a workload is a class at each of them."""

import numpy as np

from sim.engines.outcome import SERVED_FOR, Tally
from sim.market.marketplaces.marketplace_days import MarketplacePart
from sim.market.usage import OfferDay, WorkloadDay

LEAST_PART = 1e-4  # of an offer's counts go to each marketplace: what a request does there is known to all


def together(counted: Tally, workloads: int) -> Tally:
    """Return counters by workload, all marketplaces added up.

    Parameters
    ----------
    counted
        By class: the workloads at the first marketplace, at the second, and so on.
    workloads
        How many there are.
    """
    if len(counted.born) == workloads:
        return counted
    return counted._replace(**{name: _by_marketplace(getattr(counted, name), workloads).sum(axis=0)
                               for name in ("born", "outcomes", "class_sums", "class_metric_sums")})


def of_one(counted: Tally, marketplace: int, workloads: int) -> Tally:
    """Return counters of one marketplace: its classes, and its part of what was counted at offers.

    An offer's attempts, tokens and work are taken to be divided as the requests are that it completed.
    """
    own = {name: _by_marketplace(getattr(counted, name), workloads)[marketplace]
           for name in ("born", "outcomes", "class_sums", "class_metric_sums")}
    served = counted.router_sums[:, :, SERVED_FOR]
    total = served.sum(axis=1)
    part = np.where(total > 0, served[:, marketplace] / np.maximum(total, 1), 1.0 / served.shape[1])
    part = np.maximum(part, LEAST_PART)
    return counted._replace(**own, offer_sums=counted.offer_sums * part[:, None, None],
                            offer_work=counted.offer_work * part[:, None])


def _by_marketplace(values: np.ndarray, workloads: int) -> np.ndarray:
    return values.reshape(-1, workloads, *values.shape[1:])


def offers_together(days: list[OfferDay], quantiles_s: np.ndarray) -> OfferDay:
    """Return the day of all offers over all marketplaces.

    Parameters
    ----------
    days
        One a marketplace.
    quantiles_s
        (offers, 2, quantiles): of TTFT and TPOT, measured over all of them.
    """
    summed = {name: np.sum([getattr(day, name) for day in days], axis=0) for name in (
        "placed", "served", "refused", "failed", "abandoned", "queue_full", "prompt_tokens", "output_tokens",
        "revenue_nano", "cut", "written_off_nano", "cached_tokens", "by_rule", "rate_limited", "too_long")}
    busy = np.minimum(np.sum([day.busy_share for day in days], axis=0), 1.0)
    return OfferDay(**summed, busy_share=busy, ttft_s=quantiles_s[:, 0].copy(), tpot_s=quantiles_s[:, 1].copy(),
                    by_marketplace=np.stack([day.served for day in days], axis=1))


def workloads_together(parts: list[MarketplacePart]) -> WorkloadDay:
    """Return the day of all workloads over all marketplaces, fees included."""
    days = [part.workloads for part in parts]
    summed = {name: np.sum([getattr(day, name) for day in days], axis=0) for name in (
        "born", "completed", "prompt_tokens", "output_tokens", "cost_nano", "fee_nano", "cut")}
    with np.errstate(divide="ignore", invalid="ignore"):
        waits = {name: np.sum([np.nan_to_num(getattr(day, name)) * day.completed for day in days], axis=0)
                 / summed["completed"] for name in ("e2e_s", "ttft_s")}
    return WorkloadDay(model=days[0].model, planned_tokens=days[0].planned_tokens, **summed, **waits)
