"""Faults of a program, as opposed to the mistakes of a user."""

from typing import Final

# Named one by one, since catching Exception would swallow what nobody meant to catch. One broken run must not stop the
# rest of a study, nor a broken module of the user's end in a traceback: their reasons are kept and told.
FAULTS: Final[tuple[type[Exception], ...]] = (
    ArithmeticError, AssertionError, AttributeError, BufferError, EOFError, ImportError, LookupError, MemoryError,
    NameError, OSError, ReferenceError, RuntimeError, SyntaxError, TypeError, ValueError,
)
