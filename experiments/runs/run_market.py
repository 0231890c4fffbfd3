"""One run of a whole market: the parts assembled, the calendar run, the books and invariants checked."""

from __future__ import annotations

import gc
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:  # these import numba, for which `tokenmarket --help` should not wait
    from providers.firms.supply_side import SupplySide
    from providers.pricing.sold_through import Rules
    from sim.engines.outcome import TrafficOutcome
    from sim.engines.world import World
    from sim.market.customers.customers import Customers
    from sim.market.customers.lab_sales import LabSales
    from sim.market.customers.population import Population
    from sim.market.desk import AgentProcess
    from sim.market.market import Market, Progress
    from sim.market.market_clock import TrafficClock
    from sim.market.market_feed import MarketFeed
    from sim.market.marketplaces.marketplaces import Marketplaces
    from sim.market.models.model import Models
    from sim.market.result import MarketResult
    from sim.scenario import MarketScenario
    from sim.streams import Streams


class Stage(NamedTuple):
    """A market ready to run; ``tellers`` tell sellers what they may know before these act."""

    scenario: MarketScenario
    market: Market
    supply: SupplySide
    population: Population
    tellers: tuple[AgentProcess, ...]


def stage(scenario: MarketScenario, replication: int = 0, threads: int = 1, at_rest: bool = False) -> Stage:
    """Assemble a market: models, supply, population, engine and calendar, each from streams of its own.

    Parameters
    ----------
    scenario, replication, threads
        As for `run_market`.
    at_rest
        Whether it is only to be looked at: its engine then serves nothing, and needs no compiling and no memory.

    Raises
    ------
    MarketError
        For anything wrong in the scenario.
    """
    from experiments.runs.engine_at_rest import EngineAtRest
    from experiments.runs.rules_in_use import policies_in_use
    from experiments.runs.run_traffic import engine_for
    from experiments.runs.told_rules import told_rules
    from sim.market.customers.population import draw_population
    from sim.market.market import Market
    from sim.market.market_clock import TrafficClock
    from sim.market.market_traffic import MarketTraffic
    from sim.market.market_world import market_world
    from sim.market.models.catalogue import load_catalogue
    from sim.streams import Streams

    streams, horizon = Streams(scenario.seed, replication), scenario.horizon
    models = load_catalogue(scenario.models, horizon.start, horizon.days, streams)
    policies = policies_in_use(scenario)
    supply = _supply(scenario, models, streams)
    told = [told_rules(scenario.supply, policy, path) for path, policy in policies.items()]
    supply.tell(told[0])
    population = draw_population(scenario.customers, streams, horizon.days)
    world = market_world(scenario, supply.providers, supply.offers, population, tuple(policies.values()), replication)
    labs, clock = _labs(scenario, population, models), TrafficClock(horizon, streams)
    customers = _customers(scenario, population, models, labs)
    feed = _feed(scenario, world, models, customers, clock)
    feed.places = places = _places(scenario, world, population, len(models))
    engine = EngineAtRest(world, feed) if at_rest else engine_for(world, feed, threads)
    traffic = MarketTraffic(engine, clock, feed, len(world.offers))
    market = Market(scenario, world, models, traffic, customers, places)
    if labs is not None:
        labs.look_at(market.board, world.offers)
        labs.places = places
    _route(market, scenario, population)
    return Stage(scenario, market, supply, population, _tellers(told, market, scenario, supply))


def _supply(scenario: MarketScenario, models: Models, streams: Streams) -> SupplySide:
    """The firms, on the market's own GPUs as they were measured."""
    from providers.around import Around
    from providers.firms.supply_side import build_supply
    from providers.hardware.calibration import calibration_of
    from providers.hardware.own_gpus import gpus_of

    calibration, horizon = calibration_of(scenario.calibration), scenario.horizon
    gpus = {name: gpu.calibrated(calibration) for name, gpu in gpus_of(scenario.gpus).items()}
    return build_supply(scenario.supply, models, streams,
                        Around(horizon.days, scenario.price_factor, gpus, horizon.start))


def _customers(
    scenario: MarketScenario, population: Population, models: Models, labs: LabSales | None
) -> Customers:
    """Those who choose models, and buy from labs if they can."""
    from sim.market.customers.customers import Customers
    from sim.market.models.upgrades import migration_matrix, upgrade_graph

    settings = scenario.customers
    migration = migration_matrix(upgrade_graph(models, scenario.models), models)
    return Customers(population, models, migration, settings.choice, labs, settings.drift)


def _feed(
    scenario: MarketScenario, world: World, models: Models, customers: Customers, clock: TrafficClock
) -> MarketFeed:
    """The requests of customers."""
    from sim.market.market_feed import MarketFeed
    from sim.market.market_world import world_models
    from sim.market.slice_rows import Way

    way = Way(float(world.class_delay_s[0]), world.grid_per_s)
    return MarketFeed(customers, models, clock, scenario.rhythm, way, world_models(world, models.names))


