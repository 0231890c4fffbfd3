"""Worker processes that vanish when the user interrupts."""

import os
import signal
from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeVar

Result = TypeVar("Result")


def in_processes(
    function: Callable[..., Result], calls: Sequence[tuple[Any, ...]], jobs: int
) -> Iterator[Result]:
    """Yield ``function(*call)`` for every call as they finish, in any order, from ``jobs`` processes.

    Whatever ends the iteration early, an interrupt included, no worker outlives it.
    """
    from joblib import Parallel, delayed
    from joblib.externals.loky import get_reusable_executor

    parallel = Parallel(n_jobs=jobs, backend="loky", return_as="generator_unordered", batch_size="auto",
                        initializer=_ignore_interrupts)
    finished = False
    try:
        yield from parallel(delayed(function)(*call) for call in calls)
        finished = True
    finally:
        if not finished:
            get_reusable_executor().shutdown(wait=True, kill_workers=True)


def default_jobs() -> int:
    """Return the number of processors this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _ignore_interrupts() -> None:
    """Leave Ctrl-C, which reaches every process of the terminal, to the parent."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
