"""The statistics of a study as attributes, so that completion and help find them."""

from inspect import Parameter, Signature
from typing import TYPE_CHECKING, Final, Protocol

from experiments.output.text import listing
from experiments.stats import CONFIDENCE
from experiments.store.naming import meant
from experiments.store.statistics import STATISTICS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pandas import DataFrame

_HELP: Final = """
Parameters
----------
by
    One or several of {by}; the study's factors; row, replication.
confidence
    Confidence of the intervals.

Returns
-------
DataFrame
    The factors, the columns of by, mean, half_width, n, failed and unit."""


class HasStatistics(Protocol):
    """What has statistics: `experiments.store.results.Results`."""

    def statistic(self, name: str, by: "str | Sequence[str]" = (), confidence: float = CONFIDENCE) -> "DataFrame":
        """Return a statistic by group."""


class Statistics:
    """The statistics of a study: ``stats.revenue(by=["provider", "model"])`` and the others of the registry."""

    def __init__(self, results: HasStatistics) -> None:
        self._results = results

    def __dir__(self) -> list[str]:
        return sorted(STATISTICS)

    def __getattr__(self, name: str) -> "OneStatistic":
        if name not in STATISTICS:
            raise AttributeError(f"there is no statistic {name!r}; statistics are {', '.join(STATISTICS)}"
                                 f"{meant(name, STATISTICS)}")
        return OneStatistic(self._results, name)

    def __repr__(self) -> str:
        return listing([(name, it.unit, it.doc) for name, it in STATISTICS.items()])


class OneStatistic:
    """A statistic of a study, to be called as `Results.statistic` less the name."""

    def __init__(self, results: HasStatistics, name: str) -> None:
        self._results, self._name = results, name
        found = STATISTICS[name]
        dimensions = " or ".join(", ".join(source.dimensions) for source in found.sources)
        self.__name__ = name
        self.__doc__ = f"{found.doc[:1].upper()}{found.doc[1:]} [{found.unit}].\n{_HELP.format(by=dimensions)}"
        # what help and Jupyter's question mark show
        self.__signature__ = Signature([
            Parameter("by", Parameter.POSITIONAL_OR_KEYWORD, default=(), annotation="str | Sequence[str]"),
            Parameter("confidence", Parameter.POSITIONAL_OR_KEYWORD, default=CONFIDENCE, annotation="float")],
            return_annotation="DataFrame")

    def __call__(self, by: "str | Sequence[str]" = (), confidence: float = CONFIDENCE) -> "DataFrame":
        """Return it by group: the factors, the columns of ``by``, mean, half_width, n, failed and unit."""
        return self._results.statistic(self._name, by, confidence)

    def __repr__(self) -> str:
        found = STATISTICS[self._name]
        return f"{self._name}(by=(), confidence={CONFIDENCE}): {found.doc} [{found.unit}]"
