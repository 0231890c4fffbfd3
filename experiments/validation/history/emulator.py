"""An emulator: what a fact would be at parameters that were not run, and how sure that is.

A Gaussian process whose covariance holds all quadratic functions of the parameters, and a squared exponential for what
is none (E97): the posterior mean is a quadratic fit plus smooth corrections. Exact, of some hundred runs.
"""

from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np

NORMAL_95: Final = 1.959964  # quantile of the 95 % interval
JITTER: Final = 1e-9  # of the covariance's diagonal, relative to the variance of the data
HOPELESS: Final = 1e12
STARTS: Final = ((0.0, -1.0, 0.0, -2.0), (0.0, 0.0, -0.7, -4.0), (-1.0, -2.0, 0.7, -0.7))  # logarithms
BOUNDS: Final = ((-9.0, 6.0), (-12.0, 4.0), (-1.6, 2.3), (-14.0, 1.0))


class Told(NamedTuple):
    """What an emulator says of places, arrays (places,): the mean, and the variance of the fact's expectation."""

    mean: np.ndarray
    variance: np.ndarray


@dataclass(frozen=True)
class Emulator:
    """An emulator of one fact.

    Attributes
    ----------
    places
        (runs, parameters), in the unit cube.
    values
        (runs,): standardised.
    weights
        K⁻¹y.
    inverse
        K⁻¹.
    logs
        Logarithms of the standard deviation of quadratic functions, that of the rest, its length in the cube, and that
        of the noise.
    shift, scale
        Mean and standard deviation of the values.
    """

    places: np.ndarray
    values: np.ndarray
    weights: np.ndarray
    inverse: np.ndarray
    logs: np.ndarray
    shift: float
    scale: float

    def at(self, places: np.ndarray) -> Told:
        """Return what the fact is expected to be at places, (places, parameters)."""
        cross = _covariance(places, self.places, self.logs)
        own = _own(places, self.logs)
        variance = own - ((cross @ self.inverse) * cross).sum(axis=1)
        return Told(self.shift + self.scale * (cross @ self.weights), self.scale**2 * np.maximum(variance, 0.0))

    def slopes(self, place: np.ndarray, step: float = 1e-3) -> np.ndarray:
        """Return derivatives of the expected fact by the parameters, (parameters,), at one place of the cube."""
        steps = step * np.eye(len(place))
        ahead, behind = self.at(place + steps).mean, self.at(place - steps).mean
        return np.asarray((ahead - behind) / (2 * step))

    def left_out(self) -> Told:
        """Return what the others say of each run, its noise included, in closed form (Dubrule 1983)."""
        diagonal = np.diag(self.inverse)
        return Told(self.shift + self.scale * (self.values - self.weights / diagonal), self.scale**2 / diagonal)

    def coverage(self) -> float:
        """Return the share of runs that lie within the 95 % interval that the others give."""
        told, values = self.left_out(), self.shift + self.scale * self.values
        return float(np.mean(np.abs(values - told.mean) <= NORMAL_95 * np.sqrt(told.variance)))


def fitted_emulator(places: np.ndarray, values: np.ndarray) -> Emulator:
    """Fit an emulator; its four constants maximise the marginal likelihood.

    Parameters
    ----------
    places
        (runs, parameters), in the unit cube.
    values
        (runs,): finite.
    """
    from scipy.optimize import minimize

    shift = float(values.mean())
    scale = float(values.std()) or 1.0
    y = (values - shift) / scale
    fits = [minimize(_loss, start, args=(places, y), method="L-BFGS-B", bounds=BOUNDS) for start in STARTS]
    logs = np.asarray(min(fits, key=lambda fit: float(fit.fun)).x)
    inverse = np.linalg.inv(_noisy(places, logs))
    return Emulator(places, y, inverse @ y, inverse, logs, shift, scale)


def _loss(logs: np.ndarray, places: np.ndarray, y: np.ndarray) -> float:
    """Minus the logarithm of the marginal likelihood, constants left out."""
    try:
        root = np.linalg.cholesky(_noisy(places, logs))
    except np.linalg.LinAlgError:  # far from any maximum, where rounding makes it no covariance
        return HOPELESS
    whitened = np.linalg.solve(root, y)
    return float(0.5 * whitened @ whitened + np.log(np.diag(root)).sum())


def _noisy(places: np.ndarray, logs: np.ndarray) -> np.ndarray:
    noise = np.exp(2 * logs[3]) + JITTER * (1 + np.exp(2 * logs[0]))
    return np.asarray(_covariance(places, places, logs) + noise * np.eye(len(places)))


def _covariance(left: np.ndarray, right: np.ndarray, logs: np.ndarray) -> np.ndarray:
    """Of expected facts at two sets of places: quadratic functions, and a squared exponential."""
    a, b = 2 * left - 1, 2 * right - 1
    count = left.shape[1]
    distance = ((left**2).sum(axis=1)[:, None] + (right**2).sum(axis=1)[None, :] - 2 * left @ right.T) / count
    bumps = np.exp(-0.5 * np.maximum(distance, 0.0) / np.exp(2 * logs[2]))
    quadratic = (1 + a @ b.T / count) ** 2
    return np.asarray(np.exp(2 * logs[0]) * quadratic + np.exp(2 * logs[1]) * bumps)


def _own(places: np.ndarray, logs: np.ndarray) -> np.ndarray:
    a = 2 * places - 1
    quadratic = (1 + (a**2).sum(axis=1) / places.shape[1]) ** 2
    return np.asarray(np.exp(2 * logs[0]) * quadratic + np.exp(2 * logs[1]))
