"""What an offer charges for a request (docs/semantics.md, section 12)."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from sim.compiled import inner
from sim.engines.answers import longest_answer, served_tokens
from sim.engines.bill import Terms, expected_usd, prompt_pico
from sim.engines.compiled.bill_records import PartBill, TierRow
from sim.engines.compiled.prefix_cache import REQUEST, SESSION, found_pico
from sim.engines.compiled.records import Client, LiveRequest, LiveRouter
from sim.engines.compiled.state import Supply, wide
from sim.engines.schedule import Schedule
from sim.view import PRICE_IN, PRICE_OUT

if TYPE_CHECKING:  # not at run time: a world's scenario would be part of the key of compiled code (sim.compiled)
    from sim.engines.world import OfferSpec


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


@inner()
def caching_saves(supply: Supply, o: int, prompt: int) -> bool:
    """True if a prompt's tokens cost less at an offer where they are read from the cache."""
    terms = terms_of(supply, o, prompt)
    return bool(terms.cached < terms.input)


@inner(forceinline=True)
def cost_usd(supply: Supply, o: int, row: np.ndarray, request: LiveRequest) -> float:
    """What a router expects a request to cost at an offer; ``row`` is the offer's of its view."""
    if supply.offers[o].scheduled == 0:
        return float((request.prompt * row[PRICE_IN] + request.expected * row[PRICE_OUT]) / 1e6)
    return float(expected_usd(terms_of(supply, o, request.prompt), request.prompt, request.expected))


@inner(forceinline=True)
def note_terms(supply: Supply, router: LiveRouter, request: LiveRequest, a: int, o: int) -> None:
    """Write down what a request gets at an offer by its attempt ``a``, and for what."""
    terms = terms_of(supply, o, request.prompt)
    request.served = served_tokens(request.output, request.max_tokens, request.prompt, supply.offers[o].room)
    # what a prefix cache will hold of the prompt is known once it has been looked at (`bill_hits`)
    cached = wide(request.prefix) if supply.offers[o].block <= 0 else wide(0)
    if supply.offers[o].block < 0:
        supply.claims[a].told = request.prefix
    request.prompt_pico = prompt_pico(terms, request.prompt, cached)
    request.price_out = terms.output
    request.kept_ppm = terms.kept_ppm
    if supply.offers[o].reserve != 0:
        supply.longest[a] = longest_answer(request.max_tokens, request.prompt, supply.offers[o].room)
    if router.bills_parts != 0:
        note_bill(supply.bills[a], request)


@inner()
def note_claim(supply: Supply, client: Client, request: LiveRequest, a: int, o: int) -> None:
    """Write down what an attempt may find in a prefix cache."""
    terms = terms_of(supply, o, request.prompt)
    claim = supply.claims[a]
    claim.document = (wide(request.client_class) << 32) + request.document
    if request.session >= 0:
        claim.own = request.session
        claim.own_kind = SESSION
    else:
        claim.own = request.key
        claim.own_kind = REQUEST
    claim.saved_pico = terms.write - terms.cached
    claim.document_blocks = client.shared // supply.offers[o].block if request.prompt > client.shared else 0
    claim.told = request.prefix
    claim.hits = -1
    claim.uses_document = claim.uses_own = -1
    supply.attempts[a].credit = 0


@inner()
def bill_hits(supply: Supply, request: LiveRequest, a: int) -> None:
    """The answer of attempt ``a`` is complete: what it found in its replica's prefix cache is billed as cached."""
    request.prompt_pico -= found_pico(supply, a)
    request.prefix = max(supply.claims[a].hits, 0)


@inner()
def note_bill(bill: PartBill, request: LiveRequest) -> None:
    """Write down what an attempt will cost, should its answer not become complete."""
    bill.prompt_pico = request.prompt_pico
    bill.price_out = request.price_out
    bill.kept_ppm = request.kept_ppm
    bill.client_class = request.client_class
    bill.cohort = request.cohort
    bill.left = 0
    bill.own_key = request.own_key


def first_prices(rows: np.ndarray, offers: Sequence["OfferSpec"]) -> np.ndarray:
    """Write the offers' first prices into their rows; return the table of tiers, with room for those of later ones."""
    room = [max(len(price.tiers) for price in spec.all_prices) for spec in offers]
    tiers = np.zeros(sum(room), TierRow.dtype())
    rows["room_for_tiers"] = room
    rows["first_tier"] = np.cumsum([0, *room])[:-1]
    for row, spec in zip(rows, offers, strict=True):
        post(row, tiers, spec.price)
    return tiers


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
