"""Worlds whose models live as long as one says: what the rule must make of them is known."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from experiments.studies.model_lifetime.flows import ModelFlow
from experiments.studies.model_lifetime.measures import FoundLives

if TYPE_CHECKING:
    from experiments.studies.model_lifetime.assumed import LifetimeAssumptions

SEEN: Final = 20  # months
USD_A_MTOK: Final = 1.0
MODELS: Final = 3


def lived(assumed: LifetimeAssumptions, months: int, monthly_usd: float, seeds: int) -> FoundLives:
    """Return a world of open models that sell evenly for some months, and then nothing; seeds differ by a little.

    Parameters
    ----------
    assumed
        What they cost and earn.
    months
        At most 20, after which nobody looks any more.
    monthly_usd
        What is spent on each at the marketplace.
    seeds
        How many.
    """
    flows = []
    for seed in range(seeds):
        spend = np.where(np.arange(SEEN) < months, monthly_usd * (1.0 + 0.01 * seed), 0.0)
        flows.append(tuple(ModelFlow(f"model {number}", True, 37.0, spend, spend / USD_A_MTOK * 1e6, spend)
                           for number in range(MODELS)))
    return FoundLives(assumed, tuple(flows))
