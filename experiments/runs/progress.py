"""How far a study is: a bar on a terminal, a line now and then in a log."""

import sys
import time
from types import TracebackType
from typing import Any, Self

from sim.units import HOUR_S, MINUTE_S

LINE_EVERY_S = 30.0
# runs under way count in part, which is why the count has a decimal
BAR = "{percentage:3.0f}%|{bar}| {n:.1f}/{total:.0f} runs [{elapsed}<{remaining}]{postfix}"


class Progress:
    """Tells runs done, failed and the time left; a context manager.

    Parameters
    ----------
    total
        Runs of the study.
    known
        Runs that were done before this process started.
    """

    def __init__(self, total: int, known: int = 0) -> None:
        self._total, self._known = total, known
        self._done = self._failed = 0
        self._started = self._told = time.monotonic()
        self._bar: Any = None

    def __enter__(self) -> Self:
        if sys.stderr.isatty():
            from tqdm import tqdm

            self._bar = tqdm(total=self._total, initial=self._known, unit=" runs", leave=False, bar_format=BAR)
        elif self._known:
            self._say(f"{self._known} of {self._total} runs were done before")
        return self

    def __exit__(self, _: type[BaseException] | None, __: BaseException | None, ___: TracebackType | None) -> None:
        if self._bar is not None:
            self._bar.close()
        elif self._done:
            self._say(self.line())

    def tick(self, failed: bool) -> None:
        """Count a run."""
        self._done += 1
        self._failed += failed
        if self._bar is not None:
            self._bar.update(self._known + self._done - self._bar.n)
            if self._failed:
                self._bar.set_postfix(failed=self._failed)
        elif time.monotonic() - self._told >= LINE_EVERY_S:
            self._told = time.monotonic()
            self._say(self.line())

    def within(self, share: float) -> None:
        """Show how much of the run under way in this process is done."""
        if self._bar is not None:
            self._bar.update(self._known + self._done + share - self._bar.n)

    def line(self) -> str:
        """Return where it stands, in a line."""
        passed = time.monotonic() - self._started
        left = self._total - self._known - self._done
        text = f"{self._known + self._done} of {self._total} runs, {self._failed} failed, {_span(passed)} so far"
        return f"{text}, about {_span(passed / self._done * left)} left" if self._done and left else text

    def _say(self, text: str) -> None:
        print(text, file=sys.stderr, flush=True)


def _span(seconds: float) -> str:
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / MINUTE_S:.0f} min" if seconds < 5400 else f"{seconds / HOUR_S:.1f} h"
