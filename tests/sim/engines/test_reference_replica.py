"""The reference engine's provider side against cases worked out by hand."""

import numpy as np
import pytest

from sim import draws
from sim.draws import derive
from sim.engines import outcome
from sim.engines.outcome import COMPLETED, FAILED, REFUSED, TrafficOutcome
from sim.engines.reference import ReferenceEngine
from sim.engines.steptime import StepCoefficients
from worlds.small import Change, Client, affine, drive, offer, requests, world


def served(market, rows, changes=()) -> tuple[TrafficOutcome, np.ndarray]:
    """The outcome, and its samples in order of arrival (the keys of ``requests`` count up)."""
    result = drive(ReferenceEngine(market, iter([requests(market, rows)])), changes)
    return result, np.sort(result.samples, order="key")


def work(result: TrafficOutcome, index: int = 0) -> dict[str, float]:
    return dict(zip(outcome.OFFER_WORK, result.offer_work[index].tolist(), strict=True))


def test_one_request_step_by_step():
    market = world([offer(affine(0.5, 0.01, 0.001))], delay_s=0.1, clients=[Client(delay_s=0.05)])
    result, (row,) = served(market, [{"arrive_s": 1.0, "prompt": 10, "output": 3}])
    first_s = 1.0 + 0.1 + (0.5 + 0.10 + 0.010) + 0.1
    done_s = first_s + (0.5 + 0.01 + 0.011) + (0.5 + 0.01 + 0.012)
    assert row["placed_s"] == 1.0
    assert row["first_token_s"] == pytest.approx(first_s, abs=2 / market.grid_per_s)  # four times on the grid
    assert row["end_s"] == pytest.approx(done_s, abs=3 / market.grid_per_s)  # six
    assert row["outcome"] == COMPLETED
    assert row["cost_nano"] == 10 * 1000 + 3 * 2000
    ttft_s, e2e_s = first_s + 0.05 - 0.95, done_s + 0.05 - 0.95
    assert result.class_metric_sums[0].tolist() == pytest.approx([ttft_s, (e2e_s - ttft_s) / 2, e2e_s])
    sums = dict(zip(outcome.CLASS_SUMS, result.class_sums[0, outcome.MEASURED].tolist(), strict=True))
    assert sums == {"attempts": 1, "prompt_tokens": 10, "output_tokens": 3, "cost_nano": 16_000,
                    "fee_nano": 880, "paid_nano": 16_880, "good": 0,  # TPOT misses its SLO
                    "cut": 0, "kept_away": 0, "own_key_nano": 0, "cached_tokens": 0}
    assert work(result) == pytest.approx({"busy_s": done_s - 0.1 - 1.1, "steps": 3, "prefill_tokens": 10,
                                          "decode_tokens": 2, "preemptions": 0})


def test_a_second_request_joins_at_the_next_step():
    market = world([offer(affine(1.0, 0.1))])
    _, rows = served(market, [{"arrive_s": 0.0, "prompt": 5, "output": 3},
                              {"arrive_s": 0.5, "prompt": 3, "output": 2}])
    assert rows["first_token_s"] == pytest.approx([1.5, 2.9])
    assert rows["end_s"] == pytest.approx([4.1, 4.1])


def test_a_long_prompt_is_prefilled_in_chunks_beside_decoding():
    market = world([offer(affine(1.0, 0.1, 0.01), max_step_tokens=5, max_batch=4)])
    _, rows = served(market, [{"arrive_s": 0.0, "prompt": 2, "output": 4},
                              {"arrive_s": 0.5, "prompt": 10, "output": 1}])
    first_s = 1.0 + 0.2 + 0.02
    # a decode token and 4, 4, 2 prompt tokens; KV read: 3 + 4, 4 + 8, 5 + 10
    ends_s = first_s + np.cumsum([1.5 + 0.07, 1.5 + 0.12, 1.3 + 0.15])
    assert rows["first_token_s"] == pytest.approx([first_s, ends_s[2]])
    assert rows["end_s"] == pytest.approx([ends_s[2], ends_s[2]])


