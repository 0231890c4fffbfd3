"""Ticks: providers publish their load, and stale views are refreshed (semantics, section 6)."""

from collections.abc import Sequence

from sim.engines.reference.clock import Clock
from sim.engines.reference.deployment import LiveDeployment
from sim.engines.reference.router import LiveRouter
from sim.engines.rules import COPY_VIEW, PUBLISH


class Ticks:
    """What happens every so often, whatever the traffic does."""

    def __init__(self, clock: Clock, deployments: Sequence[LiveDeployment], routers: Sequence[LiveRouter]) -> None:
        self._clock = clock
        self._deployments = deployments
        self._routers = routers

    def start(self, publish_period_s: float | None) -> None:
        """Set the first of each at time 0; providers publish nothing without a period."""
        if publish_period_s is not None:
            self._clock.at(0.0, (PUBLISH,), self._publish, publish_period_s, 0)
        for router in self._routers:
            if router.stale:
                self._clock.at(0.0, (COPY_VIEW, router.index), self._copy_view, router, 0)

    def _publish(self, period_s: float, tick: int) -> None:
        """Publish the load of every offer to every router."""
        for deployment in self._deployments:
            for router in self._routers:
                router.observed[deployment.index].publish(
                    self._clock.now, deployment.requests_per_replica, deployment.ttft_at_this_load_s
                )
        # multiplied, not added up: a sum of periods drifts away from the calendar's times by rounding
        self._clock.at((tick + 1) * period_s, (PUBLISH,), self._publish, period_s, tick + 1)

    def _copy_view(self, router: LiveRouter, tick: int) -> None:
        """Show a router's policy the live view as it is now, until the next tick."""
        router.copy_view()
        period_s = router.settings.telemetry.stale_view_s
        self._clock.at((tick + 1) * period_s, (COPY_VIEW, router.index), self._copy_view, router, tick + 1)
