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


def digest(path: Path) -> str:
    """Return the BLAKE2b digest of a file, 32 hexadecimal digits."""
    return hashlib.blake2b(path.read_bytes(), digest_size=16).hexdigest()


def digests(paths: Iterable[str]) -> dict[str, str]:
    """Return the digest of every input file by its path."""
    return {name: digest(Path(name)) for name in paths}
