"""Random markets that turn every feature on and off: what both engines must agree on.

Half of the markets are *coarse*: their times, delays and step times are multiples of a quarter of a second, so that
things happen at the same time all the while, and zero is a common delay. The others draw them from wide ranges.
"""

import math
from dataclasses import replace
from typing import Any

import numpy as np
from pydantic import ValidationError

from policies import POLICIES, PRESETS, bind
from sim import view as v
from sim.engines.requests import REQUEST
from sim.engines.schedule import DatedSchedule, Line, Schedule, Tier
from sim.engines.steptime import StepCoefficients
from sim.engines.world import BALANCERS, OfferSpec, World
from sim.policy import BoundPolicy
from sim.scenario import PolicyChoice
from worlds import small as worlds
from worlds.differential_copies import with_copies
from worlds.differential_dialects import with_dialects
from worlds.differential_preferences import (
    client_with_partition,
    client_with_preferences,
    pin_some,
    router_with_preferences,
    with_quantizations,
)
from worlds.differential_prefixes import with_found_prefixes, with_prefix_caches, with_shared_prefix
from worlds.differential_splits import with_splits
from worlds.differential_tiers import Case, with_tiers
from worlds.differential_waiting import with_stay, with_waiting
from worlds.loops import closed, first_turns
from worlds.rates import with_rates
from worlds.small import Change, Client

COLUMNS = (v.COST_USD, v.IN_FLIGHT, v.OUTSTANDING_TOKENS, v.TTFT_EWMA_S, v.TPOT_EWMA_S, v.TTFT_P50,
           v.TTFT_P99, v.TPOT_P90, v.ERROR_SHARE_30S, v.ERROR_SHARE_5M, v.REFUSAL_SHARE_30S,
           v.REFUSAL_SHARE_5M, v.LAST_OUTAGE_S, v.REQUESTS_THIS_MINUTE, v.TOKENS_THIS_MINUTE,
           v.CAPACITY_PER_S, v.OBSERVED_AT_S, v.PUBLISHED_IN_FLIGHT, v.PUBLISHED_LATENCY_S, v.THROUGHPUT_P90)


class Dice(np.random.Generator):
    """Random numbers of a market, whose times may be coarse.

    Parameters
    ----------
    seed
        Of the market.
    """

    GRAIN_S = 0.25

    def __init__(self, seed: int) -> None:
        super().__init__(np.random.PCG64(seed))
        self.coarse = bool(self.random() < 0.5)
        self.large = bool(self.random() < 0.1)  # more of everything

    def time_s(self, least: float, most: float, size: Any = None) -> Any:
        """Times between two others; of a coarse market the multiples of the grain nearest to them, zero included."""
        drawn = self.uniform(least, most, size)
        if self.coarse:
            drawn = np.rint(drawn / self.GRAIN_S) * self.GRAIN_S
        return float(drawn) if size is None else drawn

    def lasting_s(self, least: float, most: float) -> float:
        """A time that may not be zero."""
        return max(self.time_s(least, most), self.GRAIN_S if self.coarse else 0.0)


