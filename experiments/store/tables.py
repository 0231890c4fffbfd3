"""A run as the tables of the data dictionary."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from experiments.measures.censored import quantile_of_all
from experiments.measures.market import latency
from experiments.measures.market.panel import offer_series, workload_series
from experiments.measures.market.posted import NO_REPRICING
from experiments.measures.market.providers import fleet
from experiments.store.dictionary import TABLES
from experiments.store.price_days import price_days
from sim.engines import outcome as o
from sim.engines.outcome import TrafficOutcome
from sim.engines.service_tiers import SERVICE_TIERS
from sim.engines.window import Window
from sim.histogram import FINE_BITS, midpoint, quantile
from sim.market.accounts import FAILED_ATTEMPTS, REFUSED_ATTEMPTS
from sim.market.result import MarketResult
from sim.scenario.tasks import TASKS
from sim.units import DAY_S, NANO_PER_USD, PICO_PER_USD_PER_MTOK

if TYPE_CHECKING:
    from pandas import DataFrame

    from experiments.measures.market.run import Run

PERCENTS: Final = (50, 90, 99)


def traffic_tables(outcome: TrafficOutcome) -> "dict[str, DataFrame]":
    """Return the tables of a run of traffic: its measured requests, all in month 0."""
    from experiments.measures.catalogue import unit_of
    from experiments.measures.traffic_metrics import metrics

    values = metrics(outcome)
    traffic = outcome.world.scenario.traffic
    return {
        "metrics": _frame("metrics", {"metric": list(values), "unit": [unit_of(name) for name in values],
                                      "value": list(values.values())}),
        "months": _frame("months", {"month": [0], "label": [""],
                                    "days": [(outcome.world.measured_until_s - traffic.warmup_s) / DAY_S]}),
        "offers": _frame("offers", _traffic_offers(outcome)),
        "classes": _frame("classes", _traffic_classes(outcome)),
        "prices": _frame("prices", _traffic_prices(outcome)),
        "requests": _frame("requests", _requests(outcome)),
    }


def market_tables(result: MarketResult) -> "dict[str, DataFrame]":
    """Return the tables of a run of a market: its whole days, by calendar month."""
    from experiments.measures.market.run import Run
    from experiments.measures.market_summary import summary

    run = Run(result)
    columns = {"offers": _offers(run), "classes": _classes(run), "prices": _prices(run), "fleets": _fleets(run),
               "switches": _switches(run),
               "months": {"month": np.arange(len(run.months.labels)), "label": list(run.months.labels),
                          "days": run.months.days}}
    frames = {name: _frame(name, columns[name]) for name in TABLES if name in columns}
    return {"metrics": summary(run)[["metric", "unit", "value"]], **frames}


def _frame(table: str, columns: Mapping[str, Any]) -> "DataFrame":
    """Make a frame of a table's columns; those not given are empty."""
    import pandas as pd

    length = len(next(iter(columns.values())))
    absent = {column.name: np.full(length, np.nan) for column in TABLES[table].columns if column.name not in columns}
    return pd.DataFrame({**absent, **columns}, columns=list(TABLES[table].names))


def _traffic_offers(outcome: TrafficOutcome) -> dict[str, Any]:
    offers, sums = outcome.world.offers, outcome.offer_sums[:, o.MEASURED]
    return {
        "month": np.zeros(len(offers), np.int64), **_names(outcome), "region": [offer.region for offer in offers],
        "service_tier": [SERVICE_TIERS[offer.tier] for offer in offers],
        "placed": sums[:, o.PLACED], "refused": sums[:, REFUSED_ATTEMPTS].sum(axis=1),
        "failed": sums[:, FAILED_ATTEMPTS].sum(axis=1),
        "completed": sums[:, o.SERVED], "cut": sums[:, o.SERVED_CUT], "prompt_tokens": sums[:, o.SERVED_PROMPT],
        "output_tokens": sums[:, o.SERVED_OUTPUT], "revenue_usd": sums[:, o.REVENUE_NANO] / NANO_PER_USD,
        "written_off_usd": sums[:, o.WRITTEN_OFF_NANO] / NANO_PER_USD,
        "busy_replica_s": outcome.offer_work[:, o.BUSY_S],
        "replica_s": outcome.replica_s,
        **_latency_sums(outcome.offer_hist), **_quantiles(outcome.offer_hist),
    }


