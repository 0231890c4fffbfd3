"""Policies that do nothing, where numba writes debug information (``NUMBA_DEBUGINFO=1``): it cannot find their line."""

import ast
from itertools import chain

import numba
import pytest

from sim.engines.policy_abi import OBSERVE_SIGNATURE, _does_nothing, compile_observe, ignore
from sim.policy import Policy
from worlds.places import ROOT


def says_only(memory, event):
    """Look at nothing."""


def returns(memory, event):
    return None


def counts(memory, event):
    memory.shared[0] += 1.0


@pytest.mark.parametrize("observe", [says_only, returns, ignore, None])
def test_an_observe_that_does_nothing_compiles_with_debug_information(observe, monkeypatch):
    monkeypatch.setattr(numba.config, "DEBUGINFO_DEFAULT", 1)
    assert compile_observe(Policy("mine", lambda *_: 0, "Test.", "test", "none", observe=observe)).address
    assert observe is None or _does_nothing(observe)
    assert not _does_nothing(counts)


def test_the_stand_in_compiles_anew_with_debug_information():
    assert numba.cfunc(OBSERVE_SIGNATURE, debug=True)(ignore).address


def test_no_compiled_function_is_only_a_docstring():
    """Numba then fails with an IndexError where debug information is asked for (numba 0.68, firstlinefinder)."""
    compiled = {"njit", "hot", "inner", "cfunc"}
    for file in chain.from_iterable((ROOT / room).rglob("*.py") for room in ("sim", "policies", "providers")):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef) and any(
                    ast.unparse(decorator).partition("(")[0].rpartition(".")[2] in compiled
                    for decorator in node.decorator_list):
                assert len(node.body) > 1 or not ast.get_docstring(node), f"{file}: {node.name}"
