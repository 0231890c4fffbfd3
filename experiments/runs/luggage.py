"""Policies and pricing strategies that a script, a notebook or an imported module registered: in keys, and to workers.

What ``--use`` imports travels as text (`experiments.extensions`). A script cannot be run again elsewhere, since that
would run its study again: what it registered is pickled by value, with the functions of its own module that it calls.
"""

import inspect
import sys
from collections.abc import Iterator
from pickle import PicklingError
from types import CodeType, FunctionType, ModuleType
from typing import Any, Final

from experiments.extensions import MODULE_PREFIX
from experiments.output.inputs import digest_of
from experiments.runs.defects import FAULTS
from sim.errors import MarketError

OURS: Final = ("sim", "providers", "policies", "experiments")
REFUSED: Final[tuple[type[Exception], ...]] = (*FAULTS, PicklingError)  # what pickling raises
_unpacked: set[str] = set()  # digests of what this process has brought in already


class LuggageError(MarketError):
    """Something that a script registered cannot be sent to other processes."""


def digests() -> list[str]:
    """Return a digest of each module that registered something: of its source, or of its code where that is unknown."""
    found: dict[str, list[Any]] = {}
    for thing in _things():
        found.setdefault(_module_of(thing), []).append(thing)
    sources = {name: _source(name) for name in sorted(found)}
    texts = [repr([_told(it, set()) for it in found[name]]) if text is None else text for name, text in sources.items()]
    return [digest_of(text.encode()) for text in texts]


def pack() -> bytes:
    """Return all that scripts registered in this process, for others; nothing if they registered nothing.

    Raises
    ------
    LuggageError
        If something of it cannot be pickled; the text names it.
    """
    things = list(_things())
    return _pickled(things) if things else b""


def unpack(packed: bytes) -> None:
    """Register what another process packed, once."""
    digest = digest_of(packed)
    if not packed or digest in _unpacked:
        return
    import cloudpickle

    from policies import POLICIES
    from providers.pricing import STRATEGIES
    from sim.policy import Policy

    for thing in cloudpickle.loads(packed):
        registry: dict[str, Any] = POLICIES if isinstance(thing, Policy) else STRATEGIES
        registry[thing.kind] = thing
    _unpacked.add(digest)


def problem_with(packed: bytes) -> str:
    """Return why this process cannot unpack something; nothing if it can."""
    try:
        unpack(packed)
    except FAULTS as error:
        return f"{type(error).__name__}: {error}"
    return ""


def _things() -> Iterator[Any]:
    """Policies and strategies that neither come with this package nor with ``--use``."""
    from policies import POLICIES
    from providers.pricing import STRATEGIES

    for thing in (*POLICIES.values(), *STRATEGIES.values()):
        name = _module_of(thing)
        if name.partition(".")[0] not in OURS and not name.startswith(MODULE_PREFIX):
            yield thing


def _module_of(thing: Any) -> str:  # noqa: ANN401 - a policy or a strategy
    function = getattr(thing, "choose", None) or thing.make
    return str(getattr(function, "__module__", "") or "")


def _pickled(things: list[Any]) -> bytes:
    """By value, module for module: another process may not find the user's files."""
    import cloudpickle

    found = [sys.modules[name] for name in dict.fromkeys(map(_module_of, things)) if name in sys.modules]
    modules: list[ModuleType] = [it for it in found if it.__name__ != "__main__"]
    for module in modules:
        cloudpickle.register_pickle_by_value(module)
    try:
        for thing in things:  # one by one first, so that an error names the one
            try:
                cloudpickle.dumps(thing)
            except REFUSED as error:
                reason = f"{type(error).__name__}: {error}"
                raise LuggageError(f"{thing.kind!r} cannot be sent to other processes ({reason}); "
                                   "run with jobs=1, or put it into a file and name that to use()") from None
        return bytes(cloudpickle.dumps(things))
    finally:
        for module in modules:
            cloudpickle.unregister_pickle_by_value(module)


def _source(module: str) -> str | None:
    """Source of a module; None where it was typed in by hand, as in a notebook."""
    try:
        return inspect.getsource(sys.modules[module])
    except (OSError, TypeError, KeyError):
        return None


def _told(thing: Any, seen: set[int]) -> Any:  # noqa: ANN401 - anything that code refers to
    """What a thing does, as texts and numbers that are the same in every process; functions with all that they name."""
    function = getattr(thing, "py_func", thing)  # of what numba has compiled
    if id(function) in seen:
        return ""
    seen.add(id(function))
    if isinstance(function, FunctionType):
        named = [function.__globals__[name] for name in _names(function.__code__) if name in function.__globals__]
        cells = [cell.cell_contents for cell in function.__closure__ or ()]
        return [_code(function.__code__), [_told(it, seen) for it in (*(function.__defaults__ or ()), *cells, *named)]]
    if isinstance(function, type):
        if (function.__module__ or "").partition(".")[0] in OURS:
            return function.__qualname__
        fields = getattr(function, "model_fields", {})
        inside = [it for it in vars(function).values() if isinstance(it, FunctionType)]
        return [function.__qualname__, str(fields), [_told(it, seen) for it in inside]]
    if hasattr(function, "kind") and hasattr(function, "parameters"):  # a policy or a strategy
        return [function.kind, [_told(it, seen) for it in vars(function).values()]]
    simple = isinstance(function, bool | int | float | str | tuple | list | dict | None)
    return repr(function) if simple else type(function).__qualname__


def _code(code: CodeType) -> list[Any]:
    inner = [_code(it) if isinstance(it, CodeType) else repr(it) for it in code.co_consts]
    return [code.co_code.hex(), inner, code.co_names, code.co_varnames]


def _names(code: CodeType) -> list[str]:
    return [*code.co_names, *(name for it in code.co_consts if isinstance(it, CodeType) for name in _names(it))]
