"""The memory of what rests, who waits for it, and who pays for answers in part, at time 0."""

from typing import Any

import numpy as np

from sim.engines.compiled.bill_records import PartBill
from sim.engines.compiled.records import RouterQueue
from sim.engines.compiled.state import Supply
from sim.engines.offer_weights import weighs
from sim.engines.record import Rows, rows_of, table
from sim.engines.rules import COOLDOWN_RULES, PAYERS
from sim.scenario import Router


def rest_fields(router: Router) -> dict[str, Any]:
    """Fields of a `sim.engines.compiled.records.LiveRouter` that say when offers rest, requests wait, and who pays."""
    rule, breaker = router.cooldown, router.breaker
    return {
        "budget_s": router.attempts.budget_s,
        "max_attempts": router.attempts.maximum,
        "retry_tried": router.attempts.retry_tried,
        **payer_fields(router),
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


def slow_start_fields(router: Router) -> dict[str, Any]:
    """Fields of a router's record that say how weights of offers grow."""
    slow = router.slow_start
    return {"weighs": weighs(router), "slow_window_s": slow.window_s, "slow_aggression": slow.aggression,
            "slow_min_share": slow.min_share}


def payer_fields(router: Router) -> dict[str, Any]:
    """Fields of a router's record that say who pays for answers in part."""
    billing = router.billing
    return {
        "bills_parts": billing.broken_stream != "nobody" or billing.customer_left != "nobody",
        "broken_payer": PAYERS.index(billing.broken_stream),
        "left_payer": PAYERS.index(billing.customer_left),
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


def no_debts(attempts: int) -> dict[str, Any]:
    """What a shard keeps of so many slots of attempts for the books, empty."""
    return {"bills": table(np.zeros(attempts, PartBill.dtype()), PartBill), "owed": np.zeros(attempts, np.int32)}


def more_debts(supply: Supply) -> dict[str, Any]:
    """The same after the pool of attempts has doubled."""
    bills, more = rows_of(supply.bills), no_debts(len(supply.owed))
    return {"bills": table(np.concatenate([bills, rows_of(more["bills"])]), PartBill),
            "owed": np.concatenate([supply.owed, more["owed"]])}
