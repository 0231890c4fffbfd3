"""Routers that keep approximate trees, by hand: what they remember, and whom they choose, as their originals do."""

import numpy as np
import pytest

from policies import bind
from policies import prefix_index as index
from policies.dynamo_kv import ACTIVE, COST, PREFILL, UNDER_WAY, cost_of
from policies.gie import SCORE
from policies.sglang import hashed_beginning, load_is_fair, out_of_balance
from policies.trial import Trial, blank_view, plain_request
from sim import view as v
from sim.policy import CANCELLED, DISPATCH, DONE, FAILED, FIRST_TOKEN, OUTAGE, Event, Request
from sim.scenario import PolicyChoice

TREES = ("sglang_cache_aware", "dynamo_kv", "gie")


def trial(kind: str, rows: int, **parameters: float) -> Trial:
    return Trial(bind(PolicyChoice(kind=kind, **parameters)), rows)


def asked(session: int = -1, prompt: int = 1000, history: int = 0, document: int = -1, shared: int = 0,
          now_s: float = 0.0) -> Request:
    return plain_request(now_s, prompt)._replace(session=session, history_tokens=history, document=document,
                                                 shared_tokens=shared)


def placed(request: Request, row: int, number: int = 1, kind: int = DISPATCH) -> Event:
    return Event(kind, row, request.now_s, request.prompt_tokens, 0, 0.0, 0.0, OUTAGE if kind == FAILED else 0,
                 request=number, session=request.session, document=request.document,
                 history_tokens=request.history_tokens, shared_tokens=request.shared_tokens)


def known(seat: Trial, request: Request, since_s: float = -1e18) -> list[float]:
    places = index.look_up(seat.memory, request)
    return [index.matched(seat.memory, row, places, since_s) for row in range(len(seat.memory.offers))]


# What is remembered


@pytest.mark.parametrize("kind", ["sglang_cache_aware", "dynamo_kv"])
def test_a_prompt_is_known_where_it_was_sent_as_far_as_it_is_repeated(kind):
    seat = trial(kind, 3)
    seat.observe(placed(asked(session=7, prompt=1000, document=2, shared=400), 1))
    assert known(seat, asked(session=7, prompt=1500, history=1100, document=2, shared=400)) == [0, 1000, 0]
    assert known(seat, asked(session=7, prompt=1500, history=900, document=2, shared=400)) == [0, 900, 0]
    # a first turn, another session, and a prompt that was cut share the document and nothing else
    for other in (asked(session=7, document=2, shared=400), asked(session=8, history=900, document=2, shared=400),
                  asked(document=2, shared=400)):
        assert known(seat, other) == [0, 400, 0]
    assert known(seat, asked(session=8, document=3, shared=400)) == [0, 0, 0]
    assert seat.memory.offers[:, index.TOTAL].tolist() == [0, 1000, 0]
    seat.observe(placed(asked(session=7, prompt=1500, history=1100, document=2, shared=400), 0))
    assert known(seat, asked(session=7, prompt=2000, history=1700, document=2, shared=400)) == [1500, 1000, 0]
    assert seat.memory.offers[:, index.TOTAL].tolist() == [1500, 1000, 0]


def test_who_is_alone_with_its_prompt_leaves_nothing():
    for kind in TREES:
        seat = trial(kind, 2)
        seat.observe(placed(asked(prompt=5000), 1))
        assert not seat.memory.offers[:, :index.OFFER_SLOTS].any()


@pytest.mark.parametrize(("most", "left", "total"), [(999.0, [400, 400, 650], 700), (500.0, [400, 400, 400], 400),
                                                     (399.0, [0, 0, 0], 0)])
