"""Do the runs that a store lacks: here, in processes, or on a Dask cluster; the results are the same."""

import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any, Final

from experiments.runs.kinds import Manner, kind_named
from experiments.runs.luggage import pack, problem_with
from experiments.runs.play import play
from experiments.runs.progress import Progress
from experiments.runs.specs import RunRecord, RunSpec
from experiments.store.store import Store
from sim.errors import MarketError

# at most so much work is lost when this process is killed, besides the runs under way; a writing takes .05 s
WRITE_EVERY_S: Final = 3.0
WRITE_AT: Final = 500  # records
BROADCASTS: Final = 10  # times that all workers of a cluster are asked something while some go away
PAUSE_S: Final = 1.0  # between these
REACH_S: Final = 10.0  # a scheduler that has not answered by then is not there


class RunnerError(MarketError):
    """Workers cannot be had, or run other code."""


def run_all(
    specs: Sequence[RunSpec], store: Store, *, jobs: int = 1, dask: str | None = None,
    check: Callable[[], None] | None = None, quiet: bool = False,
) -> None:
    """Do every run that the store does not hold yet, and store it.

    Parameters
    ----------
    specs
        The runs wanted.
    store
        Where they are kept; records are written in batches, each in one transaction.
    jobs
        Number of processes on this machine.
    dask
        Address of a Dask scheduler, such as ``tcp://host:8786``, to use in place of processes.
    check
        Called after every run; raises to stop.
    quiet
        Whether nothing is shown of how far the runs are.

    Raises
    ------
    RunnerError
        If ``jobs`` is below 1, or the scheduler cannot be reached or its workers run other code.
    WorkerError
        If a process on this machine dies; what was done is kept.
    """
    if jobs < 1:
        raise RunnerError(f"jobs is {jobs!r}, but must be at least 1")
    wanted = {spec.key: spec for spec in specs}
    done = store.done(wanted)
    # replication by replication: runs with the same requests, which are drawn once for all, follow each other
    todo = sorted((spec for key, spec in wanted.items() if key not in done), key=lambda spec: spec.replication)
    with Progress(len(wanted), len(done), quiet=quiet) as progress:
        _write_all(_played(todo, jobs, dask, _telling(progress, check), progress), store, progress, check)


def announce_compiling(kind: str, scenario: Any) -> None:  # noqa: ANN401 - of either form
    """Say why the first run takes so long, where the engine was never compiled before."""
    from sim.compiled import is_compiled

    if kind_named(kind).is_compiled(scenario) and not is_compiled():
        print("compiling the traffic engine, once on this machine (about 30 s)", file=sys.stderr, flush=True)


def _write_all(
    records: Iterator[RunRecord], store: Store, progress: Progress, check: Callable[[], None] | None
) -> None:
    """Write records in batches; what is done is written even if the rest is interrupted."""
    batch: list[RunRecord] = []
    written = time.monotonic()
    try:
        for record in records:
            batch.append(record)
            progress.tick(bool(record.problem))
            if len(batch) >= WRITE_AT or time.monotonic() - written >= WRITE_EVERY_S:
                store.add(batch)
                batch, written = [], time.monotonic()
            if check is not None:
                check()
    finally:
        store.add(batch)


def _telling(progress: Progress, check: Callable[[], None] | None) -> Callable[[float], None]:
    """Show how far the run in this process is, and look for interrupts while it lasts."""
    def tell(share: float) -> None:
        progress.within(share)
        if check is not None:
            check()

    return tell


