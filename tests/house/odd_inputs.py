"""Odd inputs by class: each is refused by a sentence that holds field and value, or runs to its end with finite tables.

``python tests/house/odd_inputs.py`` tries all of them and prints a table by class: how many, refused, ran, bad. A test
tries a sample; this script is the whole.
"""

import argparse
import contextlib
import copy
import gzip
import io
import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
LONGEST_S = 60  # for one input; what takes longer is taken for endless
HUGE = 10**30
VALUES: dict[str, Any] = {
    "nan": float("nan"), "inf": float("inf"), "-inf": float("-inf"), "negative": -1, "zero": 0, "huge": HUGE,
    "huge float": 1e308, "tiny": 1e-300, "text": "odd", "empty": "", "null": None, "list": [], "long": 10**5000,
}
SHORT = {"duel": ("traffic.duration_s=6", "traffic.warmup_s=1", 'traffic.engine="reference"'),
         "openrouter-2026": ("horizon.days=1", "customers.requests_per_s=0.5")}
REFUSED, RAN = "refused", "ran"


@dataclass(frozen=True)
class Odd:
    """An odd input: its class, its name, what tries it, and words of which a refusal must hold one of each group."""

    kind: str
    name: str
    attempt: Callable[[], None]
    told: tuple[tuple[str, ...], ...] = ()


class Endless(Exception):
    """An input took longer than any may."""


def outcome(odd: Odd) -> str:
    """Try an input and say ``refused``, ``ran``, or what is wrong."""
    from sim.errors import MarketError

    def ring(*_: object) -> None:
        raise Endless

    before = signal.signal(signal.SIGALRM, ring)
    signal.alarm(LONGEST_S)
    try:
        odd.attempt()
    except MarketError as error:
        text = str(error)
        missing = [group for group in odd.told if not any(word in text for word in group)]
        return f"the sentence lacks {missing}: {text[:200]}" if missing or not text else REFUSED
    except Endless:
        return f"no end after {LONGEST_S} s"
    except Exception as error:  # noqa: BLE001 - any other error is what this looks for
        return f"{type(error).__name__}: {str(error)[:200]}"
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)
    return RAN


def fields(short: bool = False) -> Iterator[Odd]:
    """Every field of both kinds of scenario with every odd value; ``short`` does not run what is accepted."""
    from experiments.scenarios import load
    from sim.scenario.load import plain

    for name, shorter in SHORT.items():
        whole = plain(load(name, *shorter))
        for path in leaves(whole):
            for what, value in VALUES.items():
                yield Odd(f"{name}: {what}", ".".join(map(str, path)), _field(whole, path, value, name, short),
                          ((str(path[-1]),), _written(value)))


