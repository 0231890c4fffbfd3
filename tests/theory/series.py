"""Random series with known answers, many at once: AR(1), and the waits of an M/M/1 by Lindley's recursion."""

import numpy as np
from scipy.special import gammainc, gammaincc


def ar1(rng, runs, length, phi, start=None):
    """Runs (run, time) of x_t = phi x_(t-1) + N(0, 1): mean 0, stationary unless started somewhere."""
    noise = rng.standard_normal((length, runs))
    out = np.empty((length, runs))
    out[0] = noise[0] / np.sqrt(1 - phi**2) if start is None else start
    for t in range(1, length):
        out[t] = phi * out[t - 1] + noise[t]
    return out.T


def waits(rng, runs, customers, rho, first=0.0):
    """Waits (run, customer) in an M/M/1 with service rate 1: Lindley's recursion (1952)."""
    out = np.empty((customers, runs))
    out[0] = first
    for k in range(1, customers):
        out[k] = np.maximum(0.0, out[k - 1] + rng.standard_exponential(runs) - rng.standard_exponential(runs) / rho)
    return out.T


def mean_waits(seed, shape, customers, rho, speed=1.0):
    """Mean wait by run of queues M/M/1 that start empty; equal seeds have the same arrivals and amounts of work."""
    arrivals, work = (np.random.default_rng([seed, stream]) for stream in (0, 1))
    wait, total = np.zeros(shape), np.zeros(shape)
    for _ in range(1, customers):
        gap = arrivals.standard_exponential(shape) / rho
        wait = np.maximum(0.0, wait + work.standard_exponential(shape) / speed - gap)
        total += wait
    return total / customers


def stationary_wait(rng, runs, rho):
    """Waits in an M/M/1 in steady state, service rate 1: 0 with probability 1 - rho, else exponential."""
    return np.where(rng.random(runs) < rho, rng.exponential(1 / (1 - rho), runs), 0.0)


def mean_wait_from_empty(rho, customers, speed=1.0):
    """Expected mean wait of the first customers of an M/M/1 that starts empty, with arrival rate rho.

    By Spitzer's identity (1956) E[W_n] is the sum over k <= n of E[max(0, S_k)] / k, where S_k is the sum of k
    services less that of k gaps.
    """
    steps = [_positive_part(k, rho / speed) / k for k in range(1, customers)]
    return float(np.concatenate([[0.0], np.cumsum(steps)]).mean()) / speed


def _positive_part(k, rho):
    """E[max(0, G - A)] for Erlang sums G of rate 1 and A of rate rho: the integral of P(G > x) P(A <= x)."""
    x = np.linspace(0, k + 12 * np.sqrt(k) + 40, 2001)
    y = gammaincc(k, x) * gammainc(k, rho * x)
    return float((y[1:] + y[:-1]).sum() / 2 * (x[1] - x[0]))