def test_step_time_counts_pairs_of_attention():
    step = StepCoefficients(base_s=0.0, weights_s=0.0, experts_s=0.0, miss_log=0.0, kv_s=0.0, token_s=0.0,
                            pair_s=1.0, comm_token_s=0.0)
    market = world([offer(step, max_step_tokens=3, max_batch=2)])
    _, (row,) = served(market, [{"arrive_s": 0.0, "prompt": 5, "output": 2}])
    assert row["first_token_s"] == (1 + 2 + 3) + (4 + 5)
    assert row["end_s"] == row["first_token_s"] + 6


def test_the_newest_request_is_preempted_and_prefills_anew():
    market = world([offer(kv_capacity_tokens=12)])
    result, rows = served(market, [{"arrive_s": 0.0, "prompt": 4, "output": 5}] * 2)
    assert rows["first_token_s"].tolist() == [1.0, 1.0]
    assert rows["end_s"].tolist() == [5.0, 7.0]  # after step 3 both hold 6 tokens, and 7 + 7 do not fit
    assert work(result) == {"busy_s": 7.0, "steps": 7.0, "prefill_tokens": 4 + 4 + 7, "decode_tokens": 7,
                            "preemptions": 1}


def test_overhead_of_a_sequence_takes_kv_memory():
    market = world([offer(kv_capacity_tokens=12, seq_overhead_tokens=3)])
    _, rows = served(market, [{"arrive_s": 0.0, "prompt": 4, "output": 2}] * 2
                     + [{"arrive_s": 9.0, "prompt": 8, "output": 2}, {"arrive_s": 19.0, "prompt": 10, "output": 1}])
    assert rows["end_s"][:2].tolist() == [2.0, 4.0]  # 7 + 1 + 7 do not fit together
    assert rows["outcome"].tolist() == [COMPLETED, COMPLETED, COMPLETED, REFUSED]  # 10 + 1 - 1 + 3 never fit


def test_max_batch_one_is_a_first_come_first_served_server():
    market = world([offer(max_batch=1)])
    _, rows = served(market, [{"arrive_s": 0.1 * i, "prompt": 1, "output": 2} for i in range(4)])
    assert rows["end_s"] == pytest.approx([2, 4, 6, 8])


def test_impatient_requests_leave_the_queue_at_once_and_the_batch_at_a_step_boundary():
    market = world([offer(affine(2.0), max_batch=1)])
    result, rows = served(market, [
        {"arrive_s": 0.0, "prompt": 1, "output": 1, "patience_s": 1.0},  # runs until 2 all the same
        {"arrive_s": 0.1, "prompt": 1, "output": 1, "patience_s": 1.5},  # leaves the queue at 1.6
        {"arrive_s": 0.2, "prompt": 1, "output": 1},
    ])
    assert rows["end_s"] == pytest.approx([1.0, 1.6, 4.0])
    assert rows["outcome"].tolist() == [outcome.ABANDONED, outcome.ABANDONED, COMPLETED]
    assert result.offer_sums[0, 1, outcome.CANCELLED] == 2
    assert work(result)["steps"] == 2


def test_a_full_queue_refuses():
    market = world([offer(affine(3.0), max_batch=1, queue=1)])
    result, rows = served(market, [{"arrive_s": t, "prompt": 1, "output": 1} for t in (0.0, 1.0, 2.0, 4.0)])
    assert rows["outcome"].tolist() == [COMPLETED, COMPLETED, REFUSED, COMPLETED]
    assert rows["end_s"] == pytest.approx([3, 6, 2, 9])
    assert result.offer_sums[0, 1].tolist()[outcome.ENDED_BY + 4] == 1


