"""What the rule of ``cost_fall`` compares: the share of mix of all tokens in the market with entry, least and most."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

from experiments.studies.bills import extreme
from experiments.studies.climb.two_rungs import LADDER
from experiments.studies.cost_fall.design import ENTRY, KEPT, CostFall
from experiments.studies.cost_fall.measures import ALL, LISTED, MIX, SHARE, SPEND, FoundFalls
from experiments.studies.cost_fall.open_rung import HALF, share

if TYPE_CHECKING:
    from pandas import DataFrame


class FallOnDay(NamedTuple):
    """A cell of an arm: what GPUs' cost is divided by, and how many days later is measured."""

    divisor: float
    after_days: int


def by_cell(frame: DataFrame, arm: str, tokens: str, metric: str) -> Mapping[FallOnDay, Sequence[float]]:
    """Return a metric, one value a seed, of every cell of an arm but its base."""
    rows = frame[(frame["arm"] == arm) & (frame["tokens"] == tokens) & (frame["metric"] == metric)
                 & (frame["divisor"] != 1.0)]
    return {FallOnDay(float(divisor), int(day)): part["value"].tolist()
            for (divisor, day), part in rows.groupby(["divisor", "after_days"], sort=False)}


def statistics(found: FoundFalls) -> dict[str, Sequence[float]]:
    """Return what the rule compares."""
    cells, mix = (by_cell(found.frame, ENTRY, ALL, metric) for metric in (SHARE, MIX))
    return {"least_share": extreme(cells, 1), "most_share": extreme(cells, -1), "least_mix": extreme(mix, 1)}


def control(found: FoundFalls) -> Sequence[float]:
    """Return the change of spend where sellers keep the fall, of the day on which it is farther from 0."""
    cells = by_cell(found.frame, KEPT, ALL, SPEND)
    return max(cells.values(), key=lambda values: abs(sum(values)), default=[])


def by_rung(found: FoundFalls) -> dict[str, Sequence[float]]:
    """Return least and most share with two models by hand, of demand at list prices, and of the market."""
    hand, listed = _by_hand(found.design), by_cell(found.frame, ENTRY, LISTED, SHARE)
    whole = statistics(found)
    return {"L0 least share: two models by hand, the open one alone cheaper": [min(hand)],
            "L0 most share": [max(hand)],
            "L1 least share: demand at list prices, open ones' as much cheaper as GPUs": extreme(listed, 1),
            "L1 most share": extreme(listed, -1),
            "L3 least share: the market with entry": whole["least_share"], "L3 most share": whole["most_share"]}


def _by_hand(design: CostFall) -> list[float]:
    return [share(LADDER, divisor, HALF, alone=True) for divisor in design.divisors[1:]]
