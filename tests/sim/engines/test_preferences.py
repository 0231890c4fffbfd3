"""What customers prefer: both engines against cases worked out by hand (docs/semantics.md, section 15)."""

from typing import Any

import numpy as np
import pytest

from sim import view as v
from sim.engines import outcome as o
from sim.engines.compiled import CompiledEngine, books
from sim.engines.reference import ReferenceEngine
from sim.engines.schedule import Schedule, flat
from sim.engines.wanted import RULES
from sim.policy import NoParameters, Policy
from worlds.small import BoundPolicy, Change, Client, affine, drive, lowest, offer, requests, world

ENGINES = {"compiled": CompiledEngine, "reference": ReferenceEngine}
DOWN, UP = (0.0,), (1.0,)


@pytest.fixture(params=ENGINES.values(), ids=ENGINES)
def engine_class(request):
    return request.param


def offers(count: int = 3, **changes: Any) -> list[Any]:
    """Offers of providers a, b, c of which each costs more than the one before."""
    return [offer(affine(0.1), provider=name, name="x", price_in_nano=1000 * (place + 1), **changes)
            for place, name in enumerate("abcd"[:count])]


def at(*times: float, **more: Any) -> list[dict[str, Any]]:
    return [{"arrive_s": t, "prompt": 10, "output": 2, **more} for t in times]


def run(engine_class: type, market: Any, rows: list[dict[str, Any]], changes: Any = ()) -> tuple[np.ndarray, Any]:
    """Samples in order of their keys, which are those of the rows, and the outcome."""
    result = drive(engine_class(market, iter([requests(market, rows)])), changes)
    return np.sort(result.samples, order="key"), result


def market_of(wants: dict[str, Any], rows: Any = None, client: dict[str, Any] | None = None, policy: Any = None,
              **router: Any) -> Any:
    own = Client() if client is None else Client(demand={"preferences": client})
    return world(rows or offers(), policy or lowest(v.COST_USD), routers={"main": {"preferences": wants, **router}},
                 clients=[own])


def chosen(engine_class: type, wants: dict[str, Any], changes: Any = (), **more: Any) -> list[int]:
    """Offers of four requests, one every ten seconds."""
    return run(engine_class, market_of(wants, **more), at(10.0, 20.0, 30.0, 40.0), changes)[0]["offer"].tolist()


def refused_rather(view, request, memory, u):
    return -1


REFUSES = BoundPolicy(Policy("test_refuses", refused_rather, "Nobody.", "tests", "none"), NoParameters())


# Who may serve, and who goes first


@pytest.mark.parametrize(("wants", "offer_of_all"), [
    ({}, 0),
    ({"order": ["b", "c"]}, 1),
    ({"order": ["c/x"], "ignore": ["c"]}, 0),
    ({"only": ["c", "b"]}, 1),
    ({"ignore": ["a", "b/x"]}, 2),
    ({"order": ["c"], "only": ["b"]}, 1),
    ({"max_price": {"prompt": 1.0}, "order": ["c", "b"]}, 0),
    ({"sort": "price", "ignore": ["a"]}, 1),
    ({"quantizations": ["fp8", "unknown"]}, 1),
    ({"quantizations": ["unknown"]}, 2),
    ({"only": [], "order": [], "ignore": [], "quantizations": [], "max_price": {}}, 0),
])
def test_static_preferences(engine_class, wants, offer_of_all):
    rows = [spec.__class__(**{**vars(spec), "quantization": name})
            for spec, name in zip(offers(), ["bf16", "fp8", "unknown"], strict=True)]
    assert chosen(engine_class, wants, rows=rows) == [offer_of_all] * 4


def test_the_order_is_followed_past_who_fails_and_then_the_policy_chooses(engine_class):
    changes = [Change(15.0, "up", 2, DOWN), Change(25.0, "up", 1, DOWN), Change(35.0, "up", 1, UP)]
    market = market_of({"order": ["c", "b"]})
    rows, result = run(engine_class, market, at(10.0, 20.0, 30.0, 40.0), changes)
    assert rows["offer"].tolist() == [2, 1, 0, 1]
    assert rows["attempts"].tolist() == [1, 2, 3, 2]
    assert result.offer_sums[:, o.MEASURED, o.ENDED_BY + 1].tolist() == [0, 1, 3]  # outages


