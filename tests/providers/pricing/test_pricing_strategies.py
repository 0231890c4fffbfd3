"""Pricing strategies: what each one posts, and how the registry answers mistakes."""

import dataclasses
import math
import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from providers.pricing import STRATEGIES, PricingError, Situation, Steady, StrategyKind, Tariff, bind, kinds, register
from sim.errors import ScenarioError
from sim.market.prices import Mix, Prices, prices_of_usd
from sim.scenario.pricing_settings import PricingChoice
from worlds.places import ROOT
from worlds.scripts import run_as_script

DAY_S = 86_400.0
PAGE = ROOT / "docs/market/pricing.md"
LIST = prices_of_usd(0.4, 1.2, 0.1)  # blended 0.6 USD


def situation(**changes):
    base = Situation(
        now_s=0.0, hour=0.0, launched_s=0.0, own=None, rivals=(), rivals_changed_s=(), unit_cost_usd_per_mtok=0.2,
        list_price=LIST,
    )
    return dataclasses.replace(base, **changes)


def strategy(kind, **parameters):
    return bind(PricingChoice(kind=kind, **parameters))


def rng(seed=1):
    return np.random.default_rng(seed)


def usd(prices):
    return tuple(value / 1e6 for value in prices)


def test_constant_posts_the_list_price_the_given_price_or_cost_plus():
    assert strategy("constant", anchor="list").launch(situation(), rng()) == LIST
    assert strategy("constant").launch(situation(), rng()).blended() == pytest.approx(500_000, rel=0.02)
    given_prices = strategy("constant", input_usd=0.123, output_usd=4.0).launch(situation(), rng())
    assert usd(given_prices) == (0.123, 4.0, 0.123)
    # cost 0.2 times 2.5 = 0.5 blended; input 0.5/1.5 = 0.333, output three times that, cached a quarter
    assert usd(strategy("constant", anchor="list").launch(situation(list_price=None), rng())) == (0.33, 1.0, 0.08)
    assert strategy("constant").next_review_s(situation(), rng()) == math.inf


def test_a_list_price_without_a_cached_price_gets_the_usual_discount():
    plain = situation(list_price=prices_of_usd(0.4, 1.2))
    assert usd(strategy("constant", anchor="list").launch(plain, rng())) == (0.4, 1.2, 0.1)


# Prices beside costs in the blend of what is sold: of long prompts, half of which a cache has; of long answers.
MIXES = [Mix(0.5, 0.1, 0.4), Mix(0.1, 0.9), Mix(0.0, 0.5, 0.5)]


@pytest.mark.parametrize("mix", MIXES)
@pytest.mark.parametrize("listed", [LIST, prices_of_usd(0.4, 1.2)])
def test_a_list_price_is_posted_whatever_is_sold(mix, listed):
    seller = strategy("constant", anchor="list")
    assert usd(seller.launch(situation(list_price=listed, mix=mix), rng())) == (0.4, 1.2, 0.1)


@pytest.mark.parametrize(("mix", "posted"), [
    # 0.5 USD a token sold; input 0.5/(.5 + .1 x 3 + .4/4), in those proportions
    (MIXES[0], (0.555556, 1.666667, 0.138889)), (MIXES[1], (0.178571, 0.535714, 0.044643)),
])
def test_a_markup_on_cost_is_of_what_is_sold(mix, posted):
    prices = strategy("constant", grid_usd=1e-6).launch(situation(list_price=None, mix=mix), rng())
    assert usd(prices) == posted
    assert prices.blended(mix) == pytest.approx(500_000, rel=1e-5)


def test_the_cheapest_rival_is_the_cheapest_for_what_is_sold():
    prompts, answers = prices_of_usd(0.1, 2.0), prices_of_usd(0.5, 0.5)
    rivals = {"rivals": (prompts, answers), "rivals_changed_s": (0.0, 0.0)}
    assert situation(mix=Mix(0.95, 0.05), **rivals).cheapest_rival == prompts
    assert situation(mix=Mix(0.05, 0.95), **rivals).cheapest_rival == answers


@pytest.mark.parametrize("mix", MIXES)
def test_a_decline_is_of_prices_and_does_not_move_with_what_is_sold(mix):
    seller = strategy("decline", anchor="list", decline_per_year=0.5, grid_usd=0.001, floor_cost_share=0)
    own = seller.launch(situation(), rng())
    assert usd(seller.review(situation(own=own, now_s=365.25 * DAY_S, mix=mix), rng())) == (0.2, 0.6, 0.05)


