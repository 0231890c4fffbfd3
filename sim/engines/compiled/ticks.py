"""Ticks: providers publish their load, and stale views are refreshed (docs/semantics.md, section 6)."""

from typing import Any

from sim.compiled import inner
from sim.engines.compiled.clock import set_time
from sim.engines.compiled.state import TICK_LEAF, Clock, Desk, Market
from sim.engines.compiled.telemetry import refresh_if_due
from sim.view import COLUMNS, PUBLISHED_AT_S, PUBLISHED_IN_FLIGHT, PUBLISHED_LATENCY_S


@inner()
def publish(g: Any, market: Market, desk: Desk) -> None:
    """Write every provider's load and latency into every router's view."""
    for o in range(market.offers.shape[0]):
        offer = market.offers[o]
        load = float(offer.central_count)
        for r in range(offer.first_replica, offer.first_replica + offer.most):
            load += market.replicas[r].running + market.replicas[r].queued
        for router in range(desk.routers.shape[0]):
            row = desk.views[router, o]
            row[PUBLISHED_IN_FLIGHT] = load / offer.replicas
            row[PUBLISHED_LATENCY_S] = (
                offer.published_latency if offer.has_published != 0 else desk.routers[router].prior_ttft_s
            )
            row[PUBLISHED_AT_S] = g.now


@inner()
def tick(g: Any, clock: Clock, market: Market, desk: Desk) -> None:
    """Publish, then copy the views that are due, and set the time of the next tick."""
    if g.now >= g.publish_next:
        publish(g, market, desk)
        g.publishes += 1
        g.publish_next = g.publishes * g.publish_period
    following = g.publish_next
    for r in range(desk.routers.shape[0]):
        router = desk.routers[r]
        if g.now >= router.stale_next:
            for o in range(market.offers.shape[0]):
                refresh_if_due(g.now, desk, r, o)
                for column in range(COLUMNS):
                    desk.shown[r, o, column] = desk.views[r, o, column]
            router.copies += 1
            router.stale_next = router.copies * router.stale_s
        following = min(following, router.stale_next)
    set_time(clock.front, TICK_LEAF, following)
