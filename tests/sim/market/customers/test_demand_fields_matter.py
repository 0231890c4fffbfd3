"""Each field of uses, drift, retirement and choice changes what customers buy: another value gives other rows."""

from functools import cache
from typing import Any

import pytest

from experiments.runs.demand_alone import demand_alone
from sim.scenario import MarketScenario
from sim.scenario.customer_settings import Choice
from sim.scenario.drift_settings import RequestDrift
from sim.scenario.load import override
from sim.scenario.model_settings import Retirement
from sim.scenario.use_settings import Diffusion, DirectPurchase, Uses
from worlds.small_markets import small

USES, CHOICE, DRIFT, RETIRE = "customers.uses", "customers.choice", "customers.drift", "models.retirement"
BASE = {f"{USES}.enabled": True, f"{USES}.worth_factor": 1.0, f"{CHOICE}.reviews_per_month": 1.0,
        f"{CHOICE}.loyal_share": 0.3, f"{CHOICE}.taste_redraw_per_month": 0.3, f"{CHOICE}.first_fit": 0.05,
        f"{CHOICE}.budget_bend": 0.3, f"{DRIFT}.prompt_growth_per_year": 2.0, f"{RETIRE}.enabled": True,
        f"{RETIRE}.median_months": 7.0}
WITHOUT = {f"{USES}.enabled": False, f"{DRIFT}.prompt_growth_per_year": 0.0}  # volumes that answer prices
CHANGES: dict[str, Any] = {
    f"{USES}.enabled": False, f"{USES}.worth_factor": 0.5, f"{USES}.needs": "[0.3, 0.6]", f"{USES}.planned_share": 0.5,
    f"{USES}.diffusion.per_year": 1.0, f"{USES}.diffusion.ceiling": 2.0,
    f"{USES}.direct.enabled": False, f"{USES}.direct.marketplace_worth": 0.0, f"{USES}.direct.spread": 0.9,
    f"{DRIFT}.prompt_growth_per_year": 1.0, f"{DRIFT}.output_growth_per_year": 1.0,
    f"{DRIFT}.cached_log_odds_per_year": 1.0,
    f"{RETIRE}.enabled": False, f"{RETIRE}.median_months": 12.0, f"{RETIRE}.spread": 0.5, f"{RETIRE}.notice_days": 5.0,
    f"{CHOICE}.utility": "log", f"{CHOICE}.budgets": False, f"{CHOICE}.first_prices": 10.0, f"{CHOICE}.taste": 0.2,
    f"{CHOICE}.taste_redraw_per_month": 0.1, f"{CHOICE}.first_fit": 0.0, f"{CHOICE}.first_fit_days": 400.0,
    f"{CHOICE}.budget_bend": 1.0, f"{CHOICE}.nests": "open", f"{CHOICE}.nest_lambda": 0.3,
    f"{CHOICE}.loyal_share": 0.6, f"{CHOICE}.reviews_per_month": 4.0, f"{CHOICE}.switching_cost": 0.2,
    f"{CHOICE}.release_attention": 1.0, f"{CHOICE}.release_lag_days": 2.0, f"{CHOICE}.bill_surprise": 0.02,
    f"{CHOICE}.max_volume_factor": 1.0, f"{CHOICE}.fall_days": 90.0,
}
ELSEWHERE = {f"{CHOICE}.max_volume_factor": WITHOUT,  # fields that matter only in another market
             f"{CHOICE}.fall_days": {f"{CHOICE}.first_prices": 10.0}}


@cache
def bought(*changes: tuple[str, object]) -> bytes:
    """What is bought in 150 days: the rows of a run as bytes."""
    scenario: MarketScenario = small(
        horizon={"days": 150}, models={"catalogue": {"include": None}},
        customers={"segments": {"apps": {"number": 30, "budget_use": [0.9, 1.0]}, "agents": {"number": 15}}})
    settings = BASE | dict(changes)
    told = [f"{path}={str(value).lower() if isinstance(value, bool) else value}" for path, value in settings.items()]
    return demand_alone(override(scenario, told)).to_csv().encode()


@pytest.mark.parametrize("path", CHANGES)
def test_a_field_matters(path):
    base = ELSEWHERE.get(path, {})
    assert bought(*(base | {path: CHANGES[path]}).items()) != bought(*base.items())


def test_no_field_is_left_out():
    sets = {USES: Uses, f"{USES}.diffusion": Diffusion, f"{USES}.direct": DirectPurchase, DRIFT: RequestDrift,
            RETIRE: Retirement, CHOICE: Choice}
    fields = {f"{path}.{name}" for path, part in sets.items() for name in part.model_fields}
    assert fields - {f"{USES}.diffusion", f"{USES}.direct"} == set(CHANGES)
