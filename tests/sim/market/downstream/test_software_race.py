"""Markets of software month by month: what is kept, what moving does at once, and who closes."""

import numpy as np
import pytest

from sim.market.downstream.access_paths import CLOSED, DEDICATED, OWNED, PATHS, ROUTED
from sim.market.downstream.access_settings import AccessTerms
from sim.market.downstream.software_race import (
    NEVER,
    RaceRules,
    SoftwareFirms,
    _Race,
    first_taste,
    run_race,
    served_from,
    tuned_share,
)
from sim.market.downstream.software_settings import SoftwareTerms

ACCESS = AccessTerms(movable=1.0)
TERMS = SoftwareTerms(taste_sd=0.0, use_sd=0.0, tuned=0.0, fixed_share=0.0)


def firms(*move, share=0.2, taste=None, migration=2):
    count = len(move)
    return SoftwareFirms(np.full((1, count), share), np.array([share]),
                         np.zeros((1, count)) if taste is None else np.array([taste]),
                         np.full((1, count), migration), np.array([move]))


def raced(these, terms=TERMS, months=30, frozen=False, access=ACCESS):
    return run_race(these, RaceRules(access, terms, months, frozen))


def test_equal_firms_that_stay_ask_one_for_ever():
    """Price 1, margin 1 - .24 - .2, and equal shares: the calibration of E142 and E143 holds in every month.

    But for growth, which makes newcomers a little more among those who look than in the first month.
    """
    seen = raced(firms(NEVER, NEVER, NEVER))
    assert seen.price[0] == pytest.approx(np.ones((1, 3)))
    assert seen.margin[0] == pytest.approx(np.full((1, 3), 0.56))
    assert seen.price == pytest.approx(np.ones((30, 1, 3)), abs=5e-4)
    assert seen.margin == pytest.approx(np.full((30, 1, 3), 0.56), abs=2e-4)
    assert seen.share == pytest.approx(np.full((30, 1, 3), 1 / 3))
    assert seen.token_usd == pytest.approx(np.full((30, 1, 3), 0.2))


def test_who_moves_pays_less_from_the_month_it_arrives():
    """A tenth of .2, times the router's discount and fee, from month 1 + 2; contracts keep old prices."""
    seen = raced(firms(1, NEVER, NEVER), months=5)
    routed = 0.02 * np.exp(-1.5 * 0.275**2) * 1.055
    assert seen.token_usd[:, 0, 0] == pytest.approx([0.2, 0.2, 0.2, routed, routed])
    assert [PATHS[it] for it in seen.path[:, 0, 0]] == [CLOSED] * 3 + [ROUTED] * 2
    assert served_from(firms(1, NEVER, NEVER), seen).tolist() == [[3, NEVER, NEVER]]
    assert seen.price[2, 0, 0] == pytest.approx(1.0, abs=1e-4)
    assert seen.price[3, 0, 0] < 0.9
    assert seen.margin[3, 0, 0] > 0.7  # 11 of 12 contracts still pay the old price
    assert seen.share[4, 0, 0] > 1 / 3


def test_frozen_prices_and_customers_leave_the_cost_alone():
    seen = raced(firms(0, NEVER), frozen=True, months=4)
    routed = 0.02 * np.exp(-1.5 * 0.275**2) * 1.055
    assert seen.margin[3, 0] == pytest.approx([0.76 - routed, 0.56])
    assert seen.share[3, 0] == pytest.approx([0.5, 0.5])


def test_all_customers_are_somewhere():
    """Customers grow by newcomers and lose those who leave for nothing: equal firms, by hand over a month.

    A twelfth of them looks, of whom 5 % leave for nothing; .3 / 12 of all come, and all but 1 / (1 + 3 x) stay. At
    first all weights, .9 / .05 with contracts of a year, are those of E142.
    """
    terms = TERMS.model_copy(update={"contract_months": 12})
    taste = first_taste(firms(NEVER, NEVER, NEVER), terms)
    weight = np.exp(taste.level - taste.alpha)[0]
    assert weight == pytest.approx(0.9 / 0.05)
    race = _Race(firms(NEVER, NEVER, NEVER), RaceRules(ACCESS, terms, 1))
    race.month(0)
    grown = 3.0 + 3.0 * (-0.05 / 12 + 0.3 / 12 * 3 * weight / (1 + 3 * weight))
    assert race.cohorts.sum() == pytest.approx(grown)


