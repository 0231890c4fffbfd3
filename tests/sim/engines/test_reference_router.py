"""The reference engine's router against cases worked out by hand."""

import numpy as np
import pytest
import simpy

from sim import draws, policy
from sim import view as v
from sim.draws import derive
from sim.engines import outcome
from sim.engines.outcome import ABANDONED, COMPLETED, FAILED, IN_FLIGHT, REFUSED, TIMED_OUT
from sim.engines.reference import ReferenceEngine
from sim.engines.reference.clock import Clock
from sim.engines.rules import (
    ARRIVAL,
    AT_PROVIDER,
    AT_ROUTER,
    BACK_OFF_ENDS,
    BOUNDARY,
    CANCEL,
    COPY_VIEW,
    DISPATCH,
    DONE,
    FIRST_TOKEN,
    LOOK,
    PUBLISH,
    TIME_OUT,
    TIMER,
)
from sim.errors import PolicyError
from sim.policy import BoundPolicy, NoParameters, Policy
from worlds.small import Change, Client, affine, drive, first, lowest, offer, requests, world

FAILING = offer(fast_failure_share=1.0, fast_failure_s=0.0)


class Watcher:
    """A policy that notes what it is shown and told and follows a list of rows, then the first open one."""

    def __init__(self, *rows: int) -> None:
        self.rows = list(rows)
        self.views: list[np.ndarray] = []
        self.asked: list[policy.Request] = []
        self.uniforms: list[float] = []
        self.events: list[policy.Event] = []

    def choose(self, view, request, memory, u):
        self.views.append(view.copy())
        self.asked.append(request)
        self.uniforms.append(u)
        return self.rows.pop(0) if self.rows else int(np.argmax(view[:, v.OPEN]))

    def bound(self, oracle: bool = False) -> BoundPolicy:
        """The policy, ready for an engine."""
        rule = Policy("test_watcher", self.choose, "Watches.", "tests", "none", oracle=oracle,
                      observe=lambda memory, event: self.events.append(event))
        return BoundPolicy(rule, NoParameters())


def routed(market, rows, changes=(), until_s=1e6):
    """Samples in order of arrival, placements as (key, attempt, offer, time), and the outcome."""
    record: list[tuple[int, int, int, float]] = []
    engine = ReferenceEngine(market, iter([requests(market, rows)]), record)
    result = drive(engine, changes, until_s)
    return np.sort(result.samples, order="key"), record, result


PER_S = 2.0**35  # grid of event times


def at(*times, prompt=1, output=1, **more):
    return [{"arrive_s": t, "prompt": prompt, "output": output, **more} for t in times]


# The clock


def test_the_clock_stops_before_events_of_the_time_it_runs_to():
    clock, seen = Clock(PER_S), []
    for when_s in (1.0, 2.0, 3.0):
        clock.at(when_s, (TIMER, 7), seen.append, when_s)
    clock.after(2.0, (TIMER, 8), seen.append, "after")
    clock.at(2.0, (PUBLISH,), seen.append, "publish")
    clock.run_before(2.0)
    assert (seen, clock.now) == ([1.0], 2.0)
    clock.run_before(3.5)
    assert (seen, clock.now) == ([1.0, "publish", 2.0, "after", 3.0], 3.5)


def test_simultaneous_events_have_one_order_whoever_was_there_first():
    orders = [(PUBLISH,), (COPY_VIEW, 0), (COPY_VIEW, 1), (ARRIVAL, 4), (ARRIVAL, 9), (AT_ROUTER, 4, 0, DONE),
              (AT_ROUTER, 4, 1, FIRST_TOKEN), (TIMER, 4, TIME_OUT), (TIMER, 4, BACK_OFF_ENDS), (TIMER, 5, TIME_OUT),
              (LOOK, 0, 1), (LOOK, 1, 0),
              (AT_PROVIDER, 4, 1, CANCEL), (AT_PROVIDER, 4, 2, DISPATCH), (BOUNDARY, 0), (BOUNDARY, 1)]
    for turned in range(len(orders)):
        clock, seen = Clock(PER_S), []
        for order in [*orders[turned:], *orders[:turned]][::-1]:
            clock.at(1.0, order, seen.append, order)
        clock.run_before(2.0)
        assert seen == orders


