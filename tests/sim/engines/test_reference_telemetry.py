"""What the reference router learns of an offer, against windows worked out by hand."""

from functools import partial

import numpy as np
import pytest

from sim import policy
from sim import view as v
from sim.engines.bill import Terms
from sim.engines.reference.health import Health
from sim.engines.reference.request import Attempt, LiveRequest
from sim.engines.reference.telemetry import Observed
from sim.histogram import COARSE_BITS, bin_of, midpoint
from sim.scenario import Breaker, Cooldown, Telemetry
from worlds.small import offer, requests, world

PER_S = 2.0**35  # grid of event times
FREE = Terms(0, 0, 0, 0, 0, 1_000_000)


def observed(**settings) -> Observed:
    return Observed(np.zeros(v.COLUMNS), offer(requests_per_min=7), Telemetry(**settings), published=False)


def attempt(dispatched_s: float, output: int = 1, first_token_s: float = float("nan")) -> Attempt:
    row = requests(world([offer()]), [{"arrive_s": 0.0, "prompt": 1, "output": output}])[0]
    return Attempt(LiveRequest.of(0, row, 1), 0, 0, dispatched_s, FREE, False,
                   first_token_s=first_token_s, served=output)


def binned(value: float) -> float:
    return midpoint(bin_of(value, COARSE_BITS), COARSE_BITS)


def test_a_new_offer_shows_the_priors():
    row = observed(prior_ttft_s=0.5, prior_tokens_per_s=40.0).row
    assert row[[v.TTFT_EWMA_S, v.TTFT_P50, v.TTFT_P99, v.PUBLISHED_LATENCY_S]].tolist() == [0.5] * 4
    assert row[[v.THROUGHPUT_EWMA, v.THROUGHPUT_P90]].tolist() == [40.0] * 2
    assert row[[v.TPOT_EWMA_S, v.TPOT_P90]].tolist() == [1 / 40] * 2
    assert row[[v.LAST_OUTAGE_S, v.OBSERVED_AT_S, v.PUBLISHED_AT_S]].tolist() == [v.NEVER] * 3
    assert row[[v.RPM_LIMIT, v.TPM_LIMIT, v.CAPACITY_PER_S]].tolist() == [7, v.NO_LIMIT, v.NO_LIMIT]
    assert row[[v.PRICE_IN, v.PRICE_OUT]].tolist() == [1.0, 2.0]


def test_moving_averages_begin_with_the_first_sample():
    seen = observed(ewma_weight=0.25)
    seen.saw_first_token(attempt(1.0), 3.0)
    assert seen.row[v.TTFT_EWMA_S] == 2.0
    seen.saw_first_token(attempt(4.0), 10.0)
    assert seen.row[v.TTFT_EWMA_S] == 2.0 + 0.25 * (6.0 - 2.0)
    seen.saw_done(attempt(0.0, output=1, first_token_s=10.0), 10.0)  # one token: no TPOT
    assert seen.row[v.TPOT_EWMA_S] == 1 / 50
    seen.saw_done(attempt(0.0, output=5, first_token_s=8.0), 20.0)
    assert seen.row[v.TPOT_EWMA_S] == 3.0
    assert seen.row[v.THROUGHPUT_EWMA] == pytest.approx(0.1 + 0.25 * (0.25 - 0.1))
    assert seen.row[[v.SAMPLES, v.OBSERVED_AT_S]].tolist() == [2, 20]


def test_percentiles_rest_on_the_thirty_slots_before_this_one():
    seen = observed(slot_s=1.0)
    for value in (1.0, 2.0, 4.0):
        seen.saw_first_token(attempt(5.5 - value), 5.5)
    for now_s, expected in ((5.9, 1.0), (6.0, binned(2.0)), (35.9, binned(2.0)), (36.0, 1.0)):
        seen.refresh(now_s)
        assert seen.row[v.TTFT_P50] == expected, now_s
    seen.saw_first_token(attempt(30.0), 38.0)
    seen.refresh(39.0)
    assert seen.row[[v.TTFT_P50, v.TTFT_P99]].tolist() == [binned(8.0)] * 2


def test_throughput_percentiles_are_what_that_share_reaches():
    seen = observed(slot_s=1.0)
    for per_s in range(1, 11):
        seen.saw_done(attempt(0.5 - 1 / per_s, output=1, first_token_s=0.5), 0.5)
    seen.refresh(1.0)
    expected = [binned(5.0), binned(1.0), binned(1.0)]
    assert seen.row[[v.THROUGHPUT_P50, v.THROUGHPUT_P90, v.THROUGHPUT_P99]].tolist() == expected


def test_shares_cover_this_slot_and_those_before_it():
    seen = observed(slot_s=1.0)
    seen.saw_failure(policy.SERVER_ERROR, 1, 0.5)
    seen.saw_failure(policy.QUEUE_FULL, 1, 0.6)
    seen.saw_failure(policy.TOO_LONG, 1, 1.5)
    seen.saw_done(attempt(0.0, first_token_s=1.0), 1.6)
    columns = [v.ERROR_SHARE_30S, v.REFUSAL_SHARE_30S, v.ERROR_SHARE_5M, v.REFUSAL_SHARE_5M]
    for now_s, expected in ((1.9, [0.25] * 4), (2.9, [0.25] * 4), (3.0, [0, 0, 0.25, 0.25]),
                            (29.9, [0, 0, 0.25, 0.25]), (30.0, [0.0] * 4), (99.0, [0.0] * 4)):
        seen.refresh(now_s)
        assert seen.row[columns].tolist() == expected, now_s


