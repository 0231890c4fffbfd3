"""Counting what happened: outcomes, money, histograms and the sampled requests table."""

from typing import Final

from sim.compiled import inner
from sim.draws import SAMPLE as SAMPLE_DRAW
from sim.draws import derive
from sim.engines.answers import finish_of
from sim.engines.bill import charge_nano
from sim.engines.compiled.bill_records import PartBill
from sim.engines.compiled.owed import release
from sim.engines.compiled.prefix_cache import found_pico
from sim.engines.compiled.records import Client, Globals, LiveRequest, LiveRouter
from sim.engines.compiled.state import Books, Routing, Supply
from sim.engines.exact import add_time
from sim.engines.outcome import (
    BY_RULE,
    CACHED_TOKENS,
    COMPLETED,
    COST_NANO,
    CUT,
    E2E,
    FEE_NANO,
    GOOD,
    MEASURED,
    OUTPUT_TOKENS,
    OWN_KEY_NANO,
    OWN_KEY_REVENUE_NANO,
    PAID_NANO,
    PROMPT_TOKENS,
    REVENUE_FOR_NANO,
    REVENUE_NANO,
    SERVED,
    SERVED_CACHED,
    SERVED_CUT,
    SERVED_FOR,
    SERVED_OUTPUT,
    SERVED_PROMPT,
    TPOT,
    TTFT,
    WRITTEN_OFF_NANO,
)
from sim.engines.rules import PAYERS
from sim.histogram import FINE_BITS, bin_of

PINNED: Final = 3  # index into sim.engines.wanted.RULES
PER_PPM = 1_000_000  # parts in the whole, of a fee in parts per million
CUSTOMER, PROVIDER = PAYERS.index("customer"), PAYERS.index("provider")


@inner(forceinline=True)
def cost_nano(request: LiveRequest) -> int:
    """Charge of a complete answer at the terms noted when it was placed, nano-dollars."""
    return charge_nano(request.prompt_pico + request.served * request.price_out, request.kept_ppm)