def random_case(seed: int) -> Case:
    """The random market of a seed."""
    rng = Dice(seed)
    models = [f"m{index}" for index in range(rng.integers(1, 4))]
    routers = _maybe(rng, 0.8, rng.integers(1, 3), rng.integers(3, 9))
    names = ["main", *(f"r{index}" for index in range(1, 8))][:routers]
    most_offers = 41 if rng.large else 13
    offers = [_offer(rng, index, models) for index in range(max(len(models), rng.integers(1, most_offers)))]
    offers = with_quantizations(seed, offers)
    offers = [_with_handling(seed, rng.coarse, index, spec) for index, spec in enumerate(offers)]
    duration_s = rng.time_s(20, 500 if rng.large else 150)
    traffic = {"duration_s": duration_s, "warmup_s": _maybe(rng, 0.5, duration_s * 0.2, 0.0),
               "publish_period_s": _maybe(rng, 0.3, rng.lasting_s(0.5, 10), None),
               "sample_share": _maybe(rng, 0.8, 1.0, float(rng.random()))}
    world = worlds.world(
        offers, [_policy(rng) for _ in names],
        routers={name: router_with_preferences(seed, place, with_waiting(seed, place, _router(rng)), offers)
                 for place, name in enumerate(names)},
        clients=[client_with_partition(seed, at, client_with_preferences(seed, at, with_shared_prefix(
            seed, at, closed(seed, at, with_stay(seed, at, _client(rng, models, names)))), offers), models)
            for at in range(rng.integers(1, 6))],
        traffic=traffic,
        delay_s=_maybe(rng, 0.7, rng.time_s(0.001, 0.6 if rng.coarse else 0.2, (len(names), len(offers))), 0.0),
    )
    table = _requests(rng, world, duration_s)
    cuts = np.sort(rng.integers(0, len(table), rng.integers(0, 3)))
    first_turns(seed, world, table)
    pin_some(seed, world, table)
    changes = _changes(rng, world, duration_s)
    end_s = duration_s + _maybe(rng, 0.8, 100.0, 0.5)
    world = _limit_answers(rng, world, table)
    world = with_rates(world, table, seed)
    blocks = [block for block in np.split(table, cuts) if len(block)]  # an empty block would be a pause
    case = Case(world, _whole_instants(blocks), [change for change in changes if change.time_s < end_s], end_s)
    case = with_tiers(seed, _maybe(rng, 0.33, _scheduled(rng, case, duration_s), case))
    cached = with_found_prefixes(seed, with_prefix_caches(seed, with_copies(seed, case)))
    return with_splits(seed, with_dialects(seed, cached))


def _scheduled(rng: Dice, case: Case, duration_s: float) -> Case:
    """The market with prices that are schedules at most offers, and change in the course of the run at some."""
    offers, changes = list(case.world.offers), list(case.changes)
    for row, spec in enumerate(offers):
        if rng.random() < 0.7:
            later = DatedSchedule(rng.time_s(0, duration_s), _schedule(rng))
            offers[row] = replace(spec, price=_schedule(rng), later_prices=(later,))
            if rng.random() < 0.5 and later.from_s < case.end_s:
                changes.append(Change(later.from_s, "schedule", row, (later.schedule,)))
    return replace(case, world=replace(case.world, offers=tuple(offers)), changes=sorted(changes))


def _schedule(rng: Dice) -> Schedule:
    """Prices on the grid of pico-dollars, each line of a bill on or off."""
    above = sorted({int(rng.integers(1, 300)) for _ in range(rng.integers(0, 4))})
    return Schedule(
        _line(rng), request=int(_maybe(rng, 0.5, rng.integers(1, 10**8), 0)),
        kept_ppm=int(_maybe(rng, 0.5, rng.integers(1, 10**6), 10**6)),
        tiers=tuple(Tier(tokens, _line(rng)) for tokens in above),
    )


def _line(rng: Dice) -> Line:
    return Line(*(int(price) for price in rng.integers(0, [3_000_000, 9_000_000, 1_000_000, 4_000_000])))


def _whole_instants(blocks: list[np.ndarray]) -> list[np.ndarray]:
    """Blocks of which none begins at the time at which the one before it ends: a feed hands out whole instants."""
    whole = blocks[:1]
    for block in blocks[1:]:
        together = int(np.searchsorted(block["arrive_s"], whole[-1]["arrive_s"][-1], side="right"))
        whole[-1] = np.concatenate([whole[-1], block[:together]])
        whole += [block[together:]] if together < len(block) else []
    return whole


def _maybe(rng: Dice, share: float, on: Any, off: Any) -> Any:
    """``on`` with probability ``share``, else ``off`` (both are drawn in any case)."""
    return on if rng.random() < share else off