def test_without_fallbacks_whoever_is_not_named_is_kept_away(engine_class):
    """The named provider is down: the request is refused, its reason counted, the outage told at the offer."""
    wants = {"order": ["b"], "allow_fallbacks": False}
    rows, result = run(engine_class, market_of(wants), at(10.0, 20.0, 30.0), [Change(15.0, "up", 1, DOWN),
                                                                             Change(25.0, "list", 1, DOWN)])
    assert rows["outcome"].tolist() == [o.COMPLETED, o.REFUSED, o.REFUSED]
    assert rows["attempts"].tolist() == [1, 1, 0]
    assert result.class_sums[0, o.MEASURED, o.KEPT_AWAY] == 2
    assert result.offer_sums[1, o.MEASURED, o.ENDED_BY + 1] == 1


def test_a_request_that_nobody_could_serve_is_not_kept_away_by_what_it_prefers(engine_class):
    wants = {"order": ["b"], "allow_fallbacks": False}
    changes = [Change(0.0, "list", place, DOWN) for place in (0, 2)] + [Change(0.0, "up", 1, DOWN)]
    rows, result = run(engine_class, market_of(wants), at(10.0), changes)
    assert rows["outcome"].tolist() == [o.FAILED]
    assert result.class_sums[0, o.MEASURED, o.KEPT_AWAY] == 0


def test_who_is_kept_away_waits_until_the_budget_is_over_for_a_named_one_that_rests(engine_class):
    wants = {"only": ["b"]}
    market = market_of(wants, cooldown={"seconds": 50.0}, attempts={"budget_s": 5.0, "retry_tried": True})
    rows, result = run(engine_class, market, at(10.0), [Change(0.0, "up", 1, DOWN)])
    assert (rows["outcome"].tolist(), rows["end_s"].tolist()) == ([o.REFUSED], [15.0])
    assert result.class_sums[0, o.MEASURED, o.KEPT_AWAY] == 1


def test_without_fallbacks_and_names_the_first_choice_is_the_only_one(engine_class):
    down = [Change(15.0, "up", 0, DOWN)]
    rows, _ = run(engine_class, market_of({"allow_fallbacks": False}), at(10.0, 20.0), down)
    assert rows["outcome"].tolist() == [o.COMPLETED, o.REFUSED]
    assert rows["attempts"].tolist() == [1, 1]
    again = market_of({"allow_fallbacks": False}, attempts={"retry_tried": True, "maximum": 3})
    rows, _ = run(engine_class, again, at(20.0), down)
    assert (rows["attempts"].tolist(), rows["outcome"].tolist()) == ([3], [o.FAILED])  # it was tried again, there alone


def test_fallbacks_may_be_allowed_again_by_a_class(engine_class):
    down = [Change(0.0, "up", 1, DOWN)]
    wants = {"order": ["b"], "allow_fallbacks": False}
    assert chosen(engine_class, wants, down, client={"allow_fallbacks": True}) == [0, 0, 0, 0]


# Prices


def test_price_limits_follow_prices(engine_class):
    changes = [Change(15.0, "price", 0, (2001.0, 2000.0, 2001.0)), Change(25.0, "price", 1, (500.0, 9000.0, 500.0)),
               Change(35.0, "price", 2, (1500.0, 2000.0, 1500.0))]
    assert chosen(engine_class, {"max_price": {"prompt": 2.0, "completion": 2.0}}, changes) == [0, 1, -1, 2]


