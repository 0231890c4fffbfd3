"""Which models a firm offers within the horizon, on what hardware, and from which day."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, NamedTuple

from providers.around import Around
from providers.cost.gpu_dates import rentable_day
from providers.firms.placement import Hardware, choose_hardware
from providers.hardware.calibration import built_in
from providers.hardware.gpus import Gpu
from providers.price_schedules import schedule_of
from providers.shared_columns import engine_columns, fault_columns, limit_columns
from sim.engines.world import BALANCERS, OfferSpec
from sim.errors import ScenarioError
from sim.market.firm_schedules import schedule_at
from sim.market.models.model import Model, Models
from sim.market.prices import Prices
from sim.scenario.firm_settings import Firm, PoolSettings, Shelf, SupplySettings
from sim.scenario.price_settings import Price
from sim.scenario.provider_settings import Offer, RooflineServing
from sim.streams import Streams

# times the GPUs at entry: every replica that may ever run has a row in the engine's memory. What would need more is
# refused when it happens (`providers.firms.firm`), so that no market is shaped by it unseen
MOST_GROWTH: Final = 100


@dataclass(frozen=True)
class PlannedOffer:
    """An offer that a firm will make.

    Attributes
    ----------
    firm
        Name of the firm.
    model
        The model.
    hardware
        One replica.
    launch_day
        Day from which the firm would serve it.
    most
        Replicas that it may ever have.
    """

    firm: str
    model: Model
    hardware: Hardware
    launch_day: float
    most: int


def planned_offers(
    name: str, settings: SupplySettings, models: Models, streams: Streams, around: Around
) -> list[PlannedOffer]:
    """Offers that a firm makes before the horizon, in the order of the models.

    A lab takes the models of its creator at their release. A host takes an open model that its adoption settings
    allow with a probability, some days after the release, and a cloud a closed one; both draws come from
    ``providers/<firm>/adoption/<model>``, so that no other model or firm changes them. Pools may name the GPU types of
    ``around``.

    Raises
    ------
    ScenarioError
        If the firm names an unknown GPU type, or a model an unknown architecture.
    """
    firm = settings.firms[name]
    _check_gpus(name, firm, around.gpus)
    offers = []
    for model in models.rows:
        day = _launch_day(name, firm, model, streams)
        if day is None or day >= min(around.days, model.retire_day):
            continue
        hardware = _hardware_of_the_day(model, firm, settings.shelf, day, around)
        most = 0 if hardware is None else _most_replicas(firm, hardware, settings)
        if hardware is not None and most >= settings.autoscaling.min_replicas:
            offers.append(PlannedOffer(name, model, hardware, day, most))
    return offers


def _hardware_of_the_day(model: Model, firm: Firm, shelf: Shelf, day: float, around: Around) -> Hardware | None:
    """Replica in the first pool where it fits; of a firm that buys newer GPUs, where a token is cheapest that day."""
    if not any(pool.when_rentable for pool in firm.pools):
        return choose_hardware(model, firm, shelf, around.gpus)
    found = []
    for index, pool in enumerate(firm.pools):
        if opening_day(pool, firm, around) <= day:
            alone = choose_hardware(model, firm.model_copy(update={"pools": (pool,)}), shelf, around.gpus)
            if alone is not None:
                found.append(alone._replace(pool=index))

    def usd(hardware: Hardware) -> float:
        gpu = around.gpus[hardware.deployment.gpu.name]
        rented = firm.pools[hardware.pool].tenure == "rented"
        hour = hardware.gpus * (gpu.rent_usd_per_hour if rented else gpu.owner_usd_per_hour)
        return hardware.capacity.cost_usd_per_mtok(hour, 1.0, hardware.prior.mix)

    return min(found, key=usd, default=None)


def opening_day(pool: PoolSettings, firm: Firm, around: Around) -> float:
    """Day on which a pool is there: at the firm's entry, or when its GPU type can be rented."""
    return max(firm.entry_day, rentable_day(pool.gpu, around.start)) if pool.when_rentable else firm.entry_day


def _check_gpus(name: str, firm: Firm, gpus: Mapping[str, Gpu]) -> None:
    for index, pool in enumerate(firm.pools):
        if pool.gpu not in gpus:
            raise ScenarioError(f"supply.firms.{name}.pools.{index}.gpu is {pool.gpu!r}, which is unknown; "
                                f"allowed are {', '.join(gpus)}")


