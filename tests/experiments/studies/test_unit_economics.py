"""Founders' forecasts: a year's parts and margins by hand, worlds whose verdict is known, fields that all matter."""

import argparse
import json
import math

import numpy as np
import pytest

from experiments.output.folder import Folder
from experiments.studies.assuming import at_point
from experiments.studies.unit_economics import STUDY, measures
from experiments.studies.unit_economics.assumed import FounderAssumptions
from experiments.studies.unit_economics.design import FounderYears
from experiments.studies.unit_economics.founders import Founders, YearParts, drawn_founders, drawn_year, margins_by_path
from experiments.verdicts.deciding import decide
from sim.errors import ScenarioError
from sim.market.downstream.access_paths import CLOSED, DEDICATED, HOSTED, PATHS
from sim.scenario.base import Part
from sim.streams import Streams

ASSUMED = FounderAssumptions()


def small(assumed=ASSUMED, founders=100, seeds=1):
    return FounderYears(assumed, STUDY.rule.seed, seeds, founders)


def test_a_year_in_which_all_is_certain():
    """Tokens x 1.5 x 2; the price cut by half; a change in the last days for as good a model, eight times cheaper.

    So price ln .5, volume ln 3, and the model ln(1/8) less the cut, plus what it says more: 1 + .4 x 3.4 = 2.36.
    """
    assumed = at_point(ASSUMED, {"longer": 1.5, "more_requests": 2.0, "growth_sd": 0.0, "cut_chance": 1.0, "cut": 0.5,
                                 "change_rate": 1e6, "loyal": 0.0, "upgraders": 0.0, "talkative": 1.0,
                                 "access.price_fall": 8.0})
    parts = drawn_year(assumed, Streams(1, 0), 3)
    assert parts.price == pytest.approx([math.log(0.5)] * 3)
    assert parts.volume == pytest.approx([math.log(3.0)] * 3)
    assert parts.model == pytest.approx([math.log(2.0 / 8.0 * 2.36)] * 3, abs=1e-4)
    assert parts.error == pytest.approx([math.log(3.0 / 8.0 * 2.36)] * 3, abs=1e-4)
    better = drawn_year(at_point(assumed, {"upgraders": 1.0, "talkative": 0.0}), Streams(1, 0), 3)
    assert better.error == pytest.approx([math.log(3.0)] * 3)  # the old one's list price as it was
    loyal = drawn_year(at_point(assumed, {"loyal": 1.0}), Streams(1, 0), 3)
    assert loyal.error == pytest.approx([math.log(1.5)] * 3)


def test_models_change_at_the_rate_that_is_assumed():
    """A change within 12 months has chance .8 x (1 - e^(-.27 x 12)) = .769: 3 standard errors of 20,000 are .009."""
    parts = drawn_year(at_point(ASSUMED, {"talkative": 1.0}), Streams(3, 0), 20_000)
    assert (parts.model != 0.0).mean() == pytest.approx(0.8 * (1 - math.exp(-0.27 * 12)), abs=0.009)


def test_margins_by_path_by_hand():
    """Today a fifth of revenue; hosted at a tenth for .7 of it, a move of 15,000 over a year.

    10 million a year are 833,333 a month: 166,667 for tokens, 71,530 million of them, of which 50,071 fit two replicas
    of 36,817 each.
    """
    one = Founders(np.array([1e7]), np.array([2.0]), np.array([0.2]), np.array([PATHS.index(CLOSED)]))
    margins = dict(zip(PATHS, margins_by_path(ASSUMED, one, np.zeros(1), 0.0)[:, 0], strict=True))
    assert margins[CLOSED] == pytest.approx(0.56)
    assert margins[HOSTED] == pytest.approx(0.76 - 0.2 * (0.3 + 0.7 * 0.1) - 1250 / 833_333, abs=1e-6)
    assert margins[DEDICATED] == pytest.approx(0.76 - 0.06 - (2 * 13_733.4 + 5000 + 1250) / 833_333, abs=1e-6)
    is_open = one._replace(path=np.array([PATHS.index(HOSTED)]))
    told = dict(zip(PATHS, margins_by_path(ASSUMED, is_open, np.zeros(1), 0.0)[:, 0], strict=True))
    assert told[HOSTED] == pytest.approx(0.56)  # a fifth of its revenue, as it is now
    assert told[CLOSED] == pytest.approx(0.76 - 0.2 / 0.37 - 0.0015, abs=1e-5)


