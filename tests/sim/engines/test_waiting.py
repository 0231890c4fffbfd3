"""Who waits for an offer to return, and who rests by which rule: both engines against cases worked out by hand."""

from typing import Any

import numpy as np
import pytest

from sim import policy
from sim.engines.compiled import CompiledEngine
from sim.engines.outcome import ABANDONED, COMPLETED, FAILED, REFUSED, TIMED_OUT
from sim.engines.reference import ReferenceEngine
from worlds.small import Change, affine, drive, learner, offer, requests, world

ENGINES = {"compiled": CompiledEngine, "reference": ReferenceEngine}
DOWN, UP = (0.0,), (1.0,)


@pytest.fixture(params=ENGINES.values(), ids=ENGINES)
def engine_class(request):
    return request.param


def served(engine_class, market, rows, changes=()):
    """Samples in order of their keys, which are those of the rows, and the outcome."""
    result = drive(engine_class(market, iter([requests(market, rows)])), changes)
    return np.sort(result.samples, order="key"), result


def router(maximum: int = 3, retry_tried: bool = True, **more: Any) -> dict[str, Any]:
    attempts = {"maximum": maximum, "retry_tried": retry_tried, **more.pop("attempts", {})}
    return {"main": {"attempts": attempts, **more}}


def at(*times: float, **more: Any) -> list[dict[str, Any]]:
    return [{"arrive_s": t, "prompt": 1, "output": 1, **more} for t in times]


REST = {"seconds": 5.0}


def test_who_finds_all_offers_resting_waits_for_the_first_to_return(engine_class):
    market = world([offer(), offer()], routers=router(cooldown=REST))
    changes = [Change(time_s, "up", row, up) for time_s, up in ((0.0, DOWN), (2.0, UP)) for row in (0, 1)]
    rows, _ = served(engine_class, market, at(0.5, 1.0), changes)
    # the first fails at both, which rest until 5.5; no third attempt before; the second has not tried any
    assert rows["placed_s"].tolist() == [5.5, 5.5]
    assert rows["end_s"].tolist() == [6.5, 6.5]
    assert rows["attempts"].tolist() == [3, 1]


def test_what_was_tried_is_not_waited_for_unless_it_may_be_tried_again(engine_class):
    market = world([offer()], routers=router(retry_tried=False, cooldown=REST))
    rows, _ = served(engine_class, market, at(0.5, 1.0), [Change(0.0, "up", 0, DOWN), Change(2.0, "up", 0, UP)])
    assert rows["outcome"].tolist() == [FAILED, COMPLETED]
    assert rows["end_s"].tolist() == [0.5, 6.5]


def test_one_probe_at_a_time_the_earliest_arrival_first(engine_class):
    breaker = {"failures": 1, "open_s": 10.0, "successes": 2}
    market = world([offer()], routers=router(1, breaker=breaker))
    rows = [*at(0.0, key=1), *at(1.0, key=9), *at(2.0, key=7), *at(2.0, key=4), *at(2.5, key=2)]
    found, _ = served(engine_class, market, rows, [Change(0.0, "up", 0, DOWN), Change(5.0, "up", 0, UP)])
    placed = dict(zip(found["key"].tolist(), found["placed_s"].tolist(), strict=True))
    assert placed == {1: 0.0, 9: 10.0, 4: 11.0, 7: 12.0, 2: 12.0}  # closed by the second success
    assert (found["outcome"] == COMPLETED).tolist() == [False, True, True, True, True]


def test_a_probe_that_is_cancelled_makes_way_for_the_next(engine_class):
    breaker = {"failures": 1, "open_s": 10.0, "successes": 1}
    market = world([offer(affine(4.0))], routers=router(1, breaker=breaker))
    rows = [*at(0.0), *at(1.0, patience_s=10.0), *at(2.0)]
    found, _ = served(engine_class, market, rows, [Change(0.0, "up", 0, DOWN), Change(5.0, "up", 0, UP)])
    assert found["outcome"].tolist() == [FAILED, ABANDONED, COMPLETED]
    assert found["placed_s"].tolist() == [0.0, 10.0, 11.0]


