"""What firms learn of the requests that they serve, and what that does to their costs, prices and fleets."""

from dataclasses import replace

import numpy as np
import pytest

from providers.around import Around
from providers.cost.unit_cost import Shape, Spread, capacity
from providers.firms.served import ServedRequests
from providers.firms.shelf import planned_offers
from providers.firms.supply_side import build_supply
from sim.market.usage import OfferDay
from sim.scenario.firm_settings import Adoption, Costing, Firm, PoolSettings, Shelf, SupplySettings
from sim.streams import Streams
from sim.units import DAY_S
from worlds.fake_desk import FakeDesk, model, models_of

SHELF = Shelf(cached_share=0.1, prior_requests=1000.0, mix_memory_days=10.0)
KEEP = np.exp(-0.1)


def host(*, cache=False, repeats="computed", **fields):
    fields.setdefault("pricing", {"kind": "cost_plus", "learning_rate": 0.0, "review_days": 1.0, "grid_usd": 1e-6})
    engine = {"prefix_cache": cache, "repeats": repeats}
    return Firm(pools=(PoolSettings(gpu="h200-sxm", count=16, tenure="rented"),), engine=engine,
                adoption=Adoption(probability=1), **fields)


def learner(firms, *models, shelf=SHELF, **rules):
    supply, rows = SupplySettings(firms=firms, shelf=shelf, **rules), models_of(*models)
    planned = [offer for name in firms for offer in planned_offers(name, supply, rows, Streams(7, 0), Around(30.0))]
    planned.sort(key=lambda offer: (offer.model.name, offer.firm))
    return ServedRequests(planned, supply), planned


def day(count, **columns):
    zeros = {name: np.zeros(count, np.int64) for name in OfferDay.__dataclass_fields__}
    return OfferDay(**zeros | {name: np.array(values) for name, values in columns.items()})


def test_before_anything_was_served_a_request_is_the_prior_with_the_model_s_verbosity():
    wordy = replace(model("wordy"), verbosity=3.0)
    served, planned = learner({"a": host(), "b": host(cache=True), "c": host(repeats="found")}, wordy)
    assert planned[2].hardware.prior == planned[1].hardware.prior
    unlike = pytest.approx((np.exp(0.64), np.exp(0.64), 1.0))  # log-normal, of a standard deviation of .8
    for row, found in enumerate((0, 600)):
        for shape in (served.shape(row), planned[row].hardware.prior):
            assert shape[:3] == (6000, 1200, found)
            assert shape.spread == unlike
    assert [served.billed(row) for row in range(3)] == [pytest.approx((5400 / 7200, 1200 / 7200, 600 / 7200))] * 3
    assert served.capacity(0) is planned[0].hardware.capacity


def test_means_by_hand():
    """S6: an offer's requests beside 1,000 of its model, which are the model's requests beside 1,000 of the prior."""
    served, _ = learner({"a": host(), "b": host(), "c": host(cache=True)}, model("mid"))
    served.learn(day(3, served=[3000, 0, 1000], prompt_tokens=[9_000_000, 0, 10_000_000],
                     output_tokens=[600_000, 0, 700_000], cached_tokens=[1_500_000, 0, 8_000_000]))
    prompt = (19_000_000 + 1000 * 6000) / (4000 + 1000)  # of the model: 5,000
    output = (1_300_000 + 1000 * 400) / 5000  # 340
    plain, caching = (1_500_000 + 600_000) / 4000, (8_000_000 + 600_000) / 2000  # 525 and 4,300
    assert served.prompt == pytest.approx([(9e6 + 1000 * prompt) / 4000, prompt, (10e6 + 1000 * prompt) / 2000])
    assert served.output == pytest.approx([(6e5 + 1000 * output) / 4000, output, (7e5 + 1000 * output) / 2000])
    assert served.cached == pytest.approx([(1.5e6 + 1000 * plain) / 4000, plain, (8e6 + 1000 * caching) / 2000])
    # only what a cache had is not computed
    assert [served.shape(row).found for row in range(3)] == pytest.approx([0, 0, served.cached[2]])


