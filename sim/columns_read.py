"""Which columns of the view a router's policy and features read: nobody need keep the others up to date.

A policy of this package is known by its code: it reads the columns that its function, or a function that this calls,
names. Tests show each the view with everything else spoilt. Of a user's policy nothing is known, so it is taken to read
all, unless it says which (``Policy.reads``).
"""

from collections.abc import Iterator
from types import CodeType, FunctionType
from typing import Final

from sim import view
from sim.compiled import module_of
from sim.policy import Policy
from sim.scenario.router_settings import Preferences

ALL: Final = frozenset(range(view.COLUMNS))
PREFERRED: Final = {
    "ttft_p50_s": view.TTFT_P50,
    "ttft_p90_s": view.TTFT_P90,
    "ttft_p99_s": view.TTFT_P99,
    "throughput_p50": view.THROUGHPUT_P50,
    "throughput_p90": view.THROUGHPUT_P90,
    "throughput_p99": view.THROUGHPUT_P99,
}


def columns_read(policy: Policy) -> frozenset[int]:
    """Columns of the view that a policy may read; for one that is not the package's own and does not say, all."""
    if policy.reads is not None:
        return frozenset(policy.reads)
    function = _plain(policy.choose)
    if function is None or module_of(function.__code__.co_filename) is None:
        return ALL
    return frozenset(_named(function, set()))


def columns_needed(policy: Policy, preferences: Preferences) -> frozenset[int]:
    """Columns that a router has to keep up to date: those of its policy, and of the percentiles that it prefers."""
    preferred = {column for name, column in PREFERRED.items() if getattr(preferences, name) is not None}
    return columns_read(policy) | preferred


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
