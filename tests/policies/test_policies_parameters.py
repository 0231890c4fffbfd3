"""Parameters are found by name, wherever they stand in their class; labels are read the same way everywhere."""

import ast
import re
import sys
from dataclasses import replace
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from pydantic import BaseModel

from policies import POLICIES, bind
from policies.labels import choice_of, policies_of
from policies.trial import Trial, blank_view
from sim import view as v
from sim.errors import PolicyError, ScenarioError
from sim.policy import DONE, FAILED, FIRST_TOKEN, BoundPolicy, Event, Policy, Request, places
from sim.scenario import PolicyChoice
from sim.units import DAY_S
from worlds.places import ROOT

FILES = sorted({Path(sys.modules[policy.choose.__module__].__file__ or "").stem for policy in POLICIES.values()
                if policy.choose.__module__.startswith("policies.")})
# parameters far enough from their defaults to show in the choices
OTHERS = {
    "thompson": {"value_usd": 0.3, "memory_s": 20.0}, "drift_plus_penalty": {"v": 3e4}, "smooth_wrr": {"k": 0.7},
    "litellm_latency": {"buffer": 0.6, "list_size": 3, "ttl_s": 40.0, "ttft_percentile": 0.9},
    "litellm_least_busy": {"ties_first": False, "reservation_s": 5.0},
    "llmgateway": {"price": 0.1, "latency": 0.9, "exploration": 0.3, "ties_first": False},
    "power_of_d": {"d": 3, "by_tokens": True}, "peak_ewma": {"decay_s": 3.0, "whole_answer": True},
    "openrouter_classic": {"k": 0.5, "window_s": 400.0, "cut_weight": 0.3},
    "openrouter_sketch": {"softness": 2.0, "wait_cost": 3.0},
    "openrouter_adjusted": {"ttft_cost": 2.0, "peer_requests": 3.0, "memory_s": 60.0, "cut_weight": 0.3},
    "c3": {"alpha": 0.3, "exponent": 1.0, "clients": 4.0}, "gie": {"queue": 0.5, "kv_cache": 3.0},
    "prefix_affinity": {"load_factor": 0.3}, "vercel": {"sort": 3}, "bounded_hash": {"slack": 2.0},
    "prequal": {"q_rif": 0.4, "r_probe": 1.5, "max_age_s": 30.0}, "weighted": {"exponent": 3.0},
}


class Reversed(ast.NodeTransformer):
    """Turns round the order of the fields of every parameter class."""

    def visit_ClassDef(self, node: ast.ClassDef) -> ast.ClassDef:
        fields = iter([part for part in node.body if isinstance(part, ast.AnnAssign)][::-1])
        node.body = [next(fields) if isinstance(part, ast.AnnAssign) else part for part in node.body]
        return node


def reordered(stem: str, monkeypatch: pytest.MonkeyPatch) -> list[Policy]:
    """The policies of a file, as they would be if somebody had reordered its classes' fields."""
    tree = Reversed().visit(ast.parse((ROOT / "policies" / f"{stem}.py").read_text(encoding="utf-8")))
    module = ModuleType(f"reordered_{stem}")
    monkeypatch.setitem(sys.modules, module.__name__, module)
    # its choices are looked at in plain Python, so nothing that it calls need be compiled
    monkeypatch.setattr("sim.compiled.njit", lambda **_: lambda function: function)
    exec(compile(ast.fix_missing_locations(tree), f"reordered_{stem}", "exec"), module.__dict__)
    return [value for value in vars(module).values() if isinstance(value, Policy)]


def choices(bound: BoundPolicy) -> list[int]:
    """What a policy chooses, in plain Python, in a random but fixed history."""
    rng = np.random.default_rng(5)
    seat = Trial(bound, 5, compiled=False)
    chosen = []
    for step in range(120):
        view = blank_view(5)
        view[:, v.COST_USD] = rng.uniform(0.001, 0.01, 5)
        view[:, [v.PRICE_IN, v.PRICE_OUT, v.TTFT_P50]] = rng.uniform(0.1, 2.0, (5, 3))
        view[:, [v.THROUGHPUT_EWMA, v.THROUGHPUT_P50]] = rng.uniform(10, 90, (5, 2))
        view[:, [v.IN_FLIGHT, v.PUBLISHED_IN_FLIGHT, v.PUBLISHED_LATENCY_S]] = rng.integers(0, 6, (5, 3))
        view[:, v.OUTSTANDING_TOKENS] = rng.integers(0, 9000, 5)
        view[:, [v.ERROR_SHARE_5M, v.REFUSAL_SHARE_5M]] = rng.uniform(0, 0.4, (5, 2))
        view[:, v.LAST_OUTAGE_S] = 3.0 * step - rng.uniform(0, 600, 5)
        view[:, v.PRICE_CUT_S] = 3.0 * step - rng.uniform(0, 14 * DAY_S, 5)
        row = seat.choose(view, Request(3.0 * step, 1000, 200.0, 0, -1, 0, 0), float(rng.random()))
        chosen.append(row)
        ttft_s, kind = float(rng.exponential(2.0)), int(rng.choice([DONE, FIRST_TOKEN, FAILED], p=[0.5, 0.4, 0.1]))
        seat.observe(Event(kind, max(row, 0), 3.0 * step + ttft_s, 1000, 150, ttft_s, ttft_s + 4.0, 7, 1e-3, 2e-3))
    return chosen