@pytest.mark.parametrize(("settings", "row", "outcome", "end_s"), [
    ({"budget_s": 3.0}, {}, REFUSED, 5.0),
    ({"budget_s": 3.0, "total_timeout_s": 2.0}, {}, TIMED_OUT, 4.0),
    ({"budget_s": 3.0, "total_timeout_s": 2.0}, {"patience_s": 2.0}, ABANDONED, 4.0),
    ({"budget_s": 4.0}, {}, REFUSED, 6.0),  # timers go before looks
    ({"budget_s": 4.5}, {}, COMPLETED, 7.0),  # and a wait that is over is over
    ({"budget_s": 4.5, "total_timeout_s": 4.75}, {}, TIMED_OUT, 6.75),
])
def test_no_wait_outlasts_budget_patience_or_total_time_out(engine_class, settings, row, outcome, end_s):
    market = world([offer()], routers=router(1, attempts=settings, cooldown=REST))
    rows, _ = served(engine_class, market, [*at(1.0), *at(2.0, **row)], [Change(0.0, "up", 0, DOWN),
                                                                        Change(3.0, "up", 0, UP)])
    assert rows["outcome"].tolist() == [FAILED, outcome]
    assert rows["end_s"].tolist() == [1.0, end_s]


def test_a_wait_after_a_failure_ends_as_the_failure_would(engine_class):
    market = world([offer()], routers=router(attempts={"budget_s": 3.0}, cooldown=REST))
    rows, _ = served(engine_class, market, at(1.0), [Change(0.0, "up", 0, DOWN)])
    assert (rows["outcome"].tolist(), rows["end_s"].tolist(), rows["attempts"].tolist()) == ([FAILED], [4.0], [1])


def test_after_the_budget_nobody_begins_to_wait(engine_class):
    settings = {"budget_s": 3.0, "backoff_s": 4.0}
    market = world([offer()], routers=router(attempts=settings, cooldown={"seconds": 20.0}))
    rows, _ = served(engine_class, market, at(1.0), [Change(0.0, "up", 0, DOWN)])
    assert (rows["outcome"].tolist(), rows["end_s"].tolist()) == ([FAILED], [5.0])


@pytest.mark.parametrize("change", [Change(3.0, "list", 1, UP), Change(3.0, "price", 1, (1.0, 1.0, 1.0))])
def test_an_offer_that_is_listed_or_falls_in_price_is_returned_to(engine_class, change):
    wants = {"max_price": {"completion": 5.0}}
    market = world([offer(), offer()], routers=router(1, cooldown={"seconds": 50.0}, preferences=wants))
    hidden = Change(0.0, "list", 1, DOWN) if change.kind == "list" else Change(0.0, "price", 1, (9e3, 9e3, 9e3))
    rows, _ = served(engine_class, market, at(1.0, 2.0), [Change(0.0, "up", 0, DOWN), hidden, change])
    assert rows["offer"].tolist() == [0, 1]
    assert rows["end_s"].tolist() == [1.0, 4.0]


def test_who_waits_stays_though_the_offer_is_taken_down(engine_class):
    market = world([offer()], routers=router(1, cooldown=REST))
    changes = [Change(0.0, "up", 0, DOWN), Change(3.0, "up", 0, UP), Change(4.0, "list", 0, DOWN),
               Change(9.0, "list", 0, UP)]
    rows, _ = served(engine_class, market, at(1.0, 2.0), changes)
    assert rows["end_s"].tolist() == [1.0, 10.0]


def test_a_policy_that_declines_makes_nobody_wait(engine_class):
    market = world([offer(), offer()], learner(), routers=router(1, cooldown={"seconds": 1e4}))
    rows, result = served(engine_class, market, at(*(0.01 * k for k in range(400))), [Change(0.0, "up", 0, DOWN)])
    declined = rows[rows["outcome"] == REFUSED]
    assert len(declined) > 5
    assert np.array_equal(declined["end_s"], declined["born_s"])
    assert result.offer_sums[0, 1, 2] >= 1  # one offer rests all the while


def test_a_crowd_that_waits_is_placed_in_one_look(engine_class):
    """More than the compiled engine's pools hold at first."""
    market = world([offer(affine(0.5), max_batch=1000)], routers=router(1, cooldown=REST))
    rows, _ = served(engine_class, market, [*at(0.0), *at(*np.linspace(1.0, 4.9, 900))],
                     [Change(0.0, "up", 0, DOWN), Change(0.5, "up", 0, UP)])
    assert set(rows["placed_s"][1:].tolist()) == {5.0}
    assert set(rows["end_s"][1:].tolist()) == {5.5}


# LiteLLM's rule


def resting(**more: Any) -> dict[str, Any]:
    """A router that tries once and waits for nothing, so that a refusal says that all offers rest."""
    return router(1, attempts={"budget_s": 1e-6}, cooldown={"rule": "litellm", **more})