@pytest.mark.parametrize("mix", [Mix(0.75, 0.25), *MIXES])
def test_a_cached_price_that_is_rounded_up_does_not_raise_the_others(mix):
    """A step of the grid for cached input is twice what its proportion gives: the level is that of the other two."""
    cheap, given_prices = prices_of_usd(0.02, 0.06, 0.01), Tariff(grid_usd=0.01, floor_cost_share=0)
    now = situation(own=cheap, list_price=prices_of_usd(0.02, 0.06), mix=mix)
    assert given_prices.prices(now, given_prices.level_pico(now, cheap)) == cheap


def test_no_price_is_below_the_floor_or_off_the_grid():
    dear = situation(unit_cost_usd_per_mtok=0.777)
    prices = strategy("constant", markup=1.0).launch(dear, rng())
    assert prices.blended() >= 777
    assert all(value % 10 == 0 for value in prices)
    assert strategy("constant", anchor="list", floor_cost_share=0.5).launch(dear, rng()) == LIST


def test_small_prices_stand_on_a_finer_grid_where_there_is_one():
    """Markup 1.5 on a cost of .0093: .01395 in the list's proportions, input and cached 7/10 and output 7/4 of it."""
    cheap = situation(unit_cost_usd_per_mtok=0.0093, list_price=prices_of_usd(0.4, 1.0, 0.4), mix=Mix(0.75, 0.25))
    parts = {"markup": 1.5, "cached_share": 1.0}
    level = 0.0093 * 1.5 / (0.75 * 0.4 + 0.25)
    assert level * 0.4 == pytest.approx(0.010145, abs=1e-6)
    assert level * 1.0 == pytest.approx(0.025364, abs=1e-6)
    assert usd(strategy("constant", **parts).launch(cheap, rng())) == (0.01, 0.03, 0.01)
    assert usd(strategy("constant", fine_grid_usd=0.001, **parts).launch(cheap, rng())) == (0.01, 0.025, 0.01)
    # ten times as much is .101 and .254: ten cents and more are whole ones
    dear = dataclasses.replace(cheap, unit_cost_usd_per_mtok=0.093)
    assert usd(strategy("constant", fine_grid_usd=0.001, **parts).launch(dear, rng())) == (0.1, 0.25, 0.1)


def test_decline_loses_its_share_in_a_year():
    seller = strategy("decline", anchor="list", decline_per_year=0.5, grid_usd=0.001, floor_cost_share=0)
    own = seller.launch(situation(), rng())
    after = seller.review(situation(own=own, now_s=365.25 * DAY_S), rng())
    assert usd(after) == (0.2, 0.6, 0.05)


def test_steps_come_at_their_ages_and_not_again():
    seller = strategy("steps", anchor="list", days=(10, 30), factors=(0.5, 0.75), floor_cost_share=0)
    own = seller.launch(situation(), rng())
    assert seller.next_review_s(situation(own=own), rng()) == 10 * DAY_S
    at_ten = situation(own=own, now_s=10 * DAY_S)
    assert usd(seller.review(at_ten, rng())) == (0.2, 0.6, 0.05)
    assert seller.next_review_s(at_ten, rng()) == 20 * DAY_S
    at_thirty = situation(own=own, now_s=30 * DAY_S)
    assert usd(seller.review(at_thirty, rng()))[:2] == (0.3, 0.9)
    assert seller.next_review_s(at_thirty, rng()) == math.inf
    launched_s = 3976576.5714366385  # its difference to ten days later is a last bit less than ten days
    begun = situation(own=own, launched_s=launched_s, now_s=launched_s + 10 * DAY_S)
    assert begun.age_days < 10
    assert seller.next_review_s(begun, rng()) == pytest.approx(20 * DAY_S)


@pytest.mark.parametrize(("hour", "cheap", "wait_h"), [(0.0, True, 0.5), (0.5, False, 16.0), (16.5, True, 8.0),
                                                       (12.0, False, 4.5)])
def test_time_of_day_is_deepseeks(hour, cheap, wait_h):
    seller = strategy("time_of_day", anchor="list", floor_cost_share=0)
    now = situation(hour=hour, list_price=prices_of_usd(0.27, 1.10), own=LIST)
    prices = seller.review(now, rng())
    assert prices.output == (550_000 if cheap else 1_100_000)
    assert seller.next_review_s(now, rng()) == pytest.approx(wait_h * 3600)


