"""From the world's tables to the engine's memory."""

from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from sim.engines.compiled import records, state
from sim.engines.compiled.bill_records import TierRow
from sim.engines.compiled.build_preferences import keyed_offers, new_models, new_wishes
from sim.engines.compiled.build_telemetry import assign_telemetry, new_runs, new_telemetry
from sim.engines.compiled.build_tiers import new_clients, special_offers
from sim.engines.compiled.build_waiting import new_links, new_queues, no_debts, rest_fields, slow_start_fields
from sim.engines.compiled.dialects import no_answers
from sim.engines.compiled.finish import finish_arrays
from sim.engines.compiled.prefix_cache import AS_BILLED, new_caches, new_prefixes, no_claims, prefix_counts
from sim.engines.compiled.rates import new_meters, rate_fields
from sim.engines.compiled.slots import empty, fresh_samples, new_requests
from sim.engines.compiled.state import SPARE, Books, Clock, Routing, State, Supply
from sim.engines.compiled.terms import first_prices
from sim.engines.compiled.transfer import leaves_of, split_up
from sim.engines.compiled.transfer_records import TransferLink
from sim.engines.compiled.turns import new_chains
from sim.engines.grid import all_on_grid, on_grid
from sim.engines.offer_weights import weights_of
from sim.engines.record import rows_of, table
from sim.engines.requests import REQUEST, ArrivingRequest
from sim.engines.window import Window
from sim.engines.world import OfferSpec, World, marketplace_rates
from sim.errors import ScenarioError
from sim.near_load import PAIR, RECENT
from sim.scenario import Router

FIRST_POOL = 256  # slots of each pool of a shard at the start; they double when needed
FIRST_SAMPLES = 1024
MOST_PLACES = 2**31 - 1  # of all lists of finishes: a replica knows the first of its own as an int32
WHEEL_WIDTH_S = 0.25  # grain of the timer wheel: 256 s a round


def _or_inf(value: float | None) -> float:
    return np.inf if value is None else value


def _fill(row: Any, values: dict[str, Any]) -> None:
    for name, value in values.items():
        row[name] = value


def _offers(world: World) -> np.ndarray:
    table = np.zeros(len(world.offers), records.LiveDeployment.dtype())
    first = 0
    for row, spec, host in zip(table, world.offers, world.hosts, strict=True):
        row["host"], row["request_s"] = host, on_grid(spec.request_s, world.grid_per_s)
        _fill(row, spec.step._asdict())
        _fill(row, _offer_fields(spec))
        row["first_replica"] = first
        first += spec.replicas
    table["pin"] = 1 + world.provider_of
    return table


def _offer_fields(spec: OfferSpec) -> dict[str, Any]:
    return {
        "slow": 1.0,
        "fast_failure_share": spec.fast_failure_share,
        "fast_failure_s": spec.fast_failure_s,
        "midstream_share": spec.midstream_share,
        "kv_capacity": spec.kv_capacity_tokens,
        "overhead": spec.seq_overhead_tokens,
        "most": spec.replicas,
        "listed": 1,
        "context": spec.context_tokens,
        "room": spec.room_tokens,
        **rate_fields(spec.rates),
        "per_customer": spec.per_customer,
        "replicas": spec.replicas,
        "balancer": spec.balancer,
        "max_batch": spec.max_batch,
        "max_step_tokens": spec.max_step_tokens,
        "queue": spec.queue,
        "tier": spec.tier,
        "urgency": spec.urgency,
        "block": AS_BILLED if spec.finds_prefix else spec.block_tokens,
        "host_tokens": spec.host_tokens if spec.block_tokens > 0 else 0,  # without a cache there are no rows for one
        "host_token_s": spec.host_token_s,
        "reserve": spec.reserve,
        "first_share": spec.first_share,
        "preempts_shortest": spec.preempts_shortest,
        "prefills_first": spec.prefills_first,
        "central_head": -1,
        "central_tail": -1,
    }


def _replicas(offers: np.ndarray) -> tuple[np.ndarray, int]:
    """Replica records, and the number of places their lists of finishes need in all."""
    table = np.zeros(int(offers["replicas"].sum()), records.Replica.dtype())
    table["offer"] = np.repeat(np.arange(len(offers)), offers["replicas"])
    batches = offers["max_batch"][table["offer"]].astype(np.int64)
    if (places := int(batches.sum())) > MOST_PLACES:
        raise ScenarioError(f"replicas times max_batch is {places:,} in all, but must be at most {MOST_PLACES:,}")
    table["finishes"] = np.concatenate(([0], np.cumsum(batches)[:-1]))
    table["next_s"] = np.inf
    table["share_began"] = offers["first_share"][table["offer"]]
    for name in ("queue_head", "queue_tail", "prefill_head", "prefill_tail"):
        table[name] = -1
    return table, places


