"""Token counts: draws from the four families of ``sim.scenario.Lengths``, and their exact means."""

import math

import numpy as np

from sim.engines.requests import MAX_TOKENS
from sim.scenario import Lengths


class LengthSampler:
    """Draws token counts of one distribution from one stream.

    Counts are whole, within ``[minimum, maximum]``, and do not depend on how draws are grouped into calls.

    * *lognormal*: ``exp(mu + sigma·Z)`` with the given mean and CV, rounded to the nearest token.
    * *constant*: the mean, rounded to the nearest token; consumes no randomness.
    * *exponential*: an exponential rounded up, so at least 1 token. Its scale is chosen so that the *rounded*
      count, which is geometric, has exactly the given mean (1 if that is below 1).
    * *quantiles*: the piecewise-linear inverse through (probabilities, values), rounded to the nearest token;
      ``mean`` is not used.

    Parameters
    ----------
    spec
        The distribution.
    generator
        The stream it draws from; nobody else may use it.
    """

    def __init__(self, spec: Lengths, generator: np.random.Generator) -> None:
        self._spec = spec
        self._generator = generator
        self._maximum = min(spec.maximum, MAX_TOKENS)

    def draw(self, n: int) -> np.ndarray:
        """Return the next ``n`` counts, int32 tokens."""
        values = self._raw(n)
        np.clip(values, self._spec.minimum, self._maximum, out=values)
        return values.astype(np.int32)

    def _raw(self, n: int) -> np.ndarray:
        """Return the next ``n`` rounded counts before limits, float64."""
        spec = self._spec
        if spec.kind == "lognormal":
            variance = math.log1p(spec.cv**2)
            values = self._generator.standard_normal(n)
            values *= math.sqrt(variance)
            values += math.log(spec.mean) - variance / 2
            np.exp(values, out=values)
        elif spec.kind == "exponential":
            values = self._generator.standard_exponential(n)
            values *= geometric_scale(spec.mean)
            return np.ceil(values, out=values)
        elif spec.kind == "quantiles":
            values = np.interp(self._generator.random(n), spec.probabilities, spec.values)
        else:
            values = np.full(n, spec.mean)
        return np.rint(values, out=values)


def geometric_scale(mean: float) -> float:
    """Scale of an exponential that has the given mean after rounding up (0 if ``mean`` is at most 1)."""
    return -1.0 / math.log1p(-1.0 / mean) if mean > 1 else 0.0


def mean_tokens(spec: Lengths) -> float:
    """Mean of a distribution within its limits, in tokens.

    Exact, except that rounding a lognormal or a quantile to the nearest token is not accounted for (it moves
    the mean by far less than half a token).
    """
    low, high = float(spec.minimum), float(min(spec.maximum, MAX_TOKENS))
    if spec.kind == "lognormal" and spec.cv > 0:
        return _lognormal_mean(spec, low, high)
    if spec.kind == "exponential":
        # E[G] = low + sum of P(G > k), k = low .. high - 1, of a geometric G
        log_stay = math.log1p(-1.0 / spec.mean) if spec.mean > 1 else -math.inf
        return low + max(spec.mean, 1.0) * (math.exp(low * log_stay) - math.exp(high * log_stay))
    if spec.kind == "quantiles":
        return _quantile_mean(spec, low, high)
    return min(max(float(round(spec.mean)), low), high)


def _lognormal_mean(spec: Lengths, low: float, high: float) -> float:
    """Mean of a lognormal that is clipped to ``[low, high]``."""
    variance = math.log1p(spec.cv**2)
    sigma = math.sqrt(variance)
    mu = math.log(spec.mean) - variance / 2

    def below(x: float, shift: float) -> float:
        return 0.5 * math.erfc(-(math.log(x) - mu - shift) / (sigma * math.sqrt(2)))

    inside = spec.mean * (below(high, variance) - below(low, variance))
    return low * below(low, 0.0) + inside + high * (1.0 - below(high, 0.0))


def _quantile_mean(spec: Lengths, low: float, high: float) -> float:
    """Mean of a piecewise-linear quantile function that is clipped to ``[low, high]``."""

    def area(x: float) -> float:
        """Antiderivative of ``clip(x, low, high)``."""
        inner = min(max(x, low), high)
        return low * x + (inner - low) ** 2 / 2 + (high - low) * max(x - high, 0.0)

    total = 0.0
    for i, (a, b) in enumerate(zip(spec.values, spec.values[1:], strict=False)):
        level = (area(b) - area(a)) / (b - a) if b > a else min(max(a, low), high)
        total += (spec.probabilities[i + 1] - spec.probabilities[i]) * level
    return total
