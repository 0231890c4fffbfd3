"""The accessor: what a study found, as frames with means and half-widths over replications."""

from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final, Self

import numpy as np

from experiments.runs.specs import POLICY, Value
from experiments.stats import CONFIDENCE, paired
from experiments.stats.multiple import verdicts
from experiments.store.connection import StoreError
from experiments.store.dictionary import TABLES
from experiments.store.statistics import STATISTICS, Source, Statistic, StatisticError, Terms, statistic
from experiments.store.store import STORE_FILE, Store

if TYPE_CHECKING:
    from pandas import DataFrame

    from experiments.store.plots import Plots

PLACE: Final = ("row", "replication")
INTERVAL: Final = ("mean", "half_width", "n")
COMPARED: Final = ("difference", "half_width", "correlation", "variance_reduction", "n", "p", "p_holm")


class Results:
    """What a study found; the same for a single run, replications and a sweep.

    It holds its store open until `close`, or the end of a ``with`` block; a file is meanwhile closed to other writers.

    Parameters
    ----------
    store
        Where its runs are.
    study
        Its name there.

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

    def __enter__(self) -> Self:
        return self

    def __exit__(self, _: type[BaseException] | None, __: BaseException | None, ___: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Close the store; frames that were read stay as they are."""
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
    def plot(self) -> "Plots":
        """Simple figures of metrics and statistics."""
        from experiments.store.plots import Plots

        return Plots(self)

    def table(self, name: str) -> "DataFrame":
        """Return a table of the data dictionary with the row, replication and factors of each run."""
        return self.store.table(name, self.study)

    def failures(self) -> "DataFrame":
        """Return the runs that failed, with the reason (``problem``)."""
        return self.store.failures(self.study)

    def metrics(self, by: str | Sequence[str] = ()) -> "DataFrame":
        """Return every metric over replications.

        Parameters
        ----------
        by
            Factors, ``row`` or ``replication``, as in `statistic`.

        Returns
        -------
        DataFrame
            Factors, ``metric``, ``unit``, ``mean``, ``half_width``, ``n``.
        """
        frame = self.table("metrics")
        return self._over_replications(frame, self._groups([*_listed(by), "metric"], ("metric",)), ("unit",))

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
            The factors, the other columns of ``by``, ``mean``, ``half_width``, ``n`` and ``unit``.

        Raises
        ------
        StatisticError
            If there is no such statistic, or it cannot be had by such groups.
        """
        found, wanted = statistic(name), _listed(by)
        dimensions = [column for column in wanted if column not in (*self.factors, *PLACE)]
        source = found.source_for(name, dimensions)
        if found.single:
            self._check_single(name, source.table, dimensions)
        columns = {*source.above, *(source.below or {})}
        sums = self._sums(source.table, dimensions, columns, absent=np.nan if found.single else 0.0)
        values = sums[[*PLACE, *dimensions]].assign(value=_value(sums, found, dimensions, source))
        values = values.merge(self.points, left_on="row", right_index=True, how="left", sort=False)
        frame = self._over_replications(values, self._groups(wanted, dimensions), (), confidence)
        return frame.assign(unit=found.unit)

    def compare(
        self, metric: str | Sequence[str], factor: str | None = None, baseline: Value | None = None
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

        Returns
        -------
        DataFrame
            Other factors, ``factor``, ``baseline``, ``metric``, ``unit``, ``difference`` (level less baseline) with
            ``half_width``, ``correlation``, ``variance_reduction``, ``n``, the p-value ``p`` and ``p_holm``, which is
            corrected for the number of comparisons of the metric.

        Raises
        ------
        StatisticError
            If there is no such factor, level or metric.
        """
        chosen = self.factor(factor)
        level = self.points[chosen].iloc[0] if baseline is None else baseline
        if level not in set(self.points[chosen]):
            raise StatisticError(f"{chosen} is never {level!r}; its values: {_some(self.points[chosen])}")
        frame = self.table("metrics")
        names = [metric] if isinstance(metric, str) else list(metric)
        unknown = sorted(set(names) - set(frame["metric"]))
        if unknown:
            raise StatisticError(f"there is no metric {unknown[0]!r}; metrics are {_some(frame['metric'])}")
        rows = [row for name in names for row in self._compared(frame[frame["metric"] == name], chosen, level)]
        import pandas as pd

        others = [name for name in self.factors if name != chosen]
        return pd.DataFrame(rows, columns=[*others, chosen, "baseline", "metric", "unit", *COMPARED])

    def _compared(self, frame: "DataFrame", factor: str, baseline: Value) -> list[tuple[Any, ...]]:
        """Rows of one metric."""
        others = [name for name in self.factors if name != factor]
        values = {row: part.set_index("replication")["value"] for row, part in frame.groupby("row", sort=False)}
        rows_of = {tuple(point[[*others, factor]]): row for row, point in self.points.astype(object).iterrows()}
        found = []
        for row, point in self.points.astype(object).iterrows():
            other = rows_of.get((*point[others], baseline))
            if point[factor] == baseline or row not in values or other not in values:
                continue
            # only replications that both have: a pair of which one run failed is no pair
            mine, theirs = values[row].align(values[other], join="inner")
            got = paired(mine.tolist(), theirs.tolist())
            first = frame.iloc[0]
            found.append(((*point[others], point[factor], baseline, first["metric"], first["unit"]), got))
        judged = verdicts({place: got.difference for place, (_, got) in enumerate(found)})
        return [(*words, got.difference.mean, got.difference.half_width, got.correlation, got.variance_reduction,
                 got.difference.n, judged[place].p, judged[place].adjusted)
                for place, (words, got) in enumerate(found)]

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
                                 if factor is None else f"{factor!r} is no factor of this study; factors: {names}")
        return factor

    def _groups(self, wanted: Sequence[str], dimensions: Sequence[str]) -> list[str]:
        """Columns by which results are told apart: the point first, then the rest in the order asked for."""
        points = [name for name in wanted if name in self.factors or name == "row"] or self.factors
        return [*points, *dimensions, *(["replication"] if "replication" in wanted else [])]

    def _sums(self, table: str, dimensions: Sequence[str], columns: set[str], absent: float) -> "DataFrame":
        """Sum columns within every run and group; a group that a run lacks, but its point has, counts as ``absent``."""
        frame = self.table(table)
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
        frame = self.table(table)
        if frame.duplicated([*PLACE, *dimensions]).any():
            several = [it for it in TABLES[table].dimensions if frame[it].nunique() > 1]
            raise StatisticError(f"{name} cannot be put together from several rows of {table}; "
                                 f"ask for it by {', '.join(several)}")

    def _over_replications(
        self, frame: "DataFrame", groups: list[str], kept: tuple[str, ...], confidence: float = CONFIDENCE
    ) -> "DataFrame":
        """Average ``value`` over what ``groups`` leaves out within a replication, then over replications."""
        keys = list(dict.fromkeys([*groups, *kept, "replication"]))
        # first within a replication: its points share their random numbers and are no independent observations
        means = frame.groupby(keys, sort=False, dropna=False)["value"].mean().reset_index()
        columns = [*groups, *kept]
        if not columns:
            means, columns = means.assign(_all=0), ["_all"]
        grouped = means.groupby(columns, sort=False, dropna=False)["value"]
        found = grouped.agg(["mean", "std", "count"]).reset_index()
        found["half_width"] = _half_width(found["std"].to_numpy(), found["count"].to_numpy(), confidence)
        found = found.rename(columns={"count": "n"})
        return found[[*groups, *kept, *INTERVAL]]


