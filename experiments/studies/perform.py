"""Performing a study: do the runs that its store lacks, measure, and write its folder."""

from __future__ import annotations

import json
import sys
import time
import warnings
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from experiments.output.folder import Folder, FolderError, files_below, read_folder
from experiments.output.manifest import provenance, write_manifest
from experiments.output.origins import Origin, record_of
from experiments.output.owners import study_owner
from experiments.output.stages import clear_and_tell
from experiments.output.trace_record import traces_told
from experiments.output.writer import check_writable, output_folder, write_tables
from experiments.runs.batch_room import room_told
from experiments.runs.defects import FAULTS
from experiments.runs.kinds import kind_named
from experiments.runs.shards_told import shards_told
from experiments.runs.until import check_targets, replicate_until
from experiments.studies.looks import look_in, told_of_look
from experiments.studies.study import Check, Design, Study
from sim.errors import MarketError, MarketWarning, OutputError

if TYPE_CHECKING:
    from pandas import DataFrame

    from experiments.stats.sequential import Stopping
    from experiments.store.results import Results
    from experiments.store.store import Store
    from sim.engines.world import World


UNDRAWN: Final[tuple[type[Exception], ...]] = (*FAULTS, MarketError)
NOT_DRAWN: Final = "figures_not_drawn"  # in a manifest: why there are none


def _never() -> None:
    """No interrupts to look for."""


@dataclass(frozen=True)
class How:
    """How a study is performed; nothing here changes its results.

    Attributes
    ----------
    out
        Folder for the results.
    jobs
        Processes on this machine; None for one a processor.
    dask
        Address of a Dask scheduler to use in their place.
    retry
        Whether runs that failed are done again.
    store
        File of the runs; None for the one in the folder.
    until
        Rule by which replications are added; None for the design's own number.
    check
        Called after every run; raises to stop.
    force
        Whether a folder is taken that holds another study, or other files.
    origin
        What the scenario was made of, for the record.
    quiet
        Whether nothing is shown of how far the runs are.
    look
        If the design is a look's, what it leaves out (`experiments.studies.study.Look`): it is marked wherever the
        study is shown; empty for the study itself.
    """

    out: Path
    jobs: int | None = None
    dask: str | None = None
    retry: bool = False
    store: Path | None = None
    until: Stopping | None = None
    check: Check = _never
    force: bool = False
    origin: Origin = field(default_factory=Origin)
    quiet: bool = False
    look: str = ""


def perform(study: Study[Any, Any], design: Design, how: How) -> None:
    """Perform a study, or go on with it, write its folder and print what it found.

    Raises
    ------
    MarketError
        If the design cannot be run, a run failed that must not, or nothing can be written.
    """
    if design.kind:
        _perform_runs(study, design, how)
    else:
        _perform_without_runs(study, design, how)


def _perform_without_runs(study: Study[Any, Any], design: Design, how: How) -> None:
    started = time.monotonic()
    with output_folder(how.out, study_owner(study.name), how.force) as folder:
        _tell_replaced(_earlier(how.out), study, design, how)
        found = study.measure(design, None, how.check)
        undrawn = _write(study, design, found, _Extra(record=_record(study, design, how)), folder)
        how.check()
    study.finished(design, found)
    print("\n".join([*told_of_look(how.look), study.told(found)]))
    _refuse_undrawn(undrawn, how.out)
    print(f"\nwrote {how.out}/ ({time.monotonic() - started:.1f} s)")