def test_the_price_of_a_request_has_a_limit_after_the_discount(engine_class):
    dear = Schedule(flat(0, 0).base, request=2_000_000_000)  # .002 USD, cheaper than all else by tokens
    fair = Schedule(flat(1, 1).base, request=2_000_000_000, kept_ppm=500_000)
    rows = [offer(affine(0.1), price=price, provider=name) for price, name in ((dear, "a"), (fair, "b"))]
    assert chosen(engine_class, {}, rows=rows) == [1] * 4
    assert chosen(engine_class, {"max_price": {"request": 0.0015}, "order": ["a"]}, rows=rows) == [1] * 4
    assert chosen(engine_class, {"max_price": {"request": 0.002}, "order": ["a"]}, rows=rows) == [0] * 4


# Sorting


@pytest.mark.parametrize("wants", [{"sort": "price"}, {"variant": "floor"}])
def test_sorted_by_price_the_cheapest_goes_first_and_the_next_after_a_failure(engine_class, wants):
    changes = [Change(15.0, "up", 0, DOWN), Change(25.0, "price", 2, (1.0, 1.0, 1.0)), Change(35.0, "up", 2, DOWN)]
    # the policy declines whatever it is asked: sorted requests are outside its draw
    rows, _ = run(engine_class, market_of(wants, policy=REFUSES), at(10.0, 20.0, 30.0, 40.0), changes)
    assert rows["offer"].tolist() == [0, 1, 2, 1]
    assert rows["attempts"].tolist() == [1, 2, 1, 3]


@pytest.mark.parametrize(("wants", "quick"), [({"sort": "throughput"}, 1), ({"variant": "nitro"}, 1),
                                              ({"sort": "latency"}, 0)])
def test_sorted_by_what_was_measured(engine_class, wants, quick):
    """Offer 0 has its first token after one second and the next after one more; offer 1 after two, and none later."""
    rows = [offer(affine(1.0), provider="a"), offer(affine(0.0, 0.02), provider="b")]
    telemetry = {"slot_s": 1.0, "prior_ttft_s": 0.01, "prior_tokens_per_s": 1000.0, "newcomers": "priors"}
    market = market_of(wants, rows=rows, telemetry=telemetry)
    work = at(0.0, 10.0, 20.0, 22.0, prompt=100, output=6)
    placed, _ = run(engine_class, market, work)
    # 6 tokens in 6 s, first after 1 s, against 6 tokens in 2.1 s, first after 2 s: unknown offers go first
    assert sorted(placed["offer"][:2].tolist()) == [0, 1]
    assert placed["offer"][2:].tolist() == [quick, quick]


def test_among_equals_the_policy_chooses(engine_class):
    rows = [offer(affine(0.1), provider=name) for name in "abc"]
    market = market_of({"sort": "price", "ignore": ["b"]}, rows=rows)
    placed, _ = run(engine_class, market, at(*np.arange(40.0)))
    assert set(placed["offer"].tolist()) == {0, 2}


@pytest.mark.parametrize(("wants", "offer_of_all"), [
    ({}, 0), ({"sort": "price"}, 0), ({"variant": "floor"}, 1), ({"sort": "throughput"}, 0), ({"variant": "nitro"}, 2)])
def test_a_variant_looks_among_one_more_service_tier(engine_class, wants, offer_of_all):
    """`floor` finds the cheaper flex tier; `nitro` the priority one, as quick as yet and cheaper, then quicker."""
    rows = [offer(affine(0.1), provider="a", name=str(tier), tier=tier, price_in_nano=price)
            for tier, price in ((0, 3000), (1, 1000), (2, 2000))]
    assert chosen(engine_class, wants, rows=rows, telemetry={"prior_tokens_per_s": 5.0}) == [offer_of_all] * 4


# Percentiles


