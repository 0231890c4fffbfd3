"""What ``train_or_serve`` finds: what splits earn, how their customers are served, and how hosts serve theirs."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from experiments.studies.assuming import at_point
from experiments.studies.train_or_serve.design import COARSE_HOURS, FleetYears
from experiments.studies.train_or_serve.fleet_course import FleetCourse, Lab, lab_of
from experiments.studies.train_or_serve.searching import (
    Search,
    best_fixed,
    best_nights,
    best_price,
    equalised,
)
from experiments.studies.train_or_serve.splits import FixedSplit, FleetSplit, Worths
from providers.training.limited_queue import SlotQueue, refused_share, waits_longer
from sim.streams import Streams

if TYPE_CHECKING:
    from pandas import DataFrame

    from experiments.runs.specs import Value
    from experiments.studies.train_or_serve.assumed import FleetAssumptions

NONE: Final = "none trains"
FIXED: Final = "fixed"
NIGHTS: Final = "nights"
SHADOW: Final = "shadow price"
MARGINAL: Final = "marginal"
HOST: Final = "pure host, the lab's customers"
FULL_HOST: Final = "pure host, full"
KINDS: Final = (NONE, FIXED, NIGHTS, SHADOW, MARGINAL)
PRICES: Final = tuple(float(it) for it in np.round(np.geomspace(0.05, 6.0, 25), 3))  # rents, that are tried
LEAST_ERROR: Final = 0.005  # of what the marginal split earns: seeds that agree more closely count as this far apart
COARSE_SEEDS: Final = 2
QUICKLY: Final = Search(tuple(float(it) for it in np.round(np.arange(0.0, 0.96, 0.12), 2)), (0.06, 0.03, 0.015), 4)
SUMMARY: Final = ("kind", "training", "profit", "loss", "loss_half_width", "refused_share", "p99_ttft_s", "lead_points",
                  "models", "gpu_worth", "n")


class Service(NamedTuple):
    """How customers are served, and what it earns.

    Attributes
    ----------
    profit
        Before the fleet's rent, in its rents, a mean over the months that count.
    refused
        Share of requests that are turned away with 429.
    p99_s
        99th percentile of the time to the first token of those that are served.
    lead
        Mean lead, points; nan of a host.
    models
        Models that came out in those months.
    training
        Mean share of the fleet that trained.
    gpu_worth
        What another GPU is worth in serving, in rents, a mean over time.
    """

    profit: float
    refused: float
    p99_s: float
    lead: float
    models: float
    training: float
    gpu_worth: float


@dataclass(frozen=True)
class FoundSplits:
    """What every kind of split came to.

    Attributes
    ----------
    assumed
        The assumptions.
    service
        By kind of split or host, one a seed.
    chosen
        The best split of each kind in words.
    null_loss
        What the best constant split loses where training brings nothing, one a seed.
    apart
        How far worths in training were from those used, one a seed: mean absolute logarithm.
    week
        A usual week of the first seed by kind: serving share of the fleet; empty of stated worlds.
    """

    assumed: FleetAssumptions
    service: Mapping[str, Sequence[Service]]
    chosen: Mapping[str, str]
    null_loss: Sequence[float]
    apart: Sequence[float]
    week: DataFrame

    def loss(self, kind: str) -> list[float]:
        """Return what a kind earns less than the marginal split, over what that one earns, one a seed."""
        return [1.0 - one.profit / other.profit
                for one, other in zip(self.service[kind], self.service[MARGINAL], strict=True)]

    def p99_over(self, host: str) -> list[float]:
        """Return the marginal split's p99 over a host's, one a seed."""
        return [one.p99_s / other.p99_s
                for one, other in zip(self.service[MARGINAL], self.service[host], strict=True)]


def p99_ttft_s(queue: SlotQueue, first_token_s: float, slots: np.ndarray, load: np.ndarray) -> float:
    """Return the 99th percentile of the time to the first token over all steps, of requests that are served (E151)."""
    served = load * (1.0 - refused_share(queue, slots, load))

    def late(wait_s: float) -> float:
        return float((served * waits_longer(queue, slots, load, wait_s)).sum() / served.sum())

    low, high = 0.0, queue.longest_wait_s
    if late(0.0) <= 0.01:
        return first_token_s
    for _ in range(30):
        middle = (low + high) / 2.0
        low, high = (middle, high) if late(middle) > 0.01 else (low, middle)
    return first_token_s + high


def service_of(lab: Lab, seen: FleetCourse) -> Service:
    """Return what a course came to in the months that count."""
    assumed, until = lab.assumed.serving, lab.clock.counted
    load, serving = seen.load[:until], seen.serving[:until]
    refused = float((load * seen.refused[:until]).sum() / load.sum())
    p99 = p99_ttft_s(lab.worths.queue, assumed.first_token_s, serving * assumed.slots, load * assumed.slots)
    return Service(lab.profit(seen), refused, p99, float(seen.lead[:until].mean()),
                   float((seen.releases <= until).sum()), float(seen.training[:until].mean()),
                   float(lab.worths.marginal(serving, load).mean()))


def host_of(lab: Lab, load: np.ndarray) -> Service:
    """Return how a pure host serves a load with the lab's whole fleet."""
    assumed = lab.assumed.serving
    every = np.full(len(load), assumed.slots)
    refused = refused_share(lab.worths.queue, every, load * assumed.slots)
    flow = load * assumed.busy_worth * (1.0 - (1.0 + assumed.goodwill) * refused)
    p99 = p99_ttft_s(lab.worths.queue, assumed.first_token_s, every, load * assumed.slots)
    worth = float(lab.worths.marginal(np.ones(len(load)), load).mean())
    return Service(float(flow.mean()), float((load * refused).sum() / load.sum()), p99, math.nan, 0.0, 0.0, worth)


