"""Worker processes that vanish when the user interrupts."""

import os
import signal
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from multiprocessing import resource_tracker
from typing import Any, TypeVar

from sim.errors import MarketError
from sim.units import DAY_S

Result = TypeVar("Result")
# workers that went for want of work, by default after five minutes, at the moment when the next came, left it waiting
# for ever; they end with the process that began them
IDLE_S = float(DAY_S)
# loky ends a worker that has grown by 300 MB, as one that runs a large market after small ones does, and says so from
# the thread that starts the next: where warnings are errors that thread dies of it, and whoever waits waits for ever
REPLACED = "A worker stopped while some jobs were given to the executor"


class WorkerError(MarketError):
    """A worker process died."""


def in_processes(
    function: Callable[..., Result], calls: Sequence[tuple[Any, ...]], jobs: int
) -> Iterator[Result]:
    """Yield ``function(*call)`` for every call as they finish, in any order, from ``jobs`` processes.

    Whatever ends the iteration early, an interrupt included, no worker outlives it.

    Raises
    ------
    WorkerError
        If a worker is killed, by a person or for want of memory.
    """
    from concurrent.futures.process import BrokenProcessPool

    from joblib import Parallel, delayed
    from joblib.externals.loky import get_reusable_executor

    warnings.filterwarnings("ignore", REPLACED, UserWarning)
    parallel = Parallel(n_jobs=jobs, backend="loky", return_as="generator_unordered", idle_worker_timeout=IDLE_S)
    finished = False
    try:
        with _interrupts_held_back():
            results = parallel(delayed(function)(*call) for call in calls)
        yield from results
        finished = True
    except BrokenProcessPool:
        raise WorkerError("a worker process died, killed or out of memory; if it was memory, ask for fewer "
                          "jobs") from None
    finally:
        if not finished:
            get_reusable_executor().shutdown(wait=True, kill_workers=True)


def default_jobs() -> int:
    """Return the number of processors this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


@contextmanager
def _interrupts_held_back() -> Iterator[None]:
    """Block Ctrl-C until the block ends; processes started inside inherit that and leave it to the parent.

    Ctrl-C reaches every process of the terminal, and workers would each print a traceback.
    """
    if not hasattr(signal, "pthread_sigmask"):  # Windows
        yield
        return
    resource_tracker.ensure_running()  # starting it later would lift the block, before the workers start
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