def test_surge_rises_above_the_threshold_only():
    seller = strategy("surge", anchor="list", threshold=0.5, slope=1.0, smoothing=1.0)
    assert seller.review(situation(own=LIST, utilisation=0.5), rng()) == LIST
    assert usd(seller.review(situation(own=LIST, utilisation=0.75), rng()))[:2] == (0.6, 1.8)


def test_tiers_take_the_highest_volume_reached():
    seller = strategy("tiers", anchor="list", tokens=(1e9, 1e10), discounts=(0.25, 0.5), floor_cost_share=0)
    outputs = [seller.review(situation(own=LIST, tokens_last_day=sold), rng()).output for sold in (0, 1e9, 5e10)]
    assert outputs == [1_200_000, 900_000, 600_000]
    total = strategy("tiers", anchor="list", volume="total", tokens=(1e9,), discounts=(0.5,), floor_cost_share=0)
    assert total.review(situation(own=LIST, tokens_total=1e9), rng()).output == 600_000


def test_cost_plus_follows_wrights_law():
    seller = strategy("cost_plus", learning_rate=0.2, experience_tokens=1e9, markup=2.0, grid_usd=0.001)
    levels = [seller.review(situation(own=LIST, tokens_total=sold), rng()).blended() for sold in (0, 1e9, 3e9)]
    assert levels == pytest.approx([400_000, 320_000, 256_000], rel=0.005)  # 20% less with each doubling


@pytest.mark.parametrize(("anchor", "levels"), [("cost", (320_000, 2_000_000)), ("list", (600_000, 600_000))])
def test_a_markup_counts_beside_a_list_price_unless_that_is_chosen(anchor, levels):
    """Cost .2 USD times 1.6 and times 10; the list price of .6 makes both dead."""
    for markup, level in zip((1.6, 10.0), levels, strict=True):
        seller = strategy("menu_cost", anchor=anchor, markup=markup, dispersion=0.0, grid_usd=0.000001)
        assert seller.launch(situation(), rng()).blended() == pytest.approx(level, rel=1e-4)


def test_menu_cost_reviews_at_its_hazard_with_its_jumps():
    seller = strategy("menu_cost", grid_usd=0.001, match_share=0, cut_share_first_month=0.65)
    random = rng()
    waits = [seller.next_review_s(situation(own=LIST), random) / DAY_S for _ in range(4000)]
    assert np.mean(waits) == pytest.approx(1 / 0.028, rel=5 / math.sqrt(4000))
    cheap_to_serve = situation(own=LIST, unit_cost_usd_per_mtok=0.0)
    logs = np.log([seller.review(cheap_to_serve, random).blended() / 600_000 for _ in range(4000)])
    assert np.median(np.abs(logs)) == pytest.approx(0.25, rel=0.06)  # 5 standard errors of the median
    assert (logs < 0).mean() == pytest.approx(0.65, abs=0.04)


def test_menu_cost_matches_exactly_and_not_below_cost():
    seller = strategy("menu_cost", match_share=1.0, follow_share=1.0)
    rival = prices_of_usd(0.35, 1.0)
    facing = situation(own=LIST, rivals=(rival, LIST), rivals_changed_s=(5.0, 0.0))
    assert seller.review(facing, rng()) == rival
    assert seller.react(facing, rng()) == rival
    assert seller.react_s(facing, rng()) > 0
    below_cost = situation(own=LIST, rivals=(rival,), rivals_changed_s=(5.0,), unit_cost_usd_per_mtok=0.58)
    assert seller.react(below_cost, rng()) is None


def test_menu_cost_follows_only_a_rival_who_undercuts_all():
    seller = strategy("menu_cost", follow_share=1.0)
    rival = prices_of_usd(0.35, 1.0)
    tied = situation(own=LIST, rivals=(rival, rival), rivals_changed_s=(5.0, 0.0))
    dearer = situation(own=LIST, rivals=(prices_of_usd(0.5, 1.3),), rivals_changed_s=(5.0,))
    assert seller.react_s(tied, rng()) is None
    assert seller.react_s(dearer, rng()) is None


