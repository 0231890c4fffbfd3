"""What customers gain over what they pay.

The surplus of a workload is handed over by the choice of models (E2: utility is in money, so it needs no conversion);
here it is only added up and set against spend.
"""

from typing import NamedTuple

import numpy as np

from experiments.measures.market.panel import by_group, by_period, ratio


class Surplus(NamedTuple):
    """Surplus by period and group, arrays (periods, groups).

    Attributes
    ----------
    usd
        Consumer surplus, USD.
    usd_per_mtok
        The same for a million tokens used; nan without tokens.
    per_usd_spent
        The same for a dollar spent; nan without spend.
    """

    usd: np.ndarray
    usd_per_mtok: np.ndarray
    per_usd_spent: np.ndarray


class Cells(NamedTuple):
    """Into which periods and groups days and workloads are added up.

    Attributes
    ----------
    period, periods
        int64 (days,), and how many there are.
    group, groups
        int64 (workloads,), and how many there are.
    """

    period: np.ndarray
    periods: int
    group: np.ndarray
    groups: int

    def sums(self, values: np.ndarray) -> np.ndarray:
        """Sum (days, workloads) to (periods, groups)."""
        return by_group(by_period(values, self.period, self.periods), self.group, self.groups)


def surplus(surplus_usd: np.ndarray, tokens: np.ndarray, spend_usd: np.ndarray, cells: Cells) -> Surplus:
    """Add up the daily surplus of workloads, all (days, workloads); nan in ``surplus_usd`` counts as none."""
    usd = cells.sums(np.nan_to_num(surplus_usd))
    return Surplus(usd, 1e6 * ratio(usd, cells.sums(tokens)), ratio(usd, cells.sums(spend_usd)))
