"""How prices answer each other: hosts of open models who enter freely, and creators of closed ones.

A price is a factor on the model's list price, the same for input, output and cached tokens.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from providers.games.entry import router_entry
from providers.pricing.lab_logit import LabLogit, joint_price

if TYPE_CHECKING:
    from experiments.studies.open_gap.assumed import Costs

FACTORS: Final = tuple(float(it) for it in np.round(np.geomspace(0.1, 8.0, 20), 3))  # that a creator tries
NOBODY: Final = -np.inf
LAB_LOGIT: Final = LabLogit()


def host_factors(costs: Costs, cost: np.ndarray, spend_usd: np.ndarray, smallest_usd: np.ndarray) -> np.ndarray:
    """Return what hosts charge over the list price where they enter freely (P3, P5), never more than the list price.

    Parameters
    ----------
    costs
        The exponent k.
    cost
        Cost of serving over the list price, float64 (models,).
    spend_usd
        D c, what serving all that is wanted of a model costs a month at list price's mix, USD, float64 (models,).
    smallest_usd
        F, what a host's smallest fleet costs a month, USD, float64 (models,).
    """
    k = costs.exponent
    hosts = np.array([router_entry(float(spend), 1.0, k, float(fixed))
                      for spend, fixed in zip(spend_usd, smallest_usd, strict=True)])
    elastic = k * (1.0 - 1.0 / np.maximum(hosts, 1.0))
    asked = np.where(elastic > 1.0, cost * elastic / np.where(elastic > 1.0, elastic - 1.0, 1.0), np.inf)
    return np.asarray(np.minimum(asked, 1.0))


@dataclass(frozen=True)
class DemandNow:
    """What uses would do at other prices if all of them thought again.

    Attributes
    ----------
    worth_usd
        Utility of a request with each model but for its cost, float64 (uses, models); -inf where it is out of question.
    list_usd
        Cost of a request at list prices, float64 (uses, models).
    requests
        Of each use a day, float64 (uses,).
    """

    worth_usd: np.ndarray
    list_usd: np.ndarray
    requests: np.ndarray

    def profits(self, mine: np.ndarray, factor: np.ndarray, cost: np.ndarray, kept: float) -> list[float]:
        """Return the profit of a creator a day, USD, at each of `FACTORS` on the list prices of its models.

        Parameters
        ----------
        mine
            Rows of its models on sale, int64.
        factor
            What all charge over the list price, float64 (models,); those of its own models do not matter.
        cost
            Cost of serving over the list price, float64 (models,).
        kept
            Share of the price that it gets.
        """
        others = self.worth_usd - self.list_usd * factor
        others[:, mine] = NOBODY
        best = np.maximum(others.max(axis=1), 0.0)
        worth, listed = self.worth_usd[:, mine], self.list_usd[:, mine]
        found = []
        for tried in FACTORS:
            own = worth - listed * tried
            pick = own.argmax(axis=1)
            at = np.arange(len(pick))
            won = own[at, pick] > best
            margin = kept * tried - cost[mine][pick]
            found.append(float((self.requests * listed[at, pick] * margin)[won].sum()))
        return found


def best_factors(demand: DemandNow, owners: Sequence[np.ndarray], factor: np.ndarray, cost: np.ndarray,
                 kept: float) -> np.ndarray:
    """Return all factors after each creator has answered in turn, float64 (models,) (E159).

    Of two prices that earn as much it takes the lower.
    """
    now = factor.copy()
    for mine in owners:
        if len(mine):
            found = demand.profits(mine, now, cost, kept)
            now[mine] = FACTORS[int(np.argmax(found))]
    return now


def joint_factors(owners: Sequence[np.ndarray], listed: np.ndarray, quality: np.ndarray, factor: np.ndarray,
                  cost: np.ndarray, sales: np.ndarray) -> np.ndarray:
    """Return factors by the default market's rule for labs, ``lab_logit`` (E43), float64 (models,).

    Parameters
    ----------
    owners
        Rows of each creator's models on sale.
    listed
        Blended list price, USD/M tokens, float64 (models,); nan where nobody sells.
    quality
        Mean over tasks, float64 (models,).
    factor, cost
        What all charge, and what serving costs, over the list price, float64 (models,).
    sales
        Tokens lately, float64 (models,).
    """
    now, total = factor.copy(), max(float(sales.sum()), 1.0)
    for mine in owners:
        there = np.isfinite(listed)
        there[mine] = False
        if not there.any():
            continue
        for row in mine:
            good = there & (quality >= quality[row])
            good = good if good.any() else there & (quality == quality[there].max())
            reference = float((now * listed)[good].min())
            price = joint_price(float(cost[row] * listed[row]), reference, float(sales[mine].sum()) / total,
                                LAB_LOGIT.elasticity)
            now[row] = price / listed[row]
    return now