def test_a_year_on_tokens_are_more_and_prices_lower():
    """Error ln 2, growth 3: twice the share of revenue at APIs, but GPUs serve three times as much, not 7.37."""
    one = Founders(np.array([1e7]), np.array([3.0]), np.array([0.2]), np.array([PATHS.index(CLOSED)]))
    margins = dict(zip(PATHS, margins_by_path(ASSUMED, one, np.array([math.log(2.0)]), 12.0)[:, 0], strict=True))
    assert margins[CLOSED] == pytest.approx(0.76 - 0.4)
    assert margins[HOSTED] == pytest.approx(0.76 - 0.4 * 0.37 - 1250 / 2.5e6)
    mtok = 0.7 * 2.5e6 * 0.4 / (2.33 / 7.37)
    replicas = math.ceil(mtok / (3 * 36_817.2))
    assert margins[DEDICATED] == pytest.approx(0.76 - 0.12 - (replicas * 13_733.4 + 6250) / 2.5e6)


def test_founders_are_of_all_stages():
    founders = drawn_founders(ASSUMED, Streams(1, 0), 2000)
    assert np.unique(founders.arr_usd, return_counts=True)[1].tolist() == [400] * 5
    assert founders.token_share.min() >= 0.05
    assert founders.token_share.max() <= 0.4
    assert np.log(founders.token_share).mean() == pytest.approx(math.log(0.05 * 0.4) / 2, abs=0.05)
    assert (founders.path == PATHS.index(HOSTED)).mean() == pytest.approx(0.3, abs=0.04)
    assert measures.claimed(founders).mean() == pytest.approx(0.6)


def test_worlds_built_so_and_opposite():
    for world, said in ((STUDY.built_so(), "supported"), (STUDY.opposite(), "contradicted")):
        assert decide(STUDY.rule, STUDY.statistics(world), STUDY.control(world)).said == said
        assert set(STUDY.control(world)) == {0.0}


def test_inputs_alone_by_hand():
    """ln(1.64 x 1.2), and sqrt(.05 x .4) x .7 x (1 - .1 e^(-1.5 x .275^2) x 1.055)."""
    said = list(measures.inputs_alone(ASSUMED).values())
    assert said[0] == pytest.approx([0.6770], abs=1e-4)
    assert said[1] == pytest.approx([math.sqrt(0.02) * 0.7 * (1 - 0.1 * math.exp(-1.5 * 0.275**2) * 1.055)])


def test_rungs_by_hand():
    """Two founders whose tokens are doubled and whose model costs half: an error of ln 2 at list prices, 0 in all.

    One is on the closed path, which is .3 worse than the best, or .1 where routers look at no price; the other is on
    the best one.
    """
    founders = Founders(np.array([1e7, 1e7, 1e6]), np.ones(3), np.full(3, 0.2), np.array([0, 1, 0]))
    parts = YearParts(np.zeros(3), np.log([2.0, 2.0, 9.0]), np.log([0.5, 0.5, 9.0]))
    routed, unrouted = (measures.Yearly(founders, parts, then, then) for then in (
        np.array([[0.2, 0.2, 0.0], [0.5, 0.5, 1.0]]), np.array([[0.2, 0.2, 0.0], [0.3, 0.3, 1.0]])))
    found = measures.by_rung(measures.FoundYears(ASSUMED, (routed,), uniform=(unrouted,)))
    assert found["L1 error: tokens drawn, list prices and models of today"] == pytest.approx([math.log(2.0)])
    assert found["L3 error: all"] == pytest.approx([0.0])
    assert found["L2 best_gain: routers look at no price"] == pytest.approx([0.05])  # the median of .1 and 0
    assert found["L3 best_gain: all"] == pytest.approx([0.15])
    assert sorted({name[:2] for name in found}) == ["L0", "L1", "L2", "L3"]


def test_tables_hold_what_was_found():
    found = measures.find_years(small(seeds=2), lambda: None)
    rows = measures.summary(found).set_index("quantity")["mean"]
    assert rows["error"] == pytest.approx(np.mean(STUDY.statistics(found)["error"]))
    parts = [rows[f"mean ln(actual/naive), {name}"] for name in measures.PARTS]
    who = [measures.claimed(seed.founders) for seed in found.seeds]
    assert sum(parts) == pytest.approx(np.mean([seed.parts.error[at].mean() for seed, at in
                                                zip(found.seeds, who, strict=True)]))
    assert rows["gross margin of AI products, 2025 (ICONIQ)"] == 0.45
    account = measures.profit_and_loss(ASSUMED)
    assert len(account) == 5 * 2 * 5
    assert (account["tokens"] + account["other"] + account["gross_margin"]).to_numpy() == pytest.approx(np.ones(50))
    assert account.groupby(["arr_musd", "growth"])["best"].sum().tolist() == [1] * 10
    even = measures.break_evens(ASSUMED).set_index(["months_ahead", "path", "against"])
    # 18,733.4 / 2.33 million tokens; that much of a share of .1414, .7 of it movable, is 2.27 million of revenue
    assert even.loc[(0.0, DEDICATED, CLOSED)].tolist() == pytest.approx(
        [8.0401, 18_733.4 * 12 / (0.7 * math.sqrt(0.02)) / 1e6], rel=1e-4)
    assert math.isinf(even.loc[(0.0, DEDICATED, HOSTED), "arr_musd"])