def test_times_are_on_the_grid_whichever_way_they_are_summed():
    rng = np.random.default_rng(1)
    triples = (10 * rng.random((1000, 3))).tolist()
    assert any((a + b) + c != a + (b + c) for a, b, c in triples)  # why there is a grid
    clock = Clock(PER_S)
    for triple in triples:
        a, b, c = (clock.on_grid(part) for part in triple)
        assert (a + b) + c == a + (b + c) == clock.on_grid((a + b) + c)
        assert abs(a - triple[0]) <= 0.5 / PER_S


def test_the_clock_never_goes_back():
    clock = Clock(PER_S)
    clock.run_before(2.0)
    with pytest.raises(ValueError, match="until_s is 1"):
        clock.run_before(1.0)


def test_simpy_also_stops_before_ordinary_events_of_that_time():
    env, seen = simpy.Environment(), []
    env.timeout(1.0).callbacks.append(lambda _: seen.append(env.now))
    env.run(until=1.0)
    assert seen == []


# Placing


def test_a_policy_is_asked_with_its_own_uniform_and_told_everything():
    watcher = Watcher()
    market = world([offer(), offer()], watcher.bound(), delay_s=0.5)
    rows, record, _ = routed(market, at(1.0, prompt=3, output=2, expected_output=4.0, session=9),
                             [Change(0.0, "up", 0, (0.0,))])
    assert record == [(1, 0, 0, 1.0), (1, 1, 1, 2.0)]
    assert watcher.uniforms == [derive(1, draws.ROUTE, 0), derive(1, draws.ROUTE, 1)]
    assert watcher.asked[1] == policy.Request(2.0, 3, 4.0, 1, 9, 0, 0)
    assert {tuple(event)[10:] for event in watcher.events} == {(draws.number_of(1), 9, 0, -1, 0, 0)}
    assert [tuple(event)[:10] for event in watcher.events] == [
        (policy.DISPATCH, 0, 1.0, 3, 0, 0.0, 0.0, 0, 0.0, 0.0),
        (policy.FAILED, 0, 2.0, 3, 0, 0.0, 1.0, policy.OUTAGE, 0.0, 0.0),
        (policy.DISPATCH, 1, 2.0, 3, 0, 0.0, 0.0, 0, 0.0, 0.0),
        (policy.FIRST_TOKEN, 1, 4.0, 3, 0, 2.0, 2.0, 0, 0.0, 0.0),
        (policy.DONE, 1, 5.0, 3, 2, 2.0, 3.0, 0, 3 * 1.0 / 1e6, 2 * 2.0 / 1e6),
    ]
    assert watcher.views[0][:, v.COST_USD] == pytest.approx([(3 * 1.0 + 4 * 2.0) / 1e6] * 2)
    assert watcher.views[1][:, v.OPEN].tolist() == [0, 1]
    assert rows["end_s"].tolist() == [5.0]


def test_a_view_counts_what_is_under_way():
    watcher = Watcher()
    market = world([offer(affine(10.0))], watcher.bound())
    routed(market, at(0.0, 1.0, prompt=3, expected_output=2.0))
    columns = [v.IN_FLIGHT, v.OUTSTANDING_TOKENS, v.REQUESTS_THIS_MINUTE, v.PUBLISHED_IN_FLIGHT]
    assert watcher.views[1][0, columns].tolist() == [1, 5, 1, 1]


@pytest.mark.parametrize(("row", "text"), [(2, "row 2 of 2"), (-2, "row -2 of 2"), (1, "row 1, which is")])
def test_a_bad_row_is_the_policys_error(row, text):
    market = world([offer(), offer(context_tokens=1)], Watcher(row).bound())
    with pytest.raises(PolicyError, match=f"policy 'test_watcher' chose {text}"):
        routed(market, at(0.0))


def test_a_policy_may_decline():
    market = world([offer(), offer()], Watcher(-1, 0, -1).bound())
    rows, _, _ = routed(market, at(0.0, 1.0), [Change(0.5, "up", 0, (0.0,))])
    assert rows["outcome"].tolist() == [REFUSED, FAILED]  # no attempt; the attempt that was made


def test_prices_and_context_close_offers():
    market = world([offer(price_in_nano=3000), offer(context_tokens=5), offer(price_out_nano=9000), offer()],
                   routers={"main": {"preferences": {"max_price": {"prompt": 2.0, "completion": 8.0}}}})
    _, record, _ = routed(market, at(0.0, prompt=5))
    assert [offer for _, _, offer, _ in record] == [3]