def _traffic_prices(outcome: TrafficOutcome) -> dict[str, Any]:
    offers, window = outcome.world.offers, Window(outcome.world)
    posted = [price_days(offer, window) for offer in offers]
    return {"month": np.zeros(len(offers), np.int64), **_names(outcome),
            "listed_days": np.full(len(offers), window.length_s / DAY_S),
            "input_usd_days": [days.input_usd for days in posted],
            "output_usd_days": [days.output_usd for days in posted],
            "changes": np.array([days.changes for days in posted], np.int64)}


def _names(outcome: TrafficOutcome) -> dict[str, list[str]]:
    offers = outcome.world.offers
    return {"provider": [offer.provider for offer in offers], "model": [offer.model for offer in offers],
            "offer": [offer.name for offer in offers]}


def _traffic_classes(outcome: TrafficOutcome) -> dict[str, Any]:
    """Expanded classes added up to those of the scenario, by model."""
    world = outcome.world
    models = [world.models[row] for row in world.class_model]
    cells = list(dict.fromkeys(zip(world.class_names, models, strict=True)))
    cell = np.array([cells.index(it) for it in zip(world.class_names, models, strict=True)], np.int64)

    def add(values: np.ndarray) -> np.ndarray:
        out = np.zeros((len(cells), *values.shape[1:]), values.dtype)
        np.add.at(out, cell, values)
        return out

    ended, sums = add(outcome.outcomes[:, o.MEASURED]), add(outcome.class_sums[:, o.MEASURED])
    times, histograms = add(outcome.class_metric_sums), add(outcome.class_hist)
    born = add(outcome.born[:, o.MEASURED])
    return {
        "month": np.zeros(len(cells), np.int64), "segment": [name for name, _ in cells], "task": [""] * len(cells),
        "model": [model for _, model in cells], "born": born,
        **{name: ended[:, index] for index, name in enumerate(o.OUTCOMES[:o.IN_FLIGHT])},
        **{name: sums[:, o.CLASS_SUMS.index(name)]
           for name in ("good", "attempts", "prompt_tokens", "output_tokens", "cut", "kept_away")},
        "cost_usd": sums[:, o.COST_NANO] / NANO_PER_USD, "own_key_usd": sums[:, o.OWN_KEY_NANO] / NANO_PER_USD,
        "fee_usd": sums[:, o.FEE_NANO] / NANO_PER_USD,
        **{f"{name}_sum_s": times[:, index] for index, name in enumerate(o.METRICS)},
        "tpot_requests": histograms[:, o.TPOT].sum(axis=1), **_quantiles(histograms),
        **_quantiles_of_all(histograms, born - ended[:, o.COMPLETED]),
    }


def _latency_sums(histograms: np.ndarray) -> dict[str, np.ndarray]:
    """Sums of each row of (rows, metrics, bins), every member taken for its bin's midpoint."""
    middle = np.array([midpoint(index, FINE_BITS) for index in range(histograms.shape[-1])])
    sums = {f"{name}_sum_s": histograms[:, index] @ middle for index, name in enumerate(o.METRICS)}
    return {**sums, "tpot_requests": histograms[:, o.TPOT].sum(axis=1)}


def _quantiles(histograms: np.ndarray) -> dict[str, np.ndarray]:
    """Quantiles of each row of (rows, metrics, bins), of completed requests."""
    return {
        f"{name}_p{percent}_completed_s": np.array([quantile(np.ascontiguousarray(row[index]), percent / 100, FINE_BITS)
                                                    for row in histograms])
        for index, name in enumerate(o.METRICS) for percent in PERCENTS
    }


