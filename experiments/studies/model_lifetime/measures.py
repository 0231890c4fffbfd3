"""What ``model_lifetime`` finds: how long models live, how long they would have to, and what they bring back."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from experiments.studies.assuming import at_point
from experiments.studies.model_lifetime import sizing
from experiments.studies.model_lifetime.flows import ModelFlow, flows_of, models_of
from experiments.studies.model_lifetime.investment import (
    decay,
    life_after_peak,
    lifelong,
    median_life,
    model_cost_usd,
    usd_per_mtok,
)
from sim.units import DAYS_PER_MONTH

if TYPE_CHECKING:
    from pandas import DataFrame

    from experiments.runs.specs import Value
    from experiments.store.results import Results
    from experiments.studies.model_lifetime.assumed import LifetimeAssumptions
    from experiments.studies.model_lifetime.design import Lifetimes

LIVES: Final = (1, 2, 3, 6, 12, 24)  # months
VOLUMES: Final = (0.1, 1.0, 10.0)  # trillion tokens a day, of all demand for APIs
TERA: Final = 1e12


class Judgement(NamedTuple):
    """A model as an investment.

    Attributes
    ----------
    cost_usd
        What its training and the research behind it cost.
    life
        Months from release to where its flow has halved after the peak; nan if it has not yet.
    seen
        Months for which it was looked at.
    paid_back
        Months until it has earned its cost; inf if it has not yet.
    """

    cost_usd: float
    life: float
    seen: float
    paid_back: float

    @property
    def is_short(self) -> float:
        """1 if it lived shorter than it needed to, 0 if not, nan if that is open."""
        if self.paid_back <= (self.seen if math.isnan(self.life) else self.life):
            return 0.0
        return math.nan if math.isnan(self.life) else 1.0


@dataclass(frozen=True)
class FoundLives:
    """Flows of models by seed, and what is assumed of their cost and earnings."""

    assumed: LifetimeAssumptions
    seeds: tuple[tuple[ModelFlow, ...], ...]


def found_in(design: Lifetimes, results: Results, check: Callable[[], None]) -> FoundLives:
    """Return the flows of all runs."""
    runs = dict(iter(results.table("wanted_days").groupby("replication", sort=True)))
    seeds = []
    for replication in range(design.replications):
        models = models_of(design.scenario, replication)
        seeds.append(flows_of(runs[replication], models, design.scenario.horizon.days))
        check()
    return FoundLives(design.assumed, tuple(seeds))


def profit(assumed: LifetimeAssumptions, spend_usd: np.ndarray) -> np.ndarray:
    """Return discounted gross profit by month, of all demand for APIs, from what is spent at the marketplace."""
    earnings = assumed.earnings
    later = np.exp(-decay(math.inf, earnings.hurdle_per_year) * (np.arange(len(spend_usd)) + 0.5))
    return np.asarray(spend_usd * earnings.gross_margin / earnings.marketplace_share * later)


def judged(assumed: LifetimeAssumptions, flow: ModelFlow) -> Judgement:
    """Return a model as an investment; months are taken to sell evenly within."""
    cost = cost_usd(assumed, flow)
    total = np.concatenate([[0.0], np.cumsum(profit(assumed, flow.spend_usd))])
    months = np.arange(len(total), dtype=np.float64)
    paid_back = float(np.interp(cost, total, months)) if total[-1] >= cost else math.inf
    life = np.argmax(flow.spend_usd) + 0.5 + life_after_peak(flow.spend_usd)
    return Judgement(cost, float(life), float(len(flow.spend_usd)), paid_back)


def cost_usd(assumed: LifetimeAssumptions, flow: ModelFlow) -> float:
    """Return what a model costs before it is served; those of closed labs cost more at the same size."""
    return model_cost_usd(assumed.training, flow.active_b, 1.0 if flow.open else assumed.training.closed_dearer)


def median_of(assumed: LifetimeAssumptions, flows: tuple[ModelFlow, ...]) -> float:
    """Return the median life of a seed's models, months; inf if it is later than was looked."""
    lives = [judged(assumed, flow) for flow in flows]
    found = median_life(np.array([it.life for it in lives]), np.array([it.seen for it in lives]))
    return math.inf if math.isnan(found) else found


def returns(
    assumed: LifetimeAssumptions, flows: tuple[ModelFlow, ...], months: float, even: bool = False
) -> np.ndarray:
    """Return what models bring back within so many months of their release, over their cost, less 1.

    Of models that were looked at for so long; of all if none was. With ``even`` all models on sale share equally.
    """
    long_enough = [flow for flow in flows if len(flow.spend_usd) >= months] or list(flows)
    found = []
    for flow in long_enough:
        earned = profit(assumed, flow.even_usd if even else flow.spend_usd)
        whole = min(int(min(months, len(earned))), len(earned))
        part = (months - whole) * earned[whole] if whole < len(earned) and math.isfinite(months) else 0.0
        found.append((earned[:whole].sum() + part) / cost_usd(assumed, flow) - 1.0)
    return np.array(found)


def statistics(found: FoundLives) -> dict[str, list[float]]:
    """Return what the rule compares, one value a seed."""
    short, back = [], []
    for flows in found.seeds:
        answers = np.array([judged(found.assumed, flow).is_short for flow in flows])
        known = answers[np.isfinite(answers)]
        short.append(float(known.mean()) if len(known) else math.nan)
        back.append(_median(found.assumed, flows, median_of(found.assumed, flows)))
    return {"short_lived": short, "median_return": back}