def test_percentile_preferences_put_offers_last_but_exclude_none():
    telemetry = {"slot_s": 1.0, "prior_ttft_s": 1.0, "newcomers": "priors"}
    router = {"preferences": {"preferred_max_latency": 1.5}, "telemetry": telemetry}
    market = world([offer(affine(2.0)), offer(affine(3.0))], lowest(v.COST_USD), routers={"main": router})
    _, record, _ = routed(market, at(0.0, 10.0, 20.0, 21.0),
                          [Change(15.0, "price", 0, (10.0, 10.0)), Change(0.0, "price", 1, (5000.0, 5000.0))])
    # the cheaper offer 0 shows 2 s from 3 on; offer 1 meets the wish by its prior and shows 3 s from 14 on
    assert [offer for _, _, offer, _ in record] == [0, 1, 0, 0]


def test_exploration_picks_an_open_row_by_the_requests_own_draw():
    market = world([offer(affine(0.1)) for _ in range(3)], routers={"main": {"exploration": 1.0}})
    _, record, _ = routed(market, at(*range(20)))
    assert [placed for _, _, placed, _ in record] == [
        int(derive(key, draws.EXPLORE_PICK, 0) * 3) for key in range(1, 21)
    ]
    assert {placed for _, _, placed, _ in record} == {0, 1, 2}


def test_a_session_sticks_to_the_offer_that_served_it():
    routers = {"main": {"affinity": {"ttl_s": 10.0, "slots": 4}}}
    market = world([offer(), offer()], Watcher(1, 0, 0, 0, 0).bound(), routers=routers)
    rows = [*at(0.0, 5.0, session=2), *at(6.5, session=17), *at(8.0, session=2), *at(30.0, session=2)]
    _, record, _ = routed(market, rows)
    assert draws.slot_of(2, 4) == draws.slot_of(17, 4)
    # sticks at 5; session 17 takes the slot over when it is done; 2 asks the policy again, and again at 30
    assert [placed for _, _, placed, _ in record] == [1, 1, 0, 0, 0]


def test_sessions_with_a_common_stride_spread_over_the_table():
    slots = [draws.slot_of(number << 16, 1 << 16) for number in range(1000)]
    assert min(slots) >= 0
    assert max(slots) < 1 << 16
    assert len(set(slots)) > 970  # 1000 - 7.6 expected; false alarm below 1e-9


# Failing over


def test_failover_masks_what_was_tried_until_nothing_is_left():
    market = world([offer() for _ in range(5)])
    downs = [Change(0.0, "up", index, (0.0,)) for index in range(5)]
    rows, record, _ = routed(market, at(1.0), downs)
    assert [placed for _, _, placed, _ in record] == [0, 1, 2]  # three attempts unless set otherwise
    assert rows["outcome"].tolist() == [FAILED]
    short = world([offer(), offer()], routers={"main": {"attempts": {"maximum": 5, "retry_tried": True}}})
    _, record, _ = routed(short, at(1.0), downs[:2])
    assert [placed for _, _, placed, _ in record] == [0, 1, 0, 1, 0]


def test_back_off_doubles_up_to_its_cap_and_jitters():
    settings = {"maximum": 5, "retry_tried": True, "backoff_s": 1.0, "backoff_cap_s": 3.0, "jitter": 0.5}
    market = world([FAILING], routers={"main": {"attempts": settings}})
    _, record, _ = routed(market, at(0.0))
    bare = ((1, 1.0), (2, 2.0), (3, 3.0), (4, 3.0))
    pauses = [pause * (1 + 0.5 * derive(1, draws.BACKOFF, attempts)) for attempts, pause in bare]
    assert [now for _, _, _, now in record] == pytest.approx(np.cumsum([0.0, *pauses]))


def test_no_new_attempt_after_the_budget():
    settings = {"maximum": 8, "retry_tried": True, "backoff_s": 1.0, "backoff_cap_s": 1.0, "budget_s": 2.0}
    market = world([FAILING], routers={"main": {"attempts": settings}})
    rows, record, _ = routed(market, at(0.0))
    assert [now for _, _, _, now in record] == [0.0, 1.0, 2.0]
    assert rows["end_s"].tolist() == [2.0]


