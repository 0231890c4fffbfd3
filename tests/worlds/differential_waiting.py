"""Settings of random markets for what rests and who waits: drawn by themselves, so that the others stay as they are."""

from typing import Any

import numpy as np

from sim.engines.rules import PAYERS
from worlds.small import Client


def with_waiting(seed: int, number: int, router: dict[str, Any]) -> dict[str, Any]:
    """Return a random router's settings, in half of the cases with somebody who pays for answers in part, in a
    third with LiteLLM's cool-down.

    Parameters
    ----------
    seed, number
        Of the market, and of the router in it.
    router
        Its other settings.
    """
    rng = np.random.default_rng([seed, number, 14])
    if rng.random() < 0.5:
        router = {**router, "billing": {name: str(rng.choice(PAYERS)) for name in ("broken_stream", "customer_left")}}
    if rng.random() >= 1 / 3:
        return router
    seconds = router.get("cooldown", {}).get("seconds", 5.0)
    return {**router, "cooldown": {
        "rule": "litellm", "seconds": seconds, "failure_share": float(rng.choice([0.0, 0.5, 0.9])),
        "least_requests": int(rng.integers(1, 6)), "lone_requests": int(rng.integers(1, 12)),
        "window_s": float(rng.choice([0.5, 5.0, 60.0])),
    }}


def with_stay(seed: int, number: int, client: Client) -> Client:
    """Return a random market's class, in a third of the cases of customers who may leave after the first token."""
    rng = np.random.default_rng([seed, number, 15])
    return client._replace(stay_s=float(rng.uniform(0.2, 6.0))) if rng.random() < 1 / 3 else client
