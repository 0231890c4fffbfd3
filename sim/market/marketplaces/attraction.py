"""Where marketplaces end: the stationary law of customers who review at random and like to stay (E91).

At a review a customer of r takes s with the probability of a logit whose utility of staying is higher by eta. Chains
of this kind are reversible, so that their stationary law is known in closed form.
"""

import numpy as np


def move_shares(utilities: np.ndarray, inertia: float) -> np.ndarray:
    """Probability that a customer of the row's marketplace takes the column's at a review, float64 (r, r).

    Parameters
    ----------
    utilities
        float64 (r,): of each, staying apart, in units of tastes.
    inertia
        What staying adds, at least 0.
    """
    values = utilities[None, :] + inertia * np.eye(len(utilities))
    weights = np.exp(values - values.max(axis=1, keepdims=True))
    return np.asarray(weights / weights.sum(axis=1, keepdims=True))


def stationary_shares(utilities: np.ndarray, inertia: float) -> np.ndarray:
    """Shares at which nobody's moves change anything (E91), float64 (r,): x_r (1 + (e^eta - 1) x_r), normalised.

    Parameters
    ----------
    utilities, inertia
        As for `move_shares`; x are the logit's shares without inertia.
    """
    logit = np.exp(utilities - utilities.max())
    logit = logit / logit.sum()
    weights = logit * (1.0 + np.expm1(inertia) * logit)
    return np.asarray(weights / weights.sum())


def keeping(shares: np.ndarray, inertia: float) -> np.ndarray:
    """Utilities at which some shares are stationary, float64 (r,); -inf where the share is 0.

    Parameters
    ----------
    shares
        float64 (r,), at least 0, of sum 1.
    inertia
        As for `move_shares`.
    """
    from scipy.optimize import brentq  # slow to import

    bend = np.expm1(inertia)

    def logit(scale: float) -> np.ndarray:
        # the positive root of x (1 + bend x) = scale share, written so that no bend of 0 divides
        return np.asarray(2.0 * scale * shares / (1.0 + np.sqrt(1.0 + 4.0 * bend * scale * shares)))

    scale = brentq(lambda tried: logit(tried).sum() - 1.0, 1.0, 1.0 + bend, xtol=1e-14, rtol=1e-14) if bend > 0 else 1.0
    with np.errstate(divide="ignore"):
        return np.asarray(np.log(logit(float(scale))))
