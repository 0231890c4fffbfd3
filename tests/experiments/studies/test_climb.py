"""The climb: what was bought and why spend changed by hand, one start for all, and what each control is for."""

from math import e, exp, isnan, nan

import numpy as np
import pandas as pd
import pytest

from experiments.runs.demand_alone import COLUMNS, ListPrices, demand_alone
from experiments.studies.bills import bill_of, extreme, metrics_of
from experiments.studies.climb import STUDY, two_rungs
from experiments.studies.climb.design import CONTROLS, FIRST_DAY, NULL, ONCE, OTHERS, RAMPED, UNMOVED, Climb, ClimbCell
from experiments.studies.climb.measures import COLUMNS as FRAME
from experiments.studies.climb.measures import summary
from experiments.studies.climb.two_rungs import Rungs
from experiments.studies.climb.two_worlds import CLIMB, world
from experiments.studies.climb.weighing import SHARE, shares
from sim.errors import ScenarioError
from sim.scenario import MarketScenario
from sim.scenario.load import override
from worlds.shelf import MODELS
from worlds.small_markets import small

# day, model, billions, requests, tokens, plain tokens, quality-weighted tokens, USD
BEFORE = [(0, "plain", 10.0, 100.0, 110e3, 110e3, 55e3, 0.11), (9, "plain", 10.0, 1.0, 1e6, 1e6, 1e6, 9.0)]
AFTER = [(day, "wordy", 90.0, 100.0, 130e3, 110e3, 104e3, 0.26) for day in (0, 1)]


def bill(rows: list[tuple[object, ...]], days: int):
    return bill_of(pd.DataFrame(rows, columns=list(COLUMNS)), 0, days)


def test_a_wordier_model_is_mix_and_not_volume():
    """The same 100 requests a day take 1300 instead of 1100 tokens, and cost twice as much a token."""
    found = metrics_of(bill(BEFORE, 1), bill(AFTER, 2))
    assert found == pytest.approx({
        "size_b": 90.0, "quality": 0.8, "price_usd_per_mtok": 2.0, "tokens_per_day": 130e3, "spend_usd_per_day": 0.26,
        "climb_share": 1.0, "effect_price_usd_per_day": 0.0, "effect_volume_usd_per_day": 0.0,
        "effect_mix_usd_per_day": 0.15})


def test_more_of_the_same_is_volume_and_a_cut_is_price():
    """Twice the requests of one model at half the price: volume +.0825 and price -.0825 USD."""
    twice = [(0, "plain", 10.0, 200.0, 220e3, 220e3, 110e3, 0.11)]
    found = metrics_of(bill(BEFORE, 1), bill(twice, 1))
    assert found["effect_volume_usd_per_day"] == pytest.approx(0.0825)
    assert found["effect_price_usd_per_day"] == pytest.approx(-0.0825)
    assert found["climb_share"] == pytest.approx(0.0)


def test_a_model_that_is_new_after_a_fall_of_all_prices_had_its_whole_price_before():
    """100 requests of .001 USD, then half of them of .01, all prices halved: at mean prices .00075 and .0075 mix is
    50·(.0075 − .00075) = .3375, price the rest of .275 − .1, and no volume. Valued as if the big one had cost .005
    before it would be 50·(.005 − .00075) = .2125, and mix too small.
    """
    small_one = [(0, "small", 8.0, 100.0, 1e5, 1e5, 5e4, 0.1)]
    both = [(0, "small", 8.0, 50.0, 5e4, 5e4, 2.5e4, 0.025), (0, "big", 80.0, 50.0, 5e4, 5e4, 2.5e4, 0.25)]
    found = metrics_of(bill(small_one, 1), bill(both, 1), 0.5)
    assert found["effect_mix_usd_per_day"] == pytest.approx(0.3375)
    assert found["effect_price_usd_per_day"] == pytest.approx(0.175 - 0.3375)
    assert found["climb_share"] == pytest.approx(1.0)
    assert metrics_of(bill(small_one, 1), bill(both, 1))["effect_mix_usd_per_day"] == pytest.approx(0.2125)


def test_nothing_bought_has_no_means():
    found = metrics_of(bill([], 1), bill([], 1))
    assert found["spend_usd_per_day"] == 0.0
    assert all(isnan(found[name]) for name in ("size_b", "quality", "price_usd_per_mtok", "climb_share"))


