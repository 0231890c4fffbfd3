"""Settings of random markets for what rests and who waits: drawn by themselves, so that the others stay as they are."""

from typing import Any

import numpy as np


def with_waiting(seed: int, number: int, router: dict[str, Any]) -> dict[str, Any]:
    """Return a random router's settings, in a third of the cases with LiteLLM's cool-down.

    Parameters
    ----------
    seed, number
        Of the market, and of the router in it.
    router
        Its other settings.
    """
    rng = np.random.default_rng([seed, number, 14])
    if rng.random() >= 1 / 3:
        return router
    seconds = router.get("cooldown", {}).get("seconds", 5.0)
    return {**router, "cooldown": {
        "rule": "litellm", "seconds": seconds, "failure_share": float(rng.choice([0.0, 0.5, 0.9])),
        "least_requests": int(rng.integers(1, 6)), "lone_requests": int(rng.integers(1, 12)),
        "window_s": float(rng.choice([0.5, 5.0, 60.0])),
    }}
