"""A policy of somebody's own is tried in plain Python, where bounds are checked, before compiled code runs it.

Compiled code checks no bounds: a policy that writes past the end of its memory would change the engine's. So it first
plays a small market of its own on the reference engine, until it has seen ten thousand views and events, and the
compiled function must then choose the same rows from the same views.
"""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType, FunctionType
from typing import Any, Final

import numba
import numpy as np
from numba.core.dispatcher import Dispatcher

from sim.assemble import build_world
from sim.compiled import module_of
from sim.demand.feed import DemandFeed
from sim.engines.reference import ReferenceEngine
from sim.engines.schedule import flat
from sim.engines.steptime import StepCoefficients
from sim.engines.world import OfferSpec
from sim.errors import PolicyError
from sim.policy import BoundPolicy, Event, Memory, Policy, Request
from sim.scenario import TrafficScenario
from sim.scenario.load import scenario_of
from sim.streams import Streams
from sim.view import OPEN

ENOUGH: Final = 10_000  # views and events
MOST_LINES: Final = 200_000  # of a policy in one call: a loop that long would stand still for minutes in a run
OFFERS: Final = 5
LOOK_S: Final = 1.0
MISTAKES: Final = (ArithmeticError, LookupError, ValueError, TypeError, AttributeError, NameError, RecursionError)
_TRIED: dict[tuple[Any, ...], bool] = {}  # what passed in this process, by functions and parameters


def try_out(bound: BoundPolicy) -> None:
    """Try a policy that is not the package's own; one that has passed in this process is not tried again.

    Parameters
    ----------
    bound
        The policy with its parameters.

    Raises
    ------
    PolicyError
        If it reads or writes outside its arrays, writes what is read-only, chooses a row that is not there or closed,
        does not come to an end, or chooses otherwise once it is compiled. The text has file, line, and the number of
        the view or event.
    """
    policy = bound.policy
    if not isinstance(policy.choose, FunctionType) or module_of(policy.choose.__code__.co_filename) is not None:
        return
    key = (policy.choose, policy.observe, policy.offer_slots, policy.shared_slots, bound.parameter_array().tobytes())
    if key in _TRIED:
        return
    watch = _Watch(bound)
    _play(watch)
    _compare(watch)
    _TRIED[key] = True


class _Watch:
    """Stands between the reference engine and a policy, checks every call, and notes it."""

    def __init__(self, bound: BoundPolicy) -> None:
        policy = bound.policy
        self.bound = bound
        made: dict[int, FunctionType] = {}
        self.choose = _in_python(policy.choose, made)
        self.observe = _in_python(policy.observe, made) if policy.observe else None
        self.files = {function.__code__.co_filename for function in made.values()}
        self.calls: list[tuple[Any, ...]] = []
        self.memory = self.new_memory()

    def new_memory(self) -> Memory:
        """Return the policy's memory as a run begins with it; its parameters may only be read."""
        policy = self.bound.policy
        parameters = self.bound.parameter_array()
        parameters.flags.writeable = False
        return Memory(np.zeros((OFFERS, policy.offer_slots)), np.zeros(policy.shared_slots), parameters)

    def policy(self) -> BoundPolicy:
        """Return what the engine plays with: this object in the place of the policy."""
        own = self.bound.policy
        watched = Policy(own.kind, self.asked, own.summary, own.source, own.ties, own.parameters, self.told,
                         own.offer_slots, own.shared_slots, own.oracle)
        return BoundPolicy(watched, self.bound.values)

    def asked(self, view: np.ndarray, request: Request, _memory: Memory, u: float) -> int:
        """Let the policy choose from a copy of a view that it cannot change."""
        seen = view.copy()
        seen.flags.writeable = False
        row = self._call(self.choose, seen, request, self.memory, u)
        if not isinstance(row, int | np.integer) or isinstance(row, bool):
            raise self._refusal(f"choose returns {row!r}, but must return an int")
        if row != -1 and not (0 <= row < len(view) and view[row, OPEN] > 0):
            raise self._refusal(f"choose returns {int(row)}, but allowed are -1 and those of the rows 0 to "
                                f"{len(view) - 1} that are open")
        self.calls.append((seen, request, u, int(row)))
        return int(row)

    def told(self, _memory: Memory, event: Event) -> None:
        """Let the policy hear of an event."""
        if self.observe is not None:
            self._call(self.observe, self.memory, event)
        self.calls.append((event,))

    def _call(self, function: Callable[..., Any], *arguments: Any) -> Any:  # noqa: ANN401 - whatever it returns
        try:
            with _few_lines(self.files), np.errstate(all="ignore"):
                return function(*arguments)
        except _TooLong as error:
            raise self._refusal(f"it has run {MOST_LINES} lines in one call and goes on", error) from None
        except MISTAKES as error:
            raise self._refusal(f"{type(error).__name__}: {error}", error) from None

    def _refusal(self, why: str, error: Exception | None = None) -> PolicyError:
        policy = self.bound.policy
        code: Any = getattr(policy.choose, "__code__", None)
        file, line = code.co_filename, code.co_firstlineno
        trace = error.__traceback__ if error else None
        while trace is not None:  # the last line of the user's own files that was reached
            if trace.tb_frame.f_code.co_filename in self.files:
                file, line = trace.tb_frame.f_code.co_filename, trace.tb_lineno
            trace = trace.tb_next
        number = len(self.calls) + 1
        return PolicyError(f"policy {policy.kind!r} fails its trial at view or event {number} of {ENOUGH}: {file}, "
                           f"line {line}: {why}")


class _TooLong(Exception):
    """A call has run too many lines."""


