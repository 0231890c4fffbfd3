"""Compiled code and where it is kept: import ``njit`` from here, never from numba.

Importing this module points numba's on-disk cache at a folder named after the sources, so that a change in
any of them starts afresh: numba itself looks only at the file of a function, not at those of what it calls.
"""

import atexit
import hashlib
import os
import re
import shutil
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, TypeVar, cast

import numba

from sim.units import DAY_S

PACKAGES: Final = ("sim", "policies", "providers")
KEEP_DAYS: Final = 30  # folders of other sources that were not used for so long are removed
_FOLDER_NAME = re.compile(r"[0-9a-f]{32}")

Function = TypeVar("Function", bound=Callable[..., Any])
_prepared: list[Path] = []
_numba_njit: Any = numba.njit  # its own overloads do not fit a pass-through


def njit(*signature: object, **options: object) -> Callable[[Function], Function]:
    """``numba.njit`` with types; always called with parentheses: ``@njit(cache=True)``."""
    return cast(Callable[[Function], Function], _numba_njit(*signature, **options))


def prepare_cache() -> Path:
    """Point numba's cache at the folder of the present sources and return it (idempotent).

    The folder is ``<user cache>/tokenmarket/<hash of the sources>``. ``XDG_CACHE_HOME`` moves the user
    cache, ``TOKENMARKET_CACHE_DIR`` replaces ``<user cache>/tokenmarket``. If it cannot be written, a
    temporary folder is used that disappears with the process.
    """
    if _prepared:
        return _prepared[0]
    try:
        root = _cache_root()
        folder = root / _source_hash()
        folder.mkdir(parents=True, exist_ok=True)
        os.utime(folder)  # marks it as used; also fails where the folder cannot be written
        with tempfile.TemporaryFile(dir=folder):
            pass
        _prune(root, folder)
    except (OSError, RuntimeError):  # RuntimeError: there is no home directory
        folder = Path(tempfile.mkdtemp(prefix="tokenmarket-"))
        atexit.register(shutil.rmtree, folder, ignore_errors=True)
    numba.config.CACHE_DIR = str(folder)  # type: ignore[attr-defined]
    _prepared.append(folder)
    return folder


def _cache_root() -> Path:
    own = os.environ.get("TOKENMARKET_CACHE_DIR")
    if own:
        return Path(own)
    user = os.environ.get("XDG_CACHE_HOME")
    return (Path(user) if user else Path.home() / ".cache") / "tokenmarket"


def _source_hash() -> str:
    """Hash of the sources whose functions are compiled (32 hexadecimal digits)."""
    digest = hashlib.blake2b(digest_size=16)
    root = Path(__file__).parent.parent
    for package in PACKAGES:
        for path in sorted((root / package).rglob("*.py")):
            digest.update(path.relative_to(root).as_posix().encode() + b"\0")
            digest.update(path.read_bytes() + b"\0")
    return digest.hexdigest()


def _prune(root: Path, keep: Path) -> None:
    """Remove folders of other sources that have not been used for ``KEEP_DAYS`` days."""
    oldest = time.time() - KEEP_DAYS * DAY_S
    for folder in root.iterdir():
        if folder != keep and _FOLDER_NAME.fullmatch(folder.name) and folder.stat().st_mtime < oldest:
            shutil.rmtree(folder, ignore_errors=True)


prepare_cache()


def hot(*signature: object, **options: object) -> Callable[[Function], Function]:
    """``njit`` for the traffic engine's functions, which own no memory; they can be called from Python.

    Without numba's reference counting: every array they touch is kept alive by the engine, and counting the
    references of some forty arrays at each call costs ten times more than the work itself.
    """
    return njit(*signature, _nrt=False, error_model="numpy", **options)


def inner(**options: object) -> Callable[[Function], Function]:
    """``hot`` for functions that only compiled code calls: leaving out their Python entry halves the compile time."""
    return hot(no_cpython_wrapper=True, no_cfunc_wrapper=True, **options)
