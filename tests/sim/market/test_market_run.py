"""Whole small runs: reproducible, the same from both engines and both resolutions, and coupled across scenarios."""

from collections import defaultdict
from itertools import groupby

import numpy as np
import pytest

from experiments.measures.market_tables import tables
from experiments.runs import run_traffic
from experiments.runs.run_market import run_market, stage
from experiments.scenarios import load_market
from experiments.validation.sampled_against_full import ALLOWED, POINTS, numbers
from sim.engines import outcome
from sim.engines.compiled import CompiledEngine
from sim.market.market_invariants import CHECKS
from sim.streams import Streams
from sim.units import DAY_S
from worlds.small_markets import differences, full, merged, small

# a busier market: firms move prices a lot every few days and customers mind little else, outages are frequent
LIVELY = {
    "horizon": {"days": 10, "sampled_per_day": 1500},
    "customers": {"choice": {"reviews_per_month": 15.0, "loyal_share": 0.0, "taste": 0.002, "switching_cost": 0.0}},
    "supply": {"firms": {
        "atlas": {"pricing": {"kind": "menu_cost", "reviews_per_day": 0.5, "jump_median": 0.7}},
        "openai": {"faults": {"outage_mtbf_s": 43_200.0, "outage_mttr_s": 3600.0, "slowdown_mtbf_s": 43_200.0}},
    }},
}


@pytest.fixture(scope="module")
def lively():
    return run_market(small(**LIVELY))


def test_a_run_holds_all_invariants_and_something_happens(lively):
    result, traffic = lively
    assert [check(result, traffic) for check in CHECKS.values()] == [""] * len(CHECKS)
    assert len(result.offer_days) == len(result.workload_days) == result.days == 10
    assert result.prices_daily.shape == (10, len(result.offers), 3)
    assert result.surplus_usd_daily.shape == (10, len(result.workload_names))
    assert {change.reason for change in result.price_changes} >= {"launch", "review"}
    assert any(switch.before >= 0 for switch in result.switches)
    assert len({offer.provider for offer in result.offers}) == 3
    assert traffic.outcomes[:, :, outcome.COMPLETED].sum() > 5000


def test_at_full_resolution_days_add_up_to_the_traffic():
    result, traffic = run_market(full(2, rate_per_s=0.05))
    born = sum(day.born for day in result.workload_days)
    assert np.array_equal(born, traffic.born.sum(axis=1))
    placed = sum(day.placed for day in result.offer_days)
    assert np.array_equal(placed, traffic.offer_sums[:, :, outcome.PLACED].sum(axis=1))
    assert np.array_equal(result.latencies, traffic.offer_hist[:, :2].sum(axis=0))


def test_every_offer_is_paid_at_a_price_it_posted(lively):
    result, _ = lively
    posted = defaultdict(list)
    for change in result.price_changes:
        posted[change.offer].append(change.after)
    for row, changes in posted.items():
        revenue = sum(int(day.revenue_nano[row]) for day in result.offer_days)
        prompt = sum(int(day.prompt_tokens[row]) for day in result.offer_days)
        output = sum(int(day.output_tokens[row]) for day in result.offer_days)
        least = prompt * min(min(p.input, p.cached) for p in changes) + output * min(p.output for p in changes)
        most = prompt * max(max(p.input, p.cached) for p in changes) + output * max(p.output for p in changes)
        # pico-dollars; of each sum of a day a whole number is made
        slack = 10 * max(max(p) for p in changes)
        assert least - slack <= 1000 * revenue <= most + slack


def test_models_are_used_only_while_somebody_sells_them(lively):
    result, _ = lively
    sold = np.zeros((result.days + 1, len(result.models)), bool)
    for day, listed in enumerate(result.listed_daily):
        sold[day + 1, result.offer_model[listed]] = True
    sold[0, result.offer_model[[c.offer for c in result.listing_changes if c.time_s == 0]]] = True
    for day, bought in enumerate(result.workload_days):
        used = bought.model[bought.model >= 0]
        assert sold[day, used].all()
        assert (result.models.release_day[used] <= day).all()


