"""Rows of one class: births made into the table that engines read."""

import math
from typing import Final

import numpy as np

from sim.demand.arrivals import arrival_process
from sim.demand.births import Births, BirthSource, SingleTurns
from sim.demand.classes import ClientShare, expected_output
from sim.demand.first_turns import FirstTurns, Users
from sim.demand.lengths import LengthSampler
from sim.demand.loops import is_closed
from sim.demand.pool_replay import PoolReplay
from sim.demand.replay import TraceReplay
from sim.demand.sessions import SessionTurns, mean_turns
from sim.demand.trace_files.client_pool import ClientPool
from sim.demand.traces import trace_of
from sim.engines.documents import documents_of
from sim.engines.grid import all_on_grid, on_grid
from sim.engines.requests import MAX_TOKENS, REQUEST, pick
from sim.engines.world import World
from sim.errors import ScenarioError
from sim.scenario import Closed, SharedPrefix, Trace
from sim.streams import Streams

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


class ClassRows:
    """The requests of one expanded class, or of a whole class if it replays a trace.

    Parameters
    ----------
    members
        The expanded class; for a trace, all clients of the class, which share its rows.
    index
        Number of the first member among the market's classes; the others follow.
    world, streams
        The market and the run's random streams.

    Raises
    ------
    TraceError
        If the class replays a trace that cannot be read.
    ScenarioError
        If the class has both a trace and sessions.
    """

    def __init__(self, members: list[ClientShare], index: int, world: World, streams: Streams) -> None:
        spec = members[0].spec
        self._name = members[0].class_name if isinstance(spec.arrivals, Trace) else members[0].name
        self._streams = streams
        self._index = index
        self._router = int(world.class_router[index])
        self._model = int(world.class_model[index])
        self._delay_s = float(world.class_delay_s[index])
        self._limit_s = world.scenario.traffic.duration_s
        self._grid_per_s = world.grid_per_s
        self._expected_output = expected_output(spec)
        self._max_tokens = spec.max_tokens or 0
        self._patience_s = spec.patience_s
        self._priority = spec.priority
        self._longest = min(spec.prompt_tokens.maximum, MAX_TOKENS)
        self._shared = spec.shared_prefix
        self._patience = self._open("patience") if spec.patience_s is not None else None
        self._word = streams.word(f"demand/{self._name}/key")
        self._drawn = 0
        self._source, self.arrivals_per_s = self._births(members, world.scenario.traffic.load)
        turns = 1.0 if spec.sessions is None or is_closed(spec) else mean_turns(spec.sessions)
        self.requests_per_s = self.arrivals_per_s * turns
        self.horizon_s = 0.0  # requests of later draws reach their router at or after this time

    def draw(self, n: int) -> np.ndarray:
        """Return the requests of about ``n`` more arrivals, as drawn, less those beyond the run's end."""
        births = self._source.draw(n)
        self.horizon_s = on_grid(births.horizon_s + self._delay_s, self._grid_per_s)
        rows = self._fill(births)
        inside = rows["arrive_s"] < self._limit_s
        return rows if inside.all() else pick(rows, inside)

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
            trace = trace_of(spec.arrivals)
            replay: TraceReplay | PoolReplay
            if isinstance(trace, ClientPool):
                if spec.arrivals.resample:
                    raise ScenarioError(f"demand.{self._name}.arrivals.resample is true, but {spec.arrivals.path} "
                                        "holds clients of ServeGen, whose requests are drawn anew in any case")
                replay = PoolReplay(spec, trace, load, shares, self._open)
            else:
                replay = TraceReplay(spec.arrivals, trace, load, shares, self._open)
            return replay, replay.rate_per_s
        prompt = LengthSampler(spec.prompt_tokens, self._open("prompt"))
        output = LengthSampler(spec.output_tokens, self._open("output"))
        if isinstance(spec.arrivals, Closed):
            users, in_sessions = members[0].users, spec.sessions is not None
            return Users(spec.arrivals, users, in_sessions, prompt, output, self._open), users / self._limit_s
        rate = spec.arrivals.rate_per_s * load * members[0].share
        if spec.sessions is not None:
            rate /= mean_turns(spec.sessions)
        arrivals = arrival_process(spec.arrivals, rate, self._open)
        if spec.sessions is None:
            return SingleTurns(arrivals, prompt, output), rate
        if is_closed(spec):
            return FirstTurns(arrivals, prompt, output), rate
        longest = self._longest - (0 if self._shared is None else self._shared.tokens)
        return SessionTurns(spec.sessions, arrivals, prompt, output, longest, self._open), rate

    def _fill(self, births: Births) -> np.ndarray:
        n = len(births.born_s)
        rows = np.empty(n, REQUEST)
        rows["born_s"] = all_on_grid(births.born_s, self._grid_per_s)
        rows["arrive_s"] = all_on_grid(rows["born_s"] + self._delay_s, self._grid_per_s)
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
        rows["max_tokens"] = self._max_tokens
        rows["priority"] = self._priority
        rows["turn"] = births.turn
        rows["document"] = rows["pinned"] = 0
        if self._shared is not None:
            self._begin_alike(rows, births.opens, self._shared)
        self._drawn += n
        return rows

    def _begin_alike(self, rows: np.ndarray, opens: np.ndarray | bool, shared: SharedPrefix) -> None:
        """Let prompts begin with what they share; turns of a session with what its first one began with."""
        rows["prompt"] = np.minimum(rows["prompt"].astype(np.int64) + shared.tokens, self._longest)
        rows["prefix"] += np.where(rows["prefix"] > 0, shared.tokens, 0).astype(np.int32)
        first = np.maximum.accumulate(np.where(opens, np.arange(len(rows)), 0))
        rows["document"] = documents_of(rows["key"][first], shared.documents, shared.zipf_exponent)
