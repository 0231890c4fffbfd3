"""Workloads that ask for answers of at most so many tokens: what they expect to pay, and what they send."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from experiments.runs.run_market import run_market
from sim.engines.outcome import COMPLETED, CUT, OUTPUT_TOKENS
from sim.market.customers.answer_lengths import kept_share
from sim.market.customers.population import draw_population, reference_cost_usd
from sim.scenario.customer_settings import CustomerSettings, WorkloadTemplate
from sim.streams import Streams
from worlds.small_markets import small


def test_the_share_that_is_kept_by_hand() -> None:
    """At the mean and a spread of .8 twice the normal distribution at -.4; without spread the smaller of the two."""
    mean, most = np.full(5, 100.0), np.array([0, 100, 10**9, 100, 25])
    sigma = np.array([0.8, 0.8, 0.8, 0.0, 0.0])
    assert_allclose(kept_share(mean, sigma, most), [1.0, 0.689157, 1.0, 1.0, 0.25], atol=1e-6)


@pytest.mark.parametrize(("sigma", "most"), [(0.3, 80), (0.8, 40), (1.5, 300)])
def test_the_share_that_is_kept_is_the_integral(sigma: float, most: int) -> None:
    """Over 200,000 slices of equal probability, whose middles miss the mean of what is cut by less than .0001."""
    from scipy.special import ndtri

    count = 200_000
    lengths = 120.0 * np.exp(sigma * ndtri((np.arange(count) + 0.5) / count) - sigma**2 / 2)
    expected = np.minimum(lengths, most).mean() / 120.0
    assert kept_share(np.array(120.0), np.array(sigma), np.array(most)) == pytest.approx(expected, abs=1e-4)


def test_a_workload_plans_with_answers_as_it_gets_them() -> None:
    whole = WorkloadTemplate(task="chat", output_tokens=100.0)
    cut = WorkloadTemplate(task="chat", output_tokens=100.0, max_tokens=100)
    saved = reference_cost_usd(whole) - reference_cost_usd(cut)
    assert saved == pytest.approx(1e-6 * whole.reference_out_usd * 100 * (1 - 0.689157), rel=1e-5)


def test_the_population_knows_of_each_workload() -> None:
    segments = {"apps": {"number": 30, "revenue_usd": (1e5, 1e7), "mix": {"chat": 1.0, "coding": 1.0}}}
    plain = CustomerSettings.model_validate({"segments": segments})
    limited = plain.model_copy(update={"templates": {
        **plain.templates, "chat": plain.templates["chat"].model_copy(update={"max_tokens": 64})}})
    people = draw_population(limited, Streams(1, 0), 10.0)
    is_chat = np.array([name == "chat" for name in people.template])
    assert (people.max_tokens == np.where(is_chat, 64, 0)).all()
    kept = people.kept_answers(np.array([1.0, 2.0]))
    assert (kept[~is_chat] == 1.0).all()
    assert (kept[is_chat, 1] < kept[is_chat, 0]).all()
    assert is_chat.any()
    assert not is_chat.all()


def test_answers_of_a_market_are_cut() -> None:
    """All workloads ask for at most 40 tokens: no more are served for a request, and some are cut."""
    market = small()
    templates = {name: template.model_copy(update={"max_tokens": 40})
                 for name, template in market.customers.templates.items()}
    cut = market.model_copy(update={"customers": market.customers.model_copy(update={"templates": templates})})
    whole, cut_short = (run_market(of)[1] for of in (market, cut))
    means = [run.class_sums[..., OUTPUT_TOKENS].sum() / run.outcomes[..., COMPLETED].sum()
             for run in (whole, cut_short)]
    assert means[1] <= 40 < means[0]
    assert cut_short.class_sums[..., CUT].sum() > 0 == whole.class_sums[..., CUT].sum()
