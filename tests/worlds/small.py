"""Build small worlds for tests straight from numbers: no TOML, no hardware, no demand.

``offer`` makes an abstract offer, ``world`` a market of offers, ``requests`` the rows that a test hands to an
engine, and ``drive`` runs an engine through them and a list of calendar changes.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final, NamedTuple

import numpy as np
from pydantic import BaseModel

from sim import view as v
from sim.demand.classes import expanded_classes, shared_tokens
from sim.demand.loops import closed_loops
from sim.engines.face import TrafficEngine
from sim.engines.outcome import TrafficOutcome
from sim.engines.requests import REQUEST
from sim.engines.schedule import flat
from sim.engines.service_tiers import SERVICE_TIERS
from sim.engines.steptime import StepCoefficients
from sim.engines.world import BALANCERS, OfferSpec, World
from sim.policy import DONE, FAILED, BoundPolicy, NoParameters, Policy, places
from sim.scenario import TrafficScenario

# Policies


class Column(BaseModel):
    """Which column of the view a policy minimises."""

    column: int


COLUMN_AT = places(Column)


def choose_first(view, request, memory, u):
    for row in range(view.shape[0]):
        if view[row, v.OPEN] == 1.0:
            return row
    return -1


def choose_lowest(view, request, memory, u):
    column = int(memory.params[COLUMN_AT.column])
    best = np.inf
    ties = 0
    for row in range(view.shape[0]):
        if view[row, v.OPEN] == 1.0:
            if view[row, column] < best:
                best = view[row, column]
                ties = 0
            if view[row, column] == best:
                ties += 1
    pick = int(u * ties)
    for row in range(view.shape[0]):
        if view[row, v.OPEN] == 1.0 and view[row, column] == best:
            if pick == 0:
                return row
            pick -= 1
    return -1


def choose_least_regret(view, request, memory, u):
    """Least mean time of its own completions, each failure adding a second; declines one time in twenty."""
    if u < 0.05:
        return -1
    best, least = -1, np.inf
    for row in range(view.shape[0]):
        if view[row, v.OPEN] == 1.0:
            mean = memory.offers[row, 1] / max(1.0, memory.offers[row, 0])
            if mean < least:
                best, least = row, mean
    memory.shared[0] += 1.0
    return best


def observe_regret(memory, event):
    if event.kind == DONE:
        memory.offers[event.row, 0] += 1.0
        memory.offers[event.row, 1] += event.e2e_s + event.ttft_s / max(1, event.output_tokens)
    elif event.kind == FAILED:
        memory.offers[event.row, 1] += 1.0 * event.failure


def choose_by_beginning(view, request, memory, u):
    """An open row that all that is told of the prompt's beginning, and of earlier ones, decides."""
    told = (request.history_tokens + 3 * request.document + 5 * request.shared_tokens + int(memory.shared[0])) % 64
    for step in range(view.shape[0]):
        row = (told + step) % view.shape[0]
        if view[row, v.OPEN] == 1.0:
            return row
    return -1


def observe_beginnings(memory, event):
    told = event.request % 11 + event.session + 7 * event.document + 13 * event.shared_tokens
    told += 17 * event.history_tokens + 19 * event.cached_tokens
    memory.shared[0] = (3.0 * memory.shared[0] + told + event.kind) % 8191


FIRST: Final = Policy("test_first", choose_first, "First open row.", "tests", "none")
LOWEST: Final = Policy("test_lowest", choose_lowest, "Least of a column.", "tests", "at random",
                       parameters=Column)
LEARNER: Final = Policy("test_learner", choose_least_regret, "Least regret.", "tests", "first row",
                        observe=observe_regret, offer_slots=2, shared_slots=1)
PREFIX_READER: Final = Policy("test_prefixes", choose_by_beginning, "By prompts' beginnings.", "tests", "none",
                              observe=observe_beginnings, shared_slots=1)
ORACLE: Final = replace(LOWEST, kind="oracle_test", oracle=True)


def first() -> BoundPolicy:
    """The first open row."""
    return BoundPolicy(FIRST, NoParameters())


def lowest(column: int) -> BoundPolicy:
    """Least value of a column, ties at random."""
    return BoundPolicy(LOWEST, Column(column=column))


def oracle() -> BoundPolicy:
    """Least true work, ties at random."""
    return BoundPolicy(ORACLE, Column(column=v.TRUE_WORK_S))