def leaves(node: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """Yield the path of every field; of tables with names of their own only the first entry."""
    from sim.scenario import MarketScenario, TrafficScenario

    named = path and path[-1] in ("firms", "segments", "templates", "providers", "demand", "moves", "workloads")
    if isinstance(node, dict) and node:
        for key in list(node)[:1 if named else None]:
            yield from leaves(node[key], (*path, key))
    elif path and path[0] in {*TrafficScenario.model_fields, *MarketScenario.model_fields}:
        yield path


def _written(value: Any) -> tuple[str, ...]:
    if isinstance(value, int) and value.bit_length() > 200:
        return ("5001 digits", "5000 digits", "whole number", "unprintable")
    return tuple({repr(value), str(value), f"{value:g}" if isinstance(value, float | int) else repr(value),
                  "missing" if value is None else repr(value),
                  f"{value:.6g}" if isinstance(value, float) else repr(value)})


def _field(whole: dict[str, Any], path: tuple[str | int, ...], value: Any, name: str, short: bool) -> Callable[[],
None]:
    def attempt() -> None:
        from sim.scenario.load import scenario_of

        data = copy.deepcopy(whole)
        node: Any = data
        for key in path[:-1]:
            node = node[key]
        node[path[-1]] = value
        scenario = scenario_of(data)
        if not short:
            run_briefly(scenario)

    return attempt


def run_briefly(scenario: Any) -> None:
    """Run a scenario to its end; every number of the tables must be finite or missing."""
    import numpy as np

    from experiments.runs.kinds import KINDS, Manner

    kind = KINDS[scenario.kind]
    kind.prepare(scenario)
    for table, frame in kind.play(scenario, 0, Manner()).items():
        for column in frame.select_dtypes("number"):
            if np.isinf(frame[column].to_numpy(float)).any():
                raise ValueError(f"{table}.{column} is infinite")


TRACES: dict[str, tuple[bytes, str]] = {
    "empty": (b"", "empty"), "only a header": (b"t_s,input_tokens,output_tokens\n", "no rows"),
    "blank": (b"\n\n\n", ""), "a mark first": (b"\xef\xbb\xbft_s,input_tokens,output_tokens\n0,1,1\n1,2,2\n", ""),
    "no header": (b"0,1,1\n1,2,2\n", "line 1"),
    "a header twice": (b"t_s,t_s,input_tokens,output_tokens\n0,0,1,1\n", ""),
    "parquet": (b"PAR1" + bytes(range(256)), ""), "a NUL": (b"t_s,input_tokens,output_tokens\n0,\0,1\n", "line 2"),
    "UTF-16": ("t_s,input_tokens,output_tokens\n0,1,1".encode("utf-16"), ""),
    "gzip cut": (gzip.compress(b"t_s,input_tokens,output_tokens\n0,1,1\n" * 50)[:40], ""),
    "gzip of nothing": (gzip.compress(b""), "empty"), "JSON deep": (b'{"timestamp":' + b"[" * 100_000, "line 1"),
    "JSON list": (b"[1, 2]\n", ""), "JSON cut": (b'{"timestamp": 1, "input_l\n', "line 1"),
    "JSON blank line": (b'{"timestamp":1,"input_length":1,"output_length":1}\n\n'
                        b'{"timestamp":2,"input_length":1,"output_length":1}\n', ""),
    "JSON long number": (b'{"timestamp":1' + b"0" * 5000 + b',"input_length":1,"output_length":1}\n', "line 1"),
    "Windows line ends": (b"t_s,input_tokens,output_tokens\r\n0,1,1\r\n1,2,2\r\n", ""),
    "old Mac line ends": (b"t_s,input_tokens,output_tokens\r0,1,1\r1,2,2\r", ""),
    "an open quote": (b't_s,input_tokens,output_tokens\n"0,1,1\n1,2,2\n', ""),
    "a long field": (b"t_s,input_tokens,output_tokens\n" + b"1" * 200_000 + b",1,1\n", ""),
    **{f"{name} is {value}": (f"t_s,input_tokens,output_tokens\n0,1,1\n{row}\n".encode(), "line 3")
       for name, place in (("t_s", 0), ("input_tokens", 1), ("output_tokens", 2))
       for value in ("nan", "inf", "-1", "1e400", "x", "", "1_000", "0x10", "9" * 5000, "1e30")
       for row in [",".join(value if at == place else str(5 - at) for at in range(3))]},
}


def traces(folder: Path) -> Iterator[Odd]:
    """Files of requests, wrong in many ways."""
    for number, (name, (content, word)) in enumerate(TRACES.items()):
        path = folder / f"trace{number}.csv"
        path.write_bytes(content)
        yield Odd("traces", name, _trace(path), ((str(path),), (word,)))
    yield Odd("traces", "a folder", _trace(folder), ((str(folder),),))
    yield Odd("traces", "not there", _trace(folder / "nowhere.csv"), (("nowhere.csv",),))
    yield Odd("traces", "a long path", _trace(folder / ("x" * 5000)), (("xxx",),))
    yield Odd("traces", "a NUL in the path", _trace(Path(f"{folder}/a\0b")), (("a",),))


def _trace(path: Path) -> Callable[[], None]:
    def attempt() -> None:
        from experiments.scenarios import load_traffic

        text = json.dumps({"kind": "trace", "path": str(path)})[1:-1].replace('": ', '" = ')
        run_briefly(load_traffic("duel", [f"demand.chat.arrivals={{{text}}}", *SHORT["duel"]]))

    return attempt


POLICIES = ("nobody", "", ":", "cheapest:", "cheapest:d=2", "power_of_d:d", "power_of_d:d=", "power_of_d:d=x",
            "power_of_d:d=nan", "power_of_d:d=-1", "power_of_d:d=0", "power_of_d:d=1e30", "power_of_d:d=2.5",
            "power_of_d:d=2:d=3", "power_of_d:x=2", "power_of_d:d=[]", "CHEAPEST", "cheapest\0", "cheapest\n", "\ud800",
            "x" * 100_000, "power_of_d:d=" + "9" * 5000, "../cheapest", "random;random", "oracle", "None", "0", "🦊")


def policies() -> Iterator[Odd]:
    """Labels of policies."""
    for label in POLICIES:
        yield Odd("policies", ascii(label[:40]), _policy(label))


def _policy(label: str) -> Callable[[], None]:
    def attempt() -> None:
        from experiments.scenarios import load_traffic
        from policies.labels import choice_of
        from sim.scenario.load import plain, scenario_of

        data = plain(load_traffic("duel", SHORT["duel"]))
        data["routers"]["main"]["policy"] = choice_of(label).model_dump(mode="json")
        run_briefly(scenario_of(data))

    return attempt


DESIGNS = (
    ["--grid", "traffic.load"], ["--grid", "traffic.load="], ["--grid", "traffic.load=x"],
    ["--grid", "traffic.load=nan"], ["--grid", "traffic.load=-1"], ["--grid", "traffic.load=1e400"],
    ["--grid", "nowhere=1"], ["--grid", "=1"], ["--grid", ""], ["--grid", "traffic=1"], ["--grid", "name=1"],
    ["--vary", "traffic.load=1..0"], ["--vary", "traffic.load=a..b"], ["--vary", "traffic.load=nan..1"],
    ["--vary", "traffic.load=0..inf"], ["--vary", "traffic.load=0..1:log"], ["--vary", "traffic.load=0..1:odd"],
    ["--vary", "traffic.load=1..1"], ["--vary", "nowhere"], ["--vary", "traffic.load", "--design", "odd"],
    ["--vary", "traffic.load", "--design", "sobol", "--samples", "0"],
    ["--vary", "traffic.load", "--design", "morris", "--samples", "-1"],
    ["--vary", "traffic.load", "--design", "random", "--samples", "1000000000000"],
    ["--vary", "traffic.load", "--design", "sobol", "--samples", "x"],
    ["--vary", "traffic.load", "--design", "random", "--samples", "2", "--design-seed", "-1"],
    ["--grid", "traffic.load=1", "--replications", "1000000000"], ["--grid", "traffic.load=1", "--replications", "0"],
    ["--grid", "traffic.load=1", "--replications", "-1"], ["--grid", "traffic.load=1", "--replications", "x"],
    ["--grid", "traffic.load=1", "--replications", "9" * 5000], ["--grid", "traffic.load=1", "--jobs", "0"],
    ["--grid", "traffic.load=1", "--until", "nothing=1"], ["--grid", "traffic.load=1", "--until", "x"],
    ["--grid", "traffic.load=1", "--until", "e2e_p99_s=nan"], ["--grid", "traffic.load=1", "--until", "e2e_p99_s=-1"],
    ["--grid", "traffic.load=1", "--metrics", "nothing"], ["--grid", "traffic.load=1", "--policies", ""],
    ["--grid", "traffic.load=1", "--policies", "nobody"], ["--grid", "traffic.load=1", "--seed", "-1"],
    ["--grid", "traffic.load=1", "--seed", str(HUGE)], ["--grid", "traffic.load=1", "--seed", "1.5"],
)


TINY = ("--set", "traffic.duration_s=0.5", "--set", "traffic.warmup_s=0", "--set", 'traffic.engine="reference"')


def _in_order(folder: Path) -> Callable[[], None]:
    """Try a sweep with nothing odd in it: were it refused, so would be all others, for another reason than theirs."""
    words = ["sweep", "tournament", "duel", *TINY, *_out(folder, 999), "--grid", "traffic.load=1", "--jobs", "1"]

    def attempt() -> None:
        from sim.errors import MarketError

        try:
            _command(words)()
        except MarketError as error:
            raise RuntimeError(f"a sweep without fault is refused: {error}") from None

    return attempt


def _last(words: list[str]) -> tuple[str, ...]:
    """What a refusal should hold: the option or the field, or the value, of the last pair of words."""
    option, value = words[-2:]
    return tuple(it for it in (option, option[2:].replace("-", " "), value[:30], *value.split("=")) if it)


def commands(folder: Path) -> Iterator[Odd]:
    """Words of the command line, designs of sweeps, and files in the place of others."""
    for number, words in enumerate(DESIGNS):
        yield Odd("designs", " ".join(words)[:60],
                  _command(["sweep", "tournament", "duel", *TINY, *_out(folder, number), *words]), (_last(words),))
    yield Odd("designs", "one that is in order", _in_order(folder))
    for number, words in enumerate(WORDS):
        yield Odd("commands", " ".join(words)[:60], _command([word.replace("{out}", str(folder / f"w{number}"))
                                                              for word in words]))
    for name, path in files(folder).items():
        for words in (["show", path], ["run", "tournament", path, *_out(folder, 0)], ["report", path],
                      ["watch", path], ["replay", path, *_out(folder, 0)], ["reproduce", path],
                      ["query", "SELECT 1", "--store", path], ["export", str(folder / "x"), "--store", path],
                      ["results", "--store", path], ["sweep", path, *_out(folder, 0)], ["checklist", path]):
            yield Odd("stores" if "--store" in words else "files", f"{words[0]} {name}", _command(words))


WORDS = (
    [], ["nowhere"], ["run"], ["run", "nowhere"], ["run", "tournament", "nowhere"], ["run", "market", "duel"],
    ["run", "tournament", "openrouter-2026"], ["run", "tournament", "duel", "--set", "x"], ["show", "nowhere"],
    ["run", "tournament", "duel", "--set", "=1"], ["run", "tournament", "duel", "--set", ""],
    ["run", "tournament", "duel", "--set", "traffic.load"], ["run", "tournament", "duel", "--set", "traffic.load="],
    ["run", "tournament", "duel", "--set", "traffic.load=" + "9" * 5000], ["show", "duel", "--set", "a.b.c.d=1"],
    ["run", "tournament", "duel", "--set", "traffic.load=" + "[" * 100_000], ["show", "duel", "--set", "." * 1000],
    ["run", "tournament", "duel", "--set", "traffic.load=nan"], ["show", "duel", "--set", "a" * 100_000 + "=1"],
    ["show", "duel", "--set", "a." * 10_000 + "a=1"], ["show", "duel", "--set", "seed=1e400"],
    ["run", "tournament", "duel", "--loads", "nan"], ["run", "tournament", "duel", "--loads", ""],
    ["run", "tournament", "duel", "--loads", "0"], ["run", "tournament", "duel", "--loads", "1,1"],
    ["run", "tournament", "duel", "--loads", "1e400"], ["run", "tournament", "duel", "--loads", "-1"],
    ["run", "tournament", "duel", "--out", "/proc/none"], ["run", "tournament", "duel", "--out", "/dev/null"],
    ["run", "tournament", "duel", "--out", "x" * 5000], ["run", "tournament", "duel", "--trace", "nowhere.csv"],
    ["run", "tournament", "duel", "--out", "{out}", "--set", "traffic.duration_s=1e10"],
    ["run", "tournament", "duel", "--out", "{out}", "--set", "demand.chat.arrivals.rate_per_s=1e9"],
    ["run", "tournament", "duel", "--out", "{out}", "--set", "providers.slow.faults.outage_mtbf_s=1e-6",
     "--set", "providers.slow.faults.outage_mttr_s=1e-6"],
    ["run", "tournament", "duel", "--out", "{out}", "--set", "traffic.publish_period_s=1e-9"],
    ["run", "tournament", "duel", "--out", "{out}", "--set", "routers.main.telemetry.stale_view_s=1e-9"],
    ["run", "market", "--set", "horizon.days=1000000", "--out", "{out}"], ["run", "market", "--set", "horizon.days=0"],
    ["run", "market", "--set", "horizon.start=1"], ["list"], ["list", "nothing"], ["query"], ["query", "SELECT 1"],
    ["replay"], ["reproduce"], ["report"], ["watch"], ["bench", "nothing"], ["export"], ["--use"],
    ["--use", "nowhere.py"],
    ["--use", "/"], ["--use="], ["--nothing"], ["run", "--nothing"], ["steady", "duel", "--set", "traffic.load=0"],
    ["steady", "nowhere"], ["run", "climb", "--factors", "0"], ["run", "pricing", "nothing"], ["checklist", "nowhere"],
)


def files(folder: Path) -> dict[str, str]:
    """Make files that are not what they seem, and return their paths by name."""
    for name, content in {
        "empty": b"", "binary": bytes(range(256)) * 20, "not UTF-8": b'name = "\xff"', "NUL": b'name = "a\0b"',
        "deep": b"a = " + b"[" * 100_000, "deep JSON": b"[" * 100_000, "digits": b"seed = " + b"9" * 100_000,
        "list": b"[1, 2]", "table": b"{}", "study only": b'{"study": "tournament"}', "study odd": b'{"study": 3}',
        "study unknown": b'{"study": "x", "files": {"../x": "y"}}', "twice": b"seed = 1\nseed = 2\n",
        "text": b"what is this", "half TOML": b"[traffic\n",
    }.items():
        for ending in ("toml", "json") if "JSON" in name or "stud" in name else ("toml",):
            (folder / f"{name}.{ending}".replace(" ", "_")).write_bytes(content)
    with contextlib.suppress(FileExistsError):
        (folder / "loop.toml").symlink_to(folder / "loop.toml")
        (folder / "folder.toml").mkdir()
    found = {path.name: str(path) for path in sorted(folder.iterdir()) if path.suffix in (".toml", ".json")}
    return {**found, "nowhere": str(folder / "nowhere"), "nowhere.toml": str(folder / "nowhere.toml"),
            "a long path": "x" * 5000, "null device": "/dev/null", "empty word": ""}


def _out(folder: Path, number: int) -> list[str]:
    return ["--out", str(folder / f"out{number}")]


def _command(words: list[str]) -> Callable[[], None]:
    def attempt() -> None:
        from experiments.cli.main import main
        from sim.errors import MarketError

        said, told = io.StringIO(), io.StringIO()
        try:
            with contextlib.redirect_stdout(said), contextlib.redirect_stderr(told):
                status = main(words)
        except SystemExit as leaving:
            status = leaving.code
        if "Traceback" in told.getvalue():
            raise RuntimeError(told.getvalue()[-300:])
        if status not in (0, None):
            raise MarketError(told.getvalue().strip())

    return attempt


def shell(folder: Path) -> Iterator[Odd]:
    """Forty of them through the shell, where each takes another way: a process of its own, a terminal of its own."""
    paths = list(files(folder).values())
    lines = [*WORDS[:26], *(["show", path] for path in paths[:6]), *(["report", path] for path in paths[:4]),
             *(["query", sql, "--store", paths[0]] for sql in (";", "SELECT 1")),
             ["show", "duel"], ["list", "policies"],
             ["show", "duel", "--set", "name=±"], ["list", "scenarios"]]
    for words in lines:
        if sum(map(len, words)) < 100_000:
            yield Odd("shell", " ".join(words)[:60], _shell(words, folder))


def _shell(words: list[str], folder: Path) -> Callable[[], None]:
    def attempt() -> None:
        from sim.errors import MarketError

        env = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONIOENCODING": "ascii"}
        done = subprocess.run([sys.executable, str(ROOT / "tokenmarket.py"), *words], cwd=folder, env=env, text=True,
                              capture_output=True, timeout=LONGEST_S)
        if "Traceback" in done.stderr or done.returncode not in (0, 2):
            raise RuntimeError(f"status {done.returncode}: {done.stderr[-300:]}")
        if done.returncode:
            raise MarketError(done.stderr.strip())

    return attempt


def everything(folder: Path, short: bool = False) -> Iterator[Odd]:
    """Yield every odd input but those of the shell."""
    yield from fields(short)
    yield from traces(folder)
    yield from policies()
    yield from commands(folder)


def main() -> int:
    """Try all, print the table, and return how many were bad."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", default="", help="classes that hold this text")
    parser.add_argument("--short", action="store_true", help="fields: validate only, run nothing")
    arguments = parser.parse_args()
    counts: dict[str, dict[str, int]] = {}
    with tempfile.TemporaryDirectory() as name:
        os.chdir(name)
        for odd in (*everything(Path(name), arguments.short), *shell(Path(name))):
            if arguments.only not in odd.kind:
                continue
            found = outcome(odd)
            row = counts.setdefault(odd.kind, {"count": 0, REFUSED: 0, RAN: 0, "bad": 0})
            row["count"] += 1
            row[found if found in row else "bad"] += 1
            if found not in (REFUSED, RAN):
                print(f"BAD {odd.kind} | {odd.name} | {found}", flush=True)
        os.chdir(ROOT)
    print(f"{'class':34} {'count':>6} {'refused':>8} {'ran':>6} {'bad':>5}")
    for kind, row in counts.items():
        print(f"{kind:34} {row['count']:6} {row[REFUSED]:8} {row[RAN]:6} {row['bad']:5}")
    total = {key: sum(row[key] for row in counts.values()) for key in ("count", REFUSED, RAN, "bad")}
    print(f"{'all':34} {total['count']:6} {total[REFUSED]:8} {total[RAN]:6} {total['bad']:5}")
    return total["bad"]


if __name__ == "__main__":
    sys.path[:0] = [str(ROOT)]
    sys.exit(min(main(), 100))
