"""Gates of a market: each passes a market built to pass it, fails one built to fail it, and says when it cannot."""

import math
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from experiments.measures.market.gate_facts import facts, facts_table
from experiments.report.standing import of_gates
from experiments.runs.rules_in_use import policies_in_use
from experiments.validation.gates import certificate, own_shock
from experiments.validation.gates.gate import Gate, band, judged, rows, told, unsaid, verdict
from experiments.validation.gates.gate_runs import facts_by_seed, has_entry, host_choices, variants
from experiments.validation.gates.own_shock import gates, own_cost, pass_through
from experiments.validation.gates.run_gates import (
    AS_IT_IS,
    EXPONENTS,
    SHOCK,
    choice,
    entry,
    gpu_cost,
    of_runs,
    outside_good,
    rule,
    variant_of,
)
from sim.market.hosts import EntryValue, HostRecord
from sim.market.posting import Posting
from sim.scenario.pricing_settings import PricingChoice
from worlds.hand_market import hand_market, priced
from worlds.small_markets import small


def said(findings):
    return [it.said for it in findings]


def of_result(result, exponent=2.0):
    """The facts of a result, as the gates get them."""
    return facts_by_seed(facts_table(result, [math.nan if exponent is None else exponent]).assign(replication=0))[0]


# the core: a band, and what is said over seeds

def test_a_verdict_is_of_the_mean_over_seeds_and_a_number_that_lacks_is_none():
    gate = Gate("g", "", 0.8, 1.2)
    found = judged(gate, [1.0, 1.4])
    assert (found.value, found.said) == (1.2, "pass")
    assert found.std_error == pytest.approx(0.2)
    assert judged(gate, [1.0, 1.5]).said == "miss"
    lacking = judged(gate, [1.0, math.nan])
    assert (lacking.said, lacking.note) == ("cannot be said", "1 of 2 runs have no such number")
    assert judged(gate, []).said == "cannot be said"
    assert math.isnan(judged(gate, [1.0]).std_error)


def test_all_pass_only_if_every_gate_does():
    gate = Gate("g", "", 0, 1)
    assert verdict([judged(gate, [0.5]), told(gate, [7.0])]) == "pass"
    assert verdict([judged(gate, [0.5]), unsaid(gate, "why")]) == "cannot be said"
    assert verdict([unsaid(gate, "why"), judged(gate, [2.0])]) == "miss"
    assert verdict([]) == verdict([told(gate, [0.5])]) == "cannot be said"
    assert band(Gate("g", "", math.nextafter(0, 1))) == "> 0"
    assert rows([judged(gate, [0.5], "n")])[1] == ("g", "", "0.5", "", "0 to 1", "pass", "n")


# choice

def test_choice_passes_where_prices_differ_and_fails_where_all_charge_the_same():
    many, alike = priced(3.0), priced(3.0)
    alike = replace(alike, prices_daily=np.ones_like(alike.prices_daily))
    assert said(choice([of_result(many)])) == ["pass", "pass", "told", "told"]
    assert said(choice([of_result(alike)]))[:2] == ["miss", "miss"]
    two = list(choice([of_result(hand_market())]))  # mid has two sellers; big, closed, has one
    assert [it.value for it in two] == [1, 0, 0, 0]
    assert said(two) == ["pass", "miss", "told", "told"]


# the rule: four sellers with a quarter each; e is 1.5 at k = 2, 3 at 4, 6 at 8

RIGHT = {2.0: 3.0, 4.0: 1.5, 8.0: 1.2}


def of_rule(markups, prices=(1.0, 0.9, 0.8), sellers=(9.0, 7.0, 5.0)):
    """Facts of runs at the three exponents."""
    found = {}
    for (exponent, markup), price, count in zip(markups.items(), prices, sellers, strict=True):
        got = {**of_result(priced(markup), exponent), "open_tokens": {"mid": 1e6}, "open_usd": {"mid": price}}
        found[variant_of(exponent)] = [{**got, "open_price": {"": price}, "open_sellers": {"": count}}] * 2
    return found


