"""What a day of an offer costs at an expected volume: replicas are whole, and one is the least.

    (E50)  C(Q) = 24 G h max(1, ceil(Q / (u kappa))) + v Q          unit cost at expected volume = C(Q) / Q

with G GPUs a replica at h an hour, kappa tokens a day that a replica serves at the promised speed, u the share of them
that is planned for, and v what a token costs besides. A model that ages sells less and its replica stays whole: its
unit cost may rise while GPUs get cheaper.
"""

import math
from typing import NamedTuple

from sim.units import TOKENS_PER_MTOK

ROUNDING = 1e-9  # replicas: a volume that fills whole ones exactly may stand a little above them in binary


class ReplicaDay(NamedTuple):
    """A day of one replica.

    Attributes
    ----------
    usd
        What its GPUs cost, USD.
    tokens
        What it serves as planned, u kappa.
    variable_usd_per_mtok
        What a million tokens cost besides, v, USD.
    """

    usd: float
    tokens: float
    variable_usd_per_mtok: float = 0.0


def whole_replicas(load: float) -> int:
    """Replicas that a load of so many planned ones needs: whole, and at least one."""
    return max(1, math.ceil(load - ROUNDING))


def daily_cost_usd(replica: ReplicaDay, tokens: float) -> float:
    """C(Q) of E50, USD a day, of ``tokens`` a day (0 or more)."""
    held = whole_replicas(tokens / replica.tokens)
    return held * replica.usd + replica.variable_usd_per_mtok * tokens / TOKENS_PER_MTOK


def idle_factor(load: float) -> float:
    """What the replicas that a load (above 0) needs are over those that it fills: 1 or more."""
    return whole_replicas(load) / load
