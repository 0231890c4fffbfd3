"""Requests drawn from clients of ServeGen: each a renewal process whose rate and CV change from window to window."""

import math
from functools import cache

import numpy as np

from sim.demand.arrivals import OpenStream, weibull_shape
from sim.demand.births import Births
from sim.demand.covered import trace_speed
from sim.demand.lengths import LengthSampler
from sim.demand.trace_files.client_pool import ClientPool
from sim.scenario import ClientClass, Trace


class PoolReplay:
    """The requests of a pool of clients as births.

    In each window each client is a renewal process in equilibrium, with gamma or Weibull gaps of the window's rate and
    CV: as many requests are expected in any part of a window as its rate says, exactly. (One that began with a whole
    gap would send (CV² − 1)/2 requests too many in every window.) Lengths are drawn from the client's distributions
    of the time, prompt and answer independently, or from those of the class if the files have none.

    With ``loop`` the first window follows the last; ``start = "random"`` then begins at a time drawn uniformly.

    Parameters
    ----------
    spec
        The class, whose arrivals are the trace.
    pool
        The clients.
    load
        Factor on the rate: time is divided by it.
    shares
        Shares of the class's own clients, adding up to 1: each request goes to one with a draw of its own.
    open_stream
        Opens the class's streams ``start``, ``arrivals``, ``prompt``, ``output`` and ``split``.
    """

    ordered = True

    def __init__(
        self, spec: ClientClass, pool: ClientPool, load: float, shares: np.ndarray, open_stream: OpenStream
    ) -> None:
        trace = spec.arrivals
        assert isinstance(trace, Trace)
        self._pool = pool
        self._loop = trace.loop
        self._speed = trace_speed(trace, pool, load)
        self._gaps = open_stream("arrivals")
        self._lengths = [open_stream("prompt"), open_stream("output")] if pool.lengths else []
        self._samplers = [] if pool.lengths else [
            LengthSampler(spec.prompt_tokens, open_stream("prompt")),
            LengthSampler(spec.output_tokens, open_stream("output"))]
        self._split = open_stream("split") if len(shares) > 1 else None
        self._bounds = np.cumsum(shares)[:-1]
        random_start = trace.loop and trace.start == "random"
        self._origin_s = float(open_stream("start").random()) * pool.period_s if random_start else 0.0
        self._window = int(self._origin_s / pool.window_s)  # counted through all laps

    @property
    def rate_per_s(self) -> float:
        """Mean rate of the replay, requests/s."""
        return self._speed / self._pool.mean_gap_s

    def draw(self, n: int) -> Births:
        """Return the requests of the next window, however many; see ``BirthSource``."""
        windows = len(self._pool.rate_per_s)
        begin_s = self._window * self._pool.window_s - self._origin_s
        file_s, clients = self._arrivals(self._window % windows, begin_s)
        prompt, output = self._tokens(self._window % windows, clients)
        here = file_s >= 0  # a random start lies within a window
        self._window += 1
        ended = not self._loop and self._window >= windows
        horizon_s = math.inf if ended else (begin_s + self._pool.window_s) / self._speed
        client: np.ndarray | int = 0
        if self._split is not None:
            client = np.searchsorted(self._bounds, self._split.random(len(file_s)), side="right")[here]
        return Births(file_s[here] / self._speed, horizon_s, prompt[here], output[here], client=client)

    def _arrivals(self, window: int, begin_s: float) -> tuple[np.ndarray, np.ndarray]:
        """Times of a window's requests in order, and whose they are."""
        pool = self._pool
        parts = []
        for client in np.flatnonzero(pool.rate_per_s[window]).tolist():
            rate = float(pool.rate_per_s[window, client])
            shape = _shape(float(pool.cv[window, client]), bool(pool.is_weibull[window, client]))
            at = self._equilibrium(rate * pool.window_s, shape, bool(pool.is_weibull[window, client]))
            parts.append((begin_s + at / rate, np.full(len(at), client)))
        if not parts:
            return np.empty(0), np.empty(0, np.int64)
        file_s = np.concatenate([times for times, _ in parts])
        order = np.argsort(file_s, kind="stable")
        return file_s[order], np.concatenate([whose for _, whose in parts])[order]

    def _equilibrium(self, until: float, shape: float, is_weibull: bool) -> np.ndarray:
        """Arrivals before ``until`` of a process with gaps of mean 1 that has been going on for ever."""
        gaps = self._gaps
        scale = 1 / math.gamma(1 + 1 / shape) if is_weibull else 1 / shape
        # the gap in which time 0 lies is drawn by its length, and time 0 lies anywhere in it
        longer = gaps.standard_gamma(1 + 1 / shape) ** (1 / shape) if is_weibull else gaps.standard_gamma(shape + 1)
        last = float(gaps.random() * scale * longer)
        parts = [np.array([last])]
        while last < until:
            number = int(until - last) + 16
            unit = gaps.standard_exponential(number) if is_weibull else gaps.standard_gamma(shape, number)
            parts.append(last + np.cumsum(scale * (unit ** (1 / shape) if is_weibull else unit)))
            last = float(parts[-1][-1])
        found = np.concatenate(parts)
        return found[found < until]

    def _tokens(self, window: int, clients: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        n = len(clients)
        if self._samplers:
            return self._samplers[0].draw(n), self._samplers[1].draw(n)
        uniforms = [stream.random(n) for stream in self._lengths]
        tokens = [np.empty(n, np.int32), np.empty(n, np.int32)]
        for client in np.unique(clients).tolist():
            known = self._pool.lengths_in(client, window)
            its = clients == client
            for out, u, table in zip(tokens, uniforms, (known.prompt, known.output), strict=True):
                out[its] = table.values[np.searchsorted(table.bounds, u[its], side="right")]
        return tokens[0], tokens[1]


@cache
def _shape(cv: float, is_weibull: bool) -> float:
    """Shape of a gamma or Weibull distribution with a coefficient of variation."""
    return weibull_shape(cv) if is_weibull else cv**-2