def _perform_runs(study: Study[Any, Any], design: Design, how: How) -> None:
    from experiments.runs.runner import announce_compiling
    from experiments.store import STORE_FILE
    from experiments.store.store import Store

    started = time.monotonic()
    base = _refuse_what_cannot_run(study, design, how)
    check_writable(how.out, study_owner(study.name), how.force)
    file = how.store or how.out / STORE_FILE
    clear_and_tell(how.out, file)
    # open until the folder is written: no other process can change the runs between the last of them and their tables
    with Store(file) as store:
        # before the question whether all is done, in which a failure counts as done
        if how.retry:
            store.forget_failures({spec.key for spec in design.specs})
        earlier = _earlier(how.out)
        # with --until only the values say how many runs there are: they are looked at again, which takes no run
        if how.until is None and _is_finished(earlier, study, design, store, how):
            print(f"{how.out}/ holds this study already, all {design.runs} runs; nothing was done")
            return
        if how.until is None:
            _tell_replaced(earlier, study, design, how)
        if not how.quiet:
            announce_compiling(design.kind, design.scenario)
        design, results, told = _played(study, design, store, how)
        failures = results.failures()
        _refuse_failures(study, failures)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", MarketWarning)  # failed runs are told below, and in failures.csv
            found = study.measure(design, results, how.check)
        undrawn = _write_folder(study, design, found, _extra(study, design, results, how, base), how)
    study.finished(design, found)
    print("\n".join([*told_of_look(how.look), study.told(found), *told, *traces_told(design.scenario),
                     *study.gates_told(design)]))
    if len(failures):
        print(f"\n{_why_failed(failures)}; all reasons are in {how.out}/failures.csv; --retry does them again")
    _refuse_undrawn(undrawn, how.out)
    print(f"\nwrote {how.out}/ ({design.runs} runs, {len(failures)} failed; {time.monotonic() - started:.1f} s)")


@dataclass(frozen=True)
class _Extra:
    """What a folder holds beside the study's own: failed runs, in how many each invariant held, and more to record."""

    frames: dict[str, DataFrame] = field(default_factory=dict)
    invariants: dict[str, int] = field(default_factory=dict)
    record: dict[str, Any] = field(default_factory=dict)


def _extra(
    study: Study[Any, Any], design: Design, results: Results, how: How, base: World | None
) -> _Extra:
    from experiments.store.fingerprints import fingerprints

    failures = results.failures()
    return _Extra({"failures": failures} if len(failures) else {}, _held(design, len(failures)),
                  {**_record(study, design, how), **_rule(how), **shards_told(design, base), **_room(design),
                   "store": fingerprints(results.store, results.study)})


def _write_folder(study: Study[Any, Any], design: Design, found: Any, extra: _Extra, how: How) -> str:  # noqa: ANN401 - the study's own
    """Write the folder of a study whose runs are done; say why if there are no figures."""
    try:
        with output_folder(how.out, study_owner(study.name), how.force) as folder:
            undrawn = _write(study, design, found, extra, folder)
            how.check()
    except OutputError as error:
        raise OutputError(f"{error}; all {design.runs} runs are kept, and are not done again") from None
    return undrawn


def _write(study: Study[Any, Any], design: Design, found: Any, extra: _Extra, folder: Path) -> str:  # noqa: ANN401 - as above
    from experiments.extensions import in_use

    rows = write_tables({**study.tables(found), **extra.frames}, folder, study.digits)
    undrawn = _drawn(study, found, folder)
    manifest = provenance(study.name, design.parameters(), design.scenario, extra.invariants, in_use(), extra.record)
    write_manifest({**manifest, **({NOT_DRAWN: undrawn} if undrawn else {}), "rows": rows}, folder)
    return undrawn


def _drawn(study: Study[Any, Any], found: Any, folder: Path) -> str:  # noqa: ANN401 - as above
    """Draw the figures; if that fails, say why, and leave the tables without them."""
    tables = files_below(folder)
    try:
        study.draw(found, folder)
    except UNDRAWN as error:
        for name in set(files_below(folder)).difference(tables):
            (folder / name).unlink()  # half of the figures, or half of one
        return f"{type(error).__name__}: {error}"
    return ""


def _refuse_undrawn(undrawn: str, out: Path) -> None:
    if undrawn:
        raise OutputError(f"the figures could not be drawn ({undrawn}); the tables are in {out}/, and the same command "
                          "tries again")


def _record(study: Study[Any, Any], design: Design, how: How) -> dict[str, Any]:
    """What a look leaves out, where a scenario's values come from, and what else the study has to say."""
    look = {"look": how.look} if how.look else {}
    if design.scenario is None:
        return {**look, **study.record(design)}
    varied = {path for point in (*design.points(), *design.elsewhere()) for path in point} if design.kind else set()
    return {**look, **record_of(design.scenario, how.origin, varied), **study.record(design)}


def _played(
    study: Study[Any, Any], design: Design, store: Store, how: How
) -> tuple[Design, Results, list[str]]:
    """Do the runs; return what was run in the end, its results, and what is to be said of the stopping."""
    run_missing = partial(play_missing, study=study, store=store, how=how)
    if how.until is None:
        return design, run_missing(design), []
    design, results, met = replicate_until(design, how.until, run_missing)
    return design, results, [f"\n{', '.join(how.until.targets)}: met at {met} of {len(design.points())} points after "
                             f"{design.replications} replications"]


