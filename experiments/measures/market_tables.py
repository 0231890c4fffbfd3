"""Tables of a run of the market, as pandas frames and CSV files: one row a month and thing, units in the headers."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from experiments.measures import market_periods
from experiments.measures.market import latency, shares
from experiments.measures.market.decomposition import chained
from experiments.measures.market.panel import (
    NANO_PER_USD,
    Months,
    by_group,
    by_period,
    index_of,
    months,
    offer_series,
    offer_tokens,
    ratio,
    workload_series,
    workload_tokens,
)
from experiments.measures.market.price_series import (
    blended_usd,
    cheapest,
    constant_quality_index,
    paid_usd,
    same_model_index,
)
from experiments.measures.market.providers import fleet, income
from experiments.measures.market.surplus import Cells, surplus
from experiments.measures.market_columns import COLUMNS
from sim.market.ledger import Account
from sim.market.models.model import TASKS
from sim.market.result import MarketResult
from sim.units import DAY_S, NANO_PER_USD_PER_MTOK

if TYPE_CHECKING:
    from pandas import DataFrame


@dataclass(frozen=True)
class Run:
    """A result with the arrays that several tables need, each made once.

    Attributes
    ----------
    result
        The run.
    """

    result: MarketResult

    @cached_property
    def months(self) -> Months:
        """Calendar months of the run."""
        return months(self.result.start, self.result.days)

    @cached_property
    def providers(self) -> tuple[tuple[str, ...], np.ndarray]:
        """Names of providers, and the provider of each offer."""
        return index_of(tuple(offer.provider for offer in self.result.offers))

    @cached_property
    def price(self) -> np.ndarray:
        """Blended posted prices, USD per million tokens, (days, offers)."""
        return blended_usd(self.result.prices_daily)

    @cached_property
    def cells(self) -> Cells:
        """Months by segments."""
        names, segment = self.segments
        return Cells(self.months.of_day, len(self.months.labels), segment, len(names))

    @cached_property
    def segments(self) -> tuple[tuple[str, ...], np.ndarray]:
        """Names of segments, and the segment of each workload."""
        return index_of(self.result.workload_segment)

    @cached_property
    def model_of(self) -> np.ndarray:
        """Model of each workload by day, -1 for none."""
        return workload_series(self.result, "model")

    @cached_property
    def tokens(self) -> np.ndarray:
        """Tokens of each workload by day."""
        return workload_tokens(self.result)

    @cached_property
    def task(self) -> np.ndarray:
        """Row of each workload's task in ``TASKS``."""
        return np.array([TASKS.index(name) for name in self.result.workload_task], np.int64)

    @cached_property
    def quality(self) -> np.ndarray:
        """Quality that each workload gets, (days, workloads)."""
        return shares.used_quality(self.result.models.quality, self.task, self.model_of)

    @cached_property
    def size_b(self) -> np.ndarray:
        """Parameters of the model that each workload uses, billions, (days, workloads)."""
        return shares.used_value(self.result.models.total_b, self.model_of)

    def monthly(self, values: np.ndarray) -> np.ndarray:
        """Sum days to months."""
        return by_period(values, self.months.of_day, len(self.months.labels))

    def monthly_mean(self, values: np.ndarray) -> np.ndarray:
        """Mean over the days of a month that have a value."""
        return ratio(self.monthly(np.nan_to_num(values)), self.monthly(np.isfinite(values)))

    def model_months(self, values: np.ndarray) -> np.ndarray:
        """Sum (days, offers) to (months, models)."""
        return by_group(self.monthly(values), self.result.offer_model, len(self.result.models))

    def first_qualities(self) -> tuple[float, float]:
        """Quality (mean over tasks) of the best and of the median model on the first day with an offer."""
        quality = self.result.models.quality.mean(axis=0)[self.result.offer_model]
        offered = np.flatnonzero(self.result.listed_daily.any(axis=1))
        if not len(offered):
            return np.nan, np.nan
        first = np.unique(self.result.offer_model[self.result.listed_daily[offered[0]]])
        on_sale = self.result.models.quality.mean(axis=0)[first]
        return float(quality[self.result.listed_daily[offered[0]]].max()), float(np.median(on_sale))


