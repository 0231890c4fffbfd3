"""What ``rule_change`` finds: prices, batches and speeds under both rules, who would enter, and who gains."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np

from experiments.studies.assuming import at_point
from experiments.studies.rule_change.batch_frontier import CASES, best_batch, price_of_a_second, usual_frontier
from experiments.studies.rule_change.best_answers import ARMS, NEW, OLD, AnswersEnd, Game, least_cost
from sim.streams import Streams
from sim.units import HOUR_S

if TYPE_CHECKING:
    from pandas import DataFrame

    from experiments.runs.specs import Value
    from experiments.studies.rule_change.assumed import RuleChangeAssumptions
    from experiments.studies.rule_change.design import RuleChange

HOSTS: Final = (3, 5, 10)
VALUES: Final = {0.1: "a tenth of ", 1.0: "", 10.0: "ten times "}  # of time, over the rule's
OF_MODELS: Final = 4  # quantities that are told of each model, too
AT_POINTS: Final = 5  # hosts where the verdict is asked at other assumptions
COLUMNS: Final = ("quantity", "unit", "arm", "mean", "half_width", "n")


class ChangeCell(NamedTuple):
    """One game: the model, how many hosts, and one of `ARMS`."""

    model: str
    hosts: int
    arm: str


@dataclass(frozen=True)
class FoundChange:
    """Ends of games by cell, of every seed.

    Attributes
    ----------
    seeds
        Games with 3, 5 and 10 hosts.
    crowded
        Games with so many that it shows how many the margin would carry.
    assumed
        What was assumed.
    """

    seeds: tuple[Mapping[ChangeCell, AnswersEnd], ...]
    crowded: tuple[Mapping[ChangeCell, AnswersEnd], ...]
    assumed: RuleChangeAssumptions

    def values(self, of: Callable[[ChangeCell, AnswersEnd], float], arm: str, model: str = "") -> list[float]:
        """Return the mean over the cells of an arm, of one model or all, by seed."""
        return [float(np.mean([of(cell, end) for cell, end in seed.items()
                               if cell.arm == arm and model in ("", cell.model)])) for seed in self.seeds]


def find_change(design: RuleChange, check: Callable[[], None]) -> FoundChange:
    """Play all games of all seeds."""
    seeds, crowded, given = [], [], design.assumed
    for replication in range(design.replications):
        rows: list[dict[ChangeCell, AnswersEnd]] = [{}, {}]
        for cell in (ChangeCell(*it) for it in product(CASES, (*HOSTS, given.entrants), ARMS)):
            streams, many = Streams(design.seed, replication), cell.hosts == given.entrants
            rows[many][cell] = Game(*cell, given, streams).play(given.entry_rounds if many else given.rounds)
            check()
        seeds.append(rows[0])
        crowded.append(rows[1])
    return FoundChange(tuple(seeds), tuple(crowded), given)


def compared(ends: Mapping[ChangeCell, AnswersEnd]) -> dict[str, float]:
    """Return what the rule compares: means over models and numbers of hosts."""
    new = [(end, ends[cell._replace(arm=OLD)]) for cell, end in ends.items() if cell.arm == NEW]
    return {"batch_gap": float(np.mean([end.batch_gap for end, _ in new])),
            "batch_move": float(np.mean([old.log_batch - end.log_batch for end, old in new])),
            "moving": float(np.mean([end.moving for end, _ in new]))}


def statistics(found: FoundChange) -> dict[str, list[float]]:
    """Return what the rule compares, one value a seed."""
    rows = [compared(seed) for seed in found.seeds]
    return {name: [row[name] for row in rows] for name in rows[0]}


def control(found: FoundChange) -> list[float]:
    """Return the share of reviews that move a price though 1/p^2 is kept."""
    return found.values(lambda _, end: end.moving, OLD)


def known_move(assumed: RuleChangeAssumptions) -> float:
    """Return batch_move by the inputs alone: plain hosts go from the largest batch to that of E138."""
    moves = []
    for model in CASES:
        frontier = usual_frontier(model, assumed)
        largest = frontier.batch[max(int((frontier.step_s <= assumed.slowest_token_s).sum()), 1) - 1]
        moves.append(math.log(largest / min(frontier.batch[best_batch(frontier, assumed.speed_cost)], largest)))
    return float(np.mean(moves))


def statistics_at(design: RuleChange, point: Mapping[str, Value]) -> dict[str, float]:
    """Return what the rule compares at a point: of five hosts, one draw and half of the rounds."""
    given = at_point(design.assumed, point)
    ends = {cell: Game(*cell, given, Streams(design.seed, 0)).play(given.rounds // 2)
            for cell in (ChangeCell(*it) for it in product(CASES, (AT_POINTS,), (OLD, NEW)))}
    return compared(ends)


def summary(found: FoundChange) -> DataFrame:
    """Return a row a quantity and arm."""
    import pandas as pd

    rows = [_row(name, unit, arm, found.values(of, arm)) for name, unit, of in _quantities(found) for arm in ARMS]
    rows += [_row("hosts that the margin would carry", "hosts", arm, carried(found, arm)) for arm in ARMS]
    for model in CASES:
        frontier = usual_frontier(model, found.assumed)
        place = best_batch(frontier, found.assumed.speed_cost)
        rows.append(_row(f"batch of E138, a plain host: {model}", "requests", NEW, [float(frontier.batch[place])]))
        rows += [_row(f"{name}: {model}", unit, arm, found.values(of, arm, model))
                 for name, unit, of in _quantities(found)[:OF_MODELS] for arm in (OLD, NEW)]
    rows.append(_row("price of waiting in the rule", "USD/h", NEW, [price_of_a_second(found.assumed) * HOUR_S]))
    rows.append(_row("value of time from which customers gain", "USD/h", NEW, break_even(found)))
    return pd.DataFrame(rows, columns=list(COLUMNS))


def _quantities(found: FoundChange) -> list[tuple[str, str, Callable[[ChangeCell, AnswersEnd], float]]]:
    given = found.assumed

    def full(value: float) -> Callable[[ChangeCell, AnswersEnd], float]:
        """What customers pay and wait, in the least cost."""
        return lambda cell, end: end.paid + value * given.speed_cost * end.token_s / least_cost(cell.model, given)

    return [
        ("price paid over the least cost", "1", lambda _, end: end.paid),
        ("batch, geometric mean", "requests", lambda _, end: math.exp(end.log_batch)),
        ("reviews that move a price", "1", lambda _, end: end.moving),
        ("distance of log batch from E138", "1", lambda _, end: end.batch_gap),
        ("dispersion of log prices", "1", lambda _, end: end.dispersion),
        ("speed", "tokens/s", lambda _, end: 1.0 / end.token_s),
        ("GPU time of a token over the least", "1", lambda _, end: end.gpus),
        *((f"price paid and waiting at {much}the rule's value of time", "least cost", full(value))
          for value, much in VALUES.items()),
        ("cost of serving and waiting at the rule's value of time", "least cost",
         lambda cell, end: full(1.0)(cell, end) - cell.hosts * end.profit),
    ]


def _row(quantity: str, unit: str, arm: str, values: list[float]) -> tuple[Any, ...]:
    from experiments.stats import interval

    got = interval(values)
    return quantity, unit, arm, got.mean, got.half_width, got.n


def carried(found: FoundChange, arm: str) -> list[float]:
    """Return how many hosts could pay their fixed cost of what many earn in all, by seed; the mean over models."""
    return [float(np.mean([found.assumed.size * cell.hosts * end.profit for cell, end in seed.items()
                           if cell.arm == arm])) for seed in found.crowded]


def break_even(found: FoundChange) -> list[float]:
    """Return the value of an hour above which customers gain by the change, USD, by seed; the median over games."""
    out = []
    for seed in found.seeds:
        values = []
        for cell, new in seed.items():
            old = seed[cell._replace(arm=OLD)]
            if cell.arm == NEW and old.token_s > new.token_s:
                dearer = (new.paid - old.paid) * least_cost(cell.model, found.assumed)
                values.append(dearer / (old.token_s - new.token_s))
        per_cost = price_of_a_second(found.assumed) / found.assumed.speed_cost
        out.append(float(np.median(values)) * per_cost * HOUR_S if values else math.nan)
    return out
