"""Deployments whose memory cannot hold a full batch: what is set as batch is then never reached, and requests queue."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from experiments.runs.capacity import Shape, held_tokens
from sim.errors import MarketError
from sim.scenario import Scenario, Trace, TrafficScenario

if TYPE_CHECKING:
    from sim.engines.world import OfferSpec


class Shortage(NamedTuple):
    """An offer, the class that its memory holds fewest requests of, and how many."""

    offer: OfferSpec
    name: str
    shape: Shape
    sequences: int


def room_told(scenario: Scenario | None) -> list[str]:
    """Return a sentence for each offer whose memory holds fewer requests of a class in mid-life than its batch has.

    Of traffic only: the hosts of a market choose hardware that holds a batch themselves. Classes whose lengths are a
    trace's are left out, and so is a scenario that cannot be run, of which its run says why.
    """
    if not isinstance(scenario, TrafficScenario):
        return []
    from providers.offers import build_offers

    try:
        offers = build_offers(scenario)
    except MarketError:
        return []
    found = (_shortage(scenario, offer) for offer in offers if not offer.pool)  # whose host is told of
    return [_sentence(scenario, each) for each in found if each is not None]


def _shortage(scenario: TrafficScenario, offer: OfferSpec) -> Shortage | None:
    """The class that the offer has least room for, if that is not room for a batch."""
    rooms = [Shortage(offer, name, shape, int(offer.kv_capacity_tokens / held_tokens(offer, shape)))
             for name, shape in _shapes(scenario, offer)]
    worst = min(rooms, key=lambda room: room.sequences, default=None)
    return worst if worst is not None and worst.sequences < offer.max_batch else None


def _shapes(scenario: TrafficScenario, offer: OfferSpec) -> Iterator[tuple[str, Shape]]:
    """The classes whose mean request the offer takes."""
    for name, demand in scenario.demand.items():
        if demand.model != offer.model or isinstance(demand.arrivals, Trace):
            continue
        shape = Shape(demand.mean_prompt, demand.output_tokens.mean)
        if shape.prompt + shape.output <= offer.context_tokens:
            yield name, shape


def _sentence(scenario: TrafficScenario, short: Shortage) -> str:
    offer = short.offer
    path = f"providers.{offer.provider}.offers.{offer.name}"
    remedies = _remedies(scenario, short)
    return (f"{path} has room in a replica's KV cache for {short.sequences} of the {offer.max_batch} sequences of its "
            f"batch at the mean context of demand.{short.name} ({held_tokens(offer, short.shape):,.0f} tokens in "
            f"mid-life), so that requests queue for memory; what would help: {' or '.join(remedies)}")


def _remedies(scenario: TrafficScenario, short: Shortage) -> Iterator[str]:
    """More GPUs, narrower weights or more memory, and a batch that fits."""
    from providers.hardware.memory import kv_capacity_tokens, roomier
    from providers.offers import deployment_of

    needed = held_tokens(short.offer, short.shape) * short.offer.max_batch
    deployment = deployment_of(scenario, short.offer)
    if deployment is None:
        yield f"serving.kv_tokens = {math.ceil(needed)}"
    else:
        yield from (f"serving.{setting}" for setting in roomier(
            deployment, lambda other: kv_capacity_tokens(other) >= needed))
    if short.sequences:
        yield f"engine.max_batch = {short.sequences}"
