"""Files that a scenario reads, and digests that tell whether they have changed."""

import hashlib
from collections.abc import Iterable
from pathlib import Path

from sim.scenario import MarketScenario, Scenario, Trace


def input_files(scenario: Scenario) -> list[str]:
    """Return the paths of the files that a scenario reads."""
    if isinstance(scenario, MarketScenario):
        paths = (scenario.models.catalogue.path, scenario.supply.gpu_prices.path)
        return sorted({path for path in paths if path})
    arrivals = [demand.arrivals for demand in scenario.demand.values()]
    return sorted({spec.path for spec in arrivals if isinstance(spec, Trace)})


def digest_of(content: bytes) -> str:
    """Return the BLAKE2b digest of some bytes, 32 hexadecimal digits."""
    return hashlib.blake2b(content, digest_size=16).hexdigest()


def digest(path: Path) -> str:
    """Return the digest of a file."""
    return digest_of(path.read_bytes())


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
    """Return the digest of every input file by its path."""
    return {name: digest(Path(name)) for name in paths}
