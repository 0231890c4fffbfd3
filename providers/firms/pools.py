"""GPUs of a firm: how many, what they cost today, and the day's bookings."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from providers.cost.gpu_prices import UNCHANGED, CostLevels
from providers.cost.ownership import OwnedCost
from sim.market.ledger import Account, Ledger
from sim.market.result import PoolDay
from sim.scenario.firm_settings import PoolSettings, SupplySettings
from sim.units import HOURS_PER_DAY, NANO_PER_USD, NANO_PER_USD_PER_MTOK


@dataclass
class Pool:
    """GPUs of one type at one firm.

    Attributes
    ----------
    settings
        What the firm entered with.
    owned_cost
        Cost of an owned GPU, USD per hour.
    idle_power_share
        Power of an idle GPU over a busy one.
    rent
        float64 (days,): rent of one GPU, USD per hour.
    price_factor
        All costs are multiplied by this (1 but in experiments that scale all money).
    owned, rented
        GPUs now.
    placed, training
        Of these: held by replicas (loading ones included), and lent to training.
    on_order
        GPUs ordered and not delivered.
    opens_day
        Day on which the firm has the first of them.
    levels
        What GPUs cost on each day over what is set.
    """

    settings: PoolSettings
    owned_cost: OwnedCost
    idle_power_share: float
    rent: np.ndarray
    price_factor: float
    owned: int
    rented: int
    placed: int = 0
    training: int = 0
    on_order: int = 0
    opens_day: float = 0.0
    levels: CostLevels = UNCHANGED

    @property
    def total(self) -> int:
        """All GPUs."""
        return self.owned + self.rented

    @property
    def is_rented(self) -> bool:
        """Whether the firm rents this type."""
        return self.settings.tenure == "rented"

    def usd_per_hour(self, day: int) -> float:
        """Full cost of one more GPU of this pool, USD per hour."""
        set_usd = self._rent_on(day) if self.is_rented else self.owned_cost.total * self.price_factor
        return set_usd * _on(self.levels.reckoned, day)

    def avoidable_usd_per_hour(self, day: int) -> float:
        """What giving up one GPU would save, USD per hour: the rent, or the power of an owned one."""
        level = _on(self.levels.reckoned, day)
        if self.is_rented:
            return self._rent_on(day) * level
        # capital and colocation are sunk: an idle GPU of one's own saves the difference in power only
        return self.owned_cost.power * (1.0 - self.idle_power_share) * self.price_factor * level

    def add(self, gpus: int) -> None:
        """Take delivery of ``gpus`` (negative: give rented ones back)."""
        if self.is_rented:
            self.rented += gpus
        else:
            self.owned += gpus

    def close(self) -> None:
        """Give up everything."""
        self.owned = self.rented = self.placed = self.training = self.on_order = 0

    def bill(self, day: int) -> dict[str, int]:
        """Cost of the day by purpose, nano-dollars."""
        busy = min(self.owned, self.placed + self.training)
        power = self.owned_cost.power * (busy + self.idle_power_share * (self.owned - busy))
        usd_per_hour = {
            "gpu rent": self._rent_on(day) * self.rented,
            "capital": self.owned_cost.capital * self.owned * self.price_factor,
            "colocation": self.owned_cost.colocation * self.owned * self.price_factor,
            "power": power * self.price_factor,
        }
        paid = _on(self.levels.paid, day)
        return {purpose: round(HOURS_PER_DAY * usd * paid * NANO_PER_USD) for purpose, usd in usd_per_hour.items()}

    def _rent_on(self, day: int) -> float:
        return _on(self.rent, day) * self.price_factor


def _on(by_day: np.ndarray, day: int) -> float:
    """Of a day; after the last one, the last."""
    return float(by_day[min(day, len(by_day) - 1)])


def open_pools(
    name: str, settings: SupplySettings, rents: Mapping[str, np.ndarray], owned_costs: Mapping[str, OwnedCost],
    price_factor: float = 1.0,
) -> list[Pool]:
    """Pools of a firm as it enters, with the rent of each GPU type by day and the cost of an owned one."""
    terms = settings.ownership
    pools = []
    for part in settings.firms[name].pools:
        owned = part.count if part.tenure == "owned" else 0
        pools.append(Pool(part, owned_costs[part.gpu], terms.idle_power_share, rents[part.gpu], price_factor, owned,
                          rented=part.count - owned))
    return pools


def book_day(name: str, pools: list[Pool], ledger: Ledger, day: int) -> list[PoolDay]:
    """Pay for the GPUs of a day (in advance, at its beginning) and say what they do."""
    rows = []
    cash = Account("provider", name, "cash")
    for pool in pools:
        bill = pool.bill(day)
        for purpose, nano in bill.items():
            ledger.pay(day, cash, Account("supplier", purpose, pool.settings.gpu), nano)
        rows.append(PoolDay(day, name, pool.settings.gpu, pool.owned, pool.rented, pool.placed, pool.training,
                            sum(bill.values())))
    return rows


class Licence(NamedTuple):
    """What a cloud owes to the creator of one model, whose world row it is."""

    row: int
    share: float  # of revenue
    creator: Account


def licences_of(name: str, settings: SupplySettings, rows: Mapping[int, str]) -> list[Licence]:
    """Licences of a firm; none unless it is a cloud.

    Parameters
    ----------
    name, settings
        The firm, and all of supply: a creator with a lab there is paid as that firm, any other as a supplier.
    rows
        World rows of its offers, with the creator of the model of each.
    """
    firm = settings.firms[name]
    if firm.kind != "cloud":
        return []
    labs = {(other.creator or lab).casefold(): lab for lab, other in settings.firms.items() if other.kind == "lab"}
    return [Licence(row, firm.licence_share,
                    Account("provider", labs[creator.casefold()], "licences") if creator.casefold() in labs
                    else Account("supplier", "licences", creator))
            for row, creator in rows.items()]


def pay_licences(name: str, licences: Sequence[Licence], revenue_nano: np.ndarray, ledger: Ledger, day: int) -> None:
    """Pass on the creators' share of the day before, at the beginning of ``day``."""
    for licence in licences:
        nano = round(licence.share * int(revenue_nano[licence.row]))
        ledger.pay(day, Account("provider", name, "cash"), licence.creator, nano)


def book_tokens(name: str, tokens: int, usd_per_mtok: float, ledger: Ledger, day: int) -> None:
    """Pay what ``tokens`` of the day before cost besides GPUs (v of E50), at the beginning of ``day``."""
    nano = round(tokens * usd_per_mtok * NANO_PER_USD_PER_MTOK)
    ledger.pay(day, Account("provider", name, "cash"), Account("supplier", "tokens", name), nano)
