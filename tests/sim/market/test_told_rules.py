"""In a whole market sellers who answer the router charge what its own exponent leads to: what they are told holds."""

from copy import deepcopy

import numpy as np
import pytest

from experiments.runs.run_market import run_market
from providers.games.bertrand import router_nash
from worlds.small_markets import HOST, small

RESPONSE = {"kind": "best_response_router", "grid_usd": 1e-6, "review_days": 1.0}


def over_cost(exponent, days=25):
    """Price over cost of each host's last posting of a model that is bought, with how many sell it then.

    Of a model that nobody buys a newcomer has no share to go by.
    """
    firms = {f"host-{i}": deepcopy(HOST) | {"pricing": RESPONSE} for i in range(5)}
    result, _ = run_market(small(
        horizon={"days": days}, router={"policy": {"kind": "openrouter_classic", "k": exponent}},
        supply={"firms": {"atlas": None, "boreal": None, **firms}}))
    sold = np.bincount(result.offer_model, result.offer_days[-1].served)[result.offer_model] > 0
    listed = result.listed_daily[-1] & sold
    sellers = np.bincount(result.offer_model[listed], minlength=len(result.models))[result.offer_model]
    last = {it.offer: it.price_usd_per_mtok / it.unit_cost_usd_per_mtok for it in result.postings}
    return [(int(sellers[row]), ratio) for row, ratio in last.items() if listed[row] and sellers[row] > 1]


@pytest.mark.parametrize("exponent", [2.0, 4.0, 8.0])
def test_hosts_charge_the_price_of_the_routers_own_exponent(exponent):
    """P3 for as many as sell each model: with five, 2.67, 1.45 and 1.19 of cost."""
    found = [(sellers, ratio) for sellers, ratio in over_cost(exponent)
             if np.isfinite(router_nash(sellers, 1.0, exponent))]
    assert len(found) >= 5
    for sellers, ratio in found:
        assert ratio == pytest.approx(router_nash(sellers, 1.0, exponent), rel=0.05)
