"""Random markets that turn every feature on and off: what both engines must agree on.

Times, coefficients and lengths are continuous or drawn from wide ranges on purpose: where two things happen
at the very same time by accident, rounding would decide which is first.
"""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from policies import POLICIES, PRESETS, bind
from sim import view as v
from sim.engines.steptime import StepCoefficients
from sim.engines.world import BALANCERS, REQUEST, OfferSpec, World
from sim.policy import BoundPolicy
from sim.scenario import PolicyChoice
from worlds import small as worlds
from worlds.small import Change, Client

COLUMNS = (v.COST_USD, v.IN_FLIGHT, v.OUTSTANDING_TOKENS, v.TTFT_EWMA_S, v.TPOT_EWMA_S, v.TTFT_P50,
           v.TTFT_P99, v.TPOT_P90, v.ERROR_SHARE_30S, v.ERROR_SHARE_5M, v.REFUSAL_SHARE_30S,
           v.REFUSAL_SHARE_5M, v.LAST_OUTAGE_S, v.REQUESTS_THIS_MINUTE, v.TOKENS_THIS_MINUTE,
           v.CAPACITY_PER_S, v.OBSERVED_AT_S, v.PUBLISHED_IN_FLIGHT, v.PUBLISHED_LATENCY_S, v.THROUGHPUT_P90)


@dataclass(frozen=True)
class Case:
    """A market, its requests in blocks, and what the calendar does to it until ``end_s``."""

    world: World
    blocks: list[np.ndarray]
    changes: list[Change]
    end_s: float


def random_case(seed: int) -> Case:
    """The random market of a seed."""
    rng = np.random.default_rng(seed)
    models = [f"m{index}" for index in range(rng.integers(1, 4))]
    names = ["main", "other"][: rng.integers(1, 3)]
    offers = [_offer(rng, index, models) for index in range(max(len(models), rng.integers(1, 13)))]
    duration_s = float(rng.uniform(20, 150))
    traffic = {"duration_s": duration_s, "warmup_s": _maybe(rng, 0.5, duration_s * 0.2, 0.0),
               "publish_period_s": _maybe(rng, 0.3, float(rng.uniform(0.5, 10)), None),
               "published_weight": float(rng.spawn(1)[0].uniform(0.02, 1))}
    world = worlds.world(
        offers, [_policy(rng) for _ in names], routers={name: _router(rng) for name in names},
        clients=[_client(rng, models, names) for _ in range(rng.integers(1, 4))], traffic=traffic,
        delay_s=_maybe(rng, 0.7, rng.uniform(0.001, 0.2, (len(names), len(offers))), 0.0),
    )
    table = _requests(rng, world, duration_s)
    cuts = np.sort(rng.integers(0, len(table), rng.integers(0, 3)))
    changes = _changes(rng, world, duration_s)
    end_s = duration_s + _maybe(rng, 0.8, 100.0, 0.5)
    blocks = [block for block in np.split(table, cuts) if len(block)]  # an empty block would be a pause
    return Case(world, blocks, [change for change in changes if change.time_s < end_s], end_s)


def _maybe(rng: np.random.Generator, share: float, on: Any, off: Any) -> Any:
    """``on`` with probability ``share``, else ``off`` (both are drawn in any case)."""
    return on if rng.random() < share else off


def _offer(rng: np.random.Generator, index: int, models: list[str]) -> OfferSpec:
    max_batch = int(rng.integers(1, 9))
    return worlds.offer(
        _roofline(rng) if rng.random() < 0.5 else _affine(rng),
        provider=f"p{index % 5}", name=f"o{index}",
        model=models[index] if index < len(models) else str(rng.choice(models)),
        replicas=int(rng.integers(1, 5)), balancer=int(rng.integers(len(BALANCERS))), max_batch=max_batch,
        max_step_tokens=max_batch + int(rng.integers(1, 300)),
        kv_capacity_tokens=_maybe(rng, 0.6, int(rng.integers(120, 900)), 1 << 40),
        seq_overhead_tokens=_maybe(rng, 0.3, int(rng.integers(1, 50)), 0),
        price_in_nano=int(rng.integers(10, 3000)), price_out_nano=int(rng.integers(10, 9000)),
        context_tokens=_maybe(rng, 0.2, int(rng.integers(150, 450)), 1 << 30),
        requests_per_min=_maybe(rng, 0.25, int(rng.integers(3, 40)), 0),
        tokens_per_min=_maybe(rng, 0.2, int(rng.integers(1000, 8000)), 0),
        queue=_maybe(rng, 0.4, int(rng.integers(0, 6)), -1),
        fast_failure_share=_maybe(rng, 0.3, float(rng.uniform(0.02, 0.5)), 0.0),
        fast_failure_s=_maybe(rng, 0.7, float(rng.uniform(0.001, 0.5)), 0.0),
        midstream_share=_maybe(rng, 0.3, float(rng.uniform(0.02, 0.3)), 0.0),
    )


