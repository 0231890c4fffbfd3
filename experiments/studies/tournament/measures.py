"""What a tournament found: means, paired differences, who is dominated, who may be best."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from math import isfinite
from typing import TYPE_CHECKING, Final

from experiments.measures.catalogue import unit_of
from experiments.stats import Interval, Paired, interval, paired
from experiments.stats.multiple import verdicts
from experiments.stats.refusals import StatisticsError
from experiments.stats.selection import best_of
from experiments.studies.tournament.design import Tournament

if TYPE_CHECKING:
    from pandas import DataFrame

    from experiments.store.results import Results

COST: Final = "cost_usd_per_mtok"  # the two axes on which a policy may be dominated
LATENCY: Final = "e2e_p99_s"
SUMMARY_COLUMNS: Final = ("policy", "load", "metric", "unit", "mean", "half_width", "n")
PAIR_COLUMNS: Final = ("policy", "baseline", "load", "metric", "unit", "difference", "half_width",
                       "correlation", "variance_reduction", "n", "p", "p_holm")
STANDING_COLUMNS: Final = ("policy", "load", "on_frontier", "dominated_by",
                           *(f"may_have_lowest_{metric}" for metric in (COST, LATENCY)))

Values = dict[tuple[str, float], dict[str, list[float]]]  # by (policy, load), metric, replication


@dataclass(frozen=True)
class Found:
    """Results of a tournament.

    Attributes
    ----------
    design
        What was run.
    values
        For each (policy, load) and metric the values by replication.
    """

    design: Tournament
    values: Values

    @property
    def metrics(self) -> list[str]:
        """Names of the metrics, provider shares included."""
        return list(next(iter(self.values.values())))

    def interval(self, policy: str, load: float, metric: str) -> Interval:
        """Return mean and half-width of a metric over replications."""
        return interval(self.values[policy, load][metric])

    def paired(self, policy: str, other: str, load: float, metric: str) -> Paired:
        """Compare two policies at a load, replication by replication."""
        return paired(self.values[policy, load][metric], self.values[other, load][metric])

    def dominated_by(self, policy: str, load: float) -> str | None:
        """Return a policy that is no worse in cost and latency and clearly better in one, or None.

        Clearly means that the interval of the paired difference excludes zero (with one replication: any
        difference).
        """
        rivals = (rival for rival in self.design.policies if rival != policy)
        return next((rival for rival in rivals if self._dominates(rival, policy, load)), None)

    def on_frontier(self, policy: str, load: float) -> bool:
        """Whether a policy has a cost and a latency, and no other dominates it."""
        # one that completes nothing is beaten by nobody, having nothing to compare: it must not shine for that
        known = all(self.interval(policy, load, metric).n for metric in (COST, LATENCY))
        return known and self.dominated_by(policy, load) is None

    def contenders(self, load: float, metric: str) -> tuple[str, ...]:
        """Return the policies among which the one with the lowest expectation is, with 95 % (equation L13).

        Policies without any value are not among them. None with a single policy or replication.
        """
        values = {policy: self.values[policy, load][metric] for policy in self.design.policies}
        # a policy that completes nothing has no cost and no latency: it must not be the lowest for that
        values = {policy: each for policy, each in values.items() if any(isfinite(value) for value in each)}
        try:
            return best_of(values).contenders
        except StatisticsError:  # fewer than two to compare
            return ()

    def _dominates(self, rival: str, policy: str, load: float) -> bool:
        pairs = [self.paired(rival, policy, load, metric).difference for metric in (COST, LATENCY)]
        if not all(pair.mean <= 0 for pair in pairs):
            return False
        # `not ... >= 0`, so that the nan of a single replication lets any difference count
        return any(pair.mean < 0 and not pair.mean + pair.half_width >= 0 for pair in pairs)


def found_in(design: Tournament, results: Results) -> Found:
    """Return what the runs in a store say; each (policy, load) is a row of the design."""
    table = results.table("metrics").sort_values(["row", "replication"], kind="stable")
    values: Values = {}
    for row, mine in table.groupby("row", sort=True):
        cell = design.cells()[int(row)]
        values[cell] = {str(metric): part["value"].astype(float).tolist()
                        for metric, part in mine.groupby("metric", sort=False)}
    return Found(design, values)


def summary(found: Found) -> DataFrame:
    """Return mean and half-width of every metric by policy and load."""
    import pandas as pd

    rows = []
    for policy, load in found.design.cells():
        for metric in found.metrics:
            got = found.interval(policy, load, metric)
            rows.append((policy, load, metric, unit_of(metric), got.mean, got.half_width, got.n))
    return pd.DataFrame(rows, columns=list(SUMMARY_COLUMNS))


def standings(found: Found) -> DataFrame:
    """Return by policy and load what is claimed of it; terminal, figure and report all say this and nothing else.

    Whether it is on the frontier, else which policy dominates it, and whether it may have the truly lowest cost and
    latency (with 95 %; empty where that cannot be told, from one replication or of one policy).
    """
    import pandas as pd

    rows = []
    for load in found.design.loads:
        lowest = [found.contenders(load, metric) for metric in (COST, LATENCY)]
        for policy in found.design.policies:
            rows.append((policy, load, found.on_frontier(policy, load), found.dominated_by(policy, load),
                         *(policy in those if those else None for those in lowest)))
    return pd.DataFrame(rows, columns=list(STANDING_COLUMNS))


def lowest(standings: DataFrame, summary: DataFrame, load: float, metric: str) -> list[str]:
    """Return the policies among which the one with the truly lowest metric is, lowest mean first; none if unknown.

    Parameters
    ----------
    standings, summary
        As the functions of these names return them, or read from their files.
    load, metric
        Of which; the metric is cost or latency.
    """
    mine = standings[(standings["load"] == load) & standings[f"may_have_lowest_{metric}"].eq(True)]["policy"]
    means = summary[(summary["load"] == load) & (summary["metric"] == metric)].set_index("policy")["mean"]
    return sorted(mine, key=lambda policy: float(means[policy]))


def pairs(found: Found) -> DataFrame:
    """Return the paired differences of every policy to the baseline.

    ``p_holm`` is corrected for the number of comparisons of its metric, over policies and loads.
    """
    import pandas as pd

    rows = []
    baseline = found.design.baseline
    cells = [(policy, load) for policy, load in found.design.cells() if policy != baseline]
    pair = {metric: {cell: found.paired(cell[0], baseline, cell[1], metric) for cell in cells}
            for metric in found.metrics}
    judged = {metric: verdicts({cell: got.difference for cell, got in of.items()}) for metric, of in pair.items()}
    for (policy, load), metric in product(cells, found.metrics):
        got, verdict = pair[metric][policy, load], judged[metric][policy, load]
        rows.append((policy, baseline, load, metric, unit_of(metric), got.difference.mean, got.difference.half_width,
                     got.correlation, got.variance_reduction, got.difference.n, verdict.p, verdict.adjusted))
    return pd.DataFrame(rows, columns=list(PAIR_COLUMNS))
