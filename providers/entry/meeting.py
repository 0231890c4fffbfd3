"""Prices and shares of the sellers of one model once one more has come in.

    (E54)  p_i = c_i min(m_i, e_i / (e_i - 1)),   e_i = sum_r w_r s_ir k_r (1 - s_ir) / (b_i + sum_r w_r s_ir),
           s_ir = p_i^-k_r / sum_j p_j^-k_r

for sellers who answer the rules through which they sell, w_r the demand that rule r places, b_i what i holds whatever
it charges and m_i the most that its strategy asks; the others keep what they post. All answer at once, from the posted
prices on; all newcomers together, each as if it came alone.
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
    """Who may come after each newcomer."""

    costs: np.ndarray  # float64 (newcomers, numbers of more): unit cost of such a seller, USD per million tokens
    more: Sequence[int]  # numbers of them that are looked at


class Meeting(NamedTuple):
    """What each of some newcomers would meet, with so many more behind it; float64 (newcomers, numbers of more)."""

    prices: np.ndarray  # its own, USD per million tokens
    shares: np.ndarray  # of the demand that the rules place
    prices_behind: np.ndarray  # of each of those behind it
    shares_behind: np.ndarray


def depends_on_level(rules: Rules) -> bool:
    """Whether a rule's exponent depends on the level of prices."""
    return any(rule.curve is not None for rule in rules.rules)


def typical_usd(incumbents: Incumbents, newcomers: Sequence[float], behind: Sequence[float]) -> float:
    """Median of the prices from which all begin, where a rule's exponent depends on the level of prices."""
    posted = np.tile(np.maximum(incumbents.posted, FREE), len(newcomers))
    asked = 2.0 * np.maximum(np.array([*newcomers, *behind], float), FREE)
    return float(np.median(np.concatenate([posted, asked])))


def meet(incumbents: Incumbents, newcomers: Sequence[float], rules: Rules, ceiling: float,
         behind: Behind | None = None, typical: float | None = None) -> Meeting:
    """Prices and shares of newcomers of these unit costs (E54), each alone among the incumbents or with more after it.

    Parameters
    ----------
    incumbents
        The sellers that are there; may be none.
    newcomers
        Unit costs, USD per million tokens, above 0.
    rules
        The rules through which all sell.
    ceiling
        Highest price over unit cost of newcomers, m.
    behind
        Further sellers who come after it; none: it is the last.
    typical
        Price of these sellers and of others like them (`typical_usd`); None: of these alone.
    """
    from providers.entry.settling import settle  # numba, for which `--help` should not wait

    more = (0,) if behind is None else behind.more
    own = np.repeat(np.maximum(np.array(newcomers, float), FREE), len(more))
    after = own if behind is None else np.maximum(np.asarray(behind.costs, float), FREE).ravel()
    cases, there = len(own), len(incumbents.costs)
    cost, price, most, count = np.ones((4, cases, there + 2))
    cost[:, :there], cost[:, there], cost[:, -1] = np.maximum(incumbents.costs, FREE), after, own
    price[:, :there], price[:, there], price[:, -1] = np.maximum(incumbents.posted, FREE), 2.0 * after, 2.0 * own
    most[:, :there], most[:, there:] = incumbents.most, ceiling
    count.reshape(len(newcomers), len(more), -1)[:, :, there] = more
    sellers = np.zeros((2, there + 2))
    sellers[:, :there] = ~np.asarray(incumbents.answers, bool), incumbents.bound
    if typical is None and depends_on_level(rules):
        typical = typical_usd(incumbents, newcomers, after.tolist())
    exponents = [exponent_at(rule, math.nan if typical is None else typical) for rule in rules.rules]
    level, costs, top = np.log(price), np.log(cost), np.log(cost * most)
    shares = settle(level, costs, top, count, sellers, np.array([rules.placed, exponents]))
    shape = (len(newcomers), len(more))
    found = (table[:, place].reshape(shape) for place in (-1, -2) for table in (np.exp(level), shares))
    return Meeting(*found)