def test_how_unlike_requests_are_is_learned_of_the_model():
    """E170: 3,000 requests of which squares are told, beside 1,000 of the prior's."""
    served, _ = learner({"a": host(), "b": host()}, model("mid"))
    prior = np.array([6000.0**2, 400.0**2, 6000 * 400.0]) * [np.exp(0.64), np.exp(0.64), 1.0]
    told = np.array([9e7, 4e5, 1.5e6])
    served.learn(day(2, served=[2000, 1000], prompt_tokens=[8_000_000, 1_000_000], output_tokens=[400_000, 200_000],
                     moments=[told, told]))
    prompt, output = (9_000_000 + 6_000_000) / 4000, (600_000 + 400_000) / 4000
    means = (3000 * told + 1000 * prior) / 4000
    expected = means / [prompt**2, output**2, prompt * output]
    assert [served.shape(row).spread for row in (0, 1)] == [pytest.approx(tuple(expected))] * 2
    plain, _ = learner({"a": host(), "b": host()}, model("mid"))
    plain.learn(day(2, served=[2000, 1000], prompt_tokens=[8_000_000, 1_000_000], output_tokens=[400_000, 200_000]))
    alone, _ = learner({"a": host()}, model("mid"))
    lengths = {"served": [10**6], "prompt_tokens": [6 * 10**9], "output_tokens": [4 * 10**8]}
    first = alone.capacity(0)
    alone.learn(day(1, **lengths, moments=[3 * prior]))
    assert (alone.prompt[0], alone.output[0]) == pytest.approx((6000, 400))
    assert alone.capacity(0).requests_per_s < first.requests_per_s  # nothing but that has changed
    # prompts that are more unlike leave a replica less
    assert served.spread[0, 0] > plain.spread[0, 0]
    assert served.capacity(0).requests_per_s < plain.capacity(0).requests_per_s


def test_what_was_served_fades_by_the_day():
    served, _ = learner({"a": host()}, model("mid"))
    served.learn(day(1, served=[2000], prompt_tokens=[2_000_000], output_tokens=[2_000_000]))
    served.learn(day(1, served=[500], prompt_tokens=[4_000_000], output_tokens=[50_000]))
    requests, prompt = 2000 * KEEP + 500, 2_000_000 * KEEP + 4_000_000
    of_model = (prompt + 1000 * 6000) / (requests + 1000)
    assert served.prompt[0] == pytest.approx((prompt + 1000 * of_model) / (requests + 1000))
    for _ in range(2000):
        served.learn(day(1))
    assert served.shape(0)[:2] == pytest.approx((6000, 400))


def test_an_offer_of_another_model_learns_nothing_from_it():
    served, _ = learner({"a": host()}, model("mid"), model("other", total_b=8.0))
    served.learn(day(2, served=[5000, 0], prompt_tokens=[50_000_000, 0], output_tokens=[5_000_000, 0],
                     cached_tokens=[25_000_000, 0]))
    assert served.shape(1)[:3] == (6000, 400, 0)
    assert served.cached[1] == pytest.approx(600)
    assert served.shape(0).prompt > 9000


def test_capacity_is_reckoned_again_when_requests_have_changed():
    served, _ = learner({"a": host()}, model("mid"))
    first = served.capacity(0)
    served.learn(day(1, served=[1000], prompt_tokens=[6_020_000], output_tokens=[400_000]))
    assert served.capacity(0) is first
    served.learn(day(1, served=[10**6], prompt_tokens=[10**9], output_tokens=[2 * 10**9]))
    able = served.capacity(0)
    assert able.batch > 4 * first.batch  # answers, not prompts, now take the time of a step
    assert (served.prompt_s[0], served.output_s[0], served.requests_per_s[0]) == (
        able.prompt_s, able.output_s, able.requests_per_s)
    assert able.work_s(served.prompt[0], served.output[0]) * able.requests_per_s == pytest.approx(1, rel=0.01)


def test_on_the_thirtieth_day_software_is_faster():
    served, planned = learner({"a": host()}, model("mid"), costing=Costing(software_per_year=1.4))
    for _ in range(29):
        served.learn(day(1))
    assert served.requests_per_s[0] == planned[0].hardware.capacity.requests_per_s
    served.learn(day(1))
    assert served.requests_per_s[0] > planned[0].hardware.capacity.requests_per_s


def test_what_is_billed_as_cached_is_found_only_where_there_is_a_cache():
    served, _ = learner({"a": host(), "b": host(cache=True)}, model("mid"))
    assert served.found(np.array([7.0, 7.0])).tolist() == [0.0, 7.0]


# ---- a firm at work

MID = models_of(model("mid", price=(None, None)))
LONG = {"prompt_tokens": 20_000, "answer": 0.02}


def desk_after(days=40, *, cache=False, repeats="computed", found=0.0, rate=2.0, fields=None, **requests):
    firms = {"host": host(cache=cache, repeats=repeats, **(fields or {}))}
    supply = build_supply(SupplySettings(firms=firms, shelf=Shelf(prior_requests=1000.0)), MID, Streams(7, 0),
                          Around(60))
    length = requests.get("prompt_tokens", 6000)
    desk = FakeDesk(supply, MID, lambda d: np.full(len(d.offers), rate * DAY_S * length),
                    cached=lambda prompt: (found * prompt).astype(np.int64), **requests)
    desk.run(days)
    return desk