def learner() -> BoundPolicy:
    """A policy that observes, remembers and now and then declines."""
    return BoundPolicy(LEARNER, NoParameters())


def prefix_reader() -> BoundPolicy:
    """A policy whose choices depend on all that is told of what prompts begin with."""
    return BoundPolicy(PREFIX_READER, NoParameters())


# Markets


def affine(base_s: float = 0.0, per_token_s: float = 0.0, per_kv_token_s: float = 0.0) -> StepCoefficients:
    """Step time that is affine in tokens computed and KV tokens read (the arithmetic takes no time)."""
    return StepCoefficients(
        base_s=float(base_s), weights_s=0.0, experts_s=0.0, miss_log=0.0, kv_s=float(per_kv_token_s),
        token_s=0.0, pair_s=0.0, comm_token_s=float(per_token_s),
    )


def offer(step: StepCoefficients | None = None, **changes: Any) -> OfferSpec:
    """One replica whose step lasts a second, without limits or faults, unless ``changes`` say otherwise.

    ``balancer`` may be a name. ``price_in_nano`` and ``price_out_nano`` are base prices in nano-dollars a token, in
    which bills are round.
    """
    plain = OfferSpec(
        provider="p", name="o", model="m", region="us-east", replicas=1, balancer=0, max_batch=64,
        max_step_tokens=1 << 20, kv_capacity_tokens=1 << 40, seq_overhead_tokens=0, step=step or affine(1.0),
        price=flat(1_000_000, 2_000_000), context_tokens=1 << 30, requests_per_min=0, tokens_per_min=0,
        requests_per_day=0, tokens_per_day=0, by_minute=False, per_customer=False,
        queue=-1, fast_failure_share=0.0, fast_failure_s=0.005, midstream_share=0.0, gpus=0,
        gpu_usd_per_hour=0.0,
    )
    if isinstance(changes.get("balancer"), str):
        changes["balancer"] = BALANCERS.index(changes["balancer"])
    into, out = changes.pop("price_in_nano", 1000), changes.pop("price_out_nano", 2000)
    return replace(plain, **{"price": flat(1000 * into, 1000 * out), **changes})


class Client(NamedTuple):
    """A client class of a test market."""

    model: str = "m"
    router: str = "main"
    delay_s: float = 0.0
    slo_ttft_s: float = 2.0
    slo_tpot_s: float = 0.1
    demand: Mapping[str, Any] = {}  # other settings of its class, as in a scenario
    fallbacks: tuple[str, ...] = ()
    stay_s: float = np.inf
    tier: str = "default"  # service tier that it asks for


def world(
    offers: Sequence[OfferSpec],
    policies: BoundPolicy | Sequence[BoundPolicy] | None = None,
    *,
    routers: Mapping[str, Mapping[str, Any]] | None = None,
    clients: Sequence[Client] = (Client(),),
    traffic: Mapping[str, Any] | None = None,
    delay_s: float | np.ndarray = 0.0,
) -> World:
    """A market of the given offers.

    ``routers`` and ``traffic`` are settings as in a scenario; every request is sampled unless ``traffic``
    says otherwise. ``delay_s`` is one way, a number or a (routers, offers sorted by model) matrix.
    """
    routers = routers or {"main": {}}
    rows = tuple(sorted(offers, key=lambda spec: spec.model))
    models = tuple(sorted({spec.model for spec in rows}))
    bound = (policies,) * len(routers) if isinstance(policies, BoundPolicy) else policies
    names = tuple(routers)
    counts = [sum(spec.model == model for spec in rows) for model in models]
    classes = tuple(f"class{index}" for index in range(len(clients)))
    scenario = _scenario(rows, routers, clients, traffic or {})
    return World(
        scenario=scenario,
        offers=rows, models=models, routers=names, router_names=names,
        classes=classes, class_names=classes,
        class_model=np.array([models.index(client.model) for client in clients], dtype=np.int32),
        class_router=np.array([names.index(client.router) for client in clients], dtype=np.int32),
        class_delay_s=np.array([client.delay_s for client in clients], dtype=np.float64),
        class_slo_ttft_s=np.array([client.slo_ttft_s for client in clients], dtype=np.float64),
        class_slo_tpot_s=np.array([client.slo_tpot_s for client in clients], dtype=np.float64),
        class_stay_s=np.array([client.stay_s for client in clients], dtype=np.float64),
        model_first=np.concatenate(([0], np.cumsum(counts))).astype(np.int64),
        delay_s=np.array(np.broadcast_to(delay_s, (len(names), len(rows))), dtype=np.float64),
        policies=tuple(bound or (first(),) * len(names)), seed=1, replication=0,
        loops=closed_loops(expanded_classes(scenario), np.array([client.delay_s for client in clients])),
        class_fallbacks=tuple(tuple(models.index(model) for model in client.fallbacks) for client in clients),
        class_tier=tuple(SERVICE_TIERS.index(client.tier) for client in clients),
        class_preferences=tuple(scenario.demand[name].preferences for name in classes),
        class_shared_tokens=shared_tokens(expanded_classes(scenario)),
    )


