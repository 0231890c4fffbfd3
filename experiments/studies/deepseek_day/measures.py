"""What ``deepseek_day`` finds: rates of a node, nodes, cost and margin, each beside what was published."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, NamedTuple

from experiments.studies.assuming import at_point
from experiments.studies.deepseek_day.stepping import Stepped, Steps, decode_stepped, prefill_stepped
from experiments.validation import deepseek_day as day
from sim.streams import Streams
from sim.units import DAY_S, HOUR_S

if TYPE_CHECKING:
    from pandas import DataFrame

    from experiments.runs.specs import Value
    from experiments.studies.deepseek_day.assumed import DayAssumptions
    from experiments.studies.deepseek_day.design import PublishedDay

CASE: Final = day.CASES[2]  # with the exchange that DeepSeek published: the rule's
FEWER: Final = 0.98  # of a batch, while users get too few tokens a second


class NodeRates(NamedTuple):
    """What a node gets done: tokens a second of prefill (hits included) and of decode, and a user's."""

    prefill: float
    decode: float
    speed: float


@dataclass(frozen=True)
class FoundDay:
    """Rates by closed form and by case, and stepped through by seed.

    Attributes
    ----------
    closed
        By case.
    stepped
        By seed, of `CASE`.
    alike
        Stepped over closed decode with requests all alike, less 1.
    """

    closed: Mapping[str, NodeRates]
    stepped: tuple[NodeRates, ...]
    alike: float


def find_day(design: PublishedDay, check: Callable[[], None]) -> FoundDay:
    """Return rates by closed form, and units stepped through once a seed."""
    closed = {case: closed_form(design.assumed, case) for case in day.CASES}
    stepped = []
    for replication in range(design.replications):
        stepped.append(stepped_through(design, design.assumed, replication))
        check()
    return FoundDay(closed, tuple(stepped), alike(design))


def closed_form(assumed: DayAssumptions, case: str) -> NodeRates:
    """Return what full units get done in steady state, with every GPU as loaded as the mean one."""
    batch, tpot_s = day.decode(slowed(day.unit(day.DECODE_GPUS, case), assumed), assumed.speed_per_s)
    prefill = day.prefill(slowed(day.unit(day.PREFILL_GPUS, case), assumed)) * day.NODE_GPUS / day.PREFILL_GPUS
    return NodeRates(prefill, batch * day.NODE_GPUS / tpot_s, 1.0 / tpot_s)


def slowed(unit: day.Unit, assumed: DayAssumptions) -> day.Unit:
    """Return a unit with its steps slower by what is assumed."""
    step, all_else, exchange = unit.step, assumed.steps_slower, assumed.exchange_slower
    times = {name: value * all_else for name, value in step._asdict().items() if name != "miss_log"}
    return unit._replace(step=step._replace(**{**times, "comm_token_s": step.comm_token_s * exchange}))


def stepped_through(design: PublishedDay, assumed: DayAssumptions, replication: int) -> NodeRates:
    """Return what units get done that are stepped through: the largest batch at which users are served fast enough."""
    streams = Streams(design.seed, replication)
    unit = slowed(day.unit(day.DECODE_GPUS, CASE), assumed)
    batch, _ = day.decode(unit, assumed.speed_per_s)
    key = streams.word("decode")
    while True:
        found = _decode(design, assumed, unit, batch, key)
        if found.per_user >= assumed.speed_per_s or batch == 1:
            break
        batch = max(1, min(batch - 1, int(batch * FEWER)))
    steps = Steps(design.prefill_steps, design.prefill_steps, assumed.imbalance)
    prefill = prefill_stepped(slowed(day.unit(day.PREFILL_GPUS, CASE), assumed), assumed.lengths_cv, steps,
                              streams.generator("prefill"))
    return NodeRates(prefill.per_node, found.per_node, found.per_user)


def _decode(design: PublishedDay, assumed: DayAssumptions, unit: day.Unit, batch: int, key: int) -> Stepped:
    from numpy.random import PCG64DXSM, Generator

    # every batch that is tried draws the same requests from their beginning
    draws = Generator(PCG64DXSM(key))
    steps = Steps(design.decode_steps, design.decode_steps, assumed.imbalance)
    return decode_stepped(unit, batch, assumed.lengths_cv, steps, draws)


