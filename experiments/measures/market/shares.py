"""Who has what share: by size class, creator, openness, provider; and what the average token is made by."""

import numpy as np

from experiments.measures.market.panel import index_of, ratio
from sim.market.models.model import SIZE_CLASSES, Models, size_class


def shares(values: np.ndarray) -> np.ndarray:
    """Share of each entry in the sum of the last axis; nan where the sum is zero."""
    return ratio(values, values.sum(axis=-1, keepdims=True))


def hhi(values: np.ndarray) -> np.ndarray:
    """Herfindahl-Hirschman index of the last axis, 1/n to 1; nan where the sum is zero."""
    return np.asarray(np.sum(shares(values) ** 2, axis=-1))


def weighted_mean(values: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Mean of the last axis weighted with ``weights``, nan without weight; entries without weight may be nan."""
    used = np.where(weights > 0, values, 0.0)
    return ratio((used * weights).sum(axis=-1), weights.sum(axis=-1))


def size_classes(models: Models) -> tuple[tuple[str, ...], np.ndarray]:
    """Names of the size classes, smallest first, and the class of each model."""
    return SIZE_CLASSES, np.array([SIZE_CLASSES.index(size_class(row.total_b)) for row in models.rows], np.int64)


def creators(models: Models) -> tuple[tuple[str, ...], np.ndarray]:
    """Names of the creators in alphabetical order, and the creator of each model."""
    return index_of(tuple(row.creator for row in models.rows))


def used_quality(quality: np.ndarray, task: np.ndarray, model: np.ndarray) -> np.ndarray:
    """Quality that each workload gets for its own task, float64 (days, workloads); nan where it uses no model.

    Parameters
    ----------
    quality
        float64 (tasks, models).
    task
        int64 (workloads,).
    model
        int64 (days, workloads), -1 for none.
    """
    return np.where(model >= 0, quality[task, np.maximum(model, 0)], np.nan)


def used_value(value: np.ndarray, model: np.ndarray) -> np.ndarray:
    """``value`` (models,) of the model that each workload uses, (days, workloads); nan where it uses none."""
    return np.where(model >= 0, value[np.maximum(model, 0)], np.nan)


def single_model_share(tokens: np.ndarray, at_least: float = 0.9) -> float:
    """Share of active customers with at least that share of their tokens on one model; nan without customers.

    ``tokens`` is (customers, models). Published: over half (NBER w34608).
    """
    total = tokens.sum(axis=1)
    active = total > 0
    if not active.any():
        return np.nan
    return float(np.mean(tokens[active].max(axis=1) >= at_least * total[active]))
