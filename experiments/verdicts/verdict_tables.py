"""The tables of a verdict: what was weighed, values by seed, what moves it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from experiments.output.folder import Folder
from experiments.stats.intervals import Interval, interval
from experiments.verdicts.deciding import Weighed

if TYPE_CHECKING:
    from pandas import DataFrame

    from experiments.verdicts.judged import Judged

VERDICT: Final = "verdict.csv"
COLUMNS: Final = ("part", "statistic", "asked", "mean", "half_width", "n", "said")
CONTROL: Final = "control"
ALONE: Final = "inputs alone"
ROBUST: Final = "robustness"


def verdict_tables(judged: Judged[Any]) -> dict[str, DataFrame]:
    """Return ``verdict`` (a row a threshold, the control, the rungs of the ladder, and the verdict), ``seeds``, and of
    a verdict whose assumptions were varied ``effects`` and ``points``.
    """  # noqa: D205 - one list of four tables
    import pandas as pd

    seeds = [(name, seed, value) for name, values in {**judged.statistics, CONTROL: judged.control}.items()
             for seed, value in enumerate(values)]
    tables = {"verdict": pd.DataFrame(_rows(judged), columns=list(COLUMNS)),
              "seeds": pd.DataFrame(seeds, columns=["statistic", "seed", "value"])}
    if judged.robust is not None:
        tables |= {"effects": judged.robust.effects, "points": judged.robust.points}
    return tables


def _rows(judged: Judged[Any]) -> list[tuple[Any, ...]]:
    ruling, none = judged.ruling, interval([])
    rows = [_row("verdict", "", "", none, ruling.said)]
    for part, weighed in (("arithmetic", ruling.arithmetic), ("supported", ruling.supported),
                          ("contradicted", ruling.contradicted)):
        rows += [_weighed(part, it) for it in weighed]
    control = ruling.control
    if control.control.has_null:
        asked = f"{control.control.null:g} ± {control.control.within:g}"
        rows.append(_row(CONTROL, control.control.statistic, asked, control.found,
                         "null" if control.is_null else "not null"))
    rows += [_row(ALONE, rung, "", interval(values), "") for rung, values in judged.inputs_alone.items()]
    rows += [_row(ALONE, rung, "", none, why) for rung, why in judged.rungs.items()]
    if judged.robust is not None:
        rows.append(_row(ROBUST, "", "", none, judged.robust.sentence))
    return rows


def _weighed(part: str, it: Weighed) -> tuple[Any, ...]:
    return _row(part, it.threshold.statistic, it.threshold.asked, it.found, "holds" if it.holds else "does not hold")


def _row(part: str, statistic: str, asked: str, found: Interval, said: str) -> tuple[Any, ...]:
    return part, statistic, asked, found.mean, found.half_width, found.n, said


def said_in(folder: Folder) -> str:
    """Return the verdict of a folder in words."""
    frame = folder.table(VERDICT)
    return str(frame.loc[frame["part"] == "verdict", "said"].iloc[0])