def tables(result: MarketResult) -> "dict[str, DataFrame]":
    """Return every table of a run by its name, columns as documented in ``COLUMNS``."""
    run = Run(result)
    makers = {
        "monthly_market": _market, "monthly_models": _models, "monthly_providers": _providers,
        "monthly_segments": _segments, "prices": _prices, "switches": _switches, "ledger": _ledger,
    }
    moving = (market_periods.period_market, market_periods.period_offers, market_periods.period_providers,
              market_periods.models)
    columns = {name: make(run) for name, make in makers.items()} | {it.__name__: it(result) for it in moving}
    return {name: _frame(name, columns[name]) for name in COLUMNS}


def write(frames: "Mapping[str, DataFrame]", folder: Path) -> None:
    """Write each frame as ``NAME.csv``: shortest exact decimals, unix line ends, empty for missing."""
    for name, frame in frames.items():
        frame.to_csv(folder / f"{name}.csv", index=False, lineterminator="\n")


def _frame(name: str, columns: Mapping[str, Any]) -> "DataFrame":
    import pandas as pd

    return pd.DataFrame(dict(columns), columns=list(COLUMNS[name]))


def _market(run: Run) -> dict[str, Any]:
    result, tokens = run.result, run.tokens
    born, completed = workload_series(result, "born"), workload_series(result, "completed")
    prompt, output = (run.monthly(workload_series(result, f"{kind}_tokens")).sum(axis=1)
                      for kind in ("prompt", "output"))
    spend = run.monthly(workload_series(result, "cost_nano")).sum(axis=1)
    model_tokens = run.model_months(offer_tokens(result))
    is_open = result.models.open
    monthly_tokens = model_tokens.sum(axis=1)
    return {
        "month": run.months.labels, "days": run.months.days,
        "requests": run.monthly(born).sum(axis=1),
        "completed_share": ratio(run.monthly(completed).sum(axis=1), run.monthly(born).sum(axis=1)),
        "prompt_tokens": prompt, "output_tokens": output, "spend_usd": spend / NANO_PER_USD,
        "fees_usd": run.monthly(workload_series(result, "fee_nano")).sum(axis=1) / NANO_PER_USD,
        "paid_usd_per_mtok": paid_usd(spend, prompt + output),
        "size_b": ratio(run.monthly(_times(tokens, run.size_b)).sum(axis=1), run.monthly(tokens).sum(axis=1)),
        "quality": ratio(run.monthly(_times(tokens, run.quality)).sum(axis=1), run.monthly(tokens).sum(axis=1)),
        "open_share": ratio(model_tokens[:, is_open].sum(axis=1), monthly_tokens),
        "hhi_models": shares.hhi(model_tokens), "models_used": (model_tokens > 0).sum(axis=1),
        "surplus_usd": run.monthly(np.nan_to_num(result.surplus_usd_daily)).sum(axis=1),
        **_market_prices(run), **_market_events(run), **_market_supply(run), **_effects(run, model_tokens),
    }


def _times(tokens: np.ndarray, value: np.ndarray) -> np.ndarray:
    return np.asarray(tokens * np.nan_to_num(value))


def _market_prices(run: Run) -> dict[str, Any]:
    result = run.result
    quality = result.models.quality.mean(axis=0)[result.offer_model]
    best, median = run.first_qualities()
    listed = result.listed_daily
    return {
        "cheapest_frontier_usd_per_mtok": run.monthly_mean(cheapest(run.price, listed, quality, best)),
        "cheapest_standard_usd_per_mtok": run.monthly_mean(cheapest(run.price, listed, quality, median)),
        "constant_quality_index": run.monthly_mean(constant_quality_index(run.price, listed, quality)),
        "same_model_index": run.monthly_mean(same_model_index(run.price, listed)),
    }


def _market_events(run: Run) -> dict[str, Any]:
    result = run.result
    moved = [it.time_s for it in result.price_changes if it.reason != "launch"]
    return {
        "offers_listed": run.monthly_mean(result.listed_daily.sum(axis=1).astype(np.float64)),
        "price_changes": _events(run, moved),
        "switches": _events(run, [it.time_s for it in result.switches if it.before >= 0 and it.after >= 0]),
    }