def test_sellers_who_answer_the_rule_pass_and_a_markup_on_cost_does_not():
    answers = list(rule(of_rule(RIGHT), True))
    assert said(answers) == ["pass"] * 4 + ["told", "pass"]
    assert [it.value for it in answers] == pytest.approx([1, 1, 1, 0.2, 0.2, 4])
    imitation = list(rule(of_rule(dict.fromkeys(RIGHT, 1.5), (1.0, 1.0, 1.0), (9.0, 9.0, 9.0)), True))
    assert [it.value for it in imitation] == pytest.approx([0.5, 1.0, 1.25, 0, 0, 0])
    assert said(imitation) == ["miss", "pass", "miss", "miss", "told", "miss"]


def test_a_rule_that_cannot_be_answered_says_nothing():
    """Two sellers with half each: e is 1 at k = 2."""
    alone = {name: [of_result(priced(3.0, sellers=2), 2.0)] for name in map(variant_of, RIGHT)}
    assert said(rule(alone, True))[:3] == ["cannot be said"] * 3
    assert said(rule({}, True)) == ["cannot be said"] * 5
    assert said(rule(of_rule(RIGHT), False))[-1] == "cannot be said"
    assert math.isnan(of_result(priced(3.0), None)["over_rule"][""])


def of_mix(lax, strict):
    """Return what the price gates say: tokens (millions) and price (USD per million) by model, at k = 2 and at 8."""
    def facts_at(sold):
        usd = {of: tokens * price for of, (tokens, price) in sold.items()}
        average = sum(usd.values()) / sum(tokens for tokens, _ in sold.values())
        return {"open_tokens": {of: 1e6 * tokens for of, (tokens, _) in sold.items()}, "open_usd": usd,
                "open_price": {"": average}, "open_sellers": {"": 9.0}}
    runs = {variant_of(2.0): [facts_at(lax)], variant_of(8.0): [facts_at(strict)]}
    return {it.gate.name: it for it in rule(runs, True)}


def test_the_price_paid_falls_though_customers_climb_to_the_dearer_model():
    """Of 100 tokens 80 are of the small model at 1 USD, then 50 at .75; the big one's fall from 5 to 4.

    At the first mix 80 + 100 = 180 USD become 60 + 80 = 140, at the second 50 + 250 = 300 become 37.5 + 200 = 237.5;
    the average token's price rises from 1.8 to 2.375.
    """
    found = of_mix({"small": (80, 1.0), "big": (20, 5.0)}, {"small": (50, 0.75), "big": (50, 4.0)})
    held, average = found["rule: price paid"], found["average price paid"]
    assert held.value == pytest.approx(1 - math.sqrt(140 / 180 * 237.5 / 300))
    assert (held.said, average.said) == ("pass", "told")
    assert average.value == pytest.approx(1 - 2.375 / 1.8)
    assert held.note == ("22.2% at the mix of k = 2, 20.8% at that of k = 8; "
                         "models and months sold in both are 100% and 100% of tokens")


def test_an_average_that_falls_by_the_mix_alone_passes_no_gate():
    """All prices stand, and half of the customers go from the big model to the small one: the average falls by 44 %."""
    found = of_mix({"small": (50, 1.0), "big": (50, 5.0)}, {"small": (83, 1.0), "big": (17, 5.0)})
    assert found["average price paid"].value == pytest.approx(1 - 1.68 / 3)
    assert (found["rule: price paid"].value, found["rule: price paid"].said) == (pytest.approx(0), "miss")


def test_prices_are_compared_where_both_runs_sold_the_model_in_that_month():
    """A quarter of the first run's tokens has nothing beside it, and a third of the second's."""
    found = of_mix({"1 a": (30, 2.0), "2 a": (10, 9.0)}, {"1 a": (20, 1.0), "1 b": (10, 0.1)})
    assert found["rule: price paid"].value == pytest.approx(0.5)
    assert found["rule: price paid"].note.endswith("sold in both are 75% and 67% of tokens")
    nothing = of_mix({"1 a": (30, 2.0)}, {"2 a": (20, 1.0)})["rule: price paid"]
    assert (nothing.said, nothing.note) == (
        "cannot be said", "a pair of runs has no open model that sold in the same month of both")