def filling(lab: Lab, load: np.ndarray) -> float:
    """Return how many times as many customers a pure host has to whom another GPU would just earn its rent.

    What another GPU is worth rises with customers, so that it is found by halving; at most twenty times.
    """
    low, high = 0.05, 20.0
    for _ in range(30):
        middle = math.sqrt(low * high)
        worth = float(lab.worths.marginal(np.ones(len(load)), middle * load).mean())
        low, high = (middle, high) if worth < 1.0 else (low, middle)
    return math.sqrt(low * high)


def find_splits(design: FleetYears, check: Callable[[], None], search: Search | None = None) -> FoundSplits:
    """Return what all kinds of split come to."""
    search = Search() if search is None else search
    assumed = design.assumed
    worths = Worths(assumed.serving)
    labs = [lab_of(assumed, worths, Streams(design.seed, seed), design.step_hours)
            for seed in range(design.replications)]
    check()
    fixed = best_fixed(labs, search)
    nights = best_nights(labs, search, fixed)
    check()
    price = best_price(labs, PRICES)
    splits: dict[str, FleetSplit] = {NONE: FixedSplit(0.0), FIXED: fixed, NIGHTS: nights, SHADOW: price}
    service: dict[str, list[Service]] = {kind: [] for kind in (*KINDS, HOST, FULL_HOST)}
    apart: list[float] = []
    last: dict[str, FleetCourse] = {}
    for lab in labs:
        made = equalised(lab, price, search.rounds, check)
        apart.append(made.moved)
        courses = {kind: lab.course(split) for kind, split in {**splits, MARGINAL: made.split}.items()}
        for kind, seen in courses.items():
            service[kind].append(service_of(lab, seen))
        mine = courses[MARGINAL].load[:lab.clock.counted]
        service[HOST].append(host_of(lab, mine))
        service[FULL_HOST].append(host_of(lab, filling(lab, mine) * mine))
        last = last or courses
        check()
    chosen = {NONE: "0", FIXED: f"{fixed.training:g}", SHADOW: f"{price.price:g} rents", MARGINAL: "by paired runs",
              NIGHTS: f"{nights.by_day:g} by day, {nights.by_night:g} by night", HOST: "", FULL_HOST: ""}
    return FoundSplits(assumed, service, chosen, null_losses(design, search), apart, usual_week(labs[0], last))