def _quantiles_of_all(histograms: np.ndarray, unfinished: np.ndarray) -> dict[str, np.ndarray]:
    """Quantiles of each row, those not completed being the latest; inf where they fall among them."""
    return {
        f"{name}_p{percent}_s": np.array([quantile_of_all(row[index], int(late), percent)
                                          for row, late in zip(histograms, unfinished, strict=True)])
        for index, name in enumerate(o.METRICS) for percent in PERCENTS
    }


def _requests(outcome: TrafficOutcome) -> dict[str, Any]:
    world, rows = outcome.world, outcome.samples
    placed = [world.offers[row] if row >= 0 else None for row in rows["offer"]]
    return {
        "request": [f"{key:016x}" for key in rows["key"]],
        "segment": [world.class_names[row] for row in rows["client_class"]],
        "provider": [offer.provider if offer else "" for offer in placed],
        "model": [world.models[world.class_model[row]] for row in rows["client_class"]],
        "offer": [offer.name if offer else "" for offer in placed],
        "outcome": [o.OUTCOMES[row] for row in rows["outcome"]],
        "finish_reason": [o.FINISH_REASONS[row] for row in rows["finish"]],
        **{name: rows[name] for name in ("born_s", "placed_s", "first_token_s", "end_s", "attempts")},
        "delay_s": world.class_delay_s[rows["client_class"]],
        "prompt_tokens": rows["prompt"], "output_tokens": rows["output"], "drawn_tokens": rows["drawn"],
        "cost_usd": rows["cost_nano"] / NANO_PER_USD,
    }


def _offer_months(run: "Run") -> dict[str, Any]:
    """Month and names of every offer in every month, months outermost."""
    months, offers = len(run.months.labels), run.result.offers
    return {"month": np.repeat(np.arange(months), len(offers)), **{
        header: [getattr(offer, field) for offer in offers] * months
        for header, field in (("provider", "provider"), ("model", "model"), ("offer", "name"))}}


def _offers(run: "Run") -> dict[str, Any]:
    """Offers that were listed or served in a month."""
    result = run.result
    sums = {name: run.months.add(offer_series(result, name)).ravel()
            for name in ("placed", "refused", "failed", "served", "prompt_tokens", "output_tokens", "revenue_nano",
                         "cut", "written_off_nano")}
    columns = _offer_months(run) | {
        "region": [offer.region for offer in result.offers] * len(run.months.labels),
        "service_tier": [SERVICE_TIERS[offer.tier] for offer in result.offers] * len(run.months.labels),
        **{name: sums[name] for name in ("placed", "refused", "failed", "prompt_tokens", "output_tokens", "cut")},
        "completed": sums["served"], "revenue_usd": sums["revenue_nano"] / NANO_PER_USD,
        "written_off_usd": sums["written_off_nano"] / NANO_PER_USD,
        "busy_replica_s": run.months.add(run.busy_replica_days).ravel() * DAY_S,
        "replica_s": run.months.add(result.replicas_daily).ravel() * DAY_S,
    }
    # the others may exist some day, or did: most rows of the world are not there in a month
    return _where((run.months.add(result.listed_daily) > 0).ravel() | (sums["placed"] > 0), columns)


def _prices(run: "Run") -> dict[str, Any]:
    """Offers that were listed in a month."""
    result = run.result
    listed = run.months.add(result.listed_daily).ravel()
    usd = result.prices_daily / PICO_PER_USD_PER_MTOK * result.listed_daily[:, :, None]
    changes = np.zeros((result.days, len(result.offers)), np.int64)
    for it in result.price_changes:
        if it.reason not in NO_REPRICING:
            changes[_day(run, it.time_s), it.offer] += 1
    return _where(listed > 0, _offer_months(run) | {
        "listed_days": listed, "input_usd_days": run.months.add(usd[:, :, 0]).ravel(),
        "output_usd_days": run.months.add(usd[:, :, 1]).ravel(), "changes": run.months.add(changes).ravel(),
    })


