"""Fields of a scenario that are paths of files: in a scenario's own file they are relative to it."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

PATH_FIELDS: Final = ("demand.*.arrivals.path", "models.catalogue.path", "supply.gpu_prices.path",
                      "supply.entry.growth_path", "calibration")


def placed(data: dict[str, Any], folder: Path) -> dict[str, Any]:
    """Return what a file says with its paths as seen from where the command is run; the data are changed.

    Parameters
    ----------
    data
        The file's content, not yet validated.
    folder
        Where the file lies.
    """
    for field in PATH_FIELDS:
        *above, name = field.split(".")
        for table in _tables(data, above):
            path = table.get(name)
            if isinstance(path, str) and path and "\0" not in path:
                table[name] = str(folder / path)
    return data


def _tables(node: Any, names: list[str]) -> Iterator[dict[str, Any]]:
    """Tables at the end of a path of names, of which ``*`` is any."""
    if not isinstance(node, dict):
        return
    if not names:
        yield node
        return
    for name in list(node) if names[0] == "*" else [names[0]] if names[0] in node else []:
        yield from _tables(node[name], names[1:])
