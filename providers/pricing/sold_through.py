"""The rules through which a seller sells, and what they make of its demand (E40 to E42 of docs/theory.md).

A seller posts one price, but its customers come by several ways: the marketplace's default, its cheapest-first order,
a provider that they name. Each way has a rule of its own for the shares of sellers, and a part of demand.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final, NamedTuple

import numpy as np

from providers.pricing.demand import router_share
from sim.errors import MarketError
from sim.price_response import DrawnCurve

STEP: Final = 1e-6  # of the logarithm of a price, for slopes that have no formula


class PriceRule(NamedTuple):
    """One rule, and the part of demand that it places.

    Attributes
    ----------
    share
        Its part of the demand for a model, beside those of the other rules; they need not add up to 1.
    exponent
        It gives shares in proportion to ``price ** -exponent``; 0 if it does not look at prices.
    curve
        If it has one, its shares follow that instead.
    captive
        Whether all of its part comes to this one seller, whatever anybody charges: customers who have named it.
    """

    share: float
    exponent: float = 0.0
    curve: DrawnCurve | None = None
    captive: bool = False


@dataclass(frozen=True)
class Rules:
    """All rules through which a seller sells. Prices are in USD per million tokens (in a game: in its money).

    Attributes
    ----------
    rules
        At least one, with a share above 0 in all.

    Raises
    ------
    MarketError
        If a share or an exponent is negative, or no rule has a share.
    """

    rules: tuple[PriceRule, ...]

    def __post_init__(self) -> None:
        for rule in self.rules:
            if not rule.share >= 0 or not math.isfinite(rule.share):
                raise MarketError(f"share of a price rule is {rule.share:g}; it must be at least 0")
            if not rule.exponent >= 0 or not math.isfinite(rule.exponent):
                raise MarketError(f"exponent of a price rule is {rule.exponent:g}; it must be at least 0")
        if not sum(rule.share for rule in self.rules) > 0:
            raise MarketError("no price rule has a share of demand; one of them must be above 0")

    @classmethod
    def single(cls, exponent: float) -> "Rules":
        """All demand through one rule ``1/price^exponent``."""
        return cls((PriceRule(1.0, exponent),))

    @cached_property
    def placed(self) -> tuple[float, ...]:
        """Part of demand that each rule places; they add up to 1."""
        total = sum(rule.share for rule in self.rules)
        return tuple(rule.share / total for rule in self.rules)

    def share(self, prices: np.ndarray, rivals: np.ndarray, token_s: float = 0.0) -> np.ndarray:
        """Share of demand that a seller has at each of some prices, the rivals' standing still (E40).

        Parameters
        ----------
        prices
            Own prices to try, float64 (n,), above 0.
        rivals
            Prices of the rivals, float64 (m,), above 0.
        token_s
            Seconds that a token takes, the same at all sellers; only rules that weigh speed ask for it.
        """
        shares = np.zeros(len(prices))
        for part, rule in zip(self.placed, self.rules, strict=True):
            shares += part * share_under(rule, prices, rivals, token_s)
        return shares

    def elasticity(self, share: float, price: float = 1.0, token_s: float = 0.0) -> float:
        """Elasticity of sales in the own price, where all sellers charge the same (P10): ``(1 - share) sum(w k)``.

        Parameters
        ----------
        share
            Its share of demand, the same through each rule.
        price, token_s
            The common price, and the seconds that a token takes; only rules that weigh speed ask for them.
        """
        return (1.0 - share) * sum(part * exponent_at(rule, price, token_s)
                                   for part, rule in zip(self.placed, self.rules, strict=True))

    def elasticity_among(self, price: float, rivals: Sequence[float], token_s: float = 0.0) -> float:
        """Elasticity of sales in the own price, among rivals at any prices (E41): each rule counts by what it sells.

        Returns
        -------
        float
            Positive, as sales fall; nan where nothing is sold.
        """
        others, sold, fall = np.array(rivals, float), 0.0, 0.0
        for part, rule in zip(self.placed, self.rules, strict=True):
            if rule.curve is None:
                share = float(share_under(rule, np.array([price]), others, token_s)[0])
                slope = rule.exponent * (1.0 - share)
            else:
                around = price * np.exp(np.array([-STEP, 0.0, STEP]))
                low, share, high = share_under(rule, around, others, token_s).tolist()
                slope = (low - high) / (2 * STEP * share) if share > 0 else 0.0
            sold += part * share
            fall += part * share * slope
        return fall / sold if sold > 0 else math.nan

    def markup(self, share: float, price: float = 1.0, token_s: float = 0.0) -> float:
        """Price over unit cost that answers the elasticity where all charge the same; infinite if that is at most 1."""
        elasticity = self.elasticity(share, price, token_s)
        return elasticity / (elasticity - 1.0) if elasticity > 1.0 else math.inf


OPENROUTER_UNTIL_2026: Final = Rules.single(2.0)  # 1/price^2, its documented rule


def share_under(rule: PriceRule, prices: np.ndarray, rivals: np.ndarray, token_s: float = 0.0) -> np.ndarray:
    """Share that one rule gives a seller at each of some prices; as ``Rules.share``."""
    if rule.captive:
        return np.ones(len(prices))
    if rule.curve is None:
        return router_share(prices, rivals, rule.exponent)
    return _drawn_share(rule.curve, prices, rivals, token_s)


def exponent_at(rule: PriceRule, price: float, token_s: float = 0.0) -> float:
    """The exponent that a rule has where all sellers charge the same: the slope of its logarithm of weights (E42)."""
    curve = rule.curve
    if curve is None:
        return rule.exponent
    # exploration waters the answer down; time, which costs the same whatever the price, does so too
    steep = (curve.preferences[0] - curve.preferences[1]) / (curve.distances[1] * curve.preferences[0])
    return (1.0 - curve.exploration) * steep * price / (price + curve.speed_cost * token_s)


def _drawn_share(curve: DrawnCurve, prices: np.ndarray, rivals: np.ndarray, token_s: float) -> np.ndarray:
    added = curve.speed_cost * token_s
    own, others = prices + added, rivals + added
    best = np.minimum(own, others.min(initial=np.inf))
    mine = np.interp(own / best - 1.0, curve.distances, curve.preferences, right=0.0)
    theirs = np.interp(others[None, :] / best[:, None] - 1.0, curve.distances, curve.preferences, right=0.0)
    drawn = mine / (mine + theirs.sum(axis=1))
    return np.asarray((1.0 - curve.exploration) * drawn + curve.exploration / (1 + len(rivals)))
