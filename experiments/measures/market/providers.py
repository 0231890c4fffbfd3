"""What providers earn and how busy their GPUs are, from the books and the pools."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from experiments.measures.market.panel import ratio
from sim.market.ledger import Ledger
from sim.market.result import PoolDay
from sim.units import NANO_PER_USD


class Income(NamedTuple):
    """Money of providers by day or period, float64 (periods, providers), USD.

    Attributes
    ----------
    received, paid
        What came in from, and went out to, accounts of others (money moved between a provider's own accounts is
        neither).
    """

    received: np.ndarray
    paid: np.ndarray

    @property
    def margin(self) -> np.ndarray:
        """(received - paid) / received; nan without receipts."""
        return ratio(self.received - self.paid, self.received)


class Fleet(NamedTuple):
    """GPU-days of providers by period, float64 (periods, providers).

    Attributes
    ----------
    gpu_days
        GPUs owned or rented.
    placed, training
        Of those, holding a replica, and lent to training.
    cost_usd
        Rent, capital, power and colocation, USD.
    """

    gpu_days: np.ndarray
    placed: np.ndarray
    training: np.ndarray
    cost_usd: np.ndarray


def income(ledger: Ledger, providers: Sequence[str], days: int) -> Income:
    """Receipts and payments of each provider by day, each (days, providers); entries of other days are left out."""
    row = {name: index for index, name in enumerate(providers)}
    received, paid = np.zeros((days, len(providers))), np.zeros((days, len(providers)))
    for (day, payer, payee), nano in ledger.entries.items():
        # almost all entries are between customers and the router: they go by first
        if (payer.kind != "provider" and payee.kind != "provider") or not 0 <= day < days:
            continue
        if (payer.kind, payer.owner) == (payee.kind, payee.owner):
            continue
        if payee.kind == "provider" and payee.owner in row:
            received[day, row[payee.owner]] += nano / NANO_PER_USD
        if payer.kind == "provider" and payer.owner in row:
            paid[day, row[payer.owner]] += nano / NANO_PER_USD
    return Income(received, paid)


def fleet(pool_days: Sequence[PoolDay], providers: Sequence[str], period: np.ndarray) -> Fleet:
    """GPU-days and their cost by provider; ``period`` is int64 (days,), days outside it are left out."""
    row = {name: index for index, name in enumerate(providers)}
    out = Fleet(*(np.zeros((int(period.max(initial=-1)) + 1, len(providers))) for _ in range(4)))
    for pool in pool_days:
        if not 0 <= pool.day < len(period) or pool.provider not in row:
            continue
        place = period[pool.day], row[pool.provider]
        out.gpu_days[place] += pool.owned + pool.rented
        out.placed[place] += pool.placed
        out.training[place] += pool.training
        out.cost_usd[place] += pool.cost_nano / NANO_PER_USD
    return out


def totals(ledger: Ledger) -> Mapping[str, int]:
    """Balances by kind of account, nano-dollars; they add up to zero."""
    kinds = sorted({account.kind for account in ledger.balances})
    return {kind: ledger.balance(kind) for kind in kinds}
