"""Markets at their limits end with sense, and wrong input with one sentence."""

from datetime import timedelta

import numpy as np
import pandas as pd
import pytest

from experiments.measures.market_summary import over_replications, summary
from experiments.measures.market_tables import Run, tables
from experiments.runs.run_market import run_market
from experiments.studies.market.terminal import table
from sim.errors import MarketError, ScenarioError
from sim.units import DAY_S
from worlds.small_markets import SMALL, small

FIRMS = tuple(SMALL["supply"]["firms"])


def firms(**changes):
    """The same changes at all firms."""
    return {"firms": dict.fromkeys(FIRMS, changes)}


def gpus(count):
    return [{"gpu": "h200-sxm", "count": count}]


def run(**changes):
    """Run the small market and everything that reads its result; return result and traffic."""
    result, traffic = run_market(small(**changes))
    frames = tables(result)
    months = frames["monthly_market"]["month"]
    assert len(months) == len({str(result.start + timedelta(days=day))[:7] for day in range(result.days)})
    assert all(month in table(frames["monthly_market"]) for month in months)
    over_replications(pd.concat([summary(Run(result))] * 2))
    return result, traffic


def bought(result):
    return np.array([day.born.sum() for day in result.workload_days])


# Demand


def test_hardly_any_demand():
    result, traffic = run(customers={"requests_per_s": 1e-9})
    assert traffic.born.sum() == 0
    assert result.listed_daily[-1].sum() > len(result.offers) / 2
    assert result.ledger.balance("customer") == 0 > result.ledger.balance("provider")


def test_nobody_at_all_is_said_in_one_sentence():
    nobody = {"apps": {"number": 0}, "agents": {"number": 0}}
    with pytest.raises(ScenarioError, match=r"^customers.segments has no customer in the whole run; at least one "):
        run(customers={"segments": nobody})


def test_one_customer_is_enough():
    one = {"apps": {"number": 1, "entry_per_year": 0}, "agents": {"number": 0}}
    result, traffic = run(customers={"segments": one})
    assert set(result.workload_customer) == {"apps-1"}
    assert traffic.born.sum() > 1000


def test_all_customers_leave():
    gone = {"exit_per_year": 20.0, "entry_per_year": 0.0}
    result, _ = run(horizon={"days": 150}, customers={"segments": {"apps": gone, "agents": gone}})
    assert bought(result)[0] > 0 == bought(result)[-1]
    last = {switch.workload: switch.after for switch in result.switches}
    assert set(last.values()) == {-1}
    assert sum(switch.reason == "exit" for switch in result.switches) > len(last) / 2


def test_a_hundred_times_too_much_demand_is_turned_away():
    result, traffic = run(customers={"requests_per_s": 2000.0, "choice": {"reviews_per_month": 0.0}})
    shares = traffic.outcomes.sum(axis=(0, 1)) / traffic.born.sum()
    assert shares[0] < 0.1 < shares[1]
    assert result.offer_days[0].busy_share[result.listed_daily[0]].max() > 0.9


# Supply


def test_one_provider():
    result, _ = run(supply={"firms": {"atlas": None, "boreal": None}})
    assert {offer.provider for offer in result.offers} == {"openai"}
    assert result.ledger.balance("provider", "openai", "cash") != 0


@pytest.mark.parametrize("supply", [
    firms(pools=gpus(0)),  # no GPUs
    firms(entry_day=4.0),  # they come too late
    {"firms": {"openai": None, "atlas": {"adoption": {"probability": 0.0}},
               "boreal": {"adoption": {"max_age_days": 0.0}}}},  # they take nothing
    {"shelf": {"prompt_tokens": 1e9}},  # nothing holds what firms plan for
], ids=["no GPUs", "too late", "no model taken", "no memory"])
def test_no_supply_is_said_in_one_sentence(supply):
    with pytest.raises(ScenarioError, match=r"^supply.firms offer no model in the whole run; at least one firm "):
        run(supply=supply)


