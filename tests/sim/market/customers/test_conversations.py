"""Conversations of workloads: how long they are, how far apart their turns, and what a sticky router makes of them."""

from typing import Any

import numpy as np
import pytest

from experiments.runs.run_market import run_market
from sim.engines import outcome as o
from sim.market.customers.conversations import Conversations, turns_of_a_stretch
from sim.market.customers.population import Population, draw_population
from sim.market.market_clock import Slice
from sim.market.slice_rows import Drawn, Way, slice_rows
from sim.scenario.customer_settings import CustomerSettings
from sim.streams import Streams
from worlds.small_markets import differences, small

TEN_HOURS = Slice(3, 36_000.0, 36_000.0)


def settings_of(**routing: float) -> CustomerSettings:
    segment: dict[str, Any] = {"number": 3, "revenue_usd": (1e5, 1e7), "mix": {"chat": 1.0}}
    return CustomerSettings.model_validate({"routing": routing, "segments": {
        "apps": segment, "saas": {**segment, "routing": {"conversation_turns": 9.0}}}})


def people_of(settings: CustomerSettings) -> Population:
    return draw_population(settings, Streams(1, 0), 10.0)


def drawn_at(rates_per_s: list[float], turns: float, gap_s: float) -> np.ndarray:
    """Ten hours of requests of some workloads, at these rates."""
    settings = settings_of(conversation_turns=turns, turn_gap_s=gap_s)
    people = people_of(settings)
    count = len(people)
    rate = np.array([*rates_per_s, *[0.0] * count])[:count]
    apps = people.segment == 0
    assert apps[:len(rates_per_s)].all()
    lanes = Conversations(settings, people).lanes(rate)
    requests = np.random.default_rng(2).poisson(rate * TEN_HOURS.length_s)
    drawn = Drawn(people.key, requests, people.prompt_tokens, people.output_tokens, people.length_sigma,
                  people.cached_share, people.shared_tokens, people.documents, people.zipf_exponent,
                  people.max_tokens, people.patience_s, *np.zeros((3, count), np.int32), *lanes)
    return slice_rows(drawn, TEN_HOURS, Way(0.0, 2.0**20))


@pytest.mark.parametrize("mean", [1.0, 1.001, 1.5, 5.0, 40.0])
def test_stretches_that_are_not_empty_hold_the_mean_that_is_asked_for(mean):
    (turns,) = turns_of_a_stretch(np.array([mean])).tolist()
    assert turns == 0 if mean == 1 else turns / -np.expm1(-turns) == pytest.approx(mean)


def test_lanes_are_as_many_as_conversations_go_on_at_a_time():
    """At 2 requests a second and a gap of 30 s there are 60 lanes; a stretch holds 4.965 requests a gap apart."""
    settings = settings_of(conversation_turns=5.0, turn_gap_s=30.0)
    people = people_of(settings)
    rate = np.array([2.0, 0.001, *[0.0] * len(people)])[:len(people)]
    lanes, stretch_s = Conversations(settings, people).lanes(rate)
    assert lanes.tolist() == [60, 1, *[0] * (len(people) - 2)]
    assert stretch_s[:2].tolist() == pytest.approx([4.96511 * 30, 4.96511 * 1000], rel=1e-5)


def test_conversations_are_as_long_as_asked_for_and_their_turns_about_a_gap_apart():
    rows = drawn_at([1.0], turns=5.0, gap_s=20.0)
    sizes = np.unique(rows["session"], return_counts=True)[1]
    assert sizes.mean() == pytest.approx(5.0, rel=0.03)  # 7,200 conversations, and a few that an edge cuts
    gaps = [np.diff(rows["born_s"][rows["session"] == number]) for number in np.unique(rows["session"])[:2000]]
    spread = np.concatenate(gaps)
    # n turns are uniform in a stretch of T = 99.3 s, so their gaps add up to T(n - 1)/(n + 1): with n Poisson of mean
    # m = 4.965 and above 0, 60.3 s on average, by m - (1 - e^-m) = 3.97 gaps
    assert np.mean(spread) == pytest.approx(60.27 / 3.972, rel=0.03)
    assert (rows["session"] >= 0).all()


def test_workloads_that_ask_seldom_talk_as_long_with_longer_pauses():
    rows = drawn_at([0.01], turns=3.0, gap_s=20.0)
    sizes = np.unique(rows["session"], return_counts=True)[1]
    assert sizes.mean() == pytest.approx(3.0, rel=0.2)  # some 120 conversations


def test_single_requests_have_no_session_and_conversations_change_nothing_else():
    single, talks = (drawn_at([0.5, 0.1], turns, 30.0) for turns in (1.0, 4.0))
    assert (single["session"] == -1).all()
    for name in set(single.dtype.names or ()) - {"session"}:
        assert (single[name] == talks[name]).all()
    ends = {who: set(talks["session"][talks["client_class"] == who].tolist()) for who in (0, 1)}
    assert not ends[0] & ends[1]


def test_a_segment_has_conversations_of_its_own():
    settings = settings_of(conversation_turns=2.0)
    talks = Conversations(settings, people_of(settings))
    assert set(talks.mean_turns.tolist()) == {2.0, 9.0}


def sticky(sticks: bool, turns: float) -> tuple[Any, Any]:
    """Two hosts of open models at one price, with caches whose hits are cheaper."""
    firms = {name: {"pricing": {"kind": "constant", "input_usd": 0.5, "output_usd": 0.5, "cached_usd": 0.05},
                    "faults": None, "engine": {"prefix_cache": True}} for name in ("atlas", "boreal")}
    policy = {"kind": "openrouter_classic", **({"sticky": "session_id"} if sticks else {})}
    return run_market(small(
        models={"catalogue": {"include": ["llama-3.1-8b", "llama-3.3-70b"]}}, router={"policy": policy},
        supply={"firms": {**firms, "openai": None}},
        customers={"routing": {"conversation_turns": turns, "turn_gap_s": 1.0},
                   "segments": {"agents": {"mix": {"extraction": 1.0}}}}))


def found(traffic: Any) -> float:
    sums = traffic.offer_sums.sum(axis=(0, 1))
    return float(sums[o.SERVED_CACHED] / sums[o.SERVED_PROMPT])


def test_a_sticky_router_finds_more_in_caches_and_none_where_nothing_belongs_together():
    alone, apart, together = found(sticky(True, 1.0)[1]), found(sticky(False, 8.0)[1]), found(sticky(True, 8.0)[1])
    assert alone == 0.0
    assert 0.0 < apart < together


def test_without_conversations_a_market_is_as_it_was():
    assert differences(run_market(small())[0], run_market(small(customers={"routing": {"turn_gap_s": 5.0}}))[0]) == []
