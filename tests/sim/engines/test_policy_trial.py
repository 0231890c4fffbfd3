"""Policies of somebody's own are tried before compiled code runs them: what reaches out of bounds never gets there."""


import numba
import numpy as np
import pytest

from policies.toolbox import lowest
from sim.engines.policy_trial import try_out
from sim.errors import PolicyError
from sim.policy import DONE, BoundPolicy, NoParameters, Policy
from sim.view import COST_USD, OPEN, TTFT_P90


def bound(choose, observe=None, slots=2, shared=1):
    return BoundPolicy(Policy("mine", choose, "Test.", "test", "none", observe=observe, offer_slots=slots,
                              shared_slots=shared), NoParameters())


def first_open(view, request, memory, u):
    for row in range(view.shape[0]):
        if view[row, OPEN] > 0.0:
            return row
    return -1


def remembers(view, request, memory, u):
    memory.shared[0] += 1.0
    for row in range(view.shape[0]):
        memory.offers[row, 0] = view[row, COST_USD] / view[row, TTFT_P90] + memory.offers[row, 1]
    return lowest(view, memory.offers, 0, u)


def hears(memory, event):
    if event.kind == DONE:
        memory.offers[event.row, 1] = event.ttft_s


def far_away(view, request, memory, u):
    memory.offers[0, 500000] = 1.0
    return first_open_compiled(view)


@numba.njit
def first_open_compiled(view):
    for row in range(view.shape[0]):
        if view[row, OPEN] > 0.0:
            return row
    return -1


@numba.njit
def past_the_end_compiled(view):
    best = 0.0
    for row in range(view.shape[0] + 1):
        best += view[row, OPEN]
    return best


def past_the_end(view, request, memory, u):
    total = past_the_end_compiled(view)
    return first_open_compiled(view) if total > 0.0 else -1


def too_negative(view, request, memory, u):
    memory.shared[-2] = 1.0
    return -1


def late(view, request, memory, u):
    memory.shared[0] += 1.0
    memory.shared[int(memory.shared[0]) // 1000] += 0.0
    return first_open_compiled(view)


def writes_the_view(view, request, memory, u):
    view[0, OPEN] = 1.0
    return 0


def writes_parameters(view, request, memory, u):
    memory.params[:] = 1.0
    return 0


def endless(view, request, memory, u):
    x = 0
    while view.shape[0] > 0:
        x += 1
    return x


def not_a_row(view, request, memory, u):
    return view.shape[0]


def closed(view, request, memory, u):
    for row in range(view.shape[0]):
        if view[row, OPEN] == 0.0:
            return row
    return -1


def a_score(view, request, memory, u):
    return view[0, COST_USD]


def observes_far_away(memory, event):
    memory.offers[event.row + 8, 0] = 1.0


@pytest.mark.parametrize(("choose", "observe", "offset", "why"), [
    (far_away, None, 1, "IndexError: index 500000 is out of bounds for axis 1 with size 2"),
    (past_the_end, None, None, "IndexError: index 5 is out of bounds for axis 0 with size 5"),
    (too_negative, None, 1, "IndexError: index -2 is out of bounds"), (late, None, 2, "IndexError: index 1 is out"),
    (writes_the_view, None, 1, "ValueError: assignment destination is read-only"),
    (writes_parameters, None, 1, "ValueError: assignment destination is read-only"),
    (endless, None, None, "lines in one call and goes on"),
    (not_a_row, None, 0, r"choose returns 5, but allowed are -1 and those of the rows 0 to 4 that are open"),
    (closed, None, 0, "that are open"), (a_score, None, 0, "but must return an int"),
    (first_open, observes_far_away, None, "IndexError: index"),
])
def test_what_goes_wrong_is_told_with_file_line_and_view(choose, observe, offset, why):
    with pytest.raises(PolicyError, match=why) as raised:
        try_out(bound(choose, observe))
    text = str(raised.value)
    assert text.startswith("policy 'mine' fails its trial at view or event ")
    if offset is not None:
        assert f"test_policy_trial.py, line {choose.__code__.co_firstlineno + offset}: " in text


def test_a_sound_policy_sees_ten_thousand_and_is_tried_once(monkeypatch):
    from sim.engines import policy_trial

    watches = []
    compare = policy_trial._compare
    monkeypatch.setattr(policy_trial, "_compare", lambda watch: (watches.append(watch), compare(watch)))
    for _ in range(2):
        try_out(bound(remembers, hears))
    (watch,) = watches
    assert len(watch.calls) >= 10_000
    views = [call for call in watch.calls if len(call) > 1]
    assert len(views) > 2000
    assert 0 < np.mean([view[:, OPEN].mean() for view, *_ in views]) < 1  # some offers rest
    assert {call[0].kind for call in watch.calls if len(call) == 1} == {0, 1, 2, 3, 4}
    assert {call[0].failure for call in watch.calls if len(call) == 1} >= {0, 1, 2, 3, 4, 6}


def test_a_policy_that_chooses_otherwise_once_compiled_is_refused():
    with pytest.raises(PolicyError, match="compiled it chooses row"):
        try_out(bound(depends))




def is_compiled():
    return False


@numba.extending.overload(is_compiled)
def _is_compiled():
    return lambda: True


def depends(view, request, memory, u):
    found = -1
    for row in range(view.shape[0]):
        if view[row, OPEN] > 0.0 and (found < 0 or is_compiled()):
            found = row
    return found
