"""Which verdicts of the default tournament flip when step times are off by the calibration's error."""

from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import TYPE_CHECKING, Final, NamedTuple

from experiments.stats import Interval, interval, paired
from experiments.stats.intervals import censored
from experiments.validation.step_errors import AS_CALIBRATED, DRAWN, DRAWS, errors, scenario_off
from sim.errors import MarketError
from sim.scenario import TrafficScenario

if TYPE_CHECKING:
    from pandas import DataFrame

# what a tournament's policies are ranked by, and whether more is better; times to first token are of completed
# requests, since where over one in a hundred fails the percentile over all is later than any that is known
METRICS: Final[Mapping[str, bool]] = {"cost_per_good_usd": False, "good_share": True, "ttft_p99_completed_s": False}
REPLICATIONS: Final = 5
QUICK_DRAWS: Final = 1
QUICK_REPLICATIONS: Final = 3
QUICK: Final = ("openrouter_classic", "cheapest", "power_of_d", "peak_ewma")

Values = Mapping[tuple[str, str, str], Sequence[float]]  # by case, policy and metric, over replications


class Verdict(NamedTuple):
    """Two policies by a metric in one case.

    Attributes
    ----------
    difference
        Interval of the paired difference of the metric, first less second.
    better
        1 if the first is better, -1 if the second is, 0 if the interval does not tell.
    """

    difference: Interval
    better: int


class Counts(NamedTuple):
    """What became of the verdicts of a metric in a case.

    Attributes
    ----------
    kept, open, turned
        Pairs told apart as calibrated that are told apart alike; that are not told apart; that are told apart the other
        way round.
    new
        Pairs told apart only here.
    """

    kept: int
    open: int
    turned: int
    new: int


class Flip(NamedTuple):
    """A pair whose verdict turns: the better of the two as calibrated, the other, where, and both intervals."""

    metric: str
    better: str
    other: str
    case: str
    before: Interval
    after: Interval


def run_cases(
    scenario: TrafficScenario, policies: Sequence[str], draws: int, replications: int, jobs: int = 1
) -> Values:
    """Run every case of `step_errors` under every policy, on the same requests.

    Raises
    ------
    MarketError
        If a run fails.
    """
    from experiments.runs.keys import specs_of
    from experiments.runs.runner import announce_compiling, run_all
    from experiments.runs.specs import POLICY
    from experiments.store.results import Results
    from experiments.store.store import Store
    from sim.scenario.load import plain

    points = [{POLICY: policy} for policy in policies]
    cases = {name: plain(scenario if name == AS_CALIBRATED else scenario_off(scenario, error))
             for name, error in errors(draws).items()}
    specs = {name: specs_of(scenario.kind, base, points, replications) for name, base in cases.items()}
    announce_compiling(scenario.kind, scenario)
    found: dict[tuple[str, str, str], list[float]] = {}
    with Store(None) as store:
        for name, wanted in specs.items():
            store.begin(name, {"kind": scenario.kind, "scenario": cases[name]}, wanted)
        run_all([spec for wanted in specs.values() for spec in wanted], store, jobs=jobs)
        for name in specs:
            results = Results(store, name)
            if len(failed := results.failures()):
                raise MarketError(f"a run of {name!r} failed: {failed['problem'].iloc[0]}")
            found |= _values(name, policies, results.table("metrics"))
    return found


def found_at_load_one(quick: bool, jobs: int) -> Values:
    """Run the cases of the default tournament at its own load: all of its policies, or a few."""
    from experiments.scenarios import load_traffic
    from experiments.studies.tournament.design import DEFAULT_POLICIES

    policies, draws, replications = (
        (QUICK, QUICK_DRAWS, QUICK_REPLICATIONS) if quick else (DEFAULT_POLICIES, DRAWS, REPLICATIONS))
    return run_cases(load_traffic("tournament"), policies, draws, replications, jobs)


def _values(case: str, policies: Sequence[str], table: "DataFrame") -> dict[tuple[str, str, str], list[float]]:
    table = table[table["metric"].isin(list(METRICS))].sort_values(["row", "replication"], kind="stable")
    return {(case, policies[int(row)], str(metric)): part["value"].astype(float).tolist()
            for (row, metric), part in table.groupby(["row", "metric"], sort=False)}


def names_in(values: Values, place: int) -> list[str]:
    """Return the cases (0), policies (1) or metrics (2) of what was found, in their order."""
    return list(dict.fromkeys(key[place] for key in values))


class Pair(NamedTuple):
    """Two policies that are compared."""

    first: str
    second: str


def verdict(values: Values, case: str, metric: str, pair: Pair) -> Verdict:
    """Return what a case says of two policies: better if the 95% interval of the paired difference excludes zero."""
    difference = paired(values[case, pair.first, metric], values[case, pair.second, metric]).difference
    if not abs(difference.mean) > difference.half_width:  # nan, where a value is censored, tells nothing
        return Verdict(difference, 0)
    return Verdict(difference, 1 if (difference.mean > 0) == METRICS[metric] else -1)


def pairs_of(values: Values) -> list[Pair]:
    """Return all pairs of policies."""
    return [Pair(*two) for two in combinations(names_in(values, 1), 2)]


def counts(values: Values, case: str, metric: str) -> Counts:
    """Return what becomes of the verdicts on all pairs."""
    both = [(verdict(values, AS_CALIBRATED, metric, pair).better, verdict(values, case, metric, pair).better)
            for pair in pairs_of(values)]
    told = [(before, after) for before, after in both if before != 0]
    return Counts(
        kept=sum(before == after for before, after in told), open=sum(after == 0 for _, after in told),
        turned=sum(after == -before for before, after in told),
        new=sum(before == 0 != after for before, after in both))


def flips(values: Values) -> list[Flip]:
    """Return every pair and case in which a verdict turns, by metric."""
    found = []
    for metric in METRICS:
        for pair in pairs_of(values):
            better = verdict(values, AS_CALIBRATED, metric, pair).better
            if better == 0:
                continue
            ordered = pair if better == 1 else Pair(pair.second, pair.first)
            before = verdict(values, AS_CALIBRATED, metric, ordered).difference
            for case in names_in(values, 0):
                after = verdict(values, case, metric, ordered)
                if after.better == -1:
                    found.append(Flip(metric, *ordered, case, before, after.difference))
    return found


def ranks(values: Values, case: str, metric: str) -> dict[str, int]:
    """Return the place of each policy by its mean, from 1; one of which a value is censored has none and comes last."""
    means = {policy: _mean(values[case, policy, metric]) for policy in names_in(values, 1)}
    order = sorted(means, key=lambda policy: -means[policy] if METRICS[metric] else means[policy])
    return {policy: place for place, policy in enumerate(order, start=1)}


def _mean(values: Sequence[float]) -> float:
    return float("inf") if censored(values) else interval(values).mean


def is_drawn(case: str) -> bool:
    """Return whether a case is one of the drawn ones."""
    return case.startswith(DRAWN)
