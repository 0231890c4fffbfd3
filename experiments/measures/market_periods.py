"""Tables of a run week by week, for those who want to see it move; and the facts of its models."""

from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from experiments.measures.market import shares
from experiments.measures.market.panel import (
    NANO_PER_USD,
    by_group,
    by_period,
    index_of,
    offer_series,
    offer_tokens,
    ratio,
    workload_series,
)
from experiments.measures.market.price_series import blended_usd, constant_quality_index, paid_usd, same_model_index
from experiments.measures.market.providers import fleet
from sim.market.models.model import TASKS
from sim.market.result import MarketResult
from sim.units import DAY_S, NANO_PER_USD_PER_MTOK

if TYPE_CHECKING:
    from collections.abc import Sequence

WEEK: Final = 7
DAILY_UP_TO: Final = 8 * WEEK  # runs of at most so many days are told day by day


class Periods:
    """The weeks of a run (days, if it is short), counted from its first day; the last may be shorter.

    Attributes
    ----------
    first
        int64 (periods,): the first day of each.
    of_day
        int64 (days,): the period of each day.
    days
        int64 (periods,): days of each.
    """

    def __init__(self, result: MarketResult) -> None:
        length = 1 if result.days <= DAILY_UP_TO else WEEK
        self.of_day = np.arange(result.days) // length
        self.first = np.arange(0, result.days, length)
        self.days = np.bincount(self.of_day, minlength=len(self.first))
        self._dates = [(result.start + timedelta(days=int(day))).isoformat() for day in self.first]

    def __len__(self) -> int:
        return len(self.first)

    @property
    def last(self) -> np.ndarray:
        """The last day of each period."""
        return self.first + self.days - 1

    def add(self, values: np.ndarray) -> np.ndarray:
        """Sum days to periods."""
        return by_period(values, self.of_day, len(self))

    def count(self, times_s: "Sequence[float]") -> np.ndarray:
        """Count events; one at the very end belongs to the last period."""
        day = np.minimum((np.array(times_s) // DAY_S).astype(np.int64), len(self.of_day) - 1)
        return np.bincount(self.of_day[day], minlength=len(self))

    def columns(self, rows: np.ndarray | None = None) -> dict[str, Any]:
        """First day, its date and the number of days: of every period, or of those in ``rows``."""
        chosen = np.arange(len(self)) if rows is None else rows
        return {"day": self.first[chosen], "date": np.array(self._dates, object)[chosen], "days": self.days[chosen]}


def period_market(result: MarketResult) -> dict[str, Any]:
    """Return the columns of ``period_market``: amounts of each period, indices and counts on its last day."""
    periods, listed = Periods(result), result.listed_daily
    price = blended_usd(result.prices_daily)
    quality = result.models.quality.mean(axis=0)[result.offer_model]
    total = {name: periods.add(workload_series(result, name)).sum(axis=1)
             for name in ("born", "completed", "prompt_tokens", "output_tokens", "cost_nano")}
    tokens = total["prompt_tokens"] + total["output_tokens"]
    moved = [it.time_s for it in result.price_changes if it.reason != "launch"]
    return periods.columns() | {
        "requests": total["born"], "completed_share": ratio(total["completed"], total["born"]), "tokens": tokens,
        "spend_usd": total["cost_nano"] / NANO_PER_USD, "paid_usd_per_mtok": paid_usd(total["cost_nano"], tokens),
        "constant_quality_index": constant_quality_index(price, listed, quality)[periods.last],
        "same_model_index": same_model_index(price, listed)[periods.last],
        "offers_listed": listed.sum(axis=1)[periods.last], "price_changes": periods.count(moved),
        "switches": periods.count([it.time_s for it in result.switches if it.before >= 0 and it.after >= 0]),
        "busy_share": ratio(periods.add(_busy(result)).sum(axis=1), periods.add(result.replicas_daily).sum(axis=1)),
    }


def period_offers(result: MarketResult) -> dict[str, Any]:
    """Return the columns of ``period_offers``: one row for an offer that is listed at the end, or has sold."""
    periods = Periods(result)
    tokens, replicas = periods.add(offer_tokens(result)), periods.add(result.replicas_daily)
    listed = result.listed_daily[periods.last]
    busy = ratio(periods.add(_busy(result)), replicas)
    posted = result.prices_daily[periods.last] / NANO_PER_USD_PER_MTOK
    row, offer = np.nonzero(listed | (tokens > 0))
    names = np.array([(it.provider, it.model) for it in result.offers], object).reshape(-1, 2)
    return periods.columns(row) | {
        "provider": names[offer, 0], "model": names[offer, 1], "listed": listed[row, offer],
        "input_usd_per_mtok": posted[row, offer, 0], "output_usd_per_mtok": posted[row, offer, 1],
        "replicas": (replicas / periods.days[:, None])[row, offer], "tokens": tokens[row, offer],
        "busy_share": busy[row, offer],
    }


def period_providers(result: MarketResult) -> dict[str, Any]:
    """Return the columns of ``period_providers``."""
    periods = Periods(result)
    names, provider = index_of(tuple(offer.provider for offer in result.offers))

    def add(values: np.ndarray) -> np.ndarray:
        return by_group(periods.add(values), provider, len(names))

    owned = fleet(result.pool_days, names, periods.of_day)
    columns = {
        "tokens": add(offer_tokens(result)),
        "refused_share": ratio(add(offer_series(result, "refused")), add(offer_series(result, "placed"))),
        "gpus": _a_day(owned.gpu_days, periods), "placed_gpus": _a_day(owned.placed, periods),
        "training_gpus": _a_day(owned.training, periods),
        "busy_share": ratio(add(_busy(result)), add(result.replicas_daily)),
    }
    row = np.repeat(np.arange(len(periods)), len(names))
    return periods.columns(row) | {"provider": np.tile(np.array(names, object), len(periods))} | {
        name: values.ravel() for name, values in columns.items()}


def models(result: MarketResult) -> dict[str, Any]:
    """Return the columns of ``models``: the facts that the upgrade graph and the choices rest on."""
    rows = result.models.rows
    names, sizes = shares.size_classes(result.models)
    plain = ("creator", "family", "open", "release_day", "total_b", "active_b", "verbosity", "context_tokens")
    columns: dict[str, Any] = {"model": [row.name for row in rows]}
    columns |= {name: [getattr(row, name) for row in rows] for name in plain}
    columns["size_class"] = [names[size] for size in sizes]
    return columns | {f"quality_{task}": result.models.quality[i] for i, task in enumerate(TASKS)}


def _busy(result: MarketResult) -> np.ndarray:
    """Replica-days spent in steps, (days, offers)."""
    return np.asarray(offer_series(result, "busy_share") * result.replicas_daily)


def _a_day(total: np.ndarray, periods: Periods) -> np.ndarray:
    """Mean over the days of each period."""
    return np.asarray(ratio(total[: len(periods)], periods.days[:, None]))