@inner(forceinline=True)
def fee_nano(router: LiveRouter, own_key: int, cost: int) -> int:
    """The router's fee on a charge, nano-dollars: another one where a customer's own key pays."""
    fee_ppm = router.own_key_fee_ppm if own_key != 0 else router.fee_ppm
    return (cost * int(fee_ppm) + PER_PPM // 2) // PER_PPM


@inner(forceinline=True)
def bill(books: Books, request: LiveRequest, router: LiveRouter) -> None:
    """Charge a completed request at the prices noted when it was placed."""
    cost = cost_nano(request)
    fee = fee_nano(router, request.own_key, cost)
    row = books.class_sums[request.client_class, request.cohort]
    row[PROMPT_TOKENS] += request.prompt
    row[CACHED_TOKENS] += request.prefix
    row[OUTPUT_TOKENS] += request.served
    row[COST_NANO] += cost
    row[FEE_NANO] += fee
    row[PAID_NANO] += cost + fee
    offer = books.offer_sums[request.offer, request.cohort]
    offer[SERVED] += 1
    offer[SERVED_PROMPT] += request.prompt
    offer[SERVED_CACHED] += request.prefix
    offer[SERVED_OUTPUT] += request.served
    offer[REVENUE_NANO] += cost
    sold = books.router_sums[request.offer, request.router]
    sold[SERVED_FOR] += 1
    sold[REVENUE_FOR_NANO] += cost
    if request.own_key != 0:
        row[OWN_KEY_NANO] += cost
        offer[OWN_KEY_REVENUE_NANO] += cost
    if request.served < request.output:
        row[CUT] += 1
        offer[SERVED_CUT] += 1


@inner(forceinline=True)
def count_rule(books: Books, request: LiveRequest, client: Client) -> None:
    """Count a sale by the rule that placed it; what the default rule placed is the rest."""
    rule = PINNED if request.pinned > 0 else client.rule
    if rule > 0:
        books.offer_sums[request.offer, request.cohort, BY_RULE + rule] += 1


@inner()
def settle(g: Globals, supply: Supply, routing: Routing, books: Books) -> None:
    """Book the answers that providers have stopped to compute: providers know nothing of books."""
    while g.owed > 0:
        g.owed -= 1
        a = supply.owed[g.owed]
        attempt = supply.attempts[a]
        router = routing.routers[attempt.router]
        if router.bills_parts != 0:
            bill = supply.bills[a]
            payer = router.broken_payer
            if attempt.cancelled != 0:
                payer = router.left_payer if bill.left != 0 else 0
            found = found_pico(supply, a) if supply.offers[attempt.offer].block > 0 else 0
            cost = charge_nano(bill.prompt_pico - found + attempt.emitted * bill.price_out, bill.kept_ppm)
            if payer == CUSTOMER:
                charge_part(books, bill, cost, fee_nano(router, bill.own_key, cost))
                books.offer_sums[attempt.offer, bill.cohort, REVENUE_NANO] += cost
                books.router_sums[attempt.offer, attempt.router, REVENUE_FOR_NANO] += cost
                books.offer_sums[attempt.offer, bill.cohort, OWN_KEY_REVENUE_NANO] += cost * bill.own_key
            elif payer == PROVIDER:
                books.offer_sums[attempt.offer, bill.cohort, WRITTEN_OFF_NANO] += cost
        release(g, supply, a)


@inner()
def charge_part(books: Books, bill: PartBill, cost: int, fee: int) -> None:
    """Charge a customer for an answer in part, and the fee on it."""
    row = books.class_sums[bill.client_class, bill.cohort]
    row[COST_NANO] += cost
    row[FEE_NANO] += fee
    row[PAID_NANO] += cost + fee
    row[OWN_KEY_NANO] += cost * bill.own_key


@inner(forceinline=True)
def measure(g: Globals, books: Books, request: LiveRequest, client: Client) -> None:
    """Add a completed request's latencies, as its customer saw them, to the histograms."""
    ttft_s = request.first_s + client.delay_s - request.born_s
    e2e_s = g.now + client.delay_s - request.born_s
    tpot_s = (e2e_s - ttft_s) / (request.served - 1) if request.served >= 2 else 0.0
    c = request.client_class
    if ttft_s <= client.slo_ttft_s and tpot_s <= client.slo_tpot_s:
        books.class_sums[c, request.cohort, GOOD] += 1
    if request.cohort != MEASURED:
        return
    o = request.offer
    at = bin_of(ttft_s, FINE_BITS)
    books.class_hist[c, TTFT, at] += 1
    books.offer_hist[o, TTFT, at] += 1
    add_time(books.metric_sums[c, TTFT], ttft_s, g.per_s)
    at = bin_of(e2e_s, FINE_BITS)
    books.class_hist[c, E2E, at] += 1
    books.offer_hist[o, E2E, at] += 1
    add_time(books.metric_sums[c, E2E], e2e_s, g.per_s)
    if request.served >= 2:
        at = bin_of(tpot_s, FINE_BITS)
        books.class_hist[c, TPOT, at] += 1
        books.offer_hist[o, TPOT, at] += 1
        add_time(books.metric_sums[c, TPOT], tpot_s, g.per_s)


@inner(forceinline=True)
def count_outcome(g: Globals, books: Books, request: LiveRequest, outcome: int) -> None:
    """Count a request's outcome and keep its row if it is in the sample."""
    books.outcomes[request.client_class, request.cohort, outcome] += 1
    if g.sample_share <= 0.0 or derive(request.key, SAMPLE_DRAW, 0) >= g.sample_share:
        return
    row = books.samples[g.samples]
    g.samples += 1
    row.key = request.key
    row.born_s = request.born_s
    row.placed_s = request.dispatch_s
    row.first_token_s = request.first_s
    row.end_s = g.now
    row.client_class = request.client_class
    row.offer = request.offer
    row.prompt = request.prompt
    row.output = 0
    row.drawn = request.output
    row.attempts = request.attempts
    row.outcome = outcome
    row.finish = finish_of(outcome, request.served, request.output)
    row.cost_nano = 0
    if outcome == COMPLETED:
        row.output = request.served
        row.cost_nano = cost_nano(request)
