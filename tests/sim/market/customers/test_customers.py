"""Customers: closed forms, tastes, choices, the population, and workloads on the calendar."""

import dataclasses

import numpy as np
import pytest
import simpy
from pydantic import ValidationError

from sim.errors import ScenarioError
from sim.market.customers import logit
from sim.market.customers.choice import Chooser, Quotes, _suitable
from sim.market.customers.customers import SHIFTS, Customers
from sim.market.customers.population import Population, draw_population
from sim.market.customers.tastes import exponentials, taste_shocks, uniforms
from sim.market.models.model import Model, Models
from sim.scenario.customer_settings import Choice, CustomerSettings, Segment
from sim.streams import Streams
from sim.units import DAY_S

EXAMPLE = np.array([1.0, 0.5, 0.8])
SHARES = (0.35802, 0.21715, 0.29312)
# name, creator, family, open, billions, quality of every task, USD per million tokens in and out (early 2025)
ROWS = (
    ("claude-3.5-sonnet", "anthropic", "claude", False, 400.0, 0.80, 3.0, 15.0),
    ("deepseek-v3", "deepseek", "deepseek", True, 671.0, 0.72, 0.27, 1.1),
    ("gpt-4o", "openai", "gpt", False, 400.0, 0.76, 2.5, 10.0),
    ("gpt-4o-mini", "openai", "gpt", False, 30.0, 0.60, 0.15, 0.6),
    ("llama-3.1-8b", "meta", "llama", True, 8.0, 0.40, 0.05, 0.06),
    ("llama-3.3-70b", "meta", "llama", True, 70.0, 0.62, 0.13, 0.40),
)
SMALL = CustomerSettings.model_validate({
    "segments": {
        "apps": {"number": 40, "revenue_usd": (1e5, 1e7), "mix": {"chat": 1.0, "extraction": 0.5}},
        "saas": {"number": 30, "revenue_usd": (1e6, 5e7), "mix": {"chat": 1.0, "coding": 1.0}},
    }
})


def catalogue(*extra: Model) -> Models:
    rows = [
        Model(name, creator, family, is_open, -1.0, size, size, (quality,) * 5, 1.0, 128_000, price_in, price_out)
        for name, creator, family, is_open, size, quality, price_in, price_out in ROWS
    ]
    return Models(tuple(sorted([*rows, *extra], key=lambda row: row.name)))


def quotes(models: Models, factor: float = 1.0) -> Quotes:
    into = 1e6 * factor * np.array([row.list_in_usd for row in models.rows])
    out = 1e6 * factor * np.array([row.list_out_usd for row in models.rows])
    count = len(models)
    return Quotes(np.ones(count, bool), into, out, into / 10, np.full(count, 0.5), np.full(count, 0.02))


def chooser_of(population: Population, models: Models, **choice: object) -> Chooser:
    migration = np.ones((len(models), len(models)))
    return Chooser(population, models, migration, Choice.model_validate(choice))


@pytest.fixture(scope="module")
def people() -> Population:
    return draw_population(SMALL, Streams(1, 0), 100.0)


# closed forms


@pytest.mark.analytical
@pytest.mark.parametrize("nests", [(0, 0, 0), (0, 1, 2), (0, 1, 0), (1, 1, 0)])
def test_nested_logit_without_correlation_is_plain_logit(nests):
    assert logit.logit_shares(EXAMPLE) == pytest.approx(SHARES, abs=5e-6)
    assert logit.nested_shares(EXAMPLE, np.array(nests), 1.0) == pytest.approx(SHARES, abs=5e-6)


@pytest.mark.analytical
def test_nested_shares_by_hand():
    """One nest of two equal alternatives, lambda .5: I = .5 ln 2 + V, share of each = e^I/(1 + e^I)/2."""
    shares = logit.nested_shares(np.array([0.3, 0.3]), np.array([0, 0]), 0.5)
    nest = np.exp(0.3) * np.sqrt(2)
    assert shares == pytest.approx([nest / (1 + nest) / 2] * 2, rel=1e-12)