def test_switches_lead_from_one_model_to_the_next(lively):
    result, _ = lively
    by_workload = sorted(result.switches, key=lambda switch: switch.workload)
    for workload, moves in groupby(by_workload, key=lambda switch: switch.workload):
        at = -1
        for move in moves:
            assert move.before == at != move.after
            at = move.after
        assert result.workload_days[-1].model[workload] == at or move.time_s == result.days * DAY_S


# Reproducibility


def test_the_same_seed_gives_the_same_market(lively):
    again = run_market(small(**LIVELY))
    assert differences(lively[0], again[0]) == []
    for name, table in tables(lively[0]).items():
        assert table.equals(tables(again[0])[name]), name
    assert np.array_equal(lively[1].class_hist, again[1].class_hist)


@pytest.mark.parametrize("changed", ["seed", "replication"])
def test_another_seed_or_replication_gives_another_market(lively, changed):
    other, traffic = run_market(small(**LIVELY, seed=8)) if changed == "seed" else run_market(small(**LIVELY), 1)
    assert traffic.born.sum() != lively[1].born.sum()
    assert any("switches" in name for name in differences(lively[0], other))


def test_progress_is_told_after_each_day():
    days = []
    run_market(small(), progress=days.append)
    assert days == [0, 1, 2, 3, 4]


# Two engines, two resolutions


def test_both_engines_give_the_same_market():
    few = merged(LIVELY, {"horizon": {"days": 2, "sampled_per_day": 500}, "customers": {"requests_per_s": 1.0}})
    compiled, reference = (run_market(small(**few, engine=engine)) for engine in ("compiled", "reference"))
    assert compiled[1].born.sum() > 500
    assert any(change.reason == "review" for change in compiled[0].price_changes)
    assert np.array_equal(compiled[1].outcomes, reference[1].outcomes)
    assert np.array_equal(compiled[1].class_sums, reference[1].class_sums)
    assert np.array_equal(compiled[1].offer_sums, reference[1].offer_sums)
    a, b = compiled[0], reference[0]
    assert a.ledger.entries == b.ledger.entries
    assert a.price_changes == b.price_changes
    assert a.listing_changes == b.listing_changes
    assert [s[:5] for s in a.switches] == [s[:5] for s in b.switches]
    for one, other in zip(a.workload_days, b.workload_days, strict=True):
        assert np.allclose(one.ttft_s, other.ttft_s, rtol=1e-9, equal_nan=True)


def test_samples_measure_the_same_market_as_full_resolution():
    rate = {"customers": {"requests_per_s": 10.0}, "horizon": {"sampled_per_day": 40_000}}
    (exact, _), (sampled, traffic) = run_market(full(4, rate_per_s=10.0)), run_market(small(**rate))
    assert traffic.born.sum() < 0.05 * sum(day.born.sum() for day in exact.workload_days)
    found, wanted = numbers(sampled), numbers(exact)
    for name, allowed in ALLOWED.items():
        assert found.of[name] == pytest.approx(wanted.of[name], rel=allowed), name
    assert np.abs(found.shares - wanted.shares).max() < POINTS
    assert np.abs(found.losses - wanted.losses).max() < POINTS


def test_threads_change_nothing_of_a_sampled_run(lively):
    assert differences(lively[0], run_market(small(**LIVELY), threads=2)[0]) == []


def test_a_sample_counts_all_work_of_its_offers_and_what_others_have_under_way_is_in_no_result(lively, monkeypatch):
    """The sampler asks for work under way at the offers that it samples alone: counted at all is the same market."""
    tally = CompiledEngine.tally
    monkeypatch.setattr(CompiledEngine, "tally", lambda engine, offers=None: tally(engine))
    assert differences(lively[0], run_market(small(**LIVELY))[0]) == []


# Common random numbers


class Spy:
    """An engine that notes outages and slow spells, with the market's time."""

    def __init__(self, engine):
        self._engine, self.noted = engine, []

    def __getattr__(self, name):
        return getattr(self._engine, name)

    def set_up(self, offer, up):
        self.noted.append(("up", offer, up))
        self._engine.set_up(offer, up)

    def set_slowdown(self, offer, factor):
        self.noted.append(("slow", offer, factor))
        self._engine.set_slowdown(offer, factor)


class Loud:
    """A random generator that notes what it draws."""

    def __init__(self, generator):
        self._generator, self.noted = generator, []

    def __getattr__(self, name):
        draw = getattr(self._generator, name)

        def drawn(*arguments, **named):
            value = draw(*arguments, **named)
            self.noted.append((name, np.asarray(value).tolist()))
            return value

        return drawn