def test_a_central_queue_feeds_the_replica_that_is_free_first():
    market = world([offer(max_batch=1, replicas=2, balancer="central", queue=2)])
    _, rows = served(market, [{"arrive_s": 0.0, "prompt": 1, "output": 5},
                              {"arrive_s": 0.1, "prompt": 1, "output": 1},
                              {"arrive_s": 0.2, "prompt": 1, "output": 2},
                              {"arrive_s": 0.3, "prompt": 1, "output": 3},
                              {"arrive_s": 0.4, "prompt": 1, "output": 1}])
    assert rows["end_s"] == pytest.approx([5, 1.1, 3.1, 6.1, 0.4])
    assert rows["outcome"][4] == REFUSED


@pytest.mark.parametrize(("balancer", "ends_s"), [
    ("least_outstanding", [3, 0.1 + 2, 0.1 + 3, 0.1 + 4]),  # 0, 1, then twice the lighter second
    ("least_requests", [3, 0.1 + 2, 4, 0.1 + 3]),  # 0, 1, 0 (a tie), 1
    ("round_robin", [3, 0.1 + 2, 4, 0.1 + 3]),
])
def test_balancers(balancer, ends_s):
    market = world([offer(max_batch=1, replicas=2, balancer=balancer)])
    _, rows = served(market, [{"arrive_s": 0.0, "prompt": 9, "output": 3},
                              {"arrive_s": 0.1, "prompt": 1, "output": 2},
                              {"arrive_s": 0.2, "prompt": 1, "output": 1},
                              {"arrive_s": 0.3, "prompt": 1, "output": 1}])
    assert rows["end_s"] == pytest.approx(ends_s)


def test_the_random_balancer_follows_the_requests_own_draw():
    market = world([offer(max_batch=1, replicas=3, balancer="random")])
    _, rows = served(market, [{"arrive_s": 0.0, "prompt": 1, "output": 1}] * 12)
    waits: dict[int, int] = {}
    for row in rows:
        replica = int(derive(row["key"], draws.BALANCER, 0) * 3)
        waits[replica] = waits.get(replica, 0) + 1
        assert row["end_s"] == waits[replica]
    assert len(waits) == 3


def test_a_broken_stream_ends_after_its_token_and_a_single_token_never_breaks():
    market = world([offer(midstream_share=1.0)])
    result, rows = served(market, [{"arrive_s": 100.0 * i, "prompt": 1, "output": 9 * i + 1}
                                  for i in range(3)])
    tokens = [1 + int(derive(key, draws.MIDSTREAM_POINT, 0) * 9 * i) for i, key in enumerate((1, 2, 3))]
    assert (rows["end_s"] - rows["born_s"]).tolist() == [1, *tokens[1:]]
    assert rows["outcome"].tolist() == [COMPLETED, FAILED, FAILED]
    assert work(result)["decode_tokens"] == sum(tokens[1:]) - 2


def test_fast_failures_take_their_time():
    market = world([offer(fast_failure_share=1.0, fast_failure_s=0.25)], delay_s=0.5)
    _, (row,) = served(market, [{"arrive_s": 0.0, "prompt": 1, "output": 1}])
    assert (row["end_s"], row["outcome"]) == (1.25, FAILED)


def test_rate_limits_count_accepted_requests_of_the_clock_minute():
    market = world([offer(affine(0.1), requests_per_min=2, by_minute=True),
                    offer(affine(0.1), requests_per_min=1, by_minute=True)])
    times = (1.0, 2.0, 3.0, 4.0, 59.0, 60.0, 61.0)
    result, rows = served(market, [{"arrive_s": t, "prompt": 1, "output": 1} for t in times])
    assert rows["offer"].tolist() == [0, 0, 1, 1, 1, 0, 0]
    assert rows["outcome"].tolist() == [COMPLETED] * 3 + [REFUSED] * 2 + [COMPLETED] * 2
    assert result.offer_sums[:, 1, outcome.ENDED_BY + 3].tolist() == [3, 2]


