"""Expected shares of offers where requests are placed by several rules."""

from typing import Any

import numpy as np
import pytest

from experiments.runs.run_market import run_market, stage
from sim.engines.wanted import RULES
from sim.market.rule_shares import RequestRules, RuledRequests, mixed_shares
from worlds.small_markets import small

OF = np.array([0, 0, 0, 1, 1])
OWN = np.array([0.64, 0.36, 0.0, 0.5, 0.5])  # the third is not open
RELATIVE = np.array([1.0, 4 / 3, 1.0, 1.0, 1.0])


def mixed(parts: list[list[float]], pinned: list[float]) -> list[float]:
    return mixed_shares(RuledRequests(np.array(parts), np.array(pinned)), OWN, RELATIVE, OF).tolist()


def test_each_rule_has_shares_of_its_own():
    nobody = [0.0] * 4
    assert mixed([[5, 0, 0, 0], nobody], [0] * 5) == OWN.tolist()
    assert mixed([[0, 5, 0, 0], nobody], [0] * 5) == pytest.approx([1, 0, 0, 0.5, 0.5], abs=1e-12)
    assert mixed([[0, 0, 5, 0], [0, 1, 0, 0]], [0] * 5) == pytest.approx([0.5, 0.5, 0, 0.5, 0.5])
    assert mixed([[0, 0, 0, 5], [0, 0, 0, 4]], [1, 4, 0, 0, 4]) == pytest.approx([0.2, 0.8, 0, 0, 1])


def test_parts_add_up_and_what_nobody_could_serve_goes_by_the_own_rule():
    """Of ten requests four by the own rule, two each to the cheapest, the fastest and b by name."""
    found = mixed([[4, 2, 2, 2], [0, 0, 0, 3]], [0, 2, 0, 0, 0])
    assert found == pytest.approx([(4 * 0.64 + 2 + 1) / 10, (4 * 0.36 + 1 + 2) / 10, 0, 0.5, 0.5])
    # three name an offer that is not open: they are lost, and shares are of the others
    assert mixed([[7, 0, 0, 3], [0] * 4], [0, 0, 3, 0, 0]) == pytest.approx(OWN.tolist())


def test_requests_are_sorted_by_rule_and_by_the_provider_named():
    staged = stage(small(customers={"routing": {"floor_share": 0.3, "pinned_share": 0.4}}))
    market = staged.market
    sold = int(market.offer_model[0])
    market.board.set_replicas(0.0, 0, 1)
    rules = RequestRules(market.world, market.traffic.feed, len(market.models))
    count = len(market.customers.population)
    model, requests = np.full(count, sold), np.arange(1.0, count + 1)
    asked = rules.asked(0.0, model, requests)
    assert asked is not None
    assert asked.parts.sum() == asked.parts[sold].sum() == requests.sum()
    pins = market.traffic.feed.pins
    assert pins is not None
    assert asked.parts[sold, RULES.index("pinned")] == asked.pinned[0] == requests[pins.rows].sum()
    assert asked.parts[sold, RULES.index("floor")] > 0
    other = rules.asked(0.0, np.full(count, sold + 1), requests)
    assert other is not None
    assert not other.pinned.any()  # nobody sells it, so nobody could be named
    assert other.parts[sold + 1, RULES.index("pinned")] == 0


def test_where_the_router_places_all_nothing_is_sorted():
    market = stage(small()).market
    rules = RequestRules(market.world, market.traffic.feed, len(market.models))
    count = len(market.customers.population)
    assert rules.asked(0.0, np.zeros(count, np.int64), np.ones(count)) is None


def test_who_is_pinned_is_expected_where_it_is_counted():
    """Half of the requests name a provider; a sampled run expects of each offer what a full one counts, about."""
    firms: dict[str, Any] = {name: {"pricing": {"kind": "constant", "input_usd": usd, "output_usd": usd},
                                    "faults": None} for name, usd in (("atlas", 0.5), ("boreal", 1.0))}
    changes: dict[str, Any] = {
        "models": {"catalogue": {"include": ["llama-3.3-70b"]}}, "supply": {"firms": {**firms, "openai": None}},
        "customers": {"routing": {"pinned_share": 0.5, "floor_share": 0.2}, "requests_per_s": 0.2,
                      "segments": {"agents": {"mix": {"extraction": 1.0}}}}}
    shares = []
    for horizon in ({"days": 2}, {"days": 2, "resolution": "full"}):
        result, _ = run_market(small(**changes, horizon=horizon))
        sold = sum(day.prompt_tokens + day.output_tokens for day in result.offer_days)
        shares.append(np.asarray(sold / sold.sum()))
    assert shares[0] == pytest.approx(shares[1], abs=0.05)
    assert shares[1].min() > 0.1
