"""Performing a study: do the runs that its store lacks, measure, and write its folder."""

from __future__ import annotations

import json
import sys
import time
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from experiments.output.folder import FolderError, read_folder
from experiments.output.manifest import provenance, write_manifest
from experiments.output.writer import check_writable, output_folder, write_tables
from experiments.runs.kinds import kind_named
from experiments.runs.until import check_targets, replicate_until
from experiments.studies.study import Check, Design, Study, specs_of_design
from sim.errors import MarketError

if TYPE_CHECKING:
    from pandas import DataFrame

    from experiments.stats.sequential import Stopping
    from experiments.store.results import Results
    from experiments.store.store import Store


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
    quiet
        Whether nothing is shown of how far the runs are.
    """

    out: Path
    jobs: int | None = None
    dask: str | None = None
    retry: bool = False
    store: Path | None = None
    until: Stopping | None = None
    check: Check = _never
    quiet: bool = False


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
    with output_folder(how.out) as folder:
        found = study.measure(design, None, how.check)
        _write(study, design, found, _Extra({}, {}, {}), folder)
        how.check()
    print(study.told(found))
    print(f"\nwrote {how.out}/ ({time.monotonic() - started:.1f} s)")


def _perform_runs(study: Study[Any, Any], design: Design, how: How) -> None:
    from experiments.store.store import STORE_FILE, Store

    started = time.monotonic()
    _refuse_what_cannot_run(study, design, how)
    check_writable(how.out)
    # open until the folder is written: no other process can change the runs between the last of them and their tables
    with Store(how.store or how.out / STORE_FILE) as store:
        # before the question whether all is done, in which a failure counts as done
        if how.retry:
            store.forget_failures({spec.key for spec in specs_of_design(design)})
        # with --until only the values say how many runs there are: they are looked at again, which takes no run
        if how.until is None and _is_finished(study, design, store, how.out):
            print(f"{how.out}/ holds this study already, all {_runs(design)} runs; nothing was done")
            return
        if not how.quiet:
            _announce_compiling(design)
        design, results, told = _played(study, design, store, how)
        failures = results.failures()
        _refuse_failures(study, failures)
        found = study.measure(design, results, how.check)
        extra = _Extra({"failures": failures} if len(failures) else {}, _held(design, len(failures)), _rule(how))
        with output_folder(how.out) as folder:
            _write(study, design, found, extra, folder)
            how.check()
    print("\n".join([study.told(found), *told]))
    if len(failures):
        print(f"\nwhy runs failed is in {how.out}/failures.csv; --retry does them again")
    print(f"\nwrote {how.out}/ ({_runs(design)} runs, {len(failures)} failed; {time.monotonic() - started:.1f} s)")


@dataclass(frozen=True)
class _Extra:
    """What a folder holds beside the study's own: failed runs, in how many each invariant held, and how it stopped."""

    frames: dict[str, DataFrame]
    invariants: dict[str, int]
    until: dict[str, Any]


def _write(study: Study[Any, Any], design: Design, found: Any, extra: _Extra, folder: Path) -> None:  # noqa: ANN401 - the study's own
    from experiments.extensions import in_use

    rows = write_tables({**study.tables(found), **extra.frames}, folder, study.digits)
    study.draw(found, folder)
    manifest = provenance(study.name, design.parameters(), design.scenario, extra.invariants, in_use())
    write_manifest({**manifest, **extra.until, "rows": rows}, folder)


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

    specs = specs_of_design(design)
    store.begin(study.name, design.parameters(), specs)
    jobs = default_jobs() if how.jobs is None else how.jobs
    run_all(specs, store, jobs=jobs, dask=how.dask, check=how.check, quiet=how.quiet)
    return Results(store, study.name)


def _refuse_what_cannot_run(study: Study[Any, Any], design: Design, how: How) -> None:
    """Say what is wrong before a folder is made or anything compiled."""
    specs = specs_of_design(design)
    wrong = [spec.problem for spec in specs if spec.problem]
    # one wrong point is a row of a sweep's failures; a comparison with a hole in it is none
    if wrong and (not study.tolerant or len(wrong) == len(specs)):
        raise MarketError(wrong[0])
    if not study.tolerant:
        # not of a tolerant study, whose base is never run itself: its points may all be allowed though the base is not
        kind_named(design.kind).prepare(design.base)
    if how.until is not None:
        check_targets(design, how.until)


def _refuse_failures(study: Study[Any, Any], failures: DataFrame) -> None:
    if study.tolerant or not len(failures):
        return
    first = failures.iloc[0]
    place = ", ".join(f"{name} {first[name]}" for name in failures.columns if name not in ("row", "problem"))
    raise MarketError(f"{len(failures)} runs failed, the first at {place}: {first['problem']}; the others are kept, "
                      "and --retry does the failed ones again")


def _announce_compiling(design: Design) -> None:
    """Say why the first run takes so long, where the engine was never compiled before."""
    from sim.compiled import is_compiled

    if kind_named(design.kind).is_compiled(design.scenario) and not is_compiled():
        print("compiling the traffic engine, once on this machine (about 30 s)", file=sys.stderr, flush=True)


def _held(design: Design, failed: int) -> dict[str, int]:
    # a run that breaks an invariant fails: in all others every one held
    return dict.fromkeys(kind_named(design.kind).invariants(), _runs(design) - failed)


def _rule(how: How) -> dict[str, Any]:
    """By what rule the number of replications was found, for the record."""
    if how.until is None:
        return {}
    targets = {metric: f"{100 * target.half_width:g}%" if target.relative else f"{target.half_width:g}"
               for metric, target in how.until.targets.items()}
    return {"until": {"targets": targets, "first": how.until.first, "most": how.until.most}}


def _runs(design: Design) -> int:
    return len(design.points()) * design.replications


def _is_finished(study: Study[Any, Any], design: Design, store: Store, out: Path) -> bool:
    """Whether a folder holds all files of this very study, and the store all its runs."""
    from sim.scenario.load import config_hash

    try:
        folder = read_folder(out)
    except FolderError:
        return False
    # through JSON and back, as the manifest was: tuples have become lists
    asked = (study.name, json.loads(json.dumps(design.parameters())), config_hash(design.scenario))
    same = (folder.study, folder.parameters, folder.manifest.get("scenario_hash")) == asked
    # a file that was edited or lost is made anew, from runs that are all there
    return same and not folder.changed() and store.has_all({spec.key for spec in specs_of_design(design)})
