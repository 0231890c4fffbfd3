"""Prices of sellers who answer each other, as one compiled loop: thousands of such meetings are looked at in a run."""

import numpy as np

from sim.compiled import njit

ROUNDS = 400
CLOSE = 1e-7  # of a price: answers that move less have met
FARTHEST = 0.7  # of the logarithm of a share in one round: who undercuts at a steep rule soon has everything
LEAST = 1e-9  # of an elasticity, and of what it is above 1


@njit(cache=True, nogil=True, error_model="numpy")
def settle(level: np.ndarray, cost: np.ndarray, top: np.ndarray, many: np.ndarray, sellers: np.ndarray,
           rules: np.ndarray) -> np.ndarray:
    """Move the logarithms of prices until all have met (E54); return shares of demand.

    Arrays one by one: with those in a tuple numba's code takes twice as long.

    Parameters
    ----------
    level
        float64 (sellers,): from where they begin; moved in place.
    cost, top
        float64 (sellers,): logarithms of unit costs, and of the highest prices.
    many
        float64 (sellers,): how many of each there are.
    sellers
        float64 (2, sellers): whether each keeps its price (1 or 0), and demand that comes to it whatever it charges,
        over the demand that the rules place.
    rules
        float64 (2, rules): demand that each rule places, and how steep it is.

    Returns
    -------
    ndarray
        float64 (sellers,): share of one of each of what the rules place.
    """
    held, bound, parts, exponents = sellers[0], sellers[1], rules[0], rules[1]
    share, moved, before = np.empty((len(parts), len(held))), np.empty(len(held)), np.full(len(held), np.nan)
    most = FARTHEST / max(1.0, exponents.max())
    place(level, many, exponents, False, share)
    for rounds in range(ROUNDS):
        farthest, returned = 0.0, True
        for i in range(len(held)):
            moved[i] = level[i]
            if held[i] == 0.0:
                moved[i] = min(moved[i] + step(moved[i] - cost[i], bound[i], share[:, i], parts, exponents, most),
                               top[i])
            farthest = max(farthest, abs(moved[i] - level[i]))
            returned = returned and moved[i] == before[i]
        before[:] = level
        level[:] = moved
        place(level, many, exponents, True, share)
        # who is where it was two rounds ago goes to and fro for ever: the rest of its rounds come in pairs
        if farthest <= CLOSE or (returned and (ROUNDS - rounds) % 2 == 1):
            break
    found = np.zeros(len(held))
    for r in range(len(parts)):
        for i in range(len(held)):
            found[i] += parts[r] * share[r, i]
    return found


@njit(cache=True, nogil=True, error_model="numpy")
def place(level: np.ndarray, many: np.ndarray, exponents: np.ndarray, again: bool, share: np.ndarray) -> None:
    """Write the shares of one seller each through each rule into ``share``, (rules, sellers).

    If it was done ``again``, for the same sellers, their shares through rules that do not look at prices stand.
    """
    least = level.min()
    for r in range(len(exponents)):
        if again and exponents[r] == 0.0:
            continue
        total = 0.0
        for i in range(len(level)):
            share[r, i] = np.exp(exponents[r] * (least - level[i]))
            total += many[i] * share[r, i]
        for i in range(len(level)):
            share[r, i] /= total


@njit(cache=True, nogil=True, error_model="numpy")
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
