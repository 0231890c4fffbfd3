"""The ledger: double entry, in whole nano-dollars."""

from collections import defaultdict
from typing import NamedTuple


class Account(NamedTuple):
    """One account: whose it is and what for, e.g. ``("provider", "deepinfra", "revenue")``."""

    kind: str  # customer, provider, router, supplier
    owner: str
    purpose: str


class Ledger:
    """Entries by day; each moves an amount from one account to another, so all balances add up to zero.

    Attributes
    ----------
    entries
        (day, from, to) to nano-dollars.
    balances
        Account to nano-dollars received less paid.
    """

    def __init__(self) -> None:
        # Python's integers: floats would not add up to exactly zero, which is what is checked after every run
        self.entries: defaultdict[tuple[int, Account, Account], int] = defaultdict(int)
        self.balances: defaultdict[Account, int] = defaultdict(int)

    def pay(self, day: int, payer: Account, payee: Account, nano: int) -> None:
        """Move ``nano`` (0 or more) from one account to another.

        Raises
        ------
        ValueError
            If the amount is negative or no whole number.
        """
        amount = int(nano)
        if amount < 0 or amount != nano:
            raise ValueError(f"an entry must be a whole number of nano-dollars, 0 or more; it is {nano!r}")
        if amount == 0:
            return
        self.entries[day, payer, payee] += amount
        self.balances[payer] -= amount
        self.balances[payee] += amount

    def balance(self, kind: str, owner: str | None = None, purpose: str | None = None) -> int:
        """Sum of the balances of matching accounts, nano-dollars."""
        return sum(
            nano for account, nano in self.balances.items()
            if account.kind == kind and owner in (None, account.owner) and purpose in (None, account.purpose)
        )
