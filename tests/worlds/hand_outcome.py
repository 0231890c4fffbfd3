"""A run of traffic whose counters are made up, in round numbers: 200 measured requests in 1000 seconds."""

from dataclasses import replace

import numpy as np

from sim.engines import outcome as o
from sim.engines.outcome import SAMPLE, TrafficOutcome
from sim.histogram import FINE_BITS, bin_of, bins
from worlds import small

# requests by waiting: 160 completed ones, of which half, nine in ten and all but one in a hundred wait at most so long
TTFT_S, TPOT_S, E2E_S = {0.5: 80, 1.0: 64, 4.0: 16}, {0.02: 80, 0.05: 70, 0.1: 10}, {10.0: 100, 20.0: 55, 40.0: 5}


def hand_outcome() -> TrafficOutcome:
    """Two classes, two providers with two and one replicas; 100 s of warm-up hold 20 further requests."""
    offers = [small.offer(provider="p", name="p", replicas=2, price_in_nano=500, price_out_nano=1500),
              small.offer(provider="q", name="q", replicas=1, price_in_nano=1000, price_out_nano=2000)]
    world = small.world(offers, clients=[small.Client(), small.Client(delay_s=0.5)],
                        traffic={"duration_s": 1100.0, "warmup_s": 100.0})
    only = world.scenario.providers["p"]
    world = replace(world, scenario=world.scenario.model_copy(update={"providers": {"p": only, "q": only}}))
    ends = np.zeros((2, 2, len(o.OUTCOMES)), np.int64)
    ends[:, o.WARMUP, o.COMPLETED] = 10
    ends[:, o.MEASURED] = [[120, 10, 8, 5, 4, 3], [40, 2, 2, 4, 1, 1]]
    histogram = np.zeros((2, len(o.METRICS), bins(FINE_BITS)), np.int64)
    for row, waits in enumerate((TTFT_S, TPOT_S, E2E_S)):
        for value, count in waits.items():
            histogram[0, row, bin_of(value, FINE_BITS)] = count
    class_sums = np.full((2, 2, len(o.CLASS_SUMS)), 7, np.int64)  # of the warm-up: must not be counted
    class_sums[:, o.MEASURED] = [  # attempts, prompt, output, cost, fee, paid, good, cut, own key, kept away, cached
        [220, 80_000, 20_000, 100_000_000, 5_000_000, 105_000_000, 90, 15, 20_000_000, 4, 30_000],
        [80, 20_000, 5_000, 30_000_000, 1_500_000, 31_500_000, 30, 1, 0, 2, 10_000]]
    work = np.zeros((2, len(o.OFFER_WORK)))
    work[:, o.BUSY_S] = 1500.0, 600.0
    return TrafficOutcome(
        world=world, born=ends.sum(axis=2), outcomes=ends, class_sums=class_sums, offer_sums=_offer_sums(),
        offer_work=work, replica_s=np.array([2000.0, 1000.0]), class_hist=histogram, offer_hist=histogram,
        class_metric_sums=np.array([[150.0, 4.0, 1800.0], [50.0, 2.0, 600.0]]), samples=_samples(), end_s=2000.0,
        router_sums=_offer_sums()[:, :, [o.SERVED, o.REVENUE_NANO]].sum(axis=1, keepdims=True))


def _offer_sums() -> np.ndarray:
    sums = np.full((2, 2, len(o.OFFER_SUMS)), 7, np.int64)
    sums[:, o.MEASURED] = 0
    counted = {  # of p and q
        "placed": (200, 100), "served": (120, 40), "outage": (3, 1), "server_error": (4, 2), "rate_limited": (10, 1),
        "queue_full": (5, 2), "too_long": (1, 1), "midstream": (2, 3), "attempt_timed_out": (6, 5),
        "cancelled": (9, 8), "served_prompt": (75_000, 25_000), "served_output": (18_750, 6_250),
        "revenue_nano": (90_000_000, 40_000_000), "served_cut": (9, 7), "written_off_nano": (3_000_000, 1_000_000),
        "own_key_revenue_nano": (15_000_000, 5_000_000), "served_cached": (35_000, 5_000)}
    for name, values in counted.items():
        sums[:, o.MEASURED, o.OFFER_SUMS.index(name)] = values
    return sums


def _samples() -> np.ndarray:
    """Four requests of the first and second ten seconds; a customer of class 1 is half a second off the router."""
    rows = np.zeros(4, SAMPLE)
    rows["born_s"] = 1.0, 4.0, 11.0, 12.0
    rows["first_token_s"] = 2.0, 4.5, 13.0, 0.0
    rows["end_s"] = 6.0, 12.0, 19.0, 14.0
    rows["client_class"] = 0, 1, 1, 0
    rows["outcome"] = o.COMPLETED, o.COMPLETED, o.COMPLETED, o.FAILED
    rows["attempts"] = 1, 2, 1, 3
    rows["prompt"] = 900, 2500, 400, 5000
    rows["output"] = 100, 500, 600, 0
    rows["drawn"] = 100, 800, 600, 300
    rows["finish"] = o.STOP, o.LENGTH, o.STOP, o.ERROR
    rows["cost_nano"] = 2_000_000, 3_000_000, 1_000_000, 0
    return rows
