"""Kill studies at random moments, start them again, and compare every byte with a run that nobody killed.

    python tests/house/kills.py --count 50 --seed 20261128

Not part of CI, which keeps a few kills (`test_kills.py`). SIGKILL goes to the whole process group at a moment drawn
uniformly over what the command takes; some are killed twice before they may end. A line is printed for each, and a sum;
exit status 1 if one came out otherwise.
"""

import argparse
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, Final, NamedTuple

ROOT: Final = Path(__file__).resolve().parents[2]
QUICK: Final = ("--set", "traffic.engine=reference", "--set", "traffic.duration_s=20", "--set", "traffic.warmup_s=2")
COMMANDS: Final = {  # ``FOLDER`` is where each writes; the report is of the tournament that nobody killed
    "tournament": ("run", "tournament", "duel", *QUICK, "--policies", "cheapest,random", "--loads", "0.8,1",
                   "--replications", "3", "--jobs", "2", "--out", "FOLDER"),
    "market": ("run", "market", "--set", "horizon.days=5", "--set", "customers.requests_per_s=20", "--jobs", "1",
               "--out", "FOLDER"),
    "sweep": ("sweep", "tournament", "duel", *QUICK, "--grid", "traffic.load=0.7,0.9,1.1", "--replications", "3",
              "--jobs", "2", "--out", "FOLDER"),
    "report": ("report", "tournament", "--out", "FOLDER"),
}
STORE: Final = "store.duckdb"  # its bytes are never twice the same; the manifest has digests of its tables


class Kill(NamedTuple):
    """What became of a command that was killed: which, when, whether it still ran then, and what is wrong now."""

    command: str
    moments_s: list[float]
    was_running: bool
    left: bool
    problem: str

    def __str__(self) -> str:
        when = " and ".join(f"{moment:.2f} s" for moment in self.moments_s)
        state = "running" if self.was_running else "ended by then"
        return (f"{self.command:10} killed after {when} ({state}{', something left' if self.left else ''}): "
                f"{self.problem or 'same bytes'}")


class Command:
    """A command that runs in a process group of its own, in the scratch folder."""

    def __init__(self, words: list[str], scratch: Path) -> None:
        self._process = subprocess.Popen(
            [sys.executable, str(ROOT / "tokenmarket.py"), *words], cwd=scratch, text=True, start_new_session=True,
            env={**os.environ, "PYTHONPATH": str(ROOT)}, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)

    def is_running(self) -> bool:
        """Whether it has not ended yet."""
        return self._process.poll() is None

    def kill(self) -> None:
        """Kill it and its workers, and wait until they are gone."""
        with suppress(ProcessLookupError):  # all have ended
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.communicate()

    def end(self) -> str:
        """Wait for its end, and return its complaint if it failed."""
        said = self._process.communicate(timeout=300)[1]
        return f"exit status {self._process.returncode}: {said.strip()[-300:]}" if self._process.returncode else ""


Start = Callable[[list[str], Path], Any]  # starts a command in a folder, and gives what `Command` has


def kills(commands: dict[str, tuple[str, ...]], draws: random.Random, count: int, scratch: Path,
          start: Start = Command) -> Iterator[Kill]:
    """Kill commands in turn, each in a folder of its own, and yield what became of them."""
    took_s: dict[str, float] = {}
    for name, words in commands.items():
        for folder in (name, f"{name}-timed"):  # the second time everything is compiled
            started = time.monotonic()
            problem = start(_words(words, folder), scratch).end()
            took_s[name] = time.monotonic() - started
            if problem or _difference(scratch / name, scratch / folder):
                raise SystemExit(f"{name} fails, or differs from itself, without a kill: {problem}")
    names = [*commands][::-1]  # cheap ones first, where there are few kills
    for number in range(count):
        name = names[number % len(names)]
        words = _words(commands[name], f"{name}-{number}")
        moments = [draws.uniform(0, took_s[name]) for _ in range(1 + draws.randrange(2))]
        was_running = any([_killed(start(words, scratch), moment) for moment in moments])
        left = _leavings(scratch)
        problem = start(words, scratch).end() or _difference(scratch / name, scratch / f"{name}-{number}")
        if not problem and _leavings(scratch):
            problem = f"left {', '.join(_leavings(scratch))}"
        yield Kill(name, moments, was_running, bool(left), problem)


def _words(words: tuple[str, ...], folder: str) -> list[str]:
    return [folder if word == "FOLDER" else word for word in words]


def _killed(command: Any, moment_s: float) -> bool:
    """Kill a command at a moment, and say whether it still ran then."""
    time.sleep(moment_s)
    was_running = bool(command.is_running())
    command.kill()
    return was_running


def _leavings(scratch: Path) -> list[str]:
    return [path.name for path in scratch.rglob(".*.partial")]


def _difference(expected: Path, found: Path) -> str:
    """Say which files differ, if any; those of the store are told by the manifest."""
    before, after = _files(expected), _files(found)
    other = sorted(name for name in {*before, *after} if before.get(name) != after.get(name))
    return f"DIFFERENT: {', '.join(other)}" if other else ""


def _files(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in sorted(folder.rglob("*"))
            if path.is_file() and not path.name.startswith(STORE)}


def main() -> int:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=50)
    parser.add_argument("--seed", type=int, default=20261128)
    arguments = parser.parse_args()
    found = []
    with tempfile.TemporaryDirectory(prefix="tokenmarket-kills-") as scratch:
        for kill in kills(COMMANDS, random.Random(arguments.seed), arguments.count, Path(scratch)):
            found.append(kill)
            print(kill, flush=True)
    wrong, running = sum(bool(kill.problem) for kill in found), sum(kill.was_running for kill in found)
    print(f"{len(found)} commands killed, {running} of them while they ran, {sum(kill.left for kill in found)} left "
          f"something that was removed; {len(found) - wrong} came out with the same bytes, {wrong} did not")
    return int(wrong > 0)


if __name__ == "__main__":
    sys.exit(main())
