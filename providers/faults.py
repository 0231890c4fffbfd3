"""What goes wrong: outages and slow spells, from streams keyed by provider, offer and region."""

from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from numpy.random import Generator as Rng
from simpy import Environment, Event

from providers.cost.software import RELEASE_DAYS, software_speed
from sim.calendar import Process
from sim.engines.face import OfferHealth
from sim.engines.world import World
from sim.scenario import Faults, RegionFaults
from sim.streams import Streams
from sim.units import DAY_S


@dataclass
class _Health:
    """What holds one offer down or back at this moment."""

    # a count, not a flag: outages of provider, offer and region overlap, and the first repair must not bring up what
    # another still holds down
    outages: int = 0
    # all of them, not the largest: when that ends, the largest of the others counts
    factors: list[float] = field(default_factory=list)
    # how fast the engine's software is by now, over that of the start
    speed: float = 1.0

    def slowdown(self) -> float:
        """The factor on step times: the largest of the slow spells under way, over the speed of the software."""
        return max(self.factors, default=1.0) / self.speed


def fault_processes(world: World, streams: Streams, software_per_year: float = 1.0) -> list[Process]:
    """Calendar processes of all outages and slow spells of a market.

    A provider's faults hit all its offers at once; an offer's own ``faults`` hit it alone, on top of the
    provider's; a region's outages hit all offers there, whoever's they are, on top of both. An offer is up when
    no outage holds it; of overlapping slow spells the largest factor counts. What hits an offer hits those that
    share its replicas.
    Times to the next fault (from the end of the last one) and to repair are exponential. Streams are
    ``faults/provider[/offer]/outage`` and ``.../slowdown``, and ``faults/region/name/outage``, so that no
    provider's or region's faults depend on another's.

    Parameters
    ----------
    world
        The market.
    streams
        Streams of this replication; each name is taken once.
    software_per_year
        Factor by which all engines get faster in a year (E51): what slows an offer down is on top of that.

    Returns
    -------
    list of Process
        For one run of ``sim.calendar.run_traffic``.
    """
    health = [_Health() for _ in world.offers]
    processes: list[Process] = []
    of_provider: dict[str, dict[str, int]] = {name: {} for name in world.scenario.providers}
    for row, offer in enumerate(world.offers):
        if not offer.pool:
            of_provider.setdefault(offer.provider, {})[offer.name] = row
    for provider_name, provider in world.scenario.providers.items():
        rows = of_provider[provider_name]
        every = list(rows.values())
        processes += _processes(provider.faults, every, f"faults/{provider_name}", health, streams)
        for name, row in rows.items():
            # streams of its own beside the provider's: faults given to one offer leave all others' times as they were
            own = provider.offers[name].faults
            if own is not None:
                processes += _processes(own, [row], f"faults/{provider_name}/{name}", health, streams)
    for region, regional in world.scenario.network.faults.items():
        there = [i for i, o in enumerate(world.offers) if o.region == region and not o.pool]
        processes += _outages(regional, there, f"faults/region/{region}", health, streams)
    if software_per_year != 1.0:
        processes.append(partial(_releases, [i for i, o in enumerate(world.offers) if not o.pool], health,
                                 software_per_year))
    return processes


def _releases(
    rows: Sequence[int], health: list[_Health], per_year: float, env: Environment, engine: OfferHealth
) -> Generator[Event, Any, None]:
    """Run a faster version of the engine everywhere, once a month (E51)."""
    while True:
        yield env.timeout(RELEASE_DAYS * DAY_S)
        speed = software_speed(per_year, round(env.now / DAY_S))
        for row in rows:
            health[row].speed = speed
            engine.set_slowdown(row, health[row].slowdown())


def _processes(
    faults: Faults, rows: Sequence[int], stream: str, health: list[_Health], streams: Streams
) -> list[Process]:
    """Processes of one ``faults`` table over the offers that it hits."""
    found = _outages(faults, rows, stream, health, streams)
    if faults.slowdown_mtbf_s is not None:
        hit = partial(_slow_spell, rows, health, faults.slowdown_factor)
        rng = streams.generator(f"{stream}/slowdown")
        found.append(partial(_alternate, rng, faults.slowdown_mtbf_s, faults.slowdown_mttr_s, hit))
    return found


def _outages(
    faults: Faults | RegionFaults, rows: Sequence[int], stream: str, health: list[_Health], streams: Streams
) -> list[Process]:
    """The process of outages over the offers that they hit; none if they are off."""
    if faults.outage_mtbf_s is None:
        return []
    hit = partial(_outage, rows, health)
    rng = streams.generator(f"{stream}/outage")
    return [partial(_alternate, rng, faults.outage_mtbf_s, faults.outage_mttr_s, hit)]


def _alternate(
    rng: Rng, well_s: float, ill_s: float, hit: Callable[[OfferHealth, bool], None], env: Environment,
    engine: OfferHealth,
) -> Generator[Event, Any, None]:
    """Well for an exponential time, ill for another, for ever; of the means given."""
    while True:
        yield env.timeout(rng.exponential(well_s))
        hit(engine, True)
        yield env.timeout(rng.exponential(ill_s))
        hit(engine, False)


def _outage(rows: Sequence[int], health: list[_Health], engine: OfferHealth, begins: bool) -> None:
    """Hold offers down, or let them go; the engine hears of the first hold and of the last release."""
    for row in rows:
        state = health[row]
        was_up = state.outages == 0
        state.outages += 1 if begins else -1
        is_up = state.outages == 0
        if was_up != is_up:
            engine.set_up(row, is_up)


def _slow_spell(
    rows: Sequence[int], health: list[_Health], factor: float, engine: OfferHealth, begins: bool
) -> None:
    """Begin or end a slow spell; the engine hears of an offer when its largest factor changes."""
    for row in rows:
        state = health[row]
        before = state.slowdown()
        if begins:
            state.factors.append(factor)
        else:
            state.factors.remove(factor)
        if state.slowdown() != before:
            engine.set_slowdown(row, state.slowdown())