def _played(
    todo: Sequence[RunSpec], jobs: int, dask: str | None, tell: Callable[[float], None], progress: Progress
) -> Iterator[RunRecord]:
    """The records of the runs, in any order."""
    if not todo:
        return
    if dask is not None:
        yield from _on_dask(todo, dask)
        return
    from experiments.runs.workers import in_processes
    from sim.compiled import is_compiled

    packed = pack() if jobs > 1 and len(todo) > 1 else b""
    if packed:
        _refuse_luggage(next(in_processes(problem_with, [(packed,)], jobs)))
    rest = todo
    if jobs == 1 or len(todo) == 1 or not is_compiled():
        # a run by itself has all the processors it may use
        # so that the engine is compiled once, not by every worker at once
        yield _first(todo[0], Manner(tell, jobs), progress)
        rest = todo[1:]
    if jobs == 1 or len(rest) < 2:
        yield from (play(spec, Manner(tell, jobs)) for spec in rest)
        return
    yield from in_processes(play, [(replace(spec, own=packed),) for spec in rest], jobs)


def _first(spec: RunSpec, manner: Manner, progress: Progress) -> RunRecord:
    """Do the run in which the engine is compiled if it is not yet, and show how far that is."""
    from sim.compiled import CompileCount, is_compiled

    if is_compiled():
        return play(spec, manner)
    with CompileCount(progress.compiled):
        record = play(spec, manner._replace(progress=_once_compiled(manner.progress, progress)))
    progress.compiled(0, 0)
    return record


def _once_compiled(tell: Callable[[float], None] | None, progress: Progress) -> Callable[[float], None]:
    """Tell of a run under way: by then all is compiled."""
    def told(share: float) -> None:
        progress.compiled(0, 0)
        if tell is not None:
            tell(share)

    return told


def _refuse_luggage(problem: str) -> None:
    """Refuse to run what workers would not know, before anything is run."""
    if problem:
        raise RunnerError(f"what this script registered cannot be had by other processes ({problem}); run with jobs=1, "
                          "or put it into a file and name that to use()")


def _on_dask(todo: Sequence[RunSpec], address: str) -> Iterator[RunRecord]:
    """Runs of a worker that dies are done again by the others."""
    client = _client(address)
    try:
        _check_code(client)
        packed = pack()
        for problem in _asked_of_all(client, problem_with, packed).values() if packed else ():
            _refuse_luggage(problem)
        import distributed

        sent = [replace(spec, own=packed) for spec in todo]
        futures = client.map(play, sent, key=[f"tokenmarket-{spec.key}" for spec in todo], pure=False)
        keys = {future.key: spec.key for future, spec in zip(futures, todo, strict=True)}
        completed: Any = distributed.as_completed
        for future in completed(futures, loop=client.loop):
            error = future.exception()
            if error is None:
                yield future.result()
            else:  # its message would name workers, which are no part of a result
                yield RunRecord(keys[future.key], f"{type(error).__name__} on the Dask cluster")
            future.release()
    finally:
        client.close()


def _client(address: str) -> Any:  # noqa: ANN401 - distributed's Client, which need not be installed
    try:
        import distributed
    except ImportError:
        raise RunnerError("a Dask cluster needs the package distributed; install tokenmarket with the extra "
                          "cluster") from None
    try:
        make: Any = distributed.Client
        return make(address, timeout=REACH_S, set_as_default=False)
    except (OSError, ValueError) as error:
        raise RunnerError(f"cannot reach a Dask scheduler at {address!r}: {type(error).__name__}") from None


def _asked_of_all(client: Any, function: Callable[..., Any], *arguments: object) -> dict[str, Any]:  # noqa: ANN401
    """What a function returns on every worker; of one that dies before it answers nothing is asked again."""
    for _ in range(BROADCASTS):
        client.wait_for_workers(1, timeout=60)
        try:
            return dict(client.run(function, *arguments))
        except OSError as error:  # the scheduler takes a moment to notice that a worker is gone
            problem = error
            time.sleep(PAUSE_S)
    raise RunnerError(f"workers of the Dask cluster were asked {BROADCASTS} times and did not all answer: {problem}")


def _check_code(client: Any) -> None:  # noqa: ANN401 - as above
    from experiments.runs.keys import code_version

    versions = _asked_of_all(client, code_version)
    other = [worker for worker, version in versions.items() if version != code_version()]
    if other:
        raise RunnerError(f"the worker {other[0]} runs another version of tokenmarket than this process; install the "
                          "same on all machines")
