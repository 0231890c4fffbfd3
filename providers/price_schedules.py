"""From the prices of a scenario to the engines' schedules, and their changes to the calendar."""

from collections.abc import Generator, Sequence
from functools import partial
from typing import Any

from simpy import Environment, Event

from sim.calendar import Process
from sim.engines.face import TrafficEngine
from sim.engines.schedule import DatedSchedule, Line, Schedule, Tier
from sim.engines.world import World
from sim.scenario.price_settings import Price, PriceSchedule, TokenPrices, on_grid
from sim.units import PICO_PER_USD, PICO_PER_USD_PER_MTOK, PPM


def schedule_of(price: PriceSchedule) -> Schedule:
    """A schedule in whole pico-dollars."""
    tiers = tuple(Tier(tier.above_tokens, _line(tier)) for tier in price.tiers)
    return Schedule(
        _line(price), request=on_grid("request_usd", price.request_usd, PICO_PER_USD),
        kept_ppm=PPM - on_grid("discount", price.discount, PPM), tiers=tiers,
    )


def later_schedules(price: Price) -> tuple[DatedSchedule, ...]:
    """The schedules that replace a price in the course of a run."""
    return tuple(DatedSchedule(later.from_s, schedule_of(later)) for later in price.later)


def _line(price: TokenPrices) -> Line:
    """Prices per token; what is not given costs as input."""
    into = price.input_usd_per_mtok
    cached, write = (into if given is None else given
                     for given in (price.cached_usd_per_mtok, price.cache_write_usd_per_mtok))
    usd = (into, price.output_usd_per_mtok, cached, write)
    return Line(*(on_grid("price", value, PICO_PER_USD_PER_MTOK) for value in usd))


def price_processes(world: World) -> list[Process]:
    """Calendar processes that post the later prices of a market's offers, one an offer that has any."""
    return [partial(_reprice, row, offer.later_prices) for row, offer in enumerate(world.offers) if offer.later_prices]


def _reprice(
    row: int, later: Sequence[DatedSchedule], env: Environment, engine: TrafficEngine
) -> Generator[Event, Any, None]:
    """Post each schedule at its time."""
    for dated in later:
        yield env.timeout(dated.from_s - env.now)
        engine.set_schedule(row, dated.schedule)