def test_a_first_token_that_takes_too_long_is_sought_elsewhere():
    routers = {"main": {"attempts": {"first_token_timeout_s": 1.5}}}
    market = world([offer(affine(4.0), max_batch=1), offer()], routers=routers, delay_s=0.1)
    rows, record, result = routed(market, at(0.0, 3.0))
    # the cancelled one stays in its step until 4.1; the second one waits until then and is given up at 4.5
    assert [(key, placed) for key, _, placed, _ in record] == [(1, 0), (1, 1), (2, 0), (2, 1)]
    assert [now for _, _, _, now in record] == [0.0, 1.5, 3.0, 4.5]
    assert rows["end_s"] == pytest.approx([2.7, 5.7])
    assert result.offer_sums[0, 1, outcome.ENDED_BY + policy.TIMED_OUT] == 2
    assert result.offer_work[0, outcome.STEPS] == 2


def test_a_total_time_out_ends_a_request_that_streams():
    routers = {"main": {"attempts": {"total_timeout_s": 3.5, "budget_s": 0.25}, "cooldown": {"seconds": 1.0}}}
    watcher = Watcher()
    market = world([offer()], watcher.bound(), routers=routers)
    rows, _, result = routed(market, at(0.0, 4.0, output=9))
    assert rows["outcome"].tolist() == [TIMED_OUT, REFUSED]  # the offer rests until 4.5
    assert rows["end_s"].tolist() == [3.5, 4.25]
    assert watcher.events[-1][:3] == (policy.CANCELLED, 0, 3.5)
    assert result.offer_work[0, outcome.STEPS] == 4
    sums = result.offer_sums[0, 1]
    assert (sums[outcome.CANCELLED], sums[outcome.ENDED_BY + policy.TIMED_OUT]) == (0, 1)


def test_patience_counts_from_birth_and_ends_with_the_first_token():
    market = world([offer(affine(1.0))], clients=[Client(delay_s=0.5)])
    rows, _, _ = routed(market, [*at(1.0, output=9, patience_s=1.6), *at(20.0, patience_s=1.4),
                                 *at(30.0, patience_s=0.2)])
    assert rows["outcome"].tolist() == [COMPLETED, ABANDONED, ABANDONED]
    assert rows["end_s"] == pytest.approx([10.0, 20.9, 30.0])  # the last one had left before it arrived


def test_timers_run_during_back_off():
    settings = {"retry_tried": True, "backoff_s": 8.0}
    market = world([FAILING], routers={"main": {"attempts": settings}})
    rows, record, result = routed(market, at(0.0, patience_s=3.0))
    assert (rows["end_s"][0], rows["outcome"][0], len(record)) == (3.0, ABANDONED, 1)
    assert result.offer_sums[0, 1, outcome.CANCELLED] == 0


def test_a_breaker_lets_one_probe_through():
    router = {"attempts": {"maximum": 1, "budget_s": 0.25}, "breaker": {"failures": 2, "open_s": 10.0, "successes": 1}}
    market = world([offer()], routers={"main": router})
    rows, _, _ = routed(market, at(1.0, 2.0, 5.0, 13.0, 13.5, 14.5, 14.7),
                        [Change(0.0, "up", 0, (0.0,)), Change(6.0, "up", 0, (1.0,))])
    assert rows["outcome"].tolist() == [FAILED, FAILED, REFUSED, COMPLETED, REFUSED, COMPLETED, COMPLETED]


# Views that lag or come from providers


def test_a_stale_view_is_a_copy_with_fresh_open_and_cost():
    watcher = Watcher()
    market = world([offer(affine(100.0))], watcher.bound(),
                   routers={"main": {"telemetry": {"stale_view_s": 10.0}}})
    routed(market, at(1.0, 2.0, 11.0), [Change(1.5, "price", 0, (5000.0, 5000.0))])
    seen = np.array([view[0, [v.IN_FLIGHT, v.PRICE_IN, v.OPEN, v.COST_USD]] for view in watcher.views])
    assert seen == pytest.approx(np.array([[0, 1, 1, 3e-6], [0, 1, 1, 10e-6], [2, 5, 1, 10e-6]]))


def test_providers_publish_before_the_view_is_copied():
    watcher = Watcher()
    market = world([offer(max_batch=1, replicas=2)], watcher.bound(), traffic={"publish_period_s": 5.0},
                   routers={"main": {"telemetry": {"stale_view_s": 5.0}}}, delay_s=0.25)
    routed(market, at(0.0, 4.0, 4.0, 4.0, 5.5))
    columns = [v.PUBLISHED_IN_FLIGHT, v.PUBLISHED_LATENCY_S, v.PUBLISHED_AT_S, v.TTFT_EWMA_S]
    # at 5 two run and one waits on two replicas; the first request took 1 s there and 1.5 s for the router
    assert watcher.views[3][0, columns].tolist() == [0.0, 1.0, 0.0, 1.0]
    assert watcher.views[4][0, columns].tolist() == [1.5, 1.0, 5.0, 1.5]


