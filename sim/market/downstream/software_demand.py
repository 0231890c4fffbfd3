"""Customers of software who find it dear to switch: logit with a cost of leaving whom one has.

    (E140)  s_ij = exp(V_j - psi [j is not i]) / (1 + sum_k exp(V_k - psi [k is not i])),     V = xi - alpha P

of the customers of firm i, the share that takes firm j when it looks; who has no firm pays no psi, and nothing is worth
0.

Source: Train, *Discrete Choice Methods with Simulation*, 2nd ed. (2009), chapter 3; Klemperer, Competition when
consumers have switching costs, *Review of Economic Studies* 62 (1995).
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from sim.errors import MarketError


class SoftwareTaste(NamedTuple):
    """What customers of software weigh.

    Attributes
    ----------
    alpha
        Utility lost for one unit of price.
    switching
        psi, utility lost by leaving the firm that one has for another one.
    level
        xi of a firm of average quality.
    """

    alpha: float | np.ndarray
    switching: float
    level: float | np.ndarray


def choice_shares(utilities: np.ndarray, switching: float) -> np.ndarray:
    """Return who takes whom (E140).

    Parameters
    ----------
    utilities
        V of each firm, float64 (..., firms); -inf of one that is no longer there.
    switching
        psi, at least 0.

    Returns
    -------
    np.ndarray
        float64 (..., firms + 1, firms): a row for the customers of each firm, the last for those who have none.
    """
    firms = utilities.shape[-1]
    cost = np.vstack([switching * (1.0 - np.eye(firms)), np.zeros(firms)])
    moved = utilities[..., None, :] - cost
    top = np.maximum(moved.max(axis=-1, keepdims=True), 0.0)
    weights = np.exp(moved - top)
    return np.asarray(weights / (np.exp(-top) + weights.sum(axis=-1, keepdims=True)))


class EqualPlay(NamedTuple):
    """What makes equal firms keep their customers as observed: V of each, and psi."""

    utility: float
    switching: float


def equal_play(firms: int, churn: float, to_none: float) -> EqualPlay:
    """Return utility and switching cost at which equal firms lose a share of those who look (E142).

        V = ln((1 - a) / (a w)),     psi = ln((n - 1) (1 - a) / (a (1 - w)))

    Parameters
    ----------
    firms
        n, at least 2.
    churn
        a, share of a firm's customers who leave when they look.
    to_none
        w, share of these who then have no firm.

    Raises
    ------
    MarketError
        If customers would have to like to leave: psi below 0.
    """
    utility = math.log((1.0 - churn) / (churn * to_none))
    switching = math.log((firms - 1) * (1.0 - churn) / (churn * (1.0 - to_none)))
    if switching < 0.0:
        raise MarketError(f"churn is {churn:g} with {firms} firms, so that customers would like to leave; it must be "
                          f"at most {(firms - 1) / (firms - to_none):.3g}")
    return EqualPlay(utility, switching)