@pytest.mark.analytical
@pytest.mark.parametrize("dissimilarity", [0.4, 0.8, 1.0])
def test_elasticities_and_surplus_are_derivatives(dissimilarity):
    """By finite differences: d ln s/d ln p is the matrix, d surplus/d p is minus the share (Roy's identity)."""
    nests, prices, alpha, step = np.array([0, 0, 1]), np.array([0.5, 0.4, 0.9]), 1.7, 1e-6
    quality = np.array([1.0, 0.7, 1.4])

    def shares(p: np.ndarray) -> np.ndarray:
        return logit.nested_shares(quality - alpha * p, nests, dissimilarity)

    matrix = logit.nested_elasticities(prices, shares(prices), nests, dissimilarity, alpha)
    for k in range(3):
        up, down = prices.copy(), prices.copy()
        up[k], down[k] = prices[k] * (1 + step), prices[k] * (1 - step)
        slope = (np.log(shares(up)) - np.log(shares(down))) / (np.log1p(step) - np.log1p(-step))
        assert matrix[:, k] == pytest.approx(slope, rel=1e-5, abs=1e-8)
        worth = [logit.nested_surplus(quality - alpha * p, nests, dissimilarity, alpha) for p in (up, down)]
        assert (worth[0] - worth[1]) / (up[k] - down[k]) == pytest.approx(-shares(prices)[k], rel=1e-5)
    if dissimilarity == 1:
        assert logit.logit_elasticities(prices, shares(prices), alpha) == pytest.approx(matrix)


@pytest.mark.analytical
def test_upgrade_probabilities():
    """Reference table: dq = 1, prices .1 and 1.5, alpha = 3, all prices divided by 1, 2, 5, 10, 20."""
    got = [logit.upgrade_probability(1.0, (1.5 - 0.1) / f, 3.0) for f in (1, 2, 5, 10, 20)]
    assert got == pytest.approx([0.039, 0.250, 0.540, 0.641, 0.688], abs=5e-4)


def test_an_absent_alternative_has_no_share():
    values = np.array([1.0, -np.inf, 0.5])
    shares = logit.nested_shares(values, np.array([0, 1, 0]), 0.5)
    assert shares[1] == 0
    assert shares[[0, 2]] == pytest.approx(logit.nested_shares(values[[0, 2]], np.array([0, 0]), 0.5))


# tastes


@pytest.mark.analytical
@pytest.mark.parametrize("dissimilarity", [0.3, 0.6, 1.0])
def test_tastes_give_nested_logit_shares(dissimilarity):
    """False-alarm probability below 1e-4 in all: 40,000 choices, tolerance 5 standard errors (at most .0125)."""
    keys = np.random.default_rng(5).integers(0, 2**64, 40_000, np.uint64)
    names, nests = ("a", "b", "c"), ("x", "y", "x")
    shocks = taste_shocks(keys, names, nests, dissimilarity)
    outside = -np.log(-np.log(uniforms(keys, ("outside",))))
    best = np.hstack([EXAMPLE + shocks, outside]).argmax(axis=1)
    got = np.bincount(best, minlength=4)[:3] / len(keys)
    want = logit.nested_shares(EXAMPLE, np.array([0, 1, 0]), dissimilarity)
    assert np.abs(got - want).max() < 5 * np.sqrt(0.25 / len(keys))


def test_a_taste_depends_on_the_names_only(people):
    few, many = catalogue(), catalogue(Model("aaa", "x", "y", True, 5.0, 1.0, 1.0, (0.5,) * 5, 1.0, 8000, 1.0, 1.0))
    before, after = chooser_of(people, few).tastes, chooser_of(people, many).tastes
    columns = [many.names.index(name) for name in few.names]
    assert (after[:, columns] == before).all()


def test_exponential_draws_have_mean_one():
    """Mean of 50,000: standard error .0045, tolerance 5 of them (false alarms below 1e-6)."""
    keys = np.arange(50_000, dtype=np.uint64)
    assert exponentials(keys, "review", np.zeros(50_000, np.int64)).mean() == pytest.approx(1.0, abs=0.0225)


# the population


def test_the_default_population_is_a_market(people):
    settings = CustomerSettings()
    everybody = draw_population(settings, Streams(7, 0), 548.0)
    first = everybody.entry_day == 0
    assert everybody.base_per_s[first].sum() == pytest.approx(settings.requests_per_s)
    assert sum(segment.number for segment in settings.segments.values()) >= 500
    whole = {(customer, template) for customer, template in zip(everybody.customer, everybody.template, strict=True)}
    per_customer = np.bincount([customer for customer, _ in whole])
    assert per_customer.min() >= 1
    assert per_customer.max() == 3
    planned = everybody.base_per_s * everybody.c0_usd * DAY_S
    assert (planned <= everybody.budget_usd_per_day).all()
    spent = np.bincount(everybody.customer, everybody.budget_usd_per_day)
    assert (spent <= everybody.customer_budget_usd_per_day * (1 + 1e-12)).all()
    by_size = np.sort(np.bincount(everybody.customer, everybody.base_per_s * everybody.prompt_tokens))[::-1]
    assert by_size[:10].sum() > 0.3 * by_size.sum()  # a few large customers, as on the real market
    share = np.log(everybody.value_usd[np.array(everybody.template) == "chat"])
    assert np.exp(np.subtract(*np.quantile(share, (0.9, 0.1)))) > 8


