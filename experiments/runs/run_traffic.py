"""One run of a scenario: the parts assembled, the traffic served, the invariants checked."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # these import numba, for which `tokenmarket --help` should not wait
    from sim.engines.face import Feed, TrafficEngine
    from sim.engines.outcome import TrafficOutcome
    from sim.engines.world import World
    from sim.policy import BoundPolicy
    from sim.scenario import TrafficScenario

Progress = Callable[[float], None]  # told the simulated time reached, in seconds


def assemble(
    scenario: TrafficScenario, replication: int = 0, policies: Mapping[str, BoundPolicy] | None = None
) -> World:
    """Resolve names, hardware and policies of a scenario into the tables that engines read.

    Parameters
    ----------
    scenario
        The market.
    replication
        Number of the replication; each has random streams of its own.
    policies
        Bound policies by router, in place of those the scenario names (a policy of your own, say).

    Raises
    ------
    MarketError
        If hardware does not fit a model, a policy or its parameters are wrong, or the run would not end within hours.
    """
    from experiments.runs.effort import check_effort
    from policies import bind
    from providers.offers import build_offers
    from sim.assemble import build_world

    check_effort(scenario)
    bound = {
        name: bind(router.policy, f"routers.{name}.policy")
        for name, router in scenario.routers.items() if not policies or name not in policies
    }
    return build_world(scenario, build_offers(scenario), {**bound, **(policies or {})}, replication)


def run_traffic(
    scenario: TrafficScenario,
    replication: int = 0,
    progress: Progress | None = None,
    policies: Mapping[str, BoundPolicy] | None = None,
    threads: int = 1,
) -> TrafficOutcome:
    """Run a scenario once and check its invariants.

    Parameters
    ----------
    scenario
        The market; ``scenario.traffic.engine`` chooses the engine.
    replication
        Number of the replication.
    progress
        Called with the simulated time whenever the calendar moves on.
    policies
        Bound policies by router, in place of those the scenario names.
    threads
        Threads of the compiled engine; the outcome does not depend on it.

    Returns
    -------
    TrafficOutcome
        Counters, sums and histograms of the run.

    Raises
    ------
    MarketError
        For anything wrong in the scenario; `InvariantError` if the run broke an invariant.
    """
    from experiments.runs.shared_demand import feed_of
    from providers.faults import fault_processes
    from providers.price_schedules import price_processes
    from sim import calendar
    from sim.engines.invariants import check
    from sim.streams import Streams

    world = assemble(scenario, replication, policies)
    engine = engine_for(world, feed_of(world), threads)
    processes = [*fault_processes(world, Streams(scenario.seed, replication)), *price_processes(world)]
    outcome = calendar.run_traffic(world, engine, processes, progress)
    check(outcome)
    return outcome


def engine_for(world: World, feed: Feed, threads: int = 1) -> TrafficEngine:
    """The engine that a scenario asks for.

    Parameters
    ----------
    world
        The supply.
    feed
        The requests.
    threads
        Threads of the compiled engine; results do not depend on it.
    """
    if world.scenario.traffic.engine == "reference":
        from sim.engines.reference import ReferenceEngine

        return ReferenceEngine(world, feed)
    from sim.engines.compiled import CompiledEngine

    return CompiledEngine(world, feed, threads=threads)