def test_every_marketplace_with_an_exponent_gets_another():
    classic = {"kind": "openrouter_classic"}
    market = small(router={"policy": classic}, marketplaces={
        "own": {"policy": {**classic, "k": 4}}, "routers": {}, "floor": {"policy": {"kind": "openrouter_floor"}}})
    found = {name: [policy.values for policy in policies_in_use(case).values()]
             for name, case in variants(market).items()}
    assert list(found) == [AS_IT_IS, *map(variant_of, EXPONENTS), SHOCK]
    assert [values.k for values in found[variant_of(8.0)][:2]] == [8, 8]
    assert found[variant_of(8.0)][2] == found[AS_IT_IS][2]
    assert variants(small(router={"policy": {**classic, "k": 2}}))[variant_of(2.0)] == small(
        router={"policy": {**classic, "k": 2}})


# entry

def entrants(worth, realised):
    """Return a market that asked 100 types outside on two days, and of whose two cohorts the first has the capital."""
    values = [EntryValue(day, f"t{i}", 1.0 if i < count else -1.0)
              for day, count in zip((91, 182), worth, strict=True) for i in range(100)]
    hosts = [HostRecord("h0", 10, None, ("mid",), 90.0, 500.0, 100.0, 100.0 * realised[0]),
             HostRecord("h1", 100, 150, ("mid",), 10.0, 500.0, 50.0, 50.0 * realised[1])]
    return of_result(replace(hand_market(), entry_values=values, hosts=hosts))


def test_free_entry_leaves_few_outside_who_would_gain_and_pays_what_was_expected():
    free = list(entry([entrants((5, 0), (1.0, 1.0))], True))
    assert said(free) == ["pass", "pass"]
    assert [it.value for it in free] == pytest.approx([0.05, 1.0])
    shut = list(entry([entrants((0, 6), (0.8, 1.3))], True))
    assert [it.value for it in shut] == pytest.approx([0.06, 0.9 * 0.8 + 0.1 * 1.3])
    assert said(shut) == ["miss", "pass"]
    assert said(entry([entrants((0, 0), (0.8, 0.7))], True)) == ["pass", "miss"]
    assert shut[0].note == "first run, by day: 91: 0/100, 182: 6/100"
    assert shut[1].note == "first run, by quarter of entry: 0: 0.80, 1: 1.30"


def test_without_records_of_entry_nothing_is_said():
    bare = of_result(replace(hand_market(), hosts=[], entry_values=[]))
    for findings in (entry([bare], True), entry([entrants((0, 0), (1.0, 1.0))], False), entry([], True)):
        assert said(findings) == ["cannot be said"] * 2


# what GPUs cost

def shocked(prices_by, costs_by, listed=False):
    """Return the facts of a run before and after a change of costs; at list prices, or not."""
    def run(price_factor, cost_factor):
        posts = [Posting(0.0, row, 3.0 * price_factor, 1.0 * cost_factor, listed and row == 1, True) for row in (1, 2)]
        result = hand_market()
        return of_result(replace(result, postings=posts, prices_daily=np.round(
            result.prices_daily * price_factor).astype(np.int64)))
    return [run(1.0, 1.0)], [run(prices_by, costs_by)]


def test_costs_of_gpus_reach_prices_as_far_as_costs_and_lists_let_them():
    assert said(gpu_cost(*shocked(1.2, 1.2))) == ["pass", "pass"]
    half = list(gpu_cost(*shocked(1.2 ** 0.5, 1.2 ** 0.5)))  # GPUs are half of cost
    assert [it.value for it in half] == pytest.approx([1, 1], rel=1e-3)
    # a, at list prices, sold 81 of 244 thousand tokens: two thirds of the rise are predicted, and .4 too little;
    # and it was the cheapest at 4 of 7 days and qualities: of 3/7 of the rise, .4 are .93
    held = list(gpu_cost(*shocked(1.2 ** 0.4, 1.2, listed=True)))
    assert [it.value for it in held] == pytest.approx([0.4 * 244 / 163, 0.4 * 7 / 3], rel=1e-3)
    assert said(held) == ["miss", "pass"]
    assert said(gpu_cost(*shocked(1.0, 1.2))) == ["miss", "miss"]


