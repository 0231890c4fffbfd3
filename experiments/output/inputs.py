"""Files that a scenario reads, and digests that tell whether they have changed."""

import hashlib
from collections.abc import Iterable
from pathlib import Path

from sim.errors import TraceError
from sim.scenario import MarketScenario, Scenario, Trace


def input_files(scenario: Scenario) -> list[str]:
    """Return the paths of the files that a scenario reads."""
    if isinstance(scenario, MarketScenario):
        paths = (scenario.models.catalogue.path, scenario.supply.gpu_prices.path, scenario.calibration)
        return sorted({path for path in paths if path})
    arrivals = [demand.arrivals for demand in scenario.demand.values()]
    traces = {name for spec in arrivals if isinstance(spec, Trace) for name in _files_of(spec.path)}
    return sorted(traces | ({scenario.calibration} if scenario.calibration else set()))


def _files_of(trace: str) -> list[str]:
    """Files of a trace, which may be a folder or a pattern; one that is not there is told by whoever reads it."""
    from sim.demand.trace_files.found_files import found_files

    try:
        return [str(file) for file in found_files(trace)]
    except TraceError:
        return [trace]


def digest_of(content: bytes) -> str:
    """Return the BLAKE2b digest of some bytes, 32 hexadecimal digits."""
    return hashlib.blake2b(content, digest_size=16).hexdigest()


def digest(path: Path) -> str:
    """Return the digest of a file; of a large one no more than a piece is in memory."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.blake2b(digest_size=16)).hexdigest()


def tree_digest(root: Path, folders: Iterable[str], patterns: Iterable[str]) -> str:
    """Return the digest of all files of some kinds below some folders, names included.

    The same in a source tree and where it is installed.
    """
    found = hashlib.blake2b(digest_size=16)
    paths = [path for folder in folders for pattern in patterns for path in (root / folder).rglob(pattern)]
    for path in sorted(paths):
        found.update(path.relative_to(root).as_posix().encode() + b"\0" + path.read_bytes() + b"\0")
    return found.hexdigest()


def digests(paths: Iterable[str]) -> dict[str, str]:
    """Return the digest of every input file by its path; each is read once, however many points of a study name it."""
    from sim.demand.trace_files.found_files import content_digest

    return {name: content_digest(Path(name)) for name in paths}