def _router_fields(router: Router) -> dict[str, Any]:
    attempts = router.attempts
    sticky, telemetry = router.stickiness, router.telemetry
    return {
        "fee_ppm": round(router.fee_share * 1_000_000),
        "own_key_fee_ppm": round(router.own_key_fee_share * 1_000_000),
        "exploration": router.exploration,
        "backoff_s": attempts.backoff_s,
        "backoff_cap_s": attempts.backoff_cap_s,
        "jitter": attempts.jitter,
        "hedge_s": _or_inf(attempts.hedge_s),
        "first_token_timeout_s": _or_inf(attempts.first_token_timeout_s),
        "total_timeout_s": _or_inf(attempts.total_timeout_s),
        **rest_fields(router),
        **slow_start_fields(router),
        "affinity_ttl_s": sticky.ttl_s,
        "affinity_slots": sticky.slots,
        "affinity_cheaper": sticky.rule == "openrouter",
        "affinity_by_hit": sticky.begins == "hit",
        "ewma_weight": telemetry.ewma_weight,
        "slot_s": telemetry.slot_s,
        "prior_ttft_s": telemetry.prior_ttft_s,
        "prior_throughput": telemetry.prior_tokens_per_s,
        "peers": telemetry.newcomers == "peers",
        "outage_after": telemetry.outage_after,
        "many_refused": telemetry.many_refused,
        "few_refused": telemetry.few_refused,
        "capacity_cut": telemetry.capacity_cut,
        "capacity_growth": telemetry.capacity_growth,
        "stale_s": telemetry.stale_view_s,
    }


def _routers(world: World) -> np.ndarray:
    table = np.zeros(len(world.routers), records.LiveRouter.dtype())
    for row, settings, bound in zip(table, world.router_settings, world.policies, strict=True):
        _fill(row, _router_fields(settings))
        _fill(row, rate_fields(marketplace_rates(settings.limits)))
        row["oracle"] = bound.policy.oracle
        row["observes"] = bound.policy.observe is not None
        row["mirrors"] = world.scenario.traffic.publish_period_s is None
    assign_telemetry(world, table)
    return table


def _lanes(world: World, here: np.ndarray, lane_of: np.ndarray) -> np.ndarray:
    """One FIFO a distinct delay to the offers of a shard; which ones join each router and offer goes to ``lane_of``."""
    bare_s = all_on_grid(world.delay_s[:, here], world.grid_per_s)
    lag_s = all_on_grid(np.array([world.offers[o].request_s for o in here]), world.grid_per_s)
    delay_s = np.stack((bare_s, bare_s + lag_s), axis=2)  # in the order of state.BARE and state.ANSWERS
    delays, joins = np.unique(delay_s, return_inverse=True)
    lanes = np.zeros(len(delays), records.Lane.dtype())
    lanes["delay_s"] = delays
    lanes["head"] = lanes["tail"] = -1
    lane_of[:, here] = joins.reshape(delay_s.shape)
    return lanes


def _widest(sizes: Iterable[int]) -> int:
    return max([1, *sizes])


def _memory(world: World) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The policies' arrays, padded to the largest policy of the world."""
    routers, policies = len(world.routers), world.policies
    params = [bound.parameter_array() for bound in policies]
    offers = np.zeros((routers, len(world.offers), _widest(b.policy.offer_slots for b in policies)))
    shared = np.zeros((routers, len(world.models), _widest(b.policy.shared_slots for b in policies)))
    values = np.zeros((routers, _widest(len(p) for p in params)))
    for row, given in zip(values, params, strict=True):
        row[: len(given)] = given
    return offers, shared, values