def test_a_firm_without_gpus_stays_out():
    result, _ = run(supply={"firms": {"atlas": {"pools": gpus(0)}}})
    assert {offer.provider for offer in result.offers} == {"boreal", "openai"}
    assert result.ledger.balance("provider", "atlas") == 0


def test_a_model_that_nobody_can_host_is_used_by_nobody():
    result, traffic = run(supply=firms(pools=gpus(1)))
    hosted = {offer.model for offer in result.offers}
    assert "deepseek-v3" not in hosted
    assert hosted
    row = result.models.names.index("deepseek-v3")
    assert all((day.model != row).all() for day in result.workload_days)
    assert traffic.born.sum() > 0


def test_all_providers_go_bankrupt():
    supply = firms(exit_months=1e-6) | {"investment": {"review_days": 5.0}}
    result, _ = run(horizon={"days": 40}, customers={"requests_per_s": 0.1}, supply=supply)
    dead = int(np.flatnonzero(result.listed_daily.any(axis=1))[-1]) + 1
    assert dead < 30
    assert bought(result)[:3].sum() > 0
    assert bought(result)[dead + 1:].sum() == 0
    assert {switch.reason for switch in result.switches if switch.after == -1} == {"gone"}
    assert all(row.cost_nano == row.owned + row.rented == 0 for row in result.pool_days if row.day > dead)
    assert all(day.model.max() == -1 for day in result.workload_days[dead + 1:])


def test_all_of_the_supply_trains():
    result, traffic = run(supply=firms(training={"kind": "fixed", "share": 1.0}))
    assert traffic.born.sum() == 0
    assert not result.listed_daily.any()
    assert all(row.training == row.rented for row in result.pool_days)


def test_odd_hours_of_training_do_not_stop_the_clock():
    odd = {"kind": "nights", "share": 0.5, "night_from_h": 13.123456, "night_to_h": 2.7182818}
    result, _ = run(horizon={"days": 60, "sampled_per_day": 1}, supply=firms(training=odd, entry_day=0.3))
    assert sum(row.training > 0 for row in result.pool_days) == len(result.pool_days) - 3  # entered by day, at 7:12
    changes = np.array([change.time_s % DAY_S / 3600 for change in result.listing_changes])
    assert np.isclose(changes, 13.123456, atol=1e-6).any()


def test_everything_fails_at_once():
    broken = {"outage_mtbf_s": 10.0, "outage_mttr_s": 864_000.0, "fast_failure_share": 1.0}
    # every request counted: a sampled run takes a model that it has not simulated yet for one that answers
    result, traffic = run(supply=firms(faults=broken), horizon={"resolution": "full"})
    assert traffic.outcomes[:, :, 0].sum() == 0 < traffic.born.sum()
    assert result.ledger.balance("customer") == 0


# Prices


def test_free_tokens():
    free = {"kind": "constant", "input_usd": 0.0, "output_usd": 0.0}
    result, traffic = run(supply=firms(pricing=free))
    assert not result.prices_daily[-1][result.listed_daily[-1]].any()
    assert result.ledger.balance("customer") == 0
    assert traffic.outcomes[:, :, 0].sum() > 0


@pytest.mark.parametrize("utility", ["money", "log"])
def test_prices_divided_by_a_billion(utility):
    result, traffic = run(price_factor=1e-9, customers={"choice": {"utility": utility}})
    assert not result.prices_daily.any()
    assert traffic.outcomes[:, :, 0].sum() > 0
    assert min(row.cost_nano for row in result.pool_days) > 0


def test_prices_beyond_all_budgets():
    result, traffic = run(price_factor=1000.0)
    assert traffic.born.sum() == 0
    assert result.switches == []


# Time and models


def test_a_single_day():
    result, traffic = run(horizon={"days": 1})
    assert len(result.offer_days) == 1
    assert traffic.born.sum() > 0


