"""What of log-normal prompts fits the contexts of a model's offers: by hand, by a draw, and in a sampled market."""

from types import SimpleNamespace

import numpy as np
import pytest

from experiments.runs.run_market import run_market
from sim.engines.requests import REQUEST
from sim.market.lengths_now import mean_lengths
from sim.market.long_requests import Contexts, Fitting, fitting, is_too_long
from sim.market.sampler import _after_warm_up
from sim.market.traffic_days import SampledDays
from worlds.small_markets import full, merged, small


def people(prompt, sigma, *, shared=0, max_tokens=0):
    return SimpleNamespace(prompt_tokens=np.array([prompt]), length_sigma=np.array([sigma]),
                           shared_tokens=np.array([shared]), max_tokens=np.array([max_tokens]),
                           output_tokens=np.array([100.0]), cached_share=np.array([0.25]))


def test_half_of_the_requests_and_less_of_the_tokens_fit_at_the_median():
    """Of a mean of 1000 at sigma 1 the median is 606.5: below it are half of all requests, and Phi(-1) of tokens."""
    fits = fitting(people(1000.0, 1.0), np.array([607.5307]))
    assert fits.requests == pytest.approx([0.5], abs=1e-6)
    assert fits.prompt == pytest.approx([0.158655], abs=1e-6)


def test_what_is_shared_and_the_answer_take_room():
    """Of 1600 tokens 400 are for the answer and 200 are in all prompts: 1000 are left for a mean of 800 of its own."""
    apart, plain = fitting(people(1000.0, 1.0, shared=200, max_tokens=400), np.array([1600])), fitting(
        people(800.0, 1.0), np.array([1001]))
    assert apart.requests == pytest.approx(plain.requests)
    assert apart.prompt == pytest.approx((200 * plain.requests + 800 * plain.prompt) / 1000)


def test_all_or_nothing_fits_of_lengths_that_are_alike():
    for longest, share in ((999, 0.0), (1100, 1.0)):
        assert fitting(people(1000.0, 0.0), np.array([longest])) == (pytest.approx([share]), pytest.approx([share]))
    assert fitting(people(1000.0, 1.0), np.array([0])).requests == pytest.approx([0.0])  # nobody offers its model


def test_lengths_are_those_of_a_draw():
    drawn = 20_000.0 * np.exp(np.random.default_rng(1).normal(-0.72, 1.2, 1_000_000))
    rows = np.zeros(len(drawn), REQUEST)
    rows["prompt"] = np.rint(drawn)
    fit = drawn[~is_too_long(rows, np.array([32_768]))]
    crowd = people(20_000.0, 1.2)
    fits = fitting(crowd, np.array([32_768]))
    assert len(fit) / len(drawn) == pytest.approx(fits.requests[0], abs=3 * 0.5 / 1000)
    lengths = mean_lengths(crowd, np.ones(1), fits)
    assert lengths.prompt[0] == pytest.approx(fit.mean(), abs=4 * fit.std() / np.sqrt(len(fit)))
    assert lengths.cached[0] == pytest.approx(0.25 * lengths.prompt[0])


def test_a_limit_of_an_answer_counts_as_its_longest():
    rows = np.zeros(4, REQUEST)
    rows["prompt"], rows["max_tokens"] = (99, 100, 50, 51), (0, 0, 50, 50)
    assert is_too_long(rows, np.full(4, 100)).tolist() == [False, True, False, True]


def test_the_longest_context_is_that_of_an_offer_that_is_listed():
    contexts = Contexts(np.array([8, 64, 32]), np.array([0, 0, 2]), 3)
    model = np.array([0, 1, 2, -1])
    assert contexts.longest(np.array([True, True, True]), model).tolist() == [64, 0, 32, 0]
    assert contexts.longest(np.array([True, False, True]), model).tolist() == [8, 0, 32, 0]


def test_those_of_the_warm_up_and_of_a_longer_stretch_are_not_counted():
    """Of 100 seconds from 1000 on the first forty are the warm-up; two marketplaces have classes of two workloads."""
    rows = np.zeros(6, REQUEST)
    rows["arrive_s"] = 1039.0, 1041.0, 1041.0, 1100.0, 1101.0, 1000.0
    rows["client_class"] = 0, 0, 2, 3, 1, 1
    assert _after_warm_up(rows, 1000.0, 100.0, 2).tolist() == [2, 1]


def test_where_nothing_fits_lengths_are_numbers():
    nothing = Fitting(np.zeros(1), np.zeros(1))
    assert mean_lengths(people(1000.0, 1.0), np.ones(1), nothing).prompt.tolist() == [0.0]


def test_what_is_kept_of_an_hour_follows_who_moves_what_is_listed_and_how_requests_change():
    days = SampledDays.__new__(SampledDays)
    days._customers = SimpleNamespace(population=people(1000.0, 1.0), model=np.array([0]))
    days._board = SimpleNamespace(listed=np.array([True, True, True]))
    days._contexts = Contexts(np.array([700, 2000, 900]), np.array([0, 1, 1]), 2)
    days._verbosity, days._lengths = np.array([1.0, 3.0]), None

    def check():
        crowd, model = days._customers.population, days._customers.model
        fits = fitting(crowd, days._contexts.longest(days._board.listed, model))
        expected = mean_lengths(crowd, days._verbosity[model], fits)
        for _ in range(2):
            requests, lengths = days._fitting(np.array([8.0]))
            assert (requests, lengths) == (8.0 * fits.requests, expected)

    check()
    days._customers.model[0] = 1
    check()
    days._board.listed[1] = False
    check()
    days._customers.population = people(2000.0, 1.0)
    check()


NARROW = {"supply": {"firms": {name: {"limits": {"context_tokens": 8192, "queue": 64}}
                               for name in ("atlas", "boreal", "openai")}}}
COMPETING = {"marketplaces": {"strict": {"policy": {"kind": "cheapest"}}, "lax": {"fee_share": 0.0}}}


def bought(result, *, agents):
    """Share of requests completed, and tokens of a prompt, of agents or of the others."""
    mine = np.array([name.endswith("coding") is agents for name in result.workload_names])
    born, completed, prompt = (sum(getattr(day, name)[mine].sum() for day in result.workload_days)
                               for name in ("born", "completed", "prompt_tokens"))
    return completed / born, prompt / completed


@pytest.mark.parametrize("more", [{}, COMPETING])
def test_a_sampled_market_knows_them_as_a_full_one_does(more):
    """Three of four of agents' requests fit nowhere: few of theirs are simulated, beside many chats that fit."""
    changes = merged(NARROW, more)
    exact, _ = run_market(full(4, rate_per_s=10.0, **changes))
    rate = {"customers": {"requests_per_s": 10.0}, "horizon": {"sampled_per_day": 500}}
    sampled, traffic = run_market(small(**merged(changes, rate)))
    assert traffic.born.sum() < 0.02 * sum(day.born.sum() for day in exact.workload_days)
    assert bought(exact, agents=True)[0] < 0.3
    for agents in (True, False):
        assert bought(sampled, agents=agents) == pytest.approx(bought(exact, agents=agents), rel=0.01)