def test_offers_that_miss_a_percentile_go_to_the_end_and_are_not_excluded(engine_class):
    """The cheap offer takes a second to its first token, the others a tenth: it goes last, behind all others."""
    rows = [offer(affine(1.0 if name == "a" else 0.1), provider=name, price_in_nano=1000 * place)
            for place, name in enumerate("abc", 1)]
    wants = {"preferred_max_latency": 0.5}
    quick = {"slot_s": 1.0, "prior_ttft_s": 0.4, "newcomers": "priors"}
    changes = [Change(25.0, "up", 1, DOWN), Change(25.0, "up", 2, DOWN)]
    placed, _ = run(engine_class, market_of(wants, rows=rows, telemetry=quick), at(10.0, 20.0, 30.0), changes)
    assert placed["offer"].tolist() == [0, 1, 0]
    assert placed["attempts"].tolist() == [1, 1, 3]
    ordered = market_of({**wants, "order": ["a"]}, rows=rows, telemetry=quick)
    placed, _ = run(engine_class, ordered, at(10.0, 20.0, 30.0), changes)
    assert placed["offer"].tolist() == [0, 1, 0]
    alone = market_of({**wants, "only": ["a"]}, rows=rows, telemetry=quick)
    placed, _ = run(engine_class, alone, at(10.0, 20.0, 30.0), changes)
    assert placed["offer"].tolist() == [0, 0, 0]


@pytest.mark.parametrize(("name", "kept"), [("p50", True), ("p75", True), ("p90", False), ("p99", False)])
def test_each_percentile_has_its_own_limit(engine_class, name, kept):
    """Of ten prompts eight take a tenth of a second and two take one: a fifth is slow, which p50 and p75 bear."""
    rows = [offer(affine(0.0, 0.01), provider="a"), offer(affine(0.0, 0.02), provider="b", price_in_nano=5000)]
    work = [{"arrive_s": float(second), "prompt": 100 if second in (3, 7) else 10, "output": 1} for second in range(10)]
    work += at(15.0, output=1)
    telemetry = {"slot_s": 10.0, "prior_ttft_s": 0.1, "prior_tokens_per_s": 100.0, "newcomers": "priors"}
    for wants in ({"preferred_max_latency": {name: 0.5}}, {"preferred_min_throughput": {name: 2.0}}):
        placed, _ = run(engine_class, market_of(wants, rows=rows, telemetry=telemetry), work)
        assert placed["offer"].tolist() == [0] * 10 + [0 if kept else 1]


# Whose preferences


def test_a_class_replaces_its_routers_field_by_field(engine_class):
    wants = {"order": ["c"], "ignore": ["a"], "sort": "price"}
    assert chosen(engine_class, wants, client={"order": ["a", "b"]}) == [1] * 4
    assert chosen(engine_class, wants, client={"order": [], "ignore": []}) == [0] * 4
    assert chosen(engine_class, wants, client={"ignore": ["c"]}) == [0] * 4
    assert chosen(engine_class, {"only": ["b"], "variant": "floor"}, client={"sort": "none"}) == [1] * 4


def test_classes_of_one_router_prefer_different_things(engine_class):
    clients = [Client(demand={"preferences": wants}) for wants in ({"order": ["b"]}, {}, {"order": ["c"]})]
    market = world(offers(), lowest(v.COST_USD), clients=clients)
    work = [row for number in range(3) for row in at(10.0 + number, client_class=number)]
    assert run(engine_class, market, work)[0]["offer"].tolist() == [1, 0, 2]


# Stickiness


def sticky(engine_class: type, wants: dict[str, Any], rows: list[Any], **affinity: Any) -> list[int]:
    """Offers of a session's three turns; the first is cheapest where it becomes dear right afterwards."""
    market = market_of(wants, rows=rows, affinity=affinity)
    changes = [Change(15.0, "schedule", 0, (rows[0].price._replace(request=10**9),))]
    return run(engine_class, market, at(10.0, 20.0, 640.0, session=7), changes)[0]["offer"].tolist()