@pytest.mark.parametrize("stem", FILES)
def test_reordering_the_fields_of_a_class_changes_no_choice(stem: str, monkeypatch: pytest.MonkeyPatch) -> None:
    found = reordered(stem, monkeypatch)
    assert found
    for other in found:
        fields = list(other.parameters.model_fields)
        assert fields == list(POLICIES[other.kind].parameters.model_fields)[::-1]
        for given in ({}, OTHERS.get(other.kind, {})):
            plain = bind(PolicyChoice.model_validate({"kind": other.kind, **given}))
            assert choices(BoundPolicy(other, other.parameters.model_validate(given))) == choices(plain), other.kind


@pytest.mark.parametrize("kind", sorted(OTHERS))
def test_the_parameters_of_that_test_do_something(kind: str) -> None:
    other = bind(PolicyChoice.model_validate({"kind": kind, **OTHERS[kind]}))
    assert choices(other) != choices(bind(PolicyChoice(kind=kind)))


def test_no_policy_reads_a_parameter_by_a_number() -> None:
    for path in (ROOT / "policies").glob("*.py"):
        assert not re.findall(r"params\[\s*\d", path.read_text(encoding="utf-8")), path.name


class Three(BaseModel):
    """Three parameters."""

    b: float = 1.0
    a: float = 2.0
    c: float = 3.0


AT = places(Three)


def by_name(view, request, memory, u):
    return int(memory.params[AT.a])


def misspelt(view, request, memory, u):
    return int(memory.params[AT.d])


def test_places_are_named_and_compile_to_constants() -> None:
    assert (AT.b, AT.a, AT.c) == (0, 1, 2)
    policy = Policy("three", by_name, "Test.", "test", "none", parameters=Three)
    for compiled in (False, True):
        seat = Trial(BoundPolicy(policy, Three()), 4, compiled)
        assert seat.choose(blank_view(4), Request(0.0, 1, 1.0, 0, -1, 0, 0), 0.5) == 2
    with pytest.raises(PolicyError, match=r"policy 'three' cannot be compiled: .*, line \d+: .*'d'"):
        Trial(BoundPolicy(replace(policy, choose=misspelt), Three()), 4)


def test_labels_are_a_policy_and_its_parameters() -> None:
    chosen = policies_of(["power_of_d:d=3:by_tokens=true", "llmgateway_2026"], "policies")
    assert list(chosen) == ["power_of_d:d=3:by_tokens=true", "llmgateway_2026"]
    assert bind(chosen["power_of_d:d=3:by_tokens=true"]).values.model_dump() == {
        "d": 3, "replacement": False, "by_tokens": True}


@pytest.mark.parametrize(
    ("labels", "error", "sentence"),
    [
        (["random", "random"], PolicyError, "--policies names 'random' twice"),
        (["random", ""], PolicyError, "--policies has an empty name; write names with commas, such as random"),
        (["power_of_d:a.b=1"], PolicyError, "--policies power_of_d:a.b=1: 'a.b=1' is not of the form name=value"),
        (["cheapst"], ScenarioError, "--policies cheapst.kind is 'cheapst', which is no policy or preset; did"),
        (["power_of_d:d=0"], ScenarioError, "--policies power_of_d:d=0.d is 0"),
    ],
)
def test_a_wrong_label_is_told_in_one_sentence(labels: list[str], error: type, sentence: str) -> None:
    with pytest.raises(error) as problem:
        policies_of(labels, "--policies")
    assert str(problem.value).startswith(sentence)
    if len(labels) == 1:
        with pytest.raises(error, match=r"^policy "):
            choice_of(labels[0])