def test_a_single_token_has_means():
    found = bill([(0, "plain", 10.0, 1.0, 1.0, 1.0, 0.5, 0.1)], 1)
    assert (found.tokens, found.size_b, found.quality) == (1.0, 10.0, 0.5)


def test_a_desk_of_list_prices():
    desk = ListPrices(MODELS, 0.5)
    assert desk.released().all()
    assert np.array(desk.paid_pico_per_token()) == pytest.approx(
        np.array([[1.5e6, 0.1e6], [7.5e6, 0.2e6], [0.375e6, 0.025e6]]))


def test_prices_fall_day_by_day():
    """To a hundredth in 100 days, evenly in logarithms: to a tenth after 50 days, no more after 100 (E132)."""
    desk = ListPrices(MODELS, 0.01, 100.0, 100.0)
    for day, level in ((0, 100.0), (50, 10.0), (100, 1.0), (150, 1.0)):
        if day:
            desk.env.run(until=day * 86_400)
        assert desk.level() == pytest.approx(level)
        assert desk.paid_pico_per_token()[0] == pytest.approx(np.array([3e6, 0.2e6]) * 0.01 * level)


@pytest.fixture(scope="module")
def runs() -> dict[ClimbCell, pd.DataFrame]:
    """Sixty days of a small market of each control, at whole and at a twentieth of prices."""
    scenario = small(customers={"requests_per_s": 100.0, "choice": {"reviews_per_month": 4.0, "loyal_share": 0.0}})
    design = Climb(scenario, divisors=(1.0, 20.0), replications=1, after=(10, 60), fall_days=20)
    return {cell: demand_alone(_at(design.base, point)) for cell, point in zip(
        design.cells(), design.points(), strict=True) if cell.control not in (NULL, FIRST_DAY)
        and (cell.path == ONCE or cell.control == "money_budgets")}


def _at(scenario: MarketScenario, point) -> MarketScenario:
    return override(scenario, [f"{name}={str(value).lower()}" for name, value in point.items()])


def test_all_controls_start_from_one_allocation(runs):
    """On the first day everybody uses what it would at undivided prices, in money and within budgets."""
    first = {cell: days[days["day"] == 0].set_index("model") for cell, days in runs.items()}
    start = first["money_budgets", 1.0, ONCE]
    for (_, divisor, path), days in first.items():
        assert list(days.index) == list(start.index)
        level = divisor if path == ONCE else 1.0  # of prices that have yet to fall
        assert (days["spend_usd"] * level / days["requests"]).to_numpy() == pytest.approx(
            (start["spend_usd"] / start["requests"]).to_numpy(), rel=0.2)  # more of those whose volume answers more


def test_money_climbs_at_every_control_and_log_price_does_not(runs):
    bills = {cell: bill_of(days, 53, 60) for cell, days in runs.items()}
    found = {control: metrics_of(bills[control, 1.0, ONCE], bills[control, 20.0, ONCE]) for control in CONTROLS}
    gained = {control: found[control]["quality"] - bills[control, 1.0, ONCE].quality for control in CONTROLS}
    assert gained["money_budgets"] > 0.01
    assert gained["money_free"] > 0.01
    assert abs(gained["log_free"]) < 0.005
    for control, metrics in found.items():
        split = sum(metrics[f"effect_{name}_usd_per_day"] for name in ("price", "volume", "mix"))
        assert split == pytest.approx(metrics["spend_usd_per_day"] - sum(bills[control, 1.0, ONCE].spend_usd.values()))


def test_a_fall_day_by_day_ends_where_one_at_once_does(runs):
    """Forty days after its end those who reconsider once a week have done so: as good models, within a hundredth."""
    slow, quick = (bill_of(runs["money_budgets", 20.0, path], 53, 60) for path in (RAMPED, ONCE))
    early, whole = (bill_of(runs["money_budgets", divisor, path], 0, 5) for divisor, path in
                    ((20.0, RAMPED), (1.0, ONCE)))
    assert slow.quality == pytest.approx(quick.quality, abs=0.01)
    assert 0.45 < sum(early.spend_usd.values()) / sum(whole.spend_usd.values()) < 1  # by then prices are down by half


