"""LiteLLM's own strategies behind the face of `policies.original`: for runs with the original in the loop, and tests.

It needs the package litellm (extra ``originals``), 1.80 or later. Nothing is sent anywhere: the classes that choose
and count are called as LiteLLM's router calls them, and see the time of the simulation.
"""

import os
import warnings
from collections.abc import Callable, Coroutine, Iterator, Sequence
from contextlib import contextmanager, suppress
from importlib import import_module
from inspect import signature
from typing import Any, Final

import numpy as np

from policies.original import EPOCH, NameIn, SimulatedClock, replaced
from policies.toolbox import keeps
from sim.policy import CANCELLED, DISPATCH, DONE, FAILED, TIMED_OUT, Event, Request
from sim.view import NO_LIMIT, OPEN, PRICE_IN, PRICE_OUT, RPM_LIMIT, TPM_LIMIT

GROUP: Final = "group"
CLASSES: Final = {
    "latency": ("lowest_latency", "LowestLatencyLoggingHandler"),
    "least_busy": ("least_busy", "LeastBusyLoggingHandler"),
    "cost": ("lowest_cost", "LowestCostLoggingHandler"),
    "usage": ("lowest_tpm_rpm_v2", "LowestTPMLoggingHandler_v2"),
    "shuffle": ("simple_shuffle", ""),
}


def load(name: str) -> Any:  # noqa: ANN401 - a module of a package that may be absent
    """Import a module of litellm, which then reads its prices from its own files.

    Raises
    ------
    ImportError
        If the package is not installed.
    """
    os.environ.setdefault("LITELLM_LOCAL_MODEL_COST_MAP", "True")
    with quietly():
        return import_module(name)


