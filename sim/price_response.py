"""How the shares of a routing rule answer prices: what its makers publish, and what sellers may be told of it."""

from typing import NamedTuple


class DrawnCurve(NamedTuple):
    """A rule whose weights fall with the distance of an offer's generalised cost from the best (E25, E26).

    Attributes
    ----------
    distances, preferences
        Corners of the curve: cost over the best one, less 1, rising from 0; and the weight there, 0 beyond the last.
    exploration
        Share of the draws that all offers have in equal parts.
    speed_cost
        What the rule adds to a price for each second that a token takes, USD per million tokens.
    """

    distances: tuple[float, ...]
    preferences: tuple[float, ...]
    exploration: float
    speed_cost: float


class PriceResponse(NamedTuple):
    """How weights answer prices, all else equal.

    Attributes
    ----------
    exponent
        Weights are ``price ** -exponent``; 0 for a rule that does not look at prices.
    curve
        The drawn curve in its stead, if there is one.
    """

    exponent: float = 0.0
    curve: DrawnCurve | None = None


STEEPEST = PriceResponse(100.0)  # the cheapest gets all: 1 % cheaper is then 2.7 times the weight