def test_providers_publish_how_long_requests_took_that_met_the_present_load():
    watcher = Watcher()
    market = world([offer(max_batch=1)], watcher.bound(), traffic={"publish_period_s": 10.0})
    routed(market, at(0.0, 4.0, 4.5, 4.75, 10.0, 19.5, 20.25, 29.1, 29.2, 29.3, 30.5, 39.5, 40.5))
    seen = [view[0, [v.PUBLISHED_IN_FLIGHT, v.PUBLISHED_LATENCY_S]].tolist() for view in watcher.views]
    assert seen[4] == [0.0, 1.0]  # who met nobody took 1 s, at once; whoever met one 1.5 s, or two 2.25 s
    assert seen[6] == [1.0, 1.5]
    assert seen[10] == [3.0, 2.25]  # nobody has met three yet: two are the nearest
    assert seen[12] == [1.0, 1.5]  # the median of 1.25, 1.5 and 1.9 s


def test_oracles_see_the_work_of_the_least_loaded_replica():
    watcher = Watcher()
    market = world([offer(affine(1.0, 0.1), replicas=2, max_batch=1, balancer="round_robin")],
                   watcher.bound(oracle=True))
    routed(market, at(0.0, 0.1, 0.2, 3.0, prompt=4, output=3))
    work = [view[0, v.TRUE_WORK_S] for view in watcher.views]
    # 4 + 3 - 1 tokens at 1.1 s each; at 3.0 the second replica has done its prefill (1.4 s) and a token
    assert work == pytest.approx([0, 0, 6 * 1.1, 1 * 1.1])


# The face


def test_bills_are_at_the_prices_of_the_placement_and_fees_round_half_up():
    dear = offer(affine(2.0), price_in_nano=10, price_out_nano=1)
    market = world([dear], routers={"main": {"fee_share": 0.5}})
    rows, _, result = routed(market, at(0.0, 5.0), [Change(1.0, "price", 0, (7.0, 0.0))])
    assert rows["cost_nano"].tolist() == [11, 7]
    assert result.class_sums[0, 1, [outcome.FEE_NANO, outcome.PAID_NANO]].tolist() == [6 + 4, 11 + 7 + 6 + 4]
    assert result.offer_sums[0, 1, outcome.REVENUE_NANO] == 18


def test_cohorts_requests_in_flight_and_idleness():
    market = world([offer()], first(), traffic={"warmup_s": 5.0})
    blocks = [requests(market, at(1.0)), requests(market, at(5.0, 6.0, output=4))]
    engine = ReferenceEngine(market, iter(blocks))
    assert not engine.idle
    engine.advance(6.0)
    assert engine.now_s == 6.0
    assert engine.outcome().born[0].tolist() == [1, 1]  # the one of 6.0 is still to come
    engine.advance(8.5)
    assert not engine.idle
    partial = engine.outcome()
    assert partial.outcomes[0, :, IN_FLIGHT].tolist() == [0, 2]
    assert partial.samples["outcome"].tolist() == [COMPLETED, IN_FLIGHT, IN_FLIGHT]
    engine.advance(50.0)
    assert engine.idle
    final = engine.outcome()
    assert final.outcomes[0, :, COMPLETED].tolist() == [1, 2]
    assert final.class_hist.sum(axis=2).tolist() == [[2, 2, 2]]  # measured ones only
    assert partial.outcomes[0, :, IN_FLIGHT].tolist() == [0, 2]  # a copy


def test_routers_see_their_own_traffic_only():
    watchers = [Watcher(), Watcher()]
    market = world([offer(affine(50.0), requests_per_min=1)], [w.bound() for w in watchers],
                   routers={"a": {}, "b": {}}, clients=[Client(router="a"), Client(router="b")])
    rows, _, _ = routed(market, [*at(0.0), *at(1.0, client_class=1), *at(2.0)])
    assert watchers[1].views[0][0, v.IN_FLIGHT] == 0
    assert watchers[0].views[1][0, v.IN_FLIGHT] == 1
    assert rows["outcome"].tolist() == [COMPLETED, COMPLETED, REFUSED]  # limits are per router