def test_a_further_segment_changes_nobody_elses_draws(people):
    more = SMALL.model_copy(update={"segments": {"new": Segment(number=20, revenue_usd=(1e5, 1e6), mix={"chat": 1.0}),
                                                 **SMALL.segments}})
    other = draw_population(more, Streams(1, 0), 100.0)
    rows = [other.names.index(name) for name in people.names]
    assert (other.key[rows] == people.key).all()
    assert (other.exit_day[rows] == people.exit_day).all()
    assert other.value_usd[rows] == pytest.approx(people.value_usd, rel=1e-15)
    ratio = other.base_per_s[rows] / people.base_per_s  # one common factor: the market's size is a setting
    assert ratio == pytest.approx(np.full(len(rows), other.reach / people.reach), rel=1e-12)


def test_wrong_settings_say_what_is_wrong():
    with pytest.raises(ValidationError, match=r"segments.a.mix names the template 'tea'"):
        CustomerSettings.model_validate({"segments": {"a": {"number": 1, "revenue_usd": (1, 2), "mix": {"tea": 1}}}})
    with pytest.raises(ValidationError, match="revenue_usd is 3 to 2; it must be above 0, in rising order"):
        Segment(number=1, revenue_usd=(3, 2), mix={"chat": 1})
    with pytest.raises(ScenarioError, match="no customer"):
        draw_population(CustomerSettings(segments={}), Streams(1, 0), 10.0)


# choices


def test_falling_prices_lift_quality_with_money_but_not_with_log_utility(people):
    """With log utility those who buy at any of the prices use the same model at all of them."""
    models, everybody = catalogue(), np.arange(len(people))
    nobody = np.full(len(people), -1)
    chosen: dict[str, list[np.ndarray]] = {"money": [], "log": []}
    for utility, found in chosen.items():
        chooser = chooser_of(people, models, utility=utility, budgets=False)
        for factor in (1.0, 0.5, 0.2, 0.1, 0.05):
            found.append(chooser.choose(everybody, nobody, quotes(models, factor)).model)
    money = [float(np.where(model >= 0, models.quality[0][model], 0.0).mean()) for model in chosen["money"]]
    assert np.all(np.diff(money) >= 0)
    assert money[-1] > money[0] + 0.02
    for model in chosen["log"][1:]:
        buys = chosen["log"][0] >= 0
        assert buys.sum() > 0.9 * len(people)
        assert (model[buys] == chosen["log"][0][buys]).all()


@pytest.mark.parametrize("utility", ["money", "log"])
@pytest.mark.parametrize("budgets", [True, False])
def test_all_controls_start_alike(people, utility, budgets):
    """Prices have fallen to a tenth: on the first day all choose as in money and within budgets at the old prices."""
    models, rows = catalogue(), np.flatnonzero(people.entry_day == 0)
    want = chooser_of(people, models).choose(rows, np.full(len(rows), -1), quotes(models))
    customers, desk = living(people, models, utility=utility, budgets=budgets, first_prices=10.0)
    desk.shown = quotes(models, 0.1)
    desk.env.run(until=DAY_S - 1)
    assert (customers.model[rows] == want.model).all()
    assert customers.cost_usd[rows] == pytest.approx(want.cost_usd / 10, nan_ok=True)


def test_without_budgets_nothing_is_out_of_reach(people):
    models, rows = catalogue(), np.arange(len(people))
    free, bound = (chooser_of(people, models, budgets=it) for it in (False, True))
    cost = people.c0_usd * 100
    assert np.isfinite(free.systematic_usd(rows, quotes(models, 1e3))).all()
    assert not np.isfinite(bound.systematic_usd(rows, quotes(models, 1e3))).any()
    assert (free.volume_per_s(rows, cost) > bound.volume_per_s(rows, cost)).all()