def _offer(rng: Dice, index: int, models: list[str]) -> OfferSpec:
    max_batch = int(_maybe(rng, 0.85, rng.integers(1, 9), rng.integers(9, 65)))
    return worlds.offer(
        _step(rng),
        provider=f"p{index % 5}", name=f"o{index}",
        model=models[index] if index < len(models) else str(rng.choice(models)),
        replicas=int(rng.integers(1, 5)), balancer=int(rng.integers(len(BALANCERS))), max_batch=max_batch,
        max_step_tokens=max_batch + int(rng.integers(1, 300)),
        kv_capacity_tokens=_maybe(rng, 0.6, int(rng.integers(120, 4000 if rng.large else 900)), 1 << 40),
        seq_overhead_tokens=_maybe(rng, 0.3, int(rng.integers(1, 50)), 0),
        price_in_nano=_maybe(rng, 0.9, int(rng.integers(10, 3000)), 0),
        price_out_nano=_maybe(rng, 0.9, int(rng.integers(10, 9000)), 0),
        context_tokens=_maybe(rng, 0.2, int(rng.integers(150, 450)), 1 << 30),
        requests_per_min=_maybe(rng, 0.25, int(rng.integers(3, 40)), 0),
        tokens_per_min=_maybe(rng, 0.2, int(rng.integers(1000, 8000)), 0),
        queue=_maybe(rng, 0.4, int(rng.integers(0, 6)), -1),
        fast_failure_share=_maybe(rng, 0.3, _maybe(rng, 0.9, float(rng.uniform(0.02, 0.5)), 1.0), 0.0),
        fast_failure_s=_maybe(rng, 0.7, rng.time_s(0.001, 0.5), 0.0),
        midstream_share=_maybe(rng, 0.3, _maybe(rng, 0.9, float(rng.uniform(0.02, 0.3)), 1.0), 0.0),
    )


def _with_handling(seed: int, coarse: bool, index: int, spec: OfferSpec) -> OfferSpec:
    """An offer that may take time for each request and each sequence; drawn apart, so that all else stays as it is."""
    dice = np.random.default_rng((seed, index, 16))
    request_s, sequence_s = float(dice.uniform(0.001, 0.8)), float(dice.uniform(1e-6, 2e-3))
    if coarse:
        request_s, sequence_s = Dice.GRAIN_S * int(dice.integers(0, 4)), Dice.GRAIN_S * int(dice.integers(0, 2))
    step = spec.step._replace(sequence_s=sequence_s if dice.random() < 0.4 else 0.0)
    return replace(spec, step=step, request_s=request_s if dice.random() < 0.4 else 0.0)


def _step(rng: Dice) -> StepCoefficients:
    """Step times: of a coarse market mostly multiples of its grain, whatever is computed."""
    if rng.coarse and rng.random() < 0.7:
        return worlds.affine(Dice.GRAIN_S * int(rng.integers(1, 4)))
    return _roofline(rng) if rng.random() < 0.5 else _affine(rng)


def _affine(rng: Dice) -> StepCoefficients:
    return worlds.affine(float(rng.uniform(0.001, 0.05)), float(rng.uniform(1e-5, 1e-3)),
                         _maybe(rng, 0.5, float(rng.uniform(1e-6, 1e-4)), 0.0))


def _roofline(rng: Dice) -> StepCoefficients:
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


def _policy(rng: Dice) -> BoundPolicy:
    own = [worlds.first(), worlds.learner(), worlds.oracle()]
    drawn = [*own, *(worlds.lowest(int(rng.choice(COLUMNS))) for _ in range(3))]
    if rng.random() < 0.5:
        return drawn[rng.integers(len(drawn))]
    kinds = sorted([*POLICIES, *PRESETS])
    return _parameterised(rng, kinds[rng.integers(len(kinds))])


def _parameterised(rng: Dice, kind: str) -> BoundPolicy:
    """A policy of the package, now and then with one parameter changed to something that it allows."""
    as_it_is = bind(PolicyChoice(kind=kind))
    names = list(type(as_it_is.values).model_fields)
    if not names or rng.random() < 0.5:
        return as_it_is
    name = names[rng.integers(len(names))]
    value = getattr(as_it_is.values, name)
    if isinstance(value, bool):
        changed: Any = not value
    elif isinstance(value, int):
        changed = max(0, value + int(rng.integers(-2, 4)))
    else:
        changed = float(value) * float(rng.uniform(0.2, 3.0))
    try:
        return BoundPolicy(as_it_is.policy, type(as_it_is.values)(**{**as_it_is.values.model_dump(), name: changed}))
    except ValidationError:
        return as_it_is


