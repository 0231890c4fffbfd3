"""The comments of a TOML file, by what they are said of: a reader of TOML drops them."""

import re
import tomllib
from collections.abc import Iterator
from typing import Any, Final

_NAME: Final = r"""(?:[A-Za-z0-9_-]+|"[^"]*"|'[^']*')"""
_PATH: Final = rf"{_NAME}(?:\s*\.\s*{_NAME})*"
_KEY: Final = re.compile(rf"\s*({_PATH})\s*=")
_HEAD: Final = re.compile(rf"\s*(\[\[?)\s*({_PATH})\s*\]")
_COMMENT: Final = re.compile(r"\s*#+\s?(.*)")
_STRINGS: Final = re.compile(r'"(?:\\.|[^"\\])*"' + r"|'[^']*'")

Place = tuple[str, ...]


def comments_in(text: str) -> dict[Place, str]:
    r"""Return comments by the keys of the value or table that they are said of.

    A comment at the end of a line is said of what stands on the line, one on lines of its own of what follows at once.

    Examples
    --------
    >>> comments_in("# where from\n[a]\nb = 1  # guess\n")
    {('a',): 'where from', ('a', 'b'): 'guess'}
    """
    found: dict[Place, str] = {}
    above: list[str] = []
    for line, place in _places(text):
        alone = _COMMENT.fullmatch(line)
        if alone:
            above.append(alone[1].strip())
            continue
        at = _STRINGS.sub(lambda found: " " * len(found[0]), line).find("#")  # none inside of a string
        beside = line[at + 1:].strip() if at >= 0 else ""
        said = beside or " ".join(part for part in above if part)
        if place and said:
            found[place] = said
        above = []
    return found


def _places(text: str) -> Iterator[tuple[str, Place]]:
    """Every line with the keys of what it begins, if it begins anything."""
    table: Place = ()
    seen: dict[Place, int] = {}
    for line in text.splitlines():
        head, key = _HEAD.match(line), _KEY.match(line)
        if head:
            table = _keys(head[2])
            if head[1] == "[[":  # one of a list of tables: its number is part of its place
                seen[table] = seen.get(table, -1) + 1
                table = (*table, str(seen[table]))
            yield line, table
        else:
            yield line, (*table, *_keys(key[1])) if key else ()


def _keys(path: str) -> Place:
    try:
        node: Any = tomllib.loads(f"{path} = 0")
    except tomllib.TOMLDecodeError:  # a line of a text over many lines that looks like one
        return ()
    keys = []
    while isinstance(node, dict):
        key, node = next(iter(node.items()))
        keys.append(key)
    return tuple(keys)
