"""Published regressions of usage on price, and what they say of the share that is routed.

All have a fixed effect for each model and week, which absorbs what the model sells in all and the denominator of the
router's rule, and one for each host; standard errors are clustered by model.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from experiments.measures.market.regression import demeaned, ols, unidentified
from experiments.studies.elasticities.platform_data import Panel

if TYPE_CHECKING:
    from experiments.measures.market.regression import Fit

ROUNDS: Final = 500  # of taking out two fixed effects in turn
SETTLED: Final = 1e-11


class Slope(NamedTuple):
    """A coefficient, its standard error and the observations."""

    value: float
    std_error: float
    n: int


def fixed_effects(panel: Panel, requests: np.ndarray) -> Slope:
    """Return the slope of log requests on the log price, by least squares: the published regression."""
    y, x, _, cluster = _within(panel, requests)
    return _slope(ols(y, x[:, None], cluster, absorbed=_absorbed(panel, requests)))


def by_rents(panel: Panel, requests: np.ndarray) -> Slope:
    """Return that slope with the price moved by the rent of the host's GPUs only (E120): two-stage least squares."""
    y, x, z, cluster = _within(panel, requests)
    return two_stage(y, x, z, cluster, _absorbed(panel, requests))


def two_stage(y: np.ndarray, x: np.ndarray, z: np.ndarray, cluster: np.ndarray, absorbed: int) -> Slope:
    """Return the slope of ``y`` on ``x`` with the one instrument ``z`` (E120), all without their fixed effects.

    z'y / z'x, with the clustered standard error of z(y - slope x) over z'x.
    """
    moved = float(z @ x)
    n = len(y)
    groups = np.unique(cluster, return_inverse=True)[1]
    count = int(groups.max(initial=0)) + 1
    if abs(moved) < 1e-9 or count < 2 or n <= 1 + absorbed:
        return _slope(unidentified(n, 1))
    slope = float(z @ y) / moved
    scores = np.bincount(groups, z * (y - slope * x))
    factor = count / (count - 1) * (n - 1) / (n - 1 - absorbed)
    return Slope(slope, float(np.sqrt(factor * (scores @ scores))) / abs(moved), n)


def random_routing(panel: Panel) -> Slope:
    """Return the slope of demand alone (E121): of those who chose, and of what is routed had it been placed at random.

    The experiment stands for all that is routed, so that the router's rule is off; prices are moved by rents.
    """
    return by_rents(panel, without_rule(panel))


def without_rule(panel: Panel) -> np.ndarray:
    """Return requests had all that is routed been placed as in the experiment, float64 (rows,)."""
    tried = int(panel.at_random.sum())
    scale = (int(panel.by_rule.sum()) + tried) / max(tried, 1)
    return np.asarray(panel.chosen + panel.at_random * scale)


def routed_in(panel: Panel) -> float:
    """Return the share of requests outside the experiment that the rule placed: what is to be recovered."""
    return float(panel.by_rule.sum() / panel.requests.sum())


def routed_by_levels(panel: Panel, exponent: float, moved_by_rents: bool = True) -> Slope:
    """Return the routed share: a host's share on the share that the rule would give it, in levels (E118).

    s = phi r + (1 - phi) pi holds exactly, whatever hosts differ in; what remains is that pi may be related to prices,
    against which r is moved by rents only.

    Parameters
    ----------
    panel
        The data, without the experiment.
    exponent
        k, as published.
    moved_by_rents
        Whether r is instrumented.
    """
    cells, requests = _cells(panel), panel.requests.astype(np.float64)
    share = requests / _totals(requests, cells)
    rule = shares_by(panel.price, exponent, cells)
    # the rule's shares had prices stayed as they were on average, and followed rents alone
    usual = np.exp(np.log(panel.price) - _less_host(np.log(panel.price), panel.host))
    pushed = shares_by(usual * np.exp(_less_host(panel.shock, panel.host)), exponent, cells)
    y, x, z = (_swept(column, cells, panel.host) for column in (share, rule, pushed))
    absorbed = _absorbed(panel, np.ones(len(cells)))
    if not moved_by_rents:
        return _slope(ols(y, x[:, None], panel.model, absorbed=absorbed))
    return two_stage(y, x, z, panel.model, absorbed)


def shares_by(price: np.ndarray, exponent: float, cells: np.ndarray) -> np.ndarray:
    """Return each row's share of its cell under weights 1 / price to the ``exponent``."""
    weights = price**-exponent
    return np.asarray(weights / _totals(weights, cells))


def routed_naively(slope: float, exponent: float, hosts: float) -> float:
    """Return the routed share of who takes a slope for an elasticity of one's own share: -slope / (k (1 - 1/N))."""
    return -slope / (exponent * (1.0 - 1.0 / hosts))


def routed_from_slope(slope: float, exponent: float) -> float:
    """Return the routed share that a slope with fixed effects of model and time says (E119): slope = -k phi.

    Not -k phi (1 - s): the denominator of the rule is the same for all hosts of a model, so that the effect of model
    and time holds it.
    """
    return -slope / exponent


def mean_hosts(panel: Panel) -> float:
    """Return the mean number of hosts of a model."""
    return len(np.unique(panel.host)) / len(np.unique(panel.model))


def _within(panel: Panel, requests: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Log requests, log price, instrument and cluster of the rows with requests, fixed effects taken out."""
    kept = requests > 0
    cell, host = _cells(panel)[kept], panel.host[kept]
    columns = (np.log(requests[kept]), np.log(panel.price[kept]), panel.shock[kept])
    y, x, z = (_swept(column, cell, host) for column in columns)
    return y, x, z, panel.model[kept]


def _absorbed(panel: Panel, requests: np.ndarray) -> int:
    """Fixed effects that are identified: those of cells and hosts, less one a model, since models do not mix."""
    kept = requests > 0
    several = (_cells(panel), panel.host)
    return sum(len(np.unique(it[kept])) for it in several) - len(np.unique(panel.model[kept]))


def _cells(panel: Panel) -> np.ndarray:
    return np.asarray(panel.model * (int(panel.week.max(initial=0)) + 1) + panel.week)


def _swept(values: np.ndarray, cell: np.ndarray, host: np.ndarray) -> np.ndarray:
    """Values without the means of cells and of hosts, which are taken out in turn until nothing moves."""
    left = demeaned(demeaned(values.astype(np.float64), cell), host)
    for _ in range(ROUNDS):
        before, left = left, demeaned(demeaned(left, cell), host)
        if np.abs(left - before).max(initial=0.0) < SETTLED:
            break
    return left


def _less_host(values: np.ndarray, host: np.ndarray) -> np.ndarray:
    return demeaned(values, host)


def _totals(values: np.ndarray, cells: np.ndarray) -> np.ndarray:
    place = np.unique(cells, return_inverse=True)[1]
    return np.asarray(np.bincount(place, values)[place])


def _slope(fit: Fit) -> Slope:
    return Slope(float(fit.coefficients[0]), float(fit.std_errors[0]), fit.n)