def null_losses(design: FleetYears, search: Search) -> list[float]:
    """Return what the best constant split loses to the marginal one where no customer minds the lead, one a seed."""
    assumed = at_point(design.assumed, {"lead.answer": 0.0})
    worths = Worths(assumed.serving)
    labs = [lab_of(assumed, worths, Streams(design.seed, seed), design.step_hours)
            for seed in range(design.replications)]
    fixed = best_fixed(labs, search)
    losses = []
    for lab in labs:
        made = equalised(lab, fixed, 2)
        losses.append(1.0 - lab.profit(lab.course(fixed)) / lab.profit(lab.course(made.split)))
    return losses


def usual_week(lab: Lab, courses: Mapping[str, FleetCourse]) -> DataFrame:
    """Return a week in the middle of the first year: load and serving share by kind of split."""
    import pandas as pd

    first, many = 26 * 7 * lab.clock.per_day, 7 * lab.clock.per_day
    rows = [(kind, step * lab.clock.step_hours, float(seen.load[first + step]), float(seen.serving[first + step]))
            for kind, seen in courses.items() for step in range(many)]
    return pd.DataFrame(rows, columns=["kind", "hour", "load", "serving"])


def statistics(found: FoundSplits) -> dict[str, list[float]]:
    """Return what the rule compares, one value a seed; nights' loss in standard errors is the same for all."""
    fixed, nights = found.loss(FIXED), found.loss(NIGHTS)
    error = float(np.std(nights, ddof=1)) / math.sqrt(len(nights)) if len(nights) > 1 else 0.0
    away = float(np.mean(nights)) / max(error, LEAST_ERROR)
    return {"fixed_loss": fixed, "nights_loss_se": [away] * len(nights), "p99_over_host": found.p99_over(HOST),
            "p99_over_full_host": found.p99_over(FULL_HOST)}


def inputs_alone(found: FoundSplits) -> dict[str, list[float]]:
    """Return what the best constant split would lose if demand had no luck and its days were alike.

    From the sine of a day alone: a constant share that serves must hold the top of it, the marginal one follows it;
    what lies between trains, and is worth what a constant split's marginal GPU is. Beside it what is found.
    """
    serving = found.assumed.serving
    swing = (serving.busiest - 1.0) / (serving.busiest + 1.0)
    rows = zip(found.service[FIXED], found.service[MARGINAL], strict=True)
    idle = [serving.load * swing * min(one.gpu_worth, 1.0) / other.profit for one, other in rows]
    return {"L0 fixed_loss: a day's top over its mean, at what a GPU is worth": idle,
            "L3 fixed_loss: found": found.loss(FIXED)}


def statistics_at(design: FleetYears, point: Mapping[str, Value]) -> dict[str, float]:
    """Return what the rule compares at a point, of two seeds in coarse steps."""
    coarse = replace(design, assumed=at_point(design.assumed, point), replications=COARSE_SEEDS,
                     step_hours=COARSE_HOURS)
    said = statistics(find_splits(coarse, lambda: None, QUICKLY))
    return {name: float(np.mean(values)) for name, values in said.items()}


def summary(found: FoundSplits) -> DataFrame:
    """Return a row a kind of split or host: means over seeds, and the loss to the marginal split with its interval."""
    import pandas as pd

    from experiments.stats import interval

    rows = []
    for kind, seen in found.service.items():
        loss = interval(found.loss(kind) if kind in KINDS else [])
        mean = Service(*(float(np.mean(column)) for column in zip(*seen, strict=True)))
        name = f"{kind} ({found.chosen[kind]})" if found.chosen[kind] else kind
        rows.append((name, mean.training, mean.profit, loss.mean, loss.half_width, mean.refused, mean.p99_s, mean.lead,
                     mean.models, mean.gpu_worth, len(seen)))
    return pd.DataFrame(rows, columns=list(SUMMARY))