def _routing(world: World, offers: np.ndarray, lane_of: np.ndarray) -> Routing:
    routers = _routers(world)
    shape = (len(routers), len(offers))
    seats = np.zeros(shape, records.Seat.dtype())
    for name in ("done_until", "failed_until", "back_at", "cool_until"):
        seats[name] = -np.inf
    seats["weight"] = weights_of(world)
    sticky = np.zeros((len(routers), len(world.models), _widest(_sticky_slots(world))), records.Stick.dtype())
    memory_offers, memory_shared, memory_params = _memory(world)
    return Routing(
        routers=table(routers, records.LiveRouter),
        clients=new_clients(world),
        **new_wishes(world),
        requests=table(new_requests(FIRST_POOL), records.LiveRequest),
        free_requests=state.free_stack(FIRST_POOL),
        tried=np.zeros((FIRST_POOL, state.MAX_ATTEMPTS), np.int32),
        seconds=empty(_rows_if(_hedges(world)), records.SecondAttempt),
        links=new_links(FIRST_POOL),
        queues=new_queues(len(routers), len(world.models)),
        seats=table(seats, records.Seat),
        meters=table(new_meters(world, keyed_offers(world), offers, routers), records.Meter),
        **new_telemetry(world, routers, offers),
        **new_runs(FIRST_POOL),
        sticky=table(sticky, records.Stick),
        model_first=world.model_first.astype(np.int64),
        **new_models(world),
        fresh=np.full((len(routers), len(world.models), 2), -1, np.int64),
        all_open=np.zeros((len(routers), len(world.models)), np.int32),
        guard_until=np.repeat(np.where(routers["weighs"] != 0, np.inf, 0.0)[:, None], len(world.models), 1),
        least_context=np.array(
            [offers["context"][a:b].min() for a, b in pairwise(world.model_first.tolist())], np.int64
        ),
        special=special_offers(world, offers),
        hidden=np.zeros(len(world.models), np.int64),
        answers=np.zeros((len(world.models), len(world.classes), 2), np.int64),
        lane_of=lane_of,
        memory_offers=memory_offers,
        memory_shared=memory_shared,
        memory_params=memory_params,
        chains=new_chains(world.loops, len(world.classes)),
    )


def _hedges(world: World) -> bool:
    return any(router.attempts.hedge_s is not None for router in world.router_settings)


def _rows_if(used: bool) -> int:
    """Rows, at the start, of a table beside the requests': none is reached if nothing uses it, but arrays have one."""
    return FIRST_POOL if used else 1


def _sticky_slots(world: World) -> list[int]:
    return [sticky.slots for sticky in (router.stickiness for router in world.router_settings) if sticky.ttl_s > 0]


def _tree(leaves: int, first_s: float) -> state.Tree:
    """A tree in which only leaf 0 may be due."""
    places = 1
    while places < leaves:
        places *= 2
    times = np.full(places, np.inf)
    times[0] = first_s
    winners = np.zeros(2 * places, np.uint32)
    for height in range(places.bit_length()):
        winners[1 << height : 2 << height] = np.arange(0, places, places >> height)
    return state.Tree(winners, times.view(np.int64))


def _clock(world: World, lanes: np.ndarray, replica_at: np.ndarray) -> Clock:
    stale_s = np.array([router.telemetry.stale_view_s for router in world.router_settings])
    ticks = world.scenario.traffic.publish_period_s is not None or bool((stale_s > 0).any())
    return Clock(
        front=_tree(state.FIRST_LANE + len(lanes), 0.0 if ticks else np.inf),
        fleet=_tree(len(replica_at), np.inf),
        replica_at=replica_at,
        stale_next=np.where(stale_s > 0, 0.0, np.inf),
        copies=np.zeros(len(stale_s), np.int64),
        lanes=table(lanes, records.Lane),
        messages=empty(4 * FIRST_POOL, records.Message),
        free_messages=state.free_stack(4 * FIRST_POOL),
        misc=empty(4 * FIRST_POOL, records.RareEvent),
        wheel=np.full(state.WHEEL, -1, np.int32),
    )


def _globals(world: World, shards: int) -> np.ndarray:
    traffic, window = world.scenario.traffic, Window(world)
    rows = np.zeros(shards, records.Globals.dtype())
    period = traffic.publish_period_s
    values = {
        "publish_next": np.inf if period is None else 0.0,
        "publish_period": _or_inf(period),
        "per_s": world.grid_per_s,
        "boundary_at": -np.inf,
        "due": -np.inf,
        "wheel_width": WHEEL_WIDTH_S,
        "warmup_s": window.begins_s,
        "demand_ends_s": window.ends_s,
        "sample_share": traffic.sample_share,
        "free_requests": FIRST_POOL,
        "free_attempts": FIRST_POOL,
        "free_messages": 4 * FIRST_POOL,
        "free_runs": FIRST_POOL - 1,
        **prefix_counts(world.offers),
        "spare_messages": 4 * SPARE + 2 * max(spec.max_batch for spec in world.offers),
    }
    for name, value in values.items():
        rows[name] = value
    return rows