def test_an_outage_signal_needs_consecutive_hard_failures():
    seen = observed(outage_after=2)
    seen.saw_failure(policy.OUTAGE, 1, 1.0)
    assert seen.row[v.LAST_OUTAGE_S] == v.NEVER
    seen.saw_failure(policy.OUTAGE, 2, 2.0)
    assert seen.row[v.LAST_OUTAGE_S] == 2.0
    seen.saw_failure(policy.RATE_LIMITED, 2, 3.0)
    assert seen.row[v.LAST_OUTAGE_S] == 2.0


def test_minute_counters_begin_anew_with_the_clock_minute():
    seen = observed()
    seen.refresh(30.0)
    seen.saw_dispatch(11)
    seen.saw_dispatch(5)
    columns = [v.REQUESTS_THIS_MINUTE, v.TOKENS_THIS_MINUTE, v.IN_FLIGHT, v.OUTSTANDING_TOKENS]
    assert seen.row[columns].tolist() == [2, 16, 2, 16]
    seen.let_go(11)
    seen.refresh(59.9)
    assert seen.row[columns].tolist() == [2, 16, 1, 5]
    seen.refresh(60.0)
    assert seen.row[columns].tolist() == [0, 0, 1, 5]


def capacity_after(seen, start_s, done, refused):
    """Let a window of three seconds end, and return the learned capacity."""
    for _ in range(done):
        seen.saw_done(attempt(start_s - 1.0, first_token_s=start_s), start_s)
    for _ in range(refused):
        seen.saw_failure(policy.RATE_LIMITED, 0, start_s)
    seen.refresh(start_s + 3)
    return float(seen.row[v.CAPACITY_PER_S])


def test_learned_capacity_follows_refusals():
    window = partial(capacity_after, observed(slot_s=1.0))
    assert window(0, 10, 0) == v.NO_LIMIT
    assert window(3, 9, 1) == 9 / 3  # a tenth refused, nothing learned yet
    assert window(6, 8, 1) == 9 / 3  # kept
    assert window(9, 6, 6) == pytest.approx(0.9 * 6 / 3)
    assert window(12, 0, 0) == pytest.approx(1.8)  # nothing ended
    assert window(15, 5, 0) == pytest.approx(1.8 * 1.05)


def test_a_scenario_says_how_a_capacity_is_learned():
    window = partial(capacity_after, observed(slot_s=1.0, many_refused=0.5, few_refused=0.2, capacity_cut=0.8,
                                              capacity_growth=1.5))
    assert window(0, 9, 1) == v.NO_LIMIT  # a tenth is few
    assert window(3, 6, 4) == 6 / 3
    assert window(6, 4, 6) == pytest.approx(0.8 * 4 / 3)
    assert window(9, 9, 1) == pytest.approx(0.8 * 4 / 3 * 1.5)


def test_cooldown_rests_an_offer_after_consecutive_failures():
    health = Health(Cooldown(seconds=5.0, after=2), Breaker(), PER_S)
    health.fail(policy.RATE_LIMITED, False, 1.0)
    assert health.lets_through(1.0)
    health.fail(policy.TOO_LONG, False, 2.0)
    assert not health.lets_through(6.9)
    assert health.lets_through(7.0)
    health.succeed(False, 7.5)
    health.fail(policy.OUTAGE, False, 8.0)
    assert health.lets_through(8.0)


def test_breaker_opens_probes_and_closes():
    health = Health(Cooldown(), Breaker(failures=2, open_s=10.0, successes=2), PER_S)
    for kind in (policy.OUTAGE, policy.RATE_LIMITED, policy.TIMED_OUT):  # a refusal neither counts nor resets
        assert health.lets_through(0.0)
        health.fail(kind, False, 0.0)
    assert not health.lets_through(9.9)
    assert health.lets_through(10.0)
    assert health.place()
    assert not health.lets_through(10.0)  # one probe at a time
    health.fail(policy.QUEUE_FULL, True, 11.0)  # a refused probe only frees its place
    assert health.lets_through(11.0)
    assert health.place()
    health.fail(policy.OUTAGE, True, 12.0)
    assert not health.lets_through(21.9)
    for now_s in (22.0, 23.0):
        assert health.lets_through(now_s)
        assert health.place()
        health.succeed(True, now_s)
    assert not health.place()  # closed
    health.fail(policy.OUTAGE, False, 24.0)
    assert health.lets_through(24.0)  # its counts began anew


def test_stragglers_do_not_move_an_open_breaker():
    health = Health(Cooldown(), Breaker(failures=1, open_s=10.0, successes=1), PER_S)
    health.fail(policy.OUTAGE, False, 0.0)
    health.fail(policy.OUTAGE, False, 5.0)
    assert health.lets_through(10.0)
    assert health.place()
    health.fail(policy.OUTAGE, False, 10.5)
    health.give_up(True)
    assert health.lets_through(10.5)
