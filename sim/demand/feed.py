"""The feed: all requests of a run as blocks of rows, in order of arrival, in flat memory.

Every draw comes from a stream named after the expanded class and its purpose (``demand/chat#3/prompt``; for
a trace, after the class), and the i-th request of a class takes the i-th draw of each. So a request is the
same in every scenario that has its class, whatever the load, the other classes and the block size are.
"""

import math
from collections.abc import Iterator
from typing import Final

import numpy as np

from sim.demand.arrivals import arrival_process
from sim.demand.births import Births, BirthSource, SingleTurns
from sim.demand.classes import ClientShare, expanded_classes, expected_output
from sim.demand.lengths import MAX_TOKENS, LengthSampler
from sim.demand.replay import TraceReplay
from sim.demand.sessions import SessionTurns, mean_turns
from sim.demand.traces import load_trace
from sim.errors import ScenarioError
from sim.scenario import Trace
from sim.streams import Streams
from sim.world import REQUEST, World

BLOCK_ROWS: Final = 16_384  # fits a core's cache
MIN_CHUNK: Final = 32  # arrivals drawn at a time by even the smallest class
SESSION_BITS: Final = 40  # a session's number is its class above these bits, its number in the class below


def request_keys(word: int, first: int, n: int) -> np.ndarray:
    """Keys of requests ``first`` to ``first + n - 1`` of a class: outputs of splitmix64 seeded with ``word``.

    All keys of a class differ, as the mixer is a bijection (Steele, Lea and Flood 2014).
    """
    key = np.arange(first + 1, first + n + 1, dtype=np.uint64)
    key *= np.uint64(0x9E3779B97F4A7C15)
    key += np.uint64(word)
    for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):
        key ^= key >> np.uint64(shift)
        key *= np.uint64(factor)
    key ^= key >> np.uint64(31)
    return key