def _affine(rng: np.random.Generator) -> StepCoefficients:
    return worlds.affine(float(rng.uniform(0.001, 0.05)), float(rng.uniform(1e-5, 1e-3)),
                         _maybe(rng, 0.5, float(rng.uniform(1e-6, 1e-4)), 0.0))


def _roofline(rng: np.random.Generator) -> StepCoefficients:
    """Memory-bound with little KV, compute-bound with much: the larger term changes while requests decode."""
    weights_s, kv_s = float(rng.uniform(0.001, 0.03)), float(rng.uniform(1e-6, 3e-5))
    experts = rng.random() < 0.5
    return StepCoefficients(
        base_s=float(rng.uniform(0.0001, 0.01)), weights_s=weights_s,
        experts_s=float(rng.uniform(0.001, 0.03)) if experts else 0.0,
        miss_log=math.log1p(-float(rng.uniform(0.02, 0.3))) if experts else 0.0, kv_s=kv_s,
        token_s=float(rng.uniform(1e-5, 1e-3)), pair_s=float(rng.uniform(0.1, 6) * kv_s),
        comm_token_s=_maybe(rng, 0.5, float(rng.uniform(1e-6, 1e-4)), 0.0),
    )


def _policy(rng: np.random.Generator) -> BoundPolicy:
    own = [worlds.first(), worlds.learner(), worlds.oracle()]
    drawn = [*own, *(worlds.lowest(int(rng.choice(COLUMNS))) for _ in range(3))]
    if rng.random() < 0.5:
        return drawn[rng.integers(len(drawn))]
    kinds = sorted([*POLICIES, *PRESETS])
    return bind(PolicyChoice(kind=kinds[rng.integers(len(kinds))]))


def _router(rng: np.random.Generator) -> dict[str, Any]:
    router = {
        "exploration": _maybe(rng, 0.3, float(rng.uniform(0.01, 0.5)), 0.0),
        "fee_share": _maybe(rng, 0.7, float(rng.uniform(0.0, 0.2)), 0.0),
        "attempts": {
            "maximum": int(rng.integers(1, 7)),
            "budget_s": _maybe(rng, 0.3, float(rng.uniform(0.1, 5)), 300.0),
            "backoff_s": _maybe(rng, 0.4, float(rng.uniform(0.01, 2)), 0.0),
            "backoff_cap_s": float(rng.uniform(0.5, 8)), "jitter": _maybe(rng, 0.5, float(rng.random()), 0.0),
            "retry_tried": bool(rng.random() < 0.5),
            "first_token_timeout_s": _maybe(rng, 0.3, float(rng.uniform(0.05, 5)), None),
            "total_timeout_s": _maybe(rng, 0.25, float(rng.uniform(0.5, 20)), None),
        },
        "telemetry": _telemetry(rng),
    }
    if rng.random() < 0.4:
        router["cooldown"] = {"seconds": float(rng.uniform(0.1, 10)), "after": int(rng.integers(1, 4))}
    if rng.random() < 0.4:
        router["breaker"] = {"failures": int(rng.integers(1, 5)), "open_s": float(rng.uniform(0.2, 15)),
                             "successes": int(rng.integers(1, 4))}
    if rng.random() < 0.4:
        router["affinity"] = {"ttl_s": float(rng.uniform(1, 60)), "slots": int(rng.integers(1, 12))}
    if rng.random() < 0.4:
        router["preferences"] = _preferences(rng)
    return router


def _telemetry(rng: np.random.Generator) -> dict[str, Any]:
    own = rng.spawn(1)[0]  # so that what was drawn before there were these fields stays as it was
    return {
        "ewma_weight": float(rng.uniform(0.05, 1)), "slot_s": float(rng.choice([0.25, 0.5, 2.0, 10.0])),
        "prior_ttft_s": float(rng.uniform(0.1, 2)), "prior_tokens_per_s": float(rng.uniform(5, 100)),
        "outage_after": int(rng.integers(1, 4)),
        "stale_view_s": _maybe(rng, 0.3, float(rng.uniform(0.3, 10)), 0.0),
        "many_refused": float(own.uniform(0.05, 0.6)), "few_refused": float(own.uniform(0.0, 0.2)),
        "capacity_cut": float(own.uniform(0.5, 1)), "capacity_growth": float(own.uniform(1, 2)),
    }


