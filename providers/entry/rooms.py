"""What a newcomer meets, and for how many more its model has room in each month ahead, as one compiled loop."""

from typing import NamedTuple

import numpy as np

from providers.cost.expected_volume import ROUNDING
from providers.entry.settling import settle
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
def look_ahead(sellers: np.ndarray, behind: np.ndarray, rules: np.ndarray, months: np.ndarray,
               one: SellerBehind) -> tuple[np.ndarray, np.ndarray]:
    """What a newcomer meets with nobody, one, two ... more behind it, as far as there is room for them, and that room.

    Parameters
    ----------
    sellers
        float64 (5, sellers + 2), as `meeting.table_of` gives it.
    behind
        float64 (4, numbers of more): of who comes after with so many, the same of prices and costs, and what it pays
        for GPUs a token over the median type.
    rules
        float64 (2, rules): demand that each rule places, and how steep it is.
    months
        float64 (2, months): demand over today's, and unit costs over today's.
    one
        Who comes after.

    Returns
    -------
    met : ndarray
        float64 (4, numbers looked at): in the order of `meeting.Meeting`, prices as logarithms.
    room : ndarray
        int64 (months,): how many more would earn back their entry, each with as many behind it as come before the
        next; -1 where not even who has nobody behind it would.
    """
    met, room = np.empty((4, behind.shape[1])), np.full(months.shape[1], -1)
    for number in range(behind.shape[1]):
        met[:, number] = meet_more(sellers, behind[:3, number].copy(), number, rules)
        price, share, is_room = np.exp(met[2, number]), met[3, number], False
        for month in range(len(room)):
            if room[month] == number - 1 and earns(price, share, behind[3, number], months[:, month], one):
                room[month], is_room = number, True
        # with more of them behind, nothing changes where there is no room for these
        if not is_room:
            break
    return met[:, :number + 1], room


@njit(cache=True, nogil=True, error_model="numpy")
def meet_more(sellers: np.ndarray, behind: np.ndarray, number: int, rules: np.ndarray) -> np.ndarray:
    """What a newcomer meets with so many more behind it; float64 (4,), as `meeting.Meeting`, prices as logarithms.

    Parameters
    ----------
    sellers, rules
        As in `look_ahead`.
    behind
        float64 (3,): logarithms of the price from which those behind begin, of their unit cost and highest price.
    number
        How many they are.
    """
    after, many = sellers.shape[1] - 2, np.ones(sellers.shape[1])
    level, cost, top = sellers[0].copy(), sellers[1].copy(), sellers[2].copy()
    level[after], cost[after], top[after], many[after] = behind[0], behind[1], behind[2], number
    share = settle(level, cost, top, many, sellers[3:], rules)
    return np.array([level[after + 1], share[after + 1], level[after], share[after]])


@njit(cache=True, nogil=True, error_model="numpy")
def earns(price: float, share: float, dear: float, month: np.ndarray, one: SellerBehind) -> bool:
    """Whether one more earns back its entry at the pace of a month.

    Parameters
    ----------
    price, share
        Of it, with those behind it that are looked at.
    dear
        What it pays for GPUs a token over the median type.
    month
        float64 (2,): demand over today's, and unit costs over today's.
    one
        What else it reckons with.
    """
    demand, cheaper = month[0], month[1]
    sold = one.tokens * (share * demand)
    load = sold * cheaper * one.efficiency / one.planned_tokens
    median = one.replica_usd * max(1.0, np.ceil(load - ROUNDING)) / one.gpu_factor
    margin = price * cheaper - one.variable_usd
    earned = one.factor * (one.price * sold * MTOK_PER_TOKEN * margin - one.overhead_usd)
    return bool(earned - one.gpus * median * dear >= one.needed_usd)
