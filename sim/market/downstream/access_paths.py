"""What tokens cost by access path, as a function of how many one buys.

An API is paid by the token. Of hosts whose prices are log-normal with sd sigma, a router with weights 1/p^k pays

    (E144)  E[p^(1-k)] / E[p^(-k)] (1 + fee) = median e^(-(k - 1/2) sigma^2) (1 + fee)

GPUs are paid by the replica, which cannot be divided, and by the people who look after them:

    (E145)  C(Q) = 730.5 h G max(least, ceil(Q / (u kappa))) + staff

a month. Since replicas are added whole, an API at price a is first matched at

    (E146)  Q* = (R b + staff) / a,   R = max(least, ceil(staff / (a u kappa - b))),   none if a u kappa <= b

with b the bill of a replica: at fewer replicas even full ones cost more than the API.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from sim.units import DAY_S, DAYS_PER_MONTH, HOURS_PER_DAY, TOKENS_PER_MTOK

if TYPE_CHECKING:
    from sim.market.downstream.access_settings import AccessTerms

CLOSED: Final = "closed"
HOSTED: Final = "hosted"
ROUTED: Final = "routed"
DEDICATED: Final = "dedicated"
OWNED: Final = "owned"
PATHS: Final = (CLOSED, HOSTED, ROUTED, DEDICATED, OWNED)
MONTHS_A_YEAR: Final = 12.0
HOURS_PER_MONTH: Final = DAYS_PER_MONTH * HOURS_PER_DAY


class GpuPath(NamedTuple):
    """Bill of GPUs: USD of a replica, million tokens it serves, least replicas, USD of people, all per month."""

    replica_usd: float
    replica_mtok: float
    least: int
    staff_usd: float


def api_usd_per_mtok(terms: AccessTerms, path: str, month: float | np.ndarray) -> np.ndarray:
    """Return the price of a path that is paid by the token (E144), USD a million, in a month."""
    fallen = terms.price_fall ** (-np.asarray(month, float) / MONTHS_A_YEAR)
    if path == CLOSED:
        return np.asarray(terms.closed_usd_per_mtok * fallen)
    hosted = terms.closed_usd_per_mtok * (1.0 - terms.open_discount) * fallen
    if path == ROUTED:
        hosted = hosted * math.exp(-(terms.router_exponent - 0.5) * terms.dispersion**2) * (1.0 + terms.router_fee)
    return np.asarray(hosted)


def gpu_path(terms: AccessTerms, path: str, month: float) -> GpuPath:
    """Return the bill of GPUs (E145), dedicated or owned, in a month."""
    owned = path == OWNED
    hourly = terms.owned_usd_per_hour if owned else terms.rent_usd_per_hour
    faster = terms.gpu_fall ** (month / MONTHS_A_YEAR)
    seconds = DAYS_PER_MONTH * DAY_S
    return GpuPath(replica_usd=HOURS_PER_MONTH * hourly * terms.gpus_a_replica,
                   replica_mtok=terms.tokens_per_gpu_s * terms.gpus_a_replica * terms.load * faster * seconds
                   / TOKENS_PER_MTOK,
                   least=terms.owned_least if owned else terms.dedicated_least,
                   staff_usd=terms.owned_staff_usd if owned else terms.dedicated_staff_usd)


def path_usd(terms: AccessTerms, path: str, mtok: np.ndarray, month: float) -> np.ndarray:
    """Return what a path costs a month for so many million tokens that it serves alone, USD."""
    if path in (CLOSED, HOSTED, ROUTED):
        return np.asarray(api_usd_per_mtok(terms, path, month) * mtok)
    bill = gpu_path(terms, path, month)
    replicas = np.maximum(bill.least, np.ceil(mtok / bill.replica_mtok))
    return np.asarray(bill.replica_usd * replicas + bill.staff_usd)


def paths_usd(terms: AccessTerms, mtok: np.ndarray, month: float, needed: float | np.ndarray = 1.0) -> np.ndarray:
    """Return what all work costs a month by path, USD, float64 (paths, ...) in the order of `PATHS`.

    Parameters
    ----------
    terms
        What tokens cost.
    mtok
        Million tokens a month that the work takes as it is done with the closed model.
    month
        Months since the first.
    needed
        Tokens that the movable part takes once it has moved, over those it took before.
    """
    movable = np.asarray(mtok * terms.movable, float)
    stays = api_usd_per_mtok(terms, CLOSED, month) * (mtok - movable)
    rows = [np.asarray(api_usd_per_mtok(terms, CLOSED, month) * mtok)]
    rows += [np.asarray(stays + path_usd(terms, path, movable * needed, month)) for path in PATHS[1:]]
    return np.stack(rows)


def break_even_mtok(terms: AccessTerms, path: str, against: str, month: float = 0.0) -> float:
    """Return the least million tokens a month at which GPUs cost no more than an API (E146); inf if there are none.

    Parameters
    ----------
    terms
        What tokens cost.
    path
        `DEDICATED` or `OWNED`.
    against
        A path that is paid by the token.
    month
        Months since the first.
    """
    bill, price = gpu_path(terms, path, month), float(api_usd_per_mtok(terms, against, month))
    left = price * bill.replica_mtok - bill.replica_usd
    if left <= 0.0:
        return math.inf
    replicas = max(bill.least, math.ceil(bill.staff_usd / left))
    return (replicas * bill.replica_usd + bill.staff_usd) / price