def _preferences(rng: np.random.Generator) -> dict[str, float]:
    ranges = {"ttft_p50_s": (0.05, 2), "ttft_p90_s": (0.1, 3), "ttft_p99_s": (0.1, 5),
              "throughput_p50": (2, 80), "throughput_p90": (2, 50), "throughput_p99": (1, 40),
              "max_input_usd_per_mtok": (0.5, 3), "max_output_usd_per_mtok": (2, 9)}
    return {name: float(rng.uniform(*limits)) for name, limits in ranges.items() if rng.random() < 0.3}


def _client(rng: np.random.Generator, models: list[str], names: list[str]) -> Client:
    delay_s = _maybe(rng, 0.6, float(rng.uniform(0, 0.1)), 0.0)
    return Client(str(rng.choice(models)), str(rng.choice(names)), delay_s,
                  float(rng.uniform(0.1, 3)), float(rng.uniform(0.01, 0.2)))


def _requests(rng: np.random.Generator, world: World, duration_s: float) -> np.ndarray:
    """Requests at uniform random times, some of them in a short burst."""
    n = int(rng.integers(50, 401))
    table = np.zeros(n, dtype=REQUEST)
    times = rng.uniform(0, duration_s, n)
    crowd = rng.random(n) < _maybe(rng, 0.5, 0.4, 0.0)
    table["arrive_s"] = np.sort(np.where(crowd, duration_s * (0.3 + 0.03 * rng.random(n)), times))
    classes = rng.integers(0, len(world.classes), n)
    mean_prompt = rng.uniform(10, 150, len(world.classes))[classes]
    mean_output = rng.uniform(1, 80, len(world.classes))[classes]
    table["client_class"], table["expected_output"] = classes, mean_output
    table["router"], table["model"] = world.class_router[classes], world.class_model[classes]
    table["born_s"] = table["arrive_s"] - world.class_delay_s[classes]
    impatient = rng.random(n) < rng.choice([0.0, 0.5, 1.0])
    table["patience_s"] = np.where(impatient, rng.exponential(3.0, n), np.inf)
    table["key"] = rng.integers(0, 1 << 64, n, dtype=np.uint64)
    table["session"] = np.where(rng.random(n) < rng.choice([0.0, 0.7]), rng.integers(0, 20, n), -1)
    table["prompt"] = np.minimum(1 + rng.exponential(mean_prompt).astype(int), 600)
    table["output"] = np.minimum(1 + rng.exponential(mean_output).astype(int), 400)
    table["prefix"] = np.where(rng.random(n) < rng.choice([0.0, 0.6]), rng.integers(0, table["prompt"] + 1), 0)
    return table


def _changes(rng: np.random.Generator, world: World, duration_s: float) -> list[Change]:
    """Outages, slow spells, new prices, resized and hidden offers, sorted by time."""
    changes = []
    for offer in range(len(world.offers)):
        for kind, share in (("up", 0.3), ("slow", 0.3), ("price", 0.4)):
            if rng.random() < share:
                changes += _spell(rng, kind, offer, duration_s)
    for offer, spec in enumerate(world.offers):
        for kind, share in (("size", 0.3), ("list", 0.2)):
            if rng.random() < share:
                most = spec.replicas if kind == "size" else 1
                changes += _resizing(rng, kind, offer, duration_s, most)
    return sorted(changes)


def _resizing(rng: np.random.Generator, kind: str, offer: int, duration_s: float, most: int) -> list[Change]:
    """Fewer replicas for a while (or the offer hidden), then another number (or listed again)."""
    starts_s = float(rng.uniform(0, duration_s))
    ends_s = starts_s + float(rng.exponential(duration_s / 5))
    low, high = (0, 1) if kind == "list" else (int(rng.integers(1, most + 1)), int(rng.integers(1, most + 1)))
    return [Change(starts_s, kind, offer, (float(low),)), Change(ends_s, kind, offer, (float(high),))]


def _spell(rng: np.random.Generator, kind: str, offer: int, duration_s: float) -> list[Change]:
    starts_s = float(rng.uniform(0, duration_s))
    ends_s = starts_s + float(rng.exponential(duration_s / 5))
    if kind == "up":
        return [Change(starts_s, "up", offer, (0.0,)), Change(ends_s, "up", offer, (1.0,))]
    if kind == "slow":
        factor = float(rng.uniform(1.5, 6))
        return [Change(starts_s, "slow", offer, (factor,)), Change(ends_s, "slow", offer, (1.0,))]
    prices = (float(rng.integers(10, 3000)), float(rng.integers(10, 9000)), float(rng.integers(0, 3000)))
    return [Change(starts_s, "price", offer, prices)]