def test_waiting_takes_from_a_choice_what_its_seconds_are_worth(people):
    """A first token two seconds later and tokens .01 s slower, of answers as long as a model without many words has."""
    rows, shown = np.arange(len(people)), quotes(catalogue())
    chooser = chooser_of(people, catalogue(), budgets=False)
    slower = dataclasses.replace(shown, ttft_s=shown.ttft_s + 2.0, tpot_s=shown.tpot_s + 0.01)
    lost = chooser.systematic_usd(rows, shown) - chooser.systematic_usd(rows, slower)
    worth = people.latency_usd_per_s * (2.0 + 0.01 * people.output_tokens)
    assert worth.max() > 0  # extraction waits for nothing
    assert lost == pytest.approx(np.repeat(worth[:, None], len(ROWS), axis=1))


def test_log_utility_has_the_slope_of_money_at_the_first_choice(people):
    """Of two models' difference in utility, a cost that is one percent higher takes one percent of the first cost."""
    models = catalogue()
    customers, desk = living(people, models, utility="log", budgets=False)
    desk.env.run(until=DAY_S - 1)
    rows = np.flatnonzero(customers.model >= 0)
    first, here = customers.cost_usd[rows], np.arange(len(rows))
    utility = [customers.chooser.systematic_usd(rows, quotes(models, factor))[here, customers.model[rows]]
               for factor in (1.0, 1.01)]
    assert utility[0] - utility[1] == pytest.approx(first * np.log(1.01), rel=1e-6)


def test_the_budget_binds(people):
    """A model is out of reach exactly if the volume at its price costs more than the budget."""
    models, rows = catalogue(), np.arange(len(people))
    chooser, shown = chooser_of(people, models), quotes(models, 3.0)
    cost = chooser.cost_usd(rows, shown)
    factor = np.minimum((cost / people.c0_usd[:, None]) ** -people.elasticity[:, None], 3.0)
    spend = people.base_per_s[:, None] * factor * cost * DAY_S
    beyond = spend > people.budget_usd_per_day[:, None]
    assert 0 < beyond.sum() < beyond.size
    assert (np.isfinite(chooser.systematic_usd(rows, shown)) == ~beyond).all()


def test_volume_has_the_elasticity_it_was_given(people):
    chooser, rows = chooser_of(people, catalogue()), np.arange(len(people))
    at_reference = chooser.volume_per_s(rows, people.c0_usd)
    assert at_reference == pytest.approx(people.base_per_s)
    slope = np.log(chooser.volume_per_s(rows, people.c0_usd / 2) / at_reference) / np.log(0.5)
    assert slope == pytest.approx(-people.elasticity)
    assert (chooser.volume_per_s(rows, np.zeros(len(people))) <= 3.0 * people.base_per_s * (1 + 1e-12)).all()


def test_moves_that_are_not_considered_are_not_made(people):
    models = catalogue()
    migration = np.full((len(models), len(models)), np.inf)
    chooser = Chooser(people, models, migration, Choice(utility="log", budgets=False))
    chooser.outside[:] = -np.inf  # nobody would rather use none
    rows, held = np.arange(len(people)), np.full(len(people), 3)
    assert (chooser.choose(rows, held, quotes(models)).model == 3).all()
    gone = dataclasses.replace(quotes(models), available=np.arange(len(models)) != 3)
    after = chooser.choose(rows, held, gone).model
    assert (after != 3).all()
    assert len(set(after)) > 1


def test_an_inert_workload_needs_a_reason_to_move(people):
    models, rows = catalogue(), np.arange(len(people))
    held = np.full(len(people), 2)
    moved = []
    for cost in (0.0, 0.05, 0.5, 100.0):
        settings = SMALL.model_copy(update={"choice": Choice(switching_cost=cost)})
        inert = draw_population(settings, Streams(1, 0), 100.0)
        chosen = chooser_of(inert, models).choose(rows, held, quotes(models, 0.1)).model
        moved.append(int((chosen != held).sum()))
    assert moved == sorted(moved, reverse=True)
    assert moved[0] > 0 == moved[-1]


@pytest.mark.parametrize("held", [2, 3, 4])
def test_ties_go_to_the_model_in_use_then_to_the_first_by_name(people, held):
    """Five models that differ in name alone, without tastes and without a cost of moving."""
    same = Models(tuple(dataclasses.replace(catalogue().rows[1], name=f"m{number}") for number in range(5)))
    rows = np.arange(len(people))
    choice = Choice(utility="log", budgets=False, switching_cost=0.0)
    inert = draw_population(SMALL.model_copy(update={"choice": choice}), Streams(1, 0), 100.0)
    chooser = Chooser(inert, same, np.zeros((5, 5)), choice)
    chooser.tastes[:] = 0.0
    chooser.outside[:] = -np.inf  # nobody would rather use none
    assert (chooser.choose(rows, np.full(len(rows), held), quotes(same)).model == held).all()
    assert (chooser.choose(rows, np.full(len(rows), held), quotes(same)).gain_usd == 0).all()
    assert (chooser.choose(rows, np.full(len(rows), -1), quotes(same)).model == 0).all()