def _router(rng: Dice) -> dict[str, Any]:
    router = {
        "exploration": _maybe(rng, 0.3, float(rng.uniform(0.01, 0.5)), 0.0),
        "fee_share": _maybe(rng, 0.7, float(rng.uniform(0.0, 0.2)), 0.0),
        "attempts": {
            "maximum": int(rng.integers(1, 7)),
            "budget_s": _maybe(rng, 0.3, rng.lasting_s(0.1, 5), 300.0),
            "backoff_s": _maybe(rng, 0.4, rng.time_s(0.01, 2), 0.0),
            "backoff_cap_s": rng.lasting_s(0.5, 8), "jitter": _maybe(rng, 0.5, float(rng.random()), 0.0),
            "retry_tried": bool(rng.random() < 0.5),
            "first_token_timeout_s": _maybe(rng, 0.3, rng.lasting_s(0.05, 5), None),
            "total_timeout_s": _maybe(rng, 0.25, rng.lasting_s(0.5, 20), None),
        },
        "telemetry": _telemetry(rng),
    }
    if rng.random() < 0.4:
        router["cooldown"] = {"seconds": rng.lasting_s(0.1, 10), "after": int(rng.integers(1, 4))}
    if rng.random() < 0.4:
        router["breaker"] = {"failures": int(rng.integers(1, 5)), "open_s": rng.lasting_s(0.2, 15),
                             "successes": int(rng.integers(1, 4))}
    if rng.random() < 0.4:
        router["affinity"] = {"ttl_s": rng.lasting_s(1, 60), "slots": int(rng.integers(1, 12))}
    if rng.random() < 0.4:
        router["preferences"] = _preferences(rng)
    if rng.random() < 0.3:
        router["attempts"]["hedge_s"] = rng.lasting_s(0.05, 3)
    return router


def _telemetry(rng: Dice) -> dict[str, Any]:
    return {
        "ewma_weight": float(rng.uniform(0.05, 1)), "slot_s": float(rng.choice([0.25, 0.5, 2.0, 10.0])),
        "prior_ttft_s": float(rng.uniform(0.1, 2)), "prior_tokens_per_s": float(rng.uniform(5, 100)),
        "newcomers": str(rng.choice(["peers", "peers", "priors"])),
        "outage_after": int(rng.integers(1, 4)),
        "stale_view_s": _maybe(rng, 0.3, rng.lasting_s(0.3, 10), 0.0),
        "many_refused": float(rng.uniform(0.05, 0.6)), "few_refused": float(rng.uniform(0.0, 0.2)),
        "capacity_cut": float(rng.uniform(0.5, 1)), "capacity_growth": float(rng.uniform(1, 2)),
    }


def _preferences(rng: Dice) -> dict[str, Any]:
    ranges = {"preferred_max_latency": {"p50": (0.05, 2), "p90": (0.1, 3), "p99": (0.1, 5)},
              "preferred_min_throughput": {"p50": (2, 80), "p90": (2, 50), "p99": (1, 40)},
              "max_price": {"prompt": (0.5, 3), "completion": (2, 9)}}
    return {table: {name: float(rng.uniform(*limits)) for name, limits in fields.items() if rng.random() < 0.3}
            for table, fields in ranges.items()}


def _client(rng: Dice, models: list[str], names: list[str]) -> Client:
    delay_s = _maybe(rng, 0.6, rng.time_s(0, 0.5 if rng.coarse else 0.1), 0.0)
    model = str(rng.choice(models))
    others = [other for other in rng.permutation(models).tolist() if other != model]
    return Client(model, str(rng.choice(names)), delay_s, float(rng.uniform(0.1, 3)), float(rng.uniform(0.01, 0.2)),
                  fallbacks=_maybe(rng, 0.15, tuple(others[:rng.integers(1, 3)]), ()))