def test_by_openrouters_rule_sessions_stick_ten_minutes_and_only_where_the_cache_is_cheaper(engine_class):
    cheaper = [offer(affine(0.1), provider=name, price=flat(1_000_000 * place, 1_000_000, 100_000 * place))
               for place, name in enumerate("ab", 1)]
    plain = [offer(affine(0.1), provider=name, price=flat(1_000_000 * place, 1_000_000))
             for place, name in enumerate("ab", 1)]
    assert sticky(engine_class, {}, cheaper, rule="openrouter") == [0, 0, 1]
    assert sticky(engine_class, {}, plain, rule="openrouter") == [0, 1, 1]
    assert sticky(engine_class, {}, plain, ttl_s=600.0) == [0, 0, 1]
    assert sticky(engine_class, {"sort": "price"}, cheaper, rule="openrouter") == [0, 0, 1]
    assert sticky(engine_class, {"order": ["b", "a"]}, cheaper, rule="openrouter") == [1, 1, 1]


# Pins


def test_a_pinned_request_goes_to_its_provider_alone_and_is_not_asked_of_the_policy(engine_class):
    """b is number 1 of a, b, c: a pin of 2. The policy declines whatever it is asked; unpinned requests are refused."""
    market = world(offers(), REFUSES)
    work = [*at(10.0, 20.0, 30.0, pinned=2), *at(40.0, pinned=3), *at(50.0)]
    rows, result = run(engine_class, market, work, [Change(15.0, "up", 1, DOWN), Change(25.0, "up", 1, UP),
                                                    Change(25.0, "list", 1, DOWN)])
    assert rows["outcome"].tolist() == [o.COMPLETED, o.REFUSED, o.REFUSED, o.COMPLETED, o.REFUSED]
    assert rows["offer"].tolist() == [1, 1, -1, 2, -1]
    assert rows["attempts"].tolist() == [1, 1, 0, 1, 0]
    # the second had an outage and no other to go to, the third found its provider gone; the last was declined
    assert result.class_sums[0, o.MEASURED, o.KEPT_AWAY] == 2
    assert result.offer_sums[:, o.MEASURED, o.BY_RULE + RULES.index("pinned")].tolist() == [0, 1, 1]


def test_a_pin_is_to_all_offers_of_a_provider_among_which_the_policy_chooses(engine_class):
    rows = [offer(affine(0.1), provider=name, name=str(place), price_in_nano=1000 * (4 - place))
            for place, name in enumerate("abba")]
    market = world(rows, lowest(v.COST_USD))
    placed, _ = run(engine_class, market, [*at(10.0, pinned=1), *at(20.0, pinned=2), *at(30.0)])
    assert placed["offer"].tolist() == [3, 2, 3]


def test_a_pin_holds_beside_what_the_class_prefers(engine_class):
    """Sorted by price the cheapest is a; pinned to c the class's limit of 2 USD per million tokens keeps it away."""
    work = [*at(10.0), *at(20.0, pinned=2), *at(30.0, pinned=3)]
    rows, result = run(engine_class, market_of({}, client={"sort": "price", "max_price": {"prompt": 2.0}}), work)
    assert rows["offer"].tolist() == [0, 1, -1]
    assert result.class_sums[0, o.MEASURED, o.KEPT_AWAY] == 1
    by_rule = result.offer_sums[:, o.MEASURED, o.BY_RULE + 1:]
    assert by_rule.tolist() == [[1, 0, 0], [0, 0, 1], [0, 0, 0]]


@pytest.mark.parametrize(("wants", "rule"), [
    ({}, "default"), ({"ignore": ["a"]}, "default"), ({"sort": "price"}, "floor"), ({"variant": "floor"}, "floor"),
    ({"sort": "latency"}, "nitro"), ({"variant": "nitro"}, "nitro"), ({"order": ["b"], "sort": "price"}, "pinned")])
def test_sales_are_counted_by_the_rule_that_placed_them(engine_class, wants, rule):
    _, result = run(engine_class, market_of(wants), at(10.0, 20.0))
    counted = {name: int(result.offer_sums[:, :, o.BY_RULE + place].sum()) for place, name in enumerate(RULES) if place}
    counted["default"] = int(result.offer_sums[:, :, o.SERVED].sum()) - sum(counted.values())
    assert counted == {name: 2 * (name == rule) for name in RULES}


