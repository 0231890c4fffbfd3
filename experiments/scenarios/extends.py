"""Reading a scenario that extends another by ``extends``: a built-in one by name, or a file beside it."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from sim.errors import ScenarioError
from sim.scenario.data_paths import placed
from sim.scenario.extend import EXTENDS, REMOVE, extended
from sim.scenario.load import read_file

Find = Callable[[str], Path | None]  # the file of a built-in scenario, None if there is none of the name


class ScenarioFile(NamedTuple):
    """A file and what it says."""

    path: Path
    data: dict[str, Any]


def read_whole(path: Path, built_in: Find) -> dict[str, Any]:
    """Return what a file says, with all that it extends merged in; ``extends`` and ``remove`` are gone.

    Parameters
    ----------
    path
        The file.
    built_in
        Where built-in scenarios lie.

    Raises
    ------
    ScenarioError
        If a file of the chain cannot be read, they extend each other in a circle, or a merge is not possible.
    """
    return merged(chain(path, built_in))


def chain(path: Path, built_in: Find) -> list[ScenarioFile]:
    """Return a file and all that it builds on, the lowest first.

    Parameters
    ----------
    path, built_in
        As for `read_whole`.

    Raises
    ------
    ScenarioError
        If a file cannot be read, or they extend each other in a circle.
    """
    seen: list[Path] = []
    files = [ScenarioFile(path, placed(read_file(path), path.parent))]
    while EXTENDS in files[0].data:
        path, data = files[0]
        _refuse_circle(path, seen)
        below = _base(data[EXTENDS], path, built_in)
        files.insert(0, ScenarioFile(below, placed(read_file(below), below.parent)))
    return files


def merged(files: Sequence[ScenarioFile]) -> dict[str, Any]:
    """Merge what the files of a chain say.

    Parameters
    ----------
    files
        What `chain` returned.

    Raises
    ------
    ScenarioError
        If a merge is not possible, or the lowest says what to remove.
    """
    path, data = files[0]
    if REMOVE in data:
        raise ScenarioError(f"{path}: {REMOVE} is there without {EXTENDS}; what is not wanted here can be left out")
    for path, change in files[1:]:
        data = extended(data, change, str(path))
    return data


def _refuse_circle(path: Path, seen: list[Path]) -> None:
    resolved = path.resolve()
    if resolved in seen:
        chain = " extends ".join(str(file) for file in [*seen[seen.index(resolved):], resolved])
        raise ScenarioError(f"{path}: scenarios extend each other in a circle: {chain}")
    seen.append(resolved)


def _base(named: Any, path: Path, built_in: Find) -> Path:  # noqa: ANN401 - whatever the file says
    """The file of the scenario that the file ``path`` names."""
    if not isinstance(named, str) or not named or "\0" in named:
        raise ScenarioError(f"{path}: {EXTENDS} is {named!r}, but must be the name of a built-in scenario, or the path "
                            "of a TOML file")
    found = built_in(named)
    if found is None:
        found = path.parent / named
        if not _is_file(found):
            raise ScenarioError(f"{path}: {EXTENDS} is {named!r}, which is no built-in scenario, and there is no file "
                                f"{found}")
    return found


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:  # a name that is too long
        return False
