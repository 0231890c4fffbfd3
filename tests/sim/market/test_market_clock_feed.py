"""The market's two clocks, and the requests that customers' decisions become."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from sim.engines.grid import put_on_grid
from sim.engines.requests import REQUEST
from sim.market.customers.population import draw_population
from sim.market.market_clock import LONGEST_S, Slice, TrafficClock
from sim.market.market_feed import MarketFeed, poisson_counts
from sim.market.models.catalogue import load_catalogue
from sim.market.slice_rows import Drawn, Way, merged, slice_rows
from sim.scenario.market_scenario import Horizon, Rhythm
from sim.streams import Streams
from sim.units import DAY_S, HOUR_S
from worlds.small_markets import small

FLAT = Rhythm(daily_amplitude=0.0, weekend_factor=1.0)
GRID_PER_S = 2.0**30
FALSE_ALARM = 1e-4  # of each statistical check here


def clock(days=48, seed=1, **horizon):
    return TrafficClock(Horizon(days=days, **horizon), Streams(seed, 0))


# The clock


def test_full_resolution_has_slices_side_by_side():
    full = clock(3, resolution="full", slice_s=7200)
    assert (full.full, full.slices) == (True, 36)
    assert full.slice(13) == Slice(13, DAY_S + 7200, 7200)


def test_of_24_days_each_hour_has_one_stretch_and_all_of_it():
    sampled = clock(72)
    starts = np.array([sampled.stretch_s(day) for day in range(72)])
    assert (starts // DAY_S == np.arange(72)).all()
    hours = (starts % DAY_S // HOUR_S).reshape(3, 24)
    assert (np.sort(hours, axis=1) == np.arange(24)).all()
    assert (starts % HOUR_S + LONGEST_S <= HOUR_S).all()


def test_moments_of_the_hour_are_uniform():
    sampled = clock(2400)
    inside = np.array([sampled.stretch_s(day) % HOUR_S for day in range(2400)]) / (HOUR_S - LONGEST_S)
    assert stats.kstest(inside, "uniform").pvalue > FALSE_ALARM


class Buyers:
    """Workloads that use a given model at a given rate."""

    def __init__(self, population, model, rate_per_s):
        self.population = population
        self.model = np.full(len(population), model)
        self.rate_per_s = np.full(len(population), float(rate_per_s))


class Setting:
    """A feed over drawn workloads; full resolution in slices of an hour unless said otherwise."""

    def __init__(self, rate_per_s=0.01, delay_s=0.0, rhythm=FLAT, **horizon):
        scenario, streams = small(), Streams(3, 0)
        horizon = {"resolution": "full", "days": 2, "start": "2025-01-06"} | horizon  # a Monday
        self.models = load_catalogue(scenario.models, scenario.horizon.start, 4, streams)
        self.population = draw_population(scenario.customers, streams, 4)
        self.clock = TrafficClock(Horizon(**horizon), streams)
        self.buyers = Buyers(self.population, self.models.names.index("gpt-4o-mini"), rate_per_s)
        rows = np.arange(len(self.models))
        self.feed = MarketFeed(self.buyers, self.models, self.clock, rhythm, Way(delay_s, GRID_PER_S), rows)

    def all(self):
        self.feed.grant(np.inf)
        blocks = []
        while len(block := next(self.feed)):
            blocks.append(block)
        return blocks


def test_rows_are_in_order_and_inside_their_slices():
    setting = Setting()
    blocks = setting.all()
    assert len(blocks) == setting.clock.slices == 48
    for number, rows in enumerate(blocks):
        assert (np.diff(rows["arrive_s"]) >= 0).all()
        assert (rows["born_s"] >= 3600 * number).all()
        assert (rows["born_s"] < 3600 * (number + 1)).all()
        assert (rows["prompt"] >= 1).all()
        assert (rows["output"] >= 1).all()
        assert (rows["prefix"] <= rows["prompt"]).all()
    keys = np.concatenate([rows["key"] for rows in blocks])
    assert len(set(keys.tolist())) == len(keys)


def test_counts_are_poisson():
    setting = Setting(rate_per_s=0.001, days=8, slice_s=3600)  # 3.6 requests a slice and workload
    counts = np.concatenate([
        np.bincount(rows["client_class"], minlength=len(setting.population)) for rows in setting.all()
    ])
    bins = np.bincount(np.minimum(counts, 10), minlength=11)
    law = stats.poisson.pmf(np.arange(10), 3.6)
    expected = len(counts) * np.append(law, 1 - law.sum())
    assert stats.chisquare(bins, expected).pvalue > FALSE_ALARM


def test_births_are_uniform_in_a_slice():
    inside = np.concatenate([rows["born_s"] % 3600 / 3600 for rows in Setting(rate_per_s=0.02).all()])
    assert stats.kstest(inside, "uniform").pvalue > FALSE_ALARM


def test_lengths_and_patience_have_their_means():
    setting = Setting(rate_per_s=0.05)
    rows = np.concatenate(setting.all())
    people, verbosity = setting.population, setting.models.verbosity[setting.buyers.model[0]]
    for workload in range(0, len(people), 3):
        mine = rows[rows["client_class"] == workload]
        for field, mean in (("prompt", people.prompt_tokens[workload]),
                            ("output", people.output_tokens[workload] * verbosity)):
            z = (mine[field].mean() - mean) / (mine[field].std() / np.sqrt(len(mine)))
            assert abs(z) < stats.norm.isf(FALSE_ALARM / 2 / len(people))
        patience = people.patience_s[workload]
        if np.isinf(patience):
            assert np.isinf(mine["patience_s"]).all()
        else:
            assert stats.kstest(mine["patience_s"], "expon", (0, patience)).pvalue > FALSE_ALARM / len(people)


def test_the_kth_request_is_the_same_whatever_the_rates():
    few, many = Setting(rate_per_s=0.001).all(), Setting(rate_per_s=0.01).all()
    assert sum(map(len, few)) > 500
    for less, more in zip(few, many, strict=True):
        found = more[np.isin(more["key"], less["key"])]
        np.testing.assert_array_equal(found, less)  # not their bytes: rows may end in padding


def test_one_workload_s_rate_moves_no_other_s_requests():
    alone, changed = Setting(), Setting()
    changed.buyers.rate_per_s[0] *= 3
    for a, b in zip(alone.all(), changed.all(), strict=True):
        np.testing.assert_array_equal(a[a["client_class"] > 0], b[b["client_class"] > 0])


def test_another_model_changes_only_output_and_model():
    one, other = Setting(), Setting()
    other.buyers.model[:] = other.models.names.index("llama-3.1-8b")
    for a, b in zip(one.all(), other.all(), strict=True):
        for field in set(a.dtype.names) - {"model", "output", "expected_output"}:
            assert np.array_equal(a[field], b[field])
        assert (a["model"] != b["model"]).all()


def test_a_slice_waits_until_its_beginning_is_decided():
    setting = Setting()
    feed = setting.feed
    feed.grant(0.0)
    assert len(next(feed)) == 0  # at time 0 customers have not decided yet
    feed.grant(3600.0)
    assert len(next(feed)) > 0
    assert len(next(feed)) == 0  # the slice that begins at 3600 waits for what happens at 3600
    setting.buyers.model[:] = -1
    feed.grant(3600.1)
    assert len(next(feed)) == 0  # nobody buys any more
    setting.buyers.model[:] = 0
    feed.grant(2 * 3600.5)
    rows = next(feed)
    assert rows["born_s"].min() >= 7200


def test_rows_on_their_way_at_the_end_of_a_slice_come_with_the_next():
    prompt, late = Setting(delay_s=0.0, slice_s=60), Setting(delay_s=7.0, slice_s=60)
    there, blocks = np.concatenate(prompt.all()), late.all()
    for number, rows in enumerate(blocks[:-1]):
        assert (rows["arrive_s"] < 60 * (number + 1)).all()
    carried = blocks[1][blocks[1]["born_s"] < 60]
    assert len(carried)
    assert (carried["arrive_s"] >= 60).all()
    rows = np.concatenate(blocks)
    assert (np.diff(rows["arrive_s"]) >= 0).all()
    assert np.allclose(rows["arrive_s"] - rows["born_s"], 7.0)
    assert sorted(rows["key"].tolist()) == sorted(there["key"].tolist())


def test_requests_that_arrive_together_are_in_the_order_of_their_keys():
    """On a grid so coarse that most of them do; and the engine need not put such rows on it again."""
    population = Setting().population
    count = len(population)
    drawn = Drawn(population.key, np.full(count, 60), population.prompt_tokens, population.output_tokens,
                  population.length_sigma, population.cached_share, population.shared_tokens, population.documents,
                  population.zipf_exponent, population.max_tokens, population.patience_s,
                  *np.zeros((4, count), np.int32), np.ones(count))
    way = Way(0.3, 4.0)
    rows = slice_rows(drawn, Slice(0, 120.0, 60.0), way)
    assert (rows["born_s"] * 4 == np.rint(rows["born_s"] * 4)).all()
    assert (rows["arrive_s"] == rows["born_s"] + 0.25).all()
    ties = np.diff(rows["arrive_s"]) == 0
    assert ties.mean() > 0.5
    assert (np.lexsort((rows["key"], rows["arrive_s"])) == np.arange(len(rows))).all()
    assert put_on_grid(rows, 4.0) is rows
    np.testing.assert_array_equal(put_on_grid(rows[::-1].copy(), 4.0), rows)


def test_two_feeds_become_one_in_order_also_where_times_are_equal():
    rows = np.zeros(40, REQUEST)
    rows["arrive_s"], rows["key"], rows["prompt"] = np.arange(40) // 8, np.arange(40) * 7 % 11, np.arange(40)
    rows = rows[np.lexsort((rows["key"], rows["arrive_s"]))]
    for which in (np.arange(40) % 3 == 0, np.zeros(40, bool), np.ones(40, bool)):
        found = merged(rows[which], rows[~which])
        assert (found["arrive_s"] == rows["arrive_s"]).all()
        assert (found["key"] == rows["key"]).all()
        assert sorted(found["prompt"]) == list(range(40))


def test_a_sampled_stretch_has_only_a_share_of_its_workloads_requests():
    setting = Setting(rate_per_s=0.05, resolution="sampled")
    share = np.zeros(len(setting.population))
    share[0], share[1] = 1.0, 0.5
    rows = setting.feed.simulate([Slice(0, 7000.0, 2000.0), Slice(0, 7000.0, 1000.0)], [share, share[::-1]])
    counts = np.bincount(rows["client_class"], minlength=len(share))
    expected = 0.05 * (2000 * share + 1000 * share[::-1])
    assert ((counts - expected) ** 2 / np.maximum(expected, 1)).sum() < stats.chi2.isf(FALSE_ALARM, 4)
    assert (counts[expected == 0] == 0).all()
    assert (np.lexsort((rows["key"], rows["arrive_s"])) == np.arange(len(rows))).all()
    assert 7000 <= rows["born_s"].min() < rows["born_s"].max() < 9000
    assert next(setting.feed) is rows
    assert len(next(setting.feed)) == 0


def test_rhythm_follows_the_hour_and_the_weekend():
    setting = Setting(rate_per_s=0.05, days=7, rhythm=Rhythm(daily_amplitude=0.5, weekend_factor=0.5))
    people = setting.population
    counts = np.zeros((7, 24, len(people)))
    for number, rows in enumerate(setting.all()):
        counts[divmod(number, 24)] += np.bincount(rows["client_class"], minlength=len(people))
    wave = 1 + 0.5 * np.cos((np.arange(24)[:, None] + 0.5 - people.peak_hour) * 2 * np.pi / 24)
    level = np.where(np.arange(7) >= 5, 0.5, 1.0)[:, None, None]
    expected = 0.05 * 3600 * level * wave
    chi2 = ((counts - expected) ** 2 / expected).sum()
    assert stats.chi2.sf(chi2, counts.size) > FALSE_ALARM


@given(st.floats(0, 1e6), st.floats(0, 1e6), st.floats(0, 1, exclude_max=True))
def test_a_poisson_count_never_falls_when_its_mean_rises(a, b, u):
    low, high = poisson_counts(np.array(sorted((a, b))), np.array([u, u]))
    assert 0 <= low <= high


@pytest.mark.parametrize("mean", [1e-300, 1e-6, 0.3, 4.0, 300.0, 1e5])
def test_poisson_counts_invert_the_distribution_function(mean):
    u = (np.arange(2000) + 0.5) / 2000
    counts = poisson_counts(np.full(len(u), mean), u)
    assert (stats.poisson.cdf(counts, mean) >= u - 1e-9).all()
    assert ((counts == 0) | (stats.poisson.cdf(counts - 1, mean) <= u + 1e-9)).all()
