"""How long workloads stay with a model: cohorts by the month in which they took it up."""

from typing import NamedTuple

import numpy as np

from sim.units import DAYS_PER_MONTH

NEVER = -1


class Retention(NamedTuple):
    """Cohorts of adopters, arrays (models, cohorts, ages); cohort ``c`` took the model up in month ``c``.

    Attributes
    ----------
    observed
        int64: workloads of the cohort whose age of ``k`` months falls within the run.
    staying
        int64: of those, the ones that use the model at that age (they may have been away in between).
    """

    observed: np.ndarray
    staying: np.ndarray


class Curve(NamedTuple):
    """Retention pooled over cohorts, arrays (ages,).

    Attributes
    ----------
    share
        Share of workloads that use the model ``k`` months after they took it up; nan if none was observed.
    std_error
        Binomial standard error (workloads taken as independent).
    n
        Workloads observed.
    """

    share: np.ndarray
    std_error: np.ndarray
    n: np.ndarray


def first_use(model: np.ndarray, models: int) -> np.ndarray:
    """Day on which each workload first used each model, int64 (workloads, models), -1 for never.

    ``model`` is int64 (days, workloads), -1 for none. Models in use on day 0 were taken up before the run: they count
    as never, since nobody knows when.
    """
    days, workloads = model.shape
    first = np.full((workloads, models), days, np.int64)
    day, workload = np.nonzero(model >= 0)
    np.minimum.at(first, (workload, model[day, workload]), day)
    return np.where((first > 0) & (first < days), first, NEVER)


def cohorts(model: np.ndarray, models: int, month: np.ndarray, ages: int = 7) -> Retention:
    """Count adopters of each model by month of adoption, and those that use it 0 to ``ages - 1`` months later.

    Parameters
    ----------
    model
        int64 (days, workloads), -1 for none.
    models
        Number of models.
    month
        int64 (days,): calendar month of each day.
    ages
        Months to follow, the month of adoption (always 1) included.
    """
    days = len(model)
    first = first_use(model, models)
    workload, used = np.nonzero(first != NEVER)
    start = first[workload, used]
    shape = (models, int(month.max(initial=-1)) + 1, ages)
    observed, staying = np.zeros(shape, np.int64), np.zeros(shape, np.int64)
    for age in range(ages):
        then = start + round(age * DAYS_PER_MONTH)
        seen = then < days
        place = used[seen], month[start[seen]]
        np.add.at(observed[..., age], place, 1)
        np.add.at(staying[..., age], place, model[then[seen], workload[seen]] == used[seen])
    return Retention(observed, staying)


def curve(retention: Retention, cohort: np.ndarray | None = None) -> Curve:
    """Retention pooled over cohorts; ``cohort`` is a bool mask (models, cohorts) of those that count, None for all."""
    mask = np.ones(retention.observed.shape[:2], bool) if cohort is None else cohort
    n = retention.observed[mask].sum(axis=0)
    stay = retention.staying[mask].sum(axis=0)
    share = np.divide(stay, n, out=np.full(n.shape, np.nan), where=n > 0)
    return Curve(share, np.sqrt(share * (1 - share) / np.maximum(n, 1)), n)


def foundational(release_day: np.ndarray, month: np.ndarray) -> np.ndarray:
    """Mask (models, cohorts) of the first cohort: those who took a model up in the month of its release or the next.

    Models that were there before the run have none. The term is of the study by a16z and OpenRouter (2025).
    """
    cohort = np.arange(int(month.max(initial=-1)) + 1)
    within = (release_day >= 0) & (release_day < len(month))
    born = np.where(within, month[np.where(within, release_day, 0).astype(np.int64)] if len(month) else 0, -9)
    return np.asarray((cohort >= born[:, None]) & (cohort <= born[:, None] + 1))
