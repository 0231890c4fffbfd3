"""What flips, as a file of values and as a page: every sentence and table follows from the values."""

import csv
import io
from collections.abc import Sequence
from pathlib import Path
from statistics import mean
from typing import Final

from experiments.measures.catalogue import unit_of
from experiments.stats import Interval, interval
from experiments.validation.comparison import markdown, number
from experiments.validation.flips import (
    METRICS,
    Counts,
    Flip,
    Values,
    counts,
    flips,
    is_drawn,
    names_in,
    pairs_of,
    ranks,
)
from experiments.validation.step_errors import AS_CALIBRATED, DRAWN
from sim.errors import MarketError

KEPT_FILE: Final = Path(__file__).with_name("flips.csv")  # of the run that docs/validation.md tells of
DIGITS: Final = 6
KEYS: Final = ("case", "policy", "metric")


class FlipsError(MarketError):
    """A file of values cannot be read."""


def csv_text(values: Values) -> str:
    """Return all values as CSV: a row for each case, policy and metric, a column for each replication."""
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow([*KEYS, *(f"r{number}" for number in range(_replications(values)))])
    for key, row in values.items():
        writer.writerow([*key, *(f"{value:.{DIGITS}g}" for value in row)])
    return file.getvalue()


def read_values(path: Path = KEPT_FILE) -> dict[tuple[str, str, str], list[float]]:
    """Read what `csv_text` wrote.

    Raises
    ------
    FlipsError
        If the file is no such table.
    """
    try:
        head, *rows = csv.reader(path.read_text(encoding="utf-8").splitlines())
        if tuple(head[:len(KEYS)]) != KEYS:
            raise ValueError
        return {(row[0], row[1], row[2]): [float(value) for value in row[len(KEYS):]] for row in rows}
    except (OSError, ValueError) as error:
        raise FlipsError(f"{path} is no table that `tokenmarket validate flips` wrote") from error


def page(values: Values) -> str:
    """Return what flips as Markdown: sentences, cases, policies, and the pairs that turn."""
    tables = (case_rows(values), policy_rows(values), turned_rows(values))
    return "\n\n".join([summary(values), *(markdown(rows) for rows in tables if len(rows) > 1)])


def summary(values: Values) -> str:
    """Return in sentences how many verdicts there are and what becomes of them."""
    pairs = len(pairs_of(values))
    lines = [f"{len(names_in(values, 1))} policies ({pairs} pairs), {_replications(values)} replications, "
             f"{len(names_in(values, 0)) - 1} cases beside the calibration as it is. Two policies are told apart where "
             "the 95% interval of their paired difference excludes zero."]
    lines += [_sentence(values, metric, pairs) for metric in METRICS]
    return "\n".join(f"* {line}" if place else line + "\n" for place, line in enumerate(lines))


def _sentence(values: Values, metric: str, pairs: int) -> str:
    by_case = {case: counts(values, case, metric) for case in names_in(values, 0) if case != AS_CALIBRATED}
    told = counts(values, AS_CALIBRATED, metric).kept
    worst = min(by_case, key=lambda case: (by_case[case].kept, case))
    turned = {(flip.better, flip.other) for flip in flips(values) if flip.metric == metric}
    return (f"`{metric}`: {told} of {pairs} pairs are told apart as calibrated. Of these the mean case tells "
            f"{mean(it.kept for it in by_case.values()):.1f} apart alike, and the one with fewest ({worst}) "
            f"{by_case[worst].kept}; {_pairs(len(turned))} the other way round in a case or more.")


def _pairs(count: int) -> str:
    return {0: "none is told apart", 1: "1 is told apart"}.get(count, f"{count} are told apart")


def case_rows(values: Values) -> list[tuple[str, ...]]:
    """Return for each case what becomes of the verdicts of each metric; drawn cases as a mean."""
    head = ("case", *(f"{metric}: kept / open / turned / new" for metric in METRICS))
    cases = [case for case in names_in(values, 0) if case != AS_CALIBRATED]
    rows = [(case, *(_cell([counts(values, case, metric)]) for metric in METRICS))
            for case in cases if not is_drawn(case)]
    drawn = [case for case in cases if is_drawn(case)]
    if drawn:
        label = f"{DRAWN} (mean of {len(drawn)} draws)"
        rows.append((label, *(_cell([counts(values, case, metric) for case in drawn]) for metric in METRICS)))
    return [head, *rows]


def _cell(found: Sequence[Counts]) -> str:
    columns = [mean(column) for column in zip(*found, strict=True)]
    return " / ".join(f"{value:.0f}" if len(found) == 1 else f"{value:.1f}" for value in columns)


def policy_rows(values: Values) -> list[tuple[str, ...]]:
    """Return for each policy and metric its mean and place as calibrated, and the span of its places over all cases."""
    cases, policies = names_in(values, 0), names_in(values, 1)
    places = {metric: {case: ranks(values, case, metric) for case in cases} for metric in METRICS}
    head = ("policy", *(cell for metric in METRICS for cell in (f"{metric}, {unit_of(metric)}", "place", "places")))
    first = places[next(iter(METRICS))][AS_CALIBRATED]
    rows = []
    for policy in sorted(policies, key=first.__getitem__):
        cells = [policy]
        for metric, by_case in places.items():
            spans = [by_case[case][policy] for case in cases]
            cells += [_interval(interval(values[AS_CALIBRATED, policy, metric])), str(by_case[AS_CALIBRATED][policy]),
                      f"{min(spans)}–{max(spans)}"]
        rows.append(tuple(cells))
    return [head, *rows]


def turned_rows(values: Values) -> list[tuple[str, ...]]:
    """Return the pairs that turn, each with the case in which it is furthest beyond doubt."""
    found: dict[tuple[str, str, str], list[Flip]] = {}
    for flip in flips(values):
        found.setdefault((flip.metric, flip.better, flip.other), []).append(flip)
    head = ("metric", "better as calibrated", "than", "difference as calibrated", "difference where it turns", "where")
    rows: list[tuple[str, ...]] = [head]
    for (metric, better, other), those in found.items():
        clearest = max(those, key=lambda flip: abs(flip.after.mean) / max(flip.after.half_width, 1e-300))
        more = f", and {len(those) - 1} more" if len(those) > 1 else ""
        before, after = _interval(clearest.before), _interval(clearest.after)
        rows.append((metric, better, other, before, after, clearest.case + more))
    return rows


def _interval(found: Interval) -> str:
    return f"{number(found.mean)} ± {found.half_width:.1g}"


def _replications(values: Values) -> int:
    return len(next(iter(values.values())))
