"""What policies pay and how long they wait in each condition, and where none is best at both."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, NamedTuple

from experiments.stats.intervals import interval
from experiments.studies.policies.design import ALIKE, CONDITIONS, PolicyCell, UnderConditions

if TYPE_CHECKING:
    from pandas import DataFrame, Series

    from experiments.store.results import Results

DEARER: Final = 1.1  # price paid over the lowest, up to which a policy is among the cheapest
SLOWER: Final = 1.25  # wait over the shortest
COMPLETE: Final = 0.95  # share of requests that a policy must complete to be compared
METRICS: Final = ("paid_usd_per_mtok", "ttft_p99_s", "completed_share", "cached_share")


class Fared(NamedTuple):
    """How a policy fared in a run: price paid, 99th percentile of the wait, shares completed and cached."""

    paid_usd_per_mtok: float
    ttft_p99_s: float
    completed_share: float
    cached_share: float


@dataclass(frozen=True)
class PoliciesFound:
    """How each policy fared.

    Attributes
    ----------
    fared
        By condition and policy, one a seed.
    posted
        Dearest posted price over the cheapest, input and output together: what is there before anybody routes.
    dearer, slower
        Price paid over the lowest, and wait over the shortest, up to which a policy is near the best.
    """

    fared: Mapping[PolicyCell, Sequence[Fared]]
    posted: float
    dearer: float = DEARER
    slower: float = SLOWER

    def best_at_both(self, condition: str, seed: int) -> list[str]:
        """Return the policies that are nearly cheapest and nearly fastest in a run of a condition.

        A wait past every deadline is near to none: nobody knows how long it is.
        """
        all_ = {cell.policy: fared[seed] for cell, fared in self.fared.items() if cell.condition == condition}
        whole = {policy: it for policy, it in all_.items() if it.completed_share >= COMPLETE}
        if not whole:
            return []
        price = min(it.paid_usd_per_mtok for it in whole.values())
        wait = min(it.ttft_p99_s for it in whole.values())
        return [policy for policy, it in whole.items()
                if it.paid_usd_per_mtok <= self.dearer * price and it.ttft_p99_s <= self.slower * wait < math.inf]

    def split_shares(self) -> list[float]:
        """Return the share of conditions in which no policy is best at both, one a seed, the control left out."""
        mine = [condition for condition in CONDITIONS if condition != ALIKE]
        return [sum(not self.best_at_both(condition, seed) for condition in mine) / len(mine)
                for seed in range(self.seeds)]

    def spreads(self) -> list[float]:
        """Return by how much prices paid differ among policies where all hosts have one price, one a seed."""
        paid = [[it.paid_usd_per_mtok for it in fared] for cell, fared in self.fared.items() if cell.condition == ALIKE]
        return [max(each) / min(each) - 1 for each in zip(*paid, strict=True)]

    @property
    def seeds(self) -> int:
        """Seeds of every condition and policy."""
        return min(len(fared) for fared in self.fared.values())


def found_in(design: UnderConditions, results: Results) -> PoliciesFound:
    """Return what the runs in a store say."""
    frame = results.metrics(by=["row", "replication"])
    wanted = frame[frame["metric"].isin(METRICS)]
    table = wanted.pivot(index=["row", "replication"], columns="metric", values="mean")
    cells = design.cells()
    fared: dict[PolicyCell, list[Fared]] = {cell: [] for cell in cells}
    for place, it in table.iterrows():
        fared[cells[int(place[0])]].append(fared_in(it))
    prices = [offer.price.input_usd_per_mtok + offer.price.output_usd_per_mtok
              for provider in design.scenario.providers.values() for offer in provider.offers.values()]
    return PoliciesFound(fared, max(prices) / min(prices))


def fared_in(metrics: Series) -> Fared:
    """Return how a policy fared in a run, from the metrics of it by name."""
    return Fared(*(float(metrics[name]) for name in METRICS))


def summary(found: PoliciesFound) -> DataFrame:
    """Return a row a condition and policy: price paid, wait, and in how many seeds it is best at both."""
    import pandas as pd

    rows = []
    for cell, fared in found.fared.items():
        paid, wait = interval([it.paid_usd_per_mtok for it in fared]), interval([it.ttft_p99_s for it in fared])
        best = sum(cell.policy in found.best_at_both(cell.condition, seed) for seed in range(len(fared)))
        rows.append({"condition": cell.condition, "policy": cell.policy, "paid_usd_per_mtok": paid.mean,
                     "paid_half_width": paid.half_width, "ttft_p99_s": wait.mean, "ttft_half_width": wait.half_width,
                     "n": paid.n, "completed_share": interval([it.completed_share for it in fared]).mean,
                     "cached_share": interval([it.cached_share for it in fared]).mean, "best_at_both": best})
    return pd.DataFrame(rows)


def world(trade_off: bool, seeds: int) -> PoliciesFound:
    """Return a world with two policies: one cheap and slow, one dear and fast, or the first of them cheap and fast."""
    cheap = Fared(0.1, 8.0 if trade_off else 1.0, 1.0, math.nan)
    fast = Fared(0.4, 1.0 if trade_off else 2.0, 1.0, math.nan)
    alike = {PolicyCell(ALIKE, name): [Fared(0.5, 1.0, 1.0, math.nan)] * seeds for name in ("cheap", "fast")}
    others = {PolicyCell(condition, name): [it] * seeds for condition in CONDITIONS if condition != ALIKE
              for name, it in (("cheap", cheap), ("fast", fast))}
    return PoliciesFound({**others, **alike}, 4.0)