def test_the_longest_unsent_is_forgotten_and_sessions_before_their_document(most, left, total):
    seat = trial("sglang_cache_aware", 1, tree_tokens=most, eviction_s=100.0)
    for session, now_s in ((1, 0.0), (2, 1.0), (3, 2.0)):
        seat.observe(placed(asked(session=session, prompt=700, document=0, shared=400, now_s=now_s), 0))
    assert seat.memory.offers[0, index.TOTAL] == 400 + 3 * 300  # until it is time
    seat.observe(placed(asked(prompt=1, now_s=100.0), 0))
    again = [asked(session=session, history=650, document=0, shared=400) for session in (1, 2, 3)]
    assert [known(seat, request)[0] for request in again] == left
    assert seat.memory.offers[0, index.TOTAL] == total


def test_a_full_set_gives_up_whom_nobody_used_for_longest():
    seat = trial("gie", 2)
    rivals = [n for n in range(200_000) if index.slot_of(n + 1, index.PLACES // index.WAYS) == 5][:index.WAYS + 1]
    for at, session in enumerate(rivals):
        seat.observe(placed(asked(session=session, now_s=float(at)), at % 2))
    assert [any(known(seat, asked(session=session, history=900))) for session in rivals] == [
        False, *[True] * index.WAYS]
    assert seat.memory.offers[:, index.TOTAL].tolist() == [4000, 4000]
    seat.observe(placed(asked(session=rivals[1], now_s=20.0), 1))  # used again: the third is now the oldest
    seat.observe(placed(asked(session=rivals[0], now_s=21.0), 0))
    assert [any(known(seat, asked(session=session, history=900))) for session in rivals] == [
        True, True, False, *[True] * (index.WAYS - 2)]


# SGLang


def test_sglang_balance_is_of_both_thresholds():
    assert not out_of_balance(0.0, 64.0, 64.0, 1.5)
    assert out_of_balance(0.0, 65.0, 64.0, 1.5)
    assert not out_of_balance(200.0, 290.0, 64.0, 1.5)
    assert out_of_balance(200.0, 301.0, 64.0, 1.5)


def test_sglang_follows_the_match_unless_it_is_short_or_loads_are_apart():
    seat, view = trial("sglang_cache_aware", 3), blank_view(3)
    view[:, v.IN_FLIGHT] = [5.0, 3.0, 3.0]
    first = asked(session=7, prompt=1000)
    assert seat.choose(view, first, 0.5) == 1  # the first of the least loaded
    seat.observe(placed(first, 0))
    assert seat.choose(view, asked(session=7, prompt=3000, history=1100), 0.5) == 0  # a third is more than .3
    assert seat.choose(view, asked(session=7, prompt=4000, history=1100), 0.5) == 1  # a quarter is not
    half = trial("sglang_cache_aware", 3, cache_threshold=0.5)
    half.observe(placed(first, 0))
    assert half.choose(view, asked(session=7, prompt=2000, history=1100), 0.5) == 1  # nor is the threshold itself
    assert half.choose(view, asked(session=7, prompt=1999, history=1100), 0.5) == 0
    view[:, v.IN_FLIGHT] = [70.0, 3.0, 2.0]
    assert seat.choose(view, asked(session=7, prompt=1200, history=1100), 0.5) == 2
    view[:, v.IN_FLIGHT], view[:, v.OPEN] = 0.0, [0.0, 1.0, 1.0]
    assert seat.choose(view, asked(session=7, prompt=1200, history=1100), 0.5) == 1  # the first that is healthy


def test_sglang_sends_a_document_to_whom_had_it_first_and_a_session_to_whom_had_it_last():
    """A node of the tree is of whom inserted it; the deepest that matches decides."""
    seat, view = trial("sglang_cache_aware", 3), blank_view(3)
    for row in (2, 0, 1):
        seat.observe(placed(asked(session=row, prompt=500, document=4, shared=400), row))
    assert seat.choose(view, asked(session=9, prompt=600, document=4, shared=400), 0.5) == 2
    seat.observe(placed(asked(session=1, prompt=900, history=600, document=4, shared=400), 0))
    assert seat.choose(view, asked(session=1, prompt=1300, history=1000, document=4, shared=400), 0.5) == 0


def test_prefix_hash_checks_loads_as_its_original():
    """The unit test of prefix_hash.rs: 100 requests on four workers, threshold 31.25; no load is always fine."""
    assert load_is_fair(30.0, 100.0, 4, 1.25)
    assert not load_is_fair(35.0, 100.0, 4, 1.25)
    assert load_is_fair(0.0, 0.0, 4, 1.25)


def test_prefix_affinity_is_of_the_beginning_and_passes_over_who_has_too_much():
    seat, view = trial("prefix_affinity", 6), blank_view(6)
    rows = [seat.choose(view, asked(session=session), 0.3) for session in range(600)]
    assert rows == [seat.choose(view, asked(session=session, history=500), 0.9) for session in range(600)]
    counts = np.bincount(rows, minlength=6)
    assert np.all(np.abs(counts - 100) <= 5 * np.sqrt(600 * 5 / 36))  # false alarm below 1e-5
    long, short = asked(session=1, document=3, shared=300), asked(session=1, document=3, shared=200)
    assert hashed_beginning(long, 256.0, 0.5) == hashed_beginning(long._replace(session=2), 256.0, 0.5)
    assert hashed_beginning(short, 256.0, 0.5) == hashed_beginning(asked(session=1), 256.0, 0.5)
    own = rows[0]
    view[own, v.OPEN] = 0.0
    moved = [seat.choose(view, asked(session=session), 0.3) for session in range(600)]
    assert all(new == old for new, old in zip(moved, rows, strict=True) if old != own)
    view[own, v.OPEN], view[:, v.IN_FLIGHT] = 1.0, 10.0
    view[own, v.IN_FLIGHT] = 13.0  # of 63: at most 64 / 6 * 1.25 = 13.3
    assert seat.choose(view, asked(session=0), 0.3) == own
    view[own, v.IN_FLIGHT], view[(own + 1) % 6, v.IN_FLIGHT] = 14.0, 9.0
    assert seat.choose(view, asked(session=0), 0.3) == (own + 1) % 6


# Dynamo


def test_dynamo_decides_its_documentations_example():
    """Prefill and decode blocks (8, 10), (5, 5) and (2, 9): costs 18, 10 and 11."""
    seat, view = trial("dynamo_kv", 3), blank_view(3)
    params = seat.memory.params
    assert [cost_of(*blocks, params) for blocks in ((10.0, 2.0, 10.0), (10.0, 5.0, 5.0), (10.0, 8.0, 9.0))] == [
        18.0, 10.0, 11.0]
    for row, cached in enumerate((2, 5, 8)):
        seat.observe(placed(asked(session=7, prompt=16 * cached), row, number=row))
        seat.observe(placed(asked(session=7, prompt=16 * cached), row, number=row, kind=DONE))
    seat.memory.offers[:, ACTIVE] = [0.0, -5.0, -1.0]  # beside the ten blocks of the request itself
    assert seat.choose(view, asked(session=7, prompt=160, history=160), 0.5) == 1
    assert seat.memory.offers[:, COST].tolist() == [18.0, 10.0, 11.0]


def test_dynamo_counts_a_prompt_until_its_first_token_and_its_blocks_until_the_end():
    seat = trial("dynamo_kv", 2)
    seat.observe(placed(asked(session=7, prompt=330), 0, number=5))
    assert seat.memory.offers[0, [PREFILL, ACTIVE]].tolist() == [330.0, 21.0]
    again = asked(session=7, prompt=500, history=400, now_s=3.0)
    seat.observe(placed(again, 0, number=6))  # 20 whole blocks of 16 are taken to be there
    assert seat.memory.offers[0, [PREFILL, ACTIVE]].tolist() == [330.0 + 180.0, 21.0 + 32.0]
    seat.observe(placed(again, 0, number=6, kind=FIRST_TOKEN))
    assert seat.memory.offers[0, [PREFILL, ACTIVE]].tolist() == [330.0, 53.0]
    for number, kind in ((6, DONE), (6, DONE), (5, CANCELLED)):
        seat.observe(placed(again, 0, number=number, kind=kind))
    assert seat.memory.offers[0, [PREFILL, ACTIVE]].tolist() == [0.0, 0.0]


def test_dynamo_lets_the_oldest_request_of_a_full_set_go():
    seat = trial("dynamo_kv", 2)
    rivals = [n for n in range(200_000) if index.slot_of(n, UNDER_WAY // index.WAYS) == 5][:index.WAYS + 1]
    for at, number in enumerate(rivals):
        seat.observe(placed(asked(prompt=160, now_s=float(at)), 0, number=number))
    assert seat.memory.offers[0, [PREFILL, ACTIVE]].tolist() == [160.0 * index.WAYS, 10.0 * index.WAYS]
    seat.observe(placed(asked(prompt=160), 0, number=rivals[0], kind=DONE))  # of it the book knows nothing any more
    assert seat.memory.offers[0, ACTIVE] == 10.0 * index.WAYS


def test_dynamo_forgets_after_two_minutes_and_prunes_to_four_fifths():
    seat, view = trial("dynamo_kv", 2), blank_view(2)
    seat.observe(placed(asked(session=7, prompt=1600), 0))
    seat.observe(placed(asked(session=7, prompt=1600), 0, kind=DONE))
    for now_s, costs in ((119.0, [100.0, 200.0]), (121.0, [200.0, 200.0])):
        seat.choose(view, asked(session=7, prompt=1600, history=1600, now_s=now_s), 0.5)
        assert seat.memory.offers[:, COST].tolist() == costs
    small = trial("dynamo_kv", 1, tree_blocks=100.0)
    for session in range(6):
        small.observe(placed(asked(session=session, prompt=320, now_s=float(session)), 0, number=session))
    assert small.memory.offers[0, index.TOTAL] == 320 * 4  # the sixth is one too many, and of 120 blocks 80 stay


def test_dynamo_draws_by_a_softmax_of_costs_over_their_range():
    """Costs 100, 200 and 300 at temperature .5: weights 1, e^-1 and e^-2."""
    seat, view = trial("dynamo_kv", 3, temperature=0.5), blank_view(3)
    seat.memory.offers[:, ACTIVE] = [0.0, 100.0, 200.0]
    weights = np.exp([0.0, -1.0, -2.0])
    counts = seat.counts(view, asked(prompt=800), 40_000)[:3]
    assert np.all(np.abs(counts / 40_000 - weights / weights.sum()) < 5 * 0.5 / 200)


# GIE


def test_gie_scores_the_share_of_blocks_that_an_offer_was_sent():
    seat, view = trial("gie", 3, queue=0.0, kv_cache=0.0), blank_view(3)
    seat.observe(placed(asked(session=7, prompt=1000, document=1, shared=500), 2))
    seat.choose(view, asked(session=7, prompt=1600, history=1100, document=1, shared=500), 0.5)
    assert seat.memory.offers[:, SCORE] == pytest.approx([0.0, 0.0, 3 * 62 / 100])
    seat.choose(view, asked(session=8, prompt=1600, document=1, shared=500), 0.5)
    assert seat.memory.offers[:, SCORE] == pytest.approx([0.0, 0.0, 3 * 31 / 100])
    seat.observe(placed(asked(session=9, prompt=80_000), 0))  # of which 256 blocks are looked up
    seat.choose(view, asked(session=9, prompt=90_000, history=80_000), 0.5)
    assert seat.memory.offers[:, SCORE] == pytest.approx([3.0, 0.0, 0.0])
    assert seat.memory.offers[0, index.TOTAL] == 4096


def test_gie_remembers_so_many_blocks_of_an_offer():
    seat = trial("gie", 1, lru_blocks=128.0)
    for session in range(3):
        seat.observe(placed(asked(session=session, prompt=1024, now_s=float(session)), 0))
    assert [known(seat, asked(session=session, history=1024))[0] for session in range(3)] == [0, 1024, 1024]