def _launch_day(name: str, firm: Firm, model: Model, streams: Streams) -> float | None:
    if firm.kind == "lab":
        own = (firm.creator or name).casefold() == model.creator.casefold()
        own = own and (firm.adoption.own_open or not model.open)
        return max(firm.entry_day, model.release_day) if own else None
    if not _eligible(firm, model):
        return None
    rng = streams.generator(f"providers/{name}/adoption/{model.name}")
    takes, delay = rng.random(), math.exp(firm.adoption.delay_sigma * rng.standard_normal())
    if takes >= firm.adoption.probability:
        return None
    return max(firm.entry_day, model.release_day + firm.adoption.delay_days * delay)


def _eligible(firm: Firm, model: Model) -> bool:
    terms = firm.adoption
    creators, families = ({name.casefold() for name in names} for names in (terms.creators, terms.families))
    return (
        model.open == (firm.kind == "host")
        and (not creators or model.creator.casefold() in creators)
        and (not families or model.family.casefold() in families)
        and terms.min_total_b <= model.total_b <= terms.max_total_b
        and firm.entry_day - model.release_day <= terms.max_age_days
    )


def _most_replicas(firm: Firm, hardware: Hardware, settings: SupplySettings) -> int:
    """Replicas of the largest pool that the firm may build up, within the common limit."""
    gpus = most_gpus(firm.pools[hardware.pool].count, settings.investment.max_growth)
    return min(settings.autoscaling.max_replicas, gpus // hardware.gpus)


def most_gpus(at_entry: int, max_growth: float | None) -> int:
    """GPUs that a pool may ever have; without a limit so many as the engine keeps memory for."""
    return int(at_entry * (MOST_GROWTH if max_growth is None else max_growth))


class PriceBeforeLaunch(NamedTuple):
    """What stands in the tables until an offer's strategy posts a price, USD per million tokens."""

    input_usd: float
    output_usd: float


def price_before_launch(planned: PlannedOffer, settings: SupplySettings) -> PriceBeforeLaunch:
    """List price, or unit cost without one."""
    model, hardware = planned.model, planned.hardware
    if model.list_in_usd is not None and model.list_out_usd is not None:
        usd = (model.list_in_usd, model.list_out_usd)
    else:
        rent = hardware.gpus * hardware.deployment.gpu.rent_usd_per_hour
        target = settings.autoscaling.target_utilisation
        cost = hardware.capacity.cost_usd_per_mtok(rent, target, hardware.prior.mix)
        usd = (cost, cost)
    # to whole pico-dollars a token
    return PriceBeforeLaunch(round(usd[0], 6), round(usd[1], 6))


def offer_part(planned: PlannedOffer, settings: SupplySettings) -> Offer:
    """The offer as a part of the traffic's scenario."""
    firm, deployment = settings.firms[planned.firm], planned.hardware.deployment
    price = price_before_launch(planned, settings)
    return Offer(
        model=planned.model.name,
        replicas=planned.most,
        serving=RooflineServing(gpu=deployment.gpu.name, precision=deployment.precision, tp=deployment.tp),
        engine=firm.engine,
        balancer=firm.balancer,
        price=Price(input_usd_per_mtok=price.input_usd, output_usd_per_mtok=price.output_usd),
        limits=firm.limits.model_copy(update={"context_tokens": planned.hardware.context_tokens}),
    )


def offer_spec(planned: PlannedOffer, part: Offer, settings: SupplySettings) -> OfferSpec:
    """The offer with its hardware resolved to numbers: a row of the world, with the most replicas it may have.

    Parameters
    ----------
    planned, part
        The offer, and as a part of the traffic's scenario.
    settings
        Supply.
    """
    firm, hardware = settings.firms[planned.firm], planned.hardware
    return OfferSpec(
        provider=planned.firm,
        name=planned.model.name,
        model=planned.model.name,
        region=firm.region,
        replicas=planned.most,
        balancer=BALANCERS.index(part.balancer),
        kv_capacity_tokens=hardware.kv_tokens,
        seq_overhead_tokens=hardware.deployment.sequence_overhead_tokens,
        step=hardware.step,
        price=schedule_at(firm.schedule, Prices(*schedule_of(part.price).base[:3])),
        context_tokens=hardware.context_tokens,
        request_s=hardware.deployment.gpu.constants(built_in()).request_s,
        gpus=hardware.gpus * planned.most,
        gpu_usd_per_hour=hardware.deployment.gpu.rent_usd_per_hour,
        quantization=hardware.deployment.precision,
        **engine_columns(firm.engine),
        **limit_columns(firm.limits),
        **fault_columns(firm.faults),
    )