# parameter recovery


def test_an_independent_library_recovers_the_parameters():
    """Conditional logit of statsmodels on 4,000 simulated choices: truth inside the 95% intervals.

    One chance in twenty for each of two parameters under other seeds; the seed is fixed, so the outcome is too.
    """
    discrete = pytest.importorskip("statsmodels.discrete.conditional_models")
    rng = np.random.default_rng(11)
    groups, alternatives, price_effect, quality_effect = 4000, 4, -1.5, 2.0
    price = rng.uniform(0.1, 2.0, (groups, alternatives))
    quality = rng.uniform(0.0, 1.5, (groups, alternatives))
    shocks = taste_shocks(rng.integers(0, 2**64, groups, np.uint64), tuple("abcd"), tuple("abcd"), 1.0)
    best = (price_effect * price + quality_effect * quality + shocks).argmax(axis=1)
    chosen = np.arange(alternatives) == best[:, None]
    columns = np.column_stack([price.ravel(), quality.ravel()])
    fit = discrete.ConditionalLogit(chosen.ravel().astype(float), columns,
                                    groups=np.repeat(np.arange(groups), alternatives)).fit(disp=False)
    intervals = fit.conf_int(0.05)
    for truth, (low, high) in zip((price_effect, quality_effect), intervals, strict=True):
        assert low < truth < high
        assert high - low < 0.4


# the calendar