@contextmanager
def _few_lines(files: set[str]) -> Iterator[None]:
    """Count the lines of some files that Python runs in a block, and stop it when they are too many."""
    left = MOST_LINES

    def count(_frame: FrameType, what: str, _argument: Any) -> Any:  # noqa: ANN401 - as sys.settrace wants it
        nonlocal left
        left -= what == "line"
        if left < 0:
            raise _TooLong
        return count

    def enter(frame: FrameType, _what: str, _argument: Any) -> Any:  # noqa: ANN401 - as sys.settrace wants it
        return count if frame.f_code.co_filename in files else None

    before = sys.gettrace()
    sys.settrace(enter)
    try:
        yield
    finally:
        sys.settrace(before)


def _in_python(function: Any, made: dict[int, FunctionType]) -> Any:  # noqa: ANN401 - any function of a user's
    """Return a function whose compiled helpers, unless they are the package's, run in plain Python, too."""
    plain = function.py_func if isinstance(function, Dispatcher) else function
    if not isinstance(plain, FunctionType) or module_of(plain.__code__.co_filename) is not None:
        return function
    if id(plain) not in made:
        names = dict(plain.__globals__)
        copy = FunctionType(plain.__code__, names, plain.__name__, plain.__defaults__, plain.__closure__)
        made[id(plain)] = copy
        names |= {name: _in_python(names[name], made) for name in plain.__code__.co_names
                  if isinstance(names.get(name), Dispatcher | FunctionType)}
    return made[id(plain)]


def _play(watch: _Watch) -> None:
    """Run the trial's market until the policy has seen enough; outages, refusals and other prices included."""
    scenario = _scenario()
    world = build_world(scenario, [_offer(number) for number in range(OFFERS)], {"main": watch.policy()})
    engine = ReferenceEngine(world, DemandFeed(world, Streams(scenario.seed, 0)))
    look = 0
    while len(watch.calls) < ENOUGH and look * LOOK_S < scenario.traffic.duration_s:
        look += 1
        engine.advance(look * LOOK_S)
        engine.set_up(look % OFFERS, look % 7 != 0)
        engine.set_up((look + 3) % OFFERS, True)
        engine.set_price(look % OFFERS, 1000 * (50 + 37 * look % 400), 1000 * (200 + 61 * look % 900))


def _compare(watch: _Watch) -> None:
    """Let the compiled functions see the same views and events: they must choose the same rows."""
    policy, memory = watch.bound.policy, watch.new_memory()
    memory = Memory(memory.offers, memory.shared, watch.bound.parameter_array())
    choose: Any = numba.njit(error_model="numpy")(policy.choose)
    observe: Any = numba.njit(error_model="numpy")(policy.observe) if policy.observe else None
    for number, call in enumerate(watch.calls, 1):
        if len(call) == 1:
            if observe is not None:
                observe(memory, call[0])
            continue
        view, request, u, row = call
        view.flags.writeable = True  # the type that the engine passes; the trial has shown that it is not written to
        found = int(choose(view, request, memory, u))
        if found != row:
            raise PolicyError(f"policy {policy.kind!r} fails its trial at view or event {number} of {ENOUGH}: compiled "
                              f"it chooses row {found}, but in plain Python row {row}")


def _scenario() -> TrafficScenario:
    """Two classes, one in sessions, against offers that differ; every trial is the same."""
    lengths = {"kind": "lognormal", "mean": 200, "maximum": 2000}
    group = {"model": "toy", "prompt_tokens": lengths, "output_tokens": {**lengths, "mean": 6, "maximum": 40}}
    serving = {"kind": "affine", "base_s": 0.01}
    offer = {"model": "toy", "serving": serving, "price": {"input_usd_per_mtok": 0, "output_usd_per_mtok": 0}}
    found = scenario_of({
        "name": "trial", "seed": 20261128,
        "traffic": {"duration_s": 600.0, "drain_s": 0.0, "engine": "reference", "publish_period_s": 5.0},
        "routers": {"main": {"exploration": 0.1, "cooldown": {"seconds": 3.0},
                             "attempts": {"first_token_timeout_s": 2.0}}},
        "demand": {
            "chat": {**group, "arrivals": {"kind": "poisson", "rate_per_s": 15.0}},
            "agent": {**group, "arrivals": {"kind": "poisson", "rate_per_s": 3.0}, "patience_s": 5.0,
                      "sessions": {"mean_turns": 3.0, "think_s": 5.0}},
        },
        "providers": {f"p{number}": {"offers": {"toy": offer}} for number in range(OFFERS)},
    }, source="the trial of a policy")
    assert isinstance(found, TrafficScenario)
    return found


def _offer(number: int) -> OfferSpec:
    """An offer of the trial's market: later ones are faster and dearer, some have limits, some fail."""
    step = StepCoefficients(base_s=0.03 / (1 + number), weights_s=0.0, experts_s=0.0, miss_log=0.0, kv_s=0.0,
                            token_s=0.0, pair_s=0.0, comm_token_s=1e-5)
    return OfferSpec(
        provider=f"p{number}", name="toy", model="toy", region="us-east", replicas=1 + number % 2,
        balancer=number % 5,
        max_batch=1 if number % 3 == 1 else 8, max_step_tokens=512, kv_capacity_tokens=20_000, seq_overhead_tokens=0,
        step=step, price=flat(100_000 * (number // 2), 400_000 * (number // 2)), context_tokens=4000,
        requests_per_min=60 if number % 3 == 0 else 0, tokens_per_min=0, requests_per_day=0,
        tokens_per_day=0, by_minute=False, per_customer=False, queue=0 if number % 3 == 1 else -1,
        fast_failure_share=0.05 if number % 4 == 2 else 0.0, fast_failure_s=0.005,
        midstream_share=0.05 if number % 4 == 3 else 0.0, gpus=0, gpu_usd_per_hour=0.0)
