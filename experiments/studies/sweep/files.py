"""The files of a sweep: the same bytes whatever was interrupted, and whoever did the runs."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from experiments.output.writer import MANIFEST, digest, output_folder, write_manifest
from experiments.studies.sweep.design import Study, indices

if TYPE_CHECKING:
    from pandas import DataFrame

    from experiments.store.results import Results

DIGITS = "%.9g"


def write(study: Study, results: "Results", out: Path) -> "dict[str, DataFrame]":
    """Write ``summary.csv``, ``sensitivity.csv``, ``failures.csv``, the figures and the manifest; return the frames.

    The summary has a row for every point, policy and metric: the factors, metric, unit, mean, half_width, n.

    Raises
    ------
    ScenarioError
        If the study is to show a metric that its runs do not have; the runs stay in the store.
    """
    from experiments.studies.sweep.figures import draw

    frames = {"summary": results.metrics()}
    if len(frames["summary"]):  # some run succeeded
        study.check_metrics(frames["summary"]["metric"].unique())
    found = indices(study, results)
    if found is not None:
        frames["sensitivity"] = found
    failures = results.failures()
    if len(failures):
        frames["failures"] = failures
    with output_folder(out) as folder:
        for name, frame in frames.items():
            frame.to_csv(folder / f"{name}.csv", index=False, float_format=DIGITS, lineterminator="\n")
        draw(study, frames, folder)
        rows = {f"{name}.csv": len(frame) for name, frame in frames.items()}
        write_manifest({**manifest_of(study, len(failures)), "rows": rows}, folder)
    return frames


def manifest_of(study: Study, failed: int) -> dict[str, Any]:
    """Return the manifest: all that is needed to run the sweep again."""
    from experiments.output.manifest import digests, input_files, provenance
    from sim.engines.invariants import INVARIANTS
    from sim.market.market_invariants import CHECKS

    runs = study.runs - failed
    checks = dict.fromkeys([*INVARIANTS, *(CHECKS if study.kind == "market" else ())], runs)
    inputs = digests(input_files(study.scenario))
    return provenance(("sweep", study.parameters()), study.scenario, inputs, checks)


def is_finished(study: Study, out: Path) -> bool:
    """Return whether a folder holds all files of this very sweep, as its manifest lists them."""
    import json

    from sim.scenario.load import config_hash

    try:
        data = json.loads((out / MANIFEST).read_text(encoding="utf-8"))
        same = (data["study"], data["parameters"], data["scenario_hash"]) == (
            "sweep", json.loads(json.dumps(study.parameters())), config_hash(study.scenario))
        return same and all(digest(out / name) == known for name, known in data["files"].items())
    except (OSError, ValueError, KeyError, TypeError):
        return False