def alike(design: PublishedDay) -> float:
    """Return stepped over closed decode, less 1, with requests all alike and evenly spread over their lives."""
    same = at_point(design.assumed, {"lengths_cv": 0.0})
    unit = slowed(day.unit(day.DECODE_GPUS, CASE), same)
    batch, tpot_s = day.decode(unit, same.speed_per_s)
    found = _decode(design, same, unit, batch, 0)
    return found.per_node / (batch * day.NODE_GPUS / tpot_s) - 1.0


def worst(rates: NodeRates) -> float:
    """Return the larger error of both rates of a node, relative to what was published."""
    return max(abs(rates.prefill / day.PREFILL_PER_NODE - 1.0), abs(rates.decode / day.DECODE_PER_NODE - 1.0))


def statistics(found: FoundDay) -> dict[str, list[float]]:
    """Return what the rule compares, one value a seed; closed form is the same in all."""
    return {"first_principles": [worst(found.closed[CASE])] * len(found.stepped),
            "simulated": [worst(it) for it in found.stepped]}


def statistics_at(design: PublishedDay, point: Mapping[str, Value]) -> dict[str, float]:
    """Return what the rule compares at a point, with one seed stepped through."""
    assumed = at_point(design.assumed, point)
    return {"first_principles": worst(closed_form(assumed, CASE)),
            "simulated": worst(stepped_through(design, assumed, 0))}


class DayFigure(NamedTuple):
    """A figure of the day: as published, by arithmetic from the others published (nan if not), and from rates."""

    name: str
    unit: str
    published: float
    arithmetic: float
    of: Callable[[NodeRates], float]


def nodes(rates: NodeRates) -> float:
    """Return nodes of the mean, from the day's tokens."""
    return (day.INPUT_TOKENS / rates.prefill + day.OUTPUT_TOKENS / rates.decode) / DAY_S


def cost_usd(rates: NodeRates) -> float:
    """Return the day's cost of these nodes."""
    return nodes(rates) * day.NODE_GPUS * day.GPU_USD_PER_HOUR * DAY_S / HOUR_S


def figures() -> list[DayFigure]:
    """Return the figures of the day, with what published rates alone say of each (`deepseek_day.arithmetic`)."""
    nan = float("nan")
    known = {it.name: it.ours[0] for it in day.arithmetic()}
    return [
        DayFigure("prefill, hits included", "tokens/s a node", day.PREFILL_PER_NODE, nan, lambda it: it.prefill),
        DayFigure("decode", "tokens/s a node", day.DECODE_PER_NODE, nan, lambda it: it.decode),
        DayFigure("speed", "tokens/s a user", day.TOKENS_PER_S, nan, lambda it: it.speed),
        DayFigure("nodes, mean", "nodes", day.NODES, known["nodes, from tokens a node"], nodes),
        DayFigure("node-hours", "h/day", day.NODES * DAY_S / HOUR_S,
                  known["nodes, from tokens a node"] * DAY_S / HOUR_S, lambda it: nodes(it) * DAY_S / HOUR_S),
        DayFigure("hits", "share of input", day.HIT_SHARE, known["share of input found in the cache"],
                  lambda _: day.lengths().hit),
        DayFigure("cost", "USD/day", day.COST_USD, known["cost of the nodes"], cost_usd),
        DayFigure("profit over cost", "1", day.MARGIN, known["profit over cost"],
                  lambda it: known["revenue at those prices"] / cost_usd(it) - 1.0),
    ]


def summary(found: FoundDay) -> DataFrame:
    """Return a row a figure: published, arithmetic, by closed form in each case, and stepped through."""
    import pandas as pd

    from experiments.stats import interval

    rows = []
    for it in figures():
        got = interval([it.of(rates) for rates in found.stepped])
        cases = [it.of(found.closed[case]) for case in day.CASES]
        rows.append((it.name, it.unit, it.published, it.arithmetic, *cases, cases[-1] / it.published - 1.0, got.mean,
                     got.half_width, got.mean / it.published - 1.0))
    return pd.DataFrame(rows, columns=["figure", "unit", "published", "arithmetic", "e1", "own_schedulers",
                                       "published_exchange", "error", "simulated", "half_width", "simulated_error"])