class Statistics:
    """The statistics of a study: ``stats.revenue(by=["provider", "model"])`` and the others of the registry."""

    def __init__(self, results: Results) -> None:
        self._results = results

    def __dir__(self) -> list[str]:
        return sorted(STATISTICS)

    def __getattr__(self, name: str) -> "OneStatistic":
        if name not in STATISTICS:
            raise AttributeError(f"there is no statistic {name!r}; statistics are {', '.join(STATISTICS)}")
        return OneStatistic(self._results, name)


class OneStatistic:
    """A statistic of a study, to be called as `Results.statistic` less the name."""

    def __init__(self, results: Results, name: str) -> None:
        self._results, self._name = results, name
        self.__doc__ = f"{STATISTICS[name].doc} ({STATISTICS[name].unit})."

    def __call__(self, by: str | Sequence[str] = (), confidence: float = CONFIDENCE) -> "DataFrame":
        """Return it by group: the factors, the columns of ``by``, mean, half_width, n and unit."""
        return self._results.statistic(self._name, by, confidence)


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
    file = Path(path) / STORE_FILE if Path(path).is_dir() else Path(path)
    if not file.exists() and Path(path).is_dir():
        raise StoreError(f"{path} has no {STORE_FILE}; all studies keep one but the games of `tokenmarket run pricing`")
    store = Store.open_for_reading(file)
    names = list(store.studies()["study"])
    if study is None and len(names) != 1:
        store.close()
        raise StoreError(f"{file} holds {len(names)} studies ({', '.join(names)}); name one of them")
    return Results(store, names[0] if study is None else study)


def _listed(by: str | Sequence[str]) -> list[str]:
    return [by] if isinstance(by, str) else list(by)


def _value(sums: "DataFrame", found: Statistic, dimensions: Sequence[str], source: Source) -> np.ndarray:
    """Value of each run and group from its sums."""
    value = _added(sums, source.above)
    if found.of_whole:
        whole = [*PLACE, *(["month"] if "month" in dimensions else [])]
        bottom = sums[whole].assign(value=value).groupby(whole, sort=False)["value"].transform("sum").to_numpy(float)
    elif source.below is not None:
        bottom = _added(sums, source.below)
    else:
        return value
    out = np.full(len(value), np.nan)
    np.divide(found.scale * value, bottom, out=out, where=bottom != 0)
    return out


def _added(sums: "DataFrame", terms: Terms) -> np.ndarray:
    """Sums of columns, each times its factor."""
    return np.asarray(sum(factor * sums[name].to_numpy(float) for name, factor in terms.items()))


def _half_width(std: np.ndarray, count: np.ndarray, confidence: float) -> np.ndarray:
    """Student t half-widths, as `experiments.stats.interval` has them, of many groups at once."""
    from scipy.special import stdtrit  # scipy.stats takes two seconds to import

    out = np.full(len(count), np.nan)
    several = count > 1
    out[several] = stdtrit(count[several] - 1, 0.5 + confidence / 2) * std[several] / np.sqrt(count[several])
    return out


def _some(values: Any) -> str:  # noqa: ANN401 - a column
    """List distinct values, as they come."""
    return ", ".join(str(value) for value in dict.fromkeys(values))
