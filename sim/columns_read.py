"""Which columns of the view a router's policy and features read: nobody need keep the others up to date.

A policy of this package is known by its code: it reads the columns that its function, or a function that this calls,
names. Tests show each the view with everything else spoilt. Of a user's policy nothing is known, so it is taken to read
all, unless it says which (``Policy.reads``).
"""

from collections.abc import Iterable, Iterator
from types import CodeType, FunctionType
from typing import Final

from sim import view
from sim.compiled import module_of
from sim.policy import Policy
from sim.scenario import Preferences

ALL: Final = frozenset(range(view.COLUMNS))
# what a wanted percentile rests on; a p75 is no column, but has the same window as the median
LATENCIES: Final = {
    "p50": view.TTFT_P50, "p75": view.TTFT_P50, "p90": view.TTFT_P90, "p99": view.TTFT_P99,
}
THROUGHPUTS: Final = {
    "p50": view.THROUGHPUT_P50, "p75": view.THROUGHPUT_P50, "p90": view.THROUGHPUT_P90, "p99": view.THROUGHPUT_P99,
}
SORTED_BY: Final = {"price": view.COST_USD, "throughput": view.THROUGHPUT_P50, "latency": view.TTFT_P50}


def columns_read(policy: Policy) -> frozenset[int]:
    """Columns of the view that a policy may read; for one that is not the package's own and does not say, all."""
    if policy.reads is not None:
        return frozenset(policy.reads)
    function = _plain(policy.choose)
    if function is None or module_of(function.__code__.co_filename) is None:
        return ALL
    return frozenset(_named(function, set()))


def columns_needed(policy: Policy, wanted: Iterable[Preferences]) -> frozenset[int]:
    """Columns that a router has to keep up to date: those of its policy, and of all that its classes prefer."""
    return columns_read(policy).union(*map(_preferred, wanted))


def _preferred(wanted: Preferences) -> set[int]:
    """Columns that preferences compare or sort offers by."""
    late, quick = wanted.preferred_max_latency, wanted.preferred_min_throughput
    found = {column for name, column in LATENCIES.items() if getattr(late, name, None) is not None}
    found |= {column for name, column in THROUGHPUTS.items() if getattr(quick, name, None) is not None}
    return found | {column for name, column in SORTED_BY.items() if wanted.sorts_by == name}


def _plain(value: object) -> FunctionType | None:
    """The Python function that a value is, or was compiled from; None if it is something else."""
    function = getattr(value, "py_func", value)
    return function if isinstance(function, FunctionType) else None


def _named(function: FunctionType, seen: set[FunctionType]) -> Iterator[int]:
    """Columns that a function names, or the functions of this package that it names."""
    seen.add(function)
    if function.__closure__:  # made by another function, with what that gave it
        yield from ALL
    for name in _names(function.__code__):
        value = function.__globals__.get(name)
        called = _plain(value)
        if isinstance(value, int) and getattr(view, name, None) == value and name in view.NAMES:
            yield value
        elif type(value) is tuple:  # a list of columns; the places of parameters are a tuple with names
            yield from (part for part in value if type(part) is int and part in ALL)
        elif called is not None and called not in seen and module_of(called.__code__.co_filename) is not None:
            yield from _named(called, seen)


def _names(code: CodeType) -> Iterator[str]:
    """Names that a piece of code, or one inside it, looks up."""
    yield from code.co_names
    for part in code.co_consts:
        if isinstance(part, CodeType):
            yield from _names(part)
