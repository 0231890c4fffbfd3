"""What the parts of a study hand to each other: a run to do, and a run that was done."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from experiments.extensions import UserModule

if TYPE_CHECKING:
    from pandas import DataFrame

Value = bool | int | float | str
Point = Mapping[str, Value]  # a value for every factor of a design, by the path of its field

POLICY = "policy"  # the factor that sets the policy of every router, written as in ``--policies``


@dataclass(frozen=True)
class RunSpec:
    """A run to do: picklable, and free of anything that names this machine.

    Attributes
    ----------
    key
        Digest of kind, configuration, seed, replication and code version: equal keys give equal results.
    kind
        Name of what is run and which tables are kept of it (`experiments.runs.kinds`).
    scenario
        The complete scenario as `sim.scenario.load.plain` gives it; None if the point is not allowed.
    point
        Values of the design's factors.
    row
        Number of the point in its design.
    replication
        Number of the replication; each has random streams of its own, the same at every point.
    problem
        Why ``scenario`` is None, in a sentence; empty if it is not.
    use
        Modules of the user's that whoever does the run imports first.
    own
        What a script registered (`experiments.runs.luggage.pack`), if the run is done by another process.
    """

    key: str
    kind: str
    scenario: dict[str, Any] | None
    point: dict[str, Value]
    row: int
    replication: int
    problem: str = ""
    use: tuple[UserModule, ...] = ()
    own: bytes = b""


@dataclass(frozen=True)
class RunRecord:
    """A run that was done, or that failed.

    Attributes
    ----------
    key
        Key of its `RunSpec`.
    problem
        Why it failed, in a sentence; empty if it did not.
    tables
        Frames by the name of their table in the data dictionary (`experiments.store.dictionary`), without the
        column ``run``, which the store adds; none of a failed run.
    wall_s
        How long it took. Kept for estimates of time left; never part of a result.
    """

    key: str
    problem: str = ""
    tables: dict[str, "DataFrame"] = field(default_factory=dict)
    wall_s: float = 0.0
