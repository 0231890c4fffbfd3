"""What an offer charges for a request (docs/semantics.md, section 12)."""

from typing import Any

import numpy as np

from sim.compiled import inner
from sim.engines.bill import Terms, expected_usd
from sim.engines.compiled.records import LiveRequest
from sim.engines.compiled.state import Supply
from sim.engines.schedule import Schedule
from sim.view import PRICE_IN, PRICE_OUT


@inner(forceinline=True)
def terms_of(supply: Supply, o: int, prompt: int) -> Terms:
    """The prices that hold for a prompt at an offer: those of its tier."""
    offer = supply.offers[o]
    for k in range(offer.first_tier + offer.tiers - 1, offer.first_tier - 1, -1):
        tier = supply.tiers[k]
        if prompt > tier.above_tokens:
            return Terms(tier.input, tier.output, tier.cached, tier.write, offer.price_request, offer.kept_ppm)
    return Terms(offer.price_in, offer.price_out, offer.price_cached, offer.price_write, offer.price_request,
                 offer.kept_ppm)


@inner(forceinline=True)
def cost_usd(supply: Supply, o: int, row: np.ndarray, request: LiveRequest) -> float:
    """What a router expects a request to cost at an offer; ``row`` is the offer's of its view."""
    if supply.offers[o].scheduled == 0:
        return float((request.prompt * row[PRICE_IN] + request.expected * row[PRICE_OUT]) / 1e6)
    return float(expected_usd(terms_of(supply, o, request.prompt), request.prompt, request.expected))


def post(row: Any, tiers: np.ndarray, schedule: Schedule) -> None:
    """Write a schedule into an offer's row and its places in the table of tiers.

    Raises
    ------
    ValueError
        If it has more tiers than any schedule that the world knew of the offer.
    """
    if len(schedule.tiers) > row["room_for_tiers"]:
        raise ValueError(f"a schedule has {len(schedule.tiers)} tiers; there is room for {row['room_for_tiers']}")
    row["price_in"], row["price_out"], row["price_cached"], row["price_write"] = schedule.base
    row["price_request"], row["kept_ppm"] = schedule.request, schedule.kept_ppm
    row["tiers"], row["scheduled"] = len(schedule.tiers), int(not schedule.is_plain)
    for place, tier in enumerate(schedule.tiers, row["first_tier"]):
        tiers[place] = (tier.above_tokens, *tier.line)
