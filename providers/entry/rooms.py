"""For how many sellers a model has room in each month ahead, as one compiled loop: asked for each newcomer's offers."""

from typing import NamedTuple

import numpy as np

from providers.cost.expected_volume import ROUNDING
from sim.compiled import njit
from sim.units import MTOK_PER_TOKEN


class SellerBehind(NamedTuple):
    """What one more seller of the median type reckons with, in the money that is charged where it is money.

    Attributes
    ----------
    tokens
        A day, of the model now; with what was learned of volumes.
    price
        What was learned of prices.
    efficiency, planned_tokens
        Of the replica of the newcomer that asks: its engines' speed over the median's, and tokens that it serves a day.
    replica_usd, gpus
        A day's GPUs of that replica, and what was learned of GPUs.
    gpu_factor
        What the newcomer pays for GPUs over the median.
    variable_usd
        What a million tokens cost besides GPUs, before the factor on all money.
    factor
        On all money.
    overhead_usd
        A day, before that factor.
    needed_usd
        Cash a day with which it earns back its entry.
    """

    tokens: float
    price: float
    efficiency: float
    planned_tokens: float
    replica_usd: float
    gpus: float
    gpu_factor: float
    variable_usd: float
    factor: float
    overhead_usd: float
    needed_usd: float


@njit(cache=True, nogil=True, error_model="numpy")
def rooms(behind: np.ndarray, months: np.ndarray, one: SellerBehind) -> np.ndarray:
    """How many more would earn back their entry; int64 (months,), -1 where not even who has nobody behind it would.

    Parameters
    ----------
    behind
        float64 (3, numbers of more): price and share of each of those behind, and GPUs' cost over the median type's.
    months
        float64 (2, months): demand over today's, and unit costs over today's.
    one
        Who comes.
    """
    found = np.empty(months.shape[1], np.int64)
    for month in range(months.shape[1]):
        demand, cheaper = months[0, month], months[1, month]
        number = 0
        while number < behind.shape[1]:
            price, share, dear = behind[0, number], behind[1, number], behind[2, number]
            sold = one.tokens * (share * demand)
            load = sold * cheaper * one.efficiency / one.planned_tokens
            median = one.replica_usd * max(1.0, np.ceil(load - ROUNDING)) / one.gpu_factor
            margin = price * cheaper - one.variable_usd
            earned = one.factor * (one.price * sold * MTOK_PER_TOKEN * margin - one.overhead_usd)
            if not earned - one.gpus * median * dear >= one.needed_usd:
                break
            number += 1
        found[month] = number - 1
    return found
