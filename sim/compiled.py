"""Compiled code and where it is kept: import ``njit`` from here, never from numba.

Machine code is kept on disk under a key of its own for each module: a hash of that module and of every module of
ours that importing it runs, one after the other. Numba itself looks only at the file of a function, not at those
of what it calls, and at the file's place, so that a second checkout would compile everything anew. Files that were
cut short or damaged are made anew (`sim.kept_code`).
"""

import ast
import atexit
import hashlib
import os
import re
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from types import FunctionType
from typing import Any, Final, TypeVar, cast

import numba
from numba.core.caching import CacheImpl
from numba.core.event import Event, Listener, register, unregister

from sim.compiled_inner import InnerCompiler, for_compiled_callers
from sim.compiled_lowering import OFTEN
from sim.kept_code import OwnLocator
from sim.units import DAY_S

ROOT: Final = Path(__file__).parent.parent
PACKAGES: Final = ("sim", "policies", "providers", "experiments")
ENGINE: Final = "sim.engines.compiled.entry_point"  # the module whose code takes longest to compile
TYPES: Final = "sim.engines.compiled.shard_row"  # defines what the signature of any compiled function may name
KEEP_DAYS: Final = 30  # code of other sources that was not used for so long is removed
_FOLDER_NAME: Final = re.compile(r"([a-z_.]+-)?[0-9a-f]{32}")  # older versions wrote no module's name

Function = TypeVar("Function", bound=Callable[..., Any])
_numba_njit: Any = numba.njit  # its own overloads do not fit a pass-through


def njit(*signature: object, **options: object) -> Callable[[Function], Function]:
    """``numba.njit`` with types; always called with parentheses: ``@njit(cache=True)``.

    A function from outside this package is compiled in every process, whatever ``cache`` says: what it calls may lie
    in files that no key covers.
    """
    def decorate(function: Function) -> Function:
        kept = bool(options.get("cache")) and module_of(function.__code__.co_filename) is not None
        return cast(Function, _numba_njit(*signature, **{**options, "cache": kept})(function))

    return decorate


@cache
def module_of(file: str) -> str | None:
    """Dotted name of a source file of this package, None for any other."""
    try:
        parts = Path(file).resolve().relative_to(ROOT.resolve()).with_suffix("").parts
    except ValueError:
        return None
    return ".".join(parts) if parts[0] in PACKAGES else None


def import_graph(module: str, root: Path = ROOT) -> dict[str, Path]:
    """Modules of ours that a module needs when it is imported, itself included, with their files.

    Imports inside functions and for type checkers only are left out: compiled code cannot reach what they name. So
    are the packages around a module that is imported by its own name, whose ``__init__`` adds nothing to it.
    """
    found: dict[str, Path] = {}
    todo = [module]
    while todo:
        name = todo.pop()
        path = _file_of(name, root)
        if name in found or path is None:
            continue
        found[name] = path
        todo += _imported(path.read_text(encoding="utf-8"), root)
    return found


def source_key(module: str, root: Path = ROOT) -> str:
    """Hash of all that the compiled code of a module rests on (32 hexadecimal digits); the same in every checkout."""
    digest = hashlib.blake2b(digest_size=16)
    for name, path in sorted((import_graph(module, root) | import_graph(TYPES, root)).items()):
        digest.update(name.encode() + b"\0")
        digest.update(path.read_bytes() + b"\0")
    return digest.hexdigest()


def is_compiled(module: str = ENGINE) -> bool:
    """Whether the cache holds machine code of a module (by default the traffic engine's) for these sources."""
    python = f"py{sys.version_info[0]}{sys.version_info[1]}"
    return any(cache_folder(module).glob(f"*.{python}*.nbi"))


@cache
def cache_folder(module: str) -> Path:
    """Folder of the machine code of a module: ``<cache>/<module>-<key>``, made if it is not there yet."""
    folder = cache_root() / f"{module}-{source_key(module)}"
    folder.mkdir(exist_ok=True)
    os.utime(folder)  # marks it as used
    return folder


@cache
def cache_root() -> Path:
    """Folder of all machine code of this package.

    It is ``<user cache>/tokenmarket``. ``XDG_CACHE_HOME`` moves the user cache, ``TOKENMARKET_CACHE_DIR`` replaces
    the whole. If it cannot be written, a temporary folder is used that disappears with the process.
    """
    try:
        root = _wanted_root()
        root.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=root):
            pass
        _prune(root)
    except (OSError, RuntimeError):  # RuntimeError: there is no home directory
        root = Path(tempfile.mkdtemp(prefix="tokenmarket-"))
        atexit.register(shutil.rmtree, root, ignore_errors=True)
    return root


def _wanted_root() -> Path:
    own = os.environ.get("TOKENMARKET_CACHE_DIR")
    if own:
        return Path(own)
    user = os.environ.get("XDG_CACHE_HOME")
    return (Path(user) if user else Path.home() / ".cache") / "tokenmarket"