class _ClassFeed:
    """Rows of one expanded class (of a whole class, if it replays a trace), drawn ahead of need."""

    def __init__(self, members: list[ClientShare], index: int, world: World, streams: Streams) -> None:
        spec = members[0].spec
        self._name = members[0].name if not isinstance(spec.arrivals, Trace) else members[0].class_name
        self._streams = streams
        self._index = index  # of the first member; the others of a split class follow
        self._router = int(world.class_router[self._index])
        self._model = int(world.class_model[self._index])
        self._delay_s = float(world.class_delay_s[self._index])
        self._limit_s = world.scenario.traffic.duration_s
        self._expected_output = expected_output(spec)
        self._patience_s = spec.patience_s
        self._patience = self._open("patience") if spec.patience_s is not None else None
        self._word = streams.word(f"demand/{self._name}/key")
        self._drawn = 0
        self._source, self.arrivals_per_s = self._births(members, world.scenario.traffic.load)
        self._rows = np.empty(0, REQUEST)
        self.horizon_s = 0.0  # all rows that arrive earlier are here

    @property
    def head_s(self) -> float:
        """No row arrives before this time."""
        return float(self._rows["arrive_s"][0]) if len(self._rows) else self.horizon_s

    def refill(self, n: int) -> None:
        """Draw about ``n`` more arrivals and move the horizon."""
        if not self._source.ordered:
            n = max(n, len(self._rows) // 4)  # the cost of sorting what waits is spread over more new rows
        births = self._source.draw(n)
        fresh = self._fill(births)
        fresh = fresh[fresh["arrive_s"] < self._limit_s]
        rows = np.concatenate((self._rows, fresh)) if len(self._rows) else fresh
        if not self._source.ordered:
            rows = rows[np.argsort(rows["arrive_s"], kind="stable")]
        self._rows = rows
        self.horizon_s = births.horizon_s + self._delay_s

    def take(self, until_s: float) -> np.ndarray:
        """Remove and return the rows that arrive before ``until_s``, which the horizon must have reached."""
        count = int(np.searchsorted(self._rows["arrive_s"], until_s))
        taken, self._rows = self._rows[:count], self._rows[count:]
        return taken

    def _open(self, purpose: str) -> np.random.Generator:
        return self._streams.generator(f"demand/{self._name}/{purpose}")

    def _births(self, members: list[ClientShare], load: float) -> tuple[BirthSource, float]:
        """The source of births and its rate of arrivals (sessions, if it has them)."""
        spec = members[0].spec
        if isinstance(spec.arrivals, Trace):
            if spec.sessions is not None:
                raise ScenarioError(f"demand.{self._name}.sessions is set, but its arrivals are a trace, "
                                    "whose rows are single requests; allowed is one of the two")
            shares = np.array([member.share for member in members])
            trace = load_trace(spec.arrivals.path, spec.arrivals.format)
            replay = TraceReplay(spec.arrivals, trace, load, shares, self._open)
            return replay, replay.rate_per_s
        rate = spec.arrivals.rate_per_s * load * members[0].share
        if spec.sessions is not None:
            rate /= mean_turns(spec.sessions)
        arrivals = arrival_process(spec.arrivals, rate, self._open)
        prompt = LengthSampler(spec.prompt_tokens, self._open("prompt"))
        output = LengthSampler(spec.output_tokens, self._open("output"))
        if spec.sessions is None:
            return SingleTurns(arrivals, prompt, output), rate
        longest = min(spec.prompt_tokens.maximum, MAX_TOKENS)
        return SessionTurns(spec.sessions, arrivals, (prompt, output), longest, self._open), rate

    def _fill(self, births: Births) -> np.ndarray:
        n = len(births.born_s)
        rows = np.empty(n, REQUEST)
        rows["born_s"] = births.born_s
        rows["arrive_s"] = births.born_s + self._delay_s
        rows["patience_s"] = math.inf
        if self._patience is not None and self._patience_s is not None:
            rows["patience_s"] = self._patience.standard_exponential(n) * self._patience_s
        rows["expected_output"] = self._expected_output
        rows["key"] = request_keys(self._word, self._drawn, n)
        rows["session"] = births.session
        if not isinstance(births.session, int):
            rows["session"] += self._index << SESSION_BITS
        rows["client_class"] = self._index + births.client
        rows["router"] = self._router
        rows["model"] = self._model
        rows["prompt"] = births.prompt
        rows["output"] = births.output
        rows["prefix"] = births.prefix
        self._drawn += n
        return rows


class DemandFeed:
    """All requests that arrive before ``traffic.duration_s``, as an iterator of blocks of dtype ``REQUEST``.

    Rows are sorted by ``arrive_s`` within and across blocks; rows that arrive at the same time are in the
    order of their classes, and within a class in the order in which they were drawn. Blocks are never empty.
    Memory holds about one block (and, for sessions, the turns still to come), however long the run is.

    Parameters
    ----------
    world
        The market; its scenario says what arrives.
    streams
        The run's random streams; the feed uses the names under ``demand/``.
    block_rows
        About how many rows a block has. It changes no draw.

    Raises
    ------
    TraceError
        If a class replays a trace that cannot be read.
    ScenarioError
        If a class has both a trace and sessions.
    """

    def __init__(self, world: World, streams: Streams, block_rows: int = BLOCK_ROWS) -> None:
        groups: dict[str, list[ClientShare]] = {}
        for share in expanded_classes(world.scenario):
            shared = isinstance(share.spec.arrivals, Trace)  # the clients of a trace share its rows
            groups.setdefault(share.class_name if shared else share.name, []).append(share)
        index = {name: i for i, name in enumerate(world.classes)}
        self._classes = [_ClassFeed(group, index[group[0].name], world, streams) for group in groups.values()]
        self._limit_s = world.scenario.traffic.duration_s
        rates = np.array([cls.arrivals_per_s for cls in self._classes])
        self._window_s = min(block_rows / float(rates.sum()), self._limit_s)
        chunks = np.clip(np.ceil(rates * self._window_s * 1.1), min(MIN_CHUNK, block_rows), block_rows)
        self._chunks = [int(chunk) for chunk in chunks]
        self._horizon_s = np.zeros(len(self._classes))
        self._head_s = np.zeros(len(self._classes))
        self._done_s = 0.0

    def __iter__(self) -> Iterator[np.ndarray]:
        return self

    def __next__(self) -> np.ndarray:
        while self._done_s < self._limit_s:
            block = self._advance()
            if len(block):
                return block
        raise StopIteration

    def _advance(self) -> np.ndarray:
        """Return the rows up to the smallest horizon, once all horizons are half a block away."""
        # half a window, so that one refill of each class is enough as a rule
        goal_s = min(self._done_s + self._window_s / 2, self._limit_s)
        for i in np.flatnonzero(self._horizon_s < goal_s):
            cls = self._classes[i]
            while cls.horizon_s < goal_s:
                cls.refill(self._chunks[i])
            self._horizon_s[i], self._head_s[i] = cls.horizon_s, cls.head_s
        until_s = min(float(self._horizon_s.min()), self._limit_s)
        parts = []
        for i in np.flatnonzero(self._head_s < until_s):
            parts.append(self._classes[i].take(until_s))
            self._head_s[i] = self._classes[i].head_s
        self._done_s = until_s
        return _merge(parts)


def _merge(parts: list[np.ndarray]) -> np.ndarray:
    """Merge sorted parts, given in the order of their classes, which ties keep."""
    if len(parts) < 2:
        return parts[0] if parts else np.empty(0, REQUEST)
    rows = np.concatenate(parts)
    return rows[np.argsort(rows["arrive_s"], kind="stable")]
