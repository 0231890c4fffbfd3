"""Modules of the user: what ``--use my_module.py`` imports, here and wherever runs are done.

A module registers policies, pricing strategies or studies of its own when it is imported. Its text travels with every
run that follows, so that worker processes and machines of a cluster import the same, whether or not they can read the
file; what it imports besides this package must be installed there. Nothing is imported that the user has not named.
"""

import hashlib
import linecache
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Final

from experiments.runs.defects import FAULTS
from sim.errors import MarketError
from sim.text_files import NO_TEXT, text_of

OPTION: Final = "--use"
MODULE_PREFIX: Final = "tokenmarket_use_"  # of the names under which they stand among Python's modules


@dataclass(frozen=True)
class UserModule:
    """A module of the user's, as it was when it was imported.

    Attributes
    ----------
    path
        Its file, as the user wrote it.
    text
        Its source.
    """

    path: str
    text: str

    @property
    def digest(self) -> str:
        """BLAKE2b digest of the source, 32 hexadecimal digits."""
        return hashlib.blake2b(self.text.encode(), digest_size=16).hexdigest()


_imported: dict[str, UserModule] = {}  # by digest: the same text twice would register its things twice


def use(path: str | Path, said: str = "use") -> UserModule:
    """Import a file of the user's.

    Parameters
    ----------
    path
        The file.
    said
        How it was asked for, which errors begin with: this function, unless it was an option.

    Raises
    ------
    MarketError
        If it cannot be read or imported; the text names the file and its line.
    """
    try:
        text = text_of(Path(path))
    except OSError as error:
        raise MarketError(f"{said} {path}: cannot read the module: {error.strerror}") from None
    except UnicodeDecodeError:
        raise MarketError(f"{said} {path}: the module cannot be read: {NO_TEXT}") from None
    module = UserModule(str(path), text)
    bring_in([module], said)
    return module


def bring_in(modules: Iterable[UserModule], said: str = "use") -> None:
    """Import modules from their text, each once in this process; errors begin with how that was asked for.

    Raises
    ------
    MarketError
        If one cannot be imported.
    """
    for module in modules:
        if module.digest not in _imported:
            _import(module, said)
            _imported[module.digest] = module


def in_use() -> tuple[UserModule, ...]:
    """Return the modules imported so far, in that order."""
    return tuple(_imported.values())


def _import(module: UserModule, said: str) -> None:
    name = f"{MODULE_PREFIX}{Path(module.path).stem}_{module.digest[:8]}"
    made = ModuleType(name)
    made.__file__ = module.path
    linecache.cache[module.path] = (len(module.text), None, module.text.splitlines(keepends=True), module.path)
    sys.modules[name] = made  # dataclasses and pydantic look their module up while it is being run
    try:
        exec(compile(module.text, module.path, "exec"), vars(made))
    except MarketError as error:
        del sys.modules[name]
        raise MarketError(f"{said} {module.path}, line {_line(module, error)}: {error}") from error
    except FAULTS as error:
        del sys.modules[name]
        raise MarketError(f"{said} {module.path}, line {_line(module, error)}: {type(error).__name__}: "
                          f"{error}") from error


def _line(module: UserModule, error: Exception) -> int:
    """The last line of the module that was being run, or the one that does not parse."""
    if isinstance(error, SyntaxError):
        return error.lineno or 1
    line, step = 1, error.__traceback__
    while step is not None:
        if step.tb_frame.f_code.co_filename == module.path:
            line = step.tb_lineno
        step = step.tb_next
    return line