def test_the_numbers_of_rules_and_their_columns_are_the_same_everywhere():
    assert RULES.index("pinned") == books.PINNED
    assert o.OFFER_SUMS[o.BY_RULE + 1:] == ("served_by_floor", "served_by_nitro", "served_pinned")
    assert len(RULES) == 4


# Own keys


def test_own_keys_go_first_then_the_routers_in_the_order_asked_for(engine_class):
    """OpenRouter's example: order a, b with a key for b is tried as b by key, a, b by the router's key."""
    fails = {"fast_failure_share": 1.0, "fast_failure_s": 0.0}
    wants = {"order": ["a", "b"], "own_keys": ["b"], "allow_fallbacks": False}
    market = market_of(wants, rows=offers(3, **fails), attempts={"maximum": 8})
    rows, result = run(engine_class, market, at(10.0))
    assert result.offer_sums[:, o.MEASURED, o.PLACED].tolist() == [1, 2, 0]
    assert rows["attempts"].tolist() == [3]
    alone = market_of({**wants, "shared_capacity": False}, rows=offers(3, **fails), attempts={"maximum": 8})
    assert run(engine_class, alone, at(10.0))[1].offer_sums[:, o.MEASURED, o.PLACED].tolist() == [1, 1, 0]


def test_an_own_key_has_its_providers_bill_and_the_routers_smaller_fee(engine_class):
    """At b 10 tokens at 2000 and 2 at 2000 nano-dollars: 24,000 to b; the fee is 5 % of it by key, else 10 %."""
    market = market_of({"own_keys": ["b"]}, fee_share=0.1, own_key_fee_share=0.05,
                       client={}, rows=offers(requests_per_min=1))
    _, result = run(engine_class, market, at(10.0, 10.5))
    # the second finds the key's one request a minute taken, and goes to the cheapest by the router's key, a: 14,000
    money = result.class_sums[0, o.MEASURED]
    assert money[[o.COST_NANO, o.FEE_NANO, o.PAID_NANO, o.OWN_KEY_NANO]].tolist() == [38_000, 2_600, 40_600, 24_000]
    of_offers = result.offer_sums[:, o.MEASURED]
    assert of_offers[:, o.REVENUE_NANO].tolist() == [14_000, 24_000, 0]
    assert of_offers[:, o.OWN_KEY_REVENUE_NANO].tolist() == [0, 24_000, 0]
    assert of_offers[:, o.ENDED_BY + 3].tolist() == [0, 1, 0]  # rate limited


def test_rate_limits_of_an_own_key_are_its_own(engine_class):
    """One request a minute: each customer's key has one, and the router another, whoever it comes for."""
    keyed = {"preferences": {"own_keys": ["a"]}}
    market = world(offers(1, requests_per_min=1), clients=[Client(demand=keyed), Client(demand=keyed), Client()])
    work = [row for number in (0, 1, 2, 2, 0) for row in at(10.0, client_class=number)]
    rows, result = run(engine_class, market, work)
    assert rows["outcome"].tolist() == [o.COMPLETED, o.COMPLETED, o.COMPLETED, o.REFUSED, o.REFUSED]
    assert result.offer_sums[0, o.MEASURED, [o.PLACED, o.SERVED]].tolist() == [6, 3]  # the last tried both keys


def test_parts_of_answers_are_billed_to_the_key_they_came_with(engine_class):
    broken = {"midstream_share": 1.0}
    market = market_of({"own_keys": ["a"]}, rows=offers(1, **broken), fee_share=0.1, own_key_fee_share=0.0,
                       billing={"broken_stream": "customer"})
    _, result = run(engine_class, market, at(10.0, output=9))
    money = result.class_sums[0, o.MEASURED]
    assert money[o.COST_NANO] == money[o.OWN_KEY_NANO] > 10_000
    assert money[o.FEE_NANO] == 0
    assert result.offer_sums[0, o.MEASURED, o.OWN_KEY_REVENUE_NANO] == money[o.COST_NANO]
