"""The memory of what rests and who waits for it, at time 0."""

from typing import Any

import numpy as np

from sim.engines.compiled.records import RouterQueue
from sim.engines.record import Rows, table
from sim.engines.rules import COOLDOWN_RULES
from sim.scenario import Router


def rest_fields(router: Router) -> dict[str, Any]:
    """Fields of a router's record (`sim.engines.compiled.records.LiveRouter`) that say when its offers rest."""
    rule, breaker = router.cooldown, router.breaker
    return {
        "cooldown_s": rule.seconds,
        "cooldown_rule": COOLDOWN_RULES.index(rule.rule),
        "cooldown_after": rule.after,
        "cooldown_window_s": rule.window_s,
        "cooldown_share": rule.failure_share,
        "cooldown_least": rule.least_requests,
        "cooldown_lone": rule.lone_requests,
        "breaker_s": breaker.open_s,
        "breaker_failures": breaker.failures,
        "breaker_successes": breaker.successes,
    }


def new_queues(routers: int, models: int) -> Rows[RouterQueue]:
    """Empty queues of requests that wait for an offer to return, (routers, models)."""
    queues = np.zeros((routers, models), RouterQueue.dtype())
    queues["look_s"] = np.inf
    for name in ("head", "tail", "cursor"):
        queues[name] = -1
    return table(queues, RouterQueue)


def new_links(requests: int) -> np.ndarray:
    """The links of the lists that the queues are, for as many slots of requests."""
    return np.zeros((requests, 2), np.int32)