def control(found: FoundLives) -> list[float]:
    """Return the share of models that would never earn their cost were each month like the peak's, for ever."""
    ever = at_point(found.assumed, {"earnings.hurdle_per_year": 0.0})
    # for ever, any profit at all is enough, whatever the cost
    return [float(np.mean([profit(ever, flow.spend_usd).max() <= 0.0 for flow in flows])) for flows in found.seeds]


def statistics_at(found: FoundLives, point: Mapping[str, Value]) -> dict[str, float]:
    """Return what the rule compares at a point, over the same runs of demand."""
    moved = statistics(replace(found, assumed=at_point(found.assumed, point)))
    return {name: float(np.mean(values)) for name, values in moved.items()}


def summary(found: FoundLives) -> DataFrame:
    """Return the models' lives, costs and returns: a row a quantity, means over seeds with intervals."""
    import pandas as pd

    from experiments.stats import interval

    rows = []
    for name, unit, values in quantities(found):
        got = interval(values)
        rows.append((name, unit, got.mean, got.half_width, got.n))
    return pd.DataFrame(rows, columns=["quantity", "unit", "mean", "half_width", "n"])


class Quantity(NamedTuple):
    """A quantity with its unit, one value a seed."""

    name: str
    unit: str
    values: list[float]


def quantities(found: FoundLives) -> list[Quantity]:
    """Return what is told of every seed."""
    assumed = found.assumed
    lives = [[judged(assumed, flow) for flow in flows] for flows in found.seeds]
    median = [median_of(assumed, flows) for flows in found.seeds]
    said = statistics(found)

    def share(of: bool) -> list[float]:
        kept = [np.array([it.is_short for it, flow in zip(row, flows, strict=True) if flow.open == of])
                for row, flows in zip(lives, found.seeds, strict=True)]
        return [float(np.nanmean(row)) if np.isfinite(row).any() else math.nan for row in kept]

    return [
        Quantity("models looked at", "models", [float(len(row)) for row in lives]),
        Quantity("of these, open whether they pay", "models",
                 [float(sum(math.isnan(it.is_short) for it in row)) for row in lives]),
        Quantity("median life", "months", median),
        Quantity("median cost", "million USD", [float(np.median([it.cost_usd for it in row])) / 1e6 for row in lives]),
        Quantity("short_lived", "1", said["short_lived"]),
        Quantity("short_lived, closed models", "1", share(False)),
        Quantity("short_lived, open models", "1", share(True)),
        Quantity("median_return", "1", said["median_return"]),
        Quantity("median return within a month", "1", [_median(assumed, flows, 1.0) for flows in found.seeds]),
        Quantity("median return within a year", "1", [_median(assumed, flows, 12.0) for flows in found.seeds]),
        Quantity("median return, spend shared evenly", "1",
                 [_median(assumed, flows, months, True) for flows, months in zip(found.seeds, median, strict=True)]),
    ]


def _median(assumed: LifetimeAssumptions, flows: tuple[ModelFlow, ...], months: float, even: bool = False) -> float:
    return float(np.median(returns(assumed, flows, months, even)))


def closed_form(found: FoundLives) -> DataFrame:
    """Return what training costs a million tokens, and the least margin that pays it, by life and volume (E113).

    For the median cost of a model; tokens are sold evenly, and later ones discounted.
    """
    import pandas as pd

    cost = float(np.median([cost_usd(found.assumed, flow) for flows in found.seeds for flow in flows]))
    hurdle = found.assumed.earnings.hurdle_per_year
    rows = [(life, volume, cost / 1e6, usd_per_mtok(cost, volume * TERA * DAYS_PER_MONTH * life),
             usd_per_mtok(cost, volume * TERA * DAYS_PER_MONTH * lifelong(life, math.inf, hurdle)))
            for life in LIVES for volume in VOLUMES]
    return pd.DataFrame(rows, columns=["life_months", "volume_t_per_day", "cost_musd", "usd_per_mtok",
                                       "margin_to_pay_usd_per_mtok"])


def sizes(found: FoundLives) -> DataFrame:
    """Return the cheapest size of models as good as these and as much served (E116), over the one if none is served."""
    import pandas as pd

    scaling, share = found.assumed.scaling, found.assumed.earnings.marketplace_share
    every = [flow for flows in found.seeds for flow in flows]
    size, trained = float(np.median([it.active_b for it in every])) * 1e9, found.assumed.training.tokens_t * TERA
    wanted = sizing.loss(scaling, size, trained)
    plain = sizing.best(scaling, wanted, 0.0)
    rows = []
    for name, quantile in (("tenth", 0.1), ("median", 0.5), ("nine tenths", 0.9)):
        served = float(np.quantile([it.tokens.sum() for it in every], quantile)) / share
        best = sizing.best(scaling, wanted, served)
        both = sizing.operations(scaling, plain.size, plain.tokens, served)
        rows.append((name, wanted, served / TERA, best.size / plain.size, best.tokens / plain.tokens,
                     1.0 - best.operations / both, size / plain.size))
    return pd.DataFrame(rows, columns=["served", "loss", "served_t", "size_over_hoffmann", "tokens_over_hoffmann",
                                       "saved_share", "median_size_over_hoffmann"])