def _requests(rng: Dice, world: World, duration_s: float) -> np.ndarray:
    """Requests at uniform random times, some of them in a short burst."""
    n = int(rng.integers(50, 1501 if rng.large else 401))
    table = np.zeros(n, dtype=REQUEST)
    times = rng.time_s(0, 0.999 * duration_s, n)
    crowd = rng.random(n) < _maybe(rng, 0.5, 0.4, 0.0)
    table["arrive_s"] = np.sort(np.where(crowd, rng.time_s(0.3 * duration_s, 0.33 * duration_s, n), times))
    classes = rng.integers(0, len(world.classes), n)
    longer = 6 if rng.large else 1
    mean_prompt = longer * rng.uniform(10, 150, len(world.classes))[classes]
    mean_output = longer * rng.uniform(1, 80, len(world.classes))[classes]
    table["client_class"], table["expected_output"] = classes, mean_output
    table["router"], table["model"] = world.class_router[classes], world.class_model[classes]
    table["born_s"] = table["arrive_s"] - world.class_delay_s[classes]
    impatient = rng.random(n) < rng.choice([0.0, 0.5, 1.0])
    patience_s = np.where(rng.random(n) < 0.95, rng.exponential(3.0, n), 0.0)
    table["patience_s"] = np.where(impatient, np.rint(4 * patience_s) / 4 if rng.coarse else patience_s, np.inf)
    table["key"] = rng.integers(0, 1 << 64, n, dtype=np.uint64)
    table["session"] = np.where(rng.random(n) < rng.choice([0.0, 0.7]), rng.integers(0, 20, n), -1)
    table["prompt"] = np.minimum(1 + rng.exponential(mean_prompt).astype(int), longer * 600)
    table["output"] = np.minimum(1 + rng.exponential(mean_output).astype(int), longer * 400)
    table["prefix"] = np.where(rng.random(n) < rng.choice([0.0, 0.6]), rng.integers(0, table["prompt"] + 1), 0)
    return table


def _limit_answers(rng: Dice, world: World, table: np.ndarray) -> World:
    """Of a third of the markets requests ask for answers no longer than so much, and offers hold little."""
    limited = bool(rng.random() < 1 / 3)
    some = rng.random(len(table)) < rng.choice([0.3, 1.0])
    wanted = np.where(some, rng.integers(1, 120, len(table)), 0)
    contexts, capacities = rng.integers(2, 300, (2, len(world.offers))).tolist()
    small, narrow = rng.random((2, len(world.offers))) < 0.3
    if not limited:
        return world
    table["max_tokens"] = wanted
    return replace(world, offers=tuple(
        replace(offer, context_tokens=context if is_small else offer.context_tokens,
                kv_capacity_tokens=capacity if is_narrow else offer.kv_capacity_tokens)
        for offer, context, capacity, is_small, is_narrow in zip(
            world.offers, contexts, capacities, small, narrow, strict=True)))


def _changes(rng: Dice, world: World, duration_s: float) -> list[Change]:
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


def _resizing(rng: Dice, kind: str, offer: int, duration_s: float, most: int) -> list[Change]:
    """Fewer replicas for a while (or the offer hidden), then another number (or listed again)."""
    starts_s = rng.time_s(0, duration_s)
    ends_s = starts_s + rng.time_s(0, duration_s / 2.5)
    low, high = (0, 1) if kind == "list" else (int(rng.integers(1, most + 1)), int(rng.integers(1, most + 1)))
    return [Change(starts_s, kind, offer, (float(low),)), Change(ends_s, kind, offer, (float(high),))]


def _spell(rng: Dice, kind: str, offer: int, duration_s: float) -> list[Change]:
    starts_s = rng.time_s(0, duration_s)
    ends_s = starts_s + rng.time_s(0, duration_s / 2.5)
    if kind == "up":
        return [Change(starts_s, "up", offer, (0.0,)), Change(ends_s, "up", offer, (1.0,))]
    if kind == "slow":
        factor = float(rng.uniform(1.5, 6))
        return [Change(starts_s, "slow", offer, (factor,)), Change(ends_s, "slow", offer, (1.0,))]
    prices = (float(rng.integers(10, 3000)), float(rng.integers(10, 9000)), float(rng.integers(0, 3000)))
    return [Change(starts_s, "price", offer, prices)]
