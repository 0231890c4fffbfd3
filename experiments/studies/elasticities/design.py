"""What ``elasticities`` runs: a platform's data, seed by seed, with the router's rule on and off."""

from __future__ import annotations

from dataclasses import dataclass

from experiments.studies.elasticities.assumed import PlatformAssumptions
from experiments.verdicts.assumed_study import AssumedDesign


@dataclass(frozen=True)
class KnownDemand(AssumedDesign[PlatformAssumptions]):
    """How many sets of data are drawn, and from what platform."""

    replications: int = 40
