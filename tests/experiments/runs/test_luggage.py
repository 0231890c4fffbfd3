"""Policies and strategies that a script registered: they reach workers, are part of keys, or are refused at once."""

import threading

import pytest

from experiments.runs.luggage import LuggageError, digests, pack, unpack
from policies import POLICIES
from providers.pricing import STRATEGIES, StrategyKind
from sim.policy import NoParameters, Policy
from worlds.scripts import run_as_script

SCRIPT = '''
import tokenmarket as tm
from policies import register
from sim.policy import Policy, places
from sim.scenario.base import Part, quantity


class Wanted(Part):
    row: float = quantity(0.0, unit="1", doc="Row to take", ge=0)


AT = places(Wanted)


def helper(view, row):
    return row if view[row, 0] > 0.0 else 1 - row


def choose(view, request, memory, u):
    return helper(view, int(memory.params[AT.row]))


register(Policy("mine", choose, "summary", "source", "none", parameters=Wanted))
scenario = tm.load("duel", traffic={"engine": "reference", "duration_s": 20, "warmup_s": 2})
found = [tm.compare(scenario, ["mine", "mine:row=1", "random"], 2, jobs=jobs) for jobs in (2, 1)]
assert found[0].metrics().equals(found[1].metrics())
print(len(found[0].failures()), found[0].metrics()["policy"].nunique())
'''


def policy(code, **names):
    """A policy whose code was typed in by hand, as in a notebook: no file has its source."""
    space = {"__name__": "typed_in", **names}
    exec(code, space)
    return Policy("typed", space["choose"], "summary", "source", "none")


def digest_of(monkeypatch, code, **names):
    monkeypatch.setitem(POLICIES, "typed", policy(code, **names))
    return digests()


def test_a_policy_of_a_script_reaches_workers_with_all_it_needs(tmp_path):
    done = run_as_script(SCRIPT, tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stdout == "0 3\n"


def test_code_that_was_typed_in_is_told_from_its_next_version(monkeypatch):
    assert digests() == []
    code = "def helper(x):\n    return x + 1\n\ndef choose(view, request, memory, u):\n    return helper(LIMIT) - 4\n"
    first = digest_of(monkeypatch, code, LIMIT=3)
    assert len(first) == 1
    assert digest_of(monkeypatch, code, LIMIT=3) == first
    others = [digest_of(monkeypatch, code, LIMIT=4), digest_of(monkeypatch, code.replace("x + 1", "x + 2"), LIMIT=3),
              digest_of(monkeypatch, code.replace("- 4", "- 5"), LIMIT=3)]
    assert len({first[0], *(it for it, in others)}) == 4


def test_strategies_travel_too(monkeypatch):
    space = {"__name__": "typed_in"}
    exec("def make(parameters):\n    return 'mine'\n", space)
    monkeypatch.setitem(STRATEGIES, "typed", StrategyKind("typed", space["make"], NoParameters, "summary", "source"))
    assert len(digests()) == 1
    packed = pack()
    monkeypatch.delitem(STRATEGIES, "typed")
    unpack(packed)
    assert STRATEGIES["typed"].make(None) == "mine"
    del STRATEGIES["typed"]
    assert pack() == b""


def test_what_cannot_travel_is_refused(monkeypatch):
    code = "def choose(view, request, memory, u):\n    return 0 if LOCK else 1\n"
    monkeypatch.setitem(POLICIES, "typed", policy(code, LOCK=threading.Lock()))
    with pytest.raises(LuggageError, match=r"'typed' cannot be sent to other processes .*run with jobs=1"):
        pack()