class DeskOfTests:
    """A desk whose prices and models the test sets by hand."""

    def __init__(self, models: Models) -> None:
        self.env, self.models, self.shown = simpy.Environment(), models, quotes(models)

    def released(self) -> np.ndarray:
        return self.shown.available

    def paid_pico_per_token(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        return self.shown.input_pico, self.shown.output_pico, self.shown.cached_pico

    def latency_s(self) -> tuple[np.ndarray, np.ndarray]:
        return self.shown.ttft_s, self.shown.tpot_s


def living(people: Population, models: Models, **choice: object) -> tuple[Customers, DeskOfTests]:
    desk = DeskOfTests(models)
    customers = Customers(people, models, np.ones((len(models),) * 2), Choice.model_validate(choice))
    desk.env.process(customers.process(desk))
    return customers, desk


def test_workloads_enter_buy_and_leave(people):
    customers, desk = living(people, catalogue())
    for day in range(1, 100, 7):
        desk.env.run(until=day * DAY_S - 1)
        there = people.present(day - 1 / SHIFTS)  # when they last acted
        assert (customers.model[~there] == -1).all()
        assert (customers.rate_per_s[customers.model < 0] == 0).all()
        assert (customers.rate_per_s[customers.model >= 0] > 0).all()
        assert (customers.surplus_usd_per_request[~there] == 0).all()
    entered = [switch for switch in customers.switches if switch.reason == "entry"]
    assert any(switch.time_s > 0 for switch in entered)
    assert {switch.reason for switch in customers.switches} >= {"entry", "exit"}
    model = np.full(len(people), -1)
    for switch in customers.switches:  # the log tells the whole story
        assert model[switch.workload] == switch.before != switch.after
        model[switch.workload] = switch.after
    assert (model == customers.model).all()


def test_when_a_model_is_gone_everybody_leaves_it(people):
    customers, desk = living(people, catalogue())
    desk.env.run(until=DAY_S - 1)
    favourite = int(np.bincount(customers.model[customers.model >= 0]).argmax())
    users = np.flatnonzero(customers.model == favourite)
    assert people.loyal[users].any()
    desk.shown = dataclasses.replace(desk.shown, available=np.arange(len(desk.models)) != favourite)
    desk.env.run(until=2 * DAY_S - 1)
    assert not (customers.model == favourite).any()
    assert set(users) <= {switch.workload for switch in customers.switches if switch.reason in ("gone", "exit")}


def test_a_wordy_model_needs_a_longer_context(people):
    """What must fit is the prompt and an answer of the model's own length, at the length of a long request."""
    even = dataclasses.replace(people, length_sigma=np.zeros(len(people)), quality_floor=np.zeros(len(people)))
    needed = np.floor(even.prompt_tokens[0] + even.output_tokens[0] * 3.0) + 1

    def fits(verbosity: float, context: int) -> bool:
        model = dataclasses.replace(catalogue().rows[0], verbosity=verbosity, context_tokens=context)
        return bool(_suitable(even, Models((model,)), np.ones((len(even), 1)))[0, 0])

    assert (fits(3.0, int(needed)), fits(3.0, int(needed) - 2)) == (True, False)
    assert fits(1.0, int(needed) - 2)


def test_planned_tokens_are_what_the_requests_of_a_day_hold(people):
    customers, desk = living(people, catalogue())
    assert (customers.planned_tokens() == 0).all()
    desk.env.run(until=DAY_S - 1)
    planned, using = customers.planned_tokens(), customers.model >= 0
    row = int(np.flatnonzero(using)[0])
    verbosity = desk.models.verbosity[customers.model[row]]
    request = people.prompt_tokens[row] + people.output_tokens[row] * verbosity
    assert planned[row] == pytest.approx(customers.rate_per_s[row] * DAY_S * request, rel=1e-12)
    assert (planned[~using] == 0).all()


def test_the_loyal_stay_whatever_it_costs(people):
    customers, desk = living(people, catalogue(), reviews_per_month=30.0)
    desk.env.run(until=DAY_S - 1)
    before = customers.model.copy()
    desk.shown = quotes(desk.models, 30.0)
    desk.env.run(until=2 * DAY_S - 1)
    held = (before >= 0) & people.present(2 - 1 / SHIFTS)
    assert (customers.model[held & people.loyal] == before[held & people.loyal]).all()
    assert (customers.model[held & ~people.loyal] != before[held & ~people.loyal]).any()
    assert any(switch.reason == "bill" for switch in customers.switches)
    spend = customers.rate_per_s * np.nan_to_num(customers.cost_usd) * DAY_S
    assert (spend <= people.budget_usd_per_day * people.growth(2 - 1 / SHIFTS) * (1 + 1e-12)).all()


def test_bills_are_looked_at_all_day_long(people):
    customers, desk = living(people, catalogue(), loyal_share=0.0)
    desk.env.run(until=DAY_S - 1)
    desk.shown = quotes(desk.models, 30.0)  # as at the end of a day on which everything was dear
    desk.env.run(until=2 * DAY_S - 1)
    hours = [switch.time_s % DAY_S / 3600 for switch in customers.switches if switch.reason == "bill"]
    assert set(hours) == {0.0, 6.0, 12.0, 18.0}


def test_a_release_is_noticed_over_weeks(people):
    better = Model("zenith", "z", "z", False, 5.0, 1.0, 1.0, (0.99,) * 5, 1.0, 128_000, 0.01, 0.01)
    models = catalogue(better)
    customers, desk = living(people, models, release_attention=1.0, release_lag_days=10.0)
    new = np.array(models.names) == "zenith"
    desk.shown = dataclasses.replace(desk.shown, available=~new)
    desk.env.run(until=5 * DAY_S - 1)
    desk.shown = dataclasses.replace(desk.shown, available=np.ones(len(models), bool))
    using = []
    for day in (6, 16, 60):
        desk.env.run(until=day * DAY_S - 1)
        free = people.present(day - 1) & ~people.loyal & (people.entry_day == 0)
        using.append(float((customers.model[free] == np.flatnonzero(new)[0]).mean()))
    assert using[0] < 0.25 < using[1] < 0.8 < using[2]
    assert any(switch.reason == "release" and switch.gain_usd > 0 for switch in customers.switches)


def test_nothing_for_sale_is_no_traceback(people):
    customers, desk = living(people, catalogue())
    nothing = np.full(len(desk.models), np.nan)
    desk.shown = Quotes(np.zeros(len(desk.models), bool), nothing, nothing, nothing, nothing, nothing)
    desk.env.run(until=10 * DAY_S)
    assert (customers.model == -1).all()
    assert customers.rate_per_s.sum() == 0
    assert customers.switches == []


def test_everything_free_is_no_traceback(people):
    for utility in ("money", "log"):
        customers, desk = living(people, catalogue(), utility=utility)
        desk.shown = quotes(desk.models, 0.0)
        desk.env.run(until=3 * DAY_S)
        assert np.isfinite(customers.rate_per_s).all()
        assert (customers.model >= 0).any()