def test_token_limits_count_prompt_and_rounded_expected_output():
    market = world([offer(affine(0.1), tokens_per_min=20, by_minute=True)])
    _, rows = served(market, [{"arrive_s": t, "prompt": 8, "output": 1, "expected_output": 2.5}
                              for t in (1.0, 2.0, 61.0)])  # 8 + 3 each
    assert rows["outcome"].tolist() == [COMPLETED, REFUSED, COMPLETED]


def test_an_outage_moves_what_has_not_begun_and_breaks_what_has():
    market = world([offer(affine(2.0)), offer(affine(3.0))], delay_s=0.1)
    result, rows = served(market, [{"arrive_s": 0.0, "prompt": 1, "output": 9},
                                   {"arrive_s": 3.0, "prompt": 1, "output": 1}],
                          [Change(3.5, "up", 0, (0.0,)), Change(50.0, "up", 0, (1.0,))])
    # the first one had a token at 2.1; the second one waited, hears at 3.6 and starts at 3.7 elsewhere
    assert rows["outcome"].tolist() == [FAILED, COMPLETED]
    assert rows["offer"].tolist() == [0, 1]
    assert rows["end_s"] == pytest.approx([3.6, 6.8])
    assert rows["attempts"].tolist() == [1, 2]
    assert work(result)["busy_s"] == pytest.approx(3.4)
    assert work(result)["steps"] == 1
    assert result.offer_sums[0, 1].tolist()[outcome.ENDED_BY:][1:8] == [1, 0, 0, 0, 0, 1, 0]


def test_an_offer_that_is_down_fails_until_it_is_repaired():
    market = world([offer()])
    _, rows = served(market, [{"arrive_s": t, "prompt": 1, "output": 1} for t in (2.0, 5.0)],
                     [Change(1.0, "up", 0, (0.0,)), Change(5.0, "up", 0, (1.0,))])
    assert rows["outcome"].tolist() == [FAILED, COMPLETED]
    assert rows["end_s"].tolist() == [2.0, 6.0]


def test_a_slow_spell_changes_steps_that_begin_in_it():
    market = world([offer()])
    _, (row,) = served(market, [{"arrive_s": 0.0, "prompt": 1, "output": 5}],
                       [Change(1.5, "slow", 0, (3.0,)), Change(5.0, "slow", 0, (1.0,))])
    # steps of 1, 1, 3 seconds; the calendar goes first, so the step that begins at 5 is a normal one
    assert row["end_s"] == 1 + 1 + 3 + 1 + 1


def test_two_choices_are_the_requests_own_and_the_lighter_takes_it():
    """One after another, and none ends: who draws a pair goes to the one with fewer tokens, else to the first drawn."""
    market = world([offer(max_batch=1, replicas=4, balancer="two_choices")])
    made = [{"arrive_s": 0.0, "prompt": 1 + turn % 3, "output": 1} for turn in range(24)]
    _, rows = served(market, made)
    tokens, waits, seconds = [0] * 4, [0] * 4, 0
    for row, one in zip(rows, made, strict=True):
        first = int(derive(row["key"], draws.BALANCER, 0) * 4)
        other = int(derive(row["key"], draws.SECOND_CHOICE, 0) * 3)
        other += other >= first
        replica = other if tokens[other] < tokens[first] else first
        seconds += replica == other
        tokens[replica] += one["prompt"] + 1
        waits[replica] += 1
        assert row["end_s"] == waits[replica]
    assert seconds > 5
    assert min(waits) > 2


def test_two_choices_of_one_replica_are_that_one():
    market = world([offer(max_batch=1, replicas=1, balancer="two_choices")])
    _, rows = served(market, [{"arrive_s": 0.0, "prompt": 1, "output": 1}] * 3)
    assert rows["end_s"].tolist() == [1.0, 2.0, 3.0]