def learned(desk):
    """Cost of a token, and the posted price of one, blended by what is sold; USD per million tokens."""
    seen = desk.supply.firms["host"].sellers.situation(desk, 0, desk.board.prices_of(0))
    return seen.unit_cost_usd_per_mtok, seen.blend(seen.own) / 1e6


def input_cost(desk):
    """Cost of a prompt token on average, found or not, in seconds of a replica."""
    served = desk.supply.firms["host"].usage.served
    shape = served.shape(0)
    return (1 - shape.found / shape.prompt) * served.capacity(0).prompt_s


def test_long_prompts_with_many_hits_are_learned_to_be_cheap_and_repriced():
    hits, none = desk_after(cache=True, found=0.8, **LONG), desk_after(cache=True, **LONG)
    # a fifth is computed, each token of it attending to nearly twice as many
    assert 0.2 < input_cost(hits) / input_cost(none) < 0.2 * 18_000 / 10_000
    (cost_hits, price_hits), (cost_none, price_none) = learned(hits), learned(none)
    assert cost_hits < 0.8 * cost_none
    assert price_hits == pytest.approx(2.5 * cost_hits, rel=0.01)
    assert price_none == pytest.approx(2.5 * cost_none, rel=0.01)
    # there was a launch at what the firm expected, and reviews as it learned
    assert {change.reason for change in hits.board.price_changes} == {"launch", "review"}


def test_long_answers_are_learned_to_be_dear_and_repriced():
    wordy, brief = desk_after(prompt_tokens=1000, answer=2.0, rate=0.5), desk_after(prompt_tokens=1000, answer=0.05)
    (cost_wordy, price_wordy), (cost_brief, price_brief) = learned(wordy), learned(brief)
    by_hand = [capacity(desk.supply.planned[0].hardware.step, desk.supply.planned[0].hardware.size, Shape(
        1000, answer, spread=Spread.lognormal(0.8)), 0.05).requests_per_s * (1000 + answer)
        for desk, answer in ((wordy, 2000), (brief, 50))]
    # the prior counts for little by now, but for more in squares: its prompts are six times as long
    assert cost_wordy / cost_brief == pytest.approx(by_hand[1] / by_hand[0], rel=0.08)
    assert price_wordy > 1.4 * price_brief
    assert price_wordy == pytest.approx(2.5 * cost_wordy, rel=0.01)


def test_what_is_billed_as_cached_without_a_cache_is_computed_all_the_same():
    billed, none = desk_after(found=0.8, **LONG), desk_after(**LONG)
    assert learned(billed)[0] == pytest.approx(learned(none)[0])
    assert input_cost(billed) == pytest.approx(input_cost(none))
    # the same is to be earned, though four fifths of the prompt pay a quarter
    assert learned(billed)[1] == pytest.approx(learned(none)[1], rel=0.01)
    assert billed.board.prices_of(0).input > 1.5 * none.board.prices_of(0).input
    # unless the scenario says that what is billed so is found
    found = desk_after(repeats="found", found=0.8, **LONG)
    cached = desk_after(cache=True, found=0.8, **LONG)
    assert learned(found) == pytest.approx(learned(cached))
    assert input_cost(found) == pytest.approx(input_cost(cached))


def test_fewer_replicas_serve_the_same_requests_with_hits():
    rates = {"rate": 2.0, "fields": {"exit_months": None}}
    hits, none = desk_after(cache=True, found=0.9, **LONG, **rates), desk_after(cache=True, **LONG, **rates)
    wanted = [desk.supply.firms["host"].usage.replicas[0] for desk in (hits, none)]
    assert wanted[0] < 0.8 * wanted[1]
    assert hits.board.replicas[0] < none.board.replicas[0]


def test_capacity_that_strategies_see_is_of_the_requests_served():
    desk = desk_after(prompt_tokens=1000, answer=2.0, rate=0.5)
    seen = desk.supply.firms["host"].sellers.situation(desk, 0, desk.board.prices_of(0))
    able = desk.supply.firms["host"].usage.served.capacity(0)
    assert seen.capacity_tokens_per_day == pytest.approx(
        desk.board.replicas[0] * able.requests_per_s * DAY_S * 3000, rel=0.02)
    assert seen.mix == pytest.approx((1 / 3, 2 / 3, 0), abs=0.01)