def test_churn_is_of_a_year_whatever_contracts_last():
    """Contracts of a month: 1 - .9^(1/12) of those who look leave; psi rises so that a year's churn stays."""
    monthly = first_taste(firms(NEVER, NEVER), TERMS.model_copy(update={"contract_months": 1}))
    leaving = 1 - 0.9 ** (1 / 12)
    assert monthly.switching == pytest.approx(np.log((1 - leaving) / (leaving * 0.5)))


def test_tuning_halves_what_is_left_to_save():
    """Of .4 in the end, half after 6 months and three quarters after 12 (E147); before the move nothing."""
    terms = SoftwareTerms(tuned=0.4, tuning_months=6.0)
    assert tuned_share(terms, np.array([-5.0, 0.0, 6.0, 12.0])) == pytest.approx([1.0, 1.0, 0.8, 0.7])
    seen = raced(firms(0, NEVER), TERMS.model_copy(update={"tuned": 0.4, "tuning_months": 6.0}), months=9)
    assert seen.token_usd[8, 0, 0] / seen.token_usd[2, 0, 0] == pytest.approx(0.8)


def test_large_firms_buy_gpus_where_they_are_cheaper_and_wait_for_them():
    """GPUs that cost next to nothing: the move takes migration and delivery; small firms stay with APIs."""
    access = ACCESS.model_copy(update={"owned_usd_per_hour": 0.01, "owned_staff_usd": 0.0, "gpu_fall": 7.37})
    large = raced(firms(0, NEVER), TERMS.model_copy(update={"firms_arr_usd": 5e7}), months=9, access=access)
    assert [PATHS[it] for it in large.path[:, 0, 0]] == [CLOSED] * 6 + [OWNED] * 3
    dear = access.model_copy(update={"owned_least": 1000})
    assert DEDICATED not in [PATHS[it] for it in raced(firms(0, NEVER), months=9, access=dear).path[:, 0, 0]]
    assert OWNED not in [PATHS[it] for it in raced(firms(0, NEVER), months=9, access=dear).path[:, 0, 0]]


def test_a_firm_that_does_not_earn_its_keep_closes_after_a_year():
    """Cost .24 + .2 leave .56 of revenue: .55 keeps a firm open, .57 closes it in month 11, and all go."""
    terms = [TERMS.model_copy(update={"fixed_share": value, "newcomers": 0.05}) for value in (0.55, 0.57)]
    kept, lost = (raced(firms(NEVER, NEVER), it, months=14) for it in terms)
    assert kept.alive.all()
    assert lost.alive[11].all()
    assert not lost.alive[12].any()
    assert np.isnan(lost.margin[12]).all()
    assert lost.share[13].tolist() == [[0.0, 0.0]]


def test_customers_of_a_firm_that_closes_look_for_another():
    """Half of the revenue of one goes to tokens: it closes after a year, and the other has all customers."""
    dear = SoftwareFirms(np.array([[0.05, 0.5]]), np.array([0.2]), np.zeros((1, 2)), np.full((1, 2), 2),
                         np.full((1, 2), NEVER))
    seen = raced(dear, TERMS.model_copy(update={"fixed_share": 0.45}), months=16)
    assert seen.alive[:, 0, 1].tolist() == [True] * 12 + [False] * 4
    assert seen.alive[:, 0, 0].all()
    assert seen.share[12:, 0].tolist() == [[1.0, 0.0]] * 4
    assert np.isnan(seen.margin[12:, 0, 1]).all()