# a value of each field that must move a founder's year; fields of GPUs move the accounts
CHANGES = {
    "least_share": 0.08, "most_share": 0.3, "other_cost": 0.2, "open_users": 0.5, "slow_growth": 1.1,
    "fast_growth": 4.0, "longer": 2.0, "more_requests": 1.5, "growth_sd": 0.2, "cut_chance": 0.3, "cut": 0.2,
    "change_rate": 0.1, "loyal": 0.4, "upgraders": 0.4, "talkative": 0.2, "verbosity": 2.0, "output_cost": 0.2,
    "access.closed_usd_per_mtok": 1.0, "access.open_discount": 0.8, "access.movable": 0.5, "access.dispersion": 0.4,
    "access.router_exponent": 4.0, "access.router_fee": 0.0, "access.tokens_per_gpu_s": 2500.0,
    "access.gpus_a_replica": 4, "access.load": 0.5, "access.rent_usd_per_hour": 1.5, "access.owned_usd_per_hour": 1.4,
    "access.dedicated_least": 3, "access.owned_least": 1, "access.dedicated_staff_usd": 100.0,
    "access.owned_staff_usd": 100.0, "access.price_fall": 3.0, "access.gpu_fall": 5.0, "access.migration_hours": 300.0,
    "access.engineer_usd_per_hour": 150.0,
}


def _outcome(assumed):
    seed = measures.year(small(assumed), assumed, 0)
    return np.concatenate([seed.parts.error, seed.then.ravel(), seed.today.ravel()])


def test_every_field_moves_a_year():
    def fields(part, prefix=""):
        for name, value in part:
            yield from fields(value, f"{name}.") if isinstance(value, Part) else [f"{prefix}{name}"]
    assert sorted(CHANGES) == sorted(fields(ASSUMED))
    base = _outcome(ASSUMED)
    idle = [path for path, value in CHANGES.items() if np.array_equal(base, _outcome(at_point(ASSUMED, {path: value})))]
    assert idle == []


def test_draws_belong_to_their_names():
    """Another chance of a cut moves nobody's volume, and more loyal founders nobody's growth."""
    base = measures.year(small(), ASSUMED, 0)
    other = at_point(ASSUMED, {"cut_chance": 0.9, "loyal": 0.9})
    moved = measures.year(small(other), other, 0)
    assert np.array_equal(base.parts.volume, moved.parts.volume)
    assert np.array_equal(base.founders.growth, moved.founders.growth)
    assert not np.array_equal(base.parts.price, moved.parts.price)


def test_assumptions_that_do_not_fit_are_refused_and_changes_make_a_look():
    parser = argparse.ArgumentParser()
    STUDY.add_options(parser)
    design = STUDY.design(parser.parse_args(["--assume", "longer=1"]))
    assert STUDY.look(design) == "assumptions are not the study's own: longer = 1"
    assert STUDY.look(STUDY.design(parser.parse_args([]))) == ""
    assert STUDY.look(small(seeds=10)) == "100 founders a seed"
    assert STUDY.read(None, json.loads(json.dumps(design.parameters()))) == design
    for change, told in (("most_share=0.04", "must be at least least_share, 0.05"),
                         ("fast_growth=1", "must be at least slow_growth, 1.3"), ("cut=1", "less than 1")):
        with pytest.raises(ScenarioError, match=told):
            STUDY.design(parser.parse_args(["--assume", change]))
    with pytest.raises(ScenarioError, match="founders is 4, but must be at least 5"):
        small(founders=4)


def test_sentences_are_made_from_the_tables(tmp_path):
    found = measures.find_years(small(seeds=2), lambda: None)
    for name, table in STUDY.own_tables(found).items():
        table.to_csv(tmp_path / f"{name}.csv", index=False)
    parameters = small(at_point(ASSUMED, {"access.price_fall": 4.0})).parameters()
    prices, off, causes, best, pays = STUDY.sentences(Folder(tmp_path, {"study": "unit_economics",
                                                                        "parameters": parameters}))
    assert prices == "Prices of constant quality are divided by 4 a year (as given; 7.37 is documented)."
    factor = math.exp(np.mean(STUDY.statistics(found)["error"]))
    assert f"off by a factor of {factor:.2f} in the median" in off
    assert causes.startswith("Mean logarithms by cause: price ")
    assert "where .45 and .52 are published" in best
    assert pays == ("Against the closed model dedicated GPUs pay from 8.04 and owned ones from 17.2 billion tokens a "
                    "month today; at no volume: dedicated against hosted, dedicated against routed, owned against "
                    "hosted, owned against routed.")
