"""What tokens cost by access path, worked by hand; break-even volumes against a search over volumes."""

import math

import numpy as np
import pytest

from providers.cost.ownership import owned_cost
from providers.hardware.gpus import GPUS
from sim.market.downstream.access_paths import (
    CLOSED,
    DEDICATED,
    HOSTED,
    OWNED,
    PATHS,
    ROUTED,
    api_usd_per_mtok,
    break_even_mtok,
    gpu_path,
    path_usd,
    paths_usd,
)
from sim.market.downstream.access_settings import AccessTerms
from sim.scenario.firm_settings import Ownership

# a replica of two GPUs at half load; prices fall by four a year, what GPUs take by two
PLAIN = AccessTerms(closed_usd_per_mtok=4.0, open_discount=0.75, movable=0.5, dispersion=0.0, router_fee=0.1,
                    tokens_per_gpu_s=1000.0, gpus_a_replica=2, load=0.5, rent_usd_per_hour=1.0, owned_usd_per_hour=0.5,
                    dedicated_staff_usd=500.0, owned_staff_usd=1000.0, price_fall=4.0, gpu_fall=2.0)


def test_apis_by_hand():
    """4, a quarter of it, and a tenth more; a year later a quarter of each (E144 without dispersion)."""
    prices = [float(api_usd_per_mtok(PLAIN, path, month)) for month in (0, 12) for path in (CLOSED, HOSTED, ROUTED)]
    assert prices == pytest.approx([4.0, 1.0, 1.1, 1.0, 0.25, 0.275])


def test_a_router_pays_less_than_the_median_the_more_prices_differ():
    """Against a million hosts with log-normal prices: sum p^(1-k) / sum p^-k (E144)."""
    terms = PLAIN.model_copy(update={"dispersion": 0.5, "router_exponent": 3.0})
    hosts = np.exp(0.5 * np.random.default_rng(1).normal(size=1_000_000))
    paid = (hosts**-2.0).sum() / (hosts**-3.0).sum()
    assert float(api_usd_per_mtok(terms, ROUTED, 0)) == pytest.approx(1.1 * paid, rel=0.01)
    assert paid == pytest.approx(math.exp(-2.5 * 0.25), rel=0.01)


def test_gpus_are_paid_whole():
    """A replica: 730.5 h x 2 GPUs x 1 USD; 2,000 tokens/s at half load for 2,629,800 s is 2,629.8 million (E145)."""
    bill = gpu_path(PLAIN, DEDICATED, 0)
    assert bill == pytest.approx((1461.0, 2629.8, 1, 500.0))
    volumes = np.array([0.0, 2629.8, 2629.9, 7000.0])
    assert path_usd(PLAIN, DEDICATED, volumes, 0) == pytest.approx([1961.0, 1961.0, 3422.0, 4883.0])
    assert path_usd(PLAIN, OWNED, volumes, 0) == pytest.approx([2461.0, 2461.0, 2461.0, 1000.0 + 3 * 730.5])
    assert gpu_path(PLAIN, DEDICATED, 12).replica_mtok == pytest.approx(2 * 2629.8)  # smaller models a year on


def test_what_cannot_be_moved_stays_with_the_closed_model():
    """1,000 million tokens, half movable, of which a path that was worked on takes 80 %."""
    usd = paths_usd(PLAIN, np.array([1000.0]), 0, 0.8)[:, 0]
    assert dict(zip(PATHS, usd, strict=True)) == pytest.approx(
        {CLOSED: 4000.0, HOSTED: 2400.0, ROUTED: 2440.0, DEDICATED: 2000.0 + 1961.0, OWNED: 2000.0 + 2461.0})


@pytest.mark.parametrize("path", [DEDICATED, OWNED])
@pytest.mark.parametrize("changes", [{}, {"closed_usd_per_mtok": 0.7}, {"dedicated_least": 4, "owned_least": 5},
                                     {"dedicated_staff_usd": 9000.0, "closed_usd_per_mtok": 1.0}])
def test_break_even_is_the_first_volume_that_pays(path, changes):
    """At it bills are equal, and at no smaller volume are GPUs as cheap (E146)."""
    terms = PLAIN.model_copy(update=changes)
    volume = break_even_mtok(terms, path, CLOSED)
    api = float(api_usd_per_mtok(terms, CLOSED, 0))
    assert float(path_usd(terms, path, np.array(volume), 0)) == pytest.approx(api * volume)
    below = np.linspace(0.0, volume * (1 - 1e-9), 20_001)
    assert (path_usd(terms, path, below, 0) > api * below).all()


def test_where_a_full_replica_costs_more_than_the_api_there_is_none():
    assert break_even_mtok(PLAIN.model_copy(update={"closed_usd_per_mtok": 1461.0 / 2629.8}), DEDICATED, CLOSED) \
        == pytest.approx(math.inf)
    assert math.isfinite(break_even_mtok(PLAIN.model_copy(update={"closed_usd_per_mtok": 0.56}), DEDICATED, CLOSED))


def test_break_evens_of_the_defaults():
    """18,733.4 / 2.33 million tokens dedicated; (2 x 10,051.68 + 20,000) / 2.33 owned; hosts are cheaper than both."""
    terms = AccessTerms()
    assert break_even_mtok(terms, DEDICATED, CLOSED) == pytest.approx((13_733.4 + 5000.0) / 2.33)
    assert break_even_mtok(terms, OWNED, CLOSED) == pytest.approx((2 * 10_051.68 + 20_000.0) / 2.33)
    assert break_even_mtok(terms, DEDICATED, HOSTED) == break_even_mtok(terms, OWNED, ROUTED) == math.inf


def test_defaults_follow_from_their_sources():
    """List prices with caching, a published day, and the ownership formula S1."""
    terms = AccessTerms()
    prompt = 3.0 * (0.44 + 0.56 * 0.1)
    assert (15 * prompt + 15.0) / 16 == pytest.approx(terms.closed_usd_per_mtok, abs=0.005)
    assert pytest.approx(terms.tokens_per_gpu_s, rel=0.01) == 776e9 / 86_400 / (226.75 * 8)
    assert owned_cost(GPUS["h100-sxm"], Ownership()).total == pytest.approx(terms.owned_usd_per_hour, abs=0.005)
