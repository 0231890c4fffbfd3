"""Ticks: providers publish their load, and stale views are refreshed (docs/semantics.md, section 6)."""

from sim.compiled import inner
from sim.engines.compiled.clock import set_time
from sim.engines.compiled.deployment import load_of
from sim.engines.compiled.newcomers import show_newcomers
from sim.engines.compiled.records import Globals
from sim.engines.compiled.state import TICK_LEAF, Clock, Routing, Supply
from sim.engines.compiled.telemetry import PUBLISHED, refresh_if_due
from sim.engines.grid import on_grid
from sim.near_load import latency_at
from sim.view import COLUMNS, PUBLISHED_AT_S, PUBLISHED_IN_FLIGHT, PUBLISHED_LATENCY_S


@inner()
def publish(g: Globals, supply: Supply, routing: Routing) -> None:
    """Write every provider's load and latency into every router's view."""
    for o in supply.here:
        offer = supply.offers[o]
        load = load_of(supply, supply.offers[offer.host])
        latency_s = latency_at(supply.times[o], 0, offer.timed, load)
        for router in range(routing.routers.shape[0]):
            if routing.routers[router].reads & PUBLISHED == 0:
                continue
            row = routing.views[router, o]
            row[PUBLISHED_IN_FLIGHT] = load
            row[PUBLISHED_LATENCY_S] = latency_s if offer.timed > 0 else routing.routers[router].prior_ttft_s
            row[PUBLISHED_AT_S] = g.now


@inner()
def copy_view(g: Globals, supply: Supply, routing: Routing, r: int) -> None:
    """Show a router's policy the live view as it is now, until the next tick."""
    shown = routing.routers[r].shown
    for o in supply.here:
        refresh_if_due(g, routing, r, o)
    for model in range(routing.model_first.shape[0] - 1):
        if routing.model_first[model] in supply.here:
            show_newcomers(routing, r, model)
    for o in supply.here:
        for column in range(COLUMNS):
            routing.shown[shown, o, column] = routing.views[r, o, column]


@inner()
def tick(g: Globals, clock: Clock, supply: Supply, routing: Routing) -> None:
    """Publish, then copy the views that are due, and set the time of the next tick."""
    if g.now >= g.publish_next:
        publish(g, supply, routing)
        g.publishes += 1
        g.publish_next = on_grid(g.publishes * g.publish_period, g.per_s)
    following = g.publish_next
    for r in range(routing.routers.shape[0]):
        if g.now >= clock.stale_next[r]:
            copy_view(g, supply, routing, r)
            clock.copies[r] += 1
            clock.stale_next[r] = on_grid(clock.copies[r] * routing.routers[r].stale_s, g.per_s)
        following = min(following, clock.stale_next[r])
    set_time(clock.front, TICK_LEAF, following)