class Coupled:
    """One run in which everything random is written down."""

    def __init__(self, monkeypatch, scenario):
        self.streams, self.requests, plain, engine = {}, {}, Streams.generator, run_traffic.engine_for

        def generator(streams, name):
            self.streams[name] = Loud(plain(streams, name))
            return self.streams[name]

        def spied(world, feed, threads):
            self.spy = Spy(engine(world, self._noting(feed), threads))
            return self.spy

        with monkeypatch.context() as patch:
            patch.setattr(Streams, "generator", generator)
            patch.setattr(run_traffic, "engine_for", spied)
            self.result, _ = run_market(scenario)
        self.staged = stage(scenario)
        self.faults = [(kind, (self.result.offers[row].provider, self.result.offers[row].model), value)
                       for kind, row, value in self.spy.noted]

    def _noting(self, feed):
        for rows in feed:
            for row in rows:
                number = row["key"]
                self.requests[int(number)] = tuple(
                    row[field] for field in ("client_class", "born_s", "prompt", "patience_s", "prefix"))
            yield rows


STRATEGIES = [
    {"kind": "undercut", "step": 0.3}, {"kind": "menu_cost", "reviews_per_day": 1.0}, {"kind": "surge"},
    {"kind": "q_learning"}, {"kind": "constant", "markup": 9.0},
]


@pytest.fixture(scope="module")
def base():
    with pytest.MonkeyPatch.context() as patch:
        return Coupled(patch, small(**LIVELY))  # where boreal undercuts by 5%


@pytest.mark.parametrize("pricing", STRATEGIES, ids=lambda choice: choice["kind"])
def test_one_provider_s_strategy_moves_no_other_draw(base, monkeypatch, pricing):
    firms = {"boreal": {"pricing": pricing}}
    other = Coupled(monkeypatch, small(**merged(LIVELY, {"supply": {"firms": firms}})))
    mine = [row for row, offer in enumerate(base.result.offers) if offer.provider == "boreal"]
    assert not np.array_equal(base.result.prices_daily[:, mine], other.result.prices_daily[:, mine])

    assert differences(base.staged.population, other.staged.population) == []
    for name in ("tastes", "outside"):
        assert np.array_equal(*(getattr(run.staged.market.customers.chooser, name) for run in (base, other)))
    assert list(map(_facts, base.result.offers)) == list(map(_facts, other.result.offers))
    assert base.faults == other.faults
    assert len(base.faults) > 10

    common = base.requests.keys() & other.requests.keys()
    assert len(common) > 0.5 * len(base.requests)
    assert all(base.requests[key] == other.requests[key] for key in common)

    assert base.streams.keys() == other.streams.keys()
    for name, stream in base.streams.items():
        if not name.startswith("providers/boreal/"):
            theirs = other.streams[name].noted
            same = min(len(stream.noted), len(theirs))  # a run may end between two reactions
            assert stream.noted[:same] == theirs[:same], name
            if "/reaction/" not in name:
                assert len(stream.noted) == len(theirs), name


def _facts(offer):
    return offer.provider, offer.model, offer.replicas


def test_another_segment_leaves_the_others_as_they_were(base, monkeypatch):
    more = {"number": 5, "revenue_usd": [1e5, 1e6], "mix": {"roleplay": 1.0}}
    other = Coupled(monkeypatch, small(**merged(LIVELY, {"customers": {"segments": {"players": more}}})))
    for name, stream in base.streams.items():
        if name.startswith(("customers/", "faults/", "stretches")):
            assert stream.noted == other.streams[name].noted
    keys = dict(zip(other.staged.population.names, other.staged.population.key.tolist(), strict=True))
    for name, key in zip(base.staged.population.names, base.staged.population.key.tolist(), strict=True):
        assert keys[name] == key


# The built-in market and its loading


def test_built_in_markets_are_valid_and_can_be_staged():
    scenario = load_market("openrouter-2026", ["horizon.days=2"])
    staged = stage(scenario)
    assert len(staged.supply.firms) >= 15
    assert len(staged.population.customer_names) >= 400
    assert len(staged.market.offers) >= 50