def test_a_429_rests_an_offer_at_once_but_never_the_only_one(engine_class):
    busy = offer(requests_per_min=1)
    for count, outcomes in ((1, [COMPLETED, REFUSED, REFUSED, REFUSED]), (2, [COMPLETED, REFUSED, COMPLETED, REFUSED])):
        market = world([busy, offer()][:count], routers=resting(seconds=20.0))
        rows, result = served(engine_class, market, at(0.0, 2.0, 4.0, 30.0))
        assert rows["outcome"].tolist() == outcomes
        refused = result.offer_sums[0, :, 1 + policy.RATE_LIMITED].sum()
        assert refused == (3 if count == 1 else 2)  # the third request goes to the other offer


def test_a_hidden_offer_does_not_spare_nor_count(engine_class):
    market = world([offer(requests_per_min=1), offer()], routers=resting(seconds=20.0))
    _, result = served(engine_class, market, at(0.0, 2.0, 4.0), [Change(0.0, "list", 1, DOWN)])
    assert result.offer_sums[0, :, 1 + policy.RATE_LIMITED].sum() == 2


def test_more_than_half_of_five_rest_an_offer(engine_class):
    """Offer 0 answers two requests, then it is down: the third failure in the window is three of five."""
    market = world([offer(affine(0.1)), offer(affine(0.1))], routers=resting())
    rows, _ = served(engine_class, market, at(0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 8.9, 9.0), [Change(1.5, "up", 0, DOWN)])
    assert rows["offer"].tolist() == [0, 0, 0, 0, 0, 1, 1, 0]
    assert rows["outcome"].tolist() == [COMPLETED, COMPLETED, FAILED, FAILED, FAILED, COMPLETED, COMPLETED, FAILED]


def test_answers_and_failures_are_counted_in_windows_of_their_own(engine_class):
    """The answers at .1 and 1.1 hold until 60.1, the failures that begin at 30 until 90."""
    market = world([offer(affine(0.1)), offer(affine(0.1))], routers=resting(seconds=1.0, least_requests=3))
    times = (0.0, 1.0, 30.0, 31.0, 60.05, 61.5, 89.0, 91.0)
    rows, _ = served(engine_class, market, at(*times), [Change(29.0, "up", 0, DOWN), Change(60.2, "up", 0, UP),
                                                      Change(80.0, "up", 0, DOWN)])
    # 31: 2 of 4; 60.05: 3 of 5 rests it until 61.05; 61.5: an answer; 89: 4 of 5; 91: 1 of 2 is less than 3
    assert rows["offer"].tolist() == [0] * 8
    assert rows["outcome"].tolist() == [COMPLETED, COMPLETED, FAILED, FAILED, FAILED, COMPLETED, FAILED, FAILED]
    rows, _ = served(engine_class, market, at(*times, 91.5), [Change(29.0, "up", 0, DOWN), Change(60.2, "up", 0, UP),
                                                            Change(80.0, "up", 0, DOWN)])
    assert rows["offer"].tolist() == [0] * 9


def test_only_failures_and_many_rest_a_lone_offer(engine_class):
    market = world([offer(affine(0.1))], routers=resting(lone_requests=4))
    times = [*np.arange(10) * 0.1]
    rows, _ = served(engine_class, market, at(*times), [Change(0.0, "up", 0, DOWN)])
    assert rows["outcome"].tolist() == [FAILED] * 4 + [REFUSED] * 6
    rows, _ = served(engine_class, market, at(*times), [Change(0.15, "up", 0, DOWN)])
    assert rows["outcome"].tolist() == [COMPLETED] + [FAILED] * 9  # an answer is in the window


def test_a_request_that_is_too_long_counts_but_rests_nobody(engine_class):
    market = world([offer(affine(0.1), kv_capacity_tokens=10), offer(affine(0.1))], routers=resting(least_requests=1))
    rows, _ = served(engine_class, market, [*at(0.0, 1.0, output=50), *at(2.0)])
    assert rows["offer"].tolist() == [0, 0, 0]


def test_litellms_rule_rests_for_litellms_time():
    from sim.scenario.router_settings import Cooldown
    assert Cooldown.model_validate({"rule": "litellm"}).seconds == 5.0
    assert Cooldown.model_validate({"rule": "litellm", "seconds": 0.0}).seconds == 0.0
    assert Cooldown().seconds == 0.0
