"""Cash of a listing in the months ahead, and for how many of them it is worth keeping, as compiled loops."""

from typing import Final, NamedTuple

import numpy as np

from providers.cost.expected_volume import ROUNDING
from providers.entry.outlook import STEP_DAYS
from sim.compiled import njit
from sim.units import MTOK_PER_TOKEN

SLACK: Final = 1e-9  # of what is the most that can be: above all rounding


class Listing(NamedTuple):
    """What is the same in all months.

    Attributes
    ----------
    whole, tokens
        Tokens a day of its model now, and those of them that no seller holds.
    planned_tokens
        Tokens a day that a replica serves as planned.
    variable_usd
        What a million tokens cost besides GPUs, before the factor on all money.
    replica_usd
        A day's GPUs of a replica, in the money that is charged.
    factor
        On all money.
    overhead_usd
        A day, before that factor.
    """

    whole: float
    tokens: float
    planned_tokens: float
    variable_usd: float
    replica_usd: float
    factor: float
    overhead_usd: float


@njit(cache=True, nogil=True, error_model="numpy")
def cash_ahead(months: np.ndarray, lessons: np.ndarray,
               listing: Listing) -> tuple[np.ndarray, np.ndarray, float, int]:
    """Return a day of each month ahead, and what the listing is worth if it is kept for as long as that pays (E53).

    Parameters
    ----------
    months
        float64 (5, months): price and share of the demand that rules place, with those behind it whom it meets then;
        demand over today's; unit costs over today's; and what cash of then is worth today.
    lessons
        float64 (4, months): factors on volume, price, GPUs and overhead (E128).
    listing
        The rest.

    Returns
    -------
    plain, learned : ndarray
        float64 (5, months): the rows of ``Forecast``, without and with the lessons.
    value : float
        Discounted cash, before the cost of listing.
    life : int
        Months until it would leave.
    """
    plain, learned = np.empty((5, months.shape[1])), np.empty((5, months.shape[1]))
    worth, value, life = 0.0, -np.inf, 0
    for month in range(months.shape[1]):
        price, share, demand, cheaper, discount = months[:, month]
        volume, dearness, gpus, overhead = lessons[:, month]
        sold = listing.tokens * share * demand
        margin = price * cheaper - listing.variable_usd
        revenue, kept_usd = listing.factor * sold * MTOK_PER_TOKEN * margin, listing.factor * listing.overhead_usd
        whole = listing.whole * demand
        plain[:, month] = (whole, sold, revenue, _gpus_usd(sold * cheaper, listing), kept_usd)
        needed_usd = _gpus_usd(volume * sold * cheaper, listing)
        learned[:, month] = (whole, sold * volume, revenue * volume * dearness, needed_usd * gpus, kept_usd * overhead)
        worth += discount * (STEP_DAYS * (learned[2, month] - learned[3, month] - learned[4, month]))
        if worth > value:
            value, life = worth, month + 1
    return plain, learned, value, life


@njit(cache=True, nogil=True, error_model="numpy")
def most_ahead(highest: float, months: np.ndarray, lessons: np.ndarray, listing: Listing) -> float:
    """More than the listing could be worth whatever its rivals did: it sells all there is, on a single replica.

    Parameters
    ----------
    highest
        Highest price that its strategy asks now, USD per million tokens.
    months
        float64 (3, months): demand over today's; unit costs over today's; and what cash of then is worth today.
    lessons, listing
        As in ``cash_ahead``.
    """
    worth, value = 0.0, -np.inf
    for month in range(months.shape[1]):
        demand, cheaper, discount = months[:, month]
        volume, dearness, gpus, overhead = lessons[:, month]
        # where a token brought less than it costs besides GPUs, what was learned is below 0, and a loss would be a gain
        margin = max(highest * cheaper, listing.variable_usd)
        revenue = listing.factor * listing.tokens * demand * MTOK_PER_TOKEN * margin * abs(volume * dearness)
        kept_usd = listing.factor * listing.overhead_usd * overhead
        worth += discount * (STEP_DAYS * ((1.0 + SLACK) * revenue - listing.replica_usd * gpus - kept_usd))
        value = max(value, worth)
    return value


@njit(cache=True, nogil=True, error_model="numpy")
def _gpus_usd(tokens: float, listing: Listing) -> float:
    """A day's GPUs of the whole replicas that so many tokens need as planned (E50)."""
    replicas: float = max(1.0, np.ceil(tokens / listing.planned_tokens - ROUNDING))
    return listing.replica_usd * replicas