def _events(run: Run, times_s: list[float]) -> np.ndarray:
    """Count events by month; one at the very end belongs to the last day."""
    day = np.minimum((np.array(times_s) // DAY_S).astype(np.int64), run.result.days - 1)
    return np.bincount(run.months.of_day[day], minlength=len(run.months.labels))


def _market_supply(run: Run) -> dict[str, Any]:
    result, (names, provider) = run.result, run.providers
    owned = fleet(result.pool_days, names, run.months.of_day)
    money = income(result.ledger, names, run.months.of_day)
    received, paid = money.received.sum(axis=1), money.paid.sum(axis=1)
    gpu_days = owned.gpu_days.sum(axis=1)
    busy = offer_series(result, "busy_share") * result.replicas_daily
    return {
        "hhi_providers": shares.hhi(by_group(run.monthly(offer_tokens(result)), provider, len(names))),
        "gpus": ratio(gpu_days, run.months.days), "placed_share": ratio(owned.placed.sum(axis=1), gpu_days),
        "busy_share": ratio(run.monthly(busy).sum(axis=1), run.monthly(result.replicas_daily).sum(axis=1)),
        "provider_margin": ratio(received - paid, received),
    }


def _effects(run: Run, model_tokens: np.ndarray) -> dict[str, Any]:
    days = run.months.days[:, None]
    spend = run.model_months(offer_series(run.result, "revenue_nano")) / NANO_PER_USD
    splits = chained(spend / days, model_tokens / days)
    return {f"effect_{name}_usd_per_day": [np.nan, *(getattr(split, name) for split in splits)][: len(spend)]
            for name in ("price", "volume", "mix")}


def _models(run: Run) -> dict[str, Any]:
    result, count = run.result, len(run.result.models)
    tokens = run.model_months(offer_tokens(result))
    spend = run.model_months(offer_series(result, "revenue_nano"))
    offers = by_group(result.listed_daily, result.offer_model, count)
    lowest = np.full((result.days, count), np.nan)
    for model in range(count):
        mine = result.offer_model == model
        lowest[:, model] = cheapest(run.price[:, mine], result.listed_daily[:, mine], np.ones(mine.sum()), 0.0)
    used = np.array([np.bincount(day[day >= 0], minlength=count) for day in run.model_of]).reshape(-1, count)
    names, sizes = shares.size_classes(result.models)
    return _long(run, "model", result.models.names) | {
        "creator": _tile(run, [row.creator for row in result.models.rows]), "open": _tile(run, result.models.open),
        "size_class": _tile(run, [names[size] for size in sizes]), "total_b": _tile(run, result.models.total_b),
        "quality": _tile(run, result.models.quality.mean(axis=0)),
        "tokens": tokens.ravel(), "token_share": shares.shares(tokens).ravel(),
        "spend_usd": spend.ravel() / NANO_PER_USD,
        "paid_usd_per_mtok": paid_usd(spend, tokens).ravel(),
        "cheapest_usd_per_mtok": run.monthly_mean(lowest).ravel(),
        "offers": run.monthly_mean(offers.astype(np.float64)).ravel(),
        "workloads": run.monthly_mean(used.astype(np.float64)).ravel(),
    }


def _providers(run: Run) -> dict[str, Any]:
    result, (names, provider) = run.result, run.providers

    def add(values: np.ndarray) -> np.ndarray:
        return by_group(run.monthly(values), provider, len(names))

    tokens = add(offer_tokens(result))
    money = income(result.ledger, names, run.months.of_day)
    owned = fleet(result.pool_days, names, run.months.of_day)
    busy = add(offer_series(result, "busy_share") * result.replicas_daily)
    columns = {
        "requests": add(offer_series(result, "served")), "tokens": tokens, "token_share": shares.shares(tokens),
        "refused_share": ratio(add(offer_series(result, "refused")), add(offer_series(result, "placed"))),
        "received_usd": money.received, "paid_usd": money.paid, "margin": money.margin,
        "gpu_cost_usd": owned.cost_usd, "gpus": ratio(owned.gpu_days, run.months.days[:, None]),
        "placed_share": ratio(owned.placed, owned.gpu_days), "training_share": ratio(owned.training, owned.gpu_days),
        "busy_share": ratio(busy, add(result.replicas_daily)),
    }
    return _long(run, "provider", names) | {name: values.ravel() for name, values in columns.items()}


def _segments(run: Run) -> dict[str, Any]:
    result, (names, _), cells = run.result, run.segments, run.cells
    tokens, completed, born, cost, output, ttft, e2e = run.tokens, *(
        workload_series(result, name)
        for name in ("completed", "born", "cost_nano", "output_tokens", "ttft_s", "e2e_s")
    )
    gained = surplus(result.surplus_usd_daily, tokens, cost / NANO_PER_USD, cells)
    spend, total = cells.sums(cost), cells.sums(tokens)
    pace = latency.tpot_s(ttft, e2e, completed, output)
    columns = {
        "workloads": cells.sums(run.model_of >= 0) / run.months.days[:, None],
        "requests": cells.sums(born), "completed_share": ratio(cells.sums(completed), cells.sums(born)),
        "tokens": total, "spend_usd": spend / NANO_PER_USD, "paid_usd_per_mtok": paid_usd(spend, total),
        "size_b": ratio(cells.sums(_times(tokens, run.size_b)), total),
        "quality": ratio(cells.sums(_times(tokens, run.quality)), total),
        "ttft_s": latency.mean_s(ttft, completed, cells), "tpot_s": latency.mean_s(pace, completed, cells),
        "e2e_s": latency.mean_s(e2e, completed, cells),
        "surplus_usd": gained.usd, "surplus_usd_per_mtok": gained.usd_per_mtok,
    }
    return _long(run, "segment", names) | {name: values.ravel() for name, values in columns.items()}


def _prices(run: Run) -> dict[str, Any]:
    result, changes = run.result, run.result.price_changes
    columns = _times_of(run, [it.time_s for it in changes]) | {
        "provider": [result.offers[it.offer].provider for it in changes],
        "model": [result.offers[it.offer].model for it in changes], "reason": [it.reason for it in changes],
    }
    for kind in ("input", "output", "cached"):
        for label, posted in (("_before", [it.before for it in changes]), ("", [it.after for it in changes])):
            usd = [getattr(prices, kind) / NANO_PER_USD_PER_MTOK for prices in posted]
            columns[f"{kind}{label}_usd_per_mtok"] = usd
    return columns


def _switches(run: Run) -> dict[str, Any]:
    result, switches = run.result, run.result.switches
    names = (*result.models.names, None)  # row -1: no model
    return _times_of(run, [it.time_s for it in switches]) | {
        "workload": [result.workload_names[it.workload] for it in switches],
        "customer": [result.workload_customer[it.workload] for it in switches],
        "segment": [result.workload_segment[it.workload] for it in switches],
        "before": [names[it.before] for it in switches], "after": [names[it.after] for it in switches],
        "reason": [it.reason for it in switches], "gain_usd": [it.gain_usd for it in switches],
    }


def _ledger(run: Run) -> dict[str, Any]:
    """Entries added up by month and pair of accounts, in whole nano-dollars (Python's integers, of any size)."""
    total: defaultdict[tuple[int, Account, Account], int] = defaultdict(int)
    for (day, payer, payee), nano in run.result.ledger.entries.items():
        total[int(run.months.of_day[min(max(day, 0), run.result.days - 1)]), payer, payee] += nano
    entries = sorted(total)
    columns: dict[str, Any] = {"month": [run.months.labels[month] for month, _, _ in entries]}
    for side, accounts in (("payer", [payer for _, payer, _ in entries]), ("payee", [payee for *_, payee in entries])):
        columns |= {f"{side}_kind": [it.kind for it in accounts], side: [it.owner for it in accounts],
                    f"{side}_purpose": [it.purpose for it in accounts]}
    return columns | {"nano_usd": [total[entry] for entry in entries]}


def _times_of(run: Run, times_s: Sequence[float]) -> dict[str, Any]:
    days = [time_s / DAY_S for time_s in times_s]
    return {"day": days, "date": [(run.result.start + timedelta(days=int(day // 1))).isoformat() for day in days]}


def _long(run: Run, header: str, names: tuple[str, ...]) -> dict[str, Any]:
    """Month and name of a long table, months outermost."""
    return {"month": np.repeat(run.months.labels, len(names)), header: _tile(run, names)}


def _tile(run: Run, values: Any) -> np.ndarray:  # noqa: ANN401 - any sequence
    return np.tile(np.asarray(values), len(run.months.labels))
