"""Ctrl-C that is never lost, even where Python has to swallow exceptions."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType, TracebackType
from typing import NoReturn


class Interrupts:
    """Turns SIGINT and SIGTERM into `KeyboardInterrupt`, and remembers that one came.

    An exception raised inside a callback from C, such as those that numba gives to LLVM, is printed and lost,
    or comes out as another error. Whatever ends the block after an interrupt, it ends as an interrupt.
    """

    def __enter__(self) -> "Interrupts":
        self._seen = False
        numbers = (signal.SIGINT, signal.SIGTERM)
        self._before = {number: signal.signal(number, self._handle) for number in numbers}
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)
        self.check()

    def check(self) -> None:
        """Raise `KeyboardInterrupt` if an interrupt came and was lost."""
        if self._seen:
            raise KeyboardInterrupt

    def _handle(self, _number: int, _frame: FrameType | None) -> NoReturn:
        self._seen = True
        raise KeyboardInterrupt


@contextmanager
def at_once() -> Iterator[None]:
    """Let Ctrl-C end the process as the system does it, in a block of code that may never return to Python."""
    before = signal.signal(signal.SIGINT, signal.SIG_DFL)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