def new_shards(world: World, groups: Sequence[np.ndarray]) -> list[State]:
    """The engine's memory at time 0.

    Parameters
    ----------
    world
        What is simulated.
    groups
        Of every shard its models (`sim.engines.compiled.shards`).
    """
    offers = _offers(world)
    tiers = first_prices(offers, world.offers)
    replicas, places = _replicas(offers)
    links = split_up(offers, replicas, world.offers)
    lane_of = np.zeros((*world.delay_s.shape, 2), np.int32)
    routing = _routing(world, offers, lane_of)
    supply = _supply(offers, replicas, places)._replace(**links, tiers=table(tiers, TierRow), times=_times(world),
                                                        **new_caches(world.offers))
    books = state.new_books(len(world.classes), len(offers), len(world.routers), 1)
    rows = _globals(world, len(groups))
    shards = []
    for shard, models in enumerate(groups):
        here = np.concatenate([np.arange(world.model_first[m], world.model_first[m + 1]) for m in models])
        replica_at = np.flatnonzero(np.isin(replicas["offer"], here))
        leaves = leaves_of(replica_at, replicas, rows_of(supply.links))
        clock = _clock(world, _lanes(world, here, lane_of), leaves)
        shards.append(State(
            globals=table(rows[shard:shard + 1], records.Globals), clock=clock,
            supply=_own_supply(supply, here)._replace(**new_prefixes(world.offers)), routing=_own_routing(routing),
            books=fresh_samples(books, FIRST_SAMPLES if world.scenario.traffic.sample_share > 0 else 1),
            feed=table(np.zeros(0, REQUEST), ArrivingRequest),
        ))
    return shards


def _times(world: World) -> np.ndarray:
    """Recent times to first token of each offer, if providers publish them."""
    offers = 1 if world.scenario.traffic.publish_period_s is None else len(world.offers)
    return np.zeros((offers, PAIR * RECENT))


def copies_by_class(books: Books, copies: int) -> list[tuple[np.ndarray, ...]]:
    """The counters by class, as often as there are threads: any of them may serve a request of any class."""
    first = tuple(getattr(books, name) for name in state.BY_CLASS)
    return [first, *(tuple(np.zeros_like(array) for array in first) for _ in range(copies - 1))]


def _supply(offers: np.ndarray, replicas: np.ndarray, places: int) -> Supply:
    finish_v, finish_attempt = finish_arrays(places)
    return Supply(
        here=np.zeros(0, np.int32),
        offers=table(offers, records.LiveDeployment),
        tiers=empty(0, TierRow),
        times=np.zeros((1, 1)),
        replicas=table(replicas, records.Replica),
        links=empty(1, TransferLink),
        attempts=empty(FIRST_POOL, records.Attempt),
        free_attempts=state.free_stack(FIRST_POOL),
        **no_debts(FIRST_POOL), **no_claims(FIRST_POOL), **no_answers(FIRST_POOL), **new_caches(()),
        finish_v=finish_v,
        finish_attempt=finish_attempt,
    )


def _own_supply(whole: Supply, here: np.ndarray) -> Supply:
    """The providers' side as a shard has it: all tables, and a pool of attempts of its own."""
    return whole._replace(here=here.astype(np.int32), attempts=empty(FIRST_POOL, records.Attempt),
                          free_attempts=state.free_stack(FIRST_POOL), **no_debts(FIRST_POOL), **no_claims(FIRST_POOL),
                          **no_answers(FIRST_POOL))


def _own_routing(whole: Routing) -> Routing:
    """The routers' side as a shard has it: all tables, and a pool of requests of its own."""
    return whole._replace(requests=table(new_requests(FIRST_POOL), records.LiveRequest),
                          free_requests=state.free_stack(FIRST_POOL),
                          tried=np.zeros((FIRST_POOL, state.MAX_ATTEMPTS), np.int32),
                          chains=new_chains(whole.chains.loops, 0), links=new_links(FIRST_POOL),
                          seconds=empty(len(whole.seconds), records.SecondAttempt), **new_runs(FIRST_POOL))