def test_without_a_run_of_dearer_gpus_nothing_is_said():
    assert said(gpu_cost([of_result(hand_market())], [])) == ["cannot be said"] * 2
    assert said(gpu_cost(*shocked(1.0, 1.0))) == ["cannot be said"] * 2  # no cost moved: nothing to pass on


# one seller's cost

def test_answers_to_the_rule_pass_on_what_theory_says():
    findings = list(own_cost({PricingChoice(kind="best_response_router"): 3}))
    assert said(findings) == ["pass"] * 6
    assert [it.value for it in findings] == pytest.approx([1 / 3, 0.6, 0.8, 0.5, 0.64, 0.81], abs=0.02)
    assert [(it.gate.low, it.gate.high) for it in findings][:2] == [(0.263, 0.403), (0.53, 0.67)]


@pytest.mark.parametrize(("choices", "value"), [
    ({PricingChoice(kind="cost_plus", learning_rate=0.0): 1}, 1.0),
    ({PricingChoice(kind="constant"): 1}, 0.0),
    # a mean of the two would look like rivals who answer among three sellers
    ({PricingChoice(kind="cost_plus", learning_rate=0.0): 1, PricingChoice(kind="constant"): 1}, 0.0),
])
def test_imitations_fail_the_pair(choices, value):
    findings = list(own_cost(choices))
    assert [it.value for it in findings] == pytest.approx([value] * 6, abs=0.01)
    assert said(findings) == ["miss"] * 6


def test_without_hosts_nothing_is_said_of_them():
    assert said(own_cost({})) == ["cannot be said"] * 6
    assert len(gates()) == 6


def test_sellers_are_played_with_the_same_draws_before_and_after():
    """Jumps that ignore costs cancel: what is left is what the cost did, here nothing."""
    assert pass_through(PricingChoice(kind="menu_cost", floor_cost_share=0.0), 5, True) == 0.0


def test_prices_that_are_drawn_are_played_many_times(monkeypatch):
    """Jumps differ between games, so their mean over twenty is no single path's; who draws nothing plays once."""
    played = []

    def level(*given):
        played.append(given[-1])
        return 0.01 * given[-1].number, drawn

    monkeypatch.setattr(own_shock, "_level", level)
    drawn = True
    assert pass_through(PricingChoice(kind="menu_cost"), 3, False) == 0.0
    assert [game.number for game in played[::2]] == list(range(20))
    assert {game.rise for game in played} == {1.0, 1.1}
    played.clear()
    drawn = False
    pass_through(PricingChoice(kind="constant"), 3, False)
    assert len(played) == 2


# the outside good

@pytest.mark.parametrize(("share", "want"), [(0.06, "pass"), (0.59, "pass"), (0.04, "miss"), (0.61, "miss")])
def test_the_outside_good_is_bought_by_some(share, want):
    found = outside_good([{"outside_uses": {"": share - 0.03}, "direct_uses": {"": 0.03}}])
    assert (found.value, found.said) == (pytest.approx(share), want)
    assert found.note == f"directly from labs 3.0%, nothing {share - 0.03:.1%}"


def test_a_market_that_does_not_count_uses_says_nothing_of_them():
    assert outside_good([{}]).said == "cannot be said"


# runs

def test_every_gate_is_asked_and_none_passes_without_its_input():
    findings = list(of_runs({AS_IT_IS: [{}], SHOCK: [{}], variant_of(2.0): [{}]}, True))
    assert {it.said for it in findings} == {"cannot be said", "told"}
    assert len({it.gate.name for it in findings}) == len(findings) == 14


