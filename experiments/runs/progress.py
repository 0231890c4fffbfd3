"""How far a study is: one line that changes on a terminal, a line now and then in a log, or nothing."""

import shutil
import sys
import threading
import time
from types import TracebackType
from typing import Final, Self, TextIO

from sim.units import HOUR_S, MINUTE_S

LINE_EVERY_S: Final = 30.0  # in a log
STEPS: Final = 10  # a line in a log at every tenth of the runs, too,
APART_S: Final = 5.0  # unless the last line is so young
AGAIN_EVERY_S: Final = 1.0  # on a terminal: while runs of minutes are under way, the clock shows that it lives
SAYS_MUCH: Final = 0.05  # share of the runs (or one run) after which the time left is told
CLEAR: Final = "\r\x1b[K"  # back to the beginning of the line, which is emptied


class Progress:
    """Tells runs done, failed, the time so far and the time left; a context manager.

    Parameters
    ----------
    total
        Runs of the study.
    known
        Runs that were done before this process started.
    quiet
        Whether nothing is told.
    """

    def __init__(self, total: int, known: int = 0, *, quiet: bool = False) -> None:
        self._total, self._known, self._quiet = total, known, quiet
        self._done = self._failed = 0
        self._under_way = 0.0  # share of the run in this process
        self._compiled = (0, 0)  # functions, while the engine is compiled, and of how many
        self._started = self._told = time.monotonic()
        self._stream: TextIO = sys.stderr
        self._live = not quiet and sys.stderr.isatty()
        self._over = threading.Event()
        self._clock = threading.Thread(target=self._keep_showing, daemon=True)

    def __enter__(self) -> Self:
        if self._live:
            self._show()
            self._clock.start()
        elif self._known and not self._quiet:
            self._say(f"{self._known} of {self._total} runs were done before")
        return self

    def __exit__(self, _: type[BaseException] | None, __: BaseException | None, ___: TracebackType | None) -> None:
        self._over.set()
        if self._live:
            self._clock.join()
            self._stream.write(CLEAR)
            self._stream.flush()
        elif self._done and not self._quiet:
            self._say(self.line())

    def tick(self, failed: bool) -> None:
        """Count a run."""
        before = self._known + self._done
        self._done += 1
        self._failed += failed
        self._under_way = 0.0
        step = before * STEPS // self._total < (before + 1) * STEPS // self._total < STEPS
        self._tell(step and self._total > STEPS)

    def compiled(self, done: int, whole: int) -> None:
        """Show how many functions are compiled, and of how many; after none of none the runs are shown again."""
        before, self._compiled = self._compiled[0], (done, whole)
        self._tell(bool(whole) and before * STEPS // whole < done * STEPS // whole)

    def within(self, share: float) -> None:
        """Show how much of the run under way in this process is done."""
        self._under_way = share
        self._tell(False)

    def line(self) -> str:
        """Return where it stands, in a line."""
        passed = time.monotonic() - self._started
        done = self._done + self._under_way
        left = self._total - self._known - done
        count = f"{self._known + done:.1f}" if self._under_way else f"{self._known + self._done}"
        text = f"{count} of {self._total} runs, {self._failed} failed, {_span(passed)} so far"
        if self._compiled[0]:
            return f"compiling {self._compiled[0]} of {self._compiled[1]}, {_span(passed)} so far"
        # the first moments are compiling and starting: a time left that rests on them is days too long
        enough = done >= min(1.0, SAYS_MUCH * self._total)
        return f"{text}, about {_span(passed / done * left)} left" if enough and left else text

    def _tell(self, at_step: bool) -> None:
        if self._live or self._quiet:
            return  # the clock shows it
        if time.monotonic() - self._told >= (APART_S if at_step else LINE_EVERY_S):
            self._told = time.monotonic()
            self._say(self.line())

    def _keep_showing(self) -> None:
        while not self._over.wait(AGAIN_EVERY_S):
            self._show()

    def _show(self) -> None:
        width = shutil.get_terminal_size().columns - 1  # a line that wraps could not be taken back
        self._stream.write(f"{CLEAR}{self.line()[:width]}")
        self._stream.flush()

    def _say(self, text: str) -> None:
        print(text, file=sys.stderr, flush=True)


def _span(seconds: float) -> str:
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / MINUTE_S:.0f} min" if seconds < 5400 else f"{seconds / HOUR_S:.1f} h"