def _prune(root: Path) -> None:
    """Remove folders of machine code that have not been used for ``KEEP_DAYS`` days."""
    oldest = time.time() - KEEP_DAYS * DAY_S
    for folder in root.iterdir():
        if _FOLDER_NAME.fullmatch(folder.name) and folder.stat().st_mtime < oldest:
            shutil.rmtree(folder, ignore_errors=True)


def _file_of(module: str, root: Path) -> Path | None:
    """Source file of a module or package of ours, None if there is none."""
    if module.partition(".")[0] not in PACKAGES:
        return None
    place = root.joinpath(*module.split("."))
    files = (place.with_suffix(".py"), place / "__init__.py")
    return next((file for file in files if file.is_file()), None)


@cache
def _imported(source: str, root: Path) -> tuple[str, ...]:
    return tuple(_imports_at_top(source, root))


def _imports_at_top(source: str, root: Path) -> Iterator[str]:
    """Modules that running a source imports (imports are absolute, and stand at its top)."""
    for node in ast.parse(source).body:
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            for alias in node.names:
                below = f"{node.module}.{alias.name}"
                yield below if _file_of(below, root) else node.module


class SourceKeyLocator(OwnLocator):
    """Tells numba where machine code of this package is kept, and that its folder's name says whether it is fresh."""

    def __init__(self, function: FunctionType, module: str) -> None:
        self._line = function.__code__.co_firstlineno
        self._py_file = function.__code__.co_filename  # numba names it where it says that code cannot be kept
        self._folder = cache_folder(module)

    @classmethod
    def from_function(cls, function: FunctionType, file: str) -> "SourceKeyLocator | None":
        """Locator of a function of this package; None leaves the others to numba's own locators."""
        module = module_of(file)
        return None if module is None else cls(function, module)

    def get_cache_path(self) -> str:
        """Folder of the module's machine code."""
        return str(self._folder)

    def get_source_stamp(self) -> str:
        """Stamp that must not have changed: the folder's name, which holds the key."""
        return self._folder.name

    def get_disambiguator(self) -> str:
        """Tell functions of one name apart."""
        return str(self._line)


# Numba offers no other way to keep code by more than its own file: it asks these classes in turn.
CacheImpl._locator_classes = [SourceKeyLocator, *CacheImpl._locator_classes]


class CompileCount(Listener):
    """Tells, after each of the engine's functions that is compiled while it listens, how many are done, of how many.

    The whole is what is declared in the modules of the engine. A function that a run does not need yet is not compiled,
    so the count may end a few short of it.

    Parameters
    ----------
    tell
        Told both numbers. A function counts once, for however many types it is compiled.
    """

    def __init__(self, tell: Callable[[int, int], None]) -> None:
        self._tell, self._done = tell, set[tuple[str, int]]()
        self._modules = import_graph(ENGINE)
        self._whole = sum(_declared(path) for path in self._modules.values())

    def on_start(self, event: Event) -> None:
        """Nothing is counted yet."""

    def on_end(self, event: Event) -> None:
        """Count a function of the engine."""
        code = event.data["dispatcher"].py_func.__code__
        if module_of(code.co_filename) in self._modules:
            self._done.add((code.co_filename, code.co_firstlineno))
            self._tell(len(self._done), max(self._whole, len(self._done)))

    def __enter__(self) -> "CompileCount":
        register("numba:compile", self)  # type: ignore[no-untyped-call]
        return self

    def __exit__(self, *_: object) -> None:
        unregister("numba:compile", self)  # type: ignore[no-untyped-call]


def _declared(path: Path) -> int:
    """Functions of a file that are compiled when they are called."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    names = (ast.unparse(decorator).partition("(")[0] for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)
             for decorator in node.decorator_list)
    return sum(name in ("njit", "hot", "rule", "inner") for name in names)


def hot(*signature: object, **options: object) -> Callable[[Function], Function]:
    """``njit`` for the traffic engine's functions, which own no memory; they can be called from Python.

    Without numba's reference counting: every array they touch is kept alive by the engine, and counting the
    references of some forty arrays at each call costs ten times more than the work itself.
    """
    return njit(*signature, _nrt=False, error_model="numpy", **options)


def rule(**options: object) -> Callable[[Function], Function]:
    """``njit`` for the parts of policies, which own no memory either and allocate none; Python can call them."""
    return njit(cache=True, _nrt=False, **options)


def inner(*, often: bool = False, **options: object) -> Callable[[Function], Function]:
    """``hot`` for functions that only compiled code calls: they are compiled once, as parts of what calls them.

    Parameters
    ----------
    often
        Without ``forceinline`` a function is a call of its own, and taken to be called rarely unless this says not so.
    **options
        Those of ``numba.njit``.
    """
    wrap = hot(no_cpython_wrapper=True, no_cfunc_wrapper=True, pipeline_class=InnerCompiler, **options)

    def decorate(function: Function) -> Function:
        if often:
            OFTEN.add(function.__code__)
        wrapped = wrap(function)
        if not numba.config.DISABLE_JIT:  # type: ignore[attr-defined]  # else it is the function itself
            for_compiled_callers(wrapped)
        return wrapped

    return decorate
