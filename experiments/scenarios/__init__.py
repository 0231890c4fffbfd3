"""The built-in scenarios, and the one place where a scenario is loaded: by name, or from a TOML file.

Traffic and markets are one family: a file says by its tables which of them it describes (`sim.scenario.kind_of`). One
that ``extends`` another says only what differs (`experiments.scenarios.extends`).
"""

import os
import shlex
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple, TypeVar

from experiments.scenarios.changes import Change, assignments_of
from experiments.scenarios.extends import read_whole
from sim.errors import MarketWarning, ScenarioError
from sim.scenario import Kind, MarketScenario, Scenario, TrafficScenario, kind_of
from sim.scenario.load import override, plain, read_as, scenario_of

Form = TypeVar("Form", TrafficScenario, MarketScenario)

DESCRIBES: Final[Mapping[Kind, str]] = {"traffic": "traffic", "market": "a market"}
STUDY: Final[Mapping[Kind, str]] = {"traffic": "tournament", "market": "market"}  # the first study of each kind
DEFAULT: Final[Mapping[Kind, str]] = {"traffic": "tournament", "market": "openrouter-2026"}


def names() -> list[str]:
    """Return the names of the built-in scenarios, in alphabetical order."""
    return sorted(path.stem for path in Path(__file__).parent.glob("*.toml"))


def built_in(name: str) -> Path | None:
    """Return the file of a built-in scenario, None if there is none of that name."""
    return Path(__file__).with_name(f"{name}.toml") if name in names() else None


def load(name_or_path: str | Path, *overrides: Change, **fields: object) -> Scenario:
    """Read a scenario of traffic or of a whole market: a built-in one by its name, or a TOML file.

    Parameters
    ----------
    name_or_path
        A name that ``tokenmarket list scenarios`` shows, or the path of a file (``./duel`` for a file that has such
        a name).
    overrides
        Assignments such as ``"traffic.load=1.4"``, applied before anything is checked, and then dictionaries such as
        ``{"traffic.load": 1.4}``.
    fields
        The same as keywords, with two underscores for a dot: ``traffic__load=1.4``.

    Returns
    -------
    TrafficScenario or MarketScenario
        What the file describes, by its tables.

    Raises
    ------
    ScenarioError
        If there is no such scenario, or a field of it is wrong.

    Warns
    -----
    MarketWarning
        Of an offer whose KV cache does not hold a batch of a class's mean requests.

    Examples
    --------
    >>> load("duel", "traffic.load=1.2", traffic__warmup_s=5).traffic.load
    1.2
    >>> load("openrouter-2026").kind
    'market'
    """
    found = _found(name_or_path)
    texts = [it for it in overrides if isinstance(it, str)]
    others = [it for it in overrides if not isinstance(it, str)]
    scenario = scenario_of(found.data, texts, source=found.source)
    if others or fields:
        scenario = override(scenario, assignments_of(others, fields, plain(scenario)))
    _warn(scenario, level=3)
    return scenario


def load_traffic(name_or_path: str | Path, overrides: Sequence[str] = ()) -> TrafficScenario:
    """Read a scenario as `load` does, for a study that runs traffic.

    Raises
    ------
    ScenarioError
        If it describes a market, or as `load`.
    """
    return _load_as(TrafficScenario, name_or_path, overrides)


def load_market(name_or_path: str | Path, overrides: Sequence[str] = ()) -> MarketScenario:
    """Read a scenario as `load` does, for a study that runs markets.

    Raises
    ------
    ScenarioError
        If it describes traffic, or as `load`.
    """
    return _load_as(MarketScenario, name_or_path, overrides)


class _Found(NamedTuple):
    data: dict[str, Any]
    source: str  # how errors name it


def _found(name_or_path: str | Path) -> _Found:
    if not isinstance(name_or_path, str | os.PathLike):
        raise ScenarioError(f"a scenario is named by a text or a path, not by {name_or_path!r}")
    name, path = str(name_or_path), Path(name_or_path)
    own = built_in(name)
    if own is not None:
        path = own
    elif not path.exists() and not name.endswith(".toml"):  # of a .toml the reader says why it cannot be read
        raise ScenarioError(f"there is no scenario {name!r}; built in are {', '.join(names())}, or give the path of a "
                            "TOML file")
    return _Found(read_whole(path, built_in), str(path))


def _load_as(form: type[Form], name_or_path: str | Path, overrides: Sequence[str]) -> Form:
    found = _found(name_or_path)
    kind = kind_of(found.data)
    if kind != form.kind:  # before it is validated: all its fields would be wrong
        command = f"tokenmarket run {STUDY[kind]} {shlex.quote(str(name_or_path))}"
        raise ScenarioError(f"{name_or_path} describes {DESCRIBES[kind]}: `{command}`")
    scenario = read_as(form, found.data, overrides, source=found.source)
    _warn(scenario, level=4)
    return scenario


def _warn(scenario: Scenario, level: int) -> None:
    """Warn whoever loads it, so many calls above, of deployments whose memory cannot hold a batch."""
    from experiments.runs.batch_room import room_told

    for sentence in room_told(scenario):
        warnings.warn(sentence, MarketWarning, stacklevel=level)