def play_missing(design: Design, study: Study[Any, Any], store: Store, how: How) -> Results:
    """Do what a store lacks of a design and return the results."""
    from experiments.runs.runner import run_all
    from experiments.runs.workers import default_jobs
    from experiments.store.results import Results

    specs = design.specs
    store.begin(study.name, design.parameters(), specs)
    jobs = default_jobs() if how.jobs is None else how.jobs
    run_all(specs, store, jobs=jobs, dask=how.dask, check=how.check, quiet=how.quiet)
    return Results(store, study.name)


def _refuse_what_cannot_run(study: Study[Any, Any], design: Design, how: How) -> World | None:
    """Say what is wrong before a folder is made or anything compiled; return the base's world if it was assembled."""
    specs = design.specs
    wrong = [spec.problem for spec in specs if spec.problem]
    # one wrong point is a row of a sweep's failures; a comparison with a hole in it is none
    if wrong and (not study.tolerant or len(wrong) == len(specs)):
        raise MarketError(wrong[0])
    if how.until is not None:
        check_targets(design, how.until)
    # not of a tolerant study, whose base is never run itself: its points may all be allowed though the base is not
    return None if study.tolerant else kind_named(design.kind).prepare(design.base)


def _refuse_failures(study: Study[Any, Any], failures: DataFrame) -> None:
    if study.tolerant or not len(failures):
        return
    raise MarketError(f"{_why_failed(failures)}; the others are kept, and --retry does the failed ones again")


def _why_failed(failures: DataFrame) -> str:
    first = failures.iloc[0]
    place = ", ".join(f"{name} {first[name]}" for name in failures.columns if name not in ("row", "problem"))
    which = "1 run failed, at" if len(failures) == 1 else f"{len(failures)} runs failed, the first at"
    return f"{which} {place}: {first['problem']}"


def _held(design: Design, failed: int) -> dict[str, int]:
    # a run that breaks an invariant fails: in all others every one held
    return dict.fromkeys(kind_named(design.kind).invariants(), design.runs - failed)


def _room(design: Design) -> dict[str, Any]:
    """What the scenario's deployments lack in memory, for the record; nothing if they lack none."""
    told = room_told(design.scenario)
    return {"short_of_memory": told} if told else {}


def _rule(how: How) -> dict[str, Any]:
    """By what rule the number of replications was found, for the record."""
    if how.until is None:
        return {}
    targets = {metric: f"{100 * target.half_width:g}%" if target.relative else f"{target.half_width:g}"
               for metric, target in how.until.targets.items()}
    return {"until": {"targets": targets, "first": how.until.first, "most": how.until.most}}


def _earlier(out: Path) -> Folder | None:
    """What an earlier run left in a folder, if it came to its end."""
    try:
        return read_folder(out)
    except FolderError:
        return None


def _is_finished(folder: Folder | None, study: Study[Any, Any], design: Design, store: Store, how: How) -> bool:
    """Whether a folder holds all files of this very study, and the store all its runs."""
    if folder is None or NOT_DRAWN in folder.manifest or not _is_of(folder, study, design, how):
        return False
    # a file that was edited or lost is made anew, from runs that are all there
    return not folder.changed() and store.has_all({spec.key for spec in design.specs})


def _is_of(folder: Folder, study: Study[Any, Any], design: Design, how: How) -> bool:
    """Whether a folder is of this study with these very settings, and as much of a look."""
    from sim.scenario.load import config_hash

    scenario = None if design.scenario is None else config_hash(design.scenario)
    # through JSON and back, as the manifest was: tuples have become lists
    asked = (study.name, json.loads(json.dumps(design.parameters())), scenario, how.look)
    there = (folder.study, folder.parameters, folder.manifest.get("scenario_hash"), look_in(folder.manifest))
    return there == asked


def _tell_replaced(folder: Folder | None, study: Study[Any, Any], design: Design, how: How) -> None:
    """Say so if results of the same study with other settings are about to be replaced."""
    if folder is not None and folder.study == study.name and not _is_of(folder, study, design, how):
        print(f"{folder.path}/ holds this study with other settings; its results are replaced when this run is done",
              file=sys.stderr)