def test_what_stands_beside_the_controls_differs_from_them_in_one_thing():
    """The null in that uses stay as they are; the first day in prices alone: money and budgets as in the first."""
    assert OTHERS[NULL] == CONTROLS[UNMOVED]._replace(uses=False)
    assert OTHERS[FIRST_DAY] == CONTROLS["money_budgets"]


def test_cells_looks_and_what_is_refused():
    """Four kinds at whole prices and four divisors on two paths, the control's three, and five first days: 4·9 + 8."""
    design = Climb(small(), replications=1)
    cells = design.cells()
    assert len(cells) == len(set(cells)) == 4 * 9 + 3 + 5
    assert design.looks(cells[0]) == (30, 360)
    assert design.looks(ClimbCell("money_budgets", 2.0, RAMPED)) == (210, 360)
    assert not any(cell.path == RAMPED for cell in Climb(small(), fall_days=0).cells())
    first = dict(zip(cells, design.points(), strict=True))[ClimbCell(FIRST_DAY, 20.0, ONCE)]
    assert (first["price_factor"], first["customers.choice.first_prices"], first["horizon.days"]) == (0.05, 1.0, 1)
    with pytest.raises(ScenarioError, match="prices fall over 331 days, but it must be 0 to 330"):
        Climb(small(), fall_days=331)


def test_two_rungs_by_hand():
    """Worths with median e and σ 1 of their logarithm; a big model of cost 3 and quality 2 pays from a worth of 2. At
    prices divided by e^.5: live 1 − Φ(−1.5) = .93319, big 1 − Φ(ln 2 − 1.5) = .79012.
    """
    found = two_rungs.bought(Rungs(3.0, 2.0), exp(0.5), e, 1.0)
    assert found == pytest.approx([0.93319 - 0.79012, 0.79012], abs=1e-5)
    assert isnan(two_rungs.climb_share(Rungs(3.0, 2.0), 1e9, e, 0.01))  # all bought the big one before: nothing changes
    assert two_rungs.least_fall(20.0, 1.0, 5.0) == 4.0
    assert two_rungs.least_fall(2.0, 1.0, 5.0) == 1.0
    shown = two_rungs.table().set_index("live_at_whole_prices")
    assert shown.loc[0.5, "elasticity"] == pytest.approx(0.7979 / 0.9, abs=1e-4)  # E61: φ(0)/(σ/2)
    assert list(shown["share_at_20"]) == sorted(shown["share_at_20"])


def frame_of_shares(values):
    rows = [("money_budgets", 1.0, ONCE, 30, seed, SHARE, nan) for seed in range(2)]
    rows += [("money_budgets", divisor, ONCE, 30, seed, SHARE, value) for divisor, both in values.items()
             for seed, value in enumerate(both)]
    return pd.DataFrame(rows, columns=list(FRAME))


def test_the_cell_with_the_least_share_and_the_most():
    cells = shares(frame_of_shares({2.0: [0.1, 0.9], 5.0: [0.7, 0.7], 20.0: [0.2, 0.4]}), ["money_budgets"])
    assert extreme(cells, 1) == [0.2, 0.4]
    assert extreme(cells, -1) == [0.7, 0.7]
    unknown = shares(frame_of_shares({2.0: [0.1, nan], 5.0: [0.7, 0.7]}), ["money_budgets"])
    assert isnan(extreme(unknown, -1)[1])
    assert extreme({}, 1) == []


def test_a_world_that_climbs_has_the_share_worked_by_hand():
    """Half move from .001 to .01 USD, with 1.05 times the requests, all halved. Mix, of a share of .5 that moves:
    .5·(.01 − .001)·((1 + 1.05·.5)/3 + (.5 + 1.05)/6) = .00345; volume .05·(.00058333 + .00166667) = .0001125; so the
    share is .00345/.0035625 = .968421.
    """
    found = world(small(), CLIMB, 1)
    assert STUDY.statistics(found)["least_share"] == pytest.approx([0.968421], abs=1e-6)
    assert STUDY.control(found) == [0.0]
    assert len(summary(found.frame)) == 4 * (2 + 16) + (2 + 4) + 5