def test_all_models_come_out_on_one_day():
    result, _ = run(horizon={"start": "2025-08-04", "days": 8}, supply=firms(adoption={"probability": 1.0}),
                    models={"catalogue": {"include": ["gpt-oss-20b", "gpt-oss-120b"]}})
    assert set(result.models.release_day) == {1.0}
    assert min(change.time_s for change in result.listing_changes) >= DAY_S
    assert bought(result)[0] == 0 < bought(result)[-1]


def test_all_closed_models_come_out_on_day_3():
    result, _ = run(horizon={"start": "2025-08-04", "days": 6}, supply={"firms": {"atlas": None, "boreal": None}},
                    models={"catalogue": {"include": ["gpt-5", "gpt-5-mini", "gpt-5-nano"]}})
    assert set(result.models.release_day) == {3.0}
    assert not result.listed_daily[:3].any()
    assert result.listed_daily[3].any()  # a lab serves from the day of release


def test_no_model_is_said_in_one_sentence():
    with pytest.raises(ScenarioError, match=r"^models.catalogue leaves no model that is released before day 4"):
        run(models={"catalogue": {"include": ["gpt-5"]}})


# Wrong input

WRONG = {
    "days": ({"horizon": {"days": 0}}, "horizon.days is 0, but must be at least 1"),
    "slice": ({"horizon": {"slice_s": 7}}, "it is 7; it must divide the 86400 seconds of a day"),
    "windows": ({"horizon": {"window_s": 60}}, "horizon.window_s is not a known field"),
    "fee": ({"router": {"fee_share": 0.05}}, "router.fee_share is 0.05; in a market it must be 0"),
    "router's region": ({"router": {"region": "mars"}}, "router.region is 'mars'; regions are us-east"),
    "firm's region": ({"supply": firms(region="mars")}, "supply.firms.atlas.region is 'mars'; regions are us-east"),
    "network": ({"network": {"regions": ["us-east", "x"]}}, "network.links is [], which joins no path from region"),
    "GPU": ({"supply": firms(pools=[{"gpu": "abacus", "count": 1}])}, "gpu is 'abacus', which is unknown"),
    "pricing": ({"supply": firms(pricing={"kind": "menu_const"})}, "no pricing strategy; did you mean menu_cost"),
    "pricing's parameter": ({"supply": firms(pricing={"kind": "constant", "x": 1})}, "pricing.x is no parameter"),
    "policy": ({"router": {"policy": {"kind": "nope"}}}, "router.policy.kind is 'nope', which is no policy"),
    "model": ({"models": {"catalogue": {"include": ["gpt-9"]}}}, "include names 'gpt-9', which the catalogue"),
    "catalogue": ({"models": {"catalogue": {"path": "nowhere.csv"}}}, "cannot read nowhere.csv: No such file or"),
    "count": ({"supply": {"firms": {"atlas": {"pools": gpus(-1)}}}}, "pools.0.count is -1, but must be at least 0"),
    "GPU prices": ({"supply": {"gpu_prices": {"kind": "replayed", "path": "nowhere.csv"}}}, "nowhere.csv"),
    "replicas": ({"supply": {"autoscaling": {"min_replicas": 9, "max_replicas": 3}}}, "must not exceed"),
    "factor": ({"price_factor": 0.0}, "price_factor is 0.0, but must be greater than 0"),
    "first day": ({"horizon": {"start": "9999-12-01"}}, "horizon.start: it is 9999-12-01; it must be from 1900-01-01"),
    "unknown": ({"horison": {"days": 2}}, "horison is not a known field"),
    "template": ({"customers": {"segments": {"apps": {"mix": {"poetry": 1.0}}}}}, "names the template 'poetry'"),
}


@pytest.mark.parametrize(("changes", "sentence"), WRONG.values(), ids=WRONG)
def test_wrong_input_is_said_in_one_sentence(changes, sentence):
    with pytest.raises(MarketError) as caught:
        run(**changes)
    assert sentence in str(caught.value)
    assert "\n" not in str(caught.value)