def _tellers(
    told: list[Rules], market: Market, scenario: MarketScenario, supply: SupplySide
) -> tuple[AgentProcess, ...]:
    """What tells sellers how customers come, where they come by several rules."""
    from experiments.runs.told_rules import tell_marketplaces, tell_mix

    if market.marketplaces is not None:
        return tell_marketplaces(told, market, supply)
    return tell_mix(told[0], scenario.customers, market.customers.population, supply)


def _labs(scenario: MarketScenario, population: Population, models: Models) -> LabSales | None:
    """Who buys closed models from their creators; None if nobody can."""
    from sim.market.customers.lab_sales import LabSales

    uses = scenario.customers.uses
    if not (uses.enabled and uses.direct.enabled):
        return None
    return LabSales(population, models, uses.direct, scenario.fees, scenario.price_factor)


def _places(scenario: MarketScenario, world: World, population: Population, models: int) -> Marketplaces | None:
    """Who buys through which marketplace; None if there is only the router."""
    import numpy as np

    from sim.engines.ranks import EXCLUDED
    from sim.engines.wanted import standings
    from sim.market.marketplaces.marketplaces import Marketplaces, terms_of

    if not scenario.marketplaces:
        return None
    wants = terms_of(scenario).preferences
    sells = np.stack([standings(wanted, world.offers) != EXCLUDED for wanted in wants], axis=1)
    return Marketplaces(scenario, population, models, sells)


def _route(market: Market, scenario: MarketScenario, population: Population) -> None:
    """Let the market's feed know which requests belong together, and which providers workloads name."""
    from sim.market.customers.conversations import Conversations
    from sim.market.customers.routing import Pins, sellers_of

    settings, feed = scenario.customers, market.traffic.feed
    feed.conversations = Conversations(settings, population)
    sellers = sellers_of(market.board, market.offer_model, market.world)
    feed.pins = Pins(settings, population, market.models, sellers)


def run_market(
    scenario: MarketScenario, replication: int = 0, progress: Progress | None = None, threads: int = 1
) -> tuple[MarketResult, TrafficOutcome]:
    """Run a market to its horizon and check its books and invariants.

    Parameters
    ----------
    scenario
        The market.
    replication
        Number of the replication.
    progress
        Called with the market time in days after each day.
    threads
        Threads of the compiled engine; the outcome does not depend on it.

    Raises
    ------
    MarketError
        For anything wrong in the scenario; `InvariantError` if the run broke an invariant.
    """
    from providers.faults import fault_processes
    from sim.engines.invariants import check
    from sim.market.market import run_calendar
    from sim.market.market_invariants import check_market

    staged = stage(scenario, replication, threads)
    market = staged.market
    software = scenario.supply.costing.software_per_year
    faults = [process(market.env, market.traffic)
              for process in fault_processes(market.world, market.streams, software)]
    agents = [process(market) for process in (*staged.tellers, *staged.supply.processes())]
    choosing = [market.customers.process(market)]
    if market.marketplaces is not None:
        choosing.append(market.marketplaces.places.process(market, market.customers.model))
    # what was assembled is there to the end: the collector of cycles need not look through it again and again
    gc.freeze()
    try:
        run_calendar(market, [*faults, *agents, *choosing], progress)
    finally:
        gc.unfreeze()
    outcome = market.traffic.engine.outcome()
    check(outcome)
    result = _result(staged)
    check_market(result, outcome)
    return result, outcome


def _result(staged: Stage) -> MarketResult:
    import numpy as np

    from sim.market.result import MarketResult
    from sim.scenario.tasks import TASKS

    market, population = staged.market, staged.population
    daily = market.daily
    return MarketResult(
        models=market.models,
        offers=market.offers,
        offer_model=market.offer_model,
        workload_names=population.names,
        workload_customer=tuple(population.customer_names[row] for row in population.customer),
        workload_segment=tuple(population.segment_names[row] for row in population.segment),
        workload_task=tuple(TASKS[row] for row in population.task),
        start=staged.scenario.horizon.start,
        days=staged.scenario.horizon.days,
        full=market.traffic.clock.full,
        offer_days=market.offer_days,
        workload_days=market.workload_days,
        prices_daily=np.array(daily.prices),
        listed_daily=np.array(daily.listed),
        replicas_daily=np.array(daily.replicas),
        price_changes=market.board.price_changes,
        listing_changes=market.board.listing_changes,
        switches=market.customers.switches,
        pool_days=staged.supply.pool_days,
        ledger=market.ledger,
        surplus_usd_daily=np.array(daily.surplus_usd),
        hosts=staged.supply.hosts,
        entry_values=staged.supply.entry_values,
        listings=staged.supply.listings,
        segment_names=population.segment_names,
        demand_days=market.customers.demand_days[:staged.scenario.horizon.days],
        postings=staged.supply.postings,
        latencies=market.days.latencies(),
        **_of_marketplaces(market),
    )


def _of_marketplaces(market: Market) -> dict[str, Any]:
    """What a result says of marketplaces; nothing if there is only one."""
    books = market.marketplaces
    return {} if books is None else {"marketplaces": books.places.terms.names, "marketplace_days": books.days,
                                     "marketplace_waits": books.waits}
