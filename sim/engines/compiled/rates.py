"""Rate limits: what everybody took from the door of an offer or a router (docs/semantics.md, section 7)."""

from typing import TYPE_CHECKING

import numpy as np

from sim.compiled import inner
from sim.engines.bucket import PARTS, Rates, has_room, still_taken
from sim.engines.compiled.records import Globals, LiveDeployment, LiveRequest, LiveRouter, Meter
from sim.engines.compiled.state import Routing, wide
from sim.units import DAY_S, MINUTE_S

if TYPE_CHECKING:  # not at run time: a world's scenario would be part of the key of compiled code (sim.compiled)
    from sim.engines.world import World


def rate_fields(rates: Rates) -> dict[str, int]:
    """Fields of the row of an offer or a router, by name."""
    return {"rpm": rates.requests_per_min, "tpm": rates.tokens_per_min, "rpd": rates.requests_per_day,
            "tpd": rates.tokens_per_day, "by_minute": rates.by_minute}


def new_meters(world: "World", keyed: np.ndarray, offers: np.ndarray, routers: np.ndarray) -> np.ndarray:
    """Meters for all doors with limits; where those of an offer or a router begin is written into its row.

    An offer's are by router or by client class (who comes with a key of its own is counted by class in any case), a
    router's by client class and model: so no two shards share one. ``keyed`` says at which offers somebody has a key.
    """
    count = 0
    offers["meter"] = routers["meter"] = -1
    for row, spec, has_keys in zip(offers, world.offers, keyed, strict=True):
        if spec.rates.limit_anything:
            row["meter"] = count
            row["own_meter"] = count if spec.per_customer else count + len(world.routers)
            count += 0 if spec.per_customer else len(world.routers)
            count += len(world.classes) if spec.per_customer or has_keys else 0
    for row in routers:
        if max(row["rpm"], row["tpm"], row["rpd"], row["tpd"]) > 0:
            row["meter"] = count
            count += len(world.classes) * len(world.models)
    return np.zeros(count, Meter.dtype())  # the system gives memory only to rows that somebody touches


@inner(forceinline=True)
def rates_of(door: LiveDeployment | LiveRouter) -> Rates:
    """What an offer or a router lets in."""
    return Rates(wide(door.rpm), door.tpm, wide(door.rpd), door.tpd, wide(door.by_minute))


@inner(often=True)
def bring_up(meter: Meter, rates: Rates, now_s: float) -> None:
    """Let come back what has since somebody looked last."""
    if rates.by_minute == 0:
        elapsed_s = now_s - meter.seen_s
        meter.requests = still_taken(meter.requests, elapsed_s, rates.requests_per_min)
        meter.tokens = still_taken(meter.tokens, elapsed_s, rates.tokens_per_min)
    elif int(now_s / MINUTE_S) != int(meter.seen_s / MINUTE_S):
        meter.requests = 0.0
        meter.tokens = 0.0
    if int(now_s / DAY_S) != int(meter.seen_s / DAY_S):
        meter.day_requests = 0
        meter.day_tokens = 0
    meter.seen_s = now_s


@inner(often=True)
def within_limits(meter: Meter, rates: Rates, tokens: int, now_s: float) -> bool:
    """Charge a request of so many tokens to a meter, unless that would exceed a limit."""
    bring_up(meter, rates, now_s)
    if not has_room(meter.requests, 1, rates.requests_per_min):
        return False
    if not has_room(meter.tokens, tokens, rates.tokens_per_min):
        return False
    if 0 < rates.requests_per_day <= meter.day_requests:
        return False
    if 0 < rates.tokens_per_day < meter.day_tokens + tokens:
        return False
    meter.requests += PARTS
    meter.tokens += tokens * PARTS
    meter.day_requests += 1
    meter.day_tokens += tokens
    return True


@inner()
def within_own_limits(g: Globals, routing: Routing, request: LiveRequest) -> bool:
    """Charge a request to its customer and model, unless that would exceed a limit of the marketplace."""
    router = routing.routers[request.router]
    models = routing.model_first.shape[0] - 1
    meter = routing.meters[router.meter + wide(request.client_class) * models + request.model]
    return within_limits(meter, rates_of(router), request.weight, g.now)
