"""Price indices beside a cost of living that is known: every index by hand on three models."""

import argparse
import json
import math

import numpy as np
import pytest

from experiments.studies.assuming import at_point, factors_in
from experiments.studies.llmflation import STUDY, measures, shelves
from experiments.studies.llmflation import price_indices as of
from experiments.studies.llmflation.assumed import IndexAssumptions
from experiments.studies.llmflation.measures import CHEAPEST, NAMES, TRUE, Followed, FoundIndices
from experiments.studies.llmflation.price_indices import Shelf, Uses
from experiments.verdicts.deciding import decide
from sim.market.models.catalogue import load_catalogue
from sim.market.models.model import ListChange, Model, Models
from sim.streams import Streams
from sim.units import DAYS_PER_MONTH

NAN = np.nan
# a plain model that halves, a good one that stays, and a third, better and cheaper, that comes in the second month
PRICE = np.array([[1.0, 8.0, NAN], [0.5, 8.0, 4.0], [0.5, 8.0, 2.0]])
SHELF = Shelf(PRICE, PRICE[:, None, :], np.array([[1.0, 3.0, 4.0]]))
# two that take the plain one, one that takes the good one, one that is not live until the third model is at 2
USES = Uses(np.zeros(4, np.int64), np.array([0.0, 0.0, 0.0, 2.5]), np.array([1.5, 1.5, 10.0, 1.4]))


def test_what_is_bought_by_hand():
    """1.5 is worth a plain model (.5 over), not a good one (4.5 - 8); at 2 the third leaves 4 of 6, and 1.4 x 1.5."""
    bought = of.buy(SHELF, USES)
    assert bought.model.tolist() == [[0, 0, 1, -1], [2, 2, 2, -1], [2, 2, 2, 2]]
    assert bought.cost.tolist() == [[1.0, 1.0, 8.0, 0.0], [4.0, 4.0, 4.0, 0.0], [2.0, 2.0, 2.0, 2.0]]


def test_the_true_cost_of_living_by_hand():
    """What 1 + 1 + 8 bought is to be had at .5 + .5 + 4, then at .5 + .5 + 2 (E123)."""
    assert of.cost_of_living(SHELF, USES, of.buy(SHELF, USES)) == pytest.approx([1.0, 0.5, 0.3])


def test_each_index_by_hand():
    bought = of.buy(SHELF, USES)
    assert of.cheapest_at(SHELF, 2.0) == pytest.approx([1.0, 0.5, 0.25])
    assert of.cheapest_at(SHELF, 0.5) == pytest.approx([1.0, 0.5, 0.5])
    assert of.matched(SHELF) == pytest.approx([1.0, math.sqrt(0.5), math.sqrt(0.5) * 0.5 ** (1 / 3)])
    # spending: .2 and .8 on the first two at first, all on the third then, which was not there before
    first = 0.5**0.2
    assert of.toernqvist(SHELF, bought) == pytest.approx([1.0, first, first * 0.5])
    assert of.paid(SHELF, bought) == pytest.approx([1.0, 4.0 / (10 / 3), 2.0 / (10 / 3)])
    assert measures.quality_bought(SHELF, bought) == pytest.approx(5 / 3)


def test_hedonic_effects_of_prices_that_quality_explains():
    """ln p = q - month: every month is e times cheaper at the same quality, whatever is on sale."""
    quality = np.array([[0.2, 0.5, 0.9]])
    log_price = quality - np.arange(3.0)[:, None]
    log_price[0, 2] = NAN
    shelf = Shelf(np.exp(log_price), np.exp(log_price)[:, None, :], quality)
    assert of.hedonic(shelf) == pytest.approx(np.exp(-np.arange(3.0)))


def test_a_gap_is_in_logarithms_a_year():
    """A tenth against a fifth after two years: .35 a year too fast (E124)."""
    assert of.gap(np.array([1.0, 0.1]), np.array([1.0, 0.2]), 2.0) == pytest.approx(math.log(2) / 2)
    assert measures.years_of(13) == pytest.approx(1.0)


def test_all_indices_agree_without_new_models():
    """Prices that fall alike change no choice of who needs as much as before; what is paid falls too, or less."""
    still = measures.followed(shelves.halved(SHELF, 1.0), USES).indices
    for name in NAMES[:-1]:
        assert still[name] == pytest.approx([1.0, 0.5, 0.25]), name


