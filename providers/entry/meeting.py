"""Prices and shares of the sellers of one model once one more has come in.

    (E54)  p_i = c_i min(m_i, e_i / (e_i - 1)),   e_i = sum_r w_r s_ir k_r (1 - s_ir) / (b_i + sum_r w_r s_ir),
           s_ir = p_i^-k_r / sum_j p_j^-k_r

for sellers who answer the rules through which they sell, w_r the demand that rule r places, b_i what i holds whatever
it charges and m_i the most that its strategy asks; the others keep what they post. All answer at once, from the posted
prices on.
"""

import math
from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np

from providers.pricing.sold_through import Rules, exponent_at

FREE: Final = 1e-9  # USD per million tokens: what costs nothing is reckoned as this, since a rule divides by prices


class Incumbents(NamedTuple):
    """Who sells a model now; all arrays float64 (sellers,)."""

    costs: np.ndarray  # unit costs, USD per million tokens
    posted: np.ndarray  # prices, USD per million tokens
    answers: np.ndarray  # bool: whether they answer the rules, or keep their prices
    most: np.ndarray  # highest price over unit cost that each asks
    bound: np.ndarray  # demand that each holds whatever it charges, over what the rules place
    from_pool: int = 0  # how many of them came from the pool of potential hosts


class Behind(NamedTuple):
    """Who may come after a newcomer."""

    costs: np.ndarray  # float64 (numbers of more,): unit cost of such a seller, USD per million tokens
    more: Sequence[int]  # numbers of them that are looked at


class Meeting(NamedTuple):
    """What a newcomer would meet with so many more behind it; float64 (numbers of more,)."""

    prices: np.ndarray  # its own, USD per million tokens
    shares: np.ndarray  # of the demand that the rules place
    prices_behind: np.ndarray  # of each of those behind it
    shares_behind: np.ndarray


def meet(incumbents: Incumbents, newcomer: float, rules: Rules, ceiling: float, behind: Behind | None = None,
         typical: float = math.nan) -> Meeting:
    """Prices and shares of a newcomer of this unit cost (E54), alone among the incumbents or with more after it.

    Parameters
    ----------
    incumbents
        The sellers that are there; may be none.
    newcomer
        Unit cost, USD per million tokens, above 0.
    rules
        The rules through which all sell.
    ceiling
        Highest price over unit cost of newcomers, m.
    behind
        Further sellers who come after it; none: it is the last.
    typical
        Price of these sellers (`typical_usd`), where a rule's exponent depends on it.
    """
    from providers.entry.rooms import meet_more  # numba, for which `--help` should not wait

    behind = Behind(np.array([newcomer]), (0,)) if behind is None else behind
    table, steep = table_of(incumbents, newcomer, ceiling), steepness(rules, typical)
    met = np.array([meet_more(table, after, number, steep)
                    for after, number in zip(behind_of(behind.costs, ceiling).T.copy(), behind.more, strict=True)]).T
    met[::2] = np.exp(met[::2])
    return Meeting(*met)


def depends_on_level(rules: Rules) -> bool:
    """Whether a rule's exponent depends on the level of prices."""
    return any(rule.curve is not None for rule in rules.rules)


def typical_usd(incumbents: Incumbents, newcomers: Sequence[float], behind: Sequence[float]) -> float:
    """Median of the prices from which all begin, where a rule's exponent depends on the level of prices."""
    posted = np.tile(np.maximum(incumbents.posted, FREE), len(newcomers))
    asked = 2.0 * np.maximum(np.array([*newcomers, *behind], float), FREE)
    return float(np.median(np.concatenate([posted, asked])))


def steepness(rules: Rules, typical: float) -> np.ndarray:
    """Demand that each rule places, and how steep it is at a typical price; float64 (2, rules)."""
    return np.array([rules.placed, [exponent_at(rule, typical) for rule in rules.rules]])


def table_of(incumbents: Incumbents, cost: float, ceiling: float) -> np.ndarray:
    """What `settling` wants to know of all sellers: incumbents, who comes after the newcomer, and it; the two alike.

    Parameters
    ----------
    incumbents
        The sellers that are there; may be none.
    cost
        The newcomer's unit cost, USD per million tokens, above 0.
    ceiling
        Highest price over unit cost of newcomers, m.

    Returns
    -------
    ndarray
        float64 (5, sellers + 2): logarithms of the price from which each begins, of its unit cost and of its highest
        price; whether it keeps its price, 1 or 0; and demand that comes to it whatever it charges.
    """
    there, own = len(incumbents.costs), max(cost, FREE)
    table = np.zeros((5, there + 2))
    table[0, :there], table[0, there:] = np.maximum(incumbents.posted, FREE), 2.0 * own
    table[1, :there], table[1, there:] = np.maximum(incumbents.costs, FREE), own
    table[2, :there], table[2, there:] = incumbents.most, ceiling
    table[2] *= table[1]
    table[:3] = np.log(table[:3])
    table[3, :there], table[4, :there] = ~incumbents.answers, incumbents.bound
    return table


def behind_of(costs: np.ndarray, ceiling: float) -> np.ndarray:
    """The first three rows of `table_of` for those who come after; float64 (3, numbers of more)."""
    costs = np.maximum(costs, FREE)
    return np.asarray(np.log(np.array([2.0 * costs, costs, costs * ceiling])))
