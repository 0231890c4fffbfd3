"""Why spend changed: prices, volume, or a move to dearer models (E6). Exact, in two ways.

Spend is S = Q * sum_i s_i * p_i: tokens in all, share of each model, price of each model. Both methods attribute the
change of S between two periods to Q (volume), s (mix) and p (price) without a remainder.
"""

from collections.abc import Callable, Sequence
from typing import Final, NamedTuple

import numpy as np

from experiments.measures.market.panel import ratio


class Split(NamedTuple):
    """A change of spend, in the unit of the spend that was given.

    Attributes
    ----------
    price
        Because the same models cost more or less.
    volume
        Because more or fewer tokens were bought, at unchanged mix.
    mix
        Because tokens moved between models; a model that nobody used before or after is all mix.
    """

    price: float
    volume: float
    mix: float

    @property
    def total(self) -> float:
        """The whole change."""
        return self.price + self.volume + self.mix


class _Periods(NamedTuple):
    """Both periods in full, arrays (2, models): prices and shares, and the volumes (2,)."""

    price: np.ndarray
    share: np.ndarray
    volume: np.ndarray


NOTHING: Final = Split(0.0, 0.0, 0.0)
Method = Callable[[np.ndarray, np.ndarray], Split]


def shapley(spend: np.ndarray, tokens: np.ndarray, level: float | np.ndarray = 1.0) -> Split:
    """Shapley decomposition: the mean over the six orders in which volume, mix and price can change (V2).

    With x, y, z the three factors of a model's spend, the effect of x is
    dx * ((y0 z0 + y1 z1) / 3 + (y0 z1 + y1 z0) / 6), summed over models (Shorrocks 2013; Sun 1998 calls it the complete
    decomposition).

    Parameters
    ----------
    spend, tokens
        (2, models): before and after.
    level
        Price afterwards over that before of a model that was bought in one of them only, where it is known: of all
        alike, or float64 (models,). Else its coming or going is no change of price.

    Raises
    ------
    ValueError
        If a value is negative or not finite, or tokens that were not bought cost something.
    """
    periods = _filled(spend, tokens, level)
    if periods is None:
        return NOTHING
    price, share = periods.price, periods.share
    volume = np.repeat(periods.volume[:, None], price.shape[1], axis=1)
    return Split(
        price=_effect(price, share, volume),
        volume=_effect(volume, share, price),
        mix=_effect(share, price, volume),
    )


def lmdi(spend: np.ndarray, tokens: np.ndarray) -> Split:
    """Additive LMDI-I decomposition: log changes weighted with the logarithmic mean of a model's spend.

    Sum over models of L(S1, S0) * ln(x1 / x0) for each factor x, L(a, b) = (a - b) / ln(a / b) (Ang 2015, eqs. 3 to 6).
    Zeros take their analytical limits (Ang and Liu 2007): a model that nobody used before or after is all mix, one that
    was or became free all price, a market without any tokens before or after all volume.
    Since the growth of a market that a new model takes up is then mix too, use it between close periods (``chained``).
    Arguments as ``shapley``.
    """
    periods = _filled(spend, tokens)
    if periods is None:
        return NOTHING
    amount = np.asarray(spend, np.float64)
    change = amount[1] - amount[0]
    empty = bool(np.any(periods.volume == 0))
    entered = np.any(periods.share == 0, axis=0) & (not empty)
    freed = np.any(periods.price == 0, axis=0) & ~entered & (not empty)
    usual = ~entered & ~freed & (not empty)
    weight = _log_mean(amount[1, usual], amount[0, usual])
    return Split(
        price=float((weight * _log_ratio(periods.price[:, usual])).sum() + change[freed].sum()),
        volume=float(change.sum() if empty else weight.sum() * np.log(periods.volume[1] / periods.volume[0])),
        mix=float((weight * _log_ratio(periods.share[:, usual])).sum() + change[entered].sum()),
    )


def chained(spend: np.ndarray, tokens: np.ndarray, method: Method = shapley) -> list[Split]:
    """Decompose the change from each period to the next; ``spend`` and ``tokens`` are (periods, models)."""
    return [method(spend[t : t + 2], tokens[t : t + 2]) for t in range(len(spend) - 1)]


def summed(splits: Sequence[Split]) -> Split:
    """Add decompositions of consecutive changes."""
    return Split(*(float(sum(column)) for column in zip(*splits, strict=True))) if splits else NOTHING


def _filled(spend: np.ndarray, tokens: np.ndarray, level: float | np.ndarray = 1.0) -> _Periods | None:
    """Prices and shares of both periods; what one period does not know is taken from the other.

    A model without tokens has no price: that of the other period stands in, so that its coming and going is no change
    of price but the known one of all. A period without any tokens has no shares: those of the other stand in, so that
    all is volume.
    """
    money, count = np.asarray(spend, np.float64), np.asarray(tokens, np.float64)
    if not (np.isfinite(money).all() and np.isfinite(count).all()) or (money < 0).any() or (count < 0).any():
        raise ValueError("spend and tokens must be finite and not negative")
    if np.any((count == 0) & (money > 0)):
        raise ValueError("tokens that were not bought cannot have cost anything")
    volume = count.sum(axis=1)
    if not volume.any():
        return None
    price, share = ratio(money, count), ratio(count, volume[:, None])
    others = np.array([price[1] / level, price[0] * level])
    price = np.nan_to_num(np.where(np.isnan(price), others, price))
    return _Periods(price, np.where(np.isnan(share), share[::-1], share), volume)


def _effect(x: np.ndarray, y: np.ndarray, z: np.ndarray) -> float:
    same = y[0] * z[0] + y[1] * z[1]
    crossed = y[0] * z[1] + y[1] * z[0]
    return float(np.sum((x[1] - x[0]) * (same / 3 + crossed / 6)))


def _log_ratio(pair: np.ndarray) -> np.ndarray:
    return np.asarray(np.log(pair[1] / pair[0]))


def _log_mean(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """(a - b) / ln(a / b), a where both are equal; without cancellation where they are close."""
    away = np.log(a / b)
    near = np.abs(away) < 1e-6
    return np.asarray(np.where(near, b * (1 + away / 2), (a - b) / np.where(near, 1.0, away)))
