"""Which of the open offers a request is narrowed down to by weights and service tiers (semantics, section 2)."""

from collections.abc import Sequence

import numpy as np

from sim import view
from sim.engines.service_tiers import PRIORITY_TIER
from sim.engines.slow_start import warm_share
from sim.engines.world import OfferSpec
from sim.scenario import SlowStart


def weigh(weight: float, slow: SlowStart, since_s: float) -> float:
    """The weight of an offer that came back so long ago, seconds."""
    return weight * float(warm_share(since_s, slow.window_s, slow.aggression, slow.min_share))


def leave_out_drained(opened: set[int], live: np.ndarray) -> set[int]:
    """Leave out offers of weight 0, unless there are no others: then these are all alike."""
    weighing = {offer for offer in opened if live[offer, view.WEIGHT] > 0}
    if weighing:
        return weighing
    for offer in opened:
        live[offer, view.WEIGHT] = 1.0
    return opened


def prefer_tier(opened: set[int], asked: int, offers: Sequence[OfferSpec]) -> set[int]:
    """Offers of the priority tier, if a request asks for it and one of them is open; else all."""
    first = {offer for offer in opened if asked == PRIORITY_TIER and offers[offer].tier == PRIORITY_TIER}
    return first or opened