def _fleets(run: "Run") -> dict[str, Any]:
    names, _ = run.providers
    months = len(run.months.labels)
    owned = fleet(run.result.pool_days, names, run.months.of_day)
    received_usd, paid_usd = (run.months.add(daily) for daily in run.income)
    columns = {"gpu_days": owned.gpu_days, "placed_gpu_days": owned.placed, "training_gpu_days": owned.training,
               "gpu_cost_usd": owned.cost_usd, "received_usd": received_usd, "paid_usd": paid_usd}
    return {"month": np.repeat(np.arange(months), len(names)), "provider": list(names) * months,
            **{name: values[:months].ravel() for name, values in columns.items()}}


def _classes(run: "Run") -> dict[str, Any]:
    """Workloads by month, segment, task and model used that day."""
    result, (segments, segment) = run.result, run.segments
    sizes = (len(run.months.labels), len(segments), len(TASKS), len(result.models) + 1)
    month = np.broadcast_to(run.months.of_day[:, None], run.model_of.shape)
    cell = np.ravel_multi_index(
        (month, np.broadcast_to(segment, month.shape), np.broadcast_to(run.task, month.shape), run.model_of + 1), sizes)
    present = (run.model_of >= 0) | (workload_series(result, "born") > 0)
    there, place = np.unique(cell[present], return_inverse=True)

    def add(values: np.ndarray) -> np.ndarray:
        out = np.zeros(len(there), np.int64 if values.dtype.kind in "bi" else np.float64)
        np.add.at(out, place, values[present])
        return out

    at_month, at_segment, at_task, at_model = np.unravel_index(there, sizes)
    names = ("", *result.models.names)
    return {
        "month": at_month, "segment": [segments[row] for row in at_segment], "task": [TASKS[row] for row in at_task],
        "model": [names[row] for row in at_model],
        **{name: add(workload_series(result, name))
           for name in ("born", "completed", "prompt_tokens", "output_tokens", "cut")},
        "cost_usd": add(workload_series(result, "cost_nano")) / NANO_PER_USD,
        "fee_usd": add(workload_series(result, "fee_nano")) / NANO_PER_USD,
        "surplus_usd": add(np.nan_to_num(result.surplus_usd_daily)), "workload_days": add(run.model_of >= 0),
        **{name: add(values) for name, values in _waits(result).items()},
    }


def _waits(result: MarketResult) -> dict[str, np.ndarray]:
    """Sums over completed requests of each day and workload, from that day's means."""
    ttft, e2e, completed, output = (
        workload_series(result, name) for name in ("ttft_s", "e2e_s", "completed", "output_tokens"))
    pace = latency.tpot_s(ttft, e2e, completed, output)
    return {"ttft_sum_s": np.nan_to_num(ttft) * completed, "e2e_sum_s": np.nan_to_num(e2e) * completed,
            "tpot_sum_s": np.nan_to_num(pace) * completed, "tpot_requests": np.where(np.isfinite(pace), completed, 0)}


def _switches(run: "Run") -> dict[str, Any]:
    """Moves added up by month, segment, models and reason."""
    result, names = run.result, (*run.result.models.names, "")  # row -1: no model
    moves: dict[tuple[int, str, str, str, str], tuple[int, float]] = {}
    for it in result.switches:
        month = int(run.months.of_day[_day(run, it.time_s)])
        key = (month, result.workload_segment[it.workload], names[it.before], names[it.after], it.reason)
        number, gain = moves.get(key, (0, 0.0))
        moves[key] = number + 1, gain + (it.gain_usd if np.isfinite(it.gain_usd) else 0.0)
    rows = sorted(moves)
    columns: dict[str, Any] = {name: [row[place] for row in rows] for place, name in enumerate(
        ("month", "segment", "before", "after", "reason"))}
    return columns | {"moves": [moves[row][0] for row in rows], "gain_usd": [moves[row][1] for row in rows]}


def _day(run: "Run", time_s: float) -> int:
    """Return the day of an event; one at the very end belongs to the last."""
    return min(int(time_s // DAY_S), run.result.days - 1)


def _where(chosen: np.ndarray, columns: Mapping[str, Any]) -> dict[str, Any]:
    return {name: np.asarray(values)[chosen] for name, values in columns.items()}
