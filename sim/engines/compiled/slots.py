"""Pools of a shard: they hand out slots from stacks of free ones, and double when these run low."""

import numpy as np

from sim.engines.compiled import records
from sim.engines.compiled.build_waiting import more_debts, new_links
from sim.engines.compiled.cache_names import more_buckets
from sim.engines.compiled.cache_records import CachedPrefix
from sim.engines.compiled.dialects import more_answers
from sim.engines.compiled.prefix_cache import more_claims
from sim.engines.compiled.sample_records import SampleRun
from sim.engines.compiled.state import SPARE, Books, State
from sim.engines.compiled.turns import with_room
from sim.engines.outcome import SampledRequest
from sim.engines.record import R, Rows, rows_of, table


def new_requests(count: int) -> np.ndarray:
    """Free slots of requests."""
    table = np.zeros(count, records.LiveRequest.dtype())
    table["bucket"] = -1
    table["live"] = table["second"] = -1
    return table


def empty(count: int, record: type[R]) -> Rows[R]:
    """A table of so many records of zeros."""
    return table(np.zeros(count, record.dtype()), record)


def _doubled(pool: Rows[R], record: type[R]) -> Rows[R]:
    rows = rows_of(pool)
    twice = np.zeros(2 * len(rows), rows.dtype)
    twice.view(np.uint8)[: rows.nbytes] = rows.view(np.uint8)  # as bytes: numpy copies records field by field
    return table(twice, record)


def _more_free(free: np.ndarray, count: int) -> tuple[np.ndarray, int]:
    """Stack of free slots after its pool doubled; ``count`` were free."""
    old = len(free)
    stack = np.zeros(2 * old, np.int32)
    stack[:old] = np.arange(2 * old - 1, old - 1, -1)
    stack[old : old + count] = free[:count]
    return stack, old + count


def grow(s: State) -> State:
    """Double the pools that are nearly full."""
    g, clock, supply, routing = s.globals[0], s.clock, s.supply, s.routing
    if g["free_attempts"] < SPARE:
        free, g["free_attempts"] = _more_free(supply.free_attempts, g["free_attempts"])
        supply = supply._replace(attempts=_doubled(supply.attempts, records.Attempt), free_attempts=free,
                                 **more_debts(supply), **more_claims(supply.claims),
                                 **more_answers(supply.longest))
    if g["free_prefixes"] < g["spare_prefixes"]:
        free, g["free_prefixes"] = _more_free(supply.free_prefixes, g["free_prefixes"])
        supply = supply._replace(prefixes=_doubled(supply.prefixes, CachedPrefix), free_prefixes=free)
        spare = free[: g["free_prefixes"]]
        supply = supply._replace(**more_buckets(supply.prefixes, spare, supply.buckets))
    if g["free_requests"] < SPARE:
        free, g["free_requests"] = _more_free(routing.free_requests, g["free_requests"])
        requests = np.concatenate([rows_of(routing.requests), new_requests(len(routing.requests))])
        tried = np.concatenate([routing.tried, np.zeros_like(routing.tried)])
        links = np.concatenate([routing.links, new_links(len(routing.links))])
        routing = routing._replace(requests=table(requests, records.LiveRequest), free_requests=free, tried=tried,
                                   links=links)
        if len(routing.seconds) > 1:
            routing = routing._replace(seconds=_doubled(routing.seconds, records.SecondAttempt))
    if g["free_runs"] < SPARE:
        free, g["free_runs"] = _more_free(routing.free_runs, g["free_runs"])
        routing = routing._replace(runs=_doubled(routing.runs, SampleRun), free_runs=free)
    routing = routing._replace(chains=with_room(routing.chains, g["chains"]))
    if g["free_messages"] < g["spare_messages"]:
        free, g["free_messages"] = _more_free(clock.free_messages, g["free_messages"])
        clock = clock._replace(messages=_doubled(clock.messages, records.Message), free_messages=free)
    if g["misc_count"] > len(clock.misc) - SPARE - len(routing.requests):
        clock = clock._replace(misc=_doubled(clock.misc, records.RareEvent))
    return State(s.globals, clock, supply, routing, s.books, s.feed)


def fresh_samples(books: Books, rows: int) -> Books:
    """Books with an empty samples buffer."""
    return books._replace(samples=empty(rows, SampledRequest))
