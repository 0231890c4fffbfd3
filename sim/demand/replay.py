"""Replay of a trace: in order, looped, or resampled; at its own rate or another."""

import math

import numpy as np

from sim.demand.arrivals import OpenStream, running_sum
from sim.demand.births import Births
from sim.demand.covered import trace_speed
from sim.demand.traces import TraceRows
from sim.scenario import Trace


class _Gaps:
    """Times before rows, by their numbers: those of the whole file at once would be as much memory as the file."""

    def __init__(self, rows: TraceRows) -> None:
        self._t_s = rows.t_s
        self._first = rows.mean_gap_s

    def __getitem__(self, index: np.ndarray) -> np.ndarray:
        return np.where(index == 0, self._first, self._t_s[index] - self._t_s[np.maximum(index - 1, 0)])


class TraceReplay:
    """The requests of a trace file as births.

    * *in order*: the first request is born at 0, the others keep their distance (over the speed); then the
      class ends.
    * *loop*: the file starts again one mean gap after its last request, so that the rate stays the file's.
    * *resample*: rows are drawn with replacement. A row is its lengths together with the gap before it (the
      mean gap for the first row), so gaps and lengths keep their distribution and their dependence within a
      row, while all dependence between rows is lost.

    With ``start = "random"`` time 0 of either is a time of the file drawn uniformly over its span, the mean gap
    included, and what comes after that time keeps its distance: then as many requests are expected in any stretch of
    time as the rate says. (To begin at a row would not do. A row drawn uniformly is likely to lie in a burst, so that
    runs shorter than the file would see too many.) Of a resampled file only the first row is found so. With
    ``start = "first"`` a looped file begins with its first request, a resampled one with a whole gap.

    A class that is split into clients shares one file: each request goes to a client with a draw of its own,
    with probability equal to the client's share.

    Parameters
    ----------
    spec
        The scenario's arrivals.
    rows
        The file.
    load
        Factor on the rate: time is divided by it.
    shares
        Shares of the clients, adding up to 1.
    open_stream
        Opens the class's streams ``start`` (time 0), ``arrivals`` (resampling) and ``split`` (clients).

    Raises
    ------
    TraceError
        If rate, loop or resampling is asked of a file whose requests all have the same time.
    """

    ordered = True

    def __init__(
        self, spec: Trace, rows: TraceRows, load: float, shares: np.ndarray, open_stream: OpenStream
    ) -> None:
        self._spec = spec
        self._rows = rows
        self._speed = trace_speed(spec, rows, load)
        self._position = 0  # rows replayed, and those skipped by a random start
        self._origin_s = 0.0  # s of the file at which the run begins
        self._clock = 0.0  # s of the file (resampling)
        self._picks = open_stream("arrivals") if spec.resample else None
        if spec.resample:
            self._gaps = _Gaps(rows)
        self._period = rows.mean_gap_s * len(rows) if spec.loop else math.inf
        self._begins = False  # whether the next row of a resampled file is the one at which time 0 lies
        if spec.start == "random" and (spec.loop or spec.resample):
            self._origin_s = float(open_stream("start").random()) * rows.mean_gap_s * len(rows)
            self._position = int(np.searchsorted(rows.t_s, self._origin_s))
            self._begins = spec.resample
        self._split = open_stream("split") if len(shares) > 1 else None
        self._bounds = np.cumsum(shares)[:-1]

    @property
    def rate_per_s(self) -> float:
        """Mean rate of the replay, requests/s (rows over one second if they all have the same time)."""
        span = float(self._rows.t_s[-1])
        return self._speed * (1 / self._rows.mean_gap_s if span > 0 else len(self._rows))

    def _next_row(self) -> tuple[int, float]:
        """The row after time 0, and how long after it in seconds of the file: past the last row the first follows."""
        if self._position < len(self._rows):
            return self._position, float(self._rows.t_s[self._position]) - self._origin_s
        return 0, self._rows.mean_gap_s * len(self._rows) - self._origin_s

    def draw(self, n: int) -> Births:
        """See ``BirthSource``."""
        rows = self._rows
        if self._picks is not None:
            index = (self._picks.random(n) * len(rows)).astype(np.int64)
            gaps = self._gaps[index]
            if self._begins:
                index[0], gaps[0] = self._next_row()
                self._begins = False
            file_s = running_sum(self._clock, gaps)
            self._clock = float(file_s[-1])
        else:
            if not self._spec.loop:
                n = min(n, len(rows) - self._position)
            position = np.arange(self._position, self._position + n)
            lap, index = np.divmod(position, len(rows))
            file_s = rows.t_s[index] + (lap * self._period if self._spec.loop else 0.0) - self._origin_s
            self._position += n
        born_s = file_s / self._speed
        ended = not self._spec.loop and self._position >= len(rows)
        client: np.ndarray | int = 0
        if self._split is not None:
            client = np.searchsorted(self._bounds, self._split.random(n), side="right")
        horizon_s = math.inf if ended else float(born_s[-1])
        return Births(born_s, horizon_s, rows.prompt[index], rows.output[index], client=client)