def _scenario(
    offers: Sequence[OfferSpec],
    routers: Mapping[str, Mapping[str, Any]],
    clients: Sequence[Client],
    traffic: Mapping[str, Any],
) -> TrafficScenario:
    """A valid scenario with the given settings; its demand and supply are only for show."""
    price = {"input_usd_per_mtok": 1, "output_usd_per_mtok": 1}
    shown = {"serving": {"kind": "affine", "base_s": 1.0}, "price": price}
    # offers of a test may have one name for several models: each model is shown once more
    models = {spec.model: {"model": spec.model, **shown} for spec in offers}
    providers: dict[str, Any] = {"shown": {"offers": models}}
    for spec in offers:
        providers.setdefault(spec.provider, {"offers": {}})["offers"][spec.name] = {"model": spec.model, **shown}
    return TrafficScenario.model_validate({
        "name": "test",
        "traffic": {"duration_s": 1000.0, "sample_share": 1.0, **traffic},
        "routers": dict(routers),
        "demand": {
            f"class{index}": {"model": client.model, "router": client.router, "fallback_models": client.fallbacks,
                              "arrivals": {"kind": "poisson", "rate_per_s": 1.0}, **client.demand}
            for index, client in enumerate(clients)
        },
        "providers": providers,
    })


def requests(of: World, rows: Iterable[Mapping[str, Any]]) -> np.ndarray:
    """Requests from ``arrive_s``, ``prompt`` and ``output``, and what differs from the defaults.

    By default a request is of the first class, waits for ever, has no session, a key of its own, and expects
    the output that it gets.
    """
    table = []
    for number, row in enumerate(rows):
        client = row.get("client_class", 0)
        filled = {
            "born_s": row["arrive_s"] - of.class_delay_s[client], "patience_s": np.inf,
            "expected_output": float(row["output"]), "key": number + 1, "session": -1, "client_class": client,
            "router": of.class_router[client], "model": of.class_model[client], "prefix": 0,
            "max_tokens": 0, "priority": 0, "pinned": 0, "turn": 0, "document": 0, **row,
        }
        table.append(tuple(filled[name] for name in REQUEST.names or ()))
    return np.array(table, dtype=REQUEST)


class Change(NamedTuple):
    """A calendar event: ``up`` (1 or 0), ``slow`` (factor) or ``price`` (nano-dollars in, out, cached),
    ``size`` (replicas that take new requests), ``list`` (1 or 0) or ``schedule`` (one)."""

    time_s: float
    kind: str
    offer: int
    values: tuple[Any, ...]


def apply(engine: TrafficEngine, change: Change) -> None:
    """Let a calendar event happen now."""
    if change.kind == "up":
        engine.set_up(change.offer, bool(change.values[0]))
    elif change.kind == "slow":
        engine.set_slowdown(change.offer, change.values[0])
    elif change.kind == "price":
        engine.set_price(change.offer, *(1000 * int(value) for value in change.values))
    elif change.kind == "size":
        engine.set_replicas(change.offer, int(change.values[0]))
    elif change.kind == "schedule":
        engine.set_schedule(change.offer, *change.values)
    elif change.kind == "list":
        engine.set_listed(change.offer, bool(change.values[0]))
    else:
        raise ValueError(f"no such change: {change.kind}")


def drive(engine: TrafficEngine, changes: Iterable[Change] = (), until_s: float = 1e6) -> TrafficOutcome:
    """Run an engine to ``until_s`` through calendar changes; those of one time happen in the order given."""
    for change in sorted(changes, key=lambda change: change.time_s):
        engine.advance(change.time_s)
        apply(engine, change)
    engine.advance(until_s)
    return engine.outcome()
