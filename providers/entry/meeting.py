"""Prices and shares of the sellers of one model once one more has come in.

    (E54)  p_i = c_i min(m, e_i / (e_i - 1)),   e_i = sum_r w_r s_ir k_r (1 - s_ir) / sum_r w_r s_ir,
           s_ir = p_i^-k_r / sum_j p_j^-k_r

for sellers who answer the rules through which they sell, w_r the demand that rule r places; the others keep what they
post. All answer at once, from the posted prices on; all newcomers together, each as if it came alone.
"""

from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np

from providers.pricing.sold_through import Rules, exponent_at

ROUNDS: Final = 400
FREE: Final = 1e-9  # USD per million tokens: what costs nothing is reckoned as this, since a rule divides by prices
CLOSE: Final = 1e-7  # of a price: answers that move less have met
FARTHEST: Final = 0.7  # of the logarithm of a share in one round: who undercuts at a steep rule soon has everything


class Incumbents(NamedTuple):
    """Who sells a model now; all arrays float64 (sellers,)."""

    costs: np.ndarray  # unit costs, USD per million tokens
    posted: np.ndarray  # prices, USD per million tokens
    answers: np.ndarray  # bool: whether they answer the rules, or keep their prices


class Behind(NamedTuple):
    """Who may come after each newcomer."""

    costs: Sequence[float]  # unit cost of such a seller, one for each newcomer, USD per million tokens
    more: Sequence[int]  # numbers of them that are looked at


class Meeting(NamedTuple):
    """What each of some newcomers would meet, with so many more behind it; float64 (newcomers, numbers of more)."""

    prices: np.ndarray  # its own, USD per million tokens
    shares: np.ndarray  # of the model's demand
    prices_behind: np.ndarray  # of each of those behind it
    shares_behind: np.ndarray


class Cases(NamedTuple):
    """All sellers of each case that is looked at; arrays (cases, sellers)."""

    cost: np.ndarray  # logarithms of unit costs
    held: np.ndarray  # bool: keeps its price
    many: np.ndarray  # how many of it there are


def meet(incumbents: Incumbents, newcomers: Sequence[float], rules: Rules, ceiling: float,
         behind: Behind | None = None) -> Meeting:
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
        Highest price over unit cost of those who answer, m.
    behind
        Further sellers who come after it; none: it is the last.
    """
    more = (0,) if behind is None else behind.more
    last = newcomers if behind is None else behind.costs
    own, after = (np.repeat(np.maximum(np.array(costs, float), FREE), len(more))[:, None]
                  for costs in (newcomers, last))
    cases, there = len(own), len(incumbents.costs)
    cost = np.hstack([np.tile(np.maximum(incumbents.costs, FREE), (cases, 1)), after, own])
    price = np.hstack([np.tile(np.maximum(incumbents.posted, FREE), (cases, 1)), 2.0 * after, 2.0 * own])
    held = np.concatenate([~np.asarray(incumbents.answers, bool), [False, False]])
    count = np.ones_like(cost)
    count[:, there] = np.tile(np.asarray(more, float), len(newcomers))
    of_case = Cases(np.log(cost), held, count)
    exponents = np.array([exponent_at(rule, float(np.median(price))) for rule in rules.rules])
    parts, level, top = np.array(rules.placed), np.log(price), np.log(cost * ceiling)
    for _ in range(ROUNDS):
        moved = np.where(held, level, np.minimum(level + _step(level, of_case, parts, exponents), top))
        done = bool(np.all(np.abs(moved - level) <= CLOSE))
        level = moved
        if done:
            break
    shares = np.tensordot(parts, _shares(level, exponents, count), 1)
    shape = (len(newcomers), len(more))
    found = (table[:, place].reshape(shape) for place in (-1, -2) for table in (np.exp(level), shares))
    return Meeting(*found)


def _step(level: np.ndarray, sellers: Cases, parts: np.ndarray, exponents: np.ndarray) -> np.ndarray:
    """Newton's step of each seller towards its answer, of the logarithm of its price, the others standing still.

    Without the own share's part in the slope, answers to a steep rule would overshoot and never meet.
    """
    share = _shares(level, exponents, sellers.many)
    weight, steep = parts[:, None, None], exponents[:, None, None]
    sold = np.maximum((weight * share).sum(axis=0), 1e-300)
    fall = (weight * steep * share * (1.0 - share)).sum(axis=0)
    bend = -(weight * steep**2 * share * (1.0 - share) * (1.0 - 2.0 * share)).sum(axis=0)
    elasticity, slope = fall / sold, (bend * sold + fall**2) / sold**2
    over = np.maximum(elasticity - 1.0, 1e-9)
    gap = level - sellers.cost - np.log(np.maximum(elasticity, 1e-9) / over)
    newton = -gap / np.maximum(1.0, 1.0 + slope / (np.maximum(elasticity, 1e-9) * over))
    most = FARTHEST / max(1.0, float(exponents.max()))
    return np.asarray(np.clip(np.where(elasticity > 1.0, newton, most), -most, most))


def _shares(level: np.ndarray, exponents: np.ndarray, count: np.ndarray) -> np.ndarray:
    """Shares of one seller each through each rule at the logarithms of prices, float64 (rules, cases, sellers)."""
    cheap = level.min(axis=1, keepdims=True) - level
    weight = np.exp(exponents[:, None, None] * cheap[None])
    return np.asarray(weight / (count * weight).sum(axis=2, keepdims=True))
