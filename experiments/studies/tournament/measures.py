"""What a tournament found: means, paired differences, who is dominated, who may be best.

Policies are compared by the share of good requests, by what a good request costs, and by a latency in which requests
that were not completed are the latest (equation L13 of docs/lab/statistics.md).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import product
from math import isfinite
from typing import TYPE_CHECKING, Final

from experiments.measures.catalogue import unit_of
from experiments.stats import Interval, Paired, interval, paired
from experiments.stats.intervals import censored
from experiments.stats.multiple import verdicts
from experiments.stats.refusals import StatisticsError
from experiments.stats.selection import best_of
from experiments.studies.tournament.by_class import ByClass, classes_in
from experiments.studies.tournament.design import Tournament

if TYPE_CHECKING:
    from pandas import DataFrame

    from experiments.store.results import Results

COST: Final = "cost_per_good_usd"  # the two axes on which a policy may be dominated
GOOD: Final = "good_share"
LATENCY: Final = "e2e_p99_s"  # of all requests, those not completed being the latest
# what terminal and write-up show of a load, in two tables, since one would fit neither
COLUMNS: Final = (COST, GOOD, "completed_share", "cost_usd_per_mtok", "ttft_p50_s", "tpot_p50_s", "e2e_p50_s")
TAILS: Final = ("ttft_p90_s", "ttft_p99_s", "ttft_p99_completed_s", LATENCY, "e2e_p99_completed_s")
CACHES: Final = ("cached_share", "paid_usd_per_mtok", "ttft_p50_s", "ttft_p99_s")  # where prompts are cached
BEST: Final[Mapping[str, str]] = {COST: "lowest", GOOD: "highest", LATENCY: "lowest"}  # the good end of each
SUMMARY_COLUMNS: Final = ("policy", "load", "metric", "unit", "mean", "half_width", "n")
PAIR_COLUMNS: Final = ("policy", "baseline", "load", "metric", "unit", "difference", "half_width",
                       "correlation", "variance_reduction", "n", "p", "p_holm")
STANDING_COLUMNS: Final = ("policy", "load", "on_frontier", "dominated_by",
                           *(f"may_have_{end}_{metric}" for metric, end in BEST.items()))

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
    classes
        The same of every class of clients.
    """

    design: Tournament
    values: Values
    classes: ByClass = field(default_factory=ByClass)

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

    @property
    def has_cached(self) -> bool:
        """Whether any run billed prompt tokens as cached."""
        return any(value > 0 for cell in self.values.values() for value in cell["cached_share"])

    def dominated_by(self, policy: str, load: float) -> str | None:
        """Return a policy that is no worse in cost and share of good requests and clearly better in one, or None.

        Clearly means that the interval of the paired difference excludes zero (with one replication: any
        difference).
        """
        rivals = (rival for rival in self.design.policies if rival != policy)
        return next((rival for rival in rivals if self._dominates(rival, policy, load)), None)

    def on_frontier(self, policy: str, load: float) -> bool:
        """Whether a policy has a cost and a share of good requests, and no other dominates it."""
        # one that completes nothing is beaten by nobody, having nothing to compare: it must not shine for that
        known = all(self.interval(policy, load, metric).n for metric in (COST, GOOD))
        return known and self.dominated_by(policy, load) is None

    def contenders(self, load: float, metric: str) -> tuple[str, ...]:
        """Return the policies among which the one with the best expectation is, with 95 % (equation L13).

        Policies without any value, or with a censored one, are not among them: they have no mean. None with a single
        policy or replication.
        """
        values = {policy: self.values[policy, load][metric] for policy in self.design.policies}
        values = {policy: each for policy, each in values.items()
                  if any(isfinite(value) for value in each) and not censored(each)}
        if len(values) == 1 < min(len(self.design.policies), self.design.replications):
            return tuple(values)  # all others are past every deadline, or have nothing
        try:
            return best_of(values, larger=BEST.get(metric) == "highest").contenders
        except StatisticsError:  # fewer than two to compare
            return ()

    def _dominates(self, rival: str, policy: str, load: float) -> bool:
        cost = self.paired(rival, policy, load, COST).difference
        bad = self.paired(policy, rival, load, GOOD).difference  # by how much the rival has fewer good requests
        if not all(pair.mean <= 0 for pair in (cost, bad)):
            return False
        # `not ... >= 0`, so that the nan of a single replication lets any difference count
        return any(pair.mean < 0 and not pair.mean + pair.half_width >= 0 for pair in (cost, bad))


def found_in(design: Tournament, results: Results) -> Found:
    """Return what the runs in a store say; each (policy, load) is a row of the design."""
    table = results.table("metrics").sort_values(["row", "replication"], kind="stable")
    values: Values = {}
    for row, mine in table.groupby("row", sort=True):
        cell = design.cells()[int(row)]
        values[cell] = {str(metric): part["value"].astype(float).tolist()
                        for metric, part in mine.groupby("metric", sort=False)}
    return Found(design, values, classes_in(design, results))


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

    Whether it is on the frontier, else which policy dominates it, and whether it may have the truly lowest cost of a
    good request, highest share of them and lowest latency (with 95 %; empty where that cannot be told: from one
    replication, of one policy, or where all are past the deadline).
    """
    import pandas as pd

    rows = []
    for load in found.design.loads:
        best = [found.contenders(load, metric) for metric in BEST]
        for policy in found.design.policies:
            rows.append((policy, load, found.on_frontier(policy, load), found.dominated_by(policy, load),
                         *(policy in those if those else None for those in best)))
    return pd.DataFrame(rows, columns=list(STANDING_COLUMNS))


def best(standings: DataFrame, summary: DataFrame, load: float, metric: str) -> list[str]:
    """Return the policies among which the one with the truly best metric is, best mean first; none if unknown.

    Parameters
    ----------
    standings, summary
        As the functions of these names return them, or read from their files.
    load, metric
        Of which; the metric is one of `BEST`.
    """
    end = BEST[metric]
    mine = standings[(standings["load"] == load) & standings[f"may_have_{end}_{metric}"].eq(True)]["policy"]
    means = summary[(summary["load"] == load) & (summary["metric"] == metric)].set_index("policy")["mean"]
    return sorted(mine, key=lambda policy: float(means[policy]), reverse=end == "highest")


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