def test_the_table_by_hand():
    """A year; the cost of living a quarter, the cheapest an eighth: divided by 4 and 8, a gap of ln 2."""
    def course(end):
        return np.exp(np.linspace(0.0, math.log(end), 13))

    ends = dict.fromkeys(NAMES, 0.5) | {TRUE: 0.25, CHEAPEST: 0.125}
    seen = Followed({name: course(end) for name, end in ends.items()}, np.ones(13))
    alike = Followed(dict.fromkeys(NAMES, course(0.5)), np.ones(13))
    found = FoundIndices((seen, seen), (alike, alike))
    table = measures.summary(found).set_index("index")
    assert table["divided_by_a_year"][[TRUE, CHEAPEST, "hedonic"]].tolist() == pytest.approx([4.0, 8.0, 2.0])
    assert table["gap_per_year"][[TRUE, CHEAPEST, "hedonic"]].tolist() == pytest.approx(
        [0.0, math.log(2), -math.log(2)])
    assert table["gap_without_new_models"].abs().max() == 0.0
    assert STUDY.statistics(found) == {"cheapest_gap": pytest.approx([math.log(2)] * 2),
                                       "off": pytest.approx([math.log(2)] * 2)}
    assert STUDY.control(found) == [0.0, 0.0]


def model(name, day, quality, **more):
    return Model(name, "lab", "family", False, day, 10.0, 10.0, (quality,) * 5, 2.0, 1000, 1.0, 4.0, **more)


def test_a_shelf_has_dated_list_prices():
    """Three input tokens to one of output: 1.75; from day 20 on 1.0; requests of 1,000 and 2 x 100 tokens."""
    models = Models((model("a", -5.0, 0.5, list_changes=(ListChange(20.0, 1.0, 1.0),)),
                     model("b", 40.0, 0.6, retire_day=80.0)))
    assumed = IndexAssumptions(prompt_tokens=1000, output_tokens=100)
    shelf = shelves.shelf_of(models, assumed, 100)
    assert shelf.price[:, 0] == pytest.approx([1.75, 1.0, 1.0, 1.0])
    assert np.isfinite(shelf.price[:, 1]).tolist() == [False, False, True, False]  # days 0, 30.4, 60.9, 91.3
    assert shelf.cost[0, 2, 0] == pytest.approx((1000 * 1 + 200 * 4) / 1e6)
    assert DAYS_PER_MONTH * 2 < 80 < DAYS_PER_MONTH * 3


@pytest.mark.parametrize("penetration", [0.2, 0.5])
def test_so_many_uses_are_live_at_first(penetration):
    assumed = IndexAssumptions(uses=20_000, penetration=penetration, need_low=0.0, need_high=1.0)
    uses = shelves.drawn_uses(SHELF, assumed, np.random.default_rng(1))
    live = (of.buy(SHELF, uses).model[0] >= 0).mean()
    assert 0.9 < uses.need.max() < 1.0
    assert live == pytest.approx(penetration, abs=0.015)


def test_worlds_built_so_and_opposite():
    for world, said in ((STUDY.built_so(), "supported"), (STUDY.opposite(), "contradicted")):
        assert decide(STUDY.rule, STUDY.statistics(world), STUDY.control(world)).said == said


def test_every_assumption_moves_the_gap():
    scenario = measures.market_of(3)
    models = load_catalogue(scenario.models, scenario.horizon.start, 100, Streams(3, 0))

    def living(assumed):
        shelf = shelves.shelf_of(models, assumed, 100)
        uses = shelves.drawn_uses(shelf, assumed, np.random.default_rng(3))
        return of.cost_of_living(shelf, uses, of.buy(shelf, uses))

    base = IndexAssumptions(uses=500)
    for factor in factors_in(base):
        first, second = (living(at_point(base, {factor.path: value})) for value in (factor.low, factor.high))
        assert not np.array_equal(first, second), factor.path


def test_options_designs_and_looks():
    parser = argparse.ArgumentParser()
    STUDY.add_options(parser)
    design = STUDY.design(parser.parse_args([]))
    assert STUDY.look(design) == ""
    assert STUDY.read(None, json.loads(json.dumps(design.parameters()))) == design
    assert STUDY.quick(design).leaves_out == "3 of 10 seeds"
    other = STUDY.design(parser.parse_args(["--assume", "need_high=0.6"]))
    assert STUDY.look(other) == "assumptions are not the study's own: need_high = 0.6"