def test_variants_differ_in_the_rule_or_in_what_gpus_cost():
    market = small()
    found = variants(market)
    assert list(found) == [AS_IT_IS, "k = 2", "k = 4", "k = 8", SHOCK]
    assert found["k = 8"].router.policy.parameters["k"] == 8
    assert found["k = 8"].supply == market.supply
    assert found["k = 2"] == market  # the router's own: the same run
    dear, cheap = found[SHOCK].supply, market.supply
    assert found[SHOCK].router == market.router
    for name in ("h100_usd_per_hour", "trough_usd_per_hour", "recovered_usd_per_hour"):
        assert getattr(dear.gpu_prices, name) == pytest.approx(1.2 * getattr(cheap.gpu_prices, name))
    assert dear.ownership.capex_usd == pytest.approx(1.2 * cheap.ownership.capex_usd)
    assert list(variants(small(router={"policy": {"kind": "random"}}))) == [AS_IT_IS, SHOCK]


def test_hosts_are_counted_by_strategy():
    assert {choice.kind: count for choice, count in host_choices(small()).items()} == {"menu_cost": 1, "undercut": 1}
    assert not has_entry(small())


def test_a_table_of_facts_comes_back_as_facts():
    table = facts_table(hand_market(), [2.0])
    assert list(table.columns) == ["fact", "of", "value"]
    assert facts_by_seed(table.assign(replication=0))[0].keys() == {it.fact for it in facts(hand_market(), [2.0])}


# the certificate

@pytest.fixture
def kept(tmp_path, monkeypatch):
    """Keep certificates in a folder of the test's own; return a function that keeps one with some verdicts."""
    monkeypatch.setattr(certificate, "place_of", lambda digest: tmp_path / "certificates" / f"{digest}.json")
    monkeypatch.setattr(certificate, "market_digest", lambda scenario: scenario["name"])

    def keep(values, code="code"):
        findings = [judged(Gate(f"g{i}", "asks", 0, 1), [value]) for i, value in enumerate(values)]
        return certificate.keep(certificate.certificate_text("m", "abc", code, 1, findings), "abc")
    return keep


@pytest.mark.parametrize(("values", "standing", "words"), [
    ([0.5, 0.5], "passed", "this market passed all 2 gates over 1 seed"),
    ([0.5, 2.0, math.nan], "failed",
     "this market passed 1 of 3 gates over 1 seed and missed 1; of 1 nothing can be said"),
    ([0.5, math.nan], "open", "this market passed 1 of 2 gates over 1 seed and missed 0; of 1 nothing can be said"),
])
def test_a_certificate_is_read_as_it_was_kept(kept, values, standing, words):
    kept(values)
    status = certificate.status_of("abc", "code")
    assert (status.standing, status.sentence) == (standing, words)
    assert [it.gate for it in status.gates] == [f"g{i}" for i in range(len(values))]


def test_a_certificate_of_other_code_is_stale_and_of_another_market_missing(kept):
    kept([0.5, 2.0])
    status = certificate.status_of("abc", "other")
    assert status.standing == "stale"
    assert "other code (1 of 2 gates passed then)" in status.sentence
    assert certificate.status_of("abd", "code").standing == "missing"
    assert certificate.status_in({"scenario": {"name": "abc"}, "code": "of a run by older code"}).standing == "stale"


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"market": "abc", "code": "code", "gates": []}', "\x00"])
def test_what_is_no_certificate_certifies_nothing(kept, text):
    path = kept([0.5])
    path.write_text(text)
    assert certificate.status_of("abc", "code").standing == "missing"


def test_a_certificate_in_the_place_of_another_certifies_nothing(kept):
    path = kept([0.5])
    path.write_text(path.read_text().replace('"market": "abc"', '"market": "abd"'))
    assert certificate.status_of("abc", "code").standing == "missing"


def test_the_report_says_where_a_certificate_lacks_and_tells_the_gates_where_not(kept):
    market = SimpleNamespace(scenario={"customers": {}}, manifest={"scenario": {"name": "abc"}, "code": None})
    [section] = of_gates(market)
    assert section.blocks[0].text.startswith("No certificate of this market was found")
    assert len(section.blocks) == 1
    kept([0.5], code="")
    [section] = of_gates(market)
    assert section.blocks[0].text.startswith("This market passed all 1 gates over 1 seed. ")
    assert section.blocks[1].rows == (("g0", "0.5", "0 to 1", "pass", ""),)
    assert of_gates(SimpleNamespace(scenario={"demand": {}}, manifest={})) == []
