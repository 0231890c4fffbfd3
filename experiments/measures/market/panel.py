"""A run as arrays: days by offers, days by workloads, and sums of both over periods and groups."""

import numpy as np

from sim.market.result import MarketResult


def offer_series(result: MarketResult, name: str) -> np.ndarray:
    """Field ``name`` of ``OfferDay`` over the run, (days, offers)."""
    rows = [getattr(day, name) for day in result.offer_days]
    return np.array(rows) if rows else np.zeros((0, len(result.offers)), np.int64)


def workload_series(result: MarketResult, name: str) -> np.ndarray:
    """Field ``name`` of ``WorkloadDay`` over the run, (days, workloads)."""
    rows = [getattr(day, name) for day in result.workload_days]
    return np.array(rows) if rows else np.zeros((0, len(result.workload_names)), np.int64)


def offer_tokens(result: MarketResult) -> np.ndarray:
    """Prompt and output tokens served, int64 (days, offers)."""
    return np.asarray(offer_series(result, "prompt_tokens") + offer_series(result, "output_tokens"))


def workload_tokens(result: MarketResult) -> np.ndarray:
    """Prompt and output tokens used, int64 (days, workloads)."""
    return np.asarray(workload_series(result, "prompt_tokens") + workload_series(result, "output_tokens"))


def by_period(values: np.ndarray, period: np.ndarray, count: int) -> np.ndarray:
    """Sum the first axis within periods: (days, ...) to (count, ...); whole numbers stay whole."""
    out: np.ndarray = np.zeros((count, *values.shape[1:]), np.int64 if values.dtype == bool else values.dtype)
    np.add.at(out, period, values)
    return out


def by_group(values: np.ndarray, group: np.ndarray, count: int) -> np.ndarray:
    """Sum the last axis within groups: (..., n) to (..., count)."""
    return np.moveaxis(by_period(np.moveaxis(values, -1, 0), group, count), 0, -1)


def ratio(above: np.ndarray, below: np.ndarray) -> np.ndarray:
    """``above / below``, nan where ``below`` is zero."""
    out: np.ndarray = np.full(np.broadcast(above, below).shape, np.nan)
    np.divide(above, below, out=out, where=np.asarray(below) != 0)
    return out


def index_of(names: tuple[str, ...]) -> tuple[tuple[str, ...], np.ndarray]:
    """Distinct names in alphabetical order, and for each name given its place among them, int64."""
    distinct = tuple(sorted(set(names)))
    place = {name: row for row, name in enumerate(distinct)}
    return distinct, np.array([place[name] for name in names], np.int64)
