"""The accessor: what a study found, as frames with means and half-widths over replications."""

import os
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Final, Self

import numpy as np

from experiments.runs.specs import POLICY, Value
from experiments.stats import CONFIDENCE
from experiments.store import STORE_FILE
from experiments.store.accessors import Statistics
from experiments.store.averages import PLACE, Grouping, over_replications, value_of
from experiments.store.comparing import COMPARED, Failed, Pairs, check_whole, compared
from experiments.store.completeness import warn
from experiments.store.connection import StoreError
from experiments.store.dictionary import TABLES
from experiments.store.drawing import Drawings
from experiments.store.naming import StatisticError, check_confidence, known, listed, meant
from experiments.store.statistics import statistic
from experiments.store.store import Store

if TYPE_CHECKING:
    from altair import LayerChart
    from matplotlib.figure import Figure
    from pandas import DataFrame
    from polars import DataFrame as PolarsFrame

DIMENSIONS: Final = tuple(dict.fromkeys(name for table in TABLES.values() for name in table.dimensions))


class Results:
    """What a study found; the same for a single run, replications and a sweep, of traffic and of markets.

    It holds its store open until `close`, or the end of a ``with`` block; a file is meanwhile closed to other writers.
    Where runs failed, or are not done yet, every table warns (`sim.errors.MarketWarning`), rows say by ``n`` and
    ``failed`` how many runs they rest on, and comparisons are refused.

    Parameters
    ----------
    store
        Where its runs are.
    study
        Its name there.

    Attributes
    ----------
    points
        Points of the design, one a row, one column per factor.
    runs
        Runs that the study wants: row, replication, factors and ``state`` (done, failed or missing).

    Raises
    ------
    StoreError
        If the store has no such study.
    """

    def __init__(self, store: Store, study: str) -> None:
        self.manifest = store.manifest(study)
        self.store = store
        self.study = study
        self.points = store.points(study)
        self.runs = store.runs(study)
        self.is_open = True

    def __enter__(self) -> Self:
        return self

    def __exit__(self, _: type[BaseException] | None, __: BaseException | None, ___: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Close the store; frames that were read stay as they are."""
        self.is_open = False
        self.store.close()

    @property
    def factors(self) -> list[str]:
        """Paths of the design's factors, in its order; none of a single scenario."""
        return list(self.points.columns)

    @property
    def stats(self) -> "Statistics":
        """The statistics of the registry, one method each."""
        return Statistics(self)

    @property
    def plot(self) -> "Drawings[Figure]":
        """Figures of metrics and statistics, to be saved: ``plot("e2e_p99_s")``."""
        from experiments.store.plots import figure_of

        return Drawings(self, figure_of)

    @property
    def chart(self) -> "Drawings[LayerChart]":
        """The same figures, interactive: ``chart("e2e_p99_s")``; they need the package altair."""
        from experiments.store.charts import chart_of

        return Drawings(self, chart_of)

    def __repr__(self) -> str:
        from experiments.store.showing import outline

        return outline(self)

    def _repr_html_(self) -> str:
        from experiments.store.showing import page

        return page(self)

    def table(self, name: str) -> "DataFrame":
        """Return a table of the data dictionary with the row, replication and factors of each run that succeeded.

        Raises
        ------
        StatisticError
            If there is no such table.
        """
        warn(self.study, self.runs)
        return self._table(name)

    def to_polars(self, table: "str | DataFrame") -> "PolarsFrame":
        """Return a table of the data dictionary, or a frame that these results gave, as a frame of polars.

        Examples
        --------
        ``results.to_polars("offers")``, ``results.to_polars(results.metrics())``.

        Raises
        ------
        StatisticError
            If polars is not installed, or there is no such table.
        """
        from experiments.store.showing import as_polars

        if not isinstance(table, str):
            return as_polars(table)
        warn(self.study, self.runs)
        return as_polars(self._table(table))

    def failures(self) -> "DataFrame":
        """Return the runs that failed, with the reason (``problem``)."""
        self._check_open()
        return self.store.failures(self.study)

    def metrics(self, by: str | Sequence[str] = (), confidence: float = CONFIDENCE) -> "DataFrame":
        """Return every metric over replications.

        Parameters
        ----------
        by
            Factors, ``row`` or ``replication``, as in `statistic`.
        confidence
            Confidence of the intervals.

        Returns
        -------
        DataFrame
            Factors, ``metric``, ``unit``, ``mean``, ``half_width``, ``n`` and ``failed``, the number of failed runs.

        Raises
        ------
        StatisticError
            If results cannot be told apart by that, or the confidence is none.
        """
        check_confidence(confidence)
        grouping = self._grouping(listed("by", by, [*self.factors, *PLACE]), ["metric", "unit"])
        warn(self.study, self.runs)
        return over_replications(self._table("metrics"), self.runs, grouping, confidence)

    def statistic(
        self, name: str, by: str | Sequence[str] = (), confidence: float = CONFIDENCE
    ) -> "DataFrame":
        """Return a statistic of the registry by group, over replications.

        Sums are made run by run, ratios are ratios of a run's sums, and only then come mean and interval over
        replications. Points of a design are told apart by all its factors; if ``by`` names some of them, the others
        are averaged over, with equal weights and replication by replication.

        Parameters
        ----------
        name
            A name in `experiments.store.statistics.STATISTICS`.
        by
            Dimensions of its table, factors, ``row`` or ``replication``.
        confidence
            Confidence of the intervals.

        Returns
        -------
        DataFrame
            The factors, the other columns of ``by``, ``mean``, ``half_width``, ``n``, ``failed`` (the number of failed
            runs) and ``unit``.

        Raises
        ------
        StatisticError
            If there is no such statistic, it cannot be had by such groups, or the confidence is none.
        """
        found, wanted = statistic(name), listed("by", by, [*self.factors, *PLACE, *DIMENSIONS])
        check_confidence(confidence)
        dimensions = [column for column in wanted if column not in (*self.factors, *PLACE)]
        source = found.source_for(name, dimensions)
        if found.single:
            self._check_single(name, source.table, dimensions)
        columns = {*source.above, *(source.below or {})}
        sums = self._sums(source.table, dimensions, columns, absent=np.nan if found.single else 0.0)
        values = sums[[*PLACE, *dimensions]].assign(value=value_of(sums, found, dimensions, source))
        values = values.merge(self.points, left_on="row", right_index=True, how="left", sort=False)
        warn(self.study, self.runs)
        frame = over_replications(values, self.runs, self._grouping(wanted, dimensions), confidence)
        return frame.assign(unit=found.unit)

    def compare(
        self, metric: str | Sequence[str], factor: str | None = None, baseline: Value | None = None, *,
        failed: Failed = "refuse",
    ) -> "DataFrame":
        """Compare the levels of a factor with one of them, replication by replication, on the same random numbers.

        Parameters
        ----------
        metric
            One metric or several.
        factor
            The factor; by default the policy, or the only factor there is.
        baseline
            The level that the others are compared with; by default the first of the design.
        failed
            What to do if a run of a pair failed: ``refuse``, or ``drop`` its replication from that pair.

        Returns
        -------
        DataFrame
            Other factors, ``factor``, ``baseline``, ``metric``, ``unit``, ``difference`` (level less baseline) with
            ``half_width``, ``correlation``, ``variance_reduction``, ``n``, the p-value ``p`` and ``p_holm``, which is
            corrected for the number of comparisons of the metric.

        Raises
        ------
        StatisticError
            If there is no such factor, level or metric, or a run failed that is needed.
        """
        chosen = self.factor(factor)
        pairs = Pairs(self.points, chosen, self._level(chosen, baseline))
        frame = self._table("metrics")
        names = [metric] if isinstance(metric, str) else list(metric) if isinstance(metric, Sequence) else [metric]
        for name in names:
            known("metric", name, frame["metric"])
        check_whole(pairs, self.runs, self.failures(), failed)
        warn(self.study, self.runs)
        rows = [row for name in names for row in compared(frame[frame["metric"] == name], pairs)]
        import pandas as pd

        return pd.DataFrame(rows, columns=[*pairs.others, chosen, "baseline", "metric", "unit", *COMPARED])

    def _level(self, factor: str, baseline: Value | None) -> Value:
        """The baseline meant: the level named, or else the first of the design."""
        levels: list[Value] = list(dict.fromkeys(self.points[factor]))
        if baseline is None:
            return levels[0]
        if not isinstance(baseline, bool | int | float | str) or baseline not in levels:
            raise StatisticError(f"{factor} is never {baseline!r}; its values: {', '.join(map(str, levels))}"
                                 f"{meant(baseline, map(str, levels))}")
        return baseline

    def factor(self, factor: str | None = None) -> str:
        """Return a factor of the design: the one named, or else the policy, or the only one there is.

        Raises
        ------
        StatisticError
            If there is no such factor, or none is named and there are several.
        """
        if factor is None and POLICY in self.factors:
            return POLICY
        if factor is None and len(self.factors) == 1:
            return self.factors[0]
        if factor not in self.factors:
            names = ", ".join(self.factors) or "none"
            raise StatisticError(f"say which factor to compare; study {self.study!r} has these: {names}"
                                 if factor is None else
                                 f"{factor!r} is no factor of this study; factors: {names}"
                                 f"{meant(factor, self.factors)}")
        return factor

    def _check_open(self) -> None:
        if not self.is_open:
            raise StoreError(f"the results of {self.study!r} are closed; read what you need before the end of their "
                             "with block, or open them again")

    def _table(self, name: str) -> "DataFrame":
        self._check_open()
        return self.store.table(known("table", name, TABLES), self.study)

    def _grouping(self, wanted: Sequence[str], others: Sequence[str]) -> Grouping:
        """The point, unless some of its factors or its row are named; then what else is told apart."""
        place = [name for name in wanted if name in self.factors or name == "row"] or self.factors
        return Grouping([*place, *(["replication"] if "replication" in wanted else [])], list(others))

    def _sums(self, table: str, dimensions: Sequence[str], columns: set[str], absent: float) -> "DataFrame":
        """Sum columns within every run and group; a group that a run lacks, but its point has, counts as ``absent``."""
        frame = self._table(table)
        names = sorted(columns)
        sums = frame.groupby([*PLACE, *dimensions], sort=False)[names].sum(min_count=1).reset_index()
        runs = self.store.replications(self.study)[list(PLACE)]
        groups = sums[["row", *dimensions]].drop_duplicates()
        # a group that no row of this run names (a provider without customers, say) is a 0 of it, not a gap
        whole = groups.merge(runs, on="row", sort=False)
        found = whole.merge(sums, on=[*PLACE, *dimensions], how="left", indicator=True, sort=False)
        found.loc[found["_merge"] == "left_only", names] = absent
        return found

    def _check_single(self, name: str, table: str, dimensions: Sequence[str]) -> None:
        frame = self._table(table)
        if frame.duplicated([*PLACE, *dimensions]).any():
            several = [it for it in TABLES[table].dimensions if frame[it].nunique() > 1]
            raise StatisticError(f"{name} cannot be put together from several rows of {table}; "
                                 f"ask for it by {', '.join(several)}")


def open_results(path: str | Path, study: str | None = None) -> Results:
    """Open what a study left in a folder, or in a store.

    Parameters
    ----------
    path
        The folder of a sweep, or a store's file.
    study
        Name of the study; not needed if there is only one.

    Raises
    ------
    StoreError
        If there is no store, or the study is not in it or not named though there are several.
    """
    if not isinstance(path, str | os.PathLike):
        raise StoreError(f"results are opened from the path of a folder or a store, not from {path!r}")
    file = Path(path) / STORE_FILE if Path(path).is_dir() else Path(path)
    if not file.exists() and Path(path).is_dir():
        raise StoreError(f"{path} has no {STORE_FILE}; all studies keep one but the games of `tokenmarket run pricing`")
    store = Store.open_for_reading(file)
    names = list(store.studies()["study"])
    if study is None and len(names) != 1:
        store.close()
        raise StoreError(f"{file} holds {len(names)} studies ({', '.join(names)}); name one of them")
    if study is not None and study not in names:
        store.close()
        raise StoreError(f"{file} has no study {study!r}; its studies are {', '.join(names) or 'none'}"
                         f"{meant(study, names)}")
    return Results(store, names[0] if study is None else study)
