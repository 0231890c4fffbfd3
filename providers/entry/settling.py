"""Prices of sellers who answer each other, as one compiled loop: thousands of such meetings are looked at in a run."""

from typing import NamedTuple

import numpy as np

from sim.compiled import njit

ROUNDS = 400
CLOSE = 1e-7  # of a price: answers that move less have met
FARTHEST = 0.7  # of the logarithm of a share in one round: who undercuts at a steep rule soon has everything
LEAST = 1e-9  # of an elasticity, and of what it is above 1


class Cases(NamedTuple):
    """All sellers of each case that is looked at.

    Attributes
    ----------
    cost, top
        float64 (cases, sellers): logarithms of unit costs, and of the highest prices.
    held
        bool (sellers,): keeps its price.
    many
        float64 (cases, sellers): how many of each there are.
    bound
        float64 (sellers,): demand that comes to each whatever it charges, over the demand that the rules place.
    """

    cost: np.ndarray
    top: np.ndarray
    held: np.ndarray
    many: np.ndarray
    bound: np.ndarray


@njit(cache=True, nogil=True)
def settle(level: np.ndarray, of: Cases, parts: np.ndarray, exponents: np.ndarray) -> np.ndarray:
    """Move the logarithms of prices until all have met (E54), case by case; return shares of demand.

    Parameters
    ----------
    level
        float64 (cases, sellers): from where they begin; moved in place.
    of
        The sellers.
    parts, exponents
        float64 (rules,): demand that each rule places, and how steep it is.

    Returns
    -------
    ndarray
        float64 (cases, sellers): share of one of each of what the rules place.
    """
    cases, sellers = level.shape
    share, moved = np.empty((len(parts), sellers)), np.empty(sellers)
    found = np.zeros((cases, sellers))
    most = FARTHEST / max(1.0, exponents.max())
    for case in range(cases):
        for _ in range(ROUNDS):
            place(level[case], of.many[case], exponents, share)
            farthest = 0.0
            for i in range(sellers):
                moved[i] = level[case, i]
                if not of.held[i]:
                    moved[i] = min(moved[i] + step(moved[i] - of.cost[case, i], of.bound[i], share[:, i], parts,
                                                   exponents, most), of.top[case, i])
                farthest = max(farthest, abs(moved[i] - level[case, i]))
            level[case] = moved
            if farthest <= CLOSE:
                break
        place(level[case], of.many[case], exponents, share)
        for r in range(len(parts)):
            found[case] += parts[r] * share[r]
    return found


@njit(cache=True, nogil=True)
def place(level: np.ndarray, many: np.ndarray, exponents: np.ndarray, share: np.ndarray) -> None:
    """Write the shares of one seller each through each rule into ``share``, (rules, sellers)."""
    least = level.min()
    for r in range(len(exponents)):
        total = 0.0
        for i in range(len(level)):
            share[r, i] = np.exp(exponents[r] * (least - level[i]))
            total += many[i] * share[r, i]
        share[r] /= total


@njit(cache=True, nogil=True)
def step(margin: float, bound: float, share: np.ndarray, parts: np.ndarray, exponents: np.ndarray,
         most: float) -> float:
    """Newton's step of a seller towards its answer, of the logarithm of its price, the others standing still.

    Without the own share's part in the slope, answers to a steep rule would overshoot and never meet.

    Parameters
    ----------
    margin
        Logarithm of price over unit cost.
    bound
        Demand that comes whatever it charges, over what the rules place.
    share
        float64 (rules,): its share through each rule.
    parts, exponents
        As in ``settle``.
    most
        The longest step.
    """
    sold, fall, bend = bound, 0.0, 0.0
    for r in range(len(parts)):
        s, k = share[r], exponents[r]
        sold += parts[r] * s
        fall += parts[r] * k * s * (1.0 - s)
        bend -= parts[r] * k**2 * s * (1.0 - s) * (1.0 - 2.0 * s)
    sold = max(sold, 1e-300)
    elasticity, slope = fall / sold, (bend * sold + fall**2) / sold**2
    if elasticity <= 1.0:
        return most
    over = max(elasticity - 1.0, LEAST)
    gap = margin - np.log(elasticity / over)
    newton: float = -gap / max(1.0, 1.0 + slope / (elasticity * over))
    return max(-most, min(most, newton))
