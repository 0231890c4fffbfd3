"""How a policy crosses into compiled code: numba types of its arguments, and its compilation.

A compiled policy is a ``numba.cfunc``; the compiled engine takes it as a first-class function, so the engine
is compiled once for all policies. The reference engine calls the same Python functions as they are.
"""

import dis
import re
from types import FunctionType
from typing import Any, cast

import numba
from numba import types
from numba.core.ccallback import CFunc
from numba.core.errors import NumbaError, UnsupportedBytecodeError

from sim.compiled import module_of
from sim.errors import PolicyError
from sim.policy import Event, Memory, Policy, Request

_F, _I = types.float64, types.int64
VIEW_TYPE = types.Array(_F, 2, "C")
ROW_TYPE = types.Array(_F, 1, "C")
REQUEST_TYPE = types.NamedTuple((_F, _I, _F, *[_I] * 7), Request)  # type: ignore[no-untyped-call]
MEMORY_TYPE = types.NamedTuple((VIEW_TYPE, ROW_TYPE, ROW_TYPE), Memory)  # type: ignore[no-untyped-call]
EVENT_TYPE = types.NamedTuple((_I, _I, _F, _I, _I, _F, _F, _I, _F, _F, *[_I] * 6), Event)  # type: ignore[no-untyped-call]
CHOOSE_SIGNATURE = types.int64(VIEW_TYPE, REQUEST_TYPE, MEMORY_TYPE, _F)
OBSERVE_SIGNATURE = types.void(MEMORY_TYPE, EVENT_TYPE)

_HINT = 'the reference engine runs it uncompiled (--set traffic.engine="reference")'
_PLACE = re.compile(r'File "([^"]+)", line (\d+)|Raised from (\S+) \((\d+)\)')
_PREAMBLE = ("Failed in nopython mode", "During:", "File ")


def ignore(memory: Memory, event: Event) -> None:
    """Observe nothing: stands in for the ``observe`` of policies that have none, or one that does nothing."""
    return None  # with NUMBA_DEBUGINFO=1 numba fails on a body that is only a docstring


def compile_choose(policy: Policy) -> CFunc:
    """Compile ``policy.choose`` to a C function of ``CHOOSE_SIGNATURE``.

    Raises
    ------
    PolicyError
        If numba cannot compile it; the text names the policy, the line and numba's reason.
    """
    compiled = _compile(policy, policy.choose, CHOOSE_SIGNATURE)
    if isinstance(policy.choose, FunctionType) and not _ours(policy.choose):
        _check_row(policy, policy.choose)
    return compiled


def compile_observe(policy: Policy) -> CFunc:
    """Compile ``policy.observe``, or the shared no-op, to a C function of ``OBSERVE_SIGNATURE``.

    Raises
    ------
    PolicyError
        If numba cannot compile it.
    """
    return _compile(policy, policy.observe or ignore, OBSERVE_SIGNATURE)


def _compile(policy: Policy, function: object, signature: object) -> CFunc:
    if not isinstance(function, FunctionType):
        raise _refusal(policy, f"{function!r} is not a plain function")
    problem = _problem(function, len(signature.args))  # type: ignore[attr-defined]
    if problem:
        raise _refusal(policy, problem)
    if signature is OBSERVE_SIGNATURE and _does_nothing(function):
        function = cast(FunctionType, ignore)
    # A user's function is compiled in every process: what it calls may lie in files that no cache key covers.
    # Those of this package allocate nothing: counting references to their arguments would take longer than they do.
    options: dict[str, Any] = {"_nrt": False} if _ours(function) else {}
    try:
        return numba.cfunc(signature, cache=_ours(function), error_model="numpy", **options)(function)
    except (NumbaError, UnsupportedBytecodeError, NotImplementedError) as error:
        raise _refusal(policy, f"{_place(function, error)}: {_reason(error)}") from error


def _does_nothing(function: FunctionType) -> bool:
    """Whether a function only returns None, with a docstring or without."""
    done = [(step.opname, step.argval) for step in dis.get_instructions(function)]
    return [step for step in done if step[0] != "RESUME"] in (
        [("LOAD_CONST", None), ("RETURN_VALUE", None)], [("RETURN_CONST", None)])


def _ours(function: FunctionType) -> bool:
    """Whether a function came with this package."""
    return module_of(function.__code__.co_filename) is not None


def _check_row(policy: Policy, function: FunctionType) -> None:
    """Refuse a ``choose`` that returns anything but a whole number: the C function would cut it to one."""
    arguments = CHOOSE_SIGNATURE.args
    dispatcher: Any = numba.njit(function)
    dispatcher.compile(arguments)
    returned = dispatcher.overloads[arguments].signature.return_type
    if not isinstance(returned, types.Integer):
        code = function.__code__
        raise _refusal(policy, f"{code.co_filename}, line {code.co_firstlineno}: choose returns {returned}, but must "
                               "return an int, the row of an open offer (or -1 to decline)")


def _refusal(policy: Policy, reason: str) -> PolicyError:
    return PolicyError(f"policy {policy.kind!r} cannot be compiled: {reason}; {_HINT}")


def _problem(function: FunctionType, arguments: int) -> str:
    """What rules a function out before numba sees it, with file and line; empty if nothing does.

    A C function cannot pass an exception on: the run would go on with a wrong choice.
    """
    code = function.__code__
    line = code.co_firstlineno
    if code.co_argcount != arguments:
        return f"{code.co_filename}, line {line}: takes {code.co_argcount} arguments instead of {arguments}"
    for step in dis.get_instructions(function):
        if step.positions is not None and step.positions.lineno is not None:
            line = step.positions.lineno
        if step.opname == "RAISE_VARARGS":
            return (
                f"{code.co_filename}, line {line}: a compiled policy must not raise or assert "
                "(choose may return -1 to decline)"
            )
    return ""


def _place(function: FunctionType, error: Exception) -> str:
    """File and line of the user's function that numba complains about, or its first line."""
    file, line = function.__code__.co_filename, function.__code__.co_firstlineno
    location = getattr(error, "loc", None)
    if location is not None and location.filename == file:
        line = location.line
    else:
        for match in _PLACE.finditer(str(error)):
            if file.endswith((match[1] or match[3]).lstrip(".")):
                line = int(match[2] or match[4])
    return f"{file}, line {line}"


def _reason(error: Exception) -> str:
    """Numba's reason in one line, without its preamble."""
    lines = [line.strip() for line in str(error).splitlines()]
    told = [line for line in lines if line and not line.startswith(_PREAMBLE)]
    return told[0].split(" Raised from")[0].rstrip(".: ") if told else type(error).__name__
