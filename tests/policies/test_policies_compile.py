"""How policies are compiled, and what happens when they cannot be."""

import numpy as np
import pytest

from policies import POLICIES, bind
from policies.trial import Trial, blank_view, plain_request
from sim.engines.policy_abi import compile_choose, compile_observe
from sim.errors import PolicyError
from sim.policy import Policy
from sim.scenario import PolicyChoice


def policy(choose, observe=None):
    return Policy("mine", choose, "Test.", "test", "none", observe=observe)


def unknown_name(view, request, memory, u):
    x = 1
    return missing_helper(view, x)  # noqa: F821


def unsupported(view, request, memory, u):
    with open("x"):
        return 1


def unknown_field(view, request, memory, u):
    first = request.prompt_tokens
    return first + request.colour


def raises(view, request, memory, u):
    if u > 0.5:
        raise ValueError("no")
    return 0


def too_few(view, request):
    return 0


def text(view, request, memory, u):
    return "first"


def half(view, request, memory, u):
    return 0.5 * len(view)


@pytest.mark.parametrize(
    ("function", "offset", "reason"),
    [
        (unknown_name, 2, "missing_helper"),
        (unsupported, 1, "context manager"),
        (unknown_field, 2, "colour"),
        (raises, 2, "must not raise"),
        (too_few, 0, "2 arguments instead of 4"),
        (text, 1, "No conversion"),
        (half, 0, "returns float64, but must return an int"),
    ],
)
def test_what_cannot_be_compiled_gets_line_reason_and_hint(function, offset, reason):
    with pytest.raises(PolicyError) as error:
        compile_choose(policy(function))
    sentence = str(error.value)
    first = function.__code__.co_firstlineno
    assert sentence.startswith("policy 'mine' cannot be compiled: ")
    assert "test_policies_compile.py, line " in sentence
    line = int(sentence.split(", line ")[1].split(":")[0])
    assert first <= line <= first + max(offset, 1)
    if function not in (unsupported, text):  # numba tells no line inside these
        assert line == first + offset
    assert reason in sentence
    assert 'traffic.engine="reference"' in sentence
    assert "\n" not in sentence


def test_observe_and_callables_are_checked_too():
    with pytest.raises(PolicyError, match="1 arguments instead of 2"):
        compile_observe(policy(raises, observe=lambda memory: None))
    with pytest.raises(PolicyError, match="not a plain function"):
        compile_choose(policy(np.argmin.__call__))


def test_what_cannot_be_compiled_still_runs_in_python(monkeypatch):
    monkeypatch.setitem(POLICIES, "raising_test", Policy("raising_test", raises, "Test.", "test", "none"))
    seat = Trial(bind(PolicyChoice(kind="raising_test")), 2, compiled=False)
    assert seat.choose(blank_view(2), plain_request(), 0.1) == 0
