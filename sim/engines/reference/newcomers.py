"""What offers without samples of their own show: a typical peer's values (semantics, section 5)."""

from typing import Final

from sim import view
from sim.engines.reference.telemetry import PERCENTILES, Observed

AVERAGES: Final = (view.TTFT_EWMA_S, view.TPOT_EWMA_S, view.THROUGHPUT_EWMA)


def show_newcomers(rows: list[Observed]) -> None:
    """Let the rows of a model that know nothing of a column show its lower median over those that do.

    With nobody who knows they go on to show the prior.
    """
    for column in AVERAGES:
        _show(column, [row for row in rows if column in row.averaged],
              [row for row in rows if column not in row.averaged])
    for metric, columns in PERCENTILES.items():
        for column, _ in columns:
            _show(column, [row for row in rows if metric not in row.empty],
                  [row for row in rows if metric in row.empty])


def _show(column: int, seen: list[Observed], unseen: list[Observed]) -> None:
    if not seen:
        return
    typical = sorted(row.row[column] for row in seen)[(len(seen) - 1) // 2]
    for row in unseen:
        row.row[column] = typical
        row.mirror()