@contextmanager
def quietly() -> Iterator[None]:
    """Keep the warnings of LiteLLM's dependencies to themselves."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


class RequestsUniform:
    """Stands in the place of the module ``random``: a draw is the one that our policy makes of the request's uniform.

    Attributes
    ----------
    u
        The uniform of the request at hand.
    rows
        The open rows, in list order.
    """

    def __init__(self) -> None:
        self.u = 0.0
        self.rows: list[int] = []

    def choices(self, among: Sequence[Any], weights: Sequence[float]) -> list[Any]:
        """Draw one by weight."""
        held, total = None, 0.0
        for row, one, weight in sorted(zip(map(self._row, among), among, weights, strict=True), key=lambda it: it[0]):
            total += weight
            if keeps(self.u, row, weight, total):
                held = one
        return [held]

    def choice(self, among: Sequence[Any]) -> Any:  # noqa: ANN401 - one of them
        """Draw one, each with the same probability."""
        return self.choices(among, [1.0] * len(among))[0]

    def sample(self, among: Sequence[Any], count: int) -> list[Any]:
        """Leave the order as it is: the strategies sort afterwards, and draw among the best."""
        assert count == len(among)
        return list(among)

    def _row(self, one: Any) -> int:  # noqa: ANN401 - a deployment, one with its latency, or its place among the open
        if isinstance(one, int):
            return self.rows[one]
        deployment = one[0] if isinstance(one, tuple) else one
        return int(deployment["model_info"]["id"])


class LiteLlmOriginal:
    """One of LiteLLM's strategies, for the offers of one model.

    Parameters
    ----------
    strategy
        ``latency``, ``least_busy``, ``cost``, ``usage`` (usage-based-routing-v2) or ``shuffle``.
    rows
        Number of offers.
    arguments
        LiteLLM's ``routing_strategy_args``.
    streams
        Whether requests are streams, which the latency strategy compares by their first tokens.
    draws
        What stands in the place of the module ``random``; by default the uniform of each request.
    """

    def __init__(
        self, strategy: str, rows: int, arguments: dict[str, Any] | None = None, streams: bool = True,
        draws: Any = None,  # noqa: ANN401 - a random.Random will do
    ) -> None:
        file, name = CLASSES[strategy]
        self.strategy = strategy
        self.module = load(f"litellm.router_strategy.{file}")
        self.litellm = load("litellm")
        with quietly():
            self.litellm.ModelResponse(usage=self.litellm.Usage())  # its first makes the class whole, with warnings
        self.clock = SimulatedClock()
        self.streams = streams
        self.uniform = RequestsUniform()
        self.draws = draws or self.uniform
        self.prompt_tokens = 0
        self.names = self._names()
        self.deployments: list[dict[str, Any]] = [
            {"model_name": GROUP, "litellm_params": {"model": "served"}, "model_info": {"id": str(row)}}
            for row in range(rows)
        ]
        self.handler: Any = self._make_handler(getattr(self.module, name), arguments or {}) if name else None

    def _names(self) -> dict[NameIn, object]:
        """What has another value in LiteLLM's modules while it runs: time, chance, and the count of a prompt."""
        utc_now = lambda: self.clock.datetime.now()  # noqa: E731 - as its function of that name
        of_strategy = {"datetime": self.clock.datetime, "random": self.draws, "get_utc_datetime": utc_now,
                       "token_counter": self._count_tokens, "embedding_aware_token_count": self._count_tokens}
        names: dict[NameIn, object] = {NameIn(self.module, name): value for name, value in of_strategy.items()}
        names[NameIn(load("litellm.caching.in_memory_cache"), "time")] = self.clock
        return names

    def _count_tokens(self, *_: object, **__: object) -> int:
        return self.prompt_tokens

    def _make_handler(self, made: Any, arguments: dict[str, Any]) -> Any:  # noqa: ANN401 - a class of LiteLLM
        cache = load("litellm.caching.caching").DualCache()
        base = load("litellm.router_strategy.base_routing_strategy").BaseRoutingStrategy
        given = {"routing_args": arguments, "clock": self.clock.time}
        taken = {name: value for name, value in given.items() if name in signature(made).parameters}
        # Its task that writes counts to Redis has nothing to do without one.
        with replaced({NameIn(base, "setup_sync_task"): lambda *_, **__: None}), replaced(self.names):
            return made(cache, **taken)

    def choose(self, view: np.ndarray, request: Request, u: float) -> int:
        """Return the row of the deployment that LiteLLM takes, or -1 if it finds none."""
        self.clock.now_s, self.prompt_tokens = request.now_s, request.prompt_tokens
        self.uniform.u, self.uniform.rows = u, [int(row) for row in np.flatnonzero(view[:, OPEN] > 0.0)]
        healthy = [self._posted(view, row) for row in self.uniform.rows]
        with replaced(self.names):
            chosen = self._ask(healthy)
        return -1 if chosen is None else int(chosen["model_info"]["id"])

    def _posted(self, view: np.ndarray, row: int) -> dict[str, Any]:
        """Return a deployment with the prices and limits that are posted now."""
        deployment = self.deployments[row]
        params = deployment["litellm_params"] = {"model": "served"}
        params["input_cost_per_token"] = view[row, PRICE_IN] * 1e-6
        params["output_cost_per_token"] = view[row, PRICE_OUT] * 1e-6
        for name, column in (("rpm", RPM_LIMIT), ("tpm", TPM_LIMIT)):
            if view[row, column] < NO_LIMIT:
                params[name] = float(view[row, column])
        return deployment

    def _ask(self, healthy: list[dict[str, Any]]) -> Any:  # noqa: ANN401 - a deployment or None
        handler = self.handler
        if self.strategy == "shuffle":
            return self._shuffle(healthy)
        if self.strategy == "cost":
            return finished(handler.async_get_available_deployments(GROUP, healthy))
        if self.strategy == "latency":
            return handler.get_available_deployments(GROUP, healthy, request_kwargs={"stream": self.streams})
        if self.strategy == "least_busy":
            reserves = "reserve" in signature(handler.get_available_deployments).parameters
            return handler.get_available_deployments(GROUP, healthy, **({"reserve": True} if reserves else {}))
        try:
            return handler.get_available_deployments(GROUP, healthy)
        except ValueError:  # no deployments available
            return None

    def _shuffle(self, healthy: list[dict[str, Any]]) -> Any:  # noqa: ANN401 - a deployment
        shuffle: Callable[..., Any] = self.module.simple_shuffle
        if "llm_router_instance" in signature(shuffle).parameters:  # until 1.100
            return shuffle(_Printer(), healthy, GROUP)
        return shuffle(lambda _: None, healthy, GROUP, None)

    def observe(self, event: Event) -> None:
        """Call what LiteLLM's router calls at such an event."""
        self.clock.now_s = event.now_s
        with replaced(self.names):
            if self.strategy == "least_busy":
                self._count_in_flight(event)
            elif self.strategy == "usage" and event.kind == DISPATCH:
                with suppress(self.litellm.RateLimitError):  # too late: the request is on its way
                    self.handler.pre_call_check(self.deployments[event.row])
            elif self.strategy == "latency" and event.kind == FAILED:
                finished(self.handler.async_log_failure_event(self._call(event), None, 0.0, event.e2e_s))
            elif self.handler is not None and event.kind == DONE:
                self._log_answer(event)

    def _count_in_flight(self, event: Event) -> None:
        call = self._call(event)
        if event.kind == DISPATCH:
            self.handler.log_pre_api_call("served", [], call)
        elif event.kind == DONE:
            self.handler.log_success_event(call, None, 0.0, event.e2e_s)
        elif event.kind in (FAILED, CANCELLED):
            self.handler.log_failure_event(call, None, 0.0, event.e2e_s)

    def _log_answer(self, event: Event) -> None:
        usage = self.litellm.Usage(prompt_tokens=event.prompt_tokens, completion_tokens=event.output_tokens,
                                   total_tokens=event.prompt_tokens + event.output_tokens)
        answer = self.litellm.ModelResponse(usage=usage)
        took: Any = event.e2e_s if self.strategy == "latency" else self.clock.timedelta(seconds=event.e2e_s)
        start: Any = 0.0 if self.strategy == "latency" else EPOCH
        self.handler.log_success_event(self._call(event), answer, start, start + took)

    def _call(self, event: Event) -> dict[str, Any]:
        """Return what LiteLLM tells its loggers of a call; its start is time 0, as only differences count."""
        late = event.kind == FAILED and event.failure == TIMED_OUT
        return {
            "litellm_params": {"metadata": {"model_group": GROUP}, "model_info": {"id": str(event.row)}},
            "stream": self.streams, "completion_start_time": event.ttft_s,
            "exception": self.litellm.Timeout("late", "served", "") if late else RuntimeError("failed"),
            "standard_logging_object": {
                "model_group": GROUP, "model_id": str(event.row), "hidden_params": {"litellm_model_name": "served"},
                "total_tokens": event.prompt_tokens + event.output_tokens,
            },
        }


class _Printer:
    """All that LiteLLM's old shuffle wants of a router: a text for its log."""

    def print_deployment(self, deployment: dict[str, Any]) -> str:
        return str(deployment["model_info"]["id"])


def finished(task: Coroutine[Any, Any, Any]) -> Any:  # noqa: ANN401 - whatever it returns
    """Run a coroutine that waits for nothing, as those of a cache in memory do, to its end."""
    try:
        task.send(None)
    except StopIteration as end:
        return end.value
    task.close()
    raise RuntimeError("an original waits for something that never comes")