def test_undercut_goes_below_and_stops_at_cost():
    seller = strategy("undercut", step=0.05)
    rival = prices_of_usd(0.4, 1.2)
    assert seller.review(situation(own=LIST, rivals=(rival,), rivals_changed_s=(0,)), rng()).blended() < 600_000
    at_cost = prices_of_usd(0.14, 0.38)  # blended 0.2
    answer = seller.review(situation(own=LIST, rivals=(at_cost,), rivals_changed_s=(0,)), rng())
    assert answer.blended() == pytest.approx(200_000, rel=0.05)
    assert answer.blended() >= 200_000


def test_q_learner_finds_the_price_that_pays():
    seller = strategy("q_learning", exploration_decay=0.005, grid_usd=0.001, discount=0.0)
    random, own = rng(), LIST
    for _ in range(3000):  # alone on the market: demand falls linearly to zero at 1.2 USD, so (1.2 + 0.2) / 2 is best
        sold = max(0.0, 1200 - own.blended() / 1000)
        own = seller.review(situation(own=own, tokens_last_day=sold), random)
    assert own.blended() == pytest.approx(700_000, abs=200_000 * 3 / 14)  # within a step of its set of prices


PRICE = st.integers(0, 5_000).map(lambda value: Prices(1000 * value, 3000 * value, 250 * value))


@settings(deadline=None, max_examples=200)
@given(
    kind=st.sampled_from(sorted(STRATEGIES)), rivals=st.lists(PRICE, max_size=5), own=PRICE,
    cost=st.floats(0, 10), listed=st.none() | PRICE, share=st.floats(0, 1), tokens=st.floats(0, 1e12),
)
def test_every_strategy_copes_with_every_situation(kind, rivals, own, cost, listed, share, tokens):
    """Prices are whole numbers, 0 or more; reviews lie ahead; same draws, same prices."""
    now = situation(
        now_s=1e6, rivals=tuple(rivals), rivals_changed_s=tuple(range(len(rivals))), unit_cost_usd_per_mtok=cost,
        list_price=listed, utilisation=share, share_last_day=share, tokens_last_day=tokens, tokens_total=tokens,
        capacity_tokens_per_day=1e9,
    )

    def answers():
        seller, random = strategy(kind), rng()
        launched = seller.launch(dataclasses.replace(now, launched_s=1e6), random)
        later = dataclasses.replace(now, own=own)
        wait = seller.next_review_s(later, random)
        return launched, wait, seller.review(later, random), seller.react_s(later, random), seller.react(later, random)

    launched, wait, *others = answers()
    assert wait > 0
    for prices in (launched, others[0], others[2]):
        assert prices is None or (all(isinstance(value, int) and value >= 0 for value in prices))
    assert answers() == (launched, wait, *others)


@pytest.mark.parametrize(("choice", "sentence"), [
    ({"kind": "menu_csot"}, "x.pricing.kind is 'menu_csot', which is no pricing strategy; did you mean menu_cost"),
    ({"kind": "constant", "price": 1}, "x.pricing.price is no parameter of pricing strategy 'constant'; its "
                                       "parameters are: markup"),
    ({"kind": "surge", "slope": -1}, "x.pricing.slope is -1, but must be greater than or equal to 0"),
    ({"kind": "steps", "days": [3, 2]}, "x.pricing.days is [3, 2]: ages must be positive and rise"),
    ({"kind": "tiers", "discounts": [0.5]}, "x.pricing is {'discounts': [0.5]}: tokens must rise"),
])
def test_mistakes_are_named_in_one_sentence(choice, sentence):
    with pytest.raises(ScenarioError, match="^" + re.escape(sentence)):
        bind(PricingChoice(**choice), "x.pricing")


def test_each_offer_gets_a_strategy_of_its_own():
    assert strategy("q_learning") is not strategy("q_learning")


def test_a_kind_is_registered_once():
    kind = StrategyKind("constant", Steady, Tariff, "Twice.", "test")
    with pytest.raises(PricingError, match="'constant' is already registered"):
        register(kind)


def test_defaults_carry_unit_and_source():
    for kind in STRATEGIES.values():
        assert kind.source
        assert kind.summary.endswith(".")
        for name, field in kind.parameters.model_fields.items():
            assert field.description, (kind.kind, name)


def test_documentation_names_every_strategy_and_its_example_runs(tmp_path):
    text = PAGE.read_text(encoding="utf-8")
    assert not {kind for kind in kinds() if f"`{kind}`" not in text}
    (code,) = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    done = run_as_script(code, tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stdout == "Prices(input=360000, output=1080000, cached=90000)\n"
